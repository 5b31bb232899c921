//! Whatever order reads, withdrawals, facts, lot statements and marks arrive in, the same alerts stand.

use crate::support::*;
use crate::world::{World, lot_l1, seen};
use proptest::prelude::*;
use serialtrail_records::state_detector::DetectorRead;
use serialtrail_records::{EnrichedObservation, LotStatus, Micros};

#[derive(Debug, Clone)]
enum Message {
    Seen(Box<EnrichedObservation>),
    Lot(Box<LotStatus>),
    Mark(Micros),
}

const STEPS: [&str; 8] = [
    "receiving",
    "shipping",
    "dispensing",
    "retail_selling",
    "destroying",
    "decommissioning",
    "inspecting",
    "commissioning",
];
const PLACES: [Place; 6] = [PHARMACY, RIVAL, BRANCH, PHARMACY_JP, PHARMACY_FR, RETURNS];

prop_compose! {
    fn any_read()(
        step in 0..STEPS.len(), place in 0..PLACES.len(), coarse in 0i64..12, fine in 0i64..40,
        disposition in 0usize..9, set in 0usize..6, inherited in prop::bool::weighted(0.2),
    ) -> DetectorRead {
        let mut r = read("", STEPS[step], PLACES[place], coarse * days(1) / 2 + minutes(fine));
        let dispositions = ["in_transit", "returned", "stolen", "recalled", "dispensed", "inactive"];
        r.disposition = dispositions.get(disposition).map(|d| (*d).into());
        match set {
            0 => r.persistent_unset.push("dispensed".into()),
            1 => r.persistent_unset.push("stolen".into()),
            2 => r.persistent_set.push("stolen".into()),
            _ => {}
        }
        if inherited { r.inside(&[CASE]) } else { r }
    }
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let reads = prop::collection::vec((any_read(), 0usize..3), 1..9);
    let lots = prop::collection::vec((0i64..4, 0usize..3, 0usize..3, any::<bool>()), 0..4);
    let marks = prop::collection::vec(0i64..20, 1..4);
    (
        reads,
        lots,
        marks,
        prop::sample::select(vec!["pharma", "fashion"]),
        0i64..12,
    )
        .prop_map(|(reads, lots, marks, profile, known_from)| {
            let mut out = Vec::new();
            let mut revision = 0;
            for round in 0..3 {
                for (n, (read, rounds)) in reads.iter().enumerate() {
                    if round > *rounds {
                        continue;
                    }
                    revision += 1;
                    let mut story = known(profile).facts(|f| f.product_markets = vec!["DE".into()]);
                    story.facts.known = revision > known_from;
                    story.facts.revision = revision;
                    // Later rounds withdraw the read and bring it back.
                    let read = read.clone().but(|r| {
                        r.event_id = format!("event-{n}");
                        r.revision = round as i64 + 1;
                        r.asserted = round != 1;
                    });
                    out.push(Message::Seen(Box::new(seen(&story, &read))));
                }
            }
            for (version, source, status, asserted) in lots {
                let status = ["active", "recalled", "withdrawn"][status];
                let mut lot = lot_l1(
                    ["load", "r1", "r2"][source],
                    version,
                    status,
                    Some(START + days(2)),
                );
                lot.asserted = asserted || source == 0;
                out.push(Message::Lot(Box::new(lot)));
            }
            out.extend(
                marks
                    .into_iter()
                    .map(|d| Message::Mark(START + days(d) / 2)),
            );
            out
        })
}

fn told(messages: &[Message]) -> World {
    let mut world = World::new();
    for message in messages {
        match message {
            Message::Seen(o) => world.see(std::slice::from_ref(o)),
            Message::Lot(lot) => world.hear_lot(lot),
            Message::Mark(time) => world.mark(*time),
        };
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_same_alerts_stand(
        (given, shuffled) in messages().prop_flat_map(|m| {
            let again = [m.clone(), m.clone()].concat();
            (Just(m), Just(again).prop_shuffle())
        }),
    ) {
        let (once, other) = (told(&given), told(&shuffled));
        prop_assert_eq!(once.standing(), other.standing());
        let standing = once.standing();
        for pair in standing.windows(2) {
            prop_assert_ne!((&pair[0].0, &pair[0].1), (&pair[1].0, &pair[1].1), "one alert a rule and unit");
        }
    }
}

#[test]
fn the_stories_of_the_property_raise_every_rule() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut rules = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let given = messages().new_tree(&mut runner).unwrap().current();
        rules.extend(told(&given).raised().into_iter().map(|(rule, _)| rule));
    }
    assert_eq!(rules.len(), 5, "{rules:?}");
}
