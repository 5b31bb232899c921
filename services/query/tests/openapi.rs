//! The description is of this API: its routes, its parameters, its answers.
#![allow(clippy::unwrap_used)]

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Deployment, ORIGIN, get, planning, routes};
use serde_json::{Value, json};
use serialtrail_query::{
    alerts, demand, feed, forecasts, identify, openapi, overview, recall, rejects, stock, trace,
    whereabouts,
};
use serialtrail_records::alert::{RULES, SEVERITIES};
use serialtrail_records::reference::LOCATION_KINDS;
use serialtrail_records::{
    Alert, EnrichedObservation, LotStatus, Membership, Product, RejectedEvent, SerialState, Site,
    TypedId,
};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::rows::{
    AlertRow, ContainmentRow, LotRow, ObservationRow, ProductRow, RejectedRow, SerialRow,
};
use serialtrail_warehouse::tables;
use tower::ServiceExt;

fn document() -> Value {
    serde_json::from_str(openapi::DOCUMENT).unwrap()
}

fn parameters(document: &Value, path: &str) -> Vec<String> {
    let list = document["paths"][path]["get"]["parameters"]
        .as_array()
        .unwrap();
    let query = list.iter().filter(|parameter| parameter["in"] == "query");
    query
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_route_and_parameter_is_described_and_none_more() {
    let document = document();
    let described: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let routes: [(&str, &[&str]); 15] = [
        ("/v1/trace", trace::PARAMETERS),
        ("/v1/trace/{unit}", trace::PATH_PARAMETERS),
        ("/v1/alerts", alerts::PARAMETERS),
        ("/v1/stream/alerts", feed::PARAMETERS),
        ("/v1/rejects", rejects::PARAMETERS),
        ("/v1/identify", identify::PARAMETERS),
        ("/v1/overview", overview::PARAMETERS),
        ("/v1/recall", recall::PARAMETERS),
        ("/v1/where", stock::PARAMETERS),
        ("/v1/demand", demand::PARAMETERS),
        ("/v1/demand/series", demand::SERIES_PARAMETERS),
        ("/v1/forecasts", forecasts::PARAMETERS),
        ("/v1/forecasts/versions", forecasts::VERSIONS_PARAMETERS),
        ("/v1/forecasts/difference", forecasts::DIFFERENCE_PARAMETERS),
        ("/openapi.json", &[]),
    ];
    assert_eq!(described, routes.map(|(path, _)| path));
    for (path, allowed) in routes {
        let mut described = parameters(&document, path);
        let mut allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        described.sort();
        allowed.sort();
        assert_eq!(described, allowed, "{path}");
    }
    let of = |path: &str, name: &str| {
        let list = document["paths"][path]["get"]["parameters"].as_array();
        let found = list.unwrap().iter().find(|p| p["name"] == name);
        found.unwrap()["schema"].clone()
    };
    for path in ["/v1/alerts", "/v1/stream/alerts"] {
        assert_eq!(of(path, "rule")["items"]["enum"], json!(RULES));
        assert_eq!(of(path, "severity")["items"]["enum"], json!(SEVERITIES));
        assert_eq!(of(path, "status")["enum"], json!(alerts::STATUSES));
    }
    let places = of("/v1/recall", "whereabouts");
    assert_eq!(places["items"]["enum"], json!(whereabouts::WHEREABOUTS));
    assert_eq!(
        of("/v1/where", "kind")["items"]["enum"],
        json!(LOCATION_KINDS)
    );
}

/// A described route answers with something else than "no such resource", and it takes each described
/// parameter: what is wrong with a value is said of the value.
#[tokio::test]
async fn every_described_route_and_parameter_is_there() {
    let document = document();
    let settings = ClickHouseSettings {
        url: "http://127.0.0.1:1".into(),
        ..Default::default()
    };
    for path in document["paths"].as_object().unwrap().keys() {
        let url = path.replace("{unit}", "00%2F095212345678900016");
        let body = first(&settings, &url).await;
        assert_ne!(body["reason"], "no_such_resource", "{path}");
        for parameter in parameters(&document, path) {
            let url = format!("{url}?{parameter}=%00");
            let body = first(&settings, &url).await;
            let detail = body["detail"].as_str().unwrap_or_default();
            assert!(
                !detail.contains("there is no parameter"),
                "{path} {parameter}: {detail}"
            );
        }
    }
}

/// JSON of a GET; null for a stream, which does not end.
async fn first(settings: &ClickHouseSettings, url: &str) -> Value {
    if url.starts_with("/v1/stream/") {
        let request = Request::get(url).body(Body::empty()).unwrap();
        let response = routes(settings).oneshot(request).await.unwrap();
        if response.status().is_success() {
            return Value::Null;
        }
    }
    get(routes(settings), url).await.1
}

/// Examples are of the described shape, and there is one of each answer.
#[test]
fn every_answer_has_an_example_of_its_shape() {
    let document = document();
    for (path, route) in document["paths"].as_object().unwrap() {
        let content = &route["get"]["responses"]["200"]["content"];
        let Some(json) = content.get("application/json") else {
            assert!(
                content["text/event-stream"]["example"].is_string(),
                "{path}"
            );
            continue;
        };
        if path != "/openapi.json" {
            assert!(json["example"].is_object(), "{path} has no example");
            check(&document, &json["schema"], &json["example"], path).unwrap();
        }
    }
}

/// Checks a value against a schema of the kinds this document uses: type, properties, required,
/// additionalProperties, items, enum, oneOf, $ref.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return check(document, target, value, place);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let errors: Vec<_> = choices
            .iter()
            .filter_map(|c| check(document, c, value, place).err())
            .collect();
        return if errors.len() < choices.len() {
            Ok(())
        } else {
            Err(errors.join("; "))
        };
    }
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let fits = allowed.contains(&found) || found == "integer" && allowed.contains(&"number");
    if !fits {
        return Err(format!("{place}: {found}, described as {allowed:?}"));
    }
    if let (Some(words), false) = (schema["enum"].as_array(), value.is_null())
        && !words.contains(value)
    {
        return Err(format!("{place}: {value} is not among {words:?}"));
    }
    if let Value::Array(items) = value {
        for (at, item) in items.iter().enumerate() {
            check(document, &schema["items"], item, &format!("{place}[{at}]"))?;
        }
    }
    if let Value::Object(fields) = value {
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap();
            fields
                .get(name)
                .ok_or_else(|| format!("{place}.{name} is missing"))?;
        }
        for (name, field) in fields {
            let described = match &schema["properties"][name] {
                Value::Null => &schema["additionalProperties"],
                described => described,
            };
            if described == &json!(false) {
                return Err(format!("{place}.{name} is not described"));
            }
            check(document, described, field, &format!("{place}.{name}"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_answer_has_the_described_shape() {
    let Some(d) = Deployment::new("openapi").await else {
        return;
    };
    let unit = "01/09521234543213/21/A".to_owned();
    let case = "00/095212345678900016".to_owned();
    let gtin = Some("09521234543213".to_owned());
    let mut read = EnrichedObservation {
        unit: unit.clone(),
        event_id: "e".into(),
        asserted: true,
        quantity: Some(1.5),
        path: vec![case.clone()],
        site: Site {
            gln: Some("9521234000013".into()),
            party: Some("9521234000006".into()),
            ..Site::default()
        },
        ..EnrichedObservation::default()
    };
    read.body.sources = vec![TypedId {
        r#type: None,
        id: "x".into(),
    }];
    d.store(tables::OBSERVATIONS, &[ObservationRow::new(read, &ORIGIN)])
        .await;
    let serial = SerialState {
        unit: unit.clone(),
        gtin: gtin.clone(),
        lot: Some("L".into()),
        known: true,
        attributes: [("a".to_owned(), "b".to_owned())].into(),
        ..SerialState::default()
    };
    d.store(tables::SERIALS, &[SerialRow::new(serial, &ORIGIN)])
        .await;
    let product = Product {
        gtin: "09521234543213".into(),
        ..Product::default()
    };
    d.store(tables::PRODUCTS, &[ProductRow::new(product, &ORIGIN)])
        .await;
    let lot = LotStatus {
        gtin: "09521234543213".into(),
        lot: "L".into(),
        asserted: true,
        ..LotStatus::default()
    };
    d.store(tables::LOTS, &[LotRow::new(lot, &ORIGIN)]).await;
    let inside = |child: &String, to| Membership {
        child: child.clone(),
        parent: case.clone(),
        from_event: format!("{to:?}"),
        to,
        asserted: true,
        ..Membership::default()
    };
    let rows = [Some(5), None].map(|to| ContainmentRow::new(inside(&unit, to), &ORIGIN));
    d.store(tables::CONTAINMENT, &rows).await;
    d.store(tables::CONTENTS, &rows).await;
    let alert = Alert {
        subject: unit.clone(),
        rule: "HOTSPOT".into(),
        state: "asserted".into(),
        evidence: "{}".into(),
        ..Alert::default()
    };
    d.store(tables::ALERTS, &[AlertRow::new(alert, &ORIGIN)])
        .await;
    let rejected = RejectedEvent {
        parts: 1,
        source_topic: Some("t".into()),
        path: vec![case.clone()],
        ..RejectedEvent::default()
    };
    d.store(tables::REJECTED, &[RejectedRow::new(rejected, &ORIGIN)])
        .await;

    planning(&d, "v1", 1.0).await;
    planning(&d, "v2", 2.0).await;
    let document = document();
    for (path, route) in [
        (format!("/v1/trace?id={unit}"), "/v1/trace"),
        (format!("/v1/trace/{case}"), "/v1/trace/{unit}"),
        ("/v1/alerts".into(), "/v1/alerts"),
        ("/v1/rejects".into(), "/v1/rejects"),
        (format!("/v1/identify?text={unit}"), "/v1/identify"),
        ("/v1/identify?text=nothing".into(), "/v1/identify"),
        ("/v1/overview".into(), "/v1/overview"),
        ("/v1/recall?gtin=09521234543213&lot=L".into(), "/v1/recall"),
        ("/v1/where?gtin=09521234543213".into(), "/v1/where"),
        (format!("/v1/where?id={unit}"), "/v1/where"),
        ("/v1/demand".into(), "/v1/demand"),
        ("/v1/demand?country=AQ".into(), "/v1/demand"),
        ("/v1/demand/series".into(), "/v1/demand/series"),
        ("/v1/forecasts".into(), "/v1/forecasts"),
        ("/v1/forecasts/versions".into(), "/v1/forecasts/versions"),
        (
            "/v1/forecasts/difference?from=v1&to=v2".into(),
            "/v1/forecasts/difference",
        ),
    ] {
        let body = d.ok(&path).await;
        let schema = &document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert!(schema.is_object());
        check(&document, schema, &body, &path).unwrap_or_else(|error| panic!("{error}\n{body:#}"));
        let lists = [
            "journey", "alerts", "rejects", "matches", "units", "rows", "series", "versions",
        ];
        let full = lists.iter().any(|list| body[list][0].is_object())
            || ["/v1/trace/{unit}", "/v1/overview"].contains(&route)
            || body["unit"].is_string()
            || body["hint"].is_string()
            || body["message"].is_string();
        assert!(full, "nothing to hold the description against: {body:#}");
    }
    let (_, problem) = d.get("/v1/alerts?limit=0").await;
    check(
        &document,
        &document["components"]["schemas"]["Problem"],
        &problem,
        "problem",
    )
    .unwrap();
    d.drop().await;
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let document = document();
    let schema = &document["components"]["schemas"]["RejectPage"];
    for wrong in [
        json!({"rejects": []}),
        json!({"rejects": [], "next": 1}),
        json!({"rejects": [{}], "next": null}),
        json!({"rejects": [], "next": null, "more": 1}),
    ] {
        assert!(check(&document, schema, &wrong, "").is_err(), "{wrong}");
    }
    assert!(check(&document, schema, &json!({"rejects": [], "next": null}), "").is_ok());
}
