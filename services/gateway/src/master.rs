//! Master data of a document's header (EPCIS 2.0 §9.4.2, CBV 2.0 §9) as reference data.
//!
//! Every element is kept as it was given (`MasterData`). Where the vocabulary says enough, the place,
//! product or party it describes is brought up to date too: the version that holds now keeps what the
//! element does not name. Children name their parent. Who may: a key with role `master_data`.

use serde_json::Value;
use serialtrail_epcis::VocabularyElement;
use serialtrail_gs1::parse_identifier;
use serialtrail_records::{Codec, Location, MasterAttribute, MasterData, Micros, Party, Product};
use serialtrail_runtime::topics::REFERENCE_DATA;
use serialtrail_stream::reference::ReferenceTable;
use std::collections::{BTreeMap, HashMap};

use crate::transaction::{Counts, Outgoing};

/// Where a document's master data comes from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Authenticated publisher.
    pub party: &'a str,
    /// Capture job.
    pub capture_id: &'a str,
    /// Record time of the document.
    pub record_time: Micros,
}

/// A statement of reference data.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// As given.
    Master(MasterData),
    /// A place.
    Location(Location),
    /// A trade item.
    Product(Product),
    /// A company.
    Party(Party),
}

/// What kind of thing a vocabulary describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Place,
    TradeItem,
    Company,
}

/// By the last word of the vocabulary's URI.
fn subject(vocabulary: &str) -> Option<Subject> {
    match local_name(vocabulary) {
        "BusinessLocation" | "ReadPoint" | "Location" => Some(Subject::Place),
        "EPCClass" | "EPCInstance" => Some(Subject::TradeItem),
        "SourceDest" | "Party" => Some(Subject::Company),
        _ => None,
    }
}

fn local_name(uri: &str) -> &str {
    uri.rsplit(['#', '/', ':']).next().unwrap_or(uri)
}

/// The statements of a document's master data, in their order.
#[must_use]
pub fn statements(
    elements: &[VocabularyElement],
    table: &ReferenceTable,
    source: Source<'_>,
) -> Vec<Statement> {
    let mut parents: HashMap<String, String> = HashMap::new();
    for element in elements {
        for child in &element.children {
            parents.insert(key_of(child), key_of(&element.id));
        }
    }
    let mut latest = Latest {
        table,
        at: source.record_time,
        parents,
        locations: BTreeMap::new(),
        products: BTreeMap::new(),
        parties: BTreeMap::new(),
    };
    let mut statements = Vec::with_capacity(elements.len());
    for element in elements {
        statements.push(Statement::Master(as_given(element, source)));
        latest.take(element);
    }
    statements.extend(latest.locations.into_values().map(Statement::Location));
    statements.extend(latest.products.into_values().map(Statement::Product));
    statements.extend(latest.parties.into_values().map(Statement::Party));
    statements
}

fn key_of(id: &str) -> String {
    parse_identifier(id).map_or_else(|_| id.to_owned(), |key| key.to_string())
}

fn as_given(element: &VocabularyElement, source: Source<'_>) -> MasterData {
    MasterData {
        vocabulary: element.vocabulary.clone(),
        id: element.id.clone(),
        key: key_of(&element.id),
        attributes: element
            .attributes
            .iter()
            .map(|(name, value)| MasterAttribute {
                name: name.clone(),
                value: plain(value),
            })
            .collect(),
        children: element.children.clone(),
        source_party: source.party.into(),
        record_time: source.record_time,
        capture_id: source.capture_id.into(),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// What the document makes of the things it names.
struct Latest<'a> {
    table: &'a ReferenceTable,
    at: Micros,
    /// Key of the parent by the child's.
    parents: HashMap<String, String>,
    locations: BTreeMap<String, Location>,
    products: BTreeMap<String, Product>,
    parties: BTreeMap<String, Party>,
}

impl Latest<'_> {
    fn take(&mut self, element: &VocabularyElement) {
        let Ok(key) = parse_identifier(&element.id) else {
            return;
        };
        let parent = self.parents.get(&key.to_string()).cloned();
        match subject(&element.vocabulary) {
            Some(Subject::Place) => {
                if let Some(gln) = key.gln() {
                    let gln: &str = &gln;
                    let (table, at) = (self.table, self.at);
                    let place = self.locations.entry(gln.to_owned()).or_insert_with(|| {
                        let empty = || Location {
                            gln: gln.to_owned(),
                            ..Location::default()
                        };
                        table.location(gln, at).cloned().unwrap_or_else(empty)
                    });
                    if let Some(parent) = parent {
                        place.attributes.insert("parent".into(), parent);
                    }
                    named(element).for_each(|(name, value)| of_place(place, name, &value));
                }
            }
            // What is said of one lot or serial is not said of the trade item.
            Some(Subject::TradeItem) if key.lot().is_none() && key.serial().is_none() => {
                if let Some(gtin) = key.gtin() {
                    let gtin: &str = &gtin;
                    let (table, at) = (self.table, self.at);
                    let item = self.products.entry(gtin.to_owned()).or_insert_with(|| {
                        let empty = || Product {
                            gtin: gtin.to_owned(),
                            ..Product::default()
                        };
                        table.product(gtin, at).cloned().unwrap_or_else(empty)
                    });
                    let called = NAMES
                        .iter()
                        .find_map(|name| named(element).find(|(given, _)| given == name));
                    if let Some((_, name)) = &called {
                        name.trim().clone_into(&mut item.name);
                    }
                    named(element)
                        .filter(|(name, _)| called.as_ref().is_none_or(|(own, _)| own != name))
                        .for_each(|(name, value)| of_product(item, name, &value));
                }
            }
            Some(Subject::Company) => {
                if let Some(gln) = key.gln() {
                    let gln: &str = &gln;
                    let (table, at) = (self.table, self.at);
                    let party = self.parties.entry(gln.to_owned()).or_insert_with(|| {
                        let empty = || Party {
                            gln: gln.to_owned(),
                            reports: true,
                            ..Party::default()
                        };
                        table.party(gln, at).cloned().unwrap_or_else(empty)
                    });
                    named(element).for_each(|(name, value)| of_party(party, name, &value));
                }
            }
            Some(Subject::TradeItem) | None => {}
        }
    }
}

/// What a trade item may be called by, the best first (CBV 2.0 §9.2).
const NAMES: [&str; 5] = [
    "descriptionShort",
    "productName",
    "name",
    "regulatedProductName",
    "functionalName",
];

fn named(element: &VocabularyElement) -> impl Iterator<Item = (&str, String)> {
    let attributes = element.attributes.iter();
    attributes.map(|(name, value)| (local_name(name), plain(value)))
}

fn of_place(place: &mut Location, name: &str, value: &str) {
    let value = value.trim();
    match name {
        "name" | "siteName" => value.clone_into(&mut place.name),
        "countryCode" if is_country(value) => place.country = value.to_ascii_uppercase(),
        "latitude" if degrees(value, 90.0).is_some() => place.latitude = degrees(value, 90.0),
        "longitude" if degrees(value, 180.0).is_some() => place.longitude = degrees(value, 180.0),
        "owning_party" | "possessing_party" | "party" => {
            place.party = serialtrail_stream::reference::gln_of(value).or(place.party.take());
        }
        other => {
            place.attributes.insert(other.to_owned(), value.to_owned());
        }
    }
}

fn of_product(item: &mut Product, name: &str, value: &str) {
    let value = value.trim();
    match name {
        "brandName" => value.clone_into(&mut item.brand),
        other => {
            item.attributes.insert(other.to_owned(), value.to_owned());
        }
    }
}

fn of_party(party: &mut Party, name: &str, value: &str) {
    let value = value.trim();
    match name {
        "name" | "organizationName" => value.clone_into(&mut party.name),
        other => {
            party.attributes.insert(other.to_owned(), value.to_owned());
        }
    }
}

fn is_country(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic())
}

fn degrees(value: &str, most: f64) -> Option<f64> {
    value
        .parse()
        .ok()
        .filter(|degrees: &f64| degrees.abs() <= most)
}

/// The statements as records.
///
/// # Errors
/// A record cannot be encoded: a defect of this build.
pub fn records(
    statements: &[Statement],
    counts: &Counts,
    codec: &Codec,
) -> anyhow::Result<Vec<Outgoing>> {
    let from = |valid_from: Option<Micros>| valid_from.unwrap_or(0);
    statements
        .iter()
        .map(|statement| {
            let (key, value) = match statement {
                Statement::Master(m) => (
                    format!("master/{}/{}", m.vocabulary, m.id),
                    codec.encode(m)?,
                ),
                Statement::Location(l) => (
                    format!("location/{}/{}", l.gln, from(l.valid_from)),
                    codec.encode(l)?,
                ),
                Statement::Product(p) => (
                    format!("product/{}/{}", p.gtin, from(p.valid_from)),
                    codec.encode(p)?,
                ),
                Statement::Party(p) => (
                    format!("party/{}/{}", p.gln, from(p.valid_from)),
                    codec.encode(p)?,
                ),
            };
            Ok(counts.keyed(REFERENCE_DATA, key.as_bytes(), value))
        })
        .collect()
}

#[cfg(test)]
#[path = "master_tests.rs"]
mod tests;
