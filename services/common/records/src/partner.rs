//! What partners publish by Kafka.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;
use crate::event::{ErrorDeclaration, TypedId};

/// Topics partner.<party>. One event as a partner publishes it by Kafka; the fields mean what EPCIS 2.0 says. Identifiers in any spelling.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartnerEvent {
    /// eventID; null: the event hash is taken.
    pub event_id: Option<String>,
    /// ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent.
    pub event_type: String,
    /// ADD, OBSERVE or DELETE; empty for a TransformationEvent, which has none.
    pub action: String,
    /// When it happened.
    pub event_time: Micros,
    /// For example +02:00.
    pub event_time_zone_offset: String,
    /// CBV word or URI.
    pub biz_step: Option<String>,
    /// CBV word or URI.
    pub disposition: Option<String>,
    /// persistentDisposition.set.
    pub persistent_set: Vec<String>,
    /// persistentDisposition.unset.
    pub persistent_unset: Vec<String>,
    /// SGLN or other URI.
    pub read_point: Option<String>,
    /// SGLN or other URI.
    pub biz_location: Option<String>,
    /// epcList.
    pub epc_list: Vec<String>,
    /// parentID.
    pub parent_id: Option<String>,
    /// childEPCs.
    pub child_epcs: Vec<String>,
    /// quantityList; childQuantityList of an AggregationEvent or AssociationEvent.
    pub quantity_list: Vec<PartnerQuantity>,
    /// bizTransactionList.
    pub biz_transactions: Vec<TypedId>,
    /// sourceList.
    pub sources: Vec<TypedId>,
    /// destinationList.
    pub destinations: Vec<TypedId>,
    /// cbvmda:lotNumber.
    pub lot: Option<String>,
    /// cbvmda:itemExpirationDate, ISO date.
    pub expiry: Option<String>,
    /// Further event-level extensions as a JSON object; prefixes declared in its own @context.
    pub extensions: Option<String>,
    /// Withdraws the event with the same id.
    pub error_declaration: Option<ErrorDeclaration>,
    /// inputEPCList of a TransformationEvent.
    pub input_epc_list: Vec<String>,
    /// outputEPCList of a TransformationEvent.
    pub output_epc_list: Vec<String>,
    /// inputQuantityList of a TransformationEvent.
    pub input_quantity_list: Vec<PartnerQuantity>,
    /// outputQuantityList of a TransformationEvent.
    pub output_quantity_list: Vec<PartnerQuantity>,
    /// transformationID.
    pub transformation_id: Option<String>,
    /// sensorElementList as a JSON array.
    pub sensor_elements: Option<String>,
}

avro_record!(PartnerEvent, "PartnerEvent");

/// A class-level quantity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartnerQuantity {
    /// EPC class identifier.
    pub epc_class: String,
    /// Amount.
    pub quantity: Option<f64>,
    /// UN/CEFACT unit of measure.
    pub uom: Option<String>,
}
