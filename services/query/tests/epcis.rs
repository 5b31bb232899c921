//! The EPCIS query interface over a real ClickHouse.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use common::{Deployment, ORIGIN, encoded};
use events::{Captured, ask, object, store, twelve};
use serde_json::json;
use serialtrail_records::RejectedEvent;
use serialtrail_warehouse::rows::RejectedRow;
use serialtrail_warehouse::tables;

const A: &str = "urn:epc:id:sgtin:9521234.054321.A";

#[tokio::test]
async fn a_query_goes_through_all_its_pages_in_order_and_no_event_twice() {
    let Some(d) = Deployment::new("epcis_pages").await else {
        return;
    };
    twelve(&d).await;
    for (query, expected) in [
        (
            "orderBy=eventTime&orderDirection=ASC",
            (0..12).collect::<Vec<i64>>(),
        ),
        ("orderBy=recordTime", (0..12).rev().collect()),
        (
            "EQ_bizStep=shipping&orderBy=eventTime&orderDirection=ASC",
            vec![0, 3, 6, 9],
        ),
        (
            "GT_example:n=6&orderBy=eventTime&orderDirection=ASC",
            vec![7, 8, 9, 10, 11],
        ),
        (
            "orderBy=eventTime&eventCountLimit=7",
            vec![11, 10, 9, 8, 7, 6, 5],
        ),
        (
            "orderBy=eventTime&maxEventCount=12",
            (0..12).rev().collect(),
        ),
        ("EQ_bizStep=departing", vec![]),
    ] {
        for per_page in [1, 5, 30] {
            let mut found = Vec::new();
            let mut next = Some(format!("/epcis/v2/events?{query}&perPage={per_page}"));
            while let Some(path) = next {
                let answer = ask(&d, &path, &[]).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text);
                let events = answer.events();
                assert!(events.len() <= per_page, "{path}");
                found.extend(
                    events
                        .iter()
                        .map(|event| event["example:n"].as_i64().unwrap()),
                );
                assert_eq!(
                    answer.header("link").is_some(),
                    answer.header("gs1-next-page-token-expires").is_some()
                );
                next = answer.next();
            }
            assert_eq!(found, expected, "{query} by {per_page}");
        }
    }
    let large = ask(&d, "/epcis/v2/events?maxEventCount=11&perPage=2", &[]).await;
    assert_eq!(
        (large.status, large.problem()),
        (413, "epcisException:QueryTooLargeException".to_owned())
    );

    let first = ask(&d, "/epcis/v2/events?perPage=5", &[]).await;
    let next = first.next().unwrap();
    let token = next.split("nextPageToken=").nth(1).unwrap().to_owned();
    let other = ask(
        &d,
        &format!("/epcis/v2/events?eventType=ObjectEvent&nextPageToken={token}"),
        &[],
    )
    .await;
    assert_eq!(
        (other.status, other.problem()),
        (400, "epcisException:QueryParameterException".to_owned())
    );
    let given_back = events::send(
        &d,
        "DELETE",
        &format!("/epcis/v2/nextPageToken/{token}"),
        &[],
        "",
    )
    .await;
    // Each router here is a process of its own; what one is told another does not know.
    assert_eq!(given_back.status, 204);
    d.drop().await;
}

#[tokio::test]
async fn an_event_is_found_by_every_spelling_of_what_it_names_and_comes_back_as_asked() {
    let Some(d) = Deployment::new("epcis_spellings").await else {
        return;
    };
    let mut event = object("urn:uuid:00000000-0000-4000-8000-000000000001");
    event["readPoint"] = json!({"id": "urn:epc:id:sgln:9521234.00001.7"});
    event["quantityList"] =
        json!([{"epcClass": "urn:epc:class:lgtin:9521234.054321.L", "quantity": 3}]);
    let mut other = object("urn:uuid:00000000-0000-4000-8000-000000000002");
    other["epcList"] = json!(["https://id.gs1.org/01/09521234543213/21/B"]);
    store(&d, &[Captured::new(event), Captured::new(other)]).await;
    let ids = |answer: &events::Answer| -> Vec<String> {
        let ids = answer
            .events()
            .into_iter()
            .map(|e| e["eventID"].as_str().unwrap().to_owned());
        let mut ids: Vec<_> = ids.map(|id| id[id.len() - 1..].to_owned()).collect();
        ids.sort();
        ids
    };
    for (name, value, expected) in [
        ("MATCH_epc", A, "1"),
        (
            "MATCH_epc",
            "https://example.com/01/09521234543213/21/A",
            "1",
        ),
        ("MATCH_anyEPC", "urn:epc:idpat:sgtin:9521234.054321.*", "12"),
        ("MATCH_anyEPC", "urn:epc:idpat:sgtin:9521234.*.*", "12"),
        ("MATCH_anyEPC", "https://id.gs1.org/01/09521234543213", "12"),
        (
            "MATCH_epcClass",
            "https://id.gs1.org/01/09521234543213/10/L",
            "1",
        ),
        (
            "EQ_readPoint",
            "https://id.gs1.org/414/9521234000013/254/7",
            "1",
        ),
        ("WD_readPoint", "urn:epc:id:sgln:9521234.00001.0", "1"),
        ("EQ_readPoint", "urn:epc:id:sgln:9521234.00001.0", ""),
        ("MATCH_parentID", A, ""),
    ] {
        let answer = ask(
            &d,
            &format!("/epcis/v2/events?{name}={}", encoded(value)),
            &[],
        )
        .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(ids(&answer).concat(), expected, "{name}={value}");
    }
    let path = format!("/epcis/v2/events?MATCH_epc={}", encoded(A));
    for (format, expected) in [
        (
            "Always_GS1_Digital_Link",
            "https://id.gs1.org/01/09521234543213/21/A",
        ),
        ("Always_EPC_URN", A),
        ("Never_Translates", A),
    ] {
        let answer = ask(&d, &path, &[("gs1-epc-format", format)]).await;
        assert_eq!(answer.events()[0]["epcList"][0], expected, "{format}");
    }
    d.drop().await;
}

#[tokio::test]
async fn conflicts_are_left_out_and_a_withdrawn_event_comes_with_its_declaration() {
    let Some(d) = Deployment::new("epcis_accepted").await else {
        return;
    };
    let id = "urn:uuid:00000000-0000-4000-8000-000000000001";
    let first = object(id);
    let mut conflict = object(id);
    conflict["bizStep"] = json!("shipping");
    let mut declared = object(id);
    declared["errorDeclaration"] =
        json!({"declarationTime": "2026-03-03T00:00:00Z", "reason": "did_not_occur"});
    let mut foreign = conflict.clone();
    foreign["errorDeclaration"] = declared["errorDeclaration"].clone();
    let hashed = {
        let mut event = object("");
        event.as_object_mut().unwrap().remove("eventID");
        event["bizStep"] = json!("receiving");
        event
    };
    store(
        &d,
        &[
            Captured::new(first.clone()).at(1),
            // The same once more, as a publisher sends it after a time-out.
            Captured::new(first).at(2),
            Captured::new(conflict).at(3),
            Captured::new(declared).at(4),
            Captured::new(foreign).at(5).by("9521235000000"),
            Captured::new(hashed).at(6),
        ],
    )
    .await;
    let all = ask(
        &d,
        "/epcis/v2/events?orderBy=recordTime&orderDirection=ASC",
        &[],
    )
    .await;
    let events = all.events();
    assert_eq!(events.len(), 3, "{}", all.text);
    assert_eq!(events[0]["recordTime"], "2026-03-02T01:00:00Z");
    assert_eq!(events[1]["errorDeclaration"]["reason"], "did_not_occur");
    let hash = events[2]["eventID"].as_str().unwrap();
    assert!(hash.starts_with("ni:///sha-256;"), "{hash}");

    let one = ask(&d, &format!("/epcis/v2/events/{}", encoded(id)), &[]).await;
    assert_eq!(one.events().len(), 2, "the event and its declaration");
    let by_hash = ask(&d, &format!("/epcis/v2/events/{}", encoded(hash)), &[]).await;
    assert_eq!(by_hash.events().len(), 1);
    let none = ask(&d, "/epcis/v2/events/urn:uuid:none", &[]).await;
    assert_eq!(
        (none.status, none.problem()),
        (404, "epcisException:NoSuchResourceException".to_owned())
    );
    for (query, expected) in [
        ("EXISTS_errorDeclaration=true", 1),
        ("EXISTS_errorDeclaration=false", 3),
        ("EQ_errorReason=incorrect_data", 0),
    ] {
        let answer = ask(&d, &format!("/epcis/v2/events?{query}"), &[]).await;
        assert_eq!(answer.events().len(), expected, "{query}");
    }
    d.drop().await;
}

/// What the dispatcher says of an event id under which something else stands.
async fn refuse(d: &Deployment, id: &str) {
    let refused = RejectedEvent {
        reject_id: id.to_owned(),
        parts: 1,
        stage: "dispatcher".to_owned(),
        reason: "event_id_conflict".to_owned(),
        event_id: Some(id.to_owned()),
        ..RejectedEvent::default()
    };
    d.store(tables::REJECTED, &[RejectedRow::new(refused, &ORIGIN)])
        .await;
}

#[tokio::test]
async fn a_name_that_is_none_any_more_takes_no_list_away() {
    let Some(d) = Deployment::new("epcis_old_names").await else {
        return;
    };
    let id = "urn:uuid:00000000-0000-4000-8000-000000000001";
    let other = "urn:uuid:00000000-0000-4000-8000-000000000002";
    let place = json!({"id": "urn:example:place:1"});
    let mut event = object(other);
    (event["readPoint"], event["bizLocation"]) = (place.clone(), place);
    let mut old = Captured::new(object(id)).at(1);
    // As an older reader took them.
    old.record.read_point = Some("urn:epc:id:sgln:9521234".to_owned());
    old.record.biz_location = Some("urn:epc:id:sgln:9521234".to_owned());
    old.record.epc_list = vec!["urn:epc:id:sgtin:9521234".to_owned()];
    store(&d, &[old, Captured::new(event).at(2)]).await;
    refuse(&d, id).await;
    for list in ["epcs", "readPoints", "bizLocations"] {
        let format = [("gs1-epc-format", "Always_EPC_URN")];
        let answer = ask(&d, &format!("/epcis/v2/{list}"), &format).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let members = match list {
            "epcs" => json!([A]),
            _ => json!(["urn:example:place:1"]),
        };
        assert_eq!(answer.json()["member"], members, "{list}");
    }
    d.drop().await;
}

#[tokio::test]
async fn what_only_a_refused_capture_names_is_not_listed() {
    let Some(d) = Deployment::new("epcis_refused_names").await else {
        return;
    };
    let id = "urn:uuid:00000000-0000-4000-8000-000000000001";
    let named = |n: u32| {
        let mut event = object(id);
        event["epcList"] = json!([format!("urn:epc:id:sgtin:9521234.054321.{n}")]);
        event["readPoint"] = json!({"id": format!("urn:epc:id:sgln:9521234.00000.{n}")});
        event["bizLocation"] = json!({"id": format!("urn:example:place:{n}")});
        event["bizStep"] = json!(format!("urn:example:step:{n}"));
        event
    };
    let mut other = named(3);
    other["eventID"] = json!("urn:uuid:00000000-0000-4000-8000-000000000002");
    let captures = [
        Captured::new(named(1)).at(1),
        Captured::new(named(2)).at(2),
        Captured::new(other).at(3),
    ];
    store(&d, &captures).await;
    refuse(&d, id).await;
    for (list, first, second) in [
        (
            "epcs",
            "https://id.gs1.org/01/09521234543213/21/1",
            "https://id.gs1.org/01/09521234543213/21/3",
        ),
        (
            "readPoints",
            "https://id.gs1.org/414/9521234000006/254/1",
            "https://id.gs1.org/414/9521234000006/254/3",
        ),
        ("bizLocations", "urn:example:place:1", "urn:example:place:3"),
    ] {
        for per_page in [1, 2, 5] {
            let mut path = Some(format!("/epcis/v2/{list}?perPage={per_page}"));
            let mut members = Vec::new();
            while let Some(at) = path {
                let answer = ask(&d, &at, &[]).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                members.extend(answer.json()["member"].as_array().unwrap().clone());
                path = answer.next();
            }
            assert_eq!(members, [first, second], "{list} {per_page}");
        }
    }
    let steps = ask(&d, "/epcis/v2/bizSteps?perPage=1000", &[]).await.json();
    let own = |n: u32| json!(format!("urn:example:step:{n}"));
    let members = steps["member"].as_array().unwrap();
    assert!(members.contains(&own(1)) && members.contains(&own(3)) && !members.contains(&own(2)));
    d.drop().await;
}

#[tokio::test]
async fn of_captures_that_are_repeated_none_is_lost_between_pages() {
    let Some(d) = Deployment::new("epcis_repeats").await else {
        return;
    };
    let client = d.client();
    client
        .query("SYSTEM STOP MERGES events")
        .execute()
        .await
        .unwrap();
    let id = |n: i64| format!("urn:uuid:00000000-0000-4000-8000-0000000000{n:02}");
    let event = |n: i64| {
        let mut event = object(&id(n));
        event["eventTime"] = json!(format!("2026-03-01T{n:02}:00:00Z"));
        Captured::new(event)
    };
    // The same captures again, found to be older each time; nothing is merged.
    for again in 0..5 {
        let captures: Vec<_> = (0..3).map(|n| event(n).at(20 - 4 * again + n)).collect();
        store(&d, &captures).await;
    }
    for order in ["eventTime", "recordTime"] {
        for per_page in 1..=4 {
            let mut path = Some(format!(
                "/epcis/v2/events?orderBy={order}&perPage={per_page}"
            ));
            let mut found = Vec::new();
            while let Some(at) = path {
                let answer = ask(&d, &at, &[]).await;
                found.extend(answer.events().iter().map(|e| e["eventID"].clone()));
                path = answer.next();
            }
            let expected = [2, 1, 0].map(|n| json!(id(n)));
            assert_eq!(found, expected, "{order} {per_page}");
        }
    }
    d.drop().await;
}

#[tokio::test]
async fn what_there_is_can_be_listed_by_kind_and_leads_to_its_events() {
    let Some(d) = Deployment::new("epcis_resources").await else {
        return;
    };
    let mut event = object("urn:uuid:00000000-0000-4000-8000-000000000001");
    event["disposition"] = json!("https://example.com/disp/own");
    event["readPoint"] = json!({"id": "urn:epc:id:sgln:9521234.00001.0"});
    event["bizLocation"] = json!({"id": "https://id.gs1.org/414/9521234000020"});
    event["epcList"] = json!([A, "urn:epc:id:sscc:9521234.0567890001", "urn:example:1"]);
    store(&d, &[Captured::new(event)]).await;
    let members = |resource: &'static str| {
        let d = &d;
        async move {
            let mut found = Vec::new();
            let mut next = Some(format!("/epcis/v2/{resource}?perPage=3"));
            while let Some(path) = next {
                let answer = ask(d, &path, &[]).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text);
                let body = answer.json();
                assert_eq!(body["type"], "Collection");
                found.extend(body["member"].as_array().unwrap().clone());
                next = answer.next();
            }
            found
        }
    };
    assert_eq!(members("eventTypes").await.len(), 5);
    assert_eq!(members("bizSteps").await.len(), 41);
    assert!(
        members("dispositions")
            .await
            .contains(&json!("https://example.com/disp/own"))
    );
    assert_eq!(
        members("readPoints").await,
        [json!("https://id.gs1.org/414/9521234000013")]
    );
    assert_eq!(
        members("bizLocations").await,
        [json!("https://id.gs1.org/414/9521234000020")]
    );
    let epcs = members("epcs").await;
    assert_eq!(epcs.len(), 3);
    assert!(epcs.contains(&json!("https://id.gs1.org/01/09521234543213/21/A")));
    for (path, status) in [
        ("eventTypes/ObjectEvent", 200),
        ("eventTypes/QuantityEvent", 404),
        ("bizSteps/shipping", 200),
        ("bizSteps/teleporting", 404),
        ("dispositions/https%3A%2F%2Fexample.com%2Fdisp%2Fown", 200),
        ("dispositions/https%3A%2F%2Fexample.com%2Fdisp%2Fother", 404),
        ("readPoints/urn:epc:id:sgln:9521234.00001.0", 200),
        ("readPoints/urn:epc:id:sgln:9521234.00009.0", 404),
        (
            "epcs/https%3A%2F%2Fid.gs1.org%2F01%2F09521234543213%2F21%2FA",
            200,
        ),
        ("epcs/nonsense", 404),
    ] {
        let answer = ask(&d, &format!("/epcis/v2/{path}"), &[]).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        if status == 200 {
            assert_eq!(answer.json()["member"], json!(["events"]));
        }
    }
    for (path, events) in [
        ("eventTypes/ObjectEvent/events", 1),
        ("eventTypes/AggregationEvent/events", 0),
        ("bizSteps/storing/events", 1),
        ("bizSteps/shipping/events?EQ_action=OBSERVE", 0),
        ("bizLocations/urn:epc:id:sgln:9521234.00002.0/events", 1),
        (
            "epcs/urn:epc:id:sscc:9521234.0567890001/events?EQ_action=OBSERVE",
            1,
        ),
    ] {
        let answer = ask(&d, &format!("/epcis/v2/{path}"), &[]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.events().len(), events, "{path}");
    }
    let twice = ask(
        &d,
        "/epcis/v2/bizSteps/storing/events?EQ_bizStep=storing",
        &[],
    )
    .await;
    assert_eq!(twice.status, 400);
    d.drop().await;
}
