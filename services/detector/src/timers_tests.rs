use super::*;
use proptest::prelude::*;
use serialtrail_stream::testing::TestContext;

/// Timers whose pages are written with each change, as a model.
mod written_at_once {
    use super::*;

    fn load(
        hour: i64,
        page: usize,
        codec: &Codec,
        ctx: &mut TestContext,
    ) -> (Vec<DetectorTimer>, usize) {
        match ctx.get(&page_key(hour, page)).unwrap() {
            Some(value) => {
                let page: DetectorTimerPage = codec.decode(value).unwrap();
                (page.timers, value.len())
            }
            None => (Vec::new(), 0),
        }
    }

    fn save(
        hour: i64,
        page: usize,
        timers: &[DetectorTimer],
        codec: &Codec,
        ctx: &mut TestContext,
    ) {
        if timers.is_empty() {
            return ctx.delete(&page_key(hour, page));
        }
        let timers = timers.to_vec();
        let value = codec.encode(&DetectorTimerPage { timers }).unwrap();
        ctx.put(&page_key(hour, page), &value);
    }

    pub(super) fn add(
        partition: &mut DetectorPartition,
        timer: &DetectorTimer,
        codec: &Codec,
        ctx: &mut TestContext,
    ) {
        let hour = timer.due.div_euclid(HOUR);
        let at = partition.buckets.partition_point(|b| b.hour < hour);
        if partition.buckets.get(at).is_none_or(|b| b.hour != hour) {
            let next_due = vec![NEVER];
            let bucket = DetectorTimerBucket { hour, next_due };
            partition.buckets.insert(at, bucket);
        }
        let pages = &mut partition.buckets[at].next_due;
        let (mut timers, bytes) = load(hour, pages.len() - 1, codec, ctx);
        if bytes >= PAGE_BYTES {
            timers.clear();
            pages.push(NEVER);
        }
        let last = pages.len() - 1;
        pages[last] = pages[last].min(timer.due);
        timers.push(timer.clone());
        save(hour, last, &timers, codec, ctx);
    }

    pub(super) fn take(
        partition: &mut DetectorPartition,
        now: Micros,
        codec: &Codec,
        ctx: &mut TestContext,
    ) -> Vec<DetectorTimer> {
        let pages = partition.buckets.iter().enumerate().flat_map(|(at, b)| {
            b.next_due
                .iter()
                .enumerate()
                .map(move |(page, due)| (at, page, *due))
        });
        let Some((at, page, _)) = pages.into_iter().find(|(.., due)| *due <= now) else {
            return Vec::new();
        };
        let bucket = &mut partition.buckets[at];
        let (timers, _) = load(bucket.hour, page, codec, ctx);
        let (due, rest): (Vec<_>, Vec<_>) = timers.into_iter().partition(|t| t.due <= now);
        bucket.next_due[page] = rest.iter().map(|t| t.due).min().unwrap_or(NEVER);
        save(bucket.hour, page, &rest, codec, ctx);
        if bucket.next_due.iter().all(|due| *due == NEVER) {
            partition.buckets.remove(at);
        }
        due
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(DetectorTimer),
    Take(Micros),
    EndOfWindow,
    AnotherProcess,
}

fn step() -> impl Strategy<Value = Step> {
    // Long names fill a page with a few timers.
    let unit = (0u8..5, 1usize..6000).prop_map(|(n, length)| format!("{n:0length$}"));
    let timer = (-2 * HOUR..3 * HOUR, unit).prop_map(|(due, unit)| DetectorTimer { due, unit });
    prop_oneof![
        8 => timer.prop_map(Step::Add),
        2 => (-2 * HOUR..3 * HOUR).prop_map(Step::Take),
        2 => Just(Step::EndOfWindow),
        1 => Just(Step::AnotherProcess),
    ]
}

proptest! {
    #[test]
    fn what_is_kept_and_taken_is_as_if_every_change_were_written_at_once(
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let codec = Codec::offline().unwrap();
        let (mut here, mut there) = (TestContext::new(0), TestContext::new(0));
        let (mut partition, mut model) = (DetectorPartition::default(), DetectorPartition::default());
        let mut timers = Timers::default();
        for step in steps.into_iter().chain([Step::EndOfWindow]) {
            match step {
                Step::Add(timer) => {
                    let due = timer.due;
                    timers.add(&mut partition, due, &timer.unit, &codec, &mut here).unwrap();
                    written_at_once::add(&mut model, &timer, &codec, &mut there);
                }
                Step::Take(now) => {
                    let taken = timers.take_page(&mut partition, now, &codec, &mut here).unwrap();
                    prop_assert_eq!(taken, written_at_once::take(&mut model, now, &codec, &mut there));
                }
                Step::EndOfWindow => {
                    timers.save(&codec, &mut here).unwrap();
                    prop_assert_eq!(&here, &there);
                }
                Step::AnotherProcess => {
                    timers.save(&codec, &mut here).unwrap();
                    timers = Timers::default();
                }
            }
            prop_assert_eq!(&partition, &model);
        }
    }
}

#[test]
fn a_page_is_written_at_the_windows_end_and_not_before() {
    let codec = Codec::offline().unwrap();
    let (mut ctx, mut partition) = (TestContext::new(0), DetectorPartition::default());
    let mut timers = Timers::default();
    timers
        .add(&mut partition, 5, "a", &codec, &mut ctx)
        .unwrap();
    timers
        .add(&mut partition, 3, "b", &codec, &mut ctx)
        .unwrap();
    assert!(ctx.state().is_empty());
    timers.save(&codec, &mut ctx).unwrap();
    let page: DetectorTimerPage = codec.decode(&ctx.state()[&b"t/0/0"[..]]).unwrap();
    assert_eq!(page.timers.len(), 2);
    timers
        .take_page(&mut partition, 9, &codec, &mut ctx)
        .unwrap();
    timers.save(&codec, &mut ctx).unwrap();
    assert!(ctx.state().is_empty(), "an empty page is not kept");
}

#[test]
fn pages_in_hand_are_bounded() {
    let codec = Codec::offline().unwrap();
    let (mut ctx, mut partition) = (TestContext::new(0), DetectorPartition::default());
    let mut timers = Timers::default();
    for hour in 0..=MOST as i64 {
        timers
            .add(&mut partition, hour * HOUR, "a", &codec, &mut ctx)
            .unwrap();
    }
    timers.save(&codec, &mut ctx).unwrap();
    assert!(timers.in_hand.is_empty());
    assert_eq!(ctx.state().len(), MOST + 1);
}
