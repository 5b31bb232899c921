//! Taking back a sale or a decommissioning, and what the EMVS allows.

use crate::support::*;
use serialtrail_records::state_detector::DetectorRead;

fn sale() -> DetectorRead {
    read("s", "dispensing", PHARMACY, 0).with("dispensed")
}

fn undo(place: Place, after: i64) -> DetectorRead {
    read("u", "inspecting", place, after).unsetting("dispensed")
}

#[test]
fn an_undo_outside_the_conditions_is_a_violation() {
    let p = || known("pharma");
    let with =
        |story: Story, undo: DetectorRead, expected| ("", story, vec![sale(), undo], expected);
    let mut rows = vec![
        with(p(), undo(PHARMACY, days(10)), None),
        with(p(), undo(PHARMACY, days(10) + 1), Some("u")),
        with(p(), undo(BRANCH, days(1)), Some("u")),
        with(
            p(),
            undo(PHARMACY, days(1)).but(|r| r.party = Some("other".into())),
            Some("u"),
        ),
        with(
            p().facts(|f| f.expiry = Some("2026-06-02".into())),
            undo(PHARMACY, days(1)),
            None,
        ),
        with(
            p().facts(|f| f.expiry = Some("2026-06-01".into())),
            undo(PHARMACY, days(1)),
            Some("u"),
        ),
        with(
            p().lot_is("recalled", Some(hours(1)), &[]),
            undo(PHARMACY, days(1)),
            Some("u"),
        ),
        with(
            p().lot_is("withdrawn", Some(days(2)), &[]),
            undo(PHARMACY, days(1)),
            None,
        ),
        with(known("fashion"), undo(BRANCH, days(50)), None),
        with(
            p(),
            undo(BRANCH, days(1)).but(|r| r.event_type = "TransactionEvent".into()),
            None,
        ),
        with(
            p(),
            undo(PHARMACY, days(1)).but(|r| r.persistent_unset = vec!["inactive".into()]),
            None,
        ),
    ];
    let sentences = [
        "same premises, on the tenth day",
        "a moment too late",
        "at another branch",
        "by another authorisation",
        "on the last good day",
        "expired meanwhile",
        "recalled meanwhile",
        "withdrawn only later",
        "where the profile knows no conditions",
        "an EMVS undo is an ObjectEvent",
        "a dispensed pack is inactive, too",
    ];
    for (row, sentence) in rows.iter_mut().zip(sentences) {
        row.0 = sentence;
    }
    rows.push((
        "an active pack: nothing happens",
        p(),
        vec![undo(PHARMACY, days(1))],
        None,
    ));
    rows.push((
        "stolen, not dispensed",
        p(),
        vec![
            read("t", "inspecting", PHARMACY, 0).with("stolen"),
            undo(PHARMACY, days(1)),
        ],
        Some("u"),
    ));
    rows.push((
        "destroyed meanwhile",
        p(),
        vec![
            sale(),
            read("d", "destroying", PHARMACY, hours(1)),
            undo(PHARMACY, days(1)),
        ],
        Some("u"),
    ));
    check("STATUS_VIOLATION", rows);
}

#[test]
fn the_evidence_names_the_conditions_broken() {
    let found = known("pharma")
        .judge("STATUS_VIOLATION", &[sale(), undo(RIVAL, days(11))])
        .unwrap();
    assert_eq!(found.sub_reason.as_deref(), Some("undo"));
    let broken = &found.evidence["violations"][0]["because"]["broken"];
    assert_eq!(
        *broken,
        serde_json::json!(["too_late", "other_party", "other_premises"])
    );
}

#[test]
fn a_valid_undo_opens_the_pack_again_once() {
    let again = |id: &str, after| read(id, "dispensing", RIVAL, after);
    let p = || known("pharma");
    let second_undo = undo(PHARMACY, days(3)).but(|r| r.event_id = "u2".into());
    check(
        "DUPLICATE_SCAN",
        vec![
            (
                "undone, then dispensed elsewhere",
                p(),
                vec![sale(), undo(PHARMACY, days(1)), again("b", days(2))],
                None,
            ),
            (
                "undone too late",
                p(),
                vec![sale(), undo(PHARMACY, days(11)), again("b", days(12))],
                Some("b"),
            ),
            (
                "undone once, dispensed twice more",
                p(),
                vec![
                    sale(),
                    undo(PHARMACY, days(1)),
                    again("b", days(2)),
                    again("c", days(4)),
                ],
                Some("c"),
            ),
            (
                "the second undo comes from elsewhere",
                p(),
                vec![
                    sale(),
                    undo(PHARMACY, days(1)),
                    again("b", days(2)),
                    second_undo,
                    again("c", days(4)),
                ],
                Some("c"),
            ),
        ],
    );
}

#[test]
fn a_valid_undo_reactivates_a_decommissioned_pack() {
    let end = || read("d", "decommissioning", PHARMACY, 0);
    let back = |place| read("u", "inspecting", place, days(1)).unsetting("inactive");
    let seen = || read("e", "receiving", RIVAL, days(2));
    check(
        "STATUS_VIOLATION",
        vec![
            (
                "reactivated",
                known("pharma"),
                vec![end(), back(PHARMACY), seen()],
                None,
            ),
            (
                "by somebody else: the undo and what follows",
                known("pharma"),
                vec![end(), back(BRANCH), seen()],
                Some("u"),
            ),
        ],
    );
}
