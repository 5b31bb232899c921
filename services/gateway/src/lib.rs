//! The one door into Serialtrail: EPCIS 2.0 capture by HTTP, and the intake of partners' topics.
//!
//! An input is **assessed** by plain functions (what is captured, what refused, whose it is, which
//! record time it gets), then **written** by one loop: events, job, rejections and marks in one Kafka
//! transaction, then answered. Nothing is kept here that cannot be lost.
//!
//! | module | subject |
//! |---|---|
//! | [`capture`] | what becomes of an input's events |
//! | [`auth`], [`clock`], [`known`], [`device`] | who, when, conflicts known at once, personal ids |
//! | [`event`], [`rejected`], [`partner`] | the records: in and out |
//! | [`problem`], [`negotiate`], [`body`], [`http`] | the HTTP face |
//! | [`writer`], [`transaction`], [`marks`], [`outgoing`] | the way to Kafka |
//! | [`intake`], [`partner_rejects`] | partners' topics: their events, what was refused of them |
//! | [`jobs`], [`follow`] | capture jobs, of any instance |
//! | [`service`] | the process |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod auth;
pub mod body;
pub mod capture;
pub mod clock;
pub mod device;
pub mod event;
pub mod follow;
pub mod http;
pub mod intake;
pub mod jobs;
pub mod known;
pub mod marks;
pub mod negotiate;
pub mod outgoing;
pub mod partner;
pub mod partner_rejects;
pub mod problem;
pub mod rejected;
pub mod service;
pub mod transaction;
pub mod writer;

pub use service::run;
