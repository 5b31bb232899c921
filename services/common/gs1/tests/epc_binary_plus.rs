//! EPC binary of TDS 2.x: known tags of every coding scheme, both ways, and the
//! data behind the EPC.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use serialtrail_gs1::{EpcTag, PlusTag, TagScheme, parse_element_string, parse_identifier};

/// Examples of TDS 2.3 annex E.3 for the schemes of TDS 2.x: hexadecimal digits,
/// element string, hostname. The annex begins SSCC++ and ITIP++ with
/// F9 and F3, the headers of SSCC+ and ITIP+ (table 14-1 has EF and ED), and shows
/// example.com for SGTIN++ and DSGTIN++ where the bits say id.example.com: here
/// they are as table 14-1 and the bits have them.
const PLUS: &[(&str, &str, &str)] = &[
    (
        "F73795211411234538566CB0AFC4",
        "(01)79521141123453(21)32a/b",
        "",
    ),
    (
        "FB342CDE795211411234538566CB0AFC4",
        "(01)79521141123453(21)32a/b(17)220630",
        "",
    ),
    (
        "FD3795211411234538566CB0AFC525065F1876F0D996D800",
        "(01)79521141123453(21)32a/b",
        "id.example.com",
    ),
    (
        "FC342CDE795211411234538566CB0AFC525065F1876F0D996D80",
        "(01)79521141123453(21)32a/b(17)220630",
        "id.example.com",
    ),
    ("F90095201234567891235", "(00)095201234567891235", ""),
    (
        "EF009520123456789123592832F8C3B786CCB6C0",
        "(00)095201234567891235",
        "id.example.com",
    ),
    (
        "F2395211411234548566CB0AFC4",
        "(414)9521141123454(254)32a/b",
        "",
    ),
    (
        "E9395211411234548566CB0AFC525065F1876F0D996D8000",
        "(414)9521141123454(254)32a/b",
        "id.example.com",
    ),
    (
        "F13095211411234548566CB0AFC4",
        "(8003)0952114112345432a/b",
        "",
    ),
    (
        "EB3095211411234548566CB0AFC525065F1876F0D996D800",
        "(8003)0952114112345432a/b",
        "id.example.com",
    ),
    ("FA3952114132E83C2BF10", "(8004)952114132a/b", ""),
    (
        "EE3952114132E83C2BF1494197C61DBC3665B600",
        "(8004)952114132a/b",
        "id.example.com",
    ),
    ("F43952114112345678906", "(8018)952114112345678906", ""),
    (
        "E7395211411234567890692832F8C3B786CCB6C0",
        "(8018)952114112345678906",
        "id.example.com",
    ),
    ("F53952114112345678906", "(8017)952114112345678906", ""),
    (
        "E8395211411234567890692832F8C3B786CCB6C0",
        "(8017)952114112345678906",
        "id.example.com",
    ),
    ("F6395211411234540458B8", "(253)95211411234545678", ""),
    (
        "EA395211411234540458BA4A0CBE30EDE1B32DB0",
        "(253)95211411234545678",
        "id.example.com",
    ),
    (
        "F0395211415E87A145BAFB4D19A8C0E4",
        "(8010)95211415PQ7/Z43(8011)12345",
        "",
    ),
    (
        "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000",
        "(8010)95211415PQ7/Z43(8011)12345",
        "id.example.com",
    ),
    ("F839521141678909509338", "(255)952114167890904711", ""),
    (
        "EC3952114167890950933C94197C61DBC3665B60",
        "(255)952114167890904711",
        "id.example.com",
    ),
    (
        "F3309521141123454010266AE27FDF35",
        "(8006)095211411234540102(21)rif981",
        "",
    ),
    (
        "ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00",
        "(8006)095211411234540102(21)rif981",
        "id.example.com",
    ),
];

/// Hexadecimal digits filled up to words of four.
fn words(hex: &str) -> String {
    let length = hex.len().next_multiple_of(4);
    format!("{hex:0<length$}")
}

#[test]
fn tags_of_tds_2_come_and_go() {
    for (hex, elements, host) in PLUS {
        let tag = EpcTag::from_hex(hex).unwrap();
        assert_eq!(tag.to_hex().unwrap(), words(hex));
        let EpcTag::Plus(plus) = &tag else {
            panic!("{hex} is of TDS 2");
        };
        assert_eq!(plus.hostname().unwrap_or_default(), *host, "{hex}");
        let mut expected: Vec<_> = parse_element_string(elements)
            .unwrap()
            .iter()
            .map(|(ai, value)| (ai.to_owned(), value.to_owned()))
            .collect();
        let mut found: Vec<_> = plus
            .elements()
            .map(|(ai, value)| (ai.to_owned(), value.to_owned()))
            .collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{hex}");
        assert_eq!(parse_identifier(elements).unwrap(), tag.epc());
        let link = tag.digital_link().unwrap().to_string();
        let shown = if host.is_empty() { "id.gs1.org" } else { host };
        assert!(link.starts_with(&format!("https://{shown}/")), "{link}");
        assert_eq!(parse_identifier(&link).unwrap(), tag.epc());
        assert_eq!(
            tag.pure_identity(None).unwrap_err().code(),
            "prefix_length_unknown"
        );
        // Built from the key, it is the same tag.
        let mut built = PlusTag::new(tag.scheme(), tag.filter(), &tag.epc()).unwrap();
        if let Some((ai, date)) = plus.date() {
            built = built.with_date(ai, date).unwrap();
        }
        if let Some(host) = plus.hostname() {
            built = built.with_hostname(host).unwrap();
        }
        assert_eq!(EpcTag::from(built), tag);
    }
    for scheme in TagScheme::all().filter(|scheme| scheme.is_plus()) {
        assert!(
            PLUS.iter()
                .any(|(hex, ..)| EpcTag::from_hex(hex).unwrap().scheme() == scheme),
            "{scheme} has an example"
        );
    }
}

#[test]
fn a_place_without_extension_is_written_with_extension_0() {
    let place = parse_identifier("(414)9521141123454").unwrap();
    let tag = EpcTag::of(TagScheme::SglnPlus, 0, &place, None).unwrap();
    let found = EpcTag::decode(&tag.to_binary().unwrap()).unwrap();
    assert_eq!((found.epc(), &found), (place, &tag));
    assert_eq!(found.element_string().unwrap().get("254"), None);
    assert_eq!(
        found.digital_link().unwrap().to_string(),
        "https://id.gs1.org/414/9521141123454"
    );
}

#[test]
fn the_link_of_a_tag_has_what_is_behind_the_epc() {
    // The link of annex E.3 for DSGTIN+.
    let tag = EpcTag::from_hex("FB342CDE795211411234538566CB0AFC4").unwrap();
    assert_eq!(
        tag.digital_link().unwrap().to_string(),
        "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630"
    );
    let tag = PlusTag::new(TagScheme::SgtinPlusPlus, 0, &tag.epc())
        .and_then(|tag| tag.with_hostname("id.example.com"))
        .and_then(|tag| tag.with_data("3103", "000195"))
        .and_then(|tag| tag.with_data("10", "L1"))
        .unwrap();
    let tag = EpcTag::decode(&EpcTag::from(tag).to_binary().unwrap()).unwrap();
    assert_eq!(
        tag.digital_link().unwrap().to_string(),
        "https://id.example.com/01/79521141123453/10/L1/21/32a%2Fb?3103=000195"
    );
}

#[test]
fn units_of_other_schemes_and_classes_are_refused() {
    for (scheme, epc, code) in [
        (TagScheme::SgtinPlus, "(01)79521141123453", "malformed"),
        (
            TagScheme::SgtinPlus,
            "(01)79521141123453(10)L/21/1",
            "malformed",
        ),
        (
            TagScheme::SgtinPlus,
            "(01)79521141123453(235)X/21/1",
            "unknown_scheme",
        ),
        (TagScheme::GraiPlus, "(8003)09521141123454", "malformed"),
        (TagScheme::GdtiPlus, "(253)9521141123454", "malformed"),
        (TagScheme::SgcnPlus, "(255)9521141678909", "malformed"),
        (TagScheme::CpiPlus, "(8010)9521141A", "malformed"),
        (
            TagScheme::SsccPlus,
            "(8018)952114112345678906",
            "unknown_scheme",
        ),
        (
            TagScheme::Sscc96,
            "(00)095201234567891235",
            "unknown_scheme",
        ),
    ] {
        let epc = parse_identifier(epc).unwrap();
        let found = PlusTag::new(scheme, 0, &epc);
        assert_eq!(found.unwrap_err().code(), code, "{scheme} {epc}");
    }
}

#[test]
fn data_follows_the_epc() {
    let unit = parse_identifier("(01)79521141123453(21)32a/b").unwrap();
    let values = [
        ("00", "106141412345678908"),
        ("10", "ABC123"),
        ("17", "261231"),
        ("20", "07"),
        ("22", "2A"),
        ("242", "000123"),
        ("253", "9521141123454"),
        ("255", "952114167890904711"),
        ("3103", "000123"),
        ("3912", "97800099"),
        ("402", "95211411234567892"),
        ("421", "276ABC/1"),
        ("4307", "DE"),
        ("4309", "02790858483015297971"),
        ("4321", "1"),
        ("4324", "2212312359"),
        ("4330", "001234-"),
        ("4331", "001234"),
        ("7003", "2612312359"),
        ("7007", "220101220131"),
        ("7011", "220101"),
        ("7023", "952114132a/b"),
        ("7030", "276X1"),
        ("7241", "10"),
        ("7258", "1/3"),
        ("8003", "09521141123454"),
        ("8008", "22123123"),
        ("8011", "123456789012"),
        ("8111", "1234"),
        ("99", "own-data"),
    ];
    for (ai, value) in values {
        let mut tag = PlusTag::new(TagScheme::SgtinPlus, 1, &unit)
            .and_then(|tag| tag.with_data(ai, value))
            .unwrap();
        if ai != "10" {
            tag = tag.with_data("10", "L1").unwrap();
        }
        let tag = EpcTag::from(tag);
        let bytes = tag.to_binary().unwrap();
        assert_eq!(bytes[1] & 0x80, 0x80, "the toggle bit tells of data");
        assert_eq!(EpcTag::decode(&bytes).as_ref(), Ok(&tag), "({ai}){value}");
        assert_eq!(tag.element_string().unwrap().get(ai), Some(value));
        assert_eq!(tag.epc(), unit);
    }
}

#[test]
fn data_that_is_not_known_stays_bits() {
    // SSCC+ with its toggle bit set, then (03), which tags do not hold, a header
    // that is reserved, digits that start no AI, more that are not all digits, and
    // (8099) and (8100), which table F lacks; zeros at their end are theirs.
    for (data, ai) in [
        ("03095211411234", None),
        ("A1234", None),
        ("8899123", None),
        ("9A12345", None),
        ("391F123", None),
        ("8099123", Some("8099")),
        ("8100", Some("8100")),
    ] {
        let hex = words(&format!("F98095201234567891235{data}"));
        let tag = EpcTag::from_hex(&hex).unwrap();
        let EpcTag::Plus(plus) = &tag else {
            panic!("{hex} is of TDS 2");
        };
        let remainder = plus.remainder().unwrap();
        assert_eq!(remainder.ai.as_deref(), ai);
        assert!(remainder.bits.to_hex().starts_with(data), "{data}");
        assert_eq!(tag.to_hex().unwrap(), hex);
    }
}

/// Values that an AI may have and an EPC tag may not hold.
const NOT_ON_TAGS: &[&str] = &[
    // Made-to-order GTINs and device registrations (TDS 2.3 §15.3, below table F).
    "03", "8014",
];

#[test]
fn every_valid_value_of_the_published_vectors_goes_behind_an_epc_and_comes_back() {
    let root = std::env::var_os("VECTORS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors"),
        PathBuf::from,
    );
    let mut text = String::new();
    for file in [
        "ai_linter_table",
        "ai_parse_bracketed",
        "ai_process_unbracketed",
    ] {
        let path = root.join(format!("gs1-syntax-engine-vectors/{file}.jsonl"));
        match std::fs::read_to_string(&path) {
            Ok(lines) => text.push_str(&lines),
            Err(_) => {
                eprintln!("SKIPPED: no published vectors at {}", path.display());
                return;
            }
        }
    }
    let unit = parse_identifier("(00)095201234567891235").unwrap();
    let (mut passed, mut all) = (0, 0);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let input = line["input"].as_str().or(line["ai"].as_str()).unwrap();
        let Ok(elements) = parse_element_string(input) else {
            continue;
        };
        for (ai, value) in elements.iter().filter(|(ai, _)| *ai != "00") {
            all += 1;
            let tag = PlusTag::new(TagScheme::SsccPlus, 0, &unit).unwrap();
            match tag.with_data(ai, value) {
                Ok(tag) => {
                    let tag = EpcTag::from(tag);
                    let bytes = tag.to_binary().unwrap();
                    assert_eq!(EpcTag::decode(&bytes), Ok(tag), "({ai}){value}");
                    passed += 1;
                }
                Err(e) => assert!(NOT_ON_TAGS.contains(&ai), "({ai}){value}: {e}"),
            }
        }
    }
    println!("syntax engine vectors: {passed}/{all} valid values held by a tag");
    assert!(passed > 0);
}
