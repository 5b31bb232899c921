//! Several measurements of one thing as one figure.

use serde::{Deserialize, Serialize};

/// One figure over repetitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median; of an even number the lower of the two in the middle.
    pub median: f64,
    /// Lowest.
    pub low: f64,
    /// Highest.
    pub high: f64,
    /// Each, in the order measured.
    pub runs: Vec<f64>,
}

impl Spread {
    /// The spread of the repetitions' figures; all 0 where there is none.
    #[must_use]
    pub fn of(runs: Vec<f64>) -> Self {
        let mut sorted = runs.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |rank: usize| sorted.get(rank).copied().unwrap_or(0.0);
        Self {
            median: at(sorted.len().saturating_sub(1) / 2),
            low: at(0),
            high: at(sorted.len().saturating_sub(1)),
            runs,
        }
    }

    /// The spread of one figure of each of `runs`.
    pub fn over<T>(runs: &[T], figure: impl Fn(&T) -> f64) -> Self {
        Self::of(runs.iter().map(figure).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_median_and_range() {
        let spread = Spread::of(vec![5.0, 1.0, 3.0]);
        assert_eq!((spread.median, spread.low, spread.high), (3.0, 1.0, 5.0));
        assert_eq!(spread.runs, [5.0, 1.0, 3.0]);
        let one = Spread::of(vec![2.0]);
        assert_eq!((one.median, one.low, one.high), (2.0, 2.0, 2.0));
        assert_eq!(Spread::of(Vec::new()).median, 0.0);
    }
}
