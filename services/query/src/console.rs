//! The console: its files as they were built, and its one page for the addresses it makes up itself.

use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::path::Path;
use tower_http::services::{ServeDir, ServeFile};

/// Addresses whose content the console makes in the browser.
pub const PAGES: &[&str] = &["/", "/alerts", "/unit", "/recall", "/demand", "/rejects"];

/// Files under it have their hash in their name and never change.
const HASHED: &str = "/assets/";

/// Everything the page loads comes from here; nobody shows it in a frame.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// What stands at `/` until the console is built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Serialtrail</title><h1>The console is not built</h1>\
    <p>Run <code>make console</code> in the checkout, then load this page again. \
    The API works without it: <a href=\"/openapi.json\">/openapi.json</a> describes it.</p></html>\n";

/// Answers what no route of the API answers, from the console's folder.
///
/// # Errors
/// 404 and 405 as problems: whoever mistypes an address of the API is told so.
pub async fn serve(folder: &Path, request: Request<Body>) -> Result<Response, Problem> {
    let path = request.uri().path().to_owned();
    let nothing = || {
        let detail = format!("there is nothing at {path}; /openapi.json says what is");
        Problem::not_found("no_such_resource", detail)
    };
    if path == "/v1" || path.starts_with("/v1/") {
        return Err(nothing());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::method());
    }
    let index = folder.join("index.html");
    if PAGES.contains(&path.as_str()) {
        if !tokio::fs::try_exists(&index).await.unwrap_or(false) {
            let page = (
                [(header::CONTENT_TYPE, "text/html;charset=utf-8")],
                NOT_BUILT,
            );
            return Ok(with_headers(page.into_response(), "no-cache"));
        }
        let page = ServeFile::new(index).try_call(request).await;
        let page = page.map_err(|error| Problem::internal(&error))?;
        return Ok(with_headers(page.map(Body::new), "no-cache"));
    }
    let mut files = ServeDir::new(folder).append_index_html_on_directories(false);
    let file = files.try_call(request).await;
    let file = file.map_err(|error| Problem::internal(&error))?;
    if matches!(
        file.status(),
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST
    ) {
        return Err(nothing());
    }
    let keep = match path.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    Ok(with_headers(file.map(Body::new), keep))
}

fn with_headers(mut response: Response, keep: &'static str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, keep),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
