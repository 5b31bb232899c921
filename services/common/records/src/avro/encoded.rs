//! A value beside the bytes it was read from, so that it need not be written anew.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::de::De;
use super::error::Error;
use super::plan::NodeId;
use super::wire::Input;

/// What serde calls the type; reader and writer of this module's codec know it by this name.
pub(super) const NAME: &str = "$serialtrail::avro::Encoded";

/// A value read from a datum, and where it stands there. It is written as the bytes it was read from, so
/// that a struct of a few fields loses none of the others; where the writer's schema is not the reader's,
/// where the bytes are not as this codec writes them, and for a value that was not read, it is written
/// from the struct, which then needs all fields.
///
/// Only the Avro codec reads and writes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Encoded<'de, T> {
    /// The value. Whoever changes it makes a new one: [`Encoded::new`].
    value: T,
    bytes: Option<&'de [u8]>,
}

impl<T> Encoded<'_, T> {
    /// A value that was not read.
    pub fn new(value: T) -> Self {
        Self { value, bytes: None }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for Encoded<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> Serialize for Encoded<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.bytes {
            Some(bytes) => {
                serializer.serialize_newtype_struct(NAME, serde_bytes::Bytes::new(bytes))
            }
            None => self.value.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Encoded<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Pair(PhantomData))
    }
}

struct Pair<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Pair<T> {
    type Value = Encoded<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value in an Avro datum")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let missing = || serde::de::Error::custom("a value without its bytes");
        let value = parts.next_element()?.ok_or_else(missing)?;
        let bytes: &[u8] = parts.next_element()?.ok_or_else(missing)?;
        // A value without bytes of its own is as well written anew.
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        Ok(Encoded { value, bytes })
    }
}

/// Gives a value, then the bytes it took; none where they are not as this build writes them.
pub(super) struct WithBytes<'a, 'de> {
    pub(super) input: &'a mut Input<'de>,
    pub(super) id: NodeId,
    pub(super) taken: Option<&'de [u8]>,
}

impl<'de> SeqAccess<'de> for WithBytes<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if let Some(taken) = self.taken {
            return seed
                .deserialize(BorrowedBytesDeserializer::new(taken))
                .map(Some);
        }
        let before = self.input.rest();
        let value = seed.deserialize(De::new(self.input, self.id))?;
        let took = before.len() - self.input.rest().len();
        self.taken = Some(if self.input.as_written {
            &before[..took]
        } else {
            &[]
        });
        Ok(Some(value))
    }
}
