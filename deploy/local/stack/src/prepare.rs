//! What a fresh part is given before services use it: topics, schemas, tables.

use crate::member::Member;
use crate::stack::Progress;
use crate::topics::{self, TopicsFile};
use anyhow::Context;
use serialtrail_records::Codec;
use serialtrail_runtime::Settings;

/// Gives `part` what the services expect of it; does nothing where it is already there.
///
/// # Errors
/// The part refuses.
pub fn prepare(part: Member, settings: &Settings, progress: Progress<'_>) -> anyhow::Result<()> {
    match part {
        Member::Kafka => create_topics(settings, progress),
        Member::SchemaRegistry => {
            register_schemas(settings)?;
            progress("schemas are registered");
            Ok(())
        }
        Member::ClickHouse => {
            migrate(settings)?;
            progress("tables are migrated");
            Ok(())
        }
        Member::Alertmanager | Member::Prometheus | Member::Service { .. } => Ok(()),
    }
}

fn create_topics(settings: &Settings, progress: Progress<'_>) -> anyhow::Result<()> {
    let declared = TopicsFile::read(&settings.files.topics)?;
    let report = topics::ensure(&settings.kafka, &declared.all(), false)?;
    for difference in &report.differences {
        progress(&format!(
            "warning: topic {} has {} = {}, declared is {}",
            difference.topic, difference.setting, difference.found, difference.declared
        ));
    }
    progress(&format!(
        "topics: {} created, {} present",
        report.created.len(),
        report.present.len()
    ));
    Ok(())
}

/// Registers every schema of this build.
fn register_schemas(settings: &Settings) -> anyhow::Result<()> {
    // The client is a blocking one and may not run on a thread of an async runtime.
    let url = settings.schema_registry.url.clone();
    std::thread::spawn(move || Codec::connect(&url).map(|_| ()))
        .join()
        .unwrap_or_else(|_| Err(anyhow::anyhow!("registering schemas panicked")))
        .context("registering schemas (data of another build is removed by `serialtrail clean`)")
}

/// Brings ClickHouse's tables to this version.
fn migrate(settings: &Settings) -> anyhow::Result<()> {
    // On a thread of its own: this one may already belong to a runtime.
    let clickhouse = settings.clickhouse.clone();
    let migrated = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(serialtrail_warehouse::migrate(&clickhouse))?;
        Ok(())
    });
    let migrated = migrated.join();
    migrated
        .unwrap_or_else(|_| Err(anyhow::anyhow!("migrating panicked")))
        .context("migrating ClickHouse")
}
