//! What is typed, the overview, and the console's files.
#![allow(clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use common::{Deployment, ORIGIN, encoded, settings};
use serde_json::{Value, json};
use serialtrail_query::api::Api;
use serialtrail_query::http::router;
use serialtrail_records::{Alert, EnrichedObservation, Location, Product, SerialState};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_runtime::{Service, Settings, Shutdown};
use serialtrail_warehouse::rows::{AlertRow, LocationRow, ObservationRow, ProductRow, SerialRow};
use serialtrail_warehouse::tables;
use std::path::Path;
use tower::ServiceExt;

const GTIN: &str = "09521234543213";
const ALERT: &str = "0123456789abcdef0123456789abcdef";

async fn fill(d: &Deployment) {
    let product = Product {
        gtin: GTIN.into(),
        name: "Aldenta 100".into(),
        ..Product::default()
    };
    d.store(tables::PRODUCTS, &[ProductRow::new(product, &ORIGIN)])
        .await;
    let place = Location {
        gln: "9521234000013".into(),
        name: "Zum Löwen".into(),
        ..Location::default()
    };
    d.store(tables::LOCATIONS, &[LocationRow::new(place, &ORIGIN)])
        .await;
    let serial = SerialState {
        unit: format!("01/{GTIN}/21/A1"),
        gtin: Some(GTIN.into()),
        lot: Some("L7".into()),
        known: true,
        ..SerialState::default()
    };
    d.store(tables::SERIALS, &[SerialRow::new(serial, &ORIGIN)])
        .await;
    let reads: Vec<_> = (0..3)
        .map(|n| {
            let mut read = EnrichedObservation {
                unit: "00/095212345678900016".into(),
                event_id: format!("e{n}"),
                revision: 1,
                asserted: n != 2,
                direct: n == 0,
                ..EnrichedObservation::default()
            };
            read.body.captured_at = chrono::Utc::now().timestamp_micros() - 5_000_000;
            ObservationRow::new(read, &ORIGIN)
        })
        .collect();
    d.store(tables::OBSERVATIONS, &reads).await;
    let alert = |id: &str, state: &str| Alert {
        alert_id: id.into(),
        rule: "HOTSPOT".into(),
        subject: format!("01/{GTIN}/21/A1"),
        epc: format!("https://id.gs1.org/01/{GTIN}/21/A1"),
        state: state.into(),
        severity: "high".into(),
        country: Some("DE".into()),
        ..Alert::default()
    };
    let rows = [alert(ALERT, "asserted"), alert("gone", "retracted")]
        .map(|alert| AlertRow::new(alert, &ORIGIN));
    d.store(tables::ALERTS, &rows).await;
}

#[tokio::test]
async fn what_a_scanner_or_a_person_types_is_found() {
    let Some(d) = Deployment::new("identify").await else {
        return;
    };
    fill(&d).await;
    let unit = (
        "unit",
        "01/09521234543213/21/A1",
        "Aldenta 100, serial A1",
        true,
    );
    let lot = (
        "lot",
        "01/09521234543213/10/L7",
        "Aldenta 100, lot L7",
        true,
    );
    for (text, expected) in [
        ("(01)09521234543213(21)A1", vec![unit]),
        ("]d2010952123454321321A1\u{1d}10L7", vec![unit, lot]),
        ("urn:epc:id:sgtin:9521234.054321.A1", vec![unit]),
        ("9521234543213 A1", vec![unit]),
        ("09521234543213;L7", vec![lot]),
        (
            "09521234543213",
            vec![("product", "01/09521234543213", "Aldenta 100", true)],
        ),
        (
            "095212345678900016",
            vec![(
                "unit",
                "00/095212345678900016",
                "logistic unit 095212345678900016",
                true,
            )],
        ),
        (
            "9521234000013",
            vec![(
                "place",
                "414/9521234000013",
                "Zum Löwen, GLN 9521234000013",
                true,
            )],
        ),
        (
            &ALERT.to_uppercase(),
            vec![(
                "alert",
                ALERT,
                "HOTSPOT, https://id.gs1.org/01/09521234543213/21/A1",
                true,
            )],
        ),
        (
            "09521234543213 ZZ",
            vec![
                (
                    "unit",
                    "01/09521234543213/21/ZZ",
                    "Aldenta 100, serial ZZ",
                    false,
                ),
                (
                    "lot",
                    "01/09521234543213/10/ZZ",
                    "Aldenta 100, lot ZZ",
                    false,
                ),
            ],
        ),
    ] {
        let found = d.ok(&format!("/v1/identify?text={}", encoded(text))).await;
        let expected: Vec<Value> = expected
            .into_iter()
            .map(|(kind, key, label, known)| json!([kind, key, label, known]))
            .collect();
        let matches: Vec<Value> = found["matches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| json!([m["kind"], m["key"], m["label"], m["known"]]))
            .collect();
        assert_eq!(matches, expected, "{text:?}");
        assert_eq!(found["hint"], Value::Null);
    }
    let found = d.ok("/v1/identify?text=09521234543213%20A1").await;
    assert_eq!(found["matches"][0]["lot"], "L7");
    assert_eq!(
        found["matches"][0]["epc"],
        "https://id.gs1.org/01/09521234543213/21/A1"
    );

    for (text, says) in [
        ("09521234543210", "the check digit should be 3"),
        ("(01)09521234543210(21)A1", "the check digit should be 3"),
        ("hello world", "GTIN and its serial or lot"),
        ("' OR 1 --", "GTIN"),
    ] {
        let found = d.ok(&format!("/v1/identify?text={}", encoded(text))).await;
        assert_eq!(found["matches"], json!([]), "{text}");
        assert!(
            found["hint"].as_str().unwrap().contains(says),
            "{text}: {found}"
        );
    }
    for path in ["/v1/identify", "/v1/identify?text=", "/v1/identify?txt=1"] {
        assert_eq!(d.get(path).await.0, 400, "{path}");
    }
    d.drop().await;
}

#[tokio::test]
async fn the_overview_counts_what_holds_and_says_which_service_is_down() {
    let Some(d) = Deployment::new("overview").await else {
        return;
    };
    fill(&d).await;
    // A sink that says how far it is.
    let text = "serialtrail_lag_records{stage=\"sink\",topic=\"enriched\",partition=\"0\"} 12\n\
                serialtrail_stream_time_seconds{stage=\"sink\",partition=\"0\"} 1770831600\n";
    let sink =
        axum::Router::new().route("/metrics", axum::routing::get(move || async move { text }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, sink).await.unwrap() });
    let mut settings = settings(&d.settings);
    let at = vec![address];
    settings
        .observe
        .services
        .insert(Service::Sink.name().into(), at);
    let routes = router(Api::new(&settings, Shutdown::new()));

    let (status, overview) = common::get(routes.clone(), "/v1/overview").await;
    assert_eq!(status, 200, "{overview}");
    let (_, again) = common::get(routes.clone(), "/v1/overview").await;
    assert_eq!(
        again["as_of"], overview["as_of"],
        "counts shown again are as old as they are"
    );
    let service = |name: &str| {
        let list = overview["services"].as_array().unwrap().iter();
        list.clone().find(|s| s["name"] == name).unwrap().clone()
    };
    assert_eq!(
        service("sink"),
        json!({"name": "sink", "up": true, "instances": 1, "lag": 12,
               "stream_time": "2026-02-11T17:40:00Z", "detail": null})
    );
    assert_eq!(service("gateway")["up"], false);
    assert_eq!(service("gateway")["detail"], "connection refused");
    assert_eq!(overview["stream_time"], "2026-02-11T17:40:00Z");
    let expected = json!({"events": 0, "reads": 2, "inherited": 1, "units": 1, "rejected": 0,
                          "exact": true, "alerts_open": 1});
    assert_eq!(overview["totals"], expected, "a read taken back is none");
    assert_eq!(
        overview["alerts"]["by_rule"],
        json!([{"rule": "HOTSPOT", "open": 1, "retracted": 1}])
    );
    assert_eq!(overview["recent_alerts"][0]["alert_id"], ALERT);
    let minutes = overview["throughput"]["per_minute"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    let reads: u64 = minutes.iter().map(|m| m["reads"].as_u64().unwrap()).sum();
    assert_eq!(reads, 3, "rows that came in this hour");
    assert_eq!(overview["throughput"]["reads_per_second"], 0.05);
    let (status, _) = common::get(routes, "/v1/overview?since=2026-01-01").await;
    assert_eq!(status, 400, "it knows no parameters");
    d.drop().await;
}

/// (status, headers, text) of a request to an API whose console is in `folder`.
async fn file(folder: &Path, method: &str, path: &str) -> (u16, HeaderMap, String) {
    let mut settings = Settings {
        clickhouse: ClickHouseSettings {
            url: "http://127.0.0.1:1".into(),
            ..Default::default()
        },
        ..Settings::default()
    };
    settings.query.console = folder.to_owned();
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let routes = router(Api::new(&settings, Shutdown::new()));
    let (parts, body) = routes.oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    (parts.status.as_u16(), parts.headers, text)
}

#[tokio::test]
async fn the_console_is_served_from_its_folder_and_nothing_else_is() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    let folder = outside.path().join("console");
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    std::fs::write(folder.join("index.html"), "<title>Serialtrail</title>").unwrap();
    std::fs::write(folder.join("assets/app-1a2b.js"), "start()").unwrap();
    std::fs::write(folder.join("assets/map-1a2b.json"), "{}").unwrap();

    for page in [
        "/",
        "/alerts",
        "/unit?id=01%2F1",
        "/recall?gtin=1&lot=2",
        "/rejects",
        "/demand",
    ] {
        let (status, headers, text) = file(&folder, "GET", page).await;
        assert_eq!(
            (status, text.as_str()),
            (200, "<title>Serialtrail</title>"),
            "{page}"
        );
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["content-type"], "text/html");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }
    let (status, headers, text) = file(&folder, "GET", "/assets/app-1a2b.js").await;
    assert_eq!((status, text.as_str()), (200, "start()"));
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers["content-type"], "text/javascript");
    assert_eq!(file(&folder, "HEAD", "/").await.0, 200);

    for nothing in [
        "/assets/app-0000.js",
        "/assets",
        "/assets/",
        "/nothing",
        "/index",
        "/v1",
        "/v1/nothing",
        "/v2/alerts",
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/assets//etc/passwd",
        "/%2fetc%2fpasswd",
        "/assets/app-1a2b.js%00.html",
    ] {
        let (status, headers, text) = file(&folder, "GET", nothing).await;
        assert_eq!(status, 404, "{nothing}: {text}");
        assert_eq!(
            headers["content-type"], "application/problem+json",
            "{nothing}"
        );
        assert!(
            !text.contains("root:") && !text.contains("secret\""),
            "{nothing}"
        );
    }
    let (status, headers, _) = file(&folder, "POST", "/").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (405, &"application/problem+json".parse().unwrap())
    );

    let (status, headers, text) = file(&outside.path().join("none"), "GET", "/recall").await;
    assert_eq!(status, 200);
    assert!(text.contains("make console"), "{text}");
    assert_eq!(headers["cache-control"], "no-cache");
}
