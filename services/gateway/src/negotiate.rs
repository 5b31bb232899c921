//! What a request says in its headers, as values: key, media types, limits.

use axum::http::{HeaderMap, header};

use crate::auth::{KeyRing, Principal};
use crate::problem::{Kind, Problem};

/// A header as text; `None` where it is missing.
///
/// # Errors
/// 400: the header is not plain text.
pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    headers
        .get(name)
        .map(|value| {
            value.to_str().map_err(|_| {
                Problem::new(Kind::Validation, format!("header {name}: not plain text"))
            })
        })
        .transpose()
}

/// Who asks: `Authorization: Bearer <key>` or `X-API-Key: <key>`.
///
/// # Errors
/// 401: no key, or one nobody holds.
pub fn principal<'k>(headers: &HeaderMap, keys: &'k KeyRing) -> Result<&'k Principal, Problem> {
    let unknown = |detail: &str| Problem::new(Kind::Unauthenticated, detail);
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let key = bearer.or_else(|| {
        headers
            .get("x-api-key")
            .and_then(|value| value.to_str().ok())
    });
    let key = key.ok_or_else(|| {
        unknown("send an API key: `Authorization: Bearer <key>` or `X-API-Key: <key>`")
    })?;
    keys.authenticate(key)
        .ok_or_else(|| unknown("nobody holds this API key"))
}

/// The body must be EPCIS 2.0 JSON-LD.
///
/// # Errors
/// 415 for anything else; XML is told apart.
pub fn json_body(headers: &HeaderMap) -> Result<(), Problem> {
    let given = text(headers, "content-type")?.unwrap_or_default();
    let media_type = given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let detail = match media_type.as_str() {
        "application/ld+json" | "application/json" => return Ok(()),
        "application/xml" | "text/xml" => {
            "XML is not accepted by this version: send EPCIS 2.0 JSON-LD".to_owned()
        }
        "" => "Content-Type is missing: send application/ld+json or application/json".to_owned(),
        other => format!(
            "{other} is not accepted: send EPCIS 2.0 JSON-LD as application/ld+json or \
             application/json"
        ),
    };
    Err(Problem::new(Kind::MediaType, detail))
}

/// The client must take JSON.
///
/// # Errors
/// 406: `Accept` names nothing of the kind.
pub fn accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(accept) = text(headers, "accept")?.filter(|accept| !accept.trim().is_empty()) else {
        return Ok(());
    };
    let takes = accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        let json = matches!(
            media_type.as_str(),
            "*/*"
                | "application/*"
                | "application/json"
                | "application/ld+json"
                | "application/problem+json"
        );
        json && !refused
    });
    if takes {
        return Ok(());
    }
    Err(Problem::new(
        Kind::NotAcceptable,
        format!("answers are application/json or application/problem+json; Accept is {accept:?}"),
    ))
}

/// The body must fit the limit, as far as its declared length tells.
///
/// # Errors
/// 413.
pub fn declared_length(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    Ok(())
}

/// The body is over the limit.
#[must_use]
pub fn too_large(limit: usize) -> Problem {
    Problem::new(
        Kind::TooLarge,
        format!("a document may have {limit} bytes at most; split it into several"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn json_is_read_and_xml_is_told_when_it_comes() {
        for good in [
            "application/ld+json",
            "application/json; charset=utf-8",
            "Application/JSON",
        ] {
            assert!(
                json_body(&headers(&[("content-type", good)])).is_ok(),
                "{good}"
            );
        }
        for (bad, part) in [
            ("application/xml", "XML is not accepted by this version"),
            ("text/xml; charset=utf-8", "send EPCIS 2.0 JSON-LD"),
            ("text/plain", "text/plain is not accepted"),
            ("application/x-www-form-urlencoded", "application/ld+json"),
        ] {
            let problem = json_body(&headers(&[("content-type", bad)])).unwrap_err();
            assert_eq!(problem.kind, Kind::MediaType);
            assert!(problem.detail.contains(part), "{}", problem.detail);
        }
        assert_eq!(
            json_body(&HeaderMap::new()).unwrap_err().kind,
            Kind::MediaType
        );
    }

    #[test]
    fn a_client_that_takes_no_json_is_told() {
        for good in [
            "*/*",
            "text/html, application/*;q=0.5",
            "application/problem+json",
            "",
        ] {
            assert!(
                accepts_json(&headers(&[("accept", good)])).is_ok(),
                "{good}"
            );
        }
        for bad in ["application/xml", "text/html", "application/json;q=0"] {
            let problem = accepts_json(&headers(&[("accept", bad)])).unwrap_err();
            assert_eq!(problem.kind, Kind::NotAcceptable, "{bad}");
        }
        assert!(accepts_json(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_key_comes_in_either_header() {
        let ring = KeyRing::parse(
            "[[key]]\nname='a'\nparty='p'\nroles=['capture']\nkey='secret-a'\n\
             [device_hash]\nid='d'\nsecret='0123456789abcdef'",
        )
        .unwrap();
        for good in [
            ("authorization", "Bearer secret-a"),
            ("x-api-key", "secret-a"),
        ] {
            assert_eq!(principal(&headers(&[good]), &ring).unwrap().name, "a");
        }
        for bad in [
            ("authorization", "Basic c2VjcmV0"),
            ("x-api-key", "other"),
            ("accept", "*/*"),
        ] {
            assert_eq!(
                principal(&headers(&[bad]), &ring).unwrap_err().kind,
                Kind::Unauthenticated
            );
        }
    }

    #[test]
    fn a_body_over_the_limit_is_refused_before_it_is_read() {
        let length = |n| headers(&[("content-length", n)]);
        assert!(declared_length(&length("100"), 100).is_ok());
        assert_eq!(
            declared_length(&length("101"), 100).unwrap_err().kind,
            Kind::TooLarge
        );
        assert!(declared_length(&HeaderMap::new(), 100).is_ok());
    }
}
