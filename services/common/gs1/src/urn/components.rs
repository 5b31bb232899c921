//! The components of an identity, in one text.

use crate::epc::Buffer;

/// Up to five components as characters, one after the other.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Components {
    text: String,
    /// Where each ends in the text; those beyond `count` are 0.
    ends: [usize; Self::MOST],
    count: usize,
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

    /// Adds a number with at least so many digits, filled with zeros on the left.
    pub(crate) fn push_number(&mut self, number: u64, digits: usize) {
        let mut text = Buffer::new();
        text.push_number(number, digits);
        self.push(text.as_str());
    }

    /// The text to write the next component to, which [`close`](Self::close) ends.
    pub(crate) fn open(&mut self) -> &mut String {
        &mut self.text
    }

    pub(crate) fn close(&mut self) {
        if let Some(end) = self.ends.get_mut(self.count) {
            *end = self.text.len();
        }
        self.count += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// A component, empty if there are not so many.
    pub(crate) fn get(&self, at: usize) -> &str {
        let start = match at {
            0 => 0,
            at => self.ends.get(at - 1).copied().unwrap_or_default(),
        };
        let end = self.ends.get(at).copied().unwrap_or_default();
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.count).map(|at| self.get(at))
    }
}
