//! What reading identifiers and documents costs, per CPU-second on one core, and what others need for
//! the same bytes.
//!
//! | module | subject |
//! |---|---|
//! | [`task`] | the things measured |
//! | [`corpus`] | what is read: seeded, our own, the same bytes for everybody |
//! | [`ours`] | our side, in this process |
//! | [`avro`] | Avro records, ours and apache-avro's ways |
//! | [`large`] | a document of 1 GB: the memory it takes |
//! | [`peers`] | the others: small drivers below `tests/bench/peers`, each a process of its own |
//! | [`report`] | both together: rates, ratios, and whether the results agree |
//! | [`figures`], [`cpu`], [`text`] | spreads, CPU time, tables; shared with the bench of the whole stack |
//!
//! Timed is what is valid; what must be refused is only compared. CPU time is user and system time of
//! the whole process, so a virtual machine's compiler and collector count, after warming up.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod avro;
pub mod corpus;
pub mod cpu;
pub mod figures;
pub mod large;
pub mod ours;
pub mod peers;
pub mod report;
pub mod task;
pub mod text;

pub use figures::Spread;
pub use report::{Figures, Options, run};
pub use task::Task;
