//! Random requests of each kind, from the seed.

use super::stock::{Lot, Stock};
use crate::options::Options;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serialtrail_records::alert::{RULES, SEVERITIES};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
/// Requests of a kind whose answer is a whole large lot.
const LARGE_ANSWERS: usize = 5;

/// One GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Path with query string.
    pub(super) path: String,
    /// Media type asked for.
    pub(super) accept: &'static str,
    /// Lines the answer must have, where that is known.
    pub(super) lines: Option<u64>,
}

/// Requests of one kind.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) requests: Vec<Request>,
}

fn json(path: String) -> Request {
    Request {
        path,
        accept: JSON,
        lines: None,
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Every kind, each with as many requests as asked for.
pub(super) fn kinds(stock: &Stock, options: &Options) -> Vec<Kind> {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let count = options.requests.max(1);
    let mut of = |name, count, request: &dyn Fn(&mut ChaCha8Rng) -> Request| Kind {
        name,
        requests: (0..count).map(|_| request(&mut rng)).collect(),
    };
    let some_lot = |rng: &mut ChaCha8Rng| stock.lot(rng.random_range(0..stock.lots()));
    let ordinary = |rng: &mut ChaCha8Rng| {
        let first = 2.min(stock.lots() - 1);
        stock.lot(rng.random_range(first..stock.lots()))
    };
    let unit = |rng: &mut ChaCha8Rng| encoded(&stock.unit(rng.random_range(0..stock.units)));
    let recall = |lot: &Lot| format!("/v1/recall?gtin={}&lot={}", lot.gtin, lot.lot);
    let stream = |lot: &Lot| Request {
        path: recall(lot),
        accept: NDJSON,
        lines: Some(lot.units),
    };
    let (large, middle) = (stock.lot(0), stock.lot(1));
    let few = count.min(LARGE_ANSWERS);
    vec![
        of("trace", count, &|rng| {
            json(format!("/v1/trace?id={}", unit(rng)))
        }),
        of("alerts by rule", count, &|rng| {
            let rule = RULES[rng.random_range(0..RULES.len())];
            let severity = SEVERITIES[rng.random_range(0..SEVERITIES.len())];
            json(format!("/v1/alerts?rule={rule}&severity={severity}"))
        }),
        of("alerts by lot", count, &|rng| {
            let lot = some_lot(rng);
            json(format!("/v1/alerts?gtin={}&lot={}", lot.gtin, lot.lot))
        }),
        of("alerts by time", count, &|rng| {
            let month = rng.random_range(2..=11);
            let day = rng.random_range(1..=21);
            let until = day + 7;
            json(format!(
                "/v1/alerts?since=2025-{month:02}-{day:02}&until=2025-{month:02}-{until:02}"
            ))
        }),
        of("recall, a lot of 1,000", count, &|rng| {
            json(recall(&ordinary(rng)))
        }),
        of("recall, the middle lot", few, &|_| json(recall(&middle))),
        of("recall, the large lot", few, &|_| json(recall(&large))),
        of("recall, the middle lot streamed", few, &|_| stream(&middle)),
        of("recall, the large lot streamed", few, &|_| stream(&large)),
        of("where, a product", count, &|rng| {
            json(format!("/v1/where?gtin={}", ordinary(rng).gtin))
        }),
        of("where, a unit", count, &|rng| {
            json(format!("/v1/where?id={}", unit(rng)))
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn one_seed_asks_the_same_another_asks_otherwise() {
        let asked = |seed: &str| {
            let options = Cli::parse_from(["bench", "--quick", "--seed", seed])
                .options
                .sized();
            let kinds = kinds(&Stock::of(10_000), &options);
            kinds
                .into_iter()
                .flat_map(|k| k.requests)
                .collect::<Vec<_>>()
        };
        assert_eq!(asked("1"), asked("1"));
        assert_ne!(asked("1"), asked("2"));
    }
}
