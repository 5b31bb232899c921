//! Demand by local day, and what is expected of it.
//!
//! A pass ([`pass`]) finds the days that were touched since the last one, computes them anew from the
//! reads and alerts that stand, and makes a version of the forecast if data or configuration changed.
//!
//! | module | subject |
//! |---|---|
//! | [`demand`] | what demand is: the reads of a unit in, days out |
//! | [`day`] | local dates, and when a day is complete |
//! | [`store`] | ClickHouse: touched days, reads, days, versions |
//! | [`model`] | a series in, days ahead with quantiles and their error out |
//! | [`series`] | days to series, a version's name, its rows and records |
//! | [`publish`] | records onto `demand-forecasts`, once |
//! | [`stream_time`] | what has landed whole |
//! | [`pass`] | the order of all this |
//! | [`turns`] | one pass at a time, the next one shared |
//! | [`config`] | `forecast.toml` |
//! | [`service`] | the process |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod day;
pub mod demand;
pub mod model;
pub mod pass;
pub mod publish;
pub mod series;
pub mod service;
pub mod store;
pub mod stream_time;
pub mod turns;

pub use service::run;
