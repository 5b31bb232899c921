//! One file through the pipeline: how it is sent, and what its capture became.

use std::collections::BTreeSet;

use serde_json::Value;
use serialtrail_end_to_end::{Deployment, IMPORT_KEY};

use crate::vectors::{File, Kind};

/// What the gateway answered to a file.
#[derive(Debug)]
pub(crate) struct Sent {
    /// HTTP status.
    pub status: u16,
    /// Its capture job.
    pub capture: String,
}

/// What a capture ended as, once everything has gone through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// HTTP status of the answer.
    pub status: u16,
    /// Events captured, as the job says.
    pub captured: u64,
    /// Whether the job succeeded.
    pub success: bool,
    /// Reasons of its errors: event index and word.
    pub reasons: BTreeSet<(Option<u64>, String)>,
}

/// Posts a file to where it belongs.
pub(crate) fn send(d: &Deployment, http: &reqwest::blocking::Client, file: &File) -> Sent {
    let path = match file.kind {
        Kind::Event => "events",
        Kind::Document | Kind::NoCapture => "capture",
    };
    let answer = http
        .post(format!(
            "http://{}/epcis/v2/{path}",
            d.settings().http.gateway
        ))
        .header("x-api-key", IMPORT_KEY)
        .header("content-type", file.media())
        .body(file.body.clone())
        .send()
        .unwrap();
    let status = answer.status().as_u16();
    let job = answer.headers().get("serialtrail-capture-job").cloned();
    let text = answer.text().unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let capture = job
        .as_ref()
        .and_then(|job| job.to_str().ok()?.rsplit('/').next())
        .or_else(|| body["captureID"].as_str())
        .unwrap_or_else(|| panic!("{}: {status} names no capture job: {text}", file.name));
    Sent {
        status,
        capture: capture.to_owned(),
    }
}

/// What became of a capture.
pub(crate) fn outcome(d: &Deployment, sent: &Sent) -> Outcome {
    let job = d.job(&sent.capture).unwrap();
    let errors = job["errors"].as_array().cloned().unwrap_or_default();
    assert_eq!(job["running"], false, "{job}");
    Outcome {
        status: sent.status,
        captured: job["captured"].as_u64().unwrap(),
        success: job["success"].as_bool().unwrap(),
        reasons: errors
            .iter()
            .map(|e| {
                let reason = e["reason"].as_str().unwrap().to_owned();
                (e["eventIndex"].as_u64(), reason)
            })
            .collect(),
    }
}

/// What of the refused file is kept in `rejected` is a part of the file, to the byte, and not nothing.
pub(crate) fn kept(d: &Deployment, sent: &Sent, file: &File) -> Result<(), String> {
    let rows = d
        .sql(&format!(
            "SELECT hex(original) FROM rejected FINAL WHERE capture_id = '{}' FORMAT TSV",
            sent.capture
        ))
        .unwrap();
    if rows.is_empty() {
        return Err("nothing of it is in rejected".into());
    }
    let hex: String = file.body.iter().map(|b| format!("{b:02X}")).collect();
    for bytes in rows.lines() {
        if bytes.is_empty() || !hex.contains(bytes) {
            return Err("rejected holds other bytes".into());
        }
    }
    Ok(())
}

/// Every answer of `/epcis/v2/events` to the event ids, in a media type.
pub(crate) fn query(
    d: &Deployment,
    http: &reqwest::blocking::Client,
    ids: &[&str],
    media: &str,
) -> Vec<String> {
    let mut answers = Vec::new();
    // Addresses stay short.
    for ids in ids.chunks(8) {
        let mut url = reqwest::Url::parse_with_params(
            &format!("http://{}/epcis/v2/events", d.settings().http.query),
            [("EQ_eventID", ids.join("|").as_str()), ("perPage", "100")],
        )
        .unwrap();
        loop {
            let answer = http
                .get(url.clone())
                .header("x-api-key", IMPORT_KEY)
                .header("accept", media)
                .header("gs1-epc-format", "Never_Translates")
                .send()
                .unwrap();
            let status = answer.status();
            let next = next_page(answer.headers(), &url);
            let text = answer.text().unwrap();
            assert!(status.is_success(), "{url}: {status}: {text}");
            answers.push(text);
            match next {
                Some(next) => url = next,
                None => break,
            }
        }
    }
    answers
}

/// The next page of an answer, from its `Link` header.
fn next_page(headers: &reqwest::header::HeaderMap, url: &reqwest::Url) -> Option<reqwest::Url> {
    let link = headers.get("link")?.to_str().ok()?;
    let target = link
        .split(',')
        .find(|l| l.contains("rel=\"next\"") || l.contains("rel=next"))?;
    let target = target
        .trim()
        .strip_prefix('<')?
        .split_once('>')
        .map(|(t, _)| t)?;
    url.join(target).ok()
}
