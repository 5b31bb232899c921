//! The simulated world is repeatable, well-formed and honest about its labels.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use serialtrail_simulator::{Noise, Options, Shape, Simulation, generate, write_world};

fn small(seed: u64) -> (Options, Simulation) {
    let options = Options {
        seed,
        units: 1_000,
        ..Options::default()
    };
    let sim = generate(&options);
    (options, sim)
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_seed_others() {
    let write = |seed| {
        let dir = tempfile::tempdir().unwrap();
        let (options, sim) = small(seed);
        write_world(&sim, &options, dir.path(), |_, _| {}).unwrap();
        let mut files = BTreeMap::new();
        for d in ["", "documents"] {
            for f in std::fs::read_dir(dir.path().join(d)).unwrap() {
                let p = f.unwrap().path();
                if p.is_file() {
                    files.insert(
                        p.strip_prefix(dir.path()).unwrap().to_owned(),
                        std::fs::read(&p).unwrap(),
                    );
                }
            }
        }
        files
    };
    assert_eq!(write(7), write(7));
    assert_ne!(write(7), write(8));
}

#[test]
fn every_rule_has_its_anomalies_and_no_unit_has_two() {
    for seed in 1..=3 {
        let (options, sim) = small(seed);
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        let mut units = BTreeSet::new();
        for l in &sim.truth {
            *rules.entry(&l.rule).or_default() += 1;
            assert!(units.insert(&l.epc), "{} is labelled twice", l.epc);
        }
        for rule in [
            "UNKNOWN_SERIAL",
            "DUPLICATE_SCAN",
            "OUT_OF_TERRITORY",
            "IMPOSSIBLE_TRAVEL",
            "STATUS_VIOLATION",
        ] {
            let n = rules.get(rule).copied().unwrap_or(0);
            assert!(
                n >= options.anomalies_per_rule,
                "seed {seed}: {rule} has {n}: {rules:?}"
            );
        }
    }
}

#[test]
fn an_honest_world_has_no_labels() {
    let options = Options {
        anomalies_per_rule: 0,
        units: 600,
        ..Options::default()
    };
    assert!(generate(&options).truth.is_empty());
}

#[test]
fn grace_periods_can_pass_after_the_last_anomaly() {
    let (_, sim) = small(5);
    let last = sim.uploads.iter().map(|u| u.time).max().unwrap();
    let labelled: BTreeSet<&String> = sim.truth.iter().flat_map(|l| &l.events).collect();
    for e in sim.events.iter().filter(|e| labelled.contains(&e.id)) {
        assert!(
            last - e.time > 4 * 24 * 3_600_000_000,
            "{} is too late",
            e.id
        );
    }
}

#[test]
fn uploads_never_come_before_what_they_report() {
    let (_, sim) = small(6);
    for u in &sim.uploads {
        for &e in &u.events {
            let e = &sim.events[e];
            assert!(
                e.time <= u.time + Noise::default().clock_skew,
                "{} in {}",
                e.id,
                u.file
            );
        }
    }
    assert!(sim.uploads.windows(2).all(|w| w[0].time <= w[1].time));
    let mut files = BTreeSet::new();
    let repeated = sim
        .uploads
        .iter()
        .filter(|u| !files.insert(&u.file))
        .count();
    assert!(repeated > 0, "no repeated upload");
}

#[test]
fn every_pack_is_made_once_and_packed_into_one_case() {
    let (_, sim) = small(9);
    let mut made = BTreeMap::new();
    let mut packed = BTreeMap::new();
    for e in &sim.events {
        match &e.shape {
            Shape::Object {
                action: "ADD",
                epcs,
                ..
            } => {
                epcs.iter()
                    .for_each(|u| *made.entry(u.clone()).or_insert(0) += 1);
            }
            Shape::Aggregation {
                action: "ADD",
                children,
                ..
            } => children
                .iter()
                .filter(|c| c.contains("sgtin"))
                .for_each(|u| *packed.entry(u.clone()).or_insert(0) += 1),
            _ => {}
        }
    }
    let packs: usize = sim.world.lots.iter().map(|l| l.packs.len()).sum();
    assert_eq!(made.len(), packs);
    assert!(made.values().chain(packed.values()).all(|n| *n == 1));
    assert_eq!(packed.len(), packs);
}

#[test]
fn every_document_is_accepted_by_the_parser() {
    let dir = tempfile::tempdir().unwrap();
    let (options, sim) = small(3);
    let summary = write_world(&sim, &options, dir.path(), |_, _| {}).unwrap();
    let mut events = 0;
    for f in std::fs::read_dir(dir.path().join("documents")).unwrap() {
        let path = f.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let capture = serialtrail_epcis::parse_body(
            &bytes,
            serialtrail_epcis::BodyKind::Document,
            &serialtrail_epcis::Limits::default(),
        )
        .unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        for e in &capture.events {
            assert!(e.outcome.is_ok(), "{}: {:?}", path.display(), e.outcome);
            events += 1;
        }
    }
    assert!(events >= summary.events);
}

#[test]
fn steady_trade_sells_every_week_and_little_on_sundays() {
    const DAY: i64 = 24 * 3_600_000_000;
    let options = Options {
        units: 6_000,
        trade_days: Some(98),
        ..Options::default()
    };
    let sim = generate(&options);
    let sold =
        |e: &&serialtrail_simulator::Event| ["dispensing", "retail_selling"].contains(&e.step);
    let mut weeks = [0_u32; 14];
    let mut weekdays = [0_u32; 7];
    for e in sim.events.iter().filter(sold) {
        let local = e.time + i64::from(sim.world.locations[e.place].offset_minutes) * 60_000_000;
        // The world begins on a Monday, UTC.
        let day = (local - options.start).div_euclid(DAY);
        weekdays[usize::try_from(day.rem_euclid(7)).unwrap()] += 1;
        if let Some(week) = usize::try_from(day / 7).ok().and_then(|w| weeks.get_mut(w)) {
            *week += 1;
        }
    }
    let steady = &weeks[5..13];
    let (least, most) = (steady.iter().min().unwrap(), steady.iter().max().unwrap());
    assert!(*least * 2 > *most, "{weeks:?}");
    let (monday, sunday) = (weekdays[0], weekdays[6]);
    assert!(sunday * 2 < monday, "{weekdays:?}");
    let last = sim.uploads.iter().map(|u| u.time).max().unwrap();
    assert!(last >= options.start + 97 * DAY, "trade goes on to the end");
    assert!(sim.truth.len() >= 5 * options.anomalies_per_rule);
}
