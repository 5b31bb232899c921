//! Migrations against a real ClickHouse: twice, from two processes, changed, and as a cluster would get them.
#![allow(clippy::unwrap_used)]

mod common;

use common::Database;
use serialtrail_warehouse::migrations::{ALL, MigrateError, Migration, check, migrate_with};
use serialtrail_warehouse::{migrate, tables};
use std::process::Command;

/// Set for the child processes of `two_processes_…`: the database to migrate.
const CHILD: &str = "SERIALTRAIL_TEST_MIGRATE_DATABASE";

async fn tables_of(database: &Database) -> Vec<String> {
    database
        .client()
        .query("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
        .fetch_all()
        .await
        .unwrap()
}

#[tokio::test]
async fn migrating_twice_applies_everything_once() {
    let Some(database) = Database::new("twice") else {
        return;
    };
    let before = check(&database.settings).await.unwrap();
    assert_eq!((before.pending.len(), before.already), (ALL.len(), 0));
    let first = migrate(&database.settings).await.unwrap();
    assert_eq!((first.applied.len(), first.already), (ALL.len(), 0));
    let second = migrate(&database.settings).await.unwrap();
    assert_eq!((second.applied.len(), second.already), (0, ALL.len()));
    assert_eq!(check(&database.settings).await.unwrap(), second);

    let found = tables_of(&database).await;
    let missing: Vec<_> = tables::ALL
        .iter()
        .filter(|t| !found.iter().any(|f| f == *t))
        .collect();
    assert!(missing.is_empty(), "no table {missing:?} in {found:?}");
    assert_eq!(
        found.len(),
        tables::ALL.len() + 1,
        "a table nobody names: {found:?}"
    );
    database.drop().await;
}

#[tokio::test]
async fn two_processes_that_migrate_at_once_both_succeed() {
    if let Ok(name) = std::env::var(CHILD) {
        let mut database = Database::new("child").unwrap();
        database.settings.database = name;
        migrate(&database.settings).await.unwrap();
        return;
    }
    let Some(database) = Database::new("two_processes") else {
        return;
    };
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "two_processes_that_migrate_at_once_both_succeed"])
            .env(CHILD, &database.settings.database)
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..4).map(|_| start()).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(
        migrate(&database.settings).await.unwrap().already,
        ALL.len()
    );
    let recorded = database
        .count("SELECT count() FROM schema_migrations FINAL")
        .await;
    assert_eq!(recorded, ALL.len() as u64);
    database.drop().await;
}

const FIRST: Migration = Migration {
    version: 1,
    name: "first",
    text: "CREATE TABLE IF NOT EXISTS a (x Int8) ENGINE = {replacing()} ORDER BY x;",
};
const SECOND: Migration = Migration {
    version: 2,
    name: "second",
    text: "ALTER TABLE a ADD COLUMN IF NOT EXISTS y Int8;\nCREATE TABLE IF NOT EXISTS broken;",
};

#[tokio::test]
async fn a_changed_released_migration_is_refused_before_anything_runs() {
    let Some(database) = Database::new("changed") else {
        return;
    };
    migrate_with(&database.settings, &[FIRST]).await.unwrap();
    let changed = Migration {
        text: "CREATE TABLE IF NOT EXISTS b (x Int8) ENGINE = Memory;",
        ..FIRST
    };
    let error = migrate_with(&database.settings, &[changed, SECOND])
        .await
        .unwrap_err();
    assert!(
        matches!(&error, MigrateError::Changed { name, .. } if name == "0001_first"),
        "{error}"
    );
    assert_eq!(tables_of(&database).await, ["a", "schema_migrations"]);
    database.drop().await;
}

#[tokio::test]
async fn a_migration_that_failed_half_way_is_repeated_from_its_start() {
    let Some(database) = Database::new("half_way") else {
        return;
    };
    let error = migrate_with(&database.settings, &[FIRST, SECOND])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("0002_second"), "{error}");
    assert_eq!(
        database
            .count("SELECT count() FROM schema_migrations FINAL")
            .await,
        1
    );
    let mended = Migration {
        text: "ALTER TABLE a ADD COLUMN IF NOT EXISTS y Int8;",
        ..SECOND
    };
    let report = migrate_with(&database.settings, &[FIRST, mended])
        .await
        .unwrap();
    assert_eq!(report.applied, ["0002_second"]);
    database.drop().await;
}

#[tokio::test]
async fn a_database_of_a_newer_build_is_left_alone_and_reported() {
    let Some(database) = Database::new("newer") else {
        return;
    };
    let mended = Migration {
        text: "ALTER TABLE a ADD COLUMN IF NOT EXISTS y Int8;",
        ..SECOND
    };
    migrate_with(&database.settings, &[FIRST, mended])
        .await
        .unwrap();
    let report = migrate_with(&database.settings, &[FIRST]).await.unwrap();
    assert_eq!(
        (report.already, report.unknown),
        (1, vec!["0002_second".to_owned()])
    );
    database.drop().await;
}

#[tokio::test]
async fn what_a_cluster_gets_is_valid_to_the_parser() {
    let Some(database) = Database::new("cluster") else {
        return;
    };
    migrate_with(&database.settings, &[]).await.unwrap();
    for migration in ALL {
        for statement in migration.statements("serialtrail").unwrap() {
            let creates = statement.starts_with("CREATE");
            let replicated = "ReplicatedReplacingMergeTree('/clickhouse/tables/";
            assert_eq!(statement.contains(replicated), creates, "{statement}");
            let explain = format!("EXPLAIN AST {statement}");
            database
                .client()
                .query_raw(&explain)
                .fetch_all::<String>()
                .await
                .unwrap();
        }
    }
    database.drop().await;
}
