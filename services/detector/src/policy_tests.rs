use super::*;

const FILE: &str = include_str!("../../../deploy/local/profiles.toml");

#[test]
fn the_profiles_of_the_local_stack_are_valid() {
    let policy = Policy::parse(FILE).unwrap();
    assert_eq!(
        policy.profile.keys().collect::<Vec<_>>(),
        ["fashion", "food", "pharma"]
    );
    let (name, pharma) = policy.of(Some("pharma"));
    assert_eq!((name, pharma.returns_reopen), ("pharma", false));
    assert_eq!(pharma.unknown_grace(), 72 * HOUR);
    assert_eq!(pharma.horizon(), 400 * DAY);
    assert!(policy.of(Some("fashion")).1.returns_reopen);
}

#[test]
fn a_unit_without_product_or_with_an_unknown_profile_is_judged_by_the_default() {
    let policy = Policy::parse(FILE).unwrap();
    assert_eq!(policy.of(None).0, "pharma");
    assert_eq!(policy.of(Some("toys")).0, "pharma");
}

#[test]
fn an_error_names_the_key_the_value_and_what_was_expected() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "horizon_days = 400",
            "horizon_days = 0",
            &["profile.fashion.horizon_days", "0", "1 to 36500"],
        ),
        (
            "horizon_days = 400",
            "horizons_days = 400",
            &["horizons_days", "horizon_days"],
        ),
        ("horizon_days = 400", "", &["horizon_days", "missing"]),
        (
            "foreign_gtin = \"alert\"",
            "foreign_gtin = \"ignore\"",
            &["foreign_gtin", "ignore", "`alert` or `count`"],
        ),
        (
            "travel_max_kmh = 1000.0",
            "travel_max_kmh = nan",
            &["travel_max_kmh", "NaN", "100000"],
        ),
        (
            "UNKNOWN_SERIAL = \"high\"",
            "",
            &["profile.pharma.severity.UNKNOWN_SERIAL", "missing", "low"],
        ),
        (
            "UNKNOWN_SERIAL = \"high\"",
            "UNKNOWN_SERIAL = \"loud\"",
            &["UNKNOWN_SERIAL", "loud", "critical"],
        ),
        (
            "UNKNOWN_SERIAL = \"high\"",
            "UNKNOWN_SERIAL = \"high\"\nUNKNOWN = \"low\"",
            &["severity.UNKNOWN ", "low", "UNKNOWN_SERIAL"],
        ),
        (
            "default_profile = \"pharma\"",
            "default_profile = \"toys\"",
            &["default_profile", "toys", "fashion, food, pharma"],
        ),
        (
            "policy_version = \"2026-11\"",
            "policy_version = \"\"",
            &["policy_version", "version"],
        ),
    ];
    for (from, to, expected) in cases {
        assert!(FILE.contains(from), "{from}");
        let error = format!("{:#}", Policy::parse(&FILE.replace(from, to)).unwrap_err());
        for part in *expected {
            assert!(error.contains(part), "{to}: \"{error}\" lacks {part}");
        }
    }
}
