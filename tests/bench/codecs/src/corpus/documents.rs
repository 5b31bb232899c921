//! Documents of mixed events: all five types, with ILMD, extensions and sensor data.

use super::identifiers::{gln, gtin, number, serial, spelled, sscc};
use super::{EVENTS, Input};
use anyhow::Context as _;
use chrono::DateTime;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use serialtrail_epcis::write::{DocumentHead, DocumentKind, XmlVersion, xml_document};
use serialtrail_epcis::{Context, Tree};

/// Time of the first event, seconds.
const BEGIN: i64 = 1_767_225_600;

fn context() -> Value {
    json!([
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"ex": "https://ns.example.com/epcis/"}
    ])
}

fn document(events: &[Value]) -> Value {
    json!({
        "@context": context(),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-31T12:00:00.000Z",
        "epcisBody": {"eventList": events},
    })
}

fn time(seconds: i64) -> String {
    // Invariant: within the years chrono knows.
    DateTime::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S.000+00:00")
        .to_string()
}

/// The documents in JSON-LD and, event by event the same, in XML 2.0. Every other document spells
/// its identifiers as Digital Links.
pub(super) fn inputs(random: &mut ChaCha8Rng, count: usize) -> anyhow::Result<(Input, Input)> {
    let (mut json, mut xml) = (Input::default(), Input::default());
    for number in 0..count {
        let events: Vec<Value> = (0..EVENTS)
            .map(|index| event(random, index, number % 2 == 1))
            .collect();
        xml.valid.push(as_xml(&events)?);
        json.valid.push(document(&events).to_string());
        if number == 0 {
            json.refused = faulty(&events);
            xml.refused = faulty_xml(&xml.valid[0]);
        }
    }
    Ok((json, xml))
}

fn as_xml(events: &[Value]) -> anyhow::Result<String> {
    let mut head = DocumentHead::new(
        DocumentKind::Capture,
        DateTime::from_timestamp(BEGIN, 0).context("no time")?,
    );
    head.context = Context::standard()
        .extended(&context())
        .map_err(anyhow::Error::msg)?;
    let trees = events
        .iter()
        .map(|event| Tree::new(event.clone(), &head.context));
    let trees: Vec<Tree> = trees.collect::<Result<_, _>>()?;
    Ok(xml_document(XmlVersion::V2_0, &head, &trees)?)
}

/// Each with one event that is wrong: an action that is none, no time, a field that is none, a wrong
/// check digit (which no schema sees).
fn faulty(events: &[Value]) -> Vec<String> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut events = events.to_vec();
        change(&mut events[0]);
        document(&events).to_string()
    };
    vec![
        with(&|event| event["action"] = json!("INVENT")),
        with(&|event| {
            if let Some(fields) = event.as_object_mut() {
                fields.remove("eventTime");
            }
        }),
        with(&|event| event["invented"] = json!("x")),
        with(&|event| event["epcList"] = json!(["https://id.gs1.org/01/09521000000011/21/A"])),
    ]
}

fn faulty_xml(valid: &str) -> Vec<String> {
    let once = |from: &str, to: &str| valid.replacen(from, to, 1);
    vec![
        once("<action>ADD</action>", "<action>INVENT</action>"),
        once("<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>", ""),
        once("<action>ADD</action>", "<action>ADD</action><invented/>"),
        once(
            "<epcList>",
            "<epcList><epc>https://id.gs1.org/01/09521000000011/21/A</epc>",
        ),
    ]
}

fn event(random: &mut ChaCha8Rng, index: usize, as_links: bool) -> Value {
    let spell = |key: String| spelled(&key, as_links);
    let packs = |random: &mut ChaCha8Rng, count: usize| -> Vec<String> {
        let gtin = gtin(random);
        (0..count)
            .map(|_| spell(format!("01/{gtin}/21/{}", serial(random, 12))))
            .collect()
    };
    let seconds = BEGIN + i64::try_from(index).unwrap_or(0) * 60 + random.random_range(0..50);
    let mut event = match index % 10 {
        0..=3 => json!({
            "type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
            "disposition": "active",
            "epcList": packs(random, 10),
            "ilmd": {
                "ex:lot": serial(random, 8),
                "ex:expiry": "2028-06-30",
                "ex:line": {"ex:name": "L4", "ex:operator": "MF"},
            },
        }),
        4 | 5 => json!({
            "type": "AggregationEvent", "action": "ADD", "bizStep": "packing",
            "disposition": "in_progress",
            "parentID": spell(format!("00/{}", sscc(random))),
            "childEPCs": packs(random, 12),
        }),
        6 => {
            let (from, to) = (gln(random), gln(random));
            json!({
                "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
                "disposition": "in_transit",
                "epcList": (0..5).map(|_| spell(format!("00/{}", sscc(random)))).collect::<Vec<_>>(),
                "bizTransactionList": [
                    {"type": "po", "bizTransaction": format!("urn:epcglobal:cbv:bt:{from}:{}", number(random))},
                ],
                "sourceList": [{"type": "owning_party", "source": spell(format!("417/{from}"))}],
                "destinationList": [{"type": "owning_party", "destination": spell(format!("417/{to}"))}],
            })
        }
        7 => json!({
            "type": "TransformationEvent", "bizStep": "creating_class_instance",
            "disposition": "in_progress",
            "inputEPCList": packs(random, 5),
            "outputEPCList": packs(random, 5),
            "transformationID": format!("urn:epcglobal:cbv:xform:{}:{}", gln(random), number(random)),
        }),
        8 => json!({
            "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "sensor_reporting",
            "epcList": [spell(format!("00/{}", sscc(random)))],
            "sensorElementList": [{
                "sensorMetadata": {
                    "time": time(seconds),
                    "deviceID": spell(format!("8004/9521000{}", number(random))),
                },
                "sensorReport": [
                    {"type": "Temperature", "value": 4.5, "uom": "CEL"},
                    {"type": "RelativeHumidity", "value": 52.1, "uom": "A93"},
                ],
            }],
            "ex:carrier": {"ex:vehicle": serial(random, 7), "ex:seal": serial(random, 10)},
        }),
        _ => json!({
            "type": "AssociationEvent", "action": "ADD", "bizStep": "assembling",
            "disposition": "in_progress",
            "parentID": spell(format!("8003/0{}{}", gln(random), number(random))),
            "childEPCs": [spell(format!("8004/9521000{}", number(random)))],
        }),
    };
    event["eventTime"] = json!(time(seconds));
    event["eventTimeZoneOffset"] = json!("+00:00");
    event["readPoint"] = json!({"id": spell(format!("414/{}", gln(random)))});
    event["ex:shift"] = json!(serial(random, 4));
    event
}
