//! Links as text: from elements, as written, and in the canonical form.

use std::fmt;

use super::{DigitalLink, Element, path, percent, query};
use crate::element::ElementString;
use crate::error::IdError;

/// Scheme and domain of the canonical form (GS1 Digital Link URI syntax 4.11).
const CANONICAL_STEM: &str = "https://id.gs1.org";

impl DigitalLink {
    /// Builds a link on a stem, `https://example.com/some/path`; without one on
    /// `https://id.gs1.org`. The first primary key among the elements is the
    /// link's; its qualifiers stand in the path, all else in the query, values of
    /// predefined length first.
    ///
    /// Errors: no primary key; qualifiers that do not go together; an AI that may
    /// not stand in a query; a stem that is no web address.
    pub fn build(stem: Option<&str>, elements: &ElementString) -> Result<Self, IdError> {
        let stem = path::stem(stem.unwrap_or(CANONICAL_STEM))?.to_owned();
        let mut all: Vec<Element> = elements
            .elements()
            .map(|(ai, value)| (ai, value.to_owned()))
            .collect();
        let Some(at) = all.iter().position(|(ai, _)| ai.primary_key.is_some()) else {
            return Err(IdError::malformed(
                "no GS1 key, such as (01) or (00), to make a link of",
            ));
        };
        let key = all.remove(at);
        let sequences = key.0.primary_key.unwrap_or_default();
        let there = |code: &&str| all.iter().any(|(ai, _)| ai.code == *code);
        let sequence = sequences
            .iter()
            .max_by_key(|sequence| sequence.iter().filter(|code| there(code)).count());
        let mut path = vec![key];
        for code in sequence.copied().unwrap_or_default() {
            if let Some(at) = all.iter().position(|(ai, _)| ai.code == *code) {
                path.push(all.remove(at));
            }
        }
        for (ai, _) in &all {
            query::may_be_attribute(ai, path[0].0)?;
        }
        // The sort is stable: otherwise the order is that of the elements.
        all.sort_by_key(|(ai, _)| !ai.predefined_length);
        Ok(Self {
            stem,
            path,
            attributes: all,
            others: Vec::new(),
        })
    }

    /// The canonical form: `https://id.gs1.org`, AIs by their digits, GTINs of 14
    /// digits, qualifiers in their order, data attributes in the order of their
    /// AIs, nothing else (GS1 Digital Link URI syntax 4.11).
    pub fn canonical(&self) -> String {
        let mut attributes: Vec<&Element> = self.attributes.iter().collect();
        attributes.sort_by_key(|(ai, _)| ai.code);
        let mut uri = CANONICAL_STEM.to_owned();
        self.write(&mut uri, attributes.into_iter(), std::iter::empty());
        uri
    }

    fn write<'a>(
        &self,
        uri: &mut String,
        attributes: impl Iterator<Item = &'a Element>,
        others: impl Iterator<Item = &'a String>,
    ) {
        for (ai, value) in &self.path {
            uri.extend(["/", ai.code, "/", &percent::escape_path(value)]);
        }
        let mut delimiter = "?";
        for (ai, value) in attributes {
            uri.extend([delimiter, ai.code, "=", &percent::escape_query(value)]);
            delimiter = "&";
        }
        for other in others {
            uri.extend([delimiter, other]);
            delimiter = "&";
        }
    }
}

/// The link on its own stem, AIs by their digits, the parameters of others last.
impl fmt::Display for DigitalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut uri = self.stem.clone();
        self.write(&mut uri, self.attributes.iter(), self.others.iter());
        f.write_str(&uri)
    }
}
