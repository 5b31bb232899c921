//! When an Alertmanager is sent everything that stands again.

use super::{Channel, Event, Worker};
use crate::alertmanager::resend::Resend;
use crate::notification::Outcome;
use crate::window::Done;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sends an Alertmanager what stands, when it is due.
pub(crate) struct Resending {
    resend: Arc<Resend>,
    check_every: Duration,
    told: Told,
    /// What is being sent: the start it is for, and what was delivered.
    running: Option<(String, BTreeMap<i32, Done>)>,
}

impl Resending {
    pub(crate) fn new(resend: Resend, check_every: Duration) -> Self {
        Self {
            resend: Arc::new(resend),
            check_every,
            told: Told::nothing(Instant::now()),
            running: None,
        }
    }

    pub(super) fn running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn forget(&mut self, partition: i32) {
        self.told.sent.remove(&partition);
    }
}

/// Which partitions' alerts the Alertmanager that runs now has been sent. Pure.
struct Told {
    /// When the Alertmanager that answered last was started.
    uptime: Option<String>,
    /// Partitions, each with the start of the Alertmanager that was sent its alerts.
    sent: BTreeMap<i32, String>,
    not_before: Instant,
}

impl Told {
    fn nothing(now: Instant) -> Self {
        Self {
            uptime: None,
            sent: BTreeMap::new(),
            not_before: now,
        }
    }

    /// What was parked because it was away it must learn once it is back. What it refused it would
    /// refuse again, and everything else it has.
    fn settled(&mut self, outcome: Outcome) {
        if outcome == Outcome::Parked {
            self.sent.clear();
        }
    }

    /// What is to be sent now, if anything.
    fn due(
        &self,
        now: Instant,
        delivered: impl Iterator<Item = (i32, Done)>,
    ) -> Option<(String, BTreeMap<i32, Done>)> {
        let uptime = self.uptime.as_ref()?;
        if now < self.not_before {
            return None;
        }
        let due: BTreeMap<i32, Done> = delivered
            .filter(|(partition, _)| self.sent.get(partition) != Some(uptime))
            .collect();
        (!due.is_empty()).then(|| (uptime.clone(), due))
    }
}

impl Channel {
    /// A delivery ended so.
    pub(super) fn settled(&mut self, outcome: Outcome) {
        if let Self::Alertmanager(_, resending) = self {
            resending.told.settled(outcome);
        }
    }

    /// The Alertmanager that runs was started then.
    pub(super) fn started(&mut self, uptime: String) {
        if let Self::Alertmanager(alertmanager, resending) = self
            && resending.told.uptime.as_ref() != Some(&uptime)
        {
            let receiver = &alertmanager.receiver.name;
            tracing::info!(receiver, uptime, "alertmanager answers");
            resending.told.uptime = Some(uptime);
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
        let Some((uptime, delivered)) = resending.told.due(Instant::now(), self.window.done())
        else {
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
                    resending.told.sent.insert(partition, uptime.clone());
                }
            }
            Err(reason) => {
                tracing::warn!(
                    receiver,
                    reason,
                    "alerts that stand could not be sent again yet"
                );
                resending.told.not_before = Instant::now() + resending.check_every;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The partitions due, of two.
    fn due(told: &Told, now: Instant) -> Vec<i32> {
        let delivered = [0, 1].map(|partition| (partition, Done::default()));
        let due = told.due(now, delivered.into_iter());
        due.map_or_else(Vec::new, |(_, due)| due.into_keys().collect())
    }

    fn told_everything(now: Instant) -> Told {
        let mut told = Told::nothing(now);
        told.uptime = Some("monday".into());
        told.sent = BTreeMap::from([(0, "monday".into()), (1, "monday".into())]);
        told
    }

    #[test]
    fn everything_is_due_at_the_start_and_after_a_restart_but_not_before_it_is_time() {
        let now = Instant::now();
        let mut told = Told::nothing(now);
        assert_eq!(due(&told, now), [0; 0], "it does not answer");
        told.uptime = Some("monday".into());
        assert_eq!(due(&told, now), [0, 1]);
        let mut told = told_everything(now);
        assert_eq!(due(&told, now), [0; 0]);
        told.uptime = Some("tuesday".into());
        assert_eq!(due(&told, now), [0, 1]);
        told.not_before = now + Duration::from_secs(5);
        assert_eq!(due(&told, now), [0; 0]);
        assert_eq!(due(&told, told.not_before), [0, 1]);
    }

    #[test]
    fn nothing_is_sent_again_because_alertmanager_refused_an_alert() {
        let now = Instant::now();
        let mut told = told_everything(now);
        for outcome in [
            Outcome::Refused,
            Outcome::Delivered,
            Outcome::NotConcerned,
            Outcome::Refused,
        ] {
            told.settled(outcome);
            assert_eq!(due(&told, now), [0; 0], "{outcome:?}");
        }
        told.settled(Outcome::Parked);
        assert_eq!(due(&told, now), [0, 1], "it was away");
    }
}
