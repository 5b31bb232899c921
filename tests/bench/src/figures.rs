//! Several measurements of one thing as one figure.

use serde::{Deserialize, Serialize};
pub use serialtrail_bench_codecs::Spread;
use std::time::Duration;

/// Quantiles of durations, milliseconds, by nearest rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many there are.
    pub count: usize,
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 99 in 100 took no longer; the longest where there are fewer than 100.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Quantiles {
    /// Quantiles of `took`; all 0 where there is none.
    #[must_use]
    pub fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        let at = |percent: usize| {
            let rank = (took.len() * percent).div_ceil(100).max(1) - 1;
            took.get(rank).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
        };
        Self {
            count: took.len(),
            p50_ms: at(50),
            p99_ms: at(99),
            max_ms: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let of = |ms: std::ops::RangeInclusive<u64>| {
            Quantiles::of(ms.rev().map(Duration::from_millis).collect())
        };
        let hundred = of(1..=100);
        assert_eq!(
            (hundred.p50_ms, hundred.p99_ms, hundred.max_ms),
            (50.0, 99.0, 100.0)
        );
        let two_hundred = of(1..=200);
        assert_eq!((two_hundred.p50_ms, two_hundred.p99_ms), (100.0, 198.0));
        let few = of(1..=3);
        assert_eq!((few.count, few.p50_ms, few.p99_ms), (3, 2.0, 3.0));
    }
}
