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
    /// The mean of all that suit the series.
    Combined,
    /// The mean of the seasonal ones.
    CombinedSeasonal,
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

/// Methods that suit a series, the one first that is used before any error is known: on real demand the
/// mean of several is seldom far from the best of them.
#[must_use]
pub fn suited(series: &[f64], season: usize) -> Vec<Method> {
    if series.windows(2).all(|pair| pair[0] == pair[1]) {
        return vec![Method::Constant];
    }
    if series.len() < MODEL_LENGTH {
        return vec![Method::Mean];
    }
    let simple = [Method::Ets, Method::SeasonalNaive, Method::Mean];
    let mut methods = vec![Method::Combined];
    if season > 1 && series.len() > SEASONS * season {
        methods.extend([Method::CombinedSeasonal, Method::Mstl]);
        if series.iter().all(|value| *value >= 0.0) {
            methods.push(Method::MstlLog);
        }
    }
    methods.extend(simple);
    methods
}

/// The next `horizon` values by each method. Equal inputs give equal paths.
#[must_use]
pub fn paths(methods: &[Method], series: &[f64], season: usize, horizon: usize) -> Vec<Vec<f64>> {
    let single: Vec<(Method, Vec<f64>)> = methods
        .iter()
        .filter(|method| !method.is_combined())
        .map(|method| (*method, method.path(series, season, horizon)))
        .collect();
    let mean_of = |wanted: &dyn Fn(Method) -> bool| -> Vec<f64> {
        let chosen: Vec<_> = single
            .iter()
            .filter(|(method, _)| wanted(*method))
            .collect();
        let at = |step: usize| {
            chosen
                .iter()
                .map(|(_, path)| path[step].max(0.0))
                .sum::<f64>()
        };
        (0..horizon)
            .map(|step| at(step) / chosen.len().max(1) as f64)
            .collect()
    };
    methods
        .iter()
        .map(|method| match method {
            Method::Combined => mean_of(&|_| true),
            Method::CombinedSeasonal => mean_of(&|method| method.is_seasonal()),
            other => single
                .iter()
                .find(|(method, _)| method == other)
                .map(|(_, path)| path.clone())
                .unwrap_or_default(),
        })
        .collect()
}

impl Method {
    /// Name in tables and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Combined => "combined",
            Self::CombinedSeasonal => "combined_seasonal",
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

    const fn is_combined(self) -> bool {
        matches!(self, Self::Combined | Self::CombinedSeasonal)
    }

    /// The next `horizon` values by one method that is not a mean of others.
    fn path(self, series: &[f64], season: usize, horizon: usize) -> Vec<f64> {
        let made = match self {
            Self::Mstl => mstl(series, season, horizon),
            Self::MstlLog => mstl_log(series, season, horizon),
            Self::Ets => ets(series, horizon),
            Self::Mean => Some(vec![mean_of_last(series, season); horizon]),
            Self::Constant => Some(vec![series.last().copied().unwrap_or(0.0); horizon]),
            Self::SeasonalNaive | Self::Combined | Self::CombinedSeasonal => None,
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
