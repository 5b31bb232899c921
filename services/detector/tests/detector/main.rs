//! The detector's rules, clause by clause, and the detector as a stage.
#![allow(clippy::unwrap_used)]

mod duplicate_scan;
mod impossible_travel;
mod order;
mod out_of_territory;
mod stage;
mod status_violation;
mod support;
mod undo;
mod unknown_serial;
mod work;
mod world;
