//! Webhooks on a real Kafka: receivers that fail, hang, refuse, are dead and come back.
#![allow(clippy::unwrap_used)]

mod ground;

use ground::hook::{Does, Hook, section};
use ground::{Ground, alert, retracted, revised, within};
use serde_json::json;
use serialtrail_ground::PATIENCE;
use serialtrail_notifier::body;
use serialtrail_notifier::cause::Group;
use serialtrail_notifier::routes::{GroupBy, Routes};
use serialtrail_notifier::worker::AFTER_DELIVERY;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

fn everything_to(receivers: &str) -> String {
    format!("\n[[route]]\nreceivers = [{receivers}]\ngroup_by = \"lot\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_hangs_and_closes_connections_gets_everything_in_order() {
    let test = "a_receiver_that_fails_hangs_and_closes_connections_gets_everything_in_order";
    let Some(ground) = Ground::new(test).await else {
        return;
    };
    // The first twelve requests go wrong in turn; after that it is back.
    let hook = Hook::start(|_, before| match (before, before % 3) {
        (12.., _) => Does::Takes,
        (_, 0) => Does::Answers(500),
        (_, 1) => Does::Hangs,
        _ => Does::ClosesTheConnection,
    })
    .await;
    let mut due = HashSet::new();
    for revision in 0..3 {
        for n in 0..8 {
            let mut alert = alert(&format!("alert{n}"));
            alert.revision += revision;
            due.insert(body::idempotency_key(&alert));
            ground.write(&alert).await;
        }
    }
    let routes =
        hook.section("hook", "timeout_ms = 300\nmax_in_flight = 4") + &everything_to("\"hook\"");
    let notifier = ground.notifier(&routes, 0);
    within(PATIENCE, "all are taken", async || {
        hook.taken().into_iter().collect::<HashSet<_>>() == due
    })
    .await;
    ground.committed("hook").await;
    notifier.end().await;
    let mut latest: HashMap<String, i64> = HashMap::new();
    for request in hook.requests() {
        let (id, revision) = request.parts();
        let last = latest.entry(id).or_default();
        assert!(
            revision >= *last,
            "an attempt of {} after revision {last}",
            request.key
        );
        *last = revision;
    }
    assert_eq!(
        hook.taken().len(),
        due.len(),
        "what was taken is not sent again"
    );
    assert_eq!(ground.parked(0), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_parked_whole_and_holds_nothing() {
    let Some(ground) = Ground::new("what_is_refused_is_parked_whole_and_holds_nothing").await
    else {
        return;
    };
    let hook = Hook::start(|key, _| match key {
        "bad/1" => Does::Answers(400),
        _ => Does::Takes,
    })
    .await;
    let routes = hook.section("hook", "max_in_flight = 1") + &everything_to("\"hook\"");
    let bad = alert("bad");
    ground.write(&bad).await;
    ground.write(&retracted(&bad)).await;
    for n in 0..5 {
        ground.write(&alert(&format!("good{n}"))).await;
    }
    // Not an alert: the sink has its bytes, here it holds nothing.
    ground.write_bytes(1, "x", b"not avro").await;
    let notifier = ground.notifier(&routes, 0);
    ground.committed("hook").await;
    let parked = ground.parked(1);
    assert_eq!(parked.len(), 1);
    let expected = body::webhook(&bad, &Group::of(&bad, GroupBy::Lot), "hook");
    assert_eq!(parked[0].body, expected);
    let requests = hook.requests();
    let sent = requests.iter().find(|request| request.key == "bad/1");
    assert_eq!(sent.unwrap().body, expected, "as it was sent");
    assert_eq!(parked[0].idempotency_key, "bad/1");
    assert_eq!((parked[0].attempts, parked[0].revision), (1, 1));
    assert_eq!(parked[0].reason, "answered 400: not today");
    assert!(parked[0].first_attempt_at <= parked[0].parked_at);
    assert_eq!(hook.taken().len(), 6);
    let end = requests.iter().find(|request| request.key == "bad/2");
    let end = end.unwrap().json();
    assert_eq!(
        (&end["status"], &end["receiver"]),
        (&json!("retracted"), &json!("hook"))
    );
    assert_eq!(end["group"]["value"], "01/09521000000018/10/L1");
    notifier.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_receiver_holds_no_other_and_what_was_for_it_is_parked() {
    let test = "a_dead_receiver_holds_no_other_and_what_was_for_it_is_parked";
    let Some(ground) = Ground::new(test).await else {
        return;
    };
    let hook = Hook::start(|_, _| Does::Takes).await;
    let text = section("dead", "http://127.0.0.1:1/hook", "max_in_flight = 64")
        + &hook.section("hook", "")
        + &everything_to("\"dead\", \"hook\"");
    let mut routes = Routes::parse(&text, &|_| None, Path::new("")).unwrap();
    let dead = routes.receivers.iter_mut().find(|r| r.name == "dead");
    dead.unwrap().park_after = Some(Duration::from_secs(12));
    let mut due = Vec::new();
    for n in 0..20 {
        let first = alert(&format!("alert{n}"));
        let second = retracted(&first);
        for alert in [&first, &second] {
            due.push(body::idempotency_key(alert));
            ground.write(alert).await;
        }
    }
    let notifier = ground.notifier_with(routes, 0);
    // On a busy machine too, and long before the dead one's are parked.
    within(
        Duration::from_secs(9),
        "the living receiver has all",
        async || hook.taken().len() == due.len(),
    )
    .await;
    ground.committed("hook").await;
    assert_eq!(
        ground.lag("dead"),
        40,
        "nothing of the dead one's is committed yet"
    );
    let parked = ground.parked(due.len());
    let mut keys: Vec<_> = parked.iter().map(|p| p.idempotency_key.clone()).collect();
    keys.sort();
    due.sort();
    assert_eq!(keys, due, "all are parked, once each");
    for record in &parked {
        assert_eq!(record.receiver, "dead");
        assert!(record.reason.contains("onnect"), "{}", record.reason);
        assert!(record.attempts > 3, "{}", record.attempts);
    }
    ground.committed("dead").await;
    notifier.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_answer_and_the_commit_it_delivers_again_under_the_same_key() {
    let test = "killed_between_the_answer_and_the_commit_it_delivers_again_under_the_same_key";
    let Some(ground) = Ground::new(test).await else {
        return;
    };
    let hook = Hook::start(|_, _| Does::Takes).await;
    let routes = hook.section("hook", "max_in_flight = 1") + &everything_to("\"hook\"");
    for n in 0..4 {
        ground.write(&alert(&format!("alert{n}"))).await;
    }
    assert!(ground.start(&routes, Some((AFTER_DELIVERY, 3))).died());
    let before: Vec<_> = hook.taken();
    assert_eq!(before.len(), 3, "it died before the fourth");
    let _again = ground.start(&routes, None);
    ground.committed("hook").await;
    let taken = hook.taken();
    let distinct: HashSet<_> = taken.iter().collect();
    assert_eq!(distinct.len(), 4, "none is lost");
    assert!(
        taken[3..].contains(&before[2]),
        "the last before the kill came again: {taken:?}"
    );
    assert_eq!(ground.parked(0), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_a_receiver_asks_for_is_kept() {
    let Some(ground) = Ground::new("the_wait_a_receiver_asks_for_is_kept").await else {
        return;
    };
    let hook = Hook::start(|_, before| match before {
        0 => Does::AnswersLater(429, "2"),
        _ => Does::Takes,
    })
    .await;
    ground.write(&alert("a")).await;
    let routes = hook.section("hook", "") + &everything_to("\"hook\"");
    let notifier = ground.notifier(&routes, 0);
    ground.committed("hook").await;
    let requests = hook.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(2));
    assert_eq!(requests[0].body, requests[1].body);
    notifier.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_told_of_an_alert_is_told_of_its_end_and_nobody_else() {
    let test = "who_was_told_of_an_alert_is_told_of_its_end_and_nobody_else";
    let Some(ground) = Ground::new(test).await else {
        return;
    };
    if !ground.warehouse().await {
        return;
    }
    let (pager, quality) = (
        Hook::start(|_, _| Does::Takes).await,
        Hook::start(|_, _| Does::Takes).await,
    );
    let routes = pager.section("pager", "")
        + &quality.section("quality", "")
        + r#"
        [[route]]
        likely_cause = ["likely_operator_error"]
        receivers = ["quality"]
        group_by = "site"
        [[route]]
        receivers = ["pager"]
        group_by = "lot"
    "#;
    let innocent = |a: &mut serialtrail_records::Alert| {
        a.likely_cause = Some("likely_operator_error".into());
    };
    let first = alert("explained-later");
    ground.write_and_land(&first).await;
    ground.write_and_land(&revised(&first, innocent)).await;
    let mut first = alert("explained-at-once");
    innocent(&mut first);
    ground.write_and_land(&first).await;
    ground.write_and_land(&retracted(&first)).await;
    let notifier = ground.notifier(&routes, 0);
    ground.committed("pager").await;
    ground.committed("quality").await;
    assert_eq!(pager.taken(), ["explained-later/1", "explained-later/2"]);
    let mut told = quality.taken();
    told.sort();
    assert_eq!(
        told,
        [
            "explained-at-once/1",
            "explained-at-once/2",
            "explained-later/2"
        ]
    );
    notifier.end().await;
    ground.drop_warehouse().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_come_and_go_share_the_work_and_keep_the_order() {
    let test = "instances_that_come_and_go_share_the_work_and_keep_the_order";
    let Some(ground) = Ground::new(test).await else {
        return;
    };
    // Of one group, each with a door of its own, to tell who delivered.
    let troubled = |_: &str, before: usize| match before % 7 {
        3 => Does::Answers(503),
        _ => Does::Takes,
    };
    let doors = [Hook::start(troubled).await, Hook::start(troubled).await];
    let routes =
        |door: &Hook| door.section("hook", "max_in_flight = 4") + &everything_to("\"hook\"");
    let first = ground.notifier(&routes(&doors[0]), 0);
    let mut second = None;
    let mut due = HashSet::new();
    for revision in 0..28 {
        // In every partition some.
        for n in 0..12 {
            let mut alert = alert(&format!("alert{n}"));
            alert.revision += revision;
            due.insert(body::idempotency_key(&alert));
            ground.write(&alert).await;
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        match revision {
            3 => second = Some(ground.notifier(&routes(&doors[1]), 1)),
            18 => second.take().unwrap().end().await,
            _ => {}
        }
    }
    let taken = || doors.iter().flat_map(Hook::taken).collect::<HashSet<_>>();
    within(PATIENCE, "all are taken", async || taken() == due).await;
    ground.committed("hook").await;
    first.end().await;
    assert!(
        !doors[1].taken().is_empty(),
        "the second instance never had work"
    );
    let mut requests: Vec<_> = doors.iter().flat_map(Hook::requests).collect();
    requests.sort_by_key(|request| request.at);
    let mut newest: HashMap<String, i64> = HashMap::new();
    for request in requests {
        let (id, revision) = request.parts();
        let newest = newest.entry(id).or_default();
        assert!(
            revision >= *newest,
            "an attempt of {} after {newest}",
            request.key
        );
        *newest = revision;
    }
    assert!(newest.values().all(|revision| *revision == 28));
}
