//! Every schema this build writes, by full name; registered at start.

use crate::codec::AvroRecord;

macro_rules! all {
    ($($t:ty),+ $(,)?) => {
        /// (full name, schema text) of every record.
        pub const ALL: &[(&str, &str)] = &[$((<$t>::NAME, <$t>::SCHEMA)),+];
    };
}

all!(
    crate::EpcisEvent,
    crate::Mark,
    crate::UnitEvent,
    crate::InheritedRead,
    crate::MembershipEnd,
    crate::RegistryEntry,
    crate::LotStatus,
    crate::SerialState,
    crate::Product,
    crate::Location,
    crate::Party,
    crate::Lane,
    crate::EnrichedObservation,
    crate::Membership,
    crate::Alert,
    crate::RejectedEvent,
    crate::CaptureJob,
    crate::PartnerEvent,
);
