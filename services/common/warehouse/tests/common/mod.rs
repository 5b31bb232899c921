//! A database of its own for a test, on the ClickHouse of `SERIALTRAIL_TEST_CLICKHOUSE`.

use clickhouse::Client;
use serialtrail_runtime::config::ClickHouseSettings;

/// Names the HTTP interface of a running ClickHouse for the tests.
pub(crate) const VARIABLE: &str = "SERIALTRAIL_TEST_CLICKHOUSE";

/// A database that exists only for one test.
pub(crate) struct Database {
    pub(crate) settings: ClickHouseSettings,
}

impl Database {
    /// `None`, with a visible note, where no ClickHouse is given.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let Ok(url) = std::env::var(VARIABLE) else {
            eprintln!("SKIPPED: {name} needs {VARIABLE}=http://host:port");
            return None;
        };
        let database = format!("test_{name}_{}", std::process::id());
        Some(Self {
            settings: ClickHouseSettings {
                url,
                database,
                ..Default::default()
            },
        })
    }

    pub(crate) fn client(&self) -> Client {
        serialtrail_warehouse::client(&self.settings)
    }

    pub(crate) async fn count(&self, sql: &str) -> u64 {
        self.client().query(sql).fetch_one::<u64>().await.unwrap()
    }

    pub(crate) async fn drop(self) {
        let sql = format!("DROP DATABASE {}", self.settings.database);
        self.client().query(&sql).execute().await.unwrap();
    }
}
