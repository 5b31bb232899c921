use super::*;
use crate::day::{DAY, iso};
use proptest::prelude::*;

const RULES: OneSale = OneSale {
    same_scan_minutes: 10,
    one_sale_hours: 24,
};

/// 2026-03-01T00:00:00Z.
const START: Micros = 1_772_323_200_000_000;

/// A read at shop `place` of party `party` in Germany (UTC), `minutes` after the first of March.
fn at(minutes: i64, step: &str, place: &str) -> DemandRead {
    DemandRead {
        event_id: format!("e{minutes}"),
        event_time: START + minutes * MINUTE,
        event_type: "ObjectEvent".into(),
        biz_step: step.into(),
        place: place.into(),
        party: place.split('/').next().unwrap().into(),
        country: "DE".into(),
        ..DemandRead::default()
    }
}

fn returned(minutes: i64, place: &str) -> DemandRead {
    DemandRead {
        disposition: "returned".into(),
        ..at(minutes, "receiving", place)
    }
}

fn undo(minutes: i64, place: &str) -> DemandRead {
    DemandRead {
        persistent_unset: vec!["dispensed".into()],
        ..at(minutes, "inspecting", place)
    }
}

fn duplicate(events: &[&str], repeats: usize) -> Verdicts {
    Verdicts {
        duplicates: vec![DuplicateScan {
            event_ids: events.iter().map(|e| (*e).to_owned()).collect(),
            repeats,
        }],
        ..Verdicts::default()
    }
}

/// Days as text: `DE 2026-03-01 sold 1 returned 0 repeated 0`.
fn unit(reads: &[DemandRead], verdicts: &Verdicts) -> Vec<String> {
    let mut days = Days::new();
    add_unit(&mut days, reads, verdicts, RULES);
    spelled(&days)
}

fn spelled(days: &Days) -> Vec<String> {
    let spell = |(slot, sums): (&Slot, &Sums)| {
        let Slot { country, uom, day } = slot;
        let Sums {
            sold,
            returned,
            repeated,
        } = sums;
        format!(
            "{country}{uom} {} {sold} {returned} {repeated}",
            &iso(*day)[5..]
        )
    };
    days.iter().map(spell).collect()
}

const H: i64 = 60;
const D: i64 = 24 * H;

#[test]
fn what_one_unit_adds_to_which_day() {
    let none = Verdicts::default();
    let partial = DemandRead {
        disposition: "partially_dispensed".into(),
        ..at(5, "dispensing", "a/1")
    };
    let abroad = |read: DemandRead| DemandRead {
        country: "FR".into(),
        ..read
    };
    let west = |read: DemandRead| DemandRead {
        zone_offset_minutes: -300,
        ..read
    };
    let refused = Verdicts {
        refused_undos: ["e120".to_owned()].into(),
        ..Verdicts::default()
    };
    let cases: Vec<(&str, Vec<DemandRead>, Verdicts, Vec<&str>)> = vec![
        (
            "a sale",
            vec![at(5, "retail_selling", "a/1")],
            none.clone(),
            vec!["DE 03-01 1 0 0"],
        ),
        (
            "a dispensing",
            vec![at(5, "dispensing", "a/1")],
            none.clone(),
            vec!["DE 03-01 1 0 0"],
        ),
        (
            "nothing else sells",
            vec![
                at(1, "shipping", "a/1"),
                at(2, "destroying", "a/1"),
                at(3, "receiving", "a/1"),
            ],
            none.clone(),
            vec![],
        ),
        (
            "by the date on the wall",
            vec![west(at(H, "dispensing", "a/1"))],
            none.clone(),
            vec!["DE 02-28 1 0 0"],
        ),
        (
            "partially dispensed, then ended",
            vec![partial.clone(), at(3 * D, "dispensing", "a/1")],
            none.clone(),
            vec!["DE 03-04 1 0 0"],
        ),
        (
            "only partially dispensed",
            vec![partial],
            none.clone(),
            vec![],
        ),
        (
            "dispensed and sold by one party",
            vec![
                at(0, "dispensing", "a/1"),
                at(23 * H, "retail_selling", "a/2"),
            ],
            none.clone(),
            vec!["DE 03-01 1 0 0"],
        ),
        (
            "the same scan twice, over midnight",
            vec![
                at(D - 5, "dispensing", "a/1"),
                at(D + 4, "dispensing", "a/1"),
            ],
            none.clone(),
            vec!["DE 03-01 1 0 0"],
        ),
        (
            "again later, no alert yet",
            vec![at(0, "dispensing", "a/1"), at(D, "dispensing", "a/1")],
            none.clone(),
            vec!["DE 03-01 1 0 0", "DE 03-02 1 0 0"],
        ),
        (
            "a second sale elsewhere is a repeat",
            vec![
                at(0, "dispensing", "a/1"),
                abroad(at(D, "dispensing", "b/1")),
            ],
            duplicate(&["e0", "e1440"], 1),
            vec!["DE 03-01 1 0 0", "FR 03-02 1 0 1"],
        ),
        (
            "three sales, two repeats",
            vec![
                at(0, "dispensing", "a/1"),
                at(D, "dispensing", "b/1"),
                at(2 * D, "dispensing", "c/1"),
            ],
            duplicate(&["e0", "e1440", "e2880"], 2),
            vec!["DE 03-01 1 0 0", "DE 03-02 1 0 1", "DE 03-03 1 0 1"],
        ),
        (
            "the registry said sold already",
            vec![at(0, "dispensing", "a/1")],
            duplicate(&["e0"], 1),
            vec!["DE 03-01 1 0 1"],
        ),
        (
            "sold after it was destroyed",
            vec![at(0, "destroying", "a/1"), at(D, "retail_selling", "b/1")],
            duplicate(&["e0", "e1440"], 1),
            vec!["DE 03-02 1 0 1"],
        ),
        (
            "returned, on its own day and place",
            vec![
                at(0, "retail_selling", "a/1"),
                abroad(returned(3 * D, "b/1")),
            ],
            none.clone(),
            vec!["DE 03-01 1 0 0", "FR 03-04 0 1 0"],
        ),
        (
            "returned and sold again",
            vec![
                at(0, "retail_selling", "a/1"),
                returned(D, "a/1"),
                at(2 * D, "retail_selling", "a/1"),
            ],
            none.clone(),
            vec!["DE 03-01 1 0 0", "DE 03-02 0 1 0", "DE 03-03 1 0 0"],
        ),
        (
            "on its way back through two sites",
            vec![
                at(0, "retail_selling", "a/1"),
                returned(D, "a/1"),
                returned(2 * D, "c/1"),
            ],
            none.clone(),
            vec!["DE 03-01 1 0 0", "DE 03-02 0 1 0"],
        ),
        (
            "came back unsold",
            vec![at(0, "shipping", "a/1"), returned(D, "b/1")],
            none.clone(),
            vec![],
        ),
        (
            "the return's clock is ten minutes behind",
            vec![at(10, "retail_selling", "a/1"), returned(2, "b/1")],
            none.clone(),
            vec!["DE 03-01 1 1 0"],
        ),
        (
            "returned, though it may not be sold again",
            vec![
                at(0, "dispensing", "a/1"),
                returned(D, "a/1"),
                at(2 * D, "dispensing", "a/1"),
            ],
            duplicate(&["e0", "e2880"], 1),
            vec!["DE 03-01 1 0 0", "DE 03-02 0 1 0", "DE 03-03 1 0 1"],
        ),
        (
            "a return between does not save one of two repeats",
            vec![
                at(0, "dispensing", "a/1"),
                at(D, "dispensing", "b/1"),
                returned(2 * D, "b/1"),
                at(3 * D, "dispensing", "c/1"),
            ],
            duplicate(&["e0", "e1440", "e4320"], 2),
            vec![
                "DE 03-01 1 0 0",
                "DE 03-02 1 0 1",
                "DE 03-03 0 1 0",
                "DE 03-04 1 0 1",
            ],
        ),
        (
            "two chains of repeats",
            vec![
                at(0, "retail_selling", "a/1"),
                at(D, "retail_selling", "b/1"),
                returned(2 * D, "b/1"),
                at(3 * D, "retail_selling", "c/1"),
                at(4 * D, "retail_selling", "d/1"),
            ],
            duplicate(&["e0", "e1440", "e4320", "e5760"], 2),
            vec![
                "DE 03-01 1 0 0",
                "DE 03-02 1 0 1",
                "DE 03-03 0 1 0",
                "DE 03-04 1 0 0",
                "DE 03-05 1 0 1",
            ],
        ),
        (
            "an undo takes the sale back",
            vec![
                at(0, "dispensing", "a/1"),
                undo(120, "a/1"),
                at(180, "dispensing", "a/1"),
            ],
            none,
            vec!["DE 03-01 2 1 0"],
        ),
        (
            "a refused undo does not",
            vec![at(0, "dispensing", "a/1"), undo(120, "a/1")],
            refused,
            vec!["DE 03-01 1 0 0"],
        ),
    ];
    for (name, reads, verdicts, expected) in cases {
        assert_eq!(unit(&reads, &verdicts), expected, "{name}");
    }
}

#[test]
fn a_class_counts_its_quantity_in_its_unit_of_measure() {
    let weighed = |minutes, step: &str, quantity, uom: &str| DemandRead {
        quantity,
        uom: uom.into(),
        ..at(minutes, step, "a/1")
    };
    let back = DemandRead {
        disposition: "returned".into(),
        ..weighed(9, "receiving", Some(0.5), "KGM")
    };
    let mut days = Days::new();
    for read in [
        weighed(1, "retail_selling", Some(2.5), "KGM"),
        weighed(2, "retail_selling", Some(1.25), "KGM"),
        weighed(3, "retail_selling", Some(4.0), ""),
        weighed(4, "destroying", Some(9.0), "KGM"),
        weighed(5, "retail_selling", None, "KGM"),
        weighed(6, "retail_selling", Some(f64::NAN), "KGM"),
        back,
    ] {
        add_class(&mut days, &read);
    }
    assert_eq!(spelled(&days), ["DE 03-01 4 0 0", "DEKGM 03-01 3.75 0.5 0"]);
}

proptest! {
    #[test]
    fn the_order_of_reads_does_not_matter_and_no_more_comes_back_than_was_sold(
        steps in proptest::collection::vec((0..5u8, 0..4 * D, 0..3u8), 0..12),
        seed in any::<u64>(),
    ) {
        let mut reads: Vec<DemandRead> = steps
            .iter()
            .enumerate()
            .map(|(n, (kind, minutes, place))| {
                let place = format!("p{place}/1");
                let read = match kind {
                    0 => at(*minutes, "dispensing", &place),
                    1 => at(*minutes, "retail_selling", &place),
                    2 => returned(*minutes, &place),
                    3 => undo(*minutes, &place),
                    _ => at(*minutes, "destroying", &place),
                };
                DemandRead { event_id: format!("n{n}"), ..read }
            })
            .collect();
        let none = Verdicts::default();
        let first = unit(&reads, &none);
        let turn = usize::try_from(seed % 12).unwrap().min(reads.len());
        reads.rotate_left(turn);
        reads.reverse();
        prop_assert_eq!(unit(&reads, &none), first);
        let mut days = Days::new();
        add_unit(&mut days, &reads, &none, RULES);
        let total: f64 = days.values().map(Sums::demand).sum();
        prop_assert!(total >= 0.0);
        prop_assert!(days.keys().all(|s| i64::from(s.day) <= START / DAY + 5));
    }
}
