//! Bytes that are no datum: refused as values, without panic, in memory bounded by their length.
// The allocator below counts; that is all it does beyond the system's.
#![allow(clippy::unwrap_used, unsafe_code)]

mod datum;
#[path = "datum/random.rs"]
mod random;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::LazyLock;

use datum::Datum;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use random::Random;
use serialtrail_records::avro::{Plan, Schema};
use serialtrail_records::state_detector::{DetectorRead, DetectorUnit};
use serialtrail_records::{
    Codec, DecodeError, EnrichedObservation, EpcisEvent, ErrorDeclaration, Product, Quantity,
    ReadBody, TypedId, UnitEvent,
};

thread_local! {
    /// Bytes this thread has been given and not given back, and the most of them.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

struct Counting;

fn count(bytes: isize) {
    // A thread that ends frees after its counter is gone.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held at once while `work` runs, beyond those held before.
fn most_held<T>(work: impl FnOnce() -> T) -> (T, isize) {
    let before = HELD.with(|held| {
        let (now, _) = held.get();
        held.set((now, now));
        now
    });
    let done = work();
    (done, HELD.with(|held| held.get().1) - before)
}

/// What a datum of so many bytes may take while it is read: serde sets at most 1 MiB aside for a
/// list it knows the length of, at each depth; beyond that a record of a few bytes becomes a struct
/// of less than a kilobyte.
fn allowed(bytes: usize) -> isize {
    (3 * (1 << 20) + 4096 * bytes) as isize
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

/// Encoded records that have something in every kind of field.
fn samples(codec: &Codec) -> Vec<Vec<u8>> {
    let event = EpcisEvent {
        event_id: "ni:///sha-256;00".into(),
        action: Some("ADD".into()),
        event_time: 1_760_000_000_000_001,
        epc_list: texts(&["urn:epc:id:sgtin:9521321.011111.9876", "ä"]),
        quantity_list: vec![Quantity {
            quantity: Some(3.5),
            ..Quantity::default()
        }],
        sources: vec![TypedId {
            r#type: Some("owning_party".into()),
            id: "urn:x".into(),
        }],
        error_declaration: Some(ErrorDeclaration::default()),
        original: vec![0, 255, 1],
        ..EpcisEvent::default()
    };
    let unit = UnitEvent {
        unit: "00/1".into(),
        children: texts(&["a", "b"]),
        body: ReadBody {
            latitude: Some(52.5),
            ..ReadBody::default()
        },
        ..UnitEvent::default()
    };
    let state = DetectorUnit {
        reads: vec![
            DetectorRead {
                path: texts(&["00/1"]),
                ..DetectorRead::default()
            };
            3
        ],
        timer: Some(-1),
        ..DetectorUnit::default()
    };
    let product = Product {
        attributes: [("k".to_owned(), "v".to_owned())].into(),
        ..Product::default()
    };
    vec![
        codec.encode(&event).unwrap(),
        codec.encode(&unit).unwrap(),
        codec.encode(&EnrichedObservation::default()).unwrap(),
        codec.encode(&state).unwrap(),
        codec.encode(&product).unwrap(),
    ]
}

/// Reads bytes as whichever record their schema id says.
fn decode(codec: &Codec, bytes: &[u8]) -> Result<(), DecodeError> {
    let (writer, datum) = codec.writer(bytes)?;
    match writer.name() {
        "io.serialtrail.EpcisEvent" => writer.read::<EpcisEvent, EpcisEvent>(datum).map(drop),
        "io.serialtrail.UnitEvent" => writer.read::<UnitEvent, UnitEvent>(datum).map(drop),
        "io.serialtrail.DetectorUnit" => writer.read::<DetectorUnit, DetectorUnit>(datum).map(drop),
        "io.serialtrail.Product" => writer.read::<Product, Product>(datum).map(drop),
        _ => writer
            .read::<EnrichedObservation, EnrichedObservation>(datum)
            .map(drop),
    }
}

#[test]
fn no_beginning_of_a_record_is_a_record() {
    let codec = Codec::offline().unwrap();
    for bytes in samples(&codec) {
        decode(&codec, &bytes).unwrap();
        for cut in 0..bytes.len() {
            let code = decode(&codec, &bytes[..cut]).unwrap_err().code();
            let expected = if cut < 5 {
                "not_avro_framed"
            } else {
                "bad_avro"
            };
            assert_eq!(code, Some(expected), "{cut} of {}", bytes.len());
        }
    }
}

#[test]
fn every_flipped_bit_gives_a_value_or_an_error_in_bounded_memory() {
    let codec = Codec::offline().unwrap();
    for bytes in samples(&codec) {
        for bit in 40..bytes.len() * 8 {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (_, held) = most_held(|| decode(&codec, &wrong));
            assert!(held < allowed(bytes.len()), "bit {bit}: {held} bytes held");
        }
    }
}

#[test]
fn a_length_or_count_beyond_the_bytes_is_refused_before_anything_is_set_aside() {
    let huge: [&[u8]; 5] = [
        &[0xfe, 0xff, 0xff, 0xff, 0x0f],
        &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0],
        &[
            0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f,
        ],
    ];
    for text in [
        r#""string""#,
        r#""bytes""#,
        r#"{"type": "array", "items": "string"}"#,
        r#"{"type": "array", "items": "null"}"#,
        r#"{"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}"#,
        r#"{"type": "array", "items": {"type": "fixed", "name": "F", "size": 4000000000}}"#,
        r#"{"type": "map", "values": "null"}"#,
        r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#,
        r#"["null", "int"]"#,
        r#"{"type": "fixed", "name": "F", "size": 4000000000}"#,
    ] {
        let schema = Schema::parse(text).unwrap();
        let plan = Plan::new(&schema, &schema);
        for bytes in huge {
            let bytes = [bytes, &[0; 20]].concat();
            let (read, held) = most_held(|| plan.read::<Datum>(&bytes).map(drop));
            assert!(read.is_err(), "{text}: {bytes:?}");
            assert!(held < 10_000, "{text}: {held} bytes held");
        }
    }
}

#[test]
fn values_without_bytes_have_an_end() {
    // 1,000 arrays of 1,000 nulls each, in 4,000 bytes; and records of records of nothing.
    let text = r#"{"type": "array", "items": {"type": "array", "items": "null"}}"#;
    let schema = Schema::parse(text).unwrap();
    let plan = Plan::new(&schema, &schema);
    let mut bytes = vec![0xd0, 0x0f];
    bytes.extend([0xd0, 0x0f, 0].repeat(1_000));
    bytes.push(0);
    let error = plan.read::<Vec<Vec<()>>>(&bytes).unwrap_err().to_string();
    assert!(error.contains("values without bytes"), "{error}");

    let mut text = r#"{"type": "record", "name": "R0", "fields": []}"#.to_owned();
    for at in 1..30 {
        let below = at - 1;
        text = format!(
            r#"{{"type": "record", "name": "R{at}", "fields": [{{"name": "a", "type": {text}}}, {{"name": "b", "type": "R{below}"}}]}}"#
        );
    }
    let schema = Schema::parse(&text).unwrap();
    let plan = Plan::new(&schema, &schema);
    for read in [
        plan.read::<Datum>(&[]).map(drop),
        plan.read::<serde::de::IgnoredAny>(&[]).map(drop),
    ] {
        let error = read.unwrap_err().to_string();
        assert!(error.contains("values without bytes"), "{error}");
    }
}

#[test]
fn records_within_records_have_an_end() {
    let text =
        r#"{"type": "record", "name": "N", "fields": [{"name": "n", "type": ["null", "N"]}]}"#;
    let schema = Schema::parse(text).unwrap();
    let plan = Plan::new(&schema, &schema);
    let nested = |depth: usize| [vec![2; depth - 1], vec![0]].concat();
    assert!(plan.read::<Datum>(&nested(64)).is_ok());
    for depth in [65, 100_000] {
        let bytes = nested(depth);
        let errors = [
            plan.read::<Datum>(&bytes).map(drop).unwrap_err(),
            plan.read::<serde::de::IgnoredAny>(&bytes)
                .map(drop)
                .unwrap_err(),
        ];
        for error in errors {
            assert!(
                error.to_string().contains("nested deeper than 64"),
                "{error}"
            );
        }
    }
    // One that stands in itself without an end has no data.
    let text = r#"{"type": "record", "name": "N", "fields": [{"name": "n", "type": "N"}]}"#;
    let schema = Schema::parse(text).unwrap();
    assert!(Plan::new(&schema, &schema).read::<Datum>(&[]).is_err());
}

static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::offline().unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_behind_a_known_id_are_a_value_or_an_error(
        id in 1u8..=37,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let codec = &*CODEC;
        let framed = [&[0, 0, 0, 0, id][..], &bytes].concat();
        let (_, held) = most_held(|| {
            let (writer, datum) = codec.writer(&framed)?;
            // As its own record, where it is one of those above; else it is another record.
            let _ = decode(codec, &framed);
            writer.read::<EnrichedObservation, EnrichedObservation>(datum).map(drop)
        });
        prop_assert!(held < allowed(framed.len()), "{held} bytes held");
    }

    #[test]
    fn random_bytes_of_random_schemas_are_a_value_or_an_error(
        seed in any::<u64>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let random = &mut Random::seed_from_u64(seed);
        let shape = random::record(random, 4, &mut 0);
        let reader = Schema::parse(&shape.reader(random).to_string()).unwrap();
        let schema = Schema::parse(&shape.json().to_string()).unwrap();
        let plan = Plan::new(&schema, &reader);
        // A true value with a few bytes changed goes deeper than noise.
        let theirs = apache_avro::Schema::parse_str(&shape.json().to_string()).unwrap();
        let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&theirs);
        let value = shape.value(random);
        let mut near = writer.build().unwrap().write_value_to_vec(value).unwrap();
        for byte in bytes.iter().take(3) {
            if !near.is_empty() {
                let at = random.random_range(0..near.len());
                near[at] = *byte;
            }
        }
        for bytes in [&bytes, &near] {
            let (_, held) = most_held(|| plan.read::<Datum>(bytes).map(drop));
            // A value without bytes still is one of ours.
            prop_assert!(held < allowed(bytes.len()) + (65_536 * 64), "{held} bytes held");
            let (_, held) = most_held(|| plan.read::<serde::de::IgnoredAny>(bytes).map(drop));
            prop_assert!(held < 10_000, "{held} bytes held in passing over");
        }
    }
}
