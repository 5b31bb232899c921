//! What a run will take, said before it begins.

use crate::disk;
use crate::options::{Options, Part};
use crate::{pipeline, recovery, state};
use anyhow::ensure;
use std::path::Path;

/// About what a part takes on two cores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) minutes: f64,
    pub(crate) gib: f64,
}

const fn cost(minutes: f64, gib: f64) -> Cost {
    Cost { minutes, gib }
}

/// What a part takes, about; parts come one after the other, each removes what it made.
fn cost_of(part: Part, options: &Options) -> Cost {
    let repeat = f64::from(options.repeat);
    if options.quick {
        return cost(0.3, 0.3);
    }
    let packs = f64::from(options.items) / 20_000.0;
    let observations = pipeline::observations(options) as f64;
    match part {
        Part::Backbone => cost(4.0 * repeat * packs, 1.5 * packs),
        Part::Gateway => cost(3.0 * repeat, 1.0),
        Part::Query => cost(12.0, 8.0 * options.rows as f64 / 1e7),
        Part::Notifier => cost(3.0 * repeat, 0.5),
        Part::Codecs => cost(4.0, 0.1),
        Part::Engine => cost(4.0 * repeat, 6.0),
        Part::Stages | Part::Sink => cost(3.0 * (repeat + 1.0) * packs, 2.0 * packs),
        Part::Pipeline => cost(
            f64::from(options.pipeline_minutes) + 2.0 + observations / 20_000.0 / 60.0,
            observations * pipeline::BYTES_AN_OBSERVATION / 1_073_741_824.0,
        ),
        Part::AlertDelay => {
            let seconds = options.delay_warm_up_seconds + options.delay_seconds;
            cost(1.0 + f64::from(seconds) / 60.0, 2.0)
        }
        Part::State => state::cost(options),
        Part::Recovery => recovery::cost(options),
        Part::Scaling => cost(0.0, 0.0),
    }
}

/// Says how long the parts will take and how much disk, about.
///
/// # Errors
/// The disk below `root` has less than the largest part needs.
pub fn tell(root: &Path, parts: &[Part], options: &Options) -> anyhow::Result<()> {
    let mut parts = parts.to_vec();
    if parts.contains(&Part::Stages) {
        // The same run gives both.
        parts.retain(|part| *part != Part::Sink);
    }
    let costs: Vec<Cost> = parts.iter().map(|part| cost_of(*part, options)).collect();
    let minutes: f64 = costs.iter().map(|cost| cost.minutes).sum();
    let gib = costs.iter().map(|cost| cost.gib).fold(0.0, f64::max);
    for (part, cost) in parts.iter().zip(&costs) {
        eprintln!(
            "  {:<12} {:>4.0} min {:>6.1} GiB",
            format!("{part:?}").to_lowercase(),
            cost.minutes.ceil(),
            cost.gib
        );
    }
    eprintln!(
        "about {minutes:.0} minutes on two cores that do nothing else, {gib:.0} GiB of disk at most"
    );
    let free = disk::free(root).map_or(f64::INFINITY, |free| free as f64 / 1_073_741_824.0);
    ensure!(
        gib < free,
        "the disk of {} has {free:.0} GiB left and this takes {gib:.0}: make room, or allow it less \
         with --disk-gib",
        root.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn no_part_takes_more_disk_than_is_allowed() {
        let options = Line::parse_from(["bench", "--disk-gib", "9"]).options;
        for part in options.only.clone() {
            let cost = cost_of(part, &options);
            assert!(cost.gib <= 9.0, "{part:?} {cost:?}");
        }
    }

    #[test]
    fn a_longer_run_is_said_to_take_longer() {
        let of = |args: &[&str]| {
            let options = Line::parse_from([&["bench"], args].concat()).options;
            cost_of(Part::Pipeline, &options).minutes
        };
        assert!(of(&["--pipeline-minutes", "20"]) > of(&[]) + 9.0);
    }
}
