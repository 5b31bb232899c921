//! Every labelled anomaly is found and nothing else is raised, on three seeds.
#![allow(clippy::unwrap_used)]

use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::world::World;

#[test]
fn every_labelled_anomaly_is_found_and_no_false_alert_raised() {
    for seed in [1, 2, 3] {
        let Some(d) = Deployment::fresh(&format!("score-{seed}"), 27_000, 1).unwrap() else {
            return;
        };
        let folder = d.scratch().join("world");
        let world = World::simulate(&d, &folder, seed, 2_000).unwrap();
        world.load(&d).unwrap();
        world.capture(&d, "all", &world.uploads).unwrap();
        d.settle().unwrap();
        let truth = folder.join("truth.ndjson");
        let ran = d.cli(["score".as_ref(), truth.as_os_str()]).unwrap();
        eprintln!("seed {seed}:\n{}", ran.out);
        assert_eq!(ran.code, 0, "seed {seed}:\n{}{}", ran.out, ran.err);
        let labels = std::fs::read_to_string(&truth).unwrap().lines().count();
        assert!(labels >= 30, "only {labels} labels");
    }
}
