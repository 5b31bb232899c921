//! JSON in which no name stands twice in one object. Readers differ in which of
//! the two they believe, so such an event has no certain content (RFC 8259 §4).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// How an error about a duplicate name starts; serde_json offers text only.
pub(crate) const DUPLICATE: &str = "duplicate name";

/// Fields that most events have at most.
const EVENT_FIELDS: usize = 14;

/// A JSON value without duplicate names.
pub(crate) fn value(text: &[u8]) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict {
        items: &mut Vec::new(),
        fields: 0,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads events, one after the other. Lists are put together in the same room, so that each is
/// allocated once, as large as it is.
#[derive(Default)]
pub(crate) struct Events {
    items: Vec<Value>,
}

impl Events {
    /// The event of a text, as [`value`].
    pub(crate) fn read(&mut self, text: &str) -> serde_json::Result<Value> {
        self.items.clear();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let event = Strict {
            items: &mut self.items,
            fields: EVENT_FIELDS,
        }
        .deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(event)
    }
}

/// One value on its way.
struct Strict<'s> {
    /// Items of the lists around it, and then of its own.
    items: &'s mut Vec<Value>,
    /// Fields there is room for from the beginning, should it be an object.
    fields: usize,
}

impl Strict<'_> {
    /// A value within this one.
    fn inner(&mut self) -> Strict<'_> {
        Strict {
            items: self.items,
            fields: 0,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
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
        let start = self.items.len();
        while let Some(item) = seq.next_element_seed(self.inner())? {
            self.items.push(item);
        }
        Ok(Value::Array(self.items.drain(start..).collect()))
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
        assert_eq!(value(fine.as_bytes()).unwrap().to_string(), fine);
        let mut events = Events::default();
        for twice in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#] {
            let e = value(twice.as_bytes()).err().unwrap();
            assert!(e.to_string().starts_with(DUPLICATE), "{e}");
            assert_eq!(events.read(twice).err().unwrap().to_string(), e.to_string());
            // Nothing of it is left.
            assert_eq!(events.read(fine).unwrap().to_string(), fine);
        }
        assert!(value("[".repeat(1000).as_bytes()).is_err());
    }
}
