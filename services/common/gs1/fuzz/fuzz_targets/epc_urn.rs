//! EPC URIs: pure identity, class, tag, raw and pattern.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::{EpcUri, parse_identifier};

fuzz_target!(|rest: &str| {
    let text = format!("urn:epc:{rest}");
    let _ = parse_identifier(&text);
    if let Ok(uri) = text.parse::<EpcUri>() {
        let _ = uri.epc();
        let written = uri.to_string();
        assert_eq!(
            written.parse().as_ref(),
            Ok(&uri),
            "{text:?} -> {written:?}"
        );
    }
});
