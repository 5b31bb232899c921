//! What is not known or not valid.

use crate::common::{Deployment, ORIGIN, encoded};
use crate::world::*;
use serde_json::json;
use serialtrail_records::LotStatus;
use serialtrail_warehouse::rows::LotRow;
use serialtrail_warehouse::tables;

#[tokio::test]
async fn what_is_not_known_or_not_valid_is_said_clearly() {
    let Some(d) = Deployment::new("recall_bad").await else {
        return;
    };
    store(&d, vec![read("A", 1, "storing", "")], vec![]).await;
    let lot = |status: &str, authorised, by: &str| LotStatus {
        gtin: GTIN.into(),
        lot: "L7".into(),
        source: by.into(),
        asserted: true,
        status: status.into(),
        authorised,
        source_party: by.into(),
        ..LotStatus::default()
    };
    let rows = [
        lot("active", true, "maker"),
        lot("withdrawn", true, "maker2"),
        lot("recalled", false, "stranger"),
    ]
    .map(|lot| LotRow::new(lot, &ORIGIN));
    d.store(tables::LOTS, &rows).await;

    let page = d.ok(&format!("/v1/recall?gtin={GTIN}&lot=L7")).await;
    assert_eq!(page["totals"]["units"], 0, "a lot nobody has units of");
    assert_eq!(
        page["status"]["status"], "withdrawn",
        "a stranger's word counts less"
    );
    assert_eq!(page["status"]["by"], "maker2");

    for (path, status, reason, says) in [
        (
            "/v1/recall?gtin=09521234543213&lot=L8",
            404,
            "unknown_lot",
            "the product 09521234543213 is known",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=l1",
            404,
            "unknown_lot",
            "letter by letter",
        ),
        (
            "/v1/recall?gtin=73513537&lot=L1",
            404,
            "unknown_lot",
            "product 00000073513537",
        ),
        (
            "/v1/recall?gtin=09521234543210&lot=L1",
            400,
            "bad_check_digit",
            "should be 3",
        ),
        ("/v1/recall?gtin=abc&lot=L1", 400, "malformed", "abc"),
        ("/v1/recall?lot=L1", 400, "bad_parameter", "gtin="),
        (
            "/v1/recall?gtin=09521234543213",
            400,
            "bad_parameter",
            "lot=",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&limit=0",
            400,
            "bad_parameter",
            "1 to 1000",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&limit=1000000000",
            400,
            "bad_parameter",
            "1 to 1000",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&cursor=x",
            400,
            "bad_parameter",
            "next",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&whereabouts=lost",
            400,
            "bad_parameter",
            "in_transit",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&country=Germany",
            400,
            "bad_parameter",
            "two letters",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&format=xml",
            400,
            "bad_parameter",
            "ndjson",
        ),
        (
            "/v1/recall?gtin=09521234543213&lot=L1&color=red",
            400,
            "bad_parameter",
            "color",
        ),
        ("/v1/where", 400, "bad_parameter", "id="),
        (
            "/v1/where?gtin=73513537",
            404,
            "unknown_product",
            "00000073513537",
        ),
        (
            "/v1/where?gtin=09521234543213&lot=L8",
            404,
            "unknown_lot",
            "L8",
        ),
        (
            "/v1/where?gtin=09521234543213&kind=castle",
            400,
            "bad_parameter",
            "pharmacy",
        ),
        (
            "/v1/where?gtin=09521234543213&limit=0",
            400,
            "bad_parameter",
            "1 to 1000",
        ),
        (
            "/v1/where?id=00/095212345678900016",
            404,
            "unknown_unit",
            "well-formed",
        ),
        ("/v1/where?id=12345", 400, "malformed", "12345"),
        (
            "/v1/where?id=00/095212345678900016&lot=L1",
            400,
            "bad_parameter",
            "lot",
        ),
    ] {
        let (found, problem) = d.get(path).await;
        assert_eq!(
            (found, &problem["reason"]),
            (status, &json!(reason)),
            "{path}: {problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{path}: {detail}");
    }
    // Nothing in a lot's text is part of a statement.
    let (status, problem) = d
        .get(&format!(
            "/v1/recall?gtin={GTIN}&lot={}",
            encoded("L1' OR 1=1 --\u{1f}\0")
        ))
        .await;
    assert_eq!((status, &problem["reason"]), (404, &json!("unknown_lot")));
    d.drop().await;
}
