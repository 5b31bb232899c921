//! Bad input ends as an error to the sender or as a row in `rejected` with reason and original bytes,
//! and the pipeline goes on.
#![allow(clippy::unwrap_used)]

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::{
    aggregation, bare, commissioning, document, identified, object,
};
use serialtrail_end_to_end::master::{
    self, CENTRE, FACTORY, PHARMACY, WHOLESALER, sgln, sgtin, sgtins, sscc,
};
use serialtrail_end_to_end::partner::{publish, write_raw};
use std::io::Write;

const CAPTURE: &str = "/epcis/v2/capture";
const EVENTS: &str = "/epcis/v2/events";

/// A good event still goes through: captured, settled, traced.
fn the_pipeline_goes_on(d: &Deployment, serial: &str) {
    let unit = sgtin(9, serial);
    let made = commissioning(
        "2026-03-01T08:00:00Z",
        &sgln(FACTORY),
        "ON",
        "2028-03-01",
        std::slice::from_ref(&unit),
    );
    d.capture(&document(vec![made])).unwrap();
    d.settle().unwrap();
    assert_eq!(
        d.trace(&unit).unwrap()["journey"].as_array().unwrap().len(),
        1
    );
}

/// (reason, original bytes) of what was rejected under a condition on table `rejected`.
fn rejected(d: &Deployment, condition: &str) -> Vec<(String, String)> {
    let text = d
        .sql(&format!(
            "SELECT reason, hex(original) FROM rejected FINAL WHERE {condition} \
             ORDER BY reject_id, part FORMAT TSV"
        ))
        .unwrap();
    text.lines()
        .map(|l| {
            let (reason, bytes) = l.split_once('\t').unwrap();
            (reason.to_owned(), bytes.to_owned())
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

fn one_event(serial: &str, time: &str) -> Value {
    object(
        "OBSERVE",
        time,
        "receiving",
        &sgln(CENTRE),
        &[sgtin(9, serial)],
    )
}

#[test]
fn what_is_no_document_is_refused_to_the_sender() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let good = document(vec![one_event("HTTP", "2026-03-01T08:00:00Z")]).to_string();
    let status = |body: &str, headers: &[(&str, &str)]| {
        let (status, answer) = d.post(CAPTURE, body.to_owned(), headers).unwrap();
        assert!(
            answer["title"].is_string() && answer["detail"].is_string(),
            "{answer}"
        );
        assert_eq!(answer["status"], status, "{answer}");
        (status, answer)
    };
    let (code, answer) = status("{\"type\": \"EPCISDocument\", ", &[]);
    assert_eq!(code, 400);
    assert!(
        answer["detail"].as_str().unwrap().contains("line 1"),
        "{answer}"
    );
    assert_eq!(
        status(&good.replace("EPCISDocument", "Invoice"), &[]).0,
        400
    );
    assert_eq!(
        status(&good.replace("ObjectEvent", "ObjektEvent"), &[]).0,
        400
    );
    // JSON that is said to be XML.
    assert_eq!(status(&good, &[("content-type", "application/xml")]).0, 400);
    assert_eq!(status(&good, &[("content-type", "text/plain")]).0, 415);
    assert_eq!(status(&good, &[("x-api-key", "nobody")]).0, 401);
    // A document that is refused is kept: by its beginning it is found again.
    d.settle().unwrap();
    let kept = rejected(
        &d,
        "stage = 'gateway' AND original = '{\"type\": \"EPCISDocument\", '",
    );
    assert!(
        !kept.is_empty(),
        "the malformed document is not in rejected"
    );
    the_pipeline_goes_on(&d, "ON-HTTP");
}

#[test]
fn a_document_over_the_limit_is_413() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    // A bomb: a mebibyte that unpacks to more than a document may have.
    let limit = d.settings().gateway.max_document_bytes;
    let blanks = vec![b' '; 1 << 20];
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..=limit >> 20 {
        bomb.write_all(&blanks).unwrap();
    }
    let body = bomb.finish().unwrap();
    let (status, answer) = d
        .post(CAPTURE, body, &[("content-encoding", "gzip")])
        .unwrap();
    assert_eq!(status, 413, "{answer}");
    the_pipeline_goes_on(&d, "ON-413");
}

#[test]
fn a_bad_check_digit_refuses_the_document_and_keeps_the_event() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let good = format!("https://id.gs1.org/01/{}/21/CHECK", master::gtin(9));
    let last: u32 = good.chars().nth(35).and_then(|c| c.to_digit(10)).unwrap();
    let bad = format!("{}{}{}", &good[..35], (last + 1) % 10, &good[36..]);
    let event = object(
        "OBSERVE",
        "2026-03-01T08:00:00Z",
        "receiving",
        &sgln(CENTRE),
        std::slice::from_ref(&bad),
    );
    let (status, answer) = d
        .post(CAPTURE, document(vec![event.clone()]).to_string(), &[])
        .unwrap();
    assert_eq!(status, 400);
    assert!(answer.to_string().contains("bad_check_digit"), "{answer}");
    d.settle().unwrap();
    let kept = d
        .sql(&format!(
            "SELECT count() FROM rejected FINAL WHERE reason = 'bad_check_digit' \
             AND position(original, '{bad}') > 0"
        ))
        .unwrap();
    assert_ne!(kept, "0");
    // With `proceed` the good event of the same document is captured.
    let fine = sgtin(9, "BESIDE-BAD");
    let beside = commissioning(
        "2026-03-01T08:00:00Z",
        &sgln(FACTORY),
        "B",
        "2028-01-01",
        std::slice::from_ref(&fine),
    );
    let (status, job) = d
        .post(
            CAPTURE,
            document(vec![event, beside]).to_string(),
            &[("gs1-capture-error-behaviour", "proceed")],
        )
        .unwrap();
    assert_eq!(status, 202, "{job}");
    d.settle().unwrap();
    assert_eq!(
        d.trace(&fine).unwrap()["journey"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn times_out_of_this_world_are_refused() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    for (time, reason) in [
        ("2099-01-01T00:00:00Z", "event_time_in_future"),
        ("1970-01-01T00:00:00Z", "event_time_before_1990"),
    ] {
        let (status, answer) = d
            .post(
                CAPTURE,
                document(vec![one_event("TIME", time)]).to_string(),
                &[],
            )
            .unwrap();
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains(reason), "{answer}");
        d.settle().unwrap();
        assert!(
            !rejected(&d, &format!("reason = '{reason}'")).is_empty(),
            "{reason}"
        );
    }
    the_pipeline_goes_on(&d, "ON-TIME");
}

#[test]
fn what_a_partner_publishes_wrongly_is_rejected_with_its_bytes() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let garbage: &[u8] = &[0xff, 0x00, 0x13, 0x37, 0xde, 0xad];
    let unknown: &[u8] = &[0, 0x7f, 0xff, 0xff, 0x01, 2, 3];
    publish(&d, "clumsy", &[garbage.to_vec(), unknown.to_vec()]).unwrap();
    d.wait_for(60, || {
        Ok(rejected(&d, "source_topic = 'partner.clumsy'").len() >= 2)
    })
    .unwrap();
    let mut found = rejected(&d, "source_topic = 'partner.clumsy'");
    found.sort();
    assert_eq!(
        found,
        [
            ("not_avro_framed".to_owned(), hex(garbage)),
            ("unknown_schema_id".to_owned(), hex(unknown)),
        ]
    );
}

#[test]
fn garbage_and_wrong_partitions_inside_the_pipeline_are_rejected_not_processed() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let garbage: &[u8] = b"\x01not avro at all";
    let unknown: &[u8] = &[0, 0x7f, 0xff, 0xff, 0x02, 9, 9];
    let key = "urn:uuid:wrong-partition-test";
    let right = serialtrail_gs1::partition(key.as_bytes(), 8);
    let wrong = (right + 1) % 8;
    for topic in ["epcis-events", "unit-inbox"] {
        write_raw(&d, topic, right, Some(key.as_bytes()), garbage).unwrap();
        write_raw(&d, topic, right, Some(key.as_bytes()), unknown).unwrap();
        write_raw(&d, topic, wrong, Some(key.as_bytes()), b"\x01elsewhere").unwrap();
    }
    d.settle().unwrap();
    for (topic, stage) in [("epcis-events", "dispatcher"), ("unit-inbox", "enricher")] {
        let mut found = rejected(
            &d,
            &format!(
                "source_topic = '{topic}' AND stage = '{stage}' \
                 AND (original LIKE '%not avro at all' OR original LIKE '%elsewhere' \
                 OR original = unhex('{}'))",
                hex(unknown)
            ),
        );
        found.sort();
        assert_eq!(
            found,
            [
                ("not_avro_framed".to_owned(), hex(garbage)),
                ("unknown_schema_id".to_owned(), hex(unknown)),
                ("wrong_partition".to_owned(), hex(b"\x01elsewhere")),
            ],
            "{topic}"
        );
    }
    the_pipeline_goes_on(&d, "ON-RAW");
}

#[test]
fn containers_in_a_loop_are_rejected_with_their_path() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let (a, b) = (sscc(77_001), sscc(77_002));
    let pack = |parent: &str, child: &String, time: &str| {
        aggregation(
            "ADD",
            time,
            "packing",
            &sgln(CENTRE),
            parent,
            std::slice::from_ref(child),
        )
    };
    d.capture(&document(vec![
        pack(&a, &b, "2026-03-01T08:00:00Z"),
        pack(&b, &a, "2026-03-01T09:00:00Z"),
        object(
            "OBSERVE",
            "2026-03-01T10:00:00Z",
            "shipping",
            &sgln(CENTRE),
            std::slice::from_ref(&a),
        ),
    ]))
    .unwrap();
    d.settle().unwrap();
    let found = d
        .sql("SELECT length(path) FROM rejected FINAL WHERE reason = 'container_loop' LIMIT 1")
        .unwrap();
    assert!(
        found.parse::<u32>().is_ok_and(|n| n >= 1),
        "no container_loop: {found:?}"
    );
    the_pipeline_goes_on(&d, "ON-LOOP");
}

#[test]
fn an_event_of_a_hundred_thousand_units_lands_whole() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let units = sgtins(10, "HUGE", 100_000);
    let event = commissioning(
        "2026-03-01T08:00:00Z",
        &sgln(FACTORY),
        "HUGE",
        "2028-03-01",
        &units,
    );
    d.capture(&document(vec![event])).unwrap();
    d.settle().unwrap();
    let landed = d
        .sql("SELECT uniqExact(unit) FROM observations FINAL WHERE state = 'asserted' AND unit LIKE '%/21/HUGE%'")
        .unwrap();
    assert_eq!(landed, "100000");
}

#[test]
fn the_same_id_with_other_content_is_a_conflict() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let id = "urn:uuid:5f3c2e6a-0000-4000-8000-00000000d001";
    let unit = sgtin(9, "CONFLICT");
    let at = |place: usize| {
        identified(
            object(
                "OBSERVE",
                "2026-03-01T08:00:00Z",
                "receiving",
                &sgln(place),
                std::slice::from_ref(&unit),
            ),
            id,
        )
    };
    let first = d
        .capture_at(&document(vec![at(CENTRE)]), "2026-03-01T09:00:00Z")
        .unwrap();
    d.settle().unwrap();
    // Known at once on the resource for single events.
    let (status, answer) = d
        .post(
            EVENTS,
            bare(at(WHOLESALER)).to_string(),
            &[("serialtrail-record-time", "2026-03-01T10:00:00Z")],
        )
        .unwrap();
    assert_eq!(status, 409, "{answer}");
    assert_eq!(
        answer["type"],
        "epcisException:ResourceAlreadyExistsException"
    );
    // In a document it is an error of the job.
    let (status, job) = d
        .post(
            CAPTURE,
            document(vec![at(FACTORY)]).to_string(),
            &[("serialtrail-record-time", "2026-03-01T11:00:00Z")],
        )
        .unwrap();
    assert_eq!(
        (status, &job["success"]),
        (202, &Value::Bool(false)),
        "{job}"
    );
    assert_eq!(job["errors"][0]["reason"], "event_id_conflict", "{job}");
    // Not known at once, because the gateway cannot tell that it loses: it would have been first.
    let earlier = d
        .capture_at(&document(vec![at(PHARMACY)]), "2026-03-01T08:30:00Z")
        .unwrap();
    d.settle().unwrap();
    let kept = rejected(
        &d,
        &format!("reason = 'event_id_conflict' AND event_id = '{id}'"),
    );
    assert!(!kept.is_empty(), "no conflict in rejected");
    let journey = d.trace(&unit).unwrap()["journey"].clone();
    assert_eq!(journey.as_array().unwrap().len(), 1, "{journey}");
    assert_eq!(
        journey[0]["capture_id"], earlier["captureID"],
        "the earliest record time stands: {journey}"
    );
    // The one that lost hears of it in its job.
    let job = d.job(first["captureID"].as_str().unwrap()).unwrap();
    assert!(job.to_string().contains("event_id_conflict"), "{job}");
}
