//! Conditions on sensor elements (EPCIS 2.0 §7.3.7). What a parameter asks for may stand in any of the
//! event's sensor elements, each parameter on its own.

use serde_json::{Map, Value};
use serialtrail_gs1::parse_identifier;

use super::condition::{Comparison, Scope, SensorNumber};
use super::{field, given, units};
use crate::tree::Tree;
use crate::vocabulary::{Vocabulary, normalise};
use chrono::{DateTime, Utc};

/// Metadata and reports of all elements: several attributes may stand in either.
fn parts(tree: &Tree) -> impl Iterator<Item = &Map<String, Value>> {
    field::objects(tree, Scope::SensorMetadata)
        .into_iter()
        .chain(field::objects(tree, Scope::SensorReport))
}

pub(super) fn time(
    tree: &Tree,
    attribute: &str,
    comparison: Comparison,
    wanted: &DateTime<Utc>,
) -> bool {
    parts(tree)
        .filter_map(|part| given::time(part.get(attribute)?.as_str()?))
        .any(|found| comparison.holds(&found, wanted))
}

pub(super) fn text(tree: &Tree, attribute: &str, wanted: &[String]) -> bool {
    let word = match attribute {
        "type" => Some(Vocabulary::MeasurementType),
        "exception" => Some(Vocabulary::SensorAlert),
        "component" => Some(Vocabulary::Component),
        _ => None,
    };
    parts(tree)
        .filter_map(|part| part.get(attribute)?.as_str())
        .any(|found| match word {
            Some(vocabulary) => {
                let found = normalise(vocabulary, found).unwrap_or(found);
                wanted.iter().any(|wanted| wanted == found)
            }
            None => wanted.iter().any(|wanted| same(attribute, found, wanted)),
        })
}

/// Equal, or two spellings of one identifier.
fn same(attribute: &str, found: &str, wanted: &str) -> bool {
    if found == wanted {
        return true;
    }
    match attribute {
        "stringValue" => false,
        "hexBinaryValue" => found.eq_ignore_ascii_case(wanted),
        _ => match (parse_identifier(found), parse_identifier(wanted)) {
            (Ok(found), Ok(wanted)) => found == wanted,
            _ => false,
        },
    }
}

pub(super) fn boolean(tree: &Tree, wanted: bool) -> bool {
    field::objects(tree, Scope::SensorReport)
        .iter()
        .filter_map(|report| report.get("booleanValue")?.as_bool())
        .any(|found| found == wanted)
}

pub(super) fn number(
    tree: &Tree,
    number: SensorNumber,
    comparison: Comparison,
    uom: Option<&str>,
    amounts: &[f64],
) -> bool {
    let difference = number == SensorNumber::StandardDeviation;
    field::objects(tree, Scope::SensorReport)
        .iter()
        .filter_map(|report| {
            let found = report.get(number.attribute())?.as_f64()?;
            Some((found, report.get("uom").and_then(Value::as_str)))
        })
        .any(|(found, found_uom)| {
            amounts.iter().any(|wanted| match (uom, found_uom) {
                (None, _) => comparison.holds(&found, wanted),
                (Some(uom), Some(found_uom)) => {
                    units::compare(comparison, (found, found_uom), (*wanted, uom), difference)
                }
                (Some(_), None) => false,
            })
        })
}
