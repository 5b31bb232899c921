//! JSON in which no name stands twice in one object. Readers differ in which of
//! the two they believe, so such an event has no certain content (RFC 8259 §4).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// How an error about a duplicate name starts; serde_json offers text only.
pub(crate) const DUPLICATE: &str = "duplicate name";

/// A JSON value without duplicate names.
pub(crate) struct Strict(pub(crate) Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(StrictVisitor { fields: 0 })
            .map(Strict)
    }
}

/// Fields that most events have at most.
const EVENT_FIELDS: usize = 16;

/// The value of an event's text, as [`Strict`].
pub(crate) fn event(text: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let event = deserializer.deserialize_any(StrictVisitor {
        fields: EVENT_FIELDS,
    })?;
    deserializer.end()?;
    Ok(event)
}

struct StrictVisitor {
    /// Fields there is room for from the beginning, should it be an object.
    fields: usize,
}

impl<'de> Visitor<'de> for StrictVisitor {
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::with_capacity(self.fields);
        while let Some(name) = map.next_key::<String>()? {
            match fields.entry(name) {
                Entry::Vacant(place) => {
                    let Strict(value) = map.next_value()?;
                    place.insert(value);
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
        let fine = r#"{"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":{"a":1}}"#;
        let Strict(value) = serde_json::from_str(fine).unwrap();
        assert_eq!(value.to_string(), fine);
        for twice in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#] {
            let e = serde_json::from_str::<Strict>(twice).err().unwrap();
            assert!(e.to_string().starts_with(DUPLICATE), "{e}");
        }
        assert!(serde_json::from_str::<Strict>(&"[".repeat(1000)).is_err());
    }
}
