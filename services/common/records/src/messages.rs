//! What may stand on each topic that carries more than one record.

use crate::codec::{Codec, DecodeError};
use crate::{
    EnrichedObservation, EpcisEvent, InheritedRead, Lane, Location, LotStatus, Mark, MasterData,
    Membership, MembershipEnd, Party, Product, RegistryEntry, UnitEvent,
};

macro_rules! message {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum $name { $($variant($variant)),+ }

        impl $name {
            /// Decodes whichever record of this topic the value holds.
            ///
            /// # Errors
            /// See [`DecodeError`].
            pub fn decode(codec: &Codec, bytes: &[u8]) -> Result<Self, DecodeError> {
                let (writer, datum) = codec.writer(bytes)?;
                $(if writer.is::<$variant>() {
                    return Codec::decode_datum::<$variant>(writer, datum).map(Self::$variant);
                })+
                Err(DecodeError::UnexpectedRecord { found: writer.name().to_owned() })
            }
        }
    };
}

message! {
    /// Topic `epcis-events`.
    EventMessage { EpcisEvent, Mark }
}
message! {
    /// Topic `registry-loads`.
    LoadMessage { RegistryEntry, LotStatus, Mark }
}
message! {
    /// Topic `unit-inbox`.
    UnitMessage { UnitEvent, InheritedRead, MembershipEnd, RegistryEntry, LotStatus, Mark }
}
message! {
    /// Topic `enriched`.
    EnrichedMessage { EnrichedObservation, Membership, LotStatus, Mark }
}
message! {
    /// Topic `reference-data`.
    ReferenceMessage { Product, Location, Party, Lane, MasterData }
}
