//! The model, behind one function: a series in, days ahead with quantiles and an honest error out.
//!
//! Several methods are tried ([`methods`]). A rolling backtest fits each at earlier origins; at every
//! origin the method is chosen, and quantiles are calibrated, only from errors on days that were known
//! then. What is reported as the backtest is the error of this whole procedure on the days after: never
//! of a method chosen in hindsight.
//!
//! | module | subject |
//! |---|---|
//! | [`methods`] | point forecasts: a series in, a path out |
//! | [`quantiles`] | from errors to quantiles |
//! | [`backtest`] | origins, errors, WAPE, MASE, bias, coverage |

pub mod backtest;
pub mod methods;
pub mod quantiles;

use backtest::{Backtest, Compared, Errors, measure, origins};

/// Version of what is written in this module. Raise it with every change of numbers: it is part of a
/// forecast's version.
pub const MODEL: u32 = 2;

/// How to forecast. Lengths are steps of the series (days).
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Steps ahead.
    pub horizon: usize,
    /// Length of a season; 1 = none.
    pub season: usize,
    /// Quantile levels, rising, between 0 and 1.
    pub levels: Vec<f64>,
    /// Fewest steps a series must have.
    pub min_length: usize,
    /// Most origins of the backtest.
    pub windows: usize,
    /// Steps between two origins.
    pub step: usize,
}

/// A forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Method that made the points.
    pub method: &'static str,
    /// Season it used; 1 = none.
    pub season: usize,
    /// One a step ahead.
    pub points: Vec<Point>,
    /// `None` when the series is too short for one origin.
    pub backtest: Option<Backtest>,
}

/// One step ahead.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Expected value, never below 0.
    pub mean: f64,
    /// One a level, rising, never below 0.
    pub quantiles: Vec<f64>,
}

/// A series with fewer steps than configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{length} days of demand, at least {needed} are needed")]
pub struct TooShort {
    /// Steps it has.
    pub length: usize,
    /// Steps it needs.
    pub needed: usize,
}

/// Forecasts a series. Equal inputs give an equal forecast. A value that is not a number counts as 0.
///
/// # Errors
/// The series has fewer steps than `min_length`.
pub fn forecast(series: &[f64], config: &ModelConfig) -> Result<Forecast, TooShort> {
    let needed = config.min_length.max(1);
    if series.len() < needed {
        return Err(TooShort {
            length: series.len(),
            needed,
        });
    }
    let finite = |value: &f64| if value.is_finite() { *value } else { 0.0 };
    let series: Vec<f64> = series.iter().map(finite).collect();
    let origins = origins(series.len(), config);
    let methods = methods::suited(&series, config.season);
    let errors = Errors::of_all(&methods, &series, &origins, config);
    let compared: Vec<Compared> = origins
        .iter()
        .enumerate()
        .map(|(window, origin)| {
            let best = choose(&errors, *origin);
            let path = &errors[best].paths[window];
            let points = banded(path, &errors[best], &series[..*origin], config);
            Compared {
                actual: series[*origin..*origin + points.len()].to_vec(),
                points,
            }
        })
        .collect();
    let best = choose(&errors, series.len());
    let path = &methods::paths(&methods, &series, config.season, config.horizon)[best];
    Ok(Forecast {
        method: methods[best].name(),
        season: if methods[best].is_seasonal() {
            config.season
        } else {
            1
        },
        points: banded(path, &errors[best], &series, config),
        backtest: measure(&series, config.season, &compared),
    })
}

/// The method with the least absolute error on what was known at `now`; the first one where nothing was.
fn choose(errors: &[Errors], now: usize) -> usize {
    let mut best = (0, f64::INFINITY);
    for (at, error) in errors.iter().enumerate() {
        let mean = error.mean_absolute(now);
        if let Some(mean) = mean
            && mean < best.1
        {
            best = (at, mean);
        }
    }
    best.0
}

/// Quantiles around a path, from the errors that were known when `history` ended.
fn banded(path: &[f64], errors: &Errors, history: &[f64], config: &ModelConfig) -> Vec<Point> {
    let pools = errors.pools(history.len(), config.horizon);
    path.iter()
        .enumerate()
        .map(|(step, mean)| {
            let pool = quantiles::pool(&pools, step, history, config.season);
            let pool = quantiles::widened(pool, errors.independent(history.len(), step));
            Point {
                mean: mean.max(0.0),
                quantiles: quantiles::around(*mean, &pool, &config.levels),
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "model/tests.rs"]
mod tests;
