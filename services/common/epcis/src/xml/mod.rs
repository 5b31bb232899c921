//! EPCIS 1.1, 1.2 and 2.0 XML: each event as the tree it is in EPCIS 2.0 JSON-LD.

pub(crate) mod write;

use std::io::BufRead;
use std::ops::ControlFlow;

use crate::document::{CapturedEvent, Header, ReadOptions};
use crate::reason::{DocumentError, EventError, Fault, Reason};
use crate::tree::Tree;

const NOT_TAKEN: &str = "XML is not taken by this version yet; send EPCIS 2.0 JSON-LD";

fn not_taken() -> DocumentError {
    DocumentError::new(Reason::UnsupportedDocument, "", NOT_TAKEN)
}

/// Reads a whole XML document: its structure is checked, its events are counted.
pub(crate) fn header(_body: impl BufRead, _options: &ReadOptions) -> Result<Header, DocumentError> {
    Err(not_taken())
}

/// Hands over each event of a document whose header was read before.
pub(crate) fn events(
    _body: impl BufRead,
    _header: &Header,
    _options: &ReadOptions,
    _on_event: impl FnMut(CapturedEvent) -> ControlFlow<()>,
) -> Result<(), DocumentError> {
    Err(not_taken())
}

/// The tree of one stored event element; `context` holds the namespaces of its document.
pub(crate) fn tree(_original: &[u8], _context: Option<&str>) -> Result<Tree, EventError> {
    Err(Fault {
        field: String::new(),
        reason: Reason::UnsupportedDocument,
        message: NOT_TAKEN.to_owned(),
    }
    .of_event(0, 0))
}
