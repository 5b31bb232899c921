//! Input of any size: registry rows and scans of numbered serials, and what the contract makes of them.
//!
//! A scan of a registered serial fires no rule: its country is one of the row's markets and nothing ever
//! moves. So each gives one enriched record and no alert, and any alert is a fault of the state.

use crate::wire::{
    Malformed, Row, Scan, begin_registry, begin_scan, write_count, write_long, write_text,
};

/// Countries the goods may be in.
const MARKETS: [&str; 12] = [
    "AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FR", "IT", "NL", "PL", "PT",
];
/// Serials of one lot.
const LOT: u64 = 10_000;
/// Spreads numbers over all serials of twelve digits; shares no factor with 10^12, so that none comes twice.
const SPREAD: u64 = 387_420_489;
const TWELVE_DIGITS: u64 = 1_000_000_000_000;
/// First scan, milliseconds since the Unix epoch.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// The serial with this number.
#[must_use]
pub fn serial(number: u64) -> String {
    let digits = u128::from(number) * u128::from(SPREAD) % u128::from(TWELVE_DIGITS);
    format!("urn:epc:id:sgtin:9521321.012345.1{digits:012}")
}

/// Appends the registry's record of serial `number`; returns where its row begins.
fn registered(number: u64, out: &mut Vec<u8>) -> usize {
    begin_registry(out);
    write_text(out, &serial(number));
    let row = out.len();
    write_text(out, "09521321123450");
    write_text(out, &format!("SYNTHETIC-{:010}", number / LOT));
    write_long(out, 20_801);
    write_text(out, "ACTIVE");
    write_count(out, MARKETS.len());
    for market in MARKETS {
        write_text(out, market);
    }
    write_count(out, 0);
    row
}

/// Appends the registry's record of serial `number`.
pub fn registry(number: u64, out: &mut Vec<u8>) {
    registered(number, out);
}

/// Appends scan `event` of serial `number`.
pub fn scan(event: u64, number: u64, out: &mut Vec<u8>) {
    begin_scan(out);
    write_text(out, &format!("{event:032x}"));
    write_text(out, &serial(number));
    write_long(out, BEGIN_MS.saturating_add_unsigned(event));
    write_text(out, "receiving");
    write_text(out, "urn:epc:id:sgln:9521321.00001.0");
    write_text(out, "DE");
    out.extend_from_slice(&52.52_f64.to_le_bytes());
    out.extend_from_slice(&13.405_f64.to_le_bytes());
    write_text(out, "urn:epc:id:pgln:9521321.00002");
}

/// Appends the enriched record that scan `event` of the registered serial `number` must give.
///
/// # Errors
/// Never: both are this module's own.
pub fn enriched(event: u64, number: u64, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (mut record, mut row) = (Vec::new(), Vec::new());
    scan(event, number, &mut record);
    let at = registered(number, &mut row);
    Scan::read(&record)?.enriched(Some(Row(&row[at..])), out);
    Ok(())
}

/// The number of the scan an enriched record came from.
///
/// # Errors
/// Its event id is not a number of this module.
pub fn event_of(enriched: &[u8]) -> Result<u64, Malformed> {
    let id = crate::wire::event_id_of(enriched)?;
    u64::try_from(id.0).map_err(|_| Malformed::EventId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;
    use crate::stage::{ENRICHED, REGISTRY};
    use serialtrail_stream::Stage;
    use serialtrail_stream::testing::{TestContext, record};
    use std::collections::BTreeSet;

    #[test]
    fn no_serial_has_two_numbers() {
        let serials: BTreeSet<String> = (0..200_000).map(serial).collect();
        assert_eq!(serials.len(), 200_000);
        assert!(serials.iter().all(|serial| serial.len() == serial_length()));
    }

    fn serial_length() -> usize {
        serial(0).len()
    }

    #[test]
    fn scans_of_registered_serials_give_what_is_said_and_no_alert() {
        let (mut engine, mut ctx) = (Engine::default(), TestContext::new(0));
        let mut step = |topic: &str, number: u64, value: &[u8]| {
            let key = serial(number);
            let record = record(topic, 0, 0, Some(key.as_bytes()), value);
            engine.step(&record, &mut ctx).unwrap();
            ctx.take_outputs()
        };
        for number in 0..50 {
            let mut row = Vec::new();
            registry(number, &mut row);
            assert!(step(REGISTRY, number, &row).is_empty());
        }
        for event in 0..200 {
            let number = event * 7 % 50;
            let (mut value, mut expected) = (Vec::new(), Vec::new());
            scan(event, number, &mut value);
            enriched(event, number, &mut expected).unwrap();
            let outputs = step("scans", number, &value);
            assert_eq!(outputs.len(), 1, "{outputs:?}");
            assert_eq!(outputs[0].topic, ENRICHED);
            let got = outputs[0].value.as_deref().unwrap();
            assert_eq!(got, expected);
            assert_eq!(event_of(got), Ok(event));
        }
    }

    #[test]
    fn a_serials_state_is_about_a_hundred_bytes() {
        let mut row = Vec::new();
        let at = registered(7, &mut row);
        assert!((80..120).contains(&(row.len() - at)), "{}", row.len() - at);
    }
}
