//! Device and session ids are replaced at the edge by a keyed hash; the raw values reach no topic.
//!
//! The hash is `<key id>:<32 hex digits of HMAC-SHA256(secret, name 0 value)>`: the same device stays
//! the same while the secret does, and the key id says which secret it was, so that it can rotate.
//! [`DeviceHash::redact`] works on JSON and XML text, well formed or not, so that the original bytes kept of an
//! event differ from what the publisher sent in nothing but these values.

use anyhow::ensure;
use hmac::{Hmac, Mac};
use serialtrail_epcis::Format;
use sha2::Sha256;
use std::borrow::Cow;

/// Local names (whatever the prefix or namespace before) whose values are personal.
pub(crate) const PERSONAL: [&str; 2] = ["deviceId", "sessionId"];

/// The key ids are hashed with.
#[derive(Clone)]
pub struct DeviceHash {
    id: String,
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for DeviceHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceHash")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl DeviceHash {
    /// A key by its id (1 to 16 letters, digits, hyphens) and secret (16 characters at least).
    ///
    /// # Errors
    /// Id or secret are not of that form.
    pub fn new(id: &str, secret: &str) -> anyhow::Result<Self> {
        ensure!(
            (1..=16).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
            "device_hash.id = \"{id}\": expected 1 to 16 letters, digits and hyphens"
        );
        ensure!(
            secret.len() >= 16,
            "device_hash.secret: expected at least 16 characters"
        );
        let keyed = Hmac::new_from_slice(secret.as_bytes())?;
        Ok(Self {
            id: id.to_owned(),
            keyed,
        })
    }

    /// The hash of a value of the given local name (`deviceId`, `sessionId`).
    #[must_use]
    pub fn hash(&self, name: &str, value: &str) -> String {
        let mut keyed = self.keyed.clone();
        keyed.update(name.as_bytes());
        keyed.update(&[0]);
        keyed.update(value.as_bytes());
        format!(
            "{}:{}",
            self.id,
            hex::encode(&keyed.finalize().into_bytes()[..16])
        )
    }

    /// The text with every personal value replaced by its hash, in either format.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t [u8], format: Format) -> Cow<'t, [u8]> {
        match format {
            Format::JsonLd => self.redact_json(text),
            Format::Xml => crate::device_xml::redact(self, text),
        }
    }

    /// The JSON text with the value of every member named `deviceId` or `sessionId` replaced by its
    /// hash, at any depth. A value that is no string is hashed by its text. Text that is not JSON is
    /// treated alike as far as its strings can be told apart. Applied twice it hashes the hash: apply
    /// it once, at the edge.
    fn redact_json<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        // Nothing to do for nearly every event, and quickly known.
        let suspect = [&b"viceId"[..], b"ssionId", b"\\u"]
            .iter()
            .any(|part| memchr::memmem::find(text, part).is_some());
        if !suspect {
            return Cow::Borrowed(text);
        }
        let mut out: Vec<u8> = Vec::new();
        let mut kept = 0;
        let mut at = 0;
        while let Some(quote) = memchr::memchr(b'"', &text[at..]).map(|n| at + n) {
            let end = string_end(text, quote);
            at = end;
            let Some(name) = personal_name(&text[quote..end]) else {
                continue;
            };
            let colon = skip_space(text, end);
            if text.get(colon) != Some(&b':') {
                continue;
            }
            let value = skip_space(text, colon + 1);
            let value_end = value_end(text, value);
            if value == value_end {
                continue;
            }
            let token = &text[value..value_end];
            if token == b"null" {
                continue;
            }
            let raw = serde_json::from_slice::<String>(token)
                .unwrap_or_else(|_| String::from_utf8_lossy(token).into_owned());
            out.extend_from_slice(&text[kept..value]);
            out.push(b'"');
            out.extend_from_slice(self.hash(name, &raw).as_bytes());
            out.push(b'"');
            kept = value_end;
            at = value_end;
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        out.extend_from_slice(&text[kept..]);
        Cow::Owned(out)
    }
}

/// Index behind the string that starts at `quote`; the end of the text when it is not closed.
fn string_end(text: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(n) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) {
        at += n;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// The personal name a member's quoted name ends in, after any prefix.
fn personal_name(quoted: &[u8]) -> Option<&'static str> {
    let name: Cow<'_, str> = if quoted.contains(&b'\\') {
        Cow::Owned(serde_json::from_slice::<String>(quoted).ok()?)
    } else {
        let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
        Cow::Borrowed(std::str::from_utf8(inner).ok()?)
    };
    let local = name.rsplit([':', '/', '#']).next()?;
    PERSONAL.into_iter().find(|personal| *personal == local)
}

/// Index behind the value that starts at `start`: a string, a balanced object or array, or a word.
fn value_end(text: &[u8], start: usize) -> usize {
    match text.get(start) {
        Some(b'"') => string_end(text, start),
        Some(b'{' | b'[') => {
            let mut depth = 0usize;
            let mut at = start;
            while at < text.len() {
                match text[at] {
                    b'"' => {
                        at = string_end(text, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return at + 1;
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            text.len()
        }
        _ => {
            let ends = |b: &u8| matches!(b, b',' | b'}' | b']') || b.is_ascii_whitespace();
            text[start..]
                .iter()
                .position(ends)
                .map_or(text.len(), |n| start + n)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> DeviceHash {
        DeviceHash::new("d1", "0123456789abcdef").unwrap()
    }

    fn redacted(text: &str) -> String {
        String::from_utf8(key().redact(text.as_bytes(), Format::JsonLd).into_owned()).unwrap()
    }

    #[test]
    fn one_device_is_one_hash_that_names_its_key() {
        let hash = key().hash("deviceId", "phone-1");
        assert_eq!(hash, key().hash("deviceId", "phone-1"));
        assert!(hash.starts_with("d1:") && hash.len() == 35 && !hash.contains("phone"));
        assert_ne!(hash, key().hash("sessionId", "phone-1"));
        assert_ne!(hash, key().hash("deviceId", "phone-2"));
        let rotated = DeviceHash::new("d2", "fedcba9876543210").unwrap();
        assert_ne!(hash[3..], rotated.hash("deviceId", "phone-1")[3..]);
    }

    #[test]
    fn only_the_two_values_differ_from_what_was_sent() {
        let text = r#"{ "type":"ObjectEvent",  "ex:deviceId" : "phone-1", "https://ex.com/ns#sessionId":"s\"1",
            "note":"deviceId: phone", "list":["deviceId"], "sensorMetadata":{"deviceID":"urn:x"} }"#;
        let device = key().hash("deviceId", "phone-1");
        let session = key().hash("sessionId", "s\"1");
        let expected = text
            .replace("phone-1", &device)
            .replace(r#"s\"1"#, &session);
        assert_eq!(redacted(text), expected);
    }

    #[test]
    fn no_spelling_of_the_name_or_kind_of_value_escapes() {
        for text in [
            r#"{"device\u0049d":"secret-7"}"#,
            r#"{"a":{"b":[{"x:deviceId":"secret-7"}]}}"#,
            r#"{"deviceId":{"raw":["secret-7"]}}"#,
            r#"{"deviceId":secret-7}"#,
            r#"{"deviceId":"secret-7"#,
            r#"{"deviceId":["secret-7""#,
            "{\"deviceId\"\n:\n\"secret-7\",,",
        ] {
            assert!(
                !redacted(text).contains("secret-7"),
                "{text} -> {}",
                redacted(text)
            );
        }
        assert_eq!(
            redacted(r#"{"deviceId":7}"#),
            format!(r#"{{"deviceId":"{}"}}"#, key().hash("deviceId", "7"))
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_text_without_the_names_is_kept(text in "[\\PC\"\\\\{}:,]{0,200}") {
            let out = redacted(&text);
            if !text.contains("eviceId") && !text.contains("essionId") && !text.contains("\\u") {
                prop_assert_eq!(out, text);
            }
        }

        #[test]
        fn a_document_stays_json_of_the_same_shape(device in "\\PC{0,20}", other in "\\PC{0,20}") {
            let value = serde_json::json!({"x": other, "n:deviceId": device, "y": [1, {"sessionId": null}]});
            let out: serde_json::Value =
                serde_json::from_slice(&key().redact(value.to_string().as_bytes(), Format::JsonLd)).unwrap();
            prop_assert_eq!(&out["x"], &value["x"]);
            prop_assert_eq!(&out["y"], &value["y"]);
            prop_assert_eq!(out["n:deviceId"].as_str().unwrap(), key().hash("deviceId", &device));
        }
    }
}
