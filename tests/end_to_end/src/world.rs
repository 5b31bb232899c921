//! A simulated world run through a deployment, disturbed or not.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::Deployment;

/// One upload of a world: file, upload time, party.
pub type Upload = Vec<String>;

/// A simulated world on disk.
#[derive(Debug)]
pub struct World {
    /// Its folder.
    pub folder: PathBuf,
    /// Columns of uploads.csv.
    header: Upload,
    /// Uploads in order of time.
    pub uploads: Vec<Upload>,
}

impl World {
    /// Makes a world.
    ///
    /// # Errors
    /// The simulator refuses.
    pub fn simulate(d: &Deployment, folder: &Path, seed: u64, items: u32) -> anyhow::Result<Self> {
        d.ok([
            "simulate".as_ref(),
            "--out".as_ref(),
            folder.as_os_str(),
            "--seed".as_ref(),
            seed.to_string().as_ref(),
            "--items".as_ref(),
            items.to_string().as_ref(),
            "--anomalies".as_ref(),
            "6".as_ref(),
        ])?;
        let mut reader = csv::Reader::from_path(folder.join("uploads.csv"))?;
        let fields = |r: &csv::StringRecord| r.iter().map(str::to_owned).collect::<Upload>();
        let header = fields(reader.headers()?);
        let uploads = reader
            .records()
            .map(|r| Ok(fields(&r?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            header,
            uploads,
        })
    }

    /// Loads master data and registry.
    ///
    /// # Errors
    /// A row is refused.
    pub fn load(&self, d: &Deployment) -> anyhow::Result<()> {
        let files = [
            "parties.csv",
            "locations.csv",
            "products.csv",
            "lots.csv",
            "registry.ndjson",
        ];
        let args = std::iter::once("load".into()).chain(files.iter().map(|f| self.folder.join(f)));
        d.ok(args.map(std::path::PathBuf::into_os_string))?;
        Ok(())
    }

    /// Captures these uploads, in this order, each with its record time.
    ///
    /// # Errors
    /// A document is refused.
    pub fn capture(&self, d: &Deployment, name: &str, uploads: &[Upload]) -> anyhow::Result<()> {
        let path = self.folder.join(format!("{name}.csv"));
        let mut writer = csv::Writer::from_path(&path)?;
        writer.write_record(&self.header)?;
        for u in uploads {
            writer.write_record(u)?;
        }
        writer.flush()?;
        d.ok([
            "capture".as_ref(),
            "--record-times".as_ref(),
            path.as_os_str(),
        ])
        .with_context(|| format!("capture {name}"))?;
        Ok(())
    }
}
