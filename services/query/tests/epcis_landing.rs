//! Inserts of several years become visible a year at a time: whoever follows the captures is told of all.
#![allow(clippy::unwrap_used)]

mod common;
mod events;

use common::{Deployment, ORIGIN};
use events::{Captured, object, store};
use serde_json::json;
use serialtrail_epcis::query::SimpleEventQuery;
use serialtrail_query::epcis::poller::{self, Poller};
use serialtrail_query::feed::Position;
use serialtrail_warehouse::rows::{LandingRow, Origin};
use serialtrail_warehouse::tables;

/// An event of a year, captured at an offset.
fn of(year: i32, offset: i64) -> Captured {
    let mut event = object(&format!(
        "urn:uuid:00000000-0000-4000-8000-0000000{offset:05}"
    ));
    event["eventTime"] = json!(format!("{year}-03-01T09:00:00Z"));
    event["example:n"] = json!(offset);
    Captured::new(event).at(offset).offset(offset)
}

/// What the sink says of the insert of offsets `first ..= last`.
async fn landing(d: &Deployment, first: i64, last: i64, whole: bool) {
    let origin = Origin {
        topic: "epcis-events",
        offset: first,
        ..ORIGIN
    };
    let row = LandingRow::new(tables::EVENTS, &origin, last, whole);
    d.store(tables::LANDINGS, &[row]).await;
}

async fn told(d: &Deployment, poller: &mut Poller) -> Vec<i64> {
    let found = poller.next(&d.client()).await.unwrap();
    let number = |event: &serde_json::Value| event["example:n"].as_i64().unwrap();
    let mut told: Vec<i64> = found
        .iter()
        .map(|found| number(&found.tree.event))
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_range_that_lands_a_year_at_a_time_is_told_whole_and_once() {
    let Some(d) = Deployment::new("epcis_landing").await else {
        return;
    };
    let everything = SimpleEventQuery::from_pairs(&[], &serialtrail_epcis::Context::standard());
    let mut poller = Poller::new(everything.unwrap(), Position::default());
    store(&d, &[of(2026, 0), of(2026, 1)]).await;
    assert_eq!(told(&d, &mut poller).await, [0, 1]);

    landing(&d, 3, 7, false).await;
    store(&d, &[of(2026, 4), of(2026, 7)]).await;
    assert_eq!(
        told(&d, &mut poller).await,
        [0; 0],
        "the range is not whole"
    );
    let before = poller::end(&d.client()).await.unwrap();
    store(&d, &[of(2025, 3), of(2025, 6)]).await;
    assert_eq!(told(&d, &mut poller).await, [0; 0]);
    landing(&d, 3, 7, true).await;
    assert_ne!(poller::end(&d.client()).await.unwrap(), before);
    assert_eq!(told(&d, &mut poller).await, [3, 4, 6, 7]);

    // A sink that begins again after it said so repeats the range, and nothing is told twice.
    landing(&d, 3, 7, false).await;
    store(&d, &[of(2026, 8)]).await;
    assert_eq!(told(&d, &mut poller).await, [8]);
    landing(&d, 9, 10, false).await;
    store(&d, &[of(2026, 10)]).await;
    assert_eq!(told(&d, &mut poller).await, [0; 0]);
    landing(&d, 9, 10, true).await;
    assert_eq!(told(&d, &mut poller).await, [10]);
    d.drop().await;
}

#[tokio::test]
async fn a_range_that_never_becomes_whole_holds_back_until_something_beyond_it_lands() {
    let Some(d) = Deployment::new("epcis_unfinished").await else {
        return;
    };
    let everything = SimpleEventQuery::from_pairs(&[], &serialtrail_epcis::Context::standard());
    let mut poller = Poller::new(everything.unwrap(), Position::default());
    store(&d, &[of(2026, 0)]).await;
    landing(&d, 3, 7, false).await;
    store(&d, &[of(2026, 4), of(2026, 7)]).await;
    assert_eq!(told(&d, &mut poller).await, [0], "up to the last of it");
    let before = poller::end(&d.client()).await.unwrap();

    store(&d, &[of(2026, 9)]).await;
    assert_ne!(poller::end(&d.client()).await.unwrap(), before);
    assert_eq!(told(&d, &mut poller).await, [4, 7, 9]);
    assert_eq!(told(&d, &mut poller).await, [0; 0]);

    // The next range is waited for as ever.
    landing(&d, 10, 12, false).await;
    store(&d, &[of(2026, 12)]).await;
    assert_eq!(told(&d, &mut poller).await, [0; 0]);
    landing(&d, 10, 12, true).await;
    assert_eq!(told(&d, &mut poller).await, [12]);
    d.drop().await;
}
