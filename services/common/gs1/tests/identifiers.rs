//! One thing, one key, whatever spelling it came in.
#![allow(clippy::unwrap_used)]

use serialtrail_gs1::{Epc, UnitKind, parse_identifier, parse_key, parse_scan, place_gln};

/// Spellings of one identifier, and its key.
const SAME: &[(&str, &[&str])] = &[
    (
        "01/80614141123458/21/6789",
        &[
            "urn:epc:id:sgtin:0614141.812345.6789",
            "URN:EPC:id:sgtin:0614141.812345.6789",
            "https://id.gs1.org/01/80614141123458/21/6789",
            "http://brand.example.com/some/stem/01/80614141123458/21/6789?17=271231#x",
            "https://example.com/01/80614141123458/22/2A/10/L1/21/6789",
            "https://example.com/gtin/80614141123458/ser/6789",
            "HTTPS://EXAMPLE.COM/01/80614141123458/21/6789/",
            "(01)80614141123458(21)6789",
            "(17)271231(10)L1(01)80614141123458(21)6789",
            "01806141411234581727123110L1\u{1d}216789",
            "]d20180614141123458216789",
            "^0180614141123458216789",
            "01/80614141123458/21/6789",
            "urn:epc:idpat:sgtin:0614141.812345.6789",
        ],
    ),
    (
        "01/70614141123451/21/32a/b",
        &[
            "urn:epc:id:sgtin:0614141.712345.32a%2Fb",
            "urn:epc:id:sgtin:0614141.712345.32a%2fb",
            "https://id.gs1.org/01/70614141123451/21/32a%2Fb",
            "01/70614141123451/21/32a/b",
        ],
    ),
    (
        "01/00416000336108/21/a(b",
        &[
            "https://example.com/01/416000336108/21/a(b",
            "(01)00416000336108(21)a\\(b",
            "(01)00416000336108(21)a(b",
        ],
    ),
    (
        "00/106141412345678908",
        &[
            "urn:epc:id:sscc:0614141.1234567890",
            "(00)106141412345678908",
        ],
    ),
    (
        "414/0614141123452/254/32a/b",
        &[
            "urn:epc:id:sgln:0614141.12345.32a%2Fb",
            "https://id.gs1.org/414/0614141123452/254/32a%2Fb",
        ],
    ),
    (
        "414/0614141123452",
        &[
            "urn:epc:id:sgln:0614141.12345.0",
            "https://id.gs1.org/414/0614141123452",
            "https://id.gs1.org/414/0614141123452/254/0",
            "414/0614141123452/254/0",
        ],
    ),
    ("414/0614141123452", &["urn:epc:id:sgln:061414112345..0"]),
    (
        "417/0614141123452",
        &[
            "urn:epc:id:pgln:0614141.12345",
            "https://id.gs1.org/417/0614141123452",
        ],
    ),
    (
        "8003/00614141123452400",
        &["urn:epc:id:grai:0614141.12345.400"],
    ),
    (
        "8003/00614141123452",
        &["urn:epc:idpat:grai:0614141.12345.*"],
    ),
    (
        "8004/061414112345400",
        &["urn:epc:id:giai:0614141.12345400"],
    ),
    (
        "8018/061414112345678902",
        &["urn:epc:id:gsrn:0614141.1234567890"],
    ),
    (
        "8017/061414112345678902",
        &["urn:epc:id:gsrnp:0614141.1234567890"],
    ),
    (
        "253/06141411234521234",
        &["urn:epc:id:gdti:0614141.12345.1234"],
    ),
    (
        "8010/06141415PQ7/Z43/8011/12345",
        &["urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345"],
    ),
    (
        "8010/06141415PQ7/Z43",
        &["urn:epc:idpat:cpi:0614141.5PQ7%2FZ43.*"],
    ),
    (
        "255/401234567890104711",
        &["urn:epc:id:sgcn:4012345.67890.04711"],
    ),
    (
        "401/0614141xyz47/11",
        &["urn:epc:id:ginc:0614141.xyz47%2F11"],
    ),
    (
        "402/06141411234567890",
        &["urn:epc:id:gsin:0614141.123456789"],
    ),
    (
        "8006/040123451234560102/21/987",
        &["urn:epc:id:itip:4012345.012345.01.02.987"],
    ),
    (
        "01/09521234543213/235/51qIgY)%<&Jp3*j7'SDB",
        &["urn:epc:id:upui:9521234.054321.51qIgY)%25%3C%26Jp3*j7'SDB"],
    ),
    (
        "01/04012345999990/10/Lot1",
        &[
            "urn:epc:class:lgtin:4012345.099999.Lot1",
            "(01)04012345999990(10)Lot1",
        ],
    ),
    (
        "01/04012345999990",
        &[
            "urn:epc:idpat:sgtin:4012345.099999.*",
            "https://id.gs1.org/01/04012345999990",
        ],
    ),
    (
        "urn:epc:id:gid:952056.2718.1414",
        &["urn:epc:id:gid:952056.2718.1414"],
    ),
    ("urn:epc:id:adi:2S194..1", &[]),
    (
        "urn:epc:id:bic:CSQU3054383",
        &["urn:epc:id:bic:CSQU3054383"],
    ),
    (
        "urn:uuid:0b1b9e3c-7a2f-4f6b-9a75-1f2b3c4d5e6f",
        &["urn:uuid:0b1b9e3c-7a2f-4f6b-9a75-1f2b3c4d5e6f"],
    ),
    (
        "https://example.com/orders/01/77",
        &["https://example.com/orders/01/77"],
    ),
    ("geo:52.5,13.4", &["geo:52.5,13.4"]),
    (
        "urn:epc:idpat:sgtin:4012345.*.*",
        &["urn:epc:idpat:sgtin:4012345.*.*"],
    ),
];

#[test]
fn every_spelling_of_a_unit_has_the_same_key() {
    for (key, spellings) in SAME {
        for spelling in *spellings {
            assert_eq!(
                parse_identifier(spelling).map(String::from).as_deref(),
                Ok(*key),
                "{spelling}"
            );
        }
    }
}

#[test]
fn a_key_survives_its_digital_link_and_its_own_form() {
    for (key, spellings) in SAME.iter().filter(|(_, spellings)| !spellings.is_empty()) {
        let unit = parse_identifier(spellings[0]).unwrap();
        assert_eq!(unit.key(), *key);
        assert_eq!(
            parse_identifier(&unit.digital_link()).as_ref(),
            Ok(&unit),
            "{}",
            unit.digital_link()
        );
        assert_eq!(parse_key(key).as_ref(), Ok(&unit));
        let json = serde_json::to_string(&unit).unwrap();
        assert_eq!(serde_json::from_str::<Epc>(&json).unwrap(), unit);
    }
}

#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    for (text, code) in [
        ("", "malformed"),
        ("hello", "malformed"),
        ("4012345999990", "malformed"),
        (
            "https://id.gs1.org/01/80614141123450/21/6789",
            "bad_check_digit",
        ),
        ("https://example.com/01/80614141123450", "bad_check_digit"),
        (
            "https://example.com/01/8061414112345/21/6789",
            "bad_check_digit",
        ),
        ("https://example.com/01/806141411234/21/", "bad_check_digit"),
        ("https://id.gs1.org/01/80614141123458/21/", "bad_length"),
        (
            "https://id.gs1.org/01/80614141123458/21/123456789012345678901",
            "bad_length",
        ),
        (
            "https://id.gs1.org/01/80614141123458/21/a%20b",
            "bad_character",
        ),
        (
            "https://id.gs1.org/01/80614141123458/21/a%2",
            "bad_character",
        ),
        (
            "https://id.gs1.org/01/80614141123458/21/%FF",
            "bad_character",
        ),
        ("https://id.gs1.org/hello", "malformed"),
        ("(01)80614141123450(21)6789", "bad_check_digit"),
        ("(01)80614141123458(21)6789(21)6780", "malformed"),
        ("(10)LOT", "malformed"),
        ("(89)1", "unknown_ai"),
        ("01/80614141123450/21/6789", "bad_check_digit"),
        ("01/80614141123458/17/271231", "malformed"),
        ("01/80614141123458/21", "malformed"),
        ("00/10614141234567890", "bad_length"),
        ("urn:epc:id:sgtin:0614141.812345", "malformed"),
        ("urn:epc:id:sgtin:0614141.812345.", "bad_length"),
        ("urn:epc:id:sgtin:0614141.81234.6789", "bad_length"),
        ("urn:epc:id:sgtin:06141.81234567.6789", "bad_length"),
        ("urn:epc:id:sgtin:0614141.8A2345.6789", "bad_character"),
        ("urn:epc:id:sgtin:0614141.812345.32a/b", "bad_character"),
        ("urn:epc:id:sgtin:0614141.812345.%zz", "bad_character"),
        (
            "urn:epc:id:sgtin:0614141.812345.123456789012345678901",
            "bad_length",
        ),
        ("urn:epc:id:sgtin:0614141.812345.*", "ok"),
        ("urn:epc:id:sgtim:0614141.812345.1", "unknown_scheme"),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.6789", "ok"),
        ("urn:epc:pat:sgtin-96:3.0614141.*.*", "unknown_scheme"),
        ("urn:epc:raw:96.x3074257BF7194E4000001A85", "unknown_scheme"),
        ("urn:epc:id:lgtin:4012345.099999.Lot1", "unknown_scheme"),
        ("urn:epc:id:bic:CSQU3054384", "bad_check_digit"),
        ("urn:epc:id:imovn:9176188", "bad_check_digit"),
        ("urn:epc:id:usdod:2S19I.1", "bad_character"),
        ("urn:epc:id:adi:2S194.#1.1", "bad_character"),
        ("urn:epc:id:gid:952056.02718.1414", "bad_character"),
        ("urn:epc:class:sgtin:0614141.812345.6789", "unknown_scheme"),
        ("urn:epc:idpat:sgtin:0614141.*.6789", "malformed"),
        ("urn:epc:id:cpi:0614141.5PQ7%2FZ43.0123", "bad_character"),
        ("urn:epc:id:cpi:0614141.5PQ7%2FZ43.0", "bad_value"),
        // Qualifiers out of order, and of another key.
        (
            "https://example.com/01/80614141123458/21/S/10/L",
            "malformed",
        ),
        (
            "https://example.com/00/106141412345678908/21/S",
            "malformed",
        ),
        ("urn:epc:id:itip:4012345.012345.03.02.987", "bad_value"),
        ("urn:with space:x", "bad_character"),
    ] {
        let found = parse_identifier(text);
        assert_eq!(
            found.as_ref().map_or_else(|e| e.code(), |_| "ok"),
            code,
            "{text} {found:?}"
        );
        if let Err(e) = found {
            assert!(!e.to_string().is_empty());
        }
    }
    assert_eq!(
        parse_identifier(&"x:".repeat(1000)).unwrap_err().code(),
        "bad_length"
    );
}

#[test]
fn a_refusal_names_the_place() {
    let e = parse_identifier("urn:epc:id:sgtin:0614141.81234.6789").unwrap_err();
    assert!(
        e.to_string().contains("12 digits together, expected 13"),
        "{e}"
    );
    let e = parse_identifier("(01)80614141123450(21)6789").unwrap_err();
    assert!(e.to_string().contains("the check digit should be 8"), "{e}");
    let e = parse_identifier("(01)80614141123458(21)67 89").unwrap_err();
    assert!(
        e.to_string().contains("SERIAL (21)") && e.to_string().contains("character 3"),
        "{e}"
    );
}

#[test]
fn a_key_knows_its_parts() {
    let pack = parse_identifier("urn:epc:id:sgtin:0614141.712345.32a%2Fb").unwrap();
    assert_eq!((pack.kind(), pack.is_class()), (UnitKind::Sgtin, false));
    assert_eq!(
        (pack.gtin().as_deref(), pack.serial().as_deref(), pack.lot()),
        (Some("70614141123451"), Some("32a/b"), None)
    );
    assert_eq!(
        pack.digital_link(),
        "https://id.gs1.org/01/70614141123451/21/32a%2Fb"
    );

    let lot = parse_identifier("urn:epc:class:lgtin:4012345.099999.L/10/1").unwrap_err();
    assert_eq!(lot.code(), "bad_character");
    let lot = parse_identifier("urn:epc:class:lgtin:4012345.099999.L%2F21%2F1").unwrap();
    assert_eq!((lot.kind(), lot.is_class()), (UnitKind::Lgtin, true));
    assert_eq!((lot.lot().as_deref(), lot.serial()), (Some("L/21/1"), None));

    for (text, kind, class, serial) in [
        (
            "urn:epc:id:grai:0614141.12345.400",
            "grai",
            false,
            Some("400"),
        ),
        ("8003/00614141123452", "grai", true, None),
        (
            "urn:epc:id:gdti:0614141.12345.1234",
            "gdti",
            false,
            Some("1234"),
        ),
        ("urn:epc:id:cpi:0614141.5PQ7.12", "cpi", false, Some("12")),
        ("urn:epc:id:sscc:0614141.1234567890", "sscc", false, None),
        ("urn:epc:id:gid:952056.2718.1414", "other", false, None),
        ("urn:epc:idpat:gid:952056.2718.*", "other", true, None),
    ] {
        let key = parse_identifier(text).unwrap();
        assert_eq!(
            (key.kind().as_str(), key.is_class(), key.serial().as_deref()),
            (kind, class, serial),
            "{text}"
        );
    }
}

#[test]
fn a_place_is_its_gln_in_any_spelling() {
    for text in [
        "urn:epc:id:sgln:0614141.12345.0",
        "urn:epc:id:sgln:0614141.12345.dock-3",
        "https://example.com/414/0614141123452/254/dock-3",
        "414/0614141123452",
        "(414)0614141123452(254)dock-3",
    ] {
        assert_eq!(place_gln(text).as_deref(), Some("0614141123452"), "{text}");
    }
    for text in [
        "geo:52.5,13.4",
        "urn:epc:id:pgln:0614141.12345",
        "https://example.com/dock",
        "nonsense",
    ] {
        assert_eq!(place_gln(text), None, "{text}");
    }
}

#[test]
fn a_scan_tells_unit_lot_and_expiry() {
    for text in [
        "(01)04012345999990(21)S1(10)L1(17)270600",
        "010401234599999021S1\u{1d}10L1\u{1d}17270600",
        "]d2010401234599999021S1^10L1^17270600",
        "https://example.com/01/04012345999990/10/L1/21/S1?17=270600",
    ] {
        let scan = parse_scan(text).unwrap();
        assert_eq!(scan.key.key(), "01/04012345999990/21/S1", "{text}");
        assert_eq!(scan.lot.as_deref(), Some("L1"), "{text}");
        assert_eq!(scan.expiry.unwrap().to_string(), "2027-06-30", "{text}");
    }
    let scan = parse_scan("urn:epc:id:sgtin:4012345.099999.S1").unwrap();
    assert_eq!(
        (&*scan.key.key(), scan.lot, scan.expiry),
        ("01/04012345999990/21/S1", None, None)
    );
    assert_eq!(
        parse_scan("(01)04012345999990(21)S1(17)270631")
            .unwrap_err()
            .code(),
        "bad_date"
    );
}

#[test]
fn what_is_too_long_is_refused_with_a_short_message() {
    let long = "a".repeat(9000);
    for error in [
        parse_identifier(&format!("urn:x:{long}")).unwrap_err(),
        parse_key(&format!("urn:x:{long}")).unwrap_err(),
        parse_scan(&format!("https://example.com/01/09521234543213?x={long}")).unwrap_err(),
        parse_scan(&format!("({long})1")).unwrap_err(),
    ] {
        assert_eq!(error.code(), "bad_length", "{error}");
        assert!(error.to_string().len() < 200, "{error}");
    }
    let error = parse_identifier(&format!("({})1", &long[..1000])).unwrap_err();
    assert_eq!(error.code(), "unknown_ai");
    assert!(error.to_string().len() < 100, "{error}");
}

#[test]
fn a_message_names_the_place_and_the_ai() {
    for (text, says) in [
        ("urn:epc:id:sgtin:4012345.0x6666.1", "'x' at 2"),
        ("(01)09521234543213(8110)0123456A", "AI (8110)"),
        ("(\n)1", "(\\n) is not"),
    ] {
        let error = parse_identifier(text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
