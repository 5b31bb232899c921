//! The fields of an event as elements.

use serde_json::{Map, Value};

use super::super::names::XSI;
use super::event::{EventWriter, Written};
use super::out::Attributes;
use crate::vocabulary::Vocabulary;
use crate::write::XmlVersion;

impl EventWriter<'_> {
    pub(super) fn word(
        &mut self,
        path: &str,
        name: &str,
        vocabulary: Vocabulary,
        value: &Value,
    ) -> Written {
        let text = self.text(path, value)?;
        let uri = self.uri_of(vocabulary, text);
        self.uri_leaf(path, name, &Attributes::new(), &uri)
    }

    pub(super) fn texts(&mut self, path: &str, name: &str, item: &str, value: &Value) -> Written {
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
    pub(super) fn list(
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

    pub(super) fn quantity(
        &mut self,
        path: &str,
        name: &str,
        quantity: &Map<String, Value>,
    ) -> Written {
        self.only(path, quantity, &["epcClass", "quantity", "uom"])?;
        self.open(path, name, &Attributes::new())?;
        for field in ["epcClass", "quantity", "uom"] {
            let path = format!("{path}.{field}");
            match (field, quantity.get(field)) {
                ("quantity", Some(value)) => {
                    let text = self.decimal(&path, value)?;
                    self.leaf(&path, field, &Attributes::new(), &text)?;
                }
                ("quantity", None)
                    if quantity.contains_key("uom") && self.version == XmlVersion::V1_2 =>
                {
                    return Err(self.error(&path, "EPCIS 1.2 has no uom without a quantity"));
                }
                // A unit needs a quantity before it, be it an unknown one.
                ("quantity", None) if quantity.contains_key("uom") => {
                    let xsi = self.prefix_for("xsi", XSI);
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
    pub(super) fn typed_id(
        &mut self,
        path: &str,
        name: &str,
        element: &Map<String, Value>,
    ) -> Written {
        self.only(path, element, &["type", name])?;
        let vocabulary = match name {
            "bizTransaction" => Vocabulary::BizTransactionType,
            _ => Vocabulary::SourceDestinationType,
        };
        let mut attributes = Attributes::new();
        if let Some(kind) = element.get("type") {
            let kind = self.uri_of(vocabulary, self.text(&format!("{path}.type"), kind)?);
            self.speaks_of(&kind);
            attributes.push(("type".to_owned(), kind));
        }
        let path = format!("{path}.{name}");
        let id = self.text(&path, element.get(name).unwrap_or(&Value::Null))?;
        self.uri_leaf(&path, name, &attributes, id)
    }

    pub(super) fn place(&mut self, name: &str, value: &Value) -> Written {
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

    pub(super) fn persistent(&mut self, name: &str, value: &Value) -> Written {
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

    pub(super) fn declaration(&mut self, name: &str, value: &Value) -> Written {
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

    pub(super) fn certification(&mut self, name: &str, value: &Value) -> Written {
        match value {
            Value::Array(items) if items.len() == 1 => self.certification(name, &items[0]),
            Value::Array(_) => Err(self.error(name, "XML has room for one certificationInfo")),
            one => {
                let text = self.text(name, one)?;
                self.uri_leaf(name, name, &Attributes::new(), text)
            }
        }
    }

    pub(super) fn sensor_element(
        &mut self,
        path: &str,
        name: &str,
        element: &Map<String, Value>,
    ) -> Written {
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
    pub(super) fn sensed(&mut self, path: &str, name: &str, value: &Value) -> Written {
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
                text = self.uri_of(vocabulary, &text);
            }
            self.speaks_of(&text);
            attributes.push((key, text));
        }
        self.leaf(path, name, &attributes, "")
    }

    pub(super) fn extensions(
        &mut self,
        path: &str,
        object: &Map<String, Value>,
        own: &[&str],
    ) -> Written {
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

    pub(super) fn only(&self, path: &str, object: &Map<String, Value>, known: &[&str]) -> Written {
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(self.error(&format!("{path}.{key}"), "EPCIS has no such field here")),
        }
    }
}
