//! What the prefixes of extension names mean (JSON-LD `@context`, EPCIS 2.0 §10.2).

use std::collections::BTreeMap;

use serde_json::Value;

/// Prefixes every EPCIS context document declares.
const STANDARD: &[(&str, &str)] = &[
    ("epcis", "https://ref.gs1.org/epcis/"),
    ("cbv", "https://ref.gs1.org/cbv/"),
    ("cbvmda", "urn:epcglobal:cbv:mda"),
    ("gs1", "https://gs1.org/voc/"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("dcterms", "http://purl.org/dc/terms/"),
];

/// The namespaces in force for an event: those of the standard, of its
/// document, and its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    prefixes: BTreeMap<String, String>,
    /// The `@context` values it was made of, as JSON, outermost first.
    given: Vec<String>,
    /// A context document we do not know is named, so it may declare any prefix.
    foreign: bool,
}

impl Context {
    /// The prefixes of the standard alone.
    pub fn standard() -> Self {
        Self {
            prefixes: STANDARD
                .iter()
                .map(|(prefix, iri)| ((*prefix).to_owned(), (*iri).to_owned()))
                .collect(),
            given: Vec::new(),
            foreign: false,
        }
    }

    /// Adds an `@context` value: an address, an object of prefixes, or a list of
    /// both. The error says what is wrong with it.
    pub fn extended(&self, context: &Value) -> Result<Self, String> {
        let mut extended = self.clone();
        extended.add(context)?;
        extended.given.push(context.to_string());
        Ok(extended)
    }

    fn add(&mut self, context: &Value) -> Result<(), String> {
        match context {
            Value::String(address) => {
                self.foreign |= !address.contains("/epcis-context");
                Ok(())
            }
            Value::Array(parts) => parts.iter().try_for_each(|part| match part {
                Value::Array(_) => Err("a list within the list of contexts".to_owned()),
                part => self.add(part),
            }),
            Value::Object(terms) => {
                for (term, meaning) in terms {
                    let iri = meaning.as_str().or_else(|| meaning.get("@id")?.as_str());
                    if let Some(iri) = iri.filter(|_| !term.starts_with('@') && !term.contains(':'))
                    {
                        self.prefixes.insert(term.clone(), one_spelling(iri));
                    }
                }
                Ok(())
            }
            _ => Err("an address, an object or a list of both is expected".to_owned()),
        }
    }

    /// The contexts as one JSON text, for keeping with the event: the only one, or
    /// a list of all; None where there is none.
    pub fn to_json(&self) -> Option<String> {
        match self.given.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            all => Some(format!("[{}]", all.join(","))),
        }
    }

    /// Whether a name may stand for an extension: it has a declared prefix or is
    /// an absolute IRI.
    pub(crate) fn declares(&self, name: &str) -> bool {
        name.split_once(':').is_some_and(|(prefix, _)| {
            self.foreign || self.prefixes.contains_key(prefix) || is_iri_scheme(prefix)
        })
    }

    /// Namespace and local name of a prefixed name; None where it has no prefix
    /// or an unknown one.
    pub(crate) fn expand<'n>(&self, name: &'n str) -> Option<(String, &'n str)> {
        let (prefix, local) = name.split_once(':')?;
        if let Some(iri) = self.prefixes.get(prefix) {
            return Some((iri.clone(), local));
        }
        if !is_iri_scheme(prefix) {
            return None;
        }
        let split = name.rfind(['/', '#', ':'])? + 1;
        Some((one_spelling(&name[..split]), &name[split..]))
    }
}

/// The JSON binding writes the namespace of CBV master data with a last colon,
/// the XML binding without: one namespace.
fn one_spelling(namespace: &str) -> String {
    match namespace {
        "urn:epcglobal:cbv:mda:" => "urn:epcglobal:cbv:mda".to_owned(),
        other => other.to_owned(),
    }
}

fn is_iri_scheme(prefix: &str) -> bool {
    matches!(prefix, "http" | "https" | "urn")
}

/// The part of an extension's name after prefix or namespace.
pub(crate) fn local_name(name: &str) -> &str {
    name.rsplit([':', '/', '#']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prefixes_come_from_the_standard_the_document_and_the_event() {
        let document = Context::standard()
            .extended(&json!([
                "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                {"example": "http://ns.example.com/epcis/", "typed": {"@id": "http://t/"}}
            ]))
            .unwrap();
        let event = document.extended(&json!({"own": "http://own/"})).unwrap();
        assert_eq!(
            event.expand("example:x"),
            Some(("http://ns.example.com/epcis/".into(), "x"))
        );
        assert_eq!(event.expand("own:x"), Some(("http://own/".into(), "x")));
        assert_eq!(event.expand("typed:x"), Some(("http://t/".into(), "x")));
        assert_eq!(
            event.expand("cbvmda:lotNumber"),
            Some(("urn:epcglobal:cbv:mda".into(), "lotNumber"))
        );
        assert_eq!(
            event.expand("http://a/b#c"),
            Some(("http://a/b#".into(), "c"))
        );
        assert!(!document.declares("own:x") && event.declares("own:x") && !event.declares("x"));
    }

    #[test]
    fn an_unknown_context_document_may_declare_anything() {
        let context = Context::standard()
            .extended(&json!("https://example.com/ours.jsonld"))
            .unwrap();
        assert!(context.declares("any:x"));
        assert_eq!(context.expand("any:x"), None);
        assert!(Context::standard().extended(&json!(5)).is_err());
    }
}
