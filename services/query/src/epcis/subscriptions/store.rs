//! Subscriptions and their progress in ClickHouse.

use crate::epcis::problem::EpcisProblem;
use crate::select::{Pace, Select};
use chrono::Utc;
use clickhouse::Client;
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::{NamedQueryRow, SubscriptionProgressRow, SubscriptionRow};
use serialtrail_warehouse::tables;

/// Most subscriptions there may be: each costs memory and questions to ClickHouse.
pub const MOST: usize = 1000;

const COLUMNS: &str = "id, query_name, query_created_at, revision, deleted, definition, created_at";

fn of_query(query: &NamedQueryRow) -> Select {
    Select::new()
        .and("NOT deleted")
        .and("query_name = {query:String}")
        .and("query_created_at = fromUnixTimestamp64Micro({since:Int64}, 'UTC')")
        .bind("query", query.name.as_str())
        .bind("since", query.created_at)
}

/// Subscriptions to a query, by id, after one.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn list(
    client: &Client,
    query: &NamedQueryRow,
    after: &str,
    limit: usize,
) -> Result<Vec<SubscriptionRow>, EpcisProblem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM subscriptions FINAL WHERE {{where}} ORDER BY id LIMIT {limit}"
    );
    let select = of_query(query)
        .and("id > {after:String}")
        .bind("after", after);
    Ok(select.query(client, &sql, Pace::Answer).fetch_all().await?)
}

/// A subscription to a query that stands.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn find(
    client: &Client,
    query: &NamedQueryRow,
    id: &str,
) -> Result<Option<SubscriptionRow>, EpcisProblem> {
    let sql = format!("SELECT {COLUMNS} FROM subscriptions FINAL WHERE {{where}}");
    let select = of_query(query).and("id = {id:String}").bind("id", id);
    Ok(select
        .query(client, &sql, Pace::Answer)
        .fetch_optional()
        .await?)
}

/// All subscriptions that stand, to queries that stand.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn active(client: &Client) -> Result<Vec<SubscriptionRow>, EpcisProblem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM subscriptions FINAL WHERE {{where}} ORDER BY created_at, id LIMIT {MOST}"
    );
    let select = Select::new().and("NOT deleted").and(
        "(query_name, query_created_at) IN \
         (SELECT name, created_at FROM named_queries FINAL WHERE NOT deleted)",
    );
    Ok(select.query(client, &sql, Pace::Answer).fetch_all().await?)
}

/// Keeps a subscription as it is.
///
/// # Errors
/// ClickHouse does not take it.
pub async fn store(client: &Client, row: SubscriptionRow) -> Result<(), EpcisProblem> {
    let token = format!("{}/{}", row.id, row.revision);
    Ok(insert_batch(client, tables::SUBSCRIPTIONS, &token, &[row]).await?)
}

/// Ends a subscription.
///
/// # Errors
/// ClickHouse does not take it.
pub async fn end(client: &Client, row: SubscriptionRow) -> Result<(), EpcisProblem> {
    let row = SubscriptionRow {
        revision: above(row.revision),
        deleted: true,
        ..row
    };
    store(client, row).await
}

/// A revision above one, whatever the clock says.
#[must_use]
pub fn above(before: u64) -> u64 {
    let now = u64::try_from(Utc::now().timestamp_micros()).unwrap_or_default();
    now.max(before + 1)
}

/// How far a subscription was delivered.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn progress(
    client: &Client,
    id: &str,
) -> Result<Option<SubscriptionProgressRow>, EpcisProblem> {
    let sql = "SELECT id, revision, position, executed_at, notified_at FROM subscription_progress \
               FINAL WHERE {where}";
    let select = Select::new().and("id = {id:String}").bind("id", id);
    Ok(select
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?)
}

/// The same of several, in no order.
///
/// # Errors
/// ClickHouse does not answer.
pub async fn progresses(
    client: &Client,
    ids: Vec<String>,
) -> Result<Vec<SubscriptionProgressRow>, EpcisProblem> {
    let sql = "SELECT id, revision, position, executed_at, notified_at FROM subscription_progress \
               FINAL WHERE {where}";
    let select = Select::new()
        .and("id IN {ids:Array(String)}")
        .bind("ids", ids);
    Ok(select.query(client, sql, Pace::Answer).fetch_all().await?)
}

/// Keeps how far a subscription was delivered.
///
/// # Errors
/// ClickHouse does not take it.
pub async fn store_progress(
    client: &Client,
    row: &SubscriptionProgressRow,
) -> Result<(), EpcisProblem> {
    let token = format!("{}/{}", row.id, row.revision);
    let rows = [row.clone()];
    Ok(insert_batch(client, tables::SUBSCRIPTION_PROGRESS, &token, &rows).await?)
}
