//! Events captured as the gateway records them, and requests to the EPCIS interface.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::common::{Deployment, ORIGIN, routes};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use serde_json::{Value, json};
use serialtrail_epcis::{BodyKind, CapturedEvent, Limits, format_offset, parse_body};
use serialtrail_records::{EpcisEvent, ErrorDeclaration, Quantity, TypedId};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::rows::{EventRow, Origin};
use serialtrail_warehouse::tables;
use tower::ServiceExt;

/// 2026-03-02T00:00:00Z
const DAY: i64 = 1_772_409_600_000_000;
const HOUR: i64 = 3_600_000_000;

/// An event of our own: one unit read in storage.
pub(crate) fn object(id: &str) -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                     {"example": "http://ns.example.com/epcis/"}],
        "type": "ObjectEvent",
        "eventID": id,
        "eventTime": "2026-03-01T09:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "storing",
        "epcList": ["urn:epc:id:sgtin:9521234.054321.A"],
    })
}

/// A capture: the event as recorded, when, by whom and where.
pub(crate) struct Captured {
    pub(crate) record: EpcisEvent,
    offset: i64,
}

impl Captured {
    pub(crate) fn new(event: Value) -> Self {
        let body = event.to_string();
        let read = parse_body(body.as_bytes(), BodyKind::Either, &Limits::default()).unwrap();
        Self::of(read.events.into_iter().next().unwrap())
    }

    pub(crate) fn of(event: CapturedEvent) -> Self {
        Self {
            record: record(event),
            offset: 0,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut EpcisEvent)) -> Self {
        change(&mut self.record);
        self
    }

    /// So many hours after [`DAY`].
    pub(crate) fn at(self, hour: i64) -> Self {
        self.with(|record| record.record_time = DAY + hour * HOUR)
    }

    pub(crate) fn by(self, party: &str) -> Self {
        self.with(|record| record.source_party = party.to_owned())
    }

    pub(crate) fn offset(self, offset: i64) -> Self {
        Self { offset, ..self }
    }
}

/// Stores captures as the sink does.
pub(crate) async fn store(d: &Deployment, captures: &[Captured]) {
    let row = |capture: &Captured| {
        let origin = Origin {
            topic: "epcis-events",
            offset: capture.offset,
            ..ORIGIN
        };
        EventRow::new(capture.record.clone(), &origin)
    };
    let rows: Vec<_> = captures.iter().map(row).collect();
    d.store(tables::EVENTS, &rows).await;
}

/// Twelve reads of one unit, an hour apart; every third is `shipping`.
pub(crate) async fn twelve(d: &Deployment) {
    let events: Vec<_> = (0..12)
        .map(|n| {
            let mut event = object(&format!(
                "urn:uuid:00000000-0000-4000-8000-0000000000{n:02}"
            ));
            event["eventTime"] = json!(format!("2026-03-01T{n:02}:00:00Z"));
            event["bizStep"] = json!(if n % 3 == 0 { "shipping" } else { "storing" });
            event["example:n"] = json!(n);
            Captured::new(event).at(n)
        })
        .collect();
    store(d, &events).await;
}

/// The record the gateway makes of an event.
fn record(captured: CapturedEvent) -> EpcisEvent {
    let xml = captured.original.trim_start().starts_with('<');
    let format = if xml {
        "application/xml"
    } else {
        "application/ld+json"
    };
    let event = captured.outcome.unwrap();
    let quantities = |list: Vec<serialtrail_epcis::Quantity>| {
        let quantity = |q: serialtrail_epcis::Quantity| Quantity {
            key: q.epc_class.key.to_string(),
            epc_class: q.epc_class.given,
            quantity: q.quantity,
            uom: q.uom,
        };
        list.into_iter().map(quantity).collect()
    };
    let typed = |list: Vec<serialtrail_epcis::TypedId>| {
        let typed = |t: serialtrail_epcis::TypedId| TypedId {
            r#type: t.kind,
            id: t.id.given,
        };
        list.into_iter().map(typed).collect()
    };
    let given =
        |list: Vec<serialtrail_epcis::Identifier>| list.into_iter().map(|id| id.given).collect();
    EpcisEvent {
        event_id: event.id().to_owned(),
        content_hash: event.content_hash.clone(),
        event_type: event.event_type.as_str().to_owned(),
        action: event.action.map(|a| a.as_str().to_owned()),
        event_time: event.event_time.timestamp_micros(),
        event_time_zone_offset: format_offset(event.event_time_zone_offset_minutes),
        record_time: DAY,
        biz_step: event.biz_step,
        disposition: event.disposition,
        persistent_set: event.persistent_disposition.set,
        persistent_unset: event.persistent_disposition.unset,
        read_point: event.read_point.map(|p| p.given),
        biz_location: event.biz_location.map(|p| p.given),
        epc_list: given(event.epc_list),
        parent_id: event.parent_id.map(|id| id.given),
        child_epcs: given(event.child_epcs),
        input_epc_list: given(event.input_epc_list),
        output_epc_list: given(event.output_epc_list),
        quantity_list: quantities(event.quantity_list),
        child_quantity_list: quantities(event.child_quantity_list),
        input_quantity_list: quantities(event.input_quantity_list),
        output_quantity_list: quantities(event.output_quantity_list),
        transformation_id: event.transformation_id.map(|id| id.given),
        biz_transactions: typed(event.biz_transactions),
        sources: typed(event.sources),
        destinations: typed(event.destinations),
        sensor_elements: event.sensor_elements,
        ilmd: event.ilmd,
        extensions: event.extensions,
        certification_info: event.certification_info,
        error_declaration: event.error_declaration.map(|declared| ErrorDeclaration {
            declaration_time: declared.declaration_time.timestamp_micros(),
            reason: declared.reason,
            corrective_event_ids: declared.corrective_event_ids,
        }),
        context: captured.context,
        source_party: "9521234000006".to_owned(),
        original_format: format.to_owned(),
        original: captured.original.into_bytes(),
        ..EpcisEvent::default()
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn problem(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }

    /// The events of a query document.
    pub(crate) fn events(&self) -> Vec<Value> {
        let list = &self.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"];
        list.as_array()
            .unwrap_or_else(|| panic!("no events: {}", self.text))
            .clone()
    }

    /// Address of the next page.
    pub(crate) fn next(&self) -> Option<String> {
        let link = self.header("link")?;
        let (address, rel) = link.trim_start_matches('<').split_once('>').unwrap();
        assert_eq!(rel, "; rel=\"next\"");
        Some(address.to_owned())
    }
}

pub(crate) async fn through(
    router: Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub(crate) async fn send(
    d: &Deployment,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    through(d.router(), method, path, headers, body).await
}

pub(crate) async fn ask(d: &Deployment, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(d, "GET", path, headers, "").await
}

/// Routes without a ClickHouse.
pub(crate) fn away() -> Router {
    routes(&ClickHouseSettings {
        url: "http://127.0.0.1:1".into(),
        ..Default::default()
    })
}
