//! The things measured.

use serde::{Deserialize, Serialize};

/// One thing measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// A JSON-LD document parsed and validated.
    JsonLd,
    /// An XML document parsed and validated.
    Xml,
    /// Event hashes of events already parsed.
    Hash,
    /// A JSON-LD document's event hashes, from its bytes.
    HashDocument,
    /// Element strings as a scanner sends them.
    ElementStrings,
    /// Digital Links.
    DigitalLinks,
    /// EPC binary, as hexadecimal digits.
    Tags,
}

impl Task {
    /// All, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::JsonLd,
        Self::Xml,
        Self::Hash,
        Self::HashDocument,
        Self::ElementStrings,
        Self::DigitalLinks,
        Self::Tags,
    ];

    /// What the table calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::JsonLd => "JSON-LD, parse + validate",
            Self::Xml => "XML, parse + validate",
            Self::Hash => "event hash, of a parsed event",
            Self::HashDocument => "event hash, from JSON-LD",
            Self::ElementStrings => "element string to Epc",
            Self::DigitalLinks => "Digital Link to Epc",
            Self::Tags => "EPC binary to Epc",
        }
    }

    /// What is counted.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::JsonLd | Self::Xml | Self::Hash | Self::HashDocument => "events",
            Self::ElementStrings | Self::DigitalLinks | Self::Tags => "identifiers",
        }
    }

    /// How drivers are told of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonLd => "json-ld",
            Self::Xml => "xml",
            Self::Hash => "hash",
            Self::HashDocument => "hash-document",
            Self::ElementStrings => "element-strings",
            Self::DigitalLinks => "digital-links",
            Self::Tags => "tags",
        }
    }
}
