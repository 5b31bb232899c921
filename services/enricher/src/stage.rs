//! The keyed stage over `unit-inbox`: one unit, one partition.

use crate::domain::facts::{issuer, may_issue};
use crate::env::{Env, Sizes};
use crate::glns::Glns;
use crate::lent::{Arena, Message, reference_offset};
use crate::policy::Policy;
use crate::reject::REFUSALS;
use crate::unit::{KEY as UNIT_KEY, Unit};
use crate::{fanout, reads};
use serialtrail_records::state_work::HeldMarks;
use serialtrail_records::{Codec, LotStatus, Mark};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::{ENRICHED, REJECTED_EVENTS, SERIAL_REGISTRY, UNIT_INBOX};
use serialtrail_stream::pending;
use serialtrail_stream::reference::{ReferenceCopy, ReferenceTable};
use serialtrail_stream::refusal::KEY_MISMATCH;
use serialtrail_stream::time::stream_time;
use serialtrail_stream::{InputRecord, Keys, Notes, Stage, StepContext};
use std::sync::Arc;

/// Memory a step keeps for the next one.
const KEPT_BYTES: usize = 4 << 20;

/// Owner of the serial registry: containment, facts, inherited reads.
pub struct EnricherStage {
    codec: Arc<Codec>,
    reference: ReferenceCopy,
    policy: Policy,
    glns: Glns,
    sizes: Sizes,
    notes: Notes,
    arena: Arena,
    /// What a step writes is encoded here.
    out: Vec<u8>,
}

impl EnricherStage {
    /// A stage over a copy of the reference data.
    #[must_use]
    pub fn new(codec: Arc<Codec>, reference: ReferenceCopy, policy: Policy) -> Self {
        Self {
            codec,
            reference,
            policy,
            glns: Glns::default(),
            sizes: Sizes::default(),
            notes: Notes::default(),
            arena: Arena::new(),
            out: Vec::new(),
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

    /// Gives back what the last step used; what it used beyond the usual for good.
    fn begin(&mut self) {
        if self.arena.allocated_bytes() > KEPT_BYTES {
            self.arena = Arena::new();
        } else {
            self.arena.reset();
        }
    }

    fn on_record(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let message = match Message::decode(&self.codec, value(record)) {
            Ok(message) => message,
            Err(error) => return REFUSALS.undecodable(ctx, &self.codec, record, error),
        };
        let key = message.key();
        if record.key.as_deref() != key.map(str::as_bytes) {
            let text = format!("the record's key must be its unit, {key:?}");
            return REFUSALS.record(ctx, &self.codec, record, KEY_MISMATCH, text);
        }
        let table = self.reference.table();
        let mut env = Env {
            ctx,
            codec: &self.codec,
            table: &table,
            policy: &self.policy,
            glns: &self.glns,
            sizes: self.sizes,
            arena: &self.arena,
            out: &mut self.out,
        };
        let unit = match message {
            Message::UnitEvent(event) => reads::own(&mut env, event)?,
            Message::InheritedRead(read) => reads::inherited(&mut env, read)?,
            Message::RegistryEntry(entry) => reads::registered(&mut env, entry)?,
            Message::MembershipEnd(end) => Some(fanout::member_left(&mut env, end)?),
            Message::LotStatus(status) => {
                let status = authorise(status, &table);
                let partition = env.ctx.partition();
                env.ctx
                    .emit_to(ENRICHED, partition, &self.codec.encode(&status)?);
                None
            }
            Message::Mark(mark) => {
                self.notes.heard(env.ctx.partition(), mark);
                None
            }
        };
        let Some(mut unit) = unit else {
            return Ok(());
        };
        if unit.has_work() && !unit.state.queued {
            unit.state.queued = true;
            self.notes.begun(env.ctx.partition(), unit.key);
        }
        unit.save(&mut env)
    }

    /// Continues one unit's work; true when nothing of it is left.
    fn work(&mut self, ctx: &mut dyn StepContext, key: &str, limit: usize) -> anyhow::Result<bool> {
        self.begin();
        let table = self.reference.table();
        let mut env = Env {
            ctx,
            codec: &self.codec,
            table: &table,
            policy: &self.policy,
            glns: &self.glns,
            sizes: self.sizes,
            arena: &self.arena,
            out: &mut self.out,
        };
        let mut unit = Unit::load(&mut env, key)?;
        fanout::run(&mut env, &mut unit, limit)?;
        unit.state.queued = unit.has_work();
        unit.save(&mut env)?;
        Ok(!unit.state.queued)
    }
}

/// Passes stream time on when it has moved and nothing of the partition is still on its way. Whether it
/// is passed on.
fn forward_time(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    held: &mut HeldMarks,
) -> anyhow::Result<bool> {
    let Some(time) = stream_time(held) else {
        return Ok(true);
    };
    if held.forwarded.is_some_and(|forwarded| forwarded >= time) {
        return Ok(true);
    }
    if pending::any(ctx, codec)? {
        return Ok(false);
    }
    let partition = ctx.partition();
    let mark = Mark {
        source: format!("{UNIT_INBOX}/{partition}"),
        sources: 1,
        time,
    };
    ctx.emit_to(ENRICHED, partition, &codec.encode(&mark)?);
    metrics::gauge(&metrics::STREAM_TIME)
        .with_label_values(&["enricher", &partition.to_string()])
        .set(time / 1_000_000);
    held.forwarded = Some(time);
    Ok(true)
}

/// Decides whether a lot statement's publisher may make it; a load is the operator's own word.
fn authorise(mut status: LotStatus, table: &ReferenceTable) -> LotStatus {
    let at = status.status_since.unwrap_or(status.record_time);
    let issuer = issuer(&status.source_party, &[status.site.as_deref()], at, table);
    let may = may_issue(Some(&status.gtin), &issuer, at, table);
    status.authorised = status.source == "load" || may;
    status
}

fn value(record: &InputRecord) -> &[u8] {
    record.value.as_deref().unwrap_or_default()
}

impl Stage for EnricherStage {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        self.begin();
        self.on_record(record, ctx)
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
        let codec = Arc::clone(&self.codec);
        noted.work(ctx, &codec, budget, |ctx, key, limit| {
            self.work(ctx, key, limit)
        })?;
        self.notes.pass_on(noted, ctx, &codec, |ctx, held| {
            forward_time(ctx, &codec, held)
        })
    }

    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
        pending::any(ctx, &self.codec)
    }

    fn forget(&mut self, partition: i32) {
        self.notes.forget(partition);
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[ENRICHED, UNIT_INBOX, SERIAL_REGISTRY, REJECTED_EVENTS]
    }

    fn reference_offset_needed(&mut self, record: &InputRecord) -> i64 {
        let bytes = value(record);
        match reference_offset(&self.codec, bytes) {
            Ok(needed) if needed <= self.reference.offset_seen() => needed,
            // What does not decode is refused when it is stepped: it waits for nothing.
            Ok(needed) if Message::decode(&self.codec, bytes).is_ok() => needed,
            _ => 0,
        }
    }

    fn reference_offset_seen(&self) -> i64 {
        self.reference.offset_seen()
    }
}
