//! What the sink's own code costs without Kafka: records of one partition, decoded, made into rows and
//! handed to ClickHouse, all from memory.
//!
//! ```text
//! cargo run --release -p serialtrail-sink --example alone -- [batches] [ClickHouse URL] [database]
//! ```
//! Without a URL nothing is sent. Rows are counted as the sink counts them: a read is a row of
//! `observations` and one of `observations_history`.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serialtrail_records::{
    Codec, EnrichedObservation, Membership, ReadBody, Site, TypedId, UnitFacts,
};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_runtime::topics;
use serialtrail_sink::partition::{Batch, Record};
use serialtrail_sink::range::Range;
use serialtrail_sink::rows::{Place, rows};
use serialtrail_sink::store::{Store, Trouble};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Records of a batch.
const RECORDS: usize = 20_000;
const PLACE: Place = Place {
    topic: topics::ENRICHED,
    partition: 0,
    partitions: 1,
};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let batches: usize = arguments.next().map_or(Ok(10), |n| n.parse())?;
    let url = arguments.next();
    let database = arguments.next();
    let codec = Arc::new(Codec::offline()?);
    let records = records(&codec)?;
    let mean = records
        .iter()
        .filter_map(|r| r.value.as_ref())
        .map(Vec::len);
    let mean = mean.sum::<usize>() / RECORDS;

    let begun = (cpu_seconds(), Instant::now());
    for _ in 0..batches {
        let made = rows(&codec, &PLACE, black_box(&records));
        black_box(made.map_err(|down| anyhow::anyhow!(down.0))?.encode());
    }
    report("decoded and encoded", batches, mean, begun);

    let Some(url) = url else {
        return Ok(());
    };
    let settings = ClickHouseSettings {
        url,
        database: database.unwrap_or_else(|| "default".into()),
        ..ClickHouseSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let store = Store::new(serialtrail_warehouse::client(&settings), Trouble::default());
    // Tokens must be new, or nothing is stored.
    let epoch = std::time::UNIX_EPOCH.elapsed()?.as_micros();
    let base = i64::try_from(epoch)?;
    let begun = (cpu_seconds(), Instant::now());
    for n in 0..batches {
        let first = base + i64::try_from(n * RECORDS)?;
        let batch = Batch {
            range: Range {
                first,
                last: first + i64::try_from(RECORDS - 1)?,
            },
            records: records.clone(),
            repeated: false,
        };
        let stop = Arc::default();
        runtime.block_on(store.store(Arc::clone(&codec), PLACE, batch, stop));
    }
    report("stored", batches, mean, begun);
    Ok(())
}

fn report(what: &str, batches: usize, mean: usize, (cpu, time): (f64, Instant)) {
    let rows = (batches * RECORDS * 2) as f64;
    let (cpu, took) = (cpu_seconds() - cpu, time.elapsed().as_secs_f64());
    println!(
        "{what}: {rows:.0} rows of records of {mean} bytes, {cpu:.2} CPU-s, {:.0} rows/CPU-s, \
         {:.0} rows/s",
        rows / cpu,
        rows / took
    );
}

/// CPU-seconds of this process so far, from `/proc` in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// Nine reads and one membership of ten, like those of a running deployment.
fn records(codec: &Codec) -> anyhow::Result<Vec<Record>> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    (0..RECORDS)
        .map(|n| {
            let value = if n % 10 == 9 {
                codec.encode(&membership(&mut random))?
            } else {
                codec.encode(&read(&mut random))?
            };
            Ok(Record {
                offset: i64::try_from(n)?,
                timestamp_ms: 0,
                key: Some(unit(&mut random).into_bytes()),
                value: Some(value),
            })
        })
        .collect()
}

fn gln(random: &mut ChaCha8Rng) -> String {
    format!("9521321{:06}", random.random_range(0..300))
}

fn unit(random: &mut ChaCha8Rng) -> String {
    let (product, serial) = (random.random_range(0..50), random.random::<u32>());
    format!("01/09521321{product:06}/21/{serial:012}")
}

fn membership(random: &mut ChaCha8Rng) -> Membership {
    Membership {
        child: unit(random),
        parent: format!("00/{:018}", random.random::<u32>()),
        from: 1_770_000_000_000_000,
        from_event: format!("urn:uuid:{:032x}", random.random::<u128>()),
        revision: 1,
        asserted: true,
        source_party: gln(random),
        visible_to: vec![gln(random)],
        ..Membership::default()
    }
}

fn read(random: &mut ChaCha8Rng) -> EnrichedObservation {
    let at = 1_770_000_000_000_000 + random.random_range(0..3_000_000_000_000);
    let body = ReadBody {
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        event_time: at,
        zone_offset_minutes: 60,
        record_time: at + 3_000_000,
        captured_at: at + 3_100_000,
        biz_step: Some("receiving".into()),
        disposition: Some("in_progress".into()),
        read_point: Some(format!(
            "urn:epc:id:sgln:9521321.{:05}.0",
            random.random_range(0..100)
        )),
        biz_transactions: (0..random.random_range(0..2))
            .map(|_| TypedId {
                r#type: Some("desadv".into()),
                id: format!(
                    "urn:epcglobal:cbv:bt:9521321000001:{}",
                    random.random::<u32>()
                ),
            })
            .collect(),
        custodian: Some(gln(random)),
        parties_named: vec![gln(random)],
        source_party: gln(random),
        visible_to: vec![gln(random)],
        capture_id: format!("{:032x}", random.random::<u128>()),
        document_id: Some(format!("urn:uuid:{:032x}", random.random::<u128>())),
        ..ReadBody::default()
    };
    EnrichedObservation {
        unit: unit(random),
        kind: "sgtin".into(),
        event_id: format!("urn:uuid:{:032x}", random.random::<u128>()),
        revision: 1,
        asserted: true,
        role: "inherited".into(),
        parent: Some(format!("00/{:018}", random.random::<u32>())),
        path: vec![format!("00/{:018}", random.random::<u32>())],
        site: Site {
            gln: Some(gln(random)),
            name: Some("Warehouse Example West".into()),
            kind: Some("distribution_centre".into()),
            country: Some("DE".into()),
            party: Some(gln(random)),
            party_role: Some("wholesaler".into()),
            latitude: Some(50.0),
            longitude: Some(8.0),
            radius_km: None,
        },
        facts: UnitFacts {
            known: true,
            known_by: Some("commissioning".into()),
            commissioned_at: Some(at),
            commissioned_by: Some(gln(random)),
            gtin: Some("09521321000012".into()),
            lot: Some(format!("LOT{:05}", random.random_range(0..999))),
            expiry: Some("2028-03-31".into()),
            status: Some("active".into()),
            profile: Some("pharma".into()),
            product_name: Some("Examplin 20 mg".into()),
            brand: Some("Examplin".into()),
            revision: 3,
            ..UnitFacts::default()
        },
        body,
        ..EnrichedObservation::default()
    }
}
