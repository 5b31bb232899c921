//! Reference data as a plain table: versions by `valid_from`, looked up by event time.

use serialtrail_gs1::{Epc, parse_identifier};
use serialtrail_records::{Lane, Location, Micros, Party, Product, ReferenceMessage};
use std::collections::{BTreeMap, HashMap};

/// Versions of one thing by the event time from which each holds; `Micros::MIN` = always.
#[derive(Debug, Clone)]
struct Versions<T>(BTreeMap<Micros, T>);

impl<T> Versions<T> {
    /// The version that holds at `at`: the one with the latest start not after it.
    fn at(&self, at: Micros) -> Option<&T> {
        self.0.range(..=at).next_back().map(|(_, v)| v)
    }
}

/// One kind of reference data by its key.
#[derive(Debug, Clone)]
struct Kind<T>(HashMap<String, Versions<T>>);

impl<T> Default for Kind<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Kind<T> {
    fn put(&mut self, key: &str, valid_from: Option<Micros>, value: T) {
        self.0
            .entry(key.to_owned())
            .or_insert_with(|| Versions(BTreeMap::new()))
            .0
            .insert(valid_from.unwrap_or(Micros::MIN), value);
    }

    fn remove(&mut self, key: &str, valid_from: Micros) {
        if let Some(versions) = self.0.get_mut(key) {
            versions.0.remove(&valid_from);
            if versions.0.is_empty() {
                self.0.remove(key);
            }
        }
    }

    fn at(&self, key: &str, at: Micros) -> Option<&T> {
        self.0.get(key)?.at(at)
    }
}

/// Where a Kafka record went, so that its tombstone finds it again.
#[derive(Debug, Clone)]
struct Slot {
    kind: &'static str,
    key: String,
    valid_from: Micros,
}

/// All reference data of a deployment.
///
/// ```
/// use serialtrail_records::{Product, ReferenceMessage};
/// use serialtrail_stream::reference::ReferenceTable;
///
/// let mut table = ReferenceTable::default();
/// table.apply(b"product/09521234543213/", ReferenceMessage::Product(Product {
///     gtin: "09521234543213".into(),
///     profile: "pharma".into(),
///     ..Product::default()
/// }));
/// assert_eq!(table.product("09521234543213", 0).map(|p| p.profile.as_str()), Some("pharma"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReferenceTable {
    products: Kind<Product>,
    locations: Kind<Location>,
    parties: Kind<Party>,
    lanes: Kind<Lane>,
    slots: HashMap<Vec<u8>, Slot>,
}

fn lane_key(from: &str, to: &str) -> String {
    format!("{from}/{to}")
}

impl ReferenceTable {
    /// Takes one record of `reference-data` with its Kafka key; a later record with the same key
    /// replaces the earlier one.
    pub fn apply(&mut self, kafka_key: &[u8], message: ReferenceMessage) {
        self.remove(kafka_key);
        let (kind, key, valid_from) = match message {
            ReferenceMessage::Product(v) => {
                let (key, from) = (v.gtin.clone(), v.valid_from);
                self.products.put(&key, from, v);
                ("product", key, from)
            }
            ReferenceMessage::Location(v) => {
                let (key, from) = (v.gln.clone(), v.valid_from);
                self.locations.put(&key, from, v);
                ("location", key, from)
            }
            ReferenceMessage::Party(v) => {
                let (key, from) = (v.gln.clone(), v.valid_from);
                self.parties.put(&key, from, v);
                ("party", key, from)
            }
            ReferenceMessage::Lane(v) => {
                let (key, from) = (lane_key(&v.from, &v.to), v.valid_from);
                self.lanes.put(&key, from, v);
                ("lane", key, from)
            }
            // Master data as given is only looked up in ClickHouse; what the stages need of it comes
            // as the records above.
            ReferenceMessage::MasterData(_) => return,
        };
        let valid_from = valid_from.unwrap_or(Micros::MIN);
        let slot = Slot {
            kind,
            key,
            valid_from,
        };
        self.slots.insert(kafka_key.to_vec(), slot);
    }

    /// Takes a tombstone of `reference-data`; a key never seen is nothing to remove.
    pub fn remove(&mut self, kafka_key: &[u8]) {
        let Some(slot) = self.slots.remove(kafka_key) else {
            return;
        };
        match slot.kind {
            "product" => self.products.remove(&slot.key, slot.valid_from),
            "location" => self.locations.remove(&slot.key, slot.valid_from),
            "party" => self.parties.remove(&slot.key, slot.valid_from),
            _ => self.lanes.remove(&slot.key, slot.valid_from),
        }
    }

    /// The trade item with this GTIN-14, as it was at `at`.
    #[must_use]
    pub fn product(&self, gtin: &str, at: Micros) -> Option<&Product> {
        self.products.at(gtin, at)
    }

    /// The place with this GLN-13, as it was at `at`.
    #[must_use]
    pub fn location(&self, gln: &str, at: Micros) -> Option<&Location> {
        self.locations.at(gln, at)
    }

    /// The place of an identifier in any spelling (SGLN URN, Digital Link, key, bare GLN) at `at`.
    /// An SGLN extension (a door, a shelf) is part of its GLN's place.
    #[must_use]
    pub fn place(&self, identifier: &str, at: Micros) -> Option<&Location> {
        self.location(&gln_of(identifier)?, at)
    }

    /// The company with this GLN-13, as it was at `at`.
    #[must_use]
    pub fn party(&self, gln: &str, at: Micros) -> Option<&Party> {
        self.parties.at(gln, at)
    }

    /// The route between two places (GLN-13), as it was at `at`.
    #[must_use]
    pub fn lane(&self, from: &str, to: &str, at: Micros) -> Option<&Lane> {
        self.lanes.at(&lane_key(from, to), at)
    }

    /// Records held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// The GLN-13 of a place (414) or party (417) in any spelling, or of a bare GLN; `None` for what
/// holds no GLN.
#[must_use]
pub fn gln_of(identifier: &str) -> Option<String> {
    if identifier.len() == 13 && identifier.bytes().all(|b| b.is_ascii_digit()) {
        return Some(identifier.to_owned());
    }
    let key: Epc = parse_identifier(identifier).ok()?;
    key.gln().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(gln: &str, country: &str, valid_from: Option<Micros>) -> ReferenceMessage {
        ReferenceMessage::Location(Location {
            gln: gln.into(),
            country: country.into(),
            valid_from,
            ..Location::default()
        })
    }

    #[test]
    fn a_version_holds_from_its_start_until_the_next_one() {
        let mut table = ReferenceTable::default();
        table.apply(
            b"location/9521321000018/",
            location("9521321000018", "DE", None),
        );
        table.apply(
            b"location/9521321000018/100",
            location("9521321000018", "FR", Some(100)),
        );
        let country = |at| {
            table
                .location("9521321000018", at)
                .map(|l| l.country.clone())
        };
        assert_eq!(country(99).as_deref(), Some("DE"));
        assert_eq!(country(100).as_deref(), Some("FR"));
        assert_eq!(country(Micros::MIN).as_deref(), Some("DE"));
    }

    #[test]
    fn before_its_first_version_a_thing_is_unknown() {
        let mut table = ReferenceTable::default();
        table.apply(
            b"location/9521321000018/100",
            location("9521321000018", "FR", Some(100)),
        );
        assert!(table.location("9521321000018", 99).is_none());
    }

    #[test]
    fn a_door_belongs_to_the_place_of_its_gln_in_every_spelling() {
        let mut table = ReferenceTable::default();
        table.apply(
            b"location/9521321000018/",
            location("9521321000018", "DE", None),
        );
        for spelling in [
            "urn:epc:id:sgln:9521321.00001.0",
            "urn:epc:id:sgln:9521321.00001.dock7",
            "https://id.gs1.org/414/9521321000018/254/dock7",
            "414/9521321000018",
            "9521321000018",
        ] {
            assert!(table.place(spelling, 0).is_some(), "{spelling}");
        }
        assert!(table.place("geo:52.5,13.4", 0).is_none());
    }

    #[test]
    fn a_tombstone_removes_only_its_version_and_a_rewrite_replaces() {
        let mut table = ReferenceTable::default();
        table.apply(b"a", location("9521321000018", "DE", None));
        table.apply(b"b", location("9521321000018", "FR", Some(100)));
        table.apply(b"b", location("9521321000018", "IT", Some(200)));
        assert_eq!(
            table.location("9521321000018", 150).map(|l| &*l.country),
            Some("DE")
        );
        table.remove(b"a");
        assert!(table.location("9521321000018", 150).is_none());
        assert_eq!(
            table.location("9521321000018", 200).map(|l| &*l.country),
            Some("IT")
        );
        table.remove(b"b");
        table.remove(b"b");
        assert!(table.is_empty());
    }

    #[test]
    fn a_lane_has_a_direction() {
        let mut table = ReferenceTable::default();
        let lane = Lane {
            from: "1".into(),
            to: "2".into(),
            limit_days: Some(3.0),
            ..Lane::default()
        };
        table.apply(b"lane/1/2/", ReferenceMessage::Lane(lane));
        assert!(table.lane("1", "2", 0).is_some());
        assert!(table.lane("2", "1", 0).is_none());
    }
}
