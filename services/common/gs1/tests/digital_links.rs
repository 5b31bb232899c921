//! Digital Links: what is read, what is refused, what is written.
#![allow(clippy::unwrap_used)]

mod vectors;

use proptest::prelude::*;
use serialtrail_gs1::link::percent;
use serialtrail_gs1::{
    DigitalLink, LinkOptions, check_digit, parse_element_string, parse_identifier,
};

/// A link that upstream refuses and that is valid.
const UPSTREAM_WRONG: &[&str] = &[
    // The scheme is case-insensitive (RFC 3986 §3.1).
    "HtTp://a/b/00/006141411234567890",
];

/// The options in force where the vector was taken.
fn options(line: &serde_json::Value) -> LinkOptions {
    let flag = |name: &str| line["flags"][name].as_str();
    LinkOptions {
        // Upstream reads short names under an option of its own; the vectors hold
        // one refusal from before it is set, and one link from after.
        short_names: line["input"].as_str().unwrap().contains("/ser/"),
        short_gtins: flag("PermitZeroSuppressedGTINinDLuris") == Some("true"),
        unknown_ais: flag("PermitUnknownAIs") == Some("true"),
    }
}

#[test]
fn published_links_are_read_and_refused_as_published() {
    let (mut passed, mut all) = (0, 0);
    let lines = vectors::lines("gs1-syntax-engine-vectors/dl_parse.jsonl");
    for line in &lines {
        all += 1;
        let input = line["input"].as_str().unwrap();
        let found = DigitalLink::parse_with(input, options(line));
        if UPSTREAM_WRONG.contains(&input) {
            assert_eq!(line["ok"], false);
            assert!(found.is_ok(), "no exception any more: {input}");
            continue;
        }
        assert_eq!(found.is_ok(), line["ok"] == true, "{input}: {found:?}");
        if let Ok(link) = found {
            let mut expected = line["expect"].as_str().unwrap();
            // An unknown AI is no element, but is kept.
            if let Some((known, unknown)) = expected.split_once("^89") {
                assert_eq!(
                    link.other_parameters().collect::<Vec<_>>(),
                    [format!("89={unknown}")]
                );
                expected = known;
            }
            assert_eq!(
                Ok(link.elements().unwrap()),
                parse_element_string(expected),
                "{input}"
            );
        }
        passed += 1;
    }
    println!(
        "dl_parse: {passed} of {all}, {} exceptions",
        UPSTREAM_WRONG.len()
    );
    if !lines.is_empty() {
        assert_eq!(passed + UPSTREAM_WRONG.len(), all);
    }
}

#[test]
fn published_links_are_built_as_published() {
    let lines = vectors::lines("gs1-syntax-engine-vectors/dl_generate.jsonl");
    for line in &lines {
        let built = parse_element_string(line["ai"].as_str().unwrap())
            .and_then(|elements| DigitalLink::build(line["stem"].as_str(), &elements));
        if line["ok"] == true {
            assert_eq!(built.unwrap().to_string(), line["expect"].as_str().unwrap());
        } else {
            assert!(built.is_err(), "{line}: {built:?}");
        }
    }
    println!("dl_generate: {0} of {0}", lines.len());
}

#[test]
fn values_are_escaped_and_unescaped_as_published() {
    let escape = vectors::lines("gs1-syntax-engine-vectors/dl_uri_escape.jsonl");
    for line in &escape {
        let input = line["input"].as_str().unwrap();
        assert_eq!(
            percent::escape_path(input),
            line["expect_path"].as_str().unwrap()
        );
        assert_eq!(
            percent::escape_query(input),
            line["expect_query"].as_str().unwrap()
        );
    }
    let unescape = vectors::lines("gs1-syntax-engine-vectors/dl_uri_unescape.jsonl");
    for line in &unescape {
        let input = line["input"].as_str().unwrap();
        // The file writes bytes as the characters of their numbers.
        let text = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect::<String>();
        assert_eq!(
            text(percent::unescape_path(input)),
            line["expect_path"].as_str().unwrap()
        );
        assert_eq!(
            text(percent::unescape_query(input)),
            line["expect_query"].as_str().unwrap()
        );
    }
    println!(
        "dl_uri_escape: {0} of {0}; dl_uri_unescape: {1} of {1}",
        escape.len(),
        unescape.len()
    );
}

#[test]
fn a_link_tells_its_parts() {
    let link = DigitalLink::parse(
        "https://brand.example:8443/some/stem/gtin/9521234543213/lot/L%2F1/21/S1?linkType=gs1:pip&17=271231;3103=000195&x#top",
    )
    .unwrap();
    let pairs = |found: Vec<(&'static serialtrail_gs1::ai::Ai, &str)>| -> Vec<(&str, String)> {
        found
            .into_iter()
            .map(|(ai, v)| (ai.code, v.to_owned()))
            .collect()
    };
    assert_eq!(link.stem(), "https://brand.example:8443/some/stem");
    assert_eq!(
        pairs(vec![link.primary_key()]),
        [("01", "09521234543213".into())]
    );
    assert_eq!(
        pairs(link.qualifiers().collect()),
        [("10", "L/1".into()), ("21", "S1".into())]
    );
    assert_eq!(
        pairs(link.attributes().collect()),
        [("17", "271231".into()), ("3103", "000195".into())]
    );
    assert_eq!(
        link.other_parameters().collect::<Vec<_>>(),
        ["linkType=gs1:pip", "x"]
    );
    assert_eq!(link.epc().key(), "01/09521234543213/21/S1");
    assert_eq!(
        link.to_string(),
        "https://brand.example:8443/some/stem/01/09521234543213/10/L%2F1/21/S1?17=271231&3103=000195&linkType=gs1:pip&x"
    );
    assert_eq!(
        link.canonical(),
        "https://id.gs1.org/01/09521234543213/10/L%2F1/21/S1?17=271231&3103=000195"
    );
}

#[test]
fn the_canonical_form_has_its_attributes_in_the_order_of_their_ais() {
    for (link, canonical) in [
        (
            "http://example.com/01/9521234543213?99=b%2Fc&3103=000195&17=271231&utm=1",
            "https://id.gs1.org/01/09521234543213?17=271231&3103=000195&99=b%2Fc",
        ),
        (
            "https://example.com/sscc/095212345432100003/",
            "https://id.gs1.org/00/095212345432100003",
        ),
        (
            "https://example.com/8018/061414112345678902/srin/12",
            "https://id.gs1.org/8018/061414112345678902/8019/12",
        ),
        (
            "HTTPS://EXAMPLE.COM/414/9521234543213/254/A-1",
            "https://id.gs1.org/414/9521234543213/254/A-1",
        ),
    ] {
        assert_eq!(DigitalLink::parse(link).unwrap().canonical(), canonical);
    }
}

#[test]
fn what_the_standard_refuses_is_refused_with_its_reason() {
    for (link, code, says) in [
        (
            "https://example.com/01/09521234543213/21/S/10/L",
            "malformed",
            "in this order",
        ),
        (
            "https://example.com/01/09521234543213/10/L/235/T",
            "malformed",
            "22, 10, 21, or 235",
        ),
        (
            "https://example.com/01/09521234543213/17/271231",
            "malformed",
            "qualifiers",
        ),
        (
            "https://example.com/00/095212345432100003/21/X",
            "malformed",
            "SSCC (00): it has no qualifiers",
        ),
        (
            "https://example.com/01/09521234543213/10/L/10/L",
            "malformed",
            "qualifiers",
        ),
        (
            "https://example.com/01/09521234543213/21/",
            "bad_length",
            "SERIAL",
        ),
        (
            "https://example.com/01/09521234543213?17=271331",
            "bad_date",
            "(17)",
        ),
        (
            "https://example.com/01/09521234543213?21=X",
            "malformed",
            "belongs in the path",
        ),
        (
            "https://example.com/01/09521234543213?10=X",
            "malformed",
            "belongs in the path",
        ),
        (
            "https://example.com/414/9521234543213?21=X",
            "malformed",
            "no data attribute",
        ),
        (
            "https://example.com/01/09521234543213?99=A&99=A",
            "malformed",
            "twice",
        ),
        (
            "https://example.com/01/09521234543213?01=09521234543213",
            "malformed",
            "twice",
        ),
        (
            "https://example.com/01/09521234543213?%39%39=A&99=A",
            "malformed",
            "twice",
        ),
        (
            "https://example.com/01/09521234543213?1234=A",
            "unknown_ai",
            "(1234)",
        ),
        (
            "https://example.com/01/09521234543213?99=A+B",
            "bad_character",
            "(99)",
        ),
        (
            "https://example.com/01/09521234543213?99=%4",
            "bad_character",
            "percent",
        ),
        (
            "https://example.com/01/09521234543213/21/a<b",
            "bad_character",
            "character 43 ('<')",
        ),
        (
            "https://example.com/01/09521234543213?x=|",
            "bad_character",
            "'|'",
        ),
        (
            "https://user@example.com/01/09521234543213",
            "bad_character",
            "host",
        ),
        (
            "https://exa mple.com/01/09521234543213",
            "bad_character",
            "character 12 (' ')",
        ),
        (
            "https://example.com:x/01/09521234543213",
            "bad_character",
            "host",
        ),
        ("https://[zz]/01/09521234543213", "bad_character", "host"),
        ("https:///01/09521234543213", "malformed", "host"),
        ("ftp://example.com/01/09521234543213", "malformed", "http"),
        ("urn:epc:id:sgtin:9521234.054321.1", "malformed", "host"),
        ("https://example.com/products/17", "malformed", "GS1 key"),
        ("https://id.gs1.org/hello", "malformed", "GS1 key"),
        (
            "https://example.com/01/09521234543214",
            "bad_check_digit",
            "(01)",
        ),
    ] {
        let error = DigitalLink::parse(link).unwrap_err();
        assert_eq!(error.code(), code, "{link}: {error}");
        assert!(error.to_string().contains(says), "{link}: {error}");
    }
    let long = format!(
        "https://example.com/01/09521234543213?x={}",
        "y".repeat(8000)
    );
    assert_eq!(DigitalLink::parse(&long).unwrap_err().code(), "bad_length");
}

/// The entrance asks a link for its key, not for the syntax of its host and stem.
#[test]
fn the_key_of_a_link_is_read_wherever_it_stands() {
    for address in [
        "https://my_host.example",
        "https://user@example.com",
        "https://bücher.example",
        "https://example.com/für/alle",
        "https://example.com/a%2Fb",
    ] {
        let link = format!("{address}/01/09521234543213/21/A%2F1");
        assert_eq!(
            parse_identifier(&link).unwrap().key(),
            "01/09521234543213/21/A/1",
            "{link}"
        );
    }
    for address in [
        "https://exa mple.com",
        "https://example.com/{stem}",
        "https://a\u{1d}b",
    ] {
        let link = format!("{address}/01/09521234543213/21/A%2F1");
        let error = parse_identifier(&link).unwrap_err();
        assert_eq!(error.code(), "bad_character", "{link}");
        assert!(error.to_string().contains("character "), "{error}");
    }
}

/// A private address may have two segments that read as an AI and a value; with
/// qualifiers behind it, a key is meant, whatever its value is like.
#[test]
fn an_address_that_only_looks_like_a_link_stays_itself() {
    for link in [
        "https://example.com/8004/ab",
        "https://example.com/8004/ab/",
        "https://example.com/01/hello/",
    ] {
        assert_eq!(parse_identifier(link).unwrap().key(), link);
    }
    for link in [
        "https://example.com/01/1/21/1",
        "https://example.com/01/hello/10/hello/",
    ] {
        assert!(parse_identifier(link).is_err(), "{link}");
    }
}

#[test]
fn what_only_some_versions_allow_is_an_option() {
    let none = LinkOptions {
        short_names: false,
        short_gtins: false,
        unknown_ais: false,
    };
    for (link, options) in [
        (
            "https://example.com/gtin/09521234543213",
            LinkOptions {
                short_names: true,
                ..none
            },
        ),
        (
            "https://example.com/01/9521234543213",
            LinkOptions {
                short_gtins: true,
                ..none
            },
        ),
        (
            "https://example.com/00/095212345432100003?01=9521234543213",
            LinkOptions {
                short_gtins: true,
                ..none
            },
        ),
        (
            "https://example.com/01/09521234543213?89=X",
            LinkOptions {
                unknown_ais: true,
                ..none
            },
        ),
    ] {
        assert!(DigitalLink::parse_with(link, none).is_err(), "{link}");
        assert!(DigitalLink::parse_with(link, options).is_ok(), "{link}");
    }
}

#[test]
fn a_link_is_built_on_web_addresses_only() {
    let elements = parse_element_string("(01)09521234543213(21)A/B").unwrap();
    let on = |stem| DigitalLink::build(Some(stem), &elements);
    assert_eq!(
        on("http://example.com/p/").unwrap().to_string(),
        "http://example.com/p/01/09521234543213/21/A%2FB"
    );
    for stem in [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://a?x",
        "https://a#b",
        "https://a b",
        "https://$a",
    ] {
        assert!(on(stem).is_err(), "{stem}");
    }
    let no_key = parse_element_string("(10)L").unwrap();
    assert_eq!(
        DigitalLink::build(None, &no_key).unwrap_err().code(),
        "malformed"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_link_survives_its_own_text_and_the_canonical_form(
        body in "[0-9]{13}",
        stem in "https?://[a-z]{1,9}(\\.[a-z]{2,3})?(:[0-9]{2,4})?(/[a-z]{1,5}){0,3}",
        lot in "[!\"%-/:-?A-Z_a-z0-9]{1,20}",
        serial in "[!\"%-/:-?A-Z_a-z0-9]{1,20}",
        internal in "[!\"%-/:-?A-Z_a-z0-9]{1,30}",
    ) {
        let gtin = format!("{body}{}", check_digit(&body).unwrap());
        let text = |value: &str| value.replace('(', "\\(");
        let spelled = format!("(21){}(99){}(01){gtin}(10){}", text(&serial), text(&internal), text(&lot));
        let elements = parse_element_string(&spelled).unwrap();
        let link = DigitalLink::build(Some(&stem), &elements).unwrap();
        let again = DigitalLink::parse(&link.to_string()).unwrap();
        prop_assert_eq!(again.to_string(), link.to_string());
        prop_assert_eq!(again.stem(), &stem);
        prop_assert_eq!(again.elements().unwrap(), link.elements().unwrap());
        let canonical = DigitalLink::parse(&link.canonical()).unwrap();
        prop_assert_eq!(canonical.to_string(), link.canonical());
        prop_assert_eq!(parse_identifier(&link.to_string()), Ok(link.epc()));
        prop_assert_eq!(link.epc().to_string(), format!("01/{gtin}/21/{serial}"));
    }

    #[test]
    fn no_text_makes_the_reader_panic_and_what_it_takes_it_writes(
        text in "(https?://|HTTP://|)(a|id.gs1.org|\\[::1\\])(/(01|gtin|21|10|00|414|254|8010|x|%30)){0,4}/[0-9%a-f/]{0,20}(\\?[0-9a&;=%+é]{0,20})?",
    ) {
        if let Ok(link) = DigitalLink::parse(&text) {
            prop_assert_eq!(DigitalLink::parse(&link.to_string()).unwrap().to_string(), link.to_string());
            prop_assert_eq!(parse_identifier(&text), Ok(link.epc()));
        }
    }
}
