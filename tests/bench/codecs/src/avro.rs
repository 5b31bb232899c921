//! Avro records written and read: our codec beside apache-avro's two ways, in this process.

pub mod samples;
pub mod views;

use crate::figures::Spread;
use crate::ours::passes;
use crate::text::{heading, spread, table};
use anyhow::ensure;
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use serde::{Deserialize, Serialize};
use serialtrail_records::codec::{AvroRecord, Codec};
use std::fmt::Write;
use std::hint::black_box;

/// What one way of writing or reading one kind of record costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cost {
    /// Name of the record.
    pub record: String,
    /// `encode` or `decode`.
    pub what: String,
    /// How.
    pub way: String,
    /// Mean size of the record, bytes.
    pub bytes: usize,
    /// Records a CPU-second.
    pub per_cpu_s: Spread,
    /// How many times as many are ours (into or from owned values), by the medians.
    pub ratio: f64,
}

/// One record's measurements.
struct Kind<'a, T> {
    codec: &'a Codec,
    records: &'a [T],
    encoded: Vec<Vec<u8>>,
    seconds: f64,
    repeat: u32,
    costs: Vec<Cost>,
}

/// Bytes before the datum: the codec's own prefix.
const PREFIX: usize = 5;

impl<'a, T: AvroRecord + PartialEq> Kind<'a, T> {
    fn new(codec: &'a Codec, records: &'a [T], seconds: f64, repeat: u32) -> anyhow::Result<Self> {
        let encoded = records.iter().map(|record| codec.encode(record));
        Ok(Self {
            codec,
            records,
            encoded: encoded.collect::<Result<_, _>>()?,
            seconds,
            repeat,
            costs: Vec::new(),
        })
    }

    fn time(&mut self, what: &str, way: &str, pass: impl FnMut()) {
        let passes = passes(self.seconds, self.repeat, pass);
        let count = self.records.len() as f64;
        let rate = |seconds: &f64| count / seconds.max(f64::MIN_POSITIVE);
        let per_cpu_s = Spread::of(passes.runs.iter().map(rate).collect());
        let ours = self.costs.iter().find(|cost| cost.what == what);
        let ours = ours.map_or(per_cpu_s.median, |cost| cost.per_cpu_s.median);
        let bytes: usize = self.encoded.iter().map(Vec::len).sum();
        self.costs.push(Cost {
            record: T::NAME.rsplit('.').next().unwrap_or(T::NAME).to_owned(),
            what: what.to_owned(),
            way: way.to_owned(),
            bytes: bytes / self.records.len().max(1),
            ratio: ours / per_cpu_s.median.max(f64::MIN_POSITIVE),
            per_cpu_s,
        });
    }

    /// All that has no views.
    fn measure(mut self) -> anyhow::Result<Self> {
        let (codec, records, encoded) = (self.codec, self.records, self.encoded.clone());
        let schema = Schema::parse_str(T::SCHEMA)?;
        let writer = GenericDatumWriter::builder(&schema).build()?;
        let reader = GenericDatumReader::builder(&schema).build()?;
        for (record, bytes) in records.iter().zip(&encoded) {
            let theirs = writer.write_ser_to_vec(record)?;
            ensure!(theirs == bytes[PREFIX..], "{}: bytes differ", T::NAME);
            let read: T = reader.read_deser(&mut &bytes[PREFIX..])?;
            ensure!(read == *record && codec.decode::<T>(bytes)? == *record);
        }
        let values = encoded
            .iter()
            .map(|bytes| reader.read_value(&mut &bytes[PREFIX..]));
        let values: Vec<_> = values.collect::<Result<_, _>>()?;
        self.time("encode", "ours", || {
            for record in records {
                let _ = black_box(codec.encode(black_box(record)));
            }
        });
        let mut buffer = Vec::new();
        self.time("encode", "ours, into a buffer", || {
            for record in records {
                buffer.clear();
                let _ = black_box(codec.encode_into(black_box(record), &mut buffer));
            }
        });
        self.time("encode", "apache-avro serde", || {
            for record in records {
                let _ = black_box(writer.write_ser_to_vec(black_box(record)));
            }
        });
        self.time("encode", "apache-avro Value", || {
            for value in &values {
                let mut out = Vec::with_capacity(256);
                let _ = black_box(writer.write_value_ref(&mut out, black_box(value)));
            }
        });
        self.time("decode", "ours", || {
            for bytes in &encoded {
                let _ = black_box(codec.decode::<T>(black_box(bytes)));
            }
        });
        self.time("decode", "apache-avro serde", || {
            for bytes in &encoded {
                let _ = black_box(reader.read_deser::<T>(&mut &black_box(bytes)[PREFIX..]));
            }
        });
        self.time("decode", "apache-avro Value", || {
            for bytes in &encoded {
                let _ = black_box(reader.read_value(&mut &black_box(bytes)[PREFIX..]));
            }
        });
        Ok(self)
    }
}

macro_rules! borrowed {
    ($kind:expr, $record:ty, $view:ty, $way:literal) => {{
        let (codec, encoded) = ($kind.codec, $kind.encoded.clone());
        for bytes in &encoded {
            codec.decode_borrowed::<$record, $view>(bytes)?;
        }
        $kind.time("decode", $way, || {
            for bytes in &encoded {
                let _ = black_box(codec.decode_borrowed::<$record, $view>(black_box(bytes)));
            }
        });
    }};
}

/// Measures `count` records of each kind.
///
/// # Errors
/// The codecs disagree about a record.
pub fn measure(seed: u64, count: usize, seconds: f64, repeat: u32) -> anyhow::Result<Vec<Cost>> {
    let samples = samples::Samples::new(seed, count);
    let codec = Codec::offline()?;
    eprintln!("Avro records: {count} of each kind");
    let mut enriched = Kind::new(&codec, &samples.enriched, seconds, repeat)?.measure()?;
    borrowed!(
        enriched,
        serialtrail_records::EnrichedObservation,
        views::EnrichedObservation<'_>,
        "ours, texts lent"
    );
    borrowed!(
        enriched,
        serialtrail_records::EnrichedObservation,
        views::Identity<'_>,
        "ours, four fields"
    );
    let mut units = Kind::new(&codec, &samples.units, seconds, repeat)?.measure()?;
    borrowed!(
        units,
        serialtrail_records::UnitEvent,
        views::UnitEvent<'_>,
        "ours, texts lent"
    );
    let states = Kind::new(&codec, &samples.states, seconds, repeat)?.measure()?;
    let mut costs = enriched.costs;
    costs.extend(units.costs);
    costs.extend(states.costs);
    Ok(costs)
}

/// As a table.
///
/// # Errors
/// `out` cannot be written, which a String always can.
pub fn write(out: &mut String, all: &[Cost]) -> std::fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nAvro records: per CPU-second, one core")?;
    let mut rows = vec![heading(&[
        "record",
        "bytes",
        "what",
        "way",
        "records/CPU-s",
        "us each",
        "ours",
    ])];
    rows.extend(all.iter().map(|cost| {
        let each = 1e6 / cost.per_cpu_s.median.max(f64::MIN_POSITIVE);
        vec![
            cost.record.clone(),
            cost.bytes.to_string(),
            cost.what.clone(),
            cost.way.clone(),
            spread(&cost.per_cpu_s),
            format!("{each:.2}"),
            format!("{:.2}x", cost.ratio),
        ]
    }));
    table(out, &rows)
}
