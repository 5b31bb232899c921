//! Bit strings, most significant bit first, as the EPC memory bank holds them.

use std::fmt;

use crate::error::{IdError, IdReason};

/// The value of each hexadecimal digit; [`NO_DIGIT`] for other bytes.
static HEX: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

const NO_DIGIT: u8 = 0xff;

/// Fills the first bytes with hexadecimal digits, two each; a last single one is
/// the upper half.
///
/// # Errors
/// `bad_character` for anything that is no hexadecimal digit.
pub(crate) fn read_hex(hex: &str, bytes: &mut [u8]) -> Result<(), IdError> {
    let value = |digit: u8| HEX[usize::from(digit)];
    let (pairs, single) = hex.as_bytes().as_chunks::<2>();
    let mut seen = 0;
    for (byte, [upper, lower]) in bytes.iter_mut().zip(pairs) {
        let (upper, lower) = (value(*upper), value(*lower));
        seen |= upper | lower;
        *byte = upper << 4 | lower;
    }
    if let ([upper], Some(byte)) = (single, bytes.get_mut(pairs.len())) {
        seen |= value(*upper);
        *byte = value(*upper) << 4;
    }
    if seen != NO_DIGIT {
        return Ok(());
    }
    // Before the first that is no digit each byte is a character.
    let place = hex.bytes().take_while(u8::is_ascii_hexdigit).count() + 1;
    Err(IdError::character(format!(
        "{}: character {place} is not a hexadecimal digit",
        IdError::quote(hex),
    )))
}

/// A string of bits. Its bytes are filled from the left; what is left of the
/// last byte is zero.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    /// The bits of hexadecimal digits, four each, in either case; no prefix, no
    /// spaces.
    ///
    /// # Errors
    /// `bad_character` for anything that is no hexadecimal digit.
    pub fn from_hex(hex: &str) -> Result<Self, IdError> {
        let mut bytes = vec![0u8; hex.len().div_ceil(2)];
        read_hex(hex, &mut bytes)?;
        Ok(Self {
            bytes,
            len: hex.len() * 4,
        })
    }

    /// How many bits there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes, the last one filled with zeros on the right.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Upper-case hexadecimal digits, the last one filled with zeros on the right.
    pub fn to_hex(&self) -> String {
        self.bytes
            .iter()
            .flat_map(|b| [b >> 4, b & 0xf])
            .take(self.len.div_ceil(4))
            .filter_map(|nibble| char::from_digit(nibble.into(), 16))
            .map(|c| c.to_ascii_uppercase())
            .collect()
    }

    /// Appends the lowest `width` bits (at most 64) of a value.
    pub(crate) fn push(&mut self, value: u64, width: usize) {
        let mut missing = width;
        while missing > 0 {
            let free = 8 - self.len % 8;
            if free == 8 {
                self.bytes.push(0);
            }
            let take = missing.min(free);
            let part = (value >> (missing - take)) & ((1 << take) - 1);
            if let Some(last) = self.bytes.last_mut() {
                // At most eight bits.
                *last |= (part << (free - take)) as u8;
            }
            self.len += take;
            missing -= take;
        }
    }

    /// Appends zeros.
    pub(crate) fn push_zeros(&mut self, count: usize) {
        self.len += count;
        self.bytes.resize(self.len.div_ceil(8), 0);
    }

    /// Appends a decimal number of any size; false, and nothing appended, if it
    /// does not fit `width` bits or is not all digits.
    pub(crate) fn push_decimal(&mut self, digits: &str, width: usize) -> bool {
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        if digits.len() <= 19 && width <= 64 {
            let value = digits
                .bytes()
                .fold(0u64, |v, b| v * 10 + u64::from(b - b'0'));
            if width < 64 && value >> width != 0 {
                return false;
            }
            self.push(value, width);
            return true;
        }
        // Base 256, least significant byte first.
        let mut number = vec![0u8; width.div_ceil(8)];
        for digit in digits.bytes() {
            let mut carry = u32::from(digit - b'0');
            for byte in &mut number {
                carry += u32::from(*byte) * 10;
                *byte = (carry & 0xff) as u8;
                carry >>= 8;
            }
            if carry != 0 {
                return false;
            }
        }
        let top = width % 8;
        if top != 0 && number.last().is_some_and(|b| b >> top != 0) {
            return false;
        }
        for (at, byte) in number.iter().enumerate().rev() {
            let first = at + 1 == number.len() && top != 0;
            self.push(u64::from(*byte), if first { top } else { 8 });
        }
        true
    }

    /// Appends other bits.
    pub(crate) fn extend(&mut self, other: &Self) {
        let mut reader = BitReader::new(other);
        while reader.remaining() > 0 {
            let width = reader.remaining().min(64);
            if let Ok(value) = reader.read(width) {
                self.push(value, width);
            }
        }
    }

    /// Fills with zeros to a whole number of 16-bit words (TDS 2.x §15.1.1).
    pub(crate) fn pad_to_words(&mut self) {
        self.fill_to(self.len.next_multiple_of(16));
    }

    /// Appends zeros until there are so many bits.
    pub(crate) fn fill_to(&mut self, len: usize) {
        self.push_zeros(len.saturating_sub(self.len));
    }

    /// Drops zeros at the end.
    pub(crate) fn trim_zeros(&mut self) {
        while self.bytes.last() == Some(&0) {
            self.bytes.pop();
        }
        self.len = match self.bytes.last() {
            Some(last) => self
                .len
                .min(self.bytes.len() * 8 - last.trailing_zeros() as usize),
            None => 0,
        };
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl From<&[u8]> for Bits {
    fn from(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            len: bytes.len() * 8,
        }
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bits({} x{})", self.len, self.to_hex())
    }
}

/// The lowest bits of a word, as many as `width`.
fn lowest(width: usize) -> u64 {
    match width {
        64.. => u64::MAX,
        _ => (1 << width) - 1,
    }
}

/// Reads bits from the left.
#[derive(Clone)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bits: &'a Bits) -> Self {
        Self::of(&bits.bytes, bits.len)
    }

    /// A reader of the first `end` bits of some bytes.
    pub(crate) fn of(bytes: &'a [u8], end: usize) -> Self {
        Self {
            bytes,
            at: 0,
            end: end.min(bytes.len() * 8),
        }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.end - self.at
    }

    /// The next `width` bits (at most 64) as a number.
    #[inline]
    pub(crate) fn read(&mut self, width: usize) -> Result<u64, IdError> {
        if width > self.remaining() {
            return Err(self.ended(width));
        }
        let (first, after) = (self.at / 8, self.at + width);
        // Bits of the word of eight bytes that come after those wanted.
        let behind = (8 * first + 64).checked_sub(after);
        let value = match (behind, self.bytes[first..].first_chunk()) {
            (Some(behind @ 0..64), Some(word)) => u64::from_be_bytes(*word) >> behind,
            // Close to the end, or across nine bytes.
            _ => {
                let last = after.div_ceil(8);
                let bytes = self.bytes[first..last].iter();
                let word = bytes.fold(0u128, |word, byte| word << 8 | u128::from(*byte));
                (word >> (8 * last - after)) as u64
            }
        };
        self.at = after;
        Ok(value & lowest(width))
    }

    #[cold]
    fn ended(&self, width: usize) -> IdError {
        IdError::new(
            IdReason::BadLength,
            format!(
                "the bits end at {}, {width} more are expected from {} on",
                self.end, self.at
            ),
        )
    }

    /// The next `width` bits as a decimal numeral without leading zeros.
    pub(crate) fn read_decimal(&mut self, width: usize) -> Result<String, IdError> {
        if width <= 64 {
            return Ok(self.read(width)?.to_string());
        }
        // Base 10^18, least significant first.
        const BASE: u128 = 1_000_000_000_000_000_000;
        let mut number = vec![0u64];
        let mut missing = width;
        while missing > 0 {
            let take = missing.min(32);
            let mut carry = u128::from(self.read(take)?);
            for limb in &mut number {
                carry += u128::from(*limb) << take;
                *limb = (carry % BASE) as u64;
                carry /= BASE;
            }
            if carry > 0 {
                number.push(carry as u64);
            }
            missing -= take;
        }
        let mut text = String::new();
        for limb in number.iter().rev() {
            if text.is_empty() {
                if *limb > 0 {
                    text = limb.to_string();
                }
            } else {
                text.push_str(&format!("{limb:018}"));
            }
        }
        Ok(if text.is_empty() { "0".into() } else { text })
    }

    /// Whether only zeros are left.
    pub(crate) fn rest_is_zero(&self) -> bool {
        let mut ahead = self.clone();
        while ahead.remaining() > 0 {
            if ahead.read(ahead.remaining().min(64)) != Ok(0) {
                return false;
            }
        }
        true
    }

    /// All bits that are left.
    pub(crate) fn rest(&mut self) -> Bits {
        let mut bits = Bits::default();
        while self.remaining() > 0 {
            let width = self.remaining().min(64);
            if let Ok(value) = self.read(width) {
                bits.push(value, width);
            }
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_width_come_back() {
        for (digits, width) in [
            ("0", 1),
            ("274877906943", 38),
            ("18446744073709551615", 64),
            ("99999999999999999999", 67),
            ("340282366920938463463374607431768211455", 128),
            (
                "123456789012345678901234567890123456789012345678901234567890",
                200,
            ),
            ("1000000000000000000000000000000000000", 130),
        ] {
            let mut bits = Bits::default();
            bits.push(5, 3);
            assert!(bits.push_decimal(digits, width), "{digits}");
            assert_eq!(bits.len(), width + 3);
            let mut reader = BitReader::new(&bits);
            assert_eq!(reader.read(3).unwrap(), 5);
            assert_eq!(reader.read_decimal(width).unwrap(), digits);
            assert!(reader.read(1).is_err());
        }
    }

    #[test]
    fn a_number_too_large_for_its_bits_is_not_written() {
        for (digits, width) in [
            ("2", 1),
            ("274877906944", 38),
            ("18446744073709551616", 64),
            ("1x", 9),
        ] {
            let mut bits = Bits::default();
            assert!(!bits.push_decimal(digits, width), "{digits}");
            assert!(bits.is_empty());
        }
    }

    #[test]
    fn hexadecimal_digits_are_four_bits_each() {
        let bits = Bits::from_hex("3aF").unwrap();
        assert_eq!((bits.len(), bits.to_hex().as_str()), (12, "3AF"));
        assert_eq!(bits.as_bytes(), [0x3a, 0xf0]);
        assert_eq!(Bits::from_hex("3G").unwrap_err().code(), "bad_character");
    }
}
