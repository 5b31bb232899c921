//! Every unit of a lot, one a line. A range of units at a time is read and a chunk of lines held,
//! however many units there are.
//!
//! A failure after the first lines must not look like the end: NDJSON gets a last line
//! `{"error": {…}}`, and in every form the connection is broken off before its regular end.

use super::units::{Unit, Wanted};
use crate::media::Format;
use crate::places::{Place, places};
use crate::problem::Problem;
use crate::select::Pace;
use crate::stream::until_shutdown;
use crate::whereabouts::{NowRow, SCANNED, Scope, next_range};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clickhouse::Client;
use clickhouse::query::RowCursor;
use csv::{Terminator, WriterBuilder};
use futures::{StreamExt, stream};
use serialtrail_runtime::Shutdown;
use std::collections::HashMap;

/// Bytes of lines gathered before they are handed on.
const CHUNK: usize = 64 * 1024;

/// What is still to come.
struct Lines {
    client: Client,
    scope: Scope,
    wanted: Wanted,
    format: Format,
    names: HashMap<String, Place>,
    rows: Option<RowCursor<NowRow>>,
    /// Where the next range begins; `None` after the last.
    after: Option<String>,
    /// Whether the header of a CSV was written.
    begun: bool,
}

/// The answer, begun: an error before its first line is still an error of the request. With `after`
/// only the units whose keys come after it.
pub(super) async fn stream(
    client: &Client,
    scope: Scope,
    wanted: Wanted,
    after: Option<String>,
    format: Format,
    shutdown: Shutdown,
) -> Result<Response, Problem> {
    let name = format.attachment(&[
        "recall",
        &scope.gtin,
        scope.lot.as_deref().unwrap_or_default(),
    ]);
    let mut lines = Lines {
        client: client.clone(),
        names: places(client, None).await?,
        after: Some(after.unwrap_or_else(|| scope.everything().after)),
        scope,
        wanted,
        format,
        rows: None,
        begun: false,
    };
    let first = lines.chunk().await?;
    let rest = stream::unfold(Some(lines), |lines| async move {
        let mut lines = lines?;
        match lines.chunk().await {
            Ok(None) => None,
            Ok(Some(chunk)) => Some((vec![Ok(chunk)], Some(lines))),
            Err(problem) => Some((failed(&problem, lines.format), None)),
        }
    });
    let first = stream::iter(first.map(Ok::<Bytes, std::io::Error>));
    let body = first.chain(rest.flat_map(stream::iter));
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(until_shutdown(body, shutdown))).into_response())
}

/// How a stream that failed ends.
fn failed(problem: &Problem, format: Format) -> Vec<Result<Bytes, std::io::Error>> {
    tracing::warn!(detail = problem.detail, "a recall's stream broke off");
    let line = match format {
        Format::Ndjson => format!("{}\n", serde_json::json!({ "error": problem.body() })),
        _ => String::new(),
    };
    let broken = std::io::Error::other(problem.detail.clone());
    vec![Ok(line.into()), Err(broken)]
}

impl Lines {
    /// The next lines; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        let mut units: Vec<Unit> = Vec::new();
        let mut size = 0;
        while size < CHUNK {
            let Some(row) = self.next().await? else { break };
            let unit = Unit::new(row, &self.names);
            size += 200 + unit.epc.len();
            units.push(unit);
        }
        if units.is_empty() && (self.begun || self.format == Format::Ndjson) {
            return Ok(None);
        }
        let text = match self.format {
            Format::Csv => csv(&units, !self.begun),
            _ => ndjson(&units),
        };
        self.begun = true;
        text.map(|text| Some(text.into()))
    }

    /// The next unit.
    async fn next(&mut self) -> Result<Option<NowRow>, Problem> {
        loop {
            if let Some(rows) = &mut self.rows {
                if let Some(row) = rows.next().await? {
                    return Ok(Some(row));
                }
                self.rows = None;
            }
            let Some(after) = self.after.take() else {
                return Ok(None);
            };
            let (range, is_last) = next_range(&self.client, &self.scope, after, SCANNED).await?;
            let rows = self
                .wanted
                .rows(&self.client, &self.scope, &range, Pace::Stream)?;
            self.rows = Some(rows);
            self.after = (!is_last).then_some(range.until);
        }
    }
}

fn ndjson(units: &[Unit]) -> Result<Vec<u8>, Problem> {
    let mut lines = Vec::with_capacity(CHUNK);
    for unit in units {
        serde_json::to_writer(&mut lines, unit).map_err(|error| Problem::internal(&error))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Names of the columns: the fields of [`Unit`].
const HEADER: [&str; 11] = [
    "epc",
    "unit",
    "whereabouts",
    "site",
    "site_name",
    "country",
    "party",
    "last_step",
    "last_time",
    "container",
    "to_site",
];

/// Free text as a cell. What a spreadsheet would take for a formula gets an apostrophe before it (OWASP,
/// CSV injection): names of places come from files, steps from partners. Identifiers are left alone:
/// they begin with a digit or `https`.
fn cell(text: &Option<String>) -> Option<String> {
    let text = text.as_ref()?;
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    Some(if formula {
        format!("'{text}")
    } else {
        text.clone()
    })
}

/// Lines as RFC 4180 has them.
fn csv(units: &[Unit], with_header: bool) -> Result<Vec<u8>, Problem> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .has_headers(false)
        .from_writer(Vec::with_capacity(CHUNK));
    let wrong = |error: csv::Error| Problem::internal(&error);
    if with_header {
        writer.write_record(HEADER).map_err(wrong)?;
    }
    for unit in units {
        let unit = Unit {
            site_name: cell(&unit.site_name),
            last_step: cell(&unit.last_step),
            ..unit.clone()
        };
        writer.serialize(unit).map_err(wrong)?;
    }
    writer
        .into_inner()
        .map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(serial: &str) -> Unit {
        let row = NowRow {
            unit: format!("01/09521234543213/21/{serial}"),
            whereabouts: "at_site".into(),
            site: "9521234000013".into(),
            ..NowRow::default()
        };
        let place = Place {
            name: Some("Apotheke \"Zum Löwen\", Köln".into()),
            ..Place::default()
        };
        Unit::new(row, &HashMap::from([("9521234000013".to_owned(), place)]))
    }

    #[test]
    fn a_csv_has_one_header_and_quotes_what_needs_it() {
        let text = String::from_utf8(csv(&[unit("A,1")], true).unwrap()).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], HEADER.join(","));
        assert!(
            lines[1].contains("\"01/09521234543213/21/A,1\",at_site"),
            "{text}"
        );
        assert!(
            lines[1].contains("\"Apotheke \"\"Zum Löwen\"\", Köln\""),
            "{text}"
        );
        assert_eq!(lines[2], "");
        let more = String::from_utf8(csv(&[unit("B")], false).unwrap()).unwrap();
        assert_eq!(more.matches("\r\n").count(), 1);
    }

    #[test]
    fn free_text_is_never_a_formula_and_identifiers_stay_as_they_are() {
        for (name, written) in [
            ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
            ("+49", "'+49"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("Zum Löwen", "Zum Löwen"),
        ] {
            let mut given = unit("-1");
            given.site_name = Some(name.into());
            given.last_step = Some(name.into());
            let text = csv(&[given], true).unwrap();
            let mut reader = csv::Reader::from_reader(text.as_slice());
            let row: HashMap<String, String> = reader.deserialize().next().unwrap().unwrap();
            assert_eq!((&*row["site_name"], &*row["last_step"]), (written, written));
            assert_eq!(row["unit"], "01/09521234543213/21/-1");
        }
    }

    #[test]
    fn the_header_names_the_fields_in_their_order() {
        let line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&ndjson(&[unit("A")]).unwrap()).unwrap();
        assert_eq!(
            line.keys().collect::<Vec<_>>(),
            HEADER.iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_broken_stream_ends_in_an_error_in_every_form() {
        let problem = Problem::unavailable("clickhouse_unreachable", "gone");
        let end = failed(&problem, Format::Ndjson);
        let line: serde_json::Value = serde_json::from_slice(end[0].as_ref().unwrap()).unwrap();
        assert_eq!(line["error"]["reason"], "clickhouse_unreachable");
        assert!(end[1].is_err());
        let end = failed(&problem, Format::Csv);
        assert!(end[0].as_ref().unwrap().is_empty() && end[1].is_err());
    }
}
