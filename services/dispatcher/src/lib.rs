//! From captured events to messages to units.
//!
//! | module | subject |
//! |---|---|
//! | `rule` | which version of an event id stands, and what a new record changes. Pure |
//! | `plan` | the messages one event gives. Pure |
//! | `body` | what an event says to every unit it touches. Pure |
//! | `send` | messages out, at once or page by page over several windows |
//! | `original` | original bytes kept for a later rejection |
//! | `reject` | what is refused, with its bytes |
//! | `stage` | the keyed stage over `epcis-events` |
//! | `loads` | the stateless stage over `registry-loads` |
//!
//! Invariants: what stands for an event id is a function of the records captured for it, not of their
//! order; every unit a version was sent to is told when it no longer stands; no record written here
//! exceeds 256 KiB, however long an event's lists are.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod body;
mod loads;
mod original;
mod plan;
mod reject;
mod rule;
mod send;
mod stage;

pub use loads::LoadsStage;
pub use stage::DispatcherStage;
