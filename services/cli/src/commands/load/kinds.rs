//! The kinds of files, and a row of each as its record.

use super::fields::Field;
use super::table::{BadRow, Row};
use serialtrail_records::reference::LOCATION_KINDS;
use serialtrail_records::{Lane, Location, LotStatus, Party, Product, RegistryEntry};
use std::collections::BTreeMap;
use std::path::Path;

const PROFILES: &[&str] = &["pharma", "fashion", "food"];
const LOT_STATUS: &[&str] = &["active", "recalled", "withdrawn"];
const SERIAL_STATUS: &[&str] = &[
    "active",
    "sample",
    "free_sample",
    "locked",
    "stolen",
    "decommissioned",
    "dispensed",
    "destroyed",
    "exported",
];
const ROLES: &[&str] = &[
    "manufacturer",
    "logistics_provider",
    "carrier",
    "wholesaler",
    "retailer",
    "dispenser",
    "returns_processor",
    "consumer_app",
    "repackager",
    "parallel_distributor",
    "authority",
];

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Trade items
    Products,
    /// Places
    Locations,
    /// Companies
    Parties,
    /// Routes between places
    Lanes,
    /// Batches of trade items
    Lots,
    /// Serials
    Registry,
}

impl Kind {
    /// From a file's name: `products.csv`, `eu-products.csv`, `registry-2.ndjson`.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_stem()?.to_str()?.to_ascii_lowercase();
        let all = [
            Self::Products,
            Self::Locations,
            Self::Parties,
            Self::Lanes,
            Self::Lots,
            Self::Registry,
        ];
        all.into_iter()
            .find(|kind| name == kind.name())
            .or_else(|| {
                let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
                words.find_map(|word| all.into_iter().find(|kind| word == kind.name()))
            })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Locations => "locations",
            Self::Parties => "parties",
            Self::Lanes => "lanes",
            Self::Lots => "lots",
            Self::Registry => "registry",
        }
    }

    /// What its rows are called in a report.
    pub(super) fn rows_are(self) -> &'static str {
        if self == Self::Registry {
            "serials"
        } else {
            self.name()
        }
    }

    /// Whether it goes to `reference-data`.
    pub(super) fn is_reference(self) -> bool {
        !matches!(self, Self::Lots | Self::Registry)
    }

    /// The column that says what a row is about.
    pub(super) fn key_column(self) -> &'static str {
        self.columns()[0]
    }

    /// Columns a header should have.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Products => &["gtin", "name", "brand", "profile", "markets"],
            Self::Locations => &[
                "sgln",
                "name",
                "party",
                "kind",
                "country",
                "latitude",
                "longitude",
            ],
            Self::Parties => &["gln", "name", "role"],
            Self::Lanes => &["from", "to", "limit_days"],
            Self::Lots => &["gtin", "lot", "expiry", "status"],
            Self::Registry => &["epc", "lot", "expiry", "status", "markets"],
        }
    }

    /// Columns a header must have.
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            Self::Products => &["gtin", "profile"],
            Self::Locations => &["sgln", "kind", "country"],
            Self::Parties => &["gln", "role"],
            Self::Lanes => &["from", "to"],
            Self::Lots => &["gtin", "lot"],
            Self::Registry => &["epc"],
        }
    }

    fn optional(self) -> &'static [&'static str] {
        match self {
            Self::Products => &["issuers", "valid_from"],
            Self::Locations => &["radius_km", "valid_from"],
            Self::Parties => &["reports", "valid_from"],
            Self::Lanes => &["valid_from"],
            Self::Lots => &["markets", "status_markets", "status_since"],
            Self::Registry => &["status_since", "issued_by"],
        }
    }
}

/// Whose statements a load makes, and when.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) party: String,
    /// Rising per load, microseconds.
    pub(super) version: i64,
    /// When they count as recorded.
    pub(super) record_time: i64,
    /// Reference-data offset (exclusive) they need.
    pub(super) reference_offset: i64,
}

/// A row read.
#[derive(Debug, PartialEq)]
pub(super) enum Statement {
    Product(Product),
    Location(Location),
    Party(Party),
    Lane(Lane),
    Lot(LotStatus),
    Serial(RegistryEntry),
}

impl Statement {
    /// The record's key.
    pub(super) fn key(&self) -> String {
        let from = |valid_from: Option<i64>| valid_from.unwrap_or(0);
        match self {
            Self::Product(p) => format!("product/{}/{}", p.gtin, from(p.valid_from)),
            Self::Location(l) => format!("location/{}/{}", l.gln, from(l.valid_from)),
            Self::Party(p) => format!("party/{}/{}", p.gln, from(p.valid_from)),
            Self::Lane(l) => format!("lane/{}/{}/{}", l.from, l.to, from(l.valid_from)),
            Self::Lot(l) => format!("01/{}/10/{}", l.gtin, l.lot),
            Self::Serial(r) => r.unit.clone(),
        }
    }
}

/// A row as its record.
pub(super) fn read(kind: Kind, row: &Row<'_>, source: &Source) -> Result<Statement, BadRow> {
    let field = |column| Field::of(row, column);
    let attributes = attributes(kind, row);
    let valid_from = || field("valid_from").optional(Field::time);
    Ok(match kind {
        Kind::Products => Statement::Product(Product {
            gtin: field("gtin").gtin()?,
            name: field("name").value.to_owned(),
            brand: field("brand").value.to_owned(),
            profile: field("profile").word(PROFILES, false)?,
            markets: field("markets").markets()?,
            issuers: field("issuers").glns()?,
            attributes,
            valid_from: valid_from()?,
        }),
        Kind::Locations => Statement::Location(location(row, attributes)?),
        Kind::Parties => Statement::Party(Party {
            gln: field("gln").gln()?,
            name: field("name").value.to_owned(),
            role: field("role").word(ROLES, false)?,
            reports: field("reports").optional(Field::flag)?.unwrap_or(true),
            attributes,
            valid_from: valid_from()?,
        }),
        Kind::Lanes => Statement::Lane(Lane {
            from: field("from").gln()?,
            to: field("to").gln()?,
            limit_days: field("limit_days").optional(|f| f.number(0.0..=3650.0))?,
            attributes,
            valid_from: valid_from()?,
        }),
        Kind::Lots => {
            let gtin = field("gtin").gtin()?;
            Statement::Lot(LotStatus {
                lot: field("lot").lot(&gtin)?,
                gtin,
                source: "load".to_owned(),
                version: source.version,
                asserted: true,
                expiry: field("expiry").optional(Field::expiry)?,
                markets: field("markets").markets()?,
                status: field("status").word(LOT_STATUS, true)?,
                status_since: field("status_since").optional(Field::time)?,
                status_markets: field("status_markets").markets()?,
                attributes,
                source_party: source.party.clone(),
                record_time: source.record_time,
                authorised: true,
                reference_offset: source.reference_offset,
                ..LotStatus::default()
            })
        }
        Kind::Registry => {
            let unit = field("epc").unit()?;
            let lot = match unit.gtin() {
                Some(gtin) => field("lot").optional(|f| f.lot(&gtin))?,
                None => field("lot").optional(|f| f.required().map(str::to_owned))?,
            };
            Statement::Serial(RegistryEntry {
                unit: unit.into(),
                lot,
                expiry: field("expiry").optional(Field::expiry)?,
                status: field("status").word(SERIAL_STATUS, true)?,
                status_since: field("status_since").optional(Field::time)?,
                markets: field("markets").markets()?,
                attributes,
                issued_by: field("issued_by").optional(Field::gln)?,
                source_event: None,
                source_party: source.party.clone(),
                visible_to: Vec::new(),
                version: source.version,
            })
        }
    })
}

fn location(row: &Row<'_>, attributes: BTreeMap<String, String>) -> Result<Location, BadRow> {
    let field = |column| Field::of(row, column);
    let latitude = field("latitude").optional(|f| f.number(-90.0..=90.0))?;
    let longitude = field("longitude").optional(|f| f.number(-180.0..=180.0))?;
    if latitude.is_some() != longitude.is_some() {
        let empty = if latitude.is_none() {
            "latitude"
        } else {
            "longitude"
        };
        let message = "latitude and longitude are given together or not at all";
        return Err(field(empty).bad("missing_value", message));
    }
    Ok(Location {
        gln: field("sgln").gln()?,
        name: field("name").value.to_owned(),
        party: field("party").optional(Field::gln)?,
        kind: field("kind").word(LOCATION_KINDS, false)?,
        country: field("country").country()?,
        latitude,
        longitude,
        radius_km: field("radius_km").optional(|f| f.number(0.0..=20_100.0))?,
        attributes,
        valid_from: field("valid_from").optional(Field::time)?,
    })
}

/// Columns the kind does not know, where they say something.
fn attributes(kind: Kind, row: &Row<'_>) -> BTreeMap<String, String> {
    row.cells
        .iter()
        .filter(|(name, value)| {
            let name: &str = name;
            !value.trim().is_empty()
                && !kind.columns().contains(&name)
                && !kind.optional().contains(&name)
        })
        .map(|(name, value)| (name.to_string(), value.trim().to_owned()))
        .collect()
}

#[cfg(test)]
#[path = "kinds_tests.rs"]
mod tests;
