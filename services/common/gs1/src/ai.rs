//! The Application Identifiers, and whether a value fits one (GS1 General
//! Specifications 3).

use crate::check::check_digit;
use crate::error::{IdError, IdReason};
use crate::linters::{self, LintError};

pub use crate::dictionary::{Ai, Component, Set, all, leading, lookup, of_short_name};

/// Whether a GS1 Digital Link may start with this AI (GS1 Digital Link URI syntax 4.3).
pub(crate) fn is_primary_key(ai: &str) -> bool {
    lookup(ai).is_some_and(|ai| ai.primary_key.is_some())
}

/// The AI of these digits, or that there is none.
pub(crate) fn known(ai: &str) -> Result<&'static Ai, IdError> {
    lookup(ai).ok_or_else(|| {
        IdError::new(
            IdReason::UnknownAi,
            format!(
                "({}) is not a GS1 Application Identifier",
                ai.escape_debug().take(12).collect::<String>()
            ),
        )
    })
}

/// Verifies length, characters and rules of an AI's value.
pub(crate) fn check_value(ai: &str, value: &str) -> Result<(), IdError> {
    known(ai)?.check(value)
}

impl Ai {
    /// Verifies length, characters and rules of a value.
    pub fn check(&self, value: &str) -> Result<(), IdError> {
        let wrong = |what: &str| format!("{self} {}: {what}", IdError::quote(value));
        let (min, max) = (self.min_length(), self.max_length());
        if value.len() < min || value.len() > max {
            let expected = if min == max {
                format!("{max}")
            } else {
                format!("{min} to {max}")
            };
            return Err(IdError::length(wrong(&format!(
                "{} characters, expected {expected}",
                value.len()
            ))));
        }
        let mut at = 0;
        for component in self.components {
            let end = value.len().min(at + component.max);
            // Beyond ASCII it may end within a character: the set refuses it all the same.
            let part = value.get(at..end).unwrap_or(&value[at..]);
            if part.is_empty() && component.optional {
                break;
            }
            if part.len() < component.min {
                return Err(IdError::length(wrong(&format!(
                    "{} characters from character {}, expected {}",
                    part.len(),
                    at + 1,
                    component.min
                ))));
            }
            let linters = component.linters.iter().map(|linter| linter.check);
            for check in std::iter::once(component.set.linter()).chain(linters) {
                check(part).map_err(|e| {
                    let place = at + e.at + 1;
                    let right = (e.code == "incorrect_check_digit")
                        .then(|| check_digit(part.get(..part.len() - 1)?))
                        .flatten()
                        .map(|digit| format!(", the check digit should be {digit}"))
                        .unwrap_or_default();
                    IdError::new(e.reason, wrong(&format!("character {place}: {e}{right}")))
                })?;
            }
            at = end;
        }
        Ok(())
    }
}

/// `SERIAL (21)`, as a message names it; one without title is `AI (8110)`.
impl std::fmt::Display for Ai {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let title = if self.title.is_empty() {
            "AI"
        } else {
            self.title
        };
        write!(f, "{title} ({})", self.code)
    }
}

impl Set {
    /// The linter of its characters.
    fn linter(self) -> fn(&str) -> Result<(), LintError> {
        match self {
            Self::N => linters::csetnumeric,
            Self::X => linters::cset82,
            Self::Y => linters::cset39,
            Self::Z => linters::cset64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_held_to_its_format() {
        for (ai, value, expected) in [
            ("00", "106141412345678908", "ok"),
            ("00", "106141412345678900", "bad_check_digit"),
            ("00", "10614141234567890", "bad_length"),
            ("21", "32a/b", "ok"),
            ("21", "", "bad_length"),
            ("21", "123456789012345678901", "bad_length"),
            ("21", "a b", "bad_character"),
            ("21", "ä", "bad_character"),
            ("253", "9526064000028000001", "ok"),
            ("8003", "00614141123452ABC", "ok"),
            ("8003", "10614141123459ABC", "bad_character"),
            ("8004", "4000001111", "ok"),
            ("8004", "ABCD", "bad_character"),
            ("8010", "0614141ab", "bad_character"),
            ("8011", "012", "bad_character"),
            ("8006", "095212345432130102", "ok"),
            ("8006", "095212345432130302", "bad_value"),
            ("89", "1", "unknown_ai"),
            ("1", "1", "unknown_ai"),
        ] {
            let found = check_value(ai, value).map_or_else(|e| e.code(), |()| "ok");
            assert_eq!(found, expected, "({ai}){value}");
        }
    }

    #[test]
    fn only_predefined_ais_need_no_separator() {
        for ai in ["01", "17", "3103", "414"] {
            assert!(lookup(ai).unwrap().predefined_length, "{ai}");
        }
        for ai in ["10", "21", "253", "8017", "8111", "422"] {
            assert!(!lookup(ai).unwrap().predefined_length, "{ai}");
        }
    }

    #[test]
    fn an_ai_is_found_by_its_digits_alone() {
        for (text, found) in [
            ("0109521234543213", Some("01")),
            ("3103000195", Some("3103")),
            ("3106", None),
            ("235X", Some("235")),
            ("23", None),
            ("8", None),
            ("80", None),
            ("0a", None),
            ("ä1", None),
            ("", None),
        ] {
            assert_eq!(leading(text.as_bytes()).map(|ai| ai.code), found, "{text}");
        }
        assert!(lookup("011").is_none());
        assert_eq!(of_short_name("ser").map(|ai| ai.code), Some("21"));
        assert_eq!(of_short_name("gmn").map(|ai| ai.code), Some("8013"));
        assert!(of_short_name("01").is_none());
        assert!(
            all()
                .iter()
                .all(|ai| std::ptr::eq(lookup(ai.code).unwrap(), ai))
        );
    }
}
