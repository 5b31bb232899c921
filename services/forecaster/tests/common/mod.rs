//! A database of its own for a test, on the ClickHouse of `SERIALTRAIL_TEST_CLICKHOUSE`, and reads and
//! alerts to fill it with.
#![allow(dead_code, reason = "each test file uses its part")]

use clickhouse::{Client, Row};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serialtrail_forecaster::config::ForecastConfig;
use serialtrail_forecaster::pass::{Cause, PassError, Passes, Report};
use serialtrail_forecaster::publish::{Keyed, Publish};
use serialtrail_forecaster::store::Store;
use serialtrail_records::{Alert, EnrichedObservation, Micros, ReadBody, Site};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::{AlertRow, LandingRow, ObservationRow, Origin};
use serialtrail_warehouse::tables;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// Names the HTTP interface of a running ClickHouse for the tests.
const VARIABLE: &str = "SERIALTRAIL_TEST_CLICKHOUSE";

pub(crate) const GTIN: &str = "09521000000018";
pub(crate) const HOUR: Micros = 3_600_000_000;
pub(crate) const DAY: Micros = 24 * HOUR;
/// 2026-03-01T00:00:00Z.
pub(crate) const START: Micros = 1_772_323_200_000_000;

/// What would have been published; fails while `broken`.
#[derive(Default)]
pub(crate) struct Topic {
    pub(crate) versions: Mutex<Vec<(String, Micros, Vec<Keyed>)>>,
    pub(crate) broken: AtomicBool,
}

pub(crate) struct Recorder(pub(crate) Arc<Topic>);

impl Publish for Recorder {
    fn published<'a>(&'a self, version: &'a str) -> BoxFuture<'a, anyhow::Result<Option<Micros>>> {
        let versions = self.0.versions.lock().unwrap();
        let last = versions.last().filter(|(last, ..)| last == version);
        let found = last.map(|(_, created_at, _)| *created_at);
        Box::pin(async move { Ok(found) })
    }

    fn publish<'a>(
        &'a self,
        version: &'a str,
        created_at: Micros,
        records: Vec<Keyed>,
    ) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            anyhow::ensure!(!self.0.broken.load(Ordering::Relaxed), "Kafka is away");
            let mut versions = self.0.versions.lock().unwrap();
            versions.push((version.to_owned(), created_at, records));
            Ok(())
        })
    }
}

/// One day of `daily_demand`.
#[derive(Debug, PartialEq, Row, Deserialize)]
pub(crate) struct Shown {
    pub(crate) line: String,
}

pub(crate) struct World {
    pub(crate) settings: ClickHouseSettings,
    pub(crate) topic: Arc<Topic>,
    offset: AtomicI64,
}

impl World {
    /// `None`, with a visible note, where no ClickHouse is given.
    pub(crate) async fn new(name: &str) -> Option<Self> {
        let Ok(url) = std::env::var(VARIABLE) else {
            eprintln!("SKIPPED: {name} needs {VARIABLE}=http://host:port");
            return None;
        };
        let settings = ClickHouseSettings {
            url,
            database: format!("test_forecaster_{name}_{}", std::process::id()),
            ..Default::default()
        };
        serialtrail_warehouse::migrate(&settings).await.unwrap();
        Some(Self {
            settings,
            topic: Arc::default(),
            offset: AtomicI64::new(0),
        })
    }

    pub(crate) fn client(&self) -> Client {
        serialtrail_warehouse::client(&self.settings)
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(&self.settings)
    }

    pub(crate) fn config() -> ForecastConfig {
        ForecastConfig::parse(include_str!("../../../../deploy/local/forecast.toml")).unwrap()
    }

    pub(crate) fn passes(&self, config: ForecastConfig) -> Passes {
        let publisher = Box::new(Recorder(Arc::clone(&self.topic)));
        Passes::new(self.store(), publisher, config).unwrap()
    }

    /// A pass somebody asked for when everything up to `days` after the start has landed.
    pub(crate) async fn pass(&self, days: i64) -> Result<Report, PassError> {
        let landed = Ok(START + days * DAY);
        self.passes(Self::config())
            .run(landed, START, Cause::Asked)
            .await
    }

    async fn insert<T>(&self, table: &str, rows: &[T])
    where
        T: Row + Serialize + for<'a> clickhouse::RowWrite<Value<'a> = T>,
    {
        let token = format!("{table}/{}", self.offset.load(Ordering::Relaxed));
        insert_batch(&self.client(), table, &token, rows)
            .await
            .unwrap();
    }

    fn origin(&self, topic: &'static str) -> Origin {
        Origin {
            topic,
            partition: 0,
            offset: self.offset.fetch_add(1, Ordering::Relaxed),
            index: 0,
        }
    }

    /// Reads land, as the sink writes them.
    pub(crate) async fn land(&self, reads: Vec<EnrichedObservation>) {
        let rows: Vec<_> = reads
            .into_iter()
            .map(|read| ObservationRow::new(read, &self.origin("enriched")))
            .collect();
        self.insert(tables::OBSERVATIONS, &rows).await;
        self.insert(tables::OBSERVATIONS_HISTORY, &rows).await;
    }

    /// The row of a read that comes next.
    pub(crate) fn row(&self, read: EnrichedObservation) -> ObservationRow {
        ObservationRow::new(read, &self.origin("enriched"))
    }

    /// A row is seen, maybe before others of its insert.
    pub(crate) async fn see(&self, row: ObservationRow) {
        let token = format!("part/{}", row.kafka_offset);
        insert_batch(&self.client(), tables::OBSERVATIONS_HISTORY, &token, &[row])
            .await
            .unwrap();
    }

    /// The sink says that an insert of reads begins, or is whole.
    pub(crate) async fn landing(&self, first: &ObservationRow, last: &ObservationRow, whole: bool) {
        let origin = Origin {
            topic: "enriched",
            partition: 0,
            offset: first.kafka_offset,
            index: 0,
        };
        let table = tables::OBSERVATIONS_HISTORY;
        let row = LandingRow::new(table, &origin, last.kafka_offset, whole);
        let token = format!("landing/{}/{whole}", first.kafka_offset);
        insert_batch(&self.client(), tables::LANDINGS, &token, &[row])
            .await
            .unwrap();
    }

    /// An alert lands.
    pub(crate) async fn alert(&self, alert: Alert) {
        let rows = [AlertRow::new(alert, &self.origin("alerts"))];
        self.insert(tables::ALERTS, &rows).await;
        self.insert(tables::ALERTS_HISTORY, &rows).await;
    }

    /// Days as `DE/uom 2026-03-01 demand sold-returned-repeated open|complete`.
    pub(crate) async fn days(&self) -> Vec<String> {
        let sql = "SELECT concat(country, if(uom = '', '', '/'), uom, ' ', toString(day), ' ', \
                   toString(demand), ' ', toString(sold), '-', toString(returned), '-', \
                   toString(repeated), if(complete, ' complete', ' open')) AS line \
                   FROM daily_demand FINAL ORDER BY country, uom, day";
        let rows = self
            .client()
            .query_raw(sql)
            .fetch_all::<Shown>()
            .await
            .unwrap();
        rows.into_iter().map(|row| row.line).collect()
    }

    pub(crate) async fn count(&self, sql: &str) -> u64 {
        self.client()
            .query_raw(sql)
            .fetch_one::<u64>()
            .await
            .unwrap()
    }

    pub(crate) async fn drop(self) {
        let sql = format!("DROP DATABASE {}", self.settings.database);
        self.client().query_raw(&sql).execute().await.unwrap();
    }
}

/// A standing read of pack `serial` at a German pharmacy (UTC), `hours` after the start; event `serial/hours`.
pub(crate) fn read(serial: &str, hours: i64, step: &str) -> EnrichedObservation {
    EnrichedObservation {
        unit: format!("01/{GTIN}/21/{serial}"),
        kind: "sgtin".into(),
        event_id: format!("{serial}/{hours}"),
        revision: 1,
        asserted: true,
        direct: true,
        role: "epc".into(),
        site: Site {
            gln: Some("4000000000001".into()),
            country: Some("DE".into()),
            party: Some("4000000000002".into()),
            ..Site::default()
        },
        body: ReadBody {
            event_type: "ObjectEvent".into(),
            event_time: START + hours * HOUR,
            record_time: START + hours * HOUR,
            biz_step: Some(step.into()),
            ..ReadBody::default()
        },
        ..EnrichedObservation::default()
    }
}

/// The same with another word for its goods.
pub(crate) fn disposed(mut read: EnrichedObservation, disposition: &str) -> EnrichedObservation {
    read.body.disposition = Some(disposition.into());
    read
}

/// The same elsewhere.
pub(crate) fn abroad(mut read: EnrichedObservation, country: &str) -> EnrichedObservation {
    read.site.country = Some(country.into());
    read.site.gln = Some("3000000000001".into());
    read.site.party = Some("3000000000002".into());
    read
}

/// The same, taken back.
pub(crate) fn withdrawn(mut read: EnrichedObservation) -> EnrichedObservation {
    read.asserted = false;
    read.revision += 1;
    read
}

/// A quantity of a lot.
pub(crate) fn weighed(hours: i64, step: &str, quantity: f64, uom: &str) -> EnrichedObservation {
    EnrichedObservation {
        unit: format!("01/{GTIN}/10/L1"),
        kind: "lgtin".into(),
        role: "class".into(),
        quantity: Some(quantity),
        uom: Some(uom.to_owned()).filter(|uom| !uom.is_empty()),
        ..read("L1", hours, step)
    }
}

/// A DUPLICATE_SCAN of pack `serial` that cites `events`, of which `repeats` repeat another.
pub(crate) fn duplicate(serial: &str, events: &[&str], repeats: usize, revision: i64) -> Alert {
    Alert {
        alert_id: format!("d-{serial}"),
        rule: "DUPLICATE_SCAN".into(),
        subject: format!("01/{GTIN}/21/{serial}"),
        subject_kind: "unit".into(),
        revision,
        state: "asserted".into(),
        event_ids: events.iter().map(|event| (*event).to_owned()).collect(),
        evidence: format!("{{\"repeats\":{repeats}}}"),
        ..Alert::default()
    }
}
