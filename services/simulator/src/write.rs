//! Writes a simulated world into a folder, in the formats `serialtrail load` and `capture` take.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::documents::{document, iso};
use crate::{Options, Simulation};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// Packs made.
    pub packs: usize,
    /// Serials in the registry file.
    pub registered: usize,
    /// Distinct events.
    pub events: usize,
    /// Distinct documents.
    pub documents: usize,
    /// Uploads, repeated ones included.
    pub uploads: usize,
    /// Labelled anomalies.
    pub anomalies: usize,
    /// Pure identity URN of one ordinary pack.
    pub example: String,
    /// First and last upload time, ISO 8601.
    pub period: (String, String),
}

/// Writes all files; `progress(done, total)` is called as documents are written.
///
/// # Errors
/// The folder cannot be written; the message names the file.
pub fn write_world(
    sim: &Simulation,
    options: &Options,
    folder: &Path,
    mut progress: impl FnMut(usize, usize),
) -> anyhow::Result<Summary> {
    let documents = folder.join("documents");
    fs::create_dir_all(&documents).with_context(|| format!("create {}", documents.display()))?;
    master_data(sim, folder)?;
    let registered = registry(sim, folder)?;

    let mut uploads = csv_file(folder, "uploads.csv")?;
    uploads.write_record(["file", "upload_time", "party"])?;
    let mut seen = BTreeSet::new();
    for (n, u) in sim.uploads.iter().enumerate() {
        uploads.write_record([&u.file, &iso(u.time), &sim.world.parties[u.party].gln])?;
        if seen.insert(u.file.clone()) {
            let path = folder.join(&u.file);
            let text = serde_json::to_vec_pretty(&document(sim, u))?;
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        }
        progress(n + 1, sim.uploads.len());
    }
    uploads.flush()?;

    let mut truth = file(folder, "truth.ndjson")?;
    for label in &sim.truth {
        serde_json::to_writer(&mut truth, label)?;
        truth.write_all(b"\n")?;
    }
    truth.flush()?;

    let time = |u: Option<&crate::Upload>| u.map_or_else(String::new, |u| iso(u.time));
    let summary = Summary {
        packs: sim.world.lots.iter().map(|l| l.packs.len()).sum(),
        registered,
        events: sim
            .events
            .iter()
            .filter(|e| e.declared_in_error.is_none())
            .count(),
        documents: seen.len(),
        uploads: sim.uploads.len(),
        anomalies: sim.truth.len(),
        example: sim.example.clone(),
        period: (time(sim.uploads.first()), time(sim.uploads.last())),
    };
    let mut world = file(folder, "world.json")?;
    serde_json::to_writer_pretty(
        &mut world,
        &serde_json::json!({"options": options, "summary": summary}),
    )?;
    world.flush()?;
    Ok(summary)
}

fn file(folder: &Path, name: &str) -> anyhow::Result<BufWriter<fs::File>> {
    let path = folder.join(name);
    Ok(BufWriter::new(
        fs::File::create(&path).with_context(|| format!("create {}", path.display()))?,
    ))
}

fn csv_file(folder: &Path, name: &str) -> anyhow::Result<csv::Writer<BufWriter<fs::File>>> {
    Ok(csv::Writer::from_writer(file(folder, name)?))
}

fn master_data(sim: &Simulation, folder: &Path) -> anyhow::Result<()> {
    let w = &sim.world;
    let mut out = csv_file(folder, "parties.csv")?;
    out.write_record(["gln", "name", "role"])?;
    for p in &w.parties {
        out.write_record([&p.gln, &p.name, p.role])?;
    }
    out.flush()?;
    let mut out = csv_file(folder, "locations.csv")?;
    out.write_record([
        "sgln",
        "name",
        "party",
        "kind",
        "country",
        "latitude",
        "longitude",
    ])?;
    for l in &w.locations {
        out.write_record([
            &crate::identifiers::sgln_urn(&l.gln, 0),
            &l.name,
            &w.parties[l.party].gln,
            l.kind,
            l.country,
            &l.latitude.to_string(),
            &l.longitude.to_string(),
        ])?;
    }
    out.flush()?;
    let mut out = csv_file(folder, "products.csv")?;
    out.write_record(["gtin", "name", "brand", "profile", "markets", "issuers"])?;
    for p in &w.products {
        out.write_record([
            &p.gtin,
            &p.name,
            &p.brand,
            p.profile,
            &p.markets.join(";"),
            &w.parties[p.maker].gln,
        ])?;
    }
    out.flush()?;
    let mut out = csv_file(folder, "lots.csv")?;
    out.write_record(["gtin", "lot", "expiry", "status"])?;
    for l in &w.lots {
        // A recall reaches the pipeline as an event, not as a load.
        out.write_record([
            &w.products[l.product].gtin,
            &l.lot,
            &l.expiry.to_string(),
            "active",
        ])?;
    }
    out.flush()?;
    Ok(())
}

fn registry(sim: &Simulation, folder: &Path) -> anyhow::Result<usize> {
    let mut out = file(folder, "registry.ndjson")?;
    let mut n = 0;
    for l in sim.world.lots.iter().filter(|l| l.registered) {
        for epc in &l.packs {
            serde_json::to_writer(
                &mut out,
                &serde_json::json!({
                    "epc": epc, "lot": l.lot, "expiry": l.expiry.to_string(),
                    "status": "active", "markets": "",
                }),
            )?;
            out.write_all(b"\n")?;
            n += 1;
        }
    }
    out.flush()?;
    Ok(n)
}
