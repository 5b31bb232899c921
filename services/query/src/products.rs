//! Names of products today, by their GTIN.

use crate::problem::Problem;
use crate::select::{Pace, Select};
use clickhouse::{Client, Row};
use serde::Deserialize;
use std::collections::HashMap;

/// Names of the given products.
///
/// # Errors
/// See [`Problem`].
pub async fn names(
    client: &Client,
    gtins: impl Iterator<Item = String>,
) -> Result<HashMap<String, String>, Problem> {
    #[derive(Row, Deserialize)]
    struct Named {
        gtin: String,
        name: String,
    }
    let mut gtins: Vec<String> = gtins.collect();
    gtins.sort();
    gtins.dedup();
    if gtins.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT gtin, name FROM products FINAL WHERE {where} ORDER BY valid_from";
    let rows: Vec<Named> = Select::new()
        .and("gtin IN {gtins:Array(String)}")
        .and("valid_from <= now64(6)")
        .bind("gtins", gtins)
        .query(client, sql, Pace::Answer)
        .fetch_all()
        .await?;
    // Later versions replace earlier ones.
    Ok(rows.into_iter().map(|row| (row.gtin, row.name)).collect())
}
