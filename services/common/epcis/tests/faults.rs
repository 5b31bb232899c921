//! What is refused, by field and reason.
#![allow(clippy::unwrap_used)]

#[path = "support/samples.rs"]
mod samples;

use samples::{aggregation, association, object_event, read, transaction, transformation, with};
use serde_json::json;

#[test]
fn a_fault_is_named_by_field_and_reason() {
    #[rustfmt::skip]
    let table = [
        (object_event(), "/type", json!(null), "missing_field", "type"),
        (object_event(), "/type", json!("PartyEvent"), "unsupported_event_type", "type"),
        (object_event(), "/type", json!(5), "wrong_type", "type"),
        (object_event(), "/eventTime", json!(null), "missing_field", "eventTime"),
        (object_event(), "/eventTime", json!("2026-03-04T11:00:30"), "bad_time", "eventTime"),
        (object_event(), "/eventTime", json!(1772618430), "wrong_type", "eventTime"),
        (object_event(), "/eventTimeZoneOffset", json!(null), "missing_field", "eventTimeZoneOffset"),
        (object_event(), "/eventTimeZoneOffset", json!("Z"), "bad_time", "eventTimeZoneOffset"),
        (object_event(), "/recordTime", json!("now"), "bad_time", "recordTime"),
        (object_event(), "/action", json!(null), "missing_field", "action"),
        (object_event(), "/action", json!("observe"), "bad_value", "action"),
        (object_event(), "/eventTime", json!("2016-12-31T23:59:60Z"), "bad_time", "eventTime"),
        (object_event(), "/eventTime", json!("2026-03-04T11:00:30+14:30"), "bad_time", "eventTime"),
        (object_event(), "/eventTime", json!("2026-03-04t11:00:30z"), "bad_time", "eventTime"),
        (object_event(), "/epcList", json!(["urn:uuid:1", "urn:uuid:2", "urn:uuid:1"]), "bad_value", "epcList[2]"),
        (object_event(), "/persistentDisposition", json!({"set": ["stolen", "stolen"]}), "bad_value", "persistentDisposition.set[1]"),
        (object_event(), "/@context", json!("not a URI"), "wrong_type", "@context"),
        (object_event(), "/sensorElementList", json!([{"sensorReport": [{"type": ""}]}]), "bad_value", "sensorElementList[0].sensorReport[0].type"),
        (object_event(), "/sensorElementList", json!([{"sensorReport": [{"type": "Angle", "rawData": "a:b c"}]}]), "bad_value", "sensorElementList[0].sensorReport[0].rawData"),
        (object_event(), "/epcList", json!([]), "nothing_observed", ""),
        (object_event(), "/epcList", json!("urn:epc:id:sgtin:4012345.011111.987"), "wrong_type", "epcList"),
        (object_event(), "/epcList", json!(["urn:uuid:1", 5]), "wrong_type", "epcList[1]"),
        (object_event(), "/epcList", json!(["https://id.gs1.org/01/04012345111119/21/2"]), "bad_check_digit", "epcList[0]"),
        (object_event(), "/epcList", json!(["urn:epc:id:sgtin:4012345.011111.123456789012345678901"]), "bad_length", "epcList[0]"),
        (object_event(), "/epcList", json!(["urn:epc:id:sgtin:4012345.011111.a b"]), "bad_character", "epcList[0]"),
        (object_event(), "/epcList", json!(["urn:epc:id:sgtim:4012345.011111.1"]), "unknown_scheme", "epcList[0]"),
        (object_event(), "/epcList", json!(["01/04012345111118/21/2"]), "malformed", "epcList[0]"),
        (object_event(), "/epcList", json!(["urn:epc:class:lgtin:4012345.012345.998877"]), "not_an_instance", "epcList[0]"),
        (object_event(), "/quantityList", json!([{"quantity": 5}]), "missing_field", "quantityList[0].epcClass"),
        (object_event(), "/quantityList", json!([{"epcClass": "urn:epc:id:sgtin:4012345.011111.9"}]), "not_a_class", "quantityList[0].epcClass"),
        (object_event(), "/quantityList", json!([{"epcClass": "urn:epc:idpat:sgtin:4012345.011111.*", "quantity": "5"}]), "wrong_type", "quantityList[0].quantity"),
        (object_event(), "/quantityList", json!([{"epcClass": "urn:epc:idpat:sgtin:4012345.011111.*", "quantity": -5}]), "bad_value", "quantityList[0].quantity"),
        (object_event(), "/quantityList", json!([{"epcClass": "urn:epc:idpat:sgtin:4012345.011111.*", "uom": "kilo"}]), "bad_value", "quantityList[0].uom"),
        (object_event(), "/quantityList", json!([{"epcClass": "urn:epc:idpat:sgtin:4012345.011111.*", "ex:a": 1}]), "unknown_field", "quantityList[0].ex:a"),
        (object_event(), "/bizStep", json!("transforming"), "unknown_vocabulary", "bizStep"),
        (object_event(), "/bizStep", json!("urn:epcglobal:cbv:bizstep:transforming"), "unknown_vocabulary", "bizStep"),
        (object_event(), "/disposition", json!("shipping"), "unknown_vocabulary", "disposition"),
        (object_event(), "/readPoint", json!("urn:epc:id:sgln:4012345.00005.0"), "wrong_type", "readPoint"),
        (object_event(), "/readPoint", json!({}), "missing_field", "readPoint.id"),
        (object_event(), "/readPoint/id", json!("https://id.gs1.org/414/4012345000055"), "bad_check_digit", "readPoint.id"),
        (object_event(), "/bizLocation", json!({"id": "door 4"}), "bad_character", "bizLocation.id"),
        (object_event(), "/parentID", json!("urn:epc:id:sscc:0614141.1234567890"), "unknown_field", "parentID"),
        (object_event(), "/colour", json!("red"), "unknown_field", "colour"),
        (object_event(), "/other:colour", json!("red"), "undeclared_prefix", "other:colour"),
        (object_event(), "/eventID", json!("17"), "bad_value", "eventID"),
        (object_event(), "/ilmd", json!({"ex:a": 1}), "ilmd_not_allowed", "ilmd"),
        (object_event(), "/ex:itemExpirationDate", json!("soon"), "bad_date", "ex:itemExpirationDate"),
        (object_event(), "/persistentDisposition", json!({}), "missing_field", "persistentDisposition.set"),
        (object_event(), "/persistentDisposition", json!({"set": []}), "bad_value", "persistentDisposition.set"),
        (object_event(), "/persistentDisposition", json!({"set": ["gone"]}), "unknown_vocabulary", "persistentDisposition.set[0]"),
        (object_event(), "/bizTransactionList", json!([{"type": "po"}]), "missing_field", "bizTransactionList[0].bizTransaction"),
        (object_event(), "/sourceList", json!([{"source": "urn:epc:id:pgln:4012345.00225"}]), "missing_field", "sourceList[0].type"),
        (object_event(), "/sourceList", json!([{"type": "owner", "source": "urn:epc:id:pgln:4012345.00225"}]), "unknown_vocabulary", "sourceList[0].type"),
        (object_event(), "/destinationList", json!([{"type": "location", "destination": "urn:epc:id:pgln:4012345.0022"}]), "bad_length", "destinationList[0].destination"),
        (object_event(), "/certificationInfo", json!({"ex:a": 1}), "wrong_type", "certificationInfo"),
        (object_event(), "/errorDeclaration", json!({"reason": "incorrect_data"}), "missing_field", "errorDeclaration.declarationTime"),
        (object_event(), "/errorDeclaration", json!({"declarationTime": "2026-03-04T11:00:30Z", "reason": "typo"}), "unknown_vocabulary", "errorDeclaration.reason"),
        (object_event(), "/sensorElementList", json!([{"sensorReport": []}]), "missing_field", "sensorElementList[0].sensorReport"),
        (object_event(), "/sensorElementList", json!([{"sensorReport": [{"type": "Temperature", "value": "26"}]}]), "wrong_type", "sensorElementList[0].sensorReport[0].value"),
        (object_event(), "/sensorElementList", json!([{"sensorReport": [{"value": 26}]}]), "missing_field", "sensorElementList[0].sensorReport[0].type"),
        (object_event(), "/sensorElementList", json!([{"sensorReport": [{"type": "Temperature"}], "colour": 1}]), "unknown_field", "sensorElementList[0].colour"),
        (object_event(), "/@context", json!(5), "wrong_type", "@context"),
        (aggregation(), "/parentID", json!(null), "missing_field", "parentID"),
        (aggregation(), "/parentID", json!("https://id.gs1.org/01/04012345111118"), "not_an_instance", "parentID"),
        (aggregation(), "/childEPCs", json!(null), "nothing_observed", ""),
        (aggregation(), "/epcList", json!([]), "unknown_field", "epcList"),
        (aggregation(), "/ilmd", json!({"ex:a": 1}), "unknown_field", "ilmd"),
        (transaction(), "/bizTransactionList", json!(null), "missing_field", "bizTransactionList"),
        (transaction(), "/epcList", json!(null), "nothing_observed", ""),
        (transformation(), "/inputEPCList", json!(null), "nothing_observed", ""),
        (transformation(), "/outputQuantityList", json!(null), "nothing_observed", ""),
        (transformation(), "/action", json!("ADD"), "unknown_field", "action"),
        (transformation(), "/epcList", json!([]), "unknown_field", "epcList"),
        (transformation(), "/transformationID", json!("batch 7"), "bad_character", "transformationID"),
        (association(), "/parentID", json!(null), "missing_field", "parentID"),
        (association(), "/childEPCs", json!(null), "nothing_observed", ""),
        (association(), "/action", json!(null), "missing_field", "action"),
        (association(), "/ilmd", json!({"ex:a": 1}), "unknown_field", "ilmd"),
    ];
    for (event, pointer, value, reason, field) in table {
        let changed = with(event, pointer, value.clone());
        let e = read(&changed).expect_err(&format!("{pointer} {value}"));
        assert_eq!(
            (e.reason.code(), e.field.as_str()),
            (reason, field),
            "{pointer} {value}: {e}"
        );
        assert_eq!(e.index, 3);
        assert!(e.message.contains(field), "{e}");
    }
}
