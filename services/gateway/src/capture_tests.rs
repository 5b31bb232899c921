use super::*;
use serde_json::{Value, json};
use serialtrail_records::{EpcisEvent, RejectedEvent};
use serialtrail_runtime::topics::{CAPTURE_JOBS, max_record_bytes};
use std::sync::LazyLock;

pub(super) static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::offline().unwrap());
static DEVICES: LazyLock<DeviceHash> =
    LazyLock::new(|| DeviceHash::new("d1", "0123456789abcdef").unwrap());

/// 2026-03-02T00:00:00Z
const NOW: Micros = 1_772_409_600_000_000;

pub(super) fn event(id: &str, serial: &str) -> Value {
    json!({
        "type": "ObjectEvent",
        "eventID": id,
        "eventTime": "2026-03-01T10:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "epcList": [format!("https://id.gs1.org/01/09521321123458/21/{serial}")],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "readPoint": {"id": "https://id.gs1.org/414/9521321000018"}
    })
}

pub(super) fn document(events: &[Value]) -> Vec<u8> {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                     {"ex": "https://ex.com/"}],
        "id": "urn:x:doc-1",
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T11:00:00Z",
        "epcisBody": {"eventList": events}
    })
    .to_string()
    .into_bytes()
}

pub(super) struct Case {
    pub(super) clock: Clock,
    pub(super) behaviour: Behaviour,
    pub(super) losing: &'static [&'static str],
    pub(super) claimed_version: Option<&'static str>,
}

pub(super) const LIVE: Case = Case {
    clock: Clock::Live,
    behaviour: Behaviour::Rollback,
    losing: &[],
    claimed_version: None,
};

/// An event as it is to be written.
pub(super) struct Accepted {
    pub(super) identity: Identity,
    pub(super) value: Vec<u8>,
}

/// An assessment with its records read.
pub(super) struct Seen {
    pub(super) accepted: Vec<Accepted>,
    pub(super) refusals: Vec<RejectedEvent>,
    pub(super) job: CaptureJob,
    pub(super) problem: Option<Problem>,
}

pub(super) fn assessed(case: &Case, body: &[u8]) -> Seen {
    assessed_within(case, body, Format::JsonLd, MOST_BYTES)
}

pub(super) fn assessed_within(case: &Case, body: &[u8], format: Format, most_bytes: usize) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let submission = Submission {
        body: &Received::from(body.to_vec()),
        kind: BodyKind::Document,
        format,
        original: None,
        claimed_version: case.claimed_version,
        capture_id: "c1",
        source_party: "9521321000001",
        behaviour: case.behaviour,
        asked: None,
        origin: Origin::Http,
    };
    let conditions = Conditions {
        clock: case.clock,
        now: NOW,
        last_mark: None,
        reference_offset: 42,
        device_hash: &DEVICES,
        codec: &CODEC,
        counts: &Counts::all(8),
        folder: folder.path(),
        most_bytes,
        loses: &|identity: &Identity| case.losing.contains(&identity.event_id.as_str()),
    };
    let assessment = assess(&submission, &conditions).unwrap();
    let values = |parcel: &Parcel| -> Vec<Vec<u8>> {
        let records = parcel.records().unwrap();
        records
            .map(|record| record.unwrap().into_owned().value)
            .collect()
    };
    let mut refusals: Vec<RejectedEvent> = values(&assessment.rejections)
        .iter()
        .map(|value| CODEC.decode(value).unwrap())
        .collect();
    refusals.sort_by_key(|row| (row.event_index, row.part));
    Seen {
        accepted: values(&assessment.events)
            .into_iter()
            .zip(assessment.identities)
            .map(|(value, identity)| Accepted { identity, value })
            .collect(),
        refusals,
        job: assessment.job,
        problem: assessment.problem,
    }
}

pub(super) fn reasons(assessment: &Seen) -> Vec<(Option<i32>, &str)> {
    assessment
        .refusals
        .iter()
        .filter(|r| r.part == 0)
        .map(|r| (r.event_index, r.reason.as_str()))
        .collect()
}

#[test]
fn a_good_document_is_captured_whole_and_stamped() {
    let one = event("urn:x:1", "1");
    let assessment = assessed(&LIVE, &document(&[one.clone(), event("urn:x:2", "2")]));
    assert!(assessment.problem.is_none() && assessment.refusals.is_empty());
    let job = &assessment.job;
    assert!(job.success && !job.running);
    assert_eq!((job.events, job.captured, job.errors_total), (2, 2, 0));
    let record: EpcisEvent = CODEC.decode(&assessment.accepted[0].value).unwrap();
    assert_eq!(record.event_id, "urn:x:1");
    assert_eq!(record.biz_step.as_deref(), Some("shipping"));
    assert_eq!((record.record_time, record.captured_at), (NOW, NOW));
    assert_eq!(
        (record.reference_offset, record.source_party.as_str()),
        (42, "9521321000001")
    );
    assert_eq!(
        (record.capture_id.as_str(), record.document_id.as_deref()),
        ("c1", Some("urn:x:doc-1"))
    );
    assert_eq!(record.original, one.to_string().into_bytes());
}

#[test]
fn an_event_without_id_is_its_hash() {
    let mut anonymous = event("", "1");
    anonymous.as_object_mut().unwrap().remove("eventID");
    let assessment = assessed(&LIVE, &document(&[anonymous]));
    let identity = &assessment.accepted[0].identity;
    assert!(identity.event_id.starts_with("ni:///sha-256;"));
    assert_eq!(identity.event_id, identity.content_hash);
}

#[test]
fn one_bad_event_refuses_the_document_or_only_itself_as_asked() {
    let mut bad = event("urn:x:2", "2");
    bad["epcList"] = json!(["https://id.gs1.org/01/09521321123459/21/2"]);
    let body = document(&[event("urn:x:1", "1"), bad.clone()]);

    let rollback = assessed(&LIVE, &body);
    assert!(rollback.accepted.is_empty());
    assert_eq!(reasons(&rollback), [(Some(1), "bad_check_digit")]);
    let problem = rollback.problem.unwrap();
    assert_eq!((problem.kind, problem.errors.len()), (Kind::Validation, 1));
    assert_eq!(problem.errors[0].place.as_deref(), Some("epcList[0]"));
    assert_eq!(rollback.refusals[0].original, bad.to_string().into_bytes());
    assert_eq!(rollback.refusals[0].event_id.as_deref(), Some("urn:x:2"));
    assert_eq!((rollback.job.captured, rollback.job.success), (0, false));

    let proceed = assessed(
        &Case {
            behaviour: Behaviour::Proceed,
            ..LIVE
        },
        &body,
    );
    assert!(proceed.problem.is_none());
    assert_eq!((proceed.accepted.len(), proceed.job.captured), (1, 1));
    assert_eq!(reasons(&proceed), [(Some(1), "bad_check_digit")]);
    assert!(!proceed.job.success);
}

#[test]
fn a_malformed_document_keeps_its_bytes_and_names_line_and_column() {
    let body = b"{\n  \"type\": \"EPCISDocument\",\n  \"ex:deviceId\": \"phone\", oops }";
    let assessment = assessed(&LIVE, body);
    let refusal = &assessment.refusals[0];
    assert_eq!(refusal.reason, "malformed_json");
    assert_eq!(refusal.place.as_deref(), Some("line 3, column 27"));
    let kept = String::from_utf8(refusal.original.clone()).unwrap();
    assert!(kept.ends_with(", oops }") && !kept.contains("phone"));
    assert_eq!(assessment.problem.unwrap().kind, Kind::Validation);
}

#[test]
fn raw_device_and_session_ids_are_nowhere_in_the_record() {
    let mut scan = event("urn:x:1", "1");
    scan["bizStep"] = "inspecting".into();
    scan["ex:kind"] = "consumer".into();
    scan["ex:deviceId"] = "phone-77".into();
    scan["ex:sessionId"] = "session-77".into();
    let assessment = assessed(&LIVE, &document(&[scan]));
    let value = &assessment.accepted[0].value;
    assert!(memchr::memmem::find(value, b"phone-77").is_none());
    assert!(memchr::memmem::find(value, b"session-77").is_none());
    let record: EpcisEvent = CODEC.decode(value).unwrap();
    assert_eq!(record.scan_kind.as_deref(), Some("consumer"));
    let device = DEVICES.hash("deviceId", "phone-77");
    assert_eq!(record.device.as_ref(), Some(&device));
    assert!(record.extensions.unwrap().contains(&device));
    assert!(
        String::from_utf8(record.original)
            .unwrap()
            .contains(&device)
    );
}

#[test]
fn times_that_cannot_be_are_refused() {
    for (time, reason) in [
        ("1970-01-01T00:00:00Z", "event_time_before_1990"),
        ("2026-03-03T00:00:01Z", "event_time_in_future"),
        ("2199-01-01T00:00:00Z", "event_time_in_future"),
    ] {
        let mut bad = event("urn:x:1", "1");
        bad["eventTime"] = time.into();
        for clock in [Clock::Live, Clock::Replay] {
            let body = document(&[bad.clone()]);
            let assessment = assessed(&Case { clock, ..LIVE }, &body);
            // In replay a day ahead of the wall clock may be what the import says.
            if clock == Clock::Live || time != "2026-03-03T00:00:01Z" {
                assert_eq!(
                    reasons(&assessment),
                    [(Some(0), reason)],
                    "{time} {clock:?}"
                );
            }
        }
    }
}

#[test]
fn within_a_document_the_smaller_content_stands_whatever_its_place() {
    let (one, other) = (event("urn:x:1", "1"), event("urn:x:1", "2"));
    let case = Case {
        behaviour: Behaviour::Proceed,
        ..LIVE
    };
    let forth = assessed(&case, &document(&[one.clone(), other.clone()]));
    let back = assessed(&case, &document(&[other, one.clone()]));
    assert_eq!(forth.accepted[0].identity, back.accepted[0].identity);
    assert_eq!(forth.refusals[0].reason, "event_id_conflict");
    let repeat = assessed(&LIVE, &document(&[one.clone(), one]));
    assert!(repeat.problem.is_none(), "the same event twice is a repeat");
}

#[test]
fn an_event_and_its_declaration_in_one_document_do_not_conflict() {
    let one = event("urn:x:1", "1");
    let mut declaration = one.clone();
    declaration["errorDeclaration"] = json!({"declarationTime": "2026-03-01T12:00:00Z"});
    assert!(
        assessed(&LIVE, &document(&[one, declaration]))
            .problem
            .is_none()
    );
}

#[test]
fn a_known_conflict_is_told_at_once() {
    let case = Case {
        losing: &["urn:x:1"],
        ..LIVE
    };
    let alone = assessed(&case, &document(&[event("urn:x:1", "1")]));
    assert_eq!(alone.problem.unwrap().kind, Kind::Conflict);
    let mixed = document(&[event("urn:x:1", "1"), event("urn:x:2", "2")]);
    assert_eq!(
        assessed(&case, &mixed).problem.unwrap().kind,
        Kind::Conflict
    );
    let proceed = assessed(
        &Case {
            behaviour: Behaviour::Proceed,
            ..case
        },
        &mixed,
    );
    assert_eq!(proceed.accepted.len(), 1);
    assert_eq!(reasons(&proceed), [(Some(0), "event_id_conflict")]);
}

#[test]
fn in_replay_what_this_instance_happens_to_know_decides_nothing_about_neighbours() {
    let case = Case {
        clock: Clock::Replay,
        losing: &["urn:x:1"],
        ..LIVE
    };
    let mixed = document(&[event("urn:x:1", "1"), event("urn:x:2", "2")]);
    assert_eq!(assessed(&case, &mixed).accepted.len(), 2);
    let alone = assessed(&case, &document(&[event("urn:x:1", "1")]));
    assert_eq!(alone.problem.unwrap().kind, Kind::Conflict);
}

/// An event of `count` units whose identifiers are this long.
fn large(count: usize, length: usize) -> Value {
    let epcs: Vec<String> = (0..count)
        .map(|n| format!("urn:example:{n:0>length$}"))
        .collect();
    let mut event = event("urn:x:1", "1");
    event["epcList"] = json!(epcs);
    event
}

#[test]
fn an_event_of_a_hundred_thousand_units_fits_with_its_original_compressed() {
    let event = large(100_000, 40);
    let assessment = assessed(&LIVE, &document(std::slice::from_ref(&event)));
    assert!(assessment.problem.is_none(), "{:?}", reasons(&assessment));
    let record: EpcisEvent = CODEC.decode(&assessment.accepted[0].value).unwrap();
    assert_eq!(record.epc_list.len(), 100_000);
    assert_eq!(record.original_format, "application/ld+json+gzip");
    let mut original = String::new();
    let mut decoder = flate2::read::GzDecoder::new(record.original.as_slice());
    std::io::Read::read_to_string(&mut decoder, &mut original).unwrap();
    assert_eq!(original, event.to_string());
}

#[test]
fn an_event_that_fits_no_record_is_too_large() {
    let assessment = assessed(&LIVE, &document(&[large(100_000, 100)]));
    assert_eq!(reasons(&assessment), [(Some(0), "event_too_large")]);
    assert_eq!(assessment.problem.unwrap().kind, Kind::TooLarge);
    let assessment = assessed(&LIVE, &document(&[large(100_001, 10)]));
    assert_eq!(reasons(&assessment), [(Some(0), "too_many_epcs")]);
}

#[test]
fn a_document_without_events_is_an_empty_success() {
    let assessment = assessed(&LIVE, &document(&[]));
    assert!(assessment.problem.is_none() && assessment.accepted.is_empty());
    assert!(assessment.job.success);
}

#[test]
fn a_job_record_stays_small_whatever_the_errors_say() {
    let events: Vec<Value> = (0..120)
        .map(|n| {
            let mut event = event(&format!("urn:uuid:{n}"), "A");
            event["€".repeat(20_000)] = json!(1);
            event["action"] = json!("€".repeat(2_000));
            event
        })
        .collect();
    let assessment = assessed(&LIVE, &document(&events));
    assert_eq!(assessment.job.errors_total, 120);
    assert!(!assessment.job.errors.is_empty());
    let size = CODEC.encode(&assessment.job).unwrap().len();
    assert!(size <= max_record_bytes(CAPTURE_JOBS), "{size} bytes");
}

#[test]
fn an_unknown_field_of_a_megabyte_is_named_by_its_beginning() {
    let mut event = event("urn:uuid:1", "A");
    event["x".repeat(1_000_000)] = json!(1);
    let assessment = assessed(&LIVE, &document(&[event]));
    assert_eq!(assessment.job.errors_total, 1);
    let place = assessment.job.errors[0].place.as_deref().unwrap();
    assert!(
        place.contains("xxx") && place.len() < 4_000,
        "{}",
        place.len()
    );
}
