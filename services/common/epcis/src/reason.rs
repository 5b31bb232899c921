//! Why a document or an event is refused.

use std::fmt;

use serialtrail_gs1::{IdError, IdReason};

/// The reason of a refusal; its [`code`](Reason::code) is stable and is what
/// reject records, metrics and API answers carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not JSON, or not UTF-8.
    MalformedJson,
    /// A name that stands twice in one object.
    DuplicateField,
    /// A document this service does not take: XML, a query document, master data.
    UnsupportedDocument,
    /// An EPCIS version other than 2.x.
    UnsupportedVersion,
    /// An event type this service does not take yet, or that does not exist.
    UnsupportedEventType,
    /// A field the standard requires is not there.
    MissingField,
    /// A field without prefix that the standard does not know at this place.
    UnknownField,
    /// A value of another JSON type than the standard says.
    WrongType,
    /// A value that is none of those allowed.
    BadValue,
    /// A bare or CBV word that is not in the Core Business Vocabulary.
    UnknownVocabulary,
    /// An extension whose prefix no `@context` declares.
    UndeclaredPrefix,
    /// A time without zone, or no time at all.
    BadTime,
    /// The event says it happened before 1990.
    EventTimeBefore1990,
    /// The event says it happened more than 24 hours after it was recorded.
    EventTimeInFuture,
    /// The event names nothing: no EPC, no quantity, no sensor reading at a place.
    NothingObserved,
    /// ILMD on anything but an ObjectEvent ADD (or a TransformationEvent).
    IlmdNotAllowed,
    /// A class where an instance is required, such as a lot in `epcList`.
    NotAnInstance,
    /// An instance where a class is required, such as an SGTIN as `epcClass`.
    NotAClass,
    /// More events in the document than allowed.
    TooManyEvents,
    /// More EPCs in the event than allowed.
    TooManyEpcs,
    /// An identifier that is none.
    Identifier(IdReason),
}

impl Reason {
    /// The stable snake_case code.
    pub fn code(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::DuplicateField => "duplicate_field",
            Self::UnsupportedDocument => "unsupported_document",
            Self::UnsupportedVersion => "unsupported_version",
            Self::UnsupportedEventType => "unsupported_event_type",
            Self::MissingField => "missing_field",
            Self::UnknownField => "unknown_field",
            Self::WrongType => "wrong_type",
            Self::BadValue => "bad_value",
            Self::UnknownVocabulary => "unknown_vocabulary",
            Self::UndeclaredPrefix => "undeclared_prefix",
            Self::BadTime => "bad_time",
            Self::EventTimeBefore1990 => "event_time_before_1990",
            Self::EventTimeInFuture => "event_time_in_future",
            Self::NothingObserved => "nothing_observed",
            Self::IlmdNotAllowed => "ilmd_not_allowed",
            Self::NotAnInstance => "not_an_instance",
            Self::NotAClass => "not_a_class",
            Self::TooManyEvents => "too_many_events",
            Self::TooManyEpcs => "too_many_epcs",
            Self::Identifier(reason) => reason.code(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A refused document: none of its events was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DocumentError {
    /// Why, as a value to match on.
    pub reason: Reason,
    /// The field it is about, or empty for the document as a whole.
    pub field: String,
    /// Why, where and what was expected, for a person.
    pub message: String,
}

/// A refused event; its neighbours in the document are not affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {index}: {message}")]
pub struct EventError {
    /// Position in the document's event list, from 0.
    pub index: usize,
    /// Path of the field within the event, such as `epcList[3]`.
    pub field: String,
    /// Why, as a value to match on.
    pub reason: Reason,
    /// Why, where and what was expected, for a person.
    pub message: String,
}

impl DocumentError {
    pub(crate) fn new(reason: Reason, field: &str, message: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

/// A fault inside an event, before it is known which event that is.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) field: String,
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

pub(crate) type Parsed<T> = Result<T, Fault>;

impl Fault {
    /// `what` follows the field's name in the message.
    pub(crate) fn new(at: &At<'_>, reason: Reason, what: impl fmt::Display) -> Self {
        let field = at.to_string();
        let message = if field.is_empty() {
            what.to_string()
        } else {
            format!("{field}: {what}")
        };
        Self {
            message,
            field,
            reason,
        }
    }

    pub(crate) fn identifier(at: &At<'_>, e: &IdError) -> Self {
        Self::new(at, Reason::Identifier(e.reason), e)
    }

    pub(crate) fn of_event(self, index: usize) -> EventError {
        EventError {
            index,
            field: self.field,
            reason: self.reason,
            message: self.message,
        }
    }

    pub(crate) fn of_document(self) -> DocumentError {
        DocumentError {
            reason: self.reason,
            field: self.field,
            message: self.message,
        }
    }
}

/// A place in an event. Written out only when something is wrong there.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// The event itself.
    Root,
    Field(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub(crate) fn field(&'a self, name: &'a str) -> At<'a> {
        At::Field(self, name)
    }

    pub(crate) fn index(&'a self, index: usize) -> At<'a> {
        At::Index(self, index)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root => Ok(()),
            At::Field(At::Root, name) => f.write_str(name),
            At::Field(parent, name) => write!(f, "{parent}.{name}"),
            At::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
