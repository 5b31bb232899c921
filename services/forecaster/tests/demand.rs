//! The rule of demand on the real engine: rows of the sink in, days out.
#![allow(clippy::unwrap_used)]

mod common;

use common::{World, abroad, disposed, duplicate, read, weighed, withdrawn};
use serialtrail_forecaster::pass::Cause;

#[tokio::test]
async fn days_of_demand_are_what_the_rule_says() {
    let Some(world) = World::new("rule").await else {
        return;
    };
    let mut at_night = read("N", 47, "dispensing");
    at_night.body.zone_offset_minutes = 120;
    let mut undone = read("U", 26, "inspecting");
    undone.body.persistent_unset = vec!["dispensed".into()];
    world
        .land(vec![
            // First of March: a sale, a pair that is one sale, and what is none.
            disposed(read("A", 1, "retail_selling"), "retail_sold"),
            read("B", 2, "dispensing"),
            read("B", 3, "retail_selling"),
            read("C", 3, "destroying"),
            disposed(read("D", 4, "dispensing"), "partially_dispensed"),
            read("E", 5, "shipping"),
            // Second: 23:00 UTC in a zone two hours east is the third.
            at_night,
            read("U", 25, "dispensing"),
            undone,
            // Third: a return of the first's sale, one of what was never sold, a sale declared in error.
            disposed(abroad(read("A", 50, "receiving"), "FR"), "returned"),
            disposed(read("E", 51, "receiving"), "returned"),
            withdrawn(read("W", 52, "dispensing")),
            // Fourth: a second sale elsewhere.
            abroad(read("B", 73, "dispensing"), "FR"),
            // Quantities.
            weighed(10, "retail_selling", 2.5, "KGM"),
            weighed(11, "retail_selling", 1.0, "KGM"),
            disposed(weighed(12, "receiving", 0.5, "KGM"), "returned"),
            weighed(13, "retail_selling", 3.0, ""),
        ])
        .await;
    world.land(vec![read("W", 52, "dispensing")]).await;
    world.alert(duplicate("B", &["B/2", "B/73"], 1, 1)).await;

    let report = world.pass(4).await.unwrap();
    assert_eq!(
        world.days().await,
        [
            "DE 2026-03-01 5 5-0-0 complete",
            "DE 2026-03-02 0 1-1-0 complete",
            "DE 2026-03-03 1 1-0-0 open",
            "DE/KGM 2026-03-01 3 3.5-0.5-0 complete",
            "FR 2026-03-03 -1 0-1-0 open",
            "FR 2026-03-04 0 1-0-1 open",
        ]
    );
    assert_eq!((report.days_recomputed, report.days_changed), (6, 6));
    world.drop().await;
}

#[tokio::test]
async fn a_late_read_changes_its_own_day_and_no_other() {
    let Some(world) = World::new("late").await else {
        return;
    };
    let sales = (0..5).map(|day| read(&format!("S{day}"), 24 * day + 8, "dispensing"));
    world.land(sales.collect()).await;
    assert_eq!(world.pass(10).await.unwrap().days_changed, 5);
    world.land(vec![read("LATE", 24 + 9, "dispensing")]).await;
    let report = world.pass(10).await.unwrap();
    assert_eq!((report.days_recomputed, report.days_changed), (1, 1));
    assert_eq!(world.days().await[1], "DE 2026-03-02 2 2-0-0 complete");
    let moved = "SELECT count() FROM daily_demand WHERE revision > 1";
    assert_eq!(world.count(moved).await, 1);
    world.drop().await;
}

#[tokio::test]
async fn what_is_taken_back_leaves_a_day_of_zero_and_a_moved_event_leaves_its_old_day() {
    let Some(world) = World::new("back").await else {
        return;
    };
    let moved = |revision, hours| {
        let mut read = read("M", hours, "dispensing");
        read.event_id = "moved".into();
        read.revision = revision;
        read
    };
    world
        .land(vec![read("A", 1, "dispensing"), moved(1, 30)])
        .await;
    world.pass(10).await.unwrap();
    world
        .land(vec![withdrawn(read("A", 1, "dispensing")), moved(2, 60)])
        .await;
    world.pass(10).await.unwrap();
    assert_eq!(
        world.days().await,
        [
            "DE 2026-03-01 0 0-0-0 complete",
            "DE 2026-03-02 0 0-0-0 complete",
            "DE 2026-03-03 1 1-0-0 complete",
        ]
    );
    world.drop().await;
}

#[tokio::test]
async fn of_an_insert_of_two_years_the_year_shown_last_is_not_passed_over() {
    let Some(world) = World::new("years").await else {
        return;
    };
    world.land(vec![read("A", 1, "dispensing")]).await;
    world.pass(10).await.unwrap();
    let year_before = -90 * 24;
    let early = world.row(read("B", year_before, "dispensing"));
    let late = world.row(read("C", 30, "dispensing"));
    world.landing(&early, &late, false).await;
    world.see(late.clone()).await;
    world.pass(10).await.unwrap();
    world.see(early.clone()).await;
    world.landing(&early, &late, true).await;
    world.pass(10).await.unwrap();
    assert_eq!(
        world.days().await,
        [
            "DE 2025-12-01 1 1-0-0 complete",
            "DE 2026-03-01 1 1-0-0 complete",
            "DE 2026-03-02 1 1-0-0 complete",
        ]
    );
    let again = world.pass(10).await.unwrap();
    assert_eq!(again.days_recomputed, 0, "nothing is left to be seen");
    world.drop().await;
}

#[tokio::test]
async fn an_alert_that_comes_later_or_is_taken_back_changes_the_day_of_the_second_sale() {
    let Some(world) = World::new("alert").await else {
        return;
    };
    let sales = vec![
        read("A", 1, "dispensing"),
        abroad(read("A", 30, "dispensing"), "FR"),
    ];
    world.land(sales).await;
    world.pass(10).await.unwrap();
    let second = |text: &str| vec!["DE 2026-03-01 1 1-0-0 complete".to_owned(), text.to_owned()];
    assert_eq!(world.days().await, second("FR 2026-03-02 1 1-0-0 complete"));

    let raised = duplicate("A", &["A/1", "A/30"], 1, 1);
    world.alert(raised.clone()).await;
    world.pass(10).await.unwrap();
    assert_eq!(world.days().await, second("FR 2026-03-02 0 1-0-1 complete"));

    let mut retracted = raised;
    retracted.revision = 2;
    retracted.state = "retracted".into();
    world.alert(retracted).await;
    world.pass(10).await.unwrap();
    assert_eq!(world.days().await, second("FR 2026-03-02 1 1-0-0 complete"));
    world.drop().await;
}

#[tokio::test]
async fn another_rule_of_one_sale_computes_every_day_anew() {
    let Some(world) = World::new("rules").await else {
        return;
    };
    let pair = vec![read("A", 1, "dispensing"), read("A", 7, "retail_selling")];
    world.land(pair).await;
    world.pass(10).await.unwrap();
    assert_eq!(world.days().await, ["DE 2026-03-01 1 1-0-0 complete"]);
    let mut config = World::config();
    config.one_sale.one_sale_hours = 5;
    let landed = Ok(common::START + 10 * common::DAY);
    world
        .passes(config)
        .run(landed, 0, Cause::Asked)
        .await
        .unwrap();
    assert_eq!(world.days().await, ["DE 2026-03-01 2 2-0-0 complete"]);
    world.drop().await;
}
