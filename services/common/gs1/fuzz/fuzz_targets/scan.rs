//! What scanners send, and what is generated as sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::{CheckDigit, Symbology, generate_scan, parse_scan, process_scan};

const SYMBOLOGIES: [Symbology; 16] = [
    Symbology::DataBarOmni,
    Symbology::DataBarTruncated,
    Symbology::DataBarStacked,
    Symbology::DataBarStackedOmni,
    Symbology::DataBarLimited,
    Symbology::DataBarExpanded,
    Symbology::UpcA,
    Symbology::UpcE,
    Symbology::Ean13,
    Symbology::Ean8,
    Symbology::Itf14,
    Symbology::Gs1128,
    Symbology::Gs1128CompositeC,
    Symbology::QrCode,
    Symbology::DataMatrix,
    Symbology::DotCode,
];

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let _ = (parse_scan(text), process_scan(text));
    let symbology = SYMBOLOGIES[usize::from(choice) % SYMBOLOGIES.len()];
    let digit = if choice < 128 {
        CheckDigit::Given
    } else {
        CheckDigit::Added
    };
    let Ok(sent) = generate_scan(symbology, text, digit) else {
        return;
    };
    // A linear symbol and its composite component may disagree, and then are no scan.
    match process_scan(&sent) {
        Ok(scan) => {
            let message = scan.message.to_string();
            let again = generate_scan(scan.symbology, &message, CheckDigit::Given);
            let again = process_scan(&again.expect("a message that was read can be sent"));
            assert_eq!(again, Ok(scan), "{sent:?}");
        }
        Err(e) => assert!(text.contains('|'), "{sent:?}: {e}"),
    }
});
