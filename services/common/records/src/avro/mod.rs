//! Avro's binary encoding for serde types, by the schema of who wrote the bytes.
//!
//! A [`Schema`] is parsed once. [`Schema::write`] writes a value by it. A [`Plan`] says, worked out
//! once, how data of one schema are read by another, and [`Plan::read`] reads by it straight into a
//! struct, which may borrow text and bytes from the datum.
//!
//! | Avro 1.12 | where | what holds |
//! |---|---|---|
//! | Schema Declaration, Names, Aliases | [`schema`](self) | all of it; a type is defined before it is used, defaults fit their type (of a union: any branch), at most 64 types stand in one another |
//! | Logical Types | [`schema`](self) | read and written as their base types |
//! | Binary Encoding | `wire` | all of it, blocks that say their length too; numbers of more than 64 bits and ints of more than 32 are refused |
//! | Schema Resolution | `resolve` | all of it; of a union the branch of the same type and name comes before one that is promoted to |
//! | Object Container Files, Single-object Encoding, Protocols, Parsing Canonical Form | | not here: Kafka's values are framed by the schema registry ([`crate::codec`]) |
//!
//! Bytes are never trusted: a length or count is compared with what is left before anything is
//! allocated, records, arrays and maps stand in one another at most 64 deep, and at most 65,536 values
//! may come without bytes of their own. What is wrong is an [`Error`] with the field's path. Bytes
//! behind a datum are handed back.
//!
//! What a struct has not is passed over, so that a struct may ask for a few fields of a record, and
//! what it has in another order comes by name. A field the writer had not takes the default of the
//! reader's schema; a struct's field that neither schema has is serde's to fill in or refuse.
//! `serde(alias)` and `serde(flatten)` are not followed: aliases stand in the schema.

mod access;
mod de;
mod default;
mod encoded;
mod error;
mod plan;
mod resolve;
mod schema;
mod ser;
mod skip;
mod wire;

pub use encoded::Encoded;
pub use error::{Error, SchemaError};
pub use plan::Plan;
pub use schema::Schema;

impl Schema {
    /// Writes a value to the end of `out`; on an error `out` is as it was.
    ///
    /// # Errors
    /// The value is not what the schema describes: where, and why.
    #[inline]
    pub fn write<T: serde::Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let begin = out.len();
        let ser = ser::Ser {
            out: &mut *out,
            schema: self,
            ty: self.root,
        };
        let written = value.serialize(ser);
        if written.is_err() {
            out.truncate(begin);
        }
        written
    }
}
