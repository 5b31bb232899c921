//! Random schemas, random values of them, and readers' schemas that must be able to read them.

use apache_avro::types::Value;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};

pub(crate) type Random = ChaCha8Rng;

/// A schema, and what a reader may make of it.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// A primitive type by its name.
    Plain(&'static str),
    Fixed(String, usize),
    Enum(String, Vec<String>),
    Array(Box<Shape>),
    Map(Box<Shape>),
    Union(Vec<Shape>),
    Record(String, Vec<(String, Shape)>),
}

const PLAIN: [&str; 8] = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

/// A schema at most `depth` deep. `names` counts the named types made so far.
pub(crate) fn shape(random: &mut Random, depth: u32, names: &mut u32) -> Shape {
    let deep = depth > 0;
    match random.random_range(0..if deep { 14 } else { 9 }) {
        0..7 => Shape::Plain(PLAIN[random.random_range(0..PLAIN.len())]),
        7 => Shape::Fixed(name(names, "F"), random.random_range(0..9)),
        8 => {
            let count = random.random_range(1..5);
            Shape::Enum(
                name(names, "E"),
                (0..count).map(|at| format!("S{at}")).collect(),
            )
        }
        9 => Shape::Array(Box::new(shape(random, depth - 1, names))),
        10 => Shape::Map(Box::new(shape(random, depth - 1, names))),
        11 => union(random, depth - 1, names),
        _ => record(random, depth - 1, names),
    }
}

pub(crate) fn record(random: &mut Random, depth: u32, names: &mut u32) -> Shape {
    let name = name(names, "R");
    let count = random.random_range(0..6);
    let fields = (0..count).map(|at| (format!("f{at}"), shape(random, depth, names)));
    Shape::Record(name, fields.collect())
}

/// One branch of each kind at most. The specification allows more of named types, and apache-avro reads
/// them, but resolves by its values, which have no names: it takes one record for another. Those, and
/// which branch a promoted value takes, are tests of their own.
fn union(random: &mut Random, depth: u32, names: &mut u32) -> Shape {
    let kind = |shape: &Shape| match shape {
        Shape::Plain("null") => 0,
        Shape::Plain("boolean") => 1,
        Shape::Plain("int" | "long" | "float" | "double") => 2,
        Shape::Plain(_) | Shape::Fixed(..) | Shape::Enum(..) => 3,
        Shape::Array(_) => 4,
        Shape::Map(_) | Shape::Record(..) => 5,
        Shape::Union(_) => 6,
    };
    let mut branches: Vec<Shape> = Vec::new();
    for _ in 0..random.random_range(1..5) {
        let new = shape(random, depth, names);
        let alike = |old: &Shape| kind(old) == kind(&new);
        if !matches!(new, Shape::Union(_)) && !branches.iter().any(alike) {
            branches.push(new);
        }
    }
    if branches.is_empty() {
        branches.push(Shape::Plain("null"));
    }
    Shape::Union(branches)
}

fn name(names: &mut u32, kind: &str) -> String {
    *names += 1;
    format!("{kind}{names}")
}

impl Shape {
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Plain(name) => json!(name),
            Self::Fixed(name, size) => json!({"type": "fixed", "name": name, "size": size}),
            Self::Enum(name, symbols) => {
                json!({"type": "enum", "name": name, "symbols": symbols})
            }
            Self::Array(items) => json!({"type": "array", "items": items.json()}),
            Self::Map(values) => json!({"type": "map", "values": values.json()}),
            Self::Union(all) => Json::Array(all.iter().map(Self::json).collect()),
            Self::Record(name, fields) => {
                let fields: Vec<Json> = fields
                    .iter()
                    .map(|(name, shape)| json!({"name": name, "type": shape.json()}))
                    .collect();
                json!({"type": "record", "name": name, "fields": fields})
            }
        }
    }

    pub(crate) fn value(&self, random: &mut Random) -> Value {
        match self {
            Self::Plain(name) => plain(random, name),
            Self::Fixed(_, size) => {
                Value::Fixed(*size, (0..*size).map(|_| random.random()).collect())
            }
            Self::Enum(_, symbols) => {
                let at = random.random_range(0..symbols.len());
                Value::Enum(at as u32, symbols[at].clone())
            }
            Self::Array(items) => {
                let count = random.random_range(0..4);
                Value::Array((0..count).map(|_| items.value(random)).collect())
            }
            Self::Map(values) => {
                let count = random.random_range(0..4);
                let entries = (0..count).map(|at| (format!("k{at}"), values.value(random)));
                Value::Map(entries.collect())
            }
            Self::Union(all) => {
                let at = random.random_range(0..all.len());
                Value::Union(at as u32, Box::new(all[at].value(random)))
            }
            Self::Record(_, fields) => {
                let fields = fields.iter();
                Value::Record(
                    fields
                        .map(|(name, shape)| (name.clone(), shape.value(random)))
                        .collect(),
                )
            }
        }
    }

    /// A reader's schema that can read every value of this one: what is promoted, left out, added
    /// with a default, put in another order, made optional.
    pub(crate) fn reader(&self, random: &mut Random) -> Json {
        match self {
            Self::Plain("int") => {
                json!(["int", "long", "float", "double"][random.random_range(0..4)])
            }
            Self::Plain("long") => json!(["long", "float", "double"][random.random_range(0..3)]),
            Self::Plain("float") => json!(["float", "double"][random.random_range(0..2)]),
            Self::Plain("string") => json!(["string", "bytes"][random.random_range(0..2)]),
            Self::Array(items) => json!({"type": "array", "items": items.reader(random)}),
            Self::Map(values) => json!({"type": "map", "values": values.reader(random)}),
            Self::Union(all) => {
                let mut all: Vec<Json> = all.iter().map(|branch| branch.reader(random)).collect();
                let by = random.random_range(0..all.len());
                all.rotate_left(by);
                Json::Array(all)
            }
            Self::Record(name, fields) => {
                let mut all = Vec::new();
                for (name, shape) in fields {
                    if random.random_bool(0.8) {
                        let ty = shape.reader(random);
                        let optional = !matches!(shape, Self::Union(_) | Self::Plain("null"));
                        let ty = if optional && random.random_bool(0.2) {
                            json!(["null", ty])
                        } else {
                            ty
                        };
                        all.push(json!({"name": name, "type": ty}));
                    }
                }
                if random.random_bool(0.5) {
                    all.push(json!({"name": "new", "type": ["null", "string"], "default": null}));
                }
                if random.random_bool(0.3) {
                    let ty = json!({"type": "array", "items": "long"});
                    all.push(json!({"name": "more", "type": ty, "default": [1, -2]}));
                }
                if !all.is_empty() {
                    let by = random.random_range(0..all.len());
                    all.rotate_left(by);
                }
                json!({"type": "record", "name": name, "fields": all})
            }
            other => other.json(),
        }
    }
}

fn plain(random: &mut Random, name: &str) -> Value {
    match name {
        "null" => Value::Null,
        "boolean" => Value::Boolean(random.random()),
        "int" => Value::Int(random.random::<i32>() >> random.random_range(0..32)),
        "long" => Value::Long(random.random::<i64>() >> random.random_range(0..64)),
        "float" => Value::Float(random.random_range(-1e6..1e6)),
        "double" => Value::Double(random.random_range(-1e9..1e9)),
        "bytes" => {
            let count = random.random_range(0..70);
            Value::Bytes((0..count).map(|_| random.random()).collect())
        }
        _ => Value::String(text(random)),
    }
}

pub(crate) fn text(random: &mut Random) -> String {
    let count = match random.random_range(0..10) {
        0 => random.random_range(0..200),
        _ => random.random_range(0..12),
    };
    (0..count)
        .map(|_| match random.random_range(0..12) {
            0 => 'ä',
            1 => '語',
            2 => '\u{1f600}',
            _ => char::from(random.random_range(32..127u8)),
        })
        .collect()
}
