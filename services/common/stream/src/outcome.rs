//! How a window can end, and librdkafka's errors sorted once into what to do about them.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// How a window ended.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// Outputs, changelog and offsets are visible; the local stores may follow.
    Committed,
    /// Nothing of it is visible: drop the overlay, go back to the first record.
    Aborted(String),
    /// Another worker took this one's place, or the client can never work again: the process ends.
    Fenced(String),
    /// The commit was sent and not answered: settle it with a new producer, then restore.
    Indeterminate(String),
}

impl Outcome {
    /// Label of the outcome in `serialtrail_windows_total`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted(_) => "aborted",
            Self::Fenced(_) => "fenced",
            Self::Indeterminate(_) => "indeterminate",
        }
    }
}

/// What to do about an error of an open transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The same call may succeed when repeated.
    Retry,
    /// The transaction is lost, the producer is not.
    Abort,
    /// The producer is lost.
    Fatal,
}

/// Sorts an error of a producer call.
#[must_use]
pub fn sort(error: &KafkaError) -> Verdict {
    match error {
        KafkaError::Transaction(error) => transaction_error(
            error.is_fatal(),
            error.txn_requires_abort(),
            error.is_retriable(),
        ),
        KafkaError::MessageProduction(code) => match code {
            RDKafkaErrorCode::QueueFull => Verdict::Retry,
            RDKafkaErrorCode::Fatal => Verdict::Fatal,
            _ => Verdict::Abort,
        },
        KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut) => Verdict::Retry,
        KafkaError::Flush(RDKafkaErrorCode::Fatal) => Verdict::Fatal,
        KafkaError::Flush(_) => Verdict::Abort,
        _ => Verdict::Fatal,
    }
}

/// librdkafka's three flags, in the order its manual gives them: fatal before abort before retry. An
/// error with no flag is a call in a wrong state, which no repetition mends.
const fn transaction_error(fatal: bool, requires_abort: bool, retriable: bool) -> Verdict {
    if fatal {
        Verdict::Fatal
    } else if requires_abort {
        Verdict::Abort
    } else if retriable {
        Verdict::Retry
    } else {
        Verdict::Fatal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_error_is_never_retried_whatever_else_it_claims() {
        for flags in 0..8 {
            let (fatal, abort, retriable) = (flags & 4 > 0, flags & 2 > 0, flags & 1 > 0);
            let expected = match (fatal, abort, retriable) {
                (true, _, _) | (_, false, false) => Verdict::Fatal,
                (_, true, _) => Verdict::Abort,
                _ => Verdict::Retry,
            };
            assert_eq!(transaction_error(fatal, abort, retriable), expected);
        }
    }

    #[test]
    fn a_full_queue_is_waited_out_and_a_lost_message_aborts() {
        let cases = [
            (
                KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull),
                Verdict::Retry,
            ),
            (
                KafkaError::MessageProduction(RDKafkaErrorCode::State),
                Verdict::Abort,
            ),
            (
                KafkaError::MessageProduction(RDKafkaErrorCode::UnknownPartition),
                Verdict::Abort,
            ),
            (
                KafkaError::MessageProduction(RDKafkaErrorCode::Fatal),
                Verdict::Fatal,
            ),
            (
                KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut),
                Verdict::Retry,
            ),
            (KafkaError::Flush(RDKafkaErrorCode::Fatal), Verdict::Fatal),
            (KafkaError::Canceled, Verdict::Fatal),
        ];
        for (error, verdict) in cases {
            assert_eq!(sort(&error), verdict, "{error}");
        }
    }
}
