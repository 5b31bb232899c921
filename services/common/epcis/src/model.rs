//! An EPCIS event as plain data (EPCIS 2.0 §7.4). Every identifier is kept as
//! it was given and, beside it, as the key of what it names.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serialtrail_gs1::{Epc, Expiry, Geo, parse_geo, place_gln};

/// The kind of event (EPCIS 2.0 §7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// Something happened to objects.
    ObjectEvent,
    /// Objects were put into or taken out of a parent, or seen in it.
    AggregationEvent,
    /// Objects were tied to a business transaction.
    TransactionEvent,
    /// Inputs became outputs.
    TransformationEvent,
    /// Objects were tied to a parent, or to a place, or seen with it.
    AssociationEvent,
}

impl EventType {
    /// All five.
    pub const ALL: [Self; 5] = [
        Self::ObjectEvent,
        Self::AggregationEvent,
        Self::TransactionEvent,
        Self::TransformationEvent,
        Self::AssociationEvent,
    ];

    /// The name as the standard writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ObjectEvent => "ObjectEvent",
            Self::AggregationEvent => "AggregationEvent",
            Self::TransactionEvent => "TransactionEvent",
            Self::TransformationEvent => "TransformationEvent",
            Self::AssociationEvent => "AssociationEvent",
        }
    }
}

/// Relation of the event to the life of its subject (EPCIS 2.0 §7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Begins: commissioned, packed, tied.
    Add,
    /// Seen.
    Observe,
    /// Ends: decommissioned, unpacked, untied.
    Delete,
}

impl Action {
    /// The word as the standard writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Observe => "OBSERVE",
            Self::Delete => "DELETE",
        }
    }
}

/// An identifier in both forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// As the sender wrote it.
    pub given: String,
    /// The key of what it names.
    pub key: Epc,
}

/// A read point or business location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// `id` as the sender wrote it.
    pub given: String,
    /// Its key; for a `geo:` URI the URI itself.
    pub key: Epc,
}

impl Place {
    /// The GLN, where it is an SGLN.
    pub fn gln(&self) -> Option<String> {
        place_gln(&self.key.key())
    }

    /// The point, where it is a `geo:` URI.
    pub fn geo(&self) -> Option<Geo> {
        parse_geo(&self.key.key())
    }
}

/// A class-level quantity (EPCIS 2.0 §7.3.3.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The class: GTIN, lot, or a private URI.
    pub epc_class: Identifier,
    /// Amount; None where the sender gave none.
    pub quantity: Option<f64>,
    /// UN/CEFACT unit of measure; None means counted pieces.
    pub uom: Option<String>,
}

/// A business transaction, source or destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedId {
    /// Type as bare CBV word or custom URI.
    pub kind: Option<String>,
    /// What it names.
    pub id: Identifier,
}

/// Dispositions that hold until unset (EPCIS 2.0 §7.3.5.6), bare words or URIs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersistentDisposition {
    /// Set by this event.
    pub set: Vec<String>,
    /// Ended by this event.
    pub unset: Vec<String>,
}

/// Withdrawal of an event (EPCIS 2.0 §7.4.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDeclaration {
    /// When the error was declared, microseconds.
    pub declaration_time: DateTime<Utc>,
    /// Bare CBV word or custom URI.
    pub reason: Option<String>,
    /// The events that replace the withdrawn one.
    pub corrective_event_ids: Vec<String>,
    /// Extensions as a JSON object.
    pub extensions: Option<String>,
}

/// Who verified a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanKind {
    /// A consumer, with their own device.
    Consumer,
    /// Someone in the trade.
    Professional,
}

impl ScanKind {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Professional => "professional",
        }
    }
}

/// The extensions that make an `inspecting` read a verification scan. Device
/// and session are raw here and must be hashed before they leave the edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationScan {
    /// Who scanned.
    pub kind: ScanKind,
    /// Raw id of the scanning device.
    pub device_id: Option<String>,
    /// Raw id of the scan session.
    pub session_id: Option<String>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `eventID` as given.
    pub event_id: Option<String>,
    /// The CBV 2.0 event hash (§8.9), `ni:///sha-256;…?ver=CBV2.0`: equal for every
    /// spelling of the same event; eventID, recordTime and errorDeclaration do not
    /// take part.
    pub content_hash: String,
    /// The kind of event.
    pub event_type: EventType,
    /// When it happened, microseconds.
    pub event_time: DateTime<Utc>,
    /// The zone it happened in, minutes east of UTC.
    pub event_time_zone_offset_minutes: i32,
    /// `recordTime` as the document has it; our own record time is another.
    pub record_time: Option<DateTime<Utc>>,
    /// ADD, OBSERVE or DELETE; None for a TransformationEvent, which has none.
    pub action: Option<Action>,
    /// Bare CBV word or custom URI.
    pub biz_step: Option<String>,
    /// Bare CBV word or custom URI.
    pub disposition: Option<String>,
    /// Dispositions set and unset.
    pub persistent_disposition: PersistentDisposition,
    /// Where it was read.
    pub read_point: Option<Place>,
    /// Where it is afterwards.
    pub biz_location: Option<Place>,
    /// `epcList`.
    pub epc_list: Vec<Identifier>,
    /// `parentID`.
    pub parent_id: Option<Identifier>,
    /// `childEPCs`.
    pub child_epcs: Vec<Identifier>,
    /// `quantityList`.
    pub quantity_list: Vec<Quantity>,
    /// `childQuantityList`.
    pub child_quantity_list: Vec<Quantity>,
    /// `inputEPCList` of a TransformationEvent.
    pub input_epc_list: Vec<Identifier>,
    /// `outputEPCList` of a TransformationEvent.
    pub output_epc_list: Vec<Identifier>,
    /// `inputQuantityList` of a TransformationEvent.
    pub input_quantity_list: Vec<Quantity>,
    /// `outputQuantityList` of a TransformationEvent.
    pub output_quantity_list: Vec<Quantity>,
    /// `transformationID`: ties TransformationEvents of one transformation.
    pub transformation_id: Option<Identifier>,
    /// `bizTransactionList`.
    pub biz_transactions: Vec<TypedId>,
    /// `sourceList`.
    pub sources: Vec<TypedId>,
    /// `destinationList`.
    pub destinations: Vec<TypedId>,
    /// `sensorElementList` as JSON.
    pub sensor_elements: Option<String>,
    /// `ilmd` as JSON.
    pub ilmd: Option<String>,
    /// Event-level extensions as a JSON object, names as given.
    pub extensions: Option<String>,
    /// `certificationInfo` as JSON.
    pub certification_info: Option<String>,
    /// Set where this event withdraws the one with the same id.
    pub error_declaration: Option<ErrorDeclaration>,
    /// Lot named by ILMD or an extension (local name `lotNumber`).
    pub lot: Option<String>,
    /// Expiry named by ILMD or an extension (local name `itemExpirationDate`).
    pub expiry: Option<Expiry>,
    /// Set where the event is a verification scan.
    pub verification_scan: Option<VerificationScan>,
}

impl Event {
    /// The event's identity: its eventID, else its hash.
    pub fn id(&self) -> &str {
        self.event_id.as_deref().unwrap_or(&self.content_hash)
    }
}
