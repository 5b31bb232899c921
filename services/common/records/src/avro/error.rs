//! What is wrong with a schema, a datum or a value.

use std::fmt;

/// A schema that is none (Avro 1.12, Schema Declaration), with the field it stands in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(String);

impl SchemaError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }

    pub(super) fn within(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

/// A datum that cannot be read, or a value that cannot be written: the path of the field, what is
/// wrong, and for a datum the byte.
// Boxed: every read returns one or none, and none should cost little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    message: String,
    /// From the innermost to the outermost.
    path: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Field(String),
    Index(usize),
    Key,
}

impl Error {
    #[cold]
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(Box::new(Inner {
            message: message.to_string(),
            path: Vec::new(),
        }))
    }

    #[cold]
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path.push(Place::Field(name.to_owned()));
        self
    }

    #[cold]
    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.0.path.push(Place::Index(index));
        self
    }

    #[cold]
    pub(super) fn in_map(mut self) -> Self {
        self.0.path.push(Place::Key);
        self
    }

    /// Path of the field: names, `[index]` in an array, `{}` in a map. Empty for the datum itself.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for place in self.0.path.iter().rev() {
            match place {
                Place::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Place::Index(index) => path.push_str(&format!("[{index}]")),
                Place::Key => path.push_str("{}"),
            }
        }
        path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}
