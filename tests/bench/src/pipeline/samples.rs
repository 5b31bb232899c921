//! What is looked at once a second while the pipeline runs.

use crate::{cpu, watch};
use serialtrail_runtime::{Service, metrics};
use serialtrail_stack::Stack;
use std::collections::BTreeMap;
use std::time::Duration;

const QUARTERS: usize = 4;

/// One look.
#[derive(Debug)]
struct Look {
    at: Duration,
    landed: f64,
    mib: BTreeMap<String, f64>,
}

#[derive(Debug, Default)]
pub(super) struct Sampler {
    looks: Vec<Look>,
}

/// Mebibytes of index and caches of a service's stores.
pub(super) fn store_mib(stack: &Stack, service: Service) -> f64 {
    let of = |kind| watch::metric_where(stack, service, metrics::STATE_BYTES.name, ("of", kind));
    (of("index") + of("cache")) / 1_048_576.0
}

impl Sampler {
    pub(super) fn look(&mut self, stack: &Stack, at: Duration) {
        let rows = metrics::ROWS.name;
        let table = ("table", "observations");
        let landed = watch::metric_where(stack, Service::Sink, rows, table);
        let mib = cpu::resident_of_stack(stack);
        // A process that does not answer at once has not lost what it had done.
        let landed = landed.max(self.landed());
        self.looks.push(Look { at, landed, mib });
    }

    /// Observations acknowledged so far.
    pub(super) fn landed(&self) -> f64 {
        self.looks.last().map_or(0.0, |look| look.landed)
    }

    /// When the last ones were.
    pub(super) fn last_progress(&self) -> Duration {
        let end = self.landed();
        let first = self.looks.iter().find(|look| look.landed >= end);
        first.map_or(Duration::ZERO, |look| look.at)
    }

    /// Observations acknowledged per second in each quarter of the time.
    pub(super) fn landed_by_quarter(&self, took: Duration) -> Vec<f64> {
        let quarter = took / 4;
        let until = |end: Duration| {
            let before = self.looks.iter().take_while(|look| look.at <= end);
            before
                .last()
                .map_or((Duration::ZERO, 0.0), |look| (look.at, look.landed))
        };
        (1..=4)
            .map(|n| {
                let (from, to) = (until(quarter * (n - 1)), until(quarter * n));
                let seconds = to.0.saturating_sub(from.0).as_secs_f64();
                (to.1 - from.1) / seconds.max(1e-9)
            })
            .collect()
    }

    /// Resident memory of a process, the median of each quarter of the time.
    pub(super) fn mib_by_quarter(&self, name: &str, took: Duration) -> Vec<f64> {
        let mut quarters: Vec<Vec<f64>> = vec![Vec::new(); QUARTERS];
        for look in self.looks.iter().filter(|look| look.at <= took) {
            let quarter = (look.at.as_secs_f64() / took.as_secs_f64() * 4.0) as usize;
            if let Some(mib) = look.mib.get(name) {
                quarters[quarter.min(QUARTERS - 1)].push(*mib);
            }
        }
        quarters
            .into_iter()
            .filter(|all| !all.is_empty())
            .map(|mut all| {
                all.sort_by(f64::total_cmp);
                all[all.len() / 2]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_are_of_the_time_it_took() {
        let mut sampler = Sampler::default();
        for second in 0..=20_u32 {
            let at = Duration::from_secs(second.into());
            // 100 a second for 8 seconds, then 50; all is there after 16.
            let landed = f64::from(second.min(8) * 100 + second.clamp(8, 16) * 50 - 400);
            let mib = BTreeMap::from([("sink".to_owned(), f64::from(second))]);
            sampler.looks.push(Look { at, landed, mib });
        }
        let took = sampler.last_progress();
        assert_eq!(took, Duration::from_secs(16));
        let rates = sampler.landed_by_quarter(took);
        assert_eq!(rates, [100.0, 100.0, 50.0, 50.0]);
        assert_eq!(sampler.mib_by_quarter("sink", took), [2.0, 6.0, 10.0, 14.0]);
        assert!(sampler.mib_by_quarter("none", took).is_empty());
    }
}
