//! UPC-E: the GTIN-12 with zeros left out (GS1 General Specifications 5.2.2.4.2).

use crate::check::parse_gtin;
use crate::error::IdError;

/// The GTIN-12 of the eight digits of a UPC-E symbol: number system 0, six
/// digits, the check digit of the whole.
pub fn upc_a_of_upc_e(upc_e: &str) -> Result<String, IdError> {
    let bytes = upc_e.as_bytes();
    let &[b'0', a, b, c, d, e, last, check] = bytes else {
        return Err(not_upc_e(upc_e));
    };
    let digits = match last {
        b'0'..=b'2' => [a, b, last, b'0', b'0', b'0', b'0', c, d, e],
        b'3' => [a, b, c, b'0', b'0', b'0', b'0', b'0', d, e],
        b'4' => [a, b, c, d, b'0', b'0', b'0', b'0', b'0', e],
        _ => [a, b, c, d, e, b'0', b'0', b'0', b'0', last],
    };
    let mut upc_a = String::with_capacity(12);
    upc_a.push('0');
    upc_a.extend(digits.iter().map(|d| char::from(*d)));
    upc_a.push(char::from(check));
    parse_gtin(&upc_a)?;
    Ok(upc_a)
}

/// The eight digits of the UPC-E symbol of a GTIN-12. An error where its zeros
/// are not where they can be left out.
pub fn upc_e_of_upc_a(upc_a: &str) -> Result<String, IdError> {
    parse_gtin(upc_a)?;
    let &[b'0', a, b, c, d, e, f, g, h, i, j, check] = upc_a.as_bytes() else {
        return Err(not_upc_e(upc_a));
    };
    let zeros = |digits: &[u8]| digits.iter().all(|d| *d == b'0');
    let six = if c <= b'2' && zeros(&[d, e, f, g]) {
        [a, b, h, i, j, c]
    } else if zeros(&[d, e, f, g, h]) {
        [a, b, c, i, j, b'3']
    } else if zeros(&[e, f, g, h, i]) {
        [a, b, c, d, j, b'4']
    } else if zeros(&[f, g, h, i]) && j >= b'5' {
        [a, b, c, d, e, j]
    } else {
        return Err(not_upc_e(upc_a));
    };
    let digits = [b"0".as_slice(), &six, &[check]].concat();
    Ok(digits.iter().map(|d| char::from(*d)).collect())
}

fn not_upc_e(digits: &str) -> IdError {
    IdError::malformed(format!(
        "{}: not a GTIN of a UPC-E symbol",
        IdError::quote(digits)
    ))
}
