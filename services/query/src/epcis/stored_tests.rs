//! A partner's record by Kafka, through the gateway and the sink's row, and back to its event.

use super::*;
use chrono::Utc;
use serialtrail_epcis::{BodyKind, parse_body};
use serialtrail_gateway::device::DeviceHash;
use serialtrail_gateway::event::Stamp;
use serialtrail_gateway::partner::to_json;
use serialtrail_records::{ErrorDeclaration, PartnerEvent, PartnerQuantity, TypedId};
use serialtrail_warehouse::rows::{EventRow, Origin};

/// 2026-03-01T08:40:00Z
const MORNING: i64 = 1_772_354_400_000_000;
const PGLN: &str = "urn:epc:id:pgln:9521321.00000";

/// The event the gateway reads of a record, and the row the sink makes of it.
fn captured(partner: &PartnerEvent) -> (Value, Event, StoredEvent) {
    let sent = to_json(partner).unwrap();
    let body = sent.to_string();
    let capture = parse_body(
        body.as_bytes(),
        BodyKind::SingleEvent,
        &Limits {
            max_epcs_per_event: usize::MAX,
            ..Limits::default()
        },
    )
    .unwrap();
    let captured = capture.events.into_iter().next().unwrap();
    let event = captured.outcome.unwrap();
    let stamp = Stamp {
        capture_id: "partner.acme/0/0",
        source_party: "acme",
        record_time: MORNING,
        captured_at: MORNING,
        reference_offset: 0,
        document_id: None,
        sbdh: None,
        format: serialtrail_gateway::media::AVRO,
        device_hash: &DeviceHash::new("k1", "0123456789abcdef").unwrap(),
    };
    let avro = b"\x00\x00\x00\x00\x07framed".to_vec();
    let record = stamp
        .record(event.clone(), 0, captured.context, avro)
        .unwrap();
    let origin = Origin {
        topic: "epcis-events",
        partition: 0,
        offset: 0,
        index: 0,
    };
    // Columns are found by name, as ClickHouse does.
    let row = serde_json::to_value(EventRow::new(record, &origin)).unwrap();
    (sent, event, serde_json::from_value(row).unwrap())
}

/// What the row is read as is what was captured: every field, the hash, and the event's text.
fn comes_back(partner: &PartnerEvent) -> Tree {
    let (mut sent, mut event, stored) = captured(partner);
    let (tree, again) = stored.read().unwrap();
    assert_eq!(again.content_hash, event.content_hash, "{:#}", tree.event);
    // The event as answered stands for itself: read as a document it is the same event once more.
    let mut alone = tree.event.clone();
    alone["@context"] = Value::from(tree.context.given());
    let read = parse_body(
        alone.to_string().as_bytes(),
        BodyKind::SingleEvent,
        &Limits::default(),
    )
    .unwrap();
    let read = read.events.into_iter().next().unwrap().outcome.unwrap();
    assert_eq!(read.content_hash, event.content_hash, "{alone:#}");

    // What a stored event has beside: its id and when it was recorded.
    event.event_id = Some(event.id().to_owned());
    event.record_time = DateTime::<Utc>::from_timestamp_micros(MORNING);
    // Of a class its key is stored, not its spelling.
    let lists = [
        &mut event.quantity_list,
        &mut event.child_quantity_list,
        &mut event.input_quantity_list,
        &mut event.output_quantity_list,
    ];
    for quantity in lists.into_iter().flatten() {
        quantity.epc_class.given = quantity.epc_class.key.digital_link();
    }
    for name in [
        "quantityList",
        "childQuantityList",
        "inputQuantityList",
        "outputQuantityList",
    ] {
        let list = sent.get_mut(name).and_then(Value::as_array_mut);
        for quantity in list.into_iter().flatten() {
            let class = serialtrail_gs1::parse_identifier(quantity["epcClass"].as_str().unwrap());
            quantity["epcClass"] = class.unwrap().digital_link().into();
        }
    }
    assert_eq!(again, event, "{:#}", tree.event);
    let names = |value: &Value| {
        let names = value.as_object().unwrap().keys().cloned();
        let beside = ["@context", "eventID", "recordTime"];
        names
            .filter(|name| !beside.contains(&name.as_str()))
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&tree.event), names(&sent));
    tree
}

fn unit(serial: &str) -> String {
    format!("urn:epc:id:sgtin:9521321.012345.{serial}")
}

fn id(kind: Option<&str>, id: &str) -> TypedId {
    TypedId {
        r#type: kind.map(str::to_owned),
        id: id.to_owned(),
    }
}

fn amount(class: &str, quantity: Option<f64>, uom: Option<&str>) -> PartnerQuantity {
    PartnerQuantity {
        epc_class: class.to_owned(),
        quantity,
        uom: uom.map(str::to_owned),
    }
}

/// Classes in every spelling, with and without an amount.
fn amounts_of_all_kinds() -> Vec<PartnerQuantity> {
    vec![
        amount(
            "urn:epc:class:lgtin:9521321.012345.L%2F1",
            Some(2.5),
            Some("KGM"),
        ),
        amount("urn:epc:idpat:sgtin:9521321.012345.*", Some(200.0), None),
        amount("https://id.gs1.org/01/09521321123458/10/L2", None, None),
        amount(
            "https://example.com/classes/pallet-wood",
            Some(0.125),
            Some("MTQ"),
        ),
        amount("urn:epc:idpat:grai:9521321.12345.*", Some(1e15), None),
    ]
}

/// An ObjectEvent with all its type does not forbid.
fn full() -> PartnerEvent {
    PartnerEvent {
        event_id: Some("urn:uuid:11111111-1111-4111-8111-111111111111".into()),
        event_type: "ObjectEvent".into(),
        action: "OBSERVE".into(),
        event_time: MORNING + 123_456,
        event_time_zone_offset: "-05:30".into(),
        biz_step: Some("https://ref.gs1.org/cbv/BizStep-inspecting".into()),
        disposition: Some("urn:epcglobal:cbv:disp:in_progress".into()),
        persistent_set: vec!["completeness_verified".into(), "https://example.com/d/1".into()],
        persistent_unset: vec!["completeness_inferred".into()],
        read_point: Some("urn:epc:id:sgln:9521321.00001.dock-1".into()),
        biz_location: Some("https://id.gs1.org/414/9521321000018".into()),
        epc_list: vec![unit("1"), "https://id.gs1.org/01/09521321123458/21/2".into()],
        quantity_list: amounts_of_all_kinds(),
        biz_transactions: vec![
            id(Some("po"), "urn:epcglobal:cbv:bt:9521321000018:1"),
            id(None, "https://example.com/orders/7"),
        ],
        sources: vec![id(Some("possessing_party"), PGLN)],
        destinations: vec![
            id(Some("owning_party"), PGLN),
            id(Some("https://example.com/kinds/agent"), "https://example.com/agents/1"),
        ],
        lot: Some("L1".into()),
        expiry: Some("2028-12-31".into()),
        extensions: Some(
            r#"{"@context": [{"ex": "https://ex.com/"}, {"more": "https://more.example/ns#"}],
                "ex:shift": 3, "more:crew": {"more:head": "Ada", "ex:sizes": [1, 2.5, true, null]},
                "https://ex.com/whole": "an IRI"}"#
                .into(),
        ),
        sensor_elements: Some(
            r#"[{"sensorMetadata": {"time": "2026-03-01T08:39:00.5Z", "deviceID": "urn:epc:id:giai:9521321.7"},
                 "sensorReport": [{"type": "Temperature", "value": 4.5, "uom": "CEL"},
                                  {"type": "gs1:Humidity", "minValue": 12.1, "maxValue": 12.25, "uom": "A93"}]}]"#
                .into(),
        ),
        ..PartnerEvent::default()
    }
}

#[test]
fn an_object_event_with_every_field_comes_back() {
    let tree = comes_back(&full());
    assert_eq!(tree.event["eventTime"], "2026-03-01T08:40:00.123456Z");
    assert_eq!(
        tree.event["readPoint"]["id"],
        "urn:epc:id:sgln:9521321.00001.dock-1"
    );
}

#[test]
fn the_least_a_record_can_say_comes_back() {
    let tree = comes_back(&PartnerEvent {
        event_type: "ObjectEvent".into(),
        action: "DELETE".into(),
        event_time: MORNING,
        event_time_zone_offset: "+00:00".into(),
        epc_list: vec![unit("1")],
        ..PartnerEvent::default()
    });
    let id = tree.event["eventID"].as_str().unwrap();
    assert!(id.starts_with("ni:///sha-256;"), "{id}");
}

#[test]
fn a_commissioning_comes_back_with_lot_and_expiry_in_its_ilmd() {
    let tree = comes_back(&PartnerEvent {
        action: "ADD".into(),
        ..full()
    });
    assert_eq!(tree.event["ilmd"]["cbvmda:lotNumber"], "L1");
}

#[test]
fn every_other_event_type_with_every_field_comes_back() {
    let of_type = |event_type: &str, action: &str| PartnerEvent {
        event_type: event_type.into(),
        action: action.into(),
        epc_list: Vec::new(),
        quantity_list: Vec::new(),
        ..full()
    };
    comes_back(&PartnerEvent {
        parent_id: Some("urn:epc:id:sscc:9521321.0000000001".into()),
        child_epcs: vec![unit("1"), unit("2")],
        quantity_list: amounts_of_all_kinds(),
        ..of_type("AggregationEvent", "ADD")
    });
    // All children are meant.
    comes_back(&PartnerEvent {
        parent_id: Some("https://id.gs1.org/00/095213210000000018".into()),
        ..of_type("AggregationEvent", "DELETE")
    });
    comes_back(&PartnerEvent {
        parent_id: Some("urn:epc:id:grai:9521321.12345.1".into()),
        child_epcs: vec!["urn:epc:id:giai:9521321.7".into()],
        quantity_list: amounts_of_all_kinds(),
        ..of_type("AssociationEvent", "ADD")
    });
    comes_back(&PartnerEvent {
        parent_id: Some("urn:epc:id:sscc:9521321.0000000001".into()),
        epc_list: vec![unit("1")],
        quantity_list: amounts_of_all_kinds(),
        ..of_type("TransactionEvent", "ADD")
    });
    let tree = comes_back(&PartnerEvent {
        input_epc_list: vec![unit("1")],
        output_epc_list: vec![unit("2"), unit("3")],
        input_quantity_list: amounts_of_all_kinds(),
        output_quantity_list: amounts_of_all_kinds(),
        transformation_id: Some("urn:epc:id:gdti:9521321.12345.7".into()),
        ..of_type("TransformationEvent", "")
    });
    assert_eq!(
        tree.event["ilmd"]["cbvmda:itemExpirationDate"],
        "2028-12-31"
    );
    assert!(tree.event.get("action").is_none());
}

#[test]
fn a_declaration_comes_back_with_what_it_declares() {
    let declared = ErrorDeclaration {
        declaration_time: MORNING - 60_000_000,
        reason: Some("incorrect_data".into()),
        corrective_event_ids: vec!["urn:uuid:22222222-2222-4222-8222-222222222222".into()],
    };
    let bare = ErrorDeclaration {
        reason: None,
        corrective_event_ids: Vec::new(),
        ..declared.clone()
    };
    for declaration in [declared, bare] {
        let tree = comes_back(&PartnerEvent {
            error_declaration: Some(declaration),
            ..full()
        });
        assert_eq!(
            tree.event["errorDeclaration"]["declarationTime"],
            "2026-03-01T08:39:00Z"
        );
    }
}

#[test]
fn places_and_units_without_a_gs1_key_come_back_as_given() {
    let tree = comes_back(&PartnerEvent {
        read_point: Some("geo:48.14,11.58".into()),
        biz_location: Some("https://example.com/places/7".into()),
        epc_list: vec![
            "urn:epc:id:gid:95100000.12345.400".into(),
            "urn:uuid:33333333-3333-4333-8333-333333333333".into(),
            "https://example.com/things/a%20b".into(),
        ],
        ..full()
    });
    assert_eq!(tree.event["readPoint"]["id"], "geo:48.14,11.58");
}

#[test]
fn an_event_of_ten_thousand_units_comes_back() {
    comes_back(&PartnerEvent {
        epc_list: (0..10_000).map(|n| unit(&n.to_string())).collect(),
        ..full()
    });
}

#[test]
fn of_a_scan_the_device_is_answered_as_its_hash() {
    let partner = PartnerEvent {
        extensions: Some(
            r#"{"@context": {"st": "https://serialtrail.io/epcis/"},
                "st:kind": "consumer", "st:deviceId": "phone-1"}"#
                .into(),
        ),
        ..full()
    };
    let (_, _, stored) = captured(&partner);
    let (tree, _) = stored.read().unwrap();
    let device = tree.event["st:deviceId"].as_str().unwrap();
    assert!(device.starts_with("k1:"), "{device}");
}
