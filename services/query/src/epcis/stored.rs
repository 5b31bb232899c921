//! A row of `events` back to its event.
//!
//! What the publisher sent is the source: its original bytes are read again. Only an event that did not
//! come as a document (a partner's record in Avro) is put together from the columns, and so is one whose
//! original this build cannot read any more, which is logged.

use crate::time::iso;
use chrono::DateTime;
use clickhouse::Row;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use serialtrail_epcis::{Context, Event, EventError, Format, Limits, Tree, event_tree, read_tree};
use serialtrail_gs1::Epc;
use std::io::Read;

/// Largest original after decompression, bytes.
const MOST_BYTES: u64 = 64 << 20;

/// An event as it is stored.
#[derive(Debug, Clone, Row, Deserialize)]
#[allow(missing_docs)]
pub struct StoredEvent {
    pub event_id: String,
    pub content_hash: String,
    pub declaration: bool,
    pub event_time: i64,
    pub record_time: i64,
    pub original_format: String,
    #[serde(with = "serde_bytes")]
    pub original: Vec<u8>,
    pub context: String,
    pub event_type: String,
    pub action: String,
    pub zone_offset: String,
    pub biz_step: String,
    pub disposition: String,
    pub persistent_set: Vec<String>,
    pub persistent_unset: Vec<String>,
    pub read_point: String,
    pub biz_location: String,
    pub epcs: Vec<String>,
    pub parent: String,
    pub children: Vec<String>,
    pub quantities: Vec<Amount>,
    pub child_quantities: Vec<Amount>,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub input_quantities: Vec<Amount>,
    pub output_quantities: Vec<Amount>,
    pub transformation_id: String,
    pub biz_transactions: Vec<(String, String)>,
    pub sources: Vec<(String, String)>,
    pub destinations: Vec<(String, String)>,
    pub sensor_elements: String,
    pub ilmd: String,
    pub extensions: String,
    pub certification_info: String,
    pub declaration_time: Option<i64>,
    pub declaration_reason: String,
    pub corrective_event_ids: Vec<String>,
}

/// Class key, amount, unit of measure.
type Amount = (String, Option<f64>, String);

/// The columns of a [`StoredEvent`], in its order.
pub const COLUMNS: &str = "event_id, content_hash, declaration, event_time, record_time, \
    original_format, original, context, event_type, action, zone_offset, biz_step, disposition, \
    persistent_set, persistent_unset, read_point, biz_location, epcs, parent, children, quantities, \
    child_quantities, inputs, outputs, input_quantities, output_quantities, transformation_id, \
    biz_transactions, sources, destinations, sensor_elements, ilmd, extensions, certification_info, \
    declaration_time, declaration_reason, corrective_event_ids";

impl StoredEvent {
    /// The event, with this repository's record time, and its id where the publisher gave none.
    ///
    /// # Errors
    /// Neither its original nor its columns are an event.
    pub fn read(&self) -> Result<(Tree, Event), EventError> {
        let limits = Limits {
            max_epcs_per_event: usize::MAX,
            ..Limits::default()
        };
        let original = self.tree().and_then(|tree| {
            let event = read_tree(&tree, 0, &limits).map_err(|error| error.to_string())?;
            Ok((tree, event))
        });
        let (mut tree, mut event) = match original {
            Ok(read) => read,
            Err(why) => {
                if !self.original_format.starts_with("application/avro") {
                    tracing::error!(
                        event_id = self.event_id,
                        why,
                        "an original cannot be read again"
                    );
                }
                let tree = self.rebuilt();
                let event = read_tree(&tree, 0, &limits)?;
                (tree, event)
            }
        };
        event.event_id = Some(self.event_id.clone());
        event.record_time = DateTime::from_timestamp_micros(self.record_time);
        if let Some(fields) = tree.event.as_object_mut() {
            fields.insert("eventID".to_owned(), self.event_id.as_str().into());
            fields.insert("recordTime".to_owned(), iso(self.record_time).into());
        }
        Ok((tree, event))
    }

    fn tree(&self) -> Result<Tree, String> {
        let (format, compressed) = match self.original_format.strip_suffix("+gzip") {
            Some(format) => (format, true),
            None => (self.original_format.as_str(), false),
        };
        let format = match format {
            "application/ld+json" => Format::JsonLd,
            "application/xml" => Format::Xml,
            other => return Err(format!("{other} is no document")),
        };
        let mut plain = Vec::new();
        let bytes = if compressed {
            flate2::read::GzDecoder::new(self.original.as_slice())
                .take(MOST_BYTES)
                .read_to_end(&mut plain)
                .map_err(|error| error.to_string())?;
            &plain
        } else {
            &self.original
        };
        let context = (!self.context.is_empty()).then_some(self.context.as_str());
        event_tree(bytes, format, context).map_err(|error| error.to_string())
    }

    fn rebuilt(&self) -> Tree {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            let empty = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                _ => false,
            };
            if !empty {
                fields.insert(name.to_owned(), value);
            }
        };
        put("type", json!(self.event_type));
        put("eventTime", json!(iso(self.event_time)));
        put("eventTimeZoneOffset", json!(self.zone_offset));
        put("action", json!(self.action));
        put("bizStep", json!(self.biz_step));
        put("disposition", json!(self.disposition));
        put("persistentDisposition", self.persistent());
        put("readPoint", place(&self.read_point));
        put("bizLocation", place(&self.biz_location));
        put("epcList", json!(self.epcs));
        put("parentID", json!(self.parent));
        put("childEPCs", json!(self.children));
        put("inputEPCList", json!(self.inputs));
        put("outputEPCList", json!(self.outputs));
        put("quantityList", amounts(&self.quantities));
        put("childQuantityList", amounts(&self.child_quantities));
        put("inputQuantityList", amounts(&self.input_quantities));
        put("outputQuantityList", amounts(&self.output_quantities));
        put("transformationID", json!(self.transformation_id));
        put(
            "bizTransactionList",
            typed(&self.biz_transactions, "bizTransaction"),
        );
        put("sourceList", typed(&self.sources, "source"));
        put("destinationList", typed(&self.destinations, "destination"));
        put("sensorElementList", parsed(&self.sensor_elements));
        put("ilmd", parsed(&self.ilmd));
        put("certificationInfo", parsed(&self.certification_info));
        put("errorDeclaration", self.error_declaration());
        if let Value::Object(extensions) = parsed(&self.extensions) {
            fields.extend(extensions);
        }
        let standard = Context::standard();
        let context = standard
            .extended(&parsed(&self.context))
            .unwrap_or(standard);
        Tree {
            event: Value::Object(fields),
            context,
        }
    }

    fn persistent(&self) -> Value {
        let mut value = Map::new();
        for (name, words) in [
            ("set", &self.persistent_set),
            ("unset", &self.persistent_unset),
        ] {
            if !words.is_empty() {
                value.insert(name.to_owned(), json!(words));
            }
        }
        if value.is_empty() {
            Value::Null
        } else {
            Value::Object(value)
        }
    }

    fn error_declaration(&self) -> Value {
        let Some(time) = self.declaration_time else {
            return Value::Null;
        };
        let mut value = json!({ "declarationTime": iso(time) });
        if !self.declaration_reason.is_empty() {
            value["reason"] = json!(self.declaration_reason);
        }
        if !self.corrective_event_ids.is_empty() {
            value["correctiveEventIDs"] = json!(self.corrective_event_ids);
        }
        value
    }
}

fn place(id: &str) -> Value {
    if id.is_empty() {
        Value::Null
    } else {
        json!({ "id": id })
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn amounts(list: &[Amount]) -> Value {
    list.iter()
        .map(|(class, amount, uom)| {
            let mut value = json!({ "epcClass": Epc::from_record(class.as_str()).digital_link() });
            if let Some(amount) = amount {
                value["quantity"] = json!(amount);
            }
            if !uom.is_empty() {
                value["uom"] = json!(uom);
            }
            value
        })
        .collect()
}

fn typed(list: &[(String, String)], name: &str) -> Value {
    list.iter()
        .map(|(kind, id)| {
            let mut value = json!({ name: id });
            if !kind.is_empty() {
                value["type"] = json!(kind);
            }
            value
        })
        .collect()
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
