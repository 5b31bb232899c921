//! The prefixes a tree's names are written with: those of the XML, but each of one meaning only.
//!
//! In XML a prefix may change its meaning within an event, and names may have a namespace without a
//! prefix; an `@context` holds for a whole event. So a prefix that already means something else
//! (within the event, or in the standard's context, whose terms cannot be redefined) gets a number:
//! `ex`, `ex_2`; a namespace without a prefix gets `ns`. A namespace of the standard's context is
//! always written with the standard's prefix.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::names::{Name, Namespace, XSD, XSI, is_epcis};
use super::scope::{Scope, mentions};
use crate::context::Context;
use crate::reason::{At, Fault, Parsed, Reason};

/// Namespaces, by their prefixes, that one event may use at most.
const MAX_NAMESPACES: usize = 256;

/// The prefixes of one event. Cheap to clone.
#[derive(Clone)]
pub(super) struct Prefixes {
    given: Arc<Vec<Given>>,
    /// Bindings in force where the event begins.
    around: Scope,
    /// More namespaces were asked for than an event may use.
    too_many: bool,
}

/// A prefix that names of the event have.
#[derive(Clone)]
struct Given {
    /// In the XML.
    prefix: Box<str>,
    uri: Box<str>,
    /// In the tree.
    written: String,
}

impl Prefixes {
    /// For an event written as `text`, with what is in force where it begins. Namespaces that it
    /// seems to use are declared even where only values do, as in `component="ex:x"`.
    pub(super) fn new(scope: &Scope, text: &str) -> Self {
        Self::of(scope, |prefix| mentions(text, prefix))
    }

    /// For a document: all it declares.
    pub(super) fn of_document(scope: &Scope) -> Self {
        Self::of(scope, |_| true)
    }

    fn of(scope: &Scope, seems_used: impl Fn(&str) -> bool) -> Self {
        let mut prefixes = Self {
            given: Arc::default(),
            around: scope.clone(),
            too_many: false,
        };
        for (prefix, uri) in scope.in_force() {
            let speaks_of_content =
                !prefix.is_empty() && !is_epcis(uri) && uri != XSI && uri != XSD;
            if speaks_of_content && seems_used(prefix) {
                prefixes.prefix(prefix, uri);
            }
        }
        prefixes
    }

    /// Whether no prefix came to it since the other was cloned from it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.given, &other.given) && self.too_many == other.too_many
    }

    /// A name as it stands in the tree: `prefix:local`, without namespace `local`.
    pub(super) fn name(&mut self, name: &Name<'_>) -> String {
        match name.namespace {
            Namespace::Uri(uri) => [self.prefix(name.prefix, uri), ":", name.local].concat(),
            Namespace::None | Namespace::Undeclared => name.local.to_owned(),
        }
    }

    /// The local part of a qualified name in a value, if it is of XML Schema's types.
    pub(super) fn schema_type<'v>(&self, value: &'v str) -> Option<&'v str> {
        let (prefix, local) = value.trim().split_once(':')?;
        match self.around.namespace(prefix) {
            Namespace::Uri(uri) => (&*uri == XSD).then_some(local),
            Namespace::None => None,
            Namespace::Undeclared => matches!(prefix, "xsd" | "xs").then_some(local),
        }
    }

    /// Refuses what uses more namespaces than an event may: their names are not told apart.
    pub(super) fn verify(&self) -> Parsed<()> {
        if !self.too_many {
            return Ok(());
        }
        let what = format!("more than {MAX_NAMESPACES} namespaces are used");
        Err(Fault::new(&At::Root, Reason::MalformedXml, what))
    }

    fn prefix<'s>(&'s mut self, prefix: &'s str, uri: &str) -> &'s str {
        let known = self
            .given
            .iter()
            .position(|given| &*given.prefix == prefix && &*given.uri == uri);
        if known.is_none() && self.given.len() == MAX_NAMESPACES {
            self.too_many = true;
            return prefix;
        }
        let at = known.unwrap_or_else(|| {
            let written = self.free(prefix, uri);
            Arc::make_mut(&mut self.given).push(Given {
                prefix: prefix.into(),
                uri: uri.into(),
                written,
            });
            self.given.len() - 1
        });
        &self.given[at].written
    }

    fn free(&self, prefix: &str, uri: &str) -> String {
        let standard = Context::standard();
        if let Some((known, _)) = standard.prefixes().find(|(_, iri)| *iri == uri) {
            return known.to_owned();
        }
        let base = if prefix.is_empty() { "ns" } else { prefix };
        let means_another = |candidate: &str| {
            standard.declares(&format!("{candidate}:x"))
                || self
                    .given
                    .iter()
                    .any(|given| given.written == candidate && &*given.uri != uri)
        };
        (1..)
            .map(|n| {
                if n == 1 {
                    base.to_owned()
                } else {
                    format!("{base}_{n}")
                }
            })
            .find(|candidate| !means_another(candidate))
            .unwrap_or_default()
    }

    /// What the names in the tree mean.
    pub(super) fn context(&self) -> Context {
        let standard = Context::standard();
        let own: Map<String, Value> = self
            .given
            .iter()
            .filter(|given| !standard.declares(&format!("{}:x", given.written)))
            .map(|given| (given.written.clone(), Value::from(&*given.uri)))
            .collect();
        if own.is_empty() {
            return standard;
        }
        // An object of texts is always a context.
        standard.extended(&own.into()).unwrap_or(standard)
    }
}
