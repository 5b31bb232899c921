//! Versions of the binding: a document is of one.

use super::element::Element;
use super::names::{Name, Namespace, is_epcis};
use crate::reason::{At, Fault, Reason};

/// The version of the binding, as its namespaces say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// EPCIS 1.x: `urn:epcglobal:epcis:xsd:1`.
    One,
    /// EPCIS 2.x: `urn:epcglobal:epcis:xsd:2`.
    Two,
}

impl Version {
    pub(super) fn of_namespace(uri: &str) -> Option<Self> {
        match uri.rsplit(':').next() {
            Some("1") if is_epcis(uri) => Some(Self::One),
            Some("2") if is_epcis(uri) => Some(Self::Two),
            _ => None,
        }
    }

    /// The version a `schemaVersion` belongs to. None for one that is not known.
    pub(super) fn of_schema(version: &str) -> Option<Self> {
        match version.trim() {
            "1" | "1.0" | "1.1" | "1.2" => Some(Self::One),
            two => {
                let mut parts = two.split('.');
                let is_two = parts.next() == Some("2")
                    && parts
                        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
                is_two.then_some(Self::Two)
            }
        }
    }
}

/// Refuses elements of another version's namespace.
pub(super) fn one_version(element: &Element<'_>, version: Option<Version>) -> Result<(), Fault> {
    if of_another_version(&element.name, version) {
        return Err(Fault::new(
            &At::Root.field(&element.name.as_written()),
            Reason::UnsupportedVersion,
            format_args!(
                "the namespace {:?} is of another version than the document (line {})",
                element.name.uri(),
                element.line
            ),
        ));
    }
    element
        .elements()
        .try_for_each(|inner| one_version(&inner, version))
}

pub(super) fn of_another_version(name: &Name<'_>, version: Option<Version>) -> bool {
    let Namespace::Uri(uri) = name.namespace else {
        return false;
    };
    matches!((Version::of_namespace(uri), version), (Some(found), Some(version)) if found != version)
}
