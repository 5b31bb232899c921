//! The settled result is a function of the inputs, not of their order or of what crashed.
//!
//! One seeded world: undisturbed; its documents in three random orders; every document twice; stages
//! killed with -9 at 20 moments; second instances joining and leaving. Five equal digests, and equal
//! row counts.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::world::World;
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
    rows: Vec<(&'static str, String)>,
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
    let rows = [
        "events",
        "observations",
        "alerts",
        "containment",
        "serials",
        "rejected",
    ]
    .map(|t| {
        (
            t,
            d.sql(&format!(
                "SELECT count() FROM {t} FINAL {}",
                only_asserted(t)
            ))
            .unwrap(),
        )
    })
    .to_vec();
    let settled = Settled {
        digest: digest["sha256"].as_str().unwrap().to_owned(),
        rows,
    };
    eprintln!("{name}: {settled:?}");
    Some(settled)
}

/// Retracted rows stay in the tables; how many there were depends on the order, what holds does not.
fn only_asserted(table: &str) -> &'static str {
    match table {
        "observations" | "alerts" | "containment" => "WHERE state = 'asserted'",
        _ => "",
    }
}

fn stage(service: Service, slot: u32) -> Member {
    Member::Service { service, slot }
}

#[test]
fn five_disturbances_one_digest() {
    let Some(plain) = run("plain", |d, w| w.capture(d, "all", &w.uploads).unwrap()) else {
        return;
    };
    assert_ne!(plain.rows[1].1, "0", "the world left no reads");

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

/// Twenty parts of the traffic, each with a kill -9 while it flows; every other one at a chosen point of
/// the worker (among them during restore, and between Kafka's commit and the local write).
fn kill_twenty_times(d: &Deployment, w: &World) {
    let points = [
        "after_begin",
        "before_commit",
        "after_commit_before_local",
        "during_restore",
    ];
    let mut r = ChaCha8Rng::seed_from_u64(7);
    let parts: Vec<_> = w.uploads.chunks(w.uploads.len().div_ceil(20)).collect();
    for (n, part) in parts.iter().enumerate() {
        std::thread::scope(|s| {
            let feed = s.spawn(|| w.capture(d, &format!("part-{n}"), part));
            std::thread::sleep(Duration::from_millis(r.random_range(50..900)));
            let victim = stage(*STAGES.choose(&mut r).unwrap(), 0);
            d.stack.kill(victim).unwrap();
            let at_point = n % 2 == 1 && victim != stage(Service::Sink, 0);
            if at_point {
                let point = points[(n / 2) % points.len()];
                let env = [
                    ("SERIALTRAIL_FAILPOINT", point),
                    ("SERIALTRAIL_FAILPOINT_AT", "1"),
                ];
                d.stack.start(victim, &env).unwrap();
                for _ in 0..100 {
                    if d.stack.identity(victim).is_none() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(100));
                }
                eprintln!(
                    "{} at {point}: {}",
                    victim.name(),
                    match d.stack.kill(victim).unwrap() {
                        true => "not reached, killed",
                        false => "died there",
                    }
                );
            }
            d.stack.start(victim, &[]).unwrap();
            feed.join().unwrap().unwrap();
        });
    }
    for service in STAGES {
        d.stack
            .wait_ready(stage(service, 0), Duration::from_secs(60))
            .unwrap();
    }
}

/// A second instance of every stage comes, goes by SIGTERM, comes again and is killed.
fn instances_join_and_leave(d: &Deployment, w: &World) {
    let parts: Vec<_> = w.uploads.chunks(w.uploads.len().div_ceil(6)).collect();
    for (n, part) in parts.iter().enumerate() {
        std::thread::scope(|s| {
            let feed = s.spawn(|| w.capture(d, &format!("part-{n}"), part));
            for service in STAGES {
                let second = stage(service, 1);
                match n {
                    0 | 2 | 4 => d.stack.start(second, &[]).unwrap(),
                    1 => d.stack.stop(second).unwrap(),
                    3 => {
                        d.stack.kill(second).unwrap();
                    }
                    _ => d.stack.stop(stage(service, 0)).unwrap(),
                }
            }
            feed.join().unwrap().unwrap();
        });
    }
    assert!(Path::new(&w.folder).exists());
}
