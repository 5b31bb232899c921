//! What the enricher refuses: records as they were read, and reads and packings that go nowhere.

use crate::children::CHILD_OPS;
use crate::env::Env;
use crate::fanout::HOP_LIMIT;
use crate::lent::{InheritedRead, Lent, ReadBody, UnitEvent};
use serde::Serialize;
use serialtrail_records::RejectedEvent;
use serialtrail_stream::Refusals;
use serialtrail_stream::refusal::emit;

const CONTAINER_LOOP: &str = "container_loop";
const HOPS: &str = "hop_limit";
const TOO_MANY: &str = "too_many_packings";
const STAGE: &str = "enricher";

/// Refuses records as they were read.
pub(crate) const REFUSALS: Refusals = Refusals::of(STAGE);

fn about(
    body: &ReadBody<'_>,
    event_id: &str,
    unit: &str,
    reason: &str,
    message: String,
    path: &[&str],
) -> RejectedEvent {
    RejectedEvent {
        reject_id: RejectedEvent::id_of(&[
            STAGE,
            reason,
            event_id,
            unit,
            path.last().copied().unwrap_or_default(),
        ]),
        stage: STAGE.to_owned(),
        reason: reason.to_owned(),
        message,
        event_id: Some(event_id.to_owned()),
        unit: Some(unit.to_owned()),
        path: path.iter().map(|unit| (*unit).to_owned()).collect(),
        capture_id: Some(body.capture_id.to_owned()),
        document_id: body.document_id.map(str::to_owned),
        source_party: body.source_party.to_owned(),
        visible_to: body
            .visible_to
            .iter()
            .map(|party| (*party).to_owned())
            .collect(),
        record_time: body.record_time,
        ..RejectedEvent::default()
    }
}

fn refuse<L: Lent + Serialize>(
    env: &mut Env<'_, '_>,
    rejected: RejectedEvent,
    original: &L,
) -> anyhow::Result<()> {
    env.write(original)?;
    emit(env.ctx, env.codec, rejected, env.out)
}

/// A read that would be inherited by a unit it came through.
pub(crate) fn container_loop(
    env: &mut Env<'_, '_>,
    read: &InheritedRead<'_>,
) -> anyhow::Result<()> {
    let message = format!(
        "{} is packed into something that is packed into it; the read of event {} is not inherited \
         any further. Correct one of the packings",
        read.unit, read.event_id
    );
    let rejected = about(
        &read.body,
        read.event_id,
        read.unit,
        CONTAINER_LOOP,
        message,
        &read.path,
    );
    refuse(env, rejected, read)
}

/// A read that passed through more containers than it may.
pub(crate) fn hop_limit(env: &mut Env<'_, '_>, read: &InheritedRead<'_>) -> anyhow::Result<()> {
    let message = format!(
        "event {} is inherited through more than {HOP_LIMIT} containers; what is in {} does not \
         inherit it. Correct the packings",
        read.event_id, read.parent
    );
    let rejected = about(
        &read.body,
        read.event_id,
        read.parent,
        HOPS,
        message,
        &read.path,
    );
    refuse(env, rejected, read)
}

/// A packing of a unit into itself.
pub(crate) fn own_child(env: &mut Env<'_, '_>, event: &UnitEvent<'_>) -> anyhow::Result<()> {
    let message = format!("event {} packs {} into itself", event.event_id, event.unit);
    let rejected = about(
        &event.body,
        event.event_id,
        event.unit,
        CONTAINER_LOOP,
        message,
        &[event.unit],
    );
    refuse(env, rejected, event)
}

/// A child packed into and unpacked from one container more often than its history is kept.
pub(crate) fn too_many_packings(
    env: &mut Env<'_, '_>,
    event: &UnitEvent<'_>,
    child: &str,
) -> anyhow::Result<()> {
    let message = format!(
        "{child} has been packed into or unpacked from {} more than {CHILD_OPS} times; event {} is \
         not taken into its containment",
        event.unit, event.event_id
    );
    let rejected = about(
        &event.body,
        event.event_id,
        child,
        TOO_MANY,
        message,
        &[event.unit],
    );
    refuse(env, rejected, event)
}
