//! Places, reads and units to tell stories with.

use std::sync::LazyLock;

use serialtrail_detector::Policy;
use serialtrail_detector::history::History;
use serialtrail_detector::lot::{LotMeasure, LotView};
use serialtrail_detector::policy::Profile;
use serialtrail_detector::read::{DAY, HOUR, MINUTE};
use serialtrail_detector::rules::rule;
use serialtrail_detector::unit::Head;
use serialtrail_records::avro::Encoded;
use serialtrail_records::state_detector::{DetectorProduct, DetectorRead, DetectorUnit};
use serialtrail_records::{Micros, UnitFacts};

use crate::world::CODEC;

/// A pack.
pub(crate) const PACK: &str = "01/09521234543213/21/ABC123";
/// A case.
pub(crate) const CASE: &str = "00/095212345432132104";
/// Noon of 1 June 2026, UTC: where stories begin.
pub(crate) const START: Micros = 1_780_315_200_000_000;

/// A place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) gln: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) country: &'static str,
    pub(crate) party: &'static str,
    pub(crate) role: &'static str,
    pub(crate) at: (f64, f64),
}

const fn place(
    gln: &'static str,
    kind: &'static str,
    country: &'static str,
    party: &'static str,
    role: &'static str,
    at: (f64, f64),
) -> Place {
    Place {
        gln,
        kind,
        country,
        party,
        role,
        at,
    }
}

pub(crate) const BERLIN: (f64, f64) = (52.52, 13.405);
pub(crate) const TOKYO: (f64, f64) = (35.6762, 139.6503);
pub(crate) const PARIS: (f64, f64) = (48.8566, 2.3522);

pub(crate) const FACTORY: Place = place(
    "4000001000005",
    "factory",
    "DE",
    "maker",
    "manufacturer",
    BERLIN,
);
pub(crate) const HUB_FR: Place = place(
    "3000001000006",
    "transit_hub",
    "FR",
    "carrier",
    "carrier",
    PARIS,
);
pub(crate) const WHOLESALER: Place = place(
    "4000002000004",
    "wholesaler",
    "DE",
    "wholesale",
    "wholesaler",
    BERLIN,
);
pub(crate) const PHARMACY: Place = place(
    "4000003000003",
    "pharmacy",
    "DE",
    "chain",
    "dispenser",
    BERLIN,
);
/// Another pharmacy of the same chain.
pub(crate) const BRANCH: Place = place(
    "4000003000010",
    "pharmacy",
    "DE",
    "chain",
    "dispenser",
    BERLIN,
);
pub(crate) const RIVAL: Place = place(
    "4000004000002",
    "pharmacy",
    "DE",
    "rival",
    "dispenser",
    BERLIN,
);
pub(crate) const PHARMACY_FR: Place = place(
    "3000003000004",
    "pharmacy",
    "FR",
    "chaine",
    "dispenser",
    PARIS,
);
pub(crate) const PHARMACY_JP: Place = place(
    "4900003000005",
    "pharmacy",
    "JP",
    "yakkyoku",
    "dispenser",
    TOKYO,
);
pub(crate) const RETURNS: Place = place(
    "4000005000001",
    "returns_centre",
    "DE",
    "back",
    "returns_processor",
    BERLIN,
);

/// The same place in another trade or hand.
impl Place {
    pub(crate) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn run_by(self, role: &'static str) -> Self {
        Self { role, ..self }
    }
}

pub(crate) fn minutes(n: i64) -> Micros {
    n * MINUTE
}

pub(crate) fn hours(n: i64) -> Micros {
    n * HOUR
}

pub(crate) fn days(n: i64) -> Micros {
    n * DAY
}

/// A direct ObjectEvent read: its id, step, place, and time after the start of the story.
pub(crate) fn read(id: &str, step: &str, place: Place, after: Micros) -> DetectorRead {
    DetectorRead {
        event_id: id.into(),
        revision: 1,
        asserted: true,
        event_time: START + after,
        record_time: START + after,
        direct: true,
        role: "epc".into(),
        event_type: "ObjectEvent".into(),
        action: Some("OBSERVE".into()),
        biz_step: Some(step.into()),
        place: Some(place.gln.into()),
        site_kind: Some(place.kind.into()),
        country: Some(place.country.into()),
        party: Some(place.party.into()),
        party_role: Some(place.role.into()),
        latitude: Some(place.at.0),
        longitude: Some(place.at.1),
        source_party: place.party.into(),
        capture_id: "job".into(),
        ..DetectorRead::default()
    }
}

/// Ways to tell a read differently.
pub(crate) trait Told {
    fn with(self, disposition: &str) -> DetectorRead;
    fn setting(self, disposition: &str) -> DetectorRead;
    fn unsetting(self, disposition: &str) -> DetectorRead;
    fn inside(self, path: &[&str]) -> DetectorRead;
    fn packed_into(self, parent: &str) -> DetectorRead;
    fn scanned_by(self, kind: &str) -> DetectorRead;
    fn but(self, change: impl FnOnce(&mut DetectorRead)) -> DetectorRead;
}

impl Told for DetectorRead {
    fn with(self, disposition: &str) -> DetectorRead {
        self.but(|r| r.disposition = Some(disposition.into()))
    }

    fn setting(self, disposition: &str) -> DetectorRead {
        self.but(|r| r.persistent_set.push(disposition.into()))
    }

    fn unsetting(self, disposition: &str) -> DetectorRead {
        self.but(|r| r.persistent_unset.push(disposition.into()))
    }

    fn inside(self, path: &[&str]) -> DetectorRead {
        self.but(|r| {
            r.direct = false;
            r.role = "inherited".into();
            r.parent = path.last().map(|p| (*p).into());
            r.path = path.iter().map(|p| (*p).into()).collect();
        })
    }

    fn packed_into(self, parent: &str) -> DetectorRead {
        self.but(|r| {
            r.event_type = "AggregationEvent".into();
            r.role = "child".into();
            r.parent = Some(parent.into());
        })
    }

    fn scanned_by(self, kind: &str) -> DetectorRead {
        self.but(|r| r.scan_kind = Some(kind.into()))
    }

    fn but(mut self, change: impl FnOnce(&mut DetectorRead)) -> DetectorRead {
        change(&mut self);
        self
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) anchor: String,
    pub(crate) events: Vec<String>,
    pub(crate) sub_reason: Option<String>,
    pub(crate) cause: Option<&'static str>,
    pub(crate) evidence: serde_json::Value,
}

/// A unit and everything known of it.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) unit: &'static str,
    pub(crate) facts: UnitFacts,
    pub(crate) lot: LotView,
    pub(crate) profile: Profile,
    pub(crate) stream_time: Micros,
    pub(crate) raises_from: Micros,
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::parse(include_str!("../../../../deploy/local/profiles.toml")).unwrap()
});

pub(crate) fn policy() -> Policy {
    POLICY.clone()
}

/// A commissioned pack of lot L1, sold everywhere, good until the end of 2027.
pub(crate) fn known(profile: &str) -> Story {
    let facts = UnitFacts {
        known: true,
        known_by: Some("commissioning".into()),
        commissioned_at: Some(START - days(30)),
        gtin: Some("09521234543213".into()),
        lot: Some("L1".into()),
        expiry: Some("2027-12-31".into()),
        status: Some("active".into()),
        profile: Some(profile.into()),
        ..UnitFacts::default()
    };
    Story {
        unit: PACK,
        facts,
        lot: LotView::default(),
        profile: policy().of(Some(profile)).1.clone(),
        stream_time: START + days(365),
        raises_from: Micros::MIN,
    }
}

impl Story {
    pub(crate) fn facts(mut self, change: impl FnOnce(&mut UnitFacts)) -> Self {
        change(&mut self.facts);
        self
    }

    pub(crate) fn profile(mut self, change: impl FnOnce(&mut Profile)) -> Self {
        change(&mut self.profile);
        self
    }

    /// A measure against the lot by the event `recall-1`, after the start of the story.
    pub(crate) fn lot_is(mut self, status: &str, since: Option<Micros>, markets: &[&str]) -> Self {
        self.lot.measures.push(LotMeasure {
            since: since.map(|s| START + s),
            status: status.into(),
            markets: markets.iter().map(|m| (*m).into()).collect(),
            source: "recall-1".into(),
            place: Some(FACTORY.gln.into()),
        });
        self
    }

    pub(crate) fn at(mut self, stream_time: Micros) -> Self {
        self.stream_time = START + stream_time;
        self
    }

    /// The one version of its product.
    pub(crate) fn product(&self) -> DetectorProduct {
        DetectorProduct {
            foreign_gtin: self.facts.foreign_gtin,
            markets: self.facts.product_markets.clone(),
            profile: self.facts.profile.clone(),
        }
    }

    /// What the detector keeps of it with these reads.
    pub(crate) fn state(&self, reads: &[DetectorRead]) -> Vec<u8> {
        let unit = DetectorUnit {
            products: vec![self.product()],
            facts: self.facts.clone(),
            reads: reads.to_vec(),
            ..DetectorUnit::default()
        };
        CODEC.encode(&unit).unwrap()
    }

    /// What a rule says; whatever order the reads come in.
    pub(crate) fn judge(&self, name: &str, reads: &[DetectorRead]) -> Option<Found> {
        let judge = rule(name).unwrap().judge;
        let once = |reads: &[DetectorRead]| {
            let state = self.state(reads);
            let head = lent(&state);
            let kept = head.reads.iter().map(Encoded::value);
            let history = History::new(self.unit, kept, &head.products, self.raises_from);
            judge(
                &history,
                &head.facts,
                &self.lot,
                &self.profile,
                self.stream_time,
            )
            .map(|f| Found {
                anchor: f.anchor.event_id.to_owned(),
                events: f.reads.iter().map(|r| r.event_id.to_owned()).collect(),
                sub_reason: f.sub_reason.clone(),
                cause: f.likely_cause,
                evidence: serde_json::from_str(&f.evidence_json()).unwrap(),
            })
        };
        let found = once(reads);
        let backwards: Vec<_> = reads.iter().rev().cloned().collect();
        assert_eq!(once(&backwards), found, "order must not matter");
        found
    }
}

/// A unit as the rules see it, lent by its state.
pub(crate) fn lent(state: &[u8]) -> Head<'_> {
    CODEC.decode_borrowed::<DetectorUnit, _>(state).unwrap()
}

/// One row of a rule's table: a sentence, the unit, its reads, and the anchor expected.
pub(crate) type Row = (&'static str, Story, Vec<DetectorRead>, Option<&'static str>);

/// Holds a rule against its table.
pub(crate) fn check(name: &str, rows: Vec<Row>) {
    for (sentence, story, reads, expected) in rows {
        let found = story.judge(name, &reads);
        let anchor = found.as_ref().map(|f| f.anchor.as_str());
        assert_eq!(anchor, expected, "{name}: {sentence}: {found:#?}");
    }
}
