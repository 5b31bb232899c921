//! What a read says, in the words of the rules.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serialtrail_gs1::Expiry;
use serialtrail_records::Micros;

use crate::seen::Seen;
use crate::texts::Texts;

/// Microseconds in a minute.
pub const MINUTE: Micros = 60 * 1_000_000;
/// Microseconds in an hour.
pub const HOUR: Micros = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: Micros = 24 * HOUR;

/// Dispositions that say a unit has been sold or dispensed.
pub const SOLD: [&str; 2] = ["dispensed", "retail_sold"];

/// One read of a unit as the rules see it: `DetectorRead` of the schema, its texts lent by the state or the
/// message it stands in. Identity event_id; the highest revision wins. A retracted read keeps only
/// identity, revision and time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Read<'s> {
    /// Event id.
    pub event_id: &'s str,
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
    pub role: &'s str,
    /// Direct child: the parent named. Inherited: the immediate container.
    #[serde(borrow)]
    pub parent: Option<&'s str>,
    /// Containers from the one read directly to the immediate one; empty when direct.
    #[serde(borrow)]
    pub path: Texts<'s>,
    /// EPCIS event type.
    pub event_type: &'s str,
    /// ADD, OBSERVE, DELETE or null.
    #[serde(borrow)]
    pub action: Option<&'s str>,
    /// Bare CBV word or custom URI.
    #[serde(borrow)]
    pub biz_step: Option<&'s str>,
    /// Bare CBV word or custom URI.
    #[serde(borrow)]
    pub disposition: Option<&'s str>,
    /// Dispositions set.
    #[serde(borrow)]
    pub persistent_set: Texts<'s>,
    /// Dispositions taken back.
    #[serde(borrow)]
    pub persistent_unset: Texts<'s>,
    /// GLN of the place, else the read point as given; null when the event names none.
    #[serde(borrow)]
    pub place: Option<&'s str>,
    /// Kind of location.
    #[serde(borrow)]
    pub site_kind: Option<&'s str>,
    /// ISO 3166-1 alpha-2.
    #[serde(borrow)]
    pub country: Option<&'s str>,
    /// GLN of the party operating the site.
    #[serde(borrow)]
    pub party: Option<&'s str>,
    /// Role of that party.
    #[serde(borrow)]
    pub party_role: Option<&'s str>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Radius of the place or accuracy of the position, km.
    pub radius_km: Option<f64>,
    /// Kinds of places and roles of parties the event ships to.
    #[serde(borrow)]
    pub destination_kinds: Texts<'s>,
    /// Lot the event names.
    #[serde(borrow)]
    pub lot: Option<&'s str>,
    /// Expiry the event names, ISO date.
    #[serde(borrow)]
    pub expiry: Option<&'s str>,
    /// consumer or professional for a verification scan.
    #[serde(borrow)]
    pub scan_kind: Option<&'s str>,
    /// Authenticated publisher.
    pub source_party: &'s str,
    /// Parties that may see it.
    #[serde(borrow)]
    pub visible_to: Texts<'s>,
    /// Capture job.
    pub capture_id: &'s str,
    /// Source document.
    #[serde(borrow)]
    pub document_id: Option<&'s str>,
    /// Which of the unit's `products` held at its event time.
    pub product: i32,
}

/// The state form of an observation. A retracted read, or one beyond the horizon, keeps only what a
/// later message needs to be compared with: identity, revision and time.
#[must_use]
pub fn from_observation<'s>(o: &Seen<'s>) -> Read<'s> {
    let identity = Read {
        event_id: o.event_id,
        revision: o.revision,
        asserted: o.asserted && !o.beyond_horizon,
        event_time: o.body.event_time,
        ..Read::default()
    };
    if !identity.asserted {
        return identity;
    }
    // The site carries the read's own position where the read has one; without a site it stands alone.
    let located = o.site.latitude.is_some() && o.site.longitude.is_some();
    let own_radius = o.body.accuracy_m.map(|m| m / 1000.0);
    let (latitude, longitude, radius_km) = if located {
        (o.site.latitude, o.site.longitude, o.site.radius_km)
    } else {
        (o.body.latitude, o.body.longitude, own_radius)
    };
    Read {
        record_time: o.body.record_time,
        zone_offset_minutes: o.body.zone_offset_minutes,
        clock_suspect: o.clock_suspect,
        direct: o.direct,
        role: o.role,
        parent: o.parent,
        path: o.path.clone(),
        event_type: o.body.event_type,
        action: o.body.action,
        biz_step: o.body.biz_step,
        disposition: o.body.disposition,
        persistent_set: o.body.persistent_set.clone(),
        persistent_unset: o.body.persistent_unset.clone(),
        place: o.site.gln.or(o.body.read_point).or(o.body.biz_location),
        site_kind: o.site.kind,
        country: o.site.country,
        party: o.site.party,
        party_role: o.site.party_role,
        latitude,
        longitude,
        radius_km,
        destination_kinds: o.destination_kinds.clone(),
        lot: o.body.lot,
        expiry: o.body.expiry,
        scan_kind: o.body.scan_kind,
        source_party: o.body.source_party,
        visible_to: o.body.visible_to.clone(),
        capture_id: o.body.capture_id,
        document_id: o.body.document_id,
        ..identity
    }
}

/// Questions the rules ask of a read.
impl<'s> Read<'s> {
    /// Business step, empty when the event names none.
    #[must_use]
    pub fn step(&self) -> &'s str {
        self.biz_step.unwrap_or("")
    }

    /// Whether the event gives or sets this disposition.
    #[must_use]
    pub fn says(&self, disposition: &str) -> bool {
        self.disposition == Some(disposition) || self.persistent_set.contains(&disposition)
    }

    /// Whether the event takes this disposition back.
    #[must_use]
    pub fn takes_back(&self, disposition: &str) -> bool {
        self.persistent_unset.contains(&disposition)
    }

    /// A read that ends a unit's life: dispensing (not partial), retail_selling, destroying.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self.step() {
            "dispensing" => self.disposition != Some("partially_dispensed"),
            "retail_selling" | "destroying" => true,
            _ => false,
        }
    }

    /// A verification scan by a consumer.
    #[must_use]
    pub fn is_consumer_scan(&self) -> bool {
        self.scan_kind == Some("consumer")
    }

    /// Whether both reads name the same place; false where either names none.
    #[must_use]
    pub fn same_place(&self, other: &Read<'_>) -> bool {
        self.place.is_some() && self.place == other.place
    }

    /// The party at work: the site's operator, else the publisher.
    #[must_use]
    pub fn party_at_work(&self) -> &'s str {
        self.party.unwrap_or(self.source_party)
    }

    /// Date on the wall where it happened.
    #[must_use]
    pub fn local_date(&self) -> Option<NaiveDate> {
        let local = self.event_time + i64::from(self.zone_offset_minutes) * MINUTE;
        chrono::DateTime::from_timestamp_micros(local).map(|t| t.date_naive())
    }

    /// Whether pruning keeps it for ever: commissioning, status, end of life.
    #[must_use]
    pub fn outlives_horizon(&self) -> bool {
        self.asserted
            && (self.is_terminal()
                || matches!(self.step(), "commissioning" | "decommissioning")
                || !self.persistent_set.is_empty()
                || !self.persistent_unset.is_empty()
                || ["stolen", "recalled", "withdrawn", "inactive", "returned"]
                    .iter()
                    .chain(&SOLD)
                    .any(|d| self.says(d)))
    }

    /// Containers that were read by the same event: the path it came down, or the parent it names.
    #[must_use]
    pub fn containers(&self) -> &[&'s str] {
        if self.direct && self.role == "child" {
            self.parent.as_slice()
        } else {
            &self.path
        }
    }

    /// What orders reads: event time, ties by event id.
    #[must_use]
    pub fn order(&self) -> (Micros, &'s str) {
        (self.event_time, self.event_id)
    }
}

/// Whether `date` lies after the last good day; false where the expiry cannot be read.
#[must_use]
pub fn is_past(expiry: &str, date: NaiveDate) -> bool {
    Expiry::parse(expiry).is_ok_and(|e| {
        (date.year(), date.month(), date.day())
            > (i32::from(e.year), u32::from(e.month), u32::from(e.day))
    })
}
