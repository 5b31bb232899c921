//! The local stack: Kafka, Apicurio, the ClickHouse engine, Prometheus, Alertmanager and Serialtrail's
//! services as background processes in one folder, for demos and tests.
//!
//! [`Stack::up`] starts it, [`Stack::open`] finds it again from any process, [`Stack::down`] ends
//! exactly what was started. Functions block; none needs or disturbs an async runtime.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod groups;
mod launch;
pub mod layout;
pub mod member;
mod monitor;
pub mod ports;
pub mod prepare;
pub mod probe;
pub mod process;
pub mod project;
pub mod ready;
pub mod settle;
pub mod shape;
pub mod stack;
pub mod status;
pub mod topics;

pub use layout::Layout;
pub use member::Member;
pub use ports::Ports;
pub use project::{Project, program};
pub use shape::{Shape, Wish};
pub use stack::{Progress, Stack};
