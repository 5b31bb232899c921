use crate::support::*;
use serialtrail_records::state_detector::DetectorRead;

const RULE: &str = "IMPOSSIBLE_TRAVEL";
/// Berlin to Tokyo is 8,916 km: at 1,000 km/h less 50 km free and 10 minutes, 8 h 42 min.
const NEEDED: i64 = 8 * 60 + 42;

fn pair(gap: i64) -> Vec<DetectorRead> {
    vec![
        read("a", "shipping", PHARMACY, 0),
        read("b", "receiving", PHARMACY_JP, minutes(gap)),
    ]
}

#[test]
fn two_reads_farther_apart_than_anything_travels_are_raised() {
    let suspect = |mut reads: Vec<DetectorRead>| {
        reads[1].clock_suspect = true;
        reads
    };
    let before_birth =
        known("pharma").facts(|f| f.commissioned_at = Some(START + days(1) + minutes(61)));
    let born_later = known("pharma").facts(|f| f.commissioned_at = Some(START + days(1)));
    let sample = known("pharma").facts(|f| f.status = Some("sample".into()));
    let wide = |mut reads: Vec<DetectorRead>| {
        reads[0].radius_km = Some(8000.0);
        reads[1].radius_km = Some(100.0);
        reads
    };
    let nowhere = |mut reads: Vec<DetectorRead>| {
        reads[1].latitude = None;
        reads
    };
    check(
        RULE,
        vec![
            (
                "just too fast",
                known("pharma"),
                pair(NEEDED - 2),
                Some("b"),
            ),
            ("just possible", known("pharma"), pair(NEEDED + 2), None),
            ("at the same moment", known("pharma"), pair(0), Some("b")),
            ("a clock in doubt", known("pharma"), suspect(pair(60)), None),
            (
                "more than 24 h before commissioning",
                before_birth,
                pair(60),
                None,
            ),
            (
                "within 24 h of commissioning",
                born_later,
                pair(60),
                Some("b"),
            ),
            ("a sample", sample, pair(60), None),
            (
                "places of a large radius",
                known("pharma"),
                wide(pair(60)),
                None,
            ),
            ("no position", known("pharma"), nowhere(pair(60)), None),
        ],
    );
}

#[test]
fn clocks_may_differ_by_ten_minutes_and_fifty_kilometres_cost_nothing() {
    let near = |km: f64, gap: i64| {
        let degrees = km / 111.195;
        let there = Place {
            at: (BERLIN.0 + degrees, BERLIN.1),
            ..RIVAL
        };
        vec![
            read("a", "shipping", PHARMACY, 0),
            read("b", "receiving", there, minutes(gap)),
        ]
    };
    check(
        RULE,
        vec![
            (
                "216 km at one moment",
                known("pharma"),
                near(216.0, 0),
                None,
            ),
            (
                "218 km at one moment",
                known("pharma"),
                near(218.0, 0),
                Some("b"),
            ),
            (
                "380 km in ten minutes",
                known("pharma"),
                near(380.0, 10),
                None,
            ),
            (
                "390 km in ten minutes",
                known("pharma"),
                near(390.0, 10),
                Some("b"),
            ),
        ],
    );
}

#[test]
fn only_neighbours_in_time_are_compared() {
    let reads = [
        read("a", "shipping", PHARMACY, 0),
        read("b", "receiving", PHARMACY_FR, minutes(60)),
        read("c", "receiving", PHARMACY, minutes(120)),
    ];
    assert_eq!(known("pharma").judge(RULE, &reads), None);
}

#[test]
fn what_rests_on_the_container_alone_is_the_containers() {
    let pallet = "00/095212345432132111";
    let seen = |path: &[&str]| {
        vec![
            read("a", "shipping", PHARMACY, 0).inside(path),
            read("b", "receiving", PHARMACY_JP, minutes(60)).inside(path),
        ]
    };
    let packed = vec![
        read("a", "packing", PHARMACY, 0).packed_into(CASE),
        read("b", "receiving", PHARMACY_JP, minutes(60)).inside(&[pallet, CASE]),
    ];
    let mixed = vec![
        read("a", "shipping", PHARMACY, 0).inside(&[CASE]),
        read("b", "receiving", PHARMACY_JP, minutes(60)),
    ];
    let other_case = vec![
        read("a", "shipping", PHARMACY, 0).inside(&[CASE]),
        read("b", "receiving", PHARMACY_JP, minutes(60)).inside(&[pallet]),
    ];
    let case = Story {
        unit: CASE,
        ..known("pharma")
    };
    check(
        RULE,
        vec![
            (
                "both reads come from the case",
                known("pharma"),
                seen(&[CASE]),
                None,
            ),
            (
                "both come from the pallet the case is in",
                known("pharma"),
                seen(&[pallet, CASE]),
                None,
            ),
            (
                "the packing names the case too",
                known("pharma"),
                packed,
                None,
            ),
            (
                "one read is the pack's own",
                known("pharma"),
                mixed,
                Some("b"),
            ),
            (
                "two containers, neither saw both",
                known("pharma"),
                other_case,
                Some("b"),
            ),
            ("the case itself", case, pair(60), Some("b")),
        ],
    );
}

#[test]
fn a_wrong_time_zone_is_marked() {
    let cause = |reads: &[DetectorRead]| known("pharma").judge(RULE, reads).unwrap().cause;
    // Tokyo wrote its local time as UTC+9: nine hours early.
    let zoned = read("b", "receiving", PHARMACY_JP, hours(2)).but(|r| r.zone_offset_minutes = 540);
    let journey = [read("a", "shipping", PHARMACY, 0), zoned.clone()];
    assert_eq!(cause(&journey), Some("likely_time_zone_error"));
    let found = known("pharma").judge(RULE, &journey).unwrap();
    assert_eq!(
        found.evidence["shifted"],
        serde_json::json!({"event": "b", "minutes": 540})
    );
    // An hour is not enough, and no shift brings it back to Berlin in time.
    let and_back = [
        journey[0].clone(),
        zoned,
        read("c", "receiving", PHARMACY, hours(4)),
    ];
    assert_eq!(cause(&and_back), None);
    let an_hour = pair(NEEDED - 30);
    assert_eq!(cause(&an_hour), Some("likely_time_zone_error"));
}

#[test]
fn the_evidence_names_distance_and_speed() {
    let found = known("pharma").judge(RULE, &pair(60)).unwrap();
    assert_eq!(found.events, ["a", "b"]);
    let leg = &found.evidence["legs"][0];
    assert_eq!(leg["km"].as_f64(), Some(8915.5));
    assert_eq!(leg["kmh"].as_i64(), Some(7599));
    assert_eq!(
        (leg["from"].as_str(), leg["to"].as_str()),
        (Some("a"), Some("b"))
    );
}
