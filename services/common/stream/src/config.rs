//! What one kind of worker reads and keeps, and the limits of its windows.

use std::time::Duration;

/// Records a partition's pending work may emit in one window.
pub const FAN_OUT_BUDGET: usize = 5_000;
/// Emitted records after which a window takes no further input: keeps a transaction short.
pub(crate) const WINDOW_OUTPUT_RECORDS: usize = 20_000;
/// Emitted bytes after which a window takes no further input.
pub(crate) const WINDOW_OUTPUT_BYTES: usize = 16 << 20;
/// Gathered bytes after which a window closes before its time.
pub(crate) const WINDOW_INPUT_BYTES: usize = 16 << 20;

/// `transaction.timeout.ms`. One frozen open transaction stalls every read_committed reader.
pub(crate) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// `session.timeout.ms`: how long a dead worker's partitions wait for another.
pub(crate) const SESSION_TIMEOUT: Duration = Duration::from_secs(6);
/// An open transaction not ready to commit by then is aborted by us, before the broker does.
pub(crate) const PRODUCE_DEADLINE: Duration = Duration::from_secs(8);
/// A commit (or abort) not answered by then is indeterminate: the broker has decided, we do not know what.
pub(crate) const COMMIT_DEADLINE: Duration = Duration::from_secs(20);

/// One kind of worker. The consumer group is named like the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Name of the stage: consumer group, transactional ids, metrics, state folder.
    pub stage: &'static str,
    /// Topics read. A stateful stage has exactly one; a name that starts with `^` is a pattern.
    pub inputs: Vec<String>,
    /// Topics that are not read although a pattern of `inputs` matches them: a pattern itself.
    pub ignored: Option<&'static str>,
    /// Changelog topic of the stage's state, with as many partitions as the input; `None`: no state.
    pub changelog: Option<&'static str>,
    /// Whether a keyed record must stand in the partition murmur2(key) gives it.
    pub check_keys: bool,
}

impl WorkerConfig {
    /// A stage with keyed state: one input topic, equally partitioned with its changelog.
    #[must_use]
    pub fn stateful(stage: &'static str, input: &str, changelog: &'static str) -> Self {
        Self {
            stage,
            inputs: vec![input.to_owned()],
            ignored: None,
            changelog: Some(changelog),
            check_keys: true,
        }
    }

    /// A stage without state of its own, over any number of topics keyed by their writers.
    #[must_use]
    pub fn stateless(stage: &'static str, inputs: &[&str]) -> Self {
        Self {
            stage,
            inputs: inputs.iter().map(|&topic| topic.to_owned()).collect(),
            ignored: None,
            changelog: None,
            check_keys: false,
        }
    }

    /// The same without the topics a pattern (`^...`) matches.
    #[must_use]
    pub const fn ignoring(mut self, pattern: &'static str) -> Self {
        self.ignored = Some(pattern);
        self
    }

    /// `group.instance.id` and `transactional.id`: the same across restarts of the same slot, never
    /// shared by two running workers.
    #[must_use]
    pub fn instance(&self, slot: u32, thread: u32) -> String {
        match thread {
            0 => format!("{}-{slot}", self.stage),
            thread => format!("{}-{slot}-{thread}", self.stage),
        }
    }

    /// A group gives a member that comes back within its session what it had before, whatever it
    /// subscribes to now.
    pub(crate) fn check_assigned(&self, topic: &str) -> anyhow::Result<()> {
        let mut inputs = self.inputs.iter();
        anyhow::ensure!(
            inputs.any(|input| input == topic || input.starts_with('^')),
            "stage {}: the group gave {topic}, which is not among the inputs {:?}; an earlier process of \
             this slot read it: start again in {} s, when its session is over",
            self.stage,
            self.inputs,
            SESSION_TIMEOUT.as_secs()
        );
        Ok(())
    }

    pub(crate) fn validate(&self) -> anyhow::Result<()> {
        let one_topic = self.inputs.len() == 1 && !self.inputs[0].starts_with('^');
        anyhow::ensure!(
            !self.inputs.is_empty(),
            "stage {}: no input topic",
            self.stage
        );
        anyhow::ensure!(
            self.changelog.is_none() || one_topic,
            "stage {}: a stage with state has exactly one input topic, not {:?}",
            self.stage,
            self.inputs
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_of_every_slot_has_its_own_stable_identity() {
        let config = WorkerConfig::stateful("enricher", "unit-inbox", "enricher-changelog");
        let mut names: Vec<String> = (0..20)
            .flat_map(|slot| (0..20).map(move |thread| (slot, thread)))
            .map(|(slot, thread)| config.instance(slot, thread))
            .collect();
        assert_eq!(names[0], "enricher-0");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 400);
    }

    #[test]
    fn a_topic_of_a_former_subscription_is_refused_by_name() {
        let config = WorkerConfig::stateful("s", "in", "log");
        assert!(config.check_assigned("in").is_ok());
        let error = config.check_assigned("former").unwrap_err().to_string();
        assert!(error.contains("former"), "{error}");
        let config = WorkerConfig::stateless("s", &["a", "^partner\\..*"]);
        assert!(config.check_assigned("partner.acme").is_ok());
    }

    #[test]
    fn state_needs_exactly_one_input() {
        let mut config = WorkerConfig::stateful("s", "in", "log");
        assert!(config.validate().is_ok());
        config.inputs.push("other".into());
        assert!(config.validate().is_err());
        assert!(
            WorkerConfig::stateless("s", &["a", "^partner\\..*"])
                .validate()
                .is_ok()
        );
        assert!(WorkerConfig::stateless("s", &[]).validate().is_err());
    }
}
