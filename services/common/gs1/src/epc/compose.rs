//! A key put together from the components of an identity, without its text.

use super::packed::{CHARS, Form, Packed};
use super::text::write_digits;
use super::{Epc, Repr};
use crate::check::check_digit_of;
use crate::urn::{POWERS, Value};

/// A key of which components are still to come.
pub(crate) struct Composer {
    form: Form,
    number: u64,
    /// How many digits the number has.
    digits: usize,
    chars: [u8; CHARS],
    length: usize,
}

impl Composer {
    /// A key of an AI and of the AI that makes it finer; None if there is no such key.
    pub(crate) fn new(ai: &str, qualifier: Option<&str>) -> Option<Self> {
        Some(Self {
            form: Form::of(ai, qualifier)?,
            number: 0,
            digits: 0,
            chars: [0; CHARS],
            length: 0,
        })
    }

    /// Appends to the digits the key starts with, and once these are whole to its
    /// characters; None if there is no room, which no valid component lacks.
    #[inline]
    pub(crate) fn push(&mut self, value: Value<'_>) -> Option<()> {
        match value {
            Value::Number(number, width) if self.digits + width <= self.form.digits() => {
                self.number = self.number * POWERS[width] + number;
                self.digits += width;
            }
            Value::Number(number, width) => write_digits(self.free(width)?, number),
            Value::Text(text) => self.free(text.len())?.copy_from_slice(text.as_bytes()),
        }
        Some(())
    }

    /// The next characters, to be written.
    fn free(&mut self, count: usize) -> Option<&mut [u8]> {
        let free = self.chars.get_mut(self.length..self.length + count)?;
        self.length += count;
        Some(free)
    }

    /// Appends the check digit of the digits there are.
    pub(crate) fn push_check_digit(&mut self) -> Option<()> {
        self.push(Value::Number(check_digit_of(self.number), 1))
    }

    /// Adds the value of the qualifier: of a CPI it is the number of the key.
    pub(crate) fn qualify(&mut self, value: Value<'_>) -> Option<()> {
        match value {
            Value::Number(serial, _) if self.form == Form::Cpi => self.number = serial,
            value => self.push(value)?,
        }
        Some(())
    }

    /// The key; None while digits are missing.
    pub(crate) fn epc(self) -> Option<Epc> {
        let packed = Packed {
            number: self.number,
            chars: self.chars,
            // At most 30.
            length: self.length as u8,
            form: self.form,
        };
        (self.digits == self.form.digits()).then_some(Epc(Repr::Gs1(packed)))
    }
}
