//! The way of a document's master data to the topic of reference data.

use rdkafka::consumer::Consumer;
use serialtrail_epcis::Header;
use serialtrail_records::Micros;
use serialtrail_runtime::topics::REFERENCE_DATA;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::http::Shared;
use crate::master::{Source, records, statements};
use crate::order::Order;
use crate::parcel::Parcel;
use crate::post::internal;
use crate::problem::{Kind, Problem};

/// How long the own copy of the reference data may take to hold what was written.
const PATIENCE: Duration = Duration::from_secs(10);
const RPC_TIMEOUT: Duration = Duration::from_secs(5);

/// Publishes the master data of a document, and returns once this instance's copy holds it: events
/// stamped from then on make every stage wait for it, so that no read of the document is judged without
/// it.
///
/// # Errors
/// 503: Kafka, or the copy, did not come that far; sending the same again is safe.
pub(crate) async fn publish(
    gateway: &Shared,
    order: &Arc<Order>,
    header: &Header,
    record_time: Micros,
) -> Result<(), Problem> {
    let source = Source {
        party: &order.asked.publisher,
        capture_id: &order.capture_id,
        record_time,
    };
    let statements = statements(&header.master_data, &gateway.reference.table(), source);
    let records =
        records(&statements, &gateway.counts, &gateway.codec).map_err(|error| internal(&error))?;
    let parcel = Arc::new(Parcel::from(records));
    gateway.queue.write([parcel].into(), None).await?;
    let asking = Arc::clone(gateway);
    let end = tokio::task::spawn_blocking(move || {
        asking
            .asking
            .fetch_watermarks(REFERENCE_DATA, 0, RPC_TIMEOUT)
    });
    let end = match end.await {
        Ok(Ok((_, end))) => end,
        Ok(Err(error)) => return Err(later(&error.to_string())),
        Err(error) => return Err(internal(&error.into())),
    };
    let deadline = Instant::now() + PATIENCE;
    while gateway.reference.offset_seen() < end {
        if Instant::now() > deadline {
            return Err(later("the copy here does not hold it yet"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

fn later(why: &str) -> Problem {
    Problem::new(
        Kind::Unavailable,
        format!("the master data was written, the events were not: {why}; send the same again"),
    )
}
