//! Trees as EPCIS XML, 1.2 and 2.0.

use crate::tree::Tree;
use crate::write::{DocumentHead, WriteError, XmlVersion};

/// A document or query document with its events.
pub(crate) fn document(
    _version: XmlVersion,
    _head: &DocumentHead,
    _events: &[Tree],
) -> Result<String, WriteError> {
    Err(WriteError {
        index: None,
        field: String::new(),
        message: "XML is not written by this version yet".to_owned(),
    })
}
