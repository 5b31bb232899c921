//! Days to series: what a version is made of, and the digest that names it.

use crate::config::ForecastConfig;
use crate::day::{Day, iso};
use crate::model::{self, Forecast, MODEL, ModelConfig};
use serialtrail_records::{DemandForecast, ForecastBacktest, ForecastPoint, Micros};
use serialtrail_warehouse::rows::{DailyDemandRow, ForecastRow, ForecastSeriesRow};
use sha2::{Digest, Sha256};

/// Demand of one product in one market, without gaps up to the cutoff.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// GTIN-14.
    pub gtin: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Unit of measure; empty = units.
    pub uom: String,
    /// First day something was sold or came back; `None` when nothing was.
    pub first_day: Option<Day>,
    /// Demand of each day from the first to the cutoff. A day without reads is 0.
    pub demand: Vec<f64>,
}

/// All series up to a cutoff, gathered from rows ordered by series and day.
#[derive(Debug)]
pub struct Gathered {
    cutoff: Day,
    hash: Sha256,
    /// The series, in the order of their rows.
    pub series: Vec<Series>,
}

impl Gathered {
    /// Nothing yet. `settings` is what decides numbers beside the data.
    #[must_use]
    pub fn new(cutoff: Day, settings: &str) -> Self {
        Self {
            cutoff,
            hash: Sha256::new_with_prefix(format!("model {MODEL}\n{settings}\n")),
            series: Vec::new(),
        }
    }

    /// Takes the next row; one after the cutoff says nothing.
    pub fn take(&mut self, row: &DailyDemandRow) {
        if row.day > self.cutoff {
            return;
        }
        // A day whose demand was taken back is as if it never had any: whether there is a row of it depends
        // on when passes ran, the version must not.
        let something = row.sold != 0.0 || row.returned != 0.0 || row.repeated != 0.0;
        if something {
            self.hash.update(format!(
                "{}\t{}\t{}\t{}\t{:?}\t{:?}\t{:?}\n",
                row.gtin, row.country, row.uom, row.day, row.sold, row.returned, row.repeated
            ));
        }
        let same = |s: &Series| s.gtin == row.gtin && s.country == row.country && s.uom == row.uom;
        if !self.series.last().is_some_and(same) {
            self.series.push(Series {
                gtin: row.gtin.clone(),
                country: row.country.clone(),
                uom: row.uom.clone(),
                first_day: None,
                demand: Vec::new(),
            });
        }
        let Some(series) = self.series.last_mut() else {
            return;
        };
        if something && series.first_day.is_none() {
            series.first_day = Some(row.day);
            series.demand = vec![0.0; usize::from(self.cutoff - row.day) + 1];
        }
        if let Some(first) = series.first_day {
            series.demand[usize::from(row.day - first)] = row.demand;
        }
    }

    /// Name of the version: the cutoff, and eight digits of the hash of settings and data.
    #[must_use]
    pub fn version(&self) -> String {
        let hash = hex::encode(self.hash.clone().finalize());
        format!("{}-{}", iso(self.cutoff), &hash[..8])
    }
}

/// What decides numbers beside the data, as JSON: the configuration without what only decides when.
///
/// # Errors
/// It cannot be written as JSON.
pub fn settings(config: &ForecastConfig) -> anyhow::Result<String> {
    let mut value = serde_json::to_value(config)?;
    if let Some(map) = value.as_object_mut() {
        map.remove("refresh_seconds");
        map.remove("version_every_minutes");
    }
    Ok(value.to_string())
}

/// How the model is asked.
#[must_use]
pub fn model_config(config: &ForecastConfig) -> ModelConfig {
    ModelConfig {
        horizon: config.horizon_days.into(),
        season: config.season_days.into(),
        levels: config.quantile_levels.clone(),
        min_length: config.min_days.into(),
        windows: config.backtest.windows.into(),
        step: config.backtest.step_days.into(),
    }
}

/// What is expected of a series, or why nothing is.
#[derive(Debug, Clone, PartialEq)]
pub enum Outlook {
    /// A forecast.
    Ok(Box<Forecast>),
    /// Too few days, in words for a person.
    TooShort(String),
    /// No demand at all, in words for a person.
    Empty(String),
}

impl Outlook {
    /// Of one series.
    #[must_use]
    pub fn of(series: &Series, cutoff: Day, config: &ModelConfig) -> Self {
        let Some(first) = series.first_day else {
            let until = iso(cutoff);
            return Self::Empty(format!(
                "no demand up to {until}: what there was has been taken back"
            ));
        };
        match model::forecast(&series.demand, config) {
            Ok(forecast) => Self::Ok(Box::new(forecast)),
            Err(short) => {
                Self::TooShort(format!("{short} (from {} to {})", iso(first), iso(cutoff)))
            }
        }
    }

    /// `ok`, `too_short` or `empty`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::TooShort(_) => "too_short",
            Self::Empty(_) => "empty",
        }
    }

    fn message(&self) -> Option<&str> {
        match self {
            Self::Ok(_) => None,
            Self::TooShort(message) | Self::Empty(message) => Some(message),
        }
    }

    fn forecast(&self) -> Option<&Forecast> {
        match self {
            Self::Ok(forecast) => Some(forecast),
            _ => None,
        }
    }
}

/// A version that is being made.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    /// Its name.
    pub version: &'a str,
    /// Last day whose demand was used.
    pub cutoff: Day,
    /// Levels of the quantiles.
    pub levels: &'a [f64],
}

impl Making<'_> {
    /// Row of `forecast_series`.
    #[must_use]
    pub fn series_row(&self, series: &Series, outlook: &Outlook) -> ForecastSeriesRow {
        let forecast = outlook.forecast();
        let backtest = forecast.and_then(|f| f.backtest);
        ForecastSeriesRow {
            version: self.version.to_owned(),
            gtin: series.gtin.clone(),
            country: series.country.clone(),
            uom: series.uom.clone(),
            status: outlook.status().to_owned(),
            message: outlook.message().unwrap_or_default().to_owned(),
            method: forecast.map_or("", |f| f.method).to_owned(),
            season_days: forecast.map_or(1, |f| narrow(f.season)),
            days_used: u32::try_from(series.demand.len()).unwrap_or(u32::MAX),
            first_day: series.first_day,
            windows: backtest.map_or(0, |b| narrow(b.windows)),
            days_compared: backtest.map_or(0, |b| u32::try_from(b.days).unwrap_or(u32::MAX)),
            wape: backtest.and_then(|b| b.wape),
            mase: backtest.and_then(|b| b.mase),
            bias: backtest.and_then(|b| b.bias),
            coverage: backtest.and_then(|b| b.coverage),
        }
    }

    /// Rows of `forecasts`, one a day ahead.
    pub fn day_rows(
        &self,
        series: &Series,
        outlook: &Outlook,
    ) -> impl Iterator<Item = ForecastRow> {
        let points = outlook.forecast().map_or(&[][..], |f| &f.points);
        (1_u16..).zip(points).map(|(ahead, point)| ForecastRow {
            version: self.version.to_owned(),
            gtin: series.gtin.clone(),
            country: series.country.clone(),
            uom: series.uom.clone(),
            day: self.cutoff.saturating_add(ahead),
            days_ahead: ahead,
            mean: point.mean,
            quantiles: point.quantiles.clone(),
        })
    }

    /// Key and record of topic `demand-forecasts`.
    #[must_use]
    pub fn record(
        &self,
        series: &Series,
        outlook: &Outlook,
        created_at: Micros,
    ) -> (String, DemandForecast) {
        let row = self.series_row(series, outlook);
        let whole = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let points = self.day_rows(series, outlook).map(|point| ForecastPoint {
            day: iso(point.day),
            mean: point.mean,
            quantiles: point.quantiles,
        });
        let mut key = format!("{}/{}", row.gtin, row.country);
        if !row.uom.is_empty() {
            key = format!("{key}/{}", row.uom);
        }
        let record = DemandForecast {
            forecast_version: row.version,
            gtin: row.gtin,
            country: row.country,
            uom: Some(row.uom).filter(|uom| !uom.is_empty()),
            data_cutoff: iso(self.cutoff),
            created_at,
            status: row.status,
            message: Some(row.message).filter(|message| !message.is_empty()),
            method: row.method,
            season_days: i32::from(row.season_days),
            days_used: whole(row.days_used),
            quantile_levels: self.levels.to_vec(),
            points: points.collect(),
            backtest: (row.windows > 0).then(|| ForecastBacktest {
                windows: i32::from(row.windows),
                days: whole(row.days_compared),
                wape: row.wape,
                mase: row.mase,
                bias: row.bias,
                coverage: row.coverage,
            }),
        };
        (key, record)
    }
}

fn narrow(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(gtin: &str, day: Day, sold: f64) -> DailyDemandRow {
        DailyDemandRow {
            gtin: gtin.into(),
            country: "DE".into(),
            uom: String::new(),
            day,
            demand: sold,
            sold,
            returned: 0.0,
            repeated: 0.0,
            complete: true,
            as_of: i64::from(day),
            revision: u64::from(day),
        }
    }

    fn gathered(rows: &[DailyDemandRow]) -> Gathered {
        let mut gathered = Gathered::new(105, "{}");
        rows.iter().for_each(|row| gathered.take(row));
        gathered
    }

    #[test]
    fn days_without_reads_are_zero_from_the_first_sale_to_the_cutoff() {
        let rows = [
            row("a", 99, 0.0),
            row("a", 100, 2.0),
            row("a", 103, 5.0),
            row("a", 106, 9.0),
            row("b", 101, 0.0),
        ];
        let series = gathered(&rows).series;
        assert_eq!(series[0].first_day, Some(100));
        assert_eq!(series[0].demand, [2.0, 0.0, 0.0, 5.0, 0.0, 0.0]);
        assert_eq!((series[1].first_day, series[1].demand.len()), (None, 0));
    }

    #[test]
    fn a_day_whose_demand_was_taken_back_names_no_other_version() {
        let sold = row("a", 100, 2.0);
        let version = gathered(std::slice::from_ref(&sold)).version();
        let taken_back = [sold.clone(), row("a", 102, 0.0), row("b", 101, 0.0)];
        assert_eq!(gathered(&taken_back).version(), version);
        let repeated = DailyDemandRow {
            repeated: 1.0,
            ..row("a", 102, 1.0)
        };
        assert_ne!(gathered(&[sold, repeated]).version(), version);
    }

    #[test]
    fn a_version_is_named_by_what_decides_its_numbers_and_nothing_else() {
        let version = |rows: &[DailyDemandRow]| gathered(rows).version();
        let first = version(&[row("a", 100, 2.0)]);
        assert!(
            first.starts_with("1970-04-16-") && first.len() == 19,
            "{first}"
        );
        let later = DailyDemandRow {
            as_of: 77,
            revision: 9,
            ..row("a", 100, 2.0)
        };
        assert_eq!(version(&[later, row("a", 106, 1.0)]), first);
        assert_ne!(version(&[row("a", 100, 3.0)]), first);
        assert_ne!(version(&[row("a", 101, 2.0)]), first);
        let mut other = Gathered::new(105, "{\"horizon\":1}");
        other.take(&row("a", 100, 2.0));
        assert_ne!(other.version(), first);
    }

    #[test]
    fn a_series_without_points_says_why() {
        let config = ModelConfig {
            horizon: 3,
            season: 7,
            levels: vec![0.5],
            min_length: 21,
            windows: 2,
            step: 7,
        };
        let series = gathered(&[row("a", 100, 2.0), row("b", 101, 0.0)]).series;
        let making = Making {
            version: "v",
            cutoff: 105,
            levels: &[0.5],
        };
        let short = Outlook::of(&series[0], 105, &config);
        let (key, record) = making.record(&series[0], &short, 7);
        assert_eq!(
            (key.as_str(), record.status.as_str()),
            ("a/DE", "too_short")
        );
        assert_eq!(
            record.message.as_deref(),
            Some("6 days of demand, at least 21 are needed (from 1970-04-11 to 1970-04-16)")
        );
        assert!(record.points.is_empty() && record.backtest.is_none());
        let empty = making.series_row(&series[1], &Outlook::of(&series[1], 105, &config));
        assert_eq!((empty.status.as_str(), empty.days_used), ("empty", 0));
        assert!(empty.message.contains("no demand up to 1970-04-16"));
    }
}
