use crate::support::*;
use serialtrail_records::state_detector::DetectorRead;

const RULE: &str = "DUPLICATE_SCAN";

fn sold(id: &str, place: Place, after: i64) -> DetectorRead {
    read(id, "retail_selling", place, after)
}

fn dispensed(id: &str, place: Place, after: i64) -> DetectorRead {
    read(id, "dispensing", place, after).with("dispensed")
}

fn destroyed(id: &str, place: Place, after: i64) -> DetectorRead {
    read(id, "destroying", place, after)
}

#[test]
fn a_unit_ends_once() {
    let p = || known("pharma");
    let a = || dispensed("a", PHARMACY, 0);
    let partial =
        |id: &str, after| read(id, "dispensing", PHARMACY, after).with("partially_dispensed");
    let inherited = || dispensed("b", RIVAL, days(2)).inside(&[CASE]);
    check(
        RULE,
        vec![
            ("dispensed once", p(), vec![a()], None),
            (
                "dispensed again elsewhere",
                p(),
                vec![a(), dispensed("b", RIVAL, days(2))],
                Some("b"),
            ),
            (
                "elsewhere within minutes",
                p(),
                vec![a(), dispensed("b", RIVAL, minutes(5))],
                Some("b"),
            ),
            (
                "the second one inside a case",
                p(),
                vec![a(), inherited()],
                Some("b"),
            ),
            (
                "partly dispensed, then dispensed",
                p(),
                vec![partial("x", 0), dispensed("a", PHARMACY, days(2))],
                None,
            ),
            (
                "partly dispensed many times",
                p(),
                vec![partial("x", 0), partial("y", days(1))],
                None,
            ),
            (
                "dispensed, then partly dispensed",
                p(),
                vec![a(), partial("y", days(1))],
                None,
            ),
            (
                "other reads after the end",
                p(),
                vec![a(), read("b", "shipping", PHARMACY, days(1))],
                None,
            ),
            (
                "a sample",
                p().facts(|f| f.status = Some("sample".into())),
                vec![a(), dispensed("b", RIVAL, days(2))],
                None,
            ),
            (
                "a free sample",
                p().facts(|f| f.status = Some("free_sample".into())),
                vec![a(), dispensed("b", RIVAL, days(2))],
                None,
            ),
        ],
    );
}

#[test]
fn the_same_step_at_the_same_place_within_ten_minutes_is_one_scan() {
    let p = || known("pharma");
    let a = || dispensed("a", PHARMACY, 0);
    check(
        RULE,
        vec![
            (
                "ten minutes later",
                p(),
                vec![a(), dispensed("b", PHARMACY, minutes(10))],
                None,
            ),
            (
                "a moment later than that: a refill",
                p(),
                vec![a(), dispensed("b", PHARMACY, minutes(10) + 1)],
                Some("b"),
            ),
            (
                "twice within ten minutes",
                p(),
                vec![
                    a(),
                    dispensed("b", PHARMACY, minutes(4)),
                    dispensed("c", PHARMACY, minutes(8)),
                ],
                None,
            ),
            (
                "the scan counts from its first read",
                p(),
                vec![
                    a(),
                    dispensed("b", PHARMACY, minutes(8)),
                    dispensed("c", PHARMACY, minutes(16)),
                ],
                Some("c"),
            ),
            (
                "a place nobody names is not the same place",
                p(),
                vec![
                    a().but(|r| r.place = None),
                    dispensed("b", PHARMACY, minutes(1)).but(|r| r.place = None),
                ],
                Some("b"),
            ),
            (
                "destroying scanned twice",
                p(),
                vec![
                    destroyed("a", RETURNS, 0),
                    destroyed("b", RETURNS, minutes(9)),
                ],
                None,
            ),
        ],
    );
}

#[test]
fn dispensing_and_selling_by_one_party_within_a_day_are_one_sale() {
    let p = || known("pharma");
    let a = || dispensed("a", PHARMACY, 0);
    check(
        RULE,
        vec![
            (
                "at the same counter",
                p(),
                vec![a(), sold("b", PHARMACY, hours(1))],
                None,
            ),
            (
                "at a branch of the chain",
                p(),
                vec![a(), sold("b", BRANCH, hours(24))],
                None,
            ),
            (
                "a moment later than a day",
                p(),
                vec![a(), sold("b", PHARMACY, hours(24) + 1)],
                Some("b"),
            ),
            (
                "by another party",
                p(),
                vec![a(), sold("b", RIVAL, hours(1))],
                Some("b"),
            ),
            (
                "sold first, then dispensed",
                p(),
                vec![sold("b", PHARMACY, 0), dispensed("a", PHARMACY, hours(2))],
                None,
            ),
            (
                "dispensed again after the sale",
                p(),
                vec![
                    a(),
                    sold("b", PHARMACY, hours(1)),
                    dispensed("c", PHARMACY, hours(2)),
                ],
                Some("c"),
            ),
            (
                "the same step at another branch is another sale",
                p(),
                vec![a(), dispensed("b", BRANCH, hours(1))],
                Some("b"),
            ),
        ],
    );
}

#[test]
fn destroying_after_a_sale_is_no_duplicate_but_anything_terminal_after_destroying_is() {
    let p = || known("pharma");
    let d = |after| destroyed("d", RETURNS, after);
    check(
        RULE,
        vec![
            (
                "destroyed after the sale",
                p(),
                vec![sold("a", PHARMACY, 0), d(days(3))],
                None,
            ),
            (
                "sold after destroying",
                p(),
                vec![d(0), sold("b", PHARMACY, days(1))],
                Some("b"),
            ),
            (
                "destroyed again",
                p(),
                vec![d(0), destroyed("e", RETURNS, days(1))],
                Some("e"),
            ),
            (
                "destroyed again elsewhere within minutes",
                p(),
                vec![d(0), destroyed("e", PHARMACY, minutes(5))],
                Some("e"),
            ),
            (
                "sold, destroyed, sold again",
                p(),
                vec![
                    sold("a", PHARMACY, 0),
                    d(days(1)),
                    sold("c", RIVAL, days(2)),
                ],
                Some("c"),
            ),
            (
                "clocks of two sites off by ten minutes",
                p(),
                vec![d(0), sold("b", PHARMACY, minutes(10))],
                None,
            ),
            (
                "off by more",
                p(),
                vec![d(0), sold("b", PHARMACY, minutes(10) + 1)],
                Some("b"),
            ),
            (
                "one clock at one place",
                p(),
                vec![destroyed("d", PHARMACY, 0), sold("b", PHARMACY, minutes(5))],
                Some("b"),
            ),
            (
                "clocks do not excuse a second sale",
                p(),
                vec![
                    sold("a", RIVAL, -days(2)),
                    d(0),
                    sold("b", PHARMACY, minutes(5)),
                ],
                Some("b"),
            ),
            (
                "decommissioned, then destroyed",
                p(),
                vec![
                    read("x", "decommissioning", RETURNS, 0).with("destroyed"),
                    d(minutes(20)),
                ],
                None,
            ),
        ],
    );
}

#[test]
fn a_return_opens_the_unit_again_where_the_profile_says_so() {
    let a = || sold("a", PHARMACY, 0);
    let back = |id: &str, place, after| read(id, "receiving", place, after).with("returned");
    let b = |after| sold("b", RIVAL, after);
    let story = |profile| known(profile);
    let resold = || vec![a(), back("r", PHARMACY, days(2)), b(days(4))];
    let twice = || {
        vec![
            a(),
            back("r", PHARMACY, days(2)),
            b(days(4)),
            sold("c", PHARMACY, days(6)),
        ]
    };
    check(
        RULE,
        vec![
            ("fashion", story("fashion"), resold(), None),
            ("pharma", story("pharma"), resold(), Some("b")),
            ("food", story("food"), resold(), Some("b")),
            (
                "one return opens once",
                story("fashion"),
                twice(),
                Some("c"),
            ),
            (
                "received, but not as a return",
                story("fashion"),
                vec![
                    a(),
                    read("r", "receiving", PHARMACY, days(2)).with("in_progress"),
                    b(days(4)),
                ],
                Some("b"),
            ),
            (
                "the return came after",
                story("fashion"),
                vec![a(), b(days(2)), back("r", PHARMACY, days(3))],
                Some("b"),
            ),
            (
                "after, as two clocks have it",
                story("fashion"),
                vec![a(), b(days(2)), back("r", PHARMACY, days(2) + minutes(9))],
                None,
            ),
            (
                "a destroyed unit does not come back",
                story("fashion"),
                vec![
                    destroyed("d", RETURNS, 0),
                    back("r", PHARMACY, days(1)),
                    b(days(2)),
                ],
                Some("b"),
            ),
        ],
    );
}

#[test]
fn the_registrys_end_counts_too() {
    let ended = |status: &str, since: Option<i64>| {
        known("pharma").facts(|f| {
            f.status = Some(status.into());
            f.status_since = since.map(|s| START + s);
        })
    };
    let b = || vec![dispensed("b", PHARMACY, 0)];
    check(
        RULE,
        vec![
            (
                "registered as dispensed since ever",
                ended("dispensed", None),
                b(),
                Some("b"),
            ),
            (
                "as dispensed the day before",
                ended("dispensed", Some(-days(1))),
                b(),
                Some("b"),
            ),
            (
                "as dispensed just then: this very sale",
                ended("dispensed", Some(-minutes(10))),
                b(),
                None,
            ),
            (
                "as dispensed afterwards",
                ended("dispensed", Some(minutes(1))),
                b(),
                None,
            ),
            (
                "sold again after that",
                ended("dispensed", Some(minutes(1))),
                vec![dispensed("a", PHARMACY, 0), dispensed("b", RIVAL, days(1))],
                Some("b"),
            ),
            (
                "as destroyed",
                ended("destroyed", Some(-days(1))),
                b(),
                Some("b"),
            ),
            (
                "as exported",
                ended("exported", Some(-days(1))),
                b(),
                Some("b"),
            ),
            (
                "destroying what was exported",
                ended("exported", None),
                vec![destroyed("b", RETURNS, 0)],
                Some("b"),
            ),
            (
                "destroying what was dispensed",
                ended("dispensed", None),
                vec![destroyed("b", RETURNS, 0)],
                None,
            ),
            ("locked", ended("locked", None), b(), None),
        ],
    );
}

#[test]
fn a_state_set_by_another_event_is_an_end() {
    let marked = read("m", "inspecting", PHARMACY, 0).setting("dispensed");
    let scanned = read("m", "inspecting", PHARMACY, 0)
        .with("dispensed")
        .scanned_by("consumer");
    check(
        RULE,
        vec![
            (
                "set, then sold elsewhere",
                known("pharma"),
                vec![marked.clone(), sold("b", RIVAL, days(2))],
                Some("b"),
            ),
            (
                "set, then sold by the same party",
                known("pharma"),
                vec![marked, sold("b", PHARMACY, hours(1))],
                None,
            ),
            (
                "a verification scan sets nothing",
                known("pharma"),
                vec![scanned, sold("b", RIVAL, days(2))],
                None,
            ),
        ],
    );
}

#[test]
fn the_finding_cites_what_is_repeated_and_every_repeat() {
    let reads = [
        sold("c", BRANCH, days(5)),
        sold("a", PHARMACY, 0),
        dispensed("a2", PHARMACY, hours(1)),
        sold("b", RIVAL, days(2)),
    ];
    let found = known("pharma").judge(RULE, &reads).unwrap();
    assert_eq!(found.anchor, "b");
    assert_eq!(found.events, ["a", "b", "c"]);
    assert_eq!(found.evidence["repeats"], 2);
}
