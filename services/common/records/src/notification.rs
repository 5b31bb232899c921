//! Notifications that could not be delivered.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;

/// Topic notifications-parked, key receiver. A notification no attempt could deliver; it is complete,
/// so that it can be sent again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParkedNotification {
    /// Name of the receiver in the routes file.
    pub receiver: String,
    /// alert_id/revision.
    pub idempotency_key: String,
    /// The alert.
    pub alert_id: String,
    /// Its revision.
    pub revision: i64,
    /// What the last attempt ended with, for a person.
    pub reason: String,
    /// Attempts made.
    pub attempts: i32,
    /// Wall clock.
    pub first_attempt_at: Micros,
    /// Wall clock.
    pub parked_at: Micros,
    /// The request body as it was sent.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

avro_record!(ParkedNotification, "ParkedNotification");
