//! The components of an identity: digits as numbers, all others in one text.

use crate::epc::KeyText;

/// The powers of ten that 64 bits hold.
pub(crate) const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// The characters of one component.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// A number in so many digits, 1 to 19.
    Number(u64, usize),
    /// Any characters.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// The number of characters.
    #[inline]
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Number(_, width) => width,
            Self::Text(text) => text.len(),
        }
    }

    pub(crate) fn text(self) -> KeyText<'a> {
        match self {
            Self::Number(number, width) => KeyText::of_number(number, width),
            Self::Text(text) => text.into(),
        }
    }

    /// Whether there is a digit after a zero at the start.
    pub(crate) fn has_leading_zero(self) -> bool {
        match self {
            Self::Number(number, width) => width > 1 && number < POWERS[width - 1],
            Self::Text(text) => text.len() > 1 && text.starts_with('0'),
        }
    }

    /// The first digit of a number and those after it.
    pub(crate) fn split_first(self) -> Option<(Self, Self)> {
        let Self::Number(number, width) = self else {
            return None;
        };
        let power = POWERS[width - 1];
        let rest = match width {
            1 => Self::Text(""),
            _ => Self::Number(number % power, width - 1),
        };
        Some((Self::Number(number / power, 1), rest))
    }
}

/// Up to five components. One of 1 to 19 digits is always a number, so that equal
/// components are equal values.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Components {
    /// The characters of those that are not numbers, one after the other.
    text: String,
    /// The number, or where the characters end in the text; 0 beyond `count`.
    values: [u64; Self::MOST],
    /// How many digits the number has; 0 for what is in the text and beyond `count`.
    widths: [u8; Self::MOST],
    count: u8,
}

impl Components {
    /// The most components a scheme has (ITIP).
    const MOST: usize = 5;

    pub(crate) fn with_capacity(characters: usize) -> Self {
        Self {
            text: String::with_capacity(characters),
            ..Self::default()
        }
    }

    /// The components of a list; those beyond the fifth, which no scheme has, are
    /// counted only.
    pub(crate) fn of(list: &[impl AsRef<str>]) -> Self {
        let mut components = Self::default();
        for component in list {
            components.push(component.as_ref());
        }
        components
    }

    pub(crate) fn push(&mut self, component: &str) {
        self.text.push_str(component);
        self.close();
    }

    /// Adds a number with at least so many digits (at least one), filled with zeros
    /// on the left.
    #[inline]
    pub(crate) fn push_number(&mut self, number: u64, digits: usize) {
        let width = number
            .checked_ilog10()
            .map_or(1, |log| log as usize + 1)
            .max(digits);
        if width < POWERS.len() {
            self.add(number, width as u8);
        } else {
            self.push(&KeyText::of_number(number, width));
        }
    }

    /// The text to write the next component to, which [`close`](Self::close) ends.
    pub(crate) fn open(&mut self) -> &mut String {
        &mut self.text
    }

    pub(crate) fn close(&mut self) {
        let start = self.start(self.len());
        let written = self.text.get(start..).unwrap_or_default();
        match number_of(written) {
            Some(number) => {
                // At most 19.
                let width = written.len() as u8;
                self.text.truncate(start);
                self.add(number, width);
            }
            None => self.add(self.text.len() as u64, 0),
        }
    }

    #[inline]
    fn add(&mut self, value: u64, width: u8) {
        let at = self.len();
        if let (Some(to), Some(digits)) = (self.values.get_mut(at), self.widths.get_mut(at)) {
            (*to, *digits) = (value, width);
        }
        self.count = self.count.saturating_add(1);
    }

    /// Where the characters of a component start, if it is in the text.
    #[inline]
    fn start(&self, at: usize) -> usize {
        self.values
            .iter()
            .zip(self.widths)
            .take(at)
            .rfind(|(_, width)| *width == 0)
            .map_or(0, |(end, _)| *end as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.count.into()
    }

    /// A component, empty if there are not so many.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Value<'_> {
        match (self.values.get(at), self.widths.get(at)) {
            (Some(end), Some(0)) => {
                let text = self.text.get(self.start(at)..*end as usize);
                Value::Text(text.unwrap_or_default())
            }
            (Some(number), Some(width)) => Value::Number(*number, usize::from(*width)),
            _ => Value::Text(""),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        (0..self.len()).map(|at| self.get(at))
    }
}

/// The number of a text of 1 to 19 digits.
fn number_of(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() >= POWERS.len() {
        return None;
    }
    text.bytes().try_fold(0, |number, b| {
        b.is_ascii_digit()
            .then(|| number * 10 + u64::from(b - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_the_same_as_numbers_and_as_text() {
        let of_text = Components::of(&["0614141", "", "x/1", "07", "9999999999999999999"]);
        let mut of_numbers = Components::default();
        of_numbers.push_number(614_141, 7);
        of_numbers.push("");
        of_numbers.push("x/1");
        of_numbers.push_number(7, 2);
        of_numbers.push_number(9_999_999_999_999_999_999, 1);
        assert!(of_text == of_numbers);
        assert!(of_text != Components::of(&["614141", "", "x/1", "07", "9999999999999999999"]));
        let texts: Vec<_> = of_numbers.iter().map(|c| c.text().to_string()).collect();
        assert_eq!(texts, ["0614141", "", "x/1", "07", "9999999999999999999"]);
    }

    #[test]
    fn digits_beyond_a_number_are_a_text() {
        let long = "12345678901234567890";
        let components = Components::of(&["1", long, "2", "a"]);
        let texts: Vec<_> = components.iter().map(|c| c.text().to_string()).collect();
        assert_eq!(texts, ["1", long, "2", "a"]);
        let mut largest = Components::default();
        largest.push_number(u64::MAX, 1);
        assert!(largest == Components::of(&[u64::MAX.to_string()]));
    }

    #[test]
    fn a_sixth_component_is_counted_only() {
        let components = Components::of(&["a", "b", "c", "d", "e", "f"]);
        assert_eq!(components.len(), 6);
        assert!(matches!(components.get(4), Value::Text("e")));
        assert!(matches!(components.get(5), Value::Text("")));
    }
}
