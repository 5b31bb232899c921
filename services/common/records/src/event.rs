//! Captured events and marks: what stands on `epcis-events`.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// A class-level quantity (EPCIS 2.0 §7.3.3.3 QuantityElement).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quantity {
    /// EPC class identifier as given by the publisher.
    pub epc_class: String,
    /// Key of the class: `01/<gtin14>/10/<lot>`, `01/<gtin14>` or the identifier itself.
    pub key: String,
    /// Amount; null when the document gives none.
    pub quantity: Option<f64>,
    /// UN/CEFACT unit of measure; null means counted pieces.
    pub uom: Option<String>,
}

/// A business transaction, source or destination: an identifier with its type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedId {
    /// Type, bare CBV word or custom URI; null when the document gives none.
    pub r#type: Option<String>,
    /// Identifier as given by the publisher.
    pub id: String,
}

/// Withdrawal of an earlier event (EPCIS 2.0 §7.4.1.2 errorDeclaration).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorDeclaration {
    /// When the error was declared.
    pub declaration_time: Micros,
    /// Reason, bare CBV word or custom URI.
    pub reason: Option<String>,
    /// Ids of the events that replace the withdrawn one.
    pub corrective_event_ids: Vec<String>,
}

/// Topic epcis-events, key event_id. One captured EPCIS event, complete, with who published it and its original bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EpcisEvent {
    /// eventID of the document, or the CBV 2.0 event hash (ni:///sha-256;...) where it gives none.
    pub event_id: String,
    /// CBV 2.0 event hash of the content: equal for any spelling or encoding of the same event.
    pub content_hash: String,
    /// ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent.
    pub event_type: String,
    /// ADD, OBSERVE or DELETE; null for event types without an action.
    pub action: Option<String>,
    /// When it happened.
    pub event_time: Micros,
    /// Original zone offset, for example +02:00.
    pub event_time_zone_offset: String,
    /// When the gateway captured it; in replay clock, the time the import gave. Decides limits and stream time.
    pub record_time: Micros,
    /// Wall clock of the gateway at capture; only for measuring latency, no rule uses it.
    pub captured_at: Micros,
    /// Bare CBV word or custom URI.
    pub biz_step: Option<String>,
    /// Bare CBV word or custom URI.
    pub disposition: Option<String>,
    /// persistentDisposition.set, bare CBV words or URIs.
    pub persistent_set: Vec<String>,
    /// persistentDisposition.unset.
    pub persistent_unset: Vec<String>,
    /// readPoint.id as given.
    pub read_point: Option<String>,
    /// bizLocation.id as given.
    pub biz_location: Option<String>,
    /// epcList as given.
    pub epc_list: Vec<String>,
    /// parentID as given.
    pub parent_id: Option<String>,
    /// childEPCs as given.
    pub child_epcs: Vec<String>,
    /// quantityList.
    pub quantity_list: Vec<Quantity>,
    /// childQuantityList.
    pub child_quantity_list: Vec<Quantity>,
    /// inputEPCList of a TransformationEvent.
    pub input_epc_list: Vec<String>,
    /// outputEPCList of a TransformationEvent.
    pub output_epc_list: Vec<String>,
    /// inputQuantityList of a TransformationEvent.
    pub input_quantity_list: Vec<Quantity>,
    /// outputQuantityList of a TransformationEvent.
    pub output_quantity_list: Vec<Quantity>,
    /// transformationID.
    pub transformation_id: Option<String>,
    /// bizTransactionList.
    pub biz_transactions: Vec<TypedId>,
    /// sourceList.
    pub sources: Vec<TypedId>,
    /// destinationList.
    pub destinations: Vec<TypedId>,
    /// sensorElementList as JSON text.
    pub sensor_elements: Option<String>,
    /// ILMD as JSON text.
    pub ilmd: Option<String>,
    /// Event-level extensions as JSON text, names as given.
    pub extensions: Option<String>,
    /// @context of the document as JSON text: what the extension prefixes mean.
    pub context: Option<String>,
    /// certificationInfo as JSON text.
    pub certification_info: Option<String>,
    /// Set when this record withdraws the event with the same id.
    pub error_declaration: Option<ErrorDeclaration>,
    /// Lot named by ILMD or extension (cbvmda:lotNumber).
    pub lot: Option<String>,
    /// Expiry named by ILMD or extension (cbvmda:itemExpirationDate), ISO date.
    pub expiry: Option<String>,
    /// consumer or professional for a verification scan, else null.
    pub scan_kind: Option<String>,
    /// Keyed hash of the scanning device's id.
    pub device: Option<String>,
    /// Keyed hash of the scan session's id.
    pub session: Option<String>,
    /// Capture job, or partner topic coordinates, this event came by.
    pub capture_id: String,
    /// Id of the source document.
    pub document_id: Option<String>,
    /// Standard Business Document Header as JSON text.
    pub sbdh: Option<String>,
    /// GLN (or name) of the authenticated publisher; not the document's claim.
    pub source_party: String,
    /// Parties that may see it; empty means its publisher only.
    pub visible_to: Vec<String>,
    /// Media type of original.
    pub original_format: String,
    /// The event's original bytes.
    #[serde(with = "serde_bytes")]
    pub original: Vec<u8>,
    /// Reference-data offset (exclusive) the gateway had seen: stages wait until their copy has it.
    pub reference_offset: i64,
}

avro_record!(EpcisEvent, "EpcisEvent");

/// A point in time in a partition: no record before it in this partition has an earlier bound to wait for. Topics epcis-events, registry-loads, unit-inbox, enriched; no key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Where the mark was first written: `<topic>/<partition>`.
    pub source: String,
    /// How many distinct sources a reader must have heard before stream time is defined.
    pub sources: i32,
    /// Stream time bound.
    pub time: Micros,
}

avro_record!(Mark, "Mark");
