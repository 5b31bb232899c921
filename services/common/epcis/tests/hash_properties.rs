//! What the event hash does not depend on: the order of members and lists, the binding, and whether
//! the event was read before.
#![allow(clippy::unwrap_used)]

#[path = "support/samples.rs"]
mod samples;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use serialtrail_epcis::write::{DocumentHead, DocumentKind, XmlVersion, xml_document};
use serialtrail_epcis::{BodyKind, Limits, Tree, event_hash, parse_body, pre_hash};

/// A SGTIN or SSCC in one of its spellings.
fn epc() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9A-Za-z]{1,12}".prop_map(|serial| format!("urn:epc:id:sgtin:4012345.011111.{serial}")),
        "[0-9A-Za-z._-]{1,12}"
            .prop_map(|serial| format!("https://id.gs1.org/01/04012345111118/21/{serial}")),
        "[0-9]{1,6}(%2F|%28)[a-z]".prop_map(|serial| format!(
            "https://a.example/x/01/4012345111118/21/{serial}?17=271231"
        )),
        "[0-9]{10}".prop_map(|serial| format!("urn:epc:id:sscc:0614141.{serial}")),
        "[a-z]{1,6}".prop_map(|name| format!("https://example.com/things/{name}")),
    ]
}

fn lot() -> impl Strategy<Value = Value> {
    let class = prop_oneof![
        "[0-9A-Z]{1,8}".prop_map(|lot| format!("urn:epc:class:lgtin:4012345.012345.{lot}")),
        "[0-9A-Z]{1,8}".prop_map(|lot| format!("https://id.gs1.org/01/04012345111118/10/{lot}")),
        Just("https://id.gs1.org/01/04012345111118".to_owned()),
        Just("urn:epc:idpat:sgtin:4012345.011111.*".to_owned()),
    ];
    (
        class,
        prop::option::of(prop_oneof![0.0..1e6, (0u32..1000).prop_map(f64::from)]),
    )
        .prop_map(|(class, amount)| match amount {
            None => json!({"epcClass": class}),
            Some(amount) => json!({"epcClass": class, "quantity": amount, "uom": "KGM"}),
        })
}

/// Items of a type and what `name` says; a type of `""` is none.
fn typed(name: &'static str, types: &'static [&'static str]) -> impl Strategy<Value = Vec<Value>> {
    let id = prop_oneof![
        Just("urn:epc:id:pgln:4012345.00001".to_owned()),
        Just("https://id.gs1.org/417/4012345000016".to_owned()),
        Just("urn:epc:id:gdti:0614141.00001.1618034".to_owned()),
        "[a-z]{1,3}".prop_map(|id| format!("urn:uuid:{id}")),
    ];
    prop::collection::vec((select(types), id), 1..4).prop_map(move |items| {
        let item = |(kind, id): (&str, String)| {
            let mut item = json!({name: id});
            if !kind.is_empty() {
                item["type"] = json!(kind);
            }
            item
        };
        items.into_iter().map(item).collect()
    })
}

fn extension() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z][a-z ]{0,6}[a-z]",
        "-?[0-9]{1,5}\\.[0-9]{1,3}",
        "[1-9][0-9]{0,9}"
    ];
    text.prop_map(Value::from)
        .prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec(("ex:[a-d]", inner.clone()), 1..4)
                .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into())
        })
}

prop_compose! {
    fn event()(
        mut event in select(vec![
            samples::object_event(), samples::aggregation(), samples::transaction(),
            samples::transformation(), samples::association(),
        ]),
        epcs in prop::collection::btree_set(epc(), 1..6),
        lots in prop::collection::vec(lot(), 1..4),
        sources in typed("source", &["owning_party", "urn:epcglobal:cbv:sdt:location", "cbv:SDT-possessing_party"]),
        transactions in typed("bizTransaction", &["po", "https://ref.gs1.org/cbv/BTT-inv", "urn:a:b", ""]),
        extensions in prop::collection::btree_map("ex:[a-d]", extension(), 0..4),
        place in select(vec!["urn:epc:id:sgln:4012345.00005.0", "https://id.gs1.org/414/4012345000054/254/7", "geo:1,2"]),
        values in prop::collection::vec(-1e3..1e3, 0..4),
    ) -> Value {
        let (epcs, lots) = match event["type"].as_str().unwrap() {
            "ObjectEvent" | "TransactionEvent" => (("epcList", epcs), ("quantityList", lots)),
            "TransformationEvent" => (("outputEPCList", epcs), ("inputQuantityList", lots)),
            _ => (("childEPCs", epcs), ("childQuantityList", lots)),
        };
        event[epcs.0] = json!(epcs.1);
        event[lots.0] = json!(lots.1);
        event["sourceList"] = json!(sources);
        event["bizTransactionList"] = json!(transactions);
        event["bizLocation"] = json!({"id": place});
        let reports = values.iter().map(|value| json!({"type": "Temperature", "value": value, "uom": "CEL"}));
        if !values.is_empty() {
            event["sensorElementList"] = json!([
                {"sensorReport": reports.collect::<Vec<_>>()},
                {"sensorMetadata": {"time": "2026-03-04T11:00:30.0005+02:00"}, "sensorReport": [{"type": "Count", "value": 1}]}
            ]);
        }
        event.as_object_mut().unwrap().extend(extensions);
        event
    }
}

/// The same value, its members and lists in another order.
fn shuffled(value: &Value, order: &[Index]) -> Value {
    fn moved<T>(mut items: Vec<T>, order: &[Index]) -> Vec<T> {
        for (at, index) in order.iter().enumerate().take(items.len()) {
            let other = index.index(items.len());
            items.swap(at, other);
        }
        items
    }
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), shuffled(value, order)));
            moved(members.collect(), order)
                .into_iter()
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => moved(
            items.iter().map(|item| shuffled(item, order)).collect(),
            order,
        )
        .into(),
        scalar => scalar.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_order_of_members_and_lists_says_nothing(
        event in event(), order in prop::collection::vec(any::<Index>(), 12),
    ) {
        let other = shuffled(&event, &order);
        prop_assert_eq!(pre_hash(&event, &samples::context()), pre_hash(&other, &samples::context()));
    }

    #[test]
    fn an_event_that_was_read_has_the_hash_of_its_value(event in event()) {
        let read = samples::read(&event);
        prop_assert!(read.is_ok(), "{:?}: {}", read, event);
        prop_assert_eq!(read.unwrap().content_hash, event_hash(&event, &samples::context()));
    }

    #[test]
    fn xml_and_json_of_an_event_have_one_hash(event in event()) {
        let head = DocumentHead::new(DocumentKind::Capture, "2026-03-04T11:00:30Z".parse().unwrap());
        let tree = Tree::new(event, &samples::context()).unwrap();
        let text = xml_document(XmlVersion::V2_0, &head, std::slice::from_ref(&tree)).unwrap();
        let capture = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
        let read = capture.events[0].outcome.as_ref();
        prop_assert!(read.is_ok(), "{:?}: {}", read, text);
        prop_assert_eq!(&read.unwrap().content_hash, &event_hash(&tree.event, &tree.context), "{}", text);
    }
}
