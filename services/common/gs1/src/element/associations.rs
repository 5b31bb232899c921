//! Which AIs may be together, and which need others (GS1 General Specifications
//! 4.13).

use super::ElementString;
use crate::ai::Ai;
use crate::error::{IdError, IdReason};

impl ElementString {
    /// Both rules of association, for the element strings of a whole item.
    pub fn check_associations(&self) -> Result<(), IdError> {
        self.check_exclusions()?;
        self.check_requirements()
    }

    /// No AI is with one that must not be with it.
    pub fn check_exclusions(&self) -> Result<(), IdError> {
        exclusions(self.elements().map(|(ai, _)| ai))
    }

    /// Every AI has with it what it requires. This is a rule of the whole item:
    /// of one barcode alone ask it only where the item has no other.
    pub fn check_requirements(&self) -> Result<(), IdError> {
        for (ai, _) in self.elements() {
            let has = |pattern: &&str| self.elements().any(|(other, _)| fits(pattern, other.code));
            let mut groups = ai.requires.iter();
            if !ai.requires.is_empty() && !groups.any(|group| group.iter().all(has)) {
                let groups: Vec<String> = ai.requires.iter().map(|g| g.join("+")).collect();
                return Err(association(format!(
                    "{ai} is not there without {}",
                    groups.join(" or ")
                )));
            }
        }
        self.check_signed_key()
    }

    /// A digital signature signs one thing: a key with a serial part of its own
    /// has that part (ISO/IEC 20248; General Specifications 3.9, AI 8030).
    fn check_signed_key(&self) -> Result<(), IdError> {
        if self.get("8030").is_none() {
            return Ok(());
        }
        let class = self.elements().find(|(ai, value)| {
            matches!(ai.code, "253" | "255" | "8003") && value.len() == ai.min_length()
        });
        match class {
            None => Ok(()),
            Some((ai, _)) => Err(association(format!(
                "a digital signature (8030) needs {ai} to have its serial part"
            ))),
        }
    }
}

/// No AI is with one that must not be with it.
pub(super) fn exclusions(ais: impl Iterator<Item = &'static Ai> + Clone) -> Result<(), IdError> {
    for ai in ais.clone().filter(|ai| !ai.excludes.is_empty()) {
        let excluded = |other: &&Ai| {
            let named = ai.excludes.iter().any(|pattern| fits(pattern, other.code));
            named && other.code != ai.code
        };
        if let Some(other) = ais.clone().find(excluded) {
            return Err(association(format!("{ai} and {other} exclude each other")));
        }
    }
    Ok(())
}

/// Whether an AI is the one a pattern names, in which `n` stands for any digit.
fn fits(pattern: &str, code: &str) -> bool {
    let mut pairs = pattern.bytes().zip(code.bytes());
    pattern.len() == code.len() && pairs.all(|(p, digit)| p == digit || p == b'n')
}

fn association(message: String) -> IdError {
    IdError::new(IdReason::BadAssociation, message)
}
