use super::*;
use serialtrail_records::{
    AvroRecord, LotStatus, Mark, Product, ReadBody, Site, TypedId, UnitFacts,
};

fn place(topic: &'static str) -> Place {
    Place {
        topic,
        partition: 0,
        partitions: 1,
    }
}

fn record(offset: i64, value: Vec<u8>) -> Record {
    Record {
        offset,
        timestamp_ms: 7,
        key: None,
        value: Some(value),
    }
}

fn encoded<T: AvroRecord + Default>(codec: &Codec) -> Vec<u8> {
    codec.encode(&T::default()).unwrap()
}

#[test]
fn every_record_of_a_mixed_topic_goes_to_its_tables() {
    let codec = Codec::offline().unwrap();
    let mark = Mark {
        time: 5,
        ..Mark::default()
    };
    let records = [
        record(0, encoded::<EnrichedObservation>(&codec)),
        record(1, encoded::<Membership>(&codec)),
        record(3, encoded::<LotStatus>(&codec)),
        record(4, codec.encode(&mark).unwrap()),
        record(5, encoded::<Mark>(&codec)),
    ];
    let rows = rows(&codec, &place(topics::ENRICHED), &records).unwrap();
    assert_eq!(rows.lots[0].kafka_offset, 3);
    let made = rows.encode();
    let expected = [
        (tables::OBSERVATIONS, 1),
        (tables::OBSERVATIONS_HISTORY, 1),
        (tables::CONTAINMENT, 1),
        (tables::CONTENTS, 1),
        (tables::LOTS, 1),
    ];
    let counts = made
        .tables
        .iter()
        .map(|table| (table.name, table.block.rows));
    assert_eq!(counts.collect::<Vec<_>>(), expected);
    assert_eq!(made.stream_time, Some(5));
    let origin = Origin {
        topic: topics::ENRICHED,
        partition: 0,
        offset: 1,
        index: 0,
    };
    let row = ContainmentRow::new(Membership::default(), &origin);
    assert_eq!(made.tables[2].block, block([&row]).encode());
}

#[test]
fn a_read_lent_by_its_bytes_is_the_row_of_its_record() {
    let codec = Codec::offline().unwrap();
    let body = ReadBody {
        event_type: "ObjectEvent".into(),
        action: Some("ADD".into()),
        event_time: 1_700_000_000_000_000,
        zone_offset_minutes: -90,
        captured_at: 7,
        biz_step: Some("shipping".into()),
        persistent_set: vec!["a".into(), "b".into()],
        biz_transactions: vec![TypedId {
            r#type: None,
            id: "urn:bt".into(),
        }],
        destinations: vec![TypedId {
            r#type: Some("owning_party".into()),
            id: "x".into(),
        }],
        owner: Some("o".into()),
        visible_to: vec!["p".into(), String::new()],
        capture_id: "c".repeat(200),
        ..ReadBody::default()
    };
    let full = EnrichedObservation {
        unit: "01/09521234543213/21/Ä".into(),
        revision: -1,
        asserted: true,
        path: vec!["00/1".into()],
        quantity: Some(0.5),
        site: Site {
            gln: Some("g".into()),
            latitude: Some(-1.5),
            ..Site::default()
        },
        facts: UnitFacts {
            known: true,
            gtin: Some("09521234543213".into()),
            status: Some("active".into()),
            markets: vec!["DE".into()],
            ..UnitFacts::default()
        },
        body,
        ..EnrichedObservation::default()
    };
    let reads = [full, EnrichedObservation::default()];
    let offsets = 40_i64..;
    let records = offsets.clone().zip(&reads);
    let records = records.map(|(offset, read)| record(offset, codec.encode(read).unwrap()));
    let records: Vec<_> = records.collect();
    let made = rows(&codec, &place(topics::ENRICHED), &records).unwrap();
    let expected = offsets.zip(reads).map(|(offset, read)| {
        let origin = Origin {
            topic: topics::ENRICHED,
            partition: 0,
            offset,
            index: 0,
        };
        ObservationRow::new(read, &origin)
    });
    let expected: Vec<_> = expected.collect();
    let made = made.encode();
    for table in &made.tables {
        assert_eq!(table.block, block(&expected).encode(), "{}", table.name);
    }
    assert_eq!(made.tables.len(), 2);
}

#[test]
fn what_cannot_be_read_is_a_row_with_its_reason_and_bytes_and_the_rest_goes_on() {
    let codec = Codec::offline().unwrap();
    let product = encoded::<Product>(&codec);
    let mut cut = encoded::<Alert>(&codec);
    cut.truncate(9);
    let tombstone = Record {
        value: None,
        key: Some(b"k".to_vec()),
        ..record(6, Vec::new())
    };
    let records = [
        record(1, b"{\"not\":\"avro\"}".to_vec()),
        record(2, vec![0, 0, 0, 9, 99, 1]),
        record(3, product),
        record(4, cut),
        record(5, encoded::<Alert>(&codec)),
        tombstone,
    ];
    let rows = rows(&codec, &place(topics::ALERTS), &records).unwrap();
    let reasons = [
        "not_avro_framed",
        "unknown_schema_id",
        "unexpected_record",
        "bad_avro",
        "tombstone",
    ];
    assert_eq!(rows.refused, reasons);
    assert_eq!(rows.rejected[0].original, b"{\"not\":\"avro\"}");
    assert_eq!(
        (rows.rejected[0].source_offset, rows.rejected[0].record_time),
        (Some(1), 7000)
    );
    assert_eq!(rows.alerts.len(), 1);
}

#[test]
fn a_refusal_has_the_same_id_whoever_writes_it_again() {
    let codec = Codec::offline().unwrap();
    let once = |offset| {
        let rows = rows(&codec, &place(topics::ALERTS), &[record(offset, vec![1])]).unwrap();
        rows.rejected[0].reject_id.clone()
    };
    // Ids already written stay the same: SHA-256("sink/alerts/0/1").
    assert_eq!(once(1), "bbebda1a414d52d51ba87c1514c48cce");
    assert_ne!(once(1), once(2));
}

#[test]
fn a_key_in_a_partition_that_is_not_its_own_is_refused() {
    let codec = Codec::offline().unwrap();
    let own = serialtrail_gs1::partition(b"01/1", 8);
    for partition in 0..8 {
        let place = Place {
            topic: topics::ALERTS,
            partition,
            partitions: 8,
        };
        let keyed = Record {
            key: Some(b"01/1".to_vec()),
            ..record(1, encoded::<Alert>(&codec))
        };
        let rows = rows(&codec, &place, &[keyed]).unwrap();
        assert_eq!(rows.refused.is_empty(), partition == own);
    }
}

#[test]
fn only_rows_of_several_years_in_a_followed_table_land_in_parts() {
    let codec = Codec::offline().unwrap();
    let read = |days: i64| {
        let mut read = EnrichedObservation::default();
        read.body.event_time = days * 86_400_000_000;
        codec.encode(&read).unwrap()
    };
    let lands = |days: [i64; 2]| {
        let records = [record(0, read(days[0])), record(1, read(days[1]))];
        let rows = rows(&codec, &place(topics::ENRICHED), &records).unwrap();
        let made = rows.encode();
        let in_parts = made.tables.iter().filter(|table| table.in_parts);
        in_parts.map(|table| table.name).collect::<Vec<_>>()
    };
    assert!(lands([0, 364]).is_empty());
    assert_eq!(lands([364, 365]), [tables::OBSERVATIONS_HISTORY]);
    assert_eq!(lands([-1, 0]), [tables::OBSERVATIONS_HISTORY]);
    assert_eq!(
        lands([0, i64::MAX / 86_400_000_000]),
        [tables::OBSERVATIONS_HISTORY]
    );
}
