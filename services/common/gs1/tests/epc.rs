//! The key type: one inline value for one thing, the same as its text.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use proptest::prelude::*;
use serialtrail_gs1::{Epc, UnitKind, check_digit, check_pair, parse_key, partition};

fn with_check_digit(body: &str) -> String {
    format!("{body}{}", check_digit(body).unwrap())
}

/// A valid key text of each shape there is, and some without GS1 key.
fn key_text() -> impl Strategy<Value = String> {
    const X: &str = "[!\"%-/:-?A-Z_a-z0-9]";
    let numeric = |digits: usize| {
        proptest::string::string_regex(&format!("[0-9]{{{}}}", digits - 1))
            .unwrap()
            .prop_map(|body| with_check_digit(&body))
    };
    let text = |max: usize| proptest::string::string_regex(&format!("{X}{{1,{max}}}")).unwrap();
    let gtin = move || numeric(14);
    prop_oneof![
        numeric(18).prop_map(|n| format!("00/{n}")),
        gtin().prop_map(|g| format!("01/{g}")),
        (gtin(), text(20)).prop_map(|(g, s)| format!("01/{g}/21/{s}")),
        (gtin(), text(20)).prop_map(|(g, s)| format!("01/{g}/10/{s}")),
        (gtin(), text(28)).prop_map(|(g, s)| format!("01/{g}/235/{s}")),
        (numeric(13), "[!-~&&[!%-/0-9A-Z]]{0,17}").prop_map(|(n, s)| format!("253/{n}{s}")),
        (numeric(13), "[0-9]{0,12}").prop_map(|(n, s)| format!("255/{n}{s}")),
        ("[0-9]{6}", text(24)).prop_map(|(p, s)| format!("401/{p}{s}")),
        numeric(17).prop_map(|n| format!("402/{n}")),
        numeric(13).prop_map(|n| format!("414/{n}")),
        (numeric(13), text(20)).prop_map(|(n, s)| format!("414/{n}/254/{s}")),
        (numeric(13), text(25)).prop_map(|(n, s)| format!("415/{n}/8020/{s}")),
        numeric(13).prop_map(|n| format!("417/{n}")),
        ("[0-9]{12}", text(16)).prop_map(|(n, s)| format!("8003/0{}{s}", with_check_digit(&n))),
        ("[0-9]{12}",).prop_map(|(n,)| format!("8003/0{}", with_check_digit(&n))),
        ("[0-9]{6}", text(24)).prop_map(|(p, s)| format!("8004/{p}{s}")),
        (gtin(), text(20)).prop_map(|(g, s)| format!("8006/{g}0102/21/{s}")),
        (gtin(), text(20)).prop_map(|(g, s)| format!("8006/{g}0102/10/{s}")),
        ("[0-9]{6}", text(17)).prop_map(|(p, s)| {
            let [a, b] = check_pair(&format!("{p}{s}")).unwrap();
            format!("8013/{p}{s}{a}{b}")
        }),
        gtin().prop_map(|g| format!("8006/{g}0102")),
        ("[0-9]{6}[#/0-9A-Z-]{1,24}").prop_map(|p| format!("8010/{p}")),
        ("[0-9]{6}[#/0-9A-Z-]{1,24}", 1u64..=999_999_999_999)
            .prop_map(|(p, s)| format!("8010/{p}/8011/{s}")),
        numeric(18).prop_map(|n| format!("8017/{n}")),
        numeric(18).prop_map(|n| format!("8018/{n}")),
        "urn:epc:id:gid:[1-9][0-9]{0,5}\\.[1-9][0-9]{0,5}\\.[1-9][0-9]{0,5}",
        "urn:[a-z]{2,5}:[a-zé0-9]{1,80}",
    ]
}

fn hash(epc: &Epc) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(epc)
}

#[test]
fn a_key_is_a_value_of_at_most_40_bytes() {
    assert!(
        (16..=40).contains(&size_of::<Epc>()),
        "{}",
        size_of::<Epc>()
    );
    assert_eq!(size_of::<Option<Epc>>(), size_of::<Epc>());
}

/// A CPID may hold slashes, so its key text can be that of a part with serial.
#[test]
fn keys_of_one_text_are_one_key() {
    for (one, other) in [
        ("(8010)0614141/8011/12", "(8010)0614141(8011)12"),
        ("(8010)0614141/8011/12", "8010/0614141/8011/12"),
        ("(8010)0614141/8011/1(8011)2", "8010/0614141/8011/1/8011/2"),
    ] {
        let (one, other) = (one.parse::<Epc>().unwrap(), other.parse::<Epc>().unwrap());
        assert_eq!(one.key(), *other.key());
        assert_eq!(one, other);
        assert_eq!(hash(&one), hash(&other));
        assert_eq!(one, Epc::from_record(one.key()));
    }
    let class = "(8010)0614141/8011/01".parse::<Epc>().unwrap();
    assert!(class.is_class());
    assert_eq!(class, Epc::from_record(class.key()));
}

#[test]
fn the_longest_keys_of_each_scheme_survive() {
    let x = "%&(Z'z-_/9:;<=>?.,+*)!\"0123456789";
    for key in [
        format!("01/09521234543213/21/{}", &x[..20]),
        format!("01/09521234543213/235/{}", &x[..28]),
        format!("8004/4012{}", &x[..26]),
        format!("401/4012{}", &x[..26]),
        format!(
            "8010/{}/8011/999999999999",
            "4012#-/AZ09#-/AZ09#-/AZ0912345"
        ),
        format!("8006/095212345432130199/21/{}", &x[..20]),
        format!("414/9521234543213/254/{}", &x[..20]),
        format!("8003/09521234543213{}", &x[..16]),
        format!("253/9521234543213{}", &x[..17]),
        "255/9521234543213999999999999".to_owned(),
        "00/999999999999999999".to_owned(),
    ] {
        let epc = Epc::from_record(&key);
        assert_eq!(epc.key(), key);
        assert!(epc.is_gs1(), "{key}");
    }
}

#[test]
fn whatever_a_record_holds_stays_what_it_is() {
    for text in [
        "",
        "/",
        "01",
        "01/",
        "01/1",
        "01//21/",
        "01/09521234543213/21/",
        "01/09521234543213/21",
        "01/0952123454321X/21/1",
        "01/09521234543213X",
        "01/09521234543213/99/1",
        "01/09521234543213/21/é",
        "01/09521234543213/21/1234567890123456789012345678901",
        "8010/4012A/8011/",
        "8010/4012A/8011/012",
        "8010/4012A/8011/99999999999999999999",
        "8010/4012A/8011/0",
        "00/1",
        "00/1234567890123456789012345678901234567890",
        "402/12345678901234567",
        "402/12345678901234567X",
        "8004/",
        "8004/äöü",
        "99/1",
        "urn:x:y",
        "414/9521234543213/254/0",
    ] {
        let epc = Epc::from_record(text);
        assert_eq!(epc.key(), text);
        assert_eq!(epc.to_string(), text);
        assert_eq!(String::from(epc.clone()), text);
        assert_eq!(format!("{epc:?}"), format!("Epc({text:?})"));
        let _ = (
            epc.kind(),
            epc.is_class(),
            epc.gtin(),
            epc.serial(),
            epc.lot(),
            epc.gln(),
            epc.digital_link(),
        );
    }
}

#[test]
fn parts_are_told_for_every_shape() {
    #[rustfmt::skip]
    let table = [
        // Key, kind, class, GTIN, serial, lot, GLN.
        ("01/09521234543213",            "gtin",  true,  "09521234543213", "",    "",  ""),
        ("01/00000000000017/10/L",       "lgtin", true,  "00000000000017", "",    "L", ""),
        ("01/09521234543213/21/a/b",     "sgtin", false, "09521234543213", "a/b", "",  ""),
        ("01/09521234543213/235/T",      "upui",  false, "09521234543213", "T",   "",  ""),
        ("8006/095212345432130102",      "itip",  true,  "09521234543213", "",    "",  ""),
        ("8006/095212345432130102/21/7", "itip",  false, "09521234543213", "7",   "",  ""),
        ("8006/095212345432130102/10/7", "itip",  true,  "09521234543213", "",    "7", ""),
        ("00/006141411234567890",        "sscc",  false, "",               "",    "",  ""),
        ("253/0614141123452",            "gdti",  true,  "",               "",    "",  ""),
        ("253/06141411234521",           "gdti",  false, "",               "1",   "",  ""),
        ("255/0614141123452",            "sgcn",  true,  "",               "",    "",  ""),
        ("255/061414112345200",          "sgcn",  false, "",               "00",  "",  ""),
        ("401/0614141A",                 "ginc",  false, "",               "",    "",  ""),
        ("402/06141411234567890",        "gsin",  false, "",               "",    "",  ""),
        ("414/0614141123452",            "sgln",  false, "",               "",    "",  "0614141123452"),
        ("414/0614141123452/254/D",      "sgln",  false, "",               "",    "",  "0614141123452"),
        ("415/0614141123452/8020/R",     "other", false, "",               "",    "",  ""),
        ("417/0614141123452",            "pgln",  false, "",               "",    "",  "0614141123452"),
        ("8003/00614141123452",          "grai",  true,  "",               "",    "",  ""),
        ("8003/00614141123452A",         "grai",  false, "",               "A",   "",  ""),
        ("8004/0614141A",                "giai",  false, "",               "",    "",  ""),
        ("8010/0614141A",                "cpi",   true,  "",               "",    "",  ""),
        ("8010/0614141A/8011/0",         "cpi",   false, "",               "0",   "",  ""),
        ("8013/0614141A",                "other", true,  "",               "",    "",  ""),
        ("8017/061414112345678902",      "gsrnp", false, "",               "",    "",  ""),
        ("8018/061414112345678902",      "gsrn",  false, "",               "",    "",  ""),
        ("urn:epc:class:x",              "other", true,  "",               "",    "",  ""),
        ("urn:x:y",                      "other", false, "",               "",    "",  ""),
    ];
    for (key, kind, class, gtin, serial, lot, gln) in table {
        let epc = Epc::from_record(key);
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        assert_eq!(
            (epc.kind().as_str(), epc.is_class()),
            (kind, class),
            "{key}"
        );
        assert_eq!(epc.gtin().as_deref(), some(gtin), "{key}");
        assert_eq!(epc.serial().as_deref(), some(serial), "{key}");
        assert_eq!(epc.lot().as_deref(), some(lot), "{key}");
        assert_eq!(epc.gln().as_deref(), some(gln), "{key}");
        assert_eq!(epc.is_gs1(), !key.starts_with("urn:"), "{key}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_valid_key_text_survives(text in key_text()) {
        let epc = parse_key(&text).unwrap();
        let written = epc.key();
        // The one key that has two spellings: extension 0 is none.
        let expected = text.strip_suffix("/254/0").unwrap_or(&text);
        prop_assert_eq!(&*written, expected);
        prop_assert_eq!(Epc::from_record(expected), epc.clone());
        prop_assert_eq!(hash(&Epc::from_record(expected)), hash(&epc));
        prop_assert_eq!(epc.is_gs1(), epc.kind() != UnitKind::Other || expected.starts_with("415/") || expected.starts_with("8013/"));
        prop_assert_eq!(partition(epc.key().as_bytes(), 64), partition(expected.as_bytes(), 64));
        let json = serde_json::to_string(&epc).unwrap();
        prop_assert_eq!(serde_json::from_str::<Epc>(&json).unwrap(), epc);
    }

    #[test]
    fn any_text_of_a_record_survives(text in "(00|01|253|401|402|414|8003|8006|8010|urn:x)/[0-9]{0,19}(/21/|/10/|/254/|/8011/|)[!-~é]{0,40}") {
        prop_assert_eq!(Epc::from_record(&text).to_string(), text);
    }

    #[test]
    fn keys_are_equal_and_in_order_as_their_texts_are(texts in prop::collection::vec(key_text(), 2..12)) {
        let keys: Vec<Epc> = texts.iter().map(Epc::from_record).collect();
        for (one, a) in keys.iter().zip(&texts) {
            for (other, b) in keys.iter().zip(&texts) {
                prop_assert_eq!(one.cmp(other), a.cmp(b), "{} {}", a, b);
                prop_assert_eq!(one == other, a == b);
            }
        }
        let distinct: HashSet<&String> = texts.iter().collect();
        prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), distinct.len());
    }

    #[test]
    fn near_keys_are_in_the_order_of_their_texts(
        start in prop::sample::select(vec!["01/09521234543213", "8010/4012A", "8006/095212345432130102", "414/9521234543213", "253/9521234543213"]),
        ends in prop::collection::vec("(/21/|/10/|/235/|/254/|/8011/|/|#|-|A|1|0){0,3}", 2..12),
    ) {
        let texts: Vec<String> = ends.iter().map(|end| format!("{start}{end}")).collect();
        let mut keys: Vec<Epc> = texts.iter().map(Epc::from_record).collect();
        keys.sort();
        let mut texts = texts;
        texts.sort();
        prop_assert_eq!(keys.iter().map(Epc::to_string).collect::<Vec<_>>(), texts);
    }
}
