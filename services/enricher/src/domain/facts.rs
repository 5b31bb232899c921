//! What the registry and the commissionings say of a unit.

use super::supports::direct;
use crate::lent::{Arena, BaseFacts, RegistryEntry, Support, UnitRead};
use serialtrail_records::Micros;
use serialtrail_stream::reference::{ReferenceTable, gln_of};
use std::borrow::Cow;

/// Source party of what the operator of the deployment imported for nobody in particular.
const OPERATOR: &str = "operator";

/// One commissioning of a unit, as its issuer's entitlement is judged.
struct Commissioning<'r, 'a> {
    event_id: &'a str,
    support: &'r Support<'a>,
    issuer: Cow<'a, str>,
    authorised: bool,
}

/// The party that answers for an event: its publisher, or, for the operator's imports, the party
/// operating the site.
pub(crate) fn issuer<'a>(
    source_party: &'a str,
    places: &[Option<&str>],
    at: Micros,
    table: &'a ReferenceTable,
) -> Cow<'a, str> {
    if source_party == OPERATOR {
        let operating = places
            .iter()
            .flatten()
            .find_map(|place| table.place(place, at)?.party.as_deref());
        return Cow::Borrowed(operating.unwrap_or(source_party));
    }
    match gln_of(source_party) {
        Some(gln) if gln != source_party => Cow::Owned(gln),
        _ => Cow::Borrowed(source_party),
    }
}

/// Whether `issuer` may commission or recall a GTIN: anyone may where nothing is said.
pub(crate) fn may_issue(
    gtin: Option<&str>,
    issuer: &str,
    at: Micros,
    table: &ReferenceTable,
) -> bool {
    let product = gtin.and_then(|gtin| table.product(gtin, at));
    product.is_none_or(|p| {
        p.issuers.is_empty()
            || p.issuers
                .iter()
                .any(|i| i == issuer || gln_of(i).as_deref() == Some(issuer))
    })
}

fn commissioning<'r, 'a>(
    gtin: Option<&str>,
    event_id: &'a str,
    support: &'r Support<'a>,
    table: &'a ReferenceTable,
) -> Commissioning<'r, 'a> {
    let body = &support.body;
    let places = [body.read_point, body.biz_location];
    let issuer = issuer(body.source_party, &places, body.event_time, table);
    let authorised = may_issue(gtin, &issuer, body.event_time, table);
    Commissioning {
        event_id,
        support,
        issuer,
        authorised,
    }
}

/// Facts of a unit from its registry entry and its commissionings (event id, read). The first
/// commissioning by someone entitled to speaks; without one, the first of all.
pub(crate) fn facts<'a>(
    gtin: Option<&str>,
    registry: Option<&RegistryEntry<'a>>,
    commissionings: &[(&'a str, UnitRead<'a>)],
    table: &'a ReferenceTable,
    arena: &'a Arena,
) -> BaseFacts<'a> {
    let lasting = |issuer: &Cow<'a, str>| -> &'a str {
        match issuer {
            Cow::Borrowed(issuer) => issuer,
            Cow::Owned(issuer) => arena.alloc_str(issuer),
        }
    };
    let mut all: Vec<Commissioning<'_, 'a>> = commissionings
        .iter()
        .filter_map(|(id, read)| Some(commissioning(gtin, id, direct(read)?, table)))
        .collect();
    all.sort_by(|a, b| {
        let at = |c: &Commissioning<'_, '_>| c.support.body.event_time;
        (at(a), a.event_id).cmp(&(at(b), b.event_id))
    });
    let first = all.iter().find(|c| c.authorised).or(all.first());
    let known_by = match (registry, first.filter(|c| c.authorised)) {
        (Some(_), _) => Some("registry"),
        (None, Some(c)) if c.support.role == "output" => Some("transformation"),
        (None, Some(_)) => Some("commissioning"),
        (None, None) => None,
    };
    let body = first.map(|c| &c.support.body);
    BaseFacts {
        known: known_by.is_some(),
        known_by,
        unauthorised_issuer: all
            .iter()
            .find(|c| !c.authorised)
            .map(|c| lasting(&c.issuer)),
        commissioned_at: body.map(|b| b.event_time),
        commissioned_by: first.map(|c| lasting(&c.issuer)),
        source_event: first.map(|c| c.event_id),
        lot: registry
            .and_then(|r| r.lot)
            .or_else(|| body.and_then(|b| b.lot)),
        expiry: registry
            .and_then(|r| r.expiry)
            .or_else(|| body.and_then(|b| b.expiry)),
        source_party: registry
            .map(|r| r.source_party)
            .or_else(|| body.map(|b| b.source_party))
            .unwrap_or_default(),
        visible_to: registry
            .map(|r| r.visible_to.clone())
            .or_else(|| body.map(|b| b.visible_to.clone()))
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::facts as judged;
    use super::*;
    use crate::lent::UnitState;
    use crate::lent::tests::{lend, owned};
    use serialtrail_records::avro::Encoded;
    use serialtrail_records::state_enricher as state;
    use serialtrail_records::{Codec, Location, Product, ReadBody, ReferenceMessage};

    const GTIN: &str = "04012345111118";
    const MAKER: &str = "4012345000009";

    fn table() -> ReferenceTable {
        let mut table = ReferenceTable::default();
        let product = Product {
            gtin: GTIN.into(),
            issuers: vec![MAKER.into()],
            ..Product::default()
        };
        table.apply(b"p", ReferenceMessage::Product(product));
        let site = Location {
            gln: "9521321000018".into(),
            party: Some(MAKER.into()),
            ..Location::default()
        };
        table.apply(b"l", ReferenceMessage::Location(site));
        table
    }

    fn made(event: &str, at: Micros, party: &str, lot: &str) -> (String, state::UnitRead) {
        let support = state::Support {
            asserted: true,
            role: "epc".into(),
            body: ReadBody {
                event_time: at,
                source_party: party.into(),
                read_point: Some("414/9521321000018".into()),
                lot: Some(lot.into()),
                ..ReadBody::default()
            },
            ..state::Support::default()
        };
        (
            event.to_owned(),
            state::UnitRead {
                supports: vec![support],
                ..state::UnitRead::default()
            },
        )
    }

    /// The facts of records as they stand in state.
    fn facts(
        gtin: Option<&str>,
        registry: Option<&serialtrail_records::RegistryEntry>,
        commissionings: &[(String, state::UnitRead)],
        table: &ReferenceTable,
    ) -> state::BaseFacts {
        let (codec, arena) = (Codec::offline().unwrap(), Arena::new());
        let registry = registry.map(|r| lend::<RegistryEntry<'_>>(&codec, &arena, r));
        let reads: Vec<(&str, UnitRead<'_>)> = commissionings
            .iter()
            .map(|(id, read)| (id.as_str(), lend(&codec, &arena, read)))
            .collect();
        let unit = UnitState {
            facts: Encoded::new(judged(gtin, registry.as_ref(), &reads, table, &arena)),
            ..UnitState::default()
        };
        owned(&codec, &unit).facts
    }

    #[test]
    fn a_unit_nobody_named_is_unknown() {
        let facts = facts(Some(GTIN), None, &[], &table());
        assert!(!facts.known && facts.known_by.is_none() && facts.unauthorised_issuer.is_none());
    }

    #[test]
    fn only_an_issuer_of_the_product_makes_a_unit_known() {
        let forged = facts(
            Some(GTIN),
            None,
            &[made("f", 1, "6666666000008", "F")],
            &table(),
        );
        assert!(!forged.known);
        assert_eq!(forged.unauthorised_issuer.as_deref(), Some("6666666000008"));
        let both = [made("f", 1, "6666666000008", "F"), made("g", 9, MAKER, "G")];
        let facts = facts(Some(GTIN), None, &both, &table());
        assert!(facts.known);
        assert_eq!(
            (facts.lot.as_deref(), facts.source_event.as_deref()),
            (Some("G"), Some("g"))
        );
    }

    #[test]
    fn the_operators_import_counts_for_the_party_of_the_site() {
        let facts = facts(Some(GTIN), None, &[made("e", 1, OPERATOR, "L")], &table());
        assert!(facts.known);
        assert_eq!(facts.commissioned_by.as_deref(), Some(MAKER));
    }

    #[test]
    fn the_registry_outweighs_the_first_commissioning_and_that_the_later() {
        let registry = serialtrail_records::RegistryEntry {
            lot: Some("R".into()),
            ..serialtrail_records::RegistryEntry::default()
        };
        let made = [
            made("b", 5, MAKER, "B"),
            made("a", 5, MAKER, "A"),
            made("c", 4, MAKER, "C"),
        ];
        let lot = |registry, made: &[(String, state::UnitRead)]| {
            facts(Some(GTIN), registry, made, &table()).lot
        };
        assert_eq!(lot(Some(&registry), &made).as_deref(), Some("R"));
        assert_eq!(lot(None, &made).as_deref(), Some("C"));
        assert_eq!(
            lot(None, &made[..2]).as_deref(),
            Some("A"),
            "ties by event id"
        );
    }

    #[test]
    fn a_product_without_issuers_may_be_made_by_anyone() {
        let facts = facts(
            Some("09521321000013"),
            None,
            &[made("e", 1, "x", "L")],
            &table(),
        );
        assert!(facts.known && facts.unauthorised_issuer.is_none());
    }
}
