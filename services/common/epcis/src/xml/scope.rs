//! What a prefix means where (Namespaces in XML 1.0).

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::names::Namespace;

/// The namespace every document has bound to `xml`.
static XML: LazyLock<Arc<str>> = LazyLock::new(|| "http://www.w3.org/XML/1998/namespace".into());

/// Where bindings are kept beside the contexts of a stored event.
const BINDINGS: &str = "@xmlns";

/// Bindings of prefixes in force at once, at most: as many as [`Scope::mentioned`] has bits.
pub(super) const MAX_BINDINGS: usize = 128;

/// The bindings of prefixes in force, innermost last. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope(Arc<Vec<Binding>>);

#[derive(Clone, Debug)]
struct Binding {
    /// Depth of the element that declares it.
    depth: usize,
    prefix: Box<str>,
    /// Empty where the default namespace is undone.
    uri: Arc<str>,
}

impl Scope {
    /// False where there are [`MAX_BINDINGS`] already.
    #[must_use]
    pub(super) fn bind(&mut self, depth: usize, prefix: &str, uri: &str) -> bool {
        if self.0.len() >= MAX_BINDINGS {
            return false;
        }
        Arc::make_mut(&mut self.0).push(Binding {
            depth,
            prefix: prefix.into(),
            uri: uri.into(),
        });
        true
    }

    /// Forgets the bindings of elements at this depth and below.
    pub(super) fn leave(&mut self, depth: usize) {
        let stay = self.0.iter().rev().position(|one| one.depth < depth);
        let stay = stay.map_or(0, |gone| self.0.len() - gone);
        if stay < self.0.len() {
            Arc::make_mut(&mut self.0).truncate(stay);
        }
    }

    /// Whether nothing was declared or forgotten since the other was cloned from it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The namespace of a prefix; of the empty one for elements only.
    pub(super) fn namespace(&self, prefix: &str) -> Namespace {
        match self.0.iter().rev().find(|one| &*one.prefix == prefix) {
            Some(one) if one.uri.is_empty() => Namespace::None,
            Some(one) => Namespace::Uri(one.uri.clone()),
            None if prefix.is_empty() => Namespace::None,
            None if prefix == "xml" => Namespace::Uri(XML.clone()),
            None => Namespace::Undeclared,
        }
    }

    /// The bindings in force: prefix and namespace, each prefix once.
    pub(super) fn in_force(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .enumerate()
            .filter(|(i, one)| {
                !one.uri.is_empty() && !self.0[i + 1..].iter().any(|l| l.prefix == one.prefix)
            })
            .map(|(_, one)| (&*one.prefix, &*one.uri))
    }

    /// Which of the bindings in force a text seems to use: a bit for each.
    pub(super) fn mentioned(&self, text: &str) -> u128 {
        let used = |(i, one): (usize, &Binding)| {
            let is_used = !one.prefix.is_empty() && mentions(text, &one.prefix);
            u128::from(is_used) << i
        };
        self.0
            .iter()
            .enumerate()
            .map(used)
            .fold(0, |all, bit| all | bit)
    }

    /// The bindings an element written as `text` needs from around it, for keeping with it.
    pub(super) fn needed_by(&self, text: &str) -> Option<Value> {
        let needed: Map<String, Value> = self
            .in_force()
            .filter(|(prefix, _)| prefix.is_empty() || mentions(text, prefix))
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

/// Whether a text seems to use a prefix.
pub(super) fn mentions(text: &str, prefix: &str) -> bool {
    let used = [prefix, ":"].concat();
    memchr::memmem::find(text.as_bytes(), used.as_bytes()).is_some()
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
        assert_eq!(scope.namespace("xml"), uri(&XML));
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
}
