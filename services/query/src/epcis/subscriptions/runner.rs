//! Which webhook subscriptions this instance delivers, each in a task of its own.

use super::delivery::Delivery;
use super::{store, webhook};
use crate::api::Api;
use serialtrail_runtime::{Service, Settings, metrics};
use serialtrail_warehouse::rows::SubscriptionRow;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often it is looked which subscriptions there are: one that was ended may be told of events for
/// so long.
const LOOK: Duration = Duration::from_secs(1);

/// The part of the subscriptions that is this instance's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Number of this instance, from 0.
    pub slot: u32,
    /// Instances there are.
    pub of: u32,
}

impl Share {
    /// From the settings: as many instances as `[observe] services.query` names, one where it names
    /// none, and `worker.slot` among them.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            slot: settings.worker.slot,
            of: u32::try_from(settings.instances(Service::Query).len()).unwrap_or(1),
        }
    }

    /// Whether a subscription is this instance's: SHA-256 of its id, modulo the instances.
    #[must_use]
    pub fn holds(self, id: &str) -> bool {
        let digest = Sha256::digest(id);
        let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        number % self.of.max(1) == self.slot
    }
}

/// Ends its task with itself.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Delivers this instance's share until shutdown.
///
/// # Errors
/// No connection to any receiver can be made.
pub async fn run(api: Api, share: Share) -> anyhow::Result<()> {
    let client = webhook::client()?;
    if share.slot >= share.of {
        tracing::warn!(
            slot = share.slot,
            instances = share.of,
            "delivers no subscriptions: [observe] services.query names fewer instances"
        );
    }
    let mut tasks: HashMap<String, Task> = HashMap::new();
    let mut answers = true;
    while !api.shutdown.is_triggered() {
        match store::active(api.access.client()).await {
            Ok(mut rows) => {
                answers = true;
                rows.retain(|row| share.holds(&row.id));
                adjust(&api, &client, &mut tasks, rows);
            }
            Err(problem) if answers => {
                answers = false;
                let why = problem.detail;
                tracing::warn!(why, "cannot look which subscriptions there are");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = api.shutdown.wait() => {}
        }
    }
    Ok(())
}

fn adjust(
    api: &Api,
    client: &reqwest::Client,
    tasks: &mut HashMap<String, Task>,
    rows: Vec<SubscriptionRow>,
) {
    tasks.retain(|id, task| !task.0.is_finished() && rows.iter().any(|row| row.id == *id));
    for row in rows {
        if !tasks.contains_key(&row.id) {
            let id = row.id.clone();
            let delivery = Delivery::new(api.clone(), client.clone(), row);
            tasks.insert(id, Task(tokio::spawn(delivery.run())));
        }
    }
    metrics::gauge(&metrics::SUBSCRIPTIONS)
        .with_label_values(&["webhook"])
        .set(i64::try_from(tasks.len()).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subscription_is_delivered_by_exactly_one_instance() {
        for of in [1, 2, 5] {
            let mut held = vec![0; of as usize];
            for n in 0..200 {
                let id = format!("s{n}");
                let slots: Vec<u32> = (0..of)
                    .filter(|slot| Share { slot: *slot, of }.holds(&id))
                    .collect();
                assert_eq!(slots.len(), 1);
                held[slots[0] as usize] += 1;
            }
            assert!(held.iter().all(|held| *held > 20), "{held:?}");
        }
        let named = |urls: Option<&[&str]>| {
            let mut settings = Settings::default();
            if let Some(urls) = urls {
                let urls = urls.iter().map(|url| (*url).to_owned()).collect();
                settings.observe.services.insert("query".to_owned(), urls);
            }
            Share::of(&settings)
        };
        assert_eq!(named(None), Share { slot: 0, of: 1 });
        assert_eq!(
            named(Some(&["http://a", "http://b"])),
            Share { slot: 0, of: 2 }
        );
    }
}
