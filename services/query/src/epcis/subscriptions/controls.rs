//! What a subscriber asks for: where to, when, from when on (EPCIS 2.0 §8.2.5, §12.5). Pure.

use super::schedule::{FIELDS, Schedule, ScheduleError};
use crate::epcis::negotiate::EpcFormat;
use crate::epcis::problem::{EpcisProblem, Exception};
use crate::time;
use serde_json::{Map, Value, json};
use serialtrail_epcis::query::SimpleEventQuery;

/// Longest address and longest secret, bytes.
const LONGEST: usize = 2000;

/// When the query runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Whenever an event of it was captured.
    Stream,
    /// At the times of a schedule.
    Schedule(Schedule),
}

/// What is said alike by webhooks and WebSockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Controls {
    /// When the query runs.
    pub trigger: Trigger,
    /// Whether a scheduled run that found nothing is reported.
    pub report_if_empty: bool,
    /// Events recorded before this time (microseconds UTC) are not reported. Without it: those captured
    /// from the subscription on.
    pub initial_record_time: Option<i64>,
}

/// A webhook subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Where documents are sent: `http` or `https`.
    pub dest: String,
    /// Secret they are signed with.
    pub signature_token: Option<String>,
    /// When.
    pub controls: Controls,
    /// How EPCs are written.
    pub epc: EpcFormat,
    /// The schedule as it was given.
    schedule: Option<Value>,
}

/// A problem with what a subscription is to do.
#[must_use]
pub fn refused(parameter: &str, detail: impl Into<String>) -> EpcisProblem {
    EpcisProblem {
        parameter: Some(parameter.to_owned()),
        ..EpcisProblem::new(Exception::SubscriptionControls, detail)
    }
}

impl From<ScheduleError> for EpcisProblem {
    fn from(error: ScheduleError) -> Self {
        refused(&error.field, error.message)
    }
}

fn trigger(stream: Option<bool>, schedule: Option<Schedule>) -> Result<Trigger, EpcisProblem> {
    match (stream, schedule) {
        (Some(true), None) => Ok(Trigger::Stream),
        (None, Some(schedule)) => Ok(Trigger::Schedule(schedule)),
        (Some(false), _) => Err(refused(
            "stream",
            "stream: true, or leave it out and say a schedule",
        )),
        (Some(true), Some(_)) => Err(refused("stream", "either stream or a schedule, not both")),
        (None, None) => Err(refused("stream", "say when: stream=true, or a schedule")),
    }
}

fn record_time(text: &str) -> Result<i64, EpcisProblem> {
    time::parse(text).ok_or_else(|| {
        let detail = format!("initialRecordTime: {text:?} is no time such as 2026-03-01T12:00:00Z");
        refused("initialRecordTime", detail)
    })
}

impl Controls {
    fn new(
        trigger: Trigger,
        report_if_empty: Option<bool>,
        initial_record_time: Option<i64>,
    ) -> Result<Self, EpcisProblem> {
        let report_if_empty = report_if_empty.unwrap_or(false);
        if report_if_empty && trigger == Trigger::Stream {
            let detail = "reportIfEmpty is for a schedule: a stream reports events only";
            return Err(refused("reportIfEmpty", detail));
        }
        Ok(Self {
            trigger,
            report_if_empty,
            initial_record_time,
        })
    }

    /// Reads the parameters of an address, as a WebSocket has them.
    ///
    /// # Errors
    /// 400: one is unknown, given twice or malformed; neither or both of stream and schedule.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, EpcisProblem> {
        let (mut stream, mut empty, mut initial) = (None, None, None);
        let mut fields = Vec::new();
        for (name, text) in pairs {
            let truth = || match text.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(refused(
                    name,
                    format!("{name}: {text:?} is neither true nor false"),
                )),
            };
            let twice = match name.as_str() {
                "stream" => stream.replace(truth()?).is_some(),
                "reportIfEmpty" => empty.replace(truth()?).is_some(),
                "initialRecordTime" => initial.replace(record_time(text)?).is_some(),
                field if is_control(field) => {
                    fields.push((field, text.as_str()));
                    false
                }
                _ => {
                    let detail = format!("{name} is none of a subscription by WebSocket");
                    return Err(refused(name, detail));
                }
            };
            if twice {
                return Err(refused(name, format!("{name} is given twice")));
            }
        }
        let schedule = match fields.is_empty() {
            true => None,
            false => Some(Schedule::from_pairs(fields)?),
        };
        Self::new(trigger(stream, schedule)?, empty, initial)
    }
}

/// Whether a parameter of an address says when a subscription reports.
#[must_use]
pub fn is_control(name: &str) -> bool {
    ["stream", "reportIfEmpty", "initialRecordTime"].contains(&name)
        || FIELDS.iter().any(|field| field.0 == name)
}

impl Subscription {
    /// Reads a subscription as it is posted.
    ///
    /// # Errors
    /// 400: a member is unknown or malformed, `dest` is no address to send to, neither or both of stream
    /// and schedule are said.
    pub fn read(body: &Map<String, Value>, epc: EpcFormat) -> Result<Self, EpcisProblem> {
        let known = [
            "dest",
            "signatureToken",
            "stream",
            "schedule",
            "reportIfEmpty",
            "initialRecordTime",
        ];
        if let Some(other) = body.keys().find(|name| !known.contains(&name.as_str())) {
            let detail = format!(
                "there is no {other:?} here; there are: {}",
                known.join(", ")
            );
            return Err(refused(other, detail));
        }
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let text = |name: &'static str| {
            let read = |value: &Value| {
                let text = value.as_str().filter(|text| text.len() <= LONGEST);
                let detail = format!("{name}: a text of at most {LONGEST} bytes is expected");
                text.map(str::to_owned).ok_or_else(|| refused(name, detail))
            };
            given(name).map(read).transpose()
        };
        let truth = |name: &'static str| {
            let detail = format!("{name}: true or false is expected");
            let read = |value: &Value| value.as_bool().ok_or_else(|| refused(name, detail));
            given(name).map(read).transpose()
        };
        let dest = text("dest")?.ok_or_else(|| address("dest: say where to send to".to_owned()))?;
        check_address(&dest)?;
        let signature_token = text("signatureToken")?;
        if signature_token.as_deref() == Some("") {
            return Err(refused(
                "signatureToken",
                "signatureToken: an empty secret is none",
            ));
        }
        let schedule = match given("schedule") {
            None => None,
            Some(Value::Object(fields)) => Some(Schedule::from_json(fields)?),
            Some(_) => return Err(refused("schedule", "schedule: an object is expected")),
        };
        let initial = text("initialRecordTime")?;
        let initial = initial.as_deref().map(record_time).transpose()?;
        Ok(Self {
            dest,
            signature_token,
            controls: Controls::new(
                trigger(truth("stream")?, schedule)?,
                truth("reportIfEmpty")?,
                initial,
            )?,
            epc,
            schedule: given("schedule").cloned(),
        })
    }

    /// As it is kept: what was posted, and the format of EPCs.
    #[must_use]
    pub fn stored(&self) -> String {
        let mut members = self.public();
        if let Some(token) = &self.signature_token {
            members.insert("signatureToken".to_owned(), json!(token));
        }
        Value::from(members).to_string()
    }

    /// Reads what [`stored`](Self::stored) wrote.
    #[must_use]
    pub fn restore(text: &str) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_str(text).ok()?;
        let epc = members.remove("epcFormat")?;
        let epc = FORMATS.iter().find(|(name, _)| *name == epc)?.1;
        Self::read(&members, epc).ok()
    }

    /// What everybody may see of it: all but the secret.
    #[must_use]
    pub fn public(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("dest", json!(self.dest));
        match &self.schedule {
            Some(schedule) => {
                put("schedule", schedule.clone());
                put("reportIfEmpty", json!(self.controls.report_if_empty));
            }
            None => {
                put("stream", json!(true));
            }
        }
        if let Some(initial) = self.controls.initial_record_time {
            put("initialRecordTime", json!(time::iso(initial)));
        }
        let format = FORMATS.iter().find(|(_, epc)| *epc == self.epc);
        put(
            "epcFormat",
            json!(format.map_or(FORMATS[0].0, |(name, _)| name)),
        );
        members
    }
}

/// Names of `GS1-EPC-Format`.
const FORMATS: [(&str, EpcFormat); 3] = [
    ("Never_Translates", EpcFormat::AsCaptured),
    ("Always_GS1_Digital_Link", EpcFormat::DigitalLink),
    ("Always_EPC_URN", EpcFormat::Urn),
];

fn address(detail: String) -> EpcisProblem {
    EpcisProblem {
        parameter: Some("dest".to_owned()),
        ..EpcisProblem::new(Exception::InvalidUri, detail)
    }
}

/// Whether documents may be sent to an address: `http` or `https`, a host, no password in it, and not an
/// address that only means something on one network link, where clouds keep their machines' secrets.
fn check_address(dest: &str) -> Result<(), EpcisProblem> {
    let refused = |why: &str| Err(address(format!("dest: {dest:?} {why}")));
    let Ok(url) = reqwest::Url::parse(dest) else {
        return refused("is no address such as https://client.example.com/events");
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return refused("is not of http or https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("holds a name or password: use signatureToken");
    }
    if url.fragment().is_some() {
        return refused("has a fragment, which is never sent");
    }
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let unreachable = match bare.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => local_only(ip),
        Ok(std::net::IpAddr::V6(ip)) => {
            ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.to_ipv4_mapped().is_some_and(local_only)
        }
        Err(_) => false,
    };
    if unreachable {
        return refused("is no address of a receiver");
    }
    Ok(())
}

fn local_only(ip: std::net::Ipv4Addr) -> bool {
    ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()
}

/// Whether a query can stand: it asks for all of its events, not for the first ones.
///
/// # Errors
/// 400: it cannot.
pub fn check_query(query: &SimpleEventQuery) -> Result<(), EpcisProblem> {
    if query.count.is_some() {
        let detail = "a query with eventCountLimit or maxEventCount asks for a part of what there is; \
                      a subscription is told of every event once: name a query without them";
        return Err(EpcisProblem::new(Exception::SubscribeNotPermitted, detail));
    }
    Ok(())
}

#[cfg(test)]
#[path = "controls_tests.rs"]
mod tests;
