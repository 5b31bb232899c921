//! Versions of the forecast. A version is there when its row is in `forecast_versions`.

use super::{Result, Store};
use clickhouse::query::Query;
use serialtrail_warehouse::rows::{ForecastRow, ForecastSeriesRow, ForecastVersionRow};
use serialtrail_warehouse::tables;

impl Store {
    /// The row of a version, if the version is there.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn version(&self, version: &str) -> Result<Option<ForecastVersionRow>> {
        let query = self.versions("WHERE version = {version:String}");
        let query = query.param("version", version);
        query.fetch_optional::<ForecastVersionRow>().await
    }

    /// The version that holds: the one confirmed last.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn latest_version(&self) -> Result<Option<ForecastVersionRow>> {
        let query = self.versions("ORDER BY confirmed_at DESC, version DESC LIMIT 1");
        query.fetch_optional::<ForecastVersionRow>().await
    }

    fn versions(&self, which: &str) -> Query {
        self.query(&format!(
            "SELECT version, data_cutoff, as_of, created_at, confirmed_at, horizon_days, quantile_levels, \
             configuration, series, series_ok, series_too_short, series_empty \
             FROM forecast_versions FINAL {which}"
        ))
    }

    /// Stores the series and days of a version. Repeating it changes nothing.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn store_series(
        &self,
        series: &[ForecastSeriesRow],
        days: &[ForecastRow],
    ) -> Result<()> {
        self.insert(tables::FORECAST_SERIES, series).await?;
        self.insert(tables::FORECASTS, days).await
    }

    /// Makes a version be there, or be the latest again.
    ///
    /// # Errors
    /// ClickHouse could not be reached or refused.
    pub async fn store_version(&self, row: &ForecastVersionRow) -> Result<()> {
        self.insert(tables::FORECAST_VERSIONS, std::slice::from_ref(row))
            .await
    }
}
