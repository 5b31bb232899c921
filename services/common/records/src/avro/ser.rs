//! Writing a value: serde's serializer over a schema.
//!
//! Rust types go where [`super::de`] reads them from. A struct has the record's fields in the record's
//! order, all of them; a number goes where every value of its kind fits, or where this one does.

mod parts;

use serde::Serialize;
use serde::ser::Serializer;

use super::encoded;
use super::error::Error;
use super::schema::{NULL, Schema, Type, TypeId, short};
use super::wire::put_long;
use parts::{Parts, Record};

/// The type of bytes that are a value already written ([`encoded`]).
const WRITTEN: TypeId = TypeId::MAX;

/// Writes one value to the end of `out`.
pub(super) struct Ser<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) schema: &'a Schema,
    pub(super) ty: TypeId,
}

impl<'a> Ser<'a> {
    #[inline]
    fn ty(&self) -> &'a Type {
        &self.schema.types[self.ty]
    }

    #[inline]
    fn at(self, ty: TypeId) -> Self {
        Self { ty, ..self }
    }

    #[cold]
    fn wrong(&self, value: &str) -> Error {
        Error::new(format!(
            "{value}, where the schema has {}",
            self.ty().name()
        ))
    }

    /// The branch of a union that `fits`, its position written; the type itself where it is no union.
    fn branch(self, value: &str, fits: impl Fn(&Type) -> bool) -> Result<Self, Error> {
        match self.ty() {
            Type::Optional { null, inner } => {
                if fits(&self.schema.types[*inner]) {
                    put_long(self.out, i64::from(1 - *null));
                    return Ok(self.at(*inner));
                }
                if fits(&Type::Null) {
                    put_long(self.out, i64::from(*null));
                    return Ok(self.at(NULL));
                }
                Err(self.wrong(value))
            }
            Type::Union(branches) => {
                for (at, branch) in (0..).zip(branches) {
                    if fits(&self.schema.types[*branch]) {
                        put_long(self.out, at);
                        return Ok(self.at(*branch));
                    }
                }
                Err(self.wrong(value))
            }
            ty if fits(ty) => Ok(self),
            _ => Err(self.wrong(value)),
        }
    }

    #[inline]
    fn number(self, value: i64) -> Result<(), Error> {
        if matches!(self.ty(), Type::Long) {
            put_long(self.out, value);
            return Ok(());
        }
        self.number_of_any(value)
    }

    /// A number, where the type is not `long`.
    fn number_of_any(self, value: i64) -> Result<(), Error> {
        let small = i32::try_from(value).is_ok();
        let fits = |ty: &Type| matches!(ty, Type::Long) || small && matches!(ty, Type::Int);
        let to = self.branch("an integer", fits)?;
        put_long(to.out, value);
        Ok(())
    }

    #[inline]
    fn length(&mut self, length: usize) {
        // No value in memory is longer than an i64.
        put_long(self.out, length as i64);
    }

    #[inline]
    fn raw(mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + 1);
        self.length(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    /// Text, where the type is none: a union's branch, or a symbol.
    fn text(self, value: &str) -> Result<(), Error> {
        let to = self.branch("text", |ty| match ty {
            Type::String => true,
            Type::Enum { symbols, .. } => symbols.iter().any(|symbol| symbol == value),
            _ => false,
        })?;
        match to.ty() {
            Type::Enum { symbols, .. } => {
                let at = symbols.iter().position(|symbol| symbol == value);
                put_long(to.out, at.unwrap_or_default() as i64);
            }
            _ => to.raw(value.as_bytes()),
        }
        Ok(())
    }

    fn variant(self, variant: &str) -> Result<Self, Error> {
        self.branch(variant, |ty| {
            ty.name() == variant || short(ty.name()) == variant
        })
    }

    fn parts(self, item: TypeId, length: Option<usize>) -> Parts<'a> {
        let mut parts = Parts {
            ser: self.at(item),
            left: length,
        };
        if let Some(length) = length
            && length > 0
        {
            parts.ser.length(length);
        }
        parts
    }

    fn array(self, length: Option<usize>) -> Result<Parts<'a>, Error> {
        let to = self.branch("a sequence", |ty| matches!(ty, Type::Array(_)))?;
        match to.ty() {
            Type::Array(item) => Ok(to.parts(*item, length)),
            _ => Err(to.wrong("a sequence")),
        }
    }

    fn record(self, name: &str) -> Result<Record<'a>, Error> {
        let to = match self.ty() {
            Type::Record { .. } => self,
            _ => self.branch(name, |ty| match ty {
                Type::Record { name: known, .. } => known.full == name || known.short() == name,
                _ => false,
            })?,
        };
        match to.ty() {
            Type::Record { fields, .. } => Ok(Record {
                out: to.out,
                schema: to.schema,
                fields: fields.iter(),
            }),
            _ => Err(to.wrong(name)),
        }
    }
}

macro_rules! integers {
    ($($method:ident $of:ty),+) => {$(
        #[inline]
        fn $method(self, value: $of) -> Result<(), Error> {
            self.number(value.into())
        }
    )+};
}

impl<'a> Serializer for Ser<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Record<'a>;
    type SerializeStructVariant = Record<'a>;

    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        let to = match self.ty() {
            Type::Boolean => self,
            _ => self.branch("a boolean", |ty| matches!(ty, Type::Boolean))?,
        };
        to.out.push(u8::from(value));
        Ok(())
    }

    integers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32
    );

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        match i64::try_from(value) {
            Ok(value) => self.number(value),
            Err(_) => Err(self.wrong("an integer beyond 63 bits")),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        let to = self.branch("a float", |ty| matches!(ty, Type::Float | Type::Double))?;
        match to.ty() {
            Type::Double => to.out.extend_from_slice(&f64::from(value).to_le_bytes()),
            _ => to.out.extend_from_slice(&value.to_le_bytes()),
        }
        Ok(())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        let to = match self.ty() {
            Type::Double => self,
            _ => self.branch("a double", |ty| matches!(ty, Type::Double))?,
        };
        to.out.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if matches!(self.ty(), Type::String) {
            self.raw(value.as_bytes());
            return Ok(());
        }
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        if self.ty == WRITTEN {
            self.out.extend_from_slice(value);
            return Ok(());
        }
        let to = self.branch("bytes", |ty| match ty {
            Type::Bytes => true,
            Type::Fixed { size, .. } => *size == value.len(),
            _ => false,
        })?;
        match to.ty() {
            Type::Fixed { .. } => to.out.extend_from_slice(value),
            _ => to.raw(value),
        }
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        match self.ty() {
            Type::Optional { null, .. } => {
                put_long(self.out, i64::from(*null));
                Ok(())
            }
            _ => self.serialize_unit(),
        }
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        match self.ty() {
            Type::Optional { null, inner } => {
                put_long(self.out, i64::from(1 - *null));
                value.serialize(self.at(*inner))
            }
            _ => value.serialize(self),
        }
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.branch("nothing", |ty| matches!(ty, Type::Null))
            .map(drop)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        match self.ty() {
            // A branch of a union that is null; of an optional type it is written as text is.
            Type::Union(_) if variant == "null" => self.serialize_unit(),
            _ => self.serialize_str(variant),
        }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if name == encoded::NAME {
            return value.serialize(self.at(WRITTEN));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self.variant(variant)?)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Parts<'a>, Error> {
        match self.ty() {
            Type::Array(item) => Ok(self.parts(*item, length)),
            _ => self.array(length),
        }
    }

    fn serialize_tuple(self, length: usize) -> Result<Parts<'a>, Error> {
        self.array(Some(length))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        length: usize,
    ) -> Result<Parts<'a>, Error> {
        self.array(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Parts<'a>, Error> {
        self.variant(variant)?.array(Some(length))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Parts<'a>, Error> {
        let to = self.branch("a map", |ty| matches!(ty, Type::Map(_)))?;
        match to.ty() {
            Type::Map(value) => Ok(to.parts(*value, length)),
            _ => Err(to.wrong("a map")),
        }
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _length: usize) -> Result<Record<'a>, Error> {
        self.record(name)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Record<'a>, Error> {
        self.variant(variant)?.record(variant)
    }
}
