//! What an answer means, when the next attempt is made, and when there is none any more. Pure.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Wait before the second attempt, jitter apart.
pub const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait between two attempts, unless the receiver asks for more.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What one attempt ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// It may take it later.
    Again {
        /// What happened, for a person.
        reason: String,
        /// Wait the receiver asked for.
        after: Option<Duration>,
    },
    /// It will never take it.
    Refused {
        /// What it said, for a person.
        reason: String,
    },
}

/// What a status means. 2xx: delivered. 408, 409 (a request with this key is still in work), 425, 429
/// and 5xx: again. Everything else: refused, redirects included, because a signed body goes where the
/// routes file says and nowhere else.
#[must_use]
pub fn judge(status: u16, after: Option<Duration>, said: &str) -> Verdict {
    let said = said.trim();
    let reason = if said.is_empty() {
        format!("answered {status}")
    } else {
        format!("answered {status}: {said}")
    };
    match status {
        200..=299 => Verdict::Delivered,
        408 | 409 | 425 | 429 | 500..=599 => Verdict::Again { reason, after },
        _ => Verdict::Refused { reason },
    }
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which is counted from `now` (Unix seconds).
#[must_use]
pub fn retry_after(header: &str, now: i64) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let at = chrono::DateTime::parse_from_rfc2822(header).ok()?;
    let seconds = at.timestamp().saturating_sub(now).max(0);
    Some(Duration::from_secs(seconds.unsigned_abs()))
}

/// Wait after the `attempt`-th attempt (from 1) failed: doubling from [`FIRST_WAIT`] to
/// [`LONGEST_WAIT`], of which `jitter` (0 to 1) keeps between half and all. What the receiver asked for
/// is never undercut.
#[must_use]
pub fn wait(attempt: u32, jitter: f64, asked: Option<Duration>) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let full = (FIRST_WAIT * 2u32.pow(doublings)).min(LONGEST_WAIT);
    let wait = full.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
    wait.max(asked.unwrap_or_default())
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is delivered.
    Done,
    /// Wait so long, then try again.
    Wait(Duration),
    /// Nothing: the receiver refused it, for this reason.
    Refused(String),
    /// Give up: it never answered in the time there is. The reason is that of the last attempt.
    GiveUp(String),
}

/// The attempts at one delivery.
#[derive(Debug, Clone)]
pub struct Tries {
    /// Attempts made.
    pub attempts: u32,
    park_after: Option<Duration>,
    jitter: ChaCha8Rng,
}

impl Tries {
    /// None made yet. They are given up `park_after` the first one began, or never. Equal `seed`s give
    /// equal jitter.
    #[must_use]
    pub fn new(park_after: Option<Duration>, seed: &str) -> Self {
        let mut hash = DefaultHasher::new();
        seed.hash(&mut hash);
        Self {
            attempts: 0,
            park_after,
            jitter: ChaCha8Rng::seed_from_u64(hash.finish()),
        }
    }

    /// An attempt ended, `elapsed` after the first one began.
    pub fn after(&mut self, verdict: Verdict, elapsed: Duration) -> Next {
        self.attempts = self.attempts.saturating_add(1);
        let (reason, asked) = match verdict {
            Verdict::Delivered => return Next::Done,
            Verdict::Refused { reason } => return Next::Refused(reason),
            Verdict::Again { reason, after } => (reason, after),
        };
        let wait = wait(self.attempts, self.jitter.random(), asked);
        match self.park_after {
            Some(limit) if elapsed >= limit => Next::GiveUp(reason),
            Some(limit) if asked.is_some_and(|asked| elapsed + asked > limit) => {
                Next::GiveUp(format!(
                    "{reason}; it asked to wait {} s, longer than it is waited for",
                    asked.unwrap_or_default().as_secs()
                ))
            }
            // The last attempt is made when the time is up, not before.
            Some(limit) => Next::Wait(wait.min(limit - elapsed)),
            None => Next::Wait(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again() -> Verdict {
        judge(500, None, "")
    }

    #[test]
    fn an_answer_is_final_unless_the_receiver_may_take_it_later() {
        for (status, expected) in [
            (200, "delivered"),
            (204, "delivered"),
            (299, "delivered"),
            (301, "refused"),
            (307, "refused"),
            (400, "refused"),
            (401, "refused"),
            (404, "refused"),
            (408, "again"),
            (409, "again"),
            (410, "refused"),
            (413, "refused"),
            (422, "refused"),
            (425, "again"),
            (429, "again"),
            (500, "again"),
            (501, "again"),
            (503, "again"),
            (599, "again"),
            (600, "refused"),
        ] {
            let found = match judge(status, None, "x") {
                Verdict::Delivered => "delivered",
                Verdict::Again { .. } => "again",
                Verdict::Refused { .. } => "refused",
            };
            assert_eq!(found, expected, "{status}");
        }
    }

    #[test]
    fn waits_double_to_a_ceiling_and_jitter_keeps_at_least_half() {
        let millis = |attempt, jitter| wait(attempt, jitter, None).as_millis();
        let full: Vec<_> = (1..=8).map(|attempt| millis(attempt, 1.0)).collect();
        assert_eq!(full, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert_eq!((millis(1, 0.0), millis(3, 0.0)), (250, 1000));
        assert_eq!(millis(u32::MAX, 1.0), 30_000);
    }

    #[test]
    fn the_receiver_may_ask_for_more_and_never_gets_less() {
        let asked = Some(Duration::from_secs(120));
        assert_eq!(wait(1, 0.3, asked), Duration::from_secs(120));
        let asked = Some(Duration::ZERO);
        assert_eq!(wait(1, 1.0, asked), FIRST_WAIT);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 1_445_412_420; // Wed, 21 Oct 2015 07:27:00 GMT
        for (header, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:26:00 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let found = retry_after(header, now).map(|wait| wait.as_secs());
            assert_eq!(found, expected, "{header}");
        }
    }

    #[test]
    fn what_is_refused_is_parked_at_once_and_what_fails_when_its_time_is_up() {
        let minute = Some(Duration::from_secs(60));
        let mut tries = Tries::new(minute, "a/1");
        assert_eq!(
            tries.after(judge(400, None, "no\n"), Duration::ZERO),
            Next::Refused("answered 400: no".into())
        );
        let mut tries = Tries::new(minute, "a/1");
        let mut elapsed = Duration::ZERO;
        let mut waits = 0;
        let reason = loop {
            match tries.after(again(), elapsed) {
                Next::Wait(wait) => elapsed += wait,
                Next::GiveUp(reason) => break reason,
                Next::Done | Next::Refused(_) => unreachable!(),
            }
            waits += 1;
        };
        assert_eq!(reason, "answered 500");
        assert_eq!(
            elapsed,
            Duration::from_secs(60),
            "the last attempt uses the time up"
        );
        assert_eq!(tries.attempts, waits + 1);
        assert!((6..=12).contains(&waits), "{waits}");
    }

    #[test]
    fn without_a_limit_it_is_never_given_up() {
        let mut tries = Tries::new(None, "x");
        let year = Duration::from_secs(365 * 86_400);
        assert!(matches!(tries.after(again(), year), Next::Wait(_)));
    }

    #[test]
    fn a_wait_asked_for_beyond_the_limit_is_not_waited_for() {
        let mut tries = Tries::new(Some(Duration::from_secs(60)), "x");
        let busy = judge(429, Some(Duration::from_secs(3600)), "");
        let Next::GiveUp(reason) = tries.after(busy, Duration::ZERO) else {
            panic!("waits")
        };
        assert!(reason.contains("3600 s"), "{reason}");
    }

    #[test]
    fn equal_deliveries_wait_equally_and_different_ones_do_not() {
        let first = |seed| Tries::new(None, seed).after(again(), Duration::ZERO);
        assert_eq!(first("a/1"), first("a/1"));
        assert_ne!(first("a/1"), first("b/1"));
    }
}
