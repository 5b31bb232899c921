//! The model on real monthly demand (`demand/*.csv.gz` under `DATA_DIR`), against the seasonal naive
//! forecast: the last year of every series is held back and forecast.
#![allow(clippy::unwrap_used)]

use flate2::read::GzDecoder;
use serialtrail_forecaster::model::backtest::{Backtest, Compared, measure};
use serialtrail_forecaster::model::methods::seasonal_naive;
use serialtrail_forecaster::model::{ModelConfig, Point, forecast};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

const YEAR: usize = 12;

/// File, columns that name a series, column of the value, every how many series one is taken.
const SETS: [(&str, &[usize], usize, usize); 3] = [
    ("pbs_monthly.csv.gz", &[1, 2, 5], 7, 4),
    ("hospital_monthly.csv.gz", &[0], 2, 6),
    ("carparts_monthly.csv.gz", &[0], 2, 20),
];

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("DATA_DIR").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.unwrap_or_else(beside).join("demand");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no real demand series in {}: set DATA_DIR",
        folder.display()
    );
    None
}

fn load(file: &Path, keys: &[usize], value: usize) -> Vec<Vec<f64>> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(file).unwrap()));
    let mut series: BTreeMap<Vec<String>, Vec<f64>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let key = keys.iter().map(|at| row[*at].to_owned()).collect();
        let number = row[value].parse::<f64>().unwrap_or(0.0);
        series.entry(key).or_default().push(number);
    }
    series.into_values().collect()
}

/// Errors over all series: WAPE of all, mean MASE, coverage of all days.
#[derive(Default)]
struct Total {
    absolute: f64,
    demand: f64,
    mase: Vec<f64>,
    inside: f64,
    days: f64,
}

impl Total {
    fn add(&mut self, measured: &Backtest, demand: f64) {
        let days = measured.days as f64;
        self.absolute += measured.wape.unwrap_or(0.0) * demand;
        self.demand += demand;
        self.mase.extend(measured.mase);
        self.inside += measured.coverage.unwrap_or(0.0) * days;
        self.days += days;
    }

    fn wape(&self) -> f64 {
        self.absolute / self.demand
    }

    fn mase(&self) -> f64 {
        self.mase.iter().sum::<f64>() / self.mase.len() as f64
    }
}

fn held_back(history: &[f64], points: Vec<Point>, actual: &[f64]) -> Backtest {
    let window = Compared {
        points,
        actual: actual.to_vec(),
    };
    measure(history, YEAR, &[window]).unwrap()
}

#[test]
fn real_demand_is_forecast_no_worse_than_by_the_seasonal_naive_forecast() {
    let Some(folder) = folder() else {
        return;
    };
    let config = ModelConfig {
        horizon: YEAR,
        season: YEAR,
        levels: vec![0.05, 0.25, 0.5, 0.75, 0.95],
        min_length: 24,
        windows: 12,
        step: 2,
    };
    for (file, keys, value, every) in SETS {
        let all = load(&folder.join(file), keys, value);
        let (mut ours, mut naive) = (Total::default(), Total::default());
        let mut methods: BTreeMap<&str, usize> = BTreeMap::new();
        for series in all.iter().step_by(every) {
            let Some(end) = series.len().checked_sub(YEAR).filter(|end| *end >= 24) else {
                continue;
            };
            let (history, actual) = series.split_at(end);
            let made = forecast(history, &config).unwrap();
            *methods.entry(made.method).or_default() += 1;
            let demand: f64 = actual.iter().sum();
            ours.add(&held_back(history, made.points, actual), demand);
            let path = seasonal_naive(history, YEAR, YEAR).into_iter();
            let points = path
                .map(|mean| Point {
                    mean,
                    quantiles: vec![],
                })
                .collect();
            naive.add(&held_back(history, points, actual), demand);
        }
        let coverage = ours.inside / ours.days;
        println!(
            "{file}: {} of {} series, WAPE {:.3} (seasonal naive {:.3}), MASE {:.3} ({:.3}), \
             90% interval covers {:.1}%, methods {methods:?}",
            methods.values().sum::<usize>(),
            all.len(),
            ours.wape(),
            naive.wape(),
            ours.mase(),
            naive.mase(),
            100.0 * coverage,
        );
        assert!(ours.wape() <= naive.wape(), "{file}");
        assert!(ours.mase() <= naive.mase(), "{file}");
        assert!((0.8..=0.97).contains(&coverage), "{file}: {coverage}");
    }
}
