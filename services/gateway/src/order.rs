//! One capture request: what its headers ask for, and its body.

use axum::http::HeaderMap;
use serialtrail_epcis::{BodyKind, Format};
use serialtrail_records::Micros;

use crate::auth::Role;
use crate::capture::{Behaviour, Conditions, MOST_BYTES, Submission};
use crate::clock::asked_record_time;
use crate::http::Gateway;
use crate::known::Identity;
use crate::media::{self, Coding, Media, of_answer, of_body};
use crate::negotiate::{principal, text};
use crate::problem::Problem;
use crate::rejected::Origin;
use crate::spool::Received;
use crate::versions;

/// What the headers ask for, once they are known to be good.
pub(crate) struct Asked {
    pub(crate) publisher: String,
    /// Whether master data of the document becomes reference data.
    pub(crate) masters: bool,
    pub(crate) behaviour: Behaviour,
    pub(crate) record_time: Option<Micros>,
    pub(crate) format: Format,
    pub(crate) coding: Coding,
    pub(crate) answer: Media,
    pub(crate) claimed_version: Option<String>,
}

/// Reads the headers, in the order in which a sender can do something about them: who it is, which
/// versions and forms it speaks, what it wants.
///
/// # Errors
/// 401, 403, 406, 415, 400.
pub(crate) fn asked(gateway: &Gateway, headers: &HeaderMap) -> Result<Asked, Problem> {
    let who = principal(headers, &gateway.keys)?;
    let publisher = who.publisher(text(headers, "serialtrail-source-party")?)?;
    let record_time = asked_record_time(
        gateway.clock.mode(),
        who.may(Role::Import),
        text(headers, "serialtrail-record-time")?,
    )?;
    versions::check(headers)?;
    Ok(Asked {
        publisher,
        masters: who.may(Role::MasterData),
        record_time,
        answer: of_answer(headers, &[Media::Json, Media::Xml])?,
        format: match of_body(headers)? {
            Media::Json => Format::JsonLd,
            Media::Xml => Format::Xml,
        },
        coding: media::coding(headers)?,
        behaviour: Behaviour::parse(text(headers, "gs1-capture-error-behaviour")?)?,
        claimed_version: text(headers, "gs1-epcis-version")?.map(str::to_owned),
    })
}

/// A request with its body.
pub(crate) struct Order {
    pub(crate) asked: Asked,
    pub(crate) kind: BodyKind,
    pub(crate) capture_id: String,
    pub(crate) body: Received,
    /// Wall clock when it came in.
    pub(crate) now: Micros,
}

impl Order {
    /// As an input.
    pub(crate) fn submission(&self) -> Submission<'_> {
        Submission {
            body: &self.body,
            kind: self.kind,
            format: self.asked.format,
            original: None,
            claimed_version: self.asked.claimed_version.as_deref(),
            capture_id: &self.capture_id,
            source_party: &self.asked.publisher,
            behaviour: self.asked.behaviour,
            asked: self.asked.record_time,
            origin: Origin::Http,
        }
    }

    /// What is known now. `loses` is asked about each event.
    pub(crate) fn conditions<'a>(
        &self,
        gateway: &'a Gateway,
        loses: &'a dyn Fn(&Identity) -> bool,
    ) -> Conditions<'a> {
        Conditions {
            clock: gateway.clock.mode(),
            now: self.now,
            last_mark: gateway.clock.last_mark(),
            reference_offset: gateway.reference.offset_seen(),
            device_hash: &gateway.keys.device_hash,
            codec: &gateway.codec,
            counts: &gateway.counts,
            folder: gateway.rooms.folder(),
            most_bytes: MOST_BYTES,
            loses,
        }
    }
}
