//! A JSON-LD body: no panic, no event lost between the passes, and the same whatever the pieces are.
#![no_main]

use std::io::BufReader;
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use serialtrail_epcis::write::json_event;
use serialtrail_epcis::{
    BodyKind, Format, Limits, ReadOptions, event_tree, parse_body, read_events, read_header,
};

fuzz_target!(|body: &[u8]| {
    if Format::of(body) != Format::JsonLd {
        return;
    }
    let limits = Limits {
        max_event_bytes: 4096,
        max_header_bytes: 4096,
        ..Limits::default()
    };
    let options = ReadOptions {
        kind: BodyKind::Either,
        limits,
    };
    let whole = parse_body(body, BodyKind::Either, &limits);
    let pieces = || BufReader::with_capacity(3, body);
    let header = read_header(pieces(), Format::JsonLd, &options);
    let (Ok(whole), Ok(header)) = (&whole, &header) else {
        assert_eq!(whole.err(), header.err());
        return;
    };
    assert_eq!(whole.events.len() as u64, header.events);
    let mut events = Vec::new();
    read_events(pieces(), Format::JsonLd, header, &options, |event| {
        events.push(event);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(whole.events, events);
    for event in events {
        if let Ok(read) = &event.outcome {
            let tree = event_tree(
                event.original.as_bytes(),
                Format::JsonLd,
                event.context.as_deref(),
            )
            .unwrap();
            let again = parse_body(
                json_event(&tree).as_bytes(),
                BodyKind::SingleEvent,
                &Limits::default(),
            )
            .unwrap();
            assert_eq!(again.events[0].outcome.as_ref().unwrap(), read);
        }
    }
});
