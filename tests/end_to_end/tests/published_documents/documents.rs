//! The test: all files sent, sent again, asked back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::vectors::{epcis_schema, folder};
use serialtrail_epcis::Event;

use crate::expected::{Expected, Known, expected, wrong};
use crate::landed::{Identity, answered, identity, read, stored, units};
use crate::pipeline::{self, Outcome, Sent};
use crate::stated;
use crate::vectors;

const TABLE: &str = "target/published-documents.txt";

#[test]
fn every_published_document_lands_whole_or_is_refused_with_its_reason() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let Some(root) = folder() else {
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
    let schema = epcis_schema(&root);

    let mut known = Known::default();
    let mut faults = BTreeMap::new();
    let mut table = String::new();
    let mut landed = (0, 0);
    let mut withdrawn = BTreeSet::new();
    let mut apart = BTreeSet::new();
    let mut reads: BTreeMap<String, (BTreeSet<String>, &str)> = BTreeMap::new();
    for ((file, sent), found) in files.iter().zip(&sent).zip(&found) {
        let events = read(&file.body);
        let before = known.clone();
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
