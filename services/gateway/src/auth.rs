//! Who publishes: API keys, their party and roles.
//!
//! The keys stand in a file (`files.api_keys`):
//!
//! ```toml
//! [[key]]
//! name = "what a person calls it"
//! party = "4012345000009"             # GLN, or a name
//! roles = ["capture"]                 # capture, import, read, master_data
//! key = "the key itself"              # or: sha256 = "hex digest of it"
//!
//! [device_hash]                       # see `device`
//! id = "d1"
//! secret = "at least sixteen characters"
//! ```
//!
//! Only digests are kept in memory. A presented key is compared by its digest with every entry, in
//! time that does not depend on which one fits.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::device::DeviceHash;
use crate::problem::{Kind, Problem};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Publish events as its own party.
    Capture,
    /// Set record times, publish on behalf of any party, move the replay clock.
    Import,
    /// Read capture jobs of its party.
    Read,
    /// Bring reference data up to date by the master data of its documents.
    #[serde(rename = "master_data")]
    MasterData,
}

/// The holder of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What a person calls the key.
    pub name: String,
    /// GLN (13 digits) or name of its party.
    pub party: String,
    /// What it may do.
    pub roles: Vec<Role>,
}

/// Source party of what an import publishes on nobody's behalf.
pub const OPERATOR: &str = "operator";

impl Principal {
    /// Whether the key has a role.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The source party of what this key publishes. `on_behalf_of` is the request's
    /// `Serialtrail-Source-Party`.
    ///
    /// # Errors
    /// 403: the key may not publish, or not for another party; 400: the name is none.
    pub fn publisher(&self, on_behalf_of: Option<&str>) -> Result<String, Problem> {
        if !self.may(Role::Capture) {
            let detail = format!("the key \"{}\" has no role `capture`", self.name);
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        let named = on_behalf_of.map(party).transpose().map_err(|reason| {
            Problem::new(
                Kind::Validation,
                format!("header Serialtrail-Source-Party: {reason}"),
            )
        })?;
        match named {
            Some(party) if self.may(Role::Import) || party == self.party => Ok(party),
            Some(party) => Err(Problem::new(
                Kind::Forbidden,
                format!("only a key with role `import` may publish on behalf of {party}"),
            )),
            None if self.may(Role::Import) => Ok(OPERATOR.to_owned()),
            None => Ok(self.party.clone()),
        }
    }

    /// Whether this key may see the job of `party`.
    #[must_use]
    pub fn sees(&self, party: &str) -> bool {
        self.may(Role::Import) || self.party == party
    }
}

/// One form for one party: the GLN of 13 digits where it is one in any spelling, else the name.
///
/// # Errors
/// Empty, longer than 128 characters, or with control characters.
pub fn party(text: &str) -> Result<String, String> {
    let text = text.trim();
    if let Ok(gln) = serialtrail_gs1::parse_gln(text) {
        return Ok(gln);
    }
    if let Some(gln) = serialtrail_gs1::parse_identifier(text)
        .ok()
        .and_then(|key| key.gln().map(String::from))
    {
        return Ok(gln);
    }
    if text.is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
        return Err(format!(
            "{text:?}: expected a GLN or a name of 1 to 128 characters"
        ));
    }
    Ok(text.to_owned())
}

/// All keys of a deployment.
#[derive(Debug, Clone)]
pub struct KeyRing {
    keys: Vec<([u8; 32], Principal)>,
    /// The key device and session ids are hashed with.
    pub device_hash: DeviceHash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<KeyEntry>,
    device_hash: DeviceEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    name: String,
    party: String,
    roles: Vec<Role>,
    key: Option<String>,
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceEntry {
    id: String,
    secret: String,
}

impl KeyRing {
    /// Reads the text of the keys file.
    ///
    /// # Errors
    /// Not TOML of the form above; the message names the entry, never the key.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        // toml's message would quote the line, and with it the key: only its place is told.
        let file: KeyFile = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map(|at| text[..at.start].matches('\n').count() + 1);
            anyhow::anyhow!("line {}: {}", line.unwrap_or(0), error.message())
        })?;
        let mut keys: Vec<([u8; 32], Principal)> = Vec::with_capacity(file.key.len());
        for entry in file.key {
            let name = entry.name;
            let context = || format!("key \"{name}\"");
            let digest = match (entry.key, entry.sha256) {
                (Some(key), None) => {
                    ensure!(key.len() >= 8, "key \"{name}\": shorter than 8 characters");
                    Sha256::digest(key.as_bytes()).into()
                }
                (None, Some(digest)) => {
                    let mut bytes = [0; 32];
                    hex::decode_to_slice(digest.trim(), &mut bytes)
                        .map_err(|_| anyhow::anyhow!("sha256 is not 64 hex digits"))
                        .with_context(context)?;
                    bytes
                }
                _ => bail!("key \"{name}\": expected either `key` or `sha256`"),
            };
            ensure!(
                keys.iter().all(|(other, _)| other != &digest),
                "key \"{name}\": the same key stands twice"
            );
            let party = party(&entry.party)
                .map_err(anyhow::Error::msg)
                .with_context(context)?;
            keys.push((
                digest,
                Principal {
                    name: name.clone(),
                    party,
                    roles: entry.roles,
                },
            ));
        }
        let device_hash = DeviceHash::new(&file.device_hash.id, &file.device_hash.secret)?;
        Ok(Self { keys, device_hash })
    }

    /// The holder of a presented key; `None` when nobody holds it.
    #[must_use]
    pub fn authenticate(&self, presented: &str) -> Option<&Principal> {
        let digest: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let mut found = u64::MAX;
        for (index, (own, _)) in (0u64..).zip(&self.keys) {
            let same: Choice = own.as_slice().ct_eq(digest.as_slice());
            found.conditional_assign(&index, same);
        }
        usize::try_from(found)
            .ok()
            .and_then(|index| self.keys.get(index))
            .map(|(_, holder)| holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[key]]
        name = "acme"
        party = "urn:epc:id:pgln:4012345.00000"
        roles = ["capture", "read"]
        key = "acme-secret"
        [[key]]
        name = "import"
        party = "operator"
        roles = ["capture", "import", "read"]
        sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        [[key]]
        name = "reader"
        party = "operator"
        roles = ["read"]
        key = "reader-secret"
        [device_hash]
        id = "d1"
        secret = "0123456789abcdef"
    "#;

    fn ring() -> KeyRing {
        KeyRing::parse(FILE).unwrap()
    }

    #[test]
    fn a_key_stands_for_its_party_whether_the_file_holds_it_or_its_digest() {
        let ring = ring();
        assert_eq!(
            ring.authenticate("acme-secret").unwrap().party,
            "4012345000009"
        );
        assert_eq!(ring.authenticate("test").unwrap().name, "import");
        assert_eq!(ring.authenticate("acme-secreT"), None);
        assert_eq!(ring.authenticate(""), None);
    }

    #[test]
    fn a_publisher_is_its_own_party_and_an_import_whom_it_says() {
        let ring = ring();
        let acme = ring.authenticate("acme-secret").unwrap();
        let import = ring.authenticate("test").unwrap();
        assert_eq!(acme.publisher(None).unwrap(), "4012345000009");
        assert_eq!(
            acme.publisher(Some("4012345000009")).unwrap(),
            "4012345000009"
        );
        assert_eq!(
            acme.publisher(Some("9521321000001")).unwrap_err().kind,
            Kind::Forbidden
        );
        assert_eq!(import.publisher(None).unwrap(), "operator");
        assert_eq!(
            import.publisher(Some("9521321000001")).unwrap(),
            "9521321000001"
        );
        assert_eq!(
            import.publisher(Some(" ")).unwrap_err().kind,
            Kind::Validation
        );
        let reader = ring.authenticate("reader-secret").unwrap();
        assert_eq!(reader.publisher(None).unwrap_err().kind, Kind::Forbidden);
    }

    #[test]
    fn a_wrong_file_names_the_entry_and_never_shows_a_key() {
        for (broken, expected) in [
            (
                FILE.replace("key = \"acme-secret\"", "key = \"short\""),
                "\"acme\": shorter",
            ),
            (FILE.replace("sha256 = \"9f", "sha256 = \"zz"), "\"import\""),
            (
                FILE.replace("\"reader-secret\"", "\"acme-secret\""),
                "\"reader\": the same",
            ),
            (
                FILE.replace("key = \"acme-secret\"", ""),
                "\"acme\": expected either",
            ),
            (
                FILE.replace("key = \"acme-secret\"", "key = acme-secret"),
                "line 6",
            ),
            (
                FILE.replace("\"capture\", \"read\"", "\"admin\""),
                "unknown variant",
            ),
            (FILE.replace("[device_hash]", "[other]"), "unknown field"),
            (
                FILE.replace("0123456789abcdef", "short"),
                "device_hash.secret",
            ),
        ] {
            let error = format!("{:#}", KeyRing::parse(&broken).unwrap_err());
            assert!(error.contains(expected), "{error} lacks {expected}");
            assert!(!error.contains("acme-secret"), "{error}");
        }
    }
}
