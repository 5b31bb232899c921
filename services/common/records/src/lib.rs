//! The records of `schemas/avro` as Rust structs, and their codec.
//!
//! One struct a record, field for field; the Avro file is the contract and carries the same docs. Values
//! travel in Confluent wire format (`0`, schema id as 4 bytes big-endian, Avro datum). A reader decodes
//! with the schema the writer used; a field the writer did not know yet takes its default.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alert;
pub mod avro;
pub mod codec;
pub mod enriched;
pub mod event;
pub mod forecast;
pub mod job;
pub mod messages;
pub mod notification;
pub mod own;
pub mod partner;
pub mod reference;
pub mod registry;
pub mod rejected;
pub mod schemas;
pub mod stable_id;
pub mod state_detector;
pub mod state_dispatcher;
pub mod state_enricher;
pub mod state_work;
pub mod unit;
pub mod writers;

pub use alert::Alert;
pub use codec::{AvroRecord, Codec, DecodeError};
pub use enriched::{EnrichedObservation, Membership, Site, UnitFacts};
pub use event::{EpcisEvent, ErrorDeclaration, Mark, Quantity, TypedId};
pub use forecast::{DemandForecast, ForecastBacktest, ForecastPoint};
pub use job::{CaptureJob, JobError};
pub use messages::{EnrichedMessage, EventMessage, LoadMessage, ReferenceMessage, UnitMessage};
pub use notification::ParkedNotification;
pub use partner::{PartnerEvent, PartnerQuantity};
pub use reference::{Lane, Location, MasterAttribute, MasterData, Party, Product};
pub use registry::{LotStatus, RegistryEntry, SerialState};
pub use rejected::{RecordPlace, RejectedEvent};
pub use stable_id::stable_id;
pub use unit::{InheritedRead, MembershipEnd, ReadBody, UnitEvent};

/// Microseconds since the Unix epoch, UTC (Avro `timestamp-micros`).
pub type Micros = i64;
