//! One read of one unit with its place and facts, as it goes to `enriched`.

use crate::glns::Glns;
use crate::lent::{
    Arena, BaseFacts, EnrichedObservation, ReadBody, RegistryEntry, Site, Support, UnitFacts,
};
use crate::policy::Policy;
use serialtrail_gs1::Epc;
use serialtrail_records::{Location, Micros};
use serialtrail_stream::reference::ReferenceTable;

/// Clock difference between two sites that is not suspect, microseconds.
const CLOCK_TOLERANCE: Micros = 10 * 60 * 1_000_000;

/// Everything an observation is made from.
pub(crate) struct Known<'a> {
    pub(crate) key: &'a str,
    pub(crate) unit: &'a Epc,
    pub(crate) facts: &'a BaseFacts<'a>,
    pub(crate) facts_revision: i64,
    pub(crate) registry: Option<&'a RegistryEntry<'a>>,
    pub(crate) table: &'a ReferenceTable,
    pub(crate) policy: &'a Policy,
    pub(crate) glns: &'a Glns,
    pub(crate) arena: &'a Arena,
}

/// The observation of a read that holds by `support`; revision 0, asserted.
pub(crate) fn observation<'a>(
    known: &Known<'a>,
    event_id: &'a str,
    support: &'a Support<'a>,
) -> EnrichedObservation<'a> {
    let body = &*support.body;
    let direct = support.issuer.is_empty();
    let facts = unit_facts(known, body.event_time);
    let horizon = known.policy.horizon(facts.profile);
    EnrichedObservation {
        unit: known.key,
        kind: known.unit.kind().as_str(),
        event_id,
        revision: 0,
        asserted: true,
        direct,
        role: if direct { support.role } else { "inherited" },
        parent: if direct {
            support.parent
        } else {
            Some(support.issuer)
        },
        path: &support.path,
        quantity: support.quantity,
        uom: support.uom,
        clock_suspect: body.event_time > body.record_time.saturating_add(CLOCK_TOLERANCE),
        beyond_horizon: body.event_time < body.record_time.saturating_sub(horizon),
        site: site(known, body),
        destination_kinds: destination_kinds(known, body),
        facts,
        body,
    }
}

/// The place of a read at its event time: the read point's GLN, else the business location's; a
/// position the read itself carries outweighs the place's.
fn site<'a>(known: &Known<'a>, body: &'a ReadBody<'a>) -> Site<'a> {
    let (at, table) = (body.event_time, known.table);
    let mut first = None;
    let mut location: Option<&'a Location> = None;
    for place in [body.read_point, body.biz_location].into_iter().flatten() {
        let Some(gln) = known.glns.of(place, known.arena) else {
            continue;
        };
        location = table.location(gln, at);
        first.get_or_insert(gln);
        if location.is_some() {
            break;
        }
    }
    let party = location.and_then(|l| l.party.as_deref());
    let own_position = body.latitude.zip(body.longitude);
    Site {
        gln: match location {
            Some(location) => Some(&location.gln),
            None => first,
        },
        name: location.map(|l| l.name.as_str()),
        kind: location.map(|l| l.kind.as_str()),
        country: location.map(|l| l.country.as_str()),
        party,
        party_role: party
            .and_then(|p| table.party(p, at))
            .map(|p| p.role.as_str()),
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

fn destination_kinds<'a>(known: &Known<'a>, body: &ReadBody<'_>) -> Vec<&'a str> {
    let table = known.table;
    let mut kinds: Vec<&str> = body
        .destinations
        .iter()
        .filter_map(|d| known.glns.of(d.id, known.arena))
        .flat_map(|gln| {
            let place = table
                .location(gln, body.event_time)
                .map(|l| l.kind.as_str());
            let party = table.party(gln, body.event_time).map(|p| p.role.as_str());
            place.into_iter().chain(party)
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Facts of the unit as they bear on a read at `at`.
fn unit_facts<'a>(known: &Known<'a>, at: Micros) -> UnitFacts<'a> {
    let (base, registry) = (known.facts, known.registry);
    let lasting = |text: serialtrail_gs1::KeyText<'_>| -> &'a str { known.arena.alloc_str(&text) };
    let gtin = known.unit.gtin().map(lasting);
    let product = gtin.and_then(|gtin| known.table.product(gtin, at));
    UnitFacts {
        known: base.known,
        known_by: base.known_by,
        unauthorised_issuer: base.unauthorised_issuer,
        commissioned_at: base.commissioned_at,
        commissioned_by: base.commissioned_by,
        source_event: base.source_event,
        foreign_gtin: gtin.is_some() && product.is_none(),
        gtin,
        lot: base.lot.or_else(|| known.unit.lot().map(lasting)),
        expiry: base.expiry,
        markets: registry.map_or(&[], |r| &r.markets),
        product_markets: product.map_or(&[], |p| &p.markets),
        status: registry.map(|r| r.status),
        status_since: registry.and_then(|r| r.status_since),
        profile: product.map(|p| p.profile.as_str()),
        product_name: product.map(|p| p.name.as_str()),
        brand: product.map(|p| p.brand.as_str()),
        revision: known.facts_revision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lent::UnitRead;
    use crate::lent::tests::{lend, owned};
    use serialtrail_records::state_enricher as state;
    use serialtrail_records::{Codec, Party, Product, ReadBody, ReferenceMessage, TypedId};

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

    fn observe(body: ReadBody, unit: &str) -> serialtrail_records::EnrichedObservation {
        let (codec, arena) = (Codec::offline().unwrap(), Arena::new());
        let support = state::Support {
            body,
            asserted: true,
            role: "epc".into(),
            ..state::Support::default()
        };
        let read = state::UnitRead {
            supports: vec![support],
            ..state::UnitRead::default()
        };
        let read: UnitRead<'_> = lend(&codec, &arena, &read);
        let known = Known {
            key: unit,
            unit: &Epc::from_record(unit),
            facts: &BaseFacts::default(),
            facts_revision: 1,
            registry: None,
            table: &table(),
            policy: &Policy::default(),
            glns: &Glns::default(),
            arena: &arena,
        };
        owned(&codec, &observation(&known, "e", &read.supports[0]))
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
