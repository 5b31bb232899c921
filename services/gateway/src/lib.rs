//! The one door into Serialtrail: EPCIS 2.0 capture by HTTP, and the intake of partners' topics.
//!
//! An input is **assessed** by plain functions (what is captured, what refused, whose it is, which
//! record time it gets), then **written** by one loop: events, job, rejections and marks in one Kafka
//! transaction, then answered. Nothing is kept here that cannot be lost.
//!
//! | module | subject |
//! |---|---|
//! | [`capture`] | what becomes of an input: `candidate` (one event), `pass` (all), `conflicts`, [`findings`] |
//! | [`large`] | documents that go in several transactions |
//! | [`master`], [`reference`] | master data of documents: what it says, how it is published |
//! | [`auth`], [`clock`], [`known`], [`archive`], [`device`] | who, when, conflicts known at once, personal ids |
//! | [`event`], [`rejected`], [`partner`] | the records: in and out |
//! | [`http`], `order`, `post`, `read_jobs` | the HTTP face: resources, requests |
//! | [`media`], [`versions`], [`negotiate`], [`answer`], [`problem`] | headers, forms of answers, errors |
//! | [`body`], [`spool`], [`parcel`] | bodies unpacked, large bodies and large transactions in files |
//! | [`writer`], [`transaction`], [`marks`], [`outgoing`] | the way to Kafka |
//! | [`intake`], [`partner_rejects`] | partners' topics: their events, what was refused of them |
//! | [`jobs`], [`follow`] | capture jobs, of any instance |
//! | [`service`] | the process |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answer;
pub mod archive;
pub mod auth;
pub mod body;
mod candidate;
pub mod capture;
pub mod clock;
mod conflicts;
pub mod device;
mod device_xml;
pub mod event;
pub mod findings;
pub mod follow;
pub mod http;
pub mod intake;
pub mod jobs;
pub mod known;
pub mod large;
pub mod marks;
pub mod master;
pub mod media;
pub mod negotiate;
mod order;
pub mod outgoing;
pub mod parcel;
pub mod partner;
pub mod partner_rejects;
mod pass;
mod post;
pub mod problem;
mod read_jobs;
pub mod reference;
pub mod rejected;
pub mod service;
pub mod spool;
pub mod transaction;
pub mod versions;
pub mod writer;

pub use service::run;
