use crate::support::*;
use serialtrail_detector::policy::ForeignGtin;

const RULE: &str = "UNKNOWN_SERIAL";

fn unknown() -> Story {
    known("pharma").facts(|f| {
        f.known = false;
        f.known_by = None;
        f.commissioned_at = None;
        f.status = None;
    })
}

#[test]
fn a_serial_that_stays_unknown_for_72_hours_is_raised() {
    let seen = || vec![read("e1", "receiving", PHARMACY, 0)];
    let late = || vec![read("e1", "receiving", PHARMACY, 0).but(|r| r.record_time += days(10))];
    let scan = || vec![read("e1", "inspecting", PHARMACY, 0).scanned_by("consumer")];
    let inherited = || vec![read("e1", "receiving", PHARMACY, 0).inside(&[CASE])];
    let grace = hours(72);
    check(
        RULE,
        vec![
            (
                "one moment before the grace has passed",
                unknown().at(grace - 1),
                seen(),
                None,
            ),
            (
                "when the grace has passed",
                unknown().at(grace),
                seen(),
                Some("e1"),
            ),
            ("known by then", known("pharma").at(days(9)), seen(), None),
            ("never read", unknown().at(days(9)), vec![], None),
            (
                "recorded late: the grace counts from then",
                unknown().at(days(12)),
                late(),
                None,
            ),
            (
                "recorded late, and its grace has passed",
                unknown().at(days(13)),
                late(),
                Some("e1"),
            ),
            (
                "a consumer's scan is a read",
                unknown().at(grace),
                scan(),
                Some("e1"),
            ),
            (
                "an inherited read is a read",
                unknown().at(grace),
                inherited(),
                Some("e1"),
            ),
        ],
    );
}

#[test]
fn only_items_need_to_be_known() {
    let reads = vec![read("e1", "receiving", WHOLESALER, 0)];
    for unit in [
        CASE,
        "8003/09521234543213A1",
        "8004/4000001111",
        "https://example.org/x",
    ] {
        let story = Story { unit, ..unknown() };
        assert_eq!(story.judge(RULE, &reads), None, "{unit}");
    }
}

#[test]
fn the_earliest_read_is_the_anchor_even_when_another_ones_grace_ends_first() {
    let reads = vec![
        read("b", "receiving", PHARMACY, hours(1)),
        read("a", "shipping", WHOLESALER, 0).but(|r| r.record_time += days(30)),
        read("c", "dispensing", PHARMACY, hours(1)),
    ];
    let found = unknown().at(hours(73)).judge(RULE, &reads).unwrap();
    assert_eq!(
        (found.anchor.as_str(), found.events),
        ("a", vec!["a".into(), "b".into(), "c".into()])
    );
    assert_eq!(found.evidence["events_total"], 3);
}

#[test]
fn a_commissioning_by_somebody_else_is_named() {
    let story = unknown().facts(|f| f.unauthorised_issuer = Some("4099999999993".into()));
    let found = story
        .judge(RULE, &[read("e1", "commissioning", FACTORY, 0)])
        .unwrap();
    assert_eq!(found.sub_reason.as_deref(), Some("unauthorised_issuer"));
    assert_eq!(found.evidence["commissioned_by"], "4099999999993");
}

#[test]
fn foreign_products_are_raised_or_only_counted() {
    let foreign = || unknown().facts(|f| f.foreign_gtin = true);
    let count = |s: Story| s.profile(|p| p.foreign_gtin = ForeignGtin::Count);
    let reads = || vec![read("e1", "receiving", PHARMACY, 0)];
    check(
        RULE,
        vec![
            (
                "a foreign product, policy alert",
                foreign(),
                reads(),
                Some("e1"),
            ),
            (
                "a foreign product, policy count",
                count(foreign()),
                reads(),
                None,
            ),
            (
                "a product of ours, policy count",
                count(unknown()),
                reads(),
                Some("e1"),
            ),
        ],
    );
}

#[test]
fn a_slip_at_the_scanner_is_marked() {
    let reads = [read("e1", "receiving", PHARMACY, 0)];
    let cause = |unit| {
        Story { unit, ..unknown() }
            .judge(RULE, &reads)
            .unwrap()
            .cause
    };
    assert_eq!(cause("01/09521234543213/21/ABC12317280630"), None);
    assert_eq!(
        cause("01/09521234543213/21/ABC1231728063010L1"),
        Some("likely_operator_error")
    );
    assert_eq!(cause("01/09521234543213/21/ABC1231728993010L1"), None);
    assert_eq!(
        cause("01/09521234543213/21/A9521234543213"),
        Some("likely_operator_error")
    );
    assert_eq!(cause(PACK), None);
}

#[test]
fn reads_beyond_the_horizon_no_longer_count() {
    let story = Story {
        raises_from: START + 1,
        ..unknown()
    };
    let reads = [
        read("old", "receiving", PHARMACY, 0),
        read("new", "receiving", PHARMACY, days(1)),
    ];
    assert_eq!(story.judge(RULE, &reads).unwrap().anchor, "new");
}
