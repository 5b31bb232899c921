//! Timers on stream time, found by point look-up: hours that hold timers, and pages of timers an hour.
//!
//! The pages met in a window are kept in hand; what changed is written once, at the end of the window.

use std::collections::BTreeMap;

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
/// Pages that stay in hand from one window to the next, at most: about 40 KB each.
const MOST: usize = 16;

fn page_key(hour: i64, page: usize) -> Vec<u8> {
    format!("t/{hour}/{page}").into_bytes()
}

/// The pages in hand of a partition, by hour and number.
#[derive(Debug, Default)]
pub struct Timers {
    in_hand: BTreeMap<(i64, usize), Page>,
}

/// A page in hand.
#[derive(Debug, Default)]
struct Page {
    timers: Vec<DetectorTimer>,
    /// Bytes of its timers as they are written.
    bytes: usize,
    changed: bool,
}

/// Bytes a number takes (Avro 1.12, Binary Encoding).
fn number_bytes(value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
    (64 - (zigzag | 1).leading_zeros()).div_ceil(7) as usize
}

/// Bytes a timer takes.
fn timer_bytes(timer: &DetectorTimer) -> usize {
    let length = timer.unit.len();
    number_bytes(timer.due) + number_bytes(length as i64) + length
}

impl Page {
    fn of(timers: Vec<DetectorTimer>, changed: bool) -> Self {
        Self {
            bytes: timers.iter().map(timer_bytes).sum(),
            timers,
            changed,
        }
    }

    /// Whether its value, the prefix, the count and the end of the list included, takes no more timers.
    fn is_full(&self) -> bool {
        let count = number_bytes(self.timers.len() as i64);
        !self.timers.is_empty() && 5 + count + self.bytes + 1 >= PAGE_BYTES
    }
}

impl Timers {
    fn page(
        &mut self,
        hour: i64,
        number: usize,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<&mut Page> {
        use std::collections::btree_map::Entry;
        match self.in_hand.entry((hour, number)) {
            Entry::Occupied(page) => Ok(page.into_mut()),
            Entry::Vacant(free) => {
                let page = match ctx.get(&page_key(hour, number))? {
                    Some(value) => codec.decode::<DetectorTimerPage>(value)?,
                    None => DetectorTimerPage::default(),
                };
                Ok(free.insert(Page::of(page.timers, false)))
            }
        }
    }

    /// Sets a timer: `unit` is to be judged again at stream time `due`.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn add(
        &mut self,
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
        if self.page(hour, pages.len() - 1, codec, ctx)?.is_full() {
            pages.push(NEVER);
            // A new page holds nothing, whatever stood there once.
            let number = (hour, pages.len() - 1);
            self.in_hand.insert(number, Page::default());
        }
        let last = pages.len() - 1;
        pages[last] = pages[last].min(due);
        let page = self.page(hour, last, codec, ctx)?;
        let timer = DetectorTimer {
            due,
            unit: unit.to_owned(),
        };
        page.bytes += timer_bytes(&timer);
        page.timers.push(timer);
        page.changed = true;
        Ok(())
    }

    /// Takes one page's due timers out; empty when none is due.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn take_page(
        &mut self,
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
        let Some((at, number)) = found else {
            return Ok(Vec::new());
        };
        let bucket = &mut partition.buckets[at];
        let page = self.page(bucket.hour, number, codec, ctx)?;
        let timers = std::mem::take(&mut page.timers);
        let (due, rest): (Vec<_>, Vec<_>) = timers.into_iter().partition(|t| t.due <= now);
        bucket.next_due[number] = rest.iter().map(|t| t.due).min().unwrap_or(NEVER);
        *page = Page::of(rest, true);
        if bucket.next_due.iter().all(|due| *due == NEVER) {
            partition.buckets.remove(at);
        }
        Ok(due)
    }

    /// Writes what changed, and lets go of the pages where they are many.
    ///
    /// # Errors
    /// The codec failed.
    pub fn save(&mut self, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        for ((hour, number), page) in &mut self.in_hand {
            if !std::mem::take(&mut page.changed) {
                continue;
            }
            let key = page_key(*hour, *number);
            if page.timers.is_empty() {
                ctx.delete(&key);
                continue;
            }
            let timers = std::mem::take(&mut page.timers);
            let value = DetectorTimerPage { timers };
            ctx.put(&key, &codec.encode(&value)?);
            page.timers = value.timers;
        }
        self.in_hand.retain(|_, page| !page.timers.is_empty());
        if self.in_hand.len() > MOST {
            self.in_hand.clear();
        }
        Ok(())
    }
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

#[cfg(test)]
#[path = "timers_tests.rs"]
mod tests;
