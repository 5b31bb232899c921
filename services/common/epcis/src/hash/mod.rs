//! The event hash: an identity made of an event's content (CBV 2.0 §8.9).
//!
//! The event is written out as one string, the pre-hash: fields in the
//! standard's order, names and values joined without separator, lists and
//! extensions sorted, every value in its canonical form, so that all spellings
//! of one event give one string. `eventID`, `recordTime` and `errorDeclaration`
//! do not take part, nor do comments.
//!
//! Where the text of the standard leaves room, the published test vectors
//! decide: business transactions, destinations, ILMD, sources and event-level
//! extensions follow the ordered fields, sorted among each other; extensions of
//! an inner element stand at that element's end.
//!
//! | module | subject |
//! |---|---|
//! | `fields` | which fields, in which order |
//! | `write` | an event and its inner objects, field by field |
//! | `extension` | what the standard does not order |
//! | `value`, `number`, `time` | canonical forms of values |
//! | `parts` | the string, whose parts are sorted where they stand |

mod extension;
mod fields;
mod number;
mod parts;
mod time;
mod value;
mod write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::model::Event;
use write::Writer;

/// The event hash, `ni:///sha-256;<hex>?ver=CBV2.0`, of an event in EPCIS 2.0
/// JSON; `context` holds the prefixes in force for it.
pub fn event_hash(event: &Value, context: &Context) -> String {
    digest(&pre_hash(event, context))
}

/// [`event_hash`] of an event that was read from this value: its identifiers need not be parsed again.
pub(crate) fn event_hash_of(event: &Value, context: &Context, read: &Event) -> String {
    digest(&Writer::of_read(context, read).event(event))
}

fn digest(pre_hash: &str) -> String {
    let mut hexadecimal = [0; 64];
    // Invariant: 64 digits are what 32 bytes have.
    let _ = hex::encode_to_slice(Sha256::digest(pre_hash.as_bytes()), &mut hexadecimal);
    let digits = std::str::from_utf8(&hexadecimal).unwrap_or_default();
    ["ni:///sha-256;", digits, "?ver=CBV2.0"].concat()
}

/// The string the event hash is made of. An event that is no JSON object gives
/// the string of an empty one.
pub fn pre_hash(event: &Value, context: &Context) -> String {
    Writer::new(context).event(event)
}
