//! What a read says, in the words of the rules.

use chrono::{Datelike, NaiveDate};
use serialtrail_gs1::Expiry;
use serialtrail_records::state_detector::DetectorRead;
use serialtrail_records::{EnrichedObservation, Micros};

/// Microseconds in a minute.
pub const MINUTE: Micros = 60 * 1_000_000;
/// Microseconds in an hour.
pub const HOUR: Micros = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: Micros = 24 * HOUR;

/// Dispositions that say a unit has been sold or dispensed.
pub const SOLD: [&str; 2] = ["dispensed", "retail_sold"];

/// The state form of an observation. A retracted read, or one beyond the horizon, keeps only what a
/// later message needs to be compared with: identity, revision and time.
#[must_use]
pub fn from_observation(o: EnrichedObservation) -> DetectorRead {
    let identity = DetectorRead {
        event_id: o.event_id,
        revision: o.revision,
        asserted: o.asserted && !o.beyond_horizon,
        event_time: o.body.event_time,
        ..DetectorRead::default()
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
    DetectorRead {
        record_time: o.body.record_time,
        zone_offset_minutes: o.body.zone_offset_minutes,
        clock_suspect: o.clock_suspect,
        direct: o.direct,
        role: o.role,
        parent: o.parent,
        path: o.path,
        event_type: o.body.event_type,
        action: o.body.action,
        biz_step: o.body.biz_step,
        disposition: o.body.disposition,
        persistent_set: o.body.persistent_set,
        persistent_unset: o.body.persistent_unset,
        place: o.site.gln.or(o.body.read_point).or(o.body.biz_location),
        site_kind: o.site.kind,
        country: o.site.country,
        party: o.site.party,
        party_role: o.site.party_role,
        latitude,
        longitude,
        radius_km,
        destination_kinds: o.destination_kinds,
        lot: o.body.lot,
        expiry: o.body.expiry,
        scan_kind: o.body.scan_kind,
        source_party: o.body.source_party,
        visible_to: o.body.visible_to,
        capture_id: o.body.capture_id,
        document_id: o.body.document_id,
        ..identity
    }
}

/// Questions the rules ask of a read.
pub trait Reading {
    /// Business step, empty when the event names none.
    fn step(&self) -> &str;
    /// Whether the event gives or sets this disposition.
    fn says(&self, disposition: &str) -> bool;
    /// Whether the event takes this disposition back.
    fn takes_back(&self, disposition: &str) -> bool;
    /// A read that ends a unit's life: dispensing (not partial), retail_selling, destroying.
    fn is_terminal(&self) -> bool;
    /// A verification scan by a consumer.
    fn is_consumer_scan(&self) -> bool;
    /// Whether both reads name the same place; false where either names none.
    fn same_place(&self, other: &Self) -> bool;
    /// The party at work: the site's operator, else the publisher.
    fn party_at_work(&self) -> &str;
    /// Date on the wall where it happened.
    fn local_date(&self) -> Option<NaiveDate>;
    /// Whether pruning keeps it for ever: commissioning, status, end of life.
    fn outlives_horizon(&self) -> bool;
    /// Containers that were read by the same event: the path it came down, or the parent it names.
    fn containers(&self) -> &[String];
}

impl Reading for DetectorRead {
    fn step(&self) -> &str {
        self.biz_step.as_deref().unwrap_or("")
    }

    fn says(&self, disposition: &str) -> bool {
        self.disposition.as_deref() == Some(disposition)
            || self.persistent_set.iter().any(|d| d == disposition)
    }

    fn takes_back(&self, disposition: &str) -> bool {
        self.persistent_unset.iter().any(|d| d == disposition)
    }

    fn is_terminal(&self) -> bool {
        match self.step() {
            "dispensing" => self.disposition.as_deref() != Some("partially_dispensed"),
            "retail_selling" | "destroying" => true,
            _ => false,
        }
    }

    fn is_consumer_scan(&self) -> bool {
        self.scan_kind.as_deref() == Some("consumer")
    }

    fn same_place(&self, other: &Self) -> bool {
        self.place.is_some() && self.place == other.place
    }

    fn party_at_work(&self) -> &str {
        self.party.as_deref().unwrap_or(&self.source_party)
    }

    fn local_date(&self) -> Option<NaiveDate> {
        let local = self.event_time + i64::from(self.zone_offset_minutes) * MINUTE;
        chrono::DateTime::from_timestamp_micros(local).map(|t| t.date_naive())
    }

    fn outlives_horizon(&self) -> bool {
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

    fn containers(&self) -> &[String] {
        if self.direct && self.role == "child" {
            self.parent.as_slice()
        } else {
            &self.path
        }
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
