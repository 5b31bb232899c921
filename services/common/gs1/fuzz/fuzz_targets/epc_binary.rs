//! The EPC bank of a tag.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::EpcTag;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tag) = EpcTag::decode(bytes) else {
        return;
    };
    let _ = (tag.epc(), tag.element_string(), tag.digital_link());
    if let Ok(written) = tag.to_binary() {
        assert_eq!(
            EpcTag::decode(&written).as_ref(),
            Ok(&tag),
            "{written:02x?}"
        );
    }
});
