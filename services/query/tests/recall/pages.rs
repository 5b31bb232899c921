//! A lot by pages, and as a stream.

use crate::common::Deployment;
use crate::world::*;
use axum::http::header;

#[tokio::test]
async fn pages_and_streams_hold_every_unit_of_the_lot_once() {
    let Some(d) = Deployment::new("recall_pages").await else {
        return;
    };
    reference(&d).await;
    let reads = (0..1_200)
        .map(|n| match n % 3 {
            0 => shipped(&format!("s{n:05}"), 1),
            _ => read(&format!("s{n:05}"), 1, "receiving", ""),
        })
        .collect();
    let serials = (0..1_500)
        .map(|n| {
            registered(
                &format!("s{n:05}"),
                if n % 5 == 4 { "L9" } else { "L1" },
                "active",
            )
        })
        .collect();
    store(&d, reads, serials).await;
    // Units of the other lot are read as such.
    d.client()
        .query(
            "INSERT INTO observations SELECT * REPLACE ('L9' AS lot, 5 AS revision) FROM observations \
             WHERE toUInt32OrZero(substring(unit, 23)) % 5 = 4",
        )
        .with_setting("async_insert", "0")
        .execute()
        .await
        .unwrap();

    for (filter, expected) in [
        ("", 1_200),
        ("&whereabouts=in_transit", 320),
        ("&country=DE&whereabouts=at_site,sold", 640),
    ] {
        let base = format!("/v1/recall?gtin={GTIN}&lot=L1{filter}");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = d.ok(&format!("{base}&limit=499{cursor}")).await;
            assert_eq!(page["totals"]["units"], 1_200, "of the whole lot");
            let here = page["units"].as_array().unwrap().clone();
            let rest = d.lines(&format!("{base}{cursor}")).await;
            assert_eq!(rest[..here.len()], here, "a stream goes on from a page too");
            seen.extend(here);
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let mut keys: Vec<_> = seen.iter().map(|unit| unit["unit"].to_string()).collect();
        keys.dedup();
        assert_eq!(keys.len(), expected, "{filter}");

        let lines = d.lines(&base).await;
        assert_eq!(
            lines, seen,
            "{filter}: the same units in the same order and shape"
        );

        let (status, headers, text) = raw(&d, &base, "text/csv").await;
        assert_eq!(
            (status, &headers[header::CONTENT_TYPE]),
            (200, &"text/csv;charset=utf-8".parse().unwrap())
        );
        assert_eq!(
            headers[header::CONTENT_DISPOSITION],
            format!("attachment; filename=\"recall-{GTIN}-L1.csv\"")
        );
        assert_eq!(text.matches("\r\n").count(), expected + 1, "and a header");
        assert!(text.contains("\"Löwen, \"\"Köln\"\"\"") != filter.contains("in_transit"));
    }
    let (status, _, text) = raw(&d, &format!("/v1/recall?gtin={GTIN}&lot=L1"), "image/png").await;
    assert!(status == 406 && text.contains("text/csv"), "{text}");
    d.drop().await;
}
