//! Texts of a writer's and a reader's schema, and a datum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serialtrail_records::avro::{Plan, Schema};

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (writer, reader, datum) = input;
    let Ok(writer) = Schema::parse(writer) else {
        return;
    };
    let plan = Plan::new(&writer, &writer);
    let _ = plan.read::<IgnoredAny>(datum);
    if let Ok(reader) = Schema::parse(reader) {
        let _ = Plan::new(&writer, &reader).read::<IgnoredAny>(datum);
        let _ = Plan::new(&reader, &writer).read::<IgnoredAny>(datum);
    }
});
