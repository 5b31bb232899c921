//! The body of a query document: what a query answered (EPCIS 2.0 §9.6).

use std::io::BufRead;
use std::ops::ControlFlow;

use super::document::Walk;
use super::faults::{missing_element, twice, unknown};
use super::header;
use super::prefixes::Prefixes;
use crate::reason::{At, DocumentError, Reason};

impl<R: BufRead> Walk<'_, R> {
    pub(super) fn query_body(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        let mut results_seen = false;
        while let Some(start) = self.next_in(depth)? {
            let tag = start.outermost();
            self.is_standard(&tag)?;
            if !tag.name.is_standard() || tag.name.local != "QueryResults" {
                let message = format!(
                    "<{}> is a message of the query interface, not something to capture; QueryResults are (line {})",
                    tag.name.as_written(),
                    tag.line
                );
                return Err(
                    DocumentError::new(Reason::UnsupportedDocument, "EPCISBody", message)
                        .at_line(tag.line),
                );
            }
            if std::mem::replace(&mut results_seen, true) {
                return Err(twice(&tag));
            }
            let inner = self.query_results()?;
            if inner.is_break() {
                return Ok(inner);
            }
        }
        if results_seen {
            return Ok(ControlFlow::Continue(()));
        }
        Err(missing_element(
            "EPCISBody.QueryResults",
            "EPCIS 2.0 §9.6",
            self.scanner.line(),
        ))
    }

    fn query_results(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        let mut body_seen = false;
        while let Some(start) = self.next_in(depth)? {
            let tag = start.outermost();
            if !self.is_standard(&tag)? {
                self.scanner.skip_to(depth)?;
                continue;
            }
            match tag.name.local {
                "queryName" if self.header.query_name.is_none() => {
                    self.header.query_name = Some(self.text(start)?);
                }
                "subscriptionID" if self.header.subscription_id.is_none() => {
                    self.header.subscription_id = Some(self.text(start)?);
                }
                "resultsBody" if !std::mem::replace(&mut body_seen, true) => {
                    let inner = self.results_body()?;
                    if inner.is_break() {
                        return Ok(inner);
                    }
                }
                "queryName" | "subscriptionID" | "resultsBody" => return Err(twice(&tag)),
                "extension" => self.scanner.skip_to(depth)?,
                _ => return Err(unknown(&tag)),
            }
        }
        if body_seen {
            return Ok(ControlFlow::Continue(()));
        }
        Err(missing_element(
            "resultsBody",
            "EPCIS 2.0 §9.6",
            self.scanner.line(),
        ))
    }

    fn results_body(&mut self) -> Result<ControlFlow<()>, DocumentError> {
        let depth = self.scanner.depth();
        while let Some(start) = self.next_in(depth)? {
            let tag = start.outermost();
            self.is_standard(&tag)?;
            match tag.name.local {
                "EventList" if tag.name.is_standard() => {
                    let inner = self.event_list()?;
                    if inner.is_break() {
                        return Ok(inner);
                    }
                }
                "VocabularyList" if tag.name.is_standard() => {
                    let line = tag.line;
                    let list = self.small(start)?;
                    let mut prefixes = Prefixes::of_document(self.scanner.scope());
                    let at = At::Root.field("resultsBody");
                    header::vocabularies(
                        &at,
                        &list.outermost(),
                        &mut self.header.master_data,
                        &mut prefixes,
                    )
                    .and_then(|()| prefixes.verify())
                    .map_err(|fault| fault.of_document().at_line(line))?;
                }
                _ => return Err(unknown(&tag)),
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
