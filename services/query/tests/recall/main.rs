//! A lot's recall and stock by place over real tables.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod pages;
mod refusals;
mod whereabouts;
mod world;
