//! Schema resolution (Avro 1.12, Schema Resolution): from a writer's and a reader's schema to a plan.
//!
//! | writer, reader | read as |
//! |---|---|
//! | record | names match (unqualified, or an alias of the reader's); fields by name or alias in any order; fields the reader has not are passed over; fields the writer has not take the reader's default, without one the record is refused |
//! | enum | names match; a symbol the reader has not becomes its default, without one it is refused |
//! | array, map | items, values |
//! | fixed | names and sizes match |
//! | union of the writer | its branch, resolved against the reader |
//! | union of the reader | its first branch of the same type and name, else the first that matches |
//! | int | long, float, double |
//! | long | float, double |
//! | float | double |
//! | string, bytes | each other |
//! | logical types | their base types |

use std::collections::HashMap;

use super::default;
use super::plan::{Default, Field, Node, NodeId, Plan, Record};
use super::schema::{self, Name, Schema, Type, TypeId};

/// Works out a plan.
pub(super) fn plan(writer: &Schema, reader: &Schema) -> Plan {
    let mut resolver = Resolver {
        writer,
        reader,
        nodes: Vec::new(),
        known: HashMap::new(),
        least: HashMap::new(),
    };
    let root = resolver.resolve(Pair {
        side: Side::Both,
        writer: writer.root,
        reader: reader.root,
    });
    Plan {
        nodes: resolver.nodes,
        root,
        as_written: writer.writes_as(reader),
    }
}

/// Whose schemas a pair of types belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Both,
    /// The writer's read by itself: to pass over what the reader has not.
    Writer,
    /// The reader's read by itself: defaults.
    Reader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    side: Side,
    writer: TypeId,
    reader: TypeId,
}

impl Pair {
    fn of(self, writer: TypeId, reader: TypeId) -> Self {
        Self {
            writer,
            reader,
            ..self
        }
    }
}

struct Resolver<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    nodes: Vec<Node>,
    known: HashMap<Pair, NodeId>,
    /// The fewest bytes of a type of the writer's schema, or of the reader's.
    least: HashMap<(bool, TypeId), usize>,
}

impl<'s> Resolver<'s> {
    fn schemas(&self, side: Side) -> (&'s Schema, &'s Schema) {
        match side {
            Side::Both => (self.writer, self.reader),
            Side::Writer => (self.writer, self.writer),
            Side::Reader => (self.reader, self.reader),
        }
    }

    /// The node of a pair; one that is being worked out (a record within itself) is referred to.
    fn resolve(&mut self, pair: Pair) -> NodeId {
        if let Some(id) = self.known.get(&pair) {
            return *id;
        }
        let id = self.add(Node::Null);
        self.known.insert(pair, id);
        let node = self.node(pair);
        self.nodes[id as usize] = node;
        id
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        // A schema's text is far shorter than 4 GB.
        (self.nodes.len() - 1) as NodeId
    }

    fn node(&mut self, pair: Pair) -> Node {
        let (w, r) = self.schemas(pair.side);
        let (writer, reader) = (&w.types[pair.writer], &r.types[pair.reader]);
        match (writer, reader) {
            (
                Type::Optional { null, inner },
                Type::Optional {
                    inner: reader_inner,
                    ..
                },
            ) => Node::Optional {
                null: *null,
                inner: self.resolve(pair.of(*inner, *reader_inner)),
            },
            (Type::Optional { .. } | Type::Union(_), _) => {
                let branches = w.branches(pair.writer).unwrap_or_default();
                let branches = branches.into_iter();
                Node::Union(
                    branches
                        .map(|b| self.resolve(pair.of(b, pair.reader)))
                        .collect(),
                )
            }
            (_, Type::Optional { .. } | Type::Union(_)) => self.read_as_union(pair),
            (Type::Array(writer), Type::Array(reader)) => Node::Array {
                items: self.resolve(pair.of(*writer, *reader)),
                least: self.least(pair.side, *writer),
            },
            (Type::Map(writer), Type::Map(reader)) => Node::Map {
                values: self.resolve(pair.of(*writer, *reader)),
                least: self.least(pair.side, *writer).saturating_add(1),
            },
            _ if !matches(writer, reader) => refused(writer, reader),
            (Type::Record { fields: writer, .. }, Type::Record { fields: reader, .. }) => {
                self.record(pair, writer, reader)
            }
            (
                Type::Enum { symbols, .. },
                Type::Enum {
                    symbols: known,
                    default,
                    ..
                },
            ) => Node::Enum(
                symbols
                    .iter()
                    .map(|symbol| known.iter().find(|k| *k == symbol).or(default.as_ref()))
                    .map(|symbol| symbol.map(|symbol| symbol.as_str().into()))
                    .collect(),
            ),
            _ => primitive(writer, reader),
        }
    }

    /// A writer's type, no union, read as a union of the reader.
    fn read_as_union(&mut self, pair: Pair) -> Node {
        let (w, r) = self.schemas(pair.side);
        let writer = &w.types[pair.writer];
        let branches = r.branches(pair.reader).unwrap_or_default();
        let same = |id: &&TypeId| equal(writer, &r.types[**id]);
        let fits = |id: &&TypeId| matches(writer, &r.types[**id]);
        let branch = branches
            .iter()
            .find(same)
            .or_else(|| branches.iter().find(fits));
        let Some(branch) = branch else {
            return refused(writer, &r.types[pair.reader]);
        };
        let within = pair.of(pair.writer, *branch);
        // Of an optional type nobody asks the branch's name.
        if matches!(r.types[pair.reader], Type::Optional { .. }) {
            return self.node(within);
        }
        Node::Branch {
            name: r.types[*branch].name().into(),
            inner: self.resolve(within),
        }
    }

    fn record(
        &mut self,
        pair: Pair,
        writer: &'s [schema::Field],
        reader: &'s [schema::Field],
    ) -> Node {
        let mut fields = Vec::with_capacity(writer.len());
        let mut missing: Vec<&schema::Field> = reader.iter().collect();
        for field in writer {
            let named = missing.iter().position(|known| known.name == field.name);
            let found = named.or_else(|| {
                let called = |known: &&schema::Field| {
                    known.aliases.contains(&field.name)
                        && writer.iter().all(|other| other.name != known.name)
                };
                missing.iter().position(called)
            });
            fields.push(match found {
                Some(at) => {
                    let known = missing.remove(at);
                    Field {
                        name: known.name.as_str().into(),
                        node: self.resolve(pair.of(field.ty, known.ty)),
                        read: true,
                    }
                }
                None => Field {
                    name: field.name.as_str().into(),
                    node: self.resolve(Pair {
                        side: Side::Writer,
                        writer: field.ty,
                        reader: field.ty,
                    }),
                    read: false,
                },
            });
        }
        let mut defaults = Vec::with_capacity(missing.len());
        for field in missing {
            let default = field.default.as_ref().and_then(|default| {
                // It was found to fit when the schema was parsed.
                default::encode(self.reader, field.ty, default).ok()
            });
            let Some(bytes) = default else {
                let why = format!("field {} is not written and has no default", field.name);
                return Node::Refused(why.into());
            };
            defaults.push(Default {
                name: field.name.as_str().into(),
                node: self.resolve(Pair {
                    side: Side::Reader,
                    writer: field.ty,
                    reader: field.ty,
                }),
                bytes: bytes.into(),
            });
        }
        let weightless = self.least(pair.side, pair.writer) == 0;
        Node::Record(Box::new(Record::new(fields, defaults, weightless)))
    }

    /// The fewest bytes a value takes. Within itself a record comes through a union, array or map,
    /// and so ends; one that does not has no data.
    fn least(&mut self, side: Side, id: TypeId) -> usize {
        let of_reader = side == Side::Reader;
        if let Some(known) = self.least.get(&(of_reader, id)) {
            return *known;
        }
        self.least.insert((of_reader, id), 0);
        let (schema, _) = self.schemas(side);
        let bytes = match &schema.types[id] {
            Type::Null => 0,
            Type::Float => 4,
            Type::Double => 8,
            Type::Fixed { size, .. } => *size,
            Type::Record { fields, .. } => {
                let bytes = fields.iter().map(|field| self.least(side, field.ty));
                bytes.fold(0, usize::saturating_add)
            }
            _ => 1,
        };
        self.least.insert((of_reader, id), bytes);
        bytes
    }
}

fn refused(writer: &Type, reader: &Type) -> Node {
    Node::Refused(format!("{} is written, {} is read", writer.name(), reader.name()).into())
}

fn primitive(writer: &Type, reader: &Type) -> Node {
    match (writer, reader) {
        (Type::Null, Type::Null) => Node::Null,
        (Type::Boolean, Type::Boolean) => Node::Boolean,
        (Type::Int, Type::Int) => Node::Int,
        (Type::Int, Type::Long) => Node::IntAsLong,
        (Type::Int, Type::Float) => Node::IntAsFloat,
        (Type::Int, Type::Double) => Node::IntAsDouble,
        (Type::Long, Type::Long) => Node::Long,
        (Type::Long, Type::Float) => Node::LongAsFloat,
        (Type::Long, Type::Double) => Node::LongAsDouble,
        (Type::Float, Type::Float) => Node::Float,
        (Type::Float, Type::Double) => Node::FloatAsDouble,
        (Type::Double, Type::Double) => Node::Double,
        (Type::String | Type::Bytes, Type::String) => Node::String,
        (Type::String | Type::Bytes, Type::Bytes) => Node::Bytes,
        (Type::Fixed { size, .. }, Type::Fixed { .. }) => Node::Fixed(*size),
        _ => refused(writer, reader),
    }
}

/// Of the same type, and of the same full name where it has one.
fn equal(writer: &Type, reader: &Type) -> bool {
    std::mem::discriminant(writer) == std::mem::discriminant(reader)
        && writer.name() == reader.name()
        && matches(writer, reader)
}

/// Whether a reader's type may hold a writer's, as far as the types themselves say; neither is a union.
fn matches(writer: &Type, reader: &Type) -> bool {
    match (writer, reader) {
        (Type::Int, Type::Long | Type::Float | Type::Double)
        | (Type::Long, Type::Float | Type::Double)
        | (Type::Float, Type::Double)
        | (Type::String, Type::Bytes)
        | (Type::Bytes, Type::String) => true,
        (Type::Fixed { name: w, size: n }, Type::Fixed { name: r, size: m }) => {
            n == m && named(w, r)
        }
        (Type::Enum { name: w, .. }, Type::Enum { name: r, .. })
        | (Type::Record { name: w, .. }, Type::Record { name: r, .. }) => named(w, r),
        _ => std::mem::discriminant(writer) == std::mem::discriminant(reader),
    }
}

fn named(writer: &Name, reader: &Name) -> bool {
    let alias = |alias: &String| *alias == writer.full || schema::short(alias) == writer.short();
    writer.short() == reader.short() || reader.aliases.iter().any(alias)
}
