//! What holds for every input, and what an event's hash depends on.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use serialtrail_epcis::{
    BodyKind, Context, Limits, Tree, event_hash, parse_body, pre_hash, read_tree,
};
use serialtrail_gs1::parse_identifier;

fn context() -> Context {
    Context::standard()
        .extended(&json!([{"ex": "http://ns.example.com/"}]))
        .unwrap()
}

/// Any JSON value, with the names of EPCIS fields among its names.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "type",
        "action",
        "eventTime",
        "eventTimeZoneOffset",
        "epcList",
        "bizStep",
        "readPoint",
        "id",
        "parentID",
        "childEPCs",
        "quantityList",
        "epcClass",
        "quantity",
        "sensorElementList",
        "sensorReport",
        "ilmd",
        "@context",
        "errorDeclaration",
        "ex:a",
        "ex:lotNumber",
        "bizTransactionList",
        "sourceList",
        "persistentDisposition",
        "set",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "ObjectEvent",
            "ADD",
            "2026-03-04T11:00:30Z",
            "+01:00",
            "shipping",
            "urn:epc:id:sgtin:4012345.011111.9",
            "https://id.gs1.org/01/04012345111118/21/2",
            "cbv:BizStep-shipping",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()
            )),
        ]
    })
}

/// One event, and the same in another spelling: identifiers as Digital Links of
/// some brand, vocabulary as URNs, time in another zone, fields and lists reversed.
fn two_spellings(serials: &[u32], zone_hours: i32) -> (Value, Value) {
    let epcs: Vec<String> = serials
        .iter()
        .map(|s| format!("urn:epc:id:sgtin:4012345.011111.{s}"))
        .collect();
    let links: Vec<String> = serials
        .iter()
        .rev()
        .map(|s| format!("https://brand.example/x/01/04012345111118/22/V/21/{s}?17=271231"))
        .collect();
    let local = chrono::DateTime::parse_from_rfc3339("2026-03-04T11:00:30Z")
        .unwrap()
        .with_timezone(&chrono::FixedOffset::east_opt(zone_hours * 3600).unwrap())
        .to_rfc3339();
    let one = json!({
        "type": "ObjectEvent", "action": "ADD", "eventTime": "2026-03-04T11:00:30.000Z", "eventTimeZoneOffset": "+01:00",
        "epcList": epcs, "bizStep": "commissioning", "disposition": "active",
        "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"},
        "bizTransactionList": [
            {"type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034"},
            {"type": "inv", "bizTransaction": "http://a.example/1"}
        ],
        "ilmd": {"cbvmda:lotNumber": "L1", "ex:weight": 1.50}, "ex:colour": "red"
    });
    let two = json!({
        "eventID": "urn:uuid:1", "recordTime": "2026-03-04T12:00:00Z",
        "ex2:colour": "red", "ilmd": {"ex2:weight": "1.5", "urn:epcglobal:cbv:mda:lotNumber": "L1"},
        "bizTransactionList": [
            {"bizTransaction": "http://a.example/1", "type": "https://ref.gs1.org/cbv/BTT-inv"},
            {"bizTransaction": "https://id.gs1.org/253/06141410000121618034", "type": "cbv:BTT-po"}
        ],
        "readPoint": {"id": "https://id.gs1.org/414/4012345000054"},
        "disposition": "https://ref.gs1.org/cbv/Disp-active", "bizStep": "urn:epcglobal:cbv:bizstep:commissioning",
        "epcList": links, "eventTimeZoneOffset": "+01:00", "eventTime": local, "action": "ADD", "type": "ObjectEvent",
        "errorDeclaration": {"declarationTime": "2026-03-05T00:00:00Z"}
    });
    (one, two)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_make_the_parser_panic(body in any::<Vec<u8>>()) {
        let _ = parse_body(&body, BodyKind::Either, &Limits::default());
    }

    #[test]
    fn nor_does_any_json(value in any_json()) {
        if let Ok(tree) = Tree::new(value.clone(), &context()) {
            let _ = read_tree(&tree, 0, &Limits::default());
        }
        let _ = pre_hash(&value, &context());
        let document = json!({
            "@context": "https://ref.gs1.org/epcis-context.jsonld", "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-03-04T12:00:00Z", "epcisBody": {"eventList": [value.clone(), value]}
        });
        let capture = parse_body(document.to_string().as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
        // Whatever was in it, no event vanished.
        prop_assert_eq!(capture.events.len(), 2);
    }

    #[test]
    fn a_document_cut_anywhere_is_refused_not_half_read(cut in 0usize..400) {
        let (event, _) = two_spellings(&[1, 2], 0);
        let text = json!({
            "@context": "https://ref.gs1.org/epcis-context.jsonld", "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-03-04T12:00:00Z", "epcisBody": {"eventList": [event]}
        }).to_string();
        prop_assert!(cut < text.len());
        prop_assert!(parse_body(&text.as_bytes()[..cut], BodyKind::Document, &Limits::default()).is_err());
    }

    #[test]
    fn two_spellings_of_one_event_have_one_hash(
        serials in prop::collection::btree_set(1u32..9999, 1..8), zone in -12i32..=12,
    ) {
        let serials: Vec<u32> = serials.into_iter().collect();
        let (one, two) = two_spellings(&serials, zone);
        let other = Context::standard()
            .extended(&json!([{"ex2": "http://ns.example.com/"}])).unwrap();
        prop_assert_eq!(pre_hash(&one, &context()), pre_hash(&two, &other));
        let read = |event, context| read_tree(&Tree::new(event, context).unwrap(), 0, &Limits::default()).unwrap();
        let hash = event_hash(&one, &context());
        let (first, second) = (read(one, &context()), read(two, &other));
        prop_assert_eq!(&first.content_hash, &hash);
        prop_assert_eq!(&first.content_hash, &second.content_hash);
        prop_assert_eq!(&first.lot, &second.lot);
        let keys = |event: &serialtrail_epcis::Event| {
            let mut keys: Vec<String> = event.epc_list.iter().map(|epc| epc.key.to_string()).collect();
            keys.sort();
            keys
        };
        prop_assert_eq!(keys(&first), keys(&second));
    }

    #[test]
    fn another_content_has_another_hash(
        field in prop::sample::select(vec!["eventTime", "eventTimeZoneOffset", "action", "bizStep", "disposition", "ilmd", "epcList", "readPoint", "bizTransactionList", "ex:colour"]),
    ) {
        let (event, _) = two_spellings(&[1, 2], 0);
        let mut fields: Map<String, Value> = event.as_object().unwrap().clone();
        fields.remove(field);
        prop_assert_ne!(event_hash(&Value::Object(fields), &context()), event_hash(&event, &context()));
    }

    #[test]
    fn an_identifier_as_it_is_hashed_is_still_the_same_unit(serial in "[!\"%-/:-?A-Z_a-z0-9]{1,20}") {
        let key = parse_identifier(&format!("01/04012345111118/21/{serial}")).unwrap();
        prop_assert_eq!(parse_identifier(&key.event_hash_link()), Ok(key));
    }
}
