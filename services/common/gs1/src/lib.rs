//! GS1 identifiers: EPC URNs, GS1 Digital Link, element strings, and the one
//! key a unit has in every topic, state and table.
//!
//! Everything here is a plain function on plain data. A [`Epc`] is parsed
//! once at the edge by [`parse_identifier`] and is valid ever after; what
//! cannot be parsed is an [`IdError`] with a stable reason code and a place.
//!
//! | module | subject |
//! |---|---|
//! | [`ai`], `dictionary` | the Application Identifiers: parts, rules, associations; their table |
//! | [`linters`] | the rules of single values: check digits, dates, codes |
//! | `epc` | [`Epc`], its kinds and parts |
//! | `parse` | the entrance for every spelling |
//! | `urn` | EPC URIs: pure identity, class, tag, raw and patterns (TDS 2.x §6, §8, §12, §13) |
//! | `tds` | EPC binary, both ways (TDS 2.x §14, §15) |
//! | [`link`] | GS1 Digital Link URIs: read, built, canonical |
//! | `element`, `date` | element strings, bracketed and not, and their associations; expiry dates |
//! | `scan` | what scanners send, by symbology |
//! | `geo` | `geo:` URIs as read points (RFC 5870) |
//! | `partition` | the partition of a key, as Kafka's default partitioner has it |
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ai;
mod check;
mod date;
mod dictionary;
mod element;
mod epc;
mod error;
mod geo;
pub mod link;
pub mod linters;
mod parse;
mod partition;
mod scan;
mod tds;
mod urn;

pub use check::{check_digit, check_pair, parse_gln, parse_gtin};
pub use date::Expiry;
pub use element::{ElementString, parse_element_string};
pub use epc::{Epc, KeyText, UnitKind};
pub use error::{IdError, IdReason};
pub use geo::{Geo, parse_geo};
pub use link::{DigitalLink, LinkOptions};
pub use parse::{parse_identifier, parse_key, place_gln};
pub use partition::{murmur2, partition};
pub use scan::{
    CheckDigit, Message, Scan, ScanData, Symbology, generate_scan, parse_scan, process_scan,
    upc_a_of_upc_e, upc_e_of_upc_a,
};
pub use tds::{Bits, EpcTag, PlusTag, Remainder, TagScheme};
pub use urn::{
    ControlFields, EpcScheme, EpcUri, IdPattern, PrefixLength, PureIdentity, RawUri, TagPattern,
    TagUri,
};
