use crate::support::*;
use serialtrail_records::state_detector::DetectorRead;

const RULE: &str = "STATUS_VIOLATION";
const TRADING: [&str; 4] = ["shipping", "picking", "dispensing", "retail_selling"];

fn p() -> Story {
    known("pharma")
}

fn one(step: &str, after: i64) -> Vec<DetectorRead> {
    vec![read("e", step, PHARMACY, after)]
}

#[test]
fn after_a_recall_or_withdrawal_trading_is_a_violation() {
    let recalled = || p().lot_is("recalled", Some(0), &[]);
    let everywhere = || p().lot_is("withdrawn", None, &[]);
    let in_fr = || p().lot_is("recalled", Some(0), &["FR"]);
    let inherited = vec![read("e", "shipping", WHOLESALER, days(1)).inside(&[CASE])];
    let nowhere = vec![read("e", "shipping", PHARMACY, days(1)).but(|r| r.country = None)];
    let mut rows = vec![
        (
            "at the place that recalls, a moment after",
            recalled(),
            vec![read("e", "shipping", FACTORY, 1)],
            Some("e"),
        ),
        (
            "before the recall",
            recalled(),
            one("dispensing", -days(1)),
            None,
        ),
        (
            "within the clocks' ten minutes",
            recalled(),
            one("dispensing", minutes(10)),
            None,
        ),
        (
            "a moment after those",
            recalled(),
            one("dispensing", minutes(10) + 1),
            Some("e"),
        ),
        ("inherited", recalled(), inherited, Some("e")),
        (
            "a recall without a time holds since ever",
            everywhere(),
            one("shipping", -days(20)),
            Some("e"),
        ),
        (
            "a recall in another market",
            in_fr(),
            one("dispensing", days(1)),
            None,
        ),
        (
            "a recall in this market",
            p().lot_is("recalled", Some(0), &["DE"]),
            one("dispensing", days(1)),
            Some("e"),
        ),
        (
            "a recall in some market, read nowhere",
            in_fr(),
            nowhere,
            None,
        ),
        ("no recall", p(), one("dispensing", days(1)), None),
        (
            "a sample",
            recalled().facts(|f| f.status = Some("sample".into())),
            one("dispensing", days(1)),
            Some("e"),
        ),
    ];
    for step in TRADING {
        rows.push((step, recalled(), one(step, days(1)), Some("e")));
    }
    for step in [
        "receiving",
        "storing",
        "inspecting",
        "packing",
        "holding",
        "arriving",
    ] {
        rows.push((step, recalled(), one(step, days(1)), None));
    }
    check(RULE, rows);
}

#[test]
fn the_way_back_is_no_violation() {
    let recalled = || p().lot_is("recalled", Some(0), &[]);
    let ships =
        |disposition: &str| vec![read("e", "shipping", PHARMACY, days(1)).with(disposition)];
    let to = |kind: &str| {
        vec![
            read("e", "shipping", PHARMACY, days(1))
                .but(|r| r.destination_kinds = vec![kind.into()]),
        ]
    };
    let at_returns = vec![read("e", "shipping", RETURNS, days(1))];
    let set = vec![read("e", "shipping", PHARMACY, days(1)).setting("recalled")];
    let mut rows = vec![
        ("at a returns centre", recalled(), at_returns, None),
        (
            "shipped to a returns centre",
            recalled(),
            to("returns_centre"),
            None,
        ),
        (
            "shipped to another pharmacy",
            recalled(),
            to("pharmacy"),
            Some("e"),
        ),
        ("disposition set", recalled(), set, None),
        (
            "shipped in transit",
            recalled(),
            ships("in_transit"),
            Some("e"),
        ),
    ];
    for disposition in [
        "recalled",
        "returned",
        "stolen",
        "expired",
        "destroyed",
        "inactive",
        "disposed",
        "non_sellable_other",
    ] {
        rows.push((disposition, recalled(), ships(disposition), None));
    }
    let stolen = || p().facts(|f| f.status = Some("stolen".into()));
    for step in [
        "commissioning",
        "destroying",
        "decommissioning",
        "void_shipping",
    ] {
        rows.push((step, recalled(), one(step, days(1)), None));
        rows.push((step, stolen(), one(step, days(1)), None));
    }
    check(RULE, rows);
}

#[test]
fn after_the_last_good_day_trading_is_a_violation() {
    // The story begins at noon UTC of 1 June 2026.
    let until = |day: &str| p().facts(|f| f.expiry = Some(day.into()));
    let of_lot = |day: &str| {
        let mut s = p().facts(|f| f.expiry = None);
        s.lot.expiry = Some(day.into());
        s
    };
    let zoned = |after, minutes| {
        vec![read("e", "dispensing", PHARMACY, after).but(|r| r.zone_offset_minutes = minutes)]
    };
    let consumer = vec![read("e", "inspecting", PHARMACY, days(9)).scanned_by("consumer")];
    let back = vec![read("e", "shipping", PHARMACY, days(9)).with("expired")];
    check(
        RULE,
        vec![
            (
                "on the last good day",
                until("2026-06-01"),
                one("dispensing", 0),
                None,
            ),
            (
                "on the day after",
                until("2026-05-31"),
                one("dispensing", 0),
                Some("e"),
            ),
            (
                "late in the evening, UTC",
                until("2026-06-01"),
                zoned(hours(11), 0),
                None,
            ),
            (
                "when it is the next day on the wall",
                until("2026-06-01"),
                zoned(hours(11), 120),
                Some("e"),
            ),
            (
                "early in the morning, UTC, still the day before on the wall",
                until("2026-06-01"),
                zoned(hours(13), -120),
                None,
            ),
            (
                "a month lasts until its last day",
                until("2026-06-00"),
                one("dispensing", days(29)),
                None,
            ),
            (
                "and no longer",
                until("2026-06-00"),
                one("dispensing", days(30)),
                Some("e"),
            ),
            (
                "the lot's expiry where the unit has none",
                of_lot("2026-05-31"),
                one("dispensing", 0),
                Some("e"),
            ),
            (
                "no expiry known",
                p().facts(|f| f.expiry = None),
                one("dispensing", days(9)),
                None,
            ),
            (
                "a consumer gets an answer",
                until("2026-05-31"),
                consumer,
                None,
            ),
            ("sent back as expired", until("2026-05-31"), back, None),
            (
                "only looked at",
                until("2026-05-31"),
                one("inspecting", days(9)),
                None,
            ),
        ],
    );
    let mut both = until("2027-01-01");
    both.lot.expiry = Some("2026-01-01".into());
    assert_eq!(
        both.judge(RULE, &one("dispensing", 0)),
        None,
        "the unit's expiry comes first"
    );
}

#[test]
fn after_theft_any_read_is_a_violation() {
    let theft = || read("t", "inspecting", PHARMACY, 0).with("stolen");
    let set = || read("t", "inspecting", PHARMACY, 0).setting("stolen");
    let of_case = || theft().inside(&[CASE]);
    let seen = |after| read("e", "receiving", RIVAL, after);
    let here = |after| read("e", "storing", PHARMACY, after);
    let found = || read("f", "receiving", PHARMACY, days(2)).unsetting("stolen");
    let registered = |since: Option<i64>| {
        p().facts(|f| {
            f.status = Some("stolen".into());
            f.status_since = since.map(|s| START + s);
        })
    };
    let scan = read("e", "inspecting", RIVAL, days(1)).scanned_by("consumer");
    check(
        RULE,
        vec![
            ("the theft itself", p(), vec![theft()], None),
            (
                "received elsewhere",
                p(),
                vec![theft(), seen(days(1))],
                Some("e"),
            ),
            ("scanned by a consumer", p(), vec![theft(), scan], Some("e")),
            (
                "set as persistent disposition",
                p(),
                vec![set(), seen(days(1))],
                Some("e"),
            ),
            (
                "stolen with its case",
                p(),
                vec![of_case(), seen(days(1))],
                Some("e"),
            ),
            ("read before", p(), vec![theft(), seen(-days(1))], None),
            (
                "read elsewhere within ten minutes",
                p(),
                vec![theft(), seen(minutes(10))],
                None,
            ),
            (
                "read at the same place a moment later",
                p(),
                vec![theft(), here(1)],
                Some("e"),
            ),
            (
                "recovered, then read",
                p(),
                vec![theft(), found(), seen(days(3))],
                None,
            ),
            (
                "read, then recovered",
                p(),
                vec![theft(), seen(days(1)), found()],
                Some("e"),
            ),
            (
                "stolen again after recovery",
                p(),
                vec![
                    theft(),
                    found(),
                    theft().but(|r| {
                        r.event_id = "t2".into();
                        r.event_time += days(4);
                    }),
                    seen(days(5)),
                ],
                Some("e"),
            ),
            (
                "registered as stolen since ever",
                registered(None),
                vec![seen(-days(20))],
                Some("e"),
            ),
            (
                "registered as stolen since then",
                registered(Some(0)),
                vec![seen(minutes(9))],
                None,
            ),
            (
                "and read later",
                registered(Some(0)),
                vec![seen(minutes(11))],
                Some("e"),
            ),
            (
                "locked is not stolen",
                p().facts(|f| f.status = Some("locked".into())),
                vec![seen(0)],
                None,
            ),
        ],
    );
    let found = p().judge(RULE, &[theft(), seen(days(1))]).unwrap();
    assert_eq!(found.events, ["t", "e"]);
    assert_eq!(found.sub_reason.as_deref(), Some("stolen"));
}

#[test]
fn after_decommissioning_any_read_is_a_violation() {
    let end = || read("d", "decommissioning", PHARMACY, 0);
    let seen = |step: &str, after| read("e", step, RIVAL, after);
    let again = read("c", "commissioning", FACTORY, days(1));
    check(
        RULE,
        vec![
            (
                "received elsewhere",
                p(),
                vec![end(), seen("receiving", days(1))],
                Some("e"),
            ),
            (
                "destroyed",
                p(),
                vec![end(), seen("destroying", days(1))],
                None,
            ),
            (
                "made inactive by disposition",
                p(),
                vec![
                    read("d", "holding", PHARMACY, 0).with("inactive"),
                    seen("receiving", days(1)),
                ],
                Some("e"),
            ),
            (
                "used again after commissioning",
                p(),
                vec![end(), again, seen("shipping", days(2))],
                None,
            ),
            (
                "registered as decommissioned",
                p().facts(|f| f.status = Some("decommissioned".into())),
                vec![seen("receiving", 0)],
                Some("e"),
            ),
            (
                "dispensed is no decommissioning",
                p(),
                vec![
                    read("d", "dispensing", PHARMACY, 0).with("inactive"),
                    seen("receiving", days(1)),
                ],
                None,
            ),
        ],
    );
}

#[test]
fn a_unit_recalled_by_an_event_of_its_own_is_recalled_for_good() {
    let recall = || read("r", "holding", PHARMACY, 0).with("recalled");
    let lifted = || read("u", "holding", PHARMACY, days(1)).unsetting("recalled");
    let sale = || read("e", "dispensing", PHARMACY, days(2));
    check(
        RULE,
        vec![
            ("sold after it", p(), vec![recall(), sale()], Some("e")),
            (
                "a recall is never taken back",
                p(),
                vec![recall(), lifted(), sale()],
                Some("e"),
            ),
            (
                "withdrawn",
                p(),
                vec![recall().with("withdrawn"), sale()],
                Some("e"),
            ),
        ],
    );
}

#[test]
fn the_first_violation_is_the_anchor_and_all_are_cited_with_their_reasons() {
    let story =
        p().facts(|f| f.expiry = Some("2026-06-03".into()))
            .lot_is("recalled", Some(days(4)), &[]);
    let reads = [
        read("late", "dispensing", PHARMACY, days(6)),
        read("fine", "shipping", WHOLESALER, days(1)),
        read("expired", "shipping", WHOLESALER, days(3)),
    ];
    let found = story.judge(RULE, &reads).unwrap();
    assert_eq!(
        (found.anchor.as_str(), found.events),
        ("expired", vec!["expired".into(), "late".into()])
    );
    assert_eq!(found.sub_reason.as_deref(), Some("expired"));
    assert_eq!(
        found.evidence["by_reason"],
        serde_json::json!({"expired": 1, "recalled": 1})
    );
    assert_eq!(
        found.evidence["violations"][1]["because"]["source"],
        "recall-1"
    );
}
