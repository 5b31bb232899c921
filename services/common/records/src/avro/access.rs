//! Reading what is made of parts: arrays, maps, records, and branches of unions.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::de::De;
use super::error::Error;
use super::plan::{Binding, Default, NodeId, Record, Step};
use super::skip::skip;
use super::wire::Input;

/// The items of an array, block by block.
pub(super) struct Items<'a, 'de> {
    input: &'a mut Input<'de>,
    item: NodeId,
    least: usize,
    /// Items left in the block; 0 once the end was reached.
    left: usize,
    index: usize,
}

impl<'a, 'de> Items<'a, 'de> {
    #[inline]
    pub(super) fn open(
        input: &'a mut Input<'de>,
        item: NodeId,
        least: usize,
    ) -> Result<Self, Error> {
        input.enter()?;
        let left = input.block(least)?;
        Ok(Self {
            input,
            item,
            least,
            left,
            index: 0,
        })
    }

    /// Ends the array: all items must have been taken.
    #[inline]
    pub(super) fn close(self) -> Result<(), Error> {
        if self.left > 0 {
            return Err(self.input.error("more items than are wanted"));
        }
        self.input.leave();
        Ok(())
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let index = self.index;
        let value = seed
            .deserialize(De::new(self.input, self.item))
            .map_err(|e| e.at_index(index))?;
        self.index += 1;
        self.left -= 1;
        if self.left == 0 {
            self.left = self.input.further_block(self.least)?;
        }
        Ok(Some(value))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The entries of a map.
pub(super) struct Entries<'a, 'de> {
    input: &'a mut Input<'de>,
    value: NodeId,
    least: usize,
    left: usize,
}

impl<'a, 'de> Entries<'a, 'de> {
    pub(super) fn open(
        input: &'a mut Input<'de>,
        value: NodeId,
        least: usize,
    ) -> Result<Self, Error> {
        input.enter()?;
        let left = input.block(least)?;
        Ok(Self {
            input,
            value,
            least,
            left,
        })
    }

    pub(super) fn close(self) -> Result<(), Error> {
        if self.left > 0 {
            return Err(self.input.error("more entries than are wanted"));
        }
        self.input.leave();
        Ok(())
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let key = self.input.text().map_err(Error::in_map)?;
        seed.deserialize(BorrowedStrDeserializer::new(key))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let value = seed
            .deserialize(De::new(self.input, self.value))
            .map_err(Error::in_map)?;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.left = self.input.further_block(self.least)?;
        }
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The fields of a record for a struct: in the struct's order where the writer's allows it, else by name.
pub(super) struct Fields<'a, 'de> {
    input: &'a mut Input<'de>,
    defaults: &'de [Default],
    steps: std::slice::Iter<'de, Step>,
    /// The step whose name was given and whose value comes next.
    named: Option<Step>,
}

impl<'a, 'de> Fields<'a, 'de> {
    #[inline]
    pub(super) fn open(
        input: &'a mut Input<'de>,
        record: &'de Record,
        binding: &'de Binding,
    ) -> Result<Self, Error> {
        input.open(record)?;
        Ok(Self {
            input,
            defaults: &record.defaults,
            steps: binding.steps.iter(),
            named: None,
        })
    }

    /// The next step that gives a field.
    #[inline]
    fn step(&mut self) -> Result<Option<Step>, Error> {
        for step in self.steps.by_ref() {
            match step {
                Step::Skip { node } => skip(self.input, *node)?,
                step => return Ok(Some(*step)),
            }
        }
        Ok(None)
    }

    #[inline]
    fn value<S: DeserializeSeed<'de>>(&mut self, step: Step, seed: S) -> Result<S::Value, Error> {
        match step {
            Step::Read { name, node } => seed
                .deserialize(De::new(self.input, node))
                .map_err(|e| e.in_field(name)),
            Step::Default { name, at } => {
                read_default(self.input, &self.defaults[at as usize], seed)
                    .map_err(|e| e.in_field(name))
            }
            // `step` gives none.
            Step::Skip { .. } => Err(Error::new("nothing to read")),
        }
    }

    /// Ends the record: passes over what the struct has not.
    #[inline]
    pub(super) fn close(mut self) -> Result<(), Error> {
        while let Some(step) = self.step()? {
            if let Step::Read { node, .. } = step {
                skip(self.input, node)?;
            }
        }
        self.input.leave();
        Ok(())
    }
}

fn read_default<'de, S: DeserializeSeed<'de>>(
    input: &Input<'de>,
    default: &'de Default,
    seed: S,
) -> Result<S::Value, Error> {
    let mut input = input.at_default(&default.bytes);
    seed.deserialize(De::new(&mut input, default.node))
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.step()? {
            Some(step) => self.value(step, seed).map(Some),
            None => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.named = self.step()?;
        match self.named {
            Some(Step::Read { name, .. } | Step::Default { name, .. }) => seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some),
            _ => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.named.take() {
            Some(step) => self.value(step, seed),
            None => Err(Error::new("a value without its name")),
        }
    }
}

/// The fields of a record by the reader's names, for what is no struct.
pub(super) struct Named<'a, 'de> {
    input: &'a mut Input<'de>,
    record: &'de Record,
    /// The next of the writer's fields, then of the defaults.
    next: usize,
}

impl<'a, 'de> Named<'a, 'de> {
    pub(super) fn open(input: &'a mut Input<'de>, record: &'de Record) -> Result<Self, Error> {
        input.open(record)?;
        Ok(Self {
            input,
            record,
            next: 0,
        })
    }

    /// Passes over fields until one the reader has.
    fn name(&mut self) -> Result<Option<&'de str>, Error> {
        let fields = &self.record.fields;
        while let Some(field) = fields.get(self.next) {
            if field.read {
                return Ok(Some(&field.name));
            }
            skip(self.input, field.node).map_err(|e| e.in_field(&field.name))?;
            self.next += 1;
        }
        let default = self.record.defaults.get(self.next - fields.len());
        Ok(default.map(|default| &*default.name))
    }

    pub(super) fn close(mut self) -> Result<(), Error> {
        match self.name()? {
            Some(_) => Err(self.input.error("more fields than are wanted")),
            None => {
                self.input.leave();
                Ok(())
            }
        }
    }
}

impl<'de> MapAccess<'de> for Named<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.name()? {
            Some(name) => seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let at = self.next;
        self.next += 1;
        let record = self.record;
        if let Some(field) = record.fields.get(at) {
            return seed
                .deserialize(De::new(self.input, field.node))
                .map_err(|e| e.in_field(&field.name));
        }
        match record.defaults.get(at - record.fields.len()) {
            Some(default) => {
                read_default(self.input, default, seed).map_err(|e| e.in_field(&default.name))
            }
            None => Err(Error::new("a value without its name")),
        }
    }
}

/// A branch of a union, as a variant of a Rust enum.
pub(super) struct OneOf<'a, 'de> {
    pub(super) name: &'de str,
    pub(super) value: De<'a, 'de>,
}

impl<'a, 'de> EnumAccess<'de> for OneOf<'a, 'de> {
    type Error = Error;
    type Variant = De<'a, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), Error> {
        let variant = seed.deserialize(BorrowedStrDeserializer::new(self.name))?;
        Ok((variant, self.value))
    }
}

impl<'de> VariantAccess<'de> for De<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        serde::Deserializer::deserialize_seq(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        serde::Deserializer::deserialize_struct(self, "", names, visitor)
    }
}
