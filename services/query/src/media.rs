//! Which form of an answer the client wants: `Accept` with its weights (RFC 9110 §12.5.1), or `format=`,
//! which wins, for browsers and command lines.

use crate::parameters::Parameters;
use crate::problem::Problem;
use axum::http::{HeaderMap, header};

/// A form an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document.
    Json,
    /// JSON, one object a line.
    Ndjson,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// As in `format=`, and as a file is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Media type without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv;charset=utf-8",
            other => other.media_type(),
        }
    }

    /// The form of an answer among those `offered`, the first of which is the default.
    ///
    /// # Errors
    /// 400: `format` is none of them. 406: `Accept` allows none of them.
    pub fn negotiate(
        given: &Parameters,
        headers: &HeaderMap,
        offered: &[Self],
    ) -> Result<Self, Problem> {
        let names: Vec<&str> = offered.iter().map(|format| format.name()).collect();
        if let Some(words) = given.words("format", &names)? {
            let found = offered.iter().find(|f| [f.name()] == words.as_slice());
            return found.copied().ok_or_else(|| {
                let names = names.join(", ");
                Problem::parameter("format", format!("expected one of {names}"))
            });
        }
        let accept: Vec<&str> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if accept.is_empty() {
            return offered
                .first()
                .copied()
                .ok_or_else(|| Problem::acceptable(&[]));
        }
        let accept = accept.join(",");
        let mut best: Option<(Self, u16)> = None;
        for format in offered {
            let weight = weight(&accept, format.media_type());
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((*format, weight));
            }
        }
        let types: Vec<&str> = offered.iter().map(|format| format.media_type()).collect();
        best.map(|(format, _)| format)
            .ok_or_else(|| Problem::acceptable(&types))
    }

    /// `Content-Disposition` of a file made of `parts`.
    #[must_use]
    pub fn attachment(self, parts: &[&str]) -> String {
        let name: String = parts
            .join("-")
            .chars()
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() || "-_.".contains(c) => c,
                _ => '_',
            })
            .collect();
        format!("attachment; filename=\"{name}.{}\"", self.name())
    }
}

/// Weight, 0 to 1000, that `accept` gives a media type: that of the most specific range it is in.
pub(crate) fn weight(accept: &str, media_type: &str) -> u16 {
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    let mut found: Option<(u8, u16)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specific = match name.as_str() {
            "*/*" => 0,
            name if name.strip_suffix("/*") == Some(kind) => 1,
            name if name == media_type => 2,
            "application/ndjson" if media_type == "application/x-ndjson" => 2,
            _ => continue,
        };
        let q = parts
            .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let weight = (f64::clamp(q, 0.0, 1.0) * 1000.0) as u16;
        if found.is_none_or(|(so_far, _)| specific > so_far) {
            found = Some((specific, weight));
        }
    }
    found.map_or(0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Format] = &[Format::Json, Format::Csv, Format::Parquet];

    fn negotiated(accept: Option<&str>, query: &str) -> Result<&'static str, (u16, &'static str)> {
        let uri = format!("/x?{query}").parse().unwrap();
        let given = Parameters::read(&uri, &["format"]).unwrap();
        let accept = accept.map(|accept| (header::ACCEPT, accept.parse().unwrap()));
        Format::negotiate(&given, &HeaderMap::from_iter(accept), ALL)
            .map(Format::name)
            .map_err(|problem| (problem.status.as_u16(), problem.reason))
    }

    #[test]
    fn the_heaviest_of_the_offered_types_is_chosen() {
        for (accept, expected) in [
            (None, Ok("json")),
            (Some("*/*"), Ok("json")),
            (Some("text/csv"), Ok("csv")),
            (Some("text/*, application/json;q=0.9"), Ok("csv")),
            (Some("application/json;q=0.5, text/csv;q=0.8"), Ok("csv")),
            (
                Some("*/*;q=0.1, Application/Vnd.Apache.Parquet"),
                Ok("parquet"),
            ),
            (Some("application/json;q=0, */*"), Ok("csv")),
            (
                Some("text/html,application/xhtml+xml,*/*;q=0.8"),
                Ok("json"),
            ),
            (Some("text/html"), Err((406, "not_acceptable"))),
            (Some("text/csv;q=0"), Err((406, "not_acceptable"))),
            (Some("text/csv;q=nonsense"), Err((406, "not_acceptable"))),
            (Some("application/x-ndjson"), Err((406, "not_acceptable"))),
        ] {
            assert_eq!(negotiated(accept, ""), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_format_parameter_wins_over_the_header() {
        assert_eq!(
            negotiated(Some("text/html"), "format=parquet"),
            Ok("parquet")
        );
        let refused = Err((400, "bad_parameter"));
        assert_eq!(negotiated(None, "format=xml"), refused);
        assert_eq!(negotiated(None, "format=csv,json"), refused);
    }

    #[test]
    fn a_file_name_holds_nothing_that_ends_it() {
        let name = Format::Csv.attachment(&["recall", "L\"1\r\n;/ä"]);
        assert_eq!(name, "attachment; filename=\"recall-L_1_____.csv\"");
    }
}
