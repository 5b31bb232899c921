//! Filling the first topic through the gateway before anything reads it.

use crate::traffic::{IMPORT_KEY, Traffic, capture, document};
use futures::{StreamExt, TryStreamExt};
use serialtrail_stack::Stack;
use std::time::Duration;

/// Events of a document.
const EVENTS: usize = 500;
/// Documents on their way at once.
const IN_FLIGHT: usize = 6;

/// What stands in `epcis-events`.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Filled {
    pub(super) events: u64,
    pub(super) observations: u64,
    pub(super) units: u64,
}

/// Captures events until they name so many units.
pub(super) fn fill(stack: &Stack, traffic: &Traffic, observations: u64) -> anyhow::Result<Filled> {
    let mut filled = Filled::default();
    let mut documents = Vec::new();
    let runtime = tokio::runtime::Runtime::new()?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(300))
        .build()?;
    let url = format!("http://{}/epcis/v2/capture", stack.settings().http.gateway);
    let mut lives = traffic.lives();
    while filled.observations < observations {
        let mut events = Vec::with_capacity(EVENTS);
        for (event, named) in lives.by_ref().take(EVENTS) {
            filled.events += 1;
            filled.observations += named;
            filled.units += if event["action"] == "ADD" { named } else { 0 };
            events.push(event);
            if filled.observations >= observations {
                break;
            }
        }
        documents.push(document(events));
        // A few at a time: all of them do not fit into memory.
        if documents.len() == IN_FLIGHT * 8 || filled.observations >= observations {
            runtime.block_on(
                futures::stream::iter(documents.drain(..))
                    .map(|body| capture(&client, &url, IMPORT_KEY, body))
                    .buffer_unordered(IN_FLIGHT)
                    .try_for_each(|_| async { Ok(()) }),
            )?;
        }
    }
    Ok(filled)
}
