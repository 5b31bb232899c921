//! Every row type against its real table, and the promise of an exactly-once insert.
#![allow(clippy::unwrap_used)]

mod common;

use clickhouse::{Client, Row};
use common::Database;
use serde::Serialize;
use serialtrail_records::{
    Alert, EnrichedObservation, EpcisEvent, ErrorDeclaration, Lane, Location, LotStatus,
    MasterAttribute, MasterData, Membership, Party, Product, Quantity, ReadBody, RejectedEvent,
    SerialState, TypedId,
};
use serialtrail_warehouse::digest::{digest, row_counts};
use serialtrail_warehouse::insert::insert_batch;
use serialtrail_warehouse::rows::{
    AlertRow, ContainmentRow, DailyDemandRow, DemandProgressRow, EventRow, ForecastRow,
    ForecastSeriesRow, ForecastVersionRow, LandingRow, LaneRow, LocationRow, LotRow, MasterDataRow,
    NamedQueryRow, ObservationRow, Origin, PartyRow, ProductRow, RejectedRow, SerialRow,
    SubscriptionProgressRow, SubscriptionRow,
};
use serialtrail_warehouse::{migrate, tables};

const ORIGIN: Origin = Origin {
    topic: "enriched",
    partition: 3,
    offset: 41,
    index: 0,
};
const DAY: i64 = 86_400_000_000;

/// Keeps ReplacingMergeTree from hiding what was inserted twice.
async fn stop_merges(client: &Client) {
    let sql = format!("SYSTEM STOP MERGES {}", tables::OBSERVATIONS_HISTORY);
    client.query(&sql).execute().await.unwrap();
}

async fn store<T>(client: &Client, table: &str, token: &str, rows: &[T])
where
    T: Row + Serialize + for<'a> clickhouse::RowWrite<Value<'a> = T>,
{
    insert_batch(client, table, token, rows)
        .await
        .unwrap_or_else(|e| panic!("{table}: {e}"));
}

fn read(unit: &str, event: &str, revision: i64, asserted: bool, event_time: i64) -> ObservationRow {
    let body = ReadBody {
        event_time,
        record_time: event_time + 5,
        biz_step: Some("shipping".into()),
        destinations: vec![TypedId {
            r#type: Some("owning_party".into()),
            id: "x".into(),
        }],
        visible_to: vec!["4012345000009".into()],
        ..ReadBody::default()
    };
    let read = EnrichedObservation {
        unit: unit.into(),
        event_id: event.into(),
        revision,
        asserted,
        direct: true,
        quantity: Some(2.5),
        body,
        ..EnrichedObservation::default()
    };
    ObservationRow::new(
        read,
        &Origin {
            offset: revision,
            ..ORIGIN
        },
    )
}

/// One row of each table of demand; 20513 is 2026-03-01.
async fn store_demand(client: &Client) {
    let day = DailyDemandRow {
        gtin: "g".into(),
        country: "DE".into(),
        uom: "KGM".into(),
        day: 20_513,
        demand: -0.5,
        sold: 1.0,
        returned: 1.5,
        repeated: 0.0,
        complete: true,
        as_of: DAY,
        revision: 1,
    };
    let progress = DemandProgressRow {
        source: "observations_history".into(),
        kafka_topic: "enriched".into(),
        kafka_partition: 3,
        kafka_offset: 41,
        revision: 41,
    };
    let version = ForecastVersionRow {
        version: "v".into(),
        data_cutoff: 20_513,
        as_of: DAY,
        created_at: DAY,
        confirmed_at: DAY,
        horizon_days: 28,
        quantile_levels: vec![0.1, 0.9],
        configuration: "{}".into(),
        series: 1,
        series_ok: 1,
        series_too_short: 0,
        series_empty: 0,
    };
    let series = ForecastSeriesRow {
        version: "v".into(),
        gtin: "g".into(),
        country: "DE".into(),
        uom: String::new(),
        status: "empty".into(),
        message: "none".into(),
        method: String::new(),
        season_days: 7,
        days_used: 0,
        first_day: None,
        windows: 0,
        days_compared: 0,
        wape: Some(0.25),
        mase: None,
        bias: None,
        coverage: None,
    };
    let forecast = ForecastRow {
        version: "v".into(),
        gtin: "g".into(),
        country: "DE".into(),
        uom: String::new(),
        day: 20_514,
        days_ahead: 1,
        mean: 1.0,
        quantiles: vec![0.5, 1.5],
    };
    store(client, tables::DAILY_DEMAND, "t/d", &[day]).await;
    store(client, tables::DEMAND_PROGRESS, "t/dp", &[progress]).await;
    store(client, tables::FORECAST_VERSIONS, "t/fv", &[version]).await;
    store(client, tables::FORECAST_SERIES, "t/fs", &[series]).await;
    store(client, tables::FORECASTS, "t/f", &[forecast]).await;
}

#[tokio::test]
async fn every_row_type_fits_its_table_and_comes_back_as_it_went() {
    let Some(database) = Database::new("row_types") else {
        return;
    };
    migrate(&database.settings).await.unwrap();
    let client = database.client();
    let bytes = vec![0, 159, 146, 150, b'\n', b'\t', 255];
    let event = EpcisEvent {
        event_id: "e1".into(),
        content_hash: "h".into(),
        event_time: -1,
        record_time: DAY,
        quantity_list: vec![Quantity {
            key: "01/1".into(),
            quantity: None,
            ..Quantity::default()
        }],
        error_declaration: Some(ErrorDeclaration {
            declaration_time: 7,
            ..Default::default()
        }),
        original: bytes.clone(),
        ..EpcisEvent::default()
    };
    let attributes = [("colour".to_owned(), "red".to_owned())];
    let serial = SerialState {
        unit: "u".into(),
        attributes: attributes.into(),
        ..Default::default()
    };
    let rejected = RejectedEvent {
        reject_id: "r".into(),
        original: bytes.clone(),
        ..Default::default()
    };
    let membership = Membership {
        child: "c".into(),
        to: None,
        asserted: true,
        ..Default::default()
    };
    let containment = [ContainmentRow::new(membership, &ORIGIN)];
    let alert = [AlertRow::new(
        Alert {
            event_ids: vec!["e1".into()],
            state: "asserted".into(),
            ..Alert::default()
        },
        &ORIGIN,
    )];
    let reads = [read("u", "e1", 1, true, DAY)];

    store(
        &client,
        tables::EVENTS,
        "t/events",
        &[EventRow::new(event, &ORIGIN)],
    )
    .await;
    store(&client, tables::OBSERVATIONS, "t/observations", &reads).await;
    store(
        &client,
        tables::OBSERVATIONS_HISTORY,
        "t/observations_history",
        &reads,
    )
    .await;
    store(&client, tables::CONTAINMENT, "t/containment", &containment).await;
    store(&client, tables::CONTENTS, "t/contents", &containment).await;
    store(
        &client,
        tables::SERIALS,
        "t/serials",
        &[SerialRow::new(serial, &ORIGIN)],
    )
    .await;
    store(
        &client,
        tables::LOTS,
        "t/lots",
        &[LotRow::new(
            LotStatus {
                asserted: true,
                ..LotStatus::default()
            },
            &ORIGIN,
        )],
    )
    .await;
    store(&client, tables::ALERTS, "t/alerts", &alert).await;
    store(&client, tables::ALERTS_HISTORY, "t/alerts_history", &alert).await;
    store(
        &client,
        tables::REJECTED,
        "t/rejected",
        &[RejectedRow::new(rejected, &ORIGIN)],
    )
    .await;
    store(
        &client,
        tables::PRODUCTS,
        "t/p",
        &[ProductRow::new(Product::default(), &ORIGIN)],
    )
    .await;
    store(
        &client,
        tables::LOCATIONS,
        "t/l",
        &[LocationRow::new(Location::default(), &ORIGIN)],
    )
    .await;
    store(
        &client,
        tables::PARTIES,
        "t/pa",
        &[PartyRow::new(Party::default(), &ORIGIN)],
    )
    .await;
    store(
        &client,
        tables::LANES,
        "t/la",
        &[LaneRow::new(Lane::default(), &ORIGIN)],
    )
    .await;
    let mut element = MasterData::default();
    element.attributes.push(MasterAttribute::default());
    store(
        &client,
        tables::MASTER_DATA,
        "t/md",
        &[MasterDataRow::new(element, &ORIGIN)],
    )
    .await;
    store_demand(&client).await;
    let query = NamedQueryRow {
        name: "n".into(),
        revision: 1,
        deleted: false,
        query: "{}".into(),
        created_at: DAY,
    };
    store(&client, tables::NAMED_QUERIES, "t/nq", &[query]).await;
    let subscription = SubscriptionRow {
        id: "s".into(),
        query_name: "n".into(),
        query_created_at: DAY,
        revision: 1,
        deleted: false,
        definition: "{}".into(),
        created_at: DAY,
    };
    store(&client, tables::SUBSCRIPTIONS, "t/su", &[subscription]).await;
    let progress = SubscriptionProgressRow {
        id: "s".into(),
        revision: 1,
        position: String::new(),
        executed_at: 0,
        notified_at: DAY,
    };
    store(&client, tables::SUBSCRIPTION_PROGRESS, "t/sp", &[progress]).await;
    let landing = LandingRow::new(tables::EVENTS, &ORIGIN, 57, false);
    store(&client, tables::LANDINGS, "t/la", &[landing]).await;
    for table in tables::ALL {
        assert_eq!(
            database
                .count(&format!("SELECT count() FROM {table}"))
                .await,
            1,
            "{table}"
        );
    }
    assert!(
        row_counts(&client)
            .await
            .unwrap()
            .iter()
            .all(|(_, rows)| *rows == 1)
    );

    let hex: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
    let checks = [
        format!("SELECT count() FROM events WHERE hex(original) = '{hex}' AND declaration"),
        "SELECT count() FROM events WHERE toUnixTimestamp64Micro(event_time) = -1".into(),
        "SELECT count() FROM events WHERE quantities[1].1 = '01/1' AND quantities[1].2 IS NULL"
            .into(),
        format!("SELECT count() FROM rejected WHERE hex(original) = '{hex}'"),
        "SELECT count() FROM observations WHERE destinations = [('owning_party', 'x')] \
         AND quantity = 2.5 AND visible_to = ['4012345000009'] AND kafka_offset = 1"
            .into(),
        "SELECT count() FROM serials WHERE attributes['colour'] = 'red'".into(),
        "SELECT count() FROM containment WHERE to_time IS NULL AND state = 'asserted'".into(),
        "SELECT count() FROM daily_demand WHERE day = '2026-03-01' AND demand = -0.5".into(),
        "SELECT count() FROM forecasts WHERE quantiles = [0.5, 1.5]".into(),
        "SELECT count() FROM forecast_series WHERE first_day IS NULL AND wape = 0.25".into(),
        "SELECT count() FROM forecast_versions WHERE data_cutoff = '2026-03-01'".into(),
    ];
    for check in checks {
        assert_eq!(database.count(&check).await, 1, "{check}");
    }
    database.drop().await;
}

#[tokio::test]
async fn a_batch_repeated_with_its_token_changes_nothing_however_large_and_over_many_years() {
    let Some(database) = Database::new("token") else {
        return;
    };
    migrate(&database.settings).await.unwrap();
    let client = database.client();
    stop_merges(&client).await;
    let rows: Vec<_> = (0..60_000i64)
        .map(|n| read(&format!("u{n}"), "e", 1, true, (n % 60) * 365 * DAY / 2))
        .collect();
    let raw = "SELECT count() FROM observations_history";
    for _ in 0..3 {
        store(
            &client,
            tables::OBSERVATIONS_HISTORY,
            "enriched/3/1-9/h",
            &rows,
        )
        .await;
        assert_eq!(database.count(raw).await, 60_000);
    }
    let parts = "FROM system.parts WHERE database = currentDatabase() \
                 AND table = 'observations_history'";
    let years = database
        .count(&format!("SELECT uniqExact(partition) {parts}"))
        .await;
    assert!(years >= 30, "{years}");
    let blocks = database.count(&format!("SELECT count() {parts}")).await;
    assert_eq!(blocks, years, "the batch was cut into several blocks");

    // Equal rows under another token are another batch: a repeat is known by its token alone.
    store(
        &client,
        tables::OBSERVATIONS_HISTORY,
        "enriched/3/10-19/h",
        &rows[..10],
    )
    .await;
    assert_eq!(database.count(raw).await, 60_010);
    database.drop().await;
}

#[tokio::test]
async fn the_same_token_from_two_writers_at_once_is_one_batch() {
    let Some(database) = Database::new("writers") else {
        return;
    };
    migrate(&database.settings).await.unwrap();
    let client = database.client();
    stop_merges(&client).await;
    let rows: Vec<_> = (0..5_000)
        .map(|n| read(&format!("u{n}"), "e", 1, true, DAY))
        .collect();
    for round in 0..10 {
        let token = format!("enriched/3/{round}/h");
        let insert = || insert_batch(&client, tables::OBSERVATIONS_HISTORY, &token, &rows);
        let (a, b, c) = tokio::join!(insert(), insert(), insert());
        assert!(a.and(b).and(c).is_ok());
    }
    assert_eq!(
        database
            .count("SELECT count() FROM observations_history")
            .await,
        50_000
    );
    database.drop().await;
}

#[tokio::test]
async fn the_highest_revision_stands_whatever_the_order_also_when_its_event_time_moved() {
    let Some(database) = Database::new("revisions") else {
        return;
    };
    migrate(&database.settings).await.unwrap();
    let client = database.client();
    let versions = [
        read("u", "moved", 2, true, 500 * DAY),
        read("u", "moved", 1, true, DAY),
        read("u", "withdrawn", 2, false, DAY),
        read("u", "withdrawn", 1, true, DAY),
        read("u", "back", 3, true, DAY),
    ];
    for (n, version) in versions.iter().enumerate() {
        store(
            &client,
            tables::OBSERVATIONS,
            &format!("t{n}"),
            std::slice::from_ref(version),
        )
        .await;
    }
    let mut lines = Vec::new();
    let first = digest(&client, |line| {
        lines.push(line.to_owned());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with(r#"["read","back","u""#), "{lines:?}");
    assert!(
        lines[1].contains(&format!("\"moved\",\"u\",{}", 500 * DAY)),
        "{lines:?}"
    );
    assert_eq!((first.reads, first.alerts), (2, 0));
    let counts = row_counts(&client).await.unwrap();
    assert!(
        counts.contains(&(tables::OBSERVATIONS, 2)),
        "what was replaced or withdrawn is not counted: {counts:?}"
    );

    // Coordinates, ingestion times and a repeated, older revision are not part of the digest.
    store(&client, tables::OBSERVATIONS, "again", &versions[1..2]).await;
    assert_eq!(digest(&client, |_| Ok(())).await.unwrap(), first);
    store(
        &client,
        tables::OBSERVATIONS,
        "new",
        &[read("v", "e", 1, true, DAY)],
    )
    .await;
    assert_ne!(
        digest(&client, |_| Ok(())).await.unwrap().sha256,
        first.sha256
    );
    database.drop().await;
}
