//! What extensions and ILMD tell this pipeline: lot, expiry, verification scan.
//! Senders use namespaces of their own, so names are matched by their local part.

use serde_json::{Map, Value};
use serialtrail_gs1::Expiry;

use crate::context::local_name;
use crate::fields::Object;
use crate::model::{ScanKind, VerificationScan};
use crate::reason::{Fault, Parsed, Reason};

/// The event-level extensions as a JSON object, None where there are none.
pub(crate) fn of_event(event: &Object<'_>) -> Option<String> {
    let extensions: Map<String, Value> = event
        .fields
        .iter()
        .filter(|(name, _)| name.contains(':'))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (!extensions.is_empty()).then(|| Value::Object(extensions).to_string())
}

/// Lot and expiry: from ILMD at commissioning, else from event-level extensions.
pub(crate) fn lot_and_expiry(event: &Object<'_>) -> Parsed<(Option<String>, Option<Expiry>)> {
    let at = event.at.field("ilmd");
    let ilmd = event
        .get("ilmd")
        .map(|value| Object::new(&at, value))
        .transpose()?;
    let mut lot = None;
    let mut expiry = None;
    for object in ilmd.iter().chain([event]) {
        for (name, value) in object.fields.iter().filter(|(name, _)| name.contains(':')) {
            match local_name(name) {
                "lotNumber" if lot.is_none() => lot = scalar(value),
                "itemExpirationDate" if expiry.is_none() => {
                    if let Some(text) = scalar(value) {
                        expiry = Some(
                            Expiry::parse(&text)
                                .map_err(|e| Fault::identifier(&object.at.field(name), &e))?,
                        );
                    }
                }
                _ => {}
            }
        }
    }
    Ok((lot, expiry))
}

/// The extensions `kind`, `deviceId`, `sessionId` of a verification scan; None
/// where there is no `kind`, or one that speaks of something else.
pub(crate) fn verification_scan(event: &Object<'_>) -> Option<VerificationScan> {
    let find = |wanted: &str| {
        event
            .fields
            .iter()
            .find(|(name, _)| name.contains(':') && local_name(name) == wanted)
            .and_then(|(_, value)| scalar(value))
    };
    let kind = match find("kind")?.as_str() {
        "consumer" => ScanKind::Consumer,
        "professional" => ScanKind::Professional,
        _ => return None,
    };
    Some(VerificationScan {
        kind,
        device_id: find("deviceId"),
        session_id: find("sessionId"),
    })
}

/// A text or number; `{"@value": …}` is the JSON-LD long form of one.
fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(typed) => return typed.get("@value").and_then(scalar),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Extensions of an error declaration as a JSON object.
pub(crate) fn of_declaration(declaration: &Object<'_>) -> Option<String> {
    of_event(declaration)
}

/// Refuses ILMD where the standard has no place for it (EPCIS 2.0 §7.4.2, §7.4.5).
pub(crate) fn ilmd_allowed(event: &Object<'_>, allowed: bool) -> Parsed<()> {
    if allowed || event.get("ilmd").is_none() {
        return Ok(());
    }
    Err(Fault::new(
        &event.at.field("ilmd"),
        Reason::IlmdNotAllowed,
        "ILMD belongs to an ObjectEvent with action ADD and to a TransformationEvent; elsewhere lot and expiry are extensions",
    ))
}
