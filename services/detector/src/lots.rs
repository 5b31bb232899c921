//! A lot's state: its statements, and an index of the units this partition holds of it.

use serialtrail_records::state_detector::{
    DetectorLot, DetectorLotUnits, DetectorLotWork, DetectorPartition,
};
use serialtrail_records::{Codec, LotStatus};
use serialtrail_stream::StepContext;

use crate::lot::{self, LotView};

/// Units a page of the index.
pub const PAGE_UNITS: i64 = 100;

fn lot_key(gtin: &str, lot: &str) -> Vec<u8> {
    format!("l/{gtin}/{lot}").into_bytes()
}

fn page_key(page: i64, gtin: &str, lot: &str) -> Vec<u8> {
    format!("x/{page}/{gtin}/{lot}").into_bytes()
}

/// What is kept of a lot.
///
/// # Errors
/// The store or the codec failed.
pub fn load(
    gtin: &str,
    lot: &str,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<DetectorLot> {
    Ok(match ctx.get(&lot_key(gtin, lot))? {
        Some(value) => codec.decode(value)?,
        None => DetectorLot::default(),
    })
}

/// What the rules know of a lot.
///
/// # Errors
/// The store or the codec failed.
pub fn view(
    gtin: &str,
    lot: &str,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<LotView> {
    Ok(lot::view(&load(gtin, lot, codec, ctx)?.statements))
}

/// Units of one index page; `page` counts from 0.
///
/// # Errors
/// The store or the codec failed.
pub fn units(
    page: i64,
    gtin: &str,
    lot: &str,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<Vec<String>> {
    Ok(match ctx.get(&page_key(page, gtin, lot))? {
        Some(value) => codec.decode::<DetectorLotUnits>(value)?.units,
        None => Vec::new(),
    })
}

/// Adds a unit to its lot's index.
///
/// # Errors
/// The store or the codec failed.
pub fn add_unit(
    unit: &str,
    gtin: &str,
    lot: &str,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<()> {
    let mut kept = load(gtin, lot, codec, ctx)?;
    let page = kept.units / PAGE_UNITS;
    let mut units = units(page, gtin, lot, codec, ctx)?;
    units.push(unit.to_owned());
    ctx.put(
        &page_key(page, gtin, lot),
        &codec.encode(&DetectorLotUnits { units })?,
    );
    kept.units += 1;
    ctx.put(&lot_key(gtin, lot), &codec.encode(&kept)?);
    Ok(())
}

/// Takes a statement in. When it changes what the rules know, the lot's units are put down to be judged
/// again, from the first. Returns whether the partition's own state changed.
///
/// # Errors
/// The store or the codec failed.
pub fn state(
    said: LotStatus,
    partition: &mut DetectorPartition,
    codec: &Codec,
    ctx: &mut dyn StepContext,
) -> anyhow::Result<bool> {
    let (gtin, lot) = (said.gtin.clone(), said.lot.clone());
    let mut kept = load(&gtin, &lot, codec, ctx)?;
    let before = lot::view(&kept.statements);
    if !lot::state(&mut kept.statements, said) {
        return Ok(false);
    }
    ctx.put(&lot_key(&gtin, &lot), &codec.encode(&kept)?);
    if kept.units == 0 || lot::view(&kept.statements) == before {
        return Ok(false);
    }
    match partition
        .lots
        .iter_mut()
        .find(|w| w.gtin == gtin && w.lot == lot)
    {
        Some(work) => work.next = 0,
        None => partition.lots.push(DetectorLotWork { gtin, lot, next: 0 }),
    }
    Ok(true)
}
