//! What holds for every scan: asked by a property test and by a fuzz target.

use serialtrail_gs1::{CheckDigit, Symbology, generate_scan, process_scan};

/// A message that a symbol can carry is read as sent, and can be sent again to the same end.
pub(crate) fn what_is_sent_is_read_again(symbology: Symbology, message: &str, digit: CheckDigit) {
    let Ok(sent) = generate_scan(symbology, message, digit) else {
        return;
    };
    match process_scan(&sent) {
        Ok(scan) => {
            let message = scan.message.to_string();
            let again = generate_scan(scan.symbology, &message, CheckDigit::Given);
            let again = process_scan(&again.expect("a message that was read can be sent"));
            assert_eq!(again, Ok(scan), "{sent:?}");
        }
        // A linear symbol and its composite component may disagree, and then are no scan.
        Err(e) => assert!(message.contains('|'), "{sent:?}: {e}"),
    }
}
