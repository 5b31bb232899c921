//! What extensions and ILMD tell this pipeline: lot, expiry, verification scan.
//! Senders use namespaces of their own, so names are matched by their local part.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use serialtrail_gs1::Expiry;

use crate::fields::{Object, has_prefix, json_text};
use crate::model::{ScanKind, VerificationScan};
use crate::reason::{Fault, Parsed, Reason};

/// The event-level extensions as a JSON object, None where there are none.
pub(crate) fn of_event(event: &Object<'_>) -> Option<String> {
    let extensions = Extensions(event.fields);
    extensions.iter().next()?;
    Some(json_text(&extensions))
}

/// The fields of an object that are extensions.
struct Extensions<'a>(&'a Map<String, Value>);

impl<'a> Extensions<'a> {
    fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.0.iter().filter(|(name, _)| has_prefix(name))
    }

    /// The extension whose name ends in this local name, whatever its namespace.
    fn find(&self, local: &str) -> Option<&'a Value> {
        self.iter()
            .find_map(|(name, value)| is_local_name(name, local).then_some(value))
    }
}

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Whether a name with a prefix has this local name.
fn is_local_name(name: &str, local: &str) -> bool {
    name.strip_suffix(local)
        .is_some_and(|before| before.ends_with([':', '/', '#']))
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
        for (name, value) in Extensions(object.fields).iter() {
            if lot.is_none() && is_local_name(name, "lotNumber") {
                lot = scalar(value);
            } else if expiry.is_none()
                && is_local_name(name, "itemExpirationDate")
                && let Some(text) = scalar(value)
            {
                expiry = Some(
                    Expiry::parse(&text)
                        .map_err(|e| Fault::identifier(&object.at.field(name), &e))?,
                );
            }
        }
    }
    Ok((lot, expiry))
}

/// The extensions `kind`, `deviceId`, `sessionId` of a verification scan; None
/// where there is no `kind`, or one that speaks of something else.
pub(crate) fn verification_scan(event: &Object<'_>) -> Option<VerificationScan> {
    let find = |wanted: &str| Extensions(event.fields).find(wanted).and_then(scalar);
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
