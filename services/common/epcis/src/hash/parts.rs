//! A text whose parts are put into order where they stand.

use std::ops::Range;

/// A text being written. Parts written one behind the other since a [`Mark`] are sorted within the
/// text itself; a part may hold such parts in turn, which are sorted before it ends.
#[derive(Default)]
pub(super) struct Parts {
    text: String,
    /// Where parts that are still to be sorted end, those of inner lists behind those of outer ones.
    ends: Vec<usize>,
    /// What sorting needs, kept from one time to the next.
    order: Vec<Range<usize>>,
    sorted: String,
}

/// A place in the text where parts begin.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    text: usize,
    ends: usize,
}

impl Parts {
    /// With room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(32),
            ..Self::default()
        }
    }

    /// The text, for writing on; what was written before must stay.
    pub(super) fn text(&mut self) -> &mut String {
        &mut self.text
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            text: self.text.len(),
            ends: self.ends.len(),
        }
    }

    /// Ends the part that began at the last end, or at the mark.
    pub(super) fn end_part(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Puts the parts since the mark, which make up the text since, into the order of their bytes.
    pub(super) fn sort(&mut self, from: Mark) {
        if self.ends.len() > from.ends + 1 {
            let text = self.text.as_bytes();
            let mut start = from.text;
            self.order.clear();
            self.order.extend(self.ends.drain(from.ends..).map(|end| {
                let part = start..end;
                start = end;
                part
            }));
            let part = |range: &Range<usize>| &text[range.clone()];
            if !self.order.is_sorted_by(|a, b| part(a) <= part(b)) {
                self.order.sort_unstable_by(|a, b| part(a).cmp(part(b)));
                self.sorted.clear();
                self.sorted.reserve(text.len() - from.text);
                for range in &self.order {
                    self.sorted.push_str(&self.text[range.clone()]);
                }
                self.text.truncate(from.text);
                self.text.push_str(&self.sorted);
            }
        }
        self.ends.truncate(from.ends);
    }

    /// Takes back what was written since the mark.
    pub(super) fn take_back(&mut self, to: Mark) {
        self.text.truncate(to.text);
        self.ends.truncate(to.ends);
    }

    /// Whether nothing was written since the mark but so many bytes.
    pub(super) fn is_only(&self, from: Mark, bytes: usize) -> bool {
        self.text.len() == from.text + bytes
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_sorted_where_they_stand_and_parts_of_parts_before_them() {
        let mut parts = Parts::default();
        parts.push("head:");
        let outer = parts.mark();
        for (name, items) in [
            ("c", ["2", "10", ""]),
            ("b", ["é", "z", "é"]),
            ("ba", ["", "", ""]),
        ] {
            parts.push(name);
            let inner = parts.mark();
            for item in items {
                parts.push(item);
                parts.end_part();
            }
            parts.sort(inner);
            parts.end_part();
        }
        parts.sort(outer);
        parts.push(":tail");
        assert_eq!(parts.into_text(), "head:babzééc102:tail");
    }
}
