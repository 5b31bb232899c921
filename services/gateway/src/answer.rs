//! Answers in the form a client takes: capture jobs and collections as JSON or XML.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::fmt::Write;

use crate::media::{Media, XML};

/// Namespace of what a job says beside the standard's own elements.
const OWN: &str = "urn:serialtrail:capture";

/// A capture job from its JSON body.
#[must_use]
pub fn job(body: Value, media: Media) -> Response {
    match media {
        Media::Json => Json(body).into_response(),
        Media::Xml => xml(job_as_xml(&body)),
    }
}

/// A collection of resources (`GET` of the root).
#[must_use]
pub fn collection(members: &[&str], media: Media) -> Response {
    match media {
        Media::Json => Json(serde_json::json!({
            "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            "type": "Collection",
            "member": members,
        }))
        .into_response(),
        Media::Xml => {
            let mut text =
                String::from("<epcis:Collection xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\">");
            members
                .iter()
                .for_each(|name| element(&mut text, "member", name));
            text.push_str("</epcis:Collection>");
            xml(text)
        }
    }
}

fn xml(text: String) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n");
    let mut response = text.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(XML));
    response
}

/// `EPCISCaptureJob` of the standard's XML schema; counts and warnings follow in a namespace of ours.
fn job_as_xml(body: &Value) -> String {
    let mut text = format!(
        "<epcis:EPCISCaptureJob xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" \
         xmlns:serialtrail=\"{OWN}\" running=\"{}\" success=\"{}\" captureID=\"{}\">",
        body["running"],
        body["success"],
        escaped(&plain(&body["captureID"]))
    );
    for name in ["captureErrorBehaviour", "createdAt", "finishedAt"] {
        member(&mut text, body, name, name);
    }
    let errors = list(&body["errors"]);
    if !errors.is_empty() {
        text.push_str("<errors>");
        for error in errors {
            text.push_str("<error>");
            for name in ["type", "title", "status", "detail"] {
                member(&mut text, error, name, name);
            }
            for name in ["reason", "eventIndex", "line", "place"] {
                member(&mut text, error, name, &format!("serialtrail:{name}"));
            }
            text.push_str("</error>");
        }
        text.push_str("</errors>");
    }
    for name in [
        "events",
        "captured",
        "errorsTotal",
        "warningsTotal",
        "sourceParty",
        "recordTime",
    ] {
        member(&mut text, body, name, &format!("serialtrail:{name}"));
    }
    for warning in list(&body["warnings"]) {
        text.push_str("<serialtrail:warning>");
        for name in ["reason", "eventIndex", "line", "place", "detail"] {
            member(&mut text, warning, name, &format!("serialtrail:{name}"));
        }
        text.push_str("</serialtrail:warning>");
    }
    text.push_str("</epcis:EPCISCaptureJob>");
    text
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn member(text: &mut String, of: &Value, name: &str, tag: &str) {
    if let Some(value) = of.get(name) {
        element(text, tag, &plain(value));
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn element(text: &mut String, tag: &str, content: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "<{tag}>{}</{tag}>", escaped(content));
}

/// Text as XML 1.0 may have it: characters it has no way to say become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_in_xml_has_the_standards_elements_in_their_order() {
        let body = json!({
            "captureID": "c\"1", "createdAt": "2026-03-01T00:00:00.000000Z", "running": false,
            "success": false, "captureErrorBehaviour": "rollback", "events": 2, "captured": 0,
            "finishedAt": "2026-03-01T00:00:01.000000Z", "errorsTotal": 1,
            "errors": [{"type": "epcisException:ValidationException", "title": "bad_value",
                "status": 400, "detail": "a < b & \u{1}", "reason": "bad_value", "line": 7}],
            "warnings": [{"reason": "unusual", "detail": "w"}],
        });
        let text = job_as_xml(&body);
        let mut from = 0;
        for part in [
            "running=\"false\" success=\"false\" captureID=\"c&quot;1\">",
            "<captureErrorBehaviour>rollback</captureErrorBehaviour>",
            "<createdAt>2026-03-01T00:00:00.000000Z</createdAt>",
            "<finishedAt>2026-03-01T00:00:01.000000Z</finishedAt>",
            "<errors><error><type>epcisException:ValidationException</type><title>bad_value</title>",
            "<status>400</status><detail>a &lt; b &amp; \u{fffd}</detail>",
            "<serialtrail:reason>bad_value</serialtrail:reason><serialtrail:line>7<",
            "</error></errors><serialtrail:events>2</serialtrail:events>",
            "<serialtrail:warning><serialtrail:reason>unusual<",
            "</epcis:EPCISCaptureJob>",
        ] {
            let at = text[from..].find(part);
            from += at.unwrap_or_else(|| panic!("{part} is not behind {}", &text[..from]));
        }
        let mut good = body;
        good["errors"] = json!([]);
        assert!(!job_as_xml(&good).contains("<errors>"));
    }
}
