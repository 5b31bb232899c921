//! Confluent wire format over `serde_avro_fast`, with schema ids from the registry.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use schema_registry_converter::blocking::schema_registry::{
    SrSettings, get_schema_by_id, post_schema,
};
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_avro_fast::Schema;

/// A record with an Avro schema in this repository.
pub trait AvroRecord: Serialize + DeserializeOwned {
    /// Full name of the record and of its registry subject (record name strategy).
    const NAME: &'static str;
    /// The schema, as JSON text.
    const SCHEMA: &'static str;
}

/// Ties a struct to `schemas/avro/<path>.avsc`.
#[macro_export]
macro_rules! avro_record {
    ($type:ty, $path:literal) => {
        impl $crate::codec::AvroRecord for $type {
            const NAME: &'static str = concat!("io.serialtrail.", stringify!($type));
            const SCHEMA: &'static str = include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../schemas/avro/",
                $path,
                ".avsc"
            ));
        }
    };
}

/// Why bytes are not the record that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not Confluent wire format: shorter than five bytes, or the first is not zero.
    #[error(
        "not in Confluent wire format ({len} bytes, first byte {first:?}): expected 0 and a schema id"
    )]
    Framing {
        /// Length of the value.
        len: usize,
        /// Its first byte.
        first: Option<u8>,
    },
    /// The registry does not know the schema id.
    #[error("schema id {0} is not in the schema registry")]
    UnknownSchema(u32),
    /// A known record, but not one that belongs here.
    #[error("record {found} does not belong here")]
    UnexpectedRecord {
        /// Full name of the record found.
        found: String,
    },
    /// The datum does not match its schema.
    #[error("not a valid {record}: {reason}")]
    Datum {
        /// Full name of the record.
        record: String,
        /// What the decoder says.
        reason: String,
    },
    /// The registry could not be asked; nothing is known about the bytes. Retry, never reject.
    #[error("schema registry did not answer: {0}")]
    Registry(String),
}

impl DecodeError {
    /// Stable reason code for `rejected-events`; `None` when the bytes are not to blame.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Framing { .. } => Some("not_avro_framed"),
            Self::UnknownSchema(_) => Some("unknown_schema_id"),
            Self::UnexpectedRecord { .. } => Some("unexpected_record"),
            Self::Datum { .. } => Some("bad_avro"),
            Self::Registry(_) => None,
        }
    }
}

/// A schema some writer used.
#[derive(Debug)]
pub struct WriterSchema {
    /// Full name of the record.
    pub name: String,
    /// Parsed schema.
    pub schema: Schema,
    /// Schema text as registered.
    pub text: String,
}

/// Encodes with this build's schemas, decodes with the writer's.
pub struct Codec {
    own: HashMap<&'static str, (u32, Arc<WriterSchema>)>,
    by_id: RwLock<HashMap<u32, Arc<WriterSchema>>>,
    registry: Option<SrSettings>,
}

fn parse(name: &str, text: &str) -> anyhow::Result<Arc<WriterSchema>> {
    let schema: Schema = text
        .parse()
        .map_err(|e| anyhow::anyhow!("schema {name} does not parse: {e}"))?;
    Ok(Arc::new(WriterSchema {
        name: name.to_owned(),
        schema,
        text: text.to_owned(),
    }))
}

/// Full name (`namespace.name`) of a schema text's top-level record.
fn full_name(text: &str) -> Option<String> {
    let v: serde_json::Value = serde_json::from_str(text).ok()?;
    let name = v.get("name")?.as_str()?;
    Some(match v.get("namespace").and_then(|n| n.as_str()) {
        Some(ns) if !name.contains('.') => format!("{ns}.{name}"),
        _ => name.to_owned(),
    })
}

impl Codec {
    /// Registers every schema of this build under its record name with BACKWARD_TRANSITIVE
    /// compatibility and keeps the ids. Blocking: call it outside an async runtime's threads.
    ///
    /// # Errors
    /// The registry is unreachable, or refuses a schema as incompatible.
    pub fn connect(registry_url: &str) -> anyhow::Result<Self> {
        let url = registry_url.trim_end_matches('/').to_owned();
        let settings = SrSettings::new_builder(url.clone())
            .set_timeout(Duration::from_secs(10))
            .build()
            .map_err(|e| anyhow::anyhow!("schema registry settings: {e}"))?;
        let http = reqwest::blocking::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()?;
        let mut own = HashMap::new();
        let mut by_id = HashMap::new();
        for (name, text) in crate::schemas::ALL {
            let answer = http
                .put(format!("{url}/config/{name}"))
                .header("content-type", "application/vnd.schemaregistry.v1+json")
                .body(r#"{"compatibility":"BACKWARD_TRANSITIVE"}"#)
                .send()
                .map_err(|e| anyhow::anyhow!("schema registry {url} is not reachable: {e}"))?;
            // A subject unknown so far may refuse its setting until its first version is there.
            let set_later = !answer.status().is_success();
            let supplied = SuppliedSchema::new(
                Some((*name).to_owned()),
                SchemaType::Avro,
                (*text).to_owned(),
            );
            let registered = post_schema(&settings, (*name).to_owned(), supplied)
                .map_err(|e| anyhow::anyhow!("schema registry refuses {name}: {e}"))?;
            if set_later {
                http.put(format!("{url}/config/{name}"))
                    .header("content-type", "application/vnd.schemaregistry.v1+json")
                    .body(r#"{"compatibility":"BACKWARD_TRANSITIVE"}"#)
                    .send()?
                    .error_for_status()?;
            }
            let writer = parse(name, text)?;
            by_id.insert(registered.id, writer.clone());
            own.insert(*name, (registered.id, writer));
        }
        Ok(Self {
            own,
            by_id: RwLock::new(by_id),
            registry: Some(settings),
        })
    }

    /// A codec without a registry: ids are positions in this build's list. For unit tests and tools
    /// that never leave the process.
    ///
    /// # Errors
    /// A schema of this build does not parse.
    pub fn offline() -> anyhow::Result<Self> {
        let mut own = HashMap::new();
        let mut by_id = HashMap::new();
        for (i, (name, text)) in (1u32..).zip(crate::schemas::ALL) {
            let writer = parse(name, text)?;
            by_id.insert(i, writer.clone());
            own.insert(*name, (i, writer));
        }
        Ok(Self {
            own,
            by_id: RwLock::new(by_id),
            registry: None,
        })
    }

    /// Encodes a record with this build's schema.
    ///
    /// # Errors
    /// The struct and its schema disagree: a defect of this build, found by the codec's tests.
    pub fn encode<T: AvroRecord>(&self, record: &T) -> anyhow::Result<Vec<u8>> {
        let (id, writer) = self
            .own
            .get(T::NAME)
            .ok_or_else(|| anyhow::anyhow!("{} is missing from schemas::ALL", T::NAME))?;
        let mut out = Vec::with_capacity(256);
        out.push(0);
        out.extend_from_slice(&id.to_be_bytes());
        let mut config = serde_avro_fast::ser::SerializerConfig::new(&writer.schema);
        serde_avro_fast::to_datum(record, out, &mut config)
            .map_err(|e| anyhow::anyhow!("{} does not encode: {e}", T::NAME))
    }

    /// Decodes a value that must be a `T`.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode<T: AvroRecord>(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        let (writer, datum) = self.writer(bytes)?;
        if writer.name != T::NAME {
            return Err(DecodeError::UnexpectedRecord {
                found: writer.name.clone(),
            });
        }
        Self::decode_datum(&writer, datum)
    }

    /// Decodes a datum whose writer's schema is at hand.
    ///
    /// # Errors
    /// The datum does not match the schema.
    pub fn decode_datum<T: AvroRecord>(
        writer: &WriterSchema,
        datum: &[u8],
    ) -> Result<T, DecodeError> {
        serde_avro_fast::from_datum_slice(datum, &writer.schema).map_err(|e| DecodeError::Datum {
            record: writer.name.clone(),
            reason: e.to_string(),
        })
    }

    /// The writer's schema of a value, and the datum behind the prefix. An id not seen before is asked
    /// of the registry once (blocking).
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn writer<'b>(
        &self,
        bytes: &'b [u8],
    ) -> Result<(Arc<WriterSchema>, &'b [u8]), DecodeError> {
        let [0, a, b, c, d, datum @ ..] = bytes else {
            return Err(DecodeError::Framing {
                len: bytes.len(),
                first: bytes.first().copied(),
            });
        };
        let id = u32::from_be_bytes([*a, *b, *c, *d]);
        let known = self
            .by_id
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(&id)
            .cloned();
        let writer = match known {
            Some(w) => w,
            None => self.look_up(id)?,
        };
        Ok((writer, datum))
    }

    fn look_up(&self, id: u32) -> Result<Arc<WriterSchema>, DecodeError> {
        let Some(settings) = &self.registry else {
            return Err(DecodeError::UnknownSchema(id));
        };
        let found = match get_schema_by_id(id, settings) {
            Ok(found) => found,
            Err(e) if e.retriable => return Err(DecodeError::Registry(e.to_string())),
            Err(_) => return Err(DecodeError::UnknownSchema(id)),
        };
        let name = full_name(&found.schema).ok_or(DecodeError::UnknownSchema(id))?;
        let writer = parse(&name, &found.schema).map_err(|_| DecodeError::UnknownSchema(id))?;
        self.by_id
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(id, writer.clone());
        Ok(writer)
    }
}
