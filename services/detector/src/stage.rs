//! The detector as the worker runs it: what a record changes is judged at once, what a lot's statement
//! or a timer changes is judged at the end of windows, a budget at a time.

use std::sync::Arc;

use serialtrail_records::state_detector::{DetectorAlert, DetectorPartition};
use serialtrail_records::{Alert, Codec, LotStatus, Mark, Micros};
use serialtrail_runtime::{metrics, topics};
use serialtrail_stream::refusal::{KEY_MISMATCH, WRONG_PARTITION, wrong_partition_message};
use serialtrail_stream::{InputRecord, Keys, Stage, StageError, StepContext};

use crate::alerts::{Standing, content_hash, standing};
use crate::history::History;
use crate::lot::LotView;
use crate::message::{Message, has_identity};
use crate::partition::Partitions;
use crate::policy::{ForeignGtin, Policy};
use crate::read::{Read, from_observation};
use crate::reject::reject;
use crate::rules::{RULES, rule};
use crate::seen::Seen;
use crate::unit::{Memory, Unit};
use crate::{lots, timers};

/// Wall clock, microseconds since 1970-01-01 UTC: only for `detected_at`.
pub type WallClock = Arc<dyn Fn() -> Micros + Send + Sync>;

/// Units judged again in one window whatever the budget, so that work never stands still.
const LEAST_WORK: usize = 100;

/// The stage.
pub struct Detector {
    codec: Arc<Codec>,
    policy: Arc<Policy>,
    wall_clock: WallClock,
    partitions: Partitions,
    /// The memory of the unit in hand, used again for the next.
    memory: Memory,
    /// The value being written.
    value: Vec<u8>,
    /// What is known of a lot nobody named.
    no_lot: Arc<LotView>,
}

impl Detector {
    /// A detector that judges by `policy`.
    #[must_use]
    pub fn new(codec: Arc<Codec>, policy: Arc<Policy>, wall_clock: WallClock) -> Self {
        Self {
            codec,
            policy,
            wall_clock,
            partitions: Partitions::default(),
            memory: Memory::default(),
            value: Vec::new(),
            no_lot: Arc::default(),
        }
    }

    fn observe(
        &mut self,
        record: &InputRecord,
        seen: Seen<'_>,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        if record.key.as_deref() != Some(seen.unit.as_bytes()) {
            let message = format!("the record's key is not its unit {}", seen.unit);
            return self.reject(record, KEY_MISMATCH, &message, ctx);
        }
        if !has_identity(&seen) {
            return Ok(());
        }
        self.count_foreign(&seen);
        // Out of the stage's hands while the unit is lent from it.
        let mut memory = std::mem::take(&mut self.memory);
        let observed = self.observe_unit(seen, &mut memory, ctx);
        self.memory = memory;
        observed
    }

    fn observe_unit(
        &mut self,
        seen: Seen<'_>,
        memory: &mut Memory,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let codec = Arc::clone(&self.codec);
        let new_lot;
        let mut unit = Unit::load(seen.unit, memory, &codec, ctx)?;
        let newer = !unit.is_known() || seen.facts.revision > unit.head.facts_revision;
        let captured_at = seen.body.captured_at;
        let product = unit.product(&seen.facts)?;
        let news = unit.take(Read {
            product,
            ..from_observation(&seen)
        });
        if newer {
            unit.head.facts_revision = seen.facts.revision;
            unit.head.facts = seen.facts;
        }
        if !(news || newer) {
            return Ok(());
        }
        let mut lot = Arc::clone(&self.no_lot);
        if let Some(name) = unit.lot() {
            let here = self.partitions.of(&codec, ctx)?;
            if unit.head.indexed_lot != Some(&*name) {
                here.lots.add_unit(unit.key, &name, &codec, ctx)?;
                new_lot = name.into_owned();
                unit.head.indexed_lot = Some(&new_lot);
            }
            if let Some(name) = unit.head.indexed_lot {
                lot = here.lots.view(name, &codec, ctx)?;
            }
        }
        self.judge(&mut unit, &lot, captured_at, ctx)?;
        let stream_time = self.stream_time(ctx)?;
        let (_, profile) = self.policy.of(unit.profile());
        unit.prune(stream_time.saturating_sub(profile.horizon()));
        unit.save(&mut self.value, &codec, ctx)
    }

    /// Judges a unit anew and emits what differs from what stood. Returns whether its state changed.
    fn judge(
        &mut self,
        unit: &mut Unit<'_>,
        lot: &LotView,
        captured_at: Micros,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<bool> {
        let stream_time = self.stream_time(ctx)?;
        let facts = &unit.facts();
        let (_, profile) = self.policy.of(facts.profile);
        let raises_from = stream_time.saturating_sub(profile.horizon());
        let history = History::new(unit.key, unit.reads(), &unit.head.products, raises_from);
        let should = standing(&history, facts, lot, &self.policy, stream_time);
        let due = RULES
            .iter()
            .filter_map(|r| (r.due?)(&history, facts, profile))
            .filter(|due| *due > stream_time)
            .min();
        let mut changed = false;
        // An alert wholly beyond the horizon is history: nothing can be added to it or taken from it.
        unit.head.alerts.retain(|a| {
            let stays = a.last_event_time >= raises_from;
            changed |= !stays;
            stays
        });
        for (rule, should) in RULES.iter().zip(should) {
            let stood = unit.head.alerts.iter().position(|a| a.rule == rule.name);
            let frozen = stood.is_some_and(|at| unit.head.alerts[at].event_time < raises_from);
            if !frozen {
                changed |= self.settle(unit, stood, should, captured_at, ctx)?;
            }
        }
        if let Some(due) = due
            && unit
                .head
                .timer
                .is_none_or(|set| due < set || set <= stream_time)
        {
            unit.head.timer = Some(due);
            changed = true;
            let here = self.partitions.of(&self.codec, ctx)?;
            here.changed = true;
            here.timers
                .add(&mut here.state, due, unit.key, &self.codec, ctx)?;
        }
        Ok(changed)
    }

    /// Brings one rule's alert from what stood to what should stand.
    fn settle(
        &self,
        unit: &mut Unit<'_>,
        stood: Option<usize>,
        should: Option<Box<Standing>>,
        captured_at: Micros,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<bool> {
        let Some(should) = should else {
            let Some(at) = stood else { return Ok(false) };
            let stood = unit.head.alerts.remove(at);
            self.retract(unit, &stood, None, captured_at, ctx)?;
            return Ok(true);
        };
        let hash = content_hash(&should.alert)?;
        let mut what = "raised";
        if let Some(at) = stood {
            if unit.head.alerts[at].content_hash == hash {
                return Ok(false);
            }
            let stood = unit.head.alerts.remove(at);
            if stood.alert_id == should.alert.alert_id {
                what = "updated";
            } else {
                let by = Some(should.alert.alert_id.clone());
                self.retract(unit, &stood, by, captured_at, ctx)?;
            }
        }
        let alert = self.stamp(unit, should.alert, captured_at);
        unit.head.alerts.push(DetectorAlert {
            rule: alert.rule.clone(),
            alert_id: alert.alert_id.clone(),
            content_hash: hash,
            event_time: alert.event_time,
            last_event_time: should.last_event_time,
        });
        let value = self.codec.encode(&alert)?;
        ctx.put(&alert_key(&alert.rule, unit.key), &value);
        ctx.emit(topics::ALERTS, unit.key.as_bytes(), &value);
        count(&alert.rule, what);
        Ok(true)
    }

    fn retract(
        &self,
        unit: &mut Unit<'_>,
        stood: &DetectorAlert,
        superseded_by: Option<String>,
        captured_at: Micros,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let key = alert_key(&stood.rule, unit.key);
        let Some(kept) = ctx.get(&key)? else {
            anyhow::bail!(
                "state of {} names alert {} without its content",
                unit.key,
                stood.alert_id
            );
        };
        let mut alert: Alert = self.codec.decode(kept)?;
        let cured = rule(&stood.rule).and_then(|r| (r.cured?)(&unit.head.facts));
        let reason = match cured {
            _ if superseded_by.is_some() => "superseded",
            Some(reason) => reason,
            None if unit.holds(&alert.anchor_event) => "no_longer_holds",
            None => "withdrawn_event",
        };
        alert.state = "retracted".to_owned();
        alert.retract_reason = Some(reason.to_owned());
        alert.superseded_by = superseded_by;
        let alert = self.stamp(unit, alert, captured_at);
        ctx.delete(&key);
        ctx.emit(
            topics::ALERTS,
            unit.key.as_bytes(),
            &self.codec.encode(&alert)?,
        );
        count(&alert.rule, "retracted");
        Ok(())
    }

    /// The next revision of the unit's alerts, and the clocks. One count a unit: no alert of it needs to
    /// be remembered once retracted for a later revision of it to be higher.
    fn stamp(&self, unit: &mut Unit<'_>, mut alert: Alert, captured_at: Micros) -> Alert {
        unit.head.alert_revision += 1;
        alert.revision = unit.head.alert_revision;
        alert.trigger_captured_at = captured_at;
        alert.detected_at = (self.wall_clock)();
        alert
    }

    /// Judges a unit again because its lot or the time changed; writes it only if that changed anything.
    fn judge_again(&mut self, key: &str, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let mut memory = std::mem::take(&mut self.memory);
        let judged = self.judge_unit(key, &mut memory, ctx);
        self.memory = memory;
        judged
    }

    fn judge_unit(
        &mut self,
        key: &str,
        memory: &mut Memory,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let codec = Arc::clone(&self.codec);
        let mut unit = Unit::load(key, memory, &codec, ctx)?;
        let lot = match unit.lot() {
            Some(name) => {
                let here = self.partitions.of(&codec, ctx)?;
                here.lots.view(&name, &codec, ctx)?
            }
            None => Arc::clone(&self.no_lot),
        };
        if self.judge(&mut unit, &lot, 0, ctx)? {
            unit.save(&mut self.value, &codec, ctx)?;
        }
        Ok(())
    }

    fn hear_lot(&mut self, said: LotStatus, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let here = self.partitions.of(&self.codec, ctx)?;
        let work = &mut here.state.lots;
        here.changed |= here.lots.state(said, work, &self.codec, ctx)?;
        Ok(())
    }

    fn hear_mark(&mut self, mark: &Mark, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let here = self.partitions.of(&self.codec, ctx)?;
        if here.state.stream_time.is_none_or(|now| mark.time > now) {
            here.state.stream_time = Some(mark.time);
            here.changed = true;
        }
        Ok(())
    }

    fn stream_time(&mut self, ctx: &mut dyn StepContext) -> anyhow::Result<Micros> {
        let here = self.partitions.of(&self.codec, ctx)?;
        Ok(here.state.stream_time.unwrap_or(Micros::MIN))
    }

    /// Units of lots whose statements changed, at most `room` of them.
    fn go_on_with_lots(&mut self, room: usize, ctx: &mut dyn StepContext) -> anyhow::Result<usize> {
        let mut judged = 0;
        while judged < room {
            let here = self.partitions.of(&self.codec, ctx)?;
            let Some(work) = here.state.lots.first().cloned() else {
                break;
            };
            let name = format!("{}/{}", work.gtin, work.lot);
            here.changed = true;
            if work.next >= here.lots.count(&name, &self.codec, ctx)? {
                here.state.lots.remove(0);
                continue;
            }
            let page = work.next / lots::PAGE_UNITS;
            let units = here.lots.units(page, &name, &self.codec, ctx)?;
            // An index page is as long as the count says; a missing one must not hold the work up.
            here.state.lots[0].next = (page + 1) * lots::PAGE_UNITS;
            let from = usize::try_from(work.next % lots::PAGE_UNITS)?;
            for unit in units.iter().skip(from) {
                self.judge_again(unit, ctx)?;
                judged += 1;
            }
        }
        Ok(judged)
    }

    fn fire_timers(&mut self, room: usize, ctx: &mut dyn StepContext) -> anyhow::Result<usize> {
        let stream_time = self.stream_time(ctx)?;
        let mut judged = 0;
        while judged < room {
            let here = self.partitions.of(&self.codec, ctx)?;
            let due = here
                .timers
                .take_page(&mut here.state, stream_time, &self.codec, ctx)?;
            if due.is_empty() {
                break;
            }
            here.changed = true;
            for timer in &due {
                self.judge_again(&timer.unit, ctx)?;
            }
            judged += due.len();
        }
        Ok(judged)
    }

    fn count_foreign(&self, seen: &Seen<'_>) {
        let (name, profile) = self.policy.of(seen.facts.profile);
        let foreign = seen.facts.foreign_gtin && !seen.facts.known && seen.asserted;
        if foreign && seen.kind == "sgtin" && profile.foreign_gtin == ForeignGtin::Count {
            metrics::counter(&metrics::FOREIGN_READS)
                .with_label_values(&[name])
                .inc();
        }
    }

    fn reject(
        &mut self,
        record: &InputRecord,
        reason: &str,
        message: &str,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let stream_time = self
            .partitions
            .of(&self.codec, ctx)?
            .state
            .stream_time
            .unwrap_or(0);
        reject(record, reason, message, stream_time, &self.codec, ctx)
    }
}

fn alert_key(rule: &str, unit: &str) -> Vec<u8> {
    format!("a/{rule}/{unit}").into_bytes()
}

fn count(rule: &str, what: &str) {
    metrics::counter(&metrics::ALERTS)
        .with_label_values(&[rule, what])
        .inc();
}

fn pending(state: &DetectorPartition) -> usize {
    state.lots.len() + timers::due_pages(state, state.stream_time.unwrap_or(Micros::MIN))
}

impl Stage for Detector {
    fn step(&mut self, record: &InputRecord, ctx: &mut dyn StepContext) -> Result<(), StageError> {
        let Some(value) = &record.value else {
            return self.reject(record, "empty_value", "a record without value", ctx);
        };
        let codec = Arc::clone(&self.codec);
        match Message::decode(&codec, value) {
            Ok(Message::Seen(seen)) => self.observe(record, seen, ctx),
            Ok(Message::Lot(said)) => self.hear_lot(said, ctx),
            Ok(Message::Mark(mark)) => self.hear_mark(&mark, ctx),
            Ok(Message::Other) => Ok(()),
            Err(error) => match error.code() {
                Some(reason) => self.reject(record, reason, &error.to_string(), ctx),
                None => Err(error.into()),
            },
        }
    }

    fn keys(&self, record: &InputRecord, keys: &mut Keys) {
        if let Some(unit) = &record.key {
            Unit::name_keys(unit, keys);
        }
    }

    fn wrong_partition(
        &mut self,
        record: &InputRecord,
        ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        let message = wrong_partition_message(record.partition);
        self.reject(record, WRONG_PARTITION, &message, ctx)
    }

    fn end_of_window(
        &mut self,
        budget: usize,
        ctx: &mut dyn StepContext,
    ) -> Result<(), StageError> {
        let room = budget.saturating_sub(ctx.emitted()).max(LEAST_WORK);
        let judged = self.go_on_with_lots(room, ctx)?;
        self.fire_timers(room.saturating_sub(judged), ctx)?;
        let codec = Arc::clone(&self.codec);
        let partition = ctx.partition().to_string();
        let state = &self.partitions.of(&codec, ctx)?.state;
        let labels = ["detector", partition.as_str()];
        let waiting = i64::try_from(pending(state)).unwrap_or(i64::MAX);
        metrics::gauge(&metrics::PENDING_WORK)
            .with_label_values(&labels)
            .set(waiting);
        if let Some(time) = state.stream_time {
            metrics::gauge(&metrics::STREAM_TIME)
                .with_label_values(&labels)
                .set(time / 1_000_000);
        }
        self.partitions.save(&codec, ctx)
    }

    fn has_pending(&mut self, ctx: &mut dyn StepContext) -> Result<bool, StageError> {
        Ok(pending(&self.partitions.of(&self.codec, ctx)?.state) > 0)
    }

    fn forget(&mut self, partition: i32) {
        self.partitions.forget(partition);
        let labels = ["detector", &partition.to_string()];
        for gauge in [&metrics::PENDING_WORK, &metrics::STREAM_TIME] {
            // An error only says that it was never set.
            let _ = metrics::gauge(gauge).remove_label_values(&labels);
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[topics::ALERTS, topics::REJECTED_EVENTS]
    }
}
