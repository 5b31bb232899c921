//! One read of one unit with its place and facts, as it goes to `enriched`.

use crate::policy::Policy;
use serialtrail_gs1::Epc;
use serialtrail_records::state_enricher::{BaseFacts, Support};
use serialtrail_records::{EnrichedObservation, Micros, ReadBody, RegistryEntry, Site, UnitFacts};
use serialtrail_stream::reference::{ReferenceTable, gln_of};

/// Clock difference between two sites that is not suspect, microseconds.
const CLOCK_TOLERANCE: Micros = 10 * 60 * 1_000_000;

/// Everything an observation is made from.
pub(crate) struct Known<'a> {
    pub(crate) unit: &'a Epc,
    pub(crate) facts: &'a BaseFacts,
    pub(crate) facts_revision: i64,
    pub(crate) registry: Option<&'a RegistryEntry>,
    pub(crate) table: &'a ReferenceTable,
    pub(crate) policy: &'a Policy,
}

/// The observation of a read that holds by `support`; revision 0, asserted.
pub(crate) fn observation(
    known: &Known<'_>,
    event_id: &str,
    support: &Support,
) -> EnrichedObservation {
    let body = &support.body;
    let direct = support.issuer.is_empty();
    let facts = unit_facts(known, body.event_time);
    let horizon = known.policy.horizon(facts.profile.as_deref());
    EnrichedObservation {
        unit: known.unit.to_string(),
        kind: known.unit.kind().as_str().to_owned(),
        event_id: event_id.to_owned(),
        revision: 0,
        asserted: true,
        direct,
        role: if direct {
            support.role.clone()
        } else {
            "inherited".to_owned()
        },
        parent: if direct {
            support.parent.clone()
        } else {
            Some(support.issuer.clone())
        },
        path: support.path.clone(),
        quantity: support.quantity,
        uom: support.uom.clone(),
        clock_suspect: body.event_time > body.record_time.saturating_add(CLOCK_TOLERANCE),
        beyond_horizon: body.event_time < body.record_time.saturating_sub(horizon),
        site: site(body, known.table),
        destination_kinds: destination_kinds(body, known.table),
        facts,
        body: body.clone(),
    }
}

/// The place of a read at its event time: the read point's GLN, else the business location's; a
/// position the read itself carries outweighs the place's.
fn site(body: &ReadBody, table: &ReferenceTable) -> Site {
    let at = body.event_time;
    let glns: Vec<String> = [&body.read_point, &body.biz_location]
        .into_iter()
        .flatten()
        .filter_map(|p| gln_of(p))
        .collect();
    let location = glns.iter().find_map(|gln| table.location(gln, at));
    let gln = location
        .map(|l| l.gln.clone())
        .or_else(|| glns.first().cloned());
    let party = location.and_then(|l| l.party.clone());
    let own_position = body.latitude.zip(body.longitude);
    Site {
        gln,
        name: location.map(|l| l.name.clone()),
        kind: location.map(|l| l.kind.clone()),
        country: location.map(|l| l.country.clone()),
        party_role: party
            .as_deref()
            .and_then(|p| table.party(p, at))
            .map(|p| p.role.clone()),
        party,
        latitude: own_position
            .map(|p| p.0)
            .or_else(|| location.and_then(|l| l.latitude)),
        longitude: own_position
            .map(|p| p.1)
            .or_else(|| location.and_then(|l| l.longitude)),
        radius_km: match own_position {
            Some(_) => body.accuracy_m.map(|m| m / 1000.0),
            None => location.and_then(|l| l.radius_km),
        },
    }
}

fn destination_kinds(body: &ReadBody, table: &ReferenceTable) -> Vec<String> {
    let mut kinds: Vec<String> = body
        .destinations
        .iter()
        .filter_map(|d| gln_of(&d.id))
        .flat_map(|gln| {
            let place = table
                .location(&gln, body.event_time)
                .map(|l| l.kind.clone());
            let party = table.party(&gln, body.event_time).map(|p| p.role.clone());
            place.into_iter().chain(party)
        })
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// Facts of the unit as they bear on a read at `at`.
fn unit_facts(known: &Known<'_>, at: Micros) -> UnitFacts {
    let (base, registry) = (known.facts, known.registry);
    let gtin = known.unit.gtin();
    let product = gtin
        .as_deref()
        .and_then(|gtin| known.table.product(gtin, at));
    UnitFacts {
        known: base.known,
        known_by: base.known_by.clone(),
        unauthorised_issuer: base.unauthorised_issuer.clone(),
        commissioned_at: base.commissioned_at,
        commissioned_by: base.commissioned_by.clone(),
        source_event: base.source_event.clone(),
        foreign_gtin: gtin.is_some() && product.is_none(),
        gtin: gtin.map(String::from),
        lot: base
            .lot
            .clone()
            .or_else(|| known.unit.lot().map(String::from)),
        expiry: base.expiry.clone(),
        markets: registry.map(|r| r.markets.clone()).unwrap_or_default(),
        product_markets: product.map(|p| p.markets.clone()).unwrap_or_default(),
        status: registry.map(|r| r.status.clone()),
        status_since: registry.and_then(|r| r.status_since),
        profile: product.map(|p| p.profile.clone()),
        product_name: product.map(|p| p.name.clone()),
        brand: product.map(|p| p.brand.clone()),
        revision: known.facts_revision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_records::{Location, Party, Product, ReferenceMessage, TypedId};

    fn table() -> ReferenceTable {
        let mut table = ReferenceTable::default();
        let site = Location {
            gln: "9521321000018".into(),
            kind: "returns_centre".into(),
            country: "DE".into(),
            party: Some("9521321000025".into()),
            latitude: Some(1.0),
            longitude: Some(2.0),
            radius_km: Some(3.0),
            ..Location::default()
        };
        table.apply(b"l", ReferenceMessage::Location(site));
        let party = Party {
            gln: "9521321000025".into(),
            role: "returns_processor".into(),
            ..Party::default()
        };
        table.apply(b"a", ReferenceMessage::Party(party));
        let product = Product {
            gtin: "04012345111118".into(),
            profile: "pharma".into(),
            valid_from: Some(100),
            ..Product::default()
        };
        table.apply(b"p", ReferenceMessage::Product(product));
        table
    }

    fn observe(body: ReadBody, unit: &str) -> EnrichedObservation {
        let known = Known {
            unit: &Epc::from_record(unit),
            facts: &BaseFacts::default(),
            facts_revision: 1,
            registry: None,
            table: &table(),
            policy: &Policy::default(),
        };
        let support = Support {
            body,
            asserted: true,
            role: "epc".into(),
            ..Support::default()
        };
        observation(&known, "e", &support)
    }

    #[test]
    fn the_place_is_the_read_points_and_its_party() {
        let site = observe(
            ReadBody {
                read_point: Some("urn:epc:id:sgln:9521321.00001.dock".into()),
                ..ReadBody::default()
            },
            "00/1",
        )
        .site;
        assert_eq!(site.gln.as_deref(), Some("9521321000018"));
        assert_eq!(site.country.as_deref(), Some("DE"));
        assert_eq!(site.party_role.as_deref(), Some("returns_processor"));
        assert_eq!((site.latitude, site.radius_km), (Some(1.0), Some(3.0)));
    }

    #[test]
    fn a_position_of_the_read_itself_outweighs_the_places() {
        let body = ReadBody {
            read_point: Some("geo:52.5,13.4;u=500".into()),
            biz_location: Some("414/9521321000018".into()),
            latitude: Some(52.5),
            longitude: Some(13.4),
            accuracy_m: Some(500.0),
            ..ReadBody::default()
        };
        let site = observe(body, "00/1").site;
        assert_eq!((site.latitude, site.radius_km), (Some(52.5), Some(0.5)));
        assert_eq!(site.country.as_deref(), Some("DE"));
    }

    #[test]
    fn a_place_nobody_described_keeps_its_gln() {
        let body = ReadBody {
            read_point: Some("414/9521321000032".into()),
            ..ReadBody::default()
        };
        let site = observe(body, "00/1").site;
        assert_eq!(
            (site.gln.as_deref(), site.country),
            (Some("9521321000032"), None)
        );
    }

    #[test]
    fn a_clock_ahead_of_the_record_time_is_suspect_and_an_old_read_is_beyond_the_horizon() {
        let at = |event_time, record_time| {
            let o = observe(
                ReadBody {
                    event_time,
                    record_time,
                    ..ReadBody::default()
                },
                "00/1",
            );
            (o.clock_suspect, o.beyond_horizon)
        };
        let day = 86_400_000_000;
        assert_eq!(at(CLOCK_TOLERANCE, 0), (false, false));
        assert_eq!(at(CLOCK_TOLERANCE + 1, 0), (true, false));
        assert_eq!(at(0, 400 * day), (false, false));
        assert_eq!(at(0, 400 * day + 1), (false, true));
    }

    #[test]
    fn a_gtin_without_product_at_the_time_of_the_read_is_foreign() {
        let at = |event_time, unit| {
            observe(
                ReadBody {
                    event_time,
                    ..ReadBody::default()
                },
                unit,
            )
            .facts
            .foreign_gtin
        };
        assert!(at(99, "01/04012345111118/21/7"));
        assert!(!at(100, "01/04012345111118/21/7"));
        assert!(
            !at(99, "00/340123450000000018"),
            "a container has no product"
        );
    }

    #[test]
    fn destinations_tell_what_kind_of_place_is_shipped_to() {
        let to = |id: &str| TypedId {
            r#type: None,
            id: id.into(),
        };
        let body = ReadBody {
            destinations: vec![to("414/9521321000018"), to("417/9521321000025")],
            ..ReadBody::default()
        };
        assert_eq!(
            observe(body, "00/1").destination_kinds,
            ["returns_centre", "returns_processor"]
        );
    }
}
