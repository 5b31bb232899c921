//! From errors to quantiles.

/// Errors a pool should have before it is taken from its own step alone.
const POOL: usize = 20;
/// Errors below which the backtest says too little; the series' own seasonal changes join them.
const FEW: usize = 10;

/// The errors that calibrate one step ahead: those of the same step, then of its neighbours until there
/// are enough, and where the backtest has few at all the changes from season to season in sample.
#[must_use]
pub fn pool(by_step: &[Vec<f64>], step: usize, history: &[f64], season: usize) -> Vec<f64> {
    let total: usize = by_step.iter().map(Vec::len).sum();
    // Steps beyond the longest one that was compared take the errors of the furthest.
    let furthest = by_step.iter().rposition(|errors| !errors.is_empty());
    let mut pool = Vec::new();
    if let Some(furthest) = furthest {
        let step = step.min(furthest);
        for reach in 0..=by_step.len() {
            pool.clear();
            let from = step.saturating_sub(reach);
            let to = (step + reach + 1).min(by_step.len());
            pool.extend(by_step[from..to].iter().flatten().copied());
            if pool.len() >= POOL.min(total) {
                break;
            }
        }
    }
    if total < FEW {
        let season = season.max(1);
        let changes = history.iter().skip(season).zip(history);
        pool.extend(changes.map(|(later, earlier)| later - earlier));
    }
    pool.sort_by(f64::total_cmp);
    pool
}

/// Errors spread out for how few independent ones they are, as Student's t is wider than the normal
/// distribution: by 1 + (z^2 + 1) / 4n, its first-order expansion at the 95 % quantile.
#[must_use]
pub fn widened(rising: Vec<f64>, independent: f64) -> Vec<f64> {
    const Z: f64 = 1.645;
    let factor = 1.0 + (Z * Z + 1.0) / (4.0 * independent.max(1.0));
    let centre = quantile(&rising, 0.5);
    let spread = |error: f64| centre + (error - centre) * factor;
    rising.into_iter().map(spread).collect()
}

/// Quantiles of `mean` + error, one a level, rising, never below 0. `errors` (actual - forecast) rise.
/// A quantile is the one of Weibull (plotting position p (n + 1)): a sample of n errors does not claim to know
/// what lies beyond its extremes.
#[must_use]
pub fn around(mean: f64, errors: &[f64], levels: &[f64]) -> Vec<f64> {
    let mut out: Vec<f64> = levels
        .iter()
        .map(|level| (mean + quantile(errors, *level)).max(0.0))
        .collect();
    out.sort_by(f64::total_cmp);
    out
}

/// Empirical quantile of rising values; 0 of none.
#[must_use]
pub fn quantile(rising: &[f64], level: f64) -> f64 {
    let Some(last) = rising.len().checked_sub(1) else {
        return 0.0;
    };
    let position = (level * (rising.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
    let (below, part) = (position.floor(), position.fract());
    // Between 0 and `last` by the clamp above.
    let below = below as usize;
    let above = rising[(below + 1).min(last)];
    rising[below] + (above - rising[below]) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_hand() {
        let rising = [1.0, 2.0, 3.0, 4.0];
        let cases = [
            (0.2, 1.0),
            (0.4, 2.0),
            (0.5, 2.5),
            (0.8, 4.0),
            (0.01, 1.0),
            (0.99, 4.0),
        ];
        for (level, expected) in cases {
            assert!(
                (quantile(&rising, level) - expected).abs() < 1e-12,
                "{level}"
            );
        }
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(
            around(1.0, &[-4.0, 0.0, 4.0], &[0.25, 0.5, 0.75]),
            [0.0, 1.0, 5.0]
        );
    }

    #[test]
    fn few_independent_errors_are_spread_out_around_their_middle() {
        let spread = widened(vec![0.0, 2.0, 6.0], 1.0);
        let factor = 1.0 + (1.645 * 1.645 + 1.0) / 4.0;
        assert_eq!(spread, [2.0 - 2.0 * factor, 2.0, 2.0 + 4.0 * factor]);
        assert!(widened(vec![0.0, 1.0], 1e9)[1] < 1.000_001);
    }

    #[test]
    fn a_step_is_calibrated_by_itself_then_by_its_neighbours() {
        let by_step = vec![vec![1.0; 20], vec![2.0; 12], vec![3.0; 12], vec![]];
        assert_eq!(pool(&by_step, 0, &[], 1), vec![1.0; 20]);
        assert_eq!(pool(&by_step, 1, &[], 1).len(), 44);
        assert_eq!(pool(&by_step, 3, &[], 1), pool(&by_step, 2, &[], 1));
        assert_eq!(pool(&by_step, 2, &[], 1).len(), 24);
    }

    #[test]
    fn with_few_errors_the_series_own_changes_help() {
        let by_step = vec![vec![5.0], vec![]];
        assert_eq!(pool(&by_step, 0, &[1.0, 2.0, 4.0], 1), [1.0, 2.0, 5.0]);
        assert_eq!(pool(&[], 0, &[1.0, 2.0, 4.0], 2), [3.0]);
    }
}
