//! Values of a tree as texts of XML, and what is said where they are none.

use serde_json::{Map, Value};

use super::event::{EventWriter, Written};
use super::out::{Attributes, Unwritable};
use crate::vocabulary::{self, Vocabulary};
use crate::write::{WriteError, XmlVersion};

impl EventWriter<'_> {
    /// Declares the prefix of a value such as `ex:x`, if it has one.
    pub(super) fn speaks_of(&mut self, text: &str) {
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

    pub(super) fn uri_leaf(
        &mut self,
        path: &str,
        name: &str,
        attributes: &Attributes,
        text: &str,
    ) -> Written {
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

    pub(super) fn text<'v>(&self, path: &str, value: &'v Value) -> Result<&'v str, WriteError> {
        value
            .as_str()
            .ok_or_else(|| self.error(path, "a text is expected"))
    }

    pub(super) fn items<'v>(
        &self,
        path: &str,
        value: &'v Value,
    ) -> Result<&'v [Value], WriteError> {
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| self.error(path, "a list is expected"))
    }

    pub(super) fn object<'v>(
        &self,
        path: &str,
        value: &'v Value,
    ) -> Result<&'v Map<String, Value>, WriteError> {
        value
            .as_object()
            .ok_or_else(|| self.error(path, "an object is expected"))
    }

    /// `xsd:decimal`, which has no exponent.
    pub(super) fn decimal(&self, path: &str, value: &Value) -> Result<String, WriteError> {
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

    /// A word of the vocabulary as the URI it has in XML. EPCIS 2.0 knows words by URN and by web
    /// address, so what is a URI stays as it is; 1.2 knows URNs only.
    pub(super) fn uri_of(&self, vocabulary: Vocabulary, text: &str) -> String {
        let is_uri = text.contains(':') && self.version == XmlVersion::V2_0;
        let word = vocabulary::normalise(vocabulary, text).unwrap_or(text);
        if is_uri || word.contains(':') {
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
}
