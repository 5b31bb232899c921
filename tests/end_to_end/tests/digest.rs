//! The settled result is a function of the inputs, not of their order or of what crashed.
//!
//! One seeded world: undisturbed; its documents in three random orders; every document twice; stages
//! killed with -9 at 20 moments; second instances joining and leaving. Five equal digests, and equal
//! row counts.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::world::{Upload, World};
use serialtrail_runtime::Service;
use serialtrail_stack::Member;

const SEED: u64 = 42;
const ITEMS: u32 = 1_200;
const STAGES: [Service; 4] = [
    Service::Dispatcher,
    Service::Enricher,
    Service::Detector,
    Service::Sink,
];

#[derive(Debug, PartialEq, Eq)]
struct Settled {
    digest: String,
    /// Rows that hold, of every table.
    rows: Value,
}

/// Runs the world through a deployment of its own and returns what settled.
fn run(name: &str, disturb: impl FnOnce(&Deployment, &World)) -> Option<Settled> {
    let d = Deployment::fresh(name, 27_000, 1).unwrap()?;
    let folder = d.scratch().join("world");
    let world = World::simulate(&d, &folder, SEED, ITEMS).unwrap();
    world.load(&d).unwrap();
    disturb(&d, &world);
    d.settle().unwrap();
    let digest = d.digest().unwrap();
    let settled = Settled {
        digest: digest["sha256"].as_str().unwrap().to_owned(),
        rows: digest["rows"].clone(),
    };
    eprintln!("{name}: {settled:?}");
    Some(settled)
}

/// Cuts the traffic into so many parts, none empty.
fn parts(w: &World, count: usize) -> Vec<&[Upload]> {
    let len = w.uploads.len();
    assert!(len >= count);
    (0..count)
        .map(|n| &w.uploads[n * len / count..(n + 1) * len / count])
        .collect()
}

fn stage(service: Service, slot: u32) -> Member {
    Member::Service { service, slot }
}

#[test]
fn five_disturbances_one_digest() {
    let Some(plain) = run("plain", |d, w| w.capture(d, "all", &w.uploads).unwrap()) else {
        return;
    };
    assert!(
        plain.rows["observations"].as_u64().unwrap() > 10_000,
        "{plain:?}"
    );

    for order in 1..=3u64 {
        let shuffled = run(&format!("order-{order}"), |d, w| {
            let mut uploads = w.uploads.clone();
            uploads.shuffle(&mut ChaCha8Rng::seed_from_u64(order));
            w.capture(d, "shuffled", &uploads).unwrap();
        });
        assert_eq!(shuffled.as_ref(), Some(&plain), "order {order}");
    }

    let twice = run("twice", |d, w| {
        let uploads: Vec<_> = w
            .uploads
            .iter()
            .flat_map(|u| [u.clone(), u.clone()])
            .collect();
        w.capture(d, "twice", &uploads).unwrap();
    });
    assert_eq!(twice.as_ref(), Some(&plain), "every document twice");

    let killed = run("killed", kill_twenty_times);
    assert_eq!(killed.as_ref(), Some(&plain), "killed");

    let moving = run("moving", instances_join_and_leave);
    assert_eq!(
        moving.as_ref(),
        Some(&plain),
        "instances joining and leaving"
    );
}

/// Points at which a process ends itself, as kill -9 would.
const WORKER_POINTS: [&str; 4] = [
    "after_begin",
    "before_commit",
    "after_commit_before_local",
    "during_restore",
];
const SINK_POINTS: [&str; 4] = [
    "sink_after_intent",
    "sink_between_tables",
    "sink_after_insert",
    "sink_after_finish",
];

/// Twenty parts of the traffic. In each a stage dies by kill -9 at a random moment of it; in sixteen it
/// is started again only to die at a chosen point: each stage at each of four, during restore (with its
/// local state gone) and between Kafka's commit and the local write among them.
fn kill_twenty_times(d: &Deployment, w: &World) {
    let mut r = ChaCha8Rng::seed_from_u64(7);
    let mut killed = 0;
    for (n, part) in parts(w, 20).into_iter().enumerate() {
        let service = STAGES[n % STAGES.len()];
        let victim = stage(service, 0);
        std::thread::scope(|s| {
            let feed = s.spawn(|| w.capture(d, &format!("part-{n}"), part));
            std::thread::sleep(Duration::from_millis(r.random_range(0..400)));
            killed += u32::from(d.stack.kill(victim).unwrap());
            if n < 16 {
                let at = match service {
                    Service::Sink => SINK_POINTS[n / 4],
                    _ => WORKER_POINTS[n / 4],
                };
                if at == "during_restore" {
                    let state = d.settings().worker.state_dir.join(victim.name() + "-0");
                    std::fs::remove_dir_all(&state)
                        .unwrap_or_else(|e| panic!("{}: {e}", state.display()));
                }
                die_at(d, victim, at);
            }
            d.stack.start(victim, &[]).unwrap();
            feed.join().unwrap().unwrap();
        });
    }
    assert_eq!(killed, 20);
    for service in STAGES {
        d.stack
            .wait_ready(stage(service, 0), Duration::from_secs(60))
            .unwrap();
    }
}

/// Starts a stage that ends itself at a point, and waits for that.
fn die_at(d: &Deployment, victim: Member, point: &str) {
    let env = [
        ("SERIALTRAIL_FAILPOINT", point),
        ("SERIALTRAIL_FAILPOINT_AT", "1"),
    ];
    d.stack.start(victim, &env).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while d.stack.identity(victim).is_some() {
        assert!(
            Instant::now() < end,
            "{} never came to {point}",
            victim.name()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A second instance of every stage comes, goes by SIGTERM, comes again, is killed, comes again; at last
/// the first one goes.
fn instances_join_and_leave(d: &Deployment, w: &World) {
    for (n, part) in parts(w, 6).into_iter().enumerate() {
        std::thread::scope(|s| {
            let feed = s.spawn(|| w.capture(d, &format!("part-{n}"), part));
            for service in STAGES {
                let second = stage(service, 1);
                match n {
                    0 | 2 | 4 => d.stack.start(second, &[]).unwrap(),
                    1 => d.stack.stop(second).unwrap(),
                    3 => assert!(d.stack.kill(second).unwrap()),
                    _ => d.stack.stop(stage(service, 0)).unwrap(),
                }
            }
            feed.join().unwrap().unwrap();
        });
    }
}
