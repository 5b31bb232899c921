//! Alerts and rejections over real tables, and what happens when ClickHouse is away.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Deployment, ORIGIN, encoded, get, routes};
use serde_json::{Value, json};
use serialtrail_records::{Alert, RejectedEvent};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::rows::{AlertRow, RejectedRow};
use serialtrail_warehouse::tables;

/// 2026-02-01T00:00:00Z
const FEBRUARY: i64 = 1_769_904_000_000_000;
const DAY: i64 = 86_400_000_000;
const UNIT: &str = "01/09521234543213/21/A";

fn alert(n: i64) -> Alert {
    Alert {
        alert_id: format!("id{n:04}"),
        rule: "DUPLICATE_SCAN".into(),
        subject: format!("01/09521234543213/21/{n}"),
        epc: format!("https://id.gs1.org/01/09521234543213/21/{n}"),
        revision: 1,
        state: "asserted".into(),
        severity: "high".into(),
        event_ids: vec![format!("e{n}")],
        event_time: FEBRUARY + n * DAY,
        detected_at: FEBRUARY + 100 * DAY + n,
        country: Some("DE".into()),
        gtin: Some("09521234543213".into()),
        lot: Some("L1".into()),
        evidence: r#"{"place":"a","times":[1,2]}"#.into(),
        policy_version: "p1".into(),
        ..Alert::default()
    }
}

async fn store(d: &Deployment, alerts: Vec<Alert>) {
    let rows: Vec<_> = alerts
        .into_iter()
        .map(|alert| AlertRow::new(alert, &ORIGIN))
        .collect();
    d.store(tables::ALERTS, &rows).await;
}

async fn ids(d: &Deployment, query: &str) -> Vec<String> {
    let page = d.ok(&format!("/v1/alerts?{query}")).await;
    let alerts = page["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| alert["alert_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn alerts_are_filtered_by_what_they_are_about() {
    let Some(d) = Deployment::new("alerts").await else {
        return;
    };
    let other = Alert {
        rule: "OUT_OF_TERRITORY".into(),
        subject: UNIT.into(),
        country: Some("JP".into()),
        site: Some("9521234000013".into()),
        gtin: Some("09521234543220".into()),
        lot: Some("it's \"L2\"\\".into()),
        ..alert(2)
    };
    store(&d, vec![alert(1), other, alert(3)]).await;
    let retracted = Alert {
        state: "retracted".into(),
        revision: 2,
        retract_reason: Some("superseded".into()),
        superseded_by: Some("id0003".into()),
        ..alert(1)
    };
    store(&d, vec![retracted]).await;

    assert_eq!(
        ids(&d, "").await,
        ["id0003", "id0002"],
        "open, newest first"
    );
    assert_eq!(ids(&d, "status=retracted").await, ["id0001"]);
    assert_eq!(ids(&d, "status=any").await, ["id0003", "id0002", "id0001"]);
    let two = ["id0002"];
    for filter in [
        "rule=OUT_OF_TERRITORY",
        "unit=(01)09521234543213(21)A",
        &format!(
            "epc={}",
            encoded("https://id.gs1.org/01/09521234543213/21/A")
        ),
        "unit=urn:epc:id:sgtin:9521234.054321.A",
        "product=9521234543220",
        "country=jp",
        "site=9521234000013",
        &format!("lot={}", encoded("it's \"L2\"\\")),
        "since=2026-02-03&until=2026-02-03T00:00:01Z",
        "since=2026-02-03T01:00:00%2B01:00&until=2026-02-04",
        "rule=OUT_OF_TERRITORY,HOTSPOT&status=any",
    ] {
        assert_eq!(ids(&d, filter).await, two, "{filter}");
    }
    assert_eq!(
        ids(&d, "detected_since=2026-05-12T00:00:00.000003Z").await,
        ["id0003"]
    );
    assert_eq!(ids(&d, "lot=nothing").await, Vec::<String>::new());

    let page = d.ok("/v1/alerts?status=retracted").await;
    let gone = &page["alerts"][0];
    assert_eq!(gone["status"], "retracted");
    assert_eq!(gone["retract_reason"], "superseded");
    assert_eq!(gone["evidence"], json!({"place": "a", "times": [1, 2]}));
    assert_eq!(gone["event_time"], "2026-02-02T00:00:00Z");
    assert_eq!(page["next"], Value::Null);

    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("rule=NONSENSE", "rule"),
        ("status=closed", "status"),
        ("since=yesterday", "since"),
        ("since=2026-02-03T00:00:00", "since"),
        ("country=Japan", "country"),
        ("gtin=09521234543210", "gtin"),
        ("unit=123", "unit"),
        ("cursor=zzz", "cursor"),
        ("rulle=HOTSPOT", "rulle"),
    ] {
        let (status, problem) = d.get(&format!("/v1/alerts?{query}")).await;
        assert_eq!(
            (status, &problem["parameter"]),
            (400, &json!(parameter)),
            "{query}: {problem}"
        );
    }
    d.drop().await;
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_and_lines_hold_everything() {
    let Some(d) = Deployment::new("pages").await else {
        return;
    };
    // Many alerts of the same time: ties are broken by id.
    let alerts = (0..2_500).map(|n| Alert {
        event_time: FEBRUARY + n % 7,
        ..alert(n)
    });
    store(&d, alerts.collect()).await;

    let mut seen = Vec::new();
    let mut query = "limit=999".to_owned();
    for expected in [999, 999, 502] {
        let page = d.ok(&format!("/v1/alerts?{query}")).await;
        let alerts = page["alerts"].as_array().unwrap();
        assert_eq!(alerts.len(), expected);
        seen.extend(alerts.clone());
        query = format!(
            "limit=999&cursor={}",
            page["next"].as_str().unwrap_or_default()
        );
        // A new alert at the front changes no later page.
        store(
            &d,
            vec![Alert {
                event_time: FEBRUARY + DAY,
                ..alert(9_000 + expected as i64)
            }],
        )
        .await;
    }
    assert!(query.ends_with("cursor="), "no page after the last");
    let mut distinct: Vec<_> = seen
        .iter()
        .map(|a| a["alert_id"].as_str().unwrap())
        .collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 2_500);

    let lines = d.lines("/v1/alerts?until=2026-02-01T12:00:00Z").await;
    assert_eq!(lines, seen, "the same alerts in the same order and shape");
    assert_eq!(d.lines("/v1/alerts?limit=3").await.len(), 3);
    assert_eq!(d.lines("/v1/alerts?lot=nothing").await.len(), 0);
    d.drop().await;
}

fn rejected(id: &str, day: i64) -> RejectedEvent {
    RejectedEvent {
        reject_id: id.into(),
        stage: "gateway".into(),
        reason: "bad_check_digit".into(),
        message: "epcList[0]: …".into(),
        place: Some("epcList[0]".into()),
        capture_id: Some("c1".into()),
        source_party: "acme".into(),
        record_time: FEBRUARY + day * DAY,
        parts: 1,
        ..RejectedEvent::default()
    }
}

#[tokio::test]
async fn rejections_come_with_their_original_bytes_joined() {
    let Some(d) = Deployment::new("rejects").await else {
        return;
    };
    let part = |id: &str, day, part, parts, bytes: &[u8]| RejectedEvent {
        part,
        parts,
        original: bytes.to_vec(),
        ..rejected(id, day)
    };
    let records = [
        part("r1", 1, 1, 2, b"\"b\"}"),
        part("r1", 1, 0, 2, b"{\"a\":"),
        part("r2", 2, 0, 1, &[0, 255, 10, 9]),
        part("r3", 3, 1, 3, b"late"),
        RejectedEvent {
            source_party: "other".into(),
            capture_id: None,
            reason: "garbage".into(),
            source_topic: Some("unit-inbox".into()),
            source_partition: Some(3),
            source_offset: Some(77),
            path: vec!["00/095212345678900016".into()],
            ..rejected("r4", 4)
        },
    ];
    let rows: Vec<_> = records
        .into_iter()
        .map(|record| RejectedRow::new(record, &ORIGIN))
        .collect();
    d.store(tables::REJECTED, &rows).await;

    let all = d.ok("/v1/rejects").await;
    let all = all["rejects"].as_array().unwrap();
    let ids: Vec<_> = all
        .iter()
        .map(|r| r["reject_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["r4", "r3", "r2", "r1"], "latest first");
    let joined =
        json!({"bytes": 9, "complete": true, "text": "{\"a\":\"b\"}", "base64": "eyJhIjoiYiJ9"});
    assert_eq!(all[3]["original"], joined);
    assert_eq!(all[2]["original"]["text"], Value::Null);
    assert_eq!(all[2]["original"]["base64"], "AP8KCQ==");
    assert_eq!(
        all[1]["original"]["complete"], false,
        "two of three parts are missing"
    );
    assert_eq!(
        all[0]["source"],
        json!({"topic": "unit-inbox", "partition": 3, "offset": 77})
    );
    assert_eq!(
        all[0]["path"],
        json!(["https://id.gs1.org/00/095212345678900016"])
    );
    assert_eq!(all[3]["source"], Value::Null);

    for (query, count) in [
        ("publisher=acme", 3),
        ("capture_id=c1", 3),
        ("reason=garbage", 1),
        ("since=2026-02-03&until=2026-02-05", 2),
        ("publisher=nobody", 0),
    ] {
        let page = d.ok(&format!("/v1/rejects?{query}")).await;
        assert_eq!(page["rejects"].as_array().unwrap().len(), count, "{query}");
    }
    let first = d.ok("/v1/rejects?limit=3").await;
    let second = d
        .ok(&format!(
            "/v1/rejects?limit=3&cursor={}",
            first["next"].as_str().unwrap()
        ))
        .await;
    assert_eq!(second["rejects"], json!([all[3]]));
    assert_eq!(second["next"], Value::Null);
    d.drop().await;
}

#[tokio::test]
async fn large_originals_end_a_page_early_and_none_is_lost() {
    let Some(d) = Deployment::new("large").await else {
        return;
    };
    let rows: Vec<_> = (0..5)
        .map(|n| RejectedEvent {
            original: vec![b'x'; 3 << 20],
            ..rejected(&format!("r{n}"), n)
        })
        .map(|record| RejectedRow::new(record, &ORIGIN))
        .collect();
    d.store(tables::REJECTED, &rows).await;
    let (mut counts, mut next) = (Vec::new(), String::new());
    loop {
        let page = d.ok(&format!("/v1/rejects?{next}")).await;
        counts.push(page["rejects"].as_array().unwrap().len());
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("cursor={cursor}");
    }
    assert_eq!(counts, [2, 2, 1]);
    d.drop().await;
}

fn away(url: &str) -> axum::Router {
    routes(&ClickHouseSettings {
        url: url.into(),
        ..Default::default()
    })
}

#[tokio::test]
async fn without_clickhouse_the_answer_says_so() {
    // Nothing listens on a port that was just free.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    for path in [
        "/v1/trace?id=00/095212345678900016",
        "/v1/alerts",
        "/v1/rejects",
        "/v1/identify?text=09521234543213",
        "/v1/overview",
        "/v1/recall?gtin=09521234543213&lot=L",
        "/v1/recall?gtin=09521234543213&lot=L&format=ndjson",
        "/v1/where?gtin=09521234543213",
        "/v1/where?id=00/095212345678900016",
        "/v1/demand",
        "/v1/demand?format=parquet",
        "/v1/demand/series",
        "/v1/forecasts",
        "/v1/forecasts/versions",
        "/v1/forecasts/difference?from=a&to=b",
    ] {
        let (status, problem) = get(away(&url), path).await;
        assert_eq!(
            (status, &problem["reason"]),
            (503, &json!("clickhouse_unreachable")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn without_tables_the_answer_says_what_to_run() {
    let Some(d) = Deployment::new("bare").await else {
        return;
    };
    d.client()
        .query("DROP TABLE alerts")
        .execute()
        .await
        .unwrap();
    let (status, problem) = d.get("/v1/alerts").await;
    assert_eq!(
        (status, &problem["reason"]),
        (503, &json!("tables_missing")),
        "{problem}"
    );
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("serialtrail migrate")
    );
    d.drop().await;
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_done_are_problems_too() {
    let (status, problem) = get(away("http://127.0.0.1:1"), "/v2/alerts").await;
    assert_eq!(
        (status, &problem["reason"]),
        (404, &json!("no_such_resource"))
    );
    use tower::ServiceExt;
    let post = axum::http::Request::post("/v1/alerts")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = away("http://127.0.0.1:1").oneshot(post).await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
}
