//! One event as XML: its fields in the order of the schema.

use serde_json::{Map, Value};

use super::order::{BASE, SINCE_1_1, SINCE_2_0, own_fields};
use super::out::{Attributes, Out, Used};
use crate::tree::Tree;
use crate::vocabulary::Vocabulary;
use crate::write::{WriteError, XmlVersion};

pub(super) type Written = Result<(), WriteError>;

/// An event being written.
pub(super) struct EventWriter<'t> {
    pub(super) version: XmlVersion,
    pub(super) tree: &'t Tree,
    pub(super) index: Option<usize>,
    pub(super) out: Out,
    /// Namespaces it needs declared.
    pub(super) used: Used,
}

/// An event written: what is in its element, and the namespaces it needs.
pub(super) struct WrittenEvent {
    pub(super) kind: String,
    pub(super) content: String,
    pub(super) used: Used,
}

impl<'t> EventWriter<'t> {
    pub(super) fn new(
        version: XmlVersion,
        tree: &'t Tree,
        index: Option<usize>,
        depth: usize,
    ) -> Self {
        Self {
            version,
            tree,
            index,
            out: Out::at_depth(depth),
            used: Used::new(),
        }
    }

    /// Writes the content of the event's element.
    pub(super) fn event(mut self) -> Result<WrittenEvent, WriteError> {
        let tree = self.tree;
        let Some(event) = tree.event.as_object() else {
            return Err(self.error("", "an event is an object"));
        };
        let kind = self.text("type", event.get("type").unwrap_or(&Value::Null))?;
        let Some(own) = own_fields(kind) else {
            return Err(self.error("type", &format!("{kind:?} is no event of EPCIS")));
        };
        self.known_fields(event, own)?;
        match self.version {
            XmlVersion::V2_0 => {
                for field in BASE.iter().chain(own) {
                    self.field(event, field)?;
                }
            }
            XmlVersion::V1_2 => self.event_1_2(event, kind, own)?,
        }
        for (key, value) in event.iter().filter(|(key, _)| key.contains(':')) {
            self.extension(key, key, value)?;
        }
        Ok(WrittenEvent {
            kind: kind.to_owned(),
            content: self.out.into_text(),
            used: self.used,
        })
    }

    fn known_fields(&self, event: &Map<String, Value>, own: &[&str]) -> Written {
        let unknown = event.keys().find(|key| {
            let known = matches!(key.as_str(), "type" | "@context") || BASE.contains(&key.as_str());
            !known && !own.contains(&key.as_str()) && !key.contains(':')
        });
        match unknown {
            None => Ok(()),
            Some(key) => Err(self.error(key, "EPCIS has no such field in this event")),
        }
    }

    /// EPCIS 1.2 has in `extension` and `baseExtension` what came after 1.0, and nothing of 2.0.
    fn event_1_2(&mut self, event: &Map<String, Value>, kind: &str, own: &[&str]) -> Written {
        if kind == "AssociationEvent" {
            return Err(self.error("type", "EPCIS 1.2 has no AssociationEvent"));
        }
        if let Some(field) = SINCE_2_0.iter().find(|field| event.contains_key(**field)) {
            return Err(self.error(field, "EPCIS 1.2 has no such field"));
        }
        for field in ["eventTime", "recordTime", "eventTimeZoneOffset"] {
            self.field(event, field)?;
        }
        self.wrapped(event, "baseExtension", &["eventID", "errorDeclaration"])?;
        // All of a TransformationEvent came with 1.1; the others had a core before.
        let is_later = |field: &&&str| kind != "TransformationEvent" && SINCE_1_1.contains(*field);
        for field in own.iter().filter(|field| !is_later(field)) {
            let required = matches!(
                (kind, *field),
                ("ObjectEvent" | "TransactionEvent", "epcList") | ("AggregationEvent", "childEPCs")
            );
            if required && !event.contains_key(*field) {
                self.leaf(field, field, &Attributes::new(), "")?;
            }
            self.field(event, field)?;
        }
        let later: Vec<&str> = own.iter().filter(is_later).copied().collect();
        self.wrapped(event, "extension", &later)
    }

    fn wrapped(&mut self, event: &Map<String, Value>, wrapper: &str, fields: &[&str]) -> Written {
        if !fields
            .iter()
            .any(|field| event.get(*field).is_some_and(|value| !is_empty_list(value)))
        {
            return Ok(());
        }
        self.open(wrapper, wrapper, &Attributes::new())?;
        for field in fields {
            self.field(event, field)?;
        }
        self.out.close(wrapper);
        Ok(())
    }

    fn field(&mut self, event: &Map<String, Value>, name: &str) -> Written {
        let Some(value) = event.get(name) else {
            return Ok(());
        };
        match name {
            "bizStep" => self.word(name, name, Vocabulary::BizStep, value),
            "disposition" => self.word(name, name, Vocabulary::Disposition, value),
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
                self.texts(name, name, "epc", value)
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(name, "quantityElement", value, Self::quantity)
            }
            "bizTransactionList" => self.list(name, "bizTransaction", value, Self::typed_id),
            "sourceList" => self.list(name, "source", value, Self::typed_id),
            "destinationList" => self.list(name, "destination", value, Self::typed_id),
            "sensorElementList" => self.list(name, "sensorElement", value, Self::sensor_element),
            "readPoint" | "bizLocation" => self.place(name, value),
            "persistentDisposition" => self.persistent(name, value),
            "errorDeclaration" => self.declaration(name, value),
            "certificationInfo" => self.certification(name, value),
            "ilmd" => {
                let ilmd = self.object(name, value)?;
                self.open(name, name, &Attributes::new())?;
                for (key, value) in ilmd {
                    self.extension(&format!("{name}.{key}"), key, value)?;
                }
                self.out.close(name);
                Ok(())
            }
            _ => {
                let text = self.text(name, value)?;
                self.uri_leaf(name, name, &Attributes::new(), text)
            }
        }
    }
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}
