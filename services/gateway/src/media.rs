//! Media types and content codings: what a body is, and which answer a client takes.

use axum::http::{HeaderMap, header};

use crate::negotiate::text;
use crate::problem::{Kind, Problem};

/// Content type of events captured as JSON-LD.
pub const JSON_LD: &str = "application/ld+json";
/// Content type of events captured as XML.
pub const XML: &str = "application/xml";
/// Content type of events from partners' topics.
pub const AVRO: &str = "application/avro";

/// The two bindings of EPCIS 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json` or `application/ld+json`.
    Json,
    /// `application/xml` or `text/xml`.
    Xml,
}

/// How the bytes of a body are packed (RFC 9110 §8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// What a body is by its `Content-Type`.
///
/// # Errors
/// 415: missing, or neither JSON nor XML.
pub fn of_body(headers: &HeaderMap) -> Result<Media, Problem> {
    let given = text(headers, "content-type")?.unwrap_or_default();
    let detail = match essence(given).as_str() {
        "application/ld+json" | "application/json" => return Ok(Media::Json),
        "application/xml" | "text/xml" => return Ok(Media::Xml),
        "" => "Content-Type is missing: send application/ld+json, application/json or \
               application/xml"
            .to_owned(),
        other => format!(
            "{other} is not accepted: send EPCIS as application/ld+json, application/json or \
             application/xml"
        ),
    };
    Err(Problem::new(Kind::MediaType, detail))
}

/// How a body is packed by its `Content-Encoding`.
///
/// # Errors
/// 415: a coding that is not taken, or more than one.
pub fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let given = text(headers, "content-encoding")?.unwrap_or_default();
    match given.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "zstd" => Ok(Coding::Zstd),
        other => Err(Problem::new(
            Kind::MediaType,
            format!("Content-Encoding {other:?} is not accepted: send gzip, zstd or none"),
        )),
    }
}

/// Which of the `offered` forms the client takes (RFC 9110 §12.5.1): the one it weighs highest; of
/// equals the first offered, which is also the answer where there is no `Accept`.
///
/// # Errors
/// 406: `Accept` names none of them.
pub fn of_answer(headers: &HeaderMap, offered: &[Media]) -> Result<Media, Problem> {
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        let value = value.to_str().map_err(|_| {
            Problem::new(
                Kind::NotAcceptable,
                "header accept: not plain text".to_owned(),
            )
        })?;
        ranges.extend(value.split(',').filter_map(Range::read));
    }
    if ranges.is_empty() {
        return offered.first().copied().ok_or_else(|| none_fits(headers));
    }
    let mut best: Option<(f32, Media)> = None;
    for media in offered {
        let weight = names(*media)
            .iter()
            .filter_map(|name| weight(&ranges, name))
            .fold(0.0, f32::max);
        if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, *media));
        }
    }
    best.map(|(_, media)| media)
        .ok_or_else(|| none_fits(headers))
}

fn none_fits(headers: &HeaderMap) -> Problem {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    Problem::new(
        Kind::NotAcceptable,
        format!(
            "there is no such answer here; Accept is {:?}. Errors are application/problem+json",
            accept.unwrap_or_default()
        ),
    )
}

/// What a form may be called in `Accept`. A client that takes the errors takes JSON.
fn names(media: Media) -> &'static [&'static str] {
    match media {
        Media::Json => &[
            "application/json",
            "application/ld+json",
            "application/problem+json",
        ],
        Media::Xml => &["application/xml", "text/xml"],
    }
}

/// The weight of the most specific range that fits; `None` where none does.
fn weight(ranges: &[Range], name: &str) -> Option<f32> {
    ranges
        .iter()
        .filter(|range| range.fits(name))
        .max_by_key(|range| range.specific())
        .map(|range| range.weight)
}

struct Range {
    name: String,
    weight: f32,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let name = essence(text);
        let weight = text
            .split(';')
            .skip(1)
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, q)| q.trim().parse().unwrap_or(0.0));
        (!name.is_empty()).then_some(Self { name, weight })
    }

    fn specific(&self) -> u8 {
        match self.name.as_str() {
            "*/*" => 0,
            name if name.ends_with("/*") => 1,
            _ => 2,
        }
    }

    fn fits(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some("*/") => true,
            Some(kind) => name.starts_with(kind),
            None => self.name == name,
        }
    }
}

/// Type and subtype without parameters, in lower case.
fn essence(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn a_body_is_what_its_content_type_says() {
        for (given, media) in [
            ("application/ld+json", Some(Media::Json)),
            ("application/json; charset=utf-8", Some(Media::Json)),
            ("Application/JSON", Some(Media::Json)),
            ("application/xml", Some(Media::Xml)),
            ("text/xml; charset=utf-8", Some(Media::Xml)),
            ("text/plain", None),
            ("application/x-www-form-urlencoded", None),
            ("", None),
        ] {
            let read = of_body(&headers(&[("content-type", given)]));
            match media {
                Some(media) => assert_eq!(read.unwrap(), media, "{given}"),
                None => assert_eq!(read.unwrap_err().kind, Kind::MediaType, "{given}"),
            }
        }
        let missing = of_body(&HeaderMap::new()).unwrap_err();
        assert_eq!(missing.kind, Kind::MediaType);
    }

    #[test]
    fn gzip_and_zstd_are_taken_and_nothing_else() {
        for (given, expected) in [
            ("gzip", Some(Coding::Gzip)),
            ("X-GZIP", Some(Coding::Gzip)),
            ("zstd", Some(Coding::Zstd)),
            ("identity", Some(Coding::Identity)),
            ("br", None),
            ("deflate", None),
            ("gzip, gzip", None),
        ] {
            let read = coding(&headers(&[("content-encoding", given)])).ok();
            assert_eq!(read, expected, "{given}");
        }
        assert_eq!(coding(&HeaderMap::new()).unwrap(), Coding::Identity);
    }

    #[test]
    fn the_answer_is_what_the_client_weighs_highest() {
        const BOTH: &[Media] = &[Media::Json, Media::Xml];
        const JSON: &[Media] = &[Media::Json];
        for (accept, offered, expected) in [
            (&[][..], BOTH, Some(Media::Json)),
            (&["*/*"], BOTH, Some(Media::Json)),
            (&["application/xml"], BOTH, Some(Media::Xml)),
            (&["text/xml"], BOTH, Some(Media::Xml)),
            (
                &["application/xml;q=0.9, application/json;q=0.5"],
                BOTH,
                Some(Media::Xml),
            ),
            (
                &["application/xml, application/ld+json"],
                BOTH,
                Some(Media::Json),
            ),
            (
                &["application/xml;q=0.2", "application/json"],
                BOTH,
                Some(Media::Json),
            ),
            (&["text/html, application/*;q=0.5"], BOTH, Some(Media::Json)),
            (&["*/*, application/json;q=0"], BOTH, Some(Media::Json)),
            (&["application/problem+json"], JSON, Some(Media::Json)),
            (&["application/xml"], JSON, None),
            (&["text/html"], BOTH, None),
            (&["application/json;q=0"], JSON, None),
            (&["application/json;q=x"], JSON, None),
        ] {
            let pairs: Vec<_> = accept.iter().map(|value| ("accept", *value)).collect();
            let read = of_answer(&headers(&pairs), offered);
            match expected {
                Some(media) => assert_eq!(read.unwrap(), media, "{accept:?}"),
                None => assert_eq!(read.unwrap_err().kind, Kind::NotAcceptable, "{accept:?}"),
            }
        }
    }
}
