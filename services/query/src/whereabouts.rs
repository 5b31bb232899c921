//! Where units of a product or a lot are now, derived from their reads in one place for every question.
//!
//! A unit's whereabouts follow from the reads that hold: of each (event, unit) the highest revision,
//! and only if it is asserted.
//!
//! | whereabouts | when |
//! |---|---|
//! | `ended` | destroyed or exported; decommissioned and not taken back; or the registry says so |
//! | `sold` | dispensed (not in part) or sold at retail, not returned and not undone since; or the registry says `dispensed` |
//! | `in_transit` | the last read ships it, and does not take that back (`void_shipping`) |
//! | `at_site` | any other last read |
//! | `unseen` | registered and never read |
//!
//! The last read is the last by (event time, event id); a consumer's scan tells where a unit is only if
//! nobody else ever read it.
//!
//! Units of a lot are scattered among those of their product by serial, so a question is answered range
//! by range of unit keys ([`ranges`]): a statement holds the state of one range's units, however many
//! the lot has, and a page or a stream goes on where the range before ended.

mod ranges;
mod unit;

pub use ranges::{Range, next_range};
pub use unit::{Now, NowRow, SCANNED};

use crate::problem::Problem;
use crate::select::{Pace, Select};
use clickhouse::Client;
use serialtrail_gs1::Epc;

/// Where a unit can be.
pub const WHEREABOUTS: &[&str] = &["at_site", "in_transit", "sold", "ended", "unseen"];

/// The units a question is about: those of a product, or of one of its lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// Lot; `None` = all units of the product.
    pub lot: Option<String>,
}

impl Scope {
    /// The scope a product's or lot's key names.
    #[must_use]
    pub fn of_key(key: &Epc) -> Option<Self> {
        Some(Self {
            gtin: key.gtin()?.into(),
            lot: key.lot().map(String::from),
        })
    }

    /// Before the first and after the last key of the product's serialised units: `01/<gtin>/21/…` and
    /// `01/<gtin>/235/…`.
    fn ends(&self) -> (String, String) {
        (format!("01/{}/2", self.gtin), format!("01/{}/3", self.gtin))
    }

    /// The range of all of them.
    #[must_use]
    pub fn everything(&self) -> Range {
        let (after, until) = self.ends();
        Range { after, until }
    }

    /// Whether anything was ever loaded or reported about a unit of it, or about the lot.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn is_known(&self, client: &Client) -> Result<bool, Problem> {
        let Range { after, until } = self.everything();
        let select = Select::new()
            .bind("gtin", self.gtin.as_str())
            .bind("lot", self.lot.clone().unwrap_or_default())
            .bind("after", after)
            .bind("until", until);
        let of_units = "unit > {after:String} AND unit < {until:String}";
        let (serials, reads, lots) = match self.lot {
            Some(_) => (
                "AND lot = {lot:String}",
                "AND (lot = {lot:String} OR (lot = '' AND event_lot = {lot:String}))",
                "AND lot = {lot:String}",
            ),
            None => ("", "", ""),
        };
        let found: u64 = select
            .query(
                client,
                &format!(
                    "SELECT count() FROM (\
                     SELECT * FROM (SELECT 1 FROM serials WHERE {of_units} {serials} LIMIT 1) UNION ALL \
                     SELECT * FROM (SELECT 1 FROM lots WHERE gtin = {{gtin:String}} {lots} \
                       AND state = 'asserted' LIMIT 1) UNION ALL \
                     SELECT * FROM (SELECT 1 FROM observations WHERE {of_units} {reads} LIMIT 1))"
                ),
                Pace::Answer,
            )
            .fetch_one()
            .await?;
        Ok(found > 0)
    }
}
