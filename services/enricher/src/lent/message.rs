//! What stands on `unit-inbox`, as one step sees it.

use super::{InheritedRead, MembershipEnd, RegistryEntry, UnitEvent};
use serde::Deserialize;
use serialtrail_records as records;
use serialtrail_records::{Codec, DecodeError};

/// What may stand on `unit-inbox`; what is rare is owned.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Message<'a> {
    UnitEvent(UnitEvent<'a>),
    InheritedRead(InheritedRead<'a>),
    MembershipEnd(MembershipEnd<'a>),
    RegistryEntry(RegistryEntry<'a>),
    LotStatus(records::LotStatus),
    Mark(records::Mark),
}

impl<'a> Message<'a> {
    pub(crate) fn decode(codec: &'a Codec, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (writer, datum) = codec.writer(bytes)?;
        macro_rules! read {
            ($($kind:ident),+) => {
                $(if writer.is::<records::$kind>() {
                    return writer.read::<records::$kind, _>(datum).map(Self::$kind);
                })+
            };
        }
        read!(
            UnitEvent,
            InheritedRead,
            MembershipEnd,
            RegistryEntry,
            LotStatus,
            Mark
        );
        Err(DecodeError::UnexpectedRecord {
            found: writer.name().to_owned(),
        })
    }

    /// The key it must stand under; `None` for what is addressed to a partition.
    pub(crate) fn key(&self) -> Option<&'a str> {
        match self {
            Self::UnitEvent(m) => Some(m.unit),
            Self::InheritedRead(m) => Some(m.unit),
            Self::MembershipEnd(m) => Some(m.parent),
            Self::RegistryEntry(m) => Some(m.unit),
            Self::LotStatus(_) | Self::Mark(_) => None,
        }
    }
}

/// The reference-data offset a message was stamped with; 0 for one that carries none. Nothing else of
/// it is read, or known to be right.
pub(crate) fn reference_offset(codec: &Codec, bytes: &[u8]) -> Result<i64, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Stamp {
        reference_offset: i64,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Read {
        body: Stamp,
    }
    let (writer, datum) = codec.writer(bytes)?;
    if writer.is::<records::UnitEvent>() {
        return writer
            .read::<records::UnitEvent, Read>(datum)
            .map(|read| read.body.reference_offset);
    }
    if writer.is::<records::InheritedRead>() {
        return writer
            .read::<records::InheritedRead, Read>(datum)
            .map(|read| read.body.reference_offset);
    }
    if writer.is::<records::LotStatus>() {
        return writer
            .read::<records::LotStatus, Stamp>(datum)
            .map(|status| status.reference_offset);
    }
    Ok(0)
}
