//! Table `events`.

use super::{Origin, text, typed};
use crate::native::{Nullables, Texts, Times};
use crate::table_row;
use clickhouse::Row;
use serde::Serialize;
use serialtrail_gs1::parse_identifier;
use serialtrail_records::{EpcisEvent, Micros, Quantity};
use std::collections::BTreeSet;

table_row! {
    /// A row of `events`.
    #[derive(Debug, Clone, PartialEq, Row, Serialize)]
    #[allow(missing_docs)]
    pub struct EventRow {
        pub event_id: String,
        pub content_hash: String,
        pub declaration: bool,
        pub event_type: String,
        pub action: String,
        pub event_time: Micros as Times,
        pub zone_offset: String,
        pub record_time: Micros as Times,
        pub captured_at: Micros as Times,
        pub biz_step: String,
        pub disposition: String,
        pub persistent_set: Vec<String>,
        pub persistent_unset: Vec<String>,
        pub read_point: String,
        pub biz_location: String,
        pub epcs: Vec<String>,
        pub parent: String,
        pub children: Vec<String>,
        pub quantities: Vec<(String, Option<f64>, String)>,
        pub child_quantities: Vec<(String, Option<f64>, String)>,
        pub inputs: Vec<String>,
        pub outputs: Vec<String>,
        pub input_quantities: Vec<(String, Option<f64>, String)>,
        pub output_quantities: Vec<(String, Option<f64>, String)>,
        pub transformation_id: String,
        pub biz_transactions: Vec<(String, String)>,
        pub sources: Vec<(String, String)>,
        pub destinations: Vec<(String, String)>,
        pub sensor_elements: String,
        pub ilmd: String,
        pub extensions: String,
        pub context: String,
        pub certification_info: String,
        pub declaration_time: Option<Micros> as Nullables<Times>,
        pub declaration_reason: String,
        pub corrective_event_ids: Vec<String>,
        pub lot: String,
        pub expiry: String,
        pub scan_kind: String,
        pub device: String,
        pub session: String,
        pub capture_id: String,
        pub document_id: String,
        pub sbdh: String,
        pub original_format: String,
        #[serde(with = "serde_bytes")]
        pub original: Vec<u8> as Texts,
        pub source_party: String,
        pub visible_to: Vec<String>,
        pub epc_keys: Vec<String>,
        pub class_keys: Vec<String>,
        pub read_point_key: String,
        pub biz_location_key: String,
        pub precedence: u64,
        pub kafka_topic: &'static str,
        pub kafka_partition: i32,
        pub kafka_offset: i64,
        pub kafka_index: u32,
    }
}

/// Falls as the record time rises, so that ReplacingMergeTree keeps the earliest capture.
fn precedence(record_time: Micros) -> u64 {
    i64::MAX.abs_diff(record_time)
}

fn quantities(list: Vec<Quantity>) -> Vec<(String, Option<f64>, String)> {
    list.into_iter()
        .map(|q| (q.key, q.quantity, text(q.uom)))
        .collect()
}

/// The key of an identifier the gateway has verified; the identifier itself should it not be one here.
fn key(given: &str) -> String {
    parse_identifier(given).map_or_else(|_| given.to_owned(), |key| key.to_string())
}

fn each_once(keys: impl Iterator<Item = String>) -> Vec<String> {
    keys.collect::<BTreeSet<_>>().into_iter().collect()
}

fn epc_keys(event: &EpcisEvent) -> Vec<String> {
    let given = [
        &event.epc_list,
        &event.child_epcs,
        &event.input_epc_list,
        &event.output_epc_list,
    ];
    each_once(
        given
            .into_iter()
            .flatten()
            .chain(&event.parent_id)
            .map(|given| key(given)),
    )
}

fn class_keys(event: &EpcisEvent) -> Vec<String> {
    let lists = [
        &event.quantity_list,
        &event.child_quantity_list,
        &event.input_quantity_list,
        &event.output_quantity_list,
    ];
    each_once(lists.into_iter().flatten().map(|q| q.key.clone()))
}

impl EventRow {
    /// The row of a record.
    #[must_use]
    pub fn new(event: EpcisEvent, origin: &Origin) -> Self {
        let (epc_keys, class_keys) = (epc_keys(&event), class_keys(&event));
        let declaration = event.error_declaration;
        Self {
            event_id: event.event_id,
            content_hash: event.content_hash,
            declaration: declaration.is_some(),
            event_type: event.event_type,
            action: text(event.action),
            event_time: event.event_time,
            zone_offset: event.event_time_zone_offset,
            record_time: event.record_time,
            captured_at: event.captured_at,
            biz_step: text(event.biz_step),
            disposition: text(event.disposition),
            persistent_set: event.persistent_set,
            persistent_unset: event.persistent_unset,
            read_point_key: event.read_point.as_deref().map_or_else(String::new, key),
            read_point: text(event.read_point),
            biz_location_key: event.biz_location.as_deref().map_or_else(String::new, key),
            biz_location: text(event.biz_location),
            epcs: event.epc_list,
            parent: text(event.parent_id),
            children: event.child_epcs,
            quantities: quantities(event.quantity_list),
            child_quantities: quantities(event.child_quantity_list),
            inputs: event.input_epc_list,
            outputs: event.output_epc_list,
            input_quantities: quantities(event.input_quantity_list),
            output_quantities: quantities(event.output_quantity_list),
            transformation_id: text(event.transformation_id),
            biz_transactions: typed(event.biz_transactions),
            sources: typed(event.sources),
            destinations: typed(event.destinations),
            sensor_elements: text(event.sensor_elements),
            ilmd: text(event.ilmd),
            extensions: text(event.extensions),
            context: text(event.context),
            certification_info: text(event.certification_info),
            declaration_time: declaration.as_ref().map(|d| d.declaration_time),
            declaration_reason: text(declaration.as_ref().and_then(|d| d.reason.clone())),
            corrective_event_ids: declaration.map_or_else(Vec::new, |d| d.corrective_event_ids),
            lot: text(event.lot),
            expiry: text(event.expiry),
            scan_kind: text(event.scan_kind),
            device: text(event.device),
            session: text(event.session),
            capture_id: event.capture_id,
            document_id: text(event.document_id),
            sbdh: text(event.sbdh),
            original_format: event.original_format,
            original: event.original,
            source_party: event.source_party,
            visible_to: event.visible_to,
            epc_keys,
            class_keys,
            precedence: precedence(event.record_time),
            kafka_topic: origin.topic,
            kafka_partition: origin.partition,
            kafka_offset: origin.offset,
            kafka_index: origin.index,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_by_the_keys_of_all_its_units_in_any_spelling() {
        let event = EpcisEvent {
            epc_list: vec![
                "urn:epc:id:sgtin:9521234.054321.A".into(),
                "https://id.gs1.org/01/09521234543213/21/A".into(),
            ],
            parent_id: Some("urn:epc:id:sscc:9521234.0567890001".into()),
            input_epc_list: vec!["https://example.com/01/09521234543213/21/B".into()],
            quantity_list: vec![Quantity {
                key: "01/09521234543213".into(),
                ..Quantity::default()
            }],
            read_point: Some("urn:epc:id:sgln:9521234.00001.0".into()),
            ..EpcisEvent::default()
        };
        let origin = Origin {
            topic: "epcis-events",
            partition: 0,
            offset: 0,
            index: 0,
        };
        let row = EventRow::new(event, &origin);
        let mut keys = row.epc_keys.clone();
        keys.retain(|key| !key.starts_with("00/"));
        assert_eq!(keys, ["01/09521234543213/21/A", "01/09521234543213/21/B"]);
        assert_eq!(row.epc_keys.len(), 3);
        assert_eq!(row.class_keys, ["01/09521234543213"]);
        assert_eq!(row.read_point_key, "414/9521234000013");
        assert_eq!(row.biz_location_key, "");
    }

    #[test]
    fn the_earlier_capture_has_precedence_also_before_1970() {
        assert!(precedence(1) > precedence(2));
        assert!(precedence(-1) > precedence(0));
        assert!(precedence(i64::MIN) > precedence(i64::MAX));
    }
}
