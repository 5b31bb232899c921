//! The keyed stage over `unit-inbox`: one unit, one partition.

use crate::domain::facts::{issuer, may_issue};
use crate::policy::Policy;
use crate::unit::{Env, Sizes, Unit};
use crate::{fanout, reads, reject};
use serialtrail_records::{Codec, LotStatus, Mark, UnitMessage};
use serialtrail_runtime::metrics;
use serialtrail_runtime::topics::{ENRICHED, REJECTED_EVENTS, SERIAL_REGISTRY, UNIT_INBOX};
use serialtrail_stream::pending;
use serialtrail_stream::reference::{ReferenceCopy, ReferenceTable};
use serialtrail_stream::{InputRecord, Stage, StepContext};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Share of the budget a window may use for work even when its own records have used it up: 1 in 10.
const LEAST_SHARE: usize = 10;

/// Per window and partition: units with new work, marks heard. Nothing of it outlives the window.
#[derive(Default)]
struct Window {
    begun: VecDeque<String>,
    marks: BTreeMap<String, Mark>,
}

/// Owner of the serial registry: containment, facts, inherited reads.
pub struct EnricherStage {
    codec: Arc<Codec>,
    reference: ReferenceCopy,
    policy: Policy,
    sizes: Sizes,
    windows: HashMap<i32, Window>,
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
            windows: HashMap::new(),
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
                    .emit_to(ENRICHED, partition, self.codec.encode(&status)?);
                None
            }
            UnitMessage::Mark(mark) => {
                let window = self.windows.entry(env.ctx.partition()).or_default();
                let held = window.marks.entry(mark.source.clone()).or_default();
                if held.time <= mark.time {
                    *held = mark;
                }
                None
            }
        };
        let Some(mut unit) = unit else {
            return Ok(());
        };
        if unit.has_work() && !unit.state.queued {
            unit.state.queued = true;
            let window = self.windows.entry(env.ctx.partition()).or_default();
            window.begun.push_back(unit.key.as_str().to_owned());
        }
        unit.save(&mut env)
    }

    /// Continues one unit's work; true when nothing of it is left.
    fn work(&self, key: &str, limit: usize, ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
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
    fn forward_time(
        &self,
        marks: BTreeMap<String, Mark>,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        for mark in marks.values() {
            pending::hear(ctx, &self.codec, mark)?;
        }
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
        ctx.emit_to(ENRICHED, partition, self.codec.encode(&mark)?);
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
        let value = record.value.as_deref().unwrap_or_default();
        match UnitMessage::decode(&self.codec, value) {
            Ok(message) => {
                let key = key_of(&message);
                if record.key.as_deref() == key.map(str::as_bytes) {
                    return self.on_message(message, ctx);
                }
                let text = format!("the record's key must be its unit, {key:?}");
                reject::record(ctx, &self.codec, record, reject::KEY_MISMATCH, text)
            }
            Err(error) => match error.code() {
                Some(code) => reject::record(ctx, &self.codec, record, code, error.to_string()),
                None => Err(error.into()),
            },
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let message = format!(
            "partition {} is not the one of the record's key",
            record.partition
        );
        reject::record(ctx, &self.codec, record, reject::WRONG_PARTITION, message)
    }

    fn end_of_window(&mut self, budget: usize, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let Window { mut begun, marks } = self.windows.remove(&ctx.partition()).unwrap_or_default();
        let limit = budget.max(ctx.emitted() + budget / LEAST_SHARE + 1);
        while ctx.emitted() < limit {
            if let Some(key) = pending::front(ctx, &self.codec)? {
                if self.work(&key, limit, ctx)? {
                    pending::pop(ctx, &self.codec)?;
                }
            } else if let Some(key) = begun.pop_front() {
                if !self.work(&key, limit, ctx)? {
                    pending::push(ctx, &self.codec, &key)?;
                }
            } else {
                break;
            }
        }
        for key in begun {
            pending::push(ctx, &self.codec, &key)?;
        }
        self.forward_time(marks, ctx)
    }

    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> anyhow::Result<bool> {
        pending::any(ctx, &self.codec)
    }

    fn forget(&mut self, partition: i32) {
        self.windows.remove(&partition);
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[ENRICHED, UNIT_INBOX, SERIAL_REGISTRY, REJECTED_EVENTS]
    }

    fn reference_offset_needed(&self, record: &InputRecord) -> i64 {
        let value = record.value.as_deref().unwrap_or_default();
        match UnitMessage::decode(&self.codec, value) {
            Ok(UnitMessage::UnitEvent(m)) => m.body.reference_offset,
            Ok(UnitMessage::InheritedRead(m)) => m.body.reference_offset,
            Ok(UnitMessage::LotStatus(m)) => m.reference_offset,
            _ => 0,
        }
    }

    fn reference_offset_seen(&self) -> i64 {
        self.reference.offset_seen()
    }
}
