//! The query API: what became of a unit, what is suspicious, what was refused.
//!
//! Everything is read from ClickHouse, nothing is kept here. A request becomes values
//! ([`parameters`]), the values become one or more statements whose parameters the server binds
//! ([`select`]), the rows become JSON. Where current truth is asked, the highest revision of each
//! identity decides and only what is asserted is shown.
//!
//! | module | subject |
//! |---|---|
//! | [`trace`], [`custody`] | one unit: registry, journey, custody, containment, alerts |
//! | [`alerts`] | alerts by filter: pages, or all of them streamed |
//! | [`feed`] | alerts as they land |
//! | [`rejects`] | what was refused, with its original bytes |
//! | [`demand`], [`forecasts`] | what was sold by day, and what is expected |
//! | [`identify`] | what a scanned or typed text names |
//! | [`overview`] | the pipeline at a glance |
//! | [`recall`], [`stock`] | units of a lot, and stock by place |
//! | [`whereabouts`] | where units are now, for every question that asks it |
//! | [`epcis`] | the EPCIS query interface: events as they were captured |
//! | [`parameters`], [`cursor`], [`time`], [`media`], [`series`] | what a request says |
//! | [`places`], [`products`] | names |
//! | [`table`] | rows as CSV or Parquet |
//! | [`select`] | conditions with bound values, limits of a statement |
//! | [`access`] | what a request may read: the one place |
//! | [`api`], [`http`], [`openapi`], [`problem`] | the HTTP face |
//! | [`console`] | the files of the console |
//! | [`service`] | the process |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
pub mod alerts;
pub mod api;
pub mod console;
pub mod cursor;
pub mod custody;
pub mod demand;
pub mod epcis;
pub mod feed;
pub mod forecasts;
pub mod http;
pub mod identify;
pub mod media;
pub mod openapi;
pub mod overview;
pub mod parameters;
pub mod places;
pub mod problem;
pub mod products;
pub mod recall;
pub mod rejects;
pub mod select;
pub mod series;
pub mod service;
pub mod stock;
mod stream;
pub mod table;
pub mod time;
pub mod trace;
pub mod whereabouts;

pub use service::run;
