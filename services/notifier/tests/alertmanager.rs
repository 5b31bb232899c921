//! The real Alertmanager on a real Kafka and ClickHouse: alerts appear, end, and survive its kill.
#![allow(clippy::unwrap_used)]

mod ground;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use ground::{Ground, Notifier, alert, retracted, revised, within};
use serde_json::Value;
use serialtrail_ground::PATIENCE;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// `SERIALTRAIL_ALERTMANAGER`, or the local stack's part.
fn program(test: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let parts = std::env::var_os("SERIALTRAIL_PARTS")
        .map_or_else(|| workspace.join(".local/parts"), PathBuf::from);
    let given = std::env::var_os("SERIALTRAIL_ALERTMANAGER").map(PathBuf::from);
    let program = given
        .into_iter()
        .chain(
            ["bin/alertmanager", "usr/bin/prometheus-alertmanager"]
                .map(|name| parts.join("alertmanager").join(name)),
        )
        .find(|program| program.is_file());
    if program.is_none() {
        eprintln!("SKIPPED: {test}: no Alertmanager; SERIALTRAIL_ALERTMANAGER names none");
    }
    program
}

/// An Alertmanager that can be killed and started again at the same address.
struct Alertmanager {
    program: PathBuf,
    folder: tempfile::TempDir,
    address: SocketAddr,
    child: Child,
}

impl Alertmanager {
    async fn start(program: PathBuf) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let configuration = "route: {receiver: none}\nreceivers: [{name: none}]\n";
        std::fs::write(folder.path().join("am.yml"), configuration).unwrap();
        let child = launch(&program, folder.path(), address);
        let started = Self {
            program,
            folder,
            address,
            child,
        };
        started.answers().await;
        started
    }

    async fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = launch(&self.program, self.folder.path(), self.address);
        self.answers().await;
    }

    async fn answers(&self) {
        let url = format!("http://{}/-/ready", self.address);
        within(PATIENCE, "Alertmanager answers", async || {
            reqwest::get(&url).await.is_ok_and(|a| a.status() == 200)
        })
        .await;
    }

    /// Alerts that are open, each as (alert id, labels).
    async fn open(&self) -> Vec<Value> {
        let url = format!("http://{}/api/v2/alerts", self.address);
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn open_ids(&self) -> Vec<String> {
        let open = self.open().await;
        let mut ids: Vec<_> = open
            .iter()
            .map(|alert| alert["labels"]["alert_id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    async fn holds(&self, expected: &[&str]) {
        let what = format!("exactly these are open: {expected:?}");
        within(PATIENCE, &what, async || self.open_ids().await == expected).await;
    }

    fn routes(&self) -> String {
        routes(self.address)
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(program: &Path, folder: &Path, address: SocketAddr) -> Child {
    Command::new(program)
        .arg(format!("--config.file={}", folder.join("am.yml").display()))
        .arg(format!("--storage.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=")
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn routes(address: SocketAddr) -> String {
    format!(
        r#"
        console = "http://console.example"
        [receiver.alertmanager]
        kind = "alertmanager"
        url = "http://{address}/api/v2"
        check_seconds = 1
        [[route]]
        rule = ["DUPLICATE_SCAN"]
        severity = ["high", "critical"]
        receivers = ["alertmanager"]
        group_by = "lot"
        "#
    )
}

/// A ground with tables, an Alertmanager and a notifier that sends to it; `None`, said visibly, where a
/// part is missing.
async fn begin(test: &'static str) -> Option<(Ground, Alertmanager, Notifier)> {
    let program = program(test)?;
    let ground = Ground::new(test).await?;
    if !ground.warehouse().await {
        return None;
    }
    let alertmanager = Alertmanager::start(program).await;
    let notifier = ground.notifier(&alertmanager.routes(), 0);
    Some((ground, alertmanager, notifier))
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_appear_end_when_retracted_and_survive_a_kill_of_alertmanager() {
    let test = "alerts_appear_end_when_retracted_and_survive_a_kill_of_alertmanager";
    let Some((ground, mut alertmanager, notifier)) = begin(test).await else {
        return;
    };
    let (a, b, c) = (alert("a"), alert("b"), alert("c"));
    for alert in [&a, &b, &c] {
        ground.write_and_land(alert).await;
    }
    let mut elsewhere = alert("elsewhere");
    elsewhere.severity = "low".into();
    ground.write_and_land(&elsewhere).await;
    alertmanager.holds(&["a", "b", "c"]).await;

    let open = alertmanager.open().await;
    let shown = open
        .iter()
        .find(|alert| alert["labels"]["alert_id"] == "a")
        .unwrap();
    for (label, expected) in [
        ("alertname", "DUPLICATE_SCAN"),
        ("severity", "high"),
        ("gtin", "09521000000018"),
        ("lot", "L1"),
        ("country", "ES"),
        ("site", "9521321000018"),
        ("party", "9521321000001"),
        ("profile", "pharma"),
        ("group", "01/09521000000018/10/L1"),
        ("group_by", "lot"),
    ] {
        assert_eq!(shown["labels"][label], expected, "{label}");
    }
    let link = "http://console.example/unit?id=01%2F09521000000018%2F21%2Fa";
    assert_eq!(shown["generatorURL"], link);
    assert_eq!(shown["status"]["state"], "active");

    ground.write_and_land(&retracted(&b)).await;
    alertmanager.holds(&["a", "c"]).await;

    // Other labels: what is held under the old ones ends.
    let worse = revised(&c, |c| c.severity = "critical".into());
    ground.write_and_land(&worse).await;
    within(
        PATIENCE,
        "only the critical revision of c is open",
        async || {
            let open = alertmanager.open().await;
            let severities: Vec<_> = open
                .iter()
                .filter(|alert| alert["labels"]["alert_id"] == "c")
                .map(|alert| alert["labels"]["severity"].as_str().unwrap())
                .collect();
            severities == ["critical"]
        },
    )
    .await;

    ground.committed("alertmanager").await;
    alertmanager.kill_and_restart().await;
    alertmanager.holds(&["a", "c"]).await;

    // It leads elsewhere from now on: here it ends.
    ground
        .write_and_land(&revised(&worse, |c| c.severity = "low".into()))
        .await;
    alertmanager.holds(&["a"]).await;

    // While it is away, what happens waits; what stood is sent again.
    alertmanager.child.kill().unwrap();
    alertmanager.child.wait().unwrap();
    ground.write_and_land(&alert("d")).await;
    ground.write_and_land(&retracted(&a)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(tokio::task::block_in_place(|| ground.lag("alertmanager")) > 0);
    alertmanager.kill_and_restart().await;
    alertmanager.holds(&["d"]).await;
    ground.committed("alertmanager").await;
    alertmanager.holds(&["d"]).await;
    assert_eq!(ground.parked(0), []);

    // A notifier that starts sends what stands, without anything new in the topic.
    notifier.end().await;
    alertmanager.kill_and_restart().await;
    let notifier = ground.notifier(&alertmanager.routes(), 0);
    alertmanager.holds(&["d"]).await;
    notifier.end().await;
    ground.drop_warehouse().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_alertmanager_is_never_sent_what_clickhouse_holds_too_old() {
    let test = "a_restarted_alertmanager_is_never_sent_what_clickhouse_holds_too_old";
    let Some((ground, mut alertmanager, notifier)) = begin(test).await else {
        return;
    };
    let a = alert("a");
    ground.write_and_land(&a).await;
    alertmanager.holds(&["a"]).await;
    // The sink is behind: ClickHouse still says that it stands.
    let (partition, offset) = ground.write(&retracted(&a)).await;
    ground.committed("alertmanager").await;
    alertmanager.holds(&[]).await;
    alertmanager.kill_and_restart().await;
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(8) {
        assert_eq!(alertmanager.open_ids().await, Vec::<String>::new());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // New alerts are not held up by that.
    ground.write(&alert("b")).await;
    alertmanager.holds(&["b"]).await;
    ground.land(&retracted(&a), partition, offset).await;
    notifier.end().await;
    ground.drop_warehouse().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_only_what_alertmanager_refuses_is_parked() {
    let Some(ground) = Ground::new("of_a_batch_only_what_alertmanager_refuses_is_parked").await
    else {
        return;
    };
    // No valid alert of ours is refused by the real one: this one refuses an id.
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&taken);
    let take = async move |body: Bytes| {
        let alerts: Vec<Value> = serde_json::from_slice(&body).unwrap();
        let ids: Vec<String> = alerts
            .iter()
            .map(|alert| alert["labels"]["alert_id"].as_str().unwrap().to_owned())
            .collect();
        if ids.iter().any(|id| id == "bad") {
            return (StatusCode::BAD_REQUEST, "invalid label set");
        }
        seen.lock().unwrap().extend(ids);
        (StatusCode::OK, "")
    };
    let status = r#"{"uptime": "2026-01-01T00:00:00Z"}"#;
    let router = Router::new()
        .route("/api/v2/alerts", post(take))
        .route("/api/v2/status", get(async move || status));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    for id in ["a", "bad", "b", "c"] {
        ground.write(&alert(id)).await;
    }
    let notifier = ground.notifier(&routes(address), 0);
    ground.committed("alertmanager").await;
    let mut ids = taken.lock().unwrap().clone();
    ids.sort();
    assert_eq!(ids, ["a", "b", "c"]);
    let parked = ground.parked(1);
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].idempotency_key, "bad/1");
    assert_eq!(parked[0].reason, "answered 400: invalid label set");
    let body: Value = serde_json::from_slice(&parked[0].body).unwrap();
    assert_eq!(body[0]["labels"]["alert_id"], "bad");
    notifier.end().await;
}
