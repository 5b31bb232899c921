//! What the prefixes of extension names mean (JSON-LD `@context`, EPCIS 2.0 §10.2).

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::fields::is_uri;

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
/// document, and its own. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context(Arc<Terms>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    prefixes: BTreeMap<String, String>,
    /// The addresses and objects of prefixes it was made of, outermost first, each once.
    given: Vec<Value>,
    /// `given` as one JSON text.
    json: Option<String>,
    /// A context document we do not know is named, so it may declare any prefix.
    foreign: bool,
}

impl Context {
    /// The prefixes of the standard alone.
    pub fn standard() -> Self {
        static STANDARD_TERMS: LazyLock<Context> = LazyLock::new(|| {
            Context(Arc::new(Terms {
                prefixes: STANDARD
                    .iter()
                    .map(|(prefix, iri)| ((*prefix).to_owned(), (*iri).to_owned()))
                    .collect(),
                given: Vec::new(),
                json: None,
                foreign: false,
            }))
        });
        STANDARD_TERMS.clone()
    }

    /// Adds an `@context` value: an address, an object of prefixes, or a list of
    /// both. The error says what is wrong with it.
    pub fn extended(&self, context: &Value) -> Result<Self, String> {
        let mut terms = Terms::clone(&self.0);
        match context {
            Value::Array(parts) => {
                for part in parts {
                    terms.add(part)?;
                }
            }
            one => terms.add(one)?,
        }
        terms.json = match terms.given.as_slice() {
            [] => None,
            [one] => Some(one.to_string()),
            all => Some(Value::from(all).to_string()),
        };
        Ok(Self(Arc::new(terms)))
    }

    /// The context of a stored text, as [`to_json`](Self::to_json) gave it; the standard's for None.
    /// Texts of before may have the lists of a document and its event within one list.
    pub fn from_json(json: Option<&str>) -> Result<Self, String> {
        let Some(json) = json else {
            return Ok(Self::standard());
        };
        let context: Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
        match &context {
            Value::Array(parts) => parts
                .iter()
                .try_fold(Self::standard(), |all, part| all.extended(part)),
            one => Self::standard().extended(one),
        }
    }

    /// The contexts as one JSON text, for keeping with the event: the only one, or
    /// a list of all; None where there is none.
    pub fn to_json(&self) -> Option<String> {
        self.0.json.clone()
    }

    /// What it was made of beside the standard's prefixes: addresses and objects, outermost first.
    pub fn given(&self) -> &[Value] {
        &self.0.given
    }

    /// Every prefix and its namespace, the standard's among them, in the order of the prefixes.
    pub fn prefixes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .prefixes
            .iter()
            .map(|(prefix, iri)| (prefix.as_str(), iri.as_str()))
    }

    /// Whether a name may stand for an extension: it has a declared prefix or is
    /// an absolute IRI.
    pub(crate) fn declares(&self, name: &str) -> bool {
        name.split_once(':').is_some_and(|(prefix, _)| {
            self.0.foreign || self.0.prefixes.contains_key(prefix) || is_iri_scheme(prefix)
        })
    }

    /// Namespace and local name of a prefixed name; None where it has no prefix
    /// or an unknown one.
    pub(crate) fn expand<'n>(&self, name: &'n str) -> Option<(String, &'n str)> {
        self.namespace_of(name)
            .map(|(namespace, local)| (namespace.to_owned(), local))
    }

    /// [`expand`](Self::expand), borrowed.
    pub(crate) fn namespace_of<'t, 'n: 't>(&'t self, name: &'n str) -> Option<(&'t str, &'n str)> {
        // Names are short: a plain search is the fastest.
        let colon = name.bytes().position(|b| b == b':')?;
        let (prefix, local) = (&name[..colon], &name[colon + 1..]);
        if let Some(iri) = self.0.prefixes.get(prefix) {
            return Some((iri, local));
        }
        if !is_iri_scheme(prefix) {
            return None;
        }
        let split = name.rfind(['/', '#', ':'])? + 1;
        Some((one_spelling(&name[..split]), &name[split..]))
    }
}

impl Terms {
    fn add(&mut self, part: &Value) -> Result<(), String> {
        match part {
            Value::String(address) if !is_uri(address) => {
                return Err(format!("{address:?} is not a URI"));
            }
            Value::String(address) => {
                self.foreign |= !address.contains("/epcis-context");
            }
            Value::Object(terms) => {
                for (term, meaning) in terms {
                    let iri = meaning.as_str().or_else(|| meaning.get("@id")?.as_str());
                    if let Some(iri) = iri.filter(|_| !term.starts_with('@') && !term.contains(':'))
                    {
                        self.prefixes
                            .insert(term.clone(), one_spelling(iri).to_owned());
                    }
                }
            }
            Value::Array(_) => return Err("a list within the list of contexts".to_owned()),
            _ => return Err("an address, an object or a list of both is expected".to_owned()),
        }
        // What is said again is said last: it is what holds.
        self.given.retain(|known| known != part);
        self.given.push(part.clone());
        Ok(())
    }
}

/// The JSON binding writes the namespace of CBV master data with a last colon,
/// the XML binding without: one namespace.
fn one_spelling(namespace: &str) -> &str {
    match namespace {
        "urn:epcglobal:cbv:mda:" => "urn:epcglobal:cbv:mda",
        other => other,
    }
}

fn is_iri_scheme(prefix: &str) -> bool {
    matches!(prefix, "http" | "https" | "urn")
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
    fn what_was_kept_is_read_again_also_with_a_list_in_the_list() {
        let context = Context::standard()
            .extended(&json!(["https://example.com/epcis-context.jsonld", {"a": "http://a/"}]))
            .unwrap()
            .extended(&json!({"b": "http://b/"}))
            .unwrap();
        let kept = context.to_json().unwrap();
        assert_eq!(Context::from_json(Some(&kept)), Ok(context.clone()));
        let of_before =
            r#"[["https://example.com/epcis-context.jsonld",{"a":"http://a/"}],{"b":"http://b/"}]"#;
        assert_eq!(Context::from_json(Some(of_before)), Ok(context));
        assert_eq!(Context::from_json(None), Ok(Context::standard()));
    }

    #[test]
    fn an_unknown_context_document_may_declare_anything() {
        let context = Context::standard()
            .extended(&json!("https://example.com/ours.jsonld"))
            .unwrap();
        assert!(context.declares("any:x"));
        assert_eq!(context.expand("any:x"), None);
        for context in [
            json!(5),
            json!(""),
            json!([""]),
            json!("ours"),
            json!([{}, "a b:c"]),
        ] {
            assert!(Context::standard().extended(&context).is_err(), "{context}");
        }
    }
}
