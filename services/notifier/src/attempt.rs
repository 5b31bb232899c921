//! One HTTP attempt, and what it ended with.

use crate::retry::{Verdict, judge, retry_after};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response};
use serialtrail_records::Micros;
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of an answer kept for people.
const SAID: usize = 300;

/// Wall clock, microseconds since 1970-01-01 UTC.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A client of one receiver; it follows no redirects.
pub(crate) fn client(timeout: Duration) -> anyhow::Result<Client> {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout)
        .timeout(timeout)
        .user_agent(concat!("serialtrail/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

/// Sends a request and judges the answer.
pub(crate) async fn send(request: RequestBuilder) -> Verdict {
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return failed(error),
    };
    let after = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, now() / 1_000_000));
    let status = answer.status();
    let said = if status.is_success() {
        String::new()
    } else {
        said(answer).await
    };
    judge(status.as_u16(), after, &said)
}

/// The beginning of an answer.
pub(crate) async fn said(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < SAID {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(SAID);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// No answer came: it may come another time.
pub(crate) fn failed(error: reqwest::Error) -> Verdict {
    // The address may hold a token.
    let error = error.without_url();
    let mut reason = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        error.to_string()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    Verdict::Again {
        reason,
        after: None,
    }
}
