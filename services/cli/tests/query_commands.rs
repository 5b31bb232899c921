//! trace, alerts, digest and migrate as a user runs them, over a real ClickHouse and query service.
#![allow(clippy::unwrap_used)]

#[path = "../../query/tests/common/mod.rs"]
mod common;

use common::{Deployment, ORIGIN};
use serde_json::Value;
use serialtrail_records::{Alert, EnrichedObservation};
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_warehouse::rows::{AlertRow, ObservationRow};
use serialtrail_warehouse::tables;
use sha2::{Digest, Sha256};
use std::process::{Command, Output};

const UNIT: &str = "01/09521234543213/21/A";

/// The command line, with an empty settings file of its own and the deployment in the environment.
struct Cli {
    clickhouse: ClickHouseSettings,
    query: String,
    config: tempfile::NamedTempFile,
}

impl Cli {
    fn new(d: &Deployment, query: &str) -> Self {
        Self {
            clickhouse: d.settings.clone(),
            query: query.to_owned(),
            config: tempfile::NamedTempFile::new().unwrap(),
        }
    }

    async fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_serialtrail"));
        command
            .arg("--config")
            .arg(self.config.path())
            .args(args)
            .env("SERIALTRAIL__CLICKHOUSE__URL", &self.clickhouse.url)
            .env(
                "SERIALTRAIL__CLICKHOUSE__DATABASE",
                &self.clickhouse.database,
            )
            .env("SERIALTRAIL__HTTP__QUERY", &self.query);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// Standard output of a command that must succeed.
    async fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args).await;
        assert!(
            ran.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Exit code and standard error of a command that must not.
    async fn fails(&self, args: &[&str]) -> (Option<i32>, String) {
        let ran = self.run(args).await;
        assert!(!ran.status.success(), "{args:?} succeeded");
        (ran.status.code(), String::from_utf8(ran.stderr).unwrap())
    }
}

/// The query service over the deployment; its address.
async fn serve(d: &Deployment) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = d.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn fill(d: &Deployment, reads: i64, alerts: i64) {
    let rows: Vec<_> = (0..reads)
        .map(|n| {
            let mut read = EnrichedObservation {
                unit: UNIT.into(),
                event_id: format!("e{n:05}"),
                asserted: true,
                direct: true,
                ..EnrichedObservation::default()
            };
            read.body.event_time = 1_769_904_000_000_000 + n;
            ObservationRow::new(read, &ORIGIN)
        })
        .collect();
    d.store(tables::OBSERVATIONS, &rows).await;
    let rows: Vec<_> = (0..alerts)
        .map(|n| {
            let alert = Alert {
                alert_id: format!("a{n:05}"),
                rule: "DUPLICATE_SCAN".into(),
                subject: UNIT.into(),
                epc: "https://id.gs1.org/01/09521234543213/21/A".into(),
                state: "asserted".into(),
                lot: Some(format!("L{}", n % 2)),
                event_time: 1_769_904_000_000_000,
                ..Alert::default()
            };
            AlertRow::new(alert, &ORIGIN)
        })
        .collect();
    d.store(tables::ALERTS, &rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_and_alerts_show_what_the_query_service_knows() {
    let Some(d) = Deployment::new("cli").await else {
        return;
    };
    fill(&d, 1_500, 1_200).await;
    let cli = Cli::new(&d, &serve(&d).await);

    let text = cli
        .ok(&["trace", "urn:epc:id:sgtin:9521234.054321.A"])
        .await;
    assert!(
        text.contains("https://id.gs1.org/01/09521234543213/21/A"),
        "{text}"
    );
    assert!(text.contains("journey: 1500 reads"), "all pages");
    let trace: Value = serde_json::from_str(&cli.ok(&["--json", "trace", UNIT]).await).unwrap();
    assert_eq!(trace["journey"].as_array().unwrap().len(), 1_500);
    assert_eq!(trace["next"], Value::Null);

    let (code, error) = cli.fails(&["trace", "(01)09521234543213(21)nobody"]).await;
    assert!(code == Some(1) && error.contains("unknown_unit"), "{error}");
    let (code, error) = cli.fails(&["trace", "(01)09521234543210(21)A"]).await;
    assert!(
        code == Some(1) && error.contains("bad_check_digit"),
        "{error}"
    );

    assert_eq!(cli.ok(&["alerts", "--ndjson"]).await.lines().count(), 1_200);
    assert_eq!(
        cli.ok(&["alerts", "--ndjson", "--lot", "L1"])
            .await
            .lines()
            .count(),
        600
    );
    assert_eq!(
        cli.ok(&["alerts", "--unit", UNIT]).await.lines().count(),
        101,
        "and a head"
    );
    let page: Value =
        serde_json::from_str(&cli.ok(&["--json", "alerts", "--limit", "7"]).await).unwrap();
    assert_eq!(page["alerts"].as_array().unwrap().len(), 7);
    assert_eq!(
        cli.ok(&["alerts", "--rule", "HOTSPOT"]).await,
        "no alert matches\n"
    );
    let (_, error) = cli.fails(&["alerts", "--since", "yesterday"]).await;
    assert!(error.contains("since=yesterday"), "{error}");
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recall_and_where_show_where_units_are() {
    let Some(d) = Deployment::new("cli_recall").await else {
        return;
    };
    let rows: Vec<_> = (0..250)
        .map(|n| {
            let mut read = EnrichedObservation {
                unit: format!("01/09521234543213/21/{n:03}"),
                event_id: format!("e{n}"),
                asserted: true,
                direct: true,
                ..EnrichedObservation::default()
            };
            read.facts.lot = Some("L1".into());
            read.site.gln = Some("9521234000013".into());
            read.site.country = Some("DE".into());
            read.body.biz_step = Some("storing".into());
            ObservationRow::new(read, &ORIGIN)
        })
        .collect();
    d.store(tables::OBSERVATIONS, &rows).await;
    let cli = Cli::new(&d, &serve(&d).await);

    let text = cli.ok(&["recall", "9521234543213", "L1"]).await;
    assert!(
        text.contains("units    250") && text.contains("DE       250"),
        "{text}"
    );
    let lot = ["recall", "9521234543213", "L1"];
    let lines = cli.ok(&[&lot[..], &["--ndjson"]].concat()).await;
    assert_eq!(lines.lines().count(), 250);
    let csv = cli
        .ok(&[&lot[..], &["--csv", "--whereabouts", "sold"]].concat())
        .await;
    assert_eq!(csv.lines().count(), 1, "a header: {csv}");
    let (code, error) = cli.fails(&["recall", "9521234543213", "L2"]).await;
    assert!(code == Some(1) && error.contains("unknown_lot"), "{error}");

    let text = cli
        .ok(&["where", "09521234543213", "--country", "de"])
        .await;
    assert!(text.contains("250    9521234000013"), "{text}");
    let text = cli.ok(&["where", "(01)09521234543213(21)007"]).await;
    assert!(text.contains("at_site") && text.contains("L1"), "{text}");
    let unit: Value = serde_json::from_str(
        &cli.ok(&["--json", "where", "01/09521234543213/21/007"])
            .await,
    )
    .unwrap();
    assert_eq!(unit["last_step"], "storing");
    d.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_a_digest_hash_to_the_digest_and_migrate_says_what_it_did() {
    let Some(d) = Deployment::new("cli_digest").await else {
        return;
    };
    let cli = Cli::new(&d, "127.0.0.1:1");
    let text = cli.ok(&["migrate"]).await;
    assert!(
        text.starts_with("0 applied now, ") && !text.contains("pending"),
        "{text}"
    );
    cli.ok(&["migrate", "--check"]).await;

    fill(&d, 20, 3).await;
    let digest: Value = serde_json::from_str(&cli.ok(&["--json", "digest"]).await).unwrap();
    let sum = digest["sha256"].as_str().unwrap();
    assert_eq!(
        (&digest["reads"], &digest["alerts"]),
        (&20.into(), &3.into())
    );
    assert_eq!(digest["rows"]["observations"], 20);
    let lines = cli.ok(&["digest", "--lines"]).await;
    assert_eq!(lines.lines().count(), 23);
    assert_eq!(sha2_hex(&lines), sum);
    assert!(cli.ok(&["digest"]).await.starts_with(sum));

    d.client()
        .query("TRUNCATE TABLE schema_migrations")
        .execute()
        .await
        .unwrap();
    let ran = cli.run(&["--json", "migrate", "--check"]).await;
    assert_eq!(
        ran.status.code(),
        Some(3),
        "pending migrations are a finding"
    );
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(
        !report["pending"].as_array().unwrap().is_empty(),
        "{report}"
    );
    d.drop().await;
}

fn sha2_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_answer_is_named_with_what_to_do() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let cli = Cli {
        clickhouse: ClickHouseSettings {
            url: format!("http://{closed}"),
            ..Default::default()
        },
        query: closed.to_string(),
        config: tempfile::NamedTempFile::new().unwrap(),
    };
    for args in [
        &["trace", UNIT][..],
        &["alerts"],
        &["alerts", "--ndjson"],
        &["recall", "09521234543213", "L1"],
        &["recall", "09521234543213", "L1", "--csv"],
        &["where", UNIT],
        &["digest"],
        &["migrate"],
    ] {
        let (code, error) = cli.fails(args).await;
        assert_eq!(code, Some(1), "{args:?}");
        assert!(
            error.contains("does not answer at") && error.contains("serialtrail up"),
            "{args:?}: {error}"
        );
        assert!(error.contains(&closed.to_string()), "{args:?}: {error}");
    }
}
