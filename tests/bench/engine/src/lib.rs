//! The engine contract: deduplication, a join with a registry and four rules a serial, over the topics
//! other engines are measured on. Here it is a [`Stage`](serialtrail_stream::Stage) like any of ours,
//! run by the same worker over the same store, so that its figures are those of the engine.
//!
//! | module | what it holds |
//! |---|---|
//! | [`wire`] | the four records, as bytes: scan and registry row read, enriched scan and alert written |
//! | [`rules`] | the contract: what one scan means, given its serial's history |
//! | [`state`] | what is kept of a serial: registry row and history in one record |
//! | [`stage`] | the three together, as the worker wants them |
//! | [`drain`] | ending when everything is read |
//! | [`process`] | all of it as a worker process |
//! | [`feed`] | registry rows and scans of numbered serials, for runs of any size |
//!
//! The contract: of the scans of one serial, in the order they come, one whose event id is among the last
//! [`rules::REMEMBERED`] kept is dropped without a trace. Any other is written to `enriched` with the
//! serial's registry row (or marked unknown), and each rule is tried on it: *unknown* (no registry row),
//! *duplicate* (dispensed or sold elsewhere than the first time), *diversion* (a known serial in a country
//! that is none of its markets), *travel* (farther from the last scan, and faster, than goods fly).
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod drain;
pub mod feed;
pub mod process;
pub mod rules;
pub mod stage;
pub mod state;
pub mod wire;

pub use drain::Drain;
pub use stage::Engine;
