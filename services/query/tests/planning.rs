//! Demand and its forecasts over real tables.
#![allow(clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use bytes::Bytes;
use common::{Deployment, planning};
use serde_json::{Value, json};
use tower::ServiceExt;

/// (content type, bytes) of a GET that must succeed.
async fn file(d: &Deployment, path: &str, accept: &str) -> (String, Bytes) {
    let request = Request::get(path).header(header::ACCEPT, accept);
    let request = request.body(Body::empty()).unwrap();
    let response = d.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let disposition = response.headers()[header::CONTENT_DISPOSITION]
        .to_str()
        .unwrap();
    assert!(
        disposition.starts_with("attachment; filename="),
        "{disposition}"
    );
    let kind = response.headers()[header::CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    (kind, body.unwrap())
}

/// Pages of a list, joined.
async fn joined(d: &Deployment, path: &str, list: &str) -> (usize, Vec<Value>) {
    let (mut pages, mut seen, mut cursor) = (0, Vec::new(), String::new());
    loop {
        let page = d.ok(&format!("{path}{cursor}")).await;
        seen.extend(page[list].as_array().unwrap().clone());
        pages += 1;
        let Some(next) = page["next"].as_str() else {
            return (pages, seen);
        };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn demand_is_told_by_day_with_what_it_is_made_of() {
    let Some(d) = Deployment::new("demand").await else {
        return;
    };
    let empty = d.ok("/v1/demand?gtin=09521234543213&country=DE").await;
    assert_eq!(empty["series"], json!([]));
    assert!(
        empty["message"]
            .as_str()
            .unwrap()
            .contains("no demand is known")
    );

    planning(&d, "v1", 4.0).await;
    let days = d
        .ok("/v1/demand?gtin=9521234543213&country=de&uom=units")
        .await;
    let series = &days["series"][0];
    assert_eq!(series["days"].as_array().unwrap().len(), 10);
    let first = json!({"day": "2026-03-01", "demand": 3.0, "sold": 5.0, "returned": 1.0,
                       "repeated": 1.0, "complete": true});
    assert_eq!(series["days"][0], first);
    assert_eq!(
        (&days["as_of"], &days["message"]),
        (&json!("2026-03-20T00:00:00Z"), &Value::Null)
    );
    let some = d.ok("/v1/demand?from=2026-03-03&to=2026-03-04").await;
    assert_eq!(some["series"][0]["days"].as_array().unwrap().len(), 2);
    assert_eq!(d.ok("/v1/demand?country=FR").await["series"], json!([]));

    let (pages, parts) = joined(&d, "/v1/demand?limit=3", "series").await;
    assert_eq!(pages, 4);
    let joined: Vec<Value> = parts
        .iter()
        .flat_map(|s| s["days"].as_array().unwrap().clone())
        .collect();
    assert_eq!(json!(joined), series["days"]);

    let listed = d.ok("/v1/demand/series").await;
    let expected = json!([{"product": null, "gtin": "09521234543213", "country": "DE", "uom": "",
        "first_day": "2026-03-01", "last_day": "2026-03-10", "days": 10, "demand": 30.0, "forecast": "ok"}]);
    assert_eq!(listed["series"], expected);

    let (kind, csv) = file(&d, "/v1/demand", "text/csv").await;
    assert_eq!(kind, "text/csv;charset=utf-8");
    let text = String::from_utf8(csv.to_vec()).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines.len(),
        12,
        "a header, ten days, and the end of the last line"
    );
    assert!(
        lines[0].starts_with("\"gtin\",\"country\",\"uom\",\"day\",\"demand\""),
        "{text}"
    );
    assert!(
        lines[1].contains("\"2026-03-01\",3,5,1,1,true,\"2026-03-20T00:00:00"),
        "{text}"
    );
    let (kind, parquet) = file(&d, "/v1/demand?format=parquet", "text/html").await;
    assert_eq!(kind, "application/vnd.apache.parquet");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    d.drop().await;
}

#[tokio::test]
async fn a_forecast_is_told_by_version_and_versions_are_compared() {
    let Some(d) = Deployment::new("forecasts").await else {
        return;
    };
    let (status, problem) = d.get("/v1/forecasts").await;
    assert_eq!(
        (status, &problem["reason"]),
        (404, &json!("no_forecast_yet"))
    );
    assert!(problem["detail"].as_str().unwrap().contains("forecaster"));
    assert_eq!(d.ok("/v1/forecasts/versions").await["versions"], json!([]));

    planning(&d, "v1", 4.0).await;
    planning(&d, "v2", 6.5).await;
    d.client()
        .query_raw("INSERT INTO forecasts SELECT 'v1', gtin, country, uom, day + 9, 99, mean, quantiles FROM forecasts WHERE version = 'v1'")
        .with_setting("async_insert", "0")
        .execute()
        .await
        .unwrap();
    let latest = d.ok("/v1/forecasts").await;
    assert_eq!(latest["version"], "v2");
    assert_eq!(d.ok("/v1/forecasts?version=latest").await, latest);
    let ok = &latest["series"][0];
    assert_eq!(ok["backtest"]["coverage"], 0.8);
    let point = json!({"day": "2026-03-11", "mean": 6.5, "quantiles": [5.5, 7.5]});
    assert_eq!(ok["points"][0], point);
    assert_eq!(ok["points"].as_array().unwrap().len(), 3);
    let short = &latest["series"][1];
    assert_eq!(
        (&short["status"], &short["message"]),
        (&json!("too_short"), &json!("10 days, at least 28"))
    );
    assert_eq!(
        (&short["backtest"], &short["points"]),
        (&Value::Null, &json!([]))
    );
    let (pages, series) = joined(&d, "/v1/forecasts?version=v2&limit=1", "series").await;
    assert_eq!((pages, json!(series)), (2, latest["series"].clone()));
    assert_eq!(
        d.ok("/v1/forecasts?uom=KGM").await["series"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let (_, csv) = file(&d, "/v1/forecasts?version=v1", "text/csv").await;
    let text = String::from_utf8(csv.to_vec()).unwrap();
    assert!(text.starts_with("\"version\",\"gtin\",\"country\",\"uom\",\"day\",\"days_ahead\",\"mean\",\"q10\",\"q97_5\"\r\n"), "{text}");
    assert!(
        text.contains("\"v1\",\"09521234543213\",\"DE\",\"\",\"2026-03-11\",1,4,3,5\r\n"),
        "{text}"
    );
    let (_, parquet) = file(
        &d,
        "/v1/forecasts",
        "application/vnd.apache.parquet, */*;q=0.1",
    )
    .await;
    assert!(parquet.starts_with(b"PAR1"));

    let versions = d.ok("/v1/forecasts/versions").await;
    assert_eq!(
        (
            &versions["versions"][0]["version"],
            &versions["versions"][1]["version"]
        ),
        (&json!("v2"), &json!("v1"))
    );
    let (pages, seen) = joined(&d, "/v1/forecasts/versions?limit=1", "versions").await;
    assert_eq!((pages, json!(seen)), (2, versions["versions"].clone()));
    // Data goes back to what v1 used: v1 is the latest again, made when it was made.
    let again = "INSERT INTO forecast_versions SELECT * REPLACE(now64(6) AS confirmed_at) \
                 FROM forecast_versions FINAL WHERE version = 'v1'";
    d.client().query_raw(again).execute().await.unwrap();
    assert_eq!(d.ok("/v1/forecasts").await["version"], "v1");
    let first = d.ok("/v1/forecasts/versions").await["versions"][0].clone();
    let before = &versions["versions"][1];
    assert_eq!(
        (&first["version"], &first["created_at"]),
        (&before["version"], &before["created_at"])
    );
    assert_ne!(first["confirmed_at"], before["confirmed_at"]);

    let changed = d.ok("/v1/forecasts/difference?from=v1&to=v2").await;
    assert_eq!(
        changed["rows"].as_array().unwrap().len(),
        3,
        "only days that are in both"
    );
    assert_eq!(changed["rows"][0]["change"], 2.5);
    assert_eq!(changed["rows"][0]["to_quantiles"], json!([5.5, 7.5]));
    assert_eq!(
        (&changed["only_from"], &changed["only_to"]),
        (&json!([]), &json!([]))
    );
    let (pages, rows) = joined(&d, "/v1/forecasts/difference?from=v1&to=v2&limit=2", "rows").await;
    assert_eq!((pages, json!(rows)), (2, changed["rows"].clone()));
    let (_, csv) = file(&d, "/v1/forecasts/difference?from=v1&to=v2", "text/csv").await;
    assert_eq!(
        String::from_utf8(csv.to_vec())
            .unwrap()
            .matches("\r\n")
            .count(),
        4
    );
    d.client()
        .query_raw("INSERT INTO forecast_series (version, gtin, country, uom, status) SELECT 'v2', '00000073513537', 'JP', '', 'ok'")
        .with_setting("async_insert", "0")
        .execute()
        .await
        .unwrap();
    let changed = d.ok("/v1/forecasts/difference?from=v1&to=v2").await;
    assert_eq!(
        changed["only_to"],
        json!([{"gtin": "00000073513537", "country": "JP", "uom": ""}])
    );

    for (path, status, parameter) in [
        ("/v1/forecasts?version=v9", 404, Value::Null),
        ("/v1/forecasts/difference?from=v1&to=v9", 404, Value::Null),
        ("/v1/forecasts/difference?from=v1", 400, json!("to")),
        ("/v1/forecasts?limit=0", 400, json!("limit")),
        ("/v1/forecasts?limit=1000000000", 400, json!("limit")),
        ("/v1/forecasts?from=2026-01-01", 400, json!("from")),
        ("/v1/forecasts/versions?limit=0", 400, json!("limit")),
        ("/v1/forecasts/versions?cursor=x", 400, json!("cursor")),
        (
            "/v1/demand?from=2026-02-02&to=2026-02-01",
            400,
            json!("from"),
        ),
        ("/v1/demand?from=0001-01-01", 400, json!("from")),
        ("/v1/demand?to=99999-01-01", 400, json!("to")),
        ("/v1/demand?from=2010-01-01&to=2026-02-01", 400, json!("to")),
        ("/v1/demand?limit=1000000000", 400, json!("limit")),
        ("/v1/demand?gtin=09521234543210", 400, json!("gtin")),
        ("/v1/demand?format=xlsx", 400, json!("format")),
        ("/v1/demand?cursor=WyJhIiwwLCJ4Il0", 400, json!("cursor")),
        ("/v1/demand/series?from=2026-01-01", 400, json!("from")),
    ] {
        let (found, problem) = d.get(path).await;
        assert_eq!(
            (found, &problem["parameter"]),
            (status, &parameter),
            "{path}: {problem}"
        );
    }
    d.drop().await;
}
