//! GS1 Digital Link URIs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::{parse_identifier, parse_scan};

fuzz_target!(|rest: &str| {
    let link = format!("https://{rest}");
    let _ = parse_scan(&link);
    if let Ok(epc) = parse_identifier(&link)
        && epc.is_gs1()
    {
        assert_eq!(parse_identifier(&epc.digital_link()), Ok(epc), "{link:?}");
    }
});
