//! Point forecasts. Each method takes any finite series and gives a finite path: where a library cannot
//! fit (or panics on) a series, the seasonal naive forecast stands in.

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::{Fit, Predict};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Fewest steps a model is fitted to.
const MODEL_LENGTH: usize = 10;
/// Seasons a series must have for a seasonal decomposition.
const SEASONS: usize = 2;

/// A way to forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Mean of MSTL and exponential smoothing.
    Combined,
    /// Seasons by MSTL (Bandara, Hyndman, Bergmeir 2021), the rest by exponential smoothing.
    Mstl,
    /// The same on log(1 + x): seasons that grow with the level.
    MstlLog,
    /// Exponential smoothing, the form chosen by AICc (`augurs::ets::AutoETS`).
    Ets,
    /// What was one season before.
    SeasonalNaive,
    /// The mean of the last seasons.
    Mean,
    /// All values are equal.
    Constant,
}

/// Methods that suit a series, the one first that is used before any error is known.
#[must_use]
pub fn suited(series: &[f64], season: usize) -> Vec<Method> {
    if series.windows(2).all(|pair| pair[0] == pair[1]) {
        return vec![Method::Constant];
    }
    let simple = [Method::SeasonalNaive, Method::Mean];
    if series.len() < MODEL_LENGTH {
        return vec![Method::Mean];
    }
    let mut methods = Vec::new();
    if season > 1 && series.len() > SEASONS * season {
        methods.extend([Method::Combined, Method::Mstl]);
        if series.iter().all(|value| *value >= 0.0) {
            methods.push(Method::MstlLog);
        }
    }
    methods.push(Method::Ets);
    methods.extend(simple);
    methods
}

impl Method {
    /// Name in tables and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Combined => "mstl_ets_combined",
            Self::Mstl => "mstl_ets",
            Self::MstlLog => "mstl_ets_log",
            Self::Ets => "ets",
            Self::SeasonalNaive => "seasonal_naive",
            Self::Mean => "mean",
            Self::Constant => "constant",
        }
    }

    /// Whether it uses the season.
    #[must_use]
    pub const fn is_seasonal(self) -> bool {
        !matches!(self, Self::Ets | Self::Mean | Self::Constant)
    }

    /// The next `horizon` values. Equal inputs give equal paths.
    #[must_use]
    pub fn path(self, series: &[f64], season: usize, horizon: usize) -> Vec<f64> {
        let made = match self {
            Self::Combined => combined(series, season, horizon),
            Self::Mstl => mstl(series, season, horizon),
            Self::MstlLog => mstl_log(series, season, horizon),
            Self::Ets => ets(series, horizon),
            Self::SeasonalNaive => None,
            Self::Mean => Some(vec![mean_of_last(series, season); horizon]),
            Self::Constant => Some(vec![series.last().copied().unwrap_or(0.0); horizon]),
        };
        made.filter(|path| is_believable(path, series, horizon))
            .unwrap_or_else(|| seasonal_naive(series, season, horizon))
    }
}

/// The last season again and again.
#[must_use]
pub fn seasonal_naive(series: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    let last = &series[series.len().saturating_sub(season.max(1))..];
    let at = |step: usize| last.get(step % last.len().max(1)).copied().unwrap_or(0.0);
    (0..horizon).map(at).collect()
}

fn mean_of_last(series: &[f64], season: usize) -> f64 {
    let length = (4 * season).max(8).min(series.len());
    let last = &series[series.len() - length..];
    last.iter().sum::<f64>() / (length.max(1) as f64)
}

fn ets(series: &[f64], horizon: usize) -> Option<Vec<f64>> {
    guarded(series, || {
        let fitted = AutoETS::non_seasonal().fit(series).ok()?;
        Some(fitted.predict(horizon, None).ok()?.point)
    })
}

fn mstl(series: &[f64], season: usize, horizon: usize) -> Option<Vec<f64>> {
    if series.len() <= SEASONS * season {
        return None;
    }
    guarded(series, || {
        let trend = AutoETS::non_seasonal().into_trend_model();
        let fitted = MSTLModel::new(vec![season], trend).fit(series).ok()?;
        Some(fitted.predict(horizon, None).ok()?.point)
    })
}

fn mstl_log(series: &[f64], season: usize, horizon: usize) -> Option<Vec<f64>> {
    let logs: Vec<f64> = series.iter().map(|value| value.max(0.0).ln_1p()).collect();
    let path = mstl(&logs, season, horizon)?;
    Some(path.into_iter().map(f64::exp_m1).collect())
}

fn combined(series: &[f64], season: usize, horizon: usize) -> Option<Vec<f64>> {
    let (a, b) = (mstl(series, season, horizon)?, ets(series, horizon)?);
    Some(
        a.iter()
            .zip(&b)
            .map(|(a, b)| f64::midpoint(*a, *b))
            .collect(),
    )
}

/// Runs a library's fit. A series its arithmetic cannot take is no forecast, whether it says so or
/// panics.
fn guarded(series: &[f64], fit: impl FnOnce() -> Option<Vec<f64>>) -> Option<Vec<f64>> {
    if series.len() < MODEL_LENGTH {
        return None;
    }
    catch_unwind(AssertUnwindSafe(fit)).ok().flatten()
}

/// Whether a path is whole and stays within a few times of what has been: a fit that diverged does not.
fn is_believable(path: &[f64], series: &[f64], horizon: usize) -> bool {
    let most = series
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    path.len() == horizon
        && path
            .iter()
            .all(|value| value.is_finite() && value.abs() <= 4.0 * most)
}
