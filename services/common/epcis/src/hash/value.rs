//! Canonical forms of values for the event hash (CBV 2.0 §8.9.2).

use serde_json::Value;
use serialtrail_gs1::{Epc, parse_identifier};

use super::fields::Form;
use super::number::{number, push_number};
use super::time::push_time;
use crate::context::Context;
use crate::lists::is_of_tag;
use crate::model::{Event, Identifier};
use crate::vocabulary::{Vocabulary, normalise};

/// So many identifiers outside of lists of EPCs are looked for among those already parsed.
const KNOWN: usize = 16;

/// What values are brought into canonical form with.
pub(super) struct Canonical<'a> {
    context: &'a Context,
    /// Identifiers that were parsed already: as given, and what they name.
    known: Vec<(&'a str, &'a Epc)>,
}

/// `text.trim()`, at once where there is nothing to trim.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Whether a value says something: a scalar that is not empty.
pub(super) fn has_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !trimmed(text).is_empty(),
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

impl<'a> Canonical<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self {
            context,
            known: Vec::new(),
        }
    }

    /// With what an event that was read names beside its lists of EPCs.
    pub(super) fn knowing(context: &'a Context, read: &'a Event) -> Self {
        let places = [&read.read_point, &read.biz_location].into_iter().flatten();
        let quantities = [
            &read.quantity_list,
            &read.child_quantity_list,
            &read.input_quantity_list,
            &read.output_quantity_list,
        ];
        let typed = [&read.sources, &read.destinations, &read.biz_transactions];
        let ids = (read.parent_id.iter())
            .chain(&read.transformation_id)
            .chain(typed.into_iter().flatten().map(|item| &item.id))
            .chain(quantities.into_iter().flatten().map(|item| &item.epc_class));
        let known = places
            .map(|place| (place.given.as_str(), &place.key))
            .chain(ids.map(|id| (id.given.as_str(), &id.key)))
            .take(KNOWN)
            .collect();
        Self { context, known }
    }

    pub(super) fn context(&self) -> &'a Context {
        self.context
    }

    /// Writes a value; nothing where [`has_text`] is false.
    pub(super) fn push(&self, out: &mut String, value: &Value, form: Form) {
        match (value, form) {
            (Value::String(text), Form::Any) => self.text(out, trimmed(text)),
            (Value::String(text), Form::Time) => push_time(out, trimmed(text)),
            (Value::String(text), Form::Word(vocabulary)) => {
                self.word(out, vocabulary, trimmed(text));
            }
            (Value::Number(number), Form::Time) => out.push_str(&number.to_string()),
            (Value::Number(number), _) => match number.as_f64() {
                Some(number) => push_number(out, number),
                None => self.text(out, &number.to_string()),
            },
            (Value::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
            (Value::Null | Value::Array(_) | Value::Object(_), _) => {}
        }
    }

    /// Writes an identifier that was read.
    pub(super) fn push_read(&self, out: &mut String, id: &Identifier) {
        let text = trimmed(&id.given);
        if is_gs1_spelling(text) {
            push_named(out, text, &id.key);
        } else {
            self.text(out, text);
        }
    }

    /// Numbers without needless signs, zeros and exponents; GS1 identifiers as
    /// canonical Digital Links of the finest level; CBV words as web addresses.
    fn text(&self, out: &mut String, text: &str) {
        if let Some(number) = number(text) {
            push_number(out, number);
        } else if is_gs1_spelling(text) {
            self.identifier(out, text);
        } else if text.starts_with("urn:epcglobal:cbv:") {
            cbv_urn(out, text);
        } else {
            match self.context.namespace_of(text) {
                // Compact names of GS1's own vocabularies; those of others stay as given.
                Some((namespace, local))
                    if namespace.starts_with("https://ref.gs1.org")
                        || namespace.starts_with("https://gs1.org") =>
                {
                    out.extend([namespace, local]);
                }
                _ => out.push_str(text),
            }
        }
    }

    fn identifier(&self, out: &mut String, text: &str) {
        if is_canonical_link(text) {
            out.push_str(text);
        } else if let Some((_, key)) = self.known.iter().find(|(given, _)| *given == text) {
            push_named(out, text, key);
        } else {
            match parse_identifier(text) {
                Ok(key) => push_named(out, text, &key),
                Err(_) => out.push_str(text),
            }
        }
    }

    /// A word of a vocabulary as web address, whatever its spelling.
    fn word(&self, out: &mut String, vocabulary: Vocabulary, text: &str) {
        match bare_word(vocabulary, text) {
            Some(word) => out.extend([vocabulary.web_prefix(), word]),
            None => self.text(out, text),
        }
    }
}

/// The Digital Link of what an identifier names; without a GS1 key the identifier as it is.
fn push_named(out: &mut String, text: &str, key: &Epc) {
    if key.is_gs1() {
        key.push_event_hash_link(out);
    } else {
        out.push_str(text);
    }
}

/// A word of whatever vocabulary as web address; a URN that is none as it is.
fn cbv_urn(out: &mut String, text: &str) {
    let word = [
        Vocabulary::BizStep,
        Vocabulary::Disposition,
        Vocabulary::BizTransactionType,
        Vocabulary::SourceDestinationType,
        Vocabulary::ErrorReason,
    ]
    .into_iter()
    .find_map(|vocabulary| Some((vocabulary, bare_word(vocabulary, text)?)));
    match word {
        Some((vocabulary, word)) => out.extend([vocabulary.web_prefix(), word]),
        None => out.push_str(text),
    }
}

/// The bare word behind a spelling of it; None for a URI of one's own.
fn bare_word(vocabulary: Vocabulary, text: &str) -> Option<&str> {
    normalise(vocabulary, text).filter(|word| !word.contains(':'))
}

fn is_gs1_spelling(text: &str) -> bool {
    let is_urn = text.starts_with("urn:epc:") && !is_of_tag(text);
    is_urn || text.starts_with("http://") || text.starts_with("https://")
}

/// Whether a text is written as its canonical Digital Link would be. Nothing need be verified then:
/// with a faulty value it is no GS1 identifier, and stays as it is all the same.
fn is_canonical_link(text: &str) -> bool {
    let plain = |value: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !value.is_empty() && value.bytes().all(is_plain)
    };
    let Some(path) = text.strip_prefix("https://id.gs1.org/") else {
        return false;
    };
    let Some((ai, rest)) = path.split_once('/') else {
        return false;
    };
    match ai {
        // A GTIN of fewer digits would be padded; of qualifiers only the finest is kept.
        "01" => rest.split_at_checked(14).is_some_and(|(gtin, rest)| {
            let finest = ["/21/", "/10/", "/235/"];
            plain(gtin)
                && (rest.is_empty()
                    || finest
                        .iter()
                        .find_map(|ai| rest.strip_prefix(ai))
                        .is_some_and(plain))
        }),
        "00" | "253" | "255" | "401" | "402" | "414" | "417" | "8003" | "8004" | "8017"
        | "8018" => plain(rest),
        _ => false,
    }
}
