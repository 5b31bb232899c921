//! A field's default, from the JSON of its schema to the bytes of a datum (Avro 1.12, Complex Types,
//! Records: the table of JSON encodings).

use serde_json::Value;

use super::error::Error;
use super::schema::{Schema, Type, TypeId};
use super::wire::put_long;

/// Values a default may consist of: a record within itself would have no end.
const MOST: u32 = 100_000;

/// The default as a datum of that type.
pub(super) fn encode(schema: &Schema, ty: TypeId, default: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut writer = Writer {
        schema,
        left: MOST,
        depth: 64,
    };
    writer.write(ty, default, &mut out)?;
    Ok(out)
}

struct Writer<'s> {
    schema: &'s Schema,
    left: u32,
    depth: u32,
}

impl Writer<'_> {
    fn write(&mut self, ty: TypeId, value: &Value, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.left == 0 || self.depth == 0 {
            return Err(Error::new("too large or nested too deeply"));
        }
        self.left -= 1;
        self.depth -= 1;
        let done = self.any(ty, value, out);
        self.depth += 1;
        done
    }

    fn any(&mut self, ty: TypeId, value: &Value, out: &mut Vec<u8>) -> Result<(), Error> {
        let schema = self.schema;
        match (&schema.types[ty], value) {
            (Type::Null, Value::Null) => {}
            (Type::Boolean, Value::Bool(value)) => out.push(u8::from(*value)),
            (Type::Int, Value::Number(n))
                if n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) =>
            {
                put_long(out, n.as_i64().unwrap_or_default());
            }
            (Type::Long, Value::Number(n)) if n.is_i64() => {
                put_long(out, n.as_i64().unwrap_or_default());
            }
            (Type::Float, Value::Number(n)) => {
                #[allow(clippy::cast_possible_truncation)]
                let value = n.as_f64().unwrap_or(f64::NAN) as f32;
                out.extend_from_slice(&value.to_le_bytes());
            }
            (Type::Double, Value::Number(n)) => {
                out.extend_from_slice(&n.as_f64().unwrap_or(f64::NAN).to_le_bytes());
            }
            (Type::String, Value::String(text)) => {
                put_long(out, text.len() as i64);
                out.extend_from_slice(text.as_bytes());
            }
            (Type::Bytes, Value::String(text)) => {
                let bytes = latin1(text)?;
                put_long(out, bytes.len() as i64);
                out.extend_from_slice(&bytes);
            }
            (Type::Fixed { size, .. }, Value::String(text)) => {
                let bytes = latin1(text)?;
                if bytes.len() != *size {
                    return Err(self.wrong(ty, value));
                }
                out.extend_from_slice(&bytes);
            }
            (Type::Enum { symbols, .. }, Value::String(symbol)) => {
                let at = symbols.iter().position(|known| known == symbol);
                put_long(out, at.ok_or_else(|| self.wrong(ty, value))? as i64);
            }
            (Type::Array(items), Value::Array(all)) => {
                if !all.is_empty() {
                    put_long(out, all.len() as i64);
                }
                all.iter()
                    .try_for_each(|item| self.write(*items, item, out))?;
                out.push(0);
            }
            (Type::Map(values), Value::Object(all)) => {
                if !all.is_empty() {
                    put_long(out, all.len() as i64);
                }
                for (key, value) in all {
                    put_long(out, key.len() as i64);
                    out.extend_from_slice(key.as_bytes());
                    self.write(*values, value, out)?;
                }
                out.push(0);
            }
            (Type::Record { fields, .. }, Value::Object(all)) => {
                for field in fields {
                    let value = all.get(&field.name).or(field.default.as_ref());
                    let value = value.ok_or_else(|| Error::new("is missing"));
                    value
                        .and_then(|value| self.write(field.ty, value, out))
                        .map_err(|e| e.in_field(&field.name))?;
                }
            }
            (Type::Optional { .. } | Type::Union(_), _) => return self.union(ty, value, out),
            _ => return Err(self.wrong(ty, value)),
        }
        Ok(())
    }

    /// The first branch it fits.
    fn union(&mut self, ty: TypeId, value: &Value, out: &mut Vec<u8>) -> Result<(), Error> {
        let begin = out.len();
        let branches = self.schema.branches(ty).unwrap_or_default();
        for (index, branch) in (0..).zip(branches) {
            put_long(out, index);
            if self.write(branch, value, out).is_ok() {
                return Ok(());
            }
            out.truncate(begin);
        }
        Err(self.wrong(ty, value))
    }

    fn wrong(&self, ty: TypeId, value: &Value) -> Error {
        let name = self.schema.types[ty].name();
        Error::new(format!("{value} is no {name}"))
    }
}

/// Bytes in JSON: code points 0 to 255.
fn latin1(text: &str) -> Result<Vec<u8>, Error> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::new("a character beyond 255 is no byte"))
}
