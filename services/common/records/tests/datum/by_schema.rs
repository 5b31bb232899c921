//! Data by the text of their schema.

use super::Datum;
use serde::Serialize;
use serialtrail_records::avro::{Plan, Schema};

/// A schema from its text.
pub(crate) fn schema(text: &str) -> Schema {
    Schema::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// A value written by a schema.
pub(crate) fn written<T: Serialize + ?Sized>(text: &str, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    schema(text).write(value, &mut out).unwrap();
    out
}

/// A datum of one schema read by another, to its last byte.
pub(crate) fn resolved(writer: &str, reader: &str, bytes: &[u8]) -> Result<Datum, String> {
    let plan = Plan::new(&schema(writer), &schema(reader));
    let read = plan.read::<Datum>(bytes).map_err(|e| e.to_string())?;
    assert!(read.1.is_empty(), "{:?} is left", read.1);
    Ok(read.0)
}

/// A datum read by its own schema.
pub(crate) fn read(text: &str, bytes: &[u8]) -> Result<Datum, String> {
    resolved(text, text, bytes)
}

/// A record or map.
pub(crate) fn record(fields: &[(&str, Datum)]) -> Datum {
    let fields = fields.iter();
    Datum::Entries(
        fields
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    )
}

/// Text.
pub(crate) fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}
