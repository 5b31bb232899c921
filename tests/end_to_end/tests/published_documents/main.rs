//! Every document of the published vectors through the running pipeline: each lands whole, or is refused
//! with its reason and kept; sent again it changes nothing; what landed is answered again, valid and the
//! same.
//!
//! What is expected follows from each file: the events counted in it; refusal of what its publisher calls
//! invalid and of what is no capture; a conflict where an event id was given to another event before.
//! [`stated`] names every other file, with why. The table of all files is written to
//! `target/published-documents.txt`.
#![allow(clippy::unwrap_used)]

mod pipeline;
mod stated;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use jsonschema::{Draft, Validator};
use pipeline::{Outcome, Sent};
use serde_json::Value;
use serialtrail_end_to_end::Deployment;
use serialtrail_epcis::{BodyKind, Event, Limits, parse_body};
use vectors::{File, Kind};

const TABLE: &str = "target/published-documents.txt";

/// What tells captured events apart: id, hash, and whether it withdraws the event of its id.
type Identity = (String, String, bool);

fn identity(event: &Event) -> Identity {
    (
        event.id().to_owned(),
        event.content_hash.clone(),
        event.error_declaration.is_some(),
    )
}

/// The events of a body, as far as they are valid.
fn read(body: &[u8]) -> Vec<Event> {
    let Ok(capture) = parse_body(body, BodyKind::Either, &Limits::default()) else {
        return Vec::new();
    };
    let events = capture.events.into_iter();
    events.filter_map(|event| event.outcome.ok()).collect()
}

/// What should become of a file.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// All of it is captured; so many events of it lose to another under their id.
    Landed { conflicts: usize },
    /// Nothing of it is captured.
    Refused,
}

/// The first event under each id, as the files are sent.
#[derive(Default)]
struct Known(BTreeMap<String, String>);

impl Known {
    /// Events of this file that lose, and the taking of those that do not.
    fn conflicts(&mut self, events: &[Event]) -> usize {
        let losing = events.iter().filter(|event| self.loses(event)).count();
        for event in events {
            if event.error_declaration.is_none() {
                let first = self.0.entry(event.id().to_owned());
                first.or_insert_with(|| event.content_hash.clone());
            }
        }
        losing
    }

    fn loses(&self, event: &Event) -> bool {
        let first = self.0.get(event.id());
        event.error_declaration.is_none() && first.is_some_and(|f| *f != event.content_hash)
    }
}

/// Whether two different events of a file have one id: whatever came before, one of them loses.
fn contradicts_itself(events: &[Event]) -> bool {
    let mut own = Known::default();
    events
        .iter()
        .any(|e| own.conflicts(std::slice::from_ref(e)) > 0)
}

fn expected(file: &File, events: &[Event], known: &mut Known) -> Expected {
    if file.kind == Kind::NoCapture || file.invalid() || stated::refused(&file.name).is_some() {
        return Expected::Refused;
    }
    if contradicts_itself(events) {
        return Expected::Refused;
    }
    match known.conflicts(events) {
        // A document of which all is in conflict is refused at once.
        all if all > 0 && all == events.len() => Expected::Refused,
        conflicts => Expected::Landed { conflicts },
    }
}

/// What is wrong with what a file became; nothing if all is well.
fn wrong(file: &File, expected: &Expected, events: &[Event], found: &Outcome) -> Option<String> {
    let mut reasons = found.reasons.iter().map(|(_, reason)| reason.as_str());
    match expected {
        Expected::Refused => {
            let stated = stated::refused(&file.name);
            // Of a document a conflict is an error of its job.
            let conflict = reasons.clone().any(|r| r == "event_id_conflict");
            let told = (400..500).contains(&found.status) || conflict && found.status == 202;
            if found.success || found.captured > 0 || !told {
                return Some("is not refused".into());
            }
            if found.reasons.is_empty() {
                return Some("is refused without a reason".into());
            }
            let (reason, _) = stated?;
            (!reasons.any(|r| r == *reason)).then(|| format!("is not refused for {reason}"))
        }
        Expected::Landed { conflicts } => {
            let told = reasons
                .clone()
                .filter(|r| *r == "event_id_conflict")
                .count();
            if events.len() != file.events {
                Some(format!("{} of its events are read", events.len()))
            } else if found.status != if file.kind == Kind::Event { 201 } else { 202 } {
                Some(format!("is answered {}", found.status))
            } else if found.captured != file.events as u64 {
                Some(format!("{} events are captured", found.captured))
            } else if told != *conflicts || reasons.any(|r| r != "event_id_conflict") {
                Some(format!("{conflicts} conflicts are to be told"))
            } else {
                None
            }
        }
    }
}

fn schema(root: &Path) -> Validator {
    let text = std::fs::read(root.join("gs1-epcis/EPCIS-JSON-Schema.json")).unwrap();
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        .build(&serde_json::from_slice(&text).unwrap())
        .unwrap()
}

/// The rows of captured events: identity and the capture that brought it.
fn stored(d: &Deployment, captures: &[String]) -> BTreeSet<(Identity, String)> {
    let captures = captures.join("','");
    let rows = d
        .sql(&format!(
            "SELECT event_id, content_hash, declaration, capture_id FROM events FINAL \
             WHERE capture_id IN ('{captures}') FORMAT JSONCompactEachRow"
        ))
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let identity = (text(&row[0]), text(&row[1]), row[2] == true);
        (identity, text(&row[3]))
    };
    rows.lines().map(row).collect()
}

/// Asks for the events of a file in a media type; the hashes of what comes back, by event id.
fn answered(
    d: &Deployment,
    http: &reqwest::blocking::Client,
    ids: &[&str],
    media: &str,
    schema: &Validator,
    apart: &mut BTreeSet<usize>,
    faults: &mut Vec<String>,
) -> BTreeSet<(String, String)> {
    let mut back = BTreeSet::new();
    for text in pipeline::query(d, http, ids, media) {
        if media.ends_with("json") {
            let body: Value = serde_json::from_str(&text).unwrap();
            for error in schema.iter_errors(&body) {
                let (place, message) = (error.instance_path().to_string(), error.to_string());
                match stated::apart(&place, &message) {
                    Some(known) => _ = apart.insert(known),
                    None => faults.push(format!("answer is not valid: {message} at {place}")),
                }
            }
        }
        let capture = match parse_body(text.as_bytes(), BodyKind::Either, &Limits::default()) {
            Ok(capture) => capture,
            Err(error) => {
                faults.push(format!("answer in {media} is not read: {error}"));
                continue;
            }
        };
        for event in capture.events {
            match event.outcome {
                Ok(event) => {
                    back.insert((event.id().to_owned(), event.content_hash));
                }
                Err(error) => faults.push(format!("answer in {media} is not read: {error}")),
            }
        }
    }
    back
}

/// Units of an event, as given.
fn units(event: &Event) -> impl Iterator<Item = &str> {
    let quantities = event.quantity_list.iter().chain(&event.child_quantity_list);
    let units = event.epc_list.iter().chain(&event.child_epcs);
    let units = units
        .chain(&event.parent_id)
        .chain(&event.input_epc_list)
        .chain(&event.output_epc_list);
    units
        .chain(quantities.map(|q| &q.epc_class))
        .map(|id| id.given.as_str())
}

#[test]
fn every_published_document_lands_whole_or_is_refused_with_its_reason() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let Some(root) = vectors::folder() else {
        return;
    };
    let files = vectors::files(&root);
    let http = reqwest::blocking::Client::new();
    let send_all = || -> Vec<Sent> {
        let sent = files.iter().map(|f| pipeline::send(&d, &http, f)).collect();
        d.settle().unwrap();
        sent
    };
    let outcomes =
        |sent: &[Sent]| -> Vec<Outcome> { sent.iter().map(|s| pipeline::outcome(&d, s)).collect() };
    let ids = |sent: &[Sent]| -> Vec<String> { sent.iter().map(|s| s.capture.clone()).collect() };

    let sent = send_all();
    let found = outcomes(&sent);
    let captures = ids(&sent);
    let rows = stored(&d, &captures);
    let schema = schema(&root);

    let mut known = Known::default();
    let mut faults = BTreeMap::new();
    let mut table = String::new();
    let mut landed = (0, 0);
    let mut withdrawn = BTreeSet::new();
    let mut apart = BTreeSet::new();
    let mut reads: BTreeMap<String, (BTreeSet<String>, &str)> = BTreeMap::new();
    for ((file, sent), found) in files.iter().zip(&sent).zip(&found) {
        let events = read(&file.body);
        let before = Known(known.0.clone());
        let expected = expected(file, &events, &mut known);
        let mut said: Vec<String> = wrong(file, &expected, &events, found).into_iter().collect();
        let reasons: BTreeSet<&str> = found.reasons.iter().map(|(_, r)| r.as_str()).collect();
        let reasons = Vec::from_iter(reasons).join(" ");
        let line = match &expected {
            Expected::Refused => {
                said.extend(pipeline::kept(&d, sent, file).err());
                format!("refused ({reasons})")
            }
            _ if found.captured == 0 => format!("refused ({reasons}), and should have landed"),
            Expected::Landed { conflicts } => {
                landed = (landed.0 + 1, landed.1 + file.events);
                let here: BTreeSet<&Identity> = rows.iter().map(|(event, _)| event).collect();
                for event in &events {
                    if !here.contains(&identity(event)) {
                        said.push(format!("{} is not in events", event.id()));
                    }
                }
                let ids: BTreeSet<&str> = events.iter().map(Event::id).collect();
                let ids = Vec::from_iter(ids);
                for media in ["application/json", "application/xml"] {
                    let back = answered(&d, &http, &ids, media, &schema, &mut apart, &mut said);
                    for event in &events {
                        let id = event.id().to_owned();
                        let same = (id.clone(), event.content_hash.clone());
                        if !before.loses(event) && !back.contains(&same) {
                            said.push(format!("{id} is not answered the same in {media}"));
                        }
                    }
                }
                for event in &events {
                    if event.error_declaration.is_some() {
                        withdrawn.insert(event.id().to_owned());
                    } else {
                        for unit in units(event) {
                            let (ids, _) = reads
                                .entry(unit.to_owned())
                                .or_insert_with(|| (BTreeSet::new(), &file.name));
                            ids.insert(event.id().to_owned());
                        }
                    }
                }
                match conflicts {
                    0 => format!("landed {}", file.events),
                    n => format!("landed {}, {n} of them in conflict", file.events),
                }
            }
        };
        writeln!(table, "{}: {line}", file.name).unwrap();
        if !said.is_empty() {
            faults.insert(file.name.clone(), said);
        }
    }

    // Every unit that landed has a journey with its events in it, but for those withdrawn.
    let units = reads.len();
    for (unit, (ids, file)) in reads {
        let Ok(trace) = d.trace(&unit) else {
            faults
                .entry(file.to_owned())
                .or_default()
                .push(format!("{unit} cannot be traced"));
            continue;
        };
        let journey = trace["journey"].as_array().unwrap();
        let missing: Vec<&String> = ids
            .difference(&withdrawn)
            .filter(|id| !journey.iter().any(|read| read["event_id"] == id.as_str()))
            .collect();
        if !missing.is_empty() {
            let said = format!("the journey of {unit} lacks {missing:?}");
            faults.entry(file.to_owned()).or_default().push(said);
        }
    }

    // A resend of everything is recognised as what it is.
    let again = send_all();
    for ((file, first), second) in files.iter().zip(&found).zip(outcomes(&again)) {
        if *first != second {
            faults
                .entry(file.name.clone())
                .or_default()
                .push(format!("sent again: {second:?} instead of {first:?}"));
        }
    }
    assert_eq!(stored(&d, &captures), rows, "a resend changed a row");
    assert_eq!(
        stored(&d, &ids(&again)),
        BTreeSet::new(),
        "a resend made an event"
    );

    let summary = format!(
        "{} files: {} landed with {} events ({} different, {units} units), {} refused, {} with faults",
        files.len(),
        landed.0,
        landed.1,
        rows.len(),
        files.len() - landed.0,
        faults.len(),
    );
    table.push_str(&summary);
    table.push('\n');
    let place = serialtrail_stack::Project::find().unwrap().root.join(TABLE);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, &table).unwrap();
    println!("{summary}; each in {TABLE}");
    assert!(files.len() > 100, "are the vectors complete?");
    for name in stated::names() {
        assert!(
            files.iter().any(|f| f.name == name),
            "{name} is stated and not there"
        );
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let stated = stated::FAULTS_OF_THE_SCHEMA;
    assert_eq!(apart.len(), stated, "a stated fault of the schema is gone");
}
