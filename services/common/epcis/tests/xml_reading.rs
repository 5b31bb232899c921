//! What XML says, as the tree it is in EPCIS 2.0 JSON-LD.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/xml.rs"]
mod xml;

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use serde_json::{Value, json};
use serialtrail_epcis::{
    BodyKind, Capture, Context, Format, Limits, ReadOptions, Tree, event_tree, parse_body,
    pre_hash, read_events, read_header,
};
use xml::{document, observed};

fn read(body: &str) -> Capture {
    parse_body(body.as_bytes(), BodyKind::Either, &Limits::default()).unwrap()
}

/// The tree of the only event, as it is read from what is stored of it.
fn tree(body: &str) -> Tree {
    let capture = read(body);
    let [event] = capture.events.as_slice() else {
        panic!("{body}");
    };
    event.outcome.as_ref().unwrap();
    event_tree(
        event.original.as_bytes(),
        Format::Xml,
        event.context.as_deref(),
    )
    .unwrap()
}

fn extension(more: &str) -> (Value, Tree) {
    let tree = tree(&document(&observed(more)));
    let mut event = tree.event.clone();
    let object = event.as_object_mut().unwrap();
    object.retain(|name, _| name.contains(':'));
    (event, tree)
}

fn meaning<'t>(tree: &'t Tree, prefix: &str) -> Option<&'t str> {
    tree.context
        .prefixes()
        .find(|(known, _)| *known == prefix)
        .map(|(_, uri)| uri)
}

#[test]
fn extensions_are_json_by_a_fixed_mapping() {
    for (xml, json) in [
        ("<ex:a>x</ex:a>", json!({"ex:a": "x"})),
        ("<ex:a> x </ex:a>", json!({"ex:a": " x "})),
        ("<ex:a/>", json!({"ex:a": ""})),
        (
            "<ex:a><![CDATA[<x> &]]> &lt;&#x41;</ex:a>",
            json!({"ex:a": "<x> & <A"}),
        ),
        ("<ex:a>x</ex:a><ex:a>y</ex:a>", json!({"ex:a": ["x", "y"]})),
        (
            "<ex:a><ex:b>1</ex:b>\n<c>2</c></ex:a>",
            json!({"ex:a": {"ex:b": "1", "c": "2"}}),
        ),
        (
            "<ex:a b=\"1\" ex:c=\"2\"/>",
            json!({"ex:a": {"@b": "1", "@ex:c": "2"}}),
        ),
        (
            "<ex:a b=\"1\">x</ex:a>",
            json!({"ex:a": {"@b": "1", "#text": "x"}}),
        ),
        (
            "<ex:a>x<ex:b>1</ex:b>y<ex:b>2</ex:b></ex:a>",
            json!({"ex:a": {"#mixed": ["x", {"ex:b": "1"}, "y", {"ex:b": "2"}]}}),
        ),
        ("<ex:a xsi:nil=\"true\"/>", json!({"ex:a": null})),
        ("<ex:a><!-- nothing --></ex:a>", json!({"ex:a": ""})),
    ] {
        assert_eq!(extension(xml).0, json, "{xml}");
    }
    let xsd = " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
    for (kind, text, json) in [
        ("xsd:integer", "10", json!(10)),
        ("xsd:double", "2.5", json!(2.5)),
        ("xsd:boolean", "true", json!(true)),
        ("xsd:string", "10", json!("10")),
        (
            "xsd:integer",
            "ten",
            json!({"@xsi:type": "xsd:integer", "#text": "ten"}),
        ),
        (
            "xsd:date",
            "2026-01-01",
            json!({"@xsi:type": "xsd:date", "#text": "2026-01-01"}),
        ),
    ] {
        let more = format!("<ex:a xsi:type=\"{kind}\"{xsd}>{text}</ex:a>");
        assert_eq!(extension(&more).0, json!({"ex:a": json}), "{more}");
    }
}

#[test]
fn namespaces_keep_their_meaning_whatever_their_prefixes() {
    let (event, tree) = extension(
        "<ex:a xmlns:ex=\"http://other/\">1</ex:a><ex:a>2</ex:a><d xmlns=\"http://default/\"><e/></d><ex2:a xmlns:ex2=\"http://ns.example.com/\">3</ex2:a>",
    );
    assert_eq!(
        event,
        json!({"ex_2:a": "1", "ex:a": "2", "ns:d": {"ns:e": ""}, "ex2:a": "3"})
    );
    assert_eq!(meaning(&tree, "ex"), Some("http://ns.example.com/"));
    assert_eq!(meaning(&tree, "ex_2"), Some("http://other/"));
    assert_eq!(meaning(&tree, "ns"), Some("http://default/"));
    assert_eq!(meaning(&tree, "ex2"), Some("http://ns.example.com/"));

    // Terms of the standard's context cannot mean something else; its namespaces have its prefixes.
    let (event, tree) = extension(
        "<gs1:a xmlns:gs1=\"http://mine/\">1</gs1:a><m:lot xmlns:m=\"urn:epcglobal:cbv:mda\">2</m:lot>",
    );
    assert_eq!(event, json!({"gs1_2:a": "1", "cbvmda:lot": "2"}));
    assert_eq!(meaning(&tree, "gs1_2"), Some("http://mine/"));
    assert_eq!(meaning(&tree, "gs1"), Some("https://gs1.org/voc/"));
}

#[test]
fn elements_of_the_standard_may_have_its_namespace_as_default_or_by_prefix() {
    let plain = document(&observed("<ex:a>1</ex:a>"));
    let default = plain.replace(
        "<EPCISBody>",
        "<EPCISBody xmlns=\"urn:epcglobal:epcis:xsd:2\">",
    );
    let prefixed = plain
        .replace("<ObjectEvent>", "<epcis:ObjectEvent>")
        .replace("</ObjectEvent>", "</epcis:ObjectEvent>")
        .replace("action>", "epcis:action>");
    for body in [default, prefixed] {
        assert_eq!(tree(&body), tree(&plain), "{body}");
    }
}

#[test]
fn what_epcis_1_wraps_stands_where_epcis_2_has_it() {
    let since_2 = observed(
        "<quantityList><quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.998877</epcClass><quantity>200.5</quantity><uom>KGM</uom></quantityElement></quantityList><sourceList><source type=\"urn:epcglobal:cbv:sdt:location\">urn:epc:id:sgln:4012345.00225.0</source></sourceList><ex:a>1</ex:a>",
    )
    .replace("<epcList>", "<eventID>urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8</eventID><epcList>");
    let since_1 = since_2
        .replace("<eventID>", "<baseExtension><eventID>")
        .replace("</eventID>", "</eventID></baseExtension>")
        .replace("<quantityList>", "<extension><quantityList>")
        .replace("<sourceList>", "<extension><sourceList>")
        .replace("</sourceList>", "</sourceList></extension></extension>");
    let as_1 = document(&since_1)
        .replace("xsd:2", "xsd:1")
        .replace("\"2.0\"", "\"1.2\"");
    assert_eq!(tree(&as_1), tree(&document(&since_2)));

    let transformation = "<TransformationEvent><eventTime>2026-03-04T11:00:30Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset><inputEPCList><epc>urn:epc:id:sgtin:4012345.011111.1</epc></inputEPCList><outputEPCList><epc>urn:epc:id:sgtin:4012345.011111.2</epc></outputEPCList></TransformationEvent>";
    let wrapped = document(&format!("<extension>{transformation}</extension>"))
        .replace("xsd:2", "xsd:1")
        .replace("\"2.0\"", "\"1.1\"");
    assert_eq!(tree(&wrapped), tree(&document(transformation)));
}

#[test]
fn words_of_the_vocabulary_become_bare_and_sensors_are_typed() {
    let tree = tree(&document(&observed(
        "<bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep><disposition>https://ref.gs1.org/cbv/Disp-in_transit</disposition><readPoint><id>urn:epc:id:sgln:4012345.00005.0</id><ex:zone>A</ex:zone></readPoint><bizTransactionList><bizTransaction type=\"cbv:BTT-po\"> http://transaction.acme.com/po/1\n</bizTransaction></bizTransactionList><quantityList><quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.1</epcClass><quantity xsi:nil=\"true\"/></quantityElement></quantityList><sensorElementList><sensorElement><sensorMetadata time=\"2026-03-04T11:00:30Z\" ex:kind=\"b\"/><sensorReport type=\"gs1:Temperature\" value=\"26.0\" sDev=\"1e-1\" booleanValue=\"1\" component=\"cbv:Comp-x\" exception=\"gs1:ALARM_CONDITION\" stringValue=\" s \"/></sensorElement></sensorElementList><persistentDisposition><unset>urn:epcglobal:cbv:disp:expired</unset><set>urn:epcglobal:cbv:disp:active</set></persistentDisposition>",
    )));
    let event = &tree.event;
    assert_eq!(event["bizStep"], "shipping");
    assert_eq!(event["disposition"], "in_transit");
    assert_eq!(
        event["readPoint"],
        json!({"id": "urn:epc:id:sgln:4012345.00005.0", "ex:zone": "A"})
    );
    assert_eq!(
        event["bizTransactionList"],
        json!([{"type": "po", "bizTransaction": "http://transaction.acme.com/po/1"}])
    );
    assert_eq!(
        event["quantityList"],
        json!([{"epcClass": "urn:epc:class:lgtin:4012345.012345.1"}])
    );
    assert_eq!(
        event["sensorElementList"],
        json!([{
            "sensorMetadata": {"time": "2026-03-04T11:00:30Z", "ex:kind": "b"},
            "sensorReport": [{
                "type": "Temperature", "value": 26.0, "sDev": 0.1, "booleanValue": true, "component": "x",
                "exception": "ALARM_CONDITION", "stringValue": " s "
            }]
        }])
    );
    assert_eq!(
        event["persistentDisposition"],
        json!({"unset": ["expired"], "set": ["active"]})
    );
}

#[test]
fn attributes_count_in_the_hash_as_elements_do_and_what_is_about_the_xml_does_not() {
    let hash = |more: &str| {
        let (_, tree) = extension(more);
        pre_hash(&tree.event, &tree.context)
            .split("action=OBSERVE")
            .nth(1)
            .unwrap()
            .to_owned()
    };
    let ns = "{http://ns.example.com/}";
    assert_eq!(
        hash("<ex:a b=\"1\" ex:c=\"2\"> 3.0 </ex:a>"),
        format!("{ns}a=3b=1{ns}c=2")
    );
    assert_eq!(
        hash("<ex:a><ex:c>2</ex:c></ex:a>"),
        hash("<ex:a ex:c=\"2\"/>")
    );
    assert_eq!(
        hash("<ex:a xsi:type=\"ex:t\">3</ex:a>"),
        hash("<ex:a>3</ex:a>")
    );
    assert_eq!(
        hash("<ex:a>x<ex:b>1</ex:b>y</ex:a>"),
        format!("{ns}a=x{ns}b=1")
    );
    let comment = "<r:comment xmlns:r=\"http://www.w3.org/2000/01/rdf-schema#\">said</r:comment>";
    assert_eq!(hash(comment), "");
}

#[test]
fn a_header_gives_its_parties_and_its_master_data() {
    let header = "<EPCISHeader><sbdh:StandardBusinessDocumentHeader xmlns:sbdh=\"http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader\"><sbdh:HeaderVersion>1.0</sbdh:HeaderVersion><sbdh:Sender><sbdh:Identifier Authority=\"GS1\">urn:epc:id:sgln:4012345.00001.0</sbdh:Identifier></sbdh:Sender><sbdh:Receiver><sbdh:Identifier>urn:epc:id:sgln:4012345.00002.0</sbdh:Identifier></sbdh:Receiver><sbdh:DocumentIdentification><sbdh:InstanceIdentifier>17</sbdh:InstanceIdentifier></sbdh:DocumentIdentification></sbdh:StandardBusinessDocumentHeader><extension><EPCISMasterData><VocabularyList><Vocabulary type=\"urn:epcglobal:epcis:vtype:Location\"><VocabularyElementList><VocabularyElement id=\"urn:epc:id:sgln:4012345.00001.0\"><attribute id=\"urn:epcglobal:cbv:mda#name\"> Berlin</attribute><attribute id=\"urn:epcglobal:cbv:mda#address\"><ex:city>Berlin</ex:city></attribute><children><id>urn:epc:id:sgln:4012345.00001.1</id></children></VocabularyElement></VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData></extension><ex:statement>true</ex:statement></EPCISHeader><EPCISBody>";
    let header = read(&document(&observed("")).replace("<EPCISBody>", header)).header;
    assert_eq!(header.schema_version.as_deref(), Some("2.0"));
    let context = Context::from_json(header.context.as_deref()).unwrap();
    let declared = |wanted| context.prefixes().any(|(prefix, _)| prefix == wanted);
    assert!(declared("ex") && declared("sbdh") && !declared("xsi"));
    assert_eq!(
        header.creation_date.unwrap().to_rfc3339(),
        "2026-03-04T11:00:30+00:00"
    );
    let said: Value = serde_json::from_str(header.sbdh.as_deref().unwrap()).unwrap();
    assert_eq!(said["sender"], "urn:epc:id:sgln:4012345.00001.0");
    assert_eq!(said["receiver"], "urn:epc:id:sgln:4012345.00002.0");
    assert_eq!(said["instanceIdentifier"], "17");
    let extensions = &said["epcisHeader"];
    assert_eq!(extensions["ex:statement"], "true");
    assert_eq!(
        extensions["sbdh:StandardBusinessDocumentHeader"]["sbdh:Sender"]["sbdh:Identifier"],
        json!({"@Authority": "GS1", "#text": "urn:epc:id:sgln:4012345.00001.0"})
    );
    let [element] = header.master_data.as_slice() else {
        panic!("{:?}", header.master_data);
    };
    assert_eq!(element.vocabulary, "urn:epcglobal:epcis:vtype:Location");
    assert_eq!(element.id, "urn:epc:id:sgln:4012345.00001.0");
    assert_eq!(
        element.attributes,
        [
            ("urn:epcglobal:cbv:mda#name".to_owned(), json!(" Berlin")),
            (
                "urn:epcglobal:cbv:mda#address".to_owned(),
                json!({"ex:city": "Berlin"})
            ),
        ]
    );
    assert_eq!(element.children, ["urn:epc:id:sgln:4012345.00001.1"]);
}

#[test]
fn a_query_document_a_list_and_a_single_event_are_read() {
    let query = format!(
        "<q:EPCISQueryDocument xmlns:q=\"urn:epcglobal:epcis-query:xsd:1\" schemaVersion=\"1.2\" creationDate=\"2026-03-04T11:00:30\"><EPCISBody><q:QueryResults><queryName>SimpleEventQuery</queryName><subscriptionID>s1</subscriptionID><resultsBody><EventList>{}</EventList></resultsBody></q:QueryResults></EPCISBody></q:EPCISQueryDocument>",
        observed("")
    );
    let capture = read(&query);
    assert_eq!(
        capture.header.query_name.as_deref(),
        Some("SimpleEventQuery")
    );
    assert_eq!(capture.header.subscription_id.as_deref(), Some("s1"));
    assert_eq!(
        capture.header.creation_date, None,
        "a time without zone is of no known moment"
    );
    assert!(capture.events[0].outcome.is_ok());
    let list = read(&format!(
        "<EventList>{}{}</EventList>",
        observed(""),
        observed("")
    ));
    assert_eq!(list.events.len(), 2);
    let one = observed("").replace(
        "<ObjectEvent>",
        "<ObjectEvent schemaVersion=\"2.0\" creationDate=\"2026-03-04T11:00:30Z\">",
    );
    let one = read(&one);
    assert!(one.events[0].outcome.is_ok());
    assert_eq!(one.header.schema_version.as_deref(), Some("2.0"));
    let empty = read(&document(""));
    assert_eq!((empty.header.events, empty.events.len()), (0, 0));
}

#[test]
fn the_text_of_an_event_is_kept_to_the_byte() {
    let first = observed("<!-- kept --><ex:a>\u{fc}&amp;\r\n\t</ex:a>")
        .replace("<ObjectEvent>", "<ObjectEvent\n  ex:b='1' >");
    let capture = read(&document(&format!("\n {first}\n{}", observed(""))));
    assert_eq!(capture.events[0].original, first);
    assert_eq!(capture.events[0].line, 4);
    assert_eq!(capture.events[1].original, observed(""));
    assert_eq!(capture.events[1].line, 7);
}

/// Bytes that are made as they are read.
struct Made<'c> {
    events: usize,
    made: &'c Cell<usize>,
    buffer: Vec<u8>,
    at: usize,
}

impl Read for Made<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("it is read by its buffer")
    }
}

impl BufRead for Made<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            let made = self.made.get();
            let document = document("|");
            let (start, end) = document.split_once('|').unwrap();
            if made == 0 {
                self.buffer.extend_from_slice(start.as_bytes());
            }
            if made < self.events {
                self.buffer.extend_from_slice(observed("").as_bytes());
            }
            if made + 1 == self.events {
                self.buffer.extend_from_slice(end.as_bytes());
            }
            self.made.set(made + 1);
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

#[test]
fn events_are_handed_over_while_the_document_is_still_being_made() {
    let events = 5000;
    let made = Cell::new(0);
    let body = || Made {
        events,
        made: &made,
        buffer: Vec::new(),
        at: 0,
    };
    let options = ReadOptions {
        kind: BodyKind::Document,
        limits: Limits::default(),
    };
    let header = read_header(body(), Format::Xml, &options).unwrap();
    assert_eq!(header.events, events as u64);
    made.set(0);
    let mut seen = 0;
    read_events(body(), Format::Xml, &header, &options, |event| {
        assert_eq!(event.index, seen);
        assert!(event.outcome.is_ok());
        seen += 1;
        assert!(
            made.get() <= seen + 1,
            "{seen} events handed over, {} made",
            made.get()
        );
        if seen == 4000 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .unwrap();
    assert_eq!(seen, 4000);
}
