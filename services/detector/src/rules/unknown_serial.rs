//! UNKNOWN_SERIAL: an item is read whose serial nobody entitled to has issued, and stays unknown for the
//! grace period.

use serde_json::json;
use serialtrail_gs1::{Epc, Expiry, UnitKind};
use serialtrail_records::Micros;

use crate::facts::Facts;
use crate::finding::{Finding, spelled_all};
use crate::history::History;
use crate::lot::LotView;
use crate::policy::{ForeignGtin, Profile};
use crate::read::Read;

fn in_question(history: &History<'_>, facts: &Facts<'_>, profile: &Profile) -> bool {
    let counted_only = facts.foreign_gtin && profile.foreign_gtin == ForeignGtin::Count;
    history.kind == UnitKind::Sgtin && !facts.known && !counted_only
}

/// The grace of a read counts from the later of its event and record time.
fn deadline(read: &Read<'_>, profile: &Profile) -> Micros {
    read.event_time.max(read.record_time) + profile.unknown_grace()
}

/// Raised once the grace of some read has passed; cites every read.
pub fn judge<'a>(
    history: &History<'a>,
    facts: &Facts<'_>,
    _lot: &LotView,
    profile: &Profile,
    stream_time: Micros,
) -> Option<Finding<'a>> {
    let overdue = due(history, facts, profile)? <= stream_time;
    let reads = || {
        history
            .reads
            .iter()
            .copied()
            .filter(|r| history.may_raise(r))
    };
    let anchor = reads().next().filter(|_| overdue)?;
    let mut finding = Finding::new(anchor, reads())
        .with("reads", spelled_all(reads()))
        .with("foreign_gtin", facts.foreign_gtin)
        .with("grace_hours", profile.unknown_grace_hours);
    if let Some(issuer) = &facts.unauthorised_issuer {
        finding.sub_reason = Some("unauthorised_issuer".into());
        finding = finding.with("commissioned_by", json!(issuer));
    }
    let key = Epc::from_record(history.unit);
    if let (Some(gtin), Some(serial)) = (key.gtin(), key.serial())
        && let Some(slip) = operator_slip(&gtin, &serial)
    {
        finding.likely_cause = Some("likely_operator_error");
        finding = finding.with("slip", slip);
    }
    Some(finding)
}

/// The earliest deadline among the reads of an unknown serial.
pub fn due(history: &History<'_>, facts: &Facts<'_>, profile: &Profile) -> Option<Micros> {
    if !in_question(history, facts, profile) {
        return None;
    }
    let reads = history.reads.iter().filter(|r| history.may_raise(r));
    reads.map(|r| deadline(r, profile)).min()
}

/// A serial that was issued after all.
pub fn cured(facts: &Facts<'_>) -> Option<&'static str> {
    facts.known.then_some("became_known")
}

/// A misread that the serial itself gives away: the next fields run into it because the separator
/// between them was lost, or the product's number typed after it.
fn operator_slip(gtin: &str, serial: &str) -> Option<&'static str> {
    let expiry_follows = serial.match_indices("17").any(|(at, _)| {
        let date = serial.get(at + 2..at + 8);
        let next = serial.get(at + 8..at + 10);
        at > 0 && next == Some("10") && date.is_some_and(|d| Expiry::from_yymmdd(d).is_ok())
    });
    if expiry_follows {
        return Some("missing_separator");
    }
    let ean = gtin.trim_start_matches('0');
    (ean.len() >= 8 && serial.len() > ean.len() && serial.ends_with(ean)).then_some("gtin_appended")
}
