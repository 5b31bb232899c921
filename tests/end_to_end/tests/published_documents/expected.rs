//! What should become of each file, and how what became of it differs.

use std::collections::BTreeMap;

use serialtrail_epcis::Event;

use crate::pipeline::Outcome;
use crate::stated;
use crate::vectors::{File, Kind};

/// What should become of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// All of it is captured; so many events of it lose to another under their id.
    Landed { conflicts: usize },
    /// Nothing of it is captured.
    Refused,
}

/// The first event under each id, as the files are sent.
#[derive(Clone, Default)]
pub(crate) struct Known(BTreeMap<String, String>);

impl Known {
    /// Events of this file that lose, and the taking of those that do not.
    pub(crate) fn conflicts(&mut self, events: &[Event]) -> usize {
        let losing = events.iter().filter(|event| self.loses(event)).count();
        for event in events {
            if event.error_declaration.is_none() {
                let first = self.0.entry(event.id().to_owned());
                first.or_insert_with(|| event.content_hash.clone());
            }
        }
        losing
    }

    pub(crate) fn loses(&self, event: &Event) -> bool {
        let first = self.0.get(event.id());
        event.error_declaration.is_none() && first.is_some_and(|f| *f != event.content_hash)
    }
}

/// Whether two different events of a file have one id: whatever came before, one of them loses.
fn contradicts_itself(events: &[Event]) -> bool {
    let mut own = Known::default();
    events
        .iter()
        .any(|e| own.conflicts(std::slice::from_ref(e)) > 0)
}

pub(crate) fn expected(file: &File, events: &[Event], known: &mut Known) -> Expected {
    if file.kind == Kind::NoCapture || file.invalid() || stated::refused(&file.name).is_some() {
        return Expected::Refused;
    }
    if contradicts_itself(events) {
        return Expected::Refused;
    }
    match known.conflicts(events) {
        // A document of which all is in conflict is refused at once.
        all if all > 0 && all == events.len() => Expected::Refused,
        conflicts => Expected::Landed { conflicts },
    }
}

/// What is wrong with what a file became; nothing if all is well.
pub(crate) fn wrong(
    file: &File,
    expected: &Expected,
    events: &[Event],
    found: &Outcome,
) -> Option<String> {
    let mut reasons = found.reasons.iter().map(|(_, reason)| reason.as_str());
    match expected {
        Expected::Refused => {
            let stated = stated::refused(&file.name);
            // Of a document a conflict is an error of its job.
            let conflict = reasons.clone().any(|r| r == "event_id_conflict");
            let told = (400..500).contains(&found.status) || conflict && found.status == 202;
            if found.success || found.captured > 0 || !told {
                return Some("is not refused".into());
            }
            if found.reasons.is_empty() {
                return Some("is refused without a reason".into());
            }
            let (reason, _) = stated?;
            (!reasons.any(|r| r == *reason)).then(|| format!("is not refused for {reason}"))
        }
        Expected::Landed { conflicts } => {
            let told = reasons
                .clone()
                .filter(|r| *r == "event_id_conflict")
                .count();
            if events.len() != file.events {
                Some(format!("{} of its events are read", events.len()))
            } else if found.status != if file.kind == Kind::Event { 201 } else { 202 } {
                Some(format!("is answered {}", found.status))
            } else if found.captured != file.events as u64 {
                Some(format!("{} events are captured", found.captured))
            } else if told != *conflicts || reasons.any(|r| r != "event_id_conflict") {
                Some(format!("{conflicts} conflicts are to be told"))
            } else {
                None
            }
        }
    }
}
