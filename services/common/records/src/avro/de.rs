//! Reading a value: serde's deserializer over a node of a plan.
//!
//! | a plan's node | a Rust type |
//! |---|---|
//! | null | `()`, `None` |
//! | boolean, int, long, float, double | `bool`, any number that holds the value |
//! | string | `String`, `&str`, `Cow<str>`, a unit-only enum |
//! | bytes, fixed | `serde_bytes` |
//! | enum | a unit-only enum, text |
//! | array, map | a sequence, a map with text as keys |
//! | a union of null and another | `Option`, or the other itself |
//! | another union | an enum with a variant for each branch, named as its type; or whatever takes all branches |
//! | record | a struct, a map |

use serde::Deserializer;
use serde::de::Visitor;
use serde::de::value::BorrowedStrDeserializer;
use serde::forward_to_deserialize_any;

use super::access::{Entries, Fields, Items, Named, OneOf};
use super::encoded::{self, WithBytes};
use super::error::Error;
use super::plan::{Node, NodeId};
use super::skip::skip;
use super::wire::Input;

/// One value, next in the bytes.
pub(super) struct De<'a, 'de> {
    pub(super) input: &'a mut Input<'de>,
    pub(super) id: NodeId,
}

impl<'a, 'de> De<'a, 'de> {
    #[inline]
    pub(super) fn new(input: &'a mut Input<'de>, id: NodeId) -> Self {
        Self { input, id }
    }

    #[inline]
    fn node(&self) -> &'de Node {
        &self.input.nodes[self.id as usize]
    }

    /// The same value by another node.
    #[inline]
    fn by_node(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    /// Whether a branch of an optional value is the other one than null.
    #[inline]
    fn is_some(&mut self, null: u8) -> Result<bool, Error> {
        Ok(self.input.second()? == (null == 0))
    }

    fn branch(self, branches: &'de [NodeId]) -> Result<Self, Error> {
        let at = self.input.position(branches.len())?;
        Ok(self.by_node(branches[at]))
    }

    /// The value within a union.
    fn one_of(mut self) -> Result<Self, Error> {
        match self.node() {
            Node::Optional { null, inner } => {
                if self.is_some(*null)? {
                    Ok(self.by_node(*inner))
                } else {
                    Err(self.input.error("null, where a value is needed"))
                }
            }
            Node::Union(branches) => self.branch(branches),
            Node::Branch { inner, .. } => Ok(self.by_node(*inner)),
            _ => Ok(self),
        }
    }

    fn symbol(&mut self, symbols: &'de [Option<Box<str>>]) -> Result<&'de str, Error> {
        let at = self.input.position(symbols.len())?;
        symbols[at].as_deref().ok_or_else(|| {
            self.input.error(format!(
                "the reader has not the writer's symbol {at}, nor a default"
            ))
        })
    }

    fn items<V: Visitor<'de>>(
        self,
        items: NodeId,
        least: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut items = Items::open(self.input, items, least)?;
        let value = visitor.visit_seq(&mut items)?;
        items.close()?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for De<'_, 'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        // Integers become floating-point numbers as the specification says: the nearest.
        #[allow(clippy::cast_precision_loss)]
        match self.node() {
            Node::Null => visitor.visit_unit(),
            Node::Boolean => visitor.visit_bool(self.input.boolean()?),
            Node::Int => visitor.visit_i32(self.input.int()?),
            Node::IntAsLong => visitor.visit_i64(self.input.int()?.into()),
            Node::IntAsFloat => visitor.visit_f32(self.input.int()? as f32),
            Node::IntAsDouble => visitor.visit_f64(self.input.int()?.into()),
            Node::Long => visitor.visit_i64(self.input.long()?),
            Node::LongAsFloat => visitor.visit_f32(self.input.long()? as f32),
            Node::LongAsDouble => visitor.visit_f64(self.input.long()? as f64),
            Node::Float => visitor.visit_f32(self.input.float()?),
            Node::FloatAsDouble => visitor.visit_f64(self.input.float()?.into()),
            Node::Double => visitor.visit_f64(self.input.double()?),
            Node::Bytes => visitor.visit_borrowed_bytes(self.input.bytes()?),
            Node::String => visitor.visit_borrowed_str(self.input.text()?),
            Node::Fixed(size) => visitor.visit_borrowed_bytes(self.input.take(*size)?),
            Node::Enum(symbols) => visitor.visit_borrowed_str(self.symbol(symbols)?),
            Node::Array { items, least } => self.items(*items, *least, visitor),
            Node::Map { values, least } => {
                let mut entries = Entries::open(self.input, *values, *least)?;
                let value = visitor.visit_map(&mut entries)?;
                entries.close()?;
                Ok(value)
            }
            Node::Optional { null, inner } => {
                if self.is_some(*null)? {
                    self.by_node(*inner).deserialize_any(visitor)
                } else {
                    visitor.visit_unit()
                }
            }
            Node::Union(branches) => self.branch(branches)?.deserialize_any(visitor),
            Node::Branch { inner, .. } => self.by_node(*inner).deserialize_any(visitor),
            Node::Record(record) => {
                let mut fields = Named::open(self.input, record)?;
                let value = visitor.visit_map(&mut fields)?;
                fields.close()?;
                Ok(value)
            }
            Node::Refused(why) => Err(self.input.error(why)),
        }
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Boolean => visitor.visit_bool(self.input.boolean()?),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Int => visitor.visit_i32(self.input.int()?),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Long => visitor.visit_i64(self.input.long()?),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Double => visitor.visit_f64(self.input.double()?),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::String => visitor.visit_borrowed_str(self.input.text()?),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Optional { null, inner } => {
                if self.is_some(*null)? {
                    visitor.visit_some(self.by_node(*inner))
                } else {
                    visitor.visit_none()
                }
            }
            Node::Null => visitor.visit_none(),
            Node::Union(branches) => self.branch(branches)?.deserialize_option(visitor),
            Node::Branch { inner, .. } => match self.input.nodes[*inner as usize] {
                Node::Null => visitor.visit_none(),
                _ => visitor.visit_some(self),
            },
            _ => visitor.visit_some(self),
        }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Array { items, least } => self.items(*items, *least, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Node::Record(record) = self.node() else {
            return match self.node() {
                Node::Optional { .. } | Node::Union(_) | Node::Branch { .. } => {
                    self.one_of()?.deserialize_struct(name, names, visitor)
                }
                _ => self.deserialize_any(visitor),
            };
        };
        let binding = record.binding(names);
        let mut fields = Fields::open(self.input, record, binding)?;
        let value = if binding.in_order {
            visitor.visit_seq(&mut fields)?
        } else {
            visitor.visit_map(&mut fields)?
        };
        fields.close()?;
        Ok(value)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == encoded::NAME {
            let (input, id) = (self.input, self.id);
            let taken = None;
            return visitor.visit_seq(WithBytes { input, id, taken });
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node() {
            Node::Enum(symbols) => {
                visitor.visit_enum(BorrowedStrDeserializer::new(self.symbol(symbols)?))
            }
            Node::String => visitor.visit_enum(BorrowedStrDeserializer::new(self.input.text()?)),
            Node::Branch { name, inner } => visitor.visit_enum(OneOf {
                name,
                value: self.by_node(*inner),
            }),
            Node::Optional { .. } | Node::Union(_) => {
                self.one_of()?.deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        skip(self.input, self.id)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct
        map identifier
    }
}
