//! Writing what is made of parts: arrays, maps, records.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::Ser;
use crate::avro::error::Error;
use crate::avro::schema::{Field, STRING, Schema, TypeId};

/// The items of an array, or the entries of a map: one block where their number is known, else each a
/// block of its own.
pub(in crate::avro) struct Parts<'a> {
    pub(super) ser: Ser<'a>,
    pub(super) left: Option<usize>,
}

impl Parts<'_> {
    #[inline]
    fn next(&mut self) -> Result<(), Error> {
        match &mut self.left {
            Some(0) => return Err(Error::new("more items than were said")),
            Some(left) => *left -= 1,
            None => self.ser.length(1),
        }
        Ok(())
    }

    #[inline]
    fn write<T: Serialize + ?Sized>(&mut self, ty: TypeId, value: &T) -> Result<(), Error> {
        value.serialize(Ser {
            out: self.ser.out,
            schema: self.ser.schema,
            ty,
        })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next()?;
        self.write(self.ser.ty, value)
    }

    fn close(self) -> Result<(), Error> {
        if self.left.is_some_and(|left| left > 0) {
            return Err(Error::new("fewer items than were said"));
        }
        self.ser.out.push(0);
        Ok(())
    }
}

macro_rules! items {
    ($($of:ident $method:ident),+) => {$(
        impl $of for Parts<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )+};
}

items!(
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field
);

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next()?;
        self.write(STRING, key).map_err(Error::in_map)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.write(self.ser.ty, value).map_err(Error::in_map)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cold]
fn misplaced(key: &str, field: Option<&Field>) -> Error {
    match field {
        Some(field) => Error::new(format!("field {key}, where the schema has {}", field.name)),
        None => Error::new(format!("field {key} is not in the schema")),
    }
}

/// The fields of a record, in its order.
pub(in crate::avro) struct Record<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) schema: &'a Schema,
    pub(super) fields: std::slice::Iter<'a, Field>,
}

impl Record<'_> {
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        match self.fields.next() {
            Some(field) if field.is(key) => {
                let ser = Ser {
                    out: self.out,
                    schema: self.schema,
                    ty: field.ty,
                };
                value.serialize(ser).map_err(|e| e.in_field(key))
            }
            other => Err(misplaced(key, other)),
        }
    }

    #[inline]
    fn close(mut self) -> Result<(), Error> {
        match self.fields.next() {
            None => Ok(()),
            Some(field) => Err(Error::new(format!("field {} is not given", field.name))),
        }
    }
}

macro_rules! records {
    ($($of:ident),+) => {$(
        impl $of for Record<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(key, value)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )+};
}

records!(SerializeStruct, SerializeStructVariant);
