//! What every `main.rs` needs and no domain should know about: configuration, logs, metrics, health
//! checks, shutdown, topic names.
//!
//! A service's `main.rs` calls [`run_service`], which reads the settings, starts logging, hands the
//! service an [`App`] and turns its end into an exit code. Everything else here is used by name.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod config;
mod env_override;
pub mod health;
pub mod kafka;
pub mod metrics;
pub mod samples;
pub mod shutdown;
pub mod telemetry;
pub mod topics;

pub use app::{App, ServiceArgs, run_service};
pub use config::{Clock, Service, Settings};
pub use health::Health;
pub use shutdown::Shutdown;
