//! A partner's Kafka record as the EPCIS JSON event it stands for, so that both roads share one
//! validation and one event hash.

use serde_json::{Map, Value, json};
use serialtrail_records::{PartnerEvent, PartnerQuantity, TypedId};

use crate::clock::iso;

/// The address under which the standard's context document is published.
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// Why a record's JSON texts cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExtensions {
    /// Stable code.
    pub reason: &'static str,
    /// For a person.
    pub message: String,
}

/// The event as EPCIS 2.0 JSON-LD, one event with its own `@context`. Lot and expiry stand where the
/// standard has them: in ILMD where the event creates (ObjectEvent ADD, TransformationEvent), else as
/// extensions.
///
/// # Errors
/// `extensions` is no JSON object, or redefines a field; `sensor_elements` is no JSON array.
pub fn to_json(event: &PartnerEvent) -> Result<Value, BadExtensions> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            fields.insert(name.to_owned(), value);
        }
    };
    let has_children = matches!(
        event.event_type.as_str(),
        "AggregationEvent" | "AssociationEvent"
    );
    let is_transformation = event.event_type == "TransformationEvent";
    let creates = is_transformation || (event.event_type == "ObjectEvent" && event.action == "ADD");
    put("type", event.event_type.as_str().into());
    put("eventID", json!(event.event_id));
    put("eventTime", iso(event.event_time).into());
    put(
        "eventTimeZoneOffset",
        event.event_time_zone_offset.as_str().into(),
    );
    if !(is_transformation && event.action.is_empty()) {
        put("action", event.action.as_str().into());
    }
    put("bizStep", json!(event.biz_step));
    put("disposition", json!(event.disposition));
    put("persistentDisposition", persistent(event));
    put("readPoint", place(event.read_point.as_deref()));
    put("bizLocation", place(event.biz_location.as_deref()));
    put("epcList", json!(event.epc_list));
    put("parentID", json!(event.parent_id));
    put("childEPCs", json!(event.child_epcs));
    let quantities = event.quantity_list.iter().map(quantity).collect();
    put(
        if has_children {
            "childQuantityList"
        } else {
            "quantityList"
        },
        quantities,
    );
    put("inputEPCList", json!(event.input_epc_list));
    put("outputEPCList", json!(event.output_epc_list));
    put(
        "inputQuantityList",
        event.input_quantity_list.iter().map(quantity).collect(),
    );
    put(
        "outputQuantityList",
        event.output_quantity_list.iter().map(quantity).collect(),
    );
    put("transformationID", json!(event.transformation_id));
    if let Some(text) = &event.sensor_elements {
        let elements: Vec<Value> = serde_json::from_str(text).map_err(|error| BadExtensions {
            reason: "malformed_json",
            message: format!("sensor_elements: a JSON array is expected: {error}"),
        })?;
        put("sensorElementList", Value::Array(elements));
    }
    put(
        "bizTransactionList",
        typed(&event.biz_transactions, "bizTransaction"),
    );
    put("sourceList", typed(&event.sources, "source"));
    put("destinationList", typed(&event.destinations, "destination"));
    if let Some(declared) = &event.error_declaration {
        let mut declaration = json!({ "declarationTime": iso(declared.declaration_time) });
        if let Some(reason) = &declared.reason {
            declaration["reason"] = reason.as_str().into();
        }
        if !declared.corrective_event_ids.is_empty() {
            declaration["correctiveEventIDs"] = json!(declared.corrective_event_ids);
        }
        put("errorDeclaration", declaration);
    }
    let mut master = Map::new();
    if let Some(lot) = &event.lot {
        master.insert("cbvmda:lotNumber".into(), lot.as_str().into());
    }
    if let Some(expiry) = &event.expiry {
        master.insert("cbvmda:itemExpirationDate".into(), expiry.as_str().into());
    }
    if creates && !master.is_empty() {
        put("ilmd", Value::Object(master));
    } else {
        fields.extend(master);
    }
    let mut context = vec![Value::from(CONTEXT)];
    if let Some(text) = &event.extensions {
        add_extensions(&mut fields, &mut context, text)?;
    }
    fields.insert("@context".into(), Value::Array(context));
    Ok(Value::Object(fields))
}

fn add_extensions(
    fields: &mut Map<String, Value>,
    context: &mut Vec<Value>,
    text: &str,
) -> Result<(), BadExtensions> {
    let parsed =
        serde_json::from_str::<Map<String, Value>>(text).map_err(|error| BadExtensions {
            reason: "malformed_json",
            message: format!("extensions: a JSON object is expected: {error}"),
        })?;
    for (name, value) in parsed {
        if name == "@context" {
            match value {
                Value::Array(parts) => context.extend(parts),
                one => context.push(one),
            }
        } else if !name.contains(':') || fields.contains_key(&name) {
            return Err(BadExtensions {
                reason: "unknown_field",
                message: format!(
                    "extensions: {name:?} needs a namespace prefix of its own and may not repeat a field"
                ),
            });
        } else {
            fields.insert(name, value);
        }
    }
    Ok(())
}

fn persistent(event: &PartnerEvent) -> Value {
    let mut persistent = Map::new();
    if !event.persistent_set.is_empty() {
        persistent.insert("set".into(), json!(event.persistent_set));
    }
    if !event.persistent_unset.is_empty() {
        persistent.insert("unset".into(), json!(event.persistent_unset));
    }
    if persistent.is_empty() {
        Value::Null
    } else {
        Value::Object(persistent)
    }
}

fn place(id: Option<&str>) -> Value {
    id.map_or(Value::Null, |id| json!({ "id": id }))
}

fn quantity(given: &PartnerQuantity) -> Value {
    let mut value = json!({ "epcClass": given.epc_class });
    if let Some(amount) = given.quantity {
        value["quantity"] = json!(amount);
    }
    if let Some(uom) = &given.uom {
        value["uom"] = uom.as_str().into();
    }
    value
}

fn typed(list: &[TypedId], name: &str) -> Value {
    list.iter()
        .map(|entry| {
            let mut value = Map::new();
            if let Some(kind) = &entry.r#type {
                value.insert("type".into(), kind.as_str().into());
            }
            value.insert(name.to_owned(), entry.id.as_str().into());
            Value::Object(value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_epcis::{BodyKind, Event, Limits, parse_body};
    use serialtrail_records::ErrorDeclaration;

    fn read(body: &Value) -> Event {
        let text = body.to_string();
        let capture =
            parse_body(text.as_bytes(), BodyKind::SingleEvent, &Limits::default()).unwrap();
        capture.events.into_iter().next().unwrap().outcome.unwrap()
    }

    fn commissioning() -> PartnerEvent {
        PartnerEvent {
            event_type: "ObjectEvent".into(),
            action: "ADD".into(),
            event_time: 1_772_354_400_000_000,
            event_time_zone_offset: "+01:00".into(),
            biz_step: Some("commissioning".into()),
            disposition: Some("urn:epcglobal:cbv:disp:active".into()),
            read_point: Some("urn:epc:id:sgln:9521321.00001.0".into()),
            epc_list: vec!["urn:epc:id:sgtin:9521321.012345.1".into()],
            lot: Some("L1".into()),
            expiry: Some("2028-12-31".into()),
            ..PartnerEvent::default()
        }
    }

    #[test]
    fn a_record_is_the_same_event_as_its_json_document() {
        let by_http = json!({
            "@context": [CONTEXT],
            "type": "ObjectEvent",
            "eventTime": "2026-03-01T09:40:00.000+01:00",
            "eventTimeZoneOffset": "+01:00",
            "epcList": ["https://id.gs1.org/01/09521321123458/21/1"],
            "action": "ADD",
            "bizStep": "https://ref.gs1.org/cbv/BizStep-commissioning",
            "disposition": "active",
            "readPoint": {"id": "https://id.gs1.org/414/9521321000018"},
            "ilmd": {"cbvmda:lotNumber": "L1", "cbvmda:itemExpirationDate": "2028-12-31"}
        });
        let mut record = commissioning();
        let time = chrono::DateTime::parse_from_rfc3339("2026-03-01T08:40:00Z").unwrap();
        record.event_time = time.timestamp_micros();
        record.epc_list = vec!["https://id.gs1.org/01/09521321123458/21/1".into()];
        let by_topic = read(&to_json(&record).unwrap());
        let by_http = read(&by_http);
        assert_eq!(by_topic.content_hash, by_http.content_hash);
        assert_eq!(
            (by_topic.lot, by_topic.expiry),
            (by_http.lot, by_http.expiry)
        );
    }

    #[test]
    fn lot_and_expiry_of_any_other_read_are_extensions() {
        let record = PartnerEvent {
            action: "OBSERVE".into(),
            biz_step: Some("dispensing".into()),
            ..commissioning()
        };
        let value = to_json(&record).unwrap();
        assert_eq!(value["cbvmda:lotNumber"], "L1");
        assert!(value.get("ilmd").is_none());
        assert_eq!(read(&value).lot.as_deref(), Some("L1"));
    }

    #[test]
    fn every_field_arrives() {
        let id = |kind: &str, id: &str| TypedId {
            r#type: Some(kind.into()),
            id: id.into(),
        };
        let pgln = "urn:epc:id:pgln:9521321.00000";
        let record = PartnerEvent {
            event_id: Some("urn:uuid:11111111-1111-4111-8111-111111111111".into()),
            event_type: "AggregationEvent".into(),
            action: "DELETE".into(),
            parent_id: Some("urn:epc:id:sscc:9521321.0000000001".into()),
            child_epcs: vec!["urn:epc:id:sgtin:9521321.012345.1".into()],
            epc_list: Vec::new(),
            quantity_list: vec![PartnerQuantity {
                epc_class: "urn:epc:class:lgtin:9521321.012345.L1".into(),
                quantity: Some(2.5),
                uom: Some("KGM".into()),
            }],
            biz_step: Some("unpacking".into()),
            persistent_set: vec!["completeness_verified".into()],
            persistent_unset: vec!["completeness_inferred".into()],
            biz_location: Some("urn:epc:id:sgln:9521321.00001.0".into()),
            biz_transactions: vec![id("po", "urn:epcglobal:cbv:bt:9521321000018:1")],
            sources: vec![id("possessing_party", pgln)],
            destinations: vec![id("owning_party", pgln)],
            lot: None,
            expiry: None,
            extensions: Some(r#"{"@context":{"ex":"https://ex.com/"},"ex:shift":3}"#.into()),
            error_declaration: Some(ErrorDeclaration {
                declaration_time: 1_772_355_400_000_000,
                reason: Some("incorrect_data".into()),
                corrective_event_ids: vec!["urn:uuid:22222222-2222-4222-8222-222222222222".into()],
            }),
            ..commissioning()
        };
        let event = read(&to_json(&record).unwrap());
        assert_eq!(event.event_id, record.event_id);
        assert_eq!(event.child_quantity_list[0].quantity, Some(2.5));
        assert_eq!(event.persistent_disposition.set, record.persistent_set);
        assert_eq!(event.persistent_disposition.unset, record.persistent_unset);
        assert_eq!(event.biz_transactions.len(), 1);
        assert_eq!(event.sources[0].kind.as_deref(), Some("possessing_party"));
        assert_eq!(event.destinations[0].kind.as_deref(), Some("owning_party"));
        assert_eq!(event.parent_id.unwrap().key.key(), "00/095213210000000018");
        let declared = event.error_declaration.unwrap();
        assert_eq!(declared.reason.as_deref(), Some("incorrect_data"));
        assert_eq!(declared.corrective_event_ids.len(), 1);
        assert!(event.extensions.unwrap().contains("ex:shift"));
    }

    #[test]
    fn all_five_event_types_have_their_fields() {
        let unit = |serial: &str| format!("urn:epc:id:sgtin:9521321.012345.{serial}");
        let transformation = PartnerEvent {
            event_type: "TransformationEvent".into(),
            action: String::new(),
            epc_list: Vec::new(),
            input_epc_list: vec![unit("1")],
            output_epc_list: vec![unit("2")],
            input_quantity_list: vec![PartnerQuantity {
                epc_class: "urn:epc:class:lgtin:9521321.012345.L1".into(),
                quantity: Some(2.0),
                uom: None,
            }],
            transformation_id: Some("urn:uuid:33333333-3333-4333-8333-333333333333".into()),
            ..commissioning()
        };
        let value = to_json(&transformation).unwrap();
        assert_eq!(value["ilmd"]["cbvmda:lotNumber"], "L1");
        let event = read(&value);
        assert_eq!(
            (event.input_epc_list.len(), event.output_epc_list.len()),
            (1, 1)
        );
        assert_eq!(event.input_quantity_list[0].quantity, Some(2.0));
        assert!(event.action.is_none() && event.transformation_id.is_some());

        let association = PartnerEvent {
            event_type: "AssociationEvent".into(),
            parent_id: Some("urn:epc:id:grai:9521321.12345.1".into()),
            child_epcs: vec![unit("1")],
            epc_list: Vec::new(),
            biz_step: Some("assembling".into()),
            lot: None,
            expiry: None,
            sensor_elements: Some(
                r#"[{"sensorReport": [{"type": "Temperature", "value": 4.5, "uom": "CEL"}]}]"#
                    .into(),
            ),
            ..commissioning()
        };
        let event = read(&to_json(&association).unwrap());
        assert_eq!(event.child_epcs.len(), 1);
        assert!(event.sensor_elements.unwrap().contains("Temperature"));
        let bad = PartnerEvent {
            sensor_elements: Some("{}".into()),
            ..association
        };
        assert_eq!(to_json(&bad).unwrap_err().reason, "malformed_json");
    }

    #[test]
    fn extensions_that_are_none_are_refused() {
        for (text, reason) in [
            ("[1]", "malformed_json"),
            ("{", "malformed_json"),
            (r#"{"action":"ADD"}"#, "unknown_field"),
            (r#"{"shift":1}"#, "unknown_field"),
        ] {
            let record = PartnerEvent {
                extensions: Some(text.into()),
                ..commissioning()
            };
            assert_eq!(to_json(&record).unwrap_err().reason, reason, "{text}");
        }
    }
}
