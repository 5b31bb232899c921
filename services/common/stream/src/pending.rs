//! Work a stage continues over several windows: part of a partition's state, reached by point look-up.
//!
//! Keys: `q` the bounds of the queue, `q/<n>` its items.

use crate::stage::StepContext;
use anyhow::Context;
use serialtrail_records::state_work::{WorkItem, WorkQueue};
use serialtrail_records::{AvroRecord, Codec};

/// Reads one state value.
///
/// # Errors
/// The store failed, or the value is not the record it must be.
pub fn load<T: AvroRecord>(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    key: &str,
) -> anyhow::Result<Option<T>> {
    let Some(bytes) = ctx.get(key.as_bytes())? else {
        return Ok(None);
    };
    codec
        .decode(bytes)
        .map(Some)
        .with_context(|| format!("state {key}"))
}

/// Writes one state value.
///
/// # Errors
/// The value does not encode.
pub fn save<T: AvroRecord>(
    ctx: &mut dyn StepContext,
    codec: &Codec,
    key: &str,
    value: &T,
) -> anyhow::Result<()> {
    ctx.put(key.as_bytes(), &codec.encode(value)?);
    Ok(())
}

fn item(number: i64) -> String {
    format!("q/{number}")
}

/// Appends to the partition's queue.
///
/// # Errors
/// State machinery failed.
pub fn push(ctx: &mut dyn StepContext, codec: &Codec, key: &str) -> anyhow::Result<()> {
    let mut queue: WorkQueue = load(ctx, codec, "q")?.unwrap_or_default();
    save(
        ctx,
        codec,
        &item(queue.tail),
        &WorkItem {
            key: key.to_owned(),
        },
    )?;
    queue.tail += 1;
    save(ctx, codec, "q", &queue)
}

/// The first item of the partition's queue.
///
/// # Errors
/// State machinery failed.
pub fn front(ctx: &mut dyn StepContext, codec: &Codec) -> anyhow::Result<Option<String>> {
    let queue: WorkQueue = load(ctx, codec, "q")?.unwrap_or_default();
    if queue.head >= queue.tail {
        return Ok(None);
    }
    let first: WorkItem = load(ctx, codec, &item(queue.head))?
        .with_context(|| format!("work item {} is missing", queue.head))?;
    Ok(Some(first.key))
}

/// Removes the first item of the partition's queue.
///
/// # Errors
/// State machinery failed.
pub fn pop(ctx: &mut dyn StepContext, codec: &Codec) -> anyhow::Result<()> {
    let mut queue: WorkQueue = load(ctx, codec, "q")?.unwrap_or_default();
    if queue.head < queue.tail {
        ctx.delete(item(queue.head).as_bytes());
        queue.head += 1;
        save(ctx, codec, "q", &queue)?;
    }
    Ok(())
}

/// Whether the partition's queue holds anything.
///
/// # Errors
/// State machinery failed.
pub fn any(ctx: &mut dyn StepContext, codec: &Codec) -> anyhow::Result<bool> {
    let queue: Option<WorkQueue> = load(ctx, codec, "q")?;
    Ok(queue.is_some_and(|q| q.head < q.tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestContext;

    #[test]
    fn work_comes_out_in_the_order_it_went_in() {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(0);
        assert!(!any(&mut ctx, &codec).unwrap());
        push(&mut ctx, &codec, "a").unwrap();
        push(&mut ctx, &codec, "b").unwrap();
        assert_eq!(front(&mut ctx, &codec).unwrap().as_deref(), Some("a"));
        pop(&mut ctx, &codec).unwrap();
        assert_eq!(front(&mut ctx, &codec).unwrap().as_deref(), Some("b"));
        pop(&mut ctx, &codec).unwrap();
        pop(&mut ctx, &codec).unwrap();
        assert_eq!(front(&mut ctx, &codec).unwrap(), None);
        assert_eq!(ctx.state().len(), 1, "only the bounds stay");
    }
}
