//! The components of EPC URIs: what each may hold (TDS 2.x §5 and §6.3), and
//! how characters that a URN cannot hold are escaped (table A-1, annex G).

use super::components::Value;
use crate::check::is_set_82;

/// One component of a scheme's URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    /// GS1 company prefix, 6 to 12 digits.
    Prefix,
    /// The digits after the company prefix; both together have `total`.
    Reference { total: usize },
    /// 1 to `max` characters of set 82.
    Text { max: usize },
    /// Characters of set 82; with the company prefix at most 30.
    Asset,
    /// Characters of set 39; with the company prefix at most 30.
    Part,
    /// Exactly two digits.
    Pair,
    /// A number without leading zeros, of at most `max` digits.
    Number { max: usize },
    /// 1 to `max` digits, leading zeros kept.
    Digits { max: usize },
    /// CAGE code (5 characters) or DoDAAC (6), without I and O.
    Cage,
    /// Original part number, may be empty (ATA Spec 2000).
    PartNumber,
    /// Serial of a part; a leading `#` says that it is for the tag only.
    PartSerial,
    /// Container code with check digit (ISO 6346).
    Container,
    /// IMO ship identification number with check digit.
    Vessel,
}

/// What is wrong with a component: a reason and the rest of the sentence
/// "component … ".
pub(crate) struct Fault {
    pub(crate) reason: crate::error::IdReason,
    pub(crate) what: String,
}

fn length(what: impl Into<String>) -> Fault {
    Fault {
        reason: crate::error::IdReason::BadLength,
        what: what.into(),
    }
}

fn character(what: impl Into<String>) -> Fault {
    Fault {
        reason: crate::error::IdReason::BadCharacter,
        what: what.into(),
    }
}

impl Component {
    /// The name used in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prefix => "company prefix",
            Self::Reference { .. } => "reference",
            Self::Text { .. } => "serial or extension",
            Self::Asset => "reference",
            Self::Part | Self::PartNumber => "part reference",
            Self::Pair => "piece or total",
            Self::Number { .. } | Self::Digits { .. } | Self::PartSerial => "serial",
            Self::Cage => "CAGE code or DoDAAC",
            Self::Container => "container code",
            Self::Vessel => "vessel number",
        }
    }

    /// Whether the component is all digits, so that patterns may give a range.
    pub(crate) fn is_numeric(self) -> bool {
        matches!(
            self,
            Self::Reference { .. } | Self::Pair | Self::Number { .. } | Self::Digits { .. }
        )
    }

    /// Verifies the characters a component stands for; `prefix` is the length of
    /// the company prefix where the scheme has one.
    pub(crate) fn check(self, value: Value<'_>, prefix: usize) -> Result<(), Fault> {
        match self {
            Self::Prefix => {
                digits(value)?;
                between(value, 6, 12)
            }
            Self::Reference { total } => {
                digits(value)?;
                if prefix + value.len() == total {
                    return Ok(());
                }
                Err(length(format!(
                    "and company prefix have {} digits together, expected {total}",
                    prefix + value.len()
                )))
            }
            Self::Text { max } => {
                each(value, is_set_82)?;
                between(value, 1, max)
            }
            Self::Asset => {
                each(value, is_set_82)?;
                between(value, 1, 30 - prefix.min(29))
            }
            Self::Part => {
                each(value, crate::check::is_set_39)?;
                between(value, 1, 30 - prefix.min(29))
            }
            Self::Pair => {
                digits(value)?;
                between(value, 2, 2)
            }
            Self::Number { max } => {
                digits(value)?;
                between(value, 1, max)?;
                if value.has_leading_zero() {
                    return Err(character("must not start with 0"));
                }
                Ok(())
            }
            Self::Digits { max } => {
                digits(value)?;
                between(value, 1, max)
            }
            Self::Cage => {
                each(value, is_cage)?;
                between(value, 5, 6)
            }
            Self::PartNumber => {
                each(value, is_part_character)?;
                between(value, 0, 32)
            }
            Self::PartSerial => {
                let bare = match value {
                    Value::Text(text) => Value::Text(text.strip_prefix('#').unwrap_or(text)),
                    number => number,
                };
                each(bare, is_part_character)?;
                if bare.len() == 0 {
                    return Err(length("is empty"));
                }
                between(value, 1, 30)
            }
            Self::Container => container(&value.text()),
            Self::Vessel => vessel(&value.text()),
        }
    }

    /// Appends the characters a component of a URI stands for.
    pub(crate) fn unescape(self, raw: &str, into: &mut String) -> Result<(), Fault> {
        let mut rest = raw;
        while let Some(at) = rest.bytes().position(must_escape) {
            let (before, from) = rest.split_at_checked(at).unwrap_or_default();
            into.push_str(before);
            let place = raw.len() - from.len() + 1;
            if !from.starts_with('%') {
                return Err(character(format!(
                    "holds a character at {place} that must be percent-encoded"
                )));
            }
            let escaped = from
                .get(1..3)
                .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                .filter(|b| self.may_escape(*b))
                .ok_or_else(|| {
                    character(format!(
                        "has a broken or unknown escape at character {place}"
                    ))
                })?;
            into.push(char::from(escaped));
            rest = from.get(3..).unwrap_or_default();
        }
        into.push_str(rest);
        Ok(())
    }

    /// Which characters may stand escaped: any of set 82 in the components of
    /// that set, `#` and `/` in those of parts, none elsewhere.
    fn may_escape(self, b: u8) -> bool {
        match self {
            Self::Text { .. } | Self::Asset => is_set_82(b),
            Self::Part | Self::PartSerial => matches!(b, b'#' | b'/'),
            Self::PartNumber => b == b'/',
            _ => false,
        }
    }
}

/// Characters of sets 82 and 39 that an EPC URI holds only escaped.
fn must_escape(b: u8) -> bool {
    matches!(b, b'"' | b'%' | b'&' | b'/' | b'<' | b'>' | b'?' | b'#')
}

/// A component as it stands in a URI.
pub(crate) fn escape(value: &str, into: &mut String) {
    let mut rest = value;
    while let Some(at) = rest.bytes().position(must_escape) {
        let (before, from) = rest.split_at_checked(at).unwrap_or_default();
        into.push_str(before);
        if let Some(b) = from.bytes().next() {
            into.push_str(&format!("%{b:02X}"));
        }
        rest = from.get(1..).unwrap_or_default();
    }
    into.push_str(rest);
}

fn digits(value: Value<'_>) -> Result<(), Fault> {
    let Value::Text(text) = value else {
        return Ok(());
    };
    match text.chars().zip(1..).find(|(c, _)| !c.is_ascii_digit()) {
        None => Ok(()),
        Some((c, place)) => Err(character(format!(
            "has {c:?} at {place}, where a digit is expected"
        ))),
    }
}

/// Digits are in each set of characters that components have.
fn each(value: Value<'_>, allowed: impl Fn(u8) -> bool) -> Result<(), Fault> {
    let Value::Text(text) = value else {
        return Ok(());
    };
    match text.bytes().position(|b| !allowed(b)) {
        None => Ok(()),
        Some(at) => Err(character(format!(
            "holds a character that is not allowed there, at {}",
            at + 1
        ))),
    }
}

fn between(value: Value<'_>, min: usize, max: usize) -> Result<(), Fault> {
    if (min..=max).contains(&value.len()) {
        return Ok(());
    }
    let expected = if min == max {
        max.to_string()
    } else {
        format!("{min} to {max}")
    };
    Err(length(format!(
        "has {} characters, expected {expected}",
        value.len()
    )))
}

/// Digits and capital letters without I and O (TDS 2.x §6.3.17).
pub(crate) fn is_cage(b: u8) -> bool {
    b.is_ascii_digit() || (b.is_ascii_uppercase() && !matches!(b, b'I' | b'O'))
}

fn is_part_character(b: u8) -> bool {
    b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b'-' | b'/')
}

/// Owner (three letters), category (J, U, Z), six digits, check digit. The
/// grammar of TDS 2.x §6.3.19 leaves out owners with I and O; ISO 6346 has them
/// (OOLU, CAIU), so they are taken.
fn container(value: &str) -> Result<(), Fault> {
    between(Value::Text(value), 11, 11)?;
    let (letters, number) = value.split_at_checked(4).unwrap_or_default();
    if !letters.bytes().all(|b| b.is_ascii_uppercase())
        || !letters.ends_with(['J', 'U', 'Z'])
        || !number.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(character(
            "is not three owner letters, J, U or Z, and seven digits",
        ));
    }
    // Letters count from 10 on, leaving out multiples of 11; weights are powers
    // of two; modulo 11, 10 counts as 0 (ISO 6346).
    let sum: u32 = value
        .bytes()
        .take(10)
        .zip(0u32..)
        .map(|(b, power)| {
            let worth = if b.is_ascii_digit() {
                u32::from(b - b'0')
            } else {
                let nth = u32::from(b - b'A');
                10 + nth + nth.div_ceil(10)
            };
            worth << power
        })
        .sum();
    check_digit(value, sum % 11 % 10)
}

/// Seven digits; the last is the check digit: weights 7 to 2, modulo 10.
fn vessel(value: &str) -> Result<(), Fault> {
    digits(Value::Text(value))?;
    between(Value::Text(value), 7, 7)?;
    let sum: u32 = value
        .bytes()
        .take(6)
        .zip((2..=7).rev())
        .map(|(b, weight)| u32::from(b - b'0') * weight)
        .sum();
    check_digit(value, sum % 10)
}

fn check_digit(value: &str, expected: u32) -> Result<(), Fault> {
    if value.chars().next_back().and_then(|c| c.to_digit(10)) == Some(expected) {
        return Ok(());
    }
    Err(Fault {
        reason: crate::error::IdReason::BadCheckDigit,
        what: format!("should have the check digit {expected}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_and_vessels_have_check_digits() {
        for good in ["CSQU3054383", "OOLU1234567", "CAIU0000002", "ABCZ0000010"] {
            assert!(container(good).is_ok(), "{good}");
        }
        assert!(container("CSQU3054384").is_err());
        assert!(container("CSQX3054383").is_err());
        assert!(container("CS1U3054383").is_err());
        assert!(vessel("9176187").is_ok());
        assert!(vessel("9074729").is_ok());
        assert!(vessel("9176188").is_err());
        assert!(vessel("917618").is_err());
    }
}
