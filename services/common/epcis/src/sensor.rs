//! Sensor elements (EPCIS 2.0 §7.3.7): held to their form, kept as JSON.

use serde_json::Value;

use crate::context::Context;
use crate::fields::{Object, is_uri, json_text};
use crate::reason::{At, Fault, Parsed, Reason};
use crate::vocabulary::{self, Vocabulary};

const METADATA: &[&str] = &[
    "time",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "startTime",
    "endTime",
    "dataProcessingMethod",
    "bizRules",
];
const REPORT: &[&str] = &[
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
    "time",
    "microorganism",
    "chemicalSubstance",
    "coordinateReferenceSystem",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
];
const TIMES: &[&str] = &["time", "startTime", "endTime"];
const URIS: &[&str] = &[
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
    "microorganism",
    "chemicalSubstance",
    "coordinateReferenceSystem",
    "uriValue",
];
const NUMBERS: &[&str] = &[
    "value",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
];

/// `sensorElementList` as JSON, each element verified.
pub(crate) fn elements(event: &Object<'_>, context: &Context) -> Parsed<Option<String>> {
    let list = event.at.field("sensorElementList");
    for (i, item) in event.list("sensorElementList")?.iter().enumerate() {
        let at = list.index(i);
        let element = Object::new(&at, item)?;
        let known = |name: &str| matches!(name, "sensorMetadata" | "sensorReport");
        element.only(known, Some(context))?;
        if let Some(metadata) = element.get("sensorMetadata") {
            let at = at.field("sensorMetadata");
            let metadata = Object::new(&at, metadata)?;
            metadata.only(|name| METADATA.contains(&name), Some(context))?;
            common(&metadata)?;
        }
        let reports = element.list("sensorReport")?;
        if reports.is_empty() {
            return Err(element.missing("sensorReport"));
        }
        let reports_at = at.field("sensorReport");
        for (i, item) in reports.iter().enumerate() {
            report(&reports_at.index(i), item, context)?;
        }
    }
    Ok(event.get("sensorElementList").map(json_text))
}

fn report(at: &At<'_>, value: &Value, context: &Context) -> Parsed<()> {
    let report = Object::new(at, value)?;
    report.only(|name| REPORT.contains(&name), Some(context))?;
    common(&report)?;
    let word = |name: &str, vocabulary| -> Parsed<()> {
        if let Some(text) = report.text(name)? {
            vocabulary::word(&at.field(name), vocabulary, text)?;
        }
        Ok(())
    };
    // A report of an exception alone has no measurement (EPCIS 2.0 §7.3.7.3).
    if report.text("type")?.is_none() && report.text("exception")?.is_none() {
        return Err(report.missing("type"));
    }
    let measured = report.text("type")?.unwrap_or("Count");
    if measured.is_empty() || (measured.contains(':') && !is_uri(measured)) {
        return Err(Fault::new(
            &at.field("type"),
            Reason::BadValue,
            format_args!("{measured:?} is neither a word nor a URI"),
        ));
    }
    // Measurement types belong to the GS1 Web Vocabulary, which grows: a bare word
    // that is not among those we know is kept as given, with a warning, not refused.
    word("exception", Vocabulary::SensorAlert)?;
    word("component", Vocabulary::Component)?;
    report.text("stringValue")?;
    report.text("uom")?;
    report.boolean("booleanValue")?;
    if let Some(hex) = report.text("hexBinaryValue")?
        && (hex.is_empty() || !hex.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return Err(Fault::new(
            &at.field("hexBinaryValue"),
            Reason::BadValue,
            format_args!("{hex:?} is not hexadecimal"),
        ));
    }
    Ok(())
}

/// Times, URIs and numbers, wherever they stand. References of a sensor need
/// only be text without harm: they name no unit of ours.
fn common(object: &Object<'_>) -> Parsed<()> {
    for name in TIMES {
        object.time(name)?;
    }
    for name in URIS {
        if let Some(text) = object.text(name)?.filter(|text| !is_uri(text)) {
            return Err(Fault::new(
                &object.at.field(name),
                Reason::BadValue,
                format_args!("{text:?} is not a URI"),
            ));
        }
    }
    for name in NUMBERS {
        object.number(name)?;
    }
    Ok(())
}
