//! Confluent wire format over [`crate::avro`], with schema ids from the registry.

use std::time::Duration;

use schema_registry_converter::blocking::schema_registry::{
    SrSettings, get_schema_by_id, post_schema,
};
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::own::Own;
use crate::writers::{WriterSchema, Writers};

/// A record with an Avro schema in this repository.
pub trait AvroRecord: Serialize + DeserializeOwned {
    /// Full name of the record and of its registry subject (record name strategy).
    const NAME: &'static str;
    /// The schema, as JSON text.
    const SCHEMA: &'static str;

    /// The schema parsed, once a process.
    fn own() -> &'static Own;
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

            fn own() -> &'static $crate::own::Own {
                static OWN: std::sync::OnceLock<$crate::own::Own> = std::sync::OnceLock::new();
                OWN.get_or_init(|| $crate::own::Own::new(Self::NAME, Self::SCHEMA))
            }
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

/// Encodes with this build's schemas, decodes with the writer's.
pub struct Codec {
    /// Id of each schema of this build, in the order of [`crate::schemas::ALL`].
    ids: Vec<u32>,
    writers: Writers,
    registry: Option<SrSettings>,
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
        let mut codec = Self::new(None);
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
            codec.take(name, text, registered.id)?;
        }
        codec.registry = Some(settings);
        Ok(codec)
    }

    /// A codec without a registry: ids are positions in this build's list. For unit tests and tools
    /// that never leave the process.
    ///
    /// # Errors
    /// A schema of this build does not parse.
    pub fn offline() -> anyhow::Result<Self> {
        let mut codec = Self::new(None);
        for (id, (name, text)) in (1u32..).zip(crate::schemas::ALL) {
            codec.take(name, text, id)?;
        }
        Ok(codec)
    }

    fn new(registry: Option<SrSettings>) -> Self {
        Self {
            ids: Vec::with_capacity(crate::schemas::ALL.len()),
            writers: Writers::default(),
            registry,
        }
    }

    /// The next schema of this build's list, and its id.
    fn take(&mut self, name: &str, text: &str, id: u32) -> anyhow::Result<()> {
        let writer = WriterSchema::parse(text)
            .map_err(|e| anyhow::anyhow!("schema {name} does not parse: {e}"))?;
        self.writers.keep(id, writer);
        self.ids.push(id);
        Ok(())
    }

    /// Encodes a record with this build's schema.
    ///
    /// # Errors
    /// The struct and its schema disagree: a defect of this build, found by the codec's tests.
    pub fn encode<T: AvroRecord>(&self, record: &T) -> anyhow::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(T::own().expected());
        self.encode_into(record, &mut out)?;
        T::own().was(out.len());
        Ok(out)
    }

    /// As [`Self::encode`], to the end of a buffer, which is left as it was on an error.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_into<T: AvroRecord>(&self, record: &T, out: &mut Vec<u8>) -> anyhow::Result<()> {
        self.encode_borrowed::<T, T>(record, out)
    }

    /// Encodes as an `R` a struct that has all of its fields, in its order, with text of any owner.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_borrowed<R: AvroRecord, T: Serialize>(
        &self,
        record: &T,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let (own, begin) = (R::own(), out.len());
        let id = own.place().and_then(|place| self.ids.get(place));
        let id = id.ok_or_else(|| anyhow::anyhow!("{} is missing from schemas::ALL", R::NAME))?;
        let schema = own.schema()?;
        out.push(0);
        out.extend_from_slice(&id.to_be_bytes());
        schema.write(record, out).map_err(|e| {
            out.truncate(begin);
            anyhow::anyhow!("{} does not encode: {e}", R::NAME)
        })
    }

    /// Decodes a value that must be a `T`.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode<T: AvroRecord>(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        self.decode_borrowed::<T, T>(bytes)
    }

    /// Decodes a value that must be an `R` into a struct that has some or all of its fields, and may
    /// borrow their text and bytes.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode_borrowed<'de, R: AvroRecord, T: Deserialize<'de>>(
        &'de self,
        bytes: &'de [u8],
    ) -> Result<T, DecodeError> {
        let (writer, datum) = self.writer(bytes)?;
        writer.read::<R, T>(datum)
    }

    /// Decodes a datum whose writer's schema is at hand.
    ///
    /// # Errors
    /// The datum does not match the schema, or the schema is not that of a `T`.
    pub fn decode_datum<T: AvroRecord>(
        writer: &WriterSchema,
        datum: &[u8],
    ) -> Result<T, DecodeError> {
        writer.read::<T, T>(datum)
    }

    /// The writer's schema of a value, and the datum behind the prefix. An id not seen before is asked
    /// of the registry once (blocking).
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn writer<'b>(&self, bytes: &'b [u8]) -> Result<(&WriterSchema, &'b [u8]), DecodeError> {
        let [0, a, b, c, d, datum @ ..] = bytes else {
            return Err(DecodeError::Framing {
                len: bytes.len(),
                first: bytes.first().copied(),
            });
        };
        let id = u32::from_be_bytes([*a, *b, *c, *d]);
        match self.writers.find(id) {
            Some(writer) => Ok((writer, datum)),
            None => Ok((self.look_up(id)?, datum)),
        }
    }

    fn look_up(&self, id: u32) -> Result<&WriterSchema, DecodeError> {
        let Some(settings) = &self.registry else {
            return Err(DecodeError::UnknownSchema(id));
        };
        let found = match get_schema_by_id(id, settings) {
            Ok(found) => found,
            Err(e) if e.retriable => return Err(DecodeError::Registry(e.to_string())),
            Err(_) => return Err(DecodeError::UnknownSchema(id)),
        };
        let writer = WriterSchema::parse(&found.schema);
        let writer = writer.map_err(|_| DecodeError::UnknownSchema(id))?;
        Ok(self.writers.keep(id, writer))
    }
}
