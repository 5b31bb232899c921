//! The exactly-once partition worker and stream time.
//!
//! A [`Stage`] is plain domain code; [`run_workers`] gives it Kafka: it gathers a window of records,
//! steps the stage over an overlay of the partition's state, and commits outputs, changelog and offsets
//! in one transaction. What survives a crash is always the result of whole windows. The README beside
//! this crate follows one window through its life.
//!
//! - [`stage`]: what a stage is; [`testing`]: running one in a unit test.
//! - [`refusal`], [`noted`], [`pending`]: what stages share: refusing records, work over several windows, marks.
//! - [`time`]: stream time from marks.
//! - [`member`]: the member of a consumer group, also for services that are no stage and commit by themselves.
//! - `worker`: the loop that owns everything; `gather`, `window`, `transaction`, `restore`: its acts.
//! - `overlay`, `outputs`: a window's memory.
//! - `outcome`: librdkafka's errors sorted once.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod clients;
pub mod config;
pub mod failpoint;
mod gather;
mod gauges;
pub mod member;
mod native;
pub mod noted;
pub mod outcome;
mod outputs;
mod overlay;
mod owned;
pub mod pending;
pub mod reference;
pub mod refusal;
mod restore;
pub mod stage;
pub mod testing;
pub mod time;
mod transaction;
mod window;
mod worker;

pub use config::WorkerConfig;
pub use native::flush;
pub use noted::{Noted, Notes};
pub use refusal::Refusals;
pub use stage::{InputRecord, Keys, OutputRecord, Stage, StageError, StepContext};
pub use worker::{run_worker, run_workers};
