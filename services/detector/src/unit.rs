//! One unit's state: its head (facts, alerts, newest reads) and overflow pages of reads.
//!
//! No value grows beyond a record: a head whose reads reach [`HEAD_BYTES`] moves them to a new page. No
//! read is dropped but by the horizon.

use serialtrail_records::state_detector::{
    DetectorProduct, DetectorRead, DetectorReads, DetectorUnit,
};
use serialtrail_records::{Codec, Micros, UnitFacts};
use serialtrail_stream::{Keys, StepContext};

use crate::read::Reading;

/// Bytes of reads, about, from which on a head moves them to a page.
pub const HEAD_BYTES: usize = 64 * 1024;

/// What the key of a unit's head begins with.
const HEAD: &str = "u/";

/// State key of a unit's head.
#[must_use]
pub fn head_key(unit: &str) -> Vec<u8> {
    format!("{HEAD}{unit}").into_bytes()
}

fn page_key(unit: &str, page: usize) -> Vec<u8> {
    format!("r/{page}/{unit}").into_bytes()
}

#[derive(Debug, Default)]
struct Page {
    reads: Vec<DetectorRead>,
    changed: bool,
}

/// A unit as loaded.
#[derive(Debug)]
pub struct Unit {
    /// Unit key.
    pub key: String,
    /// Facts, alerts, and the reads outside pages.
    pub head: DetectorUnit,
    pages: Vec<Page>,
    known: bool,
}

/// Bytes a read takes in state, about.
fn size(read: &DetectorRead) -> usize {
    let lists = [
        &read.path,
        &read.persistent_set,
        &read.persistent_unset,
        &read.destination_kinds,
        &read.visible_to,
    ];
    let texts = [
        &read.parent,
        &read.action,
        &read.biz_step,
        &read.disposition,
        &read.place,
        &read.party,
        &read.party_role,
        &read.site_kind,
        &read.lot,
        &read.document_id,
    ];
    let in_lists = lists
        .iter()
        .flat_map(|l| l.iter())
        .map(|s| s.len() + 2)
        .sum::<usize>();
    let in_texts = texts
        .iter()
        .filter_map(|t| t.as_ref())
        .map(|t| t.len() + 2)
        .sum::<usize>();
    120 + read.event_id.len()
        + read.source_party.len()
        + read.capture_id.len()
        + in_lists
        + in_texts
}

impl Unit {
    /// Names what loading a unit looks up, where its reads fit into its head: nearly always.
    pub(crate) fn name_keys(unit: &[u8], keys: &mut Keys) {
        keys.push(&[HEAD.as_bytes(), unit]);
    }

    /// Loads a unit with all its pages; an unknown key is an empty unit.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn load(key: &str, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<Self> {
        let Some(head) = ctx.get(&head_key(key))? else {
            let head = DetectorUnit::default();
            return Ok(Self {
                key: key.to_owned(),
                head,
                pages: Vec::new(),
                known: false,
            });
        };
        let head: DetectorUnit = codec.decode(head)?;
        let mut pages = Vec::new();
        for page in 0..usize::try_from(head.pages)? {
            let reads = match ctx.get(&page_key(key, page))? {
                Some(value) => codec.decode::<DetectorReads>(value)?.reads,
                None => Vec::new(),
            };
            pages.push(Page {
                reads,
                changed: false,
            });
        }
        Ok(Self {
            key: key.to_owned(),
            head,
            pages,
            known: true,
        })
    }

    /// Whether anything was ever kept of the unit.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Every read kept, in no particular order.
    pub fn reads(&self) -> impl Iterator<Item = &DetectorRead> {
        self.pages
            .iter()
            .flat_map(|p| &p.reads)
            .chain(&self.head.reads)
    }

    /// Whether a read with this event id is kept and asserted.
    #[must_use]
    pub fn holds(&self, event_id: &str) -> bool {
        self.reads().any(|r| r.event_id == event_id && r.asserted)
    }

    /// What holds of the unit: the registry's facts of the highest revision, and the product as of the
    /// latest asserted read in event time, so that no order of arrival decides which version judges.
    #[must_use]
    pub fn facts(&self) -> UnitFacts {
        let mut facts = self.head.facts.clone();
        let asserted = self.reads().filter(|r| r.asserted);
        let latest = asserted.max_by_key(|r| (r.event_time, &r.event_id));
        let version = latest.and_then(|r| usize::try_from(r.product).ok());
        if let Some(product) = version.and_then(|at| self.head.products.get(at)) {
            facts.foreign_gtin = product.foreign_gtin;
            facts.product_markets.clone_from(&product.markets);
            facts.profile.clone_from(&product.profile);
        }
        facts
    }

    /// Position among the unit's products of what an observation says of its product.
    ///
    /// # Errors
    /// More versions than a record can count.
    pub fn product(&mut self, seen: &UnitFacts) -> anyhow::Result<i32> {
        let product = DetectorProduct {
            foreign_gtin: seen.foreign_gtin,
            markets: seen.product_markets.clone(),
            profile: seen.profile.clone(),
        };
        let known = self.head.products.iter().position(|p| *p == product);
        let at = known.unwrap_or_else(|| {
            self.head.products.push(product);
            self.head.products.len() - 1
        });
        Ok(i32::try_from(at)?)
    }

    /// Takes one revision of a read in. Returns whether it is news: a lower revision than the one kept
    /// is not.
    pub fn take(&mut self, read: DetectorRead) -> bool {
        let same = |r: &DetectorRead| r.event_id == read.event_id;
        if let Some(old) = self.head.reads.iter_mut().find(|r| same(r)) {
            let news = read.revision > old.revision;
            if news {
                *old = read;
            }
            return news;
        }
        for page in &mut self.pages {
            let Some(at) = page.reads.iter().position(same) else {
                continue;
            };
            if read.revision <= page.reads[at].revision {
                return false;
            }
            page.changed = true;
            if size(&read) <= size(&page.reads[at]) {
                page.reads[at] = read;
                return true;
            }
            page.reads.remove(at);
            break;
        }
        let kept = self.head.reads.iter().map(size).sum::<usize>();
        if !self.head.reads.is_empty() && kept + size(&read) > HEAD_BYTES {
            let reads = std::mem::take(&mut self.head.reads);
            self.pages.push(Page {
                reads,
                changed: true,
            });
            self.head.pages += 1;
        }
        self.head.reads.push(read);
        true
    }

    /// Drops reads before `before` (microseconds), apart from those that never age out.
    pub fn prune(&mut self, before: Micros) {
        let stays = |r: &DetectorRead| r.event_time >= before || r.outlives_horizon();
        self.head.reads.retain(stays);
        for page in &mut self.pages {
            let count = page.reads.len();
            page.reads.retain(stays);
            page.changed |= page.reads.len() != count;
        }
    }

    /// Writes the head and the pages that changed.
    ///
    /// # Errors
    /// The codec failed.
    pub fn save(&self, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        for (number, page) in self.pages.iter().enumerate().filter(|(_, p)| p.changed) {
            let key = page_key(&self.key, number);
            if page.reads.is_empty() {
                ctx.delete(&key);
            } else {
                let reads = page.reads.clone();
                ctx.put(&key, &codec.encode(&DetectorReads { reads })?);
            }
        }
        ctx.put(&head_key(&self.key), &codec.encode(&self.head)?);
        Ok(())
    }
}
