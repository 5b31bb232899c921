//! The migrations of `schemas/clickhouse`: applied in order, recorded, safe to repeat.
//!
//! Invariants:
//! 1. Every statement is idempotent (`… IF NOT EXISTS`), so that two processes that migrate at once, or
//!    one that was killed half-way and starts again, end in the same schema. ClickHouse has no locks
//!    to rely on; [`Migration::statements`] refuses anything else.
//! 2. A migration is recorded with the SHA-256 of its text after its last statement. A recorded one
//!    whose text has changed is refused before anything is run: released migrations never change.
//! 3. A database ahead of this build (recorded migrations it does not know) is left as it is and
//!    reported: an older instance may still run beside a newer one.
//!
//! A migration is a template: `{on_cluster}`, `{replacing(version)}` and `{deduplication}` are filled
//! in for a single server or for a cluster.

use clickhouse::Row;
use serde::Deserialize;
use serialtrail_runtime::config::ClickHouseSettings;
use sha2::{Digest, Sha256};

/// Inserted blocks whose deduplication tokens a table remembers: more batches than can be repeated.
const DEDUPLICATION_WINDOW: u32 = 10_000;

/// Where applied migrations are recorded. Two processes may record the same one: the rows are equal.
const RECORD_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations {on_cluster}
(
    version UInt32,
    name String,
    checksum String,
    build String,
    applied_at DateTime64(6, 'UTC')
)
ENGINE = {replacing(applied_at)}
ORDER BY version";

/// One migration, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Number, from 1 without gaps.
    pub version: u32,
    /// File name without its number.
    pub name: &'static str,
    /// Text of the file.
    pub text: &'static str,
}

macro_rules! migrations {
    ($($version:literal $digits:literal $name:literal),+ $(,)?) => {
        /// All migrations of this build, in order.
        pub const ALL: &[Migration] = &[$(Migration {
            version: $version,
            name: $name,
            text: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/../../../schemas/clickhouse/", $digits, "_", $name, ".sql"
            )),
        }),+];
    };
}

migrations!(
    1 "0001" "events",
    2 "0002" "observations",
    3 "0003" "containment",
    4 "0004" "serials",
    5 "0005" "alerts",
    6 "0006" "rejected",
    7 "0007" "reference",
    8 "0008" "plain_text",
    9 "0009" "alert_container",
    10 "0010" "demand",
    11 "0011" "master_data",
    12 "0012" "event_query",
    13 "0013" "subscriptions",
    14 "0014" "landings",
    15 "0015" "compact_parts",
);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Report {
    /// Migrations applied now, `0001_events`, ….
    pub applied: Vec<String>,
    /// Migrations that were already there.
    pub already: usize,
    /// Migrations that are not applied; only [`check`] leaves any.
    pub pending: Vec<String>,
    /// Recorded migrations this build does not know: the database belongs to a newer build.
    pub unknown: Vec<String>,
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A released migration is not what was applied.
    #[error(
        "migration {name} was changed after it was applied (recorded {recorded}, this build has \
         {found}): undo the change and add a new migration"
    )]
    Changed {
        /// `0001_events`, ….
        name: String,
        /// Checksum in the database.
        recorded: String,
        /// Checksum of this build.
        found: String,
    },
    /// A statement that could not be repeated safely.
    #[error("migration {name} has a statement that is not idempotent: {statement}")]
    NotIdempotent {
        /// `0001_events`, ….
        name: String,
        /// First line of the statement.
        statement: String,
    },
    /// ClickHouse refused or could not be reached.
    #[error("migration {name} at {url}: {error}")]
    ClickHouse {
        /// `0001_events`, …, or what was being prepared.
        name: String,
        /// Where.
        url: String,
        /// What it says.
        #[source]
        error: clickhouse::error::Error,
    },
}

impl Migration {
    /// `0001_events`, ….
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }

    /// SHA-256 of the text as written, hex.
    #[must_use]
    pub fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.text))
    }

    /// The statements, filled in; `cluster` empty for a single server.
    ///
    /// # Errors
    /// A statement is not idempotent.
    pub fn statements(&self, cluster: &str) -> Result<Vec<String>, MigrateError> {
        let mut statements = Vec::new();
        for statement in split(self.text) {
            if !is_idempotent(&statement) {
                return Err(MigrateError::NotIdempotent {
                    name: self.full_name(),
                    statement: statement.lines().next().unwrap_or_default().to_owned(),
                });
            }
            statements.push(fill(&statement, cluster));
        }
        Ok(statements)
    }
}

/// Statements of a file: comment lines left out, cut after lines that end in a semicolon.
fn split(text: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    for line in text.lines().filter(|line| !line.starts_with("--")) {
        let (line, ends) = match line.trim_end().strip_suffix(';') {
            Some(line) => (line, true),
            None => (line, false),
        };
        if let Some(current) = statements.last_mut() {
            current.push_str(line);
            current.push('\n');
        }
        if ends {
            statements.push(String::new());
        }
    }
    let trimmed = statements.iter().map(|s| s.trim().to_owned());
    trimmed.filter(|s| !s.is_empty()).collect()
}

/// Whether running the statement twice, or twice at once, ends as running it once.
fn is_idempotent(statement: &str) -> bool {
    let upper = statement.to_ascii_uppercase();
    if upper.starts_with("ALTER TABLE ") {
        // What these do the second time depends on what the first did.
        let refused = [
            "RENAME ",
            " UPDATE ",
            "DELETE WHERE",
            " PARTITION",
            "MOVE ",
            "FREEZE",
        ];
        if refused.iter().any(|change| upper.contains(change)) {
            return false;
        }
        return [
            "ADD COLUMN",
            "ADD INDEX",
            "ADD PROJECTION",
            "DROP COLUMN",
            "DROP INDEX",
        ]
        .iter()
        .map(|change| (upper.matches(change).count(), *change))
        .all(|(count, change)| {
            let guard = if change.starts_with("ADD") {
                "IF NOT EXISTS"
            } else {
                "IF EXISTS"
            };
            upper.matches(&format!("{change} {guard}")).count() == count
        });
    }
    ["TABLE", "VIEW", "MATERIALIZED VIEW", "DICTIONARY"]
        .iter()
        .any(|kind| {
            upper.starts_with(&format!("CREATE {kind} IF NOT EXISTS "))
                || upper.starts_with(&format!("DROP {kind} IF EXISTS "))
        })
}

/// Fills a template in.
fn fill(template: &str, cluster: &str) -> String {
    let mut text = template.to_owned();
    let (on_cluster, deduplication) = if cluster.is_empty() {
        (
            String::new(),
            format!("non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}"),
        )
    } else {
        (
            format!("ON CLUSTER `{cluster}`"),
            format!("replicated_deduplication_window = {DEDUPLICATION_WINDOW}"),
        )
    };
    text = text
        .replace("{on_cluster}", &on_cluster)
        .replace("{deduplication}", &deduplication);
    while let Some((before, rest)) = text.split_once("{replacing(") {
        let Some((version, after)) = rest.split_once(")}") else {
            break;
        };
        let engine = match (cluster.is_empty(), version) {
            (true, version) => format!("ReplacingMergeTree({version})"),
            (false, "") => format!("ReplicatedReplacingMergeTree({REPLICA})"),
            (false, version) => format!("ReplicatedReplacingMergeTree({REPLICA}, {version})"),
        };
        text = format!("{before}{engine}{after}");
    }
    text
}

/// Where a replicated table keeps its log, and which replica this is: macros of the server.
const REPLICA: &str = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

/// Brings the database of `settings` up to this build's schema. Safe to repeat, and to run from several
/// processes at once.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(settings: &ClickHouseSettings) -> Result<Report, MigrateError> {
    migrate_with(settings, ALL).await
}

/// Compares the database of `settings` with this build's schema; changes nothing.
///
/// # Errors
/// ClickHouse could not be reached, or a released migration is not what was applied.
pub async fn check(settings: &ClickHouseSettings) -> Result<Report, MigrateError> {
    let failed = |error| MigrateError::ClickHouse {
        name: "check".into(),
        url: settings.url.clone(),
        error,
    };
    let tables: u64 = crate::server(settings)
        .query_raw(
            "SELECT count() FROM system.tables \
             WHERE database = {database:String} AND name = 'schema_migrations'",
        )
        .param("database", &settings.database)
        .fetch_one()
        .await
        .map_err(failed)?;
    let recorded = if tables == 0 {
        Vec::new()
    } else {
        recorded(&crate::client(settings)).await.map_err(failed)?
    };
    compare(&recorded, ALL)
}

#[derive(Row, Deserialize)]
struct Recorded {
    version: u32,
    name: String,
    checksum: String,
}

async fn recorded(client: &clickhouse::Client) -> Result<Vec<Recorded>, clickhouse::error::Error> {
    client
        .query("SELECT version, name, checksum FROM schema_migrations FINAL ORDER BY version")
        .fetch_all()
        .await
}

/// What is applied, what is pending, what is not of this build.
fn compare(recorded: &[Recorded], migrations: &[Migration]) -> Result<Report, MigrateError> {
    let mut report = Report::default();
    for migration in migrations {
        match recorded.iter().find(|r| r.version == migration.version) {
            None => report.pending.push(migration.full_name()),
            Some(found) if found.checksum == migration.checksum() => report.already += 1,
            Some(found) => {
                return Err(MigrateError::Changed {
                    name: migration.full_name(),
                    recorded: found.checksum.clone(),
                    found: migration.checksum(),
                });
            }
        }
    }
    let known = |version| migrations.iter().any(|m| m.version == version);
    let unknown = recorded.iter().filter(|r| !known(r.version));
    report.unknown = unknown
        .map(|r| format!("{:04}_{}", r.version, r.name))
        .collect();
    Ok(report)
}

/// [`migrate`] with a list of migrations of the caller's.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate_with(
    settings: &ClickHouseSettings,
    migrations: &[Migration],
) -> Result<Report, MigrateError> {
    let failed = |name: String| {
        let url = settings.url.clone();
        move |error| MigrateError::ClickHouse { name, url, error }
    };
    let (database, cluster) = (&settings.database, settings.cluster.as_str());
    let on_cluster = fill("{on_cluster}", cluster);
    let server = crate::server(settings);
    let create = format!("CREATE DATABASE IF NOT EXISTS {database} {on_cluster}");
    server
        .query_raw(&create)
        .execute()
        .await
        .map_err(failed("database".into()))?;
    let client = crate::client(settings);
    let preparing = || failed("schema_migrations".into());
    client
        .query_raw(&fill(RECORD_TABLE, cluster))
        .execute()
        .await
        .map_err(preparing())?;
    let recorded = recorded(&client).await.map_err(preparing())?;
    let mut report = compare(&recorded, migrations)?;
    let pending = std::mem::take(&mut report.pending);
    for migration in migrations {
        let name = migration.full_name();
        if !pending.contains(&name) {
            continue;
        }
        for statement in migration.statements(cluster)? {
            client
                .query_raw(&statement)
                .execute()
                .await
                .map_err(failed(name.clone()))?;
        }
        client
            .query(
                "INSERT INTO schema_migrations SELECT {version:UInt32}, {name:String}, \
                 {checksum:String}, {build:String}, now64(6)",
            )
            .with_setting("async_insert", "0")
            .param("version", migration.version)
            .param("name", migration.name)
            .param("checksum", migration.checksum())
            .param("build", env!("CARGO_PKG_VERSION"))
            .execute()
            .await
            .map_err(failed(name.clone()))?;
        tracing::info!(migration = name, "applied");
        report.applied.push(name);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_folder_in_order_without_gaps() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../schemas/clickhouse");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<_> = ALL
            .iter()
            .map(|m| format!("{}.sql", m.full_name()))
            .collect();
        assert_eq!(files, listed);
        assert!((1..).zip(ALL).all(|(number, m)| m.version == number));
    }

    #[test]
    fn every_statement_can_be_repeated_and_every_placeholder_is_filled() {
        for cluster in ["", "serialtrail"] {
            let macros = ["{shard}", "{database}", "{table}", "{replica}"];
            for migration in ALL {
                for statement in migration.statements(cluster).unwrap() {
                    let text = macros.iter().fold(statement, |text, m| text.replace(m, ""));
                    assert!(!text.contains(['{', '}']), "{text}");
                    assert_eq!(
                        text.contains("ON CLUSTER `serialtrail`"),
                        !cluster.is_empty()
                    );
                }
            }
        }
    }

    #[test]
    fn a_statement_that_would_fail_the_second_time_is_refused() {
        let cases = [
            ("CREATE TABLE IF NOT EXISTS t (a Int8)", true),
            ("CREATE TABLE t (a Int8)", false),
            ("ALTER TABLE t ADD COLUMN IF NOT EXISTS b Int8", true),
            ("ALTER TABLE t ADD COLUMN b Int8", false),
            (
                "ALTER TABLE t ADD COLUMN IF NOT EXISTS b Int8, ADD COLUMN c Int8",
                false,
            ),
            ("ALTER TABLE t DROP INDEX IF EXISTS i", true),
            ("ALTER TABLE t MODIFY COLUMN a String", true),
            ("ALTER TABLE t RENAME COLUMN a TO b", false),
            ("ALTER TABLE t UPDATE a = a + 1 WHERE 1", false),
            ("INSERT INTO t SELECT 1", false),
            ("DROP TABLE t", false),
        ];
        for (statement, expected) in cases {
            assert_eq!(is_idempotent(statement), expected, "{statement}");
        }
    }

    #[test]
    fn a_file_is_cut_at_the_ends_of_its_statements() {
        let text = "-- a; b\nCREATE TABLE IF NOT EXISTS a\n(x Int8) -- why;\n;\n\nDROP TABLE IF EXISTS b;\n";
        let statements = split(text);
        assert_eq!(statements.len(), 2, "{statements:?}");
        assert_eq!(statements[1], "DROP TABLE IF EXISTS b");
    }
}
