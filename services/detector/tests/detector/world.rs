//! A detector over a map: what it is told, what it says, and what stands in the end.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::support::{Story, policy};
use serialtrail_detector::{Detector, Policy};
use serialtrail_records::state_detector::DetectorRead;
use serialtrail_records::{
    Alert, Codec, EnrichedObservation, LotStatus, Mark, Micros, ReadBody, RejectedEvent, Site,
};
use serialtrail_stream::testing::{TestContext, record};
use serialtrail_stream::{InputRecord, Stage};

/// Wall clock of every test.
pub(crate) const NOW: Micros = 1_800_000_000_000_000;

pub(crate) static CODEC: LazyLock<Arc<Codec>> =
    LazyLock::new(|| Arc::new(Codec::offline().unwrap()));

/// One partition's detector.
pub(crate) struct World {
    pub(crate) codec: Arc<Codec>,
    pub(crate) detector: Detector,
    pub(crate) ctx: TestContext,
    pub(crate) rejected: Vec<RejectedEvent>,
    pub(crate) budget: usize,
    /// Every alert's highest revision.
    alerts: BTreeMap<String, Alert>,
    offset: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::judging_by(policy())
    }

    pub(crate) fn judging_by(policy: Policy) -> Self {
        let codec = Arc::clone(&CODEC);
        let detector = Detector::new(Arc::clone(&codec), Arc::new(policy), Arc::new(|| NOW));
        Self {
            codec,
            detector,
            ctx: TestContext::new(3),
            rejected: Vec::new(),
            budget: 5000,
            alerts: BTreeMap::new(),
            offset: 0,
        }
    }

    pub(crate) fn record(&mut self, key: Option<&str>, value: &[u8]) -> InputRecord {
        self.offset += 1;
        record("enriched", 3, self.offset, key.map(str::as_bytes), value)
    }

    /// One window of records; returns the alert revisions it emitted.
    pub(crate) fn window(&mut self, records: &[InputRecord]) -> Vec<Alert> {
        let out = self
            .ctx
            .window(&mut self.detector, records, self.budget)
            .unwrap();
        let mut alerts = Vec::new();
        for o in out {
            let value = o.value.unwrap();
            assert!(
                value.len() <= 256 * 1024,
                "{} bytes to {}",
                value.len(),
                o.topic
            );
            if o.topic == "rejected-events" {
                self.rejected.push(self.codec.decode(&value).unwrap());
                continue;
            }
            let alert: Alert = self.codec.decode(&value).unwrap();
            assert_eq!(
                (o.topic, o.key.unwrap()),
                ("alerts", alert.subject.clone().into_bytes())
            );
            if let Some(before) = self.alerts.insert(alert.alert_id.clone(), alert.clone()) {
                assert!(alert.revision > before.revision, "revisions rise");
            }
            alerts.push(alert);
        }
        for (key, value) in self.ctx.state() {
            assert!(
                value.len() <= 256 * 1024,
                "{}",
                String::from_utf8_lossy(key)
            );
        }
        alerts
    }

    pub(crate) fn see(&mut self, seen: &[EnrichedObservation]) -> Vec<Alert> {
        let records: Vec<_> = seen
            .iter()
            .map(|o| {
                let value = self.codec.encode(o).unwrap();
                self.record(Some(&o.unit), &value)
            })
            .collect();
        self.window(&records)
    }

    pub(crate) fn hear_lot(&mut self, said: &LotStatus) -> Vec<Alert> {
        let value = self.codec.encode(said).unwrap();
        let record = self.record(None, &value);
        self.window(&[record])
    }

    pub(crate) fn mark(&mut self, time: Micros) -> Vec<Alert> {
        let mark = Mark {
            source: "unit-inbox/3".into(),
            sources: 1,
            time,
        };
        let value = self.codec.encode(&mark).unwrap();
        let record = self.record(None, &value);
        self.window(&[record])
    }

    /// The process ends and another takes over the state.
    pub(crate) fn restart(&mut self) {
        let (codec, policy) = (Arc::clone(&self.codec), Arc::new(policy()));
        self.detector = Detector::new(codec, policy, Arc::new(|| NOW));
        assert!(!self.detector.has_pending(&mut self.ctx).unwrap());
    }

    /// What stands: (rule, subject, anchor, event ids, evidence).
    pub(crate) fn standing(&self) -> Vec<(String, String, String, Vec<String>, String)> {
        let mut out: Vec<_> = self
            .alerts
            .values()
            .filter(|a| a.state == "asserted")
            .map(|a| {
                let a = a.clone();
                (a.rule, a.subject, a.anchor_event, a.event_ids, a.evidence)
            })
            .collect();
        out.sort();
        out
    }

    /// (rule, anchor) of what stands.
    pub(crate) fn raised(&self) -> Vec<(String, String)> {
        self.standing()
            .into_iter()
            .map(|(rule, _, anchor, ..)| (rule, anchor))
            .collect()
    }
}

/// A read as the enricher would send it.
pub(crate) fn seen(story: &Story, read: &DetectorRead) -> EnrichedObservation {
    let r = read.clone();
    EnrichedObservation {
        unit: story.unit.into(),
        kind: if story.unit.starts_with("01/") {
            "sgtin"
        } else {
            "sscc"
        }
        .into(),
        event_id: r.event_id,
        revision: r.revision,
        asserted: r.asserted,
        direct: r.direct,
        role: r.role,
        parent: r.parent,
        path: r.path,
        clock_suspect: r.clock_suspect,
        destination_kinds: r.destination_kinds,
        site: Site {
            gln: r.place,
            kind: r.site_kind,
            country: r.country,
            party: r.party,
            party_role: r.party_role,
            latitude: r.latitude,
            longitude: r.longitude,
            radius_km: r.radius_km,
            ..Site::default()
        },
        facts: serialtrail_records::UnitFacts {
            // A story that does not date its facts changes them with every read.
            revision: match story.facts.revision {
                0 => r.revision,
                told => told,
            },
            ..story.facts.clone()
        },
        body: ReadBody {
            event_type: r.event_type,
            action: r.action,
            event_time: r.event_time,
            zone_offset_minutes: r.zone_offset_minutes,
            record_time: r.record_time,
            captured_at: 77,
            biz_step: r.biz_step,
            disposition: r.disposition,
            persistent_set: r.persistent_set,
            persistent_unset: r.persistent_unset,
            scan_kind: r.scan_kind,
            source_party: r.source_party,
            capture_id: r.capture_id,
            ..ReadBody::default()
        },
        ..EnrichedObservation::default()
    }
}

/// A statement about lot L1 of the stories' product.
pub(crate) fn lot_l1(source: &str, version: i64, status: &str, since: Option<Micros>) -> LotStatus {
    LotStatus {
        gtin: "09521234543213".into(),
        lot: "L1".into(),
        source: source.into(),
        version,
        asserted: true,
        authorised: true,
        status: status.into(),
        status_since: since,
        ..LotStatus::default()
    }
}
