//! How the data of one writer's schema are read by one reader's schema, worked out once.
//!
//! A plan is a flat list of nodes. Each says what stands in the bytes and what the reader makes of it,
//! so that nothing is looked up while a datum is read. A record's node learns, for each Rust struct it
//! is read into, at which place each field goes ([`Binding`]); a struct is known by the address of its
//! list of field names, which serde's derived code passes along.

use std::sync::OnceLock;

use serde::Deserialize;

use super::de::De;
use super::error::Error;
use super::resolve;
use super::schema::Schema;
use super::wire::Input;

/// Position of a node in its plan.
pub(super) type NodeId = u32;

/// How to read what was written with one schema by another (Avro 1.12, Schema Resolution).
#[derive(Debug)]
pub struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
    /// Writer and reader write alike.
    pub(super) as_written: bool,
}

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Boolean,
    Int,
    IntAsLong,
    IntAsFloat,
    IntAsDouble,
    Long,
    LongAsFloat,
    LongAsDouble,
    Float,
    FloatAsDouble,
    Double,
    Bytes,
    String,
    Fixed(usize),
    /// The reader's symbol for each of the writer's; none where the reader has neither it nor a default.
    Enum(Box<[Option<Box<str>>]>),
    /// `least`: the fewest bytes an item takes.
    Array {
        items: NodeId,
        least: usize,
    },
    Map {
        values: NodeId,
        least: usize,
    },
    /// A union of null, at position `null`, and one other type, in both schemas.
    Optional {
        null: u8,
        inner: NodeId,
    },
    /// Any other union of the writer: a node for each branch.
    Union(Box<[NodeId]>),
    /// What the reader has as a branch of a union, by the branch's name.
    Branch {
        name: Box<str>,
        inner: NodeId,
    },
    Record(Box<Record>),
    /// The reader's type cannot hold the writer's: found only when such a value comes.
    Refused(Box<str>),
}

/// A record.
#[derive(Debug)]
pub(super) struct Record {
    /// The writer's fields, in the order of the bytes.
    pub(super) fields: Box<[Field]>,
    /// The reader's fields that the writer has not.
    pub(super) defaults: Box<[Default]>,
    /// It may take no bytes at all.
    pub(super) weightless: bool,
    bindings: Bindings,
}

/// A field of the writer.
#[derive(Debug)]
pub(super) struct Field {
    /// The reader's name where the reader has it, else the writer's.
    pub(super) name: Box<str>,
    pub(super) node: NodeId,
    /// The reader has it.
    pub(super) read: bool,
}

/// A field of the reader that the writer has not.
#[derive(Debug)]
pub(super) struct Default {
    pub(super) name: Box<str>,
    pub(super) node: NodeId,
    /// Its default as a datum.
    pub(super) bytes: Box<[u8]>,
}

type Names = &'static [&'static str];

/// What to do with a record's bytes for one Rust struct.
#[derive(Debug)]
pub(super) struct Binding {
    /// Address and length of the struct's list of field names.
    names: (usize, usize),
    /// The steps give the struct's fields in the struct's order, all of them.
    pub(super) in_order: bool,
    pub(super) steps: Box<[Step]>,
    next: Bindings,
}

/// One step of reading a record into a struct.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Read {
        name: &'static str,
        node: NodeId,
    },
    Skip {
        node: NodeId,
    },
    /// The default of this number in [`Record::defaults`].
    Default {
        name: &'static str,
        at: u32,
    },
}

/// The structs met so far: found without a lock, kept as long as the plan.
#[derive(Debug, Default)]
struct Bindings(OnceLock<Box<Binding>>);

impl Record {
    pub(super) fn new(fields: Vec<Field>, defaults: Vec<Default>, weightless: bool) -> Self {
        Self {
            weightless,
            fields: fields.into(),
            defaults: defaults.into(),
            bindings: Bindings::default(),
        }
    }

    /// The steps for a struct with these fields.
    #[inline]
    pub(super) fn binding(&self, names: Names) -> &Binding {
        let key = (names.as_ptr() as usize, names.len());
        let mut place = &self.bindings;
        loop {
            let binding = match place.0.get() {
                Some(binding) => binding,
                None => place.0.get_or_init(|| Box::new(self.bind(names))),
            };
            if binding.names == key {
                return binding;
            }
            place = &binding.next;
        }
    }

    #[cold]
    fn bind(&self, names: Names) -> Binding {
        let place = |name: &str| names.iter().position(|known| *known == name);
        let default = |index: usize| {
            let name = names[index];
            let at = self.defaults.iter().position(|d| *d.name == *name)?;
            let at = u32::try_from(at).ok()?;
            Some(Step::Default { name, at })
        };
        let mut steps = Vec::with_capacity(self.fields.len());
        let mut late = Vec::new();
        // The struct's field that comes next, while all come in its order.
        let mut next = Some(0);
        let mut defaulted = vec![false; names.len()];
        for field in &self.fields {
            let index = if field.read { place(&field.name) } else { None };
            let Some(index) = index else {
                steps.push(Step::Skip { node: field.node });
                continue;
            };
            // What lies between has to come from defaults.
            if let Some(from) = next
                && from <= index
            {
                let between: Option<Vec<Step>> = (from..index).map(default).collect();
                if let Some(between) = between {
                    steps.extend(between);
                    defaulted[from..index].fill(true);
                    next = Some(index + 1);
                } else {
                    next = None;
                }
            } else {
                next = None;
            }
            let name = names[index];
            let node = field.node;
            steps.push(Step::Read { name, node });
        }
        for index in (0..names.len()).filter(|index| !defaulted[*index]) {
            late.extend(default(index));
        }
        let in_order = next.is_some_and(|next| next + late.len() == names.len());
        steps.extend(late);
        Binding {
            names: (names.as_ptr() as usize, names.len()),
            in_order,
            steps: steps.into(),
            next: Bindings::default(),
        }
    }
}

impl Plan {
    /// Works out how data of `writer` are read by `reader`. Where the two do not fit, the plan says so
    /// when it meets such a value: a writer's union may hold branches nobody uses.
    #[must_use]
    pub fn new(writer: &Schema, reader: &Schema) -> Self {
        resolve::plan(writer, reader)
    }

    /// Reads a datum; what follows it comes back beside the value. Text and bytes of the value may be
    /// borrowed from the datum, and from the plan where they come from the reader's defaults.
    ///
    /// # Errors
    /// The bytes are no datum of the writer's schema, or not what `T` takes: where, and why.
    #[inline]
    pub fn read<'de, T: Deserialize<'de>>(
        &'de self,
        datum: &'de [u8],
    ) -> Result<(T, &'de [u8]), Error> {
        let mut input = Input::new(datum, self);
        let value = T::deserialize(De::new(&mut input, self.root))?;
        Ok((value, input.rest()))
    }
}
