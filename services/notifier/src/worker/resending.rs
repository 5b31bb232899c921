//! When an Alertmanager is sent everything that stands again.

use super::{Channel, Event, Worker};
use crate::alertmanager::resend::Resend;
use crate::window::Done;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Which partitions' alerts the Alertmanager that runs now has been sent.
pub(crate) struct Resending {
    resend: Arc<Resend>,
    check_every: Duration,
    /// When the Alertmanager that answered last was started.
    uptime: Option<String>,
    /// Partitions, each with the start of the Alertmanager that was sent its alerts.
    sent: BTreeMap<i32, String>,
    /// What is being sent: the start it is for, and what was delivered.
    running: Option<(String, BTreeMap<i32, Done>)>,
    not_before: Instant,
}

impl Resending {
    pub(crate) fn new(resend: Resend, check_every: Duration) -> Self {
        Self {
            resend: Arc::new(resend),
            check_every,
            uptime: None,
            sent: BTreeMap::new(),
            running: None,
            not_before: Instant::now(),
        }
    }

    pub(super) fn running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn forget(&mut self, partition: i32) {
        self.sent.remove(&partition);
    }

    /// What is to be sent now, if anything.
    fn due(
        &self,
        delivered: impl Iterator<Item = (i32, Done)>,
    ) -> Option<(String, BTreeMap<i32, Done>)> {
        let uptime = self.uptime.as_ref()?;
        if Instant::now() < self.not_before {
            return None;
        }
        let due: BTreeMap<i32, Done> = delivered
            .filter(|(partition, _)| self.sent.get(partition) != Some(uptime))
            .collect();
        (!due.is_empty()).then(|| (uptime.clone(), due))
    }
}

impl Channel {
    /// A notification was parked: when the receiver is back it must learn what stands.
    pub(super) fn parked(&mut self) {
        if let Self::Alertmanager(_, resending) = self {
            resending.sent.clear();
        }
    }

    /// The Alertmanager that runs was started then.
    pub(super) fn started(&mut self, uptime: String) {
        if let Self::Alertmanager(alertmanager, resending) = self
            && resending.uptime.as_ref() != Some(&uptime)
        {
            let receiver = &alertmanager.receiver.name;
            tracing::info!(receiver, uptime, "alertmanager answers");
            resending.uptime = Some(uptime);
        }
    }
}

impl Worker {
    /// Asks an Alertmanager again and again since when it runs.
    pub(super) fn watch(&self) {
        let Channel::Alertmanager(alertmanager, resending) = &self.channel else {
            return;
        };
        let (alertmanager, every) = (Arc::clone(alertmanager), resending.check_every);
        let (sender, shutdown) = (self.sender.clone(), self.shutdown.clone());
        self.runtime.spawn(async move {
            while !shutdown.is_triggered() {
                if let Ok(uptime) = alertmanager.uptime().await
                    && sender.send(Event::Uptime(uptime)).is_err()
                {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(every) => {}
                    () = shutdown.wait() => return,
                }
            }
        });
    }

    /// Begins to send what stands if that is due; nothing may be in flight. Whether it did.
    pub(super) fn resend(&mut self) -> bool {
        let Channel::Alertmanager(_, resending) = &mut self.channel else {
            return false;
        };
        let Some((uptime, delivered)) = resending.due(self.window.done()) else {
            return false;
        };
        resending.running = Some((uptime, delivered.clone()));
        let (resend, sender) = (Arc::clone(&resending.resend), self.sender.clone());
        self.runtime.spawn(async move {
            let result = resend.run(&delivered).await;
            // The loop is gone only when the process ends.
            let _ = sender.send(Event::Resent(result.map_err(|error| format!("{error:#}"))));
        });
        true
    }

    pub(super) fn resent(&mut self, result: Result<u64, String>) {
        let Channel::Alertmanager(alertmanager, resending) = &mut self.channel else {
            return;
        };
        let Some((uptime, delivered)) = resending.running.take() else {
            return;
        };
        let receiver = &alertmanager.receiver.name;
        match result {
            Ok(count) => {
                tracing::info!(receiver, count, "alerts that stand were sent again");
                let owned = self.window.frontiers().map(|(partition, _)| partition);
                for partition in owned.filter(|partition| delivered.contains_key(partition)) {
                    resending.sent.insert(partition, uptime.clone());
                }
            }
            Err(reason) => {
                tracing::warn!(
                    receiver,
                    reason,
                    "alerts that stand could not be sent again yet"
                );
                resending.not_before = Instant::now() + resending.check_every;
            }
        }
    }
}
