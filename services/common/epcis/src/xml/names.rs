//! Names and their namespaces (Namespaces in XML 1.0).

use std::sync::Arc;

use serde_json::{Map, Value};

/// The namespace every document has bound to `xml`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Attributes about the XML itself: type, nil, where the schema is.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The types of XML Schema.
pub(super) const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// Where bindings are kept beside the contexts of a stored event.
const BINDINGS: &str = "@xmlns";

/// The namespace of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// None: an element of the standard, or one within an extension.
    None,
    /// A namespace.
    Uri(Arc<str>),
    /// The prefix is declared nowhere.
    Undeclared,
}

/// The name of an element or attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Empty where there is none.
    pub(super) prefix: Box<str>,
    pub(super) local: Box<str>,
    pub(super) namespace: Namespace,
}

impl Name {
    /// The namespace, empty where there is none.
    pub(super) fn uri(&self) -> &str {
        match &self.namespace {
            Namespace::Uri(uri) => uri,
            Namespace::None | Namespace::Undeclared => "",
        }
    }

    /// As it is written.
    pub(super) fn as_written(&self) -> String {
        if self.prefix.is_empty() {
            self.local.to_string()
        } else {
            format!("{}:{}", self.prefix, self.local)
        }
    }

    /// Whether the standard defines it: names of the standard have no namespace, or that of EPCIS,
    /// which many senders give them.
    pub(super) fn is_standard(&self) -> bool {
        match &self.namespace {
            Namespace::None => true,
            Namespace::Uri(uri) => is_epcis(uri),
            Namespace::Undeclared => false,
        }
    }
}

/// Whether a namespace is one of EPCIS itself, of any version.
pub(super) fn is_epcis(uri: &str) -> bool {
    uri.strip_prefix("urn:epcglobal:epcis").is_some_and(|rest| {
        rest.starts_with(":xsd:")
            || rest.starts_with("-query:xsd:")
            || rest.starts_with("-masterdata:xsd:")
    })
}

/// Whether a text can be the name of an element without its prefix (NCName, XML 1.0 §2.3).
pub(super) fn is_ncname(text: &str) -> bool {
    let starts = |c: char| {
        matches!(c, 'a'..='z' | 'A'..='Z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
            | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
            | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}')
    };
    let goes_on = |c: char| {
        starts(c)
            || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}'
                | '\u{203F}'..='\u{2040}')
    };
    let mut characters = text.chars();
    characters.next().is_some_and(starts) && characters.all(goes_on)
}

/// Bindings of prefixes in force at once, at most.
pub(super) const MAX_BINDINGS: usize = 128;

/// The bindings of prefixes in force, innermost last.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Depth of the element, prefix, namespace; an empty namespace undoes the default one.
    bindings: Vec<(usize, Box<str>, Arc<str>)>,
}

impl Scope {
    /// False where there are [`MAX_BINDINGS`] already.
    #[must_use]
    pub(super) fn bind(&mut self, depth: usize, prefix: &str, uri: &str) -> bool {
        if self.bindings.len() >= MAX_BINDINGS {
            return false;
        }
        self.bindings.push((depth, prefix.into(), uri.into()));
        true
    }

    /// Forgets the bindings of elements at this depth and below.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.bindings.last().is_some_and(|(at, ..)| *at >= depth) {
            self.bindings.pop();
        }
    }

    /// The namespace of a prefix; of the empty one for elements only.
    pub(super) fn namespace(&self, prefix: &str) -> Namespace {
        match self
            .bindings
            .iter()
            .rev()
            .find(|(_, known, _)| &**known == prefix)
        {
            Some((.., uri)) if uri.is_empty() => Namespace::None,
            Some((.., uri)) => Namespace::Uri(uri.clone()),
            None if prefix.is_empty() => Namespace::None,
            None if prefix == "xml" => Namespace::Uri(XML.into()),
            None => Namespace::Undeclared,
        }
    }

    /// The bindings in force: prefix and namespace, each prefix once.
    pub(super) fn in_force(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bindings
            .iter()
            .enumerate()
            .filter(|(i, (_, prefix, uri))| {
                !uri.is_empty()
                    && !self.bindings[i + 1..]
                        .iter()
                        .any(|(_, later, _)| later == prefix)
            })
            .map(|(_, (_, prefix, uri))| (&**prefix, &**uri))
    }

    /// The bindings an element written as `text` needs from around it, for keeping with it.
    pub(super) fn needed_by(&self, text: &str) -> Option<Value> {
        let needed: Map<String, Value> = self
            .in_force()
            .filter(|(prefix, _)| prefix.is_empty() || text.contains(&format!("{prefix}:")))
            .map(|(prefix, uri)| (prefix.to_owned(), uri.into()))
            .collect();
        (!needed.is_empty()).then(|| {
            let mut kept = Map::new();
            kept.insert(BINDINGS.to_owned(), needed.into());
            kept.into()
        })
    }

    /// The bindings kept with an element; `context` is the context it is kept with.
    pub(super) fn kept(context: &Value) -> Self {
        let parts = match context {
            Value::Array(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut scope = Self::default();
        for bindings in parts
            .iter()
            .filter_map(|part| part.get(BINDINGS)?.as_object())
        {
            for (prefix, uri) in bindings {
                // What was kept came from a scope that had room for it.
                let _ = uri.as_str().map(|uri| scope.bind(0, prefix, uri));
            }
        }
        scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Namespace {
        Namespace::Uri(text.into())
    }

    #[test]
    fn the_innermost_binding_holds_until_its_element_ends() {
        let mut scope = Scope::default();
        assert!(scope.bind(1, "a", "http://one"));
        assert!(scope.bind(1, "", "http://default"));
        assert!(scope.bind(2, "a", "http://two"));
        assert!(scope.bind(2, "", ""));
        assert_eq!(scope.namespace("a"), uri("http://two"));
        assert_eq!(scope.namespace(""), Namespace::None);
        assert_eq!(scope.in_force().collect::<Vec<_>>(), [("a", "http://two")]);
        scope.leave(2);
        assert_eq!(scope.namespace("a"), uri("http://one"));
        assert_eq!(scope.namespace(""), uri("http://default"));
        assert_eq!(scope.namespace("b"), Namespace::Undeclared);
        assert_eq!(scope.namespace("xml"), uri(XML));
    }

    #[test]
    fn an_element_keeps_the_bindings_it_needs() {
        let mut scope = Scope::default();
        assert!(scope.bind(1, "a", "http://a"));
        assert!(scope.bind(1, "b", "http://b"));
        assert!(scope.bind(1, "", "http://default"));
        let kept = scope.needed_by("<x><a:y/></x>").unwrap();
        let again = Scope::kept(&kept);
        assert_eq!(again.namespace("a"), uri("http://a"));
        assert_eq!(again.namespace(""), uri("http://default"));
        assert_eq!(again.namespace("b"), Namespace::Undeclared);
        assert_eq!(Scope::default().needed_by("<x/>"), None);
    }

    #[test]
    fn there_is_an_end_to_bindings() {
        let mut scope = Scope::default();
        assert!((0..MAX_BINDINGS).all(|i| scope.bind(1, &format!("p{i}"), "http://a")));
        assert!(!scope.bind(1, "more", "http://a"));
        scope.leave(1);
        assert!(scope.bind(1, "more", "http://a"));
    }

    #[test]
    fn names_are_told_from_what_is_none() {
        for name in ["a", "_a-1.b", "Größe", "日付"] {
            assert!(is_ncname(name), "{name}");
        }
        for none in ["", "1a", "-a", "a b", "a:b", "a\"", "×"] {
            assert!(!is_ncname(none), "{none}");
        }
    }
}
