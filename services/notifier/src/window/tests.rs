use super::*;
use proptest::prelude::*;

fn window(partitions: impl IntoIterator<Item = i32>) -> Window<&'static str> {
    let mut window = Window::default();
    for partition in partitions {
        window.assign(partition, 0, Done::default());
    }
    window
}

/// Commits everything, as (partition, offset).
fn commit<T: Clone>(window: &mut Window<T>) -> Vec<(i32, i64)> {
    let commits = window.to_commit();
    for commit in &commits {
        window.committed(commit);
    }
    commits.iter().map(|c| (c.partition, c.offset)).collect()
}

#[test]
fn a_record_that_waits_holds_the_commit_and_its_lane_and_nothing_else() {
    let mut window = window([0]);
    window.add(0, 0, "a".into(), "a1");
    window.add(0, 1, "b".into(), "b1");
    window.skip(0, 2);
    window.add(0, 3, "a".into(), "a2");
    let started = window.start(10);
    let items: Vec<_> = started.iter().map(|(_, item)| *item).collect();
    assert_eq!(items, ["a1", "b1"], "a2 waits for a1");
    assert!(window.settle(started[1].0));
    assert_eq!(commit(&mut window), [(0, 0)], "a1 is not settled");
    assert_eq!(window.ahead(0), 4);
    assert!(window.settle(started[0].0));
    assert_eq!(window.start(10), [], "a1 is not committed");
    assert_eq!(commit(&mut window), [(0, 3)]);
    assert_eq!(commit(&mut window), [], "nothing new");
    assert_eq!(window.start(10).len(), 1);
}

#[test]
fn the_next_owner_delivers_only_what_was_left_open() {
    let mut first = window([0]);
    for (offset, lane) in (0..).zip(["a", "b", "c", "d"]) {
        first.add(0, offset, lane.into(), lane);
    }
    let started = first.start(10);
    for lane in [1, 3] {
        first.settle(started[lane].0);
    }
    let left = &first.to_commit()[0];
    assert_eq!(left.offset, 0);
    let mut next = Window::default();
    let done = Done::read(left.offset, &left.metadata).unwrap();
    next.assign(0, left.offset, done);
    next.add(0, 0, "a".into(), "a");
    let again = &next.to_commit();
    assert_eq!(
        again,
        &[],
        "and nothing is forgotten before it is read again"
    );
    for (offset, lane) in (1..).zip(["b", "c", "d", "e"]) {
        next.add(0, offset, lane.into(), lane);
    }
    let items: Vec<_> = next.start(10).into_iter().map(|(_, item)| item).collect();
    assert_eq!(items, ["a", "c", "e"]);
}

#[test]
fn what_was_left_open_and_is_no_longer_there_holds_nothing() {
    let mut window = Window::default();
    let done = Done {
        upto: 5,
        open: [0, 3].into(),
    };
    window.assign(0, 0, done);
    window.add(0, 3, "a".into(), "a");
    let started = window.start(1);
    window.settle(started[0].0);
    assert_eq!(commit(&mut window), [(0, 5)], "offset 0 was deleted");
}

#[test]
fn a_topic_that_begins_anew_below_what_was_committed_is_delivered() {
    let mut window = Window::default();
    let done = Done {
        upto: 5_010,
        open: [5_000].into(),
    };
    window.assign(0, 5_000, done);
    for (offset, lane) in [(0, "a"), (1, "b")] {
        window.add(0, offset, lane.into(), lane);
    }
    let started = window.start(10);
    assert_eq!(started.len(), 2);
    window.settle(started[0].0);
    assert_eq!(commit(&mut window), [(0, 1)]);
}

#[test]
fn a_partition_that_goes_takes_its_records_along() {
    let mut window = window([0, 1]);
    for (partition, lane) in [(0, "x"), (1, "y")] {
        window.add(partition, 0, lane.into(), lane);
        window.add(partition, 1, lane.into(), lane);
    }
    let started = window.start(10);
    let stopped = window.revoke(0);
    assert_eq!(stopped.len(), 1);
    assert!(!window.settle(stopped[0]), "its result no longer counts");
    assert_eq!((window.waiting(), window.in_flight()), (1, 1));
    let left = started.iter().find(|(_, item)| *item == "y");
    assert!(window.settle(left.unwrap().0));
    assert_eq!(commit(&mut window), [(1, 1)]);
}

#[test]
fn what_is_given_back_starts_again_before_what_came_after_it() {
    let mut window = window([0]);
    for (offset, lane, item) in [(0, "a", "a1"), (1, "b", "b1"), (2, "a", "a2")] {
        window.add(0, offset, lane.into(), item);
    }
    let first = window.start(10);
    window.give_back();
    assert!(
        !window.settle(first[0].0),
        "the first attempt no longer counts"
    );
    let again: Vec<_> = window.start(10).into_iter().map(|(_, item)| item).collect();
    assert_eq!(again, ["a1", "b1"]);
}

#[derive(Debug, Clone)]
enum Step {
    Read,
    Start(usize),
    Settle(usize),
    Commit,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Read),
        3 => (1usize..5).prop_map(Step::Start),
        4 => (0usize..8).prop_map(Step::Settle),
        2 => Just(Step::Commit),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    /// Whatever finishes, commits or crashes when: within a lane nothing older begins after something
    /// newer, only one of a lane flies, no commit tells of what is not settled, and all is delivered.
    #[test]
    fn any_schedule_of_work_and_crashes_keeps_the_order_and_loses_nothing(
        lanes in prop::collection::vec(0u8..4, 1..40),
        steps in prop::collection::vec(step(), 0..300),
    ) {
        let end = lanes.len() as i64;
        let mut window = Window::default();
        window.assign(0, 0, Done::default());
        let (mut read, mut stored) = (0i64, (0i64, String::new()));
        let mut flying: Vec<(Ticket, i64)> = Vec::new();
        let mut newest: HashMap<u8, i64> = HashMap::new();
        let mut settled = BTreeSet::new();
        // In the end everything goes well.
        let well = [Step::Read, Step::Start(9), Step::Settle(0), Step::Commit];
        let well = well.into_iter().cycle().take(4 * 2 * lanes.len());
        for step in steps.into_iter().chain(well) {
            match step {
                Step::Read if read < end => {
                    let lane = lanes[read as usize];
                    // Every seventh record is not for this receiver.
                    if read % 7 == 6 {
                        window.skip(0, read);
                        settled.insert(read);
                    } else {
                        window.add(0, read, lane.to_string(), read);
                    }
                    read += 1;
                }
                Step::Read => {}
                Step::Start(limit) => for (ticket, offset) in window.start(limit) {
                    let lane = lanes[offset as usize];
                    prop_assert!(flying.iter().all(|(_, other)| lanes[*other as usize] != lane));
                    let newest = newest.entry(lane).or_insert(offset);
                    prop_assert!(*newest <= offset, "{offset} after {newest}");
                    *newest = offset;
                    flying.push((ticket, offset));
                },
                Step::Settle(choice) => if !flying.is_empty() {
                    let (ticket, offset) = flying.remove(choice % flying.len());
                    prop_assert!(window.settle(ticket));
                    settled.insert(offset);
                },
                Step::Commit => for commit in window.to_commit() {
                    let done = Done::read(commit.offset, &commit.metadata).unwrap();
                    let told = (0..done.upto).filter(|offset| {
                        *offset < commit.offset || !done.open.contains(offset)
                    });
                    for offset in told {
                        prop_assert!(settled.contains(&offset), "{offset} is not settled");
                    }
                    window.committed(&commit);
                    stored = (commit.offset, commit.metadata);
                },
                Step::Crash => {
                    flying.clear();
                    window = Window::default();
                    let done = Done::read(stored.0, &stored.1).unwrap();
                    window.assign(0, stored.0, done);
                    read = stored.0;
                }
            }
        }
        prop_assert_eq!(settled.len() as i64, end);
        prop_assert_eq!(window.frontiers().next(), Some((0, end)));
    }
}
