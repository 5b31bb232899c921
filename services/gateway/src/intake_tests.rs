use super::*;
use crate::media::AVRO;
use serialtrail_records::{EpcisEvent, Mark, RejectedEvent};
use serialtrail_runtime::Clock;
use serialtrail_stream::OutputRecord;
use serialtrail_stream::reference::ReferenceTable;
use serialtrail_stream::testing::{TestContext, record};

const TIME: Micros = 1_772_354_400_000_000; // 2026-03-01T08:40:00Z

fn intake(mode: Clock) -> Intake {
    Intake {
        codec: Arc::new(Codec::offline().unwrap()),
        counts: Counts::all(8),
        device_hash: DeviceHash::new("d1", "0123456789abcdef").unwrap(),
        clock: Arc::new(StreamClock::new(mode, None)),
        reference: ReferenceCopy::fixed(ReferenceTable::default()),
        reached: None,
        marked: None,
    }
}

fn event() -> PartnerEvent {
    PartnerEvent {
        event_id: Some("urn:uuid:11111111-1111-4111-8111-111111111111".into()),
        event_type: "ObjectEvent".into(),
        action: "OBSERVE".into(),
        event_time: TIME,
        event_time_zone_offset: "+00:00".into(),
        biz_step: Some("shipping".into()),
        read_point: Some("https://id.gs1.org/414/9521321000018".into()),
        epc_list: vec!["https://id.gs1.org/01/09521321123458/21/1".into()],
        ..PartnerEvent::default()
    }
}

fn run(intake: &mut Intake, records: &[InputRecord]) -> Vec<OutputRecord> {
    TestContext::new(0).window(intake, records, 100).unwrap()
}

fn rejection(intake: &mut Intake, value: &[u8]) -> RejectedEvent {
    let outputs = run(
        intake,
        &[record("partner.9521321000001", 2, 17, None, value)],
    );
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0].topic, REJECTED_EVENTS);
    let row: RejectedEvent = intake
        .codec
        .decode(outputs[0].value.as_deref().unwrap())
        .unwrap();
    assert_eq!(row.source_topic.as_deref(), Some("partner.9521321000001"));
    assert_eq!(
        (row.source_partition, row.source_offset),
        (Some(2), Some(17))
    );
    assert_eq!(
        row.capture_id.as_deref(),
        Some("partner.9521321000001/2/17")
    );
    assert_eq!(row.source_party, "9521321000001");
    row
}

#[test]
fn the_topic_says_who_publishes_and_the_record_what() {
    let mut intake = intake(Clock::Replay);
    let value = intake.codec.encode(&event()).unwrap();
    let outputs = run(
        &mut intake,
        &[record("partner.9521321000001", 2, 17, None, &value)],
    );
    assert_eq!(outputs[0].topic, EPCIS_EVENTS);
    let written: EpcisEvent = intake
        .codec
        .decode(outputs[0].value.as_deref().unwrap())
        .unwrap();
    assert_eq!(outputs[0].key.as_deref(), Some(written.event_id.as_bytes()));
    assert_eq!(written.source_party, "9521321000001");
    assert_eq!(written.capture_id, "partner.9521321000001/2/17");
    assert_eq!(
        (written.original_format.as_str(), written.original),
        (AVRO, value)
    );
    assert_eq!(
        written.record_time, TIME,
        "in replay without a header: its event time"
    );
}

#[test]
fn in_replay_the_header_dates_a_record_and_a_mark_follows_its_window() {
    let mut intake = intake(Clock::Replay);
    let value = intake.codec.encode(&event()).unwrap();
    let mut input = record("partner.acme", 0, 0, None, &value);
    input.headers = vec![(
        "serialtrail-record-time".into(),
        "2026-03-05T00:00:00Z".into(),
    )];
    let outputs = run(&mut intake, &[input.clone(), input]);
    let record_time = 1_772_668_800_000_000;
    let written: EpcisEvent = intake
        .codec
        .decode(outputs[0].value.as_deref().unwrap())
        .unwrap();
    assert_eq!(
        (written.record_time, written.source_party.as_str()),
        (record_time, "acme")
    );
    let marks: Vec<Mark> = outputs[2..]
        .iter()
        .map(|output| {
            intake
                .codec
                .decode(output.value.as_deref().unwrap())
                .unwrap()
        })
        .collect();
    assert_eq!(marks.len(), 16);
    assert!(marks.iter().all(|mark| mark.time == record_time));
    assert_eq!(
        intake.clock.last_mark(),
        Some(record_time),
        "once the window is committed"
    );
}

#[test]
fn a_window_that_was_dropped_marks_nothing() {
    let mut intake = intake(Clock::Replay);
    let value = intake.codec.encode(&event()).unwrap();
    let mut ctx = TestContext::new(0);
    intake
        .step(&record("partner.acme", 0, 0, None, &value), &mut ctx)
        .unwrap();
    intake.end_of_window(10, &mut ctx).unwrap();
    intake.forget(0);
    intake.has_pending(&mut ctx).unwrap();
    assert_eq!(intake.clock.last_mark(), None);
}

#[test]
fn what_is_no_partner_event_is_rejected_with_its_bytes() {
    let mut intake = intake(Clock::Live);
    let mark = intake.codec.encode(&Mark::default()).unwrap();
    let truncated = intake.codec.encode(&event()).unwrap()[..20].to_vec();
    let unknown = [&[0, 0, 0, 39, 15][..], b"datum"].concat();
    let cases: [(&[u8], &str); 6] = [
        (b"garbage", "not_avro_framed"),
        (b"", "not_avro_framed"),
        (b"{\"type\":\"ObjectEvent\"}", "not_avro_framed"),
        (&unknown, "unknown_schema_id"),
        (&mark, "unexpected_record"),
        (&truncated, "bad_avro"),
    ];
    for (value, reason) in cases {
        let row = rejection(&mut intake, value);
        assert_eq!(
            (row.reason.as_str(), row.original.as_slice()),
            (reason, value)
        );
    }
}

#[test]
fn an_invalid_event_is_rejected_with_its_field() {
    let mut intake = intake(Clock::Live);
    let bad = PartnerEvent {
        epc_list: vec!["https://id.gs1.org/01/09521321123459/21/1".into()],
        ..event()
    };
    let value = intake.codec.encode(&bad).unwrap();
    let row = rejection(&mut intake, &value);
    assert_eq!(row.reason, "bad_check_digit");
    assert_eq!(row.place.as_deref(), Some("epcList[0]"));
    assert_eq!((row.event_id, row.original), (bad.event_id, value));

    for (time, reason) in [
        (0, "event_time_before_1990"),
        (4_102_444_800_000_000, "event_time_in_future"),
    ] {
        let value = intake
            .codec
            .encode(&PartnerEvent {
                event_time: time,
                ..event()
            })
            .unwrap();
        assert_eq!(rejection(&mut intake, &value).reason, reason);
    }
    let extensions = Some("{\"action\":\"ADD\"}".to_owned());
    let value = intake
        .codec
        .encode(&PartnerEvent {
            extensions,
            ..event()
        })
        .unwrap();
    assert_eq!(rejection(&mut intake, &value).reason, "unknown_field");
}

#[test]
fn raw_device_ids_of_a_partner_go_no_further() {
    let mut intake = intake(Clock::Live);
    let scan = PartnerEvent {
        biz_step: Some("inspecting".into()),
        extensions: Some(
            r#"{"@context":{"ex":"https://ex.com/"},"ex:kind":"consumer","ex:deviceId":"phone-77"}"#
                .into(),
        ),
        ..event()
    };
    let value = intake.codec.encode(&scan).unwrap();
    let outputs = run(&mut intake, &[record("partner.acme", 0, 0, None, &value)]);
    let output = outputs[0].value.as_deref().unwrap();
    assert!(memchr::memmem::find(output, b"phone-77").is_none());
    let written: EpcisEvent = intake.codec.decode(output).unwrap();
    assert_eq!(written.scan_kind.as_deref(), Some("consumer"));
    assert_eq!(
        written.device,
        Some(intake.device_hash.hash("deviceId", "phone-77"))
    );
    let original: PartnerEvent = intake.codec.decode(&written.original).unwrap();
    assert_eq!(original.epc_list, scan.epc_list);
}
