//! Scans of packs, as scanners send them.
#![allow(clippy::unwrap_used)]

use serialtrail_gs1::{
    CheckDigit, Symbology, generate_scan, parse_scan, process_scan, upc_a_of_upc_e, upc_e_of_upc_a,
};

#[test]
fn each_symbology_tells_unit_lot_and_expiry() {
    for (scan, key, lot, expiry) in [
        ("]E09521234543213", "01/09521234543213", "", ""),
        ("]E00416000336108", "01/00416000336108", "", ""),
        ("]E402345673", "01/00000002345673", "", ""),
        ("]I119521234543210", "01/19521234543210", "", ""),
        (
            "]E09521234543213|]e010L1\u{1d}17270630",
            "01/09521234543213/10/L1",
            "L1",
            "2027-06-30",
        ),
        (
            "]E09521234543213|]e021S1\u{1d}10L1",
            "01/09521234543213/21/S1",
            "L1",
            "",
        ),
        ("]C10109521234543213172706301 0L1", "", "", ""),
        (
            "]C101095212345432131727060010L1\u{1d}21S1",
            "01/09521234543213/21/S1",
            "L1",
            "2027-06-30",
        ),
        (
            "]e0010952123454321310L1",
            "01/09521234543213/10/L1",
            "L1",
            "",
        ),
        ("]d2010952123454321321S1", "01/09521234543213/21/S1", "", ""),
        ("]Q3010952123454321321S1\u{1d}7003270630", "", "", ""),
        (
            "]Q3010952123454321321S1\u{1d}70032706302359",
            "01/09521234543213/21/S1",
            "",
            "2027-06-30",
        ),
        ("]J100952012345678912345", "00/952012345678912345", "", ""),
        (
            "]Q1https://id.gs1.org/01/09521234543213/10/L1/21/S1?17=270630",
            "01/09521234543213/21/S1",
            "L1",
            "2027-06-30",
        ),
        (
            "]d1https://example.com/01/09521234543213/21/S1",
            "01/09521234543213/21/S1",
            "",
            "",
        ),
        (
            "]J0urn:epc:id:sgtin:9521234.054321.S1",
            "01/09521234543213/21/S1",
            "",
            "",
        ),
        ("]Q1TESTING", "", "", ""),
        ("]E09521234543214", "", "", ""),
        ("]E09521234543213|10L1", "", "", ""),
        ("]E09521234543213|]e037", "", "", ""),
        // A count (37) goes with contained items (02), not with the item itself (01).
        ("]E09521234543213|]e0375", "", "", ""),
        ("]A0X", "", "", ""),
        ("]", "", "", ""),
        ("]é", "", "", ""),
    ] {
        let found = parse_scan(scan);
        if key.is_empty() {
            assert!(found.is_err(), "{scan:?}: {found:?}");
            continue;
        }
        let found = found.unwrap_or_else(|e| panic!("{scan:?}: {e}"));
        assert_eq!(found.key.to_string(), key, "{scan:?}");
        assert_eq!(found.lot.unwrap_or_default(), lot, "{scan:?}");
        assert_eq!(
            found.expiry.map(|e| e.to_string()).unwrap_or_default(),
            expiry,
            "{scan:?}"
        );
    }
}

#[test]
fn a_plain_number_is_no_scan() {
    assert_eq!(
        process_scan("0109521234543213").unwrap_err().code(),
        "malformed"
    );
    assert_eq!(process_scan("]d2\u{1d}").unwrap_err().code(), "malformed");
    assert_eq!(
        process_scan("]I119521234543210").unwrap().symbology,
        Symbology::Itf14
    );
}

#[test]
fn what_no_symbol_can_hold_is_refused_unread() {
    let long = "11991225".repeat(2_000_000);
    for text in [
        format!("]d2{long}"),
        format!("]Q1{long}"),
        format!("({long}"),
        format!("^{long}"),
    ] {
        assert_eq!(parse_scan(&text).unwrap_err().code(), "bad_length");
    }
    assert_eq!(
        generate_scan(Symbology::QrCode, &long, CheckDigit::Given)
            .unwrap_err()
            .code(),
        "bad_length"
    );
}

#[test]
fn upc_e_leaves_zeros_out_by_its_last_digit() {
    for (upc_e, upc_a) in [
        ("01234565", "012345000065"),
        ("00123457", "001234000057"),
        ("01234505", "012000003455"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
    ] {
        assert_eq!(upc_a_of_upc_e(upc_e).as_deref(), Ok(upc_a));
        assert_eq!(upc_e_of_upc_a(upc_a).as_deref(), Ok(upc_e));
    }
    for bad in ["01234564", "11234565", "0123456", "0123456x", ""] {
        assert!(upc_a_of_upc_e(bad).is_err(), "{bad}");
    }
    assert!(upc_e_of_upc_a("416000336108").is_err());
    assert!(upc_e_of_upc_a("012345678905").is_err());
}
