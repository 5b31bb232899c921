//! The exactly-once partition worker and stream time.

pub mod reference;
pub mod stage;
