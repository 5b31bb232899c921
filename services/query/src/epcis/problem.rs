//! Errors of the EPCIS interface: problem details with the standard's exception types (EPCIS 2.0
//! §12.6, official OpenAPI), in JSON or XML.

use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serialtrail_epcis::query::QueryError;

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exception {
    /// 400: a parameter is unknown or malformed.
    QueryParameter,
    /// 400: a query's definition is none.
    QueryValidation,
    /// 400: anything else of the request is not valid.
    Validation,
    /// 400: what a subscription is to do cannot be, or is not said.
    SubscriptionControls,
    /// 400: an address to deliver to is none.
    InvalidUri,
    /// 400: the query cannot be subscribed to.
    SubscribeNotPermitted,
    /// 404: there is no query of that name.
    NoSuchName,
    /// 404: there is no such resource.
    NoSuchResource,
    /// 405.
    Method,
    /// 406.
    NotAcceptable,
    /// 409.
    AlreadyExists,
    /// 413: a body is too large.
    BodyTooLarge,
    /// 413: more events than were asked for at most.
    QueryTooLarge,
    /// 413: takes more time or memory than one request may.
    QueryTooComplex,
    /// 414.
    UriTooLong,
    /// 415.
    MediaType,
    /// 500.
    Implementation,
    /// 501.
    NotImplemented,
    /// 503.
    Unavailable,
}

impl Exception {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::QueryParameter => (
                S::BAD_REQUEST,
                "QueryParameterException",
                "Query parameter not valid",
            ),
            Self::QueryValidation => (
                S::BAD_REQUEST,
                "QueryValidationException",
                "Query not valid",
            ),
            Self::Validation => (S::BAD_REQUEST, "ValidationException", "Not valid"),
            Self::SubscriptionControls => (
                S::BAD_REQUEST,
                "SubscriptionControlsException",
                "Subscription not valid",
            ),
            Self::InvalidUri => (S::BAD_REQUEST, "InvalidURIException", "Address not valid"),
            Self::SubscribeNotPermitted => (
                S::BAD_REQUEST,
                "SubscribeNotPermittedException",
                "Not to be subscribed to",
            ),
            Self::NoSuchName => (S::NOT_FOUND, "NoSuchNameException", "No such name"),
            Self::NoSuchResource => (S::NOT_FOUND, "NoSuchResourceException", "Not found"),
            Self::Method => (
                S::METHOD_NOT_ALLOWED,
                "ImplementationException",
                "Method not allowed here",
            ),
            Self::NotAcceptable => (
                S::NOT_ACCEPTABLE,
                "NotAcceptableException",
                "Nothing acceptable to send",
            ),
            Self::AlreadyExists => (
                S::CONFLICT,
                "ResourceAlreadyExistsException",
                "Already there",
            ),
            Self::BodyTooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "ValidationException",
                "Body too large",
            ),
            Self::QueryTooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "QueryTooLargeException",
                "Result too large",
            ),
            Self::QueryTooComplex => (
                S::PAYLOAD_TOO_LARGE,
                "QueryTooComplexException",
                "Query too complex",
            ),
            Self::UriTooLong => (S::URI_TOO_LONG, "URITooLongException", "URI too long"),
            Self::MediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                "Media type not supported",
            ),
            Self::Implementation => (
                S::INTERNAL_SERVER_ERROR,
                "ImplementationException",
                "Failure here",
            ),
            Self::NotImplemented => (
                S::NOT_IMPLEMENTED,
                "ImplementationException",
                "Not offered here",
            ),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "ImplementationException", "Not now"),
        }
    }
}

/// One refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpcisProblem {
    /// What kind.
    pub exception: Exception,
    /// What happened and what to do.
    pub detail: String,
    /// Parameter or header it is about.
    pub parameter: Option<String>,
    /// For 405: the methods there are.
    pub allow: Option<&'static str>,
}

impl EpcisProblem {
    /// A problem about no parameter in particular.
    #[must_use]
    pub fn new(exception: Exception, detail: impl Into<String>) -> Self {
        Self {
            exception,
            detail: detail.into(),
            parameter: None,
            allow: None,
        }
    }

    /// 400: a parameter.
    #[must_use]
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            parameter: Some(name.to_owned()),
            ..Self::new(Exception::QueryParameter, detail)
        }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.exception.parts().0
    }

    /// The body in JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let (status, exception, title) = self.exception.parts();
        let mut body = serde_json::json!({
            "type": format!("epcisException:{exception}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
        });
        if let Some(parameter) = &self.parameter {
            body["parameter"] = parameter.as_str().into();
        }
        body
    }

    /// The body in XML, in the shape the official OpenAPI gives it.
    #[must_use]
    pub fn xml(&self) -> String {
        let (status, exception, title) = self.exception.parts();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:EPCISException \
             xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\"><type>epcisException:{exception}</type>\
             <title>{title}</title><status>{}</status><detail>{}</detail></epcis:EPCISException>",
            status.as_u16(),
            escape(&self.detail)
        )
    }
}

/// Text as it may stand in XML 1.0.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\t' | '\n' | '\r' => escaped.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

impl From<QueryError> for EpcisProblem {
    fn from(error: QueryError) -> Self {
        Self::parameter(&error.parameter, error.to_string())
    }
}

impl From<Problem> for EpcisProblem {
    fn from(problem: Problem) -> Self {
        let exception = match (problem.status, problem.reason) {
            (_, "query_too_large") => Exception::QueryTooComplex,
            (StatusCode::SERVICE_UNAVAILABLE, _) => Exception::Unavailable,
            (StatusCode::BAD_REQUEST, _) => Exception::QueryParameter,
            (StatusCode::NOT_ACCEPTABLE, _) => Exception::NotAcceptable,
            _ => Exception::Implementation,
        };
        Self {
            parameter: problem.parameter,
            ..Self::new(exception, problem.detail)
        }
    }
}

impl From<clickhouse::error::Error> for EpcisProblem {
    fn from(error: clickhouse::error::Error) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for EpcisProblem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.exception == Exception::Unavailable {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        // Whoever asked for XML gets it so: see `negotiate::dress`.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_standards_exception_in_both_forms() {
        let problem = EpcisProblem::parameter("EQ_x", "<no> & no\u{1}");
        assert_eq!(
            problem.json()["type"],
            "epcisException:QueryParameterException"
        );
        assert_eq!(problem.json()["status"], 400);
        assert!(problem.xml().contains("&lt;no&gt; &amp; no\u{fffd}"));
    }

    #[test]
    fn what_clickhouse_cannot_do_in_time_is_too_complex() {
        let error = clickhouse::error::Error::BadResponse("Code: 159. DB::Exception".into());
        let problem = EpcisProblem::from(error);
        assert_eq!(problem.exception, Exception::QueryTooComplex);
        let away = EpcisProblem::from(clickhouse::error::Error::TimedOut);
        assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
