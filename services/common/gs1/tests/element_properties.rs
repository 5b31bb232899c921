//! What holds for every element string and every scan.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serialtrail_gs1::ai::{self, Ai, Set};
use serialtrail_gs1::linters::Linter;
use serialtrail_gs1::{
    CheckDigit, ElementString, Message, Symbology, check_digit, generate_scan,
    parse_element_string, parse_scan, process_scan, upc_a_of_upc_e, upc_e_of_upc_a,
};

/// What a scan keeps, which the fuzz target asks too.
mod scan_kept;

/// Every linter the dictionary names.
fn linters() -> Vec<Linter> {
    let all = ai::all()
        .iter()
        .flat_map(|ai| ai.components.iter().flat_map(|c| c.linters));
    let by_name: BTreeMap<&str, Linter> = all.map(|linter| (linter.name, *linter)).collect();
    by_name.into_values().collect()
}

/// An AI without further rules, and a value of its form.
fn element() -> impl Strategy<Value = (&'static Ai, String)> {
    let free: Vec<&'static Ai> = ai::all()
        .iter()
        .filter(|ai| {
            ai.components
                .iter()
                .all(|c| c.linters.is_empty() && c.set != Set::Z)
        })
        .collect();
    prop::sample::select(free).prop_flat_map(|ai| {
        let parts: String = ai
            .components
            .iter()
            .map(|c| {
                let set = match c.set {
                    Set::N => "[0-9]",
                    Set::Y => "[#/0-9A-Z-]",
                    _ => "[!\"%-/:-?A-Z_a-z0-9]",
                };
                let part = format!("{set}{{{},{}}}", c.min, c.max);
                if c.optional {
                    format!("({part})?")
                } else {
                    part
                }
            })
            .collect();
        (Just(ai), proptest::string::string_regex(&parts).unwrap())
    })
}

/// Elements that may be on one item together, a GTIN first.
fn elements() -> impl Strategy<Value = ElementString> {
    ("[0-9]{13}", prop::collection::vec(element(), 0..6)).prop_map(|(gtin, list)| {
        let mut elements = ElementString::default();
        let gtin = format!("{gtin}{}", check_digit(&gtin).unwrap());
        elements.push("01", &gtin).unwrap();
        for (ai, value) in list {
            let mut more = elements.clone();
            if more.push(ai.code, &value).is_ok() && more.check_exclusions().is_ok() {
                elements = more;
            }
        }
        elements
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_value_of_the_form_of_its_ai_is_taken((ai, value) in element()) {
        prop_assert_eq!(ai.check(&value), Ok(()));
        // One character more than its longest is not.
        let longer = format!("{value}{}", "0".repeat(ai.max_length() + 1 - value.len()));
        prop_assert!(ai.check(&longer).is_err());
    }

    #[test]
    fn what_is_built_is_read_again(elements in elements()) {
        let bracketed = elements.to_string();
        let scanned = format!("]C1{}", elements.unbracketed('\u{1d}'));
        let marked = format!("^{}", elements.unbracketed('^'));
        for form in [bracketed, scanned, marked] {
            prop_assert_eq!(parse_element_string(&form), Ok(elements.clone()), "{}", form);
        }
    }

    #[test]
    fn a_2d_symbol_says_what_was_put_into_it(
        elements in elements(),
        text in "[^^\\\\]\\PC{0,40}",
        symbology in prop::sample::select(vec![Symbology::QrCode, Symbology::DataMatrix, Symbology::DotCode]),
    ) {
        for message in [Message::Elements(elements), Message::Plain(text.clone()), Message::Plain(format!("\\^{text}"))] {
            let sent = generate_scan(symbology, &message.to_string(), CheckDigit::Given).unwrap();
            let scan = process_scan(&sent).unwrap();
            prop_assert_eq!((scan.symbology, scan.message), (symbology, message));
        }
    }

    #[test]
    fn no_string_makes_them_panic(
        text in "\\PC{0,60}",
        like in "(\\]([CdQJeEI][0-4])|\\(|\\^)?[0-9()^|\\\\\u{1d}a]{0,60}",
        symbology in prop::sample::select(Symbology::ALL.to_vec()),
        given in any::<bool>(),
    ) {
        let digit = if given { CheckDigit::Given } else { CheckDigit::Added };
        for text in [text, like] {
            let _ = (parse_element_string(&text), parse_scan(&text), process_scan(&text));
            scan_kept::what_is_sent_is_read_again(symbology, &text, digit);
            let _ = (upc_a_of_upc_e(&text), upc_e_of_upc_a(&text));
        }
    }

    #[test]
    fn no_value_makes_a_linter_panic(
        value in "\\PC{0,40}",
        digits in "[0-9/%=é-]{0,60}",
        ai in prop::sample::select(ai::all().iter().collect::<Vec<_>>()),
    ) {
        let all = linters();
        for value in [&value, &digits] {
            let _ = ai.check(value);
            for linter in &all {
                if let Err(e) = (linter.check)(value) {
                    // The fault lies in the value, on boundaries of its characters.
                    prop_assert!(value.get(e.at..e.at + e.len).is_some(), "{} {value:?} {e:?}", linter.name);
                }
            }
        }
    }

    #[test]
    fn zeros_left_out_of_a_upc_e_come_back(six in "[0-9]{6}", check in "[0-9]") {
        if let Ok(upc_a) = upc_a_of_upc_e(&format!("0{six}{check}")) {
            let upc_e = upc_e_of_upc_a(&upc_a).unwrap();
            prop_assert_eq!(upc_a_of_upc_e(&upc_e), Ok(upc_a));
        }
    }
}
