//! The keyed stage over `epcis-events`: one event id, one partition, one decision.

use crate::body::{MAX_BODY_BYTES, body, size};
use crate::original;
use crate::plan::plan;
use crate::reject::{self, REFUSALS};
use crate::rule::{Arrival, Declared, MAX_WAITING, arrival, declaration, withdrawn};
use crate::send::{continue_work, forget_plan, keep_plan, send};
use serialtrail_records::state_dispatcher::{AcceptedVersion, Declaration, DispatchedEvent};
use serialtrail_records::state_work::HeldMarks;
use serialtrail_records::{Codec, EpcisEvent, EventMessage, Mark, RejectedEvent};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::{REJECTED_EVENTS, UNIT_INBOX};
use serialtrail_stream::pending::{self, load, save};
use serialtrail_stream::refusal::{self, KEY_MISMATCH};
use serialtrail_stream::{InputRecord, Keys, Notes, Stage, StepContext};
use std::sync::Arc;

/// Decides per event id which version stands, and tells the units.
pub struct DispatcherStage {
    codec: Arc<Codec>,
    notes: Notes,
}

/// What the key of an event id's state begins with.
const EVENT: &str = "e/";

fn state_key(event_id: &str) -> String {
    format!("{EVENT}{event_id}")
}

impl DispatcherStage {
    /// A stage that encodes and decodes with `codec`.
    #[must_use]
    pub fn new(codec: Arc<Codec>) -> Self {
        Self {
            codec,
            notes: Notes::default(),
        }
    }

    fn on_event(&mut self, event: &EpcisEvent, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let key = state_key(&event.event_id);
        let mut known: DispatchedEvent = load(ctx, &self.codec, &key)?.unwrap_or_default();
        let changed = if event.error_declaration.is_some() {
            self.declare(event, &mut known, ctx)?
        } else {
            self.arrive(event, &mut known, ctx)?
        };
        if !changed {
            return Ok(());
        }
        if !known.work.is_empty() && !known.queued {
            known.queued = true;
            self.notes.begun(ctx.partition(), &event.event_id);
        }
        save(ctx, &self.codec, &key, &known)
    }

    fn arrive(
        &self,
        event: &EpcisEvent,
        known: &mut DispatchedEvent,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<bool> {
        let arrival = arrival(known, event);
        match arrival {
            Arrival::Repeat => {
                repeat();
                return Ok(false);
            }
            Arrival::Conflicts => {
                let rejected = conflict(event, &event.content_hash);
                refusal::emit(ctx, &self.codec, rejected, &event.original)?;
                return Ok(false);
            }
            Arrival::First | Arrival::Earlier | Arrival::Displaces => {}
        }
        let body = body(event);
        let refused = match plan(event) {
            Err(bad) => Some((bad.error.code(), bad.error.to_string(), Some(bad.place))),
            Ok(_) if size(&body) > MAX_BODY_BYTES => Some((reject::TOO_LARGE, too_large(), None)),
            Ok(plan) => {
                self.stand(event, known, arrival, body, plan, ctx)?;
                None
            }
        };
        if let Some((reason, message, place)) = refused {
            let rejected = reject::event(event, reason, &event.content_hash, message);
            let rejected = RejectedEvent { place, ..rejected };
            refusal::emit(ctx, &self.codec, rejected, &event.original)?;
            return Ok(false);
        }
        self.judge_declarations(&event.event_id, known, ctx)?;
        Ok(true)
    }

    /// Puts a version in the place of the one that stood, and tells the units.
    fn stand(
        &self,
        event: &EpcisEvent,
        known: &mut DispatchedEvent,
        arrival: Arrival,
        body: serialtrail_records::ReadBody,
        plan: Vec<serialtrail_records::state_dispatcher::PlannedMessage>,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let (codec, id) = (&*self.codec, event.event_id.as_str());
        known.generation += 1;
        let mut version = AcceptedVersion {
            content_hash: event.content_hash.clone(),
            source_party: event.source_party.clone(),
            record_time: event.record_time,
            generation: known.generation,
            visible_to: event.visible_to.clone(),
            capture_id: event.capture_id.clone(),
            document_id: event.document_id.clone(),
            body,
            original: original::keep(ctx, codec, id, known.generation, &event.original)?,
            ..AcceptedVersion::default()
        };
        keep_plan(ctx, codec, id, &mut version, plan)?;
        let before = known.accepted.take();
        known.accepted = Some(version.clone());
        let holds = !withdrawn(known);
        if let Some(before) = before {
            if arrival == Arrival::Displaces {
                let bytes = original::read(ctx, codec, id, &before.original)?;
                refusal::emit(ctx, codec, displaced(id, &before), &bytes)?;
            }
            // The same content has the same units: the new revision alone reaches them all.
            if before.sent && (arrival == Arrival::Displaces || !holds) {
                send(ctx, codec, id, known, &before, false, true)?;
            }
            forget_plan(ctx, id, known, &before);
            original::forget(ctx, id, &before.original);
        }
        if holds {
            send(ctx, codec, id, known, &version, true, false)?;
            version.sent = true;
        }
        known.accepted = Some(version);
        Ok(())
    }

    fn declare(
        &self,
        event: &EpcisEvent,
        known: &mut DispatchedEvent,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<bool> {
        let outcome = declaration(known, event);
        if outcome == Declared::Repeat {
            repeat();
            return Ok(false);
        }
        let (codec, id) = (&*self.codec, event.event_id.as_str());
        if size(&body(event)) > MAX_BODY_BYTES {
            let rejected =
                reject::event(event, reject::TOO_LARGE, &event.content_hash, too_large());
            refusal::emit(ctx, codec, rejected, &event.original)?;
            return Ok(false);
        }
        if outcome == Declared::TooMany {
            let reason = reject::TOO_MANY_DECLARATIONS;
            let rejected = reject::event(event, reason, &event.source_party, too_many(event));
            refusal::emit(ctx, codec, rejected, &event.original)?;
            known
                .declared
                .push(refused(&event.source_party, event.record_time));
            return Ok(true);
        }
        known.generation += 1;
        known.declared.push(Declaration {
            source_party: event.source_party.clone(),
            record_time: event.record_time,
            capture_id: event.capture_id.clone(),
            document_id: event.document_id.clone(),
            visible_to: event.visible_to.clone(),
            original: original::keep(ctx, codec, id, known.generation, &event.original)?,
            rejected: false,
        });
        if outcome == Declared::Withdraws
            && let Some(mut version) = known.accepted.take()
        {
            if version.sent {
                send(ctx, codec, id, known, &version, false, false)?;
                version.sent = false;
            }
            known.accepted = Some(version);
        }
        self.judge_declarations(id, known, ctx)?;
        Ok(true)
    }

    /// Refuses declarations by others than the publisher of the version that stands, each once.
    fn judge_declarations(
        &self,
        event_id: &str,
        known: &mut DispatchedEvent,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let Some(publisher) = known.accepted.as_ref().map(|v| v.source_party.clone()) else {
            return Ok(());
        };
        for declared in &mut known.declared {
            if declared.rejected || declared.source_party == publisher {
                continue;
            }
            let event = EpcisEvent {
                event_id: event_id.to_owned(),
                capture_id: declared.capture_id.clone(),
                document_id: declared.document_id.clone(),
                source_party: declared.source_party.clone(),
                visible_to: declared.visible_to.clone(),
                record_time: declared.record_time,
                ..EpcisEvent::default()
            };
            let message = format!(
                "only the publisher of event {event_id} may declare it an error; {} is not it",
                declared.source_party
            );
            let rejected = reject::event(
                &event,
                reject::NOT_BY_PUBLISHER,
                &declared.source_party,
                message,
            );
            let bytes = original::read(ctx, &self.codec, event_id, &declared.original)?;
            refusal::emit(ctx, &self.codec, rejected, &bytes)?;
            original::forget(ctx, event_id, &declared.original);
            *declared = refused(&declared.source_party, declared.record_time);
        }
        Ok(())
    }

    /// Continues one event's work; true when nothing of it is left.
    fn work(
        &self,
        ctx: &mut dyn StepContext,
        event_id: &str,
        limit: usize,
    ) -> anyhow::Result<bool> {
        let key = state_key(event_id);
        let mut known: DispatchedEvent = load(ctx, &self.codec, &key)?.unwrap_or_default();
        continue_work(ctx, &self.codec, event_id, &mut known, limit)?;
        known.queued = !known.work.is_empty();
        save(ctx, &self.codec, &key, &known)?;
        Ok(!known.queued)
    }
}

/// Copies marks to every partition of `unit-inbox`, but none while messages are still to come. Whether
/// none is left.
fn forward_marks(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    held: &mut HeldMarks,
) -> anyhow::Result<bool> {
    if pending::any(ctx, codec)? {
        return Ok(held.highest.is_empty());
    }
    for (source, time) in std::mem::take(&mut held.highest) {
        let mark = Mark {
            source,
            sources: held.sources,
            time,
        };
        let value = codec.encode(&mark)?;
        for partition in 0..ctx.partitions(UNIT_INBOX) {
            ctx.emit_to(UNIT_INBOX, partition, &value);
        }
    }
    Ok(true)
}

fn repeat() {
    metrics::counter(&metrics::REPEATS)
        .with_label_values(&["dispatcher"])
        .inc();
}

/// What stays of a declaration that was refused: its party may yet prove to be the publisher.
fn refused(source_party: &str, record_time: i64) -> Declaration {
    Declaration {
        source_party: source_party.to_owned(),
        record_time,
        rejected: true,
        ..Declaration::default()
    }
}

fn too_large() -> String {
    format!(
        "transactions, sources, destinations and parties of the event take more than \
         {MAX_BODY_BYTES} bytes, which every message of it would carry; name fewer"
    )
}

fn too_many(event: &EpcisEvent) -> String {
    format!(
        "event {} is not known yet and {MAX_WAITING} other parties have declared it an error; this \
         declaration withdraws it only if {} proves to be its publisher",
        event.event_id, event.source_party
    )
}

fn conflict(event: &EpcisEvent, content: &str) -> RejectedEvent {
    let message = format!(
        "another event with id {} and other content stands; give this one an id of its own, or \
         declare the other an error and send a corrective event",
        event.event_id
    );
    reject::event(event, reject::CONFLICT, content, message)
}

fn displaced(event_id: &str, before: &AcceptedVersion) -> RejectedEvent {
    let event = EpcisEvent {
        event_id: event_id.to_owned(),
        capture_id: before.capture_id.clone(),
        document_id: before.document_id.clone(),
        source_party: before.source_party.clone(),
        visible_to: before.visible_to.clone(),
        record_time: before.record_time,
        ..EpcisEvent::default()
    };
    conflict(&event, &before.content_hash)
}

impl Stage for DispatcherStage {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let value = record.value.as_deref().unwrap_or_default();
        match EventMessage::decode(&self.codec, value) {
            Ok(EventMessage::Mark(mark)) => {
                self.notes.heard(ctx.partition(), mark);
                Ok(())
            }
            Ok(EventMessage::EpcisEvent(event)) => {
                if record.key.as_deref() == Some(event.event_id.as_bytes()) {
                    return self.on_event(&event, ctx);
                }
                let message = format!(
                    "the record's key must be the event's id, {}; nothing of it was taken",
                    event.event_id
                );
                REFUSALS.record(ctx, &self.codec, record, KEY_MISMATCH, message)
            }
            Err(error) => REFUSALS.undecodable(ctx, &self.codec, record, error),
        }
    }

    fn keys(&self, record: &InputRecord, keys: &mut Keys) {
        if let Some(event_id) = &record.key {
            keys.push(&[EVENT.as_bytes(), event_id]);
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        REFUSALS.wrong_partition(ctx, &self.codec, record)
    }

    fn end_of_window(&mut self, budget: usize, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let mut noted = self.notes.end(ctx.partition());
        noted.work(ctx, &self.codec, budget, |ctx, key, limit| {
            self.work(ctx, key, limit)
        })?;
        let codec = &*self.codec;
        self.notes.pass_on(noted, ctx, codec, |ctx, held| {
            forward_marks(ctx, codec, held)
        })
    }

    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
        pending::any(ctx, &self.codec)
    }

    fn forget(&mut self, partition: i32) {
        self.notes.forget(partition);
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[UNIT_INBOX, REJECTED_EVENTS]
    }
}
