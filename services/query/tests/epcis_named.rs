//! Named queries, discovery and refusals of the EPCIS query interface.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use common::Deployment;
use events::{ask, twelve};
use serde_json::json;

#[tokio::test]
async fn a_named_query_is_kept_run_and_deleted() {
    let Some(d) = Deployment::new("epcis_named").await else {
        return;
    };
    twelve(&d).await;
    let json_body = [("content-type", "application/json")];
    let definition = json!({"name": "my shipments/1", "query": {
        "EQ_bizStep": ["shipping"], "orderBy": "eventTime", "orderDirection": "ASC",
        "@context": {"e": "http://ns.example.com/epcis/"}, "GE_e:n": 3
    }});
    let created = events::send(
        &d,
        "POST",
        "/epcis/v2/queries",
        &json_body,
        &definition.to_string(),
    )
    .await;
    assert_eq!(created.status, 201, "{}", created.text);
    let location = created.header("location").unwrap().to_owned();
    let again = events::send(
        &d,
        "POST",
        "/epcis/v2/queries",
        &json_body,
        &definition.to_string(),
    )
    .await;
    assert_eq!(
        (again.status, again.problem()),
        (
            409,
            "epcisException:ResourceAlreadyExistsException".to_owned()
        )
    );
    assert_eq!(ask(&d, &location, &[]).await.json(), definition);
    assert_eq!(
        ask(&d, "/epcis/v2/queries", &[]).await.json(),
        json!([definition])
    );
    let mut found = Vec::new();
    let mut next = Some(format!("{location}/events?perPage=2"));
    while let Some(path) = next {
        let answer = ask(&d, &path, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let results = &answer.json()["epcisBody"]["queryResults"];
        assert_eq!(results["queryName"], "my shipments/1");
        found.extend(
            answer
                .events()
                .iter()
                .map(|event| event["example:n"].as_i64().unwrap()),
        );
        next = answer.next();
    }
    assert_eq!(found, [3, 6, 9]);
    let page = ask(&d, &format!("{location}/events?perPage=2"), &[]).await;
    let of_the_first = page.next().unwrap();
    assert_eq!(
        events::send(&d, "DELETE", &location, &[], "").await.status,
        204
    );
    for method in ["DELETE", "GET"] {
        let gone = events::send(&d, method, &location, &[], "").await;
        assert_eq!(
            (gone.status, gone.problem()),
            (404, "epcisException:NoSuchNameException".to_owned())
        );
    }
    for path in [format!("{location}/events"), of_the_first.clone()] {
        assert_eq!(ask(&d, &path, &[]).await.status, 404, "{path}");
    }
    let back = events::send(
        &d,
        "POST",
        "/epcis/v2/queries",
        &json_body,
        &definition.to_string(),
    )
    .await;
    assert_eq!(back.status, 201, "a name is free again: {}", back.text);
    let stale = ask(&d, &of_the_first, &[]).await;
    assert_eq!(
        (stale.status, stale.problem()),
        (400, "epcisException:QueryParameterException".to_owned()),
        "a page of the query that was deleted"
    );
    assert!(stale.text.contains("nextPageToken"), "{}", stale.text);
    for (body, status, exception) in [
        ("not json", 400, "QueryValidationException"),
        (r#"{"name":"x"}"#, 400, "QueryValidationException"),
        (r#"{"name":"","query":{}}"#, 400, "QueryValidationException"),
        (
            r#"{"name":"x","query":{"EQ_bizstep":["shipping"]}}"#,
            400,
            "QueryParameterException",
        ),
    ] {
        let refused = events::send(&d, "POST", "/epcis/v2/queries", &json_body, body).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (status, format!("epcisException:{exception}")),
            "{body}"
        );
    }
    let xml = events::send(
        &d,
        "POST",
        "/epcis/v2/queries",
        &[("content-type", "application/xml")],
        "<q/>",
    )
    .await;
    assert_eq!(xml.status, 415);
    d.drop().await;
}

#[tokio::test]
async fn a_named_query_may_be_long_and_is_told_what_is_too_long() {
    let Some(d) = Deployment::new("epcis_long_query").await else {
        return;
    };
    twelve(&d).await;
    let json_body = [("content-type", "application/json")];
    let define = |name: &str, ids: Vec<String>| {
        let mut ids = ids;
        ids.push("urn:uuid:00000000-0000-4000-8000-000000000003".to_owned());
        json!({"name": name, "query": {"EQ_eventID": ids}}).to_string()
    };
    let many = |digits: usize| {
        (0..999)
            .map(|n| format!("urn:example:{n:0digits$}"))
            .collect()
    };
    let long = define("long", many(230));
    assert!((240_000..262_144).contains(&long.len()), "{}", long.len());
    for (body, status, exception) in [
        (long, 201, ""),
        (define("longer", many(260)), 413, "ValidationException"),
        (
            define("one", vec![format!("urn:example:{}", "x".repeat(17_000))]),
            400,
            "QueryValidationException",
        ),
    ] {
        let answer = events::send(&d, "POST", "/epcis/v2/queries", &json_body, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status != 201 {
            assert_eq!(answer.problem(), format!("epcisException:{exception}"));
        }
    }
    let found = ask(&d, "/epcis/v2/queries/long/events", &[]).await;
    assert_eq!(found.status, 200, "{}", found.text);
    assert_eq!(found.events().len(), 1);
    d.drop().await;
}

#[tokio::test]
async fn a_query_may_have_a_thousand_patterns_of_every_kind() {
    let Some(d) = Deployment::new("epcis_patterns").await else {
        return;
    };
    twelve(&d).await;
    let header = [("content-type", "application/json")];
    // Patterns that fit nothing, and one that fits what was read.
    let many = |pattern: &dyn Fn(u32) -> String| (0..999).map(pattern).collect::<Vec<_>>();
    let kinds = [
        (
            "products",
            many(&|n| format!("urn:epc:idpat:sgtin:9521234.{:06}.*", 100_000 + n)),
            "urn:epc:idpat:sgtin:9521234.054321.*",
        ),
        (
            "companies",
            many(&|n| format!("urn:epc:idpat:sgtin:{}.*.*", 1_000_000 + n)),
            "urn:epc:idpat:sgtin:9521234.*.*",
        ),
        (
            "parts",
            many(&|n| format!("urn:epc:idpat:adi:W81X9C.{n:04}{:028}.*", 0)),
            "https://id.gs1.org/01/09521234543213",
        ),
    ];
    for (name, many, ours) in kinds {
        let with = [many.clone(), vec![ours.to_owned()]].concat();
        for (name, patterns, found) in [
            (format!("{name}_none"), many, 0),
            (name.to_owned(), with, 12),
        ] {
            let body = json!({"name": name, "query": {"MATCH_anyEPC": patterns}}).to_string();
            let made = events::send(&d, "POST", "/epcis/v2/queries", &header, &body).await;
            assert_eq!(made.status, 201, "{}", made.text);
            let answer = ask(&d, &format!("/epcis/v2/queries/{name}/events"), &[]).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.events().len(), found, "{name}");
        }
    }
    d.drop().await;
}

/// Nothing of these needs ClickHouse.
#[tokio::test]
async fn every_resource_says_what_it_can_and_refuses_the_rest_with_the_standards_exceptions() {
    let away = events::away();
    for path in [
        "",
        "/events",
        "/events/x",
        "/epcs",
        "/epcs/x",
        "/epcs/x/events",
        "/queries",
        "/queries/x",
        "/queries/x/events",
        "/queries/x/subscriptions",
        "/queries/x/subscriptions/y",
        "/eventTypes",
        "/nextPageToken/x",
    ] {
        let answer = events::through(
            away.clone(),
            "OPTIONS",
            &format!("/epcis/v2{path}"),
            &[],
            "",
        )
        .await;
        assert_eq!(answer.status, 204, "{path}");
        for name in [
            "allow",
            "gs1-epcis-version",
            "gs1-epcis-min",
            "gs1-epcis-max",
            "gs1-cbv-version",
            "gs1-cbv-min",
            "gs1-cbv-max",
            "gs1-epc-format",
            "gs1-cbv-xml-format",
            "gs1-vendor-version",
        ] {
            assert!(answer.header(name).is_some(), "{path} {name}");
        }
    }
    for (method, path, headers, status, exception) in [
        (
            "GET",
            "/epcis/v2/nothing",
            vec![],
            404,
            "NoSuchResourceException",
        ),
        (
            "PUT",
            "/epcis/v2/events",
            vec![],
            405,
            "ImplementationException",
        ),
        (
            "GET",
            "/epcis/v2/events?EQ_bizstep=x",
            vec![],
            400,
            "QueryParameterException",
        ),
        (
            "GET",
            "/epcis/v2/events?orderBy=example:x",
            vec![],
            400,
            "QueryParameterException",
        ),
        (
            "GET",
            "/epcis/v2/events?nextPageToken=x",
            vec![],
            400,
            "QueryParameterException",
        ),
        (
            "GET",
            "/epcis/v2/events",
            vec![("accept", "text/html")],
            406,
            "NotAcceptableException",
        ),
        (
            "GET",
            "/epcis/v2/events",
            vec![("gs1-epcis-max", "1.2")],
            406,
            "NotAcceptableException",
        ),
        (
            "GET",
            "/epcis/v2/events",
            vec![],
            503,
            "ImplementationException",
        ),
        (
            "GET",
            "/epcis/v2/epcs?limit=1",
            vec![],
            400,
            "QueryParameterException",
        ),
    ] {
        let answer = events::through(away.clone(), method, path, &headers, "").await;
        assert_eq!(
            (answer.status, answer.problem()),
            (status, format!("epcisException:{exception}")),
            "{method} {path}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    let long = format!("/epcis/v2/events?EQ_eventID={}", "x".repeat(17_000));
    assert_eq!(
        events::through(away.clone(), "GET", &long, &[], "")
            .await
            .problem(),
        "epcisException:URITooLongException"
    );
    let xml = events::through(
        away.clone(),
        "GET",
        "/epcis/v2/events?x=1",
        &[("accept", "application/xml")],
        "",
    )
    .await;
    assert_eq!(xml.header("content-type"), Some("application/problem+xml"));
    assert!(
        xml.text.contains("epcisException:QueryParameterException"),
        "{}",
        xml.text
    );
    let root = events::through(away.clone(), "GET", "/epcis/v2", &[], "").await;
    assert_eq!(root.json()["member"].as_array().unwrap().len(), 9);
    assert_eq!(root.header("gs1-epcis-version"), Some("2.0.0"));
    let head = events::through(away, "HEAD", "/epcis/v2", &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}
