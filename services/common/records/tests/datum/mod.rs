//! Values of any schema, for tests: read by our codec, or taken from apache-avro's.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod by_schema;

use std::collections::BTreeMap;
use std::fmt;

use apache_avro::types::Value;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A value as a reader sees it: of a union the branch, of an enum the symbol, of a fixed the bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Bits: not-a-number is itself.
    Float(u32),
    Double(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Datum>),
    /// Maps and records.
    Entries(BTreeMap<String, Datum>),
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
        Ok(Datum::Boolean(value))
    }

    fn visit_i32<E>(self, value: i32) -> Result<Datum, E> {
        Ok(Datum::Integer(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(Datum::Integer(value))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Datum, E> {
        Ok(Datum::Float(value.to_bits()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(Datum::Double(value.to_bits()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
        Ok(Datum::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Datum, E> {
        Ok(Datum::Bytes(value.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Datum, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = all.next_element()? {
            items.push(item);
        }
        Ok(Datum::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Datum, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = all.next_entry()? {
            entries.insert(key, value);
        }
        Ok(Datum::Entries(entries))
    }
}

impl<'de> Deserialize<'de> for Datum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

impl From<&Value> for Datum {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Int(value) | Value::Date(value) | Value::TimeMillis(value) => {
                Self::Integer((*value).into())
            }
            Value::Long(value)
            | Value::TimeMicros(value)
            | Value::TimestampMillis(value)
            | Value::TimestampMicros(value) => Self::Integer(*value),
            Value::Float(value) => Self::Float(value.to_bits()),
            Value::Double(value) => Self::Double(value.to_bits()),
            Value::Bytes(bytes) | Value::Fixed(_, bytes) => Self::Bytes(bytes.clone()),
            Value::String(text) | Value::Enum(_, text) => Self::Text(text.clone()),
            Value::Union(_, value) => Self::from(&**value),
            Value::Array(all) => Self::Array(all.iter().map(Self::from).collect()),
            Value::Map(all) => {
                Self::Entries(all.iter().map(|(k, v)| (k.clone(), v.into())).collect())
            }
            Value::Record(all) => {
                Self::Entries(all.iter().map(|(k, v)| (k.clone(), v.into())).collect())
            }
            other => panic!("no test makes {other:?}"),
        }
    }
}
