//! The contract, rule by rule, over the stage and a map.
#![allow(clippy::unwrap_used)]

use serialtrail_bench_engine::Engine;
use serialtrail_bench_engine::rules::{REMEMBERED, distance_km};
use serialtrail_bench_engine::stage::{ALERTS, ENRICHED, REGISTRY};
use serialtrail_bench_engine::state::Unit;
use serialtrail_bench_engine::wire::{Row, Scan as Scanned};
use serialtrail_stream::Stage;
use serialtrail_stream::testing::{TestContext, record};

const SERIAL: &str = "urn:epc:id:sgtin:4012345.012345.77";
const BERLIN: (f64, f64) = (52.52, 13.405);
const PARIS: (f64, f64) = (48.8566, 2.3522);
const HOUR_MS: i64 = 3_600_000;

/// Avro's binary encoding, written down again: what the code under test must agree with.
#[derive(Default)]
struct Avro(Vec<u8>);

impl Avro {
    fn framed(schema: u8) -> Self {
        Self(vec![0, 0, 0, 0, schema])
    }
    fn long(mut self, value: i64) -> Self {
        let mut left = ((value << 1) ^ (value >> 63)) as u64;
        loop {
            let byte = (left & 0x7f) as u8;
            left >>= 7;
            if left == 0 {
                self.0.push(byte);
                return self;
            }
            self.0.push(byte | 0x80);
        }
    }
    fn text(mut self, text: &str) -> Self {
        self = self.long(text.len() as i64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }
    fn double(mut self, value: f64) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }
    fn row(self, markets: &[&str]) -> Self {
        let mut row = self
            .text("04012345012345")
            .text("LOT7")
            .long(20_801)
            .text("ACTIVE");
        if !markets.is_empty() {
            row = row.long(markets.len() as i64);
        }
        let row = markets.iter().fold(row, |row, market| row.text(market));
        row.long(0)
    }
}

#[derive(Clone, Copy)]
struct Scan {
    id: u64,
    hours: f64,
    step: &'static str,
    read_point: &'static str,
    country: &'static str,
    at: (f64, f64),
}

const SCAN: Scan = Scan {
    id: 1,
    hours: 0.0,
    step: "receiving",
    read_point: "urn:epc:id:sgln:4012345.00001.0",
    country: "DE",
    at: BERLIN,
};

impl Scan {
    fn fields(self, avro: Avro) -> Avro {
        avro.text(&format!("{:032x}", self.id))
            .text(SERIAL)
            .long((self.hours * HOUR_MS as f64) as i64)
            .text(self.step)
            .text(self.read_point)
            .text(self.country)
            .double(self.at.0)
            .double(self.at.1)
            .text("urn:epc:id:pgln:4012345.00002")
    }
    fn record(self) -> Vec<u8> {
        self.fields(Avro::framed(2)).0
    }
}

struct World {
    ctx: TestContext,
    offset: i64,
}

impl World {
    fn new() -> Self {
        Self {
            ctx: TestContext::new(0),
            offset: 0,
        }
    }
    fn registered(markets: &[&str]) -> Self {
        let mut world = Self::new();
        world.register(Some(markets));
        world
    }
    fn step(&mut self, topic: &str, value: Option<&[u8]>) -> anyhow::Result<()> {
        let mut record = record(topic, 0, self.offset, Some(SERIAL.as_bytes()), b"");
        record.value = value.map(|value| value.to_vec().into());
        self.offset += 1;
        Engine::default().step(&record, &mut self.ctx)
    }
    fn register(&mut self, markets: Option<&[&str]>) {
        let row = markets.map(|markets| Avro::framed(1).text(SERIAL).row(markets).0);
        self.step(REGISTRY, row.as_deref()).unwrap();
    }
    /// The rules that fired; `None` for a dropped scan.
    fn scan(&mut self, scan: Scan) -> Option<Vec<String>> {
        self.step("scans", Some(&scan.record())).unwrap();
        let outputs = self.ctx.take_outputs();
        let (kept, alerts): (Vec<_>, Vec<_>) =
            outputs.into_iter().partition(|o| o.topic == ENRICHED);
        assert!(kept.len() < 2);
        let rules = alerts.into_iter().map(|alert| {
            assert_eq!(alert.topic, ALERTS);
            assert_eq!(alert.key.as_deref(), Some(SERIAL.as_bytes()));
            let id = format!("{:032x}", scan.id);
            let value = alert.value.unwrap();
            let head = Avro::framed(4).text(SERIAL).text(&id).0;
            let rule = value.strip_prefix(&head[..]).unwrap();
            String::from_utf8(rule[1..].to_vec()).unwrap()
        });
        let rules: Vec<String> = rules.collect();
        match kept.is_empty() {
            true => {
                assert!(rules.is_empty(), "a dropped scan leaves nothing");
                None
            }
            false => Some(rules),
        }
    }
}

#[test]
fn each_rule_fires_by_itself_and_only_when_it_should() {
    let sold = |id, read_point| Scan {
        id,
        step: "retail_selling",
        read_point,
        ..SCAN
    };
    let dispensed = |id, read_point| Scan {
        step: "dispensing",
        ..sold(id, read_point)
    };
    let paris = |id, hours| Scan {
        id,
        hours,
        at: PARIS,
        ..SCAN
    };
    let abroad = Scan {
        country: "FR",
        ..SCAN
    };
    // What happened, the markets (None: not registered), the scans, what the last one fired.
    type Case<'a> = (&'a str, Option<&'a [&'a str]>, Vec<Scan>, &'a [&'a str]);
    let de: Option<&[&str]> = Some(&["FR", "DE"]);
    let cases: Vec<Case<'_>> = vec![
        ("a registered serial at home", de, vec![SCAN], &[]),
        ("an unknown serial", None, vec![SCAN], &["UNKNOWN"]),
        (
            "an unknown serial is in no wrong market",
            None,
            vec![abroad],
            &["UNKNOWN"],
        ),
        ("another of its markets", de, vec![abroad], &[]),
        (
            "outside its markets",
            Some(&["DE"]),
            vec![abroad],
            &["DIVERSION"],
        ),
        ("no markets at all", Some(&[]), vec![SCAN], &["DIVERSION"]),
        ("sold once", de, vec![sold(1, "a")], &[]),
        (
            "sold twice at one place",
            de,
            vec![sold(1, "a"), sold(2, "a")],
            &[],
        ),
        (
            "sold, then dispensed elsewhere",
            de,
            vec![sold(1, "a"), dispensed(2, "b")],
            &["DUPLICATE"],
        ),
        (
            "every further place alerts, against the first",
            de,
            vec![sold(1, "a"), sold(2, "b"), sold(3, "b")],
            &["DUPLICATE"],
        ),
        (
            "back at the first place",
            de,
            vec![sold(1, "a"), sold(2, "b"), sold(3, "a")],
            &[],
        ),
        (
            "received elsewhere after the sale",
            de,
            vec![
                sold(1, "a"),
                Scan {
                    id: 2,
                    read_point: "b",
                    ..SCAN
                },
            ],
            &[],
        ),
        (
            "an hour to Paris is as fast as goods fly",
            de,
            vec![SCAN, paris(2, 1.0)],
            &[],
        ),
        (
            "half an hour to Paris",
            de,
            vec![SCAN, paris(2, 0.5)],
            &["TRAVEL"],
        ),
        (
            "before it left",
            de,
            vec![SCAN, paris(2, -9.0)],
            &["TRAVEL"],
        ),
        (
            "unknown ones travel too",
            None,
            vec![SCAN, paris(2, 0.0)],
            &["UNKNOWN", "TRAVEL"],
        ),
        (
            "a short way in no time",
            de,
            vec![
                SCAN,
                Scan {
                    id: 2,
                    at: (52.9, 13.4),
                    ..SCAN
                },
            ],
            &[],
        ),
        (
            "the way is measured from the last scan, not the first",
            de,
            vec![SCAN, paris(2, 2.0), paris(3, 2.1)],
            &[],
        ),
    ];
    for (what, markets, scans, expected) in cases {
        let mut world = match markets {
            Some(markets) => World::registered(markets),
            None => World::new(),
        };
        let mut fired = None;
        for scan in scans {
            fired = world.scan(scan);
        }
        assert_eq!(fired.unwrap(), expected, "{what}");
    }
}

#[test]
fn a_repeated_event_is_dropped_until_it_is_forgotten() {
    let mut world = World::registered(&["DE"]);
    let event = |id| Scan { id, ..SCAN };
    let last = REMEMBERED as u64;
    for id in 1..=last {
        assert!(world.scan(event(id)).is_some());
        assert!(world.scan(event(id)).is_none(), "{id}");
        assert!(world.scan(event(1)).is_none(), "after {id}");
    }
    assert!(world.scan(event(last + 1)).is_some());
    assert!(world.scan(event(2)).is_none(), "still remembered");
    assert!(world.scan(event(1)).is_some(), "forgotten by now");
}

#[test]
fn a_dropped_scan_changes_nothing() {
    let mut world = World::registered(&["DE"]);
    world.scan(SCAN);
    let state = world.ctx.state().clone();
    let elsewhere = Scan {
        step: "dispensing",
        at: PARIS,
        ..SCAN
    };
    assert_eq!(world.scan(elsewhere), None);
    assert_eq!(*world.ctx.state(), state);
}

#[test]
fn an_enriched_scan_is_the_scan_with_its_row() {
    for markets in [Some(&["DE", "FR"][..]), Some(&[]), None] {
        let mut world = World::new();
        if markets.is_some() {
            world.register(markets);
        }
        world.step("scans", Some(&SCAN.record())).unwrap();
        let outputs = world.ctx.take_outputs();
        let mut expected = SCAN.fields(Avro::framed(3));
        expected.0.push(u8::from(markets.is_some()));
        let expected = match markets {
            Some(markets) => expected.row(markets),
            None => expected.text("").text("").long(0).text("").long(0),
        };
        assert_eq!(outputs[0].value.as_deref(), Some(&expected.0[..]));
    }
}

#[test]
fn a_row_may_come_change_and_go_around_scans() {
    let mut world = World::new();
    assert_eq!(world.scan(Scan { id: 1, ..SCAN }).unwrap(), ["UNKNOWN"]);
    world.register(Some(&["FR"]));
    assert_eq!(world.scan(Scan { id: 2, ..SCAN }).unwrap(), ["DIVERSION"]);
    world.register(Some(&["DE"]));
    assert!(world.scan(Scan { id: 3, ..SCAN }).unwrap().is_empty());
    assert_eq!(world.scan(Scan { id: 1, ..SCAN }), None, "history stays");
    world.register(None);
    assert_eq!(world.scan(Scan { id: 4, ..SCAN }).unwrap(), ["UNKNOWN"]);
}

#[test]
fn a_record_that_is_not_the_contracts_ends_the_run() {
    let whole = SCAN.record();
    for length in 0..whole.len() {
        let cut = World::new().step("scans", Some(&whole[..length]));
        assert!(cut.is_err(), "cut at {length}");
    }
    let mut trailing = whole.clone();
    trailing.push(0);
    let mut schema = whole.clone();
    schema[4] = 9;
    let mut digits = whole;
    digits[6] = b'X';
    for bad in [trailing, schema, digits] {
        assert!(World::new().step("scans", Some(&bad)).is_err());
    }
    let row = Avro::framed(1).text(SERIAL).row(&["DE"]).0;
    for length in 0..row.len() {
        let cut = World::new().step(REGISTRY, Some(&row[..length]));
        assert!(cut.is_err(), "row cut at {length}");
    }
}

#[test]
fn distances_are_those_of_an_atlas() {
    assert!((distance_km(BERLIN, PARIS) - 878.0).abs() < 2.0);
    let sydney = (-33.8688, 151.2093);
    assert!((distance_km(BERLIN, sydney) - 16_090.0).abs() < 30.0);
    let poles = distance_km((90.0, 0.0), (-90.0, 0.0));
    assert!((poles - 20_015.0).abs() < 1.0);
    assert!(distance_km(PARIS, PARIS) < f64::EPSILON);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_reading_panic(
        schema in 0u8..5,
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        let mut framed = Avro::framed(schema).0;
        framed.extend_from_slice(&bytes);
        let _ = Scanned::read(&framed);
        if let Ok((_, row)) = Row::read(&framed) {
            // What was taken once can be read again.
            row.allows("DE").unwrap();
        }
        if let Ok(unit) = Unit::read(&bytes) {
            let mut again = Vec::new();
            unit.with_row(unit.row, &mut again);
            // Counts have several spellings; what they say is the same.
            proptest::prop_assert_eq!(Unit::read(&again).unwrap().history.ids, unit.history.ids);
        }
    }
}
