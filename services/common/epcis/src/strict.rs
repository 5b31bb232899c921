//! JSON in which no name stands twice in one object. Readers differ in which of
//! the two they believe, so such an event has no certain content (RFC 8259 §4).
//!
//! Values are counted while they are read: one of two bytes takes many times that in memory, so
//! what has more of them than allowed is refused before it is there as a whole.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::reason::Reason;

/// How an error about a duplicate name starts; serde_json offers text only.
pub(crate) const DUPLICATE: &str = "duplicate name";

/// How an error about more values than allowed starts.
const TOO_MANY: &str = "too many values";

/// Fields that most events have at most.
const EVENT_FIELDS: usize = 14;

/// Why a text is refused; `too_large` is the reason of one with more values than allowed.
pub(crate) fn reason(error: &serde_json::Error, too_large: Reason) -> Reason {
    let text = error.to_string();
    if text.starts_with(DUPLICATE) {
        Reason::DuplicateField
    } else if text.starts_with(TOO_MANY) {
        too_large
    } else {
        Reason::MalformedJson
    }
}

/// A JSON value without duplicate names, of at most `left` values with all that is in it; as many
/// are taken from `left`.
pub(crate) fn value(text: &[u8], left: &mut usize) -> serde_json::Result<Value> {
    let mut room = Room {
        items: Vec::new(),
        left: *left,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict {
        room: &mut room,
        fields: 0,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    *left = room.left;
    Ok(value)
}

/// Reads events, one after the other. Lists are put together in the same room, so that each is
/// allocated once, as large as it is.
pub(crate) struct Events {
    room: Room,
    /// Values in one event at most.
    most: usize,
}

impl Events {
    /// For events of at most `most` values: the event, and every member and item in it.
    pub(crate) fn new(most: usize) -> Self {
        let room = Room {
            items: Vec::new(),
            left: most,
        };
        Self { room, most }
    }

    /// Values in one event at most.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The event of a text, as [`value`].
    pub(crate) fn read(&mut self, text: &str) -> serde_json::Result<Value> {
        self.room.items.clear();
        self.room.left = self.most;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let event = Strict {
            room: &mut self.room,
            fields: EVENT_FIELDS,
        }
        .deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(event)
    }
}

/// What the values of one text share.
struct Room {
    /// Items of the lists around a value, and then of its own.
    items: Vec<Value>,
    /// Values that may still come.
    left: usize,
}

/// One value on its way.
struct Strict<'s> {
    room: &'s mut Room,
    /// Fields there is room for from the beginning, should it be an object.
    fields: usize,
}

impl Strict<'_> {
    /// A value within this one.
    fn inner(&mut self) -> Strict<'_> {
        Strict {
            room: self.room,
            fields: 0,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.room.left.checked_sub(1) {
            Some(left) => self.room.left = left,
            None => return Err(D::Error::custom(TOO_MANY)),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let start = self.room.items.len();
        while let Some(item) = seq.next_element_seed(self.inner())? {
            self.room.items.push(item);
        }
        Ok(Value::Array(self.room.items.drain(start..).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::with_capacity(self.fields);
        while let Some(name) = map.next_key::<String>()? {
            match fields.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(map.next_value_seed(self.inner())?);
                }
                Entry::Occupied(known) => {
                    let name = known.key();
                    return Err(A::Error::custom(format_args!("{DUPLICATE} {name:?}")));
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_once_at_every_depth() {
        let fine = r#"{"a":[1,-2,2.5,"x",null,true,[{"b":{}},[]]],"c":{"a":1}}"#;
        assert_eq!(value(fine.as_bytes(), &mut 100).unwrap().to_string(), fine);
        let mut events = Events::new(100);
        for twice in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#] {
            let e = value(twice.as_bytes(), &mut 100).err().unwrap();
            assert!(e.to_string().starts_with(DUPLICATE), "{e}");
            assert_eq!(events.read(twice).err().unwrap().to_string(), e.to_string());
            // Nothing of it is left.
            assert_eq!(events.read(fine).unwrap().to_string(), fine);
        }
        assert!(value("[".repeat(1000).as_bytes(), &mut 2000).is_err());
    }

    #[test]
    fn every_member_and_item_counts_as_does_what_they_are_in() {
        for (text, values) in [
            ("1", 1),
            ("{}", 1),
            ("[1,\"x\",null]", 4),
            (r#"{"a":1,"b":[{},[]],"c":{"d":true}}"#, 7),
        ] {
            let mut left = values + 5;
            value(text.as_bytes(), &mut left).unwrap();
            assert_eq!(left, 5, "{text}");
            assert!(Events::new(values).read(text).is_ok(), "{text}");
            let mut events = Events::new(values - 1);
            let e = events.read(text).err().unwrap();
            assert_eq!(reason(&e, Reason::EventTooLarge), Reason::EventTooLarge);
            let again = value(text.as_bytes(), &mut (values - 1)).err().unwrap();
            assert_eq!(again.to_string(), e.to_string());
        }
        // Each event may have as many, whatever the one before had.
        let mut events = Events::new(3);
        for (text, is_read) in [("[1,2]", true), ("[1,2,3]", false), ("[1,2]", true)] {
            assert_eq!(events.read(text).is_ok(), is_read, "{text}");
        }
    }
}
