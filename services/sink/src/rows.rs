//! Records to rows: one plain function.
//!
//! A record that cannot be read, stands in the wrong partition, or has no value is a row of `rejected`
//! with its reason and bytes; only a schema registry that does not answer is no verdict.

use crate::partition::Record;
use chrono::Datelike;
use serialtrail_records::{
    Alert, Codec, DecodeError, EnrichedMessage, EventMessage, Micros, RecordPlace,
    ReferenceMessage, RejectedEvent, SerialState, stable_id,
};
use serialtrail_runtime::topics;
use serialtrail_stream::refusal::{WRONG_PARTITION, wrong_partition_message};
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::{
    AlertRow, ContainmentRow, EventRow, LaneRow, LocationRow, LotRow, MasterDataRow,
    ObservationRow, Origin, PartyRow, ProductRow, RejectedRow, SerialRow,
};
use serialtrail_warehouse::tables;
use std::collections::BTreeSet;

/// Topics the sink reads.
pub const TOPICS: &[&str] = &[
    topics::EPCIS_EVENTS,
    topics::ENRICHED,
    topics::ALERTS,
    topics::REJECTED_EVENTS,
    topics::SERIAL_REGISTRY,
    topics::REFERENCE_DATA,
];

/// Where records stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Topic, one of [`TOPICS`].
    pub topic: &'static str,
    /// Partition.
    pub partition: i32,
    /// Partitions of the topic.
    pub partitions: i32,
}

/// The rows of a batch, by table.
#[derive(Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Rows {
    pub events: Vec<EventRow>,
    pub observations: Vec<ObservationRow>,
    pub containment: Vec<ContainmentRow>,
    pub serials: Vec<SerialRow>,
    pub lots: Vec<LotRow>,
    pub alerts: Vec<AlertRow>,
    pub rejected: Vec<RejectedRow>,
    pub products: Vec<ProductRow>,
    pub locations: Vec<LocationRow>,
    pub parties: Vec<PartyRow>,
    pub lanes: Vec<LaneRow>,
    pub master_data: Vec<MasterDataRow>,
    /// Latest mark of the batch: stream time once its rows are stored.
    pub stream_time: Option<Micros>,
    /// Reasons of the rows of `rejected` that are the sink's own verdicts.
    pub refused: Vec<&'static str>,
}

/// The registry did not answer: nothing is known about the record. Ask again.
#[derive(Debug, PartialEq, Eq)]
pub struct RegistryDown(pub String);

/// Rows of `records`, in order.
///
/// # Errors
/// The schema registry did not answer for a schema id not seen before.
pub fn rows(codec: &Codec, place: &Place, records: &[Record]) -> Result<Rows, RegistryDown> {
    let mut rows = Rows::default();
    for record in records {
        let origin = Origin {
            topic: place.topic,
            partition: place.partition,
            offset: record.offset,
            index: 0,
        };
        if let Err((reason, message)) = rows.add(codec, place, record, &origin)? {
            rows.refused.push(reason);
            rows.rejected
                .push(refusal(record, &origin, reason, message));
        }
    }
    Ok(rows)
}

type Verdict = Result<(), (&'static str, String)>;

impl Rows {
    fn add(
        &mut self,
        codec: &Codec,
        place: &Place,
        record: &Record,
        origin: &Origin,
    ) -> Result<Verdict, RegistryDown> {
        if let Some(key) = &record.key
            && serialtrail_gs1::partition(key, place.partitions) != place.partition
        {
            let message = wrong_partition_message(place.partition);
            return Ok(Err((WRONG_PARTITION, message)));
        }
        let Some(value) = &record.value else {
            let message = "a record without a value says nothing that can be stored".to_owned();
            return Ok(Err(("tombstone", message)));
        };
        match self.decode(codec, value, origin) {
            Ok(()) => Ok(Ok(())),
            Err(error) => match error.code() {
                Some(code) => Ok(Err((code, error.to_string()))),
                None => Err(RegistryDown(error.to_string())),
            },
        }
    }

    fn decode(&mut self, codec: &Codec, value: &[u8], origin: &Origin) -> Result<(), DecodeError> {
        match origin.topic {
            topics::EPCIS_EVENTS => match EventMessage::decode(codec, value)? {
                EventMessage::EpcisEvent(event) => self.events.push(EventRow::new(event, origin)),
                EventMessage::Mark(_) => {}
            },
            topics::ENRICHED => match EnrichedMessage::decode(codec, value)? {
                EnrichedMessage::EnrichedObservation(read) => {
                    self.observations.push(ObservationRow::new(read, origin));
                }
                EnrichedMessage::Membership(membership) => {
                    self.containment
                        .push(ContainmentRow::new(membership, origin));
                }
                EnrichedMessage::LotStatus(lot) => self.lots.push(LotRow::new(lot, origin)),
                EnrichedMessage::Mark(mark) => {
                    self.stream_time = self.stream_time.max(Some(mark.time));
                }
            },
            topics::ALERTS => {
                self.alerts
                    .push(AlertRow::new(codec.decode::<Alert>(value)?, origin));
            }
            topics::REJECTED_EVENTS => {
                let rejected = codec.decode::<RejectedEvent>(value)?;
                self.rejected.push(RejectedRow::new(rejected, origin));
            }
            topics::SERIAL_REGISTRY => {
                self.serials
                    .push(SerialRow::new(codec.decode::<SerialState>(value)?, origin));
            }
            _ => match ReferenceMessage::decode(codec, value)? {
                ReferenceMessage::Product(r) => self.products.push(ProductRow::new(r, origin)),
                ReferenceMessage::Location(r) => self.locations.push(LocationRow::new(r, origin)),
                ReferenceMessage::Party(r) => self.parties.push(PartyRow::new(r, origin)),
                ReferenceMessage::Lane(r) => self.lanes.push(LaneRow::new(r, origin)),
                ReferenceMessage::MasterData(r) => {
                    self.master_data.push(MasterDataRow::new(r, origin));
                }
            },
        }
        Ok(())
    }

    /// Tables that get rows, and how many.
    #[must_use]
    pub fn tables(&self) -> Vec<(&'static str, usize)> {
        let mut all = vec![
            (tables::EVENTS, self.events.len()),
            (tables::OBSERVATIONS, self.observations.len()),
            (tables::OBSERVATIONS_HISTORY, self.observations.len()),
            (tables::CONTAINMENT, self.containment.len()),
            (tables::CONTENTS, self.containment.len()),
            (tables::SERIALS, self.serials.len()),
            (tables::LOTS, self.lots.len()),
            (tables::ALERTS, self.alerts.len()),
            (tables::ALERTS_HISTORY, self.alerts.len()),
            (tables::REJECTED, self.rejected.len()),
            (tables::PRODUCTS, self.products.len()),
            (tables::LOCATIONS, self.locations.len()),
            (tables::PARTIES, self.parties.len()),
            (tables::LANES, self.lanes.len()),
            (tables::MASTER_DATA, self.master_data.len()),
        ];
        all.retain(|(_, rows)| *rows > 0);
        all
    }

    /// Whether the rows of one table become visible one after the other though they are one insert:
    /// those of several years (UTC), in a table that is followed by offsets.
    #[must_use]
    pub fn lands_in_parts(&self, table: &str) -> bool {
        let years: BTreeSet<i32> = match table {
            tables::EVENTS => self.events.iter().map(|row| year(row.event_time)).collect(),
            tables::OBSERVATIONS_HISTORY => {
                let times = self.observations.iter().map(|row| row.event_time);
                times.map(year).collect()
            }
            _ => BTreeSet::new(),
        };
        years.len() > 1
    }

    /// Inserts the rows of one table in one statement.
    ///
    /// # Errors
    /// See [`insert_batch`].
    pub async fn insert(
        &self,
        client: &clickhouse::Client,
        table: &str,
        token: &str,
    ) -> Result<(), clickhouse::error::Error> {
        match table {
            tables::EVENTS => insert_batch(client, table, token, &self.events).await,
            tables::OBSERVATIONS | tables::OBSERVATIONS_HISTORY => {
                insert_batch(client, table, token, &self.observations).await
            }
            tables::CONTAINMENT | tables::CONTENTS => {
                insert_batch(client, table, token, &self.containment).await
            }
            tables::SERIALS => insert_batch(client, table, token, &self.serials).await,
            tables::LOTS => insert_batch(client, table, token, &self.lots).await,
            tables::ALERTS | tables::ALERTS_HISTORY => {
                insert_batch(client, table, token, &self.alerts).await
            }
            tables::REJECTED => insert_batch(client, table, token, &self.rejected).await,
            tables::PRODUCTS => insert_batch(client, table, token, &self.products).await,
            tables::LOCATIONS => insert_batch(client, table, token, &self.locations).await,
            tables::PARTIES => insert_batch(client, table, token, &self.parties).await,
            tables::LANES => insert_batch(client, table, token, &self.lanes).await,
            tables::MASTER_DATA => insert_batch(client, table, token, &self.master_data).await,
            other => unreachable!("tables() names {other} and insert() does not know it"),
        }
    }
}

/// The year of a time in UTC; all that chrono cannot date are one.
fn year(time: Micros) -> i32 {
    chrono::DateTime::from_timestamp_micros(time).map_or(i32::MAX, |time| time.year())
}

/// The row of a record the sink itself refuses. Its id depends only on where the record stood.
fn refusal(record: &Record, origin: &Origin, reason: &str, message: String) -> RejectedRow {
    let (topic, partition, offset) = (origin.topic, origin.partition, origin.offset);
    let at = RecordPlace {
        topic,
        partition,
        offset,
        timestamp_ms: record.timestamp_ms,
        key: record.key.as_deref(),
    };
    let rejected = RejectedEvent {
        reject_id: stable_id(format!("sink/{topic}/{partition}/{offset}")),
        original: record.value.clone().unwrap_or_default(),
        parts: 1,
        ..RejectedEvent::of_record("sink", reason, message, &at)
    };
    RejectedRow::new(rejected, origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_records::{
        AvroRecord, EnrichedObservation, LotStatus, Mark, Membership, Product,
    };

    fn place(topic: &'static str) -> Place {
        Place {
            topic,
            partition: 0,
            partitions: 1,
        }
    }

    fn record(offset: i64, value: Vec<u8>) -> Record {
        Record {
            offset,
            timestamp_ms: 7,
            key: None,
            value: Some(value),
        }
    }

    fn encoded<T: AvroRecord + Default>(codec: &Codec) -> Vec<u8> {
        codec.encode(&T::default()).unwrap()
    }

    #[test]
    fn every_record_of_a_mixed_topic_goes_to_its_tables() {
        let codec = Codec::offline().unwrap();
        let mark = Mark {
            time: 5,
            ..Mark::default()
        };
        let records = [
            record(0, encoded::<EnrichedObservation>(&codec)),
            record(1, encoded::<Membership>(&codec)),
            record(3, encoded::<LotStatus>(&codec)),
            record(4, codec.encode(&mark).unwrap()),
            record(5, encoded::<Mark>(&codec)),
        ];
        let rows = rows(&codec, &place(topics::ENRICHED), &records).unwrap();
        let expected = [
            (tables::OBSERVATIONS, 1),
            (tables::OBSERVATIONS_HISTORY, 1),
            (tables::CONTAINMENT, 1),
            (tables::CONTENTS, 1),
            (tables::LOTS, 1),
        ];
        assert_eq!(rows.tables(), expected);
        assert_eq!(
            (rows.stream_time, rows.containment[0].kafka_offset),
            (Some(5), 1)
        );
    }

    #[test]
    fn what_cannot_be_read_is_a_row_with_its_reason_and_bytes_and_the_rest_goes_on() {
        let codec = Codec::offline().unwrap();
        let product = encoded::<Product>(&codec);
        let mut cut = encoded::<Alert>(&codec);
        cut.truncate(9);
        let tombstone = Record {
            value: None,
            key: Some(b"k".to_vec()),
            ..record(6, Vec::new())
        };
        let records = [
            record(1, b"{\"not\":\"avro\"}".to_vec()),
            record(2, vec![0, 0, 0, 9, 99, 1]),
            record(3, product),
            record(4, cut),
            record(5, encoded::<Alert>(&codec)),
            tombstone,
        ];
        let rows = rows(&codec, &place(topics::ALERTS), &records).unwrap();
        let reasons = [
            "not_avro_framed",
            "unknown_schema_id",
            "unexpected_record",
            "bad_avro",
            "tombstone",
        ];
        assert_eq!(rows.refused, reasons);
        assert_eq!(rows.rejected[0].original, b"{\"not\":\"avro\"}");
        assert_eq!(
            (rows.rejected[0].source_offset, rows.rejected[0].record_time),
            (Some(1), 7000)
        );
        assert_eq!(rows.alerts.len(), 1);
    }

    #[test]
    fn a_refusal_has_the_same_id_whoever_writes_it_again() {
        let codec = Codec::offline().unwrap();
        let once = |offset| {
            let rows = rows(&codec, &place(topics::ALERTS), &[record(offset, vec![1])]).unwrap();
            rows.rejected[0].reject_id.clone()
        };
        // Ids already written stay the same: SHA-256("sink/alerts/0/1").
        assert_eq!(once(1), "bbebda1a414d52d51ba87c1514c48cce");
        assert_ne!(once(1), once(2));
    }

    #[test]
    fn a_key_in_a_partition_that_is_not_its_own_is_refused() {
        let codec = Codec::offline().unwrap();
        let own = serialtrail_gs1::partition(b"01/1", 8);
        for partition in 0..8 {
            let place = Place {
                topic: topics::ALERTS,
                partition,
                partitions: 8,
            };
            let keyed = Record {
                key: Some(b"01/1".to_vec()),
                ..record(1, encoded::<Alert>(&codec))
            };
            let rows = rows(&codec, &place, &[keyed]).unwrap();
            assert_eq!(rows.refused.is_empty(), partition == own);
        }
    }

    #[test]
    fn only_rows_of_several_years_in_a_followed_table_land_in_parts() {
        let codec = Codec::offline().unwrap();
        let read = |days: i64| {
            let mut read = EnrichedObservation::default();
            read.body.event_time = days * 86_400_000_000;
            codec.encode(&read).unwrap()
        };
        let lands = |days: [i64; 2]| {
            let records = [record(0, read(days[0])), record(1, read(days[1]))];
            let rows = rows(&codec, &place(topics::ENRICHED), &records).unwrap();
            [
                tables::OBSERVATIONS_HISTORY,
                tables::OBSERVATIONS,
                tables::EVENTS,
            ]
            .map(|table| rows.lands_in_parts(table))
        };
        assert_eq!(lands([0, 364]), [false; 3]);
        assert_eq!(lands([364, 365]), [true, false, false]);
        assert_eq!(lands([-1, 0]), [true, false, false]);
    }
}
