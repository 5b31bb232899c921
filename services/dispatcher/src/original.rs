//! Original bytes kept in state: a version that is displaced later is refused with them.
//!
//! Compressed; up to 16 KiB stand where they belong, more goes into pages of 128 KiB.

use anyhow::Context;
use serialtrail_records::Codec;
use serialtrail_records::state_dispatcher::{Original, OriginalPage};
use serialtrail_stream::StepContext;
use serialtrail_stream::pending::{load, save};

const INLINE: usize = 16 * 1024;
const PAGE: usize = 128 * 1024;
/// zstd level: speed before size.
const LEVEL: i32 = 1;

fn page_key(event_id: &str, generation: i64, page: i32) -> String {
    format!("o/{generation}/{page} {event_id}")
}

/// Keeps original bytes; `generation` names their pages among those of the event id.
pub(crate) fn keep(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    generation: i64,
    bytes: &[u8],
) -> anyhow::Result<Original> {
    let compressed = zstd::bulk::compress(bytes, LEVEL)?;
    if compressed.len() <= INLINE {
        return Ok(Original {
            bytes: compressed,
            pages: 0,
            generation,
        });
    }
    let mut pages = 0;
    for chunk in compressed.chunks(PAGE) {
        let page = OriginalPage {
            bytes: chunk.to_vec(),
        };
        save(ctx, codec, &page_key(event_id, generation, pages), &page)?;
        pages += 1;
    }
    Ok(Original {
        bytes: Vec::new(),
        pages,
        generation,
    })
}

/// The bytes as they were given to [`keep`].
pub(crate) fn read(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    event_id: &str,
    original: &Original,
) -> anyhow::Result<Vec<u8>> {
    let mut compressed = original.bytes.clone();
    for page in 0..original.pages {
        let key = page_key(event_id, original.generation, page);
        let page: OriginalPage =
            load(ctx, codec, &key)?.with_context(|| format!("state {key} is missing"))?;
        compressed.extend_from_slice(&page.bytes);
    }
    zstd::stream::decode_all(compressed.as_slice()).context("original bytes in state")
}

/// Removes the pages.
pub(crate) fn forget(ctx: &mut dyn StepContext, event_id: &str, original: &Original) {
    for page in 0..original.pages {
        ctx.delete(page_key(event_id, original.generation, page).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_stream::testing::TestContext;

    #[test]
    fn bytes_of_any_size_come_back_and_leave_nothing_behind() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(0);
        let mut seed = 7u32;
        for size in [0, 1, 5_000, 300_000, 5_000_000] {
            let bytes: Vec<u8> = (0..size)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            let kept = keep(&mut ctx, &codec, "e", 3, &bytes).unwrap();
            assert!(ctx.state().values().all(|v| v.len() < 200 * 1024));
            assert_eq!(read(&mut ctx, &codec, "e", &kept).unwrap(), bytes);
            forget(&mut ctx, "e", &kept);
            assert!(ctx.state().is_empty());
        }
    }
}
