//! EPC binary both ways (GS1 EPC Tag Data Standard 2.x §14, §15): the bits of a
//! tag's EPC memory bank from 20h on, in the coding schemes of TDS 1.x (as tag
//! URIs name them) and of TDS 2.x (`SGTIN+`, `SGTIN++` and their kin).
//!
//! | road | by |
//! |---|---|
//! | bits → tag | [`EpcTag::decode`], [`EpcTag::from_hex`] |
//! | tag → bits | [`EpcTag::to_binary`], [`EpcTag::to_hex`] |
//! | tag → key | [`EpcTag::epc`] |
//! | tag → pure identity | [`EpcTag::pure_identity`] |
//! | tag → element string, Digital Link | [`EpcTag::element_string`], [`EpcTag::digital_link`] |
//! | key → tag | [`EpcTag::of`] |

mod alphanumeric;
mod bits;
pub(crate) mod classic;
mod data;
mod hostname;
mod plus;
mod scheme;

pub(crate) use bits::BitReader;
pub use bits::Bits;
pub use plus::{PlusTag, Remainder};
pub use scheme::TagScheme;

use crate::element::ElementString;
use crate::epc::Epc;
use crate::error::{IdError, IdReason};
use crate::link::DigitalLink;
use crate::urn::{ControlFields, PrefixLength, PureIdentity, TagUri};

/// The most bits a tag's EPC can have: 31 words of 16, which is what the length
/// in its PC bits can say (TDS 2.x §9.3).
pub(crate) const MAX_BITS: usize = 496;

/// What a tag holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EpcTag {
    /// A coding scheme of TDS 1.x, with the company prefix apart.
    Classic(TagUri),
    /// A coding scheme of TDS 2.x.
    Plus(PlusTag),
}

impl EpcTag {
    /// Reads the bytes of a tag's EPC, from bit 20h on; zeros may fill them up.
    ///
    /// # Errors
    /// `unknown_header`; `bad_encoding` for bits that break their coding scheme or
    /// are not zero behind it; `bad_length` for too few or too many; and the
    /// reasons of the identifier itself.
    pub fn decode(bytes: &[u8]) -> Result<Self, IdError> {
        if bytes.len() > MAX_BITS / 8 {
            return Err(IdError::length(format!(
                "{} bytes, a tag's EPC has at most {}",
                bytes.len(),
                MAX_BITS / 8
            )));
        }
        Self::read(BitReader::of(bytes, 8 * bytes.len()))
    }

    /// Reads hexadecimal digits, in either case.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `bad_character` for other characters.
    pub fn from_hex(hex: &str) -> Result<Self, IdError> {
        if hex.len() > MAX_BITS / 4 {
            return Err(IdError::length(format!(
                "{} hexadecimal digits, a tag's EPC has at most {}",
                hex.len(),
                MAX_BITS / 4
            )));
        }
        let mut bytes = [0; MAX_BITS / 8];
        bits::read_hex(hex, &mut bytes)?;
        Self::read(BitReader::of(&bytes, 4 * hex.len()))
    }

    fn read(mut reader: BitReader<'_>) -> Result<Self, IdError> {
        let start = reader.clone();
        let hex = || start.clone().rest().to_hex();
        let named = |e: IdError, scheme: TagScheme| {
            IdError::new(e.reason, format!("{scheme} {}: {}", hex(), e.message))
        };
        let header = reader.read(8)? as u8;
        let scheme = TagScheme::of_header(header).ok_or_else(|| {
            let note = match header {
                0x00 => ", the tag is not programmed",
                0xe2 => ", the first byte of a tag's own number (TID)",
                _ => "",
            };
            IdError::new(
                IdReason::UnknownHeader,
                format!("{}: {header:02X} is no EPC header{note}", hex()),
            )
        })?;
        let decoded = if scheme.is_plus() {
            PlusTag::decode(scheme, &mut reader).map(Self::Plus)
        } else {
            classic::decode(scheme, &mut reader).map(|(filter, identity)| {
                Self::Classic(TagUri::of_decoded(
                    scheme,
                    filter,
                    identity,
                    ControlFields::default(),
                ))
            })
        };
        match decoded {
            Err(e) => Err(named(e, scheme)),
            Ok(_) if !reader.rest_is_zero() => Err(named(
                IdError::new(
                    IdReason::BadEncoding,
                    format!("{} bits behind the EPC are not zero", reader.remaining()),
                ),
                scheme,
            )),
            tag => tag,
        }
    }

    /// A tag of a unit. DSGTIN and `++` schemes need more: see [`PlusTag`].
    ///
    /// # Errors
    /// `prefix_length_unknown` for a scheme of TDS 1.x without `prefix`, else as
    /// [`TagUri::new`] and [`PlusTag::new`].
    pub fn of(
        scheme: TagScheme,
        filter: u8,
        epc: &Epc,
        prefix: Option<PrefixLength>,
    ) -> Result<Self, IdError> {
        if scheme.is_plus() {
            return PlusTag::new(scheme, filter, epc).map(Self::Plus);
        }
        let identity = PureIdentity::of(epc, prefix)?;
        TagUri::new(scheme, filter, identity, ControlFields::default()).map(Self::Classic)
    }

    /// The coding scheme.
    pub fn scheme(&self) -> TagScheme {
        match self {
            Self::Classic(tag) => tag.scheme(),
            Self::Plus(tag) => tag.scheme(),
        }
    }

    /// The filter value (TDS 2.x §10).
    pub fn filter(&self) -> u8 {
        match self {
            Self::Classic(tag) => tag.filter(),
            Self::Plus(tag) => tag.filter(),
        }
    }

    /// The key of the unit.
    pub fn epc(&self) -> Epc {
        match self {
            Self::Classic(tag) => tag.identity().epc(),
            Self::Plus(tag) => tag.epc(),
        }
    }

    /// The pure identity. A tag of TDS 1.x knows it; one of TDS 2.x needs the
    /// length of the company prefix.
    ///
    /// # Errors
    /// `prefix_length_unknown` for a tag of TDS 2.x without `prefix`.
    pub fn pure_identity(&self, prefix: Option<PrefixLength>) -> Result<PureIdentity, IdError> {
        match self {
            Self::Classic(tag) => Ok(tag.identity().clone()),
            Self::Plus(tag) => PureIdentity::of(&tag.epc(), prefix),
        }
    }

    /// All AIs and values on the tag; None for schemes without GS1 key.
    pub fn element_string(&self) -> Option<ElementString> {
        match self {
            Self::Classic(tag) => tag.identity().element_string(),
            Self::Plus(tag) => tag.element_string().ok(),
        }
    }

    /// The Digital Link of the unit, on the tag's own host where it has one, with
    /// all AIs behind the EPC as qualifiers and attributes.
    ///
    /// # Errors
    /// `malformed` for schemes without GS1 key; as [`DigitalLink::build`] where an
    /// AI behind the EPC may not stand in a link.
    pub fn digital_link(&self) -> Result<DigitalLink, IdError> {
        let elements = self.element_string().ok_or_else(|| {
            IdError::malformed(format!("{}: {} has no GS1 key", self.scheme(), self.epc()))
        })?;
        let host = match self {
            Self::Classic(_) => None,
            Self::Plus(tag) => tag.hostname(),
        };
        let stem = host.map(|host| format!("https://{host}"));
        DigitalLink::build(stem.as_deref(), &elements)
    }

    /// The bytes to write from bit 20h on, filled with zeros to 16-bit words.
    ///
    /// # Errors
    /// `does_not_fit` if a date or hostname is missing, or the bits are more than a
    /// tag's length field can say.
    pub fn to_binary(&self) -> Result<Vec<u8>, IdError> {
        let mut bits = match self {
            Self::Classic(tag) => classic::encode(tag.scheme(), tag.filter(), tag.identity())?,
            Self::Plus(tag) => tag.encode()?,
        };
        if bits.len() > MAX_BITS {
            return Err(IdError::new(
                IdReason::DoesNotFit,
                format!(
                    "{}: {} bits, a tag's EPC has at most {MAX_BITS}",
                    self.scheme(),
                    bits.len()
                ),
            ));
        }
        bits.pad_to_words();
        Ok(bits.into_bytes())
    }

    /// [`to_binary`](Self::to_binary) in upper-case hexadecimal digits.
    ///
    /// # Errors
    /// As [`to_binary`](Self::to_binary).
    pub fn to_hex(&self) -> Result<String, IdError> {
        Ok(Bits::from(self.to_binary()?.as_slice()).to_hex())
    }
}

impl From<TagUri> for EpcTag {
    fn from(tag: TagUri) -> Self {
        Self::Classic(tag)
    }
}

impl From<PlusTag> for EpcTag {
    fn from(tag: PlusTag) -> Self {
        Self::Plus(tag)
    }
}
