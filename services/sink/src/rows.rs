//! Records to rows: one plain function.
//!
//! What comes by the million goes from a record's bytes straight into a block's columns; the rest is
//! rows first.
//!
//! A record that cannot be read, stands in the wrong partition, or has no value is a row of `rejected`
//! with its reason and bytes; only a schema registry that does not answer is no verdict.

use crate::partition::Record;
use chrono::Datelike;
use serialtrail_records::{
    Alert, Codec, DecodeError, EnrichedMessage, EnrichedObservation, EventMessage, Membership,
    Micros, RecordPlace, ReferenceMessage, RejectedEvent, SerialState, stable_id,
};
use serialtrail_runtime::topics;
use serialtrail_stream::refusal::{WRONG_PARTITION, wrong_partition_message};
use serialtrail_warehouse::native::{BlockOf, Encoded, block};
use serialtrail_warehouse::rows::{
    AlertRow, ContainmentRow, EventRow, LaneRow, LocationRow, LotRow, MasterDataRow,
    ObservationRow, Origin, PartyRow, ProductRow, RejectedRow, SerialRow, lent,
};
use serialtrail_warehouse::tables;

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
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Rows {
    pub events: BlockOf<EventRow>,
    pub observations: BlockOf<ObservationRow>,
    pub containment: BlockOf<ContainmentRow>,
    pub serials: BlockOf<SerialRow>,
    pub lots: Vec<LotRow>,
    pub alerts: Vec<AlertRow>,
    pub rejected: Vec<RejectedRow>,
    pub products: Vec<ProductRow>,
    pub locations: Vec<LocationRow>,
    pub parties: Vec<PartyRow>,
    pub lanes: Vec<LaneRow>,
    pub master_data: Vec<MasterDataRow>,
    /// Between which times the events, and the reads, happened.
    pub event_times: Times,
    pub read_times: Times,
    /// Latest mark of the batch: stream time once its rows are stored.
    pub stream_time: Option<Micros>,
    /// Reasons of the rows of `rejected` that are the sink's own verdicts.
    pub refused: Vec<&'static str>,
}

/// The earliest and the latest of some times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times(Option<(Micros, Micros)>);

impl Times {
    fn take(&mut self, time: Micros) {
        let (first, last) = self.0.unwrap_or((time, time));
        self.0 = Some((first.min(time), last.max(time)));
    }

    /// Whether they are of several years (UTC).
    fn of_several_years(self) -> bool {
        self.0
            .is_some_and(|(first, last)| year(first) != year(last))
    }
}

/// Rows of one table, ready to be sent.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The rows. Tables with the same rows share them.
    pub block: Encoded,
    /// They become visible one after the other though they are one insert: those of several years (UTC),
    /// in a table that is followed by offsets.
    pub in_parts: bool,
}

/// A batch ready to be sent.
#[derive(Debug, Default)]
pub struct Made {
    /// Tables that get rows.
    pub tables: Vec<Table>,
    /// See [`Rows::stream_time`].
    pub stream_time: Option<Micros>,
    /// See [`Rows::refused`].
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
                EventMessage::EpcisEvent(event) => {
                    self.event_times.take(event.event_time);
                    self.events.push(&EventRow::new(event, origin));
                }
                EventMessage::Mark(_) => {}
            },
            topics::ENRICHED => self.decode_enriched(codec, value, origin)?,
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
                    .push(&SerialRow::new(codec.decode::<SerialState>(value)?, origin));
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

    fn decode_enriched(
        &mut self,
        codec: &Codec,
        value: &[u8],
        origin: &Origin,
    ) -> Result<(), DecodeError> {
        let (writer, _) = codec.writer(value)?;
        if writer.is::<EnrichedObservation>() {
            let read: lent::EnrichedObservation<'_> =
                codec.decode_borrowed::<EnrichedObservation, _>(value)?;
            let row = ObservationRow::lent(read, origin);
            self.read_times.take(row.event_time);
            self.observations.push(&row);
            return Ok(());
        }
        if writer.is::<Membership>() {
            let membership = codec.decode_borrowed::<Membership, _>(value)?;
            self.containment
                .push(&ContainmentRow::lent(membership, origin));
            return Ok(());
        }
        match EnrichedMessage::decode(codec, value)? {
            EnrichedMessage::LotStatus(lot) => self.lots.push(LotRow::new(lot, origin)),
            EnrichedMessage::Mark(mark) => {
                self.stream_time = self.stream_time.max(Some(mark.time));
            }
            EnrichedMessage::EnrichedObservation(_) | EnrichedMessage::Membership(_) => {}
        }
        Ok(())
    }

    /// The blocks of all tables that get rows.
    #[must_use]
    pub fn encode(self) -> Made {
        let mut made = Made {
            tables: Vec::new(),
            stream_time: self.stream_time,
            refused: self.refused,
        };
        let events = self.event_times.of_several_years();
        let reads = self.read_times.of_several_years();
        made.add(self.events.encode(), &[(tables::EVENTS, events)]);
        made.add(
            self.observations.encode(),
            &[
                (tables::OBSERVATIONS, false),
                (tables::OBSERVATIONS_HISTORY, reads),
            ],
        );
        made.add(
            self.containment.encode(),
            &[(tables::CONTAINMENT, false), (tables::CONTENTS, false)],
        );
        made.add(self.serials.encode(), &[(tables::SERIALS, false)]);
        made.add(block(&self.lots).encode(), &[(tables::LOTS, false)]);
        made.add(
            block(&self.alerts).encode(),
            &[(tables::ALERTS, false), (tables::ALERTS_HISTORY, false)],
        );
        made.add(block(&self.rejected).encode(), &[(tables::REJECTED, false)]);
        made.add(block(&self.products).encode(), &[(tables::PRODUCTS, false)]);
        made.add(
            block(&self.locations).encode(),
            &[(tables::LOCATIONS, false)],
        );
        made.add(block(&self.parties).encode(), &[(tables::PARTIES, false)]);
        made.add(block(&self.lanes).encode(), &[(tables::LANES, false)]);
        made.add(
            block(&self.master_data).encode(),
            &[(tables::MASTER_DATA, false)],
        );
        made
    }
}

impl Made {
    fn add(&mut self, block: Encoded, tables: &[(&'static str, bool)]) {
        if block.rows == 0 {
            return;
        }
        self.tables
            .extend(tables.iter().map(|&(name, in_parts)| Table {
                name,
                block: block.clone(),
                in_parts,
            }));
    }
}

/// The year of a time in UTC; what chrono cannot date is before or after all years.
fn year(time: Micros) -> i32 {
    let beyond = if time < 0 { i32::MIN } else { i32::MAX };
    chrono::DateTime::from_timestamp_micros(time).map_or(beyond, |time| time.year())
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
mod tests;
