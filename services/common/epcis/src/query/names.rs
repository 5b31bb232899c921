//! What the names of parameters are made of.

use super::condition::{Comparison, EpcField, FieldName, Scope, VocabularyField};
use crate::context::Context;

/// Fields of the standard that `EXISTS_` may name.
const STANDARD_FIELDS: &[&str] = &[
    "action",
    "bizLocation",
    "bizStep",
    "bizTransactionList",
    "certificationInfo",
    "childEPCs",
    "childQuantityList",
    "destinationList",
    "disposition",
    "epcList",
    "eventID",
    "ilmd",
    "inputEPCList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "parentID",
    "persistentDisposition",
    "quantityList",
    "readPoint",
    "sensorElementList",
    "sourceList",
    "transformationID",
];

/// Fields of the standard whose values are elements of a vocabulary.
const VOCABULARY_FIELDS: &[&str] = &[
    "readPoint",
    "bizLocation",
    "bizStep",
    "disposition",
    "epcClass",
    "source",
    "destination",
    "bizTransaction",
];

pub(super) fn epc_field(name: &str) -> Option<EpcField> {
    Some(match name {
        "epc" => EpcField::Epc,
        "parentID" => EpcField::Parent,
        "inputEPC" => EpcField::Input,
        "outputEPC" => EpcField::Output,
        "anyEPC" => EpcField::Any,
        "epcClass" => EpcField::Class,
        "inputEPCClass" => EpcField::InputClass,
        "outputEPCClass" => EpcField::OutputClass,
        "anyEPCClass" => EpcField::AnyClass,
        _ => return None,
    })
}

pub(super) fn sensor_text(name: &str) -> Option<&'static str> {
    [
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "bizRules",
        "microorganism",
        "chemicalSubstance",
        "coordinateReferenceSystem",
        "stringValue",
        "hexBinaryValue",
        "uriValue",
    ]
    .into_iter()
    .find(|known| *known == name)
}

pub(super) fn comparison(name: &str) -> Option<(Comparison, &str)> {
    let (operator, rest) = name.split_once('_')?;
    let comparison = match operator {
        "EQ" => Comparison::Equal,
        "GT" => Comparison::Greater,
        "GE" => Comparison::GreaterOrEqual,
        "LT" => Comparison::Less,
        "LE" => Comparison::LessOrEqual,
        _ => return None,
    };
    Some((comparison, rest))
}

pub(super) fn standard_field(name: &str) -> Option<&'static str> {
    match name {
        // As conformance tests spell it.
        "sensorElement" => Some("sensorElementList"),
        _ => STANDARD_FIELDS.iter().copied().find(|known| *known == name),
    }
}

pub(super) fn vocabulary_field(name: &str, context: &Context) -> Option<VocabularyField> {
    let standard = VOCABULARY_FIELDS
        .iter()
        .copied()
        .find(|known| *known == name);
    match standard {
        Some(field) => Some(VocabularyField::Standard(field)),
        None => {
            is_field_name(name).then(|| VocabularyField::Extension(FieldName::new(name, context)))
        }
    }
}

/// `fieldname_attrname`: a field of the standard ends at the first `_`, an extension's at the last.
pub(super) fn attribute(rest: &str, context: &Context) -> Option<(VocabularyField, String)> {
    let standard = rest
        .split_once('_')
        .filter(|(field, _)| VOCABULARY_FIELDS.contains(field));
    let (field, attribute) = standard.or_else(|| rest.rsplit_once('_'))?;
    if attribute.is_empty() {
        return None;
    }
    Some((vocabulary_field(field, context)?, attribute.to_owned()))
}

/// Scope, whether nested, and name of an extension field.
pub(super) fn scoped(rest: &str, context: &Context) -> Option<(Scope, bool, FieldName)> {
    let (inner, rest) = match rest.strip_prefix("INNER_") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let scopes = [
        ("ILMD_", Scope::Ilmd),
        ("ERROR_DECLARATION_", Scope::ErrorDeclaration),
        ("SENSORELEMENT_", Scope::SensorElement),
        ("SENSORMETADATA_", Scope::SensorMetadata),
        ("SENSORREPORT_", Scope::SensorReport),
        ("readPoint_", Scope::ReadPoint),
        ("bizLocation_", Scope::BizLocation),
    ];
    let (scope, name) = scopes
        .into_iter()
        .find_map(|(prefix, scope)| Some((scope, rest.strip_prefix(prefix)?)))
        .unwrap_or((Scope::Event, rest));
    is_field_name(name).then(|| (scope, inner, FieldName::new(name, context)))
}

/// A prefix or namespace, and a local name.
fn is_field_name(name: &str) -> bool {
    name.split_once(':')
        .is_some_and(|(prefix, local)| !prefix.is_empty() && !local.is_empty())
}
