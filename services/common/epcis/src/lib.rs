//! EPCIS documents (1.1, 1.2, 2.0; JSON-LD and XML) to events and back, and the identity of an event.
//!
//! [`parse_body`] reads what a sender posted; [`read_header`] and [`read_events`] read a document of
//! any length in constant memory. Each event of the document comes
//! back with its original bytes and is either an [`Event`], whose every
//! identifier is verified, or an [`EventError`] that names field and reason.
//! One bad event never hides another. [`Event::content_hash`] is the CBV 2.0
//! event hash (§8.9): equal for every spelling of the same event, it is the
//! event's id where the sender gave none, and it tells a repeat from a conflict.
//!
//! No I/O, no clock: [`check_times`] takes the time of recording.
//!
//! | module | subject |
//! |---|---|
//! | `document` | the document around the events, limits, the two passes |
//! | `json`, `xml` | the bindings: where the events are in a text, and each as a tree |
//! | `tree` | an event as the object it is in EPCIS 2.0 JSON-LD |
//! | `event` | one event: which fields, which rules |
//! | `fields`, `lists`, `sensor`, `extension` | the parts of an event |
//! | `vocabulary` | CBV words and their four spellings |
//! | `cbv` | what is unusual about an event that is read |
//! | `context` | what a prefix of an extension means |
//! | `hash` | pre-hash string and event hash (CBV 2.0 §8.9) |
//! | `strict` | JSON without duplicate names, its values counted |
//! | [`write`] | events and documents written out |
//! | [`query`] | the SimpleEventQuery (§8.2.7.1) |
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cbv;
mod context;
mod document;
mod event;
mod extension;
mod fields;
mod hash;
mod json;
mod lists;
mod model;
pub mod query;
mod reason;
mod sensor;
mod strict;
mod time;
mod tree;
mod vocabulary;
pub mod write;
mod xml;

pub use cbv::warnings;
pub use context::Context;
pub use document::{
    BodyKind, Capture, CapturedEvent, Format, Header, Limits, ReadOptions, VocabularyElement,
    parse_body, read_events, read_header,
};
pub use hash::{event_hash, pre_hash};
pub use model::{
    Action, ErrorDeclaration, Event, EventType, Identifier, PersistentDisposition, Place, Quantity,
    ScanKind, TypedId, VerificationScan,
};
pub use reason::{DocumentError, EventError, Reason, Warning};
pub use time::{MAX_AHEAD_HOURS, check_times, format_offset};
pub use tree::{Tree, event_tree, read_tree};
pub use vocabulary::{Vocabulary, normalise, web_address};
