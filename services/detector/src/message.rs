//! What stands on `enriched`.

use serialtrail_gs1::{Epc, UnitKind};
use serialtrail_records::{
    Codec, DecodeError, EnrichedMessage, EnrichedObservation, LotStatus, Mark,
};

use crate::seen::Seen;

/// One record, an observation lent by its bytes.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Message<'s> {
    Seen(Seen<'s>),
    Lot(LotStatus),
    Mark(Mark),
    /// What no rule looks at.
    Other,
}

impl<'s> Message<'s> {
    /// Reads a record's value.
    ///
    /// # Errors
    /// It is none of the records that stand on `enriched`, or the registry does not answer.
    pub(crate) fn decode(codec: &'s Codec, value: &'s [u8]) -> Result<Self, DecodeError> {
        let (writer, datum) = codec.writer(value)?;
        if writer.is::<EnrichedObservation>() {
            let seen = writer.read::<EnrichedObservation, _>(datum)?;
            return Ok(Self::Seen(seen));
        }
        Ok(match EnrichedMessage::decode(codec, value)? {
            EnrichedMessage::LotStatus(said) => Self::Lot(said),
            EnrichedMessage::Mark(mark) => Self::Mark(mark),
            EnrichedMessage::Membership(_) | EnrichedMessage::EnrichedObservation(_) => Self::Other,
        })
    }
}

/// Classes, places and parties have no identity of their own and raise nothing.
pub(crate) fn has_identity(seen: &Seen<'_>) -> bool {
    let key = Epc::from_record(seen.unit);
    let place = matches!(key.kind(), UnitKind::Sgln | UnitKind::Pgln) || seen.role == "place";
    !(place || key.is_class() || seen.kind == "class" || seen.role == "class")
}
