//! One unit's state: its head (facts, alerts, newest reads) and overflow pages of reads.
//!
//! No value grows beyond a record: a head whose reads reach [`HEAD_BYTES`] moves them to a new page. No
//! read is dropped but by the horizon.
//!
//! What is kept is copied once from the store and lent from there; a read that stays as it was is written
//! back as the bytes it was read from.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serialtrail_records::avro::Encoded;
use serialtrail_records::state_detector::{DetectorAlert, DetectorReads, DetectorUnit};
use serialtrail_records::{Codec, Micros};
use serialtrail_stream::{Keys, StepContext};

use crate::facts::{Facts, Product};
use crate::read::Read;

/// Bytes of reads, about, from which on a head moves them to a page.
pub const HEAD_BYTES: usize = 64 * 1024;

/// What the key of a unit's head begins with.
const HEAD: &str = "u/";

/// State key of a unit's head.
#[must_use]
pub fn head_key(unit: &str) -> Vec<u8> {
    [HEAD, unit].concat().into_bytes()
}

fn page_key(unit: &str, page: usize) -> Vec<u8> {
    format!("r/{page}/{unit}").into_bytes()
}

/// `DetectorUnit` of the schema, its texts lent by the state or by the message that changes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Head<'s> {
    /// Versions of its product; reads refer to them by position.
    #[serde(borrow)]
    pub products: Vec<Product<'s>>,
    /// Registry facts of the highest revision seen.
    #[serde(borrow)]
    pub facts: Encoded<'s, Facts<'s>>,
    /// That revision.
    pub facts_revision: i64,
    /// Highest revision given to any alert of the unit.
    pub alert_revision: i64,
    /// Alerts that stand, one a rule at most.
    pub alerts: Vec<DetectorAlert>,
    /// Reads that are not in overflow pages, in order of arrival.
    #[serde(borrow, deserialize_with = "with_room")]
    pub reads: Vec<Encoded<'s, Read<'s>>>,
    /// Overflow pages `r/<n>/<unit>`, n from 0.
    pub pages: i32,
    /// Lot (`<gtin>/<lot>`) whose index holds the unit.
    #[serde(borrow)]
    pub indexed_lot: Option<&'s str>,
    /// Earliest timer set for the unit; null when none.
    pub timer: Option<Micros>,
}

/// Reads a list may say it has before they come.
const FORESEEN: usize = 1024;

/// The reads, with room for the one that is most often added.
fn with_room<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Encoded<'de, Read<'de>>>, D::Error> {
    struct Room;

    impl<'de> Visitor<'de> for Room {
        type Value = Vec<Encoded<'de, Read<'de>>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of reads")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let foreseen = items.size_hint().unwrap_or(0).min(FORESEEN);
            let mut reads = Vec::with_capacity(foreseen + 1);
            while let Some(read) = items.next_element()? {
                reads.push(read);
            }
            Ok(reads)
        }
    }

    deserializer.deserialize_seq(Room)
}

/// `DetectorReads` of the schema.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reads<'s> {
    #[serde(borrow)]
    reads: Vec<Encoded<'s, Read<'s>>>,
}

#[derive(Debug, Default)]
struct Page<'s> {
    reads: Reads<'s>,
    changed: bool,
}

/// The bytes a unit is lent from, and those it is written to: used again for the next unit.
#[derive(Debug, Default)]
pub struct Memory {
    head: Vec<u8>,
    pages: Vec<Vec<u8>>,
}

/// A unit as loaded.
#[derive(Debug)]
pub struct Unit<'s> {
    /// Unit key.
    pub key: &'s str,
    /// Facts, alerts, and the reads outside pages.
    pub head: Head<'s>,
    pages: Vec<Page<'s>>,
    known: bool,
}

/// Bytes a read takes in state, about.
fn size(read: &Read<'_>) -> usize {
    let lists = [
        &read.path,
        &read.persistent_set,
        &read.persistent_unset,
        &read.destination_kinds,
        &read.visible_to,
    ];
    let texts = [
        read.parent,
        read.action,
        read.biz_step,
        read.disposition,
        read.place,
        read.party,
        read.party_role,
        read.site_kind,
        read.lot,
        read.document_id,
    ];
    let in_lists = lists
        .iter()
        .flat_map(|l| l.iter())
        .map(|s| s.len() + 2)
        .sum::<usize>();
    let in_texts = texts.iter().flatten().map(|t| t.len() + 2).sum::<usize>();
    120 + read.event_id.len()
        + read.source_party.len()
        + read.capture_id.len()
        + in_lists
        + in_texts
}

impl<'s> Unit<'s> {
    /// Names what loading a unit looks up, where its reads fit into its head: nearly always.
    pub(crate) fn name_keys(unit: &[u8], keys: &mut Keys) {
        keys.push(&[HEAD.as_bytes(), unit]);
    }

    /// Loads a unit; one never seen is empty.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn load(
        key: &'s str,
        memory: &'s mut Memory,
        codec: &'s Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<Self> {
        let Memory { head, pages } = memory;
        head.clear();
        let known = match ctx.get(&head_key(key))? {
            Some(value) => {
                head.extend_from_slice(value);
                true
            }
            None => false,
        };
        let head: Head<'s> = if known {
            codec.decode_borrowed::<DetectorUnit, _>(head)?
        } else {
            Head::default()
        };
        let count = usize::try_from(head.pages)?;
        pages.resize_with(count, Vec::new);
        let mut loaded = Vec::with_capacity(count);
        for (number, page) in pages.iter_mut().enumerate() {
            page.clear();
            if let Some(value) = ctx.get(&page_key(key, number))? {
                page.extend_from_slice(value);
            }
            let reads = if page.is_empty() {
                Reads::default()
            } else {
                codec.decode_borrowed::<DetectorReads, _>(page)?
            };
            loaded.push(Page {
                reads,
                changed: false,
            });
        }
        Ok(Self {
            key,
            head,
            pages: loaded,
            known,
        })
    }

    /// Whether anything was ever kept of the unit.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Every read kept, in no particular order.
    pub fn reads(&self) -> impl Iterator<Item = &Read<'_>> {
        self.pages
            .iter()
            .flat_map(|p| &p.reads.reads)
            .chain(&self.head.reads)
            .map(|kept| {
                let read: &Read<'_> = kept.value();
                read
            })
    }

    /// Whether a read with this event id is kept and asserted.
    #[must_use]
    pub fn holds(&self, event_id: &str) -> bool {
        self.reads().any(|r| r.event_id == event_id && r.asserted)
    }

    /// What holds of the unit: the registry's facts of the highest revision, and the product as of the
    /// latest asserted read in event time, so that no order of arrival decides which version judges.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let mut facts = self.head.facts.value().clone();
        if let Some(product) = self.latest_product() {
            facts.foreign_gtin = product.foreign_gtin;
            facts.product_markets = product.markets.clone();
            facts.profile = product.profile;
        }
        facts
    }

    /// Policy profile of the product that holds of the unit.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        let product = self.latest_product();
        product.map_or(self.head.facts.profile, |p| p.profile)
    }

    fn latest_product(&self) -> Option<&Product<'s>> {
        let asserted = self.reads().filter(|r| r.asserted);
        let latest = asserted.max_by_key(|r| r.order())?;
        self.head
            .products
            .get(usize::try_from(latest.product).ok()?)
    }

    /// The name of the lot its facts name, in an index or not: `<gtin>/<lot>`.
    #[must_use]
    pub fn lot(&self) -> Option<std::borrow::Cow<'s, str>> {
        let (gtin, lot) = (self.head.facts.gtin?, self.head.facts.lot?);
        let indexed = self.head.indexed_lot.filter(|name| {
            let rest = name.strip_prefix(gtin);
            rest.and_then(|rest| rest.strip_prefix('/')) == Some(lot)
        });
        Some(match indexed {
            Some(name) => name.into(),
            None => format!("{gtin}/{lot}").into(),
        })
    }

    /// Position among the unit's products of what an observation says of its product.
    ///
    /// # Errors
    /// More versions than a record can count.
    pub fn product(&mut self, seen: &Facts<'s>) -> anyhow::Result<i32> {
        let same = |p: &Product<'_>| {
            p.foreign_gtin == seen.foreign_gtin
                && p.markets == seen.product_markets
                && p.profile == seen.profile
        };
        let known = self.head.products.iter().position(same);
        let at = known.unwrap_or_else(|| {
            self.head.products.push(Product {
                foreign_gtin: seen.foreign_gtin,
                markets: seen.product_markets.clone(),
                profile: seen.profile,
            });
            self.head.products.len() - 1
        });
        Ok(i32::try_from(at)?)
    }

    /// Takes one revision of a read in. Returns whether it is news: a lower revision than the one kept
    /// is not.
    pub fn take(&mut self, read: Read<'s>) -> bool {
        let same = |r: &Encoded<'_, Read<'_>>| r.value().event_id == read.event_id;
        if let Some(old) = self.head.reads.iter_mut().find(|r| same(r)) {
            let news = read.revision > old.value().revision;
            if news {
                *old = Encoded::new(read);
            }
            return news;
        }
        for page in &mut self.pages {
            let reads = &mut page.reads.reads;
            let Some(at) = reads.iter().position(same) else {
                continue;
            };
            let old = reads[at].value();
            if read.revision <= old.revision {
                return false;
            }
            page.changed = true;
            if size(&read) <= size(old) {
                reads[at] = Encoded::new(read);
                return true;
            }
            reads.remove(at);
            break;
        }
        let kept = self.head.reads.iter().map(|r| size(r.value()));
        if !self.head.reads.is_empty() && kept.sum::<usize>() + size(&read) > HEAD_BYTES {
            let reads = std::mem::take(&mut self.head.reads);
            self.pages.push(Page {
                reads: Reads { reads },
                changed: true,
            });
            self.head.pages += 1;
        }
        self.head.reads.push(Encoded::new(read));
        true
    }

    /// Drops reads before `before` (microseconds), apart from those that never age out.
    pub fn prune(&mut self, before: Micros) {
        let stays = |r: &Encoded<'_, Read<'_>>| {
            let r = r.value();
            r.event_time >= before || r.outlives_horizon()
        };
        self.head.reads.retain(stays);
        for page in &mut self.pages {
            let reads = &mut page.reads.reads;
            let count = reads.len();
            reads.retain(stays);
            page.changed |= reads.len() != count;
        }
    }

    /// Writes the head and the pages that changed, by way of `value`.
    ///
    /// # Errors
    /// The codec failed.
    pub fn save(
        &self,
        value: &mut Vec<u8>,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        for (number, page) in self.pages.iter().enumerate().filter(|(_, p)| p.changed) {
            let key = page_key(self.key, number);
            if page.reads.reads.is_empty() {
                ctx.delete(&key);
            } else {
                value.clear();
                codec.encode_borrowed::<DetectorReads, _>(&page.reads, value)?;
                ctx.put(&key, value);
            }
        }
        value.clear();
        codec.encode_borrowed::<DetectorUnit, _>(&self.head, value)?;
        ctx.put(&head_key(self.key), value);
        Ok(())
    }
}

#[cfg(test)]
#[path = "unit_tests.rs"]
mod tests;
