//! The exactly-once partition worker and stream time.

pub mod stage;
