//! Measures what the whole stack costs, on whatever cores the machine has. Parts, each on a stack
//! of its own that is started for it and removed afterwards, and two that need no stack:
//!
//! | module | what is measured |
//! |---|---|
//! | [`backbone`] | a simulated world streamed through gateway, dispatcher, enricher, detector and sink into ClickHouse: observations per second until settled, CPU-seconds of each process per million |
//! | [`gateway`] | capture by HTTP alone: events per second, latency to the 202, CPU-seconds of gateway and broker per million events |
//! | [`query`] | latency of trace, alerts, recall and where over a filled database, first touch and warm |
//! | [`notifier`] | delay from an alert's commit on the topic to the webhook's receipt, paced and in a burst, with and without a dead receiver beside |
//! | [`codecs`] | identifiers and EPCIS documents read, per CPU-second, beside other libraries |
//! | [`engine`] | one contract kept by our worker and by Kafka Streams: events per CPU-second, event to alert |
//! | [`stages`] | dispatcher, enricher, detector and sink, each alone over topics filled before: records or rows per CPU-second of the process, allocations a record, top of the profile |
//! | [`pipeline`] | the whole pipeline over input captured before: observations per second sustained, memory and CPU of each process, bytes on disk |
//! | [`alert_delay`] | delay from a document's request to its alert at a paced load |
//! | [`state`] | the keyed store alone, beside an ordered tree |
//! | [`recovery`] | a killed worker back at work, from its local files and from the changelog alone |
//! | [`scaling`] | what a deployment of another size takes, computed from [`pipeline`] |
//!
//! An observation is one EPC touched by one event, inherited reads included. CPU-seconds are each
//! process's own, so they compare between runs on a noisy machine; wall times hold only within one run,
//! and the client that makes the load shares the cores. Figures are given as median and range over
//! repetitions ([`figures::Spread`]), those of long runs as they were.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alert_delay;
pub mod allocations;
pub mod backbone;
pub mod codecs;
pub mod cpu;
pub mod disk;
pub mod engine;
pub mod figures;
pub mod gateway;
pub mod machine;
pub mod notifier;
pub mod options;
pub mod own_stack;
pub mod pipeline;
pub mod plan;
pub mod profile;
pub mod query;
pub mod recovery;
pub mod report;
pub mod scaling;
pub mod stages;
pub mod state;
pub mod table;
pub mod topic;
pub mod traffic;
pub mod watch;
pub mod world;

pub use options::{Options, Part};
pub use report::{Report, run};
