//! Extensions as XML: the other way of [`super::super::extension`].

use serde_json::{Map, Value};

use super::super::names::{XSD, XSI, is_ncname};
use super::event::{EventWriter, Written};
use super::out::Attributes;
use crate::write::WriteError;

impl EventWriter<'_> {
    /// An extension and all its values.
    pub(super) fn extension(&mut self, path: &str, key: &str, value: &Value) -> Written {
        let name = self.qualified(path, key)?;
        match value {
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.element(path, &name, Attributes::new(), item)),
            one => self.element(path, &name, Attributes::new(), one),
        }
    }

    /// An attribute of master data and all its values. Its type in the schema is fixed, so numbers
    /// and truth values are texts there.
    pub(super) fn master_data(&mut self, path: &str, id: &str, value: &Value) -> Written {
        let values = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let attributes = vec![("id".to_owned(), id.to_owned())];
            match value {
                Value::Number(_) | Value::Bool(_) => {
                    self.leaf(path, "attribute", &attributes, &value.to_string())?;
                }
                Value::Null => {
                    return Err(self.error(path, "an attribute of master data has a value"));
                }
                value => self.element(path, "attribute", attributes, value)?,
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        path: &str,
        name: &str,
        mut attributes: Attributes,
        value: &Value,
    ) -> Written {
        let kind = match value {
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "double",
            Value::Number(_) => "integer",
            Value::String(text) => return self.leaf(path, name, &attributes, text),
            Value::Array(_) => {
                return Err(self.error(path, "a list within a list has no form in XML"));
            }
            Value::Object(object) => return self.content(path, name, attributes, object),
            Value::Null => {
                let xsi = self.prefix_for("xsi", XSI);
                attributes.push((format!("{xsi}:nil"), "true".to_owned()));
                return self.leaf(path, name, &attributes, "");
            }
        };
        let (xsi, xsd) = (self.prefix_for("xsi", XSI), self.prefix_for("xsd", XSD));
        attributes.push((format!("{xsi}:type"), format!("{xsd}:{kind}")));
        self.leaf(path, name, &attributes, &value.to_string())
    }

    fn content(
        &mut self,
        path: &str,
        name: &str,
        mut attributes: Attributes,
        object: &Map<String, Value>,
    ) -> Written {
        for (key, value) in object {
            if let Some(attribute) = key.strip_prefix('@') {
                attributes.push(self.attribute(path, attribute, value)?);
            }
        }
        let is_inner = |key: &str| !key.starts_with('@');
        match (object.get("#text"), object.get("#mixed")) {
            (None, None) => {
                if !object.keys().any(|key| is_inner(key)) {
                    return self.leaf(path, name, &attributes, "");
                }
                self.open(path, name, &attributes)?;
                for (key, value) in object.iter().filter(|(key, _)| is_inner(key)) {
                    self.extension(&format!("{path}.{key}"), key, value)?;
                }
                self.out.close(name);
                Ok(())
            }
            (Some(Value::String(text)), None)
                if object.keys().filter(|key| is_inner(key)).count() == 1 =>
            {
                self.leaf(path, name, &attributes, text)
            }
            (None, Some(Value::Array(mixed)))
                if object.keys().filter(|key| is_inner(key)).count() == 1 =>
            {
                self.out
                    .open_mixed(name, &attributes)
                    .map_err(|what| self.error(path, &what))?;
                for part in mixed {
                    match part {
                        Value::String(text) => self
                            .out
                            .mixed_text(text)
                            .map_err(|what| self.error(path, &what))?,
                        Value::Object(one) => {
                            for (key, value) in one {
                                self.extension(&format!("{path}.{key}"), key, value)?;
                            }
                        }
                        _ => return Err(self.error(path, "#mixed holds texts and objects")),
                    }
                }
                self.out.close_mixed(name);
                Ok(())
            }
            _ => Err(self.error(path, "#text and #mixed stand alone beside attributes")),
        }
    }

    /// An attribute of an extension, `name` without the `@`.
    pub(super) fn attribute(
        &mut self,
        path: &str,
        name: &str,
        value: &Value,
    ) -> Result<(String, String), WriteError> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return Err(self.error(path, "an attribute of XML holds a text only")),
        };
        let written = self.qualified(path, name)?;
        let value = match text.strip_prefix("xsd:") {
            // A type by its name in XML Schema, whose prefix is to be declared.
            Some(local) if self.is(name, XSI, "type") => {
                format!("{}:{local}", self.prefix_for("xsd", XSD))
            }
            _ => text,
        };
        Ok((written, value))
    }

    fn is(&self, name: &str, namespace: &str, local: &str) -> bool {
        self.tree
            .context
            .expand(name)
            .is_some_and(|(uri, found)| uri == namespace && found == local)
    }

    /// A name of the tree as XML writes it, its namespace declared.
    pub(super) fn qualified(&mut self, path: &str, key: &str) -> Result<String, WriteError> {
        let no_name =
            |writer: &Self| writer.error(path, &format!("{key:?} cannot be a name in XML"));
        let Some((prefix, local)) = key.split_once(':') else {
            return if is_ncname(key) {
                Ok(key.to_owned())
            } else {
                Err(no_name(self))
            };
        };
        let Some((uri, expanded)) = self.tree.context.expand(key) else {
            return Err(self.error(path, &format!("no @context declares the prefix of {key:?}")));
        };
        if uri.is_empty() || !is_ncname(expanded) {
            return Err(no_name(self));
        }
        let preferred = if expanded == local { prefix } else { "ns" };
        let prefix = self.prefix_for(preferred, &uri);
        Ok(format!("{prefix}:{expanded}"))
    }

    /// The prefix a namespace is written with, `preferred` where it is free and can be one.
    pub(super) fn prefix_for(&mut self, preferred: &str, uri: &str) -> String {
        if self.used.get(preferred).is_some_and(|known| known == uri) {
            return preferred.to_owned();
        }
        let usable = is_ncname(preferred) && !preferred.to_ascii_lowercase().starts_with("xml");
        let base = if usable { preferred } else { "ns" };
        let free = (1..)
            .map(|n| {
                if n == 1 {
                    base.to_owned()
                } else {
                    format!("{base}_{n}")
                }
            })
            .find(|candidate| self.used.get(candidate).is_none_or(|known| known == uri));
        let prefix = free.unwrap_or_else(|| base.to_owned());
        self.used.insert(prefix.clone(), uri.to_owned());
        prefix
    }
}
