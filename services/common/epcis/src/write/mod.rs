//! Events and documents written out: EPCIS 2.0 JSON-LD, and XML 2.0 or 1.2.
//!
//! What is written reads back as the same events with the same hashes. A form that cannot hold
//! something says so, with the event and the field; nothing is left out silently.

mod json;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::document::VocabularyElement;
use crate::tree::Tree;

pub use json::{json_document, json_event};

/// What a document is, around its events.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentKind {
    /// An `EPCISDocument`.
    Capture,
    /// An `EPCISQueryDocument`: the answer to a query.
    Query {
        /// `queryName`.
        query_name: String,
        /// `subscriptionID`, for what is sent to a subscriber.
        subscription_id: Option<String>,
    },
}

/// A document's own fields, for writing.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentHead {
    /// Capture or query document.
    pub kind: DocumentKind,
    /// `id`, a URI.
    pub document_id: Option<String>,
    /// `creationDate`.
    pub creation_date: DateTime<Utc>,
    /// `sender`; not in a JSON query document.
    pub sender: Option<String>,
    /// `receiver`; not in a JSON query document.
    pub receiver: Option<String>,
    /// `instanceIdentifier`; not in a JSON query document.
    pub instance_identifier: Option<String>,
    /// Extensions of `epcisHeader`, names as given; not in a JSON query document.
    pub header_extensions: Map<String, Value>,
    /// What the prefixes of the document mean. An event whose own context says more carries it itself.
    pub context: Context,
    /// Master data: in the header of a document, in the results of a query document.
    pub master_data: Vec<VocabularyElement>,
}

impl DocumentHead {
    /// A document of this kind and time with nothing else: the standard's context alone.
    pub fn new(kind: DocumentKind, creation_date: DateTime<Utc>) -> Self {
        Self {
            kind,
            document_id: None,
            creation_date,
            sender: None,
            receiver: None,
            instance_identifier: None,
            header_extensions: Map::new(),
            context: Context::standard(),
            master_data: Vec::new(),
        }
    }
}

/// The version of the XML binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlVersion {
    /// EPCIS 1.2 (namespace `urn:epcglobal:epcis:xsd:1`).
    V1_2,
    /// EPCIS 2.0 (namespace `urn:epcglobal:epcis:xsd:2`).
    V2_0,
}

/// Something that cannot be written in the form asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WriteError {
    /// Which event, from 0; None where it is the document.
    pub index: Option<usize>,
    /// Path of the field that the form has no place for.
    pub field: String,
    /// What cannot be written, and why, for a person.
    pub message: String,
}

/// A document or query document in XML.
///
/// # Errors
/// The version has no place for something an event or the document says.
pub fn xml_document(
    version: XmlVersion,
    head: &DocumentHead,
    events: &[Tree],
) -> Result<String, WriteError> {
    crate::xml::write::document(version, head, events)
}
