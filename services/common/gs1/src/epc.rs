//! The key of a unit: one string for one thing, whatever spelling it came in.
//!
//! | unit | key |
//! |---|---|
//! | SGTIN, UPUI | `01/<gtin14>/21/<serial>`, `01/<gtin14>/235/<tpx>` |
//! | LGTIN, GTIN (classes) | `01/<gtin14>/10/<lot>`, `01/<gtin14>` |
//! | SSCC | `00/<sscc>` |
//! | SGLN, PGLN | `414/<gln>[/254/<ext>]`, `417/<gln>` |
//! | GRAI, GIAI, GDTI, SGCN | `8003/…`, `8004/…`, `253/…`, `255/…` |
//! | GSRN recipient, provider | `8018/…`, `8017/…` |
//! | GSIN, GINC | `402/…`, `401/…` |
//! | CPI, ITIP | `8010/<cpid>/8011/<serial>`, `8006/<gtin,piece,total>/21/<serial>` |
//! | anything without a GS1 key | the identifier itself |
//!
//! The company-prefix split is left out because a Digital Link does not carry
//! it. Values are percent-decoded, case kept, GTINs padded to 14 digits;
//! qualifiers coarser than the instance are dropped (`01/g/22/v/10/l/21/s` is
//! `01/g/21/s`), SGLN extension `0` is none. A service relation instance
//! (8019) is dropped too: the unit is the one in the relation. A CPID may hold
//! slashes: one that ends in `/8011/` and a serial number, without a serial of its
//! own, is the key of the part with that serial.

mod compose;
mod kind;
mod packed;
mod text;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::element::ElementString;
use crate::error::IdError;
use crate::link::percent::RESERVED;
use crate::parse::{parse_identifier, parse_key};
use packed::Packed;

pub(crate) use compose::Composer;
pub use kind::UnitKind;
pub use text::KeyText;
pub(crate) use text::Parts;

/// What GS1 Digital Link URI syntax, table 7-1, has encoded, and what an EPC URN
/// keeps encoded (TDS 2.x table A-1).
const ENCODED_IN_HASH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'!')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'(')
    .add(b')')
    .add(b'*')
    .add(b'+')
    .add(b',')
    .add(b'/')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?');

/// The key of a unit, a class or a place. Valid by construction.
///
/// A value of 40 bytes: GS1 keys are held inline, digits as a number; only an
/// identifier without GS1 key has its text on the heap, shared by its clones.
/// Equality and hash make no text. The order is the order of the key texts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Epc(Repr);

/// A text is [`Repr::Text`] only where it cannot be packed, so a key has one form.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Gs1(Packed),
    Text(Arc<str>),
}

impl Epc {
    /// The key of values already verified against their AIs; `qualifier` looks
    /// up the value of a further AI of the same identifier.
    pub(crate) fn compose<'q>(
        ai: &str,
        value: &str,
        qualifier: impl Fn(&str) -> Option<&'q str>,
    ) -> Self {
        let finer = match ai {
            "01" => ["21", "235", "10"].as_slice(),
            "8006" => &["21", "10"],
            "414" => &["254"],
            "415" => &["8020"],
            "8010" => &["8011"],
            _ => &[],
        };
        let found = finer
            .iter()
            .find_map(|q| qualifier(q).map(|v| (*q, v)))
            .filter(|found| *found != ("254", "0"));
        let parts = Parts {
            ai,
            value,
            qualifier: found,
        };
        match (Packed::new(&parts), found) {
            (Some(_), None) if ai == "8010" && value.contains("/8011/") => {
                Self::from_record(format!("{ai}/{value}"))
            }
            (Some(packed), _) => Self(Repr::Gs1(packed)),
            (None, Some((q, v))) => Self::from_record(format!("{ai}/{value}/{q}/{v}")),
            (None, None) => Self::from_record(format!("{ai}/{value}")),
        }
    }

    /// The key of an identifier that has no GS1 key: itself.
    pub(crate) fn other(identifier: &str) -> Self {
        Self(Repr::Text(identifier.into()))
    }

    /// A key read from a record of ours, which was valid when it was written.
    /// Nothing is checked: never use it on what came from outside.
    pub fn from_record(key: impl AsRef<str>) -> Self {
        let key = key.as_ref();
        let packed = Parts::of(key)
            // Parts that leave nothing out, and only they, are the whole text.
            .filter(|parts| parts.length() == key.len())
            .and_then(|parts| Packed::new(&parts));
        Self(packed.map_or_else(|| Repr::Text(key.into()), Repr::Gs1))
    }

    /// The key as text: the pinned form, which is the key of records and rows.
    pub fn key(&self) -> KeyText<'_> {
        match &self.0 {
            Repr::Gs1(packed) => packed.text().into(),
            Repr::Text(text) => (&**text).into(),
        }
    }

    /// What the key identifies.
    pub fn kind(&self) -> UnitKind {
        match &self.0 {
            Repr::Gs1(packed) => packed.kind(),
            Repr::Text(_) => UnitKind::Other,
        }
    }

    /// Whether the key stands for a class of things, not for one thing.
    pub fn is_class(&self) -> bool {
        match &self.0 {
            Repr::Gs1(packed) => packed.is_class(),
            Repr::Text(text) => {
                text.starts_with("urn:epc:class:") || text.starts_with("urn:epc:idpat:")
            }
        }
    }

    /// The GTIN, 14 digits, of a trade item, its lot or one of its pieces.
    pub fn gtin(&self) -> Option<KeyText<'_>> {
        match &self.0 {
            Repr::Gs1(packed) => packed.gtin(),
            Repr::Text(_) => None,
        }
    }

    /// The serial: AI 21, 235 or 8011, or the serial part of a GRAI, GDTI or GCN.
    pub fn serial(&self) -> Option<KeyText<'_>> {
        match &self.0 {
            Repr::Gs1(packed) => packed.serial(),
            Repr::Text(_) => None,
        }
    }

    /// The batch or lot of a class key.
    pub fn lot(&self) -> Option<KeyText<'_>> {
        match &self.0 {
            Repr::Gs1(packed) => packed.lot(),
            Repr::Text(_) => None,
        }
    }

    /// The GLN, 13 digits, of a place (414) or party (417).
    pub fn gln(&self) -> Option<KeyText<'_>> {
        match &self.0 {
            Repr::Gs1(packed) => packed.gln(),
            Repr::Text(_) => None,
        }
    }

    /// The canonical GS1 Digital Link, `https://id.gs1.org/…`, with every
    /// character but RFC 3986's unreserved percent-encoded; for an identifier
    /// without GS1 key the identifier itself.
    pub fn digital_link(&self) -> String {
        self.link(RESERVED)
    }

    /// The Digital Link as the event hash of CBV 2.0 §8.9 writes it, which encodes
    /// fewer characters (`'` stays). For that hash only.
    pub fn event_hash_link(&self) -> String {
        self.link(ENCODED_IN_HASH)
    }

    /// Appends what [`event_hash_link`](Self::event_hash_link) gives.
    pub fn push_event_hash_link(&self, text: &mut String) {
        self.push_link(text, ENCODED_IN_HASH);
    }

    fn link(&self, encoded: &'static AsciiSet) -> String {
        let mut text = String::with_capacity(64);
        self.push_link(&mut text, encoded);
        text
    }

    fn push_link(&self, text: &mut String, encoded: &'static AsciiSet) {
        match &self.0 {
            Repr::Gs1(packed) => {
                text.push_str("https://id.gs1.org/");
                packed.push_encoded(text, encoded);
            }
            Repr::Text(other) => text.push_str(other),
        }
    }

    /// Primary key and qualifier as an element string; None for an identifier
    /// without GS1 key.
    pub fn element_string(&self) -> Option<ElementString> {
        let key = self.key();
        let parts = self.is_gs1().then(|| Parts::of(&key)).flatten()?;
        let mut elements = ElementString::default();
        elements.push(parts.ai, parts.value).ok()?;
        if let Some((ai, value)) = parts.qualifier {
            elements.push(ai, value).ok()?;
        }
        Some(elements)
    }

    /// Whether the key is a GS1 key, not an identifier that stays itself.
    pub fn is_gs1(&self) -> bool {
        matches!(self.0, Repr::Gs1(_))
    }
}

impl Ord for Epc {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Gs1(one), Repr::Gs1(other)) => one.cmp(other),
            _ => self.key().cmp(&other.key()),
        }
    }
}

impl PartialOrd for Epc {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.key(), f)
    }
}

impl fmt::Debug for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epc({:?})", self.key())
    }
}

impl From<Epc> for String {
    fn from(epc: Epc) -> Self {
        epc.key().into()
    }
}

/// Any identifier [`parse_identifier`] reads.
impl std::str::FromStr for Epc {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        parse_identifier(text)
    }
}

impl Serialize for Epc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.key())
    }
}

/// The key form only, verified.
impl<'de> Deserialize<'de> for Epc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_key(&text).map_err(de::Error::custom)
    }
}
