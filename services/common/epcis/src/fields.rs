//! Reading the fields of a JSON object, each of one type, with the place in
//! every complaint.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::reason::{At, Fault, Parsed, Reason};
use crate::time;

/// A JSON object at its place.
pub(crate) struct Object<'a> {
    pub(crate) at: &'a At<'a>,
    pub(crate) fields: &'a Map<String, Value>,
    /// The lengths of the names, a bit each: most names asked for are not there.
    lengths: u64,
}

fn length_bit(name: &str) -> u64 {
    1 << (name.len() % 64)
}

impl<'a> Object<'a> {
    pub(crate) fn new(at: &'a At<'a>, value: &'a Value) -> Parsed<Self> {
        match value {
            Value::Object(fields) => Ok(Self {
                at,
                fields,
                lengths: fields.keys().fold(0, |all, name| all | length_bit(name)),
            }),
            other => Err(wrong_type(at, "an object", other)),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        field_of(self.fields, name)
    }

    /// Refuses a field that is neither known nor an extension under a declared
    /// prefix; with no context, any that is not known.
    pub(crate) fn only(
        &self,
        known: impl Fn(&str) -> bool,
        extensions: Option<&Context>,
    ) -> Parsed<()> {
        for name in self.fields.keys().filter(|name| !known(name)) {
            let at = self.at.field(name);
            match extensions {
                Some(context) if has_prefix(name) => {
                    if !context.declares(name) {
                        return Err(Fault::new(
                            &at,
                            Reason::UndeclaredPrefix,
                            "no @context declares this prefix",
                        ));
                    }
                }
                Some(_) => {
                    return Err(Fault::new(
                        &at,
                        Reason::UnknownField,
                        "EPCIS 2.0 has no such field here; an extension needs a namespace prefix",
                    ));
                }
                None => {
                    return Err(Fault::new(
                        &at,
                        Reason::UnknownField,
                        "EPCIS 2.0 has no such field here",
                    ));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> Parsed<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(&self.at.field(name), "a string", other)),
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Parsed<&'a str> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn list(&self, name: &str) -> Parsed<&'a [Value]> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(wrong_type(&self.at.field(name), "a list", other)),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Parsed<Option<f64>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(other) => Err(wrong_type(&self.at.field(name), "a number", other)),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Parsed<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_type(&self.at.field(name), "true or false", other)),
        }
    }

    pub(crate) fn time(&self, name: &str) -> Parsed<Option<DateTime<Utc>>> {
        self.text(name)?
            .map(|text| time::time(&self.at.field(name), text))
            .transpose()
    }

    /// A URI of any kind, verified as far as its kind can be.
    pub(crate) fn uri(&self, name: &str) -> Parsed<Option<&'a str>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        uri(&self.at.field(name), text)?;
        Ok(Some(text))
    }

    pub(crate) fn missing(&self, name: &str) -> Fault {
        Fault::new(
            &self.at.field(name),
            Reason::MissingField,
            "this field is required (EPCIS 2.0 §7.4)",
        )
    }
}

/// Fields up to which going through an object is faster than hashing a name for it.
const FEW: usize = 24;

/// A field of an object.
pub(crate) fn field_of<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if fields.len() > FEW {
        return fields.get(name);
    }
    fields
        .iter()
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// Whether a name has a prefix, as those of extensions have.
pub(crate) fn has_prefix(name: &str) -> bool {
    name.as_bytes().contains(&b':')
}

/// A part of a tree as JSON text.
pub(crate) fn json_text(part: &impl Serialize) -> String {
    // Invariant: memory takes everything, and the names of objects are texts.
    serde_json::to_string(part).expect("a tree can be written")
}

/// Verifies that a text is a URI; a GS1 identifier in it must be right.
pub(crate) fn uri(at: &At<'_>, text: &str) -> Parsed<()> {
    match text.as_bytes() {
        [b'a'..=b'z' | b'A'..=b'Z', ..] => serialtrail_gs1::parse_identifier(text)
            .map(drop)
            .map_err(|e| Fault::identifier(at, &e)),
        _ => Err(Fault::new(
            at,
            Reason::BadValue,
            format_args!("{text:?} is not a URI"),
        )),
    }
}

/// Whether a text has the form of a URI (RFC 3986 §3): a scheme, then characters a URI may have,
/// each `%` with two hexadecimal digits, at most one `#`.
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let mut fragments = 0;
    let mut rest = rest.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = match (byte, after) {
            (b'%', [a, b, after @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => after,
            (b'#', after) if fragments == 0 => {
                fragments += 1;
                after
            }
            (
                b'!' | b'$' | b'&'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~',
                after,
            ) => after,
            _ => return false,
        };
    }
    is_scheme
}

/// The text of a list item.
pub(crate) fn item_text<'a>(at: &At<'_>, value: &'a Value) -> Parsed<&'a str> {
    value
        .as_str()
        .ok_or_else(|| wrong_type(at, "a string", value))
}

pub(crate) fn wrong_type(at: &At<'_>, expected: &str, found: &Value) -> Fault {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Fault::new(
        at,
        Reason::WrongType,
        format_args!("{expected} is expected, not {found}"),
    )
}
