//! What an event says to every unit it touches.

use serialtrail_gs1::parse_geo;
use serialtrail_records::{EpcisEvent, ReadBody, TypedId};
use serialtrail_stream::reference::gln_of;

/// Largest body, bytes: it travels in every message of the event.
pub(crate) const MAX_BODY_BYTES: usize = 32 * 1024;

/// The body of an event's messages, with what follows from its fields: the party in possession and the
/// owner after the event (destinations, CBV 2.0 §7.4), all parties named, a position given as `geo:`.
pub(crate) fn body(event: &EpcisEvent) -> ReadBody {
    let position = event
        .read_point
        .as_deref()
        .and_then(parse_geo)
        .or_else(|| event.biz_location.as_deref().and_then(parse_geo));
    let mut parties_named: Vec<String> = event
        .sources
        .iter()
        .chain(&event.destinations)
        .filter(|named| is_party(named))
        .filter_map(|named| gln_of(&named.id))
        .collect();
    parties_named.sort();
    parties_named.dedup();
    ReadBody {
        event_type: event.event_type.clone(),
        action: event.action.clone(),
        event_time: event.event_time,
        zone_offset_minutes: zone_minutes(&event.event_time_zone_offset),
        record_time: event.record_time,
        captured_at: event.captured_at,
        biz_step: event.biz_step.clone(),
        disposition: event.disposition.clone(),
        persistent_set: event.persistent_set.clone(),
        persistent_unset: event.persistent_unset.clone(),
        read_point: event.read_point.clone(),
        biz_location: event.biz_location.clone(),
        biz_transactions: event.biz_transactions.clone(),
        sources: event.sources.clone(),
        destinations: event.destinations.clone(),
        lot: event.lot.clone(),
        expiry: event.expiry.clone(),
        custodian: named_as(&event.destinations, "possessing_party"),
        owner: named_as(&event.destinations, "owning_party"),
        parties_named,
        latitude: position.map(|p| p.lat),
        longitude: position.map(|p| p.lon),
        accuracy_m: position.and_then(|p| p.accuracy_m),
        scan_kind: event.scan_kind.clone(),
        device: event.device.clone(),
        session: event.session.clone(),
        source_party: event.source_party.clone(),
        visible_to: event.visible_to.clone(),
        capture_id: event.capture_id.clone(),
        document_id: event.document_id.clone(),
        reference_offset: event.reference_offset,
    }
}

/// Whether a source or destination names a party, not a place.
fn is_party(named: &TypedId) -> bool {
    matches!(
        named.r#type.as_deref(),
        Some("possessing_party" | "owning_party" | "processing_party")
    ) || named.id.starts_with("urn:epc:id:pgln:")
}

/// GLN of the first entry of a type; the smallest where an event names several.
fn named_as(list: &[TypedId], kind: &str) -> Option<String> {
    list.iter()
        .filter(|named| named.r#type.as_deref() == Some(kind))
        .filter_map(|named| gln_of(&named.id))
        .min()
}

/// Minutes east of UTC of `+02:00`; 0 for what is no offset (the gateway has checked it).
fn zone_minutes(offset: &str) -> i32 {
    let (sign, rest) = match offset.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return 0,
    };
    let Some((hours, minutes)) = rest.split_once(':') else {
        return 0;
    };
    match (hours.parse::<i32>(), minutes.parse::<i32>()) {
        (Ok(hours), Ok(minutes)) => sign * (hours * 60 + minutes),
        _ => 0,
    }
}

/// How large a body will be on the wire, roughly and never too low by more than a few bytes a field.
pub(crate) fn size(body: &ReadBody) -> usize {
    let text = |s: &Option<String>| s.as_ref().map_or(0, String::len) + 4;
    let list = |l: &[String]| l.iter().map(|s| s.len() + 4).sum::<usize>();
    let typed = |l: &[TypedId]| {
        l.iter()
            .map(|t| t.id.len() + text(&t.r#type) + 8)
            .sum::<usize>()
    };
    [
        &body.action,
        &body.biz_step,
        &body.disposition,
        &body.read_point,
        &body.biz_location,
        &body.lot,
        &body.expiry,
        &body.custodian,
        &body.owner,
        &body.scan_kind,
        &body.device,
        &body.session,
        &body.document_id,
    ]
    .into_iter()
    .map(text)
    .sum::<usize>()
        + list(&body.persistent_set)
        + list(&body.persistent_unset)
        + list(&body.parties_named)
        + list(&body.visible_to)
        + typed(&body.biz_transactions)
        + typed(&body.sources)
        + typed(&body.destinations)
        + body.event_type.len()
        + body.source_party.len()
        + body.capture_id.len()
        + 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(kind: &str, id: &str) -> TypedId {
        TypedId {
            r#type: Some(kind.into()),
            id: id.into(),
        }
    }

    #[test]
    fn custodian_and_owner_come_from_the_destinations_only() {
        let event = EpcisEvent {
            sources: vec![destination("owning_party", "urn:epc:id:pgln:4012345.00001")],
            destinations: vec![
                destination("possessing_party", "urn:epc:id:pgln:9521321.00001"),
                destination("owning_party", "https://id.gs1.org/417/9521321000018"),
                destination("location", "urn:epc:id:sgln:4012345.00002.0"),
            ],
            ..EpcisEvent::default()
        };
        let body = body(&event);
        assert_eq!(body.custodian.as_deref(), Some("9521321000018"));
        assert_eq!(body.owner.as_deref(), Some("9521321000018"));
        assert_eq!(body.parties_named.len(), 2, "{:?}", body.parties_named);
    }

    #[test]
    fn a_read_point_on_the_map_gives_the_position() {
        let event = EpcisEvent {
            read_point: Some("geo:52.5,13.4;u=35".into()),
            ..EpcisEvent::default()
        };
        let body = body(&event);
        assert_eq!(
            (body.latitude, body.longitude, body.accuracy_m),
            (Some(52.5), Some(13.4), Some(35.0))
        );
    }

    #[test]
    fn a_zone_offset_is_minutes_east() {
        for (text, minutes) in [
            ("+02:00", 120),
            ("-03:30", -210),
            ("+00:00", 0),
            ("", 0),
            ("Z", 0),
            ("+2", 0),
        ] {
            assert_eq!(zone_minutes(text), minutes, "{text}");
        }
    }

    #[test]
    fn the_size_covers_the_encoded_body() {
        let event = EpcisEvent {
            biz_transactions: (0..100)
                .map(|i| destination("po", &format!("urn:x:{i}")))
                .collect(),
            visible_to: vec!["9521321000018".into(); 50],
            ..EpcisEvent::default()
        };
        let body = body(&event);
        let codec = serialtrail_records::Codec::offline().unwrap();
        let unit = serialtrail_records::UnitEvent {
            body: body.clone(),
            ..Default::default()
        };
        assert!(size(&body) >= codec.encode(&unit).unwrap().len() - 20);
    }
}
