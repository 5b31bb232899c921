//! What happens, as JSON and as XML say it.

use serde_json::json;
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::document;
use serialtrail_end_to_end::master::{FACTORY, lgtin, sgln, sgtin};

/// How a scenario is written. Each has units of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    Json,
    Xml,
}

pub(crate) const BINDINGS: [Binding; 2] = [Binding::Json, Binding::Xml];

impl Binding {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "J",
            Self::Xml => "X",
        }
    }

    pub(crate) fn media(self) -> &'static str {
        match self {
            Self::Json => "application/ld+json",
            Self::Xml => "application/xml",
        }
    }
}

/// Two units and a weight of a class become two units of a new lot.
pub(crate) struct Transformation {
    pub(crate) inputs: [String; 2],
    pub(crate) raw: String,
    pub(crate) outputs: [String; 2],
    pub(crate) made: String,
    pub(crate) id: String,
    pub(crate) lot: String,
}

impl Transformation {
    pub(crate) fn of(binding: Binding) -> Self {
        let name = binding.name();
        Self {
            inputs: ["1", "2"].map(|n| sgtin(11, &format!("TRANSFORM-{name}{n}"))),
            raw: lgtin(13, &format!("RAW-{name}")),
            outputs: ["1", "2"].map(|n| sgtin(12, &format!("TRANSFORMED-{name}{n}"))),
            made: lgtin(12, &format!("NEW-{name}")),
            id: format!("https://example.com/transformations/{name}"),
            lot: format!("NEW-{name}"),
        }
    }

    /// The event in a binding, whichever its units are named after.
    pub(crate) fn written(&self, binding: Binding) -> String {
        match binding {
            Binding::Json => document(vec![json!({
                "type": "TransformationEvent",
                "eventTime": "2026-03-03T08:00:00Z", "eventTimeZoneOffset": "+01:00",
                "inputEPCList": self.inputs,
                "inputQuantityList": [{"epcClass": self.raw, "quantity": 2.5, "uom": "KGM"}],
                "outputEPCList": self.outputs,
                "outputQuantityList": [{"epcClass": self.made, "quantity": 2}],
                "transformationID": self.id,
                "bizStep": "commissioning", "disposition": "active",
                "readPoint": {"id": sgln(FACTORY)}, "bizLocation": {"id": sgln(FACTORY)},
                "ilmd": {"cbvmda:lotNumber": self.lot, "cbvmda:itemExpirationDate": "2028-03-03"},
            })])
            .to_string(),
            Binding::Xml => in_xml(&format!(
                "<TransformationEvent><eventTime>2026-03-03T08:00:00.000Z</eventTime>\
                 <eventTimeZoneOffset>+01:00</eventTimeZoneOffset>\
                 <inputEPCList>{}</inputEPCList>\
                 <inputQuantityList><quantityElement><epcClass>{}</epcClass><quantity>2.5</quantity>\
                 <uom>KGM</uom></quantityElement></inputQuantityList>\
                 <outputEPCList>{}</outputEPCList>\
                 <outputQuantityList><quantityElement><epcClass>{}</epcClass><quantity>2</quantity>\
                 </quantityElement></outputQuantityList>\
                 <transformationID>{}</transformationID>\
                 <bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>\
                 <disposition>https://ref.gs1.org/cbv/Disp-active</disposition>\
                 <readPoint><id>{place}</id></readPoint><bizLocation><id>{place}</id></bizLocation>\
                 <ilmd><cbvmda:lotNumber>{}</cbvmda:lotNumber>\
                 <cbvmda:itemExpirationDate>2028-03-03</cbvmda:itemExpirationDate></ilmd>\
                 </TransformationEvent>",
                epcs(&self.inputs),
                self.raw,
                epcs(&self.outputs),
                self.made,
                self.id,
                self.lot,
                place = sgln(FACTORY),
            )),
        }
    }
}

/// A sensor is fixed to a box, and taken off again.
pub(crate) struct Association {
    pub(crate) asset: String,
    pub(crate) sensor: String,
}

impl Association {
    pub(crate) fn of(binding: Binding) -> Self {
        let name = binding.name();
        Self {
            asset: format!("urn:epc:id:grai:9529000.00001.BOX-{name}"),
            sensor: format!("urn:epc:id:giai:9529000.SENSOR-{name}"),
        }
    }

    pub(crate) fn written(&self, binding: Binding, action: &str, time: &str, step: &str) -> String {
        let place = sgln(FACTORY);
        match binding {
            Binding::Json => document(vec![json!({
                "type": "AssociationEvent",
                "eventTime": time, "eventTimeZoneOffset": "+01:00",
                "parentID": self.asset, "childEPCs": [self.sensor], "action": action,
                "bizStep": step,
                "readPoint": {"id": place}, "bizLocation": {"id": place},
                "sensorElementList": [{"sensorReport": [
                    {"type": "Temperature", "value": 4.5, "uom": "CEL"}
                ]}],
            })])
            .to_string(),
            Binding::Xml => in_xml(&format!(
                "<AssociationEvent><eventTime>{time}</eventTime>\
                 <eventTimeZoneOffset>+01:00</eventTimeZoneOffset>\
                 <parentID>{}</parentID><childEPCs><epc>{}</epc></childEPCs><action>{action}</action>\
                 <bizStep>https://ref.gs1.org/cbv/BizStep-{step}</bizStep>\
                 <readPoint><id>{place}</id></readPoint><bizLocation><id>{place}</id></bizLocation>\
                 <sensorElementList><sensorElement>\
                 <sensorReport type=\"gs1:Temperature\" value=\"4.5\" uom=\"CEL\"/>\
                 </sensorElement></sensorElementList></AssociationEvent>",
                self.asset, self.sensor,
            )),
        }
    }
}

fn in_xml(event: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" xmlns:gs1=\"https://gs1.org/voc/\" \
         xmlns:cbvmda=\"urn:epcglobal:cbv:mda\" schemaVersion=\"2.0\" \
         creationDate=\"2026-03-04T00:00:00Z\"><EPCISBody><EventList>{event}</EventList></EPCISBody>\
         </epcis:EPCISDocument>"
    )
}

fn epcs(units: &[String]) -> String {
    units
        .iter()
        .map(|unit| format!("<epc>{unit}</epc>"))
        .collect()
}

pub(crate) fn capture(d: &Deployment, binding: Binding, body: String) {
    let headers = [("content-type", binding.media())];
    let (status, job) = d.post("/epcis/v2/capture", body, &headers).unwrap();
    assert_eq!(status, 202, "{job}");
    assert_eq!(job["errors"], json!([]), "{job}");
}
