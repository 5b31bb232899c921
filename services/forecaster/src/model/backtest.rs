//! The rolling backtest: earlier origins, the errors known at each, and what they amount to.

use super::methods::{Method, paths};
use super::{ModelConfig, Point};

/// How well the procedure would have forecast days that are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backtest {
    /// Origins.
    pub windows: usize,
    /// Days compared over all windows.
    pub days: usize,
    /// Sum of absolute errors / sum of demand; `None` without demand.
    pub wape: Option<f64>,
    /// Mean absolute error / that of the seasonal naive forecast in sample; `None` where that is 0.
    pub mase: Option<f64>,
    /// Sum of (forecast - demand) / sum of demand; `None` without demand.
    pub bias: Option<f64>,
    /// Share of days between the lowest and the highest quantile, which were calibrated at the origin.
    pub coverage: Option<f64>,
}

/// One window: what was forecast, and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Forecast at the origin.
    pub points: Vec<Point>,
    /// What came; as long.
    pub actual: Vec<f64>,
}

/// Ends of the histories that are forecast from, rising. A window near the end compares fewer days than
/// the horizon.
#[must_use]
pub fn origins(length: usize, config: &ModelConfig) -> Vec<usize> {
    let shortest = (2 * config.season + 1).max(config.min_length / 2).max(8);
    let mut origins: Vec<usize> = (1..=config.windows)
        .map_while(|n| length.checked_sub(n * config.step.max(1)))
        .take_while(|origin| *origin >= shortest)
        .collect();
    origins.reverse();
    origins
}

/// What one method would have forecast at each origin, and its errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Errors {
    origins: Vec<usize>,
    /// One a window, up to the horizon or the end of the series.
    pub paths: Vec<Vec<f64>>,
    /// Actual - forecast.
    errors: Vec<Vec<f64>>,
}

impl Errors {
    /// Of each method, fitted at every origin.
    #[must_use]
    pub fn of_all(
        methods: &[Method],
        series: &[f64],
        origins: &[usize],
        config: &ModelConfig,
    ) -> Vec<Self> {
        let mut by_method: Vec<Vec<Vec<f64>>> = vec![Vec::new(); methods.len()];
        for origin in origins {
            let days = config.horizon.min(series.len() - origin);
            let made = paths(methods, &series[..*origin], config.season, days);
            for (of_method, path) in by_method.iter_mut().zip(made) {
                of_method.push(path);
            }
        }
        by_method
            .into_iter()
            .map(|paths| Self::new(series, origins, paths))
            .collect()
    }

    /// Errors of given paths, one an origin.
    #[must_use]
    pub fn new(series: &[f64], origins: &[usize], paths: Vec<Vec<f64>>) -> Self {
        let errors = origins
            .iter()
            .zip(&paths)
            .map(|(origin, path)| {
                let actual = &series[*origin..];
                // Demand is never forecast below 0.
                let error = |(actual, forecast): (&f64, &f64)| actual - forecast.max(0.0);
                actual.iter().zip(path).map(error).collect()
            })
            .collect();
        Self {
            origins: origins.to_vec(),
            paths,
            errors,
        }
    }

    /// Errors on days before `now`, by window.
    fn known(&self, now: usize) -> impl Iterator<Item = &[f64]> {
        self.origins
            .iter()
            .zip(&self.errors)
            .map(move |(origin, errors)| {
                let days = now.saturating_sub(*origin).min(errors.len());
                &errors[..days]
            })
    }

    /// Mean absolute error on days before `now`; `None` when there is none.
    #[must_use]
    pub fn mean_absolute(&self, now: usize) -> Option<f64> {
        let (mut sum, mut days) = (0.0, 0_usize);
        for errors in self.known(now) {
            sum += errors.iter().map(|error| error.abs()).sum::<f64>();
            days += errors.len();
        }
        (days > 0).then(|| sum / days as f64)
    }

    /// How many independent errors `step` + 1 steps ahead amount to at `now`: windows that overlap share
    /// most of what went wrong.
    #[must_use]
    pub fn independent(&self, now: usize, step: usize) -> f64 {
        let windows = self.origins.iter().filter(|origin| **origin + step < now);
        let span = now.saturating_sub(self.origins.first().copied().unwrap_or(now));
        (span as f64 / (step + 1) as f64).min(windows.count() as f64)
    }

    /// Errors on days before `now`, by steps ahead.
    #[must_use]
    pub fn pools(&self, now: usize, horizon: usize) -> Vec<Vec<f64>> {
        let mut pools = vec![Vec::new(); horizon];
        for errors in self.known(now) {
            for (pool, error) in pools.iter_mut().zip(errors) {
                pool.push(*error);
            }
        }
        pools
    }
}

/// What the windows amount to; `None` without any.
#[must_use]
pub fn measure(series: &[f64], season: usize, windows: &[Compared]) -> Option<Backtest> {
    let (mut days, mut inside) = (0_usize, 0_usize);
    let (mut absolute, mut signed, mut demand) = (0.0, 0.0, 0.0);
    for window in windows {
        for (point, actual) in window.points.iter().zip(&window.actual) {
            days += 1;
            absolute += (point.mean - actual).abs();
            signed += point.mean - actual;
            demand += actual;
            let low = point.quantiles.first().is_some_and(|low| actual >= low);
            let high = point.quantiles.last().is_some_and(|high| actual <= high);
            inside += usize::from(low && high);
        }
    }
    if days == 0 {
        return None;
    }
    let count = days as f64;
    let of_demand = |sum: f64| (demand > 0.0).then(|| sum / demand);
    Some(Backtest {
        windows: windows.len(),
        days,
        wape: of_demand(absolute),
        mase: naive_error(series, season).map(|naive| absolute / count / naive),
        bias: of_demand(signed),
        coverage: Some(inside as f64 / count),
    })
}

/// Mean absolute change from one season to the next; `None` where there is none.
#[must_use]
pub fn naive_error(series: &[f64], season: usize) -> Option<f64> {
    let season = season.max(1);
    let days = series.len().checked_sub(season).filter(|days| *days > 0)?;
    let changes = series.iter().skip(season).zip(series);
    let sum: f64 = changes
        .map(|(later, earlier)| (later - earlier).abs())
        .sum();
    (sum > 0.0).then(|| sum / days as f64)
}
