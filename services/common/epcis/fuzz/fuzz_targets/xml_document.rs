//! An XML body: no panic, no event lost between the passes, and a stored event reads again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_epcis::{BodyKind, Format, Limits, event_tree, parse_body, read_tree};

fuzz_target!(|body: &[u8]| {
    if Format::of(body) != Format::Xml {
        return;
    }
    let limits = Limits {
        max_event_bytes: 4096,
        max_header_bytes: 4096,
        ..Limits::default()
    };
    let Ok(capture) = parse_body(body, BodyKind::Either, &limits) else {
        return;
    };
    assert_eq!(capture.events.len() as u64, capture.header.events);
    for event in capture.events {
        if let Ok(read) = &event.outcome {
            let tree = event_tree(
                event.original.as_bytes(),
                Format::Xml,
                event.context.as_deref(),
            )
            .unwrap();
            assert_eq!(&read_tree(&tree, 0, &limits).unwrap(), read);
        }
    }
});
