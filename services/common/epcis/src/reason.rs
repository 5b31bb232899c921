//! Why a document or an event is refused.

use std::fmt;

use serialtrail_gs1::{IdError, IdReason};

/// The reason of a refusal; its [`code`](Reason::code) is stable and is what
/// reject records, metrics and API answers carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not JSON, or not UTF-8.
    MalformedJson,
    /// Not XML, not UTF-8, or XML with a document type (DTD), which is never read.
    MalformedXml,
    /// The body could not be read to its end.
    Unreadable,
    /// A name that stands twice in one object.
    DuplicateField,
    /// A document that holds no events to capture, or is of another kind than asked for.
    UnsupportedDocument,
    /// An EPCIS version that is not read: JSON-LD other than 2.x, XML other than 1.1, 1.2 and 2.x.
    UnsupportedVersion,
    /// An event type the standard does not have.
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
    /// An event of more bytes or more nodes (elements and attributes, JSON values) than allowed.
    EventTooLarge,
    /// More bytes or more nodes (elements and attributes, JSON values) around the events (header,
    /// master data, contexts) than allowed.
    HeaderTooLarge,
    /// Objects and lists, or elements, nested deeper than allowed.
    TooDeep,
    /// An identifier that is none.
    Identifier(IdReason),
}

impl Reason {
    /// The stable snake_case code.
    pub fn code(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::MalformedXml => "malformed_xml",
            Self::Unreadable => "unreadable",
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
            Self::EventTooLarge => "event_too_large",
            Self::HeaderTooLarge => "header_too_large",
            Self::TooDeep => "too_deep",
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
    /// Line of the document, from 1, where it is known.
    pub line: Option<u64>,
    /// Why, where and what was expected, for a person.
    pub message: String,
}

/// A refused event; its neighbours in the document are not affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {index}: {message}")]
pub struct EventError {
    /// Position in the document's event list, from 0.
    pub index: usize,
    /// Line of the document the event starts at, from 1; 0 for an event without a document.
    pub line: u64,
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
            line: None,
            message: message.into(),
        }
    }

    /// The same fault with the line it was found at.
    pub(crate) fn at_line(self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

/// What is strange about an event that is read all the same (the CBV layer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Path of the field within the event, such as `disposition`.
    pub field: String,
    /// Stable snake_case code.
    pub code: &'static str,
    /// What is strange and what would be usual, for a person.
    pub message: String,
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

    pub(crate) fn of_event(self, index: usize, line: u64) -> EventError {
        EventError {
            index,
            line,
            field: self.field,
            reason: self.reason,
            message: self.message,
        }
    }

    pub(crate) fn of_document(self) -> DocumentError {
        DocumentError {
            line: None,
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
