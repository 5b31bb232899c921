//! One event as XML: its fields in the order of the schema.

use serde_json::{Map, Value};

use super::out::{Attributes, Out, Unwritable, Used};
use crate::tree::Tree;
use crate::vocabulary::{self, Vocabulary};
use crate::write::{WriteError, XmlVersion};

pub(super) type Written = Result<(), WriteError>;

/// An event being written.
pub(super) struct EventWriter<'t> {
    pub(super) tree: &'t Tree,
    index: Option<usize>,
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

/// The fields of each type in the order of EPCIS 2.0 (XSD), extensions after them.
const BASE: &[&str] = &[
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "errorDeclaration",
    "certificationInfo",
];
const SINCE_1_1: &[&str] = &[
    "quantityList",
    "childQuantityList",
    "sourceList",
    "destinationList",
    "ilmd",
];
const SINCE_2_0: &[&str] = &[
    "certificationInfo",
    "sensorElementList",
    "persistentDisposition",
];

fn own_fields(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "ObjectEvent" => &[
            "epcList",
            "action",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "bizTransactionList",
            "quantityList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
            "ilmd",
        ],
        "AggregationEvent" => &[
            "parentID",
            "childEPCs",
            "action",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "bizTransactionList",
            "childQuantityList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
        ],
        "TransactionEvent" => &[
            "bizTransactionList",
            "parentID",
            "epcList",
            "action",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "quantityList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
        ],
        "TransformationEvent" => &[
            "inputEPCList",
            "inputQuantityList",
            "outputEPCList",
            "outputQuantityList",
            "transformationID",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "bizTransactionList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
            "ilmd",
        ],
        "AssociationEvent" => &[
            "parentID",
            "childEPCs",
            "childQuantityList",
            "action",
            "bizStep",
            "disposition",
            "readPoint",
            "bizLocation",
            "bizTransactionList",
            "sourceList",
            "destinationList",
            "sensorElementList",
            "persistentDisposition",
        ],
        _ => return None,
    })
}

impl<'t> EventWriter<'t> {
    pub(super) fn new(tree: &'t Tree, index: Option<usize>, depth: usize) -> Self {
        Self {
            tree,
            index,
            out: Out::at_depth(depth),
            used: Used::new(),
        }
    }

    /// Writes the content of the event's element.
    pub(super) fn event(mut self, version: XmlVersion) -> Result<WrittenEvent, WriteError> {
        let tree = self.tree;
        let Some(event) = tree.event.as_object() else {
            return Err(self.error("", "an event is an object"));
        };
        let kind = self.text("type", event.get("type").unwrap_or(&Value::Null))?;
        let Some(own) = own_fields(kind) else {
            return Err(self.error("type", &format!("{kind:?} is no event of EPCIS")));
        };
        self.known_fields(event, own)?;
        match version {
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

    fn word(&mut self, path: &str, name: &str, vocabulary: Vocabulary, value: &Value) -> Written {
        let text = self.text(path, value)?;
        self.uri_leaf(path, name, &Attributes::new(), &uri_of(vocabulary, text))
    }

    fn texts(&mut self, path: &str, name: &str, item: &str, value: &Value) -> Written {
        let items = self.items(path, value)?;
        if items.is_empty() {
            return self.leaf(path, name, &Attributes::new(), "");
        }
        self.open(path, name, &Attributes::new())?;
        for (i, value) in items.iter().enumerate() {
            let path = format!("{path}[{i}]");
            let text = self.text(&path, value)?;
            self.uri_leaf(&path, item, &Attributes::new(), text)?;
        }
        self.out.close(name);
        Ok(())
    }

    /// A list of objects; an empty one is left out, as most have no empty form and none a meaning.
    fn list(
        &mut self,
        name: &str,
        item: &str,
        value: &Value,
        write: fn(&mut Self, &str, &str, &Map<String, Value>) -> Written,
    ) -> Written {
        let items = self.items(name, value)?;
        if items.is_empty() {
            return Ok(());
        }
        self.open(name, name, &Attributes::new())?;
        for (i, value) in items.iter().enumerate() {
            let path = format!("{name}[{i}]");
            let object = self.object(&path, value)?;
            write(self, &path, item, object)?;
        }
        self.out.close(name);
        Ok(())
    }

    fn quantity(&mut self, path: &str, name: &str, quantity: &Map<String, Value>) -> Written {
        self.only(path, quantity, &["epcClass", "quantity", "uom"])?;
        self.open(path, name, &Attributes::new())?;
        for field in ["epcClass", "quantity", "uom"] {
            let path = format!("{path}.{field}");
            match (field, quantity.get(field)) {
                ("quantity", Some(value)) => {
                    let text = self.decimal(&path, value)?;
                    self.leaf(&path, field, &Attributes::new(), &text)?;
                }
                // A unit needs a quantity before it, be it an unknown one.
                ("quantity", None) if quantity.contains_key("uom") => {
                    let xsi = self.prefix_for("xsi", super::super::names::XSI);
                    self.leaf(
                        &path,
                        field,
                        &vec![(format!("{xsi}:nil"), "true".to_owned())],
                        "",
                    )?;
                }
                (_, Some(value)) => {
                    let text = self.text(&path, value)?;
                    self.uri_leaf(&path, field, &Attributes::new(), text)?;
                }
                (_, None) => {}
            }
        }
        self.out.close(name);
        Ok(())
    }

    /// A business transaction, source or destination.
    fn typed_id(&mut self, path: &str, name: &str, element: &Map<String, Value>) -> Written {
        self.only(path, element, &["type", name])?;
        let vocabulary = match name {
            "bizTransaction" => Vocabulary::BizTransactionType,
            _ => Vocabulary::SourceDestinationType,
        };
        let mut attributes = Attributes::new();
        if let Some(kind) = element.get("type") {
            let kind = uri_of(vocabulary, self.text(&format!("{path}.type"), kind)?);
            self.speaks_of(&kind);
            attributes.push(("type".to_owned(), kind));
        }
        let path = format!("{path}.{name}");
        let id = self.text(&path, element.get(name).unwrap_or(&Value::Null))?;
        self.uri_leaf(&path, name, &attributes, id)
    }

    fn place(&mut self, name: &str, value: &Value) -> Written {
        let place = self.object(name, value)?;
        self.open(name, name, &Attributes::new())?;
        if let Some(id) = place.get("id") {
            let path = format!("{name}.id");
            let id = self.text(&path, id)?;
            self.uri_leaf(&path, "id", &Attributes::new(), id)?;
        }
        self.extensions(name, place, &["id"])?;
        self.out.close(name);
        Ok(())
    }

    fn persistent(&mut self, name: &str, value: &Value) -> Written {
        let object = self.object(name, value)?;
        self.only(name, object, &["set", "unset"])?;
        self.open(name, name, &Attributes::new())?;
        for field in ["unset", "set"] {
            let path = format!("{name}.{field}");
            for word in object
                .get(field)
                .map_or(Ok(&[][..]), |value| self.items(&path, value))?
            {
                self.word(&path, field, Vocabulary::Disposition, word)?;
            }
        }
        self.out.close(name);
        Ok(())
    }

    fn declaration(&mut self, name: &str, value: &Value) -> Written {
        let declaration = self.object(name, value)?;
        self.open(name, name, &Attributes::new())?;
        for field in ["declarationTime", "reason", "correctiveEventIDs"] {
            let path = format!("{name}.{field}");
            match (field, declaration.get(field)) {
                (_, None) => {}
                ("reason", Some(value)) => {
                    self.word(&path, field, Vocabulary::ErrorReason, value)?
                }
                ("correctiveEventIDs", Some(value)) => {
                    self.texts(&path, field, "correctiveEventID", value)?
                }
                (_, Some(value)) => {
                    let text = self.text(&path, value)?;
                    self.leaf(&path, field, &Attributes::new(), text)?;
                }
            }
        }
        self.extensions(
            name,
            declaration,
            &["declarationTime", "reason", "correctiveEventIDs"],
        )?;
        self.out.close(name);
        Ok(())
    }

    fn certification(&mut self, name: &str, value: &Value) -> Written {
        match value {
            Value::Array(items) if items.len() == 1 => self.certification(name, &items[0]),
            Value::Array(_) => Err(self.error(name, "XML has room for one certificationInfo")),
            one => {
                let text = self.text(name, one)?;
                self.uri_leaf(name, name, &Attributes::new(), text)
            }
        }
    }

    fn sensor_element(&mut self, path: &str, name: &str, element: &Map<String, Value>) -> Written {
        self.open(path, name, &Attributes::new())?;
        if let Some(metadata) = element.get("sensorMetadata") {
            self.sensed(
                &format!("{path}.sensorMetadata"),
                "sensorMetadata",
                metadata,
            )?;
        }
        let reports_path = format!("{path}.sensorReport");
        for (i, report) in element
            .get("sensorReport")
            .map_or(Ok(&[][..]), |value| self.items(&reports_path, value))?
            .iter()
            .enumerate()
        {
            self.sensed(&format!("{reports_path}[{i}]"), "sensorReport", report)?;
        }
        self.extensions(path, element, &["sensorMetadata", "sensorReport"])?;
        self.out.close(name);
        Ok(())
    }

    /// Sensor metadata or a report: its fields are attributes.
    fn sensed(&mut self, path: &str, name: &str, value: &Value) -> Written {
        let mut attributes = Attributes::new();
        for (key, value) in self.object(path, value)? {
            let path = format!("{path}.{key}");
            let (key, mut text) = self.attribute(&path, key, value)?;
            let vocabulary = match key.as_str() {
                "type" => Some(Vocabulary::MeasurementType),
                "exception" => Some(Vocabulary::SensorAlert),
                "component" => Some(Vocabulary::Component),
                _ => None,
            };
            if let Some(vocabulary) = vocabulary {
                text = uri_of(vocabulary, &text);
            }
            self.speaks_of(&text);
            attributes.push((key, text));
        }
        self.leaf(path, name, &attributes, "")
    }

    fn extensions(&mut self, path: &str, object: &Map<String, Value>, own: &[&str]) -> Written {
        for (key, value) in object
            .iter()
            .filter(|(key, _)| !own.contains(&key.as_str()))
        {
            let path = format!("{path}.{key}");
            if !key.contains(':') {
                return Err(self.error(&path, "EPCIS has no such field here"));
            }
            self.extension(&path, key, value)?;
        }
        Ok(())
    }

    fn only(&self, path: &str, object: &Map<String, Value>, known: &[&str]) -> Written {
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(self.error(&format!("{path}.{key}"), "EPCIS has no such field here")),
        }
    }

    /// Declares the prefix of a value such as `ex:x`, if it has one.
    fn speaks_of(&mut self, text: &str) {
        let Some((prefix, _)) = text.split_once(':') else {
            return;
        };
        let uri = self
            .tree
            .context
            .prefixes()
            .find(|(known, _)| *known == prefix)
            .map(|(_, uri)| uri.to_owned());
        if let Some(uri) = uri {
            self.prefix_for(prefix, &uri);
        }
    }

    fn uri_leaf(&mut self, path: &str, name: &str, attributes: &Attributes, text: &str) -> Written {
        self.speaks_of(text);
        self.leaf(path, name, attributes, text)
    }

    pub(super) fn leaf(
        &mut self,
        path: &str,
        name: &str,
        attributes: &Attributes,
        text: &str,
    ) -> Written {
        let written: Result<(), Unwritable> = self.out.leaf(name, attributes, text);
        written.map_err(|what| self.error(path, &what))
    }

    pub(super) fn open(&mut self, path: &str, name: &str, attributes: &Attributes) -> Written {
        self.out
            .open(name, attributes)
            .map_err(|what| self.error(path, &what))
    }

    fn text<'v>(&self, path: &str, value: &'v Value) -> Result<&'v str, WriteError> {
        value
            .as_str()
            .ok_or_else(|| self.error(path, "a text is expected"))
    }

    fn items<'v>(&self, path: &str, value: &'v Value) -> Result<&'v [Value], WriteError> {
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| self.error(path, "a list is expected"))
    }

    fn object<'v>(
        &self,
        path: &str,
        value: &'v Value,
    ) -> Result<&'v Map<String, Value>, WriteError> {
        value
            .as_object()
            .ok_or_else(|| self.error(path, "an object is expected"))
    }

    /// `xsd:decimal`, which has no exponent.
    fn decimal(&self, path: &str, value: &Value) -> Result<String, WriteError> {
        let Value::Number(number) = value else {
            return Err(self.error(path, "a number is expected"));
        };
        let text = number.to_string();
        Ok(match number.as_f64() {
            Some(float) if text.contains(['e', 'E']) => float.to_string(),
            _ => text,
        })
    }

    pub(super) fn error(&self, path: &str, what: &str) -> WriteError {
        let event = self
            .index
            .map(|index| format!("event {index}: "))
            .unwrap_or_default();
        WriteError {
            index: self.index,
            field: path.to_owned(),
            message: format!("{event}{path}: {what}"),
        }
    }
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// A word of the vocabulary as the URI it has in XML; anything else as it is.
fn uri_of(vocabulary: Vocabulary, text: &str) -> String {
    let word = vocabulary::normalise(vocabulary, text).unwrap_or(text);
    if word.contains(':') {
        return text.to_owned();
    }
    let prefix = match vocabulary {
        Vocabulary::BizStep => "urn:epcglobal:cbv:bizstep:",
        Vocabulary::Disposition => "urn:epcglobal:cbv:disp:",
        Vocabulary::BizTransactionType => "urn:epcglobal:cbv:btt:",
        Vocabulary::SourceDestinationType => "urn:epcglobal:cbv:sdt:",
        Vocabulary::ErrorReason => "urn:epcglobal:cbv:er:",
        // Vocabularies of EPCIS 2.0 have web addresses only.
        Vocabulary::Component | Vocabulary::MeasurementType | Vocabulary::SensorAlert => {
            vocabulary.web_prefix()
        }
    };
    format!("{prefix}{word}")
}
