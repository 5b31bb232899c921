//! A few places and products for scenarios, under one example company prefix.

use serialtrail_gs1::{check_digit, parse_identifier};

use crate::Deployment;

/// Company prefix of everything here.
const PREFIX: &str = "9529000";

/// Places by number: what they are and where.
const PLACES: &[(usize, &str, &str, f64, f64)] = &[
    (1, "factory", "DE", 48.14, 11.58),
    (2, "distribution_centre", "DE", 53.55, 9.99),
    (3, "wholesaler", "DE", 52.52, 13.40),
    (4, "pharmacy", "DE", 52.50, 13.45),
    (5, "pharmacy", "DE", 48.15, 11.60),
    (6, "pharmacy", "JP", 35.68, 139.69),
    (7, "returns_centre", "FR", 45.76, 4.84),
];

/// Factory in Munich.
pub const FACTORY: usize = 1;
/// Distribution centre in Hamburg.
pub const CENTRE: usize = 2;
/// Wholesaler in Berlin.
pub const WHOLESALER: usize = 3;
/// Pharmacy in Berlin.
pub const PHARMACY: usize = 4;
/// Pharmacy in Munich.
pub const PHARMACY_MUNICH: usize = 5;
/// Pharmacy in Tokyo, outside the product's markets.
pub const PHARMACY_TOKYO: usize = 6;

fn checked(body: &str) -> String {
    // Bodies are digits by construction.
    format!("{body}{}", check_digit(body).unwrap_or('0'))
}

/// GLN-13 of a place.
#[must_use]
pub fn gln(place: usize) -> String {
    checked(&format!("{PREFIX}{place:05}"))
}

/// SGLN URN of a place.
#[must_use]
pub fn sgln(place: usize) -> String {
    format!("urn:epc:id:sgln:{PREFIX}.{place:05}.0")
}

/// GTIN-14 of an item.
#[must_use]
pub fn gtin(item: usize) -> String {
    checked(&format!("0{PREFIX}{item:05}"))
}

/// SGTIN URN.
#[must_use]
pub fn sgtin(item: usize, serial: &str) -> String {
    format!("urn:epc:id:sgtin:{PREFIX}.0{item:05}.{serial}")
}

/// `count` SGTIN URNs with a common beginning.
#[must_use]
pub fn sgtins(item: usize, beginning: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|n| sgtin(item, &format!("{beginning}{n:05}")))
        .collect()
}

/// LGTIN class URN.
#[must_use]
pub fn lgtin(item: usize, lot: &str) -> String {
    format!("urn:epc:class:lgtin:{PREFIX}.0{item:05}.{lot}")
}

/// SSCC URN.
#[must_use]
pub fn sscc(number: u64) -> String {
    format!("urn:epc:id:sscc:{PREFIX}.2{number:09}")
}

/// Canonical Digital Link of an identifier.
///
/// # Errors
/// It is no identifier.
pub fn link(id: &str) -> anyhow::Result<String> {
    Ok(parse_identifier(id)?.digital_link())
}

/// Loads places, one party and items 1 to 20 (pharma, markets DE and FR). Loading twice changes nothing.
///
/// # Errors
/// The load is refused.
pub fn load(d: &Deployment) -> anyhow::Result<()> {
    d.load(
        "parties.csv",
        &format!("gln,name,role\n{},Scenario Pharma,manufacturer\n", gln(0)),
    )?;
    let mut text = String::from("sgln,name,party,kind,country,latitude,longitude\n");
    for (n, kind, country, latitude, longitude) in PLACES {
        text += &format!(
            "{},{kind} {n},{},{kind},{country},{latitude},{longitude}\n",
            sgln(*n),
            gln(0)
        );
    }
    d.load("locations.csv", &text)?;
    let mut text = String::from("gtin,name,brand,profile,markets\n");
    for item in 1..=20 {
        text += &format!("{},Scenarin {item},Scenarin,pharma,DE;FR\n", gtin(item));
    }
    d.load("products.csv", &text)
}
