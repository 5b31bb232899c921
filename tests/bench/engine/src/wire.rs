//! The contract's records in Avro's binary encoding, behind Confluent's header: a zero byte and the
//! schema's id, big-endian. Fields in their order:
//!
//! | record | id | fields |
//! |---|---|---|
//! | registry | 1 | serial, gtin, lot, expiry_days (int), status: strings but one; markets: array of strings |
//! | scan | 2 | event_id, serial: strings; event_time_ms: long; biz_step, read_point, country: strings; lat, lon: doubles; actor: string |
//! | enriched | 3 | the scan's; known: boolean; the registry row's without its serial |
//! | alert | 4 | serial, event_id, rule: strings |
//!
//! Reading borrows from the record. An enriched scan is therefore the scan's own bytes, one byte, and the
//! row's own bytes after its serial, all of them checked before.

const REGISTRY: u32 = 1;
const SCAN: u32 = 2;
const ENRICHED: u32 = 3;
const ALERT: u32 = 4;

/// What an unknown serial's scan has in place of a registry row: four empty strings and a zero between
/// them, and an empty array.
const NO_ROW: &[u8] = &[0, 0, 0, 0, 0];

/// Bytes that are not the record they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Ends within a field.
    #[error("ends within a field")]
    Short,
    /// A length or number does not fit.
    #[error("a number out of range")]
    Range,
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    Text,
    /// Another schema than expected.
    #[error("schema {found:?}, expected {expected}")]
    Schema {
        /// Id in the header; `None` where there is no header.
        found: Option<u32>,
        /// The one this topic has.
        expected: u32,
    },
    /// Bytes behind the last field.
    #[error("{0} bytes behind the last field")]
    Trailing(usize),
    /// An event id is not 32 lower-case hexadecimal digits.
    #[error("an event id is not 32 hexadecimal digits")]
    EventId,
}

/// Reads Avro's binary encoding from the front of a slice.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    /// Behind the header, which must name `schema`.
    fn framed(bytes: &'a [u8], schema: u32) -> Result<Self, Malformed> {
        match bytes {
            [0, a, b, c, d, rest @ ..] if u32::from_be_bytes([*a, *b, *c, *d]) == schema => {
                Ok(Self(rest))
            }
            _ => Err(Malformed::Schema {
                found: match bytes {
                    [0, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
                    _ => None,
                },
                expected: schema,
            }),
        }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A zigzag varint of at most ten bytes.
    pub(crate) fn long(&mut self) -> Result<i64, Malformed> {
        let mut value = 0u64;
        for (at, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                if at == 9 && *byte > 1 {
                    return Err(Malformed::Range);
                }
                self.0 = &self.0[at + 1..];
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(if self.0.len() < 10 {
            Malformed::Short
        } else {
            Malformed::Range
        })
    }

    /// A count of bytes or elements.
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.long()?).map_err(|_| Malformed::Range)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let count = self.count()?;
        std::str::from_utf8(self.take(count)?).map_err(|_| Malformed::Text)
    }

    fn double(&mut self) -> Result<f64, Malformed> {
        self.array().map(f64::from_le_bytes)
    }

    fn end(&self) -> Result<(), Malformed> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(Malformed::Trailing(left)),
        }
    }
}

/// An event's id: 32 hexadecimal digits as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId(pub u128);

impl EventId {
    /// Reads the digits, lower-case only: an id has one spelling.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(Malformed::EventId);
        }
        let mut value = 0u128;
        for digit in digits {
            let nibble = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return Err(Malformed::EventId),
            };
            value = value << 4 | u128::from(nibble);
        }
        Ok(Self(value))
    }
}

/// One scan of one serial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan<'a> {
    /// Its id, as written.
    pub event_id: &'a str,
    /// The same, as a number.
    pub id: EventId,
    /// The unit.
    pub serial: &'a str,
    /// When, milliseconds since the Unix epoch.
    pub event_time_ms: i64,
    /// What was done.
    pub biz_step: &'a str,
    /// Where it was read.
    pub read_point: &'a str,
    /// Country of the read point.
    pub country: &'a str,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// All of the record behind its header.
    body: &'a [u8],
}

impl<'a> Scan<'a> {
    /// Reads a record of the scans.
    ///
    /// # Errors
    /// It is none.
    pub fn read(record: &'a [u8]) -> Result<Self, Malformed> {
        let mut at = Cursor::framed(record, SCAN)?;
        let body = at.0;
        let event_id = at.text()?;
        let scan = Self {
            event_id,
            id: EventId::parse(event_id)?,
            serial: at.text()?,
            event_time_ms: at.long()?,
            biz_step: at.text()?,
            read_point: at.text()?,
            country: at.text()?,
            lat: at.double()?,
            lon: at.double()?,
            body,
        };
        at.text()?; // actor: part of the body, no rule asks for it
        at.end()?;
        Ok(scan)
    }

    /// Appends the record for `enriched`.
    pub fn enriched(&self, row: Option<Row<'_>>, out: &mut Vec<u8>) {
        header(out, ENRICHED);
        out.extend_from_slice(self.body);
        out.push(u8::from(row.is_some()));
        out.extend_from_slice(row.map_or(NO_ROW, |row| row.0));
    }

    /// Appends the record for `alerts`.
    pub fn alert(&self, rule: &str, out: &mut Vec<u8>) {
        header(out, ALERT);
        for text in [self.serial, self.event_id, rule] {
            write_text(out, text);
        }
    }
}

/// A registry row without its serial: bytes that were checked when they were first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a>(pub(crate) &'a [u8]);

impl<'a> Row<'a> {
    /// Reads a record of the registry: the serial and its row.
    ///
    /// # Errors
    /// It is none, or its markets are in more than one block, which no enriched scan could carry unchanged.
    pub fn read(record: &'a [u8]) -> Result<(&'a str, Self), Malformed> {
        let mut at = Cursor::framed(record, REGISTRY)?;
        let serial = at.text()?;
        let row = Self(at.0);
        let mut markets = row.markets()?;
        for market in &mut markets {
            market?;
        }
        markets.at.end()?;
        Ok((serial, row))
    }

    /// Whether goods of this row may be in `country`.
    ///
    /// # Errors
    /// The bytes are no row.
    pub fn allows(&self, country: &str) -> Result<bool, Malformed> {
        for market in self.markets()? {
            if market? == country {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn markets(&self) -> Result<Markets<'a>, Malformed> {
        let mut at = Cursor(self.0);
        for _ in ["gtin", "lot"] {
            at.text()?;
        }
        i32::try_from(at.long()?).map_err(|_| Malformed::Range)?; // expiry_days
        at.text()?; // status
        let left = at.count()?;
        Ok(Markets {
            at,
            left,
            block: left > 0,
        })
    }
}

/// The markets of a row: one block of strings and the empty block that ends the array.
struct Markets<'a> {
    at: Cursor<'a>,
    left: usize,
    /// Whether the ending block is still to come.
    block: bool,
}

impl<'a> Iterator for Markets<'a> {
    type Item = Result<&'a str, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left > 0 {
            self.left -= 1;
            let market = self.at.text();
            if market.is_err() {
                (self.left, self.block) = (0, false);
            }
            return Some(market);
        }
        if std::mem::take(&mut self.block) {
            return match self.at.long() {
                Ok(0) => None,
                Ok(_) => Some(Err(Malformed::Range)),
                Err(error) => Some(Err(error)),
            };
        }
        None
    }
}

/// The event id of an enriched record.
pub(crate) fn event_id_of(enriched: &[u8]) -> Result<EventId, Malformed> {
    EventId::parse(Cursor::framed(enriched, ENRICHED)?.text()?)
}

/// Begins a record of the registry.
pub(crate) fn begin_registry(out: &mut Vec<u8>) {
    header(out, REGISTRY);
}

/// Begins a scan.
pub(crate) fn begin_scan(out: &mut Vec<u8>) {
    header(out, SCAN);
}

fn header(out: &mut Vec<u8>, schema: u32) {
    out.push(0);
    out.extend_from_slice(&schema.to_be_bytes());
}

pub(crate) fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut left = (value << 1 ^ value >> 63).cast_unsigned();
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

pub(crate) fn write_count(out: &mut Vec<u8>, count: usize) {
    // A slice is never longer than `isize::MAX`.
    write_long(out, count as i64);
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}
