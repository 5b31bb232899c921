//! What a request says in its headers, as values: key, text, length. Media types: `media`; versions:
//! `versions`.

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
        format!("a document may have {limit} bytes at most, unpacked; split it into several"),
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
