//! Messages of a version out to its units: at once where they are few, else from pages in state over
//! as many windows as the budget needs.

use crate::plan::{INPUT_CLASS, LOT_STATUS, statement};
use anyhow::Context;
use serialtrail_gs1::Epc;
use serialtrail_records::state_dispatcher::{
    AcceptedVersion, DispatchWork, DispatchedEvent, PlanPage, PlannedMessage,
};
use serialtrail_records::{Codec, LotStatus, ReadBody, UnitEvent};
use serialtrail_runtime::topics::UNIT_INBOX;
use serialtrail_stream::StepContext;
use serialtrail_stream::pending::{load, save};

/// Messages sent at once, within the step of their event.
const AT_ONCE: usize = 1_000;
/// Bytes of a plan kept with its version.
const INLINE: usize = 48 * 1024;
/// Bytes of a page of messages.
const PAGE: usize = 96 * 1024;

fn page_key(event_id: &str, generation: i64, page: i32) -> String {
    format!("p/{generation}/{page} {event_id}")
}

fn size(message: &PlannedMessage) -> usize {
    message.unit.len()
        + message.parent.as_ref().map_or(0, String::len)
        + message.children.iter().map(|c| c.len() + 2).sum::<usize>()
        + 40
}

/// Keeps the messages of a version: with it, or in pages where they are many.
pub(crate) fn keep_plan(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    version: &mut AcceptedVersion,
    plan: Vec<PlannedMessage>,
) -> anyhow::Result<()> {
    version.messages = i32::try_from(plan.len()).unwrap_or(i32::MAX);
    let bytes: usize = plan.iter().map(size).sum();
    if bytes <= INLINE && plan.len() <= AT_ONCE {
        version.plan = plan;
    } else {
        version.plan_pages = write_pages(
            ctx,
            codec,
            event_id,
            version.generation,
            &version.body,
            plan,
        )?;
    }
    Ok(())
}

fn write_pages(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    generation: i64,
    body: &ReadBody,
    plan: Vec<PlannedMessage>,
) -> anyhow::Result<i32> {
    let empty = || PlanPage {
        body: body.clone(),
        ..PlanPage::default()
    };
    let (mut pages, mut page, mut bytes) = (0, empty(), 0);
    for message in plan {
        if bytes + size(&message) > PAGE && !page.messages.is_empty() {
            save(ctx, codec, &page_key(event_id, generation, pages), &page)?;
            (pages, page, bytes) = (pages + 1, empty(), 0);
        }
        bytes += size(&message);
        page.messages.push(message);
    }
    if !page.messages.is_empty() {
        save(ctx, codec, &page_key(event_id, generation, pages), &page)?;
        pages += 1;
    }
    Ok(pages)
}

/// Sends (or withdraws) `version` with the next revision of its event id. Few messages go out at once;
/// many, or any while earlier ones of the same event are still on their way, become work.
/// `last` says that the version is not needed after this: its pages go when all is sent.
pub(crate) fn send(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    known: &mut DispatchedEvent,
    version: &AcceptedVersion,
    asserted: bool,
    last: bool,
) -> anyhow::Result<()> {
    known.revision += 1;
    let mut work = DispatchWork {
        generation: version.generation,
        pages: version.plan_pages,
        asserted,
        revision: known.revision,
        last,
        ..DispatchWork::default()
    };
    if version.plan_pages == 0 {
        if known.work.is_empty() {
            for message in &version.plan {
                emit(ctx, codec, event_id, &work, &version.body, message)?;
            }
            return Ok(());
        }
        // Must not overtake: goes through pages of its own, which nobody needs afterwards.
        known.generation += 1;
        work.generation = known.generation;
        let (body, plan) = (&version.body, version.plan.clone());
        work.pages = write_pages(ctx, codec, event_id, work.generation, body, plan)?;
        work.last = true;
    }
    known.work.push(work);
    Ok(())
}

/// Drops the pages of a version that needs no sending any more, after its work still under way.
pub(crate) fn forget_plan(
    ctx: &mut dyn StepContext,
    event_id: &str,
    known: &mut DispatchedEvent,
    version: &AcceptedVersion,
) {
    if version.plan_pages == 0 {
        return;
    }
    match known
        .work
        .iter_mut()
        .rev()
        .find(|w| w.generation == version.generation)
    {
        Some(work) => work.last = true,
        None => drop_pages(ctx, event_id, version.generation, version.plan_pages),
    }
}

fn drop_pages(ctx: &mut dyn StepContext, event_id: &str, generation: i64, pages: i32) {
    for page in 0..pages {
        ctx.delete(page_key(event_id, generation, page).as_bytes());
    }
}

/// Goes on with the work of one event id until it is done or the window has emitted `limit` records.
pub(crate) fn continue_work(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    known: &mut DispatchedEvent,
    limit: usize,
) -> anyhow::Result<()> {
    while let Some(mut work) = known.work.first().cloned() {
        while work.page < work.pages {
            let key = page_key(event_id, work.generation, work.page);
            let page: PlanPage =
                load(ctx, codec, &key)?.with_context(|| format!("state {key} is missing"))?;
            let from = usize::try_from(work.index).unwrap_or(0);
            for message in page.messages.iter().skip(from) {
                if ctx.emitted() >= limit {
                    known.work[0] = work;
                    return Ok(());
                }
                emit(ctx, codec, event_id, &work, &page.body, message)?;
                work.index += 1;
            }
            (work.page, work.index) = (work.page + 1, 0);
        }
        if work.last {
            drop_pages(ctx, event_id, work.generation, work.pages);
        }
        known.work.remove(0);
    }
    Ok(())
}

fn emit(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    work: &DispatchWork,
    body: &ReadBody,
    message: &PlannedMessage,
) -> anyhow::Result<()> {
    if message.role == LOT_STATUS {
        let Some(status) = lot_status(event_id, work, body, message) else {
            return Ok(());
        };
        let value = codec.encode(&status)?;
        for partition in 0..ctx.partitions(UNIT_INBOX) {
            ctx.emit_to(UNIT_INBOX, partition, &value);
        }
        return Ok(());
    }
    let mut body = body.clone();
    let mut role = message.role.as_str();
    if role == "input" || role == INPUT_CLASS {
        // Lot and expiry of a transformation are those of what comes out of it (EPCIS 2.0 §7.4.6, ilmd).
        (body.lot, body.expiry) = (None, None);
    }
    if role == INPUT_CLASS {
        role = "class";
    }
    let unit = UnitEvent {
        unit: message.unit.clone(),
        event_id: event_id.to_owned(),
        revision: work.revision,
        asserted: work.asserted,
        role: role.to_owned(),
        parent: message.parent.clone(),
        children: message.children.clone(),
        part: message.part,
        parts: message.parts,
        all_children: message.all_children,
        quantity: message.quantity,
        uom: message.uom.clone(),
        body,
    };
    ctx.emit(UNIT_INBOX, message.unit.as_bytes(), &codec.encode(&unit)?);
    Ok(())
}

/// The statement about a lot that a recall or withdrawal makes; it holds from the event's time on.
fn lot_status(
    event_id: &str,
    work: &DispatchWork,
    body: &ReadBody,
    message: &PlannedMessage,
) -> Option<LotStatus> {
    let key = Epc::from_record(message.unit.as_str());
    Some(LotStatus {
        gtin: key.gtin()?.into(),
        lot: key.lot()?.into(),
        source: event_id.to_owned(),
        version: work.revision,
        asserted: work.asserted,
        status: statement(body.disposition.as_deref(), &body.persistent_set)?.to_owned(),
        status_since: Some(body.event_time),
        source_party: body.source_party.clone(),
        record_time: body.record_time,
        reference_offset: body.reference_offset,
        site: body
            .read_point
            .clone()
            .or_else(|| body.biz_location.clone()),
        ..LotStatus::default()
    })
}
