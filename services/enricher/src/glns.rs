//! GLNs of the few places and parties that reads name again and again.

use crate::lent::Arena;
use serialtrail_stream::reference::gln_of;
use std::cell::RefCell;
use std::collections::HashMap;

/// Texts kept; beyond, all are let go.
const KEPT: usize = 4096;
/// Bytes of the longest text kept.
const LONGEST: usize = 128;

/// What [`gln_of`] said of texts seen lately: a place is parsed once, not with each of its reads.
#[derive(Debug, Default)]
pub(crate) struct Glns(RefCell<HashMap<Box<str>, Option<Box<str>>>>);

impl Glns {
    /// The GLN-13 of a place or party in any spelling, as [`gln_of`] finds it.
    pub(crate) fn of<'a>(&self, text: &str, arena: &'a Arena) -> Option<&'a str> {
        let lasting = |gln: &str| -> &'a str { arena.alloc_str(gln) };
        if text.len() > LONGEST {
            return gln_of(text).as_deref().map(lasting);
        }
        let mut known = self.0.borrow_mut();
        if let Some(gln) = known.get(text) {
            return gln.as_deref().map(lasting);
        }
        if known.len() >= KEPT {
            known.clear();
        }
        let gln = gln_of(text).map(String::into_boxed_str);
        let found = gln.as_deref().map(lasting);
        known.insert(text.into(), gln);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_seen_before_says_what_it_said_the_first_time() {
        let (glns, arena) = (Glns::default(), Arena::new());
        let door = "https://id.gs1.org/414/9521321000018/254/dock7";
        let long = format!("{door}{}", "7".repeat(LONGEST));
        for text in [door, "9521321000018", "geo:52.5,13.4", "", &long] {
            for _ in 0..2 {
                assert_eq!(glns.of(text, &arena), gln_of(text).as_deref(), "{text}");
            }
        }
    }

    #[test]
    fn no_more_texts_are_kept_than_a_few_thousand() {
        let (glns, arena) = (Glns::default(), Arena::new());
        for number in 0..=KEPT {
            glns.of(&format!("place {number}"), &arena);
            assert!(glns.0.borrow().len() <= KEPT);
        }
        assert_eq!(glns.of("9521321000018", &arena), Some("9521321000018"));
    }
}
