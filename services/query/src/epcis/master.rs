//! Master data of captured documents (table `master_data`), for the parameters that ask for it.

use super::prefilter::Descendants;
use super::problem::EpcisProblem;
use crate::select::{Pace, Select};
use clickhouse::{Client, Row};
use serde::Deserialize;
use serialtrail_epcis::query::{Condition, MasterData, SimpleEventQuery};
use serialtrail_epcis::{Vocabulary, normalise, web_address};
use serialtrail_gs1::{Epc, parse_identifier};
use std::collections::{HashMap, HashSet};

/// Most vocabulary elements held for one request.
const MOST_ELEMENTS: usize = 200_000;

/// The elements a query may ask for.
#[derive(Debug, Default)]
pub struct Vocabularies {
    /// Attributes of an element, by its key.
    attributes: HashMap<String, Vec<(String, String)>>,
    /// Children of an element, by keys.
    children: HashMap<String, Vec<String>>,
    /// The same the other way round.
    parents: HashMap<String, Vec<String>>,
}

#[derive(Row, Deserialize)]
struct Element {
    id_key: String,
    attributes: Vec<(String, String)>,
    children: Vec<String>,
}

/// The key of an element: of a business step or disposition its web address, of anything else that of
/// its identifier.
fn key(id: &str) -> String {
    for vocabulary in [Vocabulary::BizStep, Vocabulary::Disposition] {
        if normalise(vocabulary, id).is_some_and(|word| !word.contains(':')) {
            return web_address(vocabulary, id);
        }
    }
    parse_identifier(id).map_or_else(|_| id.to_owned(), |key| key.to_string())
}

impl Vocabularies {
    /// Reads what a query asks for: nothing, unless a condition is about master data.
    ///
    /// # Errors
    /// ClickHouse does not answer. 413: there is more than one request may hold.
    pub async fn read(client: &Client, query: &SimpleEventQuery) -> Result<Self, EpcisProblem> {
        let about = |condition: &Condition| {
            matches!(
                condition,
                Condition::Place {
                    descendants: true,
                    ..
                } | Condition::HasAttribute { .. }
                    | Condition::AttributeEquals { .. }
            )
        };
        if !query.conditions.iter().any(about) {
            return Ok(Self::default());
        }
        let sql = format!(
            "SELECT id_key, attributes, children FROM master_data FINAL LIMIT {}",
            MOST_ELEMENTS + 1
        );
        let rows: Vec<Element> = Select::new()
            .query(client, &sql, Pace::Answer)
            .fetch_all()
            .await?;
        if rows.len() > MOST_ELEMENTS {
            return Err(EpcisProblem::new(
                super::problem::Exception::QueryTooComplex,
                format!(
                    "there are more than {MOST_ELEMENTS} elements of master data, too many to ask in one request"
                ),
            ));
        }
        let mut read = Self::default();
        for row in rows {
            read.element(row);
        }
        Ok(read)
    }

    fn element(&mut self, row: Element) {
        for child in &row.children {
            self.child(&row.id_key, &key(child));
        }
        let attributes = self.attributes.entry(key(&row.id_key)).or_default();
        attributes.extend(row.attributes);
    }

    fn child(&mut self, parent: &str, child: &str) {
        let put = |map: &mut HashMap<String, Vec<String>>, of: &str, it: &str| {
            map.entry(of.to_owned()).or_default().push(it.to_owned());
        };
        put(&mut self.children, parent, child);
        put(&mut self.parents, child, parent);
    }
}

/// Everything that can be reached from some keys, but for where it began.
fn reached(steps: &HashMap<String, Vec<String>>, from: &[&str]) -> Vec<String> {
    let mut seen: HashSet<&str> = from.iter().copied().collect();
    let mut found = Vec::new();
    let mut open = from.to_vec();
    while let Some(at) = open.pop() {
        for next in steps.get(at).into_iter().flatten() {
            if seen.insert(next) {
                found.push(next.clone());
                open.push(next);
            }
        }
    }
    found
}

impl Descendants for Vocabularies {
    fn descendants(&self, place: &Epc) -> Vec<String> {
        reached(&self.children, &[&*place.to_string()])
    }
}

impl MasterData for Vocabularies {
    /// By master data, and by itself: a GLN with an extension is part of the place the GLN names
    /// (GS1 General Specifications 3.5.11), and so of what that belongs to.
    fn is_descendant(&self, place: &Epc, ancestor: &Epc) -> bool {
        let (place, top) = (place.to_string(), ancestor.to_string());
        let site = place
            .split_once("/254/")
            .map_or(place.as_str(), |(site, _)| site);
        if site != place && site == top {
            return true;
        }
        // Upwards: a place has few ancestors, and may have very many descendants.
        place != top && reached(&self.parents, &[&place, site]).contains(&top)
    }

    fn attribute(&self, element: &str, attribute: &str) -> Vec<String> {
        self.attributes
            .get(&key(element))
            .into_iter()
            .flatten()
            .filter(|(name, _)| is_same_name(name, attribute))
            .map(|(_, value)| value.clone())
            .collect()
    }
}

/// Whether two names of attributes are one: `countryCode`, `cbvmda:countryCode` and
/// `urn:epcglobal:cbv:mda#countryCode` are, two of different namespaces are not. What a prefix means is
/// not known here.
fn is_same_name(one: &str, other: &str) -> bool {
    let parts = |name: &'_ str| {
        let local = name
            .rsplit(['#', ':', '/'])
            .next()
            .unwrap_or(name)
            .to_owned();
        let namespace = name[..name.len() - local.len()].trim_end_matches(['#', ':', '/']);
        (namespace.contains(':').then(|| namespace.to_owned()), local)
    };
    let ((one, first), (other, second)) = (parts(one), parts(other));
    first == second && (one == other || one.is_none() || other.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_direct_indirect_or_parts_of_a_site_and_loops_end() {
        let site = "414/9521234000013";
        let mut master = Vocabularies::default();
        for (parent, child) in [
            (site, "414/9521234000020"),
            ("414/9521234000020", "urn:example:dock"),
            ("414/9521234000020", site),
        ] {
            master.child(parent, child);
        }
        let epc = |key: &str| Epc::from_record(key);
        for (place, expected) in [
            (site, false),
            ("414/9521234000020", true),
            ("urn:example:dock", true),
            ("414/9521234000013/254/7", true),
            ("414/9521234000020/254/7", true),
            ("414/9521234000037", false),
            ("414/9521234000037/254/7", false),
        ] {
            assert_eq!(
                master.is_descendant(&epc(place), &epc(site)),
                expected,
                "{place}"
            );
        }
    }

    #[test]
    fn a_word_of_the_vocabulary_is_one_element_however_its_master_data_spells_it() {
        for id in [
            "urn:epcglobal:cbv:bizstep:shipping",
            "https://ref.gs1.org/cbv/BizStep-shipping",
            "cbv:BizStep-shipping",
        ] {
            let mut master = Vocabularies::default();
            master.element(Element {
                id_key: id.to_owned(),
                attributes: vec![("urn:example:crew".to_owned(), "4".to_owned())],
                children: Vec::new(),
            });
            let shipping = "https://ref.gs1.org/cbv/BizStep-shipping";
            assert_eq!(
                master.attribute(shipping, "urn:example:crew"),
                ["4"],
                "{id}"
            );
            let other = "https://ref.gs1.org/cbv/Disp-in_transit";
            assert!(master.attribute(other, "urn:example:crew").is_empty());
        }
    }

    #[test]
    fn an_attribute_is_found_under_every_spelling_of_its_name_and_of_its_element() {
        let attributes = vec![(
            "urn:epcglobal:cbv:mda#countryCode".to_owned(),
            "DE".to_owned(),
        )];
        let master = Vocabularies {
            attributes: HashMap::from([("414/9521234000013".to_owned(), attributes)]),
            ..Vocabularies::default()
        };
        let element = "https://id.gs1.org/414/9521234000013";
        for name in [
            "countryCode",
            "cbvmda:countryCode",
            "urn:epcglobal:cbv:mda#countryCode",
            "urn:epcglobal:cbv:mda:countryCode",
        ] {
            assert_eq!(master.attribute(element, name), ["DE"]);
        }
        for other in ["city", "https://example.com/ours#countryCode"] {
            assert!(master.attribute(element, other).is_empty(), "{other}");
        }
        assert!(master.attribute("urn:x:y", "countryCode").is_empty());
    }
}
