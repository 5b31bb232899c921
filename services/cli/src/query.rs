//! The query service as commands use it, and plain tables for people.

use anyhow::{Context as _, bail};
use futures::StreamExt;
use reqwest::Response;
use serde_json::Value;
use serialtrail_runtime::Settings;
use std::io::{ErrorKind, Write};
use std::time::Duration;

/// Longest wait for a connection, and between two pieces of an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Client of the query service.
#[derive(Debug)]
pub struct QueryApi {
    root: String,
    http: reqwest::Client,
}

impl QueryApi {
    /// A client of the service named in the settings; nothing is sent yet.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()?;
        let root = format!("http://{}", settings.http.query);
        Ok(Self { root, http })
    }

    /// A GET that succeeded; `accept` is the media type asked for.
    ///
    /// # Errors
    /// The service does not answer, or refuses: the message is what it says.
    pub async fn get(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        accept: &str,
    ) -> anyhow::Result<Response> {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.root), parameters)?;
        let request = self.http.get(url).header(reqwest::header::ACCEPT, accept);
        let answer = request.send().await.with_context(|| {
            format!(
                "the query service does not answer at {}: is it up? `serialtrail status` shows what \
                 runs, `serialtrail up` starts it, --config names other settings",
                self.root
            )
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        match (problem["detail"].as_str(), problem["reason"].as_str()) {
            (Some(detail), Some(reason)) => bail!("{detail} ({reason})"),
            _ => bail!(
                "the query service at {} answered {status}: {text}",
                self.root
            ),
        }
    }

    /// JSON of a GET.
    ///
    /// # Errors
    /// As [`get`](Self::get), or the answer is cut short.
    pub async fn json(&self, path: &str, parameters: &[(&str, String)]) -> anyhow::Result<Value> {
        let answer = self.get(path, parameters, "application/json").await?;
        answer.json().await.context("the query service's answer")
    }

    /// Hands the lines of a GET on to standard output as they come; `what` they are lines of.
    ///
    /// # Errors
    /// As [`get`](Self::get), the answer is cut short, or standard output takes no more.
    pub async fn hand_on(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        accept: &str,
        what: &str,
    ) -> anyhow::Result<()> {
        let answer = self.get(path, parameters, accept).await?;
        let mut pieces = answer.bytes_stream();
        let mut out = std::io::stdout().lock();
        while let Some(piece) = pieces.next().await {
            let piece = piece.with_context(|| {
                format!("the query service's answer was cut short: not all {what} came")
            })?;
            if !unless_unread(out.write_all(&piece))? {
                return Ok(());
            }
        }
        unless_unread(out.flush())?;
        Ok(())
    }
}

/// The error, unless it only says that nobody reads our output any more (`| head`).
///
/// # Errors
/// Any other error.
pub fn unless_unread(result: std::io::Result<()>) -> anyhow::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("writing to standard output"),
    }
}

/// Text of a field; empty where there is none.
#[must_use]
pub fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// Rows with columns as wide as their widest cell, two spaces between, none at the end of a line.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut table = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// `rows` under the names of their columns, as [`columns`].
#[must_use]
pub fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows = rows.into_iter().map(Vec::from);
    let head = head.map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// The filters that were given, as parameters of a request.
#[must_use]
pub fn given<const N: usize>(
    filters: [(&'static str, &Option<String>); N],
) -> Vec<(&'static str, String)> {
    let given = filters.into_iter();
    given
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let table = columns(&[row(["a", "bé", ""]), row(["long", "b", "c"])]);
        assert_eq!(table, "a     bé\nlong  b   c\n");
        let cells = |cells: [&str; 2]| cells.map(str::to_owned);
        let named = super::table(
            ["lot", "units"],
            [cells(["L1", "12"]), cells(["Löwen", "7"])],
        );
        assert_eq!(named, "lot    units\nL1     12\nLöwen  7\n");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(!unless_unread(Err(ErrorKind::BrokenPipe.into())).unwrap());
        assert!(unless_unread(Ok(())).unwrap());
        assert!(unless_unread(Err(ErrorKind::StorageFull.into())).is_err());
    }
}
