//! What holds for every identifier and every string.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serialtrail_gs1::{
    check_digit, parse_geo, parse_identifier, parse_key, parse_scan, partition, place_gln,
};

/// A serial or lot: 1 to 20 characters of set 82.
const SERIAL: &str = "[!\"%-/:-?A-Z_a-z0-9]{1,20}";

fn urn_escaped(value: &str) -> String {
    value
        .chars()
        .map(|c| match c {
            '"' | '%' | '&' | '/' | '<' | '>' | '?' => format!("%{:02X}", c as u32),
            c => c.to_string(),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_string_makes_the_parsers_panic(text in "\\PC{0,60}") {
        let _ = (parse_identifier(&text), parse_scan(&text), parse_key(&text), parse_geo(&text), place_gln(&text));
    }

    #[test]
    fn nor_does_one_that_looks_like_an_identifier(
        start in prop::sample::select(vec![
            "urn:epc:id:sgtin:", "urn:epc:id:itip:", "urn:epc:idpat:sgtin:", "urn:epc:class:lgtin:", "urn:epc:id:gid:",
            "https://id.gs1.org/01/", "https://x/", "(01)", "]d2", "01", "00", "01/", "8010/", "414/", "8006/", "geo:", "^",
        ]),
        rest in "[0-9a-z.*/%()=?&#^:\u{1d}é-]{0,40}",
    ) {
        let text = format!("{start}{rest}");
        if let Ok(key) = parse_identifier(&text) {
            // What was accepted has a link, and the link is the same unit.
            prop_assert_eq!(parse_identifier(&key.digital_link()), Ok(key));
        }
        let _ = parse_scan(&text);
    }

    #[test]
    fn urn_link_key_and_element_string_are_one_unit(
        digits in "[0-9]{13}", split in 6usize..=12, serial in SERIAL,
    ) {
        let (prefix, reference) = digits.split_at(split);
        let urn = format!("urn:epc:id:sgtin:{prefix}.{reference}.{}", urn_escaped(&serial));
        let key = parse_identifier(&urn).unwrap();
        let body = format!("{}{prefix}{}", &reference[..1], &reference[1..]);
        let gtin = format!("{body}{}", check_digit(&body).unwrap());
        prop_assert_eq!(key.key(), format!("01/{gtin}/21/{serial}"));
        prop_assert_eq!(key.gtin().map(String::from), Some(gtin.clone()));
        prop_assert_eq!(key.serial().map(String::from), Some(serial.clone()));
        prop_assert_eq!(parse_identifier(&key.digital_link()), Ok(key.clone()));
        prop_assert_eq!(parse_identifier(&key.key()), Ok(key.clone()));
        let element = format!("(01){gtin}(21){}", serial.replace('(', "\\("));
        prop_assert_eq!(parse_identifier(&element), Ok(key.clone()));
        let scanned = format!("]d201{gtin}21{serial}");
        prop_assert_eq!(parse_identifier(&scanned), Ok(key.clone()));
    }

    #[test]
    fn one_wrong_digit_of_a_gtin_is_always_noticed(digits in "[0-9]{13}", at in 0usize..14, add in 1u8..10) {
        let gtin = format!("{digits}{}", check_digit(&digits).unwrap());
        let mut wrong: Vec<u8> = gtin.into_bytes();
        wrong[at] = b'0' + (wrong[at] - b'0' + add) % 10;
        let link = format!("https://id.gs1.org/01/{}/21/1", String::from_utf8(wrong).unwrap());
        prop_assert_eq!(parse_identifier(&link).unwrap_err().code(), "bad_check_digit");
    }

    #[test]
    fn every_key_has_a_partition(key in any::<Vec<u8>>(), partitions in 1i32..200) {
        prop_assert!((0..partitions).contains(&partition(&key, partitions)));
    }
}
