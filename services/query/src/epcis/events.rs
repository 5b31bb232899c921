//! `/events`, and every other resource whose answer is a list of events: reads the request, answers a
//! query document.

use super::format;
use super::master::Vocabularies;
use super::negotiate::{self, Form, Wanted};
use super::problem::{EpcisProblem, Exception};
use super::scan::{Page, Part, Position, Scan};
use super::token;
use crate::api::Api;
use crate::time::iso;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use serialtrail_epcis::query::{Count, OrderBy, SimpleEventQuery};
use serialtrail_epcis::write::{
    DocumentHead, DocumentKind, WriteError, XmlVersion, json_document, xml_document,
};
use serialtrail_epcis::{Context, Tree};

/// Most events or names on a page, whatever `perPage` says.
pub const LARGEST_PAGE: u32 = 1000;
/// Events or names on a page unless asked otherwise (official OpenAPI).
pub const PAGE: u32 = 30;
/// Longest address.
const LONGEST_URI: usize = 16 << 10;

/// A request for one page.
#[derive(Debug)]
pub struct Paged {
    /// All parameters but the token.
    pub pairs: Vec<(String, String)>,
    /// `nextPageToken`.
    pub token: Option<String>,
    /// Address of the resource, without parameters.
    path: String,
    /// Which one of this address it is, where there may have been another.
    of: Option<i64>,
}

impl Paged {
    /// Reads the query string.
    ///
    /// # Errors
    /// 400: it cannot be decoded. 414: it is too long.
    pub fn read(uri: &Uri) -> Result<Self, EpcisProblem> {
        if uri.to_string().len() > LONGEST_URI {
            let detail = format!(
                "at most {LONGEST_URI} bytes are taken: make it a named query (POST /queries)"
            );
            return Err(EpcisProblem::new(Exception::UriTooLong, detail));
        }
        let Query(mut pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| EpcisProblem::parameter("?", error.body_text()))?;
        let mut tokens = pairs
            .extract_if(.., |(name, _)| name == "nextPageToken")
            .map(|(_, token)| token);
        let (token, second) = (tokens.next(), tokens.next());
        drop(tokens);
        if second.is_some() {
            return Err(EpcisProblem::parameter(
                "nextPageToken",
                "nextPageToken is given twice",
            ));
        }
        Ok(Self {
            pairs,
            token,
            path: uri.path().to_owned(),
            of: None,
        })
    }

    /// What the token is bound to.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let question = self.pairs.iter().filter(|(name, _)| name != "perPage");
        let path = match self.of {
            None => self.path.clone(),
            Some(of) => format!("{} {of}", self.path),
        };
        token::fingerprint(&path, &question.cloned().collect::<Vec<_>>())
    }

    /// Binds tokens to the resource made at a time: one of the same address made later is another.
    pub fn bind_to(&mut self, created_at: i64) {
        self.of = Some(created_at);
    }

    /// `Link` and `GS1-Next-Page-Token-Expires` for going on from `at`.
    pub fn next(&self, headers: &mut HeaderMap, at: &impl serde::Serialize, now: i64) {
        let expires = now + token::GOOD_FOR;
        let token = token::encode(&self.fingerprint(), at, expires);
        let mut link = format!("<{}?", self.path);
        for (name, value) in &self.pairs {
            link.push_str(&format!("{}={}&", escaped(name), escaped(value)));
        }
        link.push_str(&format!("nextPageToken={token}>; rel=\"next\""));
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(header::LINK, link);
        }
        if let Ok(expires) = HeaderValue::from_str(&iso(expires)) {
            headers.insert(
                HeaderName::from_static("gs1-next-page-token-expires"),
                expires,
            );
        }
    }
}

/// As it stands in an address (RFC 3986 §2.3: all but the unreserved characters are encoded).
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Events wanted on a page.
#[must_use]
pub fn per_page(asked: Option<u32>) -> usize {
    asked.unwrap_or(PAGE).min(LARGEST_PAGE) as usize
}

/// The conditions a resource's address stands for, such as `EQ_bizStep` and a business step.
///
/// # Errors
/// 400: the value is none of the kind.
pub fn implied(name: &str, value: &str) -> Result<SimpleEventQuery, EpcisProblem> {
    let object = Map::from_iter([(name.to_owned(), Value::from(vec![value]))]);
    Ok(SimpleEventQuery::from_json(&object)?)
}

/// Answers with the events of the request's own parameters, and of the resource it was sent to.
///
/// # Errors
/// See [`Exception`].
pub async fn search(
    api: &Api,
    uri: &Uri,
    headers: &HeaderMap,
    implied: Option<(&str, SimpleEventQuery)>,
) -> Result<Response, EpcisProblem> {
    let paged = Paged::read(uri)?;
    let wanted = Wanted::read(headers, true)?;
    let context = negotiate::extensions(headers)?;
    let mut query = SimpleEventQuery::from_pairs(&paged.pairs, &context)?;
    if let Some((name, conditions)) = implied {
        if paged.pairs.iter().any(|(given, _)| given == name) {
            return Err(EpcisProblem::parameter(
                name,
                format!("{name} is what the address already says"),
            ));
        }
        query.conditions.extend(conditions.conditions);
    }
    answer(api, paged, wanted, &query, "SimpleEventQuery").await
}

/// Where a page ended, and how many events the query may still have.
type Ended = (Position, Option<u64>);

/// Answers with a page of a query's events.
///
/// # Errors
/// See [`Exception`].
pub async fn answer(
    api: &Api,
    paged: Paged,
    wanted: Wanted,
    query: &SimpleEventQuery,
    query_name: &str,
) -> Result<Response, EpcisProblem> {
    if let Some(OrderBy::Field(name)) = &query.order_by {
        let detail = format!(
            "orderBy={}: this repository orders by eventTime or recordTime",
            name.given
        );
        return Err(EpcisProblem::parameter("orderBy", detail));
    }
    let now = Utc::now();
    let ended: Option<Ended> = paged
        .token
        .as_deref()
        .map(|token| {
            let fingerprint = paged.fingerprint();
            api.epcis
                .tokens
                .decode(&fingerprint, token, now.timestamp_micros())
        })
        .transpose()?;
    let first = ended.is_none();
    let (after, left) = match ended {
        Some((position, left)) => (Some(position), left),
        None => (None, None),
    };
    let left = left.or(match query.count {
        Some(Count::First(count)) => Some(count),
        _ => None,
    });
    let most = left.map_or(usize::MAX, |left| {
        usize::try_from(left).unwrap_or(usize::MAX)
    });
    let part = Part {
        after,
        events: per_page(query.per_page).min(most),
        at_most: match query.count {
            Some(Count::AtMost(count)) if first => Some(count),
            _ => None,
        },
    };
    let client = api.access.client();
    let master = Vocabularies::read(client, query).await?;
    let page = Scan::new(client, query, &master).part(part).await?;
    let left = left.map(|left| left.saturating_sub(page.events.len() as u64));
    let Page { events, next } = page;
    let mut response = document(events, wanted, query_name, now)?;
    if let Some(position) = next.filter(|_| left != Some(0)) {
        paged.next(
            response.headers_mut(),
            &(position, left),
            now.timestamp_micros(),
        );
    }
    Ok(response)
}

/// `/events/{eventID}`: every accepted event with this id, its error declaration with it.
///
/// # Errors
/// 404: there is none. Otherwise see [`Exception`].
pub async fn by_id(
    api: &Api,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    let paged = Paged::read(uri)?;
    if let Some((name, _)) = paged.pairs.first() {
        return Err(EpcisProblem::parameter(
            name,
            format!("there is no parameter {name:?} here"),
        ));
    }
    let wanted = Wanted::read(headers, true)?;
    let query = SimpleEventQuery {
        order_by: Some(OrderBy::RecordTime),
        ascending: true,
        ..implied("EQ_eventID", id)?
    };
    let part = Part {
        after: None,
        events: LARGEST_PAGE as usize,
        at_most: None,
    };
    let master = Vocabularies::default();
    let page = Scan::new(api.access.client(), &query, &master)
        .part(part)
        .await?;
    if page.events.is_empty() {
        let detail = format!("there is no event {id}");
        return Err(EpcisProblem::new(Exception::NoSuchResource, detail));
    }
    document(page.events, wanted, "SimpleEventQuery", Utc::now())
}

/// Whether there is any event of a query.
///
/// # Errors
/// ClickHouse does not answer. 413: none was found in the time a request has.
pub async fn any(api: &Api, query: &SimpleEventQuery) -> Result<bool, EpcisProblem> {
    let part = Part {
        after: None,
        events: 1,
        at_most: None,
    };
    let master = Vocabularies::default();
    let page = Scan::new(api.access.client(), query, &master)
        .part(part)
        .await?;
    if page.events.is_empty() && page.next.is_some() {
        let detail =
            "it takes too long to find out whether there is an event: ask /events, page by page";
        return Err(EpcisProblem::new(Exception::QueryTooComplex, detail));
    }
    Ok(!page.events.is_empty())
}

/// The events as a query document in the form asked for.
fn document(
    mut events: Vec<Tree>,
    wanted: Wanted,
    query_name: &str,
    now: DateTime<Utc>,
) -> Result<Response, EpcisProblem> {
    let mut head = DocumentHead::new(
        DocumentKind::Query {
            query_name: query_name.to_owned(),
            subscription_id: None,
        },
        now,
    );
    head.context = shared(&events);
    for tree in &mut events {
        format::epcs(&mut tree.event, wanted.epc);
        if matches!(wanted.form, Form::Xml | Form::Xml12) {
            format::words(&mut tree.event, wanted.cbv);
        }
    }
    let body = match wanted.form {
        Form::Json | Form::JsonLd => Ok(json_document(&head, &events)),
        Form::Xml => xml_document(XmlVersion::V2_0, &head, &events),
        Form::Xml12 => xml_document(XmlVersion::V1_2, &head, &events),
    };
    let body = body.map_err(|error: WriteError| {
        EpcisProblem::new(
            Exception::NotAcceptable,
            format!("this form cannot hold the answer: {error}; ask for JSON-LD or EPCIS 2.0 XML"),
        )
    })?;
    Ok(wanted.response(StatusCode::OK, body))
}

/// The context of the first event: said once, at the document; an event with another says its own.
pub(super) fn shared(events: &[Tree]) -> Context {
    events
        .first()
        .map_or_else(Context::standard, |tree| tree.context.clone())
}
