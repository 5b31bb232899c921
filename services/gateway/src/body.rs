//! Bodies of requests: read within the limit of one and the room of all.

use axum::body::{Body, Bytes};
use futures::StreamExt;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::negotiate::too_large;
use crate::problem::{Kind, Problem};

/// Reads a body up to the limit, taking room for each KiB before it is kept; the room is held as long
/// as what is returned beside the body. A body that gets no room or is over the limit is read on, so
/// that the sender hears why.
///
/// # Errors
/// 400: the sender broke off; 413: over the limit; 503: no room.
pub async fn read(
    body: Body,
    limit: usize,
    in_work: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Problem> {
    let mut chunks = body.into_data_stream();
    let mut read: Vec<u8> = Vec::new();
    let mut room: Option<OwnedSemaphorePermit> = None;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(
                Kind::Validation,
                format!("the body could not be read: {error}"),
            )
        })?;
        let length = read.len() + chunk.len();
        let refused = if length > limit {
            Some(too_large(limit))
        } else {
            take_room(&mut room, length, in_work).err()
        };
        if let Some(refused) = refused {
            drop((read, room));
            discard(Body::from_stream(chunks), limit).await;
            return Err(refused);
        }
        read.extend_from_slice(&chunk);
    }
    Ok((read.into(), room))
}

/// Extends `room` to `length` bytes.
fn take_room(
    room: &mut Option<OwnedSemaphorePermit>,
    length: usize,
    in_work: &Arc<Semaphore>,
) -> Result<(), Problem> {
    let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let missing = length.div_ceil(1024).saturating_sub(held);
    let more = u32::try_from(missing)
        .ok()
        .and_then(|kib| Arc::clone(in_work).try_acquire_many_owned(kib).ok())
        .ok_or_else(|| {
            Problem::new(
                Kind::Unavailable,
                "too many documents are in work; send the same again",
            )
        })?;
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}

/// Reads a refused body and forgets it, up to four times the limit: an answer sent before the sender
/// is done may never be read by it.
pub async fn discard(body: Body, limit: usize) {
    let mut left = limit.saturating_mul(4);
    let mut chunks = body.into_data_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_takes_its_room_while_it_is_read_and_gives_it_back() {
        let in_work = Arc::new(Semaphore::new(10));
        let body = || Body::from(vec![b' '; 6 * 1024]);
        let (bytes, room) = read(body(), 8192, &in_work).await.unwrap();
        assert_eq!((bytes.len(), in_work.available_permits()), (6 * 1024, 4));
        let refused = read(body(), 8192, &in_work).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        assert_eq!(in_work.available_permits(), 4);
        drop(room);
        assert!(read(body(), 8192, &in_work).await.is_ok());
        assert_eq!(in_work.available_permits(), 10);
    }
}
