//! Errors as the standard has them: problem details (RFC 7807) with EPCIS 2.0's exception types.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serialtrail_records::JobError;

use crate::findings::TOO_MANY_EVENTS;
use crate::rejected::{EVENT_ID_CONFLICT, EVENT_TOO_LARGE};

/// Most errors a response lists; the rest is in `rejected-events`.
const LISTED: usize = 100;

/// What kind of error it is: decides status and exception type (EPCIS 2.0 REST bindings).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 400: the document or a parameter is not valid.
    Validation,
    /// 401: no key, or one nobody holds.
    Unauthenticated,
    /// 403: the key may not do this.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    Method,
    /// 406: the client accepts nothing we could send.
    NotAcceptable,
    /// 409: the event id stands for other content.
    Conflict,
    /// 413: over a limit.
    TooLarge,
    /// 415: not a media type we read.
    MediaType,
    /// 500.
    Internal,
    /// 503: not now; try again.
    Unavailable,
}

impl Kind {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Validation => (StatusCode::BAD_REQUEST, "ValidationException", "Not valid"),
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                "SecurityException",
                "API key missing or unknown",
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "SecurityException", "Not allowed"),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "NoSuchResourceException",
                "Not found",
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "ImplementationException",
                "Method not allowed here",
            ),
            Self::NotAcceptable => (
                StatusCode::NOT_ACCEPTABLE,
                "NotAcceptableException",
                "Nothing acceptable to send",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "ResourceAlreadyExistsException",
                "The event id stands for other content",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "CaptureLimitExceededException",
                "Capture payload too large",
            ),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                "Media type not supported",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "ImplementationException",
                "Failure here",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ImplementationException",
                "Not now",
            ),
        }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.parts().0
    }

    /// Exception type as it stands in `type`.
    #[must_use]
    pub fn exception(self) -> String {
        format!("epcisException:{}", self.parts().1)
    }
}

/// One refused request.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    /// What happened and what to do.
    pub detail: String,
    /// Capture job that recorded it, where there is one.
    pub capture_id: Option<String>,
    /// The first errors, each with its event and field.
    pub errors: Vec<JobError>,
    /// Errors in all.
    pub errors_total: usize,
}

impl Problem {
    /// A problem without a list of errors.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            capture_id: None,
            errors: Vec::new(),
            errors_total: 0,
        }
    }

    /// The body, without the HTTP parts.
    #[must_use]
    pub fn body(&self) -> serde_json::Value {
        let (status, exception, title) = self.kind.parts();
        let mut body = serde_json::json!({
            "type": format!("epcisException:{exception}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
        });
        if let Some(id) = &self.capture_id {
            body["captureID"] = id.as_str().into();
            body["instance"] = format!("/epcis/v2/capture/{id}").into();
        }
        if !self.errors.is_empty() {
            body["errors"] = self.errors.iter().take(LISTED).map(error_body).collect();
            body["errorsTotal"] = self.errors_total.into();
        }
        body
    }
}

/// One error of a job or of a refused document, itself shaped as problem details.
#[must_use]
pub fn error_body(error: &JobError) -> serde_json::Value {
    let kind = match error.reason.as_str() {
        EVENT_ID_CONFLICT => Kind::Conflict,
        EVENT_TOO_LARGE | TOO_MANY_EVENTS => Kind::TooLarge,
        "declaration_not_by_publisher" => Kind::Forbidden,
        _ => Kind::Validation,
    };
    let mut body = serde_json::json!({
        "type": kind.exception(),
        "title": error.reason,
        "status": kind.status().as_u16(),
        "detail": error.message,
        "reason": error.reason,
    });
    if let Some(index) = error.event_index {
        body["eventIndex"] = index.into();
    }
    if let Some(place) = &error.place {
        body["place"] = place.as_str().into();
    }
    if let Some(line) = error.line {
        body["line"] = line.into();
    }
    body
}

/// One warning of a job: what is strange about an event, or the document, that was taken all the same.
#[must_use]
pub fn warning_body(warning: &JobError) -> serde_json::Value {
    let mut body = serde_json::json!({ "reason": warning.reason, "detail": warning.message });
    if let Some(index) = warning.event_index {
        body["eventIndex"] = index.into();
    }
    if let Some(place) = &warning.place {
        body["place"] = place.as_str().into();
    }
    if let Some(line) = warning.line {
        body["line"] = line.into();
    }
    body
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), self.body().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self.kind {
            Kind::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_standards_exception_and_each_error() {
        let problem = Problem {
            capture_id: Some("c1".into()),
            errors: vec![JobError {
                event_index: Some(2),
                reason: "bad_check_digit".into(),
                message: "epcList[0]: …".into(),
                place: Some("epcList[0]".into()),
                line: Some(7),
            }],
            errors_total: 1,
            ..Problem::new(Kind::Validation, "1 of 3 events is not valid")
        };
        let body = problem.body();
        assert_eq!(body["type"], "epcisException:ValidationException");
        assert_eq!(body["status"], 400);
        assert_eq!(body["instance"], "/epcis/v2/capture/c1");
        assert_eq!(body["errors"][0]["eventIndex"], 2);
        assert_eq!(body["errors"][0]["place"], "epcList[0]");
        assert_eq!(body["errors"][0]["line"], 7);
        assert_eq!(body["errorsTotal"], 1);
    }

    #[test]
    fn unavailable_says_when_to_come_back_and_unauthenticated_how() {
        let later = Problem::new(Kind::Unavailable, "full").into_response();
        assert_eq!(later.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(later.headers()[header::RETRY_AFTER], "1");
        let who = Problem::new(Kind::Unauthenticated, "no key").into_response();
        assert_eq!(who.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(
            who.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let error = JobError {
            reason: "malformed".into(),
            ..JobError::default()
        };
        let problem = Problem {
            errors: vec![error; 250],
            errors_total: 250,
            ..Problem::new(Kind::Validation, "many")
        };
        assert_eq!(problem.body()["errors"].as_array().unwrap().len(), LISTED);
        assert_eq!(problem.body()["errorsTotal"], 250);
    }
}
