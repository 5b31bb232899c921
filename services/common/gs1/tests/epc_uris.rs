//! EPC URIs: their grammar, their patterns, and the split of the company prefix.
#![allow(clippy::unwrap_used)]

use serialtrail_gs1::{
    EpcUri, IdPattern, PrefixLength, PureIdentity, RawUri, TagPattern, TagUri, parse_identifier,
};

/// Pure identities of every scheme and their element strings (TDS 2.x §6.3, §7).
const IDENTITIES: &[(&str, &str)] = &[
    (
        "urn:epc:id:sgtin:9521141.012345.4711",
        "(01)09521141123454(21)4711",
    ),
    (
        "urn:epc:id:sgtin:952656789012.0.4711",
        "(01)09526567890126(21)4711",
    ),
    (
        "urn:epc:id:sgtin:00000950.01093.X",
        "(01)00000095010939(21)X",
    ),
    (
        "urn:epc:id:sscc:9521141.1234567890",
        "(00)195211412345678900",
    ),
    (
        "urn:epc:id:sscc:952656789012.03456",
        "(00)095265678901234568",
    ),
    (
        "urn:epc:id:sgln:9521141.12345.400",
        "(414)9521141123454(254)400",
    ),
    ("urn:epc:id:sgln:952656789012..0", "(414)9526567890126"),
    (
        "urn:epc:id:grai:9521141.12345.400",
        "(8003)09521141123454400",
    ),
    ("urn:epc:id:giai:9521141.12345400", "(8004)952114112345400"),
    (
        "urn:epc:id:gsrn:9521141.1234567890",
        "(8018)952114112345678906",
    ),
    (
        "urn:epc:id:gsrnp:9521141.1234567890",
        "(8017)952114112345678906",
    ),
    ("urn:epc:id:gdti:9521141.12345.400", "(253)9521141123454400"),
    (
        "urn:epc:id:cpi:9521141.123ABC.123456789",
        "(8010)9521141123ABC(8011)123456789",
    ),
    (
        "urn:epc:id:cpi:9521141.5PQ7%2FZ43%23.12345",
        "(8010)95211415PQ7/Z43#(8011)12345",
    ),
    (
        "urn:epc:id:sgcn:4012345.67890.04711",
        "(255)401234567890104711",
    ),
    (
        "urn:epc:id:ginc:9521141.xyz3311cba",
        "(401)9521141xyz3311cba",
    ),
    (
        "urn:epc:id:gsin:9521141.123456789",
        "(402)95211411234567892",
    ),
    (
        "urn:epc:id:itip:9521141.012345.01.02.987",
        "(8006)095211411234540102(21)987",
    ),
    (
        "urn:epc:id:upui:9521141.089456.51qIgY)%3C%26Jp3*j7'SDB",
        "(01)09521141894569(235)51qIgY)<&Jp3*j7'SDB",
    ),
    ("urn:epc:id:pgln:9521141.89012", "(417)9521141890127"),
    ("urn:epc:id:pgln:952656789012.", "(417)9526567890126"),
    (
        "urn:epc:class:lgtin:4012345.012345.998877",
        "(01)04012345123456(10)998877",
    ),
    ("urn:epc:id:gid:95100000.12345.400", ""),
    ("urn:epc:id:usdod:2S194.12345678901", ""),
    ("urn:epc:id:adi:2S194..12345678901", ""),
    ("urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", ""),
    ("urn:epc:id:adi:W81X9C.3KL%2F1.%232WMA52", ""),
    ("urn:epc:id:bic:CSQU3054383", ""),
    ("urn:epc:id:imovn:9176187", ""),
];

#[test]
fn an_identity_is_its_key_and_with_its_prefix_length_comes_back() {
    for (uri, elements) in IDENTITIES {
        let identity: PureIdentity = uri.parse().unwrap();
        assert_eq!(identity.to_string(), *uri);
        let epc = identity.epc();
        assert_eq!(parse_identifier(uri).unwrap(), epc);
        let back = PureIdentity::of(&epc, identity.prefix_length());
        assert_eq!(back.as_ref(), Ok(&identity), "{uri}");
        if elements.is_empty() {
            assert_eq!(
                (identity.elements(), epc.to_string().as_str()),
                (vec![], *uri)
            );
            assert_eq!(PureIdentity::of(&epc, None), Ok(identity));
            continue;
        }
        let written: String = identity
            .elements()
            .iter()
            .map(|(ai, value)| format!("({ai}){value}"))
            .collect();
        assert_eq!(written, *elements, "{uri}");
        assert_eq!(parse_identifier(elements).unwrap(), epc, "{uri}");
        // The split of a GTIN-8 is fixed; every other must be told.
        let alone = PureIdentity::of(&epc, None).map_err(|e| e.code());
        if uri.contains(":00000950.") {
            assert_eq!(alone, Ok(identity));
        } else {
            assert_eq!(alone, Err("prefix_length_unknown"), "{uri}");
        }
    }
}

#[test]
fn one_key_has_a_uri_for_each_length_of_its_prefix() {
    let epc = parse_identifier("(00)195211412345678900").unwrap();
    for (digits, uri) in [
        (6, "urn:epc:id:sscc:952114.11234567890"),
        (9, "urn:epc:id:sscc:952114123.14567890"),
        (12, "urn:epc:id:sscc:952114123456.17890"),
    ] {
        let prefix = PrefixLength::new(digits).unwrap();
        assert_eq!(
            PureIdentity::of(&epc, Some(prefix)).unwrap().to_string(),
            uri
        );
    }
    for wrong in [0, 5, 13] {
        assert_eq!(PrefixLength::new(wrong).unwrap_err().code(), "bad_length");
    }
    // Letters cannot be a company prefix, nor can all of an asset's number.
    let asset = parse_identifier("(8004)9521AB").unwrap();
    let prefix = PrefixLength::new(6).ok();
    assert_eq!(
        PureIdentity::of(&asset, prefix).unwrap_err().code(),
        "bad_character"
    );
    let other = parse_identifier("urn:uuid:0b1b9e3c-7a2f-4f6b-9a75-1f2b3c4d5e6f").unwrap();
    assert_eq!(
        PureIdentity::of(&other, prefix).unwrap_err().code(),
        "malformed"
    );
}

#[test]
fn what_the_grammar_does_not_allow_is_refused() {
    for (uri, code) in [
        ("urn:epc:id:sgtin:9521141.012345", "malformed"),
        ("urn:epc:id:sgtin:9521141.012345.", "bad_length"),
        ("urn:epc:id:sgtin:95211.41012345.1", "bad_length"),
        ("urn:epc:id:sgtin:9521141.01234.1", "bad_length"),
        ("urn:epc:id:sgtin:9521141.012345.a#b", "bad_character"),
        ("urn:epc:id:sgtin:9521141.012345.a%23b", "bad_character"),
        ("urn:epc:id:sgtin:9521141.012345.a%2", "bad_character"),
        ("urn:epc:id:sgtin:9521141.012345.ä", "bad_character"),
        ("urn:epc:id:sscc:9521141.1234567890.1", "bad_character"),
        (
            "urn:epc:id:grai:9521141.12345.12345678901234567",
            "bad_length",
        ),
        (
            "urn:epc:id:giai:9521141.123456789012345678901234",
            "bad_length",
        ),
        ("urn:epc:id:cpi:9521141.123abc.1", "bad_character"),
        ("urn:epc:id:cpi:9521141.123.01", "bad_character"),
        ("urn:epc:id:cpi:9521141.123.1234567890123", "bad_length"),
        ("urn:epc:id:cpi:9521141.1%30.1", "bad_character"),
        ("urn:epc:id:sgcn:4012345.67890.0471A", "bad_character"),
        ("urn:epc:id:itip:9521141.012345.1.02.987", "bad_length"),
        ("urn:epc:id:itip:9521141.012345.00.02.987", "bad_value"),
        ("urn:epc:id:usdod:2S19.1", "bad_length"),
        ("urn:epc:id:usdod:2S194.01", "bad_character"),
        ("urn:epc:id:adi:2S194.A%23.1", "bad_character"),
        ("urn:epc:id:adi:2S194..%23", "bad_length"),
        ("urn:epc:id:adi:2S194..a", "bad_character"),
        ("urn:epc:id:bic:CSQU305438", "bad_length"),
        ("urn:epc:id:bic:csqu3054383", "bad_character"),
        ("urn:epc:id:imovn:917618", "bad_length"),
        ("urn:epc:id:nothing:1", "unknown_scheme"),
        ("urn:epc:class:sgtin:9521141.012345.1", "unknown_scheme"),
        ("urn:epc:idpat:itip:9521141.012345.01.*.*", "malformed"),
        ("urn:epc:idpat:sgtin:*.012345.*", "malformed"),
        ("urn:epc:idpat:sgtin:9521141.*", "malformed"),
        ("urn:epc:idpat:bic:CSQU3054384", "bad_check_digit"),
        ("urn:epc:pat:sgtin-96:3.*.012345.*", "malformed"),
        ("urn:epc:pat:sgtin-96:3.9521141.[2-1].*", "malformed"),
        ("urn:epc:pat:sgtin-96:3.[1-2].*.*", "malformed"),
        ("urn:epc:pat:sgtin-96:[0-8].*.*.*", "does_not_fit"),
        ("urn:epc:pat:sgtin-198:3.9521141.*.[1-2]", "malformed"),
        ("urn:epc:pat:gdti-113:3.9521141.*.[1-2]", "malformed"),
        ("urn:epc:pat:cpi-var:3.9521141.*.*", "malformed"),
        ("urn:epc:pat:gid-96:3.1", "malformed"),
        ("urn:epc:raw:8.x100", "does_not_fit"),
        ("urn:epc:raw:8.256", "does_not_fit"),
        ("urn:epc:raw:08.x00", "malformed"),
        ("urn:epc:raw:8.0255", "malformed"),
        ("urn:epc:raw:8.x1f", "malformed"),
        ("urn:epc:raw:8.x100.x1F", "malformed"),
        ("urn:epc:raw:497.x0", "bad_length"),
        ("urn:epc:raw:8", "malformed"),
        ("urn:epc:hex:8", "unknown_scheme"),
        ("urn:other:id:sgtin:9521141.012345.1", "unknown_scheme"),
    ] {
        let found = uri.parse::<EpcUri>();
        assert_eq!(
            found.as_ref().map_or_else(|e| e.code(), |_| "ok"),
            code,
            "{uri} {found:?}"
        );
    }
}

#[test]
fn an_identity_pattern_is_a_set_open_at_its_end() {
    let unit: PureIdentity = "urn:epc:id:sgtin:9521141.012345.4711".parse().unwrap();
    for (uri, holds, key) in [
        (
            "urn:epc:idpat:sgtin:*.*.*",
            true,
            "urn:epc:idpat:sgtin:*.*.*",
        ),
        (
            "urn:epc:idpat:sgtin:9521141.*.*",
            true,
            "urn:epc:idpat:sgtin:9521141.*.*",
        ),
        (
            "urn:epc:idpat:sgtin:9521141.012345.*",
            true,
            "01/09521141123454",
        ),
        (
            "urn:epc:idpat:sgtin:9521141.012345.4711",
            true,
            "01/09521141123454/21/4711",
        ),
        (
            "urn:epc:idpat:sgtin:9521141.012346.*",
            false,
            "01/09521141123461",
        ),
        (
            "urn:epc:idpat:lgtin:9521141.012345.*",
            false,
            "01/09521141123454",
        ),
        (
            "urn:epc:idpat:grai:9521141.12345.*",
            false,
            "8003/09521141123454",
        ),
        (
            "urn:epc:idpat:sgcn:9521141.12345.*",
            false,
            "255/9521141123454",
        ),
        ("urn:epc:idpat:cpi:9521141.1%2F.*", false, "8010/95211411/"),
        (
            "urn:epc:idpat:itip:9521141.012345.01.02.*",
            false,
            "8006/095211411234540102",
        ),
        (
            "urn:epc:idpat:itip:9521141.012345.*.*.*",
            false,
            "urn:epc:idpat:itip:9521141.012345.*.*.*",
        ),
        (
            "urn:epc:idpat:giai:9521141.*",
            false,
            "urn:epc:idpat:giai:9521141.*",
        ),
        ("urn:epc:idpat:bic:*", false, "urn:epc:idpat:bic:*"),
        (
            "urn:epc:idpat:adi:2S194..*",
            false,
            "urn:epc:idpat:adi:2S194..*",
        ),
    ] {
        let pattern: IdPattern = uri.parse().unwrap();
        assert_eq!(pattern.to_string(), uri);
        assert_eq!(pattern.matches(&unit), holds, "{uri}");
        assert_eq!(parse_identifier(uri).unwrap().to_string(), key);
        assert_eq!(pattern.epc().to_string(), key);
    }
    let gtin = parse_identifier("(01)09521141123454").unwrap();
    let pattern = IdPattern::of(&gtin, PrefixLength::new(7).ok()).unwrap();
    assert_eq!(pattern.to_string(), "urn:epc:idpat:sgtin:9521141.012345.*");
    assert_eq!(
        IdPattern::of(&gtin, None).unwrap_err().code(),
        "prefix_length_unknown"
    );
    assert!(IdPattern::of(&unit.epc(), PrefixLength::new(7).ok()).is_err());
}

#[test]
fn a_tag_pattern_is_a_set_of_tags() {
    let tag: TagUri = "urn:epc:tag:sgtin-96:3.0652642.123456.400".parse().unwrap();
    for (uri, holds) in [
        ("urn:epc:pat:sgtin-96:3.0652642.[102400-204700].*", true),
        ("urn:epc:pat:sgtin-96:*.*.*.*", true),
        ("urn:epc:pat:sgtin-96:[2-3].0652642.123456.400", true),
        ("urn:epc:pat:sgtin-96:[4-7].0652642.123456.400", false),
        ("urn:epc:pat:sgtin-96:3.0652642.[0-99].*", false),
        ("urn:epc:pat:sgtin-96:3.0652642.*.[401-500]", false),
        ("urn:epc:pat:sgtin-198:3.0652642.*.*", false),
        ("urn:epc:pat:sscc-96:3.0652642.*", false),
        ("urn:epc:pat:gid-96:*.[1-2].3", false),
        ("urn:epc:pat:sgln-96:3.0652642.12345.[1-2]", false),
        ("urn:epc:pat:giai-96:3.0652642.[1-2]", false),
        ("urn:epc:pat:cpi-96:3.0652642.[1-2].[3-4]", false),
        ("urn:epc:pat:cpi-var:3.*.*.*", false),
        ("urn:epc:pat:cpi-var:3.0652642.A%2FB.[3-4]", false),
        ("urn:epc:pat:itip-110:3.0652642.*.[01-02].*.*", false),
        ("urn:epc:pat:usdod-96:*.2S194.[1-9]", false),
        ("urn:epc:pat:adi-var:*.*..*", false),
    ] {
        if uri.contains("[01-02]") {
            // The numbers of a range have no leading zeros (§13.1).
            assert_eq!(uri.parse::<TagPattern>().unwrap_err().code(), "malformed");
            continue;
        }
        let pattern: TagPattern = uri.parse().unwrap();
        assert_eq!(pattern.to_string(), uri);
        assert_eq!(pattern.matches(&tag), holds, "{uri}");
    }
}

#[test]
fn raw_uris_are_bits() {
    for (uri, length, hex, family) in [
        (
            "urn:epc:raw:96.x0123456890ABCDEF01234567",
            96,
            "0123456890ABCDEF01234567",
            None,
        ),
        (
            "urn:epc:raw:64.x31.x0123456890ABCDEF",
            64,
            "0123456890ABCDEF",
            Some(0x31),
        ),
        ("urn:epc:raw:5.x1F", 5, "F8", None),
        (
            "urn:epc:raw:[att=x01][umi=1][xpc=x0004]:16.x1234",
            16,
            "1234",
            None,
        ),
        (
            "urn:epc:raw:[umi=1][xpc=x80040001]:16.x07.x1234",
            16,
            "1234",
            Some(7),
        ),
    ] {
        let raw: RawUri = uri.parse().unwrap();
        assert_eq!(raw.to_string(), uri);
        assert_eq!(
            (raw.bits().len(), raw.bits().to_hex().as_str()),
            (length, hex)
        );
        assert_eq!(raw.family(), family);
        match raw.to_decimal() {
            Some(decimal) => assert_eq!(decimal.parse::<RawUri>().unwrap(), raw),
            None => assert!(family.is_some()),
        }
        assert_eq!(parse_identifier(uri).unwrap_err().code(), "unknown_scheme");
    }
    let short: RawUri = "urn:epc:raw:16.x1".parse().unwrap();
    assert_eq!(short.to_string(), "urn:epc:raw:16.x0001");
    assert_eq!(short.to_decimal().unwrap(), "urn:epc:raw:16.1");
    let tagged: TagUri = "urn:epc:tag:[att=x01][xpc=x0004]:sgtin-96:3.9521141.012345.4711"
        .parse()
        .unwrap();
    assert_eq!(
        (tagged.control().attributes, tagged.control().extended_pc),
        (1, 4)
    );
    assert_eq!(
        tagged.to_string(),
        "urn:epc:tag:[att=x01][xpc=x0004]:sgtin-96:3.9521141.012345.4711"
    );
    assert_eq!(
        parse_identifier(&tagged.to_string()).unwrap(),
        tagged.identity().epc()
    );
}
