//! Bytes of a datum (Avro 1.12, Binary Encoding): read with every length and count checked against what
//! is left, and written.

use super::error::Error;
use super::plan::{Node, Plan, Record};

/// How deep records, arrays and maps may stand in one another.
pub(super) const DEPTH: u8 = 64;

/// How many items without bytes of their own (null, a record without fields, fixed of size 0) the
/// arrays of one datum may hold together, and how many such records: they cost the writer nothing.
pub(super) const UNITS: usize = 65_536;

/// What is left of a datum, and of what its reading may cost.
pub(super) struct Input<'de> {
    rest: &'de [u8],
    length: usize,
    depth: u8,
    units: usize,
    /// The bytes are as this codec writes them with the reader's schema: so far, and for good once not.
    pub(super) as_written: bool,
    /// The plan it is read by.
    pub(super) nodes: &'de [Node],
}

impl<'de> Input<'de> {
    pub(super) fn new(datum: &'de [u8], plan: &'de Plan) -> Self {
        Self {
            rest: datum,
            length: datum.len(),
            depth: DEPTH,
            units: UNITS,
            as_written: plan.as_written,
            nodes: &plan.nodes,
        }
    }

    /// The bytes behind the datum.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    /// A default's bytes, read at the depth of the field they stand for.
    pub(super) fn at_default(&self, bytes: &'de [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
            ..*self
        }
    }

    /// An error at the byte reached.
    #[cold]
    pub(super) fn error(&self, message: impl std::fmt::Display) -> Error {
        let at = self.length - self.rest.len();
        Error::new(format!("{message}, at byte {at} of {}", self.length))
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                Ok(())
            }
            None => Err(self.too_deep()),
        }
    }

    #[cold]
    fn too_deep(&self) -> Error {
        self.error(format!("nested deeper than {DEPTH}"))
    }

    /// A number that is not what stands here.
    #[cold]
    fn no(&self, value: i64, what: &str) -> Error {
        self.error(format!("{value} is no {what}"))
    }

    /// Enters a record; one without bytes counts like an item without.
    #[inline]
    pub(super) fn open(&mut self, record: &Record) -> Result<(), Error> {
        if record.weightless {
            self.without_bytes(1)?;
        }
        self.enter()
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }

    /// `int` and `long`: variable length, zig-zag.
    #[inline]
    pub(super) fn long(&mut self) -> Result<i64, Error> {
        if let [byte, rest @ ..] = self.rest
            && *byte < 0x80
        {
            self.rest = rest;
            return Ok(zigzag(u64::from(*byte)));
        }
        self.long_of_many()
    }

    #[inline(never)]
    fn long_of_many(&mut self) -> Result<i64, Error> {
        let mut value = 0u64;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            // The tenth byte holds the last of 64 bits.
            if at == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                // Seven bits of nothing at the end: the number is longer than it need be.
                self.as_written &= *byte != 0;
                self.rest = &self.rest[at + 1..];
                return Ok(zigzag(value));
            }
        }
        if self.rest.len() < 10 {
            Err(self.error("the datum ends within a number"))
        } else {
            Err(self.error("a number of more than 64 bits"))
        }
    }

    #[inline]
    pub(super) fn int(&mut self) -> Result<i32, Error> {
        let value = self.long()?;
        i32::try_from(value).map_err(|_| self.no(value, "int"))
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<&'de [u8], Error> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.short_of(length)),
        }
    }

    #[cold]
    fn short_of(&self, length: usize) -> Error {
        let left = self.rest.len();
        self.error(format!("{length} bytes expected, {left} are left"))
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self.rest.split_first_chunk() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.short_of(N)),
        }
    }

    #[inline]
    pub(super) fn boolean(&mut self) -> Result<bool, Error> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(self.no(other.into(), "boolean")),
        }
    }

    #[inline]
    pub(super) fn float(&mut self) -> Result<f32, Error> {
        self.array().map(f32::from_le_bytes)
    }

    #[inline]
    pub(super) fn double(&mut self) -> Result<f64, Error> {
        self.array().map(f64::from_le_bytes)
    }

    /// `bytes`: a length, then so many.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'de [u8], Error> {
        // Nearly all are shorter than 64 bytes, their length an even byte.
        if let [byte, rest @ ..] = self.rest
            && *byte & 0x81 == 0
            && let Some((taken, rest)) = rest.split_at_checked(usize::from(*byte >> 1))
        {
            self.rest = rest;
            return Ok(taken);
        }
        self.many_bytes()
    }

    #[inline(never)]
    fn many_bytes(&mut self) -> Result<&'de [u8], Error> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.no(length, "length")),
        }
    }

    /// `string`: bytes that are UTF-8.
    #[inline]
    pub(super) fn text(&mut self) -> Result<&'de str, Error> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|e| self.no_text(e))
    }

    #[cold]
    fn no_text(&self, e: std::str::Utf8Error) -> Error {
        self.error(format!("text is not UTF-8: {e}"))
    }

    /// Position of a branch or symbol among `all`.
    #[inline]
    pub(super) fn position(&mut self, all: usize) -> Result<usize, Error> {
        let value = self.long()?;
        match usize::try_from(value) {
            Ok(at) if at < all => Ok(at),
            _ => Err(self.none_of(value, all)),
        }
    }

    #[cold]
    fn none_of(&self, value: i64, all: usize) -> Error {
        self.error(format!("{value} is none of {all}"))
    }

    /// The position in a union of two: whether it is the second.
    #[inline]
    pub(super) fn second(&mut self) -> Result<bool, Error> {
        if let [byte @ (0 | 2), rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(*byte == 2);
        }
        Ok(self.position(2)? == 1)
    }

    /// How many items the next block of an array or map holds, each of `least` bytes or more; 0 is
    /// the end. A negative count is followed by the block's length, which reading needs not.
    #[inline]
    pub(super) fn block(&mut self, least: usize) -> Result<usize, Error> {
        if let [0, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(0);
        }
        self.block_of_some(least)
    }

    #[inline(never)]
    fn block_of_some(&mut self, least: usize) -> Result<usize, Error> {
        let count = self.long()?;
        if count == 0 {
            return Ok(0);
        }
        if count < 0 {
            self.as_written = false;
            self.length_of_block()?;
        }
        self.items(count, least)
    }

    /// As [`Self::block`], for the blocks behind the first, which this codec needs none of.
    #[inline]
    pub(super) fn further_block(&mut self, least: usize) -> Result<usize, Error> {
        let items = self.block(least)?;
        self.as_written &= items == 0;
        Ok(items)
    }

    /// As [`Self::block`], for items nobody wants: a block that says its length is passed at once.
    pub(super) fn block_to_skip(&mut self, least: usize) -> Result<Option<usize>, Error> {
        let count = self.long()?;
        if count == 0 {
            return Ok(None);
        }
        if count < 0 {
            self.as_written = false;
            let length = self.length_of_block()?;
            self.take(length)?;
            return Ok(Some(0));
        }
        self.items(count, least).map(Some)
    }

    fn length_of_block(&mut self) -> Result<usize, Error> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() => Ok(length),
            _ => Err(self.error(format!(
                "a block of {length} bytes, {} are left",
                self.rest.len()
            ))),
        }
    }

    fn without_bytes(&mut self, items: usize) -> Result<(), Error> {
        match self.units.checked_sub(items) {
            Some(left) => {
                self.units = left;
                Ok(())
            }
            None => Err(self.error(format!("more than {UNITS} values without bytes"))),
        }
    }

    fn items(&mut self, count: i64, least: usize) -> Result<usize, Error> {
        let count = count.unsigned_abs();
        let Ok(items) = usize::try_from(count) else {
            return Err(self.error(format!("{count} items")));
        };
        if least == 0 {
            self.without_bytes(items)?;
        } else if items
            .checked_mul(least)
            .is_none_or(|bytes| bytes > self.rest.len())
        {
            let left = self.rest.len();
            return Err(self.error(format!("{count} items, {left} bytes are left")));
        }
        Ok(items)
    }
}

#[inline]
fn zigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// Writes an `int` or `long`.
#[inline]
pub(super) fn put_long(out: &mut Vec<u8>, value: i64) {
    let value = ((value << 1) ^ (value >> 63)) as u64;
    if value < 0x80 {
        out.push(value as u8);
    } else {
        put_many(out, value);
    }
}

#[inline(never)]
fn put_many(out: &mut Vec<u8>, mut value: u64) {
    let mut bytes = [0; 10];
    let mut length = 0;
    while value >= 0x80 {
        bytes[length] = value as u8 | 0x80;
        value >>= 7;
        length += 1;
    }
    bytes[length] = value as u8;
    out.extend_from_slice(&bytes[..=length]);
}
