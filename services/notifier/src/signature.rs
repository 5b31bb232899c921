//! The signature of a webhook: HMAC-SHA256 over the timestamp, a full stop and the body.
//!
//! The timestamp is inside the signature, so that a receiver that refuses old ones cannot be sent a
//! recorded request again later.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Header with the seconds since 1970-01-01 UTC at which the request was made.
pub const TIMESTAMP_HEADER: &str = "Serialtrail-Timestamp";
/// Header with the signature, `v1=<hex>`.
pub const SIGNATURE_HEADER: &str = "Serialtrail-Signature";

/// Value of [`SIGNATURE_HEADER`] for a body sent at `timestamp` (Unix seconds).
#[must_use]
pub fn sign(secret: &[u8], timestamp: i64, body: &[u8]) -> String {
    let tag = mac(secret, &timestamp.to_string(), body).finalize();
    format!("v1={}", hex::encode(tag.into_bytes()))
}

/// Whether `signature`, as it came in the header, was made of this timestamp header and body by one who
/// knows the secret. Takes the same time wherever a wrong one differs. How old a timestamp may be is
/// the receiver's to decide; five minutes are usual.
#[must_use]
pub fn verify(secret: &[u8], timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Some(tag) = signature
        .trim()
        .strip_prefix("v1=")
        .and_then(|tag| hex::decode(tag).ok())
    else {
        return false;
    };
    mac(secret, timestamp, body).verify_slice(&tag).is_ok()
}

fn mac(secret: &[u8], timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length (RFC 2104 §2).
    #[allow(clippy::expect_used)]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any key length is taken");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"whsec-0123456789abcdef";
    const BODY: &[u8] = br#"{"alert_id":"a"}"#;
    /// printf '1700000000.{"alert_id":"a"}' | openssl dgst -sha256 -hmac whsec-0123456789abcdef
    const EXPECTED: &str = "v1=baeba4afa17fff7e7e55a84387920dc4d333c93cba752172c0940a9646e80305";

    #[test]
    fn the_signature_is_what_openssl_makes() {
        assert_eq!(sign(SECRET, 1_700_000_000, BODY), EXPECTED);
    }

    #[test]
    fn only_the_whole_request_with_the_right_secret_verifies() {
        assert!(verify(SECRET, "1700000000", BODY, EXPECTED));
        for (secret, timestamp, body, signature) in [
            (&b"other"[..], "1700000000", BODY, EXPECTED),
            (SECRET, "1700000001", BODY, EXPECTED),
            (SECRET, "1700000000", b"{}", EXPECTED),
            (SECRET, "1700000000", BODY, &EXPECTED[3..]),
            (SECRET, "1700000000", BODY, &EXPECTED[..20]),
            (SECRET, "1700000000", BODY, "v1=zz"),
            (SECRET, "1700000000", BODY, ""),
        ] {
            assert!(!verify(secret, timestamp, body, signature), "{signature}");
        }
    }
}
