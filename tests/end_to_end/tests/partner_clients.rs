//! Partners that publish with the clients of `schemas/examples`, each to its own topic: their events land,
//! and what is refused of them comes back to them and to nobody else.
#![allow(clippy::unwrap_used)]

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use serialtrail_end_to_end::Deployment;
use serialtrail_end_to_end::master::{self, CENTRE, FACTORY, gtin, sgln, sgtin, sscc};
use serialtrail_end_to_end::partner::{Client, write_raw};

/// A partner of this run: its topics and units are its own.
struct Partner<'a> {
    d: &'a Deployment,
    client: Client,
    party: String,
    run: u64,
    /// Hex of bytes only this partner publishes.
    garbage: Vec<u8>,
}

impl<'a> Partner<'a> {
    fn new(d: &'a Deployment, client: Client, name: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let run = u64::try_from(now.as_micros() % 1_000_000_000).unwrap();
        let party = format!("{name}-{run}");
        d.ok(["topics", "partner", &party]).unwrap();
        let mut garbage = format!("{party} did not read the guide. ").into_bytes();
        while garbage.len() < 300_000 {
            garbage.extend_from_within(..garbage.len().min(4096));
        }
        Self {
            d,
            client,
            party,
            run,
            garbage,
        }
    }

    fn unit(&self, serial: &str) -> String {
        sgtin(9, &format!("{serial}{}", self.run))
    }

    fn id(&self, number: u32) -> String {
        format!("urn:uuid:00000000-0000-4000-8{number:03}-{:012}", self.run)
    }

    fn publish(&self, name: &str, events: &[Value], compression: &str) {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let file = self.d.scratch().join(format!("{}-{name}", self.party));
        std::fs::write(&file, lines.join("\n")).unwrap();
        let said = self
            .client
            .publish(self.d, &self.party, &file, compression)
            .unwrap();
        let expected = format!("{0} of {0} events written", events.len());
        assert!(said.contains(&expected), "{said}");
    }

    fn raw(&self, value: &[u8]) {
        write_raw(self.d, &format!("partner.{}", self.party), 1, None, value).unwrap();
    }

    /// Commissioned with lot and expiry, packed, shipped: two units in one pallet.
    fn good(&self) -> Vec<Value> {
        let (one, two) = (self.unit("ONE"), self.unit("TWO"));
        let pallet = sscc(self.run);
        vec![
            json!({
                "event_id": self.id(1), "event_type": "ObjectEvent", "action": "ADD",
                "event_time": "2026-03-01T09:00:00.000+01:00", "biz_step": "commissioning",
                "disposition": "active", "read_point": sgln(FACTORY),
                "epc_list": [master::link(&one).unwrap(), two], "lot": "CLIENT", "expiry": "2028-03-01",
            }),
            json!({
                "event_id": self.id(2), "event_type": "AggregationEvent", "action": "ADD",
                "event_time": "2026-03-01T09:30:00.000+01:00", "biz_step": "packing",
                "disposition": "in_progress", "read_point": sgln(FACTORY),
                "parent_id": pallet, "child_epcs": [one, two],
            }),
            json!({
                "event_id": self.id(3), "event_type": "ObjectEvent", "action": "OBSERVE",
                "event_time": "2026-03-01T10:00:00.000+01:00", "biz_step": "shipping",
                "disposition": "in_transit", "read_point": sgln(FACTORY), "epc_list": [pallet],
                "biz_transactions": [
                    {"type": "desadv", "id": "urn:epcglobal:cbv:bt:9529000000008:D1"}
                ],
            }),
        ]
    }

    /// A wrong check digit; and other content under an id that stands.
    fn bad(&self) -> Vec<Value> {
        let wrong = if gtin(9).ends_with('0') { '1' } else { '0' };
        let epc = format!(
            "https://id.gs1.org/01/{}{wrong}/21/BAD{}",
            &gtin(9)[..13],
            self.run
        );
        let read = |id: u32, epc: &str| {
            json!({
                "event_id": self.id(id), "event_type": "ObjectEvent", "action": "OBSERVE",
                "event_time": "2026-03-01T11:00:00.000+01:00", "biz_step": "receiving",
                "read_point": sgln(CENTRE), "epc_list": [epc],
            })
        };
        vec![read(4, &epc), read(3, &self.unit("ONE"))]
    }

    /// (reason, event id) of what came back, sorted; every original is the whole of what was published.
    fn rejects(&self, wrong_schema: &[u8]) -> Vec<(String, Option<String>)> {
        let mut found: Vec<_> = self
            .client
            .rejects(self.d, &self.party)
            .unwrap()
            .into_iter()
            .map(|row| {
                let reason = row["reason"].as_str().unwrap().to_owned();
                let id = row["event_id"].as_str().map(ToOwned::to_owned);
                match reason.as_str() {
                    "not_avro_framed" => assert_eq!(row["original_hex"], hex(&self.garbage)),
                    "unexpected_record" => assert_eq!(
                        row["original_bytes"].as_u64().unwrap(),
                        wrong_schema.len() as u64
                    ),
                    "bad_check_digit" => {
                        assert_eq!(row["original"]["event_id"], self.id(4), "{row}");
                    }
                    _ => assert_eq!(row["original"]["event_id"], self.id(3), "{row}"),
                }
                let capture = row["capture_id"].as_str().unwrap();
                assert!(
                    capture.starts_with(&format!("partner.{}/", self.party)),
                    "somebody else's: {row}"
                );
                (reason, id)
            })
            .collect();
        found.sort();
        found
    }

    fn expected(&self) -> Vec<(String, Option<String>)> {
        let mut expected = vec![
            ("bad_check_digit".into(), Some(self.id(4))),
            ("event_id_conflict".into(), Some(self.id(3))),
            ("not_avro_framed".into(), None),
            ("unexpected_record".into(), None),
        ];
        expected.sort();
        expected
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A whole record of another kind, framed with that kind's id: a mark.
fn wrong_schema(d: &Deployment) -> Vec<u8> {
    let registry = d.settings().schema_registry.url;
    let url = format!("{registry}/subjects/io.serialtrail.Mark/versions/latest");
    let answer: Value =
        serde_json::from_str(&reqwest::blocking::get(url).unwrap().text().unwrap()).unwrap();
    let id = u32::try_from(answer["id"].as_u64().unwrap()).unwrap();
    let mut value = vec![0];
    value.extend(id.to_be_bytes());
    value.extend([0; 16]);
    value
}

fn a_partner_of(d: &Deployment, client: Client, name: &str, compressions: [&str; 2]) {
    master::load(d).unwrap();
    let partner = Partner::new(d, client, name);
    let wrong = wrong_schema(d);
    partner.publish("good", &partner.good(), compressions[0]);
    // The conflict is one only against what stands already.
    d.wait_for(60, || Ok(d.trace(&partner.unit("ONE")).is_ok()))
        .unwrap();
    partner.publish("bad", &partner.bad(), compressions[1]);
    partner.raw(&partner.garbage);
    partner.raw(&wrong);

    let one = partner.unit("ONE");
    d.wait_for(60, || {
        Ok(d.trace(&one)?["journey"]
            .as_array()
            .is_some_and(|reads| reads.len() == 3))
    })
    .unwrap();
    let landed = d
        .sql(&format!(
            "SELECT countDistinct(event_id), any(source_party) FROM events FINAL \
             WHERE source_party = '{}' FORMAT TSV",
            partner.party
        ))
        .unwrap();
    assert_eq!(landed, format!("3\t{}", partner.party));
    d.wait_for(60, || Ok(partner.rejects(&wrong).len() >= 4))
        .unwrap();
    assert_eq!(partner.rejects(&wrong), partner.expected());

    // What was published again is a repeat, not a rejection, and changes nothing.
    partner.publish("good", &partner.good(), compressions[1]);
    d.settle().unwrap();
    assert_eq!(partner.rejects(&wrong), partner.expected());
    assert_eq!(
        d.trace(&one).unwrap()["journey"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn a_partner_with_the_python_client_sees_its_events_land_and_its_rejects_come_back() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let Some(client) = Client::python().unwrap() else {
        return;
    };
    a_partner_of(&d, client, "python", ["zstd", "snappy"]);
}

#[test]
fn a_partner_with_the_java_client_sees_its_events_land_and_its_rejects_come_back() {
    let Some(d) = Deployment::shared().unwrap() else {
        return;
    };
    let Some(client) = Client::java().unwrap() else {
        return;
    };
    a_partner_of(&d, client, "java", ["gzip", "lz4"]);
}
