//! Where a unit is.

use crate::common::Deployment;
use crate::world::*;
use serde_json::{Value, json};
use serialtrail_records::{EnrichedObservation, Site};
use std::collections::BTreeMap;

#[tokio::test]
async fn a_unit_is_where_the_reads_that_hold_leave_it() {
    let Some(d) = Deployment::new("whereabouts").await else {
        return;
    };
    reference(&d).await;
    let inherited = |mut read: EnrichedObservation| {
        read.direct = false;
        read.role = "epc".into();
        read.parent = Some("00/095212345678900016".into());
        read
    };
    let returned = |serial: &str, hour| read(serial, hour, "receiving", "returned");
    let undone = |serial: &str, hour| {
        let mut read = read(serial, hour, "inspecting", "active");
        read.body.persistent_set = Vec::new();
        read.body.persistent_unset = vec!["dispensed".into()];
        read
    };
    let scanned = |serial: &str, hour| {
        let mut read = read(serial, hour, "inspecting", "");
        read.body.scan_kind = Some("consumer".into());
        read.site = Site {
            country: Some("TH".into()),
            ..Site::default()
        };
        read
    };
    let withdrawn = |serial: &str, hour, step: &str| EnrichedObservation {
        asserted: false,
        revision: 2,
        ..read(serial, hour, step, "")
    };
    let moved = |serial: &str| EnrichedObservation {
        // The same event at another time, believed later: the sale below never was.
        event_id: format!("{serial}-9"),
        revision: 3,
        ..read(serial, 4, "storing", "")
    };
    let mut printed = read("printed", 1, "inspecting", "");
    printed.facts.lot = None;
    printed.body.lot = Some("L1".into());
    let mut other = read("other", 1, "storing", "");
    other.facts.lot = Some("L2".into());
    other.body.lot = Some("L1".into());
    let reads = vec![
        read("stored", 1, "receiving", "in_progress"),
        shipped("travels", 1),
        inherited(shipped("inside", 1)),
        shipped("arrived", 1),
        read("arrived", 2, "receiving", "in_progress"),
        shipped("voided", 1),
        read("voided", 2, "void_shipping", "in_transit"),
        // What came late does not count as last.
        read("late", 5, "receiving", "in_progress"),
        shipped("late", 3),
        read("sold", 1, "dispensing", "dispensed"),
        scanned("sold", 8),
        read("retail", 1, "retail_selling", "retail_sold"),
        read("part", 1, "dispensing", "partially_dispensed"),
        read("returned", 1, "dispensing", "dispensed"),
        returned("returned", 2),
        read("resold", 1, "dispensing", "dispensed"),
        returned("resold", 2),
        read("resold", 3, "dispensing", "dispensed"),
        read("undone", 1, "dispensing", "dispensed"),
        undone("undone", 2),
        read("destroyed", 1, "destroying", "destroyed"),
        read("taken-out", 1, "decommissioning", "inactive"),
        read("wrong", 1, "receiving", ""),
        read("wrong", 2, "dispensing", "dispensed"),
        withdrawn("wrong", 2, "dispensing"),
        read("never", 1, "receiving", ""),
        withdrawn("never", 1, "receiving"),
        read("moved", 9, "dispensing", "dispensed"),
        moved("moved"),
        scanned("tourist", 1),
        printed,
        other,
    ];
    let serials = vec![
        registered("stored", "L1", "active"),
        registered("never", "L1", "active"),
        registered("unseen", "L1", "active"),
        registered("exported", "L1", "exported"),
        registered("dispensed", "L1", "dispensed"),
        registered("elsewhere", "L2", "active"),
    ];
    store(&d, reads, serials).await;

    let page = d.ok(&format!("/v1/recall?gtin={GTIN}&lot=L1")).await;
    let expected: BTreeMap<String, String> = [
        ("stored", "at_site"),
        ("travels", "in_transit"),
        ("inside", "in_transit"),
        ("arrived", "at_site"),
        ("voided", "at_site"),
        ("late", "at_site"),
        ("sold", "sold"),
        ("retail", "sold"),
        ("part", "at_site"),
        ("returned", "at_site"),
        ("resold", "sold"),
        ("undone", "at_site"),
        ("destroyed", "ended"),
        ("taken-out", "ended"),
        ("wrong", "at_site"),
        ("never", "unseen"),
        ("moved", "at_site"),
        ("tourist", "at_site"),
        ("printed", "at_site"),
        ("unseen", "unseen"),
        ("exported", "ended"),
        ("dispensed", "sold"),
    ]
    .map(|(serial, place)| (serial.to_owned(), place.to_owned()))
    .into();
    assert_eq!(found(&page), expected);

    let of = |serial: &str| {
        let key = format!("01/{GTIN}/21/{serial}");
        let units = page["units"].as_array().unwrap().iter();
        units
            .clone()
            .find(|u| u["unit"] == key.as_str())
            .unwrap()
            .clone()
    };
    assert_eq!(
        of("sold")["country"],
        "DE",
        "not where a consumer scanned it"
    );
    assert_eq!(of("tourist")["country"], "TH", "nobody else ever read it");
    assert_eq!(of("inside")["container"], "00/095212345678900016");
    assert_eq!(of("travels")["container"], Value::Null);
    assert_eq!(of("travels")["to_site"], PHARMACY);
    assert_eq!(of("stored")["site_name"], "Löwen, \"Köln\"");
    assert_eq!(of("unseen")["last_time"], Value::Null);
    assert_eq!(of("arrived")["last_step"], "receiving");
    assert_eq!(of("arrived")["last_time"], "2026-02-01T02:00:00Z");

    let totals = &page["totals"];
    assert_eq!(totals["units"], 22);
    let sums = json!({"at_site": 11, "in_transit": 2, "sold": 4, "ended": 3, "unseen": 2});
    assert_eq!(totals["by_whereabouts"], sums);
    let germany = json!({"country": "DE", "units": 15, "at_site": 10, "in_transit": 0, "sold": 3, "ended": 2});
    assert_eq!(totals["by_country"][0], germany);
    assert_eq!(totals["sites"][0]["units"], 10);
    assert_eq!(totals["sites"][0]["latitude"], 52.5);
    assert_eq!(
        (
            &totals["sites"][1]["site"],
            &totals["sites"][1]["in_transit_to"]
        ),
        (&json!(PHARMACY), &json!(true)),
        "where the two on the way will be"
    );
    assert_eq!(page["product"]["name"], "Examplin");
    assert_eq!(page["as_of"], "2026-02-01T09:00:00Z");

    let unit = d.ok(&format!("/v1/where?id=01/{GTIN}/21/inside")).await;
    assert_eq!(unit["whereabouts"], "in_transit");
    assert_eq!(unit["site_name"], "Gros");
    assert_eq!(unit["lot"], "L1");
    let stock = d.ok(&format!("/v1/where?gtin={GTIN}")).await;
    let rows: Vec<_> = stock["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!([
                row["lot"],
                row["site_kind"],
                row["whereabouts"],
                row["units"]
            ])
        })
        .collect();
    assert_eq!(
        rows,
        [
            json!(["L1", "pharmacy", "at_site", 10]),
            json!(["L1", "wholesaler", "in_transit", 2]),
            json!(["L1", null, "at_site", 1]),
            json!(["L2", "pharmacy", "at_site", 1]),
        ]
    );
    for (query, rows) in [
        ("lot=L2", 1),
        ("kind=wholesaler", 1),
        ("kind=wholesaler,pharmacy", 3),
        ("country=FR", 1),
        (&format!("site={PHARMACY}&lot=L1"), 1),
    ] {
        let stock = d.ok(&format!("/v1/where?gtin={GTIN}&{query}")).await;
        assert_eq!(stock["rows"].as_array().unwrap().len(), rows, "{query}");
    }
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = d
            .ok(&format!("/v1/where?gtin={GTIN}&limit=1{cursor}"))
            .await;
        pages.extend(page["rows"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(pages), stock["rows"]);
    d.drop().await;
}

#[tokio::test]
async fn the_registry_is_believed_over_reads_too_old_to_be_judged_again() {
    let Some(d) = Deployment::new("corrected").await else {
        return;
    };
    reference(&d).await;
    let named = |serial: &str, lot: &str, status: &str| {
        let mut old = read(serial, 1, "receiving", "in_progress");
        old.facts.lot = Some(lot.into());
        old.facts.status = Some(status.into());
        old
    };
    store(
        &d,
        vec![
            named("moved", "L9", "decommissioned"),
            named("unregistered", "L9", "decommissioned"),
        ],
        vec![registered("moved", "L1", "active")],
    )
    .await;
    let page = |lot: &str| format!("/v1/recall?gtin={GTIN}&lot={lot}");
    let believed = d.get(&page("L1")).await;
    let expected = BTreeMap::from([("moved".to_owned(), "at_site".to_owned())]);
    assert_eq!(found(&believed.1), expected);
    let named = d.get(&page("L9")).await;
    let expected = BTreeMap::from([("unregistered".to_owned(), "ended".to_owned())]);
    assert_eq!(found(&named.1), expected);
}

#[tokio::test]
async fn a_unit_is_in_what_it_was_packed_into_and_not_in_what_it_was_fixed_to() {
    let Some(d) = Deployment::new("fixed").await else {
        return;
    };
    reference(&d).await;
    let crate_of = "8003/09521234543220/7";
    let child = |serial: &str, event_type: &str, action: &str| {
        let mut read = read(serial, 1, "", "");
        read.role = "child".into();
        read.parent = Some(crate_of.into());
        read.body.event_type = event_type.into();
        read.body.action = Some(action.into());
        read
    };
    let of_the_crate = |event_type: &str| EnrichedObservation {
        direct: false,
        role: "epc".into(),
        ..child("inherits", event_type, "OBSERVE")
    };
    store(
        &d,
        vec![
            child("packed", "AggregationEvent", "ADD"),
            child("seen", "AggregationEvent", "OBSERVE"),
            child("unpacked", "AggregationEvent", "DELETE"),
            child("fixed", "AssociationEvent", "ADD"),
            child("still-fixed", "AssociationEvent", "OBSERVE"),
            child("taken-off", "AssociationEvent", "DELETE"),
            // Something was fixed to the crate, and the unit is in the crate.
            of_the_crate("AssociationEvent"),
        ],
        Vec::new(),
    )
    .await;
    let page = d.ok(&format!("/v1/recall?gtin={GTIN}&lot=L1")).await;
    let of_page: BTreeMap<&str, &Value> = page["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| (unit["unit"].as_str().unwrap(), &unit["container"]))
        .collect();
    for (serial, container) in [
        ("packed", json!(crate_of)),
        ("seen", json!(crate_of)),
        ("unpacked", Value::Null),
        ("fixed", Value::Null),
        ("still-fixed", Value::Null),
        ("taken-off", Value::Null),
        ("inherits", json!(crate_of)),
    ] {
        let key = format!("01/{GTIN}/21/{serial}");
        assert_eq!(of_page[&*key], &container, "{serial}");
        let unit = d.ok(&format!("/v1/where?id={key}")).await;
        assert_eq!(unit["container"], container, "{serial}");
    }
    d.drop().await;
}
