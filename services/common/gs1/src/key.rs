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
//! (8019) is dropped too: the unit is the one in the relation.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::IdError;
use crate::parse::{parse_identifier, parse_key};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

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
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epc(Box<str>);

/// What a key identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitKind {
    /// A serialised trade item.
    Sgtin,
    /// A unique pack identifier of the EU tobacco directive (GTIN and TPX).
    Upui,
    /// A batch or lot of a trade item: a class.
    Lgtin,
    /// A trade item: a class.
    Gtin,
    /// A logistic unit: case, pallet, container.
    Sscc,
    /// A returnable asset; without serial a class.
    Grai,
    /// An individual asset.
    Giai,
    /// A document; without serial a class.
    Gdti,
    /// A coupon; without serial a class.
    Sgcn,
    /// A service relation, recipient.
    Gsrn,
    /// A service relation, provider.
    Gsrnp,
    /// A physical location.
    Sgln,
    /// A party.
    Pgln,
    /// A shipment.
    Gsin,
    /// A consignment.
    Ginc,
    /// A component or part; without serial a class.
    Cpi,
    /// A piece of a trade item; without serial a class.
    Itip,
    /// Any other identifier: GID, ADI, BIC, `urn:uuid`, private URI.
    Other,
}

impl UnitKind {
    /// The lower-case name used in records, metrics and API answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Upui => "upui",
            Self::Lgtin => "lgtin",
            Self::Gtin => "gtin",
            Self::Sscc => "sscc",
            Self::Grai => "grai",
            Self::Giai => "giai",
            Self::Gdti => "gdti",
            Self::Sgcn => "sgcn",
            Self::Gsrn => "gsrn",
            Self::Gsrnp => "gsrnp",
            Self::Sgln => "sgln",
            Self::Pgln => "pgln",
            Self::Gsin => "gsin",
            Self::Ginc => "ginc",
            Self::Cpi => "cpi",
            Self::Itip => "itip",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key taken apart: primary key, its value, and the qualifier that makes it finer.
struct Parts<'a> {
    ai: &'a str,
    value: &'a str,
    qualifier: Option<(&'a str, &'a str)>,
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
        Self(
            match found {
                Some((q, v)) => format!("{ai}/{value}/{q}/{v}"),
                None => format!("{ai}/{value}"),
            }
            .into(),
        )
    }

    /// The key of an identifier that has no GS1 key: itself.
    pub(crate) fn other(identifier: &str) -> Self {
        Self(identifier.into())
    }

    /// A key read from a record of ours, which was valid when it was written.
    /// Nothing is checked: never use it on what came from outside.
    pub fn from_record(key: impl Into<Box<str>>) -> Self {
        Self(key.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parts(&self) -> Option<Parts<'_>> {
        let (ai, rest) = self.0.split_once('/')?;
        let value_length = match ai {
            "01" => 14,
            "414" | "415" => 13,
            "8006" => 18,
            "8010" => {
                let at = rest.rfind("/8011/").filter(|at| {
                    let serial = &rest[at + 6..];
                    !serial.is_empty() && serial.bytes().all(|b| b.is_ascii_digit())
                });
                at.unwrap_or(rest.len())
            }
            "00" | "253" | "255" | "401" | "402" | "417" | "8003" | "8004" | "8013" | "8017"
            | "8018" => rest.len(),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(value_length)?;
        let qualifier = rest.strip_prefix('/').and_then(|q| q.split_once('/'));
        Some(Parts {
            ai,
            value,
            qualifier,
        })
    }

    /// What the key identifies.
    pub fn kind(&self) -> UnitKind {
        let Some(parts) = self.parts() else {
            return UnitKind::Other;
        };
        match (parts.ai, parts.qualifier.map(|(ai, _)| ai)) {
            ("01", Some("21")) => UnitKind::Sgtin,
            ("01", Some("235")) => UnitKind::Upui,
            ("01", Some("10")) => UnitKind::Lgtin,
            ("01", None) => UnitKind::Gtin,
            ("00", _) => UnitKind::Sscc,
            ("253", _) => UnitKind::Gdti,
            ("255", _) => UnitKind::Sgcn,
            ("401", _) => UnitKind::Ginc,
            ("402", _) => UnitKind::Gsin,
            ("414", _) => UnitKind::Sgln,
            ("417", _) => UnitKind::Pgln,
            ("8003", _) => UnitKind::Grai,
            ("8004", _) => UnitKind::Giai,
            ("8006", _) => UnitKind::Itip,
            ("8010", _) => UnitKind::Cpi,
            ("8017", _) => UnitKind::Gsrnp,
            ("8018", _) => UnitKind::Gsrn,
            _ => UnitKind::Other,
        }
    }

    /// Whether the key stands for a class of things, not for one thing.
    pub fn is_class(&self) -> bool {
        match self.kind() {
            UnitKind::Gtin | UnitKind::Lgtin => true,
            UnitKind::Grai | UnitKind::Gdti | UnitKind::Sgcn | UnitKind::Cpi | UnitKind::Itip => {
                self.serial().is_none()
            }
            UnitKind::Other => {
                self.0.starts_with("urn:epc:class:")
                    || self.0.starts_with("urn:epc:idpat:")
                    || self.0.starts_with("8013/")
            }
            _ => false,
        }
    }

    /// The GTIN, 14 digits, of a trade item, its lot or one of its pieces.
    pub fn gtin(&self) -> Option<&str> {
        let parts = self.parts()?;
        match parts.ai {
            "01" | "8006" => parts.value.get(..14),
            _ => None,
        }
    }

    /// The serial: AI 21, 235 or 8011, or the serial part of a GRAI, GDTI or GCN.
    pub fn serial(&self) -> Option<&str> {
        let parts = self.parts()?;
        let within = match parts.ai {
            "8003" => parts.value.get(14..),
            "253" | "255" => parts.value.get(13..),
            _ => parts
                .qualifier
                .and_then(|(ai, value)| matches!(ai, "21" | "235" | "8011").then_some(value)),
        };
        within.filter(|serial| !serial.is_empty())
    }

    /// The batch or lot of a class key.
    pub fn lot(&self) -> Option<&str> {
        self.parts()?
            .qualifier
            .and_then(|(ai, value)| (ai == "10").then_some(value))
    }

    /// The GLN, 13 digits, of a place (414) or party (417).
    pub fn gln(&self) -> Option<&str> {
        let parts = self.parts()?;
        matches!(parts.ai, "414" | "417").then_some(parts.value)
    }

    /// The canonical GS1 Digital Link, `https://id.gs1.org/…`, with every
    /// character but RFC 3986's unreserved percent-encoded; for an identifier
    /// without GS1 key the identifier itself.
    pub fn digital_link(&self) -> String {
        self.link(ENCODED)
    }

    /// The Digital Link as the event hash of CBV 2.0 §8.9 writes it, which encodes
    /// fewer characters (`'` stays). For that hash only.
    pub fn event_hash_link(&self) -> String {
        self.link(ENCODED_IN_HASH)
    }

    fn link(&self, encoded: &'static AsciiSet) -> String {
        let Some(parts) = self.parts() else {
            return self.0.to_string();
        };
        let value = utf8_percent_encode(parts.value, encoded);
        match parts.qualifier {
            None => format!("https://id.gs1.org/{}/{value}", parts.ai),
            Some((ai, qualifier)) => format!(
                "https://id.gs1.org/{}/{value}/{ai}/{}",
                parts.ai,
                utf8_percent_encode(qualifier, encoded)
            ),
        }
    }

    /// Whether the key is a GS1 key, not an identifier that stays itself.
    pub fn is_gs1(&self) -> bool {
        self.parts().is_some()
    }
}

impl fmt::Display for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epc({:?})", self.0)
    }
}

impl AsRef<str> for Epc {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Epc {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<Epc> for String {
    fn from(key: Epc) -> Self {
        key.0.into()
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
        serializer.serialize_str(&self.0)
    }
}

/// The key form only, verified.
impl<'de> Deserialize<'de> for Epc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_key(&text).map_err(de::Error::custom)
    }
}
