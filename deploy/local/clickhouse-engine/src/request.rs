//! What one HTTP request asks for, read from its URL, headers and form fields.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

use crate::failure::{BAD_ARGUMENTS, Failure, NOT_IMPLEMENTED};

/// The largest form that is accepted, in bytes.
const LARGEST_FORM: u64 = 64 << 20;

/// URL parameters that are neither settings nor sent to the engine.
const IGNORED: [&str; 8] = [
    "password",
    "quota_key",
    "session_id",
    "session_timeout",
    "session_check",
    "close_session",
    "stacktrace",
    "buffer_size",
];

/// One statement to run and how its client wants it run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The statement's text in the URL (or a form field); the body may continue it.
    pub query: Vec<u8>,
    /// `param_*`: values for `{name:Type}`, in ClickHouse's escaped text form.
    pub params: Vec<(String, Vec<u8>)>,
    /// Settings for this statement.
    pub settings: Vec<(String, String)>,
    /// The current database.
    pub database: Option<String>,
    /// The output format where the statement names none.
    pub default_format: Option<String>,
    /// Who asks; the password is never looked at.
    pub user: Option<String>,
    /// Roles to take on.
    pub roles: Vec<String>,
    /// Echoed to the client; also the statement's `log_comment`, by which it can be
    /// killed.
    pub query_id: String,
    /// GET (or HEAD): only reading is allowed.
    pub read_only: bool,
    /// Answer only when the statement has ended.
    pub wait_end: bool,
    /// The client wants native frames.
    pub compress: bool,
    /// The body is in native frames.
    pub decompress: bool,
    /// The body's `Content-Encoding`.
    pub encoding: Option<String>,
}

impl Request {
    /// Reads everything but the body.
    ///
    /// # Errors
    /// A parameter that is not UTF-8 where it must be.
    pub fn from_parts(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Self, Failure> {
        let text = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let mut request = Self {
            read_only: matches!(*method, Method::GET | Method::HEAD),
            database: text("x-clickhouse-database"),
            default_format: text("x-clickhouse-format"),
            encoding: text(header::CONTENT_ENCODING.as_str()),
            user: text("x-clickhouse-user").or_else(|| basic_user(headers)),
            ..Self::default()
        };
        for (name, value) in url_pairs(uri.query().unwrap_or("")) {
            request.take(&name, value)?;
        }
        if request.query_id.is_empty() {
            request.query_id = uuid::Uuid::new_v4().to_string();
        }
        Ok(request)
    }

    /// Takes one named value, from the URL or from a form.
    fn take(&mut self, name: &str, value: Vec<u8>) -> Result<(), Failure> {
        if name == "query" {
            self.query = value;
            return Ok(());
        }
        if let Some(param) = name.strip_prefix("param_") {
            self.params.push((param.to_owned(), value));
            return Ok(());
        }
        let value = String::from_utf8(value).map_err(|_| {
            Failure::new(BAD_ARGUMENTS, format!("the value of {name:?} is not UTF-8"))
        })?;
        match name {
            "database" => self.database = Some(value),
            "default_format" => self.default_format = Some(value),
            "query_id" => self.query_id = value,
            "user" => self.user = Some(value),
            "role" => self.roles.push(value),
            "wait_end_of_query" => self.wait_end = is_true(&value),
            "compress" => self.compress = is_true(&value),
            "decompress" => self.decompress = is_true(&value),
            "client_protocol_version" if value == "0" || value.is_empty() => {}
            "client_protocol_version" => {
                return Err(Failure::new(
                    NOT_IMPLEMENTED,
                    "client_protocol_version other than 0 is not supported by the local server",
                ));
            }
            name if IGNORED.contains(&name) => {}
            name => self.settings.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Takes the fields of a `multipart/form-data` body.
    ///
    /// # Errors
    /// A malformed or too large form; external tables, which are not supported.
    pub async fn take_form(&mut self, boundary: String, body: Body) -> Result<(), Failure> {
        let bad = |e: multer::Error| Failure::new(BAD_ARGUMENTS, format!("form body: {e}"));
        let limit = multer::SizeLimit::new().whole_stream(LARGEST_FORM);
        let limits = multer::Constraints::new().size_limit(limit);
        let mut form =
            multer::Multipart::with_constraints(body.into_data_stream(), boundary, limits);
        while let Some(field) = form.next_field().await.map_err(bad)? {
            let name = field.name().unwrap_or("").to_owned();
            if field.file_name().is_some() || name.ends_with("_structure") {
                return Err(Failure::new(
                    NOT_IMPLEMENTED,
                    format!("external data ({name:?}) is not supported by the local server"),
                ));
            }
            let value = field.bytes().await.map_err(bad)?;
            self.take(&name, value.to_vec())?;
        }
        Ok(())
    }
}

/// The boundary of a `multipart/form-data` request.
pub fn form_boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(value).ok()
}

/// The user of basic authentication.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let encoded = value.strip_prefix("Basic ")?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, _) = text.split_once(':')?;
    Some(user.to_owned())
}

fn is_true(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
}

/// The decoded pairs of a query string. Values are bytes: a parameter may hold any.
fn url_pairs(query: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    query.split('&').filter(|p| !p.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = String::from_utf8_lossy(&url_decode(name)).into_owned();
        (name, url_decode(value))
    })
}

fn url_decode(text: &str) -> Vec<u8> {
    let spaced: Cow<'_, str> = if text.contains('+') {
        text.replace('+', " ").into()
    } else {
        text.into()
    };
    percent_decode_str(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> Request {
        Request::from_parts(&Method::POST, &uri.parse().unwrap(), &HeaderMap::new()).unwrap()
    }

    #[test]
    fn the_url_says_what_to_run_and_how() {
        let r = request(
            "/?query=SELECT+1%2B1&database=d&param_p=%FFx&max_threads=2&user=u&session_id=s&query_id=q&decompress=1&wait_end_of_query=1&role=a&role=b",
        );
        let expected = Request {
            query: b"SELECT 1+1".to_vec(),
            params: vec![("p".to_owned(), b"\xffx".to_vec())],
            settings: vec![("max_threads".to_owned(), "2".to_owned())],
            database: Some("d".to_owned()),
            user: Some("u".to_owned()),
            roles: vec!["a".to_owned(), "b".to_owned()],
            query_id: "q".to_owned(),
            wait_end: true,
            decompress: true,
            ..Request::default()
        };
        assert_eq!(r, expected);
    }

    #[test]
    fn headers_stand_where_the_url_says_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert("x-clickhouse-database", "from_header".parse().unwrap());
        headers.insert("x-clickhouse-format", "JSON".parse().unwrap());
        headers.insert("content-encoding", "lz4".parse().unwrap());
        headers.insert("authorization", "Basic YW5uOnB3".parse().unwrap());
        let uri = "/?database=from_url".parse().unwrap();
        let r = Request::from_parts(&Method::GET, &uri, &headers).unwrap();
        assert_eq!(r.database.as_deref(), Some("from_url"));
        assert_eq!(r.default_format.as_deref(), Some("JSON"));
        assert_eq!(r.encoding.as_deref(), Some("lz4"));
        assert_eq!(r.user.as_deref(), Some("ann"));
        assert!(r.read_only);
        assert!(!r.query_id.is_empty(), "every statement has an id");
    }
}
