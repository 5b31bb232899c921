use super::*;
use proptest::prelude::*;

fn config(season: usize) -> ModelConfig {
    ModelConfig {
        horizon: 14,
        season,
        levels: vec![0.05, 0.25, 0.5, 0.75, 0.95],
        min_length: 10,
        windows: 4,
        step: 7,
    }
}

fn check(forecast: &Forecast, config: &ModelConfig) {
    assert_eq!(forecast.points.len(), config.horizon);
    for point in &forecast.points {
        assert!(point.mean.is_finite() && point.mean >= 0.0, "{point:?}");
        assert_eq!(point.quantiles.len(), config.levels.len());
        assert!(point.quantiles.iter().all(|q| q.is_finite() && *q >= 0.0));
        assert!(point.quantiles.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}

#[test]
fn a_weekly_pattern_is_found_and_its_quantiles_are_narrow() {
    let week = [10.0, 12.0, 11.0, 15.0, 30.0, 40.0, 5.0];
    let series: Vec<f64> = (0..70).map(|t| week[t % 7] + (t % 3) as f64).collect();
    let config = config(7);
    let forecast = forecast(&series, &config).unwrap();
    check(&forecast, &config);
    assert_eq!(forecast.season, 7);
    for (step, point) in forecast.points.iter().enumerate() {
        assert!(
            (point.mean - week[step % 7] - 1.0).abs() < 3.0,
            "{step} {point:?}"
        );
    }
    let backtest = forecast.backtest.unwrap();
    assert_eq!((backtest.windows, backtest.days), (4, 14 + 14 + 14 + 7));
    assert!(backtest.wape.unwrap() < 0.15, "{backtest:?}");
}

#[test]
fn too_short_says_how_many_days_are_needed() {
    let error = forecast(&[1.0; 9], &config(7)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "9 days of demand, at least 10 are needed"
    );
    assert!(forecast(&[1.0; 10], &config(7)).is_ok());
}

#[test]
fn degenerate_series_have_a_forecast_too() {
    let cases: [(&str, Vec<f64>); 9] = [
        ("all zero", vec![0.0; 40]),
        ("constant", vec![7.0; 40]),
        (
            "one sale",
            (0..40).map(|t| f64::from(u8::from(t == 20))).collect(),
        ),
        (
            "one sale at the end",
            (0..40).map(|t| f64::from(u8::from(t == 39))).collect(),
        ),
        ("a straight line", (0..40).map(f64::from).collect()),
        ("huge", (0..40).map(|t| 1e300 * f64::from(t % 2)).collect()),
        ("tiny", (0..40).map(|t| 1e-300 * f64::from(t % 3)).collect()),
        (
            "below zero",
            (0..40).map(|t| f64::from(t % 5) - 3.0).collect(),
        ),
        (
            "not numbers",
            (0..40)
                .map(|t| if t % 4 == 0 { f64::NAN } else { f64::INFINITY })
                .collect(),
        ),
    ];
    for (name, series) in cases {
        for season in [1, 7, 30] {
            let config = config(season);
            let forecast = forecast(&series, &config).unwrap_or_else(|e| panic!("{name}: {e}"));
            check(&forecast, &config);
        }
    }
    let forecast = forecast(&[7.0; 40], &config(7)).unwrap();
    assert_eq!(forecast.method, "constant");
    assert!(forecast.points.iter().all(|p| p.quantiles == [7.0; 5]));
}

#[test]
fn origins_leave_enough_history_and_the_last_compares_one_step() {
    let config = config(7);
    assert_eq!(backtest::origins(70, &config), [42, 49, 56, 63]);
    assert_eq!(backtest::origins(30, &config), [16, 23]);
    assert_eq!(backtest::origins(21, &config), Vec::<usize>::new());
}

#[test]
fn errors_are_only_known_up_to_the_day() {
    let series = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let errors = Errors::new(&series, &[2, 4], vec![vec![3.0, 3.0, 3.0], vec![9.0, 9.0]]);
    // Origin 2: 0, 1, 2 on days 2, 3, 4; origin 4: -4, -3 on days 4, 5.
    assert_eq!(errors.mean_absolute(2), None);
    assert_eq!(errors.mean_absolute(4), Some(0.5));
    assert_eq!(errors.mean_absolute(6), Some(2.0));
    assert_eq!(errors.pools(5, 3), [vec![0.0, -4.0], vec![1.0], vec![2.0]]);
    // At day 6 both windows have been compared one step ahead, three steps ahead only the first; at
    // day 5, two steps ahead, three days hold one and a half times two steps, but one window.
    assert_eq!(errors.independent(6, 0), 2.0);
    assert_eq!(errors.independent(6, 2), 1.0);
    assert_eq!(errors.independent(5, 1), 1.0);
    assert_eq!(errors.independent(2, 0), 0.0);
}

#[test]
fn measures_by_hand() {
    let point = |mean, low, high| Point {
        mean,
        quantiles: vec![low, high],
    };
    let windows = [
        Compared {
            points: vec![point(4.0, 2.0, 6.0), point(5.0, 4.0, 6.0)],
            actual: vec![6.0, 8.0],
        },
        Compared {
            points: vec![point(3.0, 1.0, 9.0)],
            actual: vec![2.0],
        },
    ];
    // Errors -2, -3, +1; demand 16; within 2, no, yes.
    let series = [1.0, 3.0, 2.0, 6.0];
    let measured = measure(&series, 2, &windows).unwrap();
    assert_eq!((measured.windows, measured.days), (2, 3));
    assert_eq!(measured.wape, Some(6.0 / 16.0));
    assert_eq!(measured.bias, Some(-4.0 / 16.0));
    assert_eq!(measured.coverage, Some(2.0 / 3.0));
    // The seasonal naive error in sample is (1 + 3) / 2.
    assert_eq!(measured.mase, Some(1.0));
    assert_eq!(measure(&series, 2, &[]), None);
    let nothing = [Compared {
        points: vec![point(0.0, 0.0, 0.0)],
        actual: vec![0.0],
    }];
    let measured = measure(&[0.0; 4], 2, &nothing).unwrap();
    assert_eq!(
        (measured.wape, measured.mase, measured.bias),
        (None, None, None)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_series_has_ordered_quantiles_that_are_not_negative(
        series in proptest::collection::vec(prop_oneof![
            4 => Just(0.0),
            4 => (0u32..50).prop_map(f64::from),
            1 => 0.0..1e12f64,
        ], 10..80),
        season in prop_oneof![Just(1usize), Just(7), Just(12), 2usize..40],
    ) {
        let config = config(season);
        let first = forecast(&series, &config).unwrap();
        check(&first, &config);
        prop_assert_eq!(&first, &forecast(&series, &config).unwrap());
    }
}
