//! Errors as problem details (RFC 9457), and what ClickHouse's errors mean to who asked.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serialtrail_gs1::IdError;

/// ClickHouse's codes for a statement that ran out of its limits (TOO_SLOW, TIMEOUT_EXCEEDED,
/// MEMORY_LIMIT_EXCEEDED).
const LIMITS: &[&str] = &["Code: 160.", "Code: 159.", "Code: 241."];
/// ClickHouse's codes for tables that are not there or not of this version (UNKNOWN_TABLE,
/// UNKNOWN_DATABASE, UNKNOWN_IDENTIFIER).
const NO_TABLES: &[&str] = &["Code: 60.", "Code: 81.", "Code: 47."];
/// ClickHouse's code for more statements at once than it takes (TOO_MANY_SIMULTANEOUS_QUERIES).
const BUSY: &[&str] = &["Code: 202."];

/// One refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable snake_case code.
    pub reason: &'static str,
    /// What happened and what to do.
    pub detail: String,
    /// Query parameter it is about.
    pub parameter: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            detail: detail.into(),
            parameter: None,
        }
    }

    /// 400: a parameter is not valid.
    #[must_use]
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            parameter: Some(name.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "bad_parameter", detail)
        }
    }

    /// 400: a parameter that must be there is not; `what` completes "give …".
    #[must_use]
    pub fn missing(name: &str, what: &str) -> Self {
        Self::parameter(name, format!("give {what}"))
    }

    /// 406: the answer has none of the forms the client takes, only `types`.
    #[must_use]
    pub fn acceptable(types: &[&str]) -> Self {
        let detail = format!("this resource can be had as {}", types.join(", "));
        Self::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
    }

    /// 500: a failure of this service.
    #[must_use]
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "failure here");
        let detail = "this service failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// 400: an identifier is malformed; the reason is the identifier's own.
    #[must_use]
    pub fn identifier(name: &str, error: &IdError) -> Self {
        Self {
            reason: error.code(),
            ..Self::parameter(name, error.to_string())
        }
    }

    /// 404: nothing is known by that name.
    #[must_use]
    pub fn not_found(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason, detail)
    }

    /// 405.
    #[must_use]
    pub fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this API only reads: GET",
        )
    }

    /// 503: not now.
    #[must_use]
    pub fn unavailable(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason, detail)
    }

    fn title(&self) -> &'static str {
        match self.status {
            StatusCode::BAD_REQUEST => "Not valid",
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::METHOD_NOT_ALLOWED => "Method not allowed",
            StatusCode::NOT_ACCEPTABLE => "Not acceptable",
            StatusCode::SERVICE_UNAVAILABLE => "Not now",
            _ => "Failure here",
        }
    }

    /// The body, without the HTTP parts.
    #[must_use]
    pub fn body(&self) -> serde_json::Value {
        let mut body = serde_json::json!({
            "type": format!("urn:serialtrail:problem:{}", self.reason),
            "title": self.title(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "reason": self.reason,
        });
        if let Some(parameter) = &self.parameter {
            body["parameter"] = parameter.as_str().into();
        }
        body
    }
}

impl From<clickhouse::error::Error> for Problem {
    fn from(error: clickhouse::error::Error) -> Self {
        let text = error.to_string();
        let says = |codes: &[&str]| codes.iter().any(|code| text.contains(code));
        if serialtrail_warehouse::is_unreachable(&error) {
            tracing::warn!(%error, "ClickHouse does not answer");
            return Self::unavailable(
                "clickhouse_unreachable",
                "ClickHouse does not answer; try again in a moment",
            );
        }
        if says(LIMITS) {
            return Self::unavailable(
                "query_too_large",
                "the question needs more time or memory than one request may use: narrow it",
            );
        }
        if says(BUSY) {
            return Self::unavailable(
                "clickhouse_busy",
                "ClickHouse has as many statements as it takes; try again in a moment",
            );
        }
        if says(NO_TABLES) {
            tracing::warn!(%error, "tables missing");
            return Self::unavailable(
                "tables_missing",
                "ClickHouse's tables are missing or of another version: run `serialtrail migrate`",
            );
        }
        tracing::error!(%error, "ClickHouse refused a statement");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "ClickHouse refused a statement of this service; its log says why",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body().to_string()).into_response();
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clickhouse::error::Error;

    #[test]
    fn a_malformed_identifier_is_told_with_its_own_reason_and_its_parameter() {
        let error = serialtrail_gs1::parse_identifier("(01)09521234543210(21)X").unwrap_err();
        let body = Problem::identifier("id", &error).body();
        assert_eq!(body["status"], 400);
        assert_eq!(body["reason"], "bad_check_digit");
        assert_eq!(body["parameter"], "id");
    }

    #[test]
    fn what_clickhouse_says_becomes_what_the_asker_can_do() {
        let refused = |text: &str| Problem::from(Error::BadResponse(text.into()));
        let cases = [
            (
                Problem::from(Error::TimedOut),
                503,
                "clickhouse_unreachable",
            ),
            (
                refused("Code: 159. DB::Exception: Timeout"),
                503,
                "query_too_large",
            ),
            (
                refused("Code: 202. DB::Exception: Too many"),
                503,
                "clickhouse_busy",
            ),
            (
                refused("Code: 60. DB::Exception: no table"),
                503,
                "tables_missing",
            ),
            (refused("Code: 62. DB::Exception: Syntax"), 500, "internal"),
        ];
        for (problem, status, reason) in cases {
            assert_eq!((problem.status.as_u16(), problem.reason), (status, reason));
            let response = problem.into_response();
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
            assert_eq!(
                response.headers().contains_key(header::RETRY_AFTER),
                status == 503
            );
        }
    }
}
