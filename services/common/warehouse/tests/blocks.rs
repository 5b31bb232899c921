//! Rows sent as one block of columns, against the real tables.
#![allow(clippy::unwrap_used)]

mod common;

use clickhouse::{Client, Row};
use common::Database;
use serde::Serialize;
use serialtrail_records::{
    Alert, EnrichedObservation, EpcisEvent, ErrorDeclaration, Lane, Location, LotStatus,
    MasterAttribute, MasterData, Membership, Party, Product, Quantity, ReadBody, RejectedEvent,
    SerialState, Site, TypedId, UnitFacts,
};
use serialtrail_warehouse::insert::{insert_batch, insert_block};
use serialtrail_warehouse::native::{TableRow, block};
use serialtrail_warehouse::rows::{
    AlertRow, ContainmentRow, EventRow, LaneRow, LocationRow, LotRow, MasterDataRow,
    ObservationRow, Origin, PartyRow, ProductRow, RejectedRow, SerialRow,
};
use serialtrail_warehouse::{migrate, tables};

const ORIGIN: Origin = Origin {
    topic: "enriched",
    partition: 3,
    offset: 41,
    index: 2,
};
const DAY: i64 = 86_400_000_000;

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

fn typed() -> Vec<TypedId> {
    let id = |kind: Option<&str>, id: &str| TypedId {
        r#type: kind.map(str::to_owned),
        id: id.to_owned(),
    };
    vec![id(Some("po"), "urn:x"), id(None, "Ä\n\"'")]
}

fn quantities() -> Vec<Quantity> {
    let of = |key: &str, quantity| Quantity {
        key: key.to_owned(),
        quantity,
        uom: quantity.map(|_| "KGM".to_owned()),
        ..Quantity::default()
    };
    vec![of("01/1", Some(2.5)), of("01/2", None)]
}

/// Rows one by one, checked column for column against the table's types by the client, and the same rows
/// as a block: the table then has each row twice, in every column alike.
async fn alike<T>(client: &Client, database: &Database, table: &str, rows: &[T])
where
    T: Row + Serialize + TableRow + for<'a> clickhouse::RowWrite<Value<'a> = T>,
{
    let stop = format!("SYSTEM STOP MERGES {table}");
    client.query(&stop).execute().await.unwrap();
    let one_by_one = insert_batch(client, table, &format!("{table}/rows"), rows).await;
    one_by_one.unwrap_or_else(|e| panic!("{table}: {e}"));
    let block = block(rows).encode();
    for _ in 0..2 {
        let sent = insert_block(client, table, &format!("{table}/block"), &block).await;
        sent.unwrap_or_else(|e| panic!("{table}: {e}"));
    }
    let count = |sql: String| async move { database.count(&sql).await };
    let all = count(format!("SELECT count() FROM {table}")).await;
    assert_eq!(all, 2 * rows.len() as u64, "{table}");
    let apart = format!("SELECT count() FROM (SELECT DISTINCT * EXCEPT ingested_at FROM {table})");
    assert_eq!(count(apart).await, rows.len() as u64, "{table}");
}

fn observations() -> [ObservationRow; 2] {
    let body = ReadBody {
        event_type: "ObjectEvent".into(),
        action: Some("ADD".into()),
        event_time: -1,
        zone_offset_minutes: -570,
        record_time: DAY,
        captured_at: DAY + 1,
        biz_step: Some("shipping".into()),
        disposition: Some("in_transit".into()),
        persistent_set: texts(&["a", ""]),
        persistent_unset: texts(&["b"]),
        biz_transactions: typed(),
        sources: typed(),
        destinations: typed(),
        lot: Some("L".into()),
        parties_named: texts(&["p", "q"]),
        source_party: "s".into(),
        visible_to: texts(&["v"]),
        capture_id: "c".repeat(300),
        ..ReadBody::default()
    };
    let site = Site {
        gln: Some("9521321000001".into()),
        country: Some("DE".into()),
        latitude: Some(-90.0),
        longitude: None,
        radius_km: Some(0.5),
        ..Site::default()
    };
    let facts = UnitFacts {
        known: true,
        gtin: Some("09521234543213".into()),
        lot: Some("L".into()),
        ..UnitFacts::default()
    };
    let read = EnrichedObservation {
        unit: "01/09521234543213/21/Ä".into(),
        event_id: "e".into(),
        revision: 7,
        asserted: true,
        direct: true,
        path: texts(&["00/1", "00/2"]),
        quantity: Some(f64::MIN_POSITIVE),
        clock_suspect: true,
        site,
        facts,
        body,
        ..EnrichedObservation::default()
    };
    [read, EnrichedObservation::default()].map(|read| ObservationRow::new(read, &ORIGIN))
}

fn events() -> [EventRow; 2] {
    let event = EpcisEvent {
        event_id: "e".into(),
        event_time: i64::from(u32::MAX),
        epc_list: texts(&["urn:epc:id:sgtin:9521234.054321.A", "urn:x:1"]),
        quantity_list: quantities(),
        child_quantity_list: quantities(),
        biz_transactions: typed(),
        read_point: Some("urn:epc:id:sgln:9521234.00001.0".into()),
        error_declaration: Some(ErrorDeclaration {
            declaration_time: 5,
            reason: Some("did_not_occur".into()),
            corrective_event_ids: texts(&["f"]),
        }),
        original: vec![0, 159, 146, 150, b'\n', 255],
        ..EpcisEvent::default()
    };
    [event, EpcisEvent::default()].map(|event| EventRow::new(event, &ORIGIN))
}

#[tokio::test]
async fn rows_sent_as_a_block_are_the_rows_sent_one_by_one() {
    let Some(database) = Database::new("blocks") else {
        return;
    };
    migrate(&database.settings).await.unwrap();
    let (client, d) = (&database.client(), &database);
    let attributes = || [("colour", "red"), ("size", "")].map(|(k, v)| (k.into(), v.into()));
    alike(client, d, tables::EVENTS, &events()).await;
    alike(client, d, tables::OBSERVATIONS, &observations()).await;
    alike(client, d, tables::OBSERVATIONS_HISTORY, &observations()).await;
    let inside = |to| Membership {
        child: "c".into(),
        parent: format!("{to:?}"),
        to,
        asserted: to.is_some(),
        visible_to: texts(&["v"]),
        ..Membership::default()
    };
    let rows = [None, Some(-5)].map(|to| ContainmentRow::new(inside(to), &ORIGIN));
    alike(client, d, tables::CONTAINMENT, &rows).await;
    alike(client, d, tables::CONTENTS, &rows).await;
    let serial = SerialState {
        unit: "u".into(),
        status_since: Some(DAY),
        markets: texts(&["DE", "FR"]),
        attributes: attributes().into(),
        ..SerialState::default()
    };
    let rows = [serial, SerialState::default()].map(|serial| SerialRow::new(serial, &ORIGIN));
    alike(client, d, tables::SERIALS, &rows).await;
    let lot = LotStatus {
        lot: "l".into(),
        asserted: true,
        status_since: Some(3),
        status_markets: texts(&["DE"]),
        attributes: attributes().into(),
        ..LotStatus::default()
    };
    let rows = [lot, LotStatus::default()].map(|lot| LotRow::new(lot, &ORIGIN));
    alike(client, d, tables::LOTS, &rows).await;
    let alert = Alert {
        alert_id: "a".into(),
        event_ids: texts(&["e", "f"]),
        event_time: -DAY,
        evidence: "{}".into(),
        ..Alert::default()
    };
    let rows = [alert, Alert::default()].map(|alert| AlertRow::new(alert, &ORIGIN));
    alike(client, d, tables::ALERTS, &rows).await;
    alike(client, d, tables::ALERTS_HISTORY, &rows).await;
    let rejected = RejectedEvent {
        reject_id: "r".into(),
        path: texts(&["00/1"]),
        event_index: Some(-1),
        source_partition: Some(7),
        source_offset: Some(i64::MAX),
        original: vec![0, 255, 128],
        ..RejectedEvent::default()
    };
    let rows = [rejected, RejectedEvent::default()].map(|one| RejectedRow::new(one, &ORIGIN));
    alike(client, d, tables::REJECTED, &rows).await;
    let product = Product {
        gtin: "g".into(),
        valid_from: Some(DAY),
        markets: texts(&["DE"]),
        attributes: attributes().into(),
        ..Product::default()
    };
    alike(
        client,
        d,
        tables::PRODUCTS,
        &[ProductRow::new(product, &ORIGIN)],
    )
    .await;
    let location = Location {
        gln: "g".into(),
        attributes: attributes().into(),
        ..Location::default()
    };
    alike(
        client,
        d,
        tables::LOCATIONS,
        &[LocationRow::new(location, &ORIGIN)],
    )
    .await;
    let party = Party {
        gln: "g".into(),
        attributes: attributes().into(),
        ..Party::default()
    };
    alike(client, d, tables::PARTIES, &[PartyRow::new(party, &ORIGIN)]).await;
    let lane = Lane {
        attributes: attributes().into(),
        ..Lane::default()
    };
    alike(client, d, tables::LANES, &[LaneRow::new(lane, &ORIGIN)]).await;
    let element = MasterData {
        id: "i".into(),
        attributes: vec![MasterAttribute::default(); 2],
        ..MasterData::default()
    };
    let rows = [MasterDataRow::new(element, &ORIGIN)];
    alike(client, d, tables::MASTER_DATA, &rows).await;
    database.drop().await;
}

#[tokio::test]
async fn a_block_that_does_not_fit_its_table_is_refused_and_nothing_of_it_stored() {
    let Some(database) = Database::new("blocks_misfit") else {
        return;
    };
    migrate(&database.settings).await.unwrap();
    let client = database.client();
    let block = block(&observations()).encode();
    let refused = insert_block(&client, tables::CONTAINMENT, "t/1", &block).await;
    assert!(refused.is_err());
    let mut cut = block;
    let last = cut.pieces.pop().unwrap();
    cut.pieces.push(last.slice(..last.len() - 1));
    let refused = insert_block(&client, tables::OBSERVATIONS, "t/2", &cut).await;
    assert!(refused.is_err());
    for table in [tables::CONTAINMENT, tables::OBSERVATIONS] {
        let count = format!("SELECT count() FROM {table}");
        assert_eq!(database.count(&count).await, 0, "{table}");
    }
    database.drop().await;
}
