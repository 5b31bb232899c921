//! `nextPageToken`: where a page ended, of which question, and until when it is good.
//!
//! A token says all of it itself, so that any instance can go on from it; it is no secret, and nothing
//! is trusted because of it. One that was given back (`DELETE /nextPageToken/{token}`) is remembered by
//! the instance that was told until it would have expired.

use super::problem::EpcisProblem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a token is good, microseconds: an hour.
pub const GOOD_FOR: i64 = 3_600_000_000;
/// Most tokens remembered as given back; beyond it the one that expires first is forgotten.
const MOST_GIVEN_BACK: usize = 100_000;

/// What a question is told apart by: its path and its parameters, in any order, but for the paging.
#[must_use]
pub fn fingerprint(path: &str, pairs: &[(String, String)]) -> String {
    let mut parts: Vec<String> = pairs
        .iter()
        .map(|pair| serde_json::json!(pair).to_string())
        .collect();
    parts.sort();
    let digest = Sha256::digest(format!("{path} {}", parts.join(",")));
    URL_SAFE_NO_PAD.encode(&digest[..9])
}

/// A token for going on from `at`.
#[must_use]
pub fn encode(fingerprint: &str, at: &impl Serialize, expires: i64) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::json!([fingerprint, expires, at]).to_string())
}

/// Tokens given back; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Tokens(Arc<Mutex<BTreeSet<(i64, String)>>>);

impl Tokens {
    /// Where the question with this fingerprint goes on, at a time.
    ///
    /// # Errors
    /// 400: no token, of another question, expired, or given back.
    pub fn decode<T: DeserializeOwned>(
        &self,
        fingerprint: &str,
        token: &str,
        now: i64,
    ) -> Result<T, EpcisProblem> {
        let refused =
            |why: &str| EpcisProblem::parameter("nextPageToken", format!("nextPageToken: {why}"));
        let (of, expires, at): (String, i64, T) =
            parts(token).ok_or_else(|| refused("not one that was given out here"))?;
        if of != fingerprint {
            return Err(refused(
                "was given out for another query: repeat its parameters",
            ));
        }
        if expires <= now {
            return Err(refused("has expired: ask again from the first page"));
        }
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains(&(expires, token.to_owned())) {
            return Err(refused("was given back"));
        }
        Ok(at)
    }

    /// Remembers a token as given back; what is none, or has expired, needs no remembering.
    pub fn give_back(&self, token: &str, now: i64) {
        let Some((_, expires, _)) = parts::<serde_json::Value>(token) else {
            return;
        };
        if expires <= now || expires > now + GOOD_FOR {
            return;
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(expires, _)| *expires > now);
        held.insert((expires, token.to_owned()));
        if held.len() > MOST_GIVEN_BACK {
            held.pop_first();
        }
    }
}

fn parts<T: DeserializeOwned>(token: &str) -> Option<(String, i64, T)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_question_until_it_expires_or_is_given_back() {
        let pair = |name: &str| (name.to_owned(), "1".to_owned());
        let question = fingerprint("/events", &[pair("a"), pair("b")]);
        assert_eq!(question, fingerprint("/events", &[pair("b"), pair("a")]));
        let other = fingerprint("/events", &[pair("a")]);
        let tokens = Tokens::default();
        let token = encode(&question, &(7, "x"), 100);
        let at = |q: &str, token: &str, now| tokens.decode::<(i64, String)>(q, token, now);
        assert_eq!(at(&question, &token, 99), Ok((7, "x".to_owned())));
        assert!(at(&other, &token, 99).is_err());
        assert!(at(&question, &token, 100).is_err());
        assert!(at(&question, "nonsense", 99).is_err());
        tokens.give_back(&token, 99);
        assert!(at(&question, &token, 99).is_err());
        tokens.give_back("nonsense", 99);
    }
}
