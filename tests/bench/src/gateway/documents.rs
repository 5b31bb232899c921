//! Documents of events that nobody sent before.

use crate::traffic;
use bytes::Bytes;
use serde_json::{Value, json};

/// The maker's factory, as in the simulated world.
const PLACE: &str = "https://id.gs1.org/414/9521321000018";

/// A document of events `first` to `first + events - 1`, each with an id of its own and one unit.
pub(super) fn document(first: u64, events: u32) -> Bytes {
    traffic::document((first..first + u64::from(events)).map(event).collect())
}

fn event(number: u64) -> Value {
    json!({
        "eventID": format!("urn:uuid:5e71a17a-0000-4000-8000-{number:012x}"),
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "eventTime": "2026-01-01T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": { "id": PLACE },
        "bizLocation": { "id": PLACE },
        "epcList": [format!("https://id.gs1.org/01/09521321000018/21/B{number:012}")],
        "bizTransactionList": [
            { "type": "desadv", "bizTransaction": format!("urn:epc:id:gdti:9521321.00001.{}", number / 100) },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_stands_in_two_documents() {
        let ids = |first| {
            let document: Value = serde_json::from_slice(&document(first, 100)).unwrap();
            let events = document["epcisBody"]["eventList"]
                .as_array()
                .unwrap()
                .clone();
            events
                .iter()
                .map(|event| event["eventID"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let mut all = [ids(0), ids(100)].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 200);
    }
}
