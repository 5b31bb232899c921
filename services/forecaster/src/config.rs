//! `forecast.toml`: what is forecast, how far, with which season and quantiles.

use crate::demand::OneSale;
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The whole file. What each key means: `deploy/local/forecast.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ForecastConfig {
    pub refresh_seconds: u32,
    pub version_every_minutes: u32,
    pub complete_after_hours: u32,
    pub horizon_days: u16,
    pub season_days: u16,
    pub quantile_levels: Vec<f64>,
    pub min_days: u16,
    pub backtest: BacktestConfig,
    #[serde(default)]
    pub only: Only,
    pub one_sale: OneSaleConfig,
}

/// `[backtest]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct BacktestConfig {
    pub windows: u16,
    pub step_days: u16,
}

/// `[only]`: what is forecast; an empty list is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Only {
    pub gtins: Vec<String>,
    pub countries: Vec<String>,
}

/// `[one_sale]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OneSaleConfig {
    pub same_scan_minutes: u32,
    pub one_sale_hours: u32,
}

impl ForecastConfig {
    /// Reads and validates the file.
    ///
    /// # Errors
    /// It cannot be read, a key is unknown or missing, or a value is not what its key expects.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let context = || format!("forecast file {}", file.display());
        let text = std::fs::read_to_string(file).with_context(context)?;
        Self::parse(&text).with_context(context)
    }

    /// Reads and validates TOML text.
    ///
    /// # Errors
    /// A key is unknown or missing, or a value is not what its key expects.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text)?;
        config.validate()?;
        Ok(config)
    }

    /// When several events are one sale.
    #[must_use]
    pub fn one_sale(&self) -> OneSale {
        OneSale {
            same_scan_minutes: self.one_sale.same_scan_minutes,
            one_sale_hours: self.one_sale.one_sale_hours,
        }
    }

    /// Whether a series is to be forecast. A place nobody knows has no country, and no market.
    #[must_use]
    pub fn wants(&self, gtin: &str, country: &str) -> bool {
        let listed =
            |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
        !country.is_empty()
            && listed(&self.only.gtins, gtin)
            && listed(&self.only.countries, country)
    }

    fn validate(&self) -> anyhow::Result<()> {
        let whole = |key: &str, value: u32, from: u32, to: u32| {
            ensure!(
                (from..=to).contains(&value),
                "{key} = {value}: expected {from} to {to}"
            );
            Ok(())
        };
        whole("refresh_seconds", self.refresh_seconds, 1, 86_400)?;
        let minutes = self.version_every_minutes;
        whole("version_every_minutes", minutes, 0, 10_080)?;
        whole("complete_after_hours", self.complete_after_hours, 0, 8760)?;
        whole("horizon_days", self.horizon_days.into(), 1, 730)?;
        whole("season_days", self.season_days.into(), 1, 366)?;
        whole("min_days", self.min_days.into(), 4, 3650)?;
        whole("backtest.windows", self.backtest.windows.into(), 0, 200)?;
        whole("backtest.step_days", self.backtest.step_days.into(), 1, 366)?;
        let one_sale = self.one_sale;
        whole(
            "one_sale.same_scan_minutes",
            one_sale.same_scan_minutes,
            0,
            1440,
        )?;
        whole("one_sale.one_sale_hours", one_sale.one_sale_hours, 0, 8760)?;
        let levels = &self.quantile_levels;
        let inside = levels.iter().all(|level| *level > 0.0 && *level < 1.0);
        let rising = levels.windows(2).all(|pair| pair[0] < pair[1]);
        ensure!(
            (1..=99).contains(&levels.len()) && inside && rising,
            "quantile_levels = {levels:?}: expected 1 to 99 rising numbers between 0 and 1"
        );
        // A point takes its day, its mean and 8 bytes a quantile.
        let bytes = usize::from(self.horizon_days) * (22 + 8 * levels.len());
        ensure!(
            bytes <= 250_000,
            "horizon_days = {} with {} quantile_levels: expected less of either, a record takes {bytes} \
             bytes and must not exceed 250000",
            self.horizon_days,
            levels.len()
        );
        for gtin in &self.only.gtins {
            ensure!(
                gtin.len() == 14 && gtin.bytes().all(|b| b.is_ascii_digit()),
                "only.gtins = \"{gtin}\": expected a GTIN of 14 digits"
            );
        }
        for country in &self.only.countries {
            ensure!(
                country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()),
                "only.countries = \"{country}\": expected an ISO 3166-1 alpha-2 code"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../deploy/local/forecast.toml");

    #[test]
    fn the_file_of_the_local_deployment_is_valid_and_forecasts_everything() {
        let config = ForecastConfig::parse(FILE).unwrap();
        assert!(config.wants("09521000000018", "DE"));
        assert!(!config.wants("09521000000018", ""));
    }

    #[test]
    fn a_limit_leaves_the_rest_out() {
        let text = format!("{FILE}\n[only]\ngtins = [\"09521000000018\"]\ncountries = [\"DE\"]\n");
        let config = ForecastConfig::parse(&text).unwrap();
        assert!(config.wants("09521000000018", "DE"));
        assert!(!config.wants("09521000000018", "FR") && !config.wants("09521000000025", "DE"));
    }

    #[test]
    fn a_record_larger_than_a_topic_takes_is_refused_before_it_is_made() {
        let levels: Vec<f64> = (1..100).map(|n| f64::from(n) / 100.0).collect();
        let mut config = ForecastConfig::parse(FILE).unwrap();
        config.quantile_levels = levels;
        config.horizon_days = 300;
        config.validate().unwrap();
        config.horizon_days = 400;
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.contains("horizon_days = 400 with 99 quantile_levels"),
            "{error}"
        );
    }

    #[test]
    fn an_error_names_the_key_the_value_and_what_was_expected() {
        let cases = [
            (
                "refresh_seconds = 60",
                "refresh_seconds = 0",
                "refresh_seconds = 0: expected 1 to 86400",
            ),
            (
                "version_every_minutes = 60",
                "version_every_minutes = 20000",
                "version_every_minutes = 20000: expected 0 to 10080",
            ),
            (
                "horizon_days = 28",
                "horizon_days = 1000",
                "horizon_days = 1000: expected 1 to 730",
            ),
            (
                "season_days = 7",
                "season_days = 0",
                "season_days = 0: expected 1 to 366",
            ),
            (
                "min_days = 21",
                "min_days = 1",
                "min_days = 1: expected 4 to 3650",
            ),
            (
                "step_days = 7",
                "step_days = 0",
                "backtest.step_days = 0: expected 1 to 366",
            ),
            (
                "quantile_levels = [0.05, 0.25, 0.5, 0.75, 0.95]",
                "quantile_levels = [0.5, 0.1]",
                "quantile_levels = [0.5, 0.1]: expected 1 to 99 rising numbers between 0 and 1",
            ),
            (
                "horizon_days = 28",
                "horizon = 28",
                "unknown field `horizon`",
            ),
            (
                "[one_sale]",
                "[only]\ncountries = [\"Germany\"]\n[one_sale]",
                "only.countries = \"Germany\"",
            ),
            (
                "[one_sale]",
                "[only]\ngtins = [\"1\"]\n[one_sale]",
                "only.gtins = \"1\"",
            ),
        ];
        for (from, to, expected) in cases {
            assert!(FILE.contains(from), "{from}");
            let error = ForecastConfig::parse(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{to}: {error}");
        }
    }
}
