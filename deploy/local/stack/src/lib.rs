//! The local stack: Kafka, Apicurio, the ClickHouse engine and Serialtrail's services as background
//! processes in one folder, for demos and tests.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod project;

pub use project::{Project, program};
