//! The detection profiles: every threshold, typed and validated.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serialtrail_records::Micros;

use crate::read::{DAY, HOUR, MINUTE};
use crate::rules::RULES;

/// The whole file: a version and one profile a kind of trade.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Written into every alert.
    pub policy_version: String,
    /// Profile of units without product, or whose product names an unknown profile.
    pub default_profile: String,
    /// Profiles by name.
    pub profile: BTreeMap<String, Profile>,
}

/// What to do about serials of products nobody registered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignGtin {
    /// They are unknown serials.
    Alert,
    /// They are only counted.
    Count,
}

/// Under which conditions a terminal or decommissioned state may be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UndoConditions {
    /// Those of the European Medicines Verification System.
    Emvs,
    /// None.
    None,
}

/// How loud an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Look when there is time.
    Low,
    /// Look this week.
    Medium,
    /// Look today.
    High,
    /// Stop the goods.
    Critical,
}

impl Severity {
    /// As written in alerts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Thresholds of one profile. What each means: `deploy/local/profiles.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Profile {
    pub horizon_days: u32,
    pub clock_tolerance_minutes: u32,
    pub clock_suspect_before_commissioning_hours: u32,
    pub unknown_grace_hours: u32,
    pub foreign_gtin: ForeignGtin,
    pub same_scan_minutes: u32,
    pub one_sale_hours: u32,
    pub returns_reopen: bool,
    pub undo_conditions: UndoConditions,
    pub undo_days: u32,
    pub travel_max_kmh: f64,
    pub travel_free_km: f64,
    pub severity: BTreeMap<String, Severity>,
}

impl Profile {
    /// How long a read stays in judgement, microseconds.
    #[must_use]
    pub fn horizon(&self) -> Micros {
        i64::from(self.horizon_days) * DAY
    }

    /// How far two sites' clocks may differ, microseconds.
    #[must_use]
    pub fn clock_tolerance(&self) -> Micros {
        i64::from(self.clock_tolerance_minutes) * MINUTE
    }

    /// Grace of an unknown serial, microseconds.
    #[must_use]
    pub fn unknown_grace(&self) -> Micros {
        i64::from(self.unknown_grace_hours) * HOUR
    }

    /// Severity of a rule's alerts. Validation makes sure every rule has one.
    #[must_use]
    pub fn severity(&self, rule: &str) -> Severity {
        self.severity.get(rule).copied().unwrap_or(Severity::Medium)
    }
}

impl Policy {
    /// Reads and validates the file.
    ///
    /// # Errors
    /// It cannot be read, a key is unknown or missing, or a value is not what its key expects.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let context = || format!("profiles file {}", file.display());
        let text = std::fs::read_to_string(file).with_context(context)?;
        Self::parse(&text).with_context(context)
    }

    /// Reads and validates TOML text.
    ///
    /// # Errors
    /// A key is unknown or missing, or a value is not what its key expects.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let policy: Self = toml::from_str(text)?;
        ensure!(
            !policy.policy_version.is_empty(),
            "policy_version = \"\": expected a version that changes with every change of this file"
        );
        ensure!(
            policy.profile.contains_key(&policy.default_profile),
            "default_profile = \"{}\": expected one of {}",
            policy.default_profile,
            policy
                .profile
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
        );
        for (name, profile) in &policy.profile {
            profile.validate(name)?;
        }
        Ok(policy)
    }

    /// The profile a unit is judged by, and its name.
    #[must_use]
    pub fn of(&self, wanted: Option<&str>) -> (&str, &Profile) {
        wanted
            .and_then(|name| self.profile.get_key_value(name))
            .or_else(|| self.profile.get_key_value(&self.default_profile))
            .map(|(name, profile)| (name.as_str(), profile))
            // `parse` holds that the default profile is there.
            .unwrap_or_else(|| unreachable!("default profile checked when the policy was read"))
    }
}

impl Profile {
    fn validate(&self, profile: &str) -> anyhow::Result<()> {
        let whole = |key: &str, value: u32, from: u32, to: u32| {
            ensure!(
                (from..=to).contains(&value),
                "profile.{profile}.{key} = {value}: expected {from} to {to}"
            );
            Ok(())
        };
        whole("horizon_days", self.horizon_days, 1, 36_500)?;
        whole(
            "clock_tolerance_minutes",
            self.clock_tolerance_minutes,
            0,
            1440,
        )?;
        let early = self.clock_suspect_before_commissioning_hours;
        whole("clock_suspect_before_commissioning_hours", early, 1, 8760)?;
        whole("unknown_grace_hours", self.unknown_grace_hours, 0, 8760)?;
        whole("same_scan_minutes", self.same_scan_minutes, 0, 1440)?;
        whole("one_sale_hours", self.one_sale_hours, 0, 8760)?;
        whole("undo_days", self.undo_days, 0, 3650)?;
        let real = |key: &str, value: f64, from: f64, to: f64| {
            ensure!(
                value >= from && value <= to,
                "profile.{profile}.{key} = {value}: expected {from} to {to}"
            );
            Ok(())
        };
        real("travel_max_kmh", self.travel_max_kmh, 1.0, 100_000.0)?;
        real("travel_free_km", self.travel_free_km, 0.0, 20_000.0)?;
        for rule in RULES {
            ensure!(
                self.severity.contains_key(rule.name),
                "profile.{profile}.severity.{} is missing: expected low, medium, high or critical",
                rule.name
            );
        }
        for (rule, severity) in &self.severity {
            ensure!(
                RULES.iter().any(|r| r.name == rule),
                "profile.{profile}.severity.{rule} = \"{}\": expected a rule, one of {}",
                severity.as_str(),
                RULES.iter().map(|r| r.name).collect::<Vec<_>>().join(", ")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
