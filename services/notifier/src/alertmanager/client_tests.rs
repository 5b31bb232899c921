use super::*;
use crate::cause::Group;
use crate::routes::GroupBy;
use crate::routes::Routes;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use rdkafka::mocking::MockCluster;
use serialtrail_records::{Alert, Codec};
use serialtrail_runtime::config::KafkaSettings;
use serialtrail_runtime::topics::NOTIFICATIONS_PARKED;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

fn notification(severity: &str, certain: bool) -> Arc<Notification> {
    of(
        Alert {
            alert_id: "a".into(),
            severity: severity.into(),
            state: "asserted".into(),
            revision: 2,
            ..Alert::default()
        },
        certain,
    )
}

fn of(alert: Alert, certain: bool) -> Arc<Notification> {
    let group = Group::of(&alert, GroupBy::None);
    Arc::new(Notification {
        alert,
        group,
        certain,
    })
}

fn new(id: &str) -> Arc<Notification> {
    let alert = Alert {
        alert_id: id.into(),
        revision: 1,
        ..Alert::default()
    };
    of(alert, true)
}

/// A stand-in that answers `status` to a request with alert `bad`, and 200 to any other. Where it is,
/// and a count of the requests.
async fn stand_in(status: StatusCode) -> (SocketAddr, Arc<AtomicUsize>) {
    let requests: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&requests);
    let take = async move |body: String| {
        counted.fetch_add(1, Ordering::SeqCst);
        match body.contains("\"bad\"") {
            true => status,
            false => StatusCode::OK,
        }
    };
    let router = Router::new().route("/alerts", post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, requests)
}

/// What becomes of a batch of `a`, `bad`, `b` where `bad` is answered with `status`, and how many
/// requests that takes.
async fn becomes(status: StatusCode) -> (Vec<Outcome>, usize) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(NOTIFICATIONS_PARKED, 1, 1).unwrap();
    let kafka = KafkaSettings {
        brokers: cluster.bootstrap_servers(),
        ..KafkaSettings::default()
    };
    let (address, requests) = stand_in(status).await;
    let routes = format!(
        "console = \"http://console\"\n[receiver.am]\nkind = \"alertmanager\"\n\
         url = \"http://{address}\"\n[[route]]\nreceivers = [\"am\"]\ngroup_by = \"none\"\n"
    );
    let mut routes = Routes::parse(&routes, &|_| None, Path::new("")).unwrap();
    let mut receiver = routes.receivers.remove(0);
    receiver.park_after = Some(Duration::from_millis(1));
    let alertmanager = Alertmanager {
        client: attempt::client(Duration::from_secs(10)).unwrap(),
        parker: Parker::new(&kafka, "", Arc::new(Codec::offline().unwrap())).unwrap(),
        reporting: Reporting {
            receiver: receiver.name.clone(),
        },
        receiver: Arc::new(receiver),
        console: routes.console,
        open_for: Duration::from_secs(60),
        shutdown: Shutdown::new(),
    };
    let batch = ["a", "bad", "b"].map(new);
    let outcomes = alertmanager.deliver(&batch).await.unwrap();
    (outcomes, requests.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_refused_batch_each_is_sent_alone_and_only_what_is_refused_again_is_parked() {
    let (outcomes, requests) = becomes(StatusCode::BAD_REQUEST).await;
    assert_eq!(
        outcomes,
        [Outcome::Delivered, Outcome::Refused, Outcome::Delivered]
    );
    assert_eq!(requests, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_alertmanager_is_away_a_batch_is_parked_whole() {
    let (outcomes, requests) = becomes(StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(outcomes, [Outcome::Parked; 3]);
    assert!(requests <= 2, "{requests}: none is sent alone");
}

#[test]
fn what_is_held_under_other_labels_ends_when_the_new_ones_come() {
    let look = Look {
        console: "http://console",
        open_for: Duration::from_secs(60),
        now: 1_000_000,
    };
    let first = compose(&[notification("low", true)], Vec::new(), &look);
    let later = Look {
        now: 5_000_000,
        ..look
    };
    let same = compose(&[notification("low", true)], first.clone(), &later);
    assert_eq!(same.len(), 1, "the same labels are the same alert");
    let raised = compose(&[notification("high", true)], first.clone(), &later);
    assert_eq!(raised.len(), 2);
    assert_eq!(raised[1].labels, first[0].labels);
    assert_eq!(raised[1].ends_at, "1970-01-01T00:00:05.000000Z");
    assert_eq!(raised[1].starts_at, first[0].starts_at);
    let elsewhere = compose(&[notification("high", false)], first, &later);
    assert_eq!(
        elsewhere,
        raised[1..],
        "only ended: the revision leads elsewhere"
    );
    assert_eq!(
        compose(&[notification("high", false)], Vec::new(), &later),
        []
    );
}
