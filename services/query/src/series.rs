//! What demand and its forecasts are kept by: product, market and unit of measure.

use crate::cursor::{Cursor, Listing};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::select::Select;
use serde_json::{Value, json};

/// A series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Unit of measure of class quantities; empty = units.
    pub uom: String,
}

impl Key {
    /// From its parts.
    #[must_use]
    pub fn new(gtin: &str, country: &str, uom: &str) -> Self {
        Self {
            gtin: gtin.to_owned(),
            country: country.to_owned(),
            uom: uom.to_owned(),
        }
    }

    /// Cursor of a page of series that ended with this one.
    #[must_use]
    pub fn cursor(&self) -> String {
        let Self { gtin, country, uom } = self;
        Cursor(0, format!("{gtin}/{country}/{uom}")).encode(Listing::Series)
    }

    /// As in an answer.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"gtin": self.gtin, "country": self.country, "uom": self.uom})
    }
}

/// The conditions `gtin`, `country` and `uom` ask for; `uom=units` is the series of units.
///
/// # Errors
/// 400: a value is not valid.
pub fn filters(given: &Parameters) -> Result<Select, Problem> {
    let uom = given.text("uom").map(|uom| match uom {
        "units" => "",
        other => other,
    });
    Ok(Select::new()
        .when(
            "gtin",
            given.product("gtin", "product")?,
            "gtin = {gtin:String}",
        )
        .when(
            "country",
            given.country("country")?,
            "country = {country:String}",
        )
        .when("uom", uom, "uom = {uom:String}"))
}

/// Adds the condition of a page of series.
#[must_use]
pub fn key_cursor(select: Select, after: Option<Cursor>) -> Select {
    match after {
        None => select,
        Some(Cursor(_, key)) => select
            .and("(gtin, toString(country), toString(uom)) > ({after_gtin:String}, {after_country:String}, {after_uom:String})")
            .bind("after_gtin", part(&key, 0))
            .bind("after_country", part(&key, 1))
            .bind("after_uom", part(&key, 2)),
    }
}

/// Cursor of a page of days that ended with this one: GTIN, country, unit of measure, day.
#[must_use]
pub fn day_cursor(parts: [&str; 4], listing: Listing) -> String {
    Cursor(0, parts.join("/")).encode(listing)
}

/// Adds the condition of a page of days: it begins after the day whose cursor this is.
#[must_use]
pub fn days_after(select: Select, after: Option<Cursor>) -> Select {
    let day = after.map(|Cursor(_, day)| day);
    select.when(
        "after",
        day,
        "concat(gtin, '/', country, '/', uom, '/', toString(day)) > {after:String}",
    )
}

/// A part of a key's text; nothing is trusted because of it.
fn part(key: &str, at: usize) -> String {
    key.splitn(3, '/').nth(at).unwrap_or_default().to_owned()
}
