//! What is known of places today, by their GLN.

use crate::alerts::some;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use clickhouse::{Client, Row};
use serde::Deserialize;
use std::collections::HashMap;

/// A place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// Name.
    pub name: Option<String>,
    /// Kind, such as `pharmacy`.
    pub kind: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

#[derive(Row, Deserialize)]
struct PlaceRow {
    gln: String,
    name: String,
    kind: String,
    country: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// The named places, or all of them.
///
/// # Errors
/// See [`Problem`].
pub async fn places(
    client: &Client,
    glns: Option<Vec<String>>,
) -> Result<HashMap<String, Place>, Problem> {
    if glns.as_ref().is_some_and(Vec::is_empty) {
        return Ok(HashMap::new());
    }
    let select = Select::new().and("valid_from <= now64(6)").when(
        "glns",
        glns,
        "gln IN {glns:Array(String)}",
    );
    let sql = "SELECT gln, name, toString(kind) AS kind, toString(country) AS country, latitude, \
               longitude FROM locations FINAL WHERE {where} ORDER BY valid_from";
    let mut rows = select
        .query(client, sql, Pace::Answer)
        .fetch::<PlaceRow>()?;
    let mut places = HashMap::new();
    while let Some(row) = rows.next().await? {
        let place = Place {
            name: some(row.name),
            kind: some(row.kind),
            country: some(row.country),
            latitude: row.latitude,
            longitude: row.longitude,
        };
        // Later versions replace earlier ones.
        places.insert(row.gln, place);
    }
    Ok(places)
}
