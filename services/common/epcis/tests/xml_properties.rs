//! What holds for any XML, and for any event written as XML.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/xml.rs"]
mod xml;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use serialtrail_epcis::write::{DocumentHead, DocumentKind, XmlVersion, xml_document};
use serialtrail_epcis::{
    BodyKind, Context, Format, Limits, ReadOptions, Tree, event_tree, parse_body, read_header,
    read_tree,
};

/// A document with something of everything.
fn rich() -> String {
    xml::document(&xml::observed(
        "<bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep><readPoint><id>urn:epc:id:sgln:4012345.00005.0</id></readPoint><sensorElementList><sensorElement><sensorReport type=\"gs1:Temperature\" value=\"26.0\"/></sensorElement></sensorElementList><extension><ex:a xsi:nil=\"true\"/></extension><ex:b c=\"1\">x<![CDATA[y]]>&amp;<d/></ex:b>",
    ))
}

/// Reads a body in every way; nothing may panic.
fn read_all(body: &[u8]) {
    let options = ReadOptions {
        kind: BodyKind::Either,
        limits: Limits::default(),
    };
    let header = read_header(body, Format::Xml, &options);
    let capture = parse_body(body, BodyKind::Either, &Limits::default());
    if let (Ok(header), Ok(capture)) = (header, capture) {
        assert_eq!(header.events, capture.events.len() as u64);
        for event in &capture.events {
            let alone = event_tree(
                event.original.as_bytes(),
                capture.header.format,
                event.context.as_deref(),
            );
            if let Ok(read) = &event.outcome {
                let again = read_tree(&alone.unwrap(), event.index, &Limits::default());
                assert_eq!(again.as_ref(), Ok(read));
            }
        }
    }
    let _ = event_tree(body, Format::Xml, None);
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["ex:[a-c]", "other:[a-c]", "gs1:[a-c]", "[a-c]"]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z<>&\"' \t\n\r\u{e9}\u{1F600}]{0,8}",
        Just("]]>".to_owned()),
        Just("10".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let single = inner.clone();
        // A list of one is one in XML.
        let list = vec(
            inner
                .clone()
                .prop_filter("no list in a list", |v| !v.is_array()),
            2..4,
        );
        let attributes = || vec(("(ex:|other:|)[d-f]", text()), 0..3);
        prop_oneof![
            list.prop_map(Value::from),
            (vec((name(), single), 1..4), attributes()).prop_map(|(inner, attributes)| {
                let named = attributes
                    .into_iter()
                    .map(|(name, text)| (format!("@{name}"), Value::from(text)));
                named.chain(inner).collect::<Map<_, _>>().into()
            }),
            (attributes(), "[a-z ]{1,8}").prop_map(|(attributes, text)| {
                let mut object: Map<String, Value> = attributes
                    .into_iter()
                    .map(|(name, text)| (format!("@{name}"), Value::from(text)))
                    .collect();
                if object.is_empty() {
                    return Value::from(text);
                }
                object.insert("#text".into(), text.into());
                object.into()
            }),
        ]
    })
}

fn extensions() -> impl Strategy<Value = Map<String, Value>> {
    vec(("(ex|other|gs1):[a-c]", value()), 0..4).prop_map(|fields| fields.into_iter().collect())
}

prop_compose! {
    fn tree()(
        ilmd in extensions(), extended in extensions(), place in extensions(), declared in extensions(),
        quantity in proptest::option::of(0.0..1e15), value in any::<f64>().prop_filter("finite", |f| f.is_finite()),
        serials in btree_set("[a-zA-Z0-9]{1,10}", 0..4), word in "shipping|https://example\\.com/step",
        rebound in any::<bool>(),
    ) -> Tree {
        let epcs: Vec<String> = serials.iter().map(|serial| format!("urn:epc:id:sgtin:4012345.011111.{serial}")).collect();
        let mut class = json!({"epcClass": "urn:epc:class:lgtin:4012345.012345.1"});
        if let Some(quantity) = quantity {
            class["quantity"] = json!(quantity);
        }
        let mut event = json!({
            "type": "ObjectEvent", "action": "ADD", "eventTime": "2026-03-04T11:00:30Z",
            "eventTimeZoneOffset": "+00:00", "epcList": epcs, "quantityList": [class], "bizStep": word,
            "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"},
            "errorDeclaration": {"declarationTime": "2026-03-05T11:00:30Z", "reason": "incorrect_data"},
            "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": value}]}],
            "ilmd": ilmd
        });
        event.as_object_mut().unwrap().extend(extended);
        event["readPoint"].as_object_mut().unwrap().extend(place);
        event["errorDeclaration"].as_object_mut().unwrap().extend(declared);
        let other = if rebound { "http://ns.example.com/" } else { "http://other.example.com/" };
        let context = json!({"ex": "http://ns.example.com/", "other": other});
        Tree::new(event, &Context::standard().extended(&context).unwrap()).unwrap()
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(body in vec(any::<u8>(), 0..200)) {
        read_all(&body);
    }

    #[test]
    fn no_damage_to_a_document_makes_the_reader_panic(
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6),
    ) {
        let mut body = rich().into_bytes();
        for (at, byte, how) in damage {
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        read_all(&body);
    }

    #[test]
    fn no_shuffled_markup_makes_the_reader_panic(
        pieces in vec(prop::sample::select(vec![
            "<", ">", "/>", "</", "ObjectEvent", "epcis:", "EventList", "EPCISDocument", " xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\"",
            " a='b'", "&amp;", "&#0;", "&#xFFFE;", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<!DOCTYPE", "extension", "text", "\n",
        ]), 0..40),
    ) {
        read_all(pieces.concat().as_bytes());
    }

    #[test]
    fn an_event_is_the_same_after_xml(tree in tree()) {
        let head = DocumentHead::new(DocumentKind::Capture, "2026-03-04T11:00:30Z".parse().unwrap());
        let text = xml_document(XmlVersion::V2_0, &head, std::slice::from_ref(&tree)).unwrap();
        let before = read_tree(&tree, 0, &Limits::default()).unwrap();
        let capture = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default()).unwrap();
        let after = capture.events[0].outcome.as_ref().unwrap();
        prop_assert_eq!(&before.content_hash, &after.content_hash, "{}", text);
        let again = event_tree(capture.events[0].original.as_bytes(), Format::Xml, capture.events[0].context.as_deref()).unwrap();
        let same = |name: &str| sorted(&tree.event[name]) == sorted(&again.event[name]);
        for name in ["ilmd", "readPoint", "errorDeclaration", "quantityList", "epcList", "bizStep", "sensorElementList"] {
            prop_assert!(same(name), "{name}: {}\n{}\n{text}", tree.event[name], again.event[name]);
        }
        for name in tree.event.as_object().unwrap().keys().filter(|name| name.contains(':')) {
            prop_assert!(same(name), "{name}: {}\n{}\n{text}", tree.event[name], again.event[name]);
        }
    }
}

/// Whole numbers have one type in JSON.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), sorted(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
