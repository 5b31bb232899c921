//! Element strings, bracketed, unbracketed and as scanned.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::{parse_element_string, parse_identifier};

fuzz_target!(|text: &str| {
    let _ = parse_identifier(text);
    let Ok(elements) = parse_element_string(text) else {
        return;
    };
    let _ = (elements.key(), elements.check_requirements());
    for form in [
        elements.to_string(),
        format!("^{}", elements.unbracketed('^')),
        format!("]d2{}", elements.unbracketed('\u{1d}')),
    ] {
        assert_eq!(
            parse_element_string(&form).as_ref(),
            Ok(&elements),
            "{form:?}"
        );
    }
});
