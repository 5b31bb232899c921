//! A short list of lent texts.

use std::fmt;
use std::ops::Deref;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Texts that stand in place: most lists of a read have one or two.
const FEW: usize = 2;

/// A list of texts. Read as a slice; no memory is set aside for a short one.
#[derive(Debug, Clone)]
pub struct Texts<'s>(List<'s>);

#[derive(Debug, Clone)]
enum List<'s> {
    /// So many of them count.
    Few([&'s str; FEW], u8),
    Many(Vec<&'s str>),
}

impl Default for Texts<'_> {
    fn default() -> Self {
        Self(List::Few([""; FEW], 0))
    }
}

impl<'s> Texts<'s> {
    /// Adds one at the end.
    pub fn push(&mut self, text: &'s str) {
        match &mut self.0 {
            List::Few(texts, count) => match texts.get_mut(usize::from(*count)) {
                Some(place) => {
                    *place = text;
                    *count += 1;
                }
                None => self.0 = List::Many(texts.iter().copied().chain([text]).collect()),
            },
            List::Many(texts) => texts.push(text),
        }
    }
}

impl<'s> Deref for Texts<'s> {
    type Target = [&'s str];

    fn deref(&self) -> &[&'s str] {
        match &self.0 {
            List::Few(texts, count) => &texts[..usize::from(*count)],
            List::Many(texts) => texts,
        }
    }
}

impl PartialEq for Texts<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de: 's, 's> Deserialize<'de> for Texts<'s> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Texts::default();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }

        deserializer.deserialize_seq(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_any_length_is_the_slice_of_what_was_added() {
        let all = ["a", "b", "c", "d"];
        for count in 0..=all.len() {
            let mut texts = Texts::default();
            all[..count].iter().for_each(|text| texts.push(text));
            assert_eq!(*texts, all[..count]);
        }
    }
}
