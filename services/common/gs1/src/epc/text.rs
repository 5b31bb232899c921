//! The text of a key, and the key text taken apart.

use std::fmt;
use std::ops::Deref;

/// The longest text of a packed key: `8010/<30>/8011/<20 digits>`.
const MAX: usize = 64;

/// A key, or a part of one, as text: on the stack, or borrowed from the key.
/// It is used like a `&str`.
#[derive(Clone, Copy)]
pub struct KeyText<'a>(Text<'a>);

// The stack is where this text is meant to be.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Copy)]
enum Text<'a> {
    Borrowed(&'a str),
    Stack(Buffer),
}

/// A text being written on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Buffer {
    bytes: [u8; MAX],
    length: usize,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        Self {
            bytes: [0; MAX],
            length: 0,
        }
    }

    /// What is written.
    pub(crate) fn as_str(&self) -> &str {
        // Only whole texts are appended.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    /// Appends a text. What does not fit is left out, and no key is that long.
    pub(crate) fn push(&mut self, text: &str) {
        let end = self.length + text.len();
        if let Some(free) = self.bytes.get_mut(self.length..end) {
            free.copy_from_slice(text.as_bytes());
            self.length = end;
        }
    }

    /// Appends a number with at least `width` digits.
    pub(crate) fn push_number(&mut self, number: u64, width: usize) {
        let digits = number.checked_ilog10().map_or(0, |log| log as usize + 1);
        let end = self.length + digits.max(width);
        if let Some(free) = self.bytes.get_mut(self.length..end) {
            write_digits(free, number);
            self.length = end;
        }
    }
}

/// Fills bytes with the last digits of a number, zeros on their left.
pub(super) fn write_digits(bytes: &mut [u8], mut number: u64) {
    // Two at a time: half the divisions, each of which waits for the one before.
    for pair in bytes.rchunks_mut(2) {
        let two = (number % 100) as u8;
        number /= 100;
        match pair {
            [tens, ones] => (*tens, *ones) = (b'0' + two / 10, b'0' + two % 10),
            [ones] => *ones = b'0' + two % 10,
            _ => {}
        }
    }
}

impl KeyText<'_> {
    /// A number with at least `width` digits.
    pub(crate) fn of_number(number: u64, width: usize) -> KeyText<'static> {
        let mut text = Buffer::new();
        text.push_number(number, width);
        text.into()
    }
}

impl From<Buffer> for KeyText<'_> {
    fn from(buffer: Buffer) -> Self {
        Self(Text::Stack(buffer))
    }
}

impl<'a> From<&'a str> for KeyText<'a> {
    fn from(text: &'a str) -> Self {
        Self(Text::Borrowed(text))
    }
}

impl Deref for KeyText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Text::Borrowed(text) => text,
            Text::Stack(buffer) => buffer.as_str(),
        }
    }
}

impl AsRef<str> for KeyText<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Display for KeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for KeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq for KeyText<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for KeyText<'_> {}

impl PartialEq<str> for KeyText<'_> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for KeyText<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<String> for KeyText<'_> {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl From<KeyText<'_>> for String {
    fn from(text: KeyText<'_>) -> Self {
        (*text).to_owned()
    }
}

/// A key text taken apart: primary key, its value, and the qualifier that makes it
/// finer. The serial of a CPI is a number without leading zeros.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) ai: &'a str,
    pub(crate) value: &'a str,
    pub(crate) qualifier: Option<(&'a str, &'a str)>,
}

impl<'a> Parts<'a> {
    /// None for what has no GS1 key.
    pub(crate) fn of(key: &'a str) -> Option<Self> {
        let (ai, rest) = key.split_once('/')?;
        let value_length = match ai {
            "01" => 14,
            "414" | "415" => 13,
            "8006" => 18,
            "8010" => {
                let at = rest.rfind("/8011/").filter(|at| {
                    let serial = &rest[at + 6..];
                    // As AI 8011 is, but for a 0 alone; else it is of the CPID.
                    (1..=12).contains(&serial.len())
                        && serial.bytes().all(|b| b.is_ascii_digit())
                        && (serial == "0" || !serial.starts_with('0'))
                });
                at.unwrap_or(rest.len())
            }
            "00" | "253" | "255" | "401" | "402" | "417" | "8003" | "8004" | "8013" | "8017"
            | "8018" => rest.len(),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(value_length)?;
        let qualifier = rest.strip_prefix('/').and_then(|q| q.split_once('/'));
        Some(Self {
            ai,
            value,
            qualifier,
        })
    }

    /// The length of the key text of these parts.
    pub(super) fn length(&self) -> usize {
        let qualifier = self.qualifier.map_or(0, |(ai, v)| ai.len() + v.len() + 2);
        self.ai.len() + 1 + self.value.len() + qualifier
    }
}
