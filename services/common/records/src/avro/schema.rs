//! A schema (Avro 1.12, Schema Declaration), parsed from its JSON text into a flat list of types.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};

use super::error::SchemaError;

/// Position of a type in its schema's list.
pub(super) type TypeId = usize;

/// A parsed schema. Unknown attributes and logical types are passed over, as the specification says:
/// a value of a logical type is read and written as its base type.
#[derive(Debug)]
pub struct Schema {
    pub(super) types: Vec<Type>,
    pub(super) root: TypeId,
}

/// A type of a schema.
#[derive(Debug)]
pub(super) enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed {
        name: Name,
        size: usize,
    },
    Enum {
        name: Name,
        symbols: Vec<String>,
        default: Option<String>,
    },
    Array(TypeId),
    Map(TypeId),
    /// A union of null and one other type; `null` is the position of null.
    Optional {
        null: u8,
        inner: TypeId,
    },
    /// Every other union.
    Union(Vec<TypeId>),
    Record {
        name: Name,
        fields: Vec<Field>,
    },
}

/// Full name and full names of the aliases (Names, Aliases).
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) full: String,
    pub(super) aliases: Vec<String>,
}

impl Name {
    /// Without the namespace.
    pub(super) fn short(&self) -> &str {
        short(&self.full)
    }
}

impl Schema {
    /// Whether a value written by this schema has the bytes it would have by the other: same types in the
    /// same order, names of records apart.
    pub(super) fn writes_as(&self, other: &Self) -> bool {
        let alike = |(a, b): (&Type, &Type)| match (a, b) {
            (Type::Record { fields: a, .. }, Type::Record { fields: b, .. }) => {
                let same = |(a, b): (&Field, &Field)| a.name == b.name && a.ty == b.ty;
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            (Type::Enum { symbols: a, .. }, Type::Enum { symbols: b, .. }) => a == b,
            (Type::Fixed { size: a, .. }, Type::Fixed { size: b, .. }) => a == b,
            (Type::Array(a), Type::Array(b)) | (Type::Map(a), Type::Map(b)) => a == b,
            (Type::Union(a), Type::Union(b)) => a == b,
            (Type::Optional { null: n, inner: a }, Type::Optional { null: m, inner: b }) => {
                n == m && a == b
            }
            _ => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        self.root == other.root
            && self.types.len() == other.types.len()
            && self.types.iter().zip(&other.types).all(alike)
    }
}

pub(super) fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) ty: TypeId,
    pub(super) default: Option<Value>,
    /// Where the Rust struct's name of this field stands, once it was found equal: a `&'static str`
    /// of the same address and length is the same text, so that it is compared only once.
    seen: AtomicUsize,
}

impl Field {
    /// Whether a struct's field of this name is this one.
    #[inline]
    pub(super) fn is(&self, key: &'static str) -> bool {
        let at = key.as_ptr() as usize;
        if key.len() == self.name.len() && self.seen.load(Ordering::Relaxed) == at {
            return true;
        }
        let same = key == self.name;
        if same {
            self.seen.store(at, Ordering::Relaxed);
        }
        same
    }
}

/// The primitive types stand at the head of every schema's list.
const PRIMITIVES: [(&str, Type); 8] = [
    ("null", Type::Null),
    ("boolean", Type::Boolean),
    ("int", Type::Int),
    ("long", Type::Long),
    ("float", Type::Float),
    ("double", Type::Double),
    ("bytes", Type::Bytes),
    ("string", Type::String),
];

/// How deep types may stand in one another.
const DEEPEST: usize = 64;

pub(super) const NULL: TypeId = 0;
pub(super) const STRING: TypeId = 7;

impl Type {
    /// Name of a branch of a union: of the type, or the full name of a named one.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Optional { .. } | Self::Union(_) => "union",
            Self::Fixed { name, .. } | Self::Enum { name, .. } | Self::Record { name, .. } => {
                &name.full
            }
        }
    }
}

impl Schema {
    /// Parses a schema.
    ///
    /// # Errors
    /// The text is no JSON, or no schema.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let json: Value = serde_json::from_str(text).map_err(SchemaError::new)?;
        let mut parser = Parser {
            types: PRIMITIVES.into_iter().map(|(_, ty)| ty).collect(),
            depths: vec![1; PRIMITIVES.len()],
            named: HashMap::new(),
        };
        let root = parser.schema(&json, "")?;
        let schema = Self {
            types: parser.types,
            root,
        };
        schema.defaults_fit()?;
        Ok(schema)
    }

    /// Full name of the record, enum or fixed that the schema is; else the name of its type.
    #[must_use]
    pub fn name(&self) -> &str {
        self.types[self.root].name()
    }

    fn defaults_fit(&self) -> Result<(), SchemaError> {
        for ty in &self.types {
            let Type::Record { name, fields } = ty else {
                continue;
            };
            for field in fields {
                let Some(default) = &field.default else {
                    continue;
                };
                super::default::encode(self, field.ty, default).map_err(|e| {
                    SchemaError::new(format!("default: {e}"))
                        .within(&field.name)
                        .within(&name.full)
                })?;
            }
        }
        Ok(())
    }

    /// The branches of a union; none for another type.
    pub(super) fn branches(&self, id: TypeId) -> Option<Vec<TypeId>> {
        match &self.types[id] {
            Type::Optional { null: 0, inner } => Some(vec![NULL, *inner]),
            Type::Optional { inner, .. } => Some(vec![*inner, NULL]),
            Type::Union(all) => Some(all.clone()),
            _ => None,
        }
    }
}

struct Parser {
    types: Vec<Type>,
    /// How many types stand in one another below each.
    depths: Vec<usize>,
    named: HashMap<String, TypeId>,
}

impl Parser {
    /// Adds a type made of others.
    fn add(&mut self, ty: Type, parts: &[TypeId]) -> Result<TypeId, SchemaError> {
        self.types.push(ty);
        self.depths.push(0);
        let id = self.types.len() - 1;
        self.made_of(id, parts)?;
        Ok(id)
    }

    fn made_of(&mut self, id: TypeId, parts: &[TypeId]) -> Result<(), SchemaError> {
        let below = parts.iter().map(|part| self.depths[*part]).max();
        self.depths[id] = 1 + below.unwrap_or(0);
        if self.depths[id] > DEEPEST {
            return Err(SchemaError::new(format!("nested deeper than {DEEPEST}")));
        }
        Ok(())
    }

    fn schema(&mut self, json: &Value, namespace: &str) -> Result<TypeId, SchemaError> {
        match json {
            Value::String(name) => self.by_name(name, namespace),
            Value::Array(all) => self.union(all, namespace),
            Value::Object(object) => self.object(object, namespace),
            other => Err(SchemaError::new(format!("{other} is no schema"))),
        }
    }

    fn by_name(&self, name: &str, namespace: &str) -> Result<TypeId, SchemaError> {
        if let Some(id) = PRIMITIVES.iter().position(|(known, _)| *known == name) {
            return Ok(id);
        }
        let full = full_name(name, namespace)?;
        self.named
            .get(&full)
            .copied()
            .ok_or_else(|| SchemaError::new(format!("{full} is not defined before it is used")))
    }

    fn union(&mut self, all: &[Value], namespace: &str) -> Result<TypeId, SchemaError> {
        let mut branches = Vec::with_capacity(all.len());
        for branch in all {
            let id = self.schema(branch, namespace)?;
            let ty = &self.types[id];
            if matches!(ty, Type::Union(_) | Type::Optional { .. }) {
                return Err(SchemaError::new("a union may not hold a union"));
            }
            let twice = |other: &TypeId| *other == id || self.types[*other].name() == ty.name();
            if branches.iter().any(twice) {
                return Err(SchemaError::new(format!("{} twice in a union", ty.name())));
            }
            branches.push(id);
        }
        let parts = branches.clone();
        let ty = match branches[..] {
            [] => return Err(SchemaError::new("a union of nothing")),
            [NULL, inner] => Type::Optional { null: 0, inner },
            [inner, NULL] => Type::Optional { null: 1, inner },
            _ => Type::Union(branches),
        };
        self.add(ty, &parts)
    }

    fn object(&mut self, object: &Map<String, Value>, outer: &str) -> Result<TypeId, SchemaError> {
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(nested) => return self.schema(nested, outer),
            None => return Err(SchemaError::new("a schema without a type")),
        };
        match kind {
            "array" => {
                let items = self.schema(part(object, "items")?, outer);
                let items = items.map_err(|e| e.within("items"))?;
                self.add(Type::Array(items), &[items])
            }
            "map" => {
                let values = self.schema(part(object, "values")?, outer);
                let values = values.map_err(|e| e.within("values"))?;
                self.add(Type::Map(values), &[values])
            }
            "record" | "error" => self.record(object, outer),
            "enum" => self.enumeration(object, outer),
            "fixed" => {
                let (name, id) = self.define(object, outer)?;
                let size = part(object, "size")?.as_u64();
                let size = size.and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or_else(|| SchemaError::new("size is no length"))?;
                self.types[id] = Type::Fixed { name, size };
                Ok(id)
            }
            name => self.by_name(name, outer),
        }
    }

    /// Takes the name of a named type, so that what stands within may refer to it.
    fn define(
        &mut self,
        object: &Map<String, Value>,
        outer: &str,
    ) -> Result<(Name, TypeId), SchemaError> {
        let name = text(object, "name")?;
        let own = object.get("namespace").and_then(Value::as_str);
        let full = full_name(name, own.unwrap_or(outer))?;
        if PRIMITIVES.iter().any(|(known, _)| *known == full) {
            return Err(SchemaError::new(format!("{full} names a primitive type")));
        }
        let namespace = namespace_of(&full);
        let aliases = names(object, "aliases")?
            .iter()
            .map(|alias| full_name(alias, namespace))
            .collect::<Result<_, _>>()?;
        let name = Name {
            full: full.clone(),
            aliases,
        };
        // What stands in its place until it is known whole.
        let unfinished = Type::Record {
            name: name.clone(),
            fields: Vec::new(),
        };
        let id = self.add(unfinished, &[])?;
        if self.named.insert(full, id).is_some() {
            return Err(SchemaError::new(format!("{} is defined twice", name.full)));
        }
        Ok((name, id))
    }

    fn record(&mut self, object: &Map<String, Value>, outer: &str) -> Result<TypeId, SchemaError> {
        let (name, id) = self.define(object, outer)?;
        let all = part(object, "fields")?.as_array();
        let all = all.ok_or_else(|| SchemaError::new("fields is no list").within(&name.full))?;
        let mut fields: Vec<Field> = Vec::with_capacity(all.len());
        for field in all {
            let field = self.field(field, namespace_of(&name.full));
            let field = field.map_err(|e| e.within(&name.full))?;
            if fields.iter().any(|other| other.name == field.name) {
                let twice = SchemaError::new(format!("field {} twice", field.name));
                return Err(twice.within(&name.full));
            }
            fields.push(field);
        }
        let parts: Vec<TypeId> = fields.iter().map(|field| field.ty).collect();
        self.made_of(id, &parts)?;
        self.types[id] = Type::Record { name, fields };
        Ok(id)
    }

    fn field(&mut self, json: &Value, namespace: &str) -> Result<Field, SchemaError> {
        let object = json.as_object();
        let object = object.ok_or_else(|| SchemaError::new(format!("{json} is no field")))?;
        let name = text(object, "name")?;
        let ty = part(object, "type").and_then(|ty| self.schema(ty, namespace));
        Ok(Field {
            name: simple(name)?.to_owned(),
            aliases: names(object, "aliases")?,
            ty: ty.map_err(|e| e.within(name))?,
            default: object.get("default").cloned(),
            seen: AtomicUsize::new(0),
        })
    }

    fn enumeration(
        &mut self,
        object: &Map<String, Value>,
        outer: &str,
    ) -> Result<TypeId, SchemaError> {
        let (name, id) = self.define(object, outer)?;
        part(object, "symbols")?;
        let symbols = names(object, "symbols")?;
        for (at, symbol) in symbols.iter().enumerate() {
            simple(symbol)?;
            if symbols[..at].contains(symbol) {
                return Err(SchemaError::new(format!("symbol {symbol} twice")).within(&name.full));
            }
        }
        let default = match object.get("default") {
            None => None,
            Some(Value::String(symbol)) if symbols.contains(symbol) => Some(symbol.clone()),
            Some(other) => {
                return Err(
                    SchemaError::new(format!("default {other} is no symbol")).within(&name.full)
                );
            }
        };
        self.types[id] = Type::Enum {
            name,
            symbols,
            default,
        };
        Ok(id)
    }
}

fn part<'v>(object: &'v Map<String, Value>, name: &str) -> Result<&'v Value, SchemaError> {
    object
        .get(name)
        .ok_or_else(|| SchemaError::new(format!("{name} is missing")))
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Result<&'v str, SchemaError> {
    let value = part(object, name)?;
    value
        .as_str()
        .ok_or_else(|| SchemaError::new(format!("{name} is no text")))
}

/// A list of texts; empty where it is missing.
fn names(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, SchemaError> {
    let wrong = || SchemaError::new(format!("{name} is no list of names"));
    let Some(value) = object.get(name) else {
        return Ok(Vec::new());
    };
    let all = value.as_array().ok_or_else(wrong)?.iter();
    all.map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

/// Names: starts with a letter or underscore, then letters, digits, underscores.
fn simple(name: &str) -> Result<&str, SchemaError> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
        Ok(name)
    } else {
        Err(SchemaError::new(format!("{name:?} is no name")))
    }
}

fn namespace_of(full: &str) -> &str {
    full.rsplit_once('.').map_or("", |(namespace, _)| namespace)
}

/// Names: a name with a dot is full, another stands in the enclosing namespace.
fn full_name(name: &str, namespace: &str) -> Result<String, SchemaError> {
    let full = if name.contains('.') || namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    };
    full.split('.')
        .try_for_each(|part| simple(part).map(drop))?;
    Ok(full)
}
