//! What the dispatcher refuses: records as they were read, and events.

use serialtrail_records::{EpcisEvent, RejectedEvent};
use serialtrail_stream::Refusals;

/// Reason: same id, other content, no error declaration.
pub(crate) const CONFLICT: &str = "event_id_conflict";
/// Reason: an error declaration by someone else than the event's publisher.
pub(crate) const NOT_BY_PUBLISHER: &str = "declaration_not_by_publisher";
/// Reason: more parties declare an error in an event not known yet than can wait for it.
pub(crate) const TOO_MANY_DECLARATIONS: &str = "too_many_declarations";
/// Reason: what every message of the event must carry exceeds 32 KiB.
pub(crate) const TOO_LARGE: &str = "event_body_too_large";

const STAGE: &str = "dispatcher";

/// Refuses records as they were read.
pub(crate) const REFUSALS: Refusals = Refusals::of(STAGE);

/// A rejection of an event, without its bytes. `content` tells refusals of one event id apart, and so
/// does whose event it was: two parties that send the same are two refusals.
pub(crate) fn event(
    event: &EpcisEvent,
    reason: &str,
    content: &str,
    message: String,
) -> RejectedEvent {
    RejectedEvent {
        reject_id: RejectedEvent::id_of(&[
            STAGE,
            reason,
            &event.event_id,
            content,
            &event.source_party,
        ]),
        stage: STAGE.to_owned(),
        reason: reason.to_owned(),
        message,
        event_id: Some(event.event_id.clone()),
        capture_id: Some(event.capture_id.clone()),
        document_id: event.document_id.clone(),
        source_party: event.source_party.clone(),
        visible_to: event.visible_to.clone(),
        record_time: event.record_time,
        ..RejectedEvent::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_has_one_id_and_that_of_another_party_another() {
        let id = |party: &str, content: &str| {
            let refused = EpcisEvent {
                event_id: "urn:uuid:1".into(),
                source_party: party.into(),
                ..EpcisEvent::default()
            };
            event(&refused, CONFLICT, content, String::new()).reject_id
        };
        assert_eq!(id("acme", "c1"), id("acme", "c1"));
        assert_ne!(id("acme", "c1"), id("acme", "c2"));
        assert_ne!(id("acme", "c1"), id("other", "c1"));
    }
}
