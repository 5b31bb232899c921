//! The one door into Serialtrail: EPCIS 2.0 capture by HTTP, and the intake of partners' topics.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod auth;
pub mod capture;
pub mod clock;
pub mod device;
pub mod event;
pub mod known;
pub mod partner;
pub mod problem;
pub mod rejected;
