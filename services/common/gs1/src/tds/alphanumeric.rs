//! Variable-length values of TDS 2.x: how many bits they take, and the six
//! character encodings a value may choose from (TDS 2.x §14.5.6, table E).

use super::bits::{BitReader, Bits};
use crate::check::is_set_82;
use crate::error::{IdError, IdReason};

/// Bits of a number of `digits` digits: the next whole above `digits × log2 10`
/// (TDS 2.x table B).
pub(crate) fn integer_bits(digits: usize) -> usize {
    // Exact for the 90 digits a value may have (tested against table B).
    (digits * 33_219_281).div_ceil(10_000_000)
}

/// An encoding of characters, by its indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Integer = 0,
    UpperHex = 1,
    LowerHex = 2,
    Base64 = 3,
    Ascii = 4,
    UrnCode40 = 5,
}

/// In the order of their indicators, by which equal lengths are decided.
const ENCODINGS: [Encoding; 6] = [
    Encoding::Integer,
    Encoding::UpperHex,
    Encoding::LowerHex,
    Encoding::Base64,
    Encoding::Ascii,
    Encoding::UrnCode40,
];

const BASE_64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The character of index 0 only fills groups of three.
const URN_CODE_40: &[u8; 40] = b"\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789";
const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";
const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

impl Encoding {
    fn takes(self, b: u8) -> bool {
        match self {
            Self::Integer => b.is_ascii_digit(),
            Self::UpperHex => UPPER_HEX.contains(&b),
            Self::LowerHex => LOWER_HEX.contains(&b),
            Self::Base64 => BASE_64.contains(&b),
            // Sets 82 and 39; the latter adds `#`.
            Self::Ascii => is_set_82(b) || b == b'#',
            Self::UrnCode40 => b != 0 && URN_CODE_40.contains(&b),
        }
    }

    fn bits(self, characters: usize) -> usize {
        match self {
            Self::Integer => integer_bits(characters),
            Self::UpperHex | Self::LowerHex => 4 * characters,
            Self::Base64 => 6 * characters,
            Self::Ascii => 7 * characters,
            Self::UrnCode40 => 16 * characters.div_ceil(3),
        }
    }

    /// The one that takes the fewest bits for a value; None if it holds a
    /// character that none has.
    pub(crate) fn shortest(value: &str) -> Option<Self> {
        ENCODINGS
            .into_iter()
            .filter(|encoding| value.bytes().all(|b| encoding.takes(b)))
            .min_by_key(|encoding| encoding.bits(value.len()))
    }

    fn write(self, value: &str, bits: &mut Bits) {
        let index = |table: &[u8], b: u8| {
            // The encoding takes all its characters.
            table.iter().position(|c| *c == b).unwrap_or_default() as u64
        };
        match self {
            Self::Integer => {
                bits.push_decimal(value, integer_bits(value.len()));
            }
            Self::UpperHex => value
                .bytes()
                .for_each(|b| bits.push(index(UPPER_HEX, b), 4)),
            Self::LowerHex => value
                .bytes()
                .for_each(|b| bits.push(index(LOWER_HEX, b), 4)),
            Self::Base64 => value.bytes().for_each(|b| bits.push(index(BASE_64, b), 6)),
            Self::Ascii => value.bytes().for_each(|b| bits.push(u64::from(b), 7)),
            Self::UrnCode40 => write_urn_code_40(value, bits),
        }
    }

    fn read(self, length: usize, reader: &mut BitReader<'_>) -> Result<String, IdError> {
        let at = |table: &[u8], index: u64| {
            char::from(table.get(index as usize).copied().unwrap_or_default())
        };
        match self {
            Self::Integer => read_digits(length, reader),
            Self::UpperHex => (0..length)
                .map(|_| reader.read(4).map(|index| at(UPPER_HEX, index)))
                .collect(),
            Self::LowerHex => (0..length)
                .map(|_| reader.read(4).map(|index| at(LOWER_HEX, index)))
                .collect(),
            Self::Base64 => (0..length)
                .map(|_| reader.read(6).map(|index| at(BASE_64, index)))
                .collect(),
            Self::Ascii => (0..length)
                .map(|_| {
                    let b = reader.read(7)? as u8;
                    if self.takes(b) {
                        Ok(char::from(b))
                    } else {
                        Err(broken(format!("{b:07b} is no character of a value")))
                    }
                })
                .collect(),
            Self::UrnCode40 => read_urn_code_40(length, reader),
        }
    }
}

/// Groups of three characters, each `1600 i1 + 40 i2 + i3 + 1` in 16 bits
/// (TDS 2.x §14.5.6.5).
pub(crate) fn write_urn_code_40(value: &str, bits: &mut Bits) {
    for group in value.as_bytes().chunks(3) {
        let index = |at: usize| {
            let b = group.get(at).copied().unwrap_or_default();
            URN_CODE_40.iter().position(|c| *c == b).unwrap_or_default() as u64
        };
        bits.push(1600 * index(0) + 40 * index(1) + index(2) + 1, 16);
    }
}

/// Reads `length` characters; those that only fill the last group are left out.
pub(crate) fn read_urn_code_40(
    length: usize,
    reader: &mut BitReader<'_>,
) -> Result<String, IdError> {
    let mut value = String::with_capacity(length + 2);
    for _ in 0..length.div_ceil(3) {
        let group = reader.read(16)?;
        let number = group
            .checked_sub(1)
            .filter(|number| *number < 64_000)
            .ok_or_else(|| broken(format!("{group} is no group of URN Code 40")))?;
        for index in [number / 1600, number / 40 % 40, number % 40] {
            // Below 40 each.
            value.push(char::from(
                URN_CODE_40.get(index as usize).copied().unwrap_or_default(),
            ));
        }
    }
    let fill = value.split_off(length.min(value.len()));
    if value.contains('\0') || fill.chars().any(|c| c != '\0') {
        return Err(broken(
            "URN Code 40 is filled in the wrong place".to_owned(),
        ));
    }
    Ok(value)
}

/// Exactly `length` digits as a number, leading zeros kept.
fn read_digits(length: usize, reader: &mut BitReader<'_>) -> Result<String, IdError> {
    if length == 0 {
        return Ok(String::new());
    }
    let number = reader.read_decimal(integer_bits(length))?;
    if number.len() > length {
        return Err(broken(format!("{number} has more than {length} digits")));
    }
    Ok(format!("{number:0>length$}"))
}

/// Indicator, length in `length_bits`, characters (TDS 2.x §14.5.6). False if the
/// value is longer than `max` or holds a character no encoding has.
pub(crate) fn write(value: &str, length_bits: usize, max: usize, bits: &mut Bits) -> bool {
    let Some(encoding) = Encoding::shortest(value).filter(|_| value.len() <= max) else {
        return false;
    };
    bits.push(encoding as u64, 3);
    bits.push(value.len() as u64, length_bits);
    encoding.write(value, bits);
    true
}

/// Reads what [`write`] wrote, in whichever encoding it is.
pub(crate) fn read(
    length_bits: usize,
    max: usize,
    reader: &mut BitReader<'_>,
) -> Result<String, IdError> {
    let indicator = reader.read(3)? as usize;
    let encoding = ENCODINGS
        .get(indicator)
        .ok_or_else(|| broken(format!("encoding indicator {indicator} is reserved")))?;
    let length = read_length(length_bits, max, reader)?;
    encoding.read(length, reader)
}

/// Length and digits (TDS 2.x §14.5.13). False if there are more than `max` digits
/// or other characters.
pub(crate) fn write_numeric(value: &str, length_bits: usize, max: usize, bits: &mut Bits) -> bool {
    if value.len() > max || !value.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    bits.push(value.len() as u64, length_bits);
    Encoding::Integer.write(value, bits);
    true
}

/// Reads what [`write_numeric`] wrote.
pub(crate) fn read_numeric(
    length_bits: usize,
    max: usize,
    reader: &mut BitReader<'_>,
) -> Result<String, IdError> {
    let length = read_length(length_bits, max, reader)?;
    read_digits(length, reader)
}

fn read_length(
    length_bits: usize,
    max: usize,
    reader: &mut BitReader<'_>,
) -> Result<usize, IdError> {
    let length = reader.read(length_bits)? as usize;
    if length > max {
        return Err(broken(format!("{length} characters, at most {max}")));
    }
    Ok(length)
}

pub(crate) fn broken(what: String) -> IdError {
    IdError::new(IdReason::BadEncoding, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_bits_of_table_b() {
        for (digits, bits) in [
            (1, 4),
            (2, 7),
            (3, 10),
            (4, 14),
            (12, 40),
            (20, 67),
            (28, 94),
            (59, 196),
            (81, 270),
            (90, 299),
        ] {
            assert_eq!(integer_bits(digits), bits, "{digits} digits");
        }
    }

    #[test]
    fn each_value_takes_its_shortest_encoding_and_comes_back() {
        for (value, encoding) in [
            ("12345", Encoding::Integer),
            ("007", Encoding::Integer),
            ("1A2B", Encoding::UpperHex),
            ("1a2b", Encoding::LowerHex),
            ("rif981", Encoding::Base64),
            ("XY", Encoding::Base64),
            ("X.Y:Z-", Encoding::UrnCode40),
            ("XYZ", Encoding::UrnCode40),
            ("32a/b", Encoding::Ascii),
            ("#1", Encoding::Ascii),
        ] {
            assert_eq!(Encoding::shortest(value), Some(encoding), "{value}");
            let mut bits = Bits::default();
            assert!(write(value, 5, 20, &mut bits));
            assert_eq!(bits.len(), 8 + encoding.bits(value.len()));
            let mut reader = BitReader::new(&bits);
            assert_eq!(read(5, 20, &mut reader).as_deref(), Ok(value));
            assert_eq!(reader.remaining(), 0);
        }
        assert_eq!(Encoding::shortest("ä"), None);
        assert!(!write("123", 5, 2, &mut Bits::default()));
    }

    #[test]
    fn reserved_indicators_and_broken_groups_are_refused() {
        for hex in ["C1", "E1", "A10000", "A1FFFF", "01F0"] {
            let bits = Bits::from_hex(hex).unwrap();
            let found = read(5, 20, &mut BitReader::new(&bits)).unwrap_err();
            assert!(
                matches!(found.code(), "bad_encoding" | "bad_length"),
                "{hex} {found}"
            );
        }
    }
}
