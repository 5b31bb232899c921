//! GS1 Digital Link URIs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serialtrail_gs1::{DigitalLink, parse_identifier, parse_scan};

fuzz_target!(|rest: &str| {
    let text = format!("https://{rest}");
    let _ = parse_scan(&text);
    if let Ok(epc) = parse_identifier(&text)
        && epc.is_gs1()
    {
        assert_eq!(parse_identifier(&epc.digital_link()), Ok(epc), "{text:?}");
    }
    if let Ok(link) = DigitalLink::parse(&text) {
        let canonical = link.canonical();
        let again: DigitalLink = canonical.parse().expect("a canonical link is a link");
        assert_eq!(again.epc(), link.epc(), "{text:?}");
        assert_eq!(again.canonical(), canonical, "{text:?}");
    }
});
