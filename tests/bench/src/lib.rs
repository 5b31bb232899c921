//! Measures the whole stack: a simulated world streamed through gateway, dispatcher, enricher, detector
//! and sink into ClickHouse, on whatever cores the machine has.
//!
//! What is reported: observations per second from the first upload to the settled result, and CPU-seconds
//! of each process per million observations. An observation is one EPC touched by one event, inherited
//! reads included. CPU-seconds are the process's own, so they compare between runs on a noisy machine;
//! wall rates hold only within one run. The client (`serialtrail capture`) is not counted.

pub mod cpu;
pub mod run;

pub use run::{Figures, Options, run};
