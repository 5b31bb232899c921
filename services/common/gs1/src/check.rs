//! Check digits and character sets.

use crate::error::{IdError, IdReason};

/// That a text has `most` bytes at most; `unit` is what a message calls them.
pub(crate) fn at_most(text: &str, most: usize, unit: &str) -> Result<(), IdError> {
    if text.len() <= most {
        return Ok(());
    }
    Err(IdError::length(format!(
        "{}: {} {unit}, at most {most}",
        IdError::quote(text),
        text.len()
    )))
}

/// The check digit of `digits` (which do not include it), as an ASCII digit:
/// weights 3,1,3,… from the right, modulo 10 (GS1 General Specifications 7.9.1).
/// None if `digits` holds anything but ASCII digits.
pub fn check_digit(digits: &str) -> Option<char> {
    // What counts three times and once, if the digits end here. At most 27 a
    // character: no text in memory is long enough to overflow.
    let (mut threes, mut ones) = (0u64, 0u64);
    for b in digits.bytes() {
        if !b.is_ascii_digit() {
            return None;
        }
        (threes, ones) = (ones + u64::from(b - b'0'), threes);
    }
    let check = (10 - (3 * threes + ones) % 10) % 10;
    char::from_digit(check as u32, 10)
}

/// [`check_digit`] of the digits of a number.
pub(crate) fn check_digit_of(mut number: u64) -> u64 {
    let mut sum = 0;
    while number > 0 {
        let two = number % 100;
        number /= 100;
        sum += two / 10 + 3 * (two % 10);
    }
    (10 - sum % 10) % 10
}

/// Verifies that the last digit of `number` is the check digit of the rest.
pub(crate) fn verify_check_digit(name: &str, number: &str) -> Result<(), IdError> {
    let split = number.len().saturating_sub(1);
    let expected = number.get(..split).and_then(check_digit);
    let found = number.chars().next_back();
    match expected {
        Some(expected) if Some(expected) == found => Ok(()),
        Some(expected) => Err(IdError::new(
            IdReason::BadCheckDigit,
            format!("{name} {number}: the check digit should be {expected}"),
        )),
        None => Err(IdError::character(format!(
            "{name} {number:?}: not all digits"
        ))),
    }
}

/// A GTIN-8, -12, -13 or -14 as 14 digits, zero-padded on the left, its check
/// digit verified (GS1 General Specifications 3.3.2).
pub fn parse_gtin(value: &str) -> Result<String, IdError> {
    digits_only("GTIN", value)?;
    if !matches!(value.len(), 8 | 12 | 13 | 14) {
        return Err(IdError::length(format!(
            "GTIN {}: {} digits, expected 8, 12, 13 or 14",
            IdError::quote(value),
            value.len()
        )));
    }
    verify_check_digit("GTIN", value)?;
    Ok(format!("{value:0>14}"))
}

/// A GLN of 13 digits, its check digit verified.
pub fn parse_gln(value: &str) -> Result<String, IdError> {
    digits_only("GLN", value)?;
    if value.len() != 13 {
        return Err(IdError::length(format!(
            "GLN {}: {} digits, expected 13",
            IdError::quote(value),
            value.len()
        )));
    }
    verify_check_digit("GLN", value)?;
    Ok(value.to_owned())
}

fn digits_only(name: &str, value: &str) -> Result<(), IdError> {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(IdError::character(format!(
            "{name} {}: only digits are allowed",
            IdError::quote(value)
        )))
    }
}

/// Which bytes are of a set of ASCII characters.
pub(crate) type CharSet = [bool; 256];

/// The set of these characters.
pub(crate) const fn set_of(members: &[u8]) -> CharSet {
    let mut set = [false; 256];
    let mut at = 0;
    while at < members.len() {
        set[members[at] as usize] = true;
        at += 1;
    }
    set
}

/// The GS1 AI encodable character set 82 (General Specifications 7.11).
pub(crate) fn is_set_82(b: u8) -> bool {
    static SET: CharSet = set_of(
        b"!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
    );
    SET[usize::from(b)]
}

/// The GS1 AI encodable character set 39, for component/part identifiers
/// (General Specifications 7.11).
pub(crate) fn is_set_39(b: u8) -> bool {
    b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b'#' | b'-' | b'/')
}

/// The first 97 primes: weights for the longest value an AI has, its check
/// character pair apart.
const PRIMES: [u32; 97] = {
    let mut primes = [0; 97];
    let (mut found, mut candidate) = (0, 2);
    while found < primes.len() {
        let mut i = 0;
        while i < found && candidate % primes[i] != 0 {
            i += 1;
        }
        if i == found {
            primes[found] = candidate;
            found += 1;
        }
        candidate += 1;
    }
    primes
};

/// The check character pair of `text`, which does not include it: the places of
/// its characters in set 82 times the primes from the right, modulo 1021, as two
/// characters of set 32 (GS1 General Specifications 7.9.5). None beyond 97
/// characters, or where one is not of set 82.
pub fn check_pair(text: &str) -> Option<[char; 2]> {
    const SET_32: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut sum = 0;
    for (i, b) in text.bytes().rev().enumerate() {
        let place = (0..b).filter(|c| is_set_82(*c)).count() as u32;
        sum += PRIMES.get(i)? * is_set_82(b).then_some(place)?;
    }
    let sum = (sum % 1021) as usize;
    Some([sum >> 5, sum & 31].map(|place| char::from(SET_32[place])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_known_numbers() {
        for (digits, expected) in [
            ("0952123454321", '3'),
            ("10614141234567890", '8'),
            ("629104150021", '3'),
            ("7351353", '7'),
        ] {
            assert_eq!(check_digit(digits), Some(expected), "{digits}");
            let of_number = check_digit_of(digits.parse().unwrap());
            assert_eq!(of_number.to_string(), expected.to_string(), "{digits}");
        }
        assert_eq!(check_digit("12a"), None);
        assert_eq!(check_digit(&"9".repeat(100_000)), Some('0'));
    }

    #[test]
    fn a_short_gtin_is_padded_and_a_wrong_one_says_why() {
        assert_eq!(parse_gtin("73513537").unwrap(), "00000073513537");
        assert_eq!(parse_gtin("416000336108").unwrap(), "00416000336108");
        assert_eq!(
            parse_gtin("09521234543214").unwrap_err().code(),
            "bad_check_digit"
        );
        assert_eq!(
            parse_gtin("0952123454321").unwrap_err().code(),
            "bad_check_digit"
        );
        assert_eq!(
            parse_gtin("095212345432").unwrap_err().code(),
            "bad_check_digit"
        );
        assert_eq!(parse_gtin("952123454").unwrap_err().code(), "bad_length");
        assert_eq!(
            parse_gtin("0952123454321x").unwrap_err().code(),
            "bad_character"
        );
    }

    #[test]
    fn set_82_is_exactly_the_82_characters() {
        let set: String = (0u8..=255)
            .filter(|b| is_set_82(*b))
            .map(char::from)
            .collect();
        assert_eq!(set.len(), 82);
        for absent in [
            ' ', '#', '$', '@', '[', '\\', ']', '^', '`', '{', '|', '}', '~',
        ] {
            assert!(!set.contains(absent), "{absent}");
        }
        assert_eq!((0u8..=255).filter(|b| is_set_39(*b)).count(), 39);
    }
}
