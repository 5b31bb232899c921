//! Why a string is not an identifier.

use std::fmt;

/// The reason an identifier is refused; its [`code`](IdReason::code) is stable
/// and is what reject records, metrics and API answers carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdReason {
    /// A check digit does not fit its number (GS1 General Specifications 7.9).
    BadCheckDigit,
    /// A value is shorter or longer than its scheme or AI allows.
    BadLength,
    /// A character outside the set its scheme or AI allows, or a broken escape.
    BadCharacter,
    /// An EPC URN of a scheme that does not exist or is not an identity.
    UnknownScheme,
    /// An Application Identifier that does not exist.
    UnknownAi,
    /// A date that is no date, a time that is no time.
    BadDate,
    /// A value its AI's rules do not allow: no such country, a piece beyond the total.
    BadValue,
    /// AIs that may not be on one item together, or one without those it needs.
    BadAssociation,
    /// Not of the form of any identifier, or without any GS1 key.
    Malformed,
    /// An EPC URI is asked for, and the key does not tell the company prefix's length.
    PrefixLengthUnknown,
    /// Binary whose first bits are no EPC header.
    UnknownHeader,
    /// Binary that breaks its coding scheme.
    BadEncoding,
    /// A value beyond what a coding scheme holds.
    DoesNotFit,
}

impl IdReason {
    /// The stable snake_case code.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadCheckDigit => "bad_check_digit",
            Self::BadLength => "bad_length",
            Self::BadCharacter => "bad_character",
            Self::UnknownScheme => "unknown_scheme",
            Self::UnknownAi => "unknown_ai",
            Self::BadDate => "bad_date",
            Self::BadValue => "bad_value",
            Self::BadAssociation => "bad_association",
            Self::Malformed => "malformed",
            Self::PrefixLengthUnknown => "prefix_length_unknown",
            Self::UnknownHeader => "unknown_header",
            Self::BadEncoding => "bad_encoding",
            Self::DoesNotFit => "does_not_fit",
        }
    }
}

impl fmt::Display for IdReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A refused identifier: the reason and a sentence that names the place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct IdError {
    /// Why, as a value to match on.
    pub reason: IdReason,
    /// Why and where, for a person.
    pub message: String,
}

impl IdError {
    pub(crate) fn new(reason: IdReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(IdReason::Malformed, message)
    }

    pub(crate) fn length(message: impl Into<String>) -> Self {
        Self::new(IdReason::BadLength, message)
    }

    pub(crate) fn character(message: impl Into<String>) -> Self {
        Self::new(IdReason::BadCharacter, message)
    }

    /// The same finding about a value, with the text it stands in.
    pub(crate) fn within(self, text: &str) -> Self {
        Self::new(
            self.reason,
            format!("{}: {}", Self::quote(text), self.message),
        )
    }

    /// The stable snake_case reason code.
    pub fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// The identifier as shown in a message: quoted, cut to a readable length.
    pub(crate) fn quote(value: &str) -> String {
        let mut shown: String = value.chars().take(80).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        format!("{shown:?}")
    }
}
