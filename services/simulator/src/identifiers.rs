//! Identifiers of the simulated world, under GS1 company prefixes 9521xxx (GS1's example range).

use serialtrail_gs1::check_digit;

/// Digits of every company prefix here.
const PREFIX_DIGITS: usize = 7;

/// Company prefix of the n-th party.
pub(crate) fn company_prefix(n: usize) -> String {
    format!("9521{n:03}")
}

fn with_check(body: String) -> String {
    // Invariant: body holds digits only (built from numbers here), so a check digit exists.
    let c = check_digit(&body).unwrap_or('0');
    format!("{body}{c}")
}

/// GLN-13 of a location of a party.
pub(crate) fn gln(prefix: &str, reference: usize) -> String {
    with_check(format!("{prefix}{reference:05}"))
}

/// SGLN URN of a GLN.
pub(crate) fn sgln_urn(gln: &str, extension: u32) -> String {
    format!(
        "urn:epc:id:sgln:{}.{}.{extension}",
        &gln[..PREFIX_DIGITS],
        &gln[PREFIX_DIGITS..12]
    )
}

/// Digital Link of a GLN.
pub(crate) fn sgln_link(gln: &str, extension: u32) -> String {
    if extension == 0 {
        format!("https://id.gs1.org/414/{gln}")
    } else {
        format!("https://id.gs1.org/414/{gln}/254/{extension}")
    }
}

/// PGLN URN of a party's GLN.
pub(crate) fn pgln_urn(gln: &str) -> String {
    format!(
        "urn:epc:id:pgln:{}.{}",
        &gln[..PREFIX_DIGITS],
        &gln[PREFIX_DIGITS..12]
    )
}

/// GTIN-14 of a trade item: indicator 0.
pub(crate) fn gtin(prefix: &str, item: usize) -> String {
    with_check(format!("0{prefix}{item:05}"))
}

/// SGTIN URN.
pub(crate) fn sgtin_urn(gtin: &str, serial: &str) -> String {
    format!(
        "urn:epc:id:sgtin:{}.{}{}.{serial}",
        &gtin[1..=PREFIX_DIGITS],
        &gtin[..1],
        &gtin[PREFIX_DIGITS + 1..13]
    )
}

/// LGTIN class URN.
pub(crate) fn lgtin_urn(gtin: &str, lot: &str) -> String {
    format!(
        "urn:epc:class:lgtin:{}.{}{}.{lot}",
        &gtin[1..=PREFIX_DIGITS],
        &gtin[..1],
        &gtin[PREFIX_DIGITS + 1..13]
    )
}

/// SSCC URN of the n-th container of a party.
pub(crate) fn sscc_urn(prefix: &str, n: u64) -> String {
    format!("urn:epc:id:sscc:{prefix}.1{n:09}")
}

/// The canonical Digital Link of any identifier made here.
pub(crate) fn link(urn: &str) -> String {
    // Invariant: every identifier passed is built by this module and parses.
    serialtrail_gs1::parse_identifier(urn).map_or_else(|_| urn.to_owned(), |k| k.digital_link())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_made_here_parses_to_its_key() {
        let p = company_prefix(7);
        let g = gtin(&p, 42);
        let key = |s: &str| serialtrail_gs1::parse_identifier(s).unwrap().to_string();
        assert_eq!(key(&sgtin_urn(&g, "A1")), format!("01/{g}/21/A1"));
        assert_eq!(key(&lgtin_urn(&g, "L1")), format!("01/{g}/10/L1"));
        let l = gln(&p, 3);
        assert_eq!(key(&sgln_urn(&l, 0)), format!("414/{l}"));
        assert_eq!(key(&sgln_link(&l, 4)), format!("414/{l}/254/4"));
        assert_eq!(key(&pgln_urn(&l)), format!("417/{l}"));
        assert!(key(&sscc_urn(&p, 12)).starts_with("00/1"));
        assert_eq!(
            link(&sgtin_urn(&g, "A1")),
            format!("https://id.gs1.org/01/{g}/21/A1")
        );
    }
}
