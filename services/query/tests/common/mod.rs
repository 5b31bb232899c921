//! A ClickHouse with a database of its own, filled with rows, behind the query routes.
#![allow(dead_code, reason = "each test file uses its part")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use clickhouse::{Client, Row};
use serde::Serialize;
use serde_json::Value;
use serialtrail_query::api::Api;
use serialtrail_query::http::router;
use serialtrail_runtime::config::ClickHouseSettings;
use serialtrail_runtime::{Settings, Shutdown};
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::Origin;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt;

/// Names the HTTP interface of a running ClickHouse; without it one is started for the test.
const VARIABLE: &str = "SERIALTRAIL_TEST_CLICKHOUSE";

/// Where the rows of tests stood.
pub(crate) const ORIGIN: Origin = Origin {
    topic: "enriched",
    partition: 0,
    offset: 0,
    index: 0,
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A local engine, ended with the test.
struct Engine {
    child: Child,
    _data: tempfile::TempDir,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts an engine on a free port; `None` where its program or library is not built or fetched.
fn start() -> Option<(Engine, String)> {
    let library = std::env::var_os("SERIALTRAIL_CHDB_LIB").map_or_else(
        || workspace().join(".local/parts/chdb/libchdb.so"),
        PathBuf::from,
    );
    let program = ["release", "debug"]
        .map(|profile| {
            workspace()
                .join("target")
                .join(profile)
                .join("serialtrail-clickhouse-local")
        })
        .into_iter()
        .find(|program| program.is_file());
    let Some(program) = program.filter(|_| library.is_file()) else {
        eprintln!(
            "SKIPPED: no ClickHouse: set {VARIABLE}, or build serialtrail-clickhouse-local and fetch {}",
            library.display()
        );
        return None;
    };
    let data = tempfile::tempdir().unwrap();
    let mut child = Command::new(program)
        .arg("--library")
        .arg(library)
        .arg("--data")
        .arg(data.path())
        .args(["--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = lines
        .by_ref()
        .map(Result::unwrap)
        .find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            rest.split_whitespace().next().map(str::to_owned)
        })
        .unwrap();
    // Its log is read on, or it would stand still once the pipe is full.
    std::thread::spawn(move || lines.for_each(drop));
    Some((Engine { child, _data: data }, url))
}

/// A migrated database, and the API over it.
pub(crate) struct Deployment {
    pub(crate) settings: ClickHouseSettings,
    tokens: AtomicU32,
    engine: Option<Engine>,
}

impl Deployment {
    /// `None`, with a visible note, where no ClickHouse is to be had.
    pub(crate) async fn new(name: &str) -> Option<Self> {
        let (engine, url) = match std::env::var(VARIABLE) {
            Ok(url) => (None, url),
            Err(_) => start().map(|(engine, url)| (Some(engine), url))?,
        };
        let settings = ClickHouseSettings {
            url,
            database: format!("test_query_{name}_{}", std::process::id()),
            ..Default::default()
        };
        serialtrail_warehouse::migrate(&settings).await.unwrap();
        Some(Self {
            settings,
            tokens: AtomicU32::new(0),
            engine,
        })
    }

    pub(crate) fn client(&self) -> Client {
        serialtrail_warehouse::client(&self.settings)
    }

    pub(crate) fn router(&self) -> Router {
        routes(&self.settings)
    }

    /// What the routes share, for tests that end it.
    pub(crate) fn api(&self, shutdown: Shutdown) -> Api {
        Api::new(&settings(&self.settings), shutdown)
    }

    pub(crate) async fn store<T>(&self, table: &str, rows: &[T])
    where
        T: Row + Serialize + for<'a> clickhouse::RowWrite<Value<'a> = T>,
    {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed).to_string();
        insert_batch(&self.client(), table, &token, rows)
            .await
            .unwrap_or_else(|error| panic!("{table}: {error}"));
    }

    /// (status, JSON) of a GET.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        get(self.router(), path).await
    }

    /// JSON of a GET that must succeed.
    pub(crate) async fn ok(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Lines of a GET that accepts NDJSON.
    pub(crate) async fn lines(&self, path: &str) -> Vec<Value> {
        let request = Request::get(path)
            .header(header::ACCEPT, "application/x-ndjson")
            .body(Body::empty())
            .unwrap();
        let response = self.router().oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/x-ndjson"
        );
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Removes the database; the engine, if it is the test's own, ends with it.
    pub(crate) async fn drop(self) {
        if self.engine.is_none() {
            let sql = format!("DROP DATABASE {}", self.settings.database);
            self.client().query(&sql).execute().await.unwrap();
        }
    }
}

/// Settings of a deployment whose services, ClickHouse apart, are all away.
pub(crate) fn settings(clickhouse: &ClickHouseSettings) -> Settings {
    let mut settings = Settings {
        clickhouse: clickhouse.clone(),
        ..Settings::default()
    };
    for service in serialtrail_runtime::Service::ALL {
        let nowhere = vec!["http://127.0.0.1:1".to_owned()];
        settings
            .observe
            .services
            .insert(service.name().to_owned(), nowhere);
    }
    settings
}

/// The routes over a ClickHouse.
pub(crate) fn routes(clickhouse: &ClickHouseSettings) -> Router {
    router(Api::new(&settings(clickhouse), Shutdown::new()))
}

/// A demand of two days and its forecast, as the forecaster writes them; `mean` of each day.
pub(crate) async fn planning(d: &Deployment, version: &str, mean: f64) {
    let gtin = "09521234543213";
    for statement in [
        format!(
            "INSERT INTO daily_demand SELECT '{gtin}', 'DE', '', toDate('2026-03-01') + number, 3, 5, 1, 1, \
             true, toDateTime64('2026-03-20 00:00:00', 6, 'UTC'), 1, now64(6) FROM numbers(10)"
        ),
        format!(
            "INSERT INTO forecast_series SELECT '{version}', '{gtin}', 'DE', '', 'ok', '', 'mstl_ets', 7, 10, \
             toDate('2026-03-01'), 2, 14, 0.5, 0.9, 0.1, 0.8"
        ),
        format!(
            "INSERT INTO forecast_series (version, gtin, country, uom, status, message) \
             SELECT '{version}', '{gtin}', 'FR', 'KGM', 'too_short', '10 days, at least 28'"
        ),
        format!(
            "INSERT INTO forecasts SELECT '{version}', '{gtin}', 'DE', '', toDate('2026-03-11') + number, \
             number + 1, {mean}, [{mean} - 1, {mean} + 1] FROM numbers(3)"
        ),
        // A version is there once its row is.
        format!(
            "INSERT INTO forecast_versions SELECT '{version}', toDate('2026-03-10'), \
             toDateTime64('2026-03-20 00:00:00', 6, 'UTC'), now64(6) AS made, made, 28, [0.1, 0.975], '{{}}', 2, 1, 1, 0"
        ),
    ] {
        let settings = d.client().with_setting("async_insert", "0");
        settings.query_raw(&statement).execute().await.unwrap();
    }
}

/// (status, JSON) of a GET.
pub(crate) async fn get(router: Router, path: &str) -> (u16, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// A value as it stands in a query string.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
