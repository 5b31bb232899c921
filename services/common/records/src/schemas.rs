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
    crate::MasterData,
    crate::EnrichedObservation,
    crate::Membership,
    crate::Alert,
    crate::RejectedEvent,
    crate::CaptureJob,
    crate::DemandForecast,
    crate::ParkedNotification,
    crate::PartnerEvent,
    crate::state_work::WorkQueue,
    crate::state_work::WorkItem,
    crate::state_work::HeldMarks,
    crate::state_dispatcher::PlanPage,
    crate::state_dispatcher::OriginalPage,
    crate::state_dispatcher::DispatchedEvent,
    crate::state_enricher::ReadPage,
    crate::state_enricher::UnitRead,
    crate::state_enricher::UnitState,
    crate::state_enricher::ChildPage,
    crate::state_detector::DetectorUnit,
    crate::state_detector::DetectorReads,
    crate::state_detector::DetectorLot,
    crate::state_detector::DetectorLotUnits,
    crate::state_detector::DetectorTimerPage,
    crate::state_detector::DetectorPartition,
);
