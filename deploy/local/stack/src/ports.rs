//! Which port each member listens on, and who holds a port that is taken.

use crate::member::{Member, SERVICES};
use anyhow::{bail, ensure};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

/// First port of a demo's stack.
pub const DEMO_BASE: u16 = 8400;
/// First port of the stack tests run on.
pub const TEST_BASE: u16 = 9400;
/// Ports a stack may use, from its base on.
const SPAN: u16 = 50;

/// The ports of a stack, all on the loopback address, counted from one base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

impl Ports {
    /// Ports from `base` on.
    ///
    /// # Errors
    /// The base is privileged or too high.
    pub fn from_base(base: u16) -> anyhow::Result<Self> {
        let highest = u16::MAX - SPAN;
        ensure!(
            (1024..=highest).contains(&base),
            "port base {base}: expected 1024 to {highest}"
        );
        Ok(Self { base })
    }

    /// The first of them.
    #[must_use]
    pub const fn base(self) -> u16 {
        self.base
    }

    /// Where a member is reached.
    #[must_use]
    pub fn of(self, member: Member) -> SocketAddr {
        let offset = match member {
            Member::Kafka => 0,
            Member::SchemaRegistry => 2,
            Member::ClickHouse => 3,
            Member::Alertmanager => 4,
            Member::Prometheus => 5,
            Member::Service { service, slot } => {
                let place = SERVICES.iter().position(|s| *s == service).unwrap_or(0);
                // At most ten services a slot, and four slots: below the span.
                10 + 10 * slot as u16 + place as u16
            }
        };
        self.at(offset)
    }

    /// Where Kafka's controller listens.
    #[must_use]
    pub fn kafka_controller(self) -> SocketAddr {
        self.at(1)
    }

    fn at(self, offset: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.base + offset))
    }

    /// Checks that nothing listens where these members will.
    ///
    /// # Errors
    /// Names the first taken port, the member that needs it and, where it can be seen, its holder.
    pub fn ensure_free(self, members: &[Member]) -> anyhow::Result<()> {
        for member in members {
            let mut needed = vec![self.of(*member)];
            if *member == Member::Kafka {
                needed.push(self.kafka_controller());
            }
            for address in needed {
                if becomes_free(address) {
                    continue;
                }
                let port = address.port();
                let by = holder(port).map_or(String::new(), |holder| format!(" by {holder}"));
                bail!(
                    "port {port}, needed by {}, is in use{by}: stop that process, or choose other ports with --port-base",
                    member.name()
                );
            }
        }
        Ok(())
    }
}

/// Whether an address is free, or is within a second: its holder may be ending.
fn becomes_free(address: SocketAddr) -> bool {
    let deadline = Instant::now() + Duration::from_secs(1);
    while TcpListener::bind(address).is_err() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// Who listens on a TCP port of this machine, as `name (pid N)`; `None` where it cannot be seen.
#[must_use]
pub fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let socket = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|n| n.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(files) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = files
            .flatten()
            .any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to == Path::new(&socket)));
        if holds {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", name.trim()));
        }
    }
    None
}

/// Inode of the socket that listens on `port`, in the text of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        (local.ends_with(&suffix) && *state == LISTEN).then(|| (*inode).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_members_share_a_port() {
        let ports = Ports::from_base(DEMO_BASE).unwrap();
        let mut seen = HashSet::from([ports.kafka_controller()]);
        for member in Member::all() {
            assert!(seen.insert(ports.of(member)), "{}", member.name());
        }
        assert!(
            seen.iter()
                .all(|a| (DEMO_BASE..DEMO_BASE + SPAN).contains(&a.port()))
        );
    }

    #[test]
    fn a_demo_and_a_test_run_beside_each_other() {
        const { assert!(TEST_BASE.abs_diff(DEMO_BASE) >= SPAN) };
    }

    #[test]
    fn a_base_out_of_range_is_refused() {
        assert!(Ports::from_base(80).is_err());
        assert!(Ports::from_base(65_500).is_err());
    }

    #[test]
    fn a_taken_port_is_named_with_its_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = port.clamp(1024, u16::MAX - SPAN);
        if base != port {
            eprintln!("SKIPPED: the free port {port} cannot be a base");
            return;
        }
        let message = Ports { base }
            .ensure_free(&[Member::Kafka])
            .unwrap_err()
            .to_string();
        assert!(message.contains(&port.to_string()), "{message}");
        assert!(
            message.contains(&format!("pid {}", std::process::id())),
            "{message}"
        );
    }

    #[test]
    fn only_listening_sockets_hold_a_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:20D0 00000000:0000 06 00000000:00000000 00:00000000 00000000     0        0 11 1\n\
             1: 0100007F:20D0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1\n";
        assert_eq!(listening_inode(table, 8400).as_deref(), Some("12"));
        assert_eq!(listening_inode(table, 8401), None);
    }
}
