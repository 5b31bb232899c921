//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// ClickHouse's HTTP interface over libchdb, for DEVELOPMENT ONLY.
///
/// Serves one data folder on one machine to any user without a password. It has no
/// replication, no users, no TLS and no backups: point the services at a ClickHouse
/// server or cluster for anything that matters; they need no other change.
#[derive(Debug, Clone, Parser)]
#[command(name = "serialtrail-clickhouse-local", version)]
pub struct Options {
    /// The engine's library (libchdb.so of chDB 26.7; npm package
    /// @chdb/lib-linux-x64-gnu)
    #[arg(long, value_name = "PATH", env = "SERIALTRAIL_CHDB_LIB")]
    pub library: PathBuf,
    /// The folder for tables and configuration; made if missing
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where to listen; port 0 chooses a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8123")]
    pub listen: SocketAddr,
    /// Statements that run at the same time; further ones wait
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrency: u16,
    /// Memory the engine may use, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(256..))]
    pub memory_limit: u32,
    /// A ClickHouse users file (roles, row filters, quotas) instead of the built-in
    /// one; read at start. Any HTTP user but `default` then gets the role of its name
    #[arg(long, value_name = "FILE")]
    pub users_config: Option<PathBuf>,
    /// Seconds that running requests get to finish after SIGTERM
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    pub grace: u64,
    /// How far the processor prefers other processes, 0 (not at all) to 19: on a small
    /// machine, merging parts then waits rather than what runs beside the engine
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..=19))]
    pub nice: i32,
    /// Listen on an address other machines can reach, although anyone there can then
    /// read, change and delete everything
    #[arg(long)]
    pub allow_remote: bool,
}

impl Options {
    /// Refuses what is unsafe unless asked for, and what cannot work.
    ///
    /// # Errors
    /// The text to show.
    pub fn check(&self) -> Result<(), String> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(format!(
                "--listen {} can be reached from other machines, and this server asks for no password; \
                 use 127.0.0.1, or add --allow-remote",
                self.listen
            ));
        }
        if !self.library.is_file() {
            return Err(format!(
                "--library {}: no such file. Fetch libchdb.so with: \
                 npm pack @chdb/lib-linux-x64-gnu@26.7.3-stable.1 (then unpack it and name package/libchdb.so)",
                self.library.display()
            ));
        }
        Ok(())
    }

    /// The grace period.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<(), String> {
        // Any file stands for the library: only its presence is checked here.
        let library = std::env::current_exe().unwrap();
        let base = ["x", "--data", "d", "--library", library.to_str().unwrap()];
        Options::try_parse_from(base.iter().chain(arguments))
            .unwrap()
            .check()
    }

    #[test]
    fn only_loopback_is_served_unless_asked_otherwise() {
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["--listen", "[::1]:0"]), Ok(()));
        assert!(
            check(&["--listen", "0.0.0.0:8123"])
                .unwrap_err()
                .contains("--allow-remote")
        );
        assert_eq!(
            check(&["--listen", "0.0.0.0:8123", "--allow-remote"]),
            Ok(())
        );
    }

    #[test]
    fn a_missing_library_is_named_with_the_way_to_get_it() {
        let options =
            Options::try_parse_from(["x", "--data", "d", "--library", "/nowhere/libchdb.so"])
                .unwrap();
        let refused = options.check().unwrap_err();
        assert!(
            refused.contains("/nowhere/libchdb.so") && refused.contains("npm pack"),
            "{refused}"
        );
    }
}
