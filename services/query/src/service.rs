//! The process: what it depends on, and what it serves.

use crate::api::Api;
use crate::epcis::subscriptions::runner;
use crate::http::router;
use clickhouse::Client;
use serialtrail_runtime::{App, Health};
use serialtrail_warehouse::migrations;

/// Runs the service until shutdown: answers requests, delivers subscriptions. Requests in progress are
/// answered, WebSockets closed.
///
/// # Errors
/// The address cannot be listened on, or subscribers cannot be reached at all.
pub async fn run(mut app: App) -> anyhow::Result<()> {
    let settings = &app.settings.clickhouse;
    let api = Api::new(&app.settings, app.shutdown.clone());
    if !app.listen.ip().is_loopback() {
        tracing::warn!(
            address = %app.listen,
            "this version asks nobody who they are: whoever reaches this address reads everything"
        );
    }
    // ClickHouse is all this service needs; Kafka may be away.
    app.health = Health::new();
    app.health
        .add_http("clickhouse", format!("{}/ping", settings.url));
    let client = api.access.client().clone();
    app.health.add("migrations", move || {
        let client = client.clone();
        Box::pin(async move { migrated(&client).await })
    });
    let sockets = api.epcis.sockets.clone();
    let webhooks = tokio::spawn(runner::run(api.clone(), runner::Share::of(&app.settings)));
    let served = app.serve(router(api)).await;
    app.shutdown.trigger();
    sockets.closed().await;
    let delivered = webhooks
        .await
        .map_err(anyhow::Error::from)
        .and_then(|ended| ended);
    served.and(delivered)
}

/// Whether this build's migrations are all applied.
async fn migrated(client: &Client) -> Result<(), String> {
    let sql = "SELECT count() FROM (SELECT DISTINCT version FROM schema_migrations \
               WHERE version <= {latest:UInt32})";
    let latest = migrations::ALL
        .last()
        .map_or(0, |migration| migration.version);
    let applied: u64 = client
        .query_raw(sql)
        .param("latest", latest)
        .fetch_one()
        .await
        .map_err(|error| error.to_string())?;
    let expected = migrations::ALL.len() as u64;
    if applied == expected {
        Ok(())
    } else {
        Err(format!(
            "{applied} of {expected} migrations applied: run `serialtrail migrate`"
        ))
    }
}
