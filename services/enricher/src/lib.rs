//! Owner of the serial registry: reads of units with their place and facts, containment in time.
//!
//! | module | subject |
//! |---|---|
//! | `domain` | intervals, departures, supports, facts, observations: plain functions |
//! | `policy` | history horizons |
//! | `env`, `lent` | what a step works with; records whose texts are lent to it |
//! | `unit` | one unit's state |
//! | `reads` | messages to a unit: its events, inherited reads, its registry entry |
//! | `children` | a container's children, in pages |
//! | `fanout` | what a change means for children and earlier reads, over several windows |
//! | `glns` | the places and parties named again and again |
//! | `emit` | observations, serial states, departures: each only when it changed |
//! | `reject` | what is refused, with its bytes |
//! | `stage` | the keyed stage over `unit-inbox` |
//!
//! Invariants: what is asserted in the end is a function of the set of messages' events, not of their
//! order; a read never passes a container twice; no record written here exceeds 256 KiB.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod children;
mod domain;
mod emit;
mod env;
mod fanout;
mod glns;
mod lent;
mod policy;
mod reads;
mod reject;
mod stage;
mod unit;

pub use policy::Policy;
pub use stage::EnricherStage;
