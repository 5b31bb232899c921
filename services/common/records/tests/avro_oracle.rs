//! Our codec and apache-avro, each reading what the other wrote: every record of this build, what
//! released versions wrote, and random schemas with readers' schemas made from them.
#![allow(clippy::unwrap_used)]

mod datum;
#[path = "datum/random.rs"]
mod random;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use apache_avro::Schema as Theirs;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::Name;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use datum::Datum;
use rand::{Rng, SeedableRng};
use random::{Random, Shape};
use serialtrail_records::avro::{Plan, Schema};
use serialtrail_records::codec::{AvroRecord, Codec};
use serialtrail_records::schemas;
use serialtrail_records::writers::WriterSchema;

/// A random value of a schema of apache-avro's.
struct Values<'a> {
    random: Random,
    named: HashMap<Name, &'a Theirs>,
}

impl<'a> Values<'a> {
    fn of(schema: &'a Theirs, seed: u64) -> Self {
        let mut named = HashMap::new();
        name_all(schema, &mut named);
        let random = Random::seed_from_u64(seed);
        Self { random, named }
    }

    fn value(&mut self, schema: &Theirs) -> Value {
        let random = &mut self.random;
        match schema {
            Theirs::Boolean => Value::Boolean(random.random()),
            Theirs::Int => Value::Int(random.random::<i32>() >> random.random_range(0..32)),
            Theirs::Long => Value::Long(random.random::<i64>() >> random.random_range(0..64)),
            Theirs::TimestampMicros => {
                Value::TimestampMicros(random.random::<i64>() >> random.random_range(0..64))
            }
            Theirs::Double => Value::Double(random.random_range(-1e6..1e6)),
            Theirs::Bytes => {
                let count = random.random_range(0..200);
                Value::Bytes((0..count).map(|_| random.random()).collect())
            }
            Theirs::String => Value::String(random::text(random)),
            Theirs::Array(array) => {
                let count = random.random_range(0..3);
                Value::Array((0..count).map(|_| self.value(&array.items)).collect())
            }
            Theirs::Map(map) => {
                // One entry at most: the order of more is each side's own.
                let count = random.random_range(0..2);
                let entries = (0..count).map(|at| (format!("key {at}"), self.value(&map.types)));
                Value::Map(entries.collect())
            }
            Theirs::Union(union) => {
                let at = random.random_range(0..union.variants().len());
                let value = match &union.variants()[at] {
                    Theirs::Null => Value::Null,
                    other => self.value(other),
                };
                Value::Union(at as u32, Box::new(value))
            }
            Theirs::Record(record) => {
                let fields = record.fields.iter();
                Value::Record(
                    fields
                        .map(|f| (f.name.clone(), self.value(&f.schema)))
                        .collect(),
                )
            }
            Theirs::Ref { name } => self.value(self.named[name]),
            other => panic!("no record of this build has {other:?}"),
        }
    }
}

fn name_all<'a>(schema: &'a Theirs, named: &mut HashMap<Name, &'a Theirs>) {
    match schema {
        Theirs::Record(record) => {
            named.insert(record.name.clone(), schema);
            record
                .fields
                .iter()
                .for_each(|field| name_all(&field.schema, named));
        }
        Theirs::Array(array) => name_all(&array.items, named),
        Theirs::Map(map) => name_all(&map.types, named),
        Theirs::Union(union) => union
            .variants()
            .iter()
            .for_each(|each| name_all(each, named)),
        _ => {}
    }
}

fn their_bytes(schema: &Theirs, value: &Value) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(schema).build().unwrap();
    writer.write_value_to_vec(value.clone()).unwrap()
}

fn their_value(schema: &Theirs, mut bytes: &[u8]) -> Value {
    let reader = GenericDatumReader::builder(schema).build().unwrap();
    let value = reader.read_value(&mut bytes).unwrap();
    assert!(bytes.is_empty());
    value
}

/// Calls a function with every record of this build as its type.
macro_rules! for_all {
    ($call:ident($($argument:expr),*)) => {{
        use serialtrail_records as r;
        use serialtrail_records::{state_detector as d, state_dispatcher as p, state_enricher as e, state_work as w};
        let mut met = Vec::new();
        for_all!(@ met, $call, ($($argument),*), r::EpcisEvent r::Mark r::UnitEvent r::InheritedRead
            r::MembershipEnd r::RegistryEntry r::LotStatus r::SerialState r::Product r::Location
            r::Party r::Lane r::MasterData r::EnrichedObservation r::Membership r::Alert
            r::RejectedEvent r::CaptureJob r::DemandForecast r::ParkedNotification r::PartnerEvent
            w::WorkQueue w::WorkItem w::HeldMarks p::PlanPage p::OriginalPage p::DispatchedEvent
            e::ReadPage e::UnitRead e::UnitState e::ChildPage d::DetectorUnit d::DetectorReads
            d::DetectorLot d::DetectorLotUnits d::DetectorTimerPage d::DetectorPartition);
        let all: Vec<&str> = schemas::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(met, all, "this list is that of schemas::ALL");
    }};
    (@ $met:ident, $call:ident, $arguments:tt, $($t:ty)+) => {
        $(for_all!(@@ $met, $call, $arguments, $t);)+
    };
    (@@ $met:ident, $call:ident, ($($argument:expr),*), $t:ty) => {
        $met.push(<$t as AvroRecord>::NAME);
        $call::<$t>($($argument),*);
    };
}

fn both_ways<T: AvroRecord + PartialEq + std::fmt::Debug>(codec: &Codec) {
    let schema = Theirs::parse_str(T::SCHEMA).unwrap();
    for seed in 0..60 {
        let value = Values::of(&schema, seed).value(&schema);
        let bytes = their_bytes(&schema, &value);
        // Read as a struct, and as whatever the schema says.
        let writer = WriterSchema::parse(T::SCHEMA).unwrap();
        let record: T = writer.read::<T, T>(&bytes).unwrap();
        let any: Datum = writer.read::<T, Datum>(&bytes).unwrap();
        assert_eq!(any, Datum::from(&value), "{} seed {seed}", T::NAME);
        // Written again: the same bytes, the same value.
        let ours = codec.encode(&record).unwrap();
        assert_eq!(ours[5..], bytes, "{} seed {seed}", T::NAME);
        assert_eq!(
            their_value(&schema, &ours[5..]),
            value,
            "{} seed {seed}",
            T::NAME
        );
        assert_eq!(codec.decode::<T>(&ours).unwrap(), record);
    }
}

#[test]
fn every_record_of_this_build_is_the_same_to_both() {
    let codec = Codec::offline().unwrap();
    for_all!(both_ways(&codec));
}

fn released() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../schemas/avro/released");
    let mut files = Vec::new();
    for version in std::fs::read_dir(folder).unwrap() {
        let version = version.unwrap().path();
        for folder in [version.clone(), version.join("state")] {
            let Ok(all) = std::fs::read_dir(folder) else {
                continue;
            };
            files.extend(all.map(|file| file.unwrap().path()));
        }
    }
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "avsc")
    });
    files.sort();
    files
}

fn released_is_read<T: AvroRecord + PartialEq + std::fmt::Debug>(
    files: &[PathBuf],
    read: &mut usize,
) {
    let short = T::NAME.rsplit('.').next().unwrap();
    let now = Theirs::parse_str(T::SCHEMA).unwrap();
    for file in files
        .iter()
        .filter(|file| file.file_stem().unwrap() == short)
    {
        let text = std::fs::read_to_string(file).unwrap();
        let then = Theirs::parse_str(&text).unwrap();
        let writer = WriterSchema::parse(&text).unwrap();
        for seed in 0..20 {
            let value = Values::of(&then, seed).value(&then);
            let bytes = their_bytes(&then, &value);
            let record: T = writer.read::<T, T>(&bytes).unwrap();
            let any: Datum = writer.read::<T, Datum>(&bytes).unwrap();
            // The oracle: apache-avro resolves the value to today's schema.
            let reader = GenericDatumReader::builder(&then)
                .reader_schema(&now)
                .build()
                .unwrap();
            let resolved = reader.read_value(&mut &bytes[..]).unwrap();
            assert_eq!(
                any,
                Datum::from(&resolved),
                "{} seed {seed}",
                file.display()
            );
            let again = their_bytes(&now, &resolved);
            let now = WriterSchema::parse(T::SCHEMA).unwrap();
            assert_eq!(
                now.read::<T, T>(&again).unwrap(),
                record,
                "{} seed {seed}",
                file.display()
            );
        }
        *read += 1;
    }
}

#[test]
fn todays_structs_read_what_released_versions_wrote() {
    let files = released();
    let mut read = 0;
    for_all!(released_is_read(&files, &mut read));
    assert_eq!(read, files.len());
}

#[test]
fn random_schemas_are_read_and_resolved_as_apache_avro_does() {
    for seed in 0..2_000 {
        let random = &mut Random::seed_from_u64(seed);
        let shape: Shape = random::record(random, 4, &mut 0);
        let text = shape.json().to_string();
        let theirs = Theirs::parse_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let ours = Schema::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let value = shape.value(random);
        let bytes = their_bytes(&theirs, &value);
        let plan = Plan::new(&ours, &ours);
        let (any, rest) = plan
            .read::<Datum>(&bytes)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            (any, rest.len()),
            (Datum::from(&value), 0),
            "seed {seed}: {text}"
        );

        let reader = shape.reader(random).to_string();
        let plan = Plan::new(
            &ours,
            &Schema::parse(&reader).unwrap_or_else(|e| panic!("{reader}: {e}")),
        );
        let (any, rest) = plan
            .read::<Datum>(&bytes)
            .unwrap_or_else(|e| panic!("seed {seed}: {e}: {text} by {reader}"));
        assert!(rest.is_empty(), "seed {seed}: {text} by {reader}");
        let reader = Theirs::parse_str(&reader).unwrap_or_else(|e| panic!("{reader}: {e}"));
        let by_them = GenericDatumReader::builder(&theirs)
            .reader_schema(&reader)
            .build();
        let value = by_them.unwrap().read_value(&mut &bytes[..]).unwrap();
        assert_eq!(
            any,
            Datum::from(&value),
            "seed {seed}: {text} by {reader:?}"
        );
    }
}
