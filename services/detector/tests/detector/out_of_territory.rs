use crate::support::*;
use serialtrail_records::state_detector::DetectorRead;

const RULE: &str = "OUT_OF_TERRITORY";

/// A pack for Germany.
fn german() -> Story {
    known("pharma").facts(|f| f.product_markets = vec!["DE".into()])
}

fn at(place: Place) -> Vec<DetectorRead> {
    vec![read("e1", "receiving", place, 0)]
}

#[test]
fn a_read_at_a_point_of_trade_in_a_foreign_country_is_raised() {
    let fr = PHARMACY_FR;
    let inherited = vec![read("e1", "receiving", fr, 0).inside(&[CASE])];
    let consumer = vec![read("e1", "inspecting", fr, 0).scanned_by("consumer")];
    let professional = vec![read("e1", "inspecting", fr, 0).scanned_by("professional")];
    let nowhere = vec![read("e1", "receiving", fr, 0).but(|r| r.country = None)];
    let mut rows = vec![
        ("at home", german(), at(PHARMACY), None),
        ("abroad", german(), at(fr), Some("e1")),
        ("abroad inside its case", german(), inherited, Some("e1")),
        ("a consumer's scan abroad", german(), consumer, None),
        (
            "a professional's scan abroad",
            german(),
            professional,
            Some("e1"),
        ),
        ("a site without country", german(), nowhere, None),
        ("no markets anywhere", known("pharma"), at(fr), None),
        (
            "an unknown unit",
            german().facts(|f| f.known = false),
            at(fr),
            None,
        ),
        (
            "a sample",
            german().facts(|f| f.status = Some("sample".into())),
            at(fr),
            None,
        ),
        (
            "a free sample",
            german().facts(|f| f.status = Some("free_sample".into())),
            at(fr),
            None,
        ),
        (
            "a stolen pack",
            german().facts(|f| f.status = Some("stolen".into())),
            at(fr),
            Some("e1"),
        ),
    ];
    for kind in ["wholesaler", "pharmacy", "hospital", "shop", "supermarket"] {
        rows.push((kind, german(), at(fr.kind(kind)), Some("e1")));
    }
    for kind in [
        "factory",
        "distribution_centre",
        "transit_hub",
        "returns_centre",
        "consumer",
    ] {
        rows.push((kind, german(), at(fr.kind(kind)), None));
    }
    for role in ["repackager", "parallel_distributor", "authority"] {
        rows.push((role, german(), at(fr.run_by(role)), None));
    }
    check(RULE, rows);
}

#[test]
fn the_units_markets_replace_the_lots_which_replace_the_products() {
    let fr = |s: &mut Vec<String>| *s = vec!["FR".into()];
    let lot = |mut s: Story| {
        s.lot.markets = vec!["FR".into()];
        s
    };
    let unit = |s: Story| s.facts(|f| f.markets = vec!["JP".into()]);
    check(
        RULE,
        vec![
            (
                "the product's",
                german().facts(|f| fr(&mut f.product_markets)),
                at(PHARMACY_FR),
                None,
            ),
            ("the lot's instead", lot(german()), at(PHARMACY_FR), None),
            (
                "no longer the product's",
                lot(german()),
                at(PHARMACY),
                Some("e1"),
            ),
            (
                "the unit's instead",
                unit(lot(german())),
                at(PHARMACY_JP),
                None,
            ),
            (
                "no longer the lot's",
                unit(lot(german())),
                at(PHARMACY_FR),
                Some("e1"),
            ),
        ],
    );
    let found = unit(lot(german())).judge(RULE, &at(PHARMACY_FR)).unwrap();
    assert_eq!(found.evidence["markets_of"], "unit");
}

#[test]
fn the_container_itself_is_never_raised() {
    let case = Story {
        unit: CASE,
        ..german()
    };
    assert_eq!(case.judge(RULE, &at(PHARMACY_FR)), None);
    let packed = read("p", "packing", FACTORY, -days(1)).but(|r| r.role = "parent".into());
    let item_as_case = [packed, read("e1", "receiving", PHARMACY_FR, 0)];
    assert_eq!(german().judge(RULE, &item_as_case), None);
}

#[test]
fn one_finding_cites_every_read_abroad_from_the_first_on() {
    let reads = [
        read("home", "shipping", WHOLESALER, 0),
        read("tokyo", "receiving", PHARMACY_JP, days(9)),
        read("paris", "receiving", PHARMACY_FR, days(3)),
        read("hub", "shipping", HUB_FR, days(2)),
    ];
    let found = german().judge(RULE, &reads).unwrap();
    assert_eq!(
        (found.anchor.as_str(), found.events),
        ("paris", vec!["paris".into(), "tokyo".into()])
    );
    assert_eq!(found.evidence["countries"], serde_json::json!(["FR", "JP"]));
}
