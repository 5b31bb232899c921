//! What is read of an event.
#![allow(clippy::unwrap_used)]

#[path = "support/samples.rs"]
mod samples;

use chrono::{DateTime, Duration, Utc};
use samples::{aggregation, association, object_event, read, transaction, transformation, with};
use serde_json::json;
use serialtrail_epcis::{Action, Context, EventType, ScanKind, check_times, event_hash};

#[test]
fn what_the_standard_leaves_open_is_read() {
    for event in [
        object_event(),
        aggregation(),
        transaction(),
        transformation(),
        association(),
        with(
            with(
                transformation(),
                "/transformationID",
                json!("urn:epc:id:gdti:4012345.55555.1"),
            ),
            "/outputQuantityList",
            json!(null),
        ),
        with(transformation(), "/ilmd", json!({"cbvmda:lotNumber": "L2"})),
        with(
            with(association(), "/childEPCs", json!(null)),
            "/action",
            json!("DELETE"),
        ),
        with(aggregation(), "/action", json!("DELETE")),
        with(
            with(aggregation(), "/action", json!("DELETE")),
            "/childEPCs",
            json!(null),
        ),
        with(
            with(aggregation(), "/action", json!("OBSERVE")),
            "/parentID",
            json!(null),
        ),
        with(
            with(transaction(), "/epcList", json!(null)),
            "/action",
            json!("DELETE"),
        ),
        with(
            object_event(),
            "/ex:colour",
            json!({"deep": [1, {"deeper": null}]}),
        ),
        with(object_event(), "/urn:example:colour", json!("red")),
        with(
            object_event(),
            "/readPoint",
            json!({"id": "geo:52.5,13.4;u=35", "ex:door": 4}),
        ),
        with(
            object_event(),
            "/quantityList",
            json!([{"epcClass": "https://example.com/sort/3"}]),
        ),
        with(
            object_event(),
            "/disposition",
            json!("https://example.com/disp/mine"),
        ),
        with(
            object_event(),
            "/bizTransactionList",
            json!([{"bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:1152"}]),
        ),
    ] {
        read(&event).unwrap_or_else(|e| panic!("{e}: {event}"));
    }
    let sensed = with(
        with(object_event(), "/epcList", json!(null)),
        "/sensorElementList",
        json!([{"sensorReport": [{"exception": "ALARM_CONDITION"}]}]),
    );
    assert!(read(&sensed).unwrap().epc_list.is_empty());
}

#[test]
fn an_event_is_read_completely() {
    let mut event = object_event();
    for (pointer, value) in [
        ("/action", json!("ADD")),
        ("/bizStep", json!("cbv:BizStep-commissioning")),
        ("/disposition", json!("urn:epcglobal:cbv:disp:active")),
        (
            "/persistentDisposition",
            json!({"set": ["https://ref.gs1.org/cbv/Disp-recalled"], "unset": ["stolen"]}),
        ),
        (
            "/ilmd",
            json!({"cbvmda:lotNumber": "L-1", "ex:itemExpirationDate": "2027-06-30"}),
        ),
        (
            "/quantityList",
            json!([{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 2.5, "uom": "KGM"}]),
        ),
        (
            "/sourceList",
            json!([{"type": "urn:epcglobal:cbv:sdt:owning_party", "source": "urn:epc:id:pgln:4012345.00225"}]),
        ),
        (
            "/destinationList",
            json!([{"type": "location", "destination": "https://id.gs1.org/414/4012345000054"}]),
        ),
        (
            "/errorDeclaration",
            json!({"declarationTime": "2026-03-05T00:00:00Z", "reason": "did_not_occur", "correctiveEventIDs": ["urn:uuid:2"], "ex:why": "x"}),
        ),
        ("/eventID", json!("urn:uuid:1")),
        ("/ex:colour", json!("red")),
    ] {
        event = with(event, pointer, value);
    }
    let read = read(&event).unwrap();
    assert_eq!(
        (read.event_type, read.action),
        (EventType::ObjectEvent, Some(Action::Add))
    );
    assert_eq!(
        read.event_time.to_rfc3339(),
        "2026-03-04T10:00:30.500+00:00"
    );
    assert_eq!(read.event_time_zone_offset_minutes, 60);
    assert_eq!(read.biz_step.as_deref(), Some("commissioning"));
    assert_eq!(read.disposition.as_deref(), Some("active"));
    assert_eq!(
        (
            read.persistent_disposition.set,
            read.persistent_disposition.unset
        ),
        (vec!["recalled".into()], vec!["stolen".into()])
    );
    assert_eq!(
        (
            read.lot.as_deref(),
            read.expiry.unwrap().to_string().as_str()
        ),
        (Some("L-1"), "2027-06-30")
    );
    assert_eq!(
        read.epc_list[0].given,
        "urn:epc:id:sgtin:4012345.011111.987"
    );
    assert_eq!(read.epc_list[0].key.key(), "01/04012345111118/21/987");
    assert_eq!(
        read.quantity_list[0].epc_class.key.key(),
        "01/04012345123456/10/998877"
    );
    assert_eq!(
        (
            read.quantity_list[0].quantity,
            read.quantity_list[0].uom.as_deref()
        ),
        (Some(2.5), Some("KGM"))
    );
    assert_eq!(read.sources[0].kind.as_deref(), Some("owning_party"));
    assert_eq!(read.destinations[0].id.key.key(), "414/4012345000054");
    assert_eq!(
        read.read_point.unwrap().gln().as_deref(),
        Some("4012345000054")
    );
    let declaration = read.error_declaration.unwrap();
    assert_eq!(declaration.reason.as_deref(), Some("did_not_occur"));
    assert_eq!(declaration.corrective_event_ids, ["urn:uuid:2"]);
    assert_eq!(declaration.extensions.as_deref(), Some(r#"{"ex:why":"x"}"#));
    assert_eq!(read.extensions.as_deref(), Some(r#"{"ex:colour":"red"}"#));
    assert_eq!(read.event_id.as_deref(), Some("urn:uuid:1"));
}

#[test]
fn an_inspecting_read_with_a_kind_is_a_verification_scan() {
    let scan = json!({
        "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "inspecting",
        "eventTime": "2026-03-04T11:00:30Z", "eventTimeZoneOffset": "+00:00",
        "epcList": ["https://brand.example/01/04012345111118/21/987"],
        "readPoint": {"id": "geo:52.5,13.4;u=35"},
        "ex:kind": "consumer", "ex:deviceId": "d1", "ex:sessionId": 7,
        "ex:lotNumber": "L1", "ex:itemExpirationDate": "2027-06-00"
    });
    let event = read(&scan).unwrap();
    let found = event.verification_scan.unwrap();
    assert_eq!(
        (
            found.kind,
            found.device_id.as_deref(),
            found.session_id.as_deref()
        ),
        (ScanKind::Consumer, Some("d1"), Some("7"))
    );
    assert_eq!(
        (event.lot.as_deref(), event.expiry.unwrap().month_only),
        (Some("L1"), true)
    );
    assert_eq!(
        event.read_point.unwrap().geo().unwrap().accuracy_m,
        Some(35.0)
    );
    for (pointer, value) in [
        ("/ex:kind", json!("robot")),
        ("/ex:kind", json!(null)),
        ("/bizStep", json!("shipping")),
    ] {
        assert_eq!(
            read(&with(scan.clone(), pointer, value))
                .unwrap()
                .verification_scan,
            None
        );
    }
}

#[test]
fn a_bad_clock_is_refused_at_both_ends() {
    let record_time: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
    for (time, reason) in [
        ("1989-12-31T23:59:59Z", Some("event_time_before_1990")),
        ("1990-01-01T00:00:00Z", None),
        ("2026-03-05T12:00:00Z", None),
        ("2026-03-05T12:00:01Z", Some("event_time_in_future")),
        ("9999-12-31T23:59:59Z", Some("event_time_in_future")),
    ] {
        let event = read(&with(object_event(), "/eventTime", json!(time))).unwrap();
        let found = check_times(&event, record_time)
            .err()
            .map(|e| e.reason.code());
        assert_eq!(found, reason, "{time}");
    }
    let event = read(&object_event()).unwrap();
    assert!(check_times(&event, event.event_time - Duration::hours(24)).is_ok());
}

/// Events captured under these hashes are recognised by them.
#[test]
fn the_hash_of_a_value_a_reference_or_a_tag_in_an_extension_stays_what_it_was() {
    let context = Context::standard()
        .extended(&json!({"ex": "http://ex.com/"}))
        .unwrap();
    for (value, expected) in [
        (
            json!({"@type": "xsd:integer", "@value": "5"}),
            "62fa1572127026159cc655e7649d4915110dc75b465290b3bc8fd3c73ea2c2ce",
        ),
        (
            json!({"@id": "http://x.com/1"}),
            "d88acdca8c8bd59493d993c48ec06ecba1836fbbf2d603f0a38fd95bc6d55641",
        ),
        (
            json!("urn:epc:tag:sgtin-96:3.9521234.054321.1"),
            "0521b84e0a1722cbe179f99965349c0568542002f54b92740e85b63a0e1bf4dc",
        ),
    ] {
        let event = json!({
            "type": "ObjectEvent",
            "eventTime": "2026-03-01T09:00:00Z",
            "eventTimeZoneOffset": "+00:00",
            "action": "OBSERVE",
            "bizStep": "storing",
            "epcList": ["urn:epc:id:sgtin:9521234.054321.A"],
            "ex:a": value,
        });
        let expected = format!("ni:///sha-256;{expected}?ver=CBV2.0");
        assert_eq!(event_hash(&event, &context), expected, "{event}");
    }
}

#[test]
fn what_a_tag_holds_is_no_epc_of_an_event() {
    for uri in [
        "urn:epc:tag:sgtin-96:3.9521234.054321.1",
        "URN:EPC:TAG:sgtin-96:3.9521234.054321.1",
        "urn:epc:raw:96.x3074257BF7194E4000001A85",
    ] {
        let e = read(&with(object_event(), "/epcList", json!([uri]))).unwrap_err();
        assert!(e.message.contains("pure identity"), "{e}");
    }
}
