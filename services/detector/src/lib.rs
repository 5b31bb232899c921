//! The detector: judges every unit by its history.
//!
//! Invariants:
//! - The alerts that stand are a function of the set of reads, facts, lot statements and stream time, not
//!   of their order: after every change all rules judge the whole history anew, and what differs from
//!   what stood before is emitted ([`alerts`]).
//! - One alert a rule and unit at most. Its id is a hash of (rule, unit, anchor); a moved anchor retracts
//!   the old alert as `superseded`.
//! - Rules are plain functions on plain data. No clock but stream time decides anything.
//! - All state of a unit lies in its partition; a lot's statements are kept in every partition, with an
//!   index of the units there; only units whose alerts change are written.
//!
//! | module | subject |
//! |---|---|
//! | [`rules`] | one file a rule, and the list of them |
//! | [`read`], [`facts`], [`history`], [`lot`], [`distance`] | what rules look at; [`seen`]: the message it comes from |
//! | [`policy`] | thresholds: `profiles.toml` |
//! | [`finding`], [`alerts`] | what a rule says, and the alert it becomes |
//! | [`unit`], [`lots`], [`timers`], [`partition`] | what is kept in state |
//! | [`stage`] | the whole, as the worker runs it |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alerts;
pub mod distance;
pub mod facts;
pub mod finding;
pub mod history;
pub mod lot;
pub mod lots;
mod message;
pub mod partition;
pub mod policy;
pub mod read;
mod reject;
pub mod rules;
pub mod seen;
pub mod stage;
mod texts;
pub mod timers;
pub mod unit;

pub use policy::Policy;
pub use stage::Detector;
