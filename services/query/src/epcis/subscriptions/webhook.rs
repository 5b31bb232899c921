//! One document to one receiver, and what its answer means.

use hmac::{Hmac, Mac};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Header with the signature of the body (official OpenAPI: `GS1-Signature`).
pub const SIGNATURE_HEADER: &str = "GS1-Signature";
/// Wait before the second attempt, jitter apart.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait between two attempts, unless the receiver asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest wait a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// Longest wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What one attempt ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Taken,
    /// It asks for less at once (413).
    Smaller,
    /// It may take it another time.
    Again {
        /// What happened, for a person.
        reason: String,
        /// Wait the receiver asked for.
        after: Option<Duration>,
    },
}

/// The signature of a body: `sha256=` and the hex HMAC-SHA256 of its bytes with the subscriber's
/// `signatureToken`.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length (RFC 2104 §2).
    #[allow(clippy::expect_used)]
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length is taken");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// What a status means. Everything but 2xx and 413 is tried again, redirects too: they are not followed,
/// because a document goes where its subscriber said, and a subscription is ended by nobody else.
#[must_use]
pub fn judge(status: u16, after: Option<Duration>) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        413 => Verdict::Smaller,
        _ => Verdict::Again {
            reason: format!("answered {status}"),
            after,
        },
    }
}

/// Wait after so many failures in a row (from 1): doubling from half a second to a minute, between half
/// and all of it, told by the subscription's id; never less than the receiver asked for, up to an hour.
#[must_use]
pub fn wait(id: &str, failures: u32, asked: Option<Duration>) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    let digest = Sha256::digest(format!("{id}/{failures}"));
    let jittered = full.mul_f64(0.5 + f64::from(digest[0]) / 510.0);
    jittered.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

/// A client for receivers; it follows no redirects.
///
/// # Errors
/// The trust store cannot be read.
pub fn client() -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(ANSWER_WITHIN)
        .timeout(ANSWER_WITHIN)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("serialtrail/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

/// Sends a document.
pub async fn post(
    client: &reqwest::Client,
    dest: &str,
    secret: Option<&str>,
    body: String,
) -> Verdict {
    let mut request = client
        .post(dest)
        .header(CONTENT_TYPE, "application/json")
        .header("GS1-EPCIS-Version", "2.0.0")
        .header("GS1-CBV-Version", "2.0.0");
    if let Some(secret) = secret {
        request = request.header(SIGNATURE_HEADER, sign(secret, body.as_bytes()));
    }
    match request.body(body).send().await {
        Ok(answer) => {
            let after = answer.headers().get(RETRY_AFTER);
            let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            judge(answer.status().as_u16(), after.map(Duration::from_secs))
        }
        Err(error) => {
            // The address may hold a token.
            let error = error.without_url();
            let reason = match error.is_timeout() {
                true => "no answer in time".to_owned(),
                false => error.to_string(),
            };
            Verdict::Again {
                reason,
                after: None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_openssl_makes() {
        // printf '{"type":"EPCISQueryDocument"}' | openssl dgst -sha256 -hmac 13df38d8275b13f0
        assert_eq!(
            sign("13df38d8275b13f0", br#"{"type":"EPCISQueryDocument"}"#),
            "sha256=703cc5f234d3839cea44bd2db86e68db74a95c67667b5ba934bda3fb9bae04fa"
        );
    }

    #[test]
    fn an_event_is_taken_by_2xx_only() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judge(status, None), Verdict::Taken);
        }
        assert_eq!(judge(413, None), Verdict::Smaller);
        for status in [
            199, 300, 302, 307, 400, 401, 403, 404, 410, 415, 429, 500, 503, 600,
        ] {
            assert!(
                matches!(judge(status, None), Verdict::Again { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn waits_double_to_a_minute_and_are_never_less_than_asked_for() {
        for failures in 1..40 {
            let full = 0.5 * 2f64.powi(failures - 1);
            let full = full.min(60.0);
            let found = wait("s", failures.unsigned_abs(), None).as_secs_f64();
            assert!((full / 2.0..=full).contains(&found), "{failures}: {found}");
        }
        assert_ne!(wait("a", 5, None), wait("b", 5, None));
        assert_eq!(wait("a", 1, Some(Duration::from_secs(90))).as_secs(), 90);
        assert_eq!(
            wait("a", 1, Some(Duration::from_secs(90_000))).as_secs(),
            3600
        );
    }
}
