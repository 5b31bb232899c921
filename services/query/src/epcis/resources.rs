//! The top-level resources and what is below them (EPCIS 2.0 §12.4): what there is of a kind, whether
//! there is one, and its events.

use super::events::{self, Paged, per_page};
use super::format;
use super::negotiate::{EpcFormat, Wanted};
use super::problem::{EpcisProblem, Exception};
use crate::api::Api;
use crate::select::{Pace, Select};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use chrono::Utc;
use serde_json::{Value, json};
use serialtrail_epcis::query::SimpleEventQuery;
use serialtrail_epcis::{EventType, Vocabulary, normalise};
use serialtrail_gs1::Epc;
use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

/// The standard's JSON-LD context (EPCIS 2.0 §10.2).
pub const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
/// Time a page may take to look whether names that are not certain have accepted events; what is not
/// looked at then is on the next page.
const LOOK: Duration = Duration::from_secs(6);

/// For what the dispatcher refuses captures that stand in `events`, as it writes it.
const REASONS: &str =
    "'event_id_conflict', 'declaration_not_by_publisher', 'too_many_declarations'";
/// Most event ids with refused captures that are looked at, the first in their order. Should there be
/// more, what only refused captures of the others name is listed, and has no events.
const MOST_REFUSED: usize = 100_000;

/// A name, and whether it is certain that an accepted event has it.
type Name = (String, bool);

/// A kind of thing events can be listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `/eventTypes`
    EventTypes,
    /// `/epcs`
    Epcs,
    /// `/bizSteps`
    BizSteps,
    /// `/bizLocations`
    BizLocations,
    /// `/readPoints`
    ReadPoints,
    /// `/dispositions`
    Dispositions,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::EventTypes,
        Self::Epcs,
        Self::BizSteps,
        Self::BizLocations,
        Self::ReadPoints,
        Self::Dispositions,
    ];

    /// Its name in addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EventTypes => "eventTypes",
            Self::Epcs => "epcs",
            Self::BizSteps => "bizSteps",
            Self::BizLocations => "bizLocations",
            Self::ReadPoints => "readPoints",
            Self::Dispositions => "dispositions",
        }
    }

    /// The query parameter that asks for the events of one of them.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Self::EventTypes => "eventType",
            Self::Epcs => "MATCH_anyEPC",
            Self::BizSteps => "EQ_bizStep",
            Self::BizLocations => "EQ_bizLocation",
            Self::ReadPoints => "EQ_readPoint",
            Self::Dispositions => "EQ_disposition",
        }
    }

    fn missing(self, value: &str) -> EpcisProblem {
        let detail = format!("there is no {value} among {}", self.name());
        EpcisProblem::new(Exception::NoSuchResource, detail)
    }

    fn query(self, value: &str) -> Result<SimpleEventQuery, EpcisProblem> {
        events::implied(self.parameter(), value).map_err(|_| self.missing(value))
    }

    /// Whether a name that is not certain is a member: an accepted event has it. What is no name of the
    /// kind by today's rules is none, as it is none by itself (404).
    async fn is_accepted(self, api: &Api, value: &str) -> Result<bool, EpcisProblem> {
        match self.query(value) {
            Ok(query) => listed(events::any(api, &query).await),
            Err(_) => Ok(false),
        }
    }

    /// Whether the standard itself names it.
    fn is_standard(self, value: &str) -> bool {
        let word = |vocabulary| normalise(vocabulary, value).is_some_and(|w| !w.contains(':'));
        match self {
            Self::EventTypes => EventType::ALL.iter().any(|t| t.as_str() == value),
            Self::BizSteps => word(Vocabulary::BizStep),
            Self::Dispositions => word(Vocabulary::Disposition),
            _ => false,
        }
    }

    /// What there is, in order, from after a name on: at most `limit`.
    async fn names(
        self,
        api: &Api,
        wanted: Wanted,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Name>, EpcisProblem> {
        let words = |vocabulary: Vocabulary| vocabulary.words().iter().map(|w| (*w).to_owned());
        let (standard, own): (BTreeSet<String>, _) = match self {
            Self::EventTypes => {
                let types = EventType::ALL.iter().map(|t| t.as_str().to_owned());
                (types.collect(), None)
            }
            Self::BizSteps => (words(Vocabulary::BizStep).collect(), Some("biz_step")),
            Self::Dispositions => (
                words(Vocabulary::Disposition).collect(),
                Some("disposition"),
            ),
            Self::Epcs => return epcs(api, wanted, after, limit).await,
            Self::BizLocations => {
                return named(api, "biz_location", "name != ''", after, limit).await;
            }
            Self::ReadPoints => return named(api, "read_point", "name != ''", after, limit).await,
        };
        let standard = standard.into_iter().filter(|name| name.as_str() > after);
        let mut all: Vec<Name> = standard.map(|name| (name, true)).collect();
        if let Some(column) = own {
            all.extend(named(api, column, "position(name, ':') > 0", after, limit).await?);
            all.sort();
        }
        all.truncate(limit);
        Ok(all)
    }
}

/// Keys, or where EPCs are not to be translated their spellings.
async fn epcs(
    api: &Api,
    wanted: Wanted,
    after: &str,
    limit: usize,
) -> Result<Vec<Name>, EpcisProblem> {
    let list = match wanted.epc {
        EpcFormat::DigitalLink => "epc_keys",
        EpcFormat::AsCaptured | EpcFormat::Urn => {
            "arrayConcat(epcs, children, inputs, outputs, if(parent = '', [], [parent]))"
        }
    };
    named(api, &format!("arrayJoin({list})"), "1", after, limit).await
}

/// The names of captures, each given by a column or an array of names. Under an event id of which the
/// dispatcher refused something the capture that names it may be what was refused: such a name is not
/// certain. The names are read from their column alone, and what captures of those event ids name
/// (they lead the order of `events`) apart.
async fn named(
    api: &Api,
    name: &str,
    condition: &'static str,
    after: &str,
    limit: usize,
) -> Result<Vec<Name>, EpcisProblem> {
    let client = api.access.client();
    let sql = |captures: &str, limit: &str| {
        format!(
            "SELECT toString(name) FROM (SELECT {name} AS name FROM events {captures}) \
             WHERE {{where}} GROUP BY name ORDER BY name {limit}"
        )
    };
    let select = Select::new()
        .and(condition)
        .and("name > {after:String}")
        .bind("after", after);
    let page = select.query(client, &sql("", &format!("LIMIT {limit}")), Pace::Answer);
    let names: Vec<String> = page.fetch_all().await?;
    let Some(last) = names.last() else {
        return Ok(Vec::new());
    };
    let refused = format!(
        "WHERE event_id IN (SELECT event_id FROM rejected WHERE stage = 'dispatcher' \
         AND reason IN ({REASONS}) AND event_id != '' \
         GROUP BY event_id ORDER BY event_id LIMIT {MOST_REFUSED})"
    );
    let uncertain = select
        .and("name <= {last:String}")
        .bind("last", last.as_str())
        .query(client, &sql(&refused, ""), Pace::Answer);
    let uncertain: HashSet<String> = uncertain.fetch_all().await?.into_iter().collect();
    let certain = |name: String| {
        let certain = !uncertain.contains(&name);
        (name, certain)
    };
    Ok(names.into_iter().map(certain).collect())
}

/// What cannot be found out in the time there is stays on the list, as captures name it: one such name
/// must not take the others' page away.
fn listed(found: Result<bool, EpcisProblem>) -> Result<bool, EpcisProblem> {
    match found {
        Err(problem) if problem.exception == Exception::QueryTooComplex => Ok(true),
        found => found,
    }
}

fn collection(wanted: Wanted, members: Vec<String>) -> Response {
    let body = json!({"@context": CONTEXT, "type": "Collection", "member": members});
    wanted.response(StatusCode::OK, body.to_string())
}

/// The parameters of a list: `perPage` alone, beside the token.
///
/// # Errors
/// 400: another, or no number.
pub fn only_paging(paged: &Paged) -> Result<usize, EpcisProblem> {
    if let Some((name, _)) = paged.pairs.iter().find(|(name, _)| name != "perPage") {
        let detail =
            format!("there is no parameter {name:?} here; there are: perPage, nextPageToken");
        return Err(EpcisProblem::parameter(name, detail));
    }
    let query =
        SimpleEventQuery::from_pairs(&paged.pairs, &serialtrail_epcis::Context::standard())?;
    Ok(per_page(query.per_page))
}

/// `/{resource}`
///
/// # Errors
/// See [`Exception`].
pub async fn list(
    api: &Api,
    resource: Resource,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    let paged = Paged::read(uri)?;
    let wanted = Wanted::read(headers, false)?;
    let limit = only_paging(&paged)?;
    let now = Utc::now().timestamp_micros();
    let after: String = match &paged.token {
        None => String::new(),
        Some(token) => api.epcis.tokens.decode(&paged.fingerprint(), token, now)?,
    };
    let mut names = resource.names(api, wanted, &after, limit + 1).await?;
    let mut more = names.len() > limit;
    names.truncate(limit);
    let until = Instant::now() + LOOK;
    let mut last = None;
    let mut members: Vec<String> = Vec::new();
    for (name, certain) in names {
        if last.is_some() && Instant::now() >= until {
            more = true;
            break;
        }
        let member = match resource {
            Resource::Epcs if wanted.epc == EpcFormat::DigitalLink => {
                let key = Epc::from_record(&name);
                if key.is_gs1() {
                    key.digital_link()
                } else {
                    name.clone()
                }
            }
            _ => format::identifier(&name, wanted.epc),
        };
        last = Some(name);
        // Two spellings of one place may end as one.
        let accepted =
            !members.contains(&member) && (certain || resource.is_accepted(api, &member).await?);
        if accepted {
            members.push(member);
        }
    }
    let mut response = collection(wanted, members);
    if let Some(last) = last.filter(|_| more) {
        paged.next(response.headers_mut(), &last, now);
    }
    Ok(response)
}

/// `/{resource}/{value}`: that it is there, and that it has events.
///
/// # Errors
/// 404: it is not. Otherwise see [`Exception`].
pub async fn member(
    api: &Api,
    resource: Resource,
    value: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    let paged = Paged::read(uri)?;
    let wanted = Wanted::read(headers, false)?;
    only_paging(&paged)?;
    exists(api, resource, value).await?;
    Ok(collection(wanted, vec!["events".to_owned()]))
}

async fn exists(api: &Api, resource: Resource, value: &str) -> Result<(), EpcisProblem> {
    let query = resource.query(value)?;
    if resource.is_standard(value)
        || resource != Resource::EventTypes && events::any(api, &query).await?
    {
        return Ok(());
    }
    Err(resource.missing(value))
}

/// `/{resource}/{value}/events`
///
/// # Errors
/// 404: there is no such value. Otherwise see [`Exception`].
pub async fn member_events(
    api: &Api,
    resource: Resource,
    value: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, EpcisProblem> {
    exists(api, resource, value).await?;
    let query = resource.query(value)?;
    events::search(api, uri, headers, Some((resource.parameter(), query))).await
}

/// `/epcis/v2`: what there is.
///
/// # Errors
/// 406: nothing acceptable.
pub fn root(headers: &HeaderMap) -> Result<Response, EpcisProblem> {
    let wanted = Wanted::read(headers, false)?;
    let mut members: Vec<Value> = ["queries", "capture", "events"].map(Value::from).to_vec();
    members.extend(
        Resource::ALL
            .iter()
            .map(|resource| Value::from(resource.name())),
    );
    let body = json!({"@context": CONTEXT, "type": "Collection", "member": members});
    Ok(wanted.response(StatusCode::OK, body.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_identifier_is_no_name() {
        for (resource, value) in [
            (Resource::Epcs, "urn:epc:id:sgtin:9521234"),
            (Resource::ReadPoints, "urn:epc:id:sgln:9521234"),
            (Resource::BizLocations, "urn:epc:id:sgln:9521234"),
        ] {
            assert_eq!(resource.query(value).unwrap_err(), resource.missing(value));
        }
    }

    #[test]
    fn a_name_that_takes_too_long_to_look_at_is_listed_and_a_failure_stays_one() {
        let problem = |exception| Err(EpcisProblem::new(exception, "why"));
        assert_eq!(listed(problem(Exception::QueryTooComplex)), Ok(true));
        let away = problem(Exception::Unavailable);
        assert_eq!(listed(away.clone()), away);
        assert_eq!((listed(Ok(true)), listed(Ok(false))), (Ok(true), Ok(false)));
    }
}
