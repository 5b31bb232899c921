//! What this instance has captured lately, so that a conflict is told to its sender at once.
//!
//! The dispatcher decides every conflict; this memory only spares a sender the wait. It therefore
//! refuses nothing but what the dispatcher would refuse in any order of arrival: of two contents under
//! one event id the one with the smaller (record time, content hash) stands, so only the other may be
//! refused here. What is not known, or was withdrawn, is let through.

use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};

use serialtrail_records::Micros;

/// Truncated SHA-256: enough to tell 100,000 ids apart.
type Fingerprint = [u8; 16];

fn fingerprint(text: &str) -> Fingerprint {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

/// One event as far as conflicts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Event id.
    pub event_id: String,
    /// CBV event hash.
    pub content_hash: String,
    /// When it is recorded.
    pub record_time: Micros,
    /// Whether it withdraws the event of this id.
    pub declaration: bool,
}

#[derive(Debug)]
struct Standing {
    record_time: Micros,
    content_hash: String,
}

/// Bounded memory of captured events; the oldest is forgotten first.
#[derive(Debug)]
pub struct Known {
    standing: HashMap<Fingerprint, Standing>,
    order: VecDeque<Fingerprint>,
    capacity: usize,
}

impl Known {
    /// Room for `capacity` event ids.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            standing: HashMap::new(),
            order: VecDeque::new(),
            capacity,
        }
    }

    /// Whether the event certainly loses against one captured earlier under its id.
    #[must_use]
    pub fn loses(&self, event: &Identity) -> bool {
        if event.declaration || event.event_id == event.content_hash {
            return false;
        }
        self.standing
            .get(&fingerprint(&event.event_id))
            .is_some_and(|standing| {
                standing.content_hash != event.content_hash
                    && (standing.record_time, standing.content_hash.as_str())
                        < (event.record_time, event.content_hash.as_str())
            })
    }

    /// The event was refused after all by a later stage: its corrected form may come under the same id.
    pub fn refused(&mut self, event_id: &str) {
        self.standing.remove(&fingerprint(event_id));
    }

    /// The event was captured. A declaration makes its id unknown: what holds then, the dispatcher says.
    pub fn captured(&mut self, event: &Identity) {
        if event.event_id == event.content_hash {
            return;
        }
        let key = fingerprint(&event.event_id);
        if event.declaration {
            self.standing.remove(&key);
            return;
        }
        let new = Standing {
            record_time: event.record_time,
            content_hash: event.content_hash.clone(),
        };
        match self.standing.get_mut(&key) {
            Some(old) => {
                if (new.record_time, &new.content_hash) < (old.record_time, &old.content_hash) {
                    *old = new;
                }
            }
            None => {
                self.standing.insert(key, new);
                self.order.push_back(key);
                while self.order.len() > self.capacity {
                    if let Some(oldest) = self.order.pop_front() {
                        self.standing.remove(&oldest);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, hash: &str, record_time: Micros) -> Identity {
        Identity {
            event_id: id.into(),
            content_hash: hash.into(),
            record_time,
            declaration: false,
        }
    }

    #[test]
    fn other_content_under_a_known_id_is_a_conflict_and_a_repeat_is_none() {
        let mut known = Known::new(10);
        known.captured(&event("e1", "h1", 100));
        assert!(known.loses(&event("e1", "h2", 200)));
        assert!(!known.loses(&event("e1", "h1", 200)));
        assert!(!known.loses(&event("e2", "h2", 200)));
    }

    #[test]
    fn what_the_dispatcher_would_prefer_is_let_through() {
        let mut known = Known::new(10);
        known.captured(&event("e1", "h2", 100));
        assert!(!known.loses(&event("e1", "h9", 99)));
        assert!(!known.loses(&event("e1", "h1", 100)));
        assert!(known.loses(&event("e1", "h3", 100)));
        known.captured(&event("e1", "h9", 99));
        assert!(known.loses(&event("e1", "h2", 100)));
    }

    #[test]
    fn a_declaration_is_never_a_conflict_and_frees_the_id() {
        let mut known = Known::new(10);
        known.captured(&event("e1", "h1", 100));
        let declaration = Identity {
            declaration: true,
            ..event("e1", "h2", 200)
        };
        assert!(!known.loses(&declaration));
        known.captured(&declaration);
        assert!(!known.loses(&event("e1", "h2", 300)));
    }

    #[test]
    fn an_event_refused_later_may_be_corrected_under_its_id() {
        let mut known = Known::new(10);
        known.captured(&event("e1", "h1", 100));
        known.captured(&event("e2", "h1", 100));
        known.refused("e1");
        assert!(!known.loses(&event("e1", "h2", 200)));
        assert!(known.loses(&event("e2", "h2", 200)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut known = Known::new(3);
        for n in 0..100 {
            known.captured(&event(&format!("e{n}"), "h", 1));
        }
        assert_eq!((known.standing.len(), known.order.len()), (3, 3));
        assert!(!known.loses(&event("e0", "x", 2)));
        assert!(known.loses(&event("e99", "x", 2)));
    }
}
