//! A validated event as the record that goes to `epcis-events`.

use serialtrail_epcis::{Event, EventError, Format, check_times, format_offset};
use serialtrail_records::{EpcisEvent, ErrorDeclaration, Micros, Quantity, TypedId};
use std::io::Write;

use crate::device::DeviceHash;
use crate::known::Identity;

/// What an event gets from its capture, not from its publisher's text.
#[derive(Debug, Clone)]
pub struct Stamp<'a> {
    /// Capture job, or `topic/partition/offset`.
    pub capture_id: &'a str,
    /// Authenticated publisher.
    pub source_party: &'a str,
    /// Decides limits and stream time.
    pub record_time: Micros,
    /// Wall clock of the gateway.
    pub captured_at: Micros,
    /// Reference-data offset (exclusive) seen.
    pub reference_offset: i64,
    /// Id of the document.
    pub document_id: Option<&'a str>,
    /// Document header as JSON.
    pub sbdh: Option<&'a str>,
    /// Media type of the original.
    pub format: &'a str,
    /// What device and session ids are hashed with.
    pub device_hash: &'a DeviceHash,
}

impl Stamp<'_> {
    /// The record of a validated event, once its time fits its record time. `original` already went
    /// through [`DeviceHash::redact`].
    ///
    /// # Errors
    /// The event's time is before 1990 or more than 24 h after its record time.
    pub fn record(
        &self,
        event: Event,
        index: usize,
        context: Option<String>,
        original: Vec<u8>,
    ) -> Result<EpcisEvent, EventError> {
        let recorded = chrono::DateTime::from_timestamp_micros(self.record_time)
            .unwrap_or(chrono::DateTime::UNIX_EPOCH);
        check_times(&event, recorded).map_err(|error| EventError { index, ..error })?;
        let redact = |text: String| {
            // JSON text with some strings replaced by ASCII is still UTF-8.
            let redacted = self.device_hash.redact(text.as_bytes(), Format::JsonLd);
            String::from_utf8_lossy(&redacted).into_owned()
        };
        let scan = event.verification_scan;
        let hashed =
            |name: &str, raw: Option<&String>| raw.map(|raw| self.device_hash.hash(name, raw));
        Ok(EpcisEvent {
            event_id: event.event_id.unwrap_or_else(|| event.content_hash.clone()),
            content_hash: event.content_hash,
            event_type: event.event_type.as_str().into(),
            action: event.action.map(|action| action.as_str().into()),
            event_time: event.event_time.timestamp_micros(),
            event_time_zone_offset: format_offset(event.event_time_zone_offset_minutes),
            record_time: self.record_time,
            captured_at: self.captured_at,
            biz_step: event.biz_step,
            disposition: event.disposition,
            persistent_set: event.persistent_disposition.set,
            persistent_unset: event.persistent_disposition.unset,
            read_point: event.read_point.map(|place| place.given),
            biz_location: event.biz_location.map(|place| place.given),
            epc_list: givens(event.epc_list),
            parent_id: event.parent_id.map(|id| id.given),
            child_epcs: givens(event.child_epcs),
            quantity_list: quantities(event.quantity_list),
            child_quantity_list: quantities(event.child_quantity_list),
            input_epc_list: givens(event.input_epc_list),
            output_epc_list: givens(event.output_epc_list),
            input_quantity_list: quantities(event.input_quantity_list),
            output_quantity_list: quantities(event.output_quantity_list),
            transformation_id: event.transformation_id.map(|id| id.given),
            biz_transactions: typed_ids(event.biz_transactions),
            sources: typed_ids(event.sources),
            destinations: typed_ids(event.destinations),
            sensor_elements: event.sensor_elements.map(redact),
            ilmd: event.ilmd.map(redact),
            extensions: event.extensions.map(redact),
            context,
            certification_info: event.certification_info.map(redact),
            error_declaration: event.error_declaration.map(|declared| ErrorDeclaration {
                declaration_time: declared.declaration_time.timestamp_micros(),
                reason: declared.reason,
                corrective_event_ids: declared.corrective_event_ids,
            }),
            lot: event.lot,
            expiry: event.expiry.map(|expiry| expiry.to_string()),
            scan_kind: scan.as_ref().map(|scan| scan.kind.as_str().into()),
            device: hashed(
                "deviceId",
                scan.as_ref().and_then(|scan| scan.device_id.as_ref()),
            ),
            session: hashed(
                "sessionId",
                scan.as_ref().and_then(|scan| scan.session_id.as_ref()),
            ),
            capture_id: self.capture_id.into(),
            document_id: self.document_id.map(str::to_owned),
            sbdh: self.sbdh.map(|text| redact(text.to_owned())),
            source_party: self.source_party.into(),
            visible_to: Vec::new(),
            original_format: self.format.into(),
            original,
            reference_offset: self.reference_offset,
        })
    }
}

/// The record with its original bytes compressed, and its format marked with the suffix `+gzip`
/// (RFC 8460 §6.4): an event of 100,000 EPCs holds them twice and would fit no record otherwise.
///
/// # Errors
/// Compression failed.
pub fn compressed(record: EpcisEvent) -> std::io::Result<EpcisEvent> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&record.original)?;
    Ok(EpcisEvent {
        original: encoder.finish()?,
        original_format: format!("{}+gzip", record.original_format),
        ..record
    })
}

/// What conflicts are judged by.
#[must_use]
pub fn identity(event: &EpcisEvent) -> Identity {
    Identity {
        event_id: event.event_id.clone(),
        content_hash: event.content_hash.clone(),
        record_time: event.record_time,
        declaration: event.error_declaration.is_some(),
    }
}

/// The eventID of an event that was refused, as far as its text tells.
#[must_use]
pub fn event_id_of(original: &str, format: Format) -> Option<String> {
    match format {
        Format::JsonLd => {
            let value: serde_json::Value = serde_json::from_str(original).ok()?;
            value.get("eventID")?.as_str().map(str::to_owned)
        }
        Format::Xml => {
            let (_, rest) = original.split_once("<eventID>")?;
            let (id, _) = rest.split_once("</eventID>")?;
            Some(id.trim().to_owned())
        }
    }
}

fn givens(list: Vec<serialtrail_epcis::Identifier>) -> Vec<String> {
    list.into_iter().map(|id| id.given).collect()
}

fn quantities(list: Vec<serialtrail_epcis::Quantity>) -> Vec<Quantity> {
    list.into_iter()
        .map(|quantity| Quantity {
            key: quantity.epc_class.key.into(),
            epc_class: quantity.epc_class.given,
            quantity: quantity.quantity,
            uom: quantity.uom,
        })
        .collect()
}

fn typed_ids(list: Vec<serialtrail_epcis::TypedId>) -> Vec<TypedId> {
    list.into_iter()
        .map(|typed| TypedId {
            r#type: typed.kind,
            id: typed.id.given,
        })
        .collect()
}
