//! A container's children, in pages by hash: what happened to each, and when each was inside.
//!
//! A page covers a range of hashes and splits in two when it grows; ranges never move, so a fan-out
//! that has come to a hash has seen every child before it, whatever splits meanwhile.
//! Key: `c/<page> <unit>`, page = first hash * 64 + bits of the hash it fixes.

use crate::domain::intervals::{PACK, UNPACK, boundaries};
use crate::env::Env;
use crate::lent::{Arena, Child, ChildOp, ChildPage, Container, ReadEntry, ReadTask};
use crate::unit::Unit;
use serialtrail_records::Micros;
use std::collections::BTreeMap;

/// Bytes of a page, estimated.
const PAGE_BYTES: usize = 128 * 1024;
/// Packings and unpackings of one child in one container; beyond, they are refused.
pub(crate) const CHILD_OPS: usize = 400;
/// Hash bits in a page's number below which its depth stands.
const DEPTH_BITS: i64 = 64;
/// Depth at which a page is a single hash.
const MAX_DEPTH: i64 = 32;

/// What an event, or a child's own history, says happened to children.
pub(crate) struct Change<'a> {
    /// [`PACK`], [`UNPACK`] or the cause of a MembershipEnd.
    pub(crate) kind: &'a str,
    pub(crate) time: Micros,
    pub(crate) event_id: &'a str,
    pub(crate) packed_by: &'a str,
    pub(crate) revision: i64,
    pub(crate) asserted: bool,
}

pub(crate) fn hash(child: &str) -> i64 {
    i64::from(serialtrail_gs1::murmur2(child.as_bytes()))
}

fn first_hash(page: i64) -> i64 {
    page / DEPTH_BITS
}

/// The hash behind the last of a page.
pub(crate) fn end_hash(page: i64) -> i64 {
    first_hash(page) + (1 << (MAX_DEPTH - page % DEPTH_BITS))
}

fn page_key<'a>(env: &Env<'_, 'a>, unit: &str, page: i64) -> &'a str {
    env.key(&["c/", &page.to_string(), " ", unit])
}

/// Reads a page into `arena`, which held the one before it.
pub(crate) fn load_page<'a: 'p, 'p>(
    env: &mut Env<'_, 'a>,
    arena: &'p mut Arena,
    unit: &str,
    page: i64,
) -> anyhow::Result<ChildPage<'p>> {
    arena.reset();
    let page = env.load_in(arena, page_key(env, unit, page))?;
    Ok(page.unwrap_or_default())
}

pub(crate) fn save_page(
    env: &mut Env<'_, '_>,
    unit: &str,
    number: i64,
    page: &ChildPage<'_>,
) -> anyhow::Result<()> {
    env.save(page_key(env, unit, number), page)
}

/// The page of a container that covers a hash.
fn page_of(container: &Container<'_>, hash: i64) -> i64 {
    let at = container
        .pages
        .partition_point(|page| first_hash(*page) <= hash);
    // The first page starts at hash 0, so there always is one before `at`.
    container.pages[at.saturating_sub(1)]
}

/// Makes the unit a container.
fn container<'u, 'a>(unit: &'u mut Unit<'a>) -> &'u mut Container<'a> {
    if unit.state.container.is_none() {
        unit.state.container = Some(Container {
            pages: vec![0],
            ..Container::default()
        });
    }
    unit.state.container.get_or_insert_default()
}

/// Applies one change to many children. Returns those that have too many packings to take another.
pub(crate) fn apply<'a>(
    env: &mut Env<'_, 'a>,
    unit: &mut Unit<'a>,
    children: &[&'a str],
    change: &Change<'a>,
) -> anyhow::Result<Vec<&'a str>> {
    let key = unit.key;
    let container = container(unit);
    let mut by_page: BTreeMap<i64, Vec<&'a str>> = BTreeMap::new();
    for child in children.iter().copied() {
        by_page
            .entry(page_of(container, hash(child)))
            .or_default()
            .push(child);
    }
    let mut refused = Vec::new();
    let mut arena = Arena::new();
    for (number, children) in by_page {
        let mut page = load_page(env, &mut arena, key, number)?;
        let mut touched = false;
        for child in children {
            match apply_one(&mut page, child, change) {
                Outcome::Same => {}
                Outcome::Changed => touched = true,
                Outcome::Full => refused.push(child),
            }
        }
        if touched {
            store_split(env, key, container, number, page)?;
        }
    }
    Ok(refused)
}

enum Outcome {
    Same,
    Changed,
    Full,
}

fn apply_one<'a>(page: &mut ChildPage<'a>, child: &'a str, change: &Change<'a>) -> Outcome {
    let at = match page.children.binary_search_by(|c| c.key.cmp(child)) {
        Ok(at) => at,
        Err(_) if !change.asserted => return Outcome::Same,
        Err(at) => {
            page.children.insert(
                at,
                Child {
                    key: child,
                    ..Child::default()
                },
            );
            at
        }
    };
    let ops = &mut page.children[at].ops;
    let by_event = matches!(change.kind, PACK | UNPACK);
    let found = ops.iter().position(|op| {
        if by_event {
            op.packed_by.is_empty() && op.event_id == change.event_id
        } else {
            op.packed_by == change.packed_by
        }
    });
    let op = ChildOp {
        kind: change.kind,
        time: change.time,
        event_id: change.event_id,
        packed_by: change.packed_by,
        revision: change.revision,
    };
    match found {
        Some(at) if ops[at].revision > change.revision => Outcome::Same,
        Some(at) if change.asserted => {
            ops[at] = op;
            Outcome::Changed
        }
        Some(at) => {
            ops.remove(at);
            Outcome::Changed
        }
        None if !change.asserted => Outcome::Same,
        None if ops.len() >= CHILD_OPS => Outcome::Full,
        None => {
            ops.push(op);
            Outcome::Changed
        }
    }
}

fn size(child: &Child<'_>) -> usize {
    let ops: usize = child
        .ops
        .iter()
        .map(|op| 2 * op.event_id.len() + op.packed_by.len() + 80)
        .sum();
    child.key.len() + ops
}

/// Writes a page, split as often as its size needs; its parts are marked as having changed.
fn store_split(
    env: &mut Env<'_, '_>,
    unit: &str,
    container: &mut Container<'_>,
    number: i64,
    page: ChildPage<'_>,
) -> anyhow::Result<()> {
    let depth = number % DEPTH_BITS;
    let bytes: usize = page.children.iter().map(size).sum();
    let fits = page.children.len() <= env.sizes.page_children && bytes <= PAGE_BYTES;
    if fits || page.children.len() < 2 || depth == MAX_DEPTH {
        if !container.dirty.contains(&number) {
            container.dirty.push(number);
        }
        return save_page(env, unit, number, &page);
    }
    let middle = first_hash(number) + (1 << (MAX_DEPTH - depth - 1));
    let (left, right) = (
        first_hash(number) * DEPTH_BITS + depth + 1,
        middle * DEPTH_BITS + depth + 1,
    );
    let (low, high) = page
        .children
        .into_iter()
        .partition(|c| hash(c.key) < middle);
    env.ctx.delete(page_key(env, unit, number).as_bytes());
    container.dirty.retain(|d| *d != number);
    let at = container
        .pages
        .partition_point(|p| first_hash(*p) < first_hash(number));
    container.pages.splice(at..=at, [left, right]);
    store_split(env, unit, container, left, ChildPage { children: low })?;
    store_split(env, unit, container, right, ChildPage { children: high })
}

/// A read that may make the container empty has changed: where it does, every child is looked at again.
pub(crate) fn boundaries_changed(
    unit: &mut Unit<'_>,
    before: &[ReadEntry<'_>],
    reads: &[ReadEntry<'_>],
) {
    if let Some(container) = &mut unit.state.container
        && boundaries(before) != boundaries(reads)
    {
        container.dirty = container.pages.clone();
    }
}

/// A read of the container has changed and goes to the children; `told` says that some may already
/// believe an earlier state of it.
pub(crate) fn read_changed<'a>(
    env: &Env<'_, 'a>,
    unit: &mut Unit<'a>,
    event_id: &'a str,
    told: bool,
) {
    let Some(container) = &mut unit.state.container else {
        return;
    };
    match container
        .tasks
        .iter_mut()
        .find(|t| t.event_id == event_id || t.event_id.is_empty())
    {
        Some(task) => {
            task.everyone |= told;
            task.cursor = 0;
        }
        None => {
            let mut task = ReadTask {
                event_id,
                everyone: told,
                cursor: 0,
            };
            if container.tasks.len() >= env.sizes.tasks {
                container.tasks.clear();
                task = ReadTask {
                    event_id: "",
                    everyone: true,
                    cursor: 0,
                };
            }
            container.tasks.push(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Sizes;
    use crate::glns::Glns;
    use crate::policy::Policy;
    use serialtrail_records::Codec;
    use serialtrail_stream::reference::ReferenceTable;
    use serialtrail_stream::testing::TestContext;

    #[test]
    fn ten_thousand_children_stand_in_pages_that_cover_every_hash_once() {
        let codec = Codec::offline().unwrap();
        let (table, policy) = (ReferenceTable::default(), Policy::default());
        let (glns, arena, mut out) = (Glns::default(), Arena::new(), Vec::new());
        let names: Vec<String> = (0..10_000)
            .map(|i| format!("01/04012345111118/21/{i}"))
            .collect();
        let event_id = format!("ni:///sha-256;{}", "0".repeat(64));
        let mut ctx = TestContext::new(0);
        let mut env = Env {
            ctx: &mut ctx,
            codec: &codec,
            table: &table,
            policy: &policy,
            glns: &glns,
            sizes: Sizes::default(),
            arena: &arena,
            out: &mut out,
        };
        let mut unit = Unit::load(&mut env, "00/1").unwrap();
        let children: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut change = Change {
            kind: PACK,
            time: 1,
            event_id: &event_id,
            packed_by: "",
            revision: 1,
            asserted: true,
        };
        for part in children.chunks(500) {
            assert!(
                apply(&mut env, &mut unit, part, &change)
                    .unwrap()
                    .is_empty()
            );
        }
        let container = unit.state.container.clone().unwrap();
        let mut next = 0;
        let mut found = Vec::new();
        let mut pages = Arena::new();
        for page in &container.pages {
            assert_eq!(first_hash(*page), next);
            next = end_hash(*page);
            let page = load_page(&mut env, &mut pages, "00/1", *page).unwrap();
            assert!(page.children.len() <= 256);
            found.extend(page.children.into_iter().map(|c| c.key.to_owned()));
        }
        assert_eq!(next, 1 << 32);
        found.sort();
        let mut expected = names.clone();
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(container.dirty.len(), container.pages.len());
        assert!(
            env.ctx.get(b"c/0 00/1").unwrap().is_none(),
            "the page that was split is gone"
        );

        change.asserted = false;
        change.revision = 2;
        apply(&mut env, &mut unit, &children[..1], &change).unwrap();
        let page = page_of(&container, hash(children[0]));
        let page = load_page(&mut env, &mut pages, "00/1", page).unwrap();
        assert!(
            page.children
                .iter()
                .any(|c| c.key == children[0] && c.ops.is_empty())
        );
        assert!(ctx.state().values().all(|v| v.len() < 256 * 1024));
    }

    #[test]
    fn a_child_packed_without_end_is_refused_at_last() {
        let mut page = ChildPage::default();
        for at in 0..=400 {
            let change = Change {
                kind: PACK,
                time: at,
                event_id: format!("e{at}").leak(),
                packed_by: "",
                revision: 1,
                asserted: true,
            };
            let outcome = apply_one(&mut page, "c", &change);
            assert_eq!(matches!(outcome, Outcome::Full), at == 400);
        }
    }
}
