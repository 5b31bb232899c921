//! The keyed stage over `unit-inbox`: one unit, one partition.

use crate::domain::facts::{issuer, may_issue};
use crate::policy::Policy;
use crate::reject::REFUSALS;
use crate::unit::{Env, KEY as UNIT_KEY, Sizes, Unit};
use crate::{fanout, reads};
use serialtrail_records::{Codec, DecodeError, LotStatus, Mark, UnitMessage};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::{ENRICHED, REJECTED_EVENTS, SERIAL_REGISTRY, UNIT_INBOX};
use serialtrail_stream::pending;
use serialtrail_stream::reference::{ReferenceCopy, ReferenceTable};
use serialtrail_stream::refusal::KEY_MISMATCH;
use serialtrail_stream::{InputRecord, Keys, Notes, Stage, StepContext};
use std::sync::Arc;

/// Owner of the serial registry: containment, facts, inherited reads.
pub struct EnricherStage {
    codec: Arc<Codec>,
    reference: ReferenceCopy,
    policy: Policy,
    sizes: Sizes,
    notes: Notes,
    /// Partition, offset and content of the record asked about last: it is stepped next.
    asked: Option<(i32, i64, UnitMessage)>,
}

impl EnricherStage {
    /// A stage over a copy of the reference data.
    #[must_use]
    pub fn new(codec: Arc<Codec>, reference: ReferenceCopy, policy: Policy) -> Self {
        Self {
            codec,
            reference,
            policy,
            sizes: Sizes::default(),
            notes: Notes::default(),
            asked: None,
        }
    }

    /// The same with at most `page_children` children in a page of a container, and `tasks` reads
    /// on their way to them; few of both make small containers go through all that large ones do.
    #[must_use]
    pub fn with_sizes(mut self, page_children: usize, tasks: usize) -> Self {
        self.sizes = Sizes {
            page_children: page_children.max(1),
            tasks,
        };
        self
    }

    fn decode(&mut self, record: &InputRecord) -> Result<UnitMessage, DecodeError> {
        match self.asked.take() {
            Some((partition, offset, message))
                if (partition, offset) == (record.partition, record.offset) =>
            {
                Ok(message)
            }
            _ => UnitMessage::decode(&self.codec, record.value.as_deref().unwrap_or_default()),
        }
    }

    fn on_message(
        &mut self,
        message: UnitMessage,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let table = self.reference.table();
        let mut env = Env {
            ctx,
            codec: &self.codec,
            table: &table,
            policy: &self.policy,
            sizes: self.sizes,
        };
        let unit = match message {
            UnitMessage::UnitEvent(event) => reads::own(&mut env, event)?,
            UnitMessage::InheritedRead(read) => reads::inherited(&mut env, read)?,
            UnitMessage::RegistryEntry(entry) => reads::registered(&mut env, entry)?,
            UnitMessage::MembershipEnd(end) => Some(fanout::member_left(&mut env, end)?),
            UnitMessage::LotStatus(status) => {
                let status = authorise(status, &table);
                let partition = env.ctx.partition();
                env.ctx
                    .emit_to(ENRICHED, partition, &self.codec.encode(&status)?);
                None
            }
            UnitMessage::Mark(mark) => {
                self.notes.heard(env.ctx.partition(), mark);
                None
            }
        };
        let Some(mut unit) = unit else {
            return Ok(());
        };
        if unit.has_work() && !unit.state.queued {
            unit.state.queued = true;
            self.notes.begun(env.ctx.partition(), &unit.key.key());
        }
        unit.save(&mut env)
    }

    /// Continues one unit's work; true when nothing of it is left.
    fn work(&self, ctx: &mut dyn StepContext, key: &str, limit: usize) -> anyhow::Result<bool> {
        let table = self.reference.table();
        let mut env = Env {
            ctx,
            codec: &self.codec,
            table: &table,
            policy: &self.policy,
            sizes: self.sizes,
        };
        let mut unit = Unit::load(&mut env, key)?;
        fanout::run(&mut env, &mut unit, limit)?;
        unit.state.queued = unit.has_work();
        unit.save(&mut env)?;
        Ok(!unit.state.queued)
    }

    /// Passes stream time on when it has moved and nothing of the partition is still on its way.
    fn forward_time(&self, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let mut held = pending::marks(ctx, &self.codec)?;
        let Some(time) = pending::stream_time(&held) else {
            return Ok(());
        };
        let moved = held.forwarded.is_none_or(|forwarded| forwarded < time);
        if !moved || pending::any(ctx, &self.codec)? {
            return Ok(());
        }
        let partition = ctx.partition();
        let mark = Mark {
            source: format!("{UNIT_INBOX}/{partition}"),
            sources: 1,
            time,
        };
        ctx.emit_to(ENRICHED, partition, &self.codec.encode(&mark)?);
        metrics::gauge(&metrics::STREAM_TIME)
            .with_label_values(&["enricher", &partition.to_string()])
            .set(time / 1_000_000);
        held.forwarded = Some(time);
        pending::save(ctx, &self.codec, "m", &held)
    }
}

/// Decides whether a lot statement's publisher may make it; a load is the operator's own word.
fn authorise(mut status: LotStatus, table: &ReferenceTable) -> LotStatus {
    let at = status.status_since.unwrap_or(status.record_time);
    let issuer = issuer(&status.source_party, &[status.site.as_deref()], at, table);
    status.authorised =
        status.source == "load" || may_issue(Some(&status.gtin), &issuer, at, table);
    status
}

/// The key a message must stand under; `None` for what is addressed to a partition.
fn key_of(message: &UnitMessage) -> Option<&str> {
    match message {
        UnitMessage::UnitEvent(m) => Some(&m.unit),
        UnitMessage::InheritedRead(m) => Some(&m.unit),
        UnitMessage::MembershipEnd(m) => Some(&m.parent),
        UnitMessage::RegistryEntry(m) => Some(&m.unit),
        UnitMessage::LotStatus(_) | UnitMessage::Mark(_) => None,
    }
}

impl Stage for EnricherStage {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        match self.decode(record) {
            Ok(message) => {
                let key = key_of(&message);
                if record.key.as_deref() == key.map(str::as_bytes) {
                    return self.on_message(message, ctx);
                }
                let text = format!("the record's key must be its unit, {key:?}");
                REFUSALS.record(ctx, &self.codec, record, KEY_MISMATCH, text)
            }
            Err(error) => REFUSALS.undecodable(ctx, &self.codec, record, error),
        }
    }

    fn keys(&self, record: &InputRecord, keys: &mut Keys) {
        if let Some(unit) = &record.key {
            keys.push(&[UNIT_KEY.as_bytes(), unit]);
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
        noted.hold_marks(ctx, &self.codec)?;
        self.forward_time(ctx)
    }

    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
        pending::any(ctx, &self.codec)
    }

    fn forget(&mut self, partition: i32) {
        self.notes.forget(partition);
        self.asked = None;
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[ENRICHED, UNIT_INBOX, SERIAL_REGISTRY, REJECTED_EVENTS]
    }

    fn reference_offset_needed(&mut self, record: &InputRecord) -> i64 {
        // What does not decode is refused when it is stepped.
        let Ok(message) = self.decode(record) else {
            return 0;
        };
        let needed = match &message {
            UnitMessage::UnitEvent(m) => m.body.reference_offset,
            UnitMessage::InheritedRead(m) => m.body.reference_offset,
            UnitMessage::LotStatus(m) => m.reference_offset,
            UnitMessage::MembershipEnd(_)
            | UnitMessage::RegistryEntry(_)
            | UnitMessage::Mark(_) => 0,
        };
        self.asked = Some((record.partition, record.offset, message));
        needed
    }

    fn reference_offset_seen(&self) -> i64 {
        self.reference.offset_seen()
    }
}
