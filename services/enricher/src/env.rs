//! What every step works with: the window, reference data, policy, and memory that is used again.

use crate::glns::Glns;
use crate::lent::{Arena, Lent};
use crate::policy::Policy;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serialtrail_records::Codec;
use serialtrail_stream::StepContext;
use serialtrail_stream::reference::ReferenceTable;

/// What every step works with; `'a` is the step.
pub(crate) struct Env<'e, 'a> {
    pub(crate) ctx: &'e mut dyn StepContext,
    pub(crate) codec: &'a Codec,
    pub(crate) table: &'a ReferenceTable,
    pub(crate) policy: &'a Policy,
    pub(crate) glns: &'a Glns,
    pub(crate) sizes: Sizes,
    /// Where state values and texts lie until the step's end.
    pub(crate) arena: &'a Arena,
    /// What is being written.
    pub(crate) out: &'e mut Vec<u8>,
}

/// How much of a container stands in one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Children kept in one page.
    pub(crate) page_children: usize,
    /// Reads on their way to the children one by one; more become one task for all its reads.
    pub(crate) tasks: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            page_children: 256,
            tasks: 400,
        }
    }
}

impl<'a> Env<'_, 'a> {
    /// A key of state, made of parts.
    pub(crate) fn key(&self, parts: &[&str]) -> &'a str {
        let mut key = bumpalo::collections::String::with_capacity_in(
            parts.iter().map(|part| part.len()).sum(),
            self.arena,
        );
        for part in parts {
            key.push_str(part);
        }
        key.into_bump_str()
    }

    /// Reads one state value.
    pub(crate) fn load<L: Lent + Deserialize<'a>>(
        &mut self,
        key: &str,
    ) -> anyhow::Result<Option<L>> {
        self.load_in(self.arena, key)
    }

    /// Reads one state value into other memory than the step's: of those that are read one after the
    /// other, without end, only one is to be there at a time.
    pub(crate) fn load_in<'p, L: Lent + Deserialize<'p>>(
        &mut self,
        arena: &'p Arena,
        key: &str,
    ) -> anyhow::Result<Option<L>>
    where
        'a: 'p,
    {
        let Some(bytes) = self.ctx.get(key.as_bytes())? else {
            return Ok(None);
        };
        let bytes: &'p [u8] = arena.alloc_slice_copy(bytes);
        self.codec
            .decode_borrowed::<L::Record, L>(bytes)
            .map(Some)
            .with_context(|| format!("state {key}"))
    }

    /// Writes one state value.
    pub(crate) fn save<L: Lent + Serialize>(&mut self, key: &str, value: &L) -> anyhow::Result<()> {
        self.write(value)?;
        self.ctx.put(key.as_bytes(), self.out);
        Ok(())
    }

    /// Emits one record under its key.
    pub(crate) fn emit<L: Lent + Serialize>(
        &mut self,
        topic: &'static str,
        key: &str,
        value: &L,
    ) -> anyhow::Result<()> {
        self.write(value)?;
        self.emit_written(topic, key);
        Ok(())
    }

    /// Encodes a value; what it takes stands in `out`.
    pub(crate) fn write<L: Lent + Serialize>(&mut self, value: &L) -> anyhow::Result<()> {
        self.out.clear();
        self.codec.encode_borrowed::<L::Record, L>(value, self.out)
    }

    /// Emits what was written last.
    pub(crate) fn emit_written(&mut self, topic: &'static str, key: &str) {
        self.ctx.emit(topic, key.as_bytes(), self.out);
    }
}
