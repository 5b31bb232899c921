//! One unit's trace over real tables.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Deployment, ORIGIN, encoded};
use serde_json::{Value, json};
use serialtrail_records::{
    Alert, EnrichedObservation, LotStatus, Membership, Party, Product, ReadBody, SerialState, Site,
    TypedId,
};
use serialtrail_warehouse::rows::{
    AlertRow, ContainmentRow, LotRow, ObservationRow, PartyRow, ProductRow, SerialRow,
};
use serialtrail_warehouse::tables;

const PACK: &str = "01/09521234543213/21/A'b\"c%2F+1";
const CASE: &str = "00/095212345678900016";
const PALLET: &str = "00/095212345678900023";
/// 2026-02-01T00:00:00Z
const FEBRUARY: i64 = 1_769_904_000_000_000;
const HOUR: i64 = 3_600_000_000;

/// A read of the pack at an hour of the first of February.
struct Read {
    event: &'static str,
    hour: i64,
    step: &'static str,
    party: &'static str,
    /// Containers, outermost first; none for a direct read.
    path: &'static [&'static str],
    revision: i64,
    asserted: bool,
}

const READ: Read = Read {
    event: "",
    hour: 0,
    step: "",
    party: "",
    path: &[],
    revision: 1,
    asserted: true,
};

fn row(unit: &str, read: &Read) -> ObservationRow {
    let body = ReadBody {
        event_type: "ObjectEvent".into(),
        event_time: FEBRUARY + read.hour * HOUR,
        record_time: FEBRUARY + read.hour * HOUR + 1_500_000,
        zone_offset_minutes: 60,
        biz_step: Some(read.step.into()),
        capture_id: "capture-1".into(),
        destinations: vec![TypedId {
            r#type: Some("location".into()),
            id: "x:y".into(),
        }],
        ..ReadBody::default()
    };
    let site = Site {
        gln: Some("9521234000013".into()),
        name: Some("Somewhere".into()),
        kind: Some("pharmacy".into()),
        country: Some("DE".into()),
        latitude: Some(52.5),
        party: Some(read.party.into()).filter(|party: &String| !party.is_empty()),
        ..Site::default()
    };
    let read = EnrichedObservation {
        unit: unit.into(),
        kind: "sgtin".into(),
        event_id: read.event.into(),
        revision: read.revision,
        asserted: read.asserted,
        direct: read.path.is_empty(),
        role: "epc".into(),
        parent: read.path.last().map(|parent| (*parent).to_owned()),
        path: read.path.iter().map(|key| (*key).to_owned()).collect(),
        body,
        site,
        ..EnrichedObservation::default()
    };
    ObservationRow::new(read, &ORIGIN)
}

fn membership(child: &str, parent: &str, from: i64, to: Option<i64>) -> ContainmentRow {
    let membership = Membership {
        child: child.into(),
        parent: parent.into(),
        from_event: format!("pack-{from}"),
        from: FEBRUARY + from * HOUR,
        to: to.map(|to| FEBRUARY + to * HOUR),
        to_event: to.map(|_| "unpack".into()),
        end_cause: to.map(|_| "unpacked".into()),
        revision: 1,
        asserted: true,
        ..Membership::default()
    };
    ContainmentRow::new(membership, &ORIGIN)
}

async fn trace(d: &Deployment, id: &str) -> Value {
    d.ok(&format!("/v1/trace?id={}", encoded(id))).await
}

fn steps(trace: &Value) -> Vec<&str> {
    let reads = trace["journey"].as_array().unwrap().iter();
    reads
        .map(|read| read["biz_step"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_journey_is_what_holds_in_order_of_event_time_in_every_spelling() {
    let Some(d) = Deployment::new("journey").await else {
        return;
    };
    let reads = [
        // Arrived last, happened first.
        Read {
            event: "e1",
            hour: 1,
            step: "commissioning",
            party: "9521234000006",
            ..READ
        },
        Read {
            event: "e3",
            hour: 5,
            step: "shipping",
            party: "9521234000006",
            path: &[PALLET, CASE],
            ..READ
        },
        Read {
            event: "e2",
            hour: 2,
            step: "packing",
            party: "9521234000006",
            ..READ
        },
        Read {
            event: "e4",
            hour: 9,
            step: "receiving",
            party: "9521234000105",
            ..READ
        },
        // Withdrawn.
        Read {
            event: "e5",
            hour: 3,
            step: "inspecting",
            ..READ
        },
        // Replaced by a version with another time.
        Read {
            event: "e6",
            hour: 4,
            step: "storing",
            ..READ
        },
    ];
    let rows: Vec<_> = reads.iter().map(|read| row(PACK, read)).collect();
    d.store(tables::OBSERVATIONS, &rows).await;
    let later = [
        Read {
            event: "e5",
            hour: 3,
            step: "inspecting",
            revision: 2,
            asserted: false,
            ..READ
        },
        Read {
            event: "e6",
            hour: 8,
            step: "holding",
            revision: 3,
            ..READ
        },
    ];
    let rows: Vec<_> = later.iter().map(|read| row(PACK, read)).collect();
    d.store(tables::OBSERVATIONS, &rows).await;
    d.store(
        tables::OBSERVATIONS,
        &[row("01/09521234543213/21/other", &reads[0])],
    )
    .await;
    let party = Party {
        gln: "9521234000006".into(),
        name: "Maker".into(),
        ..Party::default()
    };
    d.store(tables::PARTIES, &[PartyRow::new(party, &ORIGIN)])
        .await;

    let by_key = trace(&d, PACK).await;
    assert_eq!(
        steps(&by_key),
        [
            "commissioning",
            "packing",
            "shipping",
            "holding",
            "receiving"
        ]
    );
    let epc = "https://id.gs1.org/01/09521234543213/21/A%27b%22c%252F%2B1";
    assert_eq!(by_key["epc"], epc);
    assert_eq!(by_key["unit"], PACK);
    assert_eq!(trace(&d, epc).await, by_key);
    let path = format!("/v1/trace/{}", encoded(PACK));
    assert_eq!(d.ok(&path).await, by_key, "percent-encoded in the path");

    let shipping = &by_key["journey"][2];
    assert_eq!(shipping["inherited"], true);
    let link = |key: &str| format!("https://id.gs1.org/{key}");
    assert_eq!(shipping["path"], json!([link(PALLET), link(CASE)]));
    assert_eq!(shipping["parent"], link(CASE));
    assert_eq!(shipping["event_time"], "2026-02-01T05:00:00Z");
    assert_eq!(shipping["record_time"], "2026-02-01T05:00:01.500Z");
    assert_eq!(shipping["zone_offset"], "+01:00");
    assert_eq!(shipping["site"]["country"], "DE");
    assert_eq!(shipping["capture_id"], "capture-1");
    assert_eq!(
        shipping["destinations"],
        json!([{"type": "location", "id": "x:y"}])
    );
    assert_eq!(by_key["journey"][0]["inherited"], false);

    let custody = by_key["custody"].as_array().unwrap();
    assert_eq!(custody.len(), 2, "{custody:?}");
    assert_eq!(custody[0]["name"], "Maker");
    assert_eq!(custody[0]["to"], custody[1]["from"]);
    assert_eq!(custody[1]["to"], Value::Null);

    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = d.ok(&format!("{path}?limit=2{next}")).await;
        paged.extend(page["journey"].as_array().unwrap().clone());
        assert!(page["journey"].as_array().unwrap().len() <= 2);
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(Value::Array(paged), by_key["journey"]);
    d.drop().await;
}

#[tokio::test]
async fn a_trace_says_what_the_unit_was_in_and_what_is_in_a_container() {
    let Some(d) = Deployment::new("containment").await else {
        return;
    };
    let rows = [
        membership(PACK, CASE, 1, Some(4)),
        membership(PACK, CASE, 6, None),
        membership("01/09521234543213/21/n", CASE, 1, Some(2)),
        membership(CASE, PALLET, 2, None),
    ];
    d.store(tables::CONTAINMENT, &rows).await;
    d.store(tables::CONTENTS, &rows).await;
    let withdrawn = ContainmentRow {
        revision: 2,
        state: "retracted",
        ..membership(PACK, PALLET, 9, None)
    };
    d.store(tables::CONTAINMENT, std::slice::from_ref(&withdrawn))
        .await;
    d.store(tables::CONTENTS, &[withdrawn]).await;

    let pack = trace(&d, PACK).await;
    let containment = &pack["containment"];
    assert_eq!(
        containment["now"]["parent"],
        format!("https://id.gs1.org/{CASE}")
    );
    assert_eq!(
        containment["now"]["outer"],
        json!([format!("https://id.gs1.org/{PALLET}")])
    );
    assert_eq!(containment["now"]["from"], "2026-02-01T06:00:00Z");
    assert_eq!(containment["then"].as_array().unwrap().len(), 1);
    assert_eq!(containment["then"][0]["to"], "2026-02-01T04:00:00Z");
    assert_eq!(containment["then"][0]["end_cause"], "unpacked");
    assert_eq!(pack["contents"], Value::Null);

    let case = trace(&d, CASE).await;
    assert_eq!(case["contents"]["count"], 2);
    assert_eq!(case["contents"]["inside"], 1);
    assert_eq!(case["contents"]["units"].as_array().unwrap().len(), 3);
    assert_eq!(case["kind"], "sscc");
    d.drop().await;
}

#[tokio::test]
async fn registered_unknown_and_malformed_units_are_told_apart() {
    let Some(d) = Deployment::new("known").await else {
        return;
    };
    let serial = |unit: &str, known| SerialState {
        unit: unit.into(),
        kind: "sgtin".into(),
        gtin: Some("09521234543213".into()),
        lot: Some("L1".into()),
        known,
        known_by: Some("registry".into()),
        ..SerialState::default()
    };
    let seen = "01/09521234543213/21/seen";
    d.store(
        tables::SERIALS,
        &[
            SerialRow::new(serial(PACK, true), &ORIGIN),
            SerialRow::new(serial(seen, false), &ORIGIN),
        ],
    )
    .await;
    let product = |name: &str, valid_from| Product {
        gtin: "09521234543213".into(),
        name: name.into(),
        valid_from,
        ..Product::default()
    };
    d.store(
        tables::PRODUCTS,
        &[
            ProductRow::new(product("First", None), &ORIGIN),
            ProductRow::new(product("Now", Some(FEBRUARY)), &ORIGIN),
            ProductRow::new(product("Later", Some(4_000_000_000_000_000)), &ORIGIN),
        ],
    )
    .await;
    let recall = LotStatus {
        gtin: "09521234543213".into(),
        lot: "L1".into(),
        source: "e9".into(),
        status: "recalled".into(),
        asserted: true,
        ..LotStatus::default()
    };
    d.store(tables::LOTS, &[LotRow::new(recall, &ORIGIN)]).await;
    let alert = |state: &str, id: &str| Alert {
        alert_id: id.into(),
        rule: "STATUS_VIOLATION".into(),
        subject: PACK.into(),
        state: state.into(),
        evidence: r#"{"lot":"L1"}"#.into(),
        ..Alert::default()
    };
    d.store(
        tables::ALERTS,
        &[
            AlertRow::new(alert("asserted", "a1"), &ORIGIN),
            AlertRow::new(alert("retracted", "a2"), &ORIGIN),
        ],
    )
    .await;

    let registered = trace(&d, PACK).await;
    assert_eq!(registered["journey"], json!([]));
    assert_eq!(registered["registry"]["lot"], "L1");
    assert_eq!(registered["product"]["name"], "Now");
    assert_eq!(registered["lot_statements"][0]["status"], "recalled");
    let statuses: Vec<_> = registered["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["status"])
        .collect();
    assert_eq!(statuses, ["retracted", "open"], "newest first, ties by id");
    assert_eq!(
        trace(&d, seen).await["registry"],
        Value::Null,
        "heard of is not registered"
    );

    let (status, problem) = d.get("/v1/trace?id=(01)09521234543213(21)nobody").await;
    assert_eq!(
        (status, problem["reason"].as_str()),
        (404, Some("unknown_unit"))
    );
    let taken_back = Read {
        event: "e",
        revision: 2,
        asserted: false,
        ..READ
    };
    d.store(
        tables::OBSERVATIONS,
        &[row("01/09521234543213/21/nobody", &taken_back)],
    )
    .await;
    let trace = trace(&d, "(01)09521234543213(21)nobody").await;
    assert_eq!(
        trace["journey"],
        json!([]),
        "its only read was withdrawn: known, nothing holds"
    );

    for (path, reason) in [
        ("/v1/trace?id=(01)09521234543210(21)X", "bad_check_digit"),
        ("/v1/trace/09521234543213", "malformed"),
        ("/v1/trace?id=urn:epc:id:sgtin:9521234.X.1", "bad_character"),
        ("/v1/trace", "bad_parameter"),
        (
            "/v1/trace?id=00/095212345678900016&limit=0",
            "bad_parameter",
        ),
        ("/v1/trace?id=00/095212345678900016&page=2", "bad_parameter"),
        (
            "/v1/trace?id=00/095212345678900016&cursor=abc",
            "bad_parameter",
        ),
    ] {
        let (status, problem) = d.get(path).await;
        assert_eq!(
            (status, problem["reason"].as_str()),
            (400, Some(reason)),
            "{path}: {problem}"
        );
    }
    d.drop().await;
}

#[tokio::test]
async fn a_trace_reads_few_granules_of_a_large_table() {
    let Some(d) = Deployment::new("granules").await else {
        return;
    };
    let client = d.client();
    let fill = "INSERT INTO observations (unit, event_id, event_time, revision, state) \
                SELECT '01/09521234543213/21/' || toString(number), toString(number), \
                fromUnixTimestamp64Micro(1769904000000000 + number, 'UTC'), 1, 'asserted' \
                FROM numbers(400000)";
    client.query(fill).execute().await.unwrap();
    let unit = serialtrail_gs1::parse_key("01/09521234543213/21/123456").unwrap();
    let asked = serialtrail_query::trace::journey_query(&client, &unit, 200, None);
    let plan: Vec<String> = client
        .query_raw(&format!("EXPLAIN indexes = 1 {}", asked.sql_display()))
        .param("unit", &*unit.key())
        .param("limit", 201)
        .fetch_all()
        .await
        .unwrap();
    let granules: Vec<(u32, u32)> = plan
        .iter()
        .filter_map(|line| line.trim().strip_prefix("Granules: "))
        .filter_map(|counts| {
            let (read, all) = counts.split_once('/')?;
            Some((read.parse().ok()?, all.parse().ok()?))
        })
        .collect();
    assert!(!granules.is_empty(), "{plan:#?}");
    let (read, all) = (granules.last().unwrap().0, granules[0].1);
    assert!(all >= 40 && read <= 2, "{plan:#?}");
    let found = trace(&d, "01/09521234543213/21/123456").await;
    assert_eq!(found["journey"].as_array().unwrap().len(), 1);
    d.drop().await;
}
