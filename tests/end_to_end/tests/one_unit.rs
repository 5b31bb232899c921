//! The same unit in every spelling and by every door is one unit with one journey.
#![allow(clippy::unwrap_used)]

use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::documents::{
    bare, commissioning, declared_in_error, document, identified, object,
};
use serialtrail_end_to_end::master::{
    self, CENTRE, FACTORY, PHARMACY, WHOLESALER, gtin, link, sgln, sgtin,
};
use serialtrail_end_to_end::partner::publish;
use serialtrail_records::{Codec, PartnerEvent};

fn steps(d: &Deployment, id: &str) -> Vec<String> {
    d.trace(id).unwrap()["journey"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["biz_step"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn urn_link_http_and_partner_topic_make_one_journey() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let urn = sgtin(4, "ONE-UNIT%2F1");
    let dl = format!("https://id.gs1.org/01/{}/21/ONE-UNIT%2F1", gtin(4));
    let other_host = format!(
        "https://example.com/some/01/{}/10/LOT/21/ONE-UNIT%2F1",
        gtin(4)
    );
    d.capture(&document(vec![commissioning(
        "2026-03-01T08:00:00Z",
        &sgln(FACTORY),
        "ONE",
        "2028-03-01",
        std::slice::from_ref(&urn),
    )]))
    .unwrap();
    // A single event, by Digital Link, on the other resource.
    let shipped = bare(object(
        "OBSERVE",
        "2026-03-02T08:00:00Z",
        "shipping",
        &sgln(FACTORY),
        std::slice::from_ref(&dl),
    ));
    let (status, body) = d
        .post("/epcis/v2/events", shipped.to_string(), &[])
        .unwrap();
    assert_eq!(status, 201, "{body}");
    // The same unit by a partner's topic, under another host and with a coarser qualifier.
    let codec = Codec::connect(&d.settings().schema_registry.url).unwrap();
    let by_partner = PartnerEvent {
        event_type: "ObjectEvent".into(),
        action: "OBSERVE".into(),
        event_time: 1_772_528_400_000_000, // 2026-03-03T09:00:00Z
        event_time_zone_offset: "+01:00".into(),
        biz_step: Some("receiving".into()),
        read_point: Some(sgln(WHOLESALER)),
        biz_location: Some(sgln(WHOLESALER)),
        epc_list: vec![other_host],
        ..PartnerEvent::default()
    };
    publish(&d, "acme", &[codec.encode(&by_partner).unwrap()]).unwrap();
    d.wait_for(60, || {
        let trace = d.trace(&urn)?;
        Ok(trace["journey"].as_array().is_some_and(|j| j.len() >= 3))
    })
    .unwrap();
    for spelling in [
        urn.as_str(),
        dl.as_str(),
        &format!("01/{}/21/ONE-UNIT/1", gtin(4)),
        &format!("(01){}(21)ONE-UNIT/1", gtin(4)),
    ] {
        assert_eq!(
            steps(&d, spelling),
            ["commissioning", "shipping", "receiving"],
            "{spelling}"
        );
        assert_eq!(d.trace(spelling).unwrap()["epc"], link(&urn).unwrap());
    }
}

#[test]
fn a_repeat_is_a_success_and_changes_nothing_in_any_spelling() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    let urn = sgtin(4, "REPEAT1");
    let dl = link(&urn).unwrap();
    let id = "urn:uuid:5f3c2e6a-0000-4000-8000-00000000a001";
    let at = |unit: &str| {
        identified(
            object(
                "ADD",
                "2026-03-01T08:00:00Z",
                "commissioning",
                &sgln(FACTORY),
                &[unit.into()],
            ),
            id,
        )
    };
    for spelled in [at(&urn), at(&urn), at(&dl)] {
        d.capture(&document(vec![spelled])).unwrap();
    }
    // Without an id the event hash tells a resend, in either spelling.
    let read = |unit: &str| {
        object(
            "OBSERVE",
            "2026-03-02T08:00:00Z",
            "receiving",
            &sgln(CENTRE),
            &[unit.into()],
        )
    };
    for spelled in [read(&urn), read(&dl), read(&urn)] {
        d.capture(&document(vec![spelled])).unwrap();
    }
    d.settle().unwrap();
    assert_eq!(steps(&d, &urn), ["commissioning", "receiving"]);
    let rejects = d
        .sql(&format!(
            "SELECT count() FROM rejected WHERE event_id = '{id}'"
        ))
        .unwrap();
    assert_eq!(rejects, "0");
}

#[test]
fn an_error_declaration_withdraws_its_event_whichever_comes_first() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    master::load(&d).unwrap();
    for (n, declared_first) in [(1, false), (2, true)] {
        let unit = sgtin(4, &format!("DECLARED{n}"));
        let units = [unit.clone()];
        let id = format!("urn:uuid:5f3c2e6a-0000-4000-8000-00000000b00{n}");
        let made = commissioning(
            "2026-03-01T08:00:00Z",
            &sgln(FACTORY),
            "DEC",
            "2028-01-01",
            &units,
        );
        let sold = object(
            "OBSERVE",
            "2026-03-05T08:00:00Z",
            "dispensing",
            &sgln(PHARMACY),
            &units,
        );
        let wrong = identified(sold, &id);
        let declaration = declared_in_error(wrong.clone(), "2026-03-05T10:00:00Z");
        d.capture(&document(vec![made])).unwrap();
        let mut order = vec![wrong, declaration];
        if declared_first {
            order.reverse();
        }
        for e in order {
            d.capture(&document(vec![e])).unwrap();
        }
        d.settle().unwrap();
        assert_eq!(
            steps(&d, &unit),
            ["commissioning"],
            "declared first: {declared_first}"
        );
    }
}
