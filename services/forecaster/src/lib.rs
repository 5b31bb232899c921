//! Demand by local day, and what is expected of it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod day;
pub mod demand;
pub mod model;

use axum::Router;
use serialtrail_runtime::App;

/// Runs the service until shutdown.
///
/// # Errors
/// The address cannot be listened on.
pub async fn run(app: App) -> anyhow::Result<()> {
    app.serve(Router::new()).await
}
