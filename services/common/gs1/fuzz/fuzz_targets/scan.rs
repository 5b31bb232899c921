//! What scanners send, and what is generated as sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::{CheckDigit, Symbology, parse_scan, process_scan};

#[path = "../../tests/scan_kept/mod.rs"]
mod scan_kept;

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let _ = (parse_scan(text), process_scan(text));
    let symbology = Symbology::ALL[usize::from(choice) % Symbology::ALL.len()];
    let digit = if choice < 128 {
        CheckDigit::Given
    } else {
        CheckDigit::Added
    };
    scan_kept::what_is_sent_is_read_again(symbology, text, digit);
});
