//! Versions: made once for the same inputs, whatever was cut short on the way.
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, GTIN, HOUR, Recorder, START, World, read, withdrawn};
use serialtrail_forecaster::pass::{Cause, PassError, Passes};
use serialtrail_forecaster::store::Store;
use serialtrail_runtime::config::ClickHouseSettings;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Five weeks of sales, more on some weekdays than on others; the last is 35 days after the start.
async fn five_weeks(world: &World) {
    let days = (0..35).flat_map(|day| (0..2 + day % 7).map(move |n| (day, n)));
    let sales = days.map(|(day, n)| read(&format!("S{day}-{n}"), 24 * day + 8 + n, "dispensing"));
    world.land(sales.collect()).await;
}

#[tokio::test]
async fn equal_inputs_are_one_version_and_a_repeated_pass_writes_nothing() {
    let Some(world) = World::new("versions").await else {
        return;
    };
    five_weeks(&world).await;
    let first = world.pass(38).await.unwrap();
    let version = first.version.clone().unwrap();
    assert!(
        first.created && version.starts_with("2026-04-05-"),
        "{version}"
    );
    assert_eq!((first.series, first.series_ok), (1, 1));
    assert_eq!(world.count("SELECT count() FROM forecasts").await, 28);

    let again = world.pass(38).await.unwrap();
    assert_eq!(
        (again.version.as_deref(), again.created),
        (Some(version.as_str()), false)
    );
    assert_eq!((again.days_recomputed, again.days_closed), (0, 0));
    assert_eq!(
        world.count("SELECT count() FROM forecast_versions").await,
        1
    );

    let published = world.topic.versions.lock().unwrap().clone();
    assert_eq!(published.len(), 1);
    let (key, record) = &published[0].2[0];
    assert_eq!(key, &format!("{GTIN}/DE"));
    assert_eq!((record.points.len(), record.status.as_str()), (28, "ok"));
    assert_eq!(record.points[0].day, "2026-04-06");
    let backtest = record.backtest.clone().unwrap();
    assert_eq!(backtest.windows, 3);
    world.drop().await;
}

#[tokio::test]
async fn a_late_read_before_the_cutoff_makes_a_new_version_and_one_after_it_does_not() {
    let Some(world) = World::new("late_version").await else {
        return;
    };
    five_weeks(&world).await;
    let first = world.pass(30).await.unwrap();
    world.land(vec![read("NEW", 24 * 29, "dispensing")]).await;
    let after = world.pass(30).await.unwrap();
    assert_eq!((after.days_changed, after.created), (1, false));
    world.land(vec![read("LATE", 24 * 3, "dispensing")]).await;
    let before = world.pass(30).await.unwrap();
    assert!(
        before.created && before.version != first.version,
        "{before:?}"
    );
    assert_eq!(before.data_cutoff, first.data_cutoff);
    // A version once made never changes.
    let old = "SELECT uniqExact(version) FROM forecasts";
    assert_eq!(world.count(old).await, 2);
    world.drop().await;
}

#[tokio::test]
async fn data_that_goes_back_to_a_version_makes_that_version_the_latest_again() {
    let Some(world) = World::new("back").await else {
        return;
    };
    five_weeks(&world).await;
    let first = world.pass(38).await.unwrap();
    let late = read("LATE", 24 * 3, "dispensing");
    world.land(vec![late.clone()]).await;
    let second = world.pass(38).await.unwrap();
    assert!(second.created && second.version != first.version);
    world.land(vec![withdrawn(late)]).await;

    let latest = async || world.store().latest_version().await.unwrap().unwrap();
    let stored = latest().await;
    let third = world.pass(38).await.unwrap();
    assert_eq!(
        (&third.version, third.created, third.confirmed),
        (&first.version, false, true)
    );
    let now = latest().await;
    assert_eq!(Some(&now.version), first.version.as_ref());
    assert!(now.confirmed_at > stored.confirmed_at && now.created_at == START);
    // Only once.
    let fourth = world.pass(38).await.unwrap();
    assert!(!fourth.created && !fourth.confirmed);
    assert_eq!(latest().await, now);

    let sent = world.topic.versions.lock().unwrap().clone();
    let names: Vec<_> = sent.iter().map(|(name, ..)| Some(name.clone())).collect();
    assert_eq!(
        names,
        [first.version.clone(), second.version, first.version]
    );
    assert_eq!(sent[0], sent[2]);
    world.drop().await;
}

#[tokio::test]
async fn versions_with_the_same_last_day_keep_apart_unless_somebody_asks() {
    let Some(world) = World::new("apart").await else {
        return;
    };
    five_weeks(&world).await;
    let pass = async |days: i64, minutes: i64, cause: Cause| {
        let landed = Ok(START + days * DAY);
        let now = START + minutes * HOUR / 60;
        let passes = world.passes(World::config());
        let report = passes.run(landed, now, cause).await.unwrap();
        (report.created, report.held_back)
    };
    let (made, held, same) = ((true, false), (false, true), (false, false));
    let late = async |n: i64| {
        let late = read(&format!("LATE{n}"), 24 * 3 + n, "dispensing");
        world.land(vec![late]).await;
    };
    assert_eq!(pass(30, 0, Cause::Timer).await, made);
    assert_eq!(pass(30, 1, Cause::Timer).await, same);
    late(1).await;
    assert_eq!(pass(30, 2, Cause::Timer).await, held);
    late(2).await;
    assert_eq!(pass(30, 59, Cause::Timer).await, held);
    assert_eq!(pass(30, 60, Cause::Timer).await, made);
    late(3).await;
    assert_eq!(pass(30, 61, Cause::Timer).await, held);
    assert_eq!(pass(30, 62, Cause::Asked).await, made);
    late(4).await;
    assert_eq!(pass(30, 63, Cause::Timer).await, held);
    // A day is over: nothing to wait for.
    assert_eq!(pass(31, 64, Cause::Timer).await, made);
    // Nor with another configuration.
    let mut config = World::config();
    config.horizon_days = 7;
    let landed = Ok(START + 31 * DAY);
    let other = world.passes(config);
    let report = other.run(landed, START + HOUR, Cause::Timer).await.unwrap();
    assert!(report.created);
    assert_eq!(
        world
            .count("SELECT count() FROM forecast_versions FINAL")
            .await,
        5
    );
    world.drop().await;
}

#[tokio::test]
async fn records_of_a_version_that_never_came_to_hold_are_followed_by_those_of_the_one_that_does() {
    let Some(world) = World::new("behind").await else {
        return;
    };
    five_weeks(&world).await;
    let made = world.pass(38).await.unwrap().version.unwrap();
    // Another version went out, its row was never written, and its data was withdrawn meanwhile.
    let other = ("other".to_owned(), START, Vec::new());
    world.topic.versions.lock().unwrap().push(other);
    let again = world.pass(38).await.unwrap();
    assert!(!again.created && again.confirmed);
    let sent = world.topic.versions.lock().unwrap().clone();
    assert_eq!((sent.len(), &sent[2]), (3, &sent[0]));
    assert_eq!(sent[2].0, made);
    world.drop().await;
}

#[tokio::test]
async fn days_become_complete_as_stream_time_passes_without_being_touched() {
    let Some(world) = World::new("complete").await else {
        return;
    };
    five_weeks(&world).await;
    world.pass(20).await.unwrap();
    let complete = "SELECT count() FROM daily_demand FINAL WHERE complete";
    assert_eq!(world.count(complete).await, 18);
    let report = world.pass(21).await.unwrap();
    assert_eq!((report.days_recomputed, report.days_closed), (0, 1));
    assert_eq!(world.count(complete).await, 19);
    // Stream time does not go back: what had landed has landed.
    let report = world.pass(5).await.unwrap();
    assert_eq!((report.days_closed, report.as_of), (0, START + 21 * DAY));
    world.drop().await;
}

#[tokio::test]
async fn a_pass_cut_short_anywhere_is_repeated_with_the_same_result() {
    let Some(world) = World::new("crash").await else {
        return;
    };
    five_weeks(&world).await;
    // After the days, before the progress.
    let store = world.store();
    let rule = World::config().one_sale();
    for (gtin, slots) in store.touched(rule, &[]).await.unwrap() {
        let days = store.demand(&gtin, &slots, rule).await.unwrap();
        let recorded = serialtrail_forecaster::store::Recorded {
            as_of: START + 38 * DAY,
            cutoff: serialtrail_forecaster::day::last_complete(START + 38 * DAY, 24),
        };
        store.record(&gtin, &days, recorded).await.unwrap();
    }
    let days = world.days().await;
    // After the rows of the version, before its records.
    world.topic.broken.store(true, Ordering::Relaxed);
    assert!(matches!(world.pass(38).await, Err(PassError::Other(_))));
    assert_eq!(world.count("SELECT count() FROM forecasts FINAL").await, 28);
    assert_eq!(
        world.count("SELECT count() FROM forecast_versions").await,
        0
    );
    // After the records, before the version's row.
    world.topic.broken.store(false, Ordering::Relaxed);
    let made = world.pass(38).await.unwrap();
    assert!(made.created && made.days_recomputed == 0);
    let sql = "TRUNCATE TABLE forecast_versions";
    world.client().query_raw(sql).execute().await.unwrap();
    let landed = Ok(START + 38 * DAY);
    let later = START + 99 * DAY;
    let again = world
        .passes(World::config())
        .run(landed, later, Cause::Asked)
        .await
        .unwrap();
    assert_eq!((&again.version, again.created), (&made.version, true));

    assert_eq!(world.days().await, days);
    assert_eq!(
        world
            .count("SELECT count() FROM daily_demand WHERE revision > 1")
            .await,
        0
    );
    assert_eq!(world.count("SELECT count() FROM forecasts FINAL").await, 28);
    assert_eq!(world.topic.versions.lock().unwrap().len(), 1);
    let created = format!(
        "SELECT count() FROM forecast_versions WHERE toUnixTimestamp64Micro(created_at) = {START}"
    );
    assert_eq!(world.count(&created).await, 1);
    world.drop().await;
}

#[tokio::test]
async fn without_a_stream_time_a_first_pass_says_so_and_a_later_one_goes_on() {
    let Some(world) = World::new("no_time").await else {
        return;
    };
    five_weeks(&world).await;
    let away = || Err(anyhow::anyhow!("connection refused"));
    let error = world
        .passes(World::config())
        .run(away(), 0, Cause::Asked)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    world.pass(30).await.unwrap();
    let report = world
        .passes(World::config())
        .run(away(), 0, Cause::Asked)
        .await
        .unwrap();
    assert_eq!(report.as_of, START + 30 * DAY);
    // One process remembers what it was told, also where no row says it.
    let told = world.passes(World::config());
    let later = START + 30 * DAY + HOUR;
    for landed in [Ok(later), Ok(START), away()] {
        let report = told.run(landed, 0, Cause::Asked).await.unwrap();
        assert_eq!(report.as_of, later);
    }
    world.drop().await;
}

/// Time is paused: it jumps to the next deadline when nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn a_clickhouse_that_says_nothing_ends_the_pass_and_holds_no_later_one() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = ClickHouseSettings {
        url: format!("http://{}", silent.local_addr().unwrap()),
        ..ClickHouseSettings::default()
    };
    let publisher = Box::new(Recorder(Arc::default()));
    let passes = Passes::new(Store::new(&settings), publisher, World::config()).unwrap();
    for _ in 0..2 {
        let error = passes
            .run(Ok(START), START, Cause::Asked)
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with("not done within"), "{error}");
    }
}
