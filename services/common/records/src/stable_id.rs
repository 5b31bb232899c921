//! Ids that depend on nothing but what they identify.

use sha2::{Digest, Sha256};

/// The first 32 hex digits of SHA-256 over `bytes`: written twice, the same thing has the same id.
#[must_use]
pub fn stable_id(bytes: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(bytes.as_ref());
    hex::encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_is_the_first_half_of_the_published_digest() {
        // FIPS 180-2, appendix B.1: SHA-256("abc").
        assert_eq!(super::stable_id("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }
}
