//! One upload: which resource takes it, what goes along, when it is tried again.

use super::answer::Outcome;
use super::uploads::Upload;
use anyhow::{Context, bail, ensure};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an upload is tried again while the gateway cannot take it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The gateway, with what all uploads share.
pub(super) struct Client {
    http: reqwest::Client,
    root: String,
    party: Option<String>,
    proceed: bool,
}

impl Client {
    pub(super) fn new(
        root: &str,
        key: String,
        party: Option<String>,
        proceed: bool,
    ) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        let mut key = HeaderValue::from_str(&key).context("the API key is no plain text")?;
        key.set_sensitive(true);
        headers.insert("x-api-key", key);
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(120))
            .build()?;
        Ok(Self {
            http,
            root: root.trim_end_matches('/').to_owned(),
            party,
            proceed,
        })
    }

    /// A gateway answers, and takes record times where they are given.
    pub(super) async fn check(&self, record_times: bool) -> anyhow::Result<()> {
        let url = format!("{}/v1/clock", self.root);
        let answer = self.http.get(&url).send().await;
        let answer = answer.with_context(|| {
            format!(
                "no gateway answers at {}; start it with `serialtrail up`",
                self.root
            )
        })?;
        let clock: Value = answer
            .json()
            .await
            .with_context(|| format!("{url} did not answer as a gateway does"))?;
        ensure!(
            !record_times || clock["mode"] == "replay",
            "the deployment runs on the live clock, where record times are the gateway's own; \
             start one with `serialtrail up --clock replay`"
        );
        Ok(())
    }

    /// Sends one document; waits and tries again while the gateway says that it cannot take it now.
    pub(super) async fn capture(&self, upload: &Upload) -> anyhow::Result<Outcome> {
        let body = match tokio::fs::read(&upload.path).await {
            Ok(body) => bytes::Bytes::from(body),
            Err(error) => return Ok(Outcome::unreadable(&error)),
        };
        let begun = Instant::now();
        let mut pause = Duration::from_millis(100);
        loop {
            let sent = self.request(upload, body.clone()).send().await;
            match sent {
                Ok(answer) if answer.status() != StatusCode::SERVICE_UNAVAILABLE => {
                    let status = answer.status();
                    if status == StatusCode::UNAUTHORIZED {
                        bail!("the gateway does not know this API key");
                    }
                    let text = answer.text().await?;
                    let body =
                        serde_json::from_str(&text).unwrap_or_else(|_| json!({ "detail": text }));
                    return Ok(Outcome {
                        status: status.as_u16(),
                        body: self.finished(body).await?,
                    });
                }
                Ok(answer) if begun.elapsed() > PATIENCE => {
                    bail!("the gateway could not take it: {}", answer.text().await?)
                }
                Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// A job that goes on after its answer, as that of a large document with `--proceed`, at its end.
    async fn finished(&self, mut job: Value) -> anyhow::Result<Value> {
        while job["running"] == true {
            let id = job["captureID"]
                .as_str()
                .context("a job without captureID")?
                .to_owned();
            tokio::time::sleep(Duration::from_millis(500)).await;
            let url = format!("{}/epcis/v2/capture/{id}", self.root);
            let answer = self.http.get(&url).send().await?;
            let status = answer.status();
            ensure!(status.is_success(), "{url} answered {status}");
            job = answer.json().await?;
        }
        Ok(job)
    }

    fn request(&self, upload: &Upload, body: bytes::Bytes) -> reqwest::RequestBuilder {
        let url = format!("{}/epcis/v2/{}", self.root, resource(&body));
        let mut request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, media_type(&upload.path))
            .body(body);
        if let Some(time) = &upload.record_time {
            request = request.header("serialtrail-record-time", time);
        }
        if let Some(party) = upload.party.as_ref().or(self.party.as_ref()) {
            request = request.header("serialtrail-source-party", party);
        }
        if self.proceed {
            request = request.header("gs1-capture-error-behaviour", "proceed");
        }
        request
    }
}

#[derive(Deserialize)]
struct Peek {
    r#type: Option<String>,
}

/// `events` for a bare event, `capture` for documents and whatever is neither.
fn resource(body: &[u8]) -> &'static str {
    let single = match serde_json::from_slice::<Peek>(body) {
        Ok(peek) => peek.r#type.is_some_and(|kind| !kind.ends_with("Document")),
        Err(_) => root_element(body).is_some_and(|name| name.ends_with("Event")),
    };
    if single { "events" } else { "capture" }
}

/// Name of the first element of an XML text.
fn root_element(body: &[u8]) -> Option<&str> {
    let mut rest = std::str::from_utf8(body).ok()?;
    loop {
        rest = &rest[rest.find('<')? + 1..];
        let passed = match rest {
            comment if comment.starts_with("!--") => "-->",
            other if other.starts_with(['?', '!']) => ">",
            element => {
                return element
                    .split(|c: char| c.is_whitespace() || "/>".contains(c))
                    .next();
            }
        };
        rest = &rest[rest.find(passed)?..];
    }
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => "application/xml",
        _ => "application/ld+json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_and_a_bare_event_go_where_they_belong() {
        assert_eq!(resource(br#"{"x":[1],"type":"EPCISDocument"}"#), "capture");
        assert_eq!(resource(br#"{"type":"EPCISQueryDocument"}"#), "capture");
        assert_eq!(
            resource(br#"{"type":"ObjectEvent","epcList":[]}"#),
            "events"
        );
        assert_eq!(resource(br#"{"type":"ObjectEvent""#), "capture");
        assert_eq!(resource(b"[]"), "capture");
        let xml = |root: &str| format!("<?xml version=\"1.0\"?><!-- <a> --><{root} x='1'/>");
        assert_eq!(resource(xml("epcis:EPCISDocument").as_bytes()), "capture");
        assert_eq!(resource(xml("ObjectEvent").as_bytes()), "events");
        assert_eq!(resource(b"<!-- "), "capture");
        assert_eq!(media_type(Path::new("a.xml")), "application/xml");
        assert_eq!(media_type(Path::new("a.jsonld")), "application/ld+json");
    }
}
