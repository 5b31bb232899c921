//! ClickHouse: migrations, row types, inserts and the digest.
//!
//! | module | subject |
//! |---|---|
//! | [`migrations`] | `schemas/clickhouse/*.sql`: applied in order, recorded, safe to repeat |
//! | [`rows`] | one struct a table, made from the records of `schemas/avro` |
//! | [`native`] | rows as a block of columns, ClickHouse's Native format |
//! | [`insert`] | one batch, one statement, one deduplication token |
//! | [`digest`] | the canonical projection of reads and alerts, and its hash |
//! | [`tables`] | names of the tables |
//!
//! The same code talks to the local engine and to a cluster; only the settings differ.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod digest;
pub mod insert;
pub mod migrations;
pub mod native;
pub mod rows;
pub mod tables;

pub use migrations::{Report, migrate};

use clickhouse::Client;
use serialtrail_runtime::config::{ClickHouseSettings, Compression};

/// A client for the deployment's database. Nothing is sent yet.
#[must_use]
pub fn client(settings: &ClickHouseSettings) -> Client {
    server(settings).with_database(&settings.database)
}

/// A client without a database: what creates the database uses it.
fn server(settings: &ClickHouseSettings) -> Client {
    let client = Client::default()
        .with_url(&settings.url)
        .with_user(&settings.user)
        .with_compression(match settings.compression {
            Compression::None => clickhouse::Compression::None,
            Compression::Lz4 => clickhouse::Compression::Lz4,
        })
        .with_product_info("serialtrail", env!("CARGO_PKG_VERSION"));
    if settings.password.is_empty() {
        client
    } else {
        client.with_password(&settings.password)
    }
}

/// Whether an error says that ClickHouse could not be reached or cut the answer short, rather than
/// that it refused the statement.
#[must_use]
pub fn is_unreachable(error: &clickhouse::error::Error) -> bool {
    use clickhouse::error::Error;
    matches!(error, Error::Network(_) | Error::TimedOut)
}
