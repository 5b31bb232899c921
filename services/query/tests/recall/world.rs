//! The small world these tests ask about: one product, a pharmacy and a wholesaler.

use crate::common::{Deployment, ORIGIN};
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::Value;
use serialtrail_records::{
    EnrichedObservation, Location, Product, ReadBody, SerialState, Site, TypedId, UnitFacts,
};
use serialtrail_warehouse::rows::{LocationRow, ObservationRow, ProductRow, SerialRow};
use serialtrail_warehouse::tables;
use std::collections::BTreeMap;
use tower::ServiceExt;

pub(crate) const GTIN: &str = "09521234543213";
pub(crate) const PHARMACY: &str = "9521234000013";
pub(crate) const WHOLESALER: &str = "9521234000020";
/// 2026-02-01T00:00:00Z
pub(crate) const FEBRUARY: i64 = 1_769_904_000_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000;

/// A read of a unit of lot L1 at the pharmacy.
pub(crate) fn read(serial: &str, hour: i64, step: &str, disposition: &str) -> EnrichedObservation {
    EnrichedObservation {
        unit: format!("01/{GTIN}/21/{serial}"),
        kind: "sgtin".into(),
        event_id: format!("{serial}-{hour}"),
        revision: 1,
        asserted: true,
        direct: true,
        role: "epc".into(),
        facts: UnitFacts {
            gtin: Some(GTIN.into()),
            lot: Some("L1".into()),
            ..UnitFacts::default()
        },
        site: Site {
            gln: Some(PHARMACY.into()),
            country: Some("DE".into()),
            party: Some("9521234000006".into()),
            ..Site::default()
        },
        body: ReadBody {
            event_time: FEBRUARY + hour * HOUR,
            record_time: FEBRUARY + hour * HOUR,
            biz_step: Some(step.into()),
            disposition: Some(disposition.into()),
            ..ReadBody::default()
        },
        ..EnrichedObservation::default()
    }
}

pub(crate) fn shipped(serial: &str, hour: i64) -> EnrichedObservation {
    let mut read = read(serial, hour, "shipping", "in_transit");
    read.site.gln = Some(WHOLESALER.into());
    read.site.country = Some("FR".into());
    read.body.destinations = vec![TypedId {
        r#type: Some("location".into()),
        id: "urn:epc:id:sgln:9521234.00001.0".into(),
    }];
    read
}

pub(crate) fn registered(serial: &str, lot: &str, status: &str) -> SerialState {
    SerialState {
        unit: format!("01/{GTIN}/21/{serial}"),
        gtin: Some(GTIN.into()),
        serial: Some(serial.into()),
        lot: Some(lot.into()),
        status: Some(status.into()),
        known: true,
        ..SerialState::default()
    }
}

pub(crate) async fn store(
    d: &Deployment,
    reads: Vec<EnrichedObservation>,
    serials: Vec<SerialState>,
) {
    let rows: Vec<_> = reads
        .into_iter()
        .map(|read| ObservationRow::new(read, &ORIGIN))
        .collect();
    d.store(tables::OBSERVATIONS, &rows).await;
    let rows: Vec<_> = serials
        .into_iter()
        .map(|serial| SerialRow::new(serial, &ORIGIN))
        .collect();
    d.store(tables::SERIALS, &rows).await;
}

pub(crate) async fn reference(d: &Deployment) {
    let place = |gln: &str, name: &str, kind: &str, country: &str| Location {
        gln: gln.into(),
        name: name.into(),
        kind: kind.into(),
        country: country.into(),
        latitude: Some(52.5),
        longitude: Some(13.4),
        ..Location::default()
    };
    let rows = [
        place(PHARMACY, "Löwen, \"Köln\"", "pharmacy", "DE"),
        place(WHOLESALER, "Gros", "wholesaler", "FR"),
    ]
    .map(|place| LocationRow::new(place, &ORIGIN));
    d.store(tables::LOCATIONS, &rows).await;
    let product = Product {
        gtin: GTIN.into(),
        name: "Examplin".into(),
        ..Product::default()
    };
    d.store(tables::PRODUCTS, &[ProductRow::new(product, &ORIGIN)])
        .await;
}

/// Serial to whereabouts of every unit of a page.
pub(crate) fn found(page: &Value) -> BTreeMap<String, String> {
    let units = page["units"].as_array().unwrap().iter();
    units
        .map(|unit| {
            let key = unit["unit"].as_str().unwrap();
            let serial = key.rsplit('/').next().unwrap();
            (
                serial.to_owned(),
                unit["whereabouts"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

/// (status, headers, text) of a GET with an `Accept`.
pub(crate) async fn raw(
    d: &Deployment,
    path: &str,
    accept: &str,
) -> (u16, axum::http::HeaderMap, String) {
    let request = Request::get(path).header(header::ACCEPT, accept);
    let request = request.body(Body::empty()).unwrap();
    let response = d.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (parts.status.as_u16(), parts.headers, text)
}
