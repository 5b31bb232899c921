//! One pass: touched days are computed anew, and a version is made if its inputs changed.
//!
//! Order is what makes a crash harmless: stream time and ends of the histories are read first, days are
//! stored before the progress that says so, a version's rows and records before the row that makes it be
//! there. A pass that was cut short anywhere is repeated with the same result.

use crate::config::ForecastConfig;
use crate::day::{self, Day, MINUTE, iso};
use crate::model::ModelConfig;
use crate::publish::{Keyed, Publish};
use crate::series::{Gathered, Making, Outlook, Series, model_config, settings};
use crate::store::{Recorded, Store};
use serde::Serialize;
use serialtrail_records::Micros;
use serialtrail_runtime::metrics;
use serialtrail_warehouse::rows::ForecastVersionRow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Longest time a pass may take. Without an end, a ClickHouse that says nothing would hold every later
/// pass as well.
const LONGEST: Duration = Duration::from_secs(3600);

/// Statuses of a series.
const STATUSES: [&str; 3] = ["ok", "too_short", "empty"];

/// Why a pass came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// Nothing has landed yet, as far as anybody says.
    #[error("nothing is known to have landed yet: {0}")]
    NoStreamTime(String),
    /// ClickHouse.
    #[error("ClickHouse: {0}")]
    Warehouse(#[from] clickhouse::error::Error),
    /// Kafka, the schema registry, or the process itself.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// What a pass is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its time has come: a version waits for `version_every_minutes`.
    Timer,
    /// Somebody asked: a version is made if anything changed.
    Asked,
}

/// What a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version that holds now; none before the first complete day with demand.
    pub version: Option<String>,
    /// Whether this pass made it.
    pub created: bool,
    /// Whether it had been made before, and data came back to it with this pass.
    pub confirmed: bool,
    /// Whether data has changed since and the next version waits for `version_every_minutes`.
    pub held_back: bool,
    /// Last day whose demand it uses, ISO date.
    pub data_cutoff: Option<String>,
    /// Stream time up to which all reads had landed, microseconds since 1970.
    #[serde(serialize_with = "time")]
    pub as_of: Micros,
    /// Days touched since the last pass and computed anew.
    pub days_recomputed: usize,
    /// Of them, days whose row changed.
    pub days_changed: usize,
    /// Days that became complete.
    pub days_closed: usize,
    /// Series of the version.
    pub series: u32,
    /// With a forecast.
    pub series_ok: u32,
    /// With too few days.
    pub series_too_short: u32,
    /// Without demand.
    pub series_empty: u32,
}

fn time<S: serde::Serializer>(micros: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    let time = chrono::DateTime::from_timestamp_micros(*micros).unwrap_or_default();
    serializer.serialize_str(&time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

/// When a version is made.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Last day used.
    cutoff: Day,
    /// Stream time up to which all reads had landed.
    as_of: Micros,
    /// Wall clock.
    now: Micros,
    /// Wall clock, and after every version before.
    confirmed_at: Micros,
}

/// Makes passes. The caller makes one at a time.
pub struct Passes {
    store: Store,
    publisher: Box<dyn Publish>,
    config: ForecastConfig,
    model: ModelConfig,
    settings: String,
    /// The version whose records are known to be the last ones of the topic.
    out: Mutex<Option<String>>,
    /// The latest stream time a pass was told.
    known: Mutex<Option<Micros>>,
}

impl Passes {
    /// Over a database and a place to publish to.
    ///
    /// # Errors
    /// The configuration cannot be written as JSON.
    pub fn new(
        store: Store,
        publisher: Box<dyn Publish>,
        config: ForecastConfig,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            store,
            publisher,
            model: model_config(&config),
            settings: settings(&config)?,
            config,
            out: Mutex::new(None),
            known: Mutex::new(None),
        })
    }

    /// One pass. `landed` is the stream time the sink has stored up to, or why nobody knows it;
    /// `now` the wall clock, which dates versions and keeps them apart.
    ///
    /// # Errors
    /// See [`PassError`]; what was done stays, and the next pass goes on.
    pub async fn run(
        &self,
        landed: anyhow::Result<Micros>,
        now: Micros,
        cause: Cause,
    ) -> Result<Report, PassError> {
        let begun = Instant::now();
        let result = match tokio::time::timeout(LONGEST, self.pass(landed, now, cause)).await {
            Ok(result) => result,
            Err(_) => Err(anyhow::anyhow!("not done within {LONGEST:?}; it is begun anew").into()),
        };
        let outcome = match &result {
            Ok(report) if report.created || report.confirmed => "version",
            Ok(_) => "nothing_new",
            Err(_) => "failed",
        };
        metrics::counter(&metrics::FORECAST_PASSES)
            .with_label_values(&[outcome])
            .inc();
        metrics::histogram(&metrics::FORECAST_PASS_SECONDS)
            .with_label_values::<&str>(&[])
            .observe(begun.elapsed().as_secs_f64());
        if let Ok(report) = &result {
            let counts = [
                report.series_ok,
                report.series_too_short,
                report.series_empty,
            ];
            for (status, count) in STATUSES.iter().zip(counts) {
                metrics::gauge(&metrics::FORECAST_SERIES)
                    .with_label_values(&[status])
                    .set(count.into());
            }
        }
        result
    }

    async fn pass(
        &self,
        landed: anyhow::Result<Micros>,
        now: Micros,
        cause: Cause,
    ) -> Result<Report, PassError> {
        let as_of = self.as_of(landed).await?;
        let recorded = Recorded {
            as_of,
            cutoff: day::last_complete(as_of, self.config.complete_after_hours),
        };
        let mut report = Report {
            version: None,
            created: false,
            confirmed: false,
            held_back: false,
            data_cutoff: recorded.cutoff.map(iso),
            as_of,
            days_recomputed: 0,
            days_changed: 0,
            days_closed: 0,
            series: 0,
            series_ok: 0,
            series_too_short: 0,
            series_empty: 0,
        };
        self.recompute(recorded, &mut report).await?;
        report.days_closed = self.store.close_days(recorded).await?;
        if let Some(cutoff) = recorded.cutoff {
            self.forecast(cutoff, now, cause, &mut report).await?;
        }
        Ok(report)
    }

    /// What had landed once has landed for good: the sink's word, or the last one known or
    /// stored. It never goes back.
    async fn as_of(&self, landed: anyhow::Result<Micros>) -> Result<Micros, PassError> {
        let stored = self.store.latest_as_of().await?;
        let (told, why) = match landed {
            Ok(time) => (Some(time), String::new()),
            Err(error) => (None, format!("{error:#}")),
        };
        if told.is_none() {
            tracing::warn!(why, "going on with the last stream time known");
        }
        let mut known = self.known.lock().await;
        *known = told.max(stored).max(*known);
        known.ok_or(PassError::NoStreamTime(why))
    }

    async fn recompute(&self, recorded: Recorded, report: &mut Report) -> Result<(), PassError> {
        let rule = self.config.one_sale();
        let ends = self.store.ends().await?;
        let progress = self.store.progress(rule).await?;
        if ends == progress {
            return Ok(());
        }
        for (gtin, slots) in self.store.touched(rule, &progress).await? {
            let days = self.store.demand(&gtin, &slots, rule).await?;
            let change = self.store.record(&gtin, &days, recorded).await?;
            report.days_recomputed += days.len();
            report.days_changed += change.written;
            metrics::counter(&metrics::DEMAND_DAYS)
                .with_label_values::<&str>(&[])
                .inc_by(days.len() as u64);
        }
        let moved: Vec<_> = ends
            .into_iter()
            .filter(|end| !progress.contains(end))
            .collect();
        Ok(self.store.advance(&moved, rule).await?)
    }

    async fn forecast(
        &self,
        cutoff: Day,
        now: Micros,
        cause: Cause,
        report: &mut Report,
    ) -> Result<(), PassError> {
        let mut gathered = Gathered::new(cutoff, &self.settings);
        let wanted = |gtin: &str, country: &str| self.config.wants(gtin, country);
        self.store
            .each_day(cutoff, |row| {
                if wanted(&row.gtin, &row.country) {
                    gathered.take(&row);
                }
            })
            .await?;
        if gathered.series.is_empty() {
            return Ok(());
        }
        let version = gathered.version();
        let latest = self.store.latest_version().await?;
        let row = match latest {
            Some(latest) if latest.version == version && self.is_out(&version).await? => latest,
            Some(latest) if cause == Cause::Timer && self.waits(&latest, &version, cutoff, now) => {
                report.held_back = true;
                latest
            }
            latest => {
                let there = self.store.version(&version).await?;
                report.created = there.is_none();
                report.confirmed = there.is_some();
                // Later than the last one, whatever the clock says.
                let after = latest.map_or(now, |latest| now.max(latest.confirmed_at + 1));
                let moment = Moment {
                    cutoff,
                    as_of: report.as_of,
                    now,
                    confirmed_at: after,
                };
                self.make(&version, there, gathered.series, moment).await?
            }
        };
        report.version = Some(row.version);
        report.series = row.series;
        report.series_ok = row.series_ok;
        report.series_too_short = row.series_too_short;
        report.series_empty = row.series_empty;
        Ok(())
    }

    /// Whether another version than the latest has to wait. It does not for a new last day or another
    /// configuration, nor where the clock was set back.
    fn waits(&self, latest: &ForecastVersionRow, version: &str, cutoff: Day, now: Micros) -> bool {
        let every = i64::from(self.config.version_every_minutes) * MINUTE;
        latest.version != version
            && latest.data_cutoff == cutoff
            && latest.configuration == self.settings
            && (0..every).contains(&(now - latest.confirmed_at))
    }

    /// Whether the records of the latest version are the last ones of the topic. They are not when a pass
    /// was cut short after it published another version. Kafka is asked once a process, and after a
    /// version came to nothing.
    async fn is_out(&self, version: &str) -> Result<bool, PassError> {
        let mut out = self.out.lock().await;
        if out.as_deref() != Some(version) && self.publisher.published(version).await?.is_some() {
            *out = Some(version.to_owned());
        }
        Ok(out.as_deref() == Some(version))
    }

    /// Makes a version, or makes the one that is `there` the latest again: the same rows once more, and its
    /// records behind those of the version that held in between.
    async fn make(
        &self,
        version: &str,
        there: Option<ForecastVersionRow>,
        series: Vec<Series>,
        moment: Moment,
    ) -> Result<ForecastVersionRow, PassError> {
        let cutoff = moment.cutoff;
        let model = self.model.clone();
        let outlooks = tokio::task::spawn_blocking(move || {
            let outlooks = outlooks(&series, cutoff, &model);
            (series, outlooks)
        });
        let (series, outlooks) = outlooks.await.map_err(anyhow::Error::from)?;
        let made: Vec<(Series, Outlook)> = series.into_iter().zip(outlooks).collect();
        let making = Making {
            version,
            cutoff,
            levels: &self.config.quantile_levels,
        };
        let rows: Vec<_> = made.iter().map(|(s, o)| making.series_row(s, o)).collect();
        let days: Vec<_> = made
            .iter()
            .flat_map(|(s, o)| making.day_rows(s, o))
            .collect();
        self.store.store_series(&rows, &days).await?;

        let mut out = self.out.lock().await;
        *out = None;
        let made_at = there.as_ref().map(|there| there.created_at);
        let created_at = match self.publisher.published(version).await? {
            Some(created_at) => made_at.unwrap_or(created_at),
            None => {
                let created_at = made_at.unwrap_or(moment.now);
                let records: Vec<Keyed> = made
                    .iter()
                    .map(|(s, o)| making.record(s, o, created_at))
                    .collect();
                self.publisher.publish(version, created_at, records).await?;
                created_at
            }
        };
        *out = Some(version.to_owned());
        let with = |status: &str| rows.iter().filter(|row| row.status == status).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let row = ForecastVersionRow {
            version: version.to_owned(),
            data_cutoff: cutoff,
            as_of: there.map_or(moment.as_of, |there| there.as_of),
            created_at,
            confirmed_at: moment.confirmed_at,
            horizon_days: self.config.horizon_days,
            quantile_levels: self.config.quantile_levels.clone(),
            configuration: self.settings.clone(),
            series: count(rows.len()),
            series_ok: count(with("ok")),
            series_too_short: count(with("too_short")),
            series_empty: count(with("empty")),
        };
        self.store.store_version(&row).await?;
        tracing::info!(
            version,
            series = row.series,
            ok = row.series_ok,
            "forecast made"
        );
        Ok(row)
    }
}

/// The outlook of every series, in order, on all processors.
fn outlooks(series: &[Series], cutoff: Day, model: &ModelConfig) -> Vec<Outlook> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = series.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = series
            .chunks(share)
            .map(|part| {
                scope.spawn(move || -> Vec<Outlook> {
                    part.iter().map(|s| Outlook::of(s, cutoff, model)).collect()
                })
            })
            .collect();
        let joined = parts.into_iter().flat_map(|part| match part.join() {
            Ok(outlooks) => outlooks,
            // A fit's panic is caught where it is made; any other is a defect, and the pass's own.
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    })
}

/// Shared by the timer and `POST /v1/run`.
pub type Shared = Arc<Passes>;
