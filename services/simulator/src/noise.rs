//! How events reach the pipeline: in batches a party uploads, late, twice, out of order, with clocks off.

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::event::{Event, HOUR, MINUTE, Micros};
use crate::world::{Options, World, rng};

/// Ordinary noise: none of it may raise an alert. Probabilities are 0..1.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Noise {
    /// A receiving, shipping or unpacking that nobody read.
    pub missed_reads: f64,
    /// An upload that comes up to 48 h after its batch.
    pub late_uploads: f64,
    /// An upload sent a second time.
    pub repeated_uploads: f64,
    /// A document whose events are not in order of time.
    pub disorder: f64,
    /// A commissioning reported 10 to 50 h after it happened.
    pub late_commissioning: f64,
    /// A packing or unpacking reported one to two and a half days late.
    pub late_packing: f64,
    /// Clocks of a party are off by at most this much, microseconds (the rules allow 10 minutes).
    pub clock_skew: Micros,
    /// Sales declared in error, and sold goods returned and sold again, of each about this many.
    pub lookalikes: usize,
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            missed_reads: 0.05,
            late_uploads: 0.08,
            repeated_uploads: 0.04,
            disorder: 0.3,
            late_commissioning: 0.15,
            late_packing: 0.1,
            clock_skew: 4 * MINUTE,
            lookalikes: 5,
        }
    }
}

/// One upload: a document of one party at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// File name inside the world's folder.
    pub file: String,
    /// When it is uploaded: the record time of its events.
    pub time: Micros,
    /// Uploading party, index.
    pub party: usize,
    /// Events in the order they stand in the document, indexes.
    pub events: Vec<usize>,
}

/// Largest document, events.
const DOCUMENT_EVENTS: usize = 200;

/// Groups events into uploads; shifts event times by the publishers' clock skew.
pub(crate) fn uploads(world: &World, events: &mut [Event], options: &Options) -> Vec<Upload> {
    let mut r = rng(options, 3);
    let noise = &options.noise;
    let mut by_party: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut out: Vec<Upload> = Vec::new();
    let single = |i: usize, time: Micros, party: usize| Upload {
        file: String::new(),
        time,
        party,
        events: vec![i],
    };
    for (i, e) in events.iter().enumerate() {
        if let Some(declared) = e.declared_in_error {
            out.push(single(
                i,
                declared + r.random_range(10..120) * MINUTE,
                e.party,
            ));
        } else if e.held_back > 0 {
            out.push(single(i, e.time + e.held_back, e.party));
        } else {
            by_party.entry(e.party).or_default().push(i);
        }
    }
    for (party, list) in by_party {
        let mut batch: Vec<usize> = Vec::new();
        let mut closes = Micros::MIN;
        let mut close = |batch: &mut Vec<usize>, out: &mut Vec<Upload>| {
            let Some(&last) = batch.last() else { return };
            let mut time = events[last].time + r.random_range(10..40) * MINUTE;
            if r.random_bool(noise.late_uploads) {
                time += r.random_range(1..48) * HOUR;
            }
            let mut events = std::mem::take(batch);
            if r.random_bool(noise.disorder) {
                events.shuffle(&mut r);
            }
            out.push(Upload {
                file: String::new(),
                time,
                party,
                events,
            });
        };
        for i in list {
            if events[i].time > closes || batch.len() >= DOCUMENT_EVENTS {
                close(&mut batch, &mut out);
                // A batch spans two to twelve hours, by party.
                closes = events[i].time + (2 + (party as i64 * 7) % 11) * HOUR;
            }
            batch.push(i);
        }
        close(&mut batch, &mut out);
    }
    out.sort_by_key(|u| (u.time, u.party, u.events.first().copied()));
    for (n, u) in out.iter_mut().enumerate() {
        u.file = format!("documents/{n:06}.json");
    }
    let repeated: Vec<Upload> = out
        .iter()
        .filter(|_| r.random_bool(noise.repeated_uploads))
        .map(|u| Upload {
            time: u.time + 30 * MINUTE,
            ..u.clone()
        })
        .collect();
    out.extend(repeated);
    out.sort_by(|a, b| (a.time, &a.file).cmp(&(b.time, &b.file)));
    for e in events.iter_mut() {
        e.time += world.parties[e.party].clock_skew;
    }
    out
}
