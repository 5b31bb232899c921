//! EPC binary and tag URIs: known tags of the coding schemes of TDS 1.x, both
//! ways, and what is refused.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use serialtrail_gs1::{
    EpcTag, EpcUri, PlusTag, PrefixLength, PureIdentity, TagScheme, TagUri, parse_element_string,
    parse_identifier,
};

/// Examples of TDS 2.3 annex E.3 for the schemes of TDS 1.x: tag URI, hexadecimal
/// digits (filled up to words here), element string.
const CLASSIC: &[(&str, &str, &str)] = &[
    (
        "urn:epc:tag:sgtin-96:3.95060001343.05.123456789",
        "3066C4409047E140075BCD15",
        "(01)09506000134352(21)123456789",
    ),
    (
        "urn:epc:tag:sgtin-96:3.95060001343.05.6789",
        "3066C4409047E14000001A85",
        "(01)09506000134352(21)6789",
    ),
    (
        "urn:epc:tag:sgtin-198:3.95060001343.05.32a%2Fb",
        "3666C4409047E159B2C2BF100000000000000000000000000000",
        "(01)09506000134352(21)32a/b",
    ),
    (
        "urn:epc:tag:sscc-96:0.952012.03456789123",
        "311BA1B300CE0A6A83000000",
        "(00)095201234567891235",
    ),
    (
        "urn:epc:tag:sgln-96:3.9521141.12345.5678",
        "3276451FD46072000000162E",
        "(414)9521141123454(254)5678",
    ),
    (
        "urn:epc:tag:sgln-195:3.9521141.12345.32a%2Fb",
        "3976451FD46072CD9615F8800000000000000000000000000000",
        "(414)9521141123454(254)32a/b",
    ),
    (
        "urn:epc:tag:grai-96:3.9521141.12345.5678",
        "3376451FD40C0E400000162E",
        "(8003)095211411234545678",
    ),
    (
        "urn:epc:tag:grai-170:3.9521141.12345.32a%2Fb",
        "3776451FD40C0E59B2C2BF1000000000000000000000",
        "(8003)0952114112345432a/b",
    ),
    (
        "urn:epc:tag:giai-96:3.9521141.5678",
        "3476451FD40000000000162E",
        "(8004)95211415678",
    ),
    (
        "urn:epc:tag:giai-202:3.9521141.32a%2Fb",
        "3876451FD59B2C2BF10000000000000000000000000000000000",
        "(8004)952114132a/b",
    ),
    (
        "urn:epc:tag:gsrn-96:3.9521141.1234567890",
        "2D76451FD4499602D2000000",
        "(8018)952114112345678906",
    ),
    (
        "urn:epc:tag:gsrnp-96:3.9521141.1234567890",
        "2E76451FD4499602D2000000",
        "(8017)952114112345678906",
    ),
    (
        "urn:epc:tag:gdti-96:3.9521141.12345.5678",
        "2C76451FD46072000000162E",
        "(253)95211411234545678",
    ),
    (
        "urn:epc:tag:gdti-174:3.9521141.98765.ABCDefgh012345678",
        "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
        "(253)9521141987650ABCDefgh012345678",
    ),
    (
        "urn:epc:tag:cpi-96:3.9521141.98765.12345",
        "3C76451FD400C0E680003039",
        "(8010)952114198765(8011)12345",
    ),
    (
        "urn:epc:tag:cpi-var:3.9521141.5PQ7%2FZ43.12345",
        "3D76451FD75411DEF6B4CC00000003039000",
        "(8010)95211415PQ7/Z43(8011)12345",
    ),
    (
        "urn:epc:tag:sgcn-96:3.9521141.67890.04711",
        "3F76451FD612640000019907",
        "(255)952114167890904711",
    ),
    (
        "urn:epc:tag:itip-110:3.9521141.012345.01.02.981",
        "4076451FD40C0E40820000000F54",
        "(8006)095211411234540102(21)981",
    ),
    (
        "urn:epc:tag:itip-212:3.9521141.012345.01.02.mw133",
        "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
        "(8006)095211411234540102(21)mw133",
    ),
    (
        "urn:epc:tag:gid-96:952056.2718.1414",
        "3500E86F8000A9E000000586",
        "",
    ),
    (
        "urn:epc:tag:usdod-96:3.CAGEY.5678",
        "2F320434147455900000162E",
        "",
    ),
    (
        "urn:epc:tag:adi-var:3.35962.PQ7VZ4.M37GXB92",
        "3B0E0CF5E76C9047759AD00373DC7602E7200000",
        "",
    ),
];

/// Hexadecimal digits filled up to words of four.
fn words(hex: &str) -> String {
    let length = hex.len().next_multiple_of(4);
    format!("{hex:0<length$}")
}

#[test]
fn tags_of_tds_1_come_and_go() {
    for (uri, hex, elements) in CLASSIC {
        let tag: TagUri = uri.parse().unwrap();
        assert_eq!(tag.to_string(), *uri);
        let found = EpcTag::from_hex(hex).unwrap();
        assert_eq!(found, EpcTag::from(tag.clone()), "{hex}");
        assert_eq!(found.to_hex().unwrap(), words(hex), "{uri}");
        let identity = found.pure_identity(None).unwrap();
        assert_eq!(
            identity.to_string().parse::<PureIdentity>(),
            Ok(identity.clone())
        );
        assert_eq!(parse_identifier(uri).unwrap(), found.epc());
        if elements.is_empty() {
            assert_eq!(found.element_string(), None);
            assert_eq!(found.digital_link().unwrap_err().code(), "malformed");
            assert_eq!(found.epc().to_string(), identity.to_string());
            continue;
        }
        assert_eq!(
            found.element_string(),
            Some(parse_element_string(elements).unwrap())
        );
        assert_eq!(parse_identifier(elements).unwrap(), found.epc(), "{uri}");
        assert_eq!(found.digital_link().unwrap().epc(), found.epc());
        // Back from the key, with the length of the prefix and not without.
        let prefix = identity.prefix_length();
        let again = EpcTag::of(found.scheme(), found.filter(), &found.epc(), prefix);
        assert_eq!(again.as_ref(), Ok(&found), "{uri}");
        assert_eq!(
            EpcTag::of(found.scheme(), found.filter(), &found.epc(), None)
                .unwrap_err()
                .code(),
            "prefix_length_unknown"
        );
    }
}

#[test]
fn broken_tags_are_refused_with_their_reason() {
    for (hex, code) in [
        ("", "bad_length"),
        ("30", "bad_length"),
        ("3077257BF7194E4000001A85", "bad_encoding"), // partition 7
        ("E28011606000020000000001", "unknown_header"),
        ("000000000000000000000000", "unknown_header"),
        ("FF0000000000000000000000", "unknown_header"),
        ("3074257BF7194E4000001A8", "bad_length"),
        ("3074257BF7194E4000001A850001", "bad_encoding"), // bits behind the EPC
        ("3174257BF4499602D2000001", "bad_encoding"),     // reserved bits
        ("306FFFFFFFFFFFFFFFFFFFFF", "bad_encoding"),     // company prefix too large
        (
            "3674257BF6B7A659B2C2BF100000000000000000000000000004",
            "bad_encoding",
        ),
        (
            "3674257BF6B7A600000000000000000000000000000000000000",
            "bad_length",
        ), // no serial
        ("3C76451FDFFFFFFFFFFFFFFF", "bad_encoding"),
        ("F73A95211411234538566CB0AFC4", "bad_encoding"), // 1010 is no digit
        ("F73795211411234638566CB0AFC4", "bad_check_digit"),
        ("F737952114112345C8566CB0AFC4", "bad_encoding"),
        ("FB37DCDE795211411234538566CB0AFC4", "bad_encoding"), // date 0111
        ("F7B795211411234538566CB0AFC4", "bad_encoding"),      // data announced, none there
        ("F73795211411234538566CB0AFC41234", "bad_encoding"),  // data not announced
        ("F980952012345678912350012345", "bad_encoding"),      // too short for an SSCC
        ("xyz", "bad_character"),
    ] {
        let found = EpcTag::from_hex(hex);
        assert_eq!(
            found.as_ref().map_or_else(|e| e.code(), |_| "ok"),
            code,
            "{hex} {found:?}"
        );
    }
    assert_eq!(
        EpcTag::decode(&[0x30; 63]).unwrap_err().code(),
        "bad_length"
    );
}

#[test]
fn what_a_scheme_cannot_hold_is_refused() {
    for (uri, code) in [
        (
            "urn:epc:tag:sgtin-96:3.0614141.812345.06789",
            "does_not_fit",
        ),
        (
            "urn:epc:tag:sgtin-96:3.0614141.812345.274877906944",
            "does_not_fit",
        ),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.A", "does_not_fit"),
        ("urn:epc:tag:sgtin-96:8.0614141.812345.1", "does_not_fit"),
        ("urn:epc:tag:sgtin-96:03.0614141.812345.1", "bad_character"),
        ("urn:epc:tag:sgtin-96:0614141.812345.1", "bad_character"),
        ("urn:epc:tag:sgtin-95:3.0614141.812345.1", "unknown_scheme"),
        ("urn:epc:tag:SGTIN-96:3.0614141.812345.1", "unknown_scheme"),
        (
            "urn:epc:tag:sgln-96:3.9521141.12345.2199023255552",
            "does_not_fit",
        ),
        ("urn:epc:tag:cpi-96:3.9521141.0987.1", "does_not_fit"),
        ("urn:epc:tag:cpi-96:3.952114112345.1999.1", "does_not_fit"),
        (
            "urn:epc:tag:cpi-96:3.9521141.98765.2147483648",
            "does_not_fit",
        ),
        ("urn:epc:tag:gdti-113:3.9521141.12345.A", "does_not_fit"),
        ("urn:epc:tag:gid-96:268435456.1.1", "does_not_fit"),
        ("urn:epc:tag:giai-96:3.9521141.A1", "does_not_fit"),
        (
            "urn:epc:tag:giai-202:3.9521141.123456789012345678901234",
            "bad_length",
        ),
        ("urn:epc:tag:usdod-96:3.CAGEI.1", "bad_character"),
        ("urn:epc:tag:usdod-96:3.CAGEY.68719476736", "does_not_fit"),
        ("urn:epc:tag:adi-var:64.35962..1", "does_not_fit"),
        (
            "urn:epc:tag:[umi=1][att=x01]:sgtin-96:3.0614141.812345.1",
            "malformed",
        ),
        (
            "urn:epc:tag:[att=x1]:sgtin-96:3.0614141.812345.1",
            "malformed",
        ),
        (
            "urn:epc:tag:[att=x01]sgtin-96:3.0614141.812345.1",
            "malformed",
        ),
    ] {
        let found = uri.parse::<TagUri>();
        assert_eq!(
            found.as_ref().map_or_else(|e| e.code(), |_| "ok"),
            code,
            "{uri} {found:?}"
        );
        assert!(parse_identifier(uri).is_err());
    }
    let gtin = parse_identifier("(01)79521141123453").unwrap();
    let lot = parse_identifier("(01)79521141123453(10)1").unwrap();
    let sscc = parse_identifier("(00)095201234567891235").unwrap();
    for (scheme, epc, code) in [
        (TagScheme::SgtinPlus, &gtin, "malformed"),
        (TagScheme::SgtinPlus, &lot, "malformed"),
        (TagScheme::SgtinPlus, &sscc, "unknown_scheme"),
        (TagScheme::Sgtin96, &gtin, "malformed"),
        (TagScheme::Sgtin96, &sscc, "unknown_scheme"),
    ] {
        let prefix = PrefixLength::new(7).ok();
        let found = EpcTag::of(scheme, 0, epc, prefix).unwrap_err();
        assert_eq!(found.code(), code, "{scheme} {epc} {found}");
    }
    let host = PlusTag::new(TagScheme::SsccPlusPlus, 0, &sscc).unwrap();
    assert_eq!(
        EpcTag::from(host.clone()).to_binary().unwrap_err().code(),
        "does_not_fit"
    );
    assert_eq!(
        host.with_hostname("a b").unwrap_err().code(),
        "does_not_fit"
    );
}

#[test]
fn the_old_document_tag_keeps_leading_zeros() {
    let uri = "urn:epc:tag:gdti-113:3.9521141.12345.00100";
    let tag: TagUri = uri.parse().unwrap();
    let tag = EpcTag::from(tag);
    let hex = tag.to_hex().unwrap();
    assert_eq!((hex.len(), &hex[..2]), (32, "3A"));
    let EpcTag::Classic(found) = EpcTag::from_hex(&hex).unwrap() else {
        panic!("GDTI-113 is of TDS 1");
    };
    assert_eq!(found.to_string(), uri);
}

#[test]
fn the_published_vectors_hold_both_ways() {
    let root = std::env::var_os("VECTORS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors"),
        PathBuf::from,
    );
    let path = root.join("epc-binary/epc-binary-vectors.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: no published vectors at {}", path.display());
        return;
    };
    let (mut passed, mut all) = (0, 0);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        all += 1;
        if line.get("reject").is_some() {
            match line["hex"].as_str() {
                Some(hex) => assert!(EpcTag::from_hex(hex).is_err(), "{line}"),
                None => {
                    let identity: PureIdentity = line["input"].as_str().unwrap().parse().unwrap();
                    let scheme = TagScheme::of_uri_name(line["as_scheme"].as_str().unwrap());
                    let tag = TagUri::new(scheme.unwrap(), 0, identity, Default::default());
                    assert_eq!(tag.unwrap_err().code(), "does_not_fit", "{line}");
                }
            }
            passed += 1;
            continue;
        }
        let (hex, uri, tag) = (
            line["hex"].as_str().unwrap(),
            line["uri"].as_str().unwrap(),
            line["tag"].as_str().unwrap(),
        );
        let found = EpcTag::from_hex(hex).unwrap();
        let EpcTag::Classic(found_uri) = &found else {
            panic!("{line}");
        };
        assert_eq!(found_uri.to_string(), tag);
        assert_eq!(found_uri.identity().to_string(), uri);
        assert_eq!(found.to_hex().unwrap(), words(hex));
        assert_eq!(EpcTag::from(tag.parse::<TagUri>().unwrap()), found);
        assert_eq!(parse_identifier(uri).unwrap(), found.epc());
        if let Some(elements) = line["gs1"].as_str() {
            assert_eq!(parse_identifier(elements).unwrap(), found.epc());
        }
        assert!(matches!(tag.parse(), Ok(EpcUri::Tag(_))));
        passed += 1;
    }
    println!("epc-binary-vectors.jsonl: {passed}/{all}");
    assert!(all > 0 && passed == all);
}
