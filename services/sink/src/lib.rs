//! Topics into ClickHouse, every row once.
//!
//! Invariants:
//! 1. Before the rows of offsets `[a, b]` of a partition are inserted, offset `a` is committed with the
//!    metadata `b,<layout>`; exactly these rows are inserted, one statement a table, under the token
//!    `topic/partition/a-b/table`; then `b + 1` is committed with empty metadata. Whoever owns the
//!    partition next repeats a range found in the metadata until it succeeds, before anything else.
//! 2. A partition has at most one range begun and not finished.
//! 3. Commits are made only for partitions this member owns at that moment.
//! 4. Records stay in memory until ClickHouse has acknowledged their rows; when it does not answer, the
//!    partition's consumption pauses and readiness says so.
//! 5. A record that cannot be read becomes a row of `rejected` with its reason and bytes.
//!
//! | module | subject |
//! |---|---|
//! | [`range`] | a range of offsets, its metadata and tokens |
//! | [`partition`] | what one partition does next: gather, begin, store, finish. No I/O, no clock |
//! | [`rows`] | records to rows |
//! | [`store`] | one batch into ClickHouse, repeated until acknowledged |
//! | [`worker`] | the loop that owns consumer and partitions |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod partition;
pub mod range;
pub mod rows;
pub mod store;
pub mod worker;

use anyhow::Context;
use axum::Router;
use serialtrail_records::Codec;
use serialtrail_runtime::app::App;
use std::sync::Arc;

/// Runs the service until shutdown.
///
/// # Errors
/// The schema registry is not reachable at the start, or another process took this slot.
pub async fn run(app: App) -> anyhow::Result<()> {
    let settings = Arc::clone(&app.settings);
    app.health
        .add_http("clickhouse", format!("{}/ping", settings.clickhouse.url));
    app.health.add_http(
        "schema registry",
        format!("{}/subjects", settings.schema_registry.url),
    );
    let trouble = store::Trouble::default();
    let seen = trouble.clone();
    app.health.add("inserts", move || {
        let seen = seen.get();
        Box::pin(async move { seen.map_or(Ok(()), Err) })
    });
    let runtime = tokio::runtime::Handle::current();
    let store = store::Store::new(serialtrail_warehouse::client(&settings.clickhouse), trouble);
    let work = move |shutdown| {
        let codec = Codec::connect(&settings.schema_registry.url).context("schema registry")?;
        let identity = worker::Identity {
            slot: settings.worker.slot,
            prefix: String::new(),
        };
        worker::run(
            &settings.kafka,
            &identity,
            Arc::new(codec),
            store,
            &runtime,
            &shutdown,
        )
    };
    app.serve_beside(Router::new(), work).await
}
