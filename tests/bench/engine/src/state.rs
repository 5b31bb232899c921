//! What is kept of a serial, as one record: its registry row and its history. One look-up and one
//! write a scan. Numbers as Avro's longs, others little-endian:
//!
//! | field | bytes |
//! |---|---|
//! | length of the row; 0: not in the registry | 1 to 3 |
//! | the row, as the registry wrote it, without the serial | |
//! | number of event ids | 1 |
//! | the ids, oldest first | 16 each |
//! | only where there are ids: last time, latitude, longitude | 8 each |
//! | length of the first terminal read point, -1: none; the read point | |

use crate::rules::{History, Last, REMEMBERED, is_terminal};
use crate::wire::{Cursor, Malformed, Row, Scan, write_count, write_long};

/// A serial's record, read in place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Unit<'a> {
    /// Its registry row.
    pub row: Option<Row<'a>>,
    /// Its history.
    pub history: History<'a>,
}

impl<'a> Unit<'a> {
    /// Reads a record; no bytes are a serial nothing is known of.
    ///
    /// # Errors
    /// It was not written by this module.
    pub fn read(record: &'a [u8]) -> Result<Self, Malformed> {
        if record.is_empty() {
            return Ok(Self::default());
        }
        let mut at = Cursor(record);
        let length = at.count()?;
        let row = at.take(length)?;
        let count = at.count()?;
        if count > REMEMBERED {
            return Err(Malformed::Range);
        }
        let (ids, rest) = at.take(16 * count)?.as_chunks();
        debug_assert!(rest.is_empty());
        let mut history = History {
            ids,
            ..History::default()
        };
        if count > 0 {
            history.last = Some(Last {
                time_ms: i64::from_le_bytes(at.array()?),
                lat: f64::from_le_bytes(at.array()?),
                lon: f64::from_le_bytes(at.array()?),
            });
            if at.0.first() != Some(&NONE) {
                history.first_terminal = Some(at.text()?);
            }
        }
        Ok(Self {
            row: (length > 0).then_some(Row(row)),
            history,
        })
    }

    /// Appends the record after `scan` was kept.
    pub fn after(&self, scan: &Scan<'_>, out: &mut Vec<u8>) {
        let terminal = self
            .history
            .first_terminal
            .or_else(|| is_terminal(scan).then_some(scan.read_point));
        let forgotten = (self.history.ids.len() + 1).saturating_sub(REMEMBERED);
        let ids = &self.history.ids[forgotten..];
        begin(out, self.row);
        write_count(out, ids.len() + 1);
        out.extend_from_slice(ids.as_flattened());
        out.extend_from_slice(&scan.id.0.to_le_bytes());
        let last = Last {
            time_ms: scan.event_time_ms,
            lat: scan.lat,
            lon: scan.lon,
        };
        end(out, last, terminal);
    }

    /// Appends the record with another registry row, or none.
    pub fn with_row(&self, row: Option<Row<'_>>, out: &mut Vec<u8>) {
        let history = &self.history;
        begin(out, row);
        write_count(out, history.ids.len());
        out.extend_from_slice(history.ids.as_flattened());
        if let Some(last) = history.last {
            end(out, last, history.first_terminal);
        }
    }
}

fn begin(out: &mut Vec<u8>, row: Option<Row<'_>>) {
    let row = row.map_or(&[][..], |row| row.0);
    write_count(out, row.len());
    out.extend_from_slice(row);
}

/// Length -1 as Avro's long: no terminal read point.
const NONE: u8 = 1;

fn end(out: &mut Vec<u8>, last: Last, terminal: Option<&str>) {
    out.extend_from_slice(&last.time_ms.to_le_bytes());
    out.extend_from_slice(&last.lat.to_le_bytes());
    out.extend_from_slice(&last.lon.to_le_bytes());
    match terminal {
        Some(read_point) => crate::wire::write_text(out, read_point),
        None => write_long(out, -1),
    }
}
