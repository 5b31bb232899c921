//! The query service as commands use it, and plain tables for people.

use anyhow::{Context as _, bail};
use reqwest::Response;
use serde_json::Value;
use serialtrail_runtime::Settings;
use std::io::ErrorKind;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let table = columns(&[row(["a", "bé", ""]), row(["long", "b", "c"])]);
        assert_eq!(table, "a     bé\nlong  b   c\n");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(!unless_unread(Err(ErrorKind::BrokenPipe.into())).unwrap());
        assert!(unless_unread(Ok(())).unwrap());
        assert!(unless_unread(Err(ErrorKind::StorageFull.into())).is_err());
    }
}
