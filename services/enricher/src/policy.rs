//! What the enricher takes from the profiles file: the history horizon of each profile.

use anyhow::{Context, ensure};
use serde::Deserialize;
use serialtrail_records::Micros;
use std::collections::BTreeMap;
use std::path::Path;

const DAY: Micros = 86_400_000_000;
const DEFAULT_HORIZON_DAYS: f64 = 400.0;

/// `profiles.toml`; the detector owns the rest of the file and refuses unknown keys in it.
#[derive(Debug, Default, Deserialize)]
struct File {
    default_profile: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Debug, Deserialize)]
struct Profile {
    #[serde(default = "default_horizon")]
    horizon_days: f64,
}

fn default_horizon() -> f64 {
    DEFAULT_HORIZON_DAYS
}

/// Horizons by profile.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    horizons: BTreeMap<String, Micros>,
    default_profile: Option<String>,
}

impl Policy {
    /// Reads the profiles file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or states a horizon that is not a positive number of days.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("profiles file {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("profiles file {}", file.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut horizons = BTreeMap::new();
        for (name, profile) in file.profile {
            let days = profile.horizon_days;
            ensure!(
                days > 0.0 && days <= 36_500.0,
                "profile.{name}.horizon_days = {days}: expected more than 0, at most 36500 days"
            );
            // In range, as just ensured.
            horizons.insert(name, (days * DAY as f64) as Micros);
        }
        Ok(Self {
            horizons,
            default_profile: file.default_profile,
        })
    }

    /// How far before its record time a read of a unit judged by `profile` may have happened,
    /// microseconds; without a profile, or with an unknown one, the default profile's.
    pub(crate) fn horizon(&self, profile: Option<&str>) -> Micros {
        profile
            .and_then(|p| self.horizons.get(p))
            .or_else(|| self.horizons.get(self.default_profile.as_deref()?))
            .copied()
            .unwrap_or((DEFAULT_HORIZON_DAYS * DAY as f64) as Micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_has_its_horizon_and_the_default_holds_elsewhere() {
        let policy = Policy::parse(
            "policy_version = \"1\"\ndefault_profile = \"b\"\n[profile.a]\nhorizon_days = 2\n\
             unknown_grace_hours = 72\n[profile.b]\nhorizon_days = 0.5",
        )
        .unwrap();
        assert_eq!(policy.horizon(Some("a")), 2 * DAY);
        assert_eq!(policy.horizon(Some("c")), DAY / 2);
        assert_eq!(policy.horizon(None), DAY / 2);
        assert_eq!(Policy::default().horizon(None), 400 * DAY);
    }

    #[test]
    fn a_horizon_that_is_none_names_its_key() {
        let error = Policy::parse("[profile.a]\nhorizon_days = -1")
            .unwrap_err()
            .to_string();
        assert!(error.contains("profile.a.horizon_days = -1"), "{error}");
    }
}
