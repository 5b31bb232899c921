//! A lot's recall and stock by place over real tables.
#![allow(clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use common::{Deployment, ORIGIN, encoded};
use serde_json::{Value, json};
use serialtrail_records::{
    EnrichedObservation, Location, LotStatus, Product, ReadBody, SerialState, Site, TypedId,
    UnitFacts,
};
use serialtrail_warehouse::rows::{LocationRow, LotRow, ObservationRow, ProductRow, SerialRow};
use serialtrail_warehouse::tables;
use std::collections::BTreeMap;
use tower::ServiceExt;

const GTIN: &str = "09521234543213";
const PHARMACY: &str = "9521234000013";
const WHOLESALER: &str = "9521234000020";
/// 2026-02-01T00:00:00Z
const FEBRUARY: i64 = 1_769_904_000_000_000;
const HOUR: i64 = 3_600_000_000;

/// A read of a unit of lot L1 at the pharmacy.
fn read(serial: &str, hour: i64, step: &str, disposition: &str) -> EnrichedObservation {
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

fn shipped(serial: &str, hour: i64) -> EnrichedObservation {
    let mut read = read(serial, hour, "shipping", "in_transit");
    read.site.gln = Some(WHOLESALER.into());
    read.site.country = Some("FR".into());
    read.body.destinations = vec![TypedId {
        r#type: Some("location".into()),
        id: "urn:epc:id:sgln:9521234.00001.0".into(),
    }];
    read
}

fn registered(serial: &str, lot: &str, status: &str) -> SerialState {
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

async fn store(d: &Deployment, reads: Vec<EnrichedObservation>, serials: Vec<SerialState>) {
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

async fn reference(d: &Deployment) {
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
fn found(page: &Value) -> BTreeMap<String, String> {
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
async fn raw(d: &Deployment, path: &str, accept: &str) -> (u16, axum::http::HeaderMap, String) {
    let request = Request::get(path).header(header::ACCEPT, accept);
    let request = request.body(Body::empty()).unwrap();
    let response = d.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (parts.status.as_u16(), parts.headers, text)
}

#[tokio::test]
async fn a_unit_is_where_the_reads_that_hold_leave_it() {
    let Some(d) = Deployment::new("whereabouts").await else {
        return;
    };
    reference(&d).await;
    let inherited = |mut read: EnrichedObservation| {
        read.direct = false;
        read.role = "epc".into();
        read.parent = Some("00/095212345678900016".into());
        read
    };
    let returned = |serial: &str, hour| read(serial, hour, "receiving", "returned");
    let undone = |serial: &str, hour| {
        let mut read = read(serial, hour, "inspecting", "active");
        read.body.persistent_set = Vec::new();
        read.body.persistent_unset = vec!["dispensed".into()];
        read
    };
    let scanned = |serial: &str, hour| {
        let mut read = read(serial, hour, "inspecting", "");
        read.body.scan_kind = Some("consumer".into());
        read.site = Site {
            country: Some("TH".into()),
            ..Site::default()
        };
        read
    };
    let withdrawn = |serial: &str, hour, step: &str| EnrichedObservation {
        asserted: false,
        revision: 2,
        ..read(serial, hour, step, "")
    };
    let moved = |serial: &str| EnrichedObservation {
        // The same event at another time, believed later: the sale below never was.
        event_id: format!("{serial}-9"),
        revision: 3,
        ..read(serial, 4, "storing", "")
    };
    let mut printed = read("printed", 1, "inspecting", "");
    printed.facts.lot = None;
    printed.body.lot = Some("L1".into());
    let mut other = read("other", 1, "storing", "");
    other.facts.lot = Some("L2".into());
    other.body.lot = Some("L1".into());
    let reads = vec![
        read("stored", 1, "receiving", "in_progress"),
        shipped("travels", 1),
        inherited(shipped("inside", 1)),
        shipped("arrived", 1),
        read("arrived", 2, "receiving", "in_progress"),
        shipped("voided", 1),
        read("voided", 2, "void_shipping", "in_transit"),
        // What came late does not count as last.
        read("late", 5, "receiving", "in_progress"),
        shipped("late", 3),
        read("sold", 1, "dispensing", "dispensed"),
        scanned("sold", 8),
        read("retail", 1, "retail_selling", "retail_sold"),
        read("part", 1, "dispensing", "partially_dispensed"),
        read("returned", 1, "dispensing", "dispensed"),
        returned("returned", 2),
        read("resold", 1, "dispensing", "dispensed"),
        returned("resold", 2),
        read("resold", 3, "dispensing", "dispensed"),
        read("undone", 1, "dispensing", "dispensed"),
        undone("undone", 2),
        read("destroyed", 1, "destroying", "destroyed"),
        read("taken-out", 1, "decommissioning", "inactive"),
        read("wrong", 1, "receiving", ""),
        read("wrong", 2, "dispensing", "dispensed"),
        withdrawn("wrong", 2, "dispensing"),
        read("never", 1, "receiving", ""),
        withdrawn("never", 1, "receiving"),
        read("moved", 9, "dispensing", "dispensed"),
        moved("moved"),
        scanned("tourist", 1),
        printed,
        other,
    ];
    let serials = vec![
        registered("stored", "L1", "active"),
        registered("never", "L1", "active"),
        registered("unseen", "L1", "active"),
        registered("exported", "L1", "exported"),
        registered("dispensed", "L1", "dispensed"),
        registered("elsewhere", "L2", "active"),
    ];
    store(&d, reads, serials).await;

    let page = d.ok(&format!("/v1/recall?gtin={GTIN}&lot=L1")).await;
    let expected: BTreeMap<String, String> = [
        ("stored", "at_site"),
        ("travels", "in_transit"),
        ("inside", "in_transit"),
        ("arrived", "at_site"),
        ("voided", "at_site"),
        ("late", "at_site"),
        ("sold", "sold"),
        ("retail", "sold"),
        ("part", "at_site"),
        ("returned", "at_site"),
        ("resold", "sold"),
        ("undone", "at_site"),
        ("destroyed", "ended"),
        ("taken-out", "ended"),
        ("wrong", "at_site"),
        ("never", "unseen"),
        ("moved", "at_site"),
        ("tourist", "at_site"),
        ("printed", "at_site"),
        ("unseen", "unseen"),
        ("exported", "ended"),
        ("dispensed", "sold"),
    ]
    .map(|(serial, place)| (serial.to_owned(), place.to_owned()))
    .into();
    assert_eq!(found(&page), expected);

    let of = |serial: &str| {
        let key = format!("01/{GTIN}/21/{serial}");
        let units = page["units"].as_array().unwrap().iter();
        units
            .clone()
            .find(|u| u["unit"] == key.as_str())
            .unwrap()
            .clone()
    };
    assert_eq!(
        of("sold")["country"],
        "DE",
        "not where a consumer scanned it"
    );
    assert_eq!(of("tourist")["country"], "TH", "nobody else ever read it");
    assert_eq!(of("inside")["container"], "00/095212345678900016");
    assert_eq!(of("travels")["container"], Value::Null);
    assert_eq!(of("travels")["to_site"], PHARMACY);
    assert_eq!(of("stored")["site_name"], "Löwen, \"Köln\"");
    assert_eq!(of("unseen")["last_time"], Value::Null);
    assert_eq!(of("arrived")["last_step"], "receiving");
    assert_eq!(of("arrived")["last_time"], "2026-02-01T02:00:00Z");

    let totals = &page["totals"];
    assert_eq!(totals["units"], 22);
    let sums = json!({"at_site": 11, "in_transit": 2, "sold": 4, "ended": 3, "unseen": 2});
    assert_eq!(totals["by_whereabouts"], sums);
    let germany = json!({"country": "DE", "units": 15, "at_site": 10, "in_transit": 0, "sold": 3, "ended": 2});
    assert_eq!(totals["by_country"][0], germany);
    assert_eq!(totals["sites"][0]["units"], 10);
    assert_eq!(totals["sites"][0]["latitude"], 52.5);
    assert_eq!(
        (
            &totals["sites"][1]["site"],
            &totals["sites"][1]["in_transit_to"]
        ),
        (&json!(PHARMACY), &json!(true)),
        "where the two on the way will be"
    );
    assert_eq!(page["product"]["name"], "Examplin");
    assert_eq!(page["as_of"], "2026-02-01T09:00:00Z");

    let unit = d.ok(&format!("/v1/where?id=01/{GTIN}/21/inside")).await;
    assert_eq!(unit["whereabouts"], "in_transit");
    assert_eq!(unit["site_name"], "Gros");
    assert_eq!(unit["lot"], "L1");
    let stock = d.ok(&format!("/v1/where?gtin={GTIN}")).await;
    let rows: Vec<_> = stock["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!([
                row["lot"],
                row["site_kind"],
                row["whereabouts"],
                row["units"]
            ])
        })
        .collect();
    assert_eq!(
        rows,
        [
            json!(["L1", "pharmacy", "at_site", 10]),
            json!(["L1", "wholesaler", "in_transit", 2]),
            json!(["L1", null, "at_site", 1]),
            json!(["L2", "pharmacy", "at_site", 1]),
        ]
    );
    for (query, rows) in [
        ("lot=L2", 1),
        ("kind=wholesaler", 1),
        ("kind=wholesaler,pharmacy", 3),
        ("country=FR", 1),
        (&format!("site={PHARMACY}&lot=L1"), 1),
    ] {
        let stock = d.ok(&format!("/v1/where?gtin={GTIN}&{query}")).await;
        assert_eq!(stock["rows"].as_array().unwrap().len(), rows, "{query}");
    }
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = d
            .ok(&format!("/v1/where?gtin={GTIN}&limit=1{cursor}"))
            .await;
        pages.extend(page["rows"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(pages), stock["rows"]);
    d.drop().await;
}

#[tokio::test]
async fn pages_and_streams_hold_every_unit_of_the_lot_once() {
    let Some(d) = Deployment::new("recall_pages").await else {
        return;
    };
    reference(&d).await;
    let reads = (0..1_200)
        .map(|n| match n % 3 {
            0 => shipped(&format!("s{n:05}"), 1),
            _ => read(&format!("s{n:05}"), 1, "receiving", ""),
        })
        .collect();
    let serials = (0..1_500)
        .map(|n| {
            registered(
                &format!("s{n:05}"),
                if n % 5 == 4 { "L9" } else { "L1" },
                "active",
            )
        })
        .collect();
    store(&d, reads, serials).await;
    // Units of the other lot are read as such.
    d.client()
        .query(
            "INSERT INTO observations SELECT * REPLACE ('L9' AS lot, 5 AS revision) FROM observations \
             WHERE toUInt32OrZero(substring(unit, 23)) % 5 = 4",
        )
        .with_setting("async_insert", "0")
        .execute()
        .await
        .unwrap();

    for (filter, expected) in [
        ("", 1_200),
        ("&whereabouts=in_transit", 320),
        ("&country=DE&whereabouts=at_site,sold", 640),
    ] {
        let base = format!("/v1/recall?gtin={GTIN}&lot=L1{filter}");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = d.ok(&format!("{base}&limit=499{cursor}")).await;
            assert_eq!(page["totals"]["units"], 1_200, "of the whole lot");
            let here = page["units"].as_array().unwrap().clone();
            let rest = d.lines(&format!("{base}{cursor}")).await;
            assert_eq!(rest[..here.len()], here, "a stream goes on from a page too");
            seen.extend(here);
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let mut keys: Vec<_> = seen.iter().map(|unit| unit["unit"].to_string()).collect();
        keys.dedup();
        assert_eq!(keys.len(), expected, "{filter}");

        let lines = d.lines(&base).await;
        assert_eq!(
            lines, seen,
            "{filter}: the same units in the same order and shape"
        );

        let (status, headers, text) = raw(&d, &base, "text/csv").await;
        assert_eq!(
            (status, &headers[header::CONTENT_TYPE]),
            (200, &"text/csv;charset=utf-8".parse().unwrap())
        );
        assert_eq!(
            headers[header::CONTENT_DISPOSITION],
            format!("attachment; filename=\"recall-{GTIN}-L1.csv\"")
        );
        assert_eq!(text.matches("\r\n").count(), expected + 1, "and a header");
        assert!(text.contains("\"Löwen, \"\"Köln\"\"\"") != filter.contains("in_transit"));
    }
    let (status, _, text) = raw(&d, &format!("/v1/recall?gtin={GTIN}&lot=L1"), "image/png").await;
    assert!(status == 406 && text.contains("text/csv"), "{text}");
    d.drop().await;
}

#[tokio::test]
async fn what_is_not_known_or_not_valid_is_said_clearly() {
    let Some(d) = Deployment::new("recall_bad").await else {
        return;
    };
    store(&d, vec![read("A", 1, "storing", "")], vec![]).await;
    let lot = |status: &str, authorised, by: &str| LotStatus {
        gtin: GTIN.into(),
        lot: "L7".into(),
        source: by.into(),
        asserted: true,
        status: status.into(),
        authorised,
        source_party: by.into(),
        ..LotStatus::default()
    };
    let rows = [
        lot("active", true, "maker"),
        lot("withdrawn", true, "maker2"),
        lot("recalled", false, "stranger"),
    ]
    .map(|lot| LotRow::new(lot, &ORIGIN));
    d.store(tables::LOTS, &rows).await;

    let page = d.ok(&format!("/v1/recall?gtin={GTIN}&lot=L7")).await;
    assert_eq!(page["totals"]["units"], 0, "a lot nobody has units of");
    assert_eq!(
        page["status"]["status"], "withdrawn",
        "a stranger's word counts less"
    );
    assert_eq!(page["status"]["by"], "maker2");

    for (path, status, reason, says) in [
        (
            "/v1/recall?gtin=09521234543213&lot=L8",
            404,
            "unknown_lot",
            "the product 09521234543213 is known",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=l1",
            404,
            "unknown_lot",
            "letter by letter",
        ),
        (
            "/v1/recall?gtin=73513537&lot=L1",
            404,
            "unknown_lot",
            "product 00000073513537",
        ),
        (
            "/v1/recall?gtin=09521234543210&lot=L1",
            400,
            "bad_check_digit",
            "should be 3",
        ),
        ("/v1/recall?gtin=abc&lot=L1", 400, "malformed", "abc"),
        ("/v1/recall?lot=L1", 400, "bad_parameter", "gtin="),
        (
            "/v1/recall?gtin=09521234543213",
            400,
            "bad_parameter",
            "lot=",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&limit=0",
            400,
            "bad_parameter",
            "1 to 1000",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&limit=1000000000",
            400,
            "bad_parameter",
            "1 to 1000",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&cursor=x",
            400,
            "bad_parameter",
            "next",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&whereabouts=lost",
            400,
            "bad_parameter",
            "in_transit",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&country=Germany",
            400,
            "bad_parameter",
            "two letters",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&format=xml",
            400,
            "bad_parameter",
            "ndjson",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&color=red",
            400,
            "bad_parameter",
            "color",
        ),
        ("/v1/where", 400, "bad_parameter", "id="),
        (
            "/v1/where?gtin=73513537",
            404,
            "unknown_product",
            "00000073513537",
        ),
        (
            "/v1/where?gtin=09521234543213&lot=L8",
            404,
            "unknown_lot",
            "L8",
        ),
        (
            "/v1/where?gtin=09521234543213&kind=castle",
            400,
            "bad_parameter",
            "pharmacy",
        ),
        (
            "/v1/where?gtin=09521234543213&limit=0",
            400,
            "bad_parameter",
            "1 to 1000",
        ),
        (
            "/v1/where?id=00/095212345678900016",
            404,
            "unknown_unit",
            "well-formed",
        ),
        ("/v1/where?id=12345", 400, "malformed", "12345"),
        (
            "/v1/where?id=00/095212345678900016&lot=L1",
            400,
            "bad_parameter",
            "lot",
        ),
    ] {
        let (found, problem) = d.get(path).await;
        assert_eq!(
            (found, &problem["reason"]),
            (status, &json!(reason)),
            "{path}: {problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{path}: {detail}");
    }
    // Nothing in a lot's text is part of a statement.
    let (status, problem) = d
        .get(&format!(
            "/v1/recall?gtin={GTIN}&lot={}",
            encoded("L1' OR 1=1 --\u{1f}\0")
        ))
        .await;
    assert_eq!((status, &problem["reason"]), (404, &json!("unknown_lot")));
    d.drop().await;
}
