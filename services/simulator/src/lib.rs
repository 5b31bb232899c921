//! A seeded world of factories, distribution centres, wholesalers, pharmacies and shops, and the EPCIS
//! traffic they publish: ordinary noise that must raise nothing, and labelled anomalies that must.
//!
//! [`generate`] is a plain function of its [`Options`]; [`write_world`] puts the result into a folder:
//!
//! | file | what |
//! |---|---|
//! | `products.csv lots.csv locations.csv parties.csv lanes.csv registry.ndjson` | what `serialtrail load` takes |
//! | `documents/*.json` | EPCIS 2.0 JSON-LD documents, one upload each |
//! | `uploads.csv` | file, upload_time, party: the order and record times for `serialtrail capture --record-times` |
//! | `truth.ndjson` | one line per labelled anomaly: rule, epc, event ids, what happened |
//! | `world.json` | options, counts and one example unit |

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod anomalies;
mod documents;
mod event;
mod flow;
mod geography;
mod identifiers;
mod lots;
mod noise;
mod truth;
mod world;
mod write;

pub use event::{Event, Shape};
pub use noise::{Noise, Upload};
pub use truth::{Label, Score, score};
pub use world::{Location, Lot, Options, Party, Product, World};
pub use write::{Summary, write_world};

/// Everything a simulated world consists of.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Parties, places, products, lots.
    pub world: World,
    /// All distinct events, in true order of time.
    pub events: Vec<Event>,
    /// Uploads in order of upload time; an upload names events by index.
    pub uploads: Vec<Upload>,
    /// Labelled anomalies.
    pub truth: Vec<Label>,
    /// Pure identity URN of one ordinary pack with a complete journey.
    pub example: String,
}

/// Builds a world and its traffic. Same options, same result, byte for byte.
#[must_use]
pub fn generate(options: &Options) -> Simulation {
    let mut world = world::build(options);
    let mut flow = flow::run(&mut world, options);
    let truth = anomalies::inject(&mut world, &mut flow, options);
    let example = flow.example();
    let mut events = flow.into_events();
    events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let uploads = noise::uploads(&world, &mut events, options);
    Simulation {
        world,
        events,
        uploads,
        truth,
        example,
    }
}
