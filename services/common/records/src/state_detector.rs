//! What the detector keeps of units, lots and timers.

use serde::{Deserialize, Serialize};

use crate::Micros;
use crate::avro_record;
use crate::enriched::UnitFacts;

/// One read of a unit as the detector's rules see it. Identity event_id; the highest revision wins. A retracted read keeps only identity, revision and time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorRead {
    /// Event id.
    pub event_id: String,
    /// Revision of the read, issued per unit by the enricher.
    pub revision: i64,
    /// False: retracted, or beyond the horizon at its record time; no rule sees it.
    pub asserted: bool,
    /// When it happened.
    pub event_time: Micros,
    /// When it was captured (stream time).
    pub record_time: Micros,
    /// Zone offset of the event, minutes east of UTC.
    pub zone_offset_minutes: i32,
    /// Event time 10 minutes to 24 h after record time.
    pub clock_suspect: bool,
    /// The event names the unit; false when inherited from a container.
    pub direct: bool,
    /// Role of the unit in the event; `inherited` when not direct.
    pub role: String,
    /// Direct child: the parent named. Inherited: the immediate container.
    pub parent: Option<String>,
    /// Containers from the one read directly to the immediate one; empty when direct.
    pub path: Vec<String>,
    /// EPCIS event type.
    pub event_type: String,
    /// ADD, OBSERVE, DELETE or null.
    pub action: Option<String>,
    /// Bare CBV word or custom URI.
    pub biz_step: Option<String>,
    /// Bare CBV word or custom URI.
    pub disposition: Option<String>,
    /// Dispositions set.
    pub persistent_set: Vec<String>,
    /// Dispositions taken back.
    pub persistent_unset: Vec<String>,
    /// GLN of the place, else the read point as given; null when the event names none.
    pub place: Option<String>,
    /// Kind of location.
    pub site_kind: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// GLN of the party operating the site.
    pub party: Option<String>,
    /// Role of that party.
    pub party_role: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Radius of the place or accuracy of the position, km.
    pub radius_km: Option<f64>,
    /// Kinds of places and roles of parties the event ships to.
    pub destination_kinds: Vec<String>,
    /// Lot the event names.
    pub lot: Option<String>,
    /// Expiry the event names, ISO date.
    pub expiry: Option<String>,
    /// consumer or professional for a verification scan.
    pub scan_kind: Option<String>,
    /// Authenticated publisher.
    pub source_party: String,
    /// Parties that may see it.
    pub visible_to: Vec<String>,
    /// Capture job.
    pub capture_id: String,
    /// Source document.
    pub document_id: Option<String>,
    /// Which of the unit's `products` held at its event time.
    pub product: i32,
}

/// What reference data say of the unit's product at the event time of some of its reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorProduct {
    /// A GTIN that no product record knows.
    pub foreign_gtin: bool,
    /// The product's countries; empty = anywhere.
    pub markets: Vec<String>,
    /// Policy profile of the product.
    pub profile: Option<String>,
}

/// What the detector remembers of an alert that stands; the alert itself is state key `a/<rule>/<unit>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorAlert {
    /// Rule.
    pub rule: String,
    /// Alert id.
    pub alert_id: String,
    /// Hash of everything the alert says, revision and clocks apart.
    pub content_hash: String,
    /// Event time of its anchor.
    pub event_time: Micros,
    /// Latest event time it cites.
    pub last_event_time: Micros,
}

/// Detector state `u/<unit>`: facts, alerts that stand, and the newest reads of one unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorUnit {
    /// Versions of its product; reads refer to them by position.
    pub products: Vec<DetectorProduct>,
    /// Registry facts of the highest revision seen.
    pub facts: UnitFacts,
    /// That revision.
    pub facts_revision: i64,
    /// Highest revision given to any alert of the unit.
    pub alert_revision: i64,
    /// Alerts that stand, one a rule at most.
    pub alerts: Vec<DetectorAlert>,
    /// Reads that are not in overflow pages, in order of arrival.
    pub reads: Vec<DetectorRead>,
    /// Overflow pages `r/<n>/<unit>`, n from 0.
    pub pages: i32,
    /// Lot (`<gtin>/<lot>`) whose index holds the unit.
    pub indexed_lot: Option<String>,
    /// Earliest timer set for the unit; null when none.
    pub timer: Option<Micros>,
}

avro_record!(DetectorUnit, "state/DetectorUnit");

/// Detector state `r/<n>/<unit>`: one overflow page of a unit's reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorReads {
    /// Reads.
    pub reads: Vec<DetectorRead>,
}

avro_record!(DetectorReads, "state/DetectorReads");

/// The highest version of what one source says about a lot, with one status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorLotStatement {
    /// `load`, or the id of the event that says so.
    pub source: String,
    /// Version of the source.
    pub version: i64,
    /// False takes back what the source said before.
    pub asserted: bool,
    /// The publisher may recall this product.
    pub authorised: bool,
    /// Last good day, ISO date.
    pub expiry: Option<String>,
    /// Replaces the product's list; empty inherits.
    pub markets: Vec<String>,
    /// active, recalled or withdrawn.
    pub status: String,
    /// Since when; null = since before the first event.
    pub status_since: Option<Micros>,
    /// Where it holds; empty = everywhere.
    pub status_markets: Vec<String>,
    /// GLN of the place of the event that says so, else its identifier as given.
    pub place: Option<String>,
}

/// Detector state `l/<gtin>/<lot>`: what is said about a lot, and how many of its units this partition holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorLot {
    /// Ordered by source and status.
    pub statements: Vec<DetectorLotStatement>,
    /// Units in the index pages `x/<n>/<gtin>/<lot>`, 200 a page.
    pub units: i64,
}

avro_record!(DetectorLot, "state/DetectorLot");

/// Detector state `x/<n>/<gtin>/<lot>`: one page of the units of a lot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorLotUnits {
    /// Unit keys.
    pub units: Vec<String>,
}

avro_record!(DetectorLotUnits, "state/DetectorLotUnits");

/// One timer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorTimer {
    /// Stream time at which the unit is judged again.
    pub due: Micros,
    /// Unit key.
    pub unit: String,
}

/// Detector state `t/<hour>/<n>`: one page of timers due within an hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorTimerPage {
    /// Timers.
    pub timers: Vec<DetectorTimer>,
}

avro_record!(DetectorTimerPage, "state/DetectorTimerPage");

/// The timers of one hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorTimerBucket {
    /// Hours since 1970-01-01 UTC.
    pub hour: i64,
    /// Earliest due time of each page `t/<hour>/<n>`; the largest long for an empty page.
    pub next_due: Vec<i64>,
}

/// A lot whose units are being judged again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorLotWork {
    /// GTIN-14.
    pub gtin: String,
    /// Lot.
    pub lot: String,
    /// Number of the next unit in its index.
    pub next: i64,
}

/// Detector state p: stream time, timers and unfinished work of one partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorPartition {
    /// Stream time reached; null before the first mark.
    pub stream_time: Option<Micros>,
    /// Hours that hold timers, ascending.
    pub buckets: Vec<DetectorTimerBucket>,
    /// Lots to judge again, first come first served.
    pub lots: Vec<DetectorLotWork>,
}

avro_record!(DetectorPartition, "state/DetectorPartition");
