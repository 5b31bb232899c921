//! Conflicts under one event id that are certain at once: within a document, and against what was
//! captured before.

use serialtrail_runtime::Clock;
use std::collections::{HashMap, HashSet};

use crate::candidate::original_of;
use crate::capture::{Behaviour, Conditions, Submission};
use crate::findings::Findings;
use crate::known::Identity;
use crate::outgoing::rejections;
use crate::parcel::{Packer, Parcel};
use crate::pass::Pass;
use crate::rejected::{EVENT_ID_CONFLICT, Refusal};

/// A pass with its conflicts taken out.
pub(crate) struct Settled {
    pub(crate) events: Parcel,
    pub(crate) identities: Vec<Identity>,
    pub(crate) rejections: Parcel,
    pub(crate) findings: Findings,
}

/// Takes out of the events what conflicts within the document, and what certainly loses against an
/// event captured before.
///
/// In replay a document is refused for the latter only if all its events lose: that one event of it was
/// known here must not decide whether its neighbours are captured, or the result would depend on the
/// order of arrival. Losing events let through so are rejected by the dispatcher.
pub(crate) fn refuse_conflicts(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    pass: Pass<'_>,
) -> anyhow::Result<Settled> {
    let Pass {
        input,
        events,
        identities,
        rejections: mut rows,
        mut findings,
        ..
    } = pass;
    let events = events.finish()?;
    let losers = losers(submission, at, &identities);
    if losers.is_empty() {
        return Ok(Settled {
            events,
            identities: identities.into_iter().map(|(_, event)| event).collect(),
            rejections: rows.finish()?,
            findings,
        });
    }
    let mut kept = Packer::new(at.folder);
    let mut kept_identities = Vec::with_capacity(identities.len());
    for (record, (index, identity)) in events.records()?.zip(identities) {
        let record = record?;
        let Some(where_else) = losers.get(&index) else {
            kept.put(record.into_owned())?;
            kept_identities.push(identity);
            continue;
        };
        let refusal = conflict(
            index,
            identity,
            where_else,
            original_of(at.codec, &record.value)?,
        );
        findings.refused(&refusal);
        for row in rejections(&input, &refusal, at.counts, at.codec)? {
            rows.put(row)?;
        }
    }
    Ok(Settled {
        events: kept.finish()?,
        identities: kept_identities,
        rejections: rows.finish()?,
        findings,
    })
}

/// The refusal of an event that loses.
pub(crate) fn conflict(
    index: usize,
    identity: Identity,
    where_else: &str,
    original: Vec<u8>,
) -> Refusal {
    Refusal {
        reason: EVENT_ID_CONFLICT.into(),
        message: format!(
            "{where_else} an event with the id {} and other content; to correct it, withdraw it \
             with an errorDeclaration and send the corrected event under a new id",
            identity.event_id
        ),
        place: Some("eventID".into()),
        event_index: i32::try_from(index).ok(),
        line: None,
        event_id: Some(identity.event_id),
        original,
    }
}

/// Index of each event that loses, with what it loses against.
fn losers(
    submission: &Submission<'_>,
    at: &Conditions<'_>,
    identities: &[(usize, Identity)],
) -> HashMap<usize, &'static str> {
    let events = || identities.iter().filter(|(_, event)| !event.declaration);
    let mut stands: HashMap<&str, &str> = HashMap::new();
    for (_, event) in events() {
        let least = stands.entry(&event.event_id).or_insert(&event.content_hash);
        *least = (*least).min(&event.content_hash);
    }
    let mut losers: HashMap<usize, &'static str> = events()
        .filter(|(_, event)| stands.get(event.event_id.as_str()) != Some(&&*event.content_hash))
        .map(|(index, _)| (*index, "this document has"))
        .collect();
    let known: HashSet<usize> = identities
        .iter()
        .filter(|(_, event)| (at.loses)(event))
        .map(|(index, _)| *index)
        .collect();
    let refuse_known = at.clock == Clock::Live
        || submission.behaviour == Behaviour::Proceed
        || known.len() == identities.len();
    if refuse_known {
        for index in known {
            losers.entry(index).or_insert("there is already");
        }
    }
    losers
}
