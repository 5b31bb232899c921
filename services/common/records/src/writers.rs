//! The schemas of who wrote what is read, by their ids in the registry.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::avro::{Plan, Schema, SchemaError};
use crate::codec::{AvroRecord, DecodeError};
use crate::own::place_of;

/// A schema some writer used.
#[derive(Debug)]
pub struct WriterSchema {
    schema: Schema,
    /// Place in this build's list of the record of the same name.
    place: Option<usize>,
    /// How its data are read by this build's schema of the same name; worked out at the first datum.
    plan: OnceLock<Plan>,
}

impl WriterSchema {
    /// Parses a schema.
    ///
    /// # Errors
    /// The text is no schema.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let schema = Schema::parse(text)?;
        Ok(Self {
            place: place_of(schema.name()),
            schema,
            plan: OnceLock::new(),
        })
    }

    /// Full name of the record.
    #[must_use]
    pub fn name(&self) -> &str {
        self.schema.name()
    }

    /// Whether its data are records of that kind.
    #[must_use]
    #[inline]
    pub fn is<R: AvroRecord>(&self) -> bool {
        match (self.place, R::own().place()) {
            (Some(place), Some(own)) => place == own,
            _ => self.name() == R::NAME,
        }
    }

    /// Reads a datum that must be an `R` into a struct that has some or all of its fields. Bytes behind
    /// the datum are passed over.
    ///
    /// # Errors
    /// It is another record, or does not match the schema.
    pub fn read<'de, R: AvroRecord, T: Deserialize<'de>>(
        &'de self,
        datum: &'de [u8],
    ) -> Result<T, DecodeError> {
        if !self.is::<R>() {
            return Err(DecodeError::UnexpectedRecord {
                found: self.name().to_owned(),
            });
        }
        let plan = match self.plan.get() {
            Some(plan) => plan,
            None => {
                let own = R::own().schema().map_err(|e| self.refused(e))?;
                self.plan.get_or_init(|| Plan::new(&self.schema, own))
            }
        };
        match plan.read(datum) {
            Ok((value, _)) => Ok(value),
            Err(error) => Err(self.refused(error)),
        }
    }

    #[cold]
    fn refused(&self, reason: impl std::fmt::Display) -> DecodeError {
        DecodeError::Datum {
            record: self.name().to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Chains the schemas are kept in.
const CHAINS: usize = 64;

/// Schemas by id: added to, never taken from, so that they are found without a lock and lent for as
/// long as the codec lives. Their number is that of the registry's schemas that were met.
#[derive(Debug)]
pub(crate) struct Writers {
    chains: [Chain; CHAINS],
}

type Chain = OnceLock<Box<Known>>;

#[derive(Debug)]
struct Known {
    id: u32,
    writer: WriterSchema,
    next: Chain,
}

impl Default for Writers {
    fn default() -> Self {
        Self {
            chains: [const { OnceLock::new() }; CHAINS],
        }
    }
}

impl Writers {
    fn chain(&self, id: u32) -> &Chain {
        &self.chains[id as usize % CHAINS]
    }

    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<&WriterSchema> {
        let mut chain = self.chain(id);
        loop {
            let known = chain.get()?;
            if known.id == id {
                return Some(&known.writer);
            }
            chain = &known.next;
        }
    }

    /// Keeps a schema; of two kept under one id the first stays.
    pub(crate) fn keep(&self, id: u32, writer: WriterSchema) -> &WriterSchema {
        let next = Chain::new();
        let mut ours = Some(Box::new(Known { id, writer, next }));
        let mut chain = self.chain(id);
        loop {
            // Once ours is taken it stands here, and this is the last turn.
            #[allow(clippy::expect_used)]
            let known = chain.get_or_init(|| ours.take().expect("ours is kept once"));
            if known.id == id {
                return &known.writer;
            }
            chain = &known.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str) -> WriterSchema {
        let text = format!(r#"{{"type": "fixed", "size": 1, "name": "{name}"}}"#);
        WriterSchema::parse(&text).unwrap()
    }

    #[test]
    fn schemas_are_found_by_their_ids_also_those_of_one_chain() {
        let writers = Writers::default();
        for id in [1, 65, 129, 2] {
            assert!(writers.find(id).is_none(), "{id}");
            writers.keep(id, schema(&format!("S{id}")));
        }
        for id in [1, 65, 129, 2] {
            assert_eq!(writers.find(id).unwrap().name(), format!("S{id}"));
        }
        assert!(writers.find(193).is_none());
    }

    #[test]
    fn of_two_schemas_of_one_id_the_first_stays() {
        let writers = Writers::default();
        writers.keep(7, schema("First"));
        assert_eq!(writers.keep(7, schema("Second")).name(), "First");
        assert_eq!(writers.find(7).unwrap().name(), "First");
    }

    #[test]
    fn threads_that_meet_schemas_at_once_all_find_them() {
        let writers = Writers::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for id in (0..640).step_by(64) {
                        let kept = writers.keep(id, schema(&format!("S{id}")));
                        assert_eq!(kept.name(), format!("S{id}"));
                    }
                });
            }
        });
        for id in (0..640).step_by(64) {
            assert_eq!(writers.find(id).unwrap().name(), format!("S{id}"));
        }
    }
}
