//! Timers on stream time, found by point look-up: hours that hold timers, and pages of timers an hour.

use serialtrail_records::state_detector::{
    DetectorPartition, DetectorTimer, DetectorTimerBucket, DetectorTimerPage,
};
use serialtrail_records::{Codec, Micros};
use serialtrail_stream::StepContext;

use crate::read::HOUR;

/// Bytes from which on a page takes no more timers.
const PAGE_BYTES: usize = 16 * 1024;
/// Earliest due time of a page that holds nothing.
const NEVER: Micros = Micros::MAX;

fn page_key(hour: i64, page: usize) -> Vec<u8> {
    format!("t/{hour}/{page}").into_bytes()
}

fn load(
    hour: i64,
    page: usize,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<(DetectorTimerPage, usize)> {
    Ok(match ctx.get(&page_key(hour, page))? {
        Some(value) => (codec.decode(value)?, value.len()),
        None => (DetectorTimerPage::default(), 0),
    })
}

/// Sets a timer: `unit` is to be judged again at stream time `due`.
///
/// # Errors
/// The store or the codec failed.
pub fn add(
    partition: &mut DetectorPartition,
    due: Micros,
    unit: &str,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<()> {
    let hour = due.div_euclid(HOUR);
    let at = match partition.buckets.binary_search_by_key(&hour, |b| b.hour) {
        Ok(at) => at,
        Err(at) => {
            let bucket = DetectorTimerBucket {
                hour,
                next_due: vec![NEVER],
            };
            partition.buckets.insert(at, bucket);
            at
        }
    };
    let pages = &mut partition.buckets[at].next_due;
    let mut last = pages.len() - 1;
    let (mut page, bytes) = load(hour, last, codec, ctx)?;
    if bytes >= PAGE_BYTES {
        page = DetectorTimerPage::default();
        pages.push(NEVER);
        last += 1;
    }
    pages[last] = pages[last].min(due);
    page.timers.push(DetectorTimer {
        due,
        unit: unit.to_owned(),
    });
    ctx.put(&page_key(hour, last), &codec.encode(&page)?);
    Ok(())
}

/// Whether a timer is due at stream time `now`.
#[must_use]
pub fn is_due(partition: &DetectorPartition, now: Micros) -> bool {
    due_pages(partition, now) > 0
}

/// Pages that hold a timer due at stream time `now`.
#[must_use]
pub fn due_pages(partition: &DetectorPartition, now: Micros) -> usize {
    let reached = partition
        .buckets
        .iter()
        .take_while(|b| b.hour.saturating_mul(HOUR) <= now);
    reached
        .flat_map(|b| &b.next_due)
        .filter(|due| **due <= now)
        .count()
}

/// Takes one page's due timers out; empty when none is due.
///
/// # Errors
/// The store or the codec failed.
pub fn take_page(
    partition: &mut DetectorPartition,
    now: Micros,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<Vec<DetectorTimer>> {
    let found = partition
        .buckets
        .iter()
        .enumerate()
        .find_map(|(at, bucket)| {
            let page = bucket.next_due.iter().position(|due| *due <= now)?;
            Some((at, page))
        });
    let Some((at, page)) = found else {
        return Ok(Vec::new());
    };
    let bucket = &mut partition.buckets[at];
    let (kept, _) = load(bucket.hour, page, codec, ctx)?;
    let (due, rest): (Vec<_>, Vec<_>) = kept.timers.into_iter().partition(|t| t.due <= now);
    bucket.next_due[page] = rest.iter().map(|t| t.due).min().unwrap_or(NEVER);
    let key = page_key(bucket.hour, page);
    if rest.is_empty() {
        ctx.delete(&key);
    } else {
        ctx.put(&key, &codec.encode(&DetectorTimerPage { timers: rest })?);
    }
    if bucket.next_due.iter().all(|due| *due == NEVER) {
        partition.buckets.remove(at);
    }
    Ok(due)
}
