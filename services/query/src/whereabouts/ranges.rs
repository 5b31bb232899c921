//! Ranges of unit keys, each with a bounded number of the scope's units.

use super::Scope;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use clickhouse::{Client, Row};
use serde::Deserialize;

/// Unit keys after `after` up to and with `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Excluded.
    pub after: String,
    /// Included.
    pub until: String,
}

#[derive(Row, Deserialize)]
struct Key {
    unit: String,
}

/// The range that begins after `after` and holds `units` of the registered units of the scope, with
/// whatever was read between; and whether it is the last.
///
/// # Errors
/// See [`Problem`].
pub async fn next_range(
    client: &Client,
    scope: &Scope,
    after: String,
    units: u64,
) -> Result<(Range, bool), Problem> {
    let end = scope.everything().until;
    let skipped = i64::try_from(units.saturating_sub(1)).unwrap_or(i64::MAX);
    let select = Select::new()
        .and("unit > {after:String}")
        .and("unit < {until:String}")
        .when("lot", scope.lot.clone(), "lot = {lot:String}")
        .bind("after", after.as_str())
        .bind("until", end.as_str())
        .bind("skipped", skipped);
    let sql =
        "SELECT unit FROM serials WHERE {where} ORDER BY unit LIMIT 1 OFFSET {skipped:UInt64}";
    let boundary: Option<Key> = select
        .query(client, sql, Pace::Answer)
        .fetch_optional()
        .await?;
    Ok(match boundary {
        Some(Key { unit }) => (Range { after, until: unit }, false),
        None => (Range { after, until: end }, true),
    })
}
