//! A lot's state: its statements, and an index of the units this partition holds of it.
//!
//! A window meets the same few lots again and again. Those met are kept in hand, with the page of their
//! index that units are added to; what changed is written once, at the end of the window.

use std::collections::BTreeMap;
use std::sync::Arc;

use serialtrail_records::state_detector::{DetectorLot, DetectorLotUnits, DetectorLotWork};
use serialtrail_records::{Codec, LotStatus};
use serialtrail_stream::StepContext;

use crate::lot::{self, LotView};

/// Units a page of the index.
pub const PAGE_UNITS: i64 = 100;

/// Lots that stay in hand from one window to the next, at most: about 10 KB each.
const MOST: usize = 64;

fn lot_key(name: &str) -> Vec<u8> {
    ["l/", name].concat().into_bytes()
}

fn page_key(page: i64, name: &str) -> Vec<u8> {
    format!("x/{page}/{name}").into_bytes()
}

/// The lots in hand of a partition, by name: `<gtin>/<lot>`.
#[derive(Debug, Default)]
pub struct Lots {
    in_hand: BTreeMap<String, InHand>,
}

/// A lot in hand.
#[derive(Debug)]
struct InHand {
    lot: DetectorLot,
    view: Arc<LotView>,
    changed: bool,
    /// The page units are added to, once one was.
    open: Option<Page>,
}

#[derive(Debug)]
struct Page {
    number: i64,
    index: DetectorLotUnits,
}

impl Page {
    fn load(
        number: i64,
        name: &str,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<Self> {
        let index = match ctx.get(&page_key(number, name))? {
            Some(value) => codec.decode(value)?,
            None => DetectorLotUnits::default(),
        };
        Ok(Self { number, index })
    }

    fn save(&self, name: &str, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        let key = page_key(self.number, name);
        ctx.put(&key, &codec.encode(&self.index)?);
        Ok(())
    }
}

impl Lots {
    fn of(
        &mut self,
        name: &str,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<&mut InHand> {
        // An entry would set the name aside for each of the many that are in hand.
        #[allow(clippy::map_entry)]
        if !self.in_hand.contains_key(name) {
            let lot: DetectorLot = match ctx.get(&lot_key(name))? {
                Some(value) => codec.decode(value)?,
                None => DetectorLot::default(),
            };
            let in_hand = InHand {
                view: Arc::new(lot::view(&lot.statements)),
                lot,
                changed: false,
                open: None,
            };
            self.in_hand.insert(name.to_owned(), in_hand);
        }
        let found = self.in_hand.get_mut(name);
        found.ok_or_else(|| anyhow::anyhow!("lot {name} is not in hand"))
    }

    /// What the rules know of a lot.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn view(
        &mut self,
        name: &str,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<Arc<LotView>> {
        Ok(Arc::clone(&self.of(name, codec, ctx)?.view))
    }

    /// How many units of a lot the partition holds.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn count(
        &mut self,
        name: &str,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<i64> {
        Ok(self.of(name, codec, ctx)?.lot.units)
    }

    /// Units of one index page; `page` counts from 0.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn units(
        &mut self,
        page: i64,
        name: &str,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<Vec<String>> {
        match &self.of(name, codec, ctx)?.open {
            Some(open) if open.number == page => Ok(open.index.units.clone()),
            _ => Ok(Page::load(page, name, codec, ctx)?.index.units),
        }
    }

    /// Adds a unit to its lot's index.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn add_unit(
        &mut self,
        unit: &str,
        name: &str,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<()> {
        let here = self.of(name, codec, ctx)?;
        let number = here.lot.units / PAGE_UNITS;
        if let Some(full) = here.open.take_if(|open| open.number != number) {
            // It may be written already; a page is left once in a hundred units.
            full.save(name, codec, ctx)?;
        }
        let open = match &mut here.open {
            Some(open) => open,
            none => none.insert(Page::load(number, name, codec, ctx)?),
        };
        open.index.units.push(unit.to_owned());
        here.lot.units += 1;
        here.changed = true;
        Ok(())
    }

    /// Takes a statement in. When it changes what the rules know, the lot's units are put down in `work` to
    /// be judged again, from the first. Returns whether `work` changed.
    ///
    /// # Errors
    /// The store or the codec failed.
    pub fn state(
        &mut self,
        said: LotStatus,
        work: &mut Vec<DetectorLotWork>,
        codec: &Codec,
        ctx: &mut dyn StepContext,
    ) -> anyhow::Result<bool> {
        let (gtin, lot) = (said.gtin.clone(), said.lot.clone());
        let here = self.of(&format!("{gtin}/{lot}"), codec, ctx)?;
        if !lot::state(&mut here.lot.statements, said) {
            return Ok(false);
        }
        here.changed = true;
        let view = lot::view(&here.lot.statements);
        let news = *here.view != view;
        here.view = Arc::new(view);
        if here.lot.units == 0 || !news {
            return Ok(false);
        }
        match work.iter_mut().find(|w| w.gtin == gtin && w.lot == lot) {
            Some(work) => work.next = 0,
            None => work.push(DetectorLotWork { gtin, lot, next: 0 }),
        }
        Ok(true)
    }

    /// Writes what changed, and lets go of the lots where they are many.
    ///
    /// # Errors
    /// The codec failed.
    pub fn save(&mut self, codec: &Codec, ctx: &mut dyn StepContext) -> anyhow::Result<()> {
        for (name, here) in &mut self.in_hand {
            if std::mem::take(&mut here.changed) {
                if let Some(open) = &here.open {
                    open.save(name, codec, ctx)?;
                }
                ctx.put(&lot_key(name), &codec.encode(&here.lot)?);
            }
        }
        if self.in_hand.len() > MOST {
            self.in_hand.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "lots_tests.rs"]
mod tests;
