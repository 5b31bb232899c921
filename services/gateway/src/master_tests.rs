use super::*;
use serde_json::json;
use serialtrail_records::ReferenceMessage;

const PLACE: &str = "urn:epcglobal:epcis:vtype:BusinessLocation";
const CLASS: &str = "urn:epcglobal:epcis:vtype:EPCClass";
const PARTY: &str = "urn:epcglobal:epcis:vtype:SourceDest";

fn element(vocabulary: &str, id: &str, attributes: &[(&str, Value)]) -> VocabularyElement {
    VocabularyElement {
        vocabulary: vocabulary.into(),
        id: id.into(),
        attributes: attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        children: Vec::new(),
    }
}

fn read(elements: &[VocabularyElement], table: &ReferenceTable) -> Vec<Statement> {
    let source = Source {
        party: "9521321000001",
        capture_id: "c1",
        record_time: 100,
    };
    statements(elements, table, source)
}

#[test]
fn a_place_is_named_placed_and_tied_to_its_parent_and_keeps_what_the_document_does_not_say() {
    let mut table = ReferenceTable::default();
    let known = Location {
        gln: "9521321000018".into(),
        kind: "pharmacy".into(),
        country: "FR".into(),
        valid_from: Some(50),
        ..Location::default()
    };
    table.apply(b"l", ReferenceMessage::Location(known));
    let mut site = element(
        PLACE,
        "urn:epc:id:sgln:9521321.00001.0",
        &[
            (
                "urn:epcglobal:cbv:mda#name",
                json!("Pharmacy at the harbour"),
            ),
            ("cbvmda:countryCode", json!("de")),
            ("https://ref.gs1.org/cbv/mda/latitude", json!("53.5")),
            ("urn:epcglobal:cbv:mda#longitude", json!(9.9)),
            ("urn:epcglobal:cbv:mda#city", json!("Hamburg")),
        ],
    );
    site.children = vec!["https://id.gs1.org/414/9521321000025".into()];
    let child = element(PLACE, "https://id.gs1.org/414/9521321000025", &[]);
    let read = read(&[site, child], &table);
    let [
        Statement::Master(given),
        Statement::Master(_),
        Statement::Location(place),
        Statement::Location(child),
    ] = read.as_slice()
    else {
        panic!("{read:?}");
    };
    assert_eq!(
        (given.key.as_str(), given.attributes.len()),
        ("414/9521321000018", 5)
    );
    assert_eq!(given.attributes[3].value, "9.9");
    assert_eq!(
        (
            place.name.as_str(),
            place.country.as_str(),
            place.kind.as_str()
        ),
        ("Pharmacy at the harbour", "DE", "pharmacy")
    );
    assert_eq!((place.latitude, place.longitude), (Some(53.5), Some(9.9)));
    assert_eq!(
        (place.valid_from, place.attributes["city"].as_str()),
        (Some(50), "Hamburg")
    );
    assert_eq!(child.attributes["parent"], "414/9521321000018");
}

#[test]
fn a_trade_item_and_a_party_get_their_names_and_a_lot_says_nothing_of_its_item() {
    let elements = [
        element(
            CLASS,
            "urn:epc:idpat:sgtin:9521321.012345.*",
            &[
                ("urn:epcglobal:cbv:mda#functionalName", json!("tablet")),
                (
                    "urn:epcglobal:cbv:mda#descriptionShort",
                    json!("Tablet 5 mg"),
                ),
            ],
        ),
        element(
            CLASS,
            "urn:epc:class:lgtin:9521321.012345.L1",
            &[(
                "urn:epcglobal:cbv:mda#itemExpirationDate",
                json!("2030-01-01"),
            )],
        ),
        element(
            PARTY,
            "urn:epc:id:pgln:9521321.00000",
            &[("urn:epcglobal:cbv:mda#name", json!("Acme"))],
        ),
    ];
    let read = read(&elements, &ReferenceTable::default());
    let products: Vec<_> = read
        .iter()
        .filter_map(|statement| match statement {
            Statement::Product(product) => Some(product),
            _ => None,
        })
        .collect();
    assert_eq!(products.len(), 1);
    assert_eq!(
        (products[0].gtin.as_str(), products[0].name.as_str()),
        ("09521321123458", "Tablet 5 mg")
    );
    assert_eq!(products[0].attributes.len(), 1);
    assert!(matches!(read.last(), Some(Statement::Party(party))
        if party.gln == "9521321000001" && party.name == "Acme" && party.reports));
}

#[test]
fn what_is_no_place_product_or_party_is_kept_as_it_was_given() {
    for (vocabulary, id) in [
        ("urn:x:vocabulary", "urn:x:1"),
        (PLACE, "https://example.com/somewhere"),
        (PLACE, "geo:52.5,13.4"),
        (CLASS, "no identifier at all"),
    ] {
        let read = read(
            &[element(vocabulary, id, &[("a", json!({"b": 1}))])],
            &ReferenceTable::default(),
        );
        let [Statement::Master(given)] = read.as_slice() else {
            panic!("{read:?}");
        };
        assert_eq!(
            (given.id.as_str(), given.attributes[0].value.as_str()),
            (id, "{\"b\":1}")
        );
    }
}

#[test]
fn coordinates_and_countries_that_are_none_are_kept_as_attributes_only() {
    let place = element(
        PLACE,
        "urn:epc:id:sgln:9521321.00001.0",
        &[
            ("urn:epcglobal:cbv:mda#latitude", json!("91")),
            ("urn:epcglobal:cbv:mda#countryCode", json!("Germany")),
        ],
    );
    let read = read(&[place], &ReferenceTable::default());
    let Some(Statement::Location(place)) = read.last() else {
        panic!("{read:?}");
    };
    assert_eq!((place.latitude, place.country.as_str()), (None, ""));
    assert_eq!(place.attributes["countryCode"], "Germany");
}

#[test]
fn each_statement_has_the_key_that_loads_give_it() {
    let codec = Codec::offline().unwrap();
    let elements = [element(PLACE, "urn:epc:id:sgln:9521321.00001.0", &[])];
    let read = read(&elements, &ReferenceTable::default());
    let keys: Vec<_> = records(&read, &Counts::all(1), &codec)
        .unwrap()
        .into_iter()
        .map(|record| String::from_utf8(record.key.unwrap()).unwrap())
        .collect();
    assert_eq!(
        keys,
        [
            format!("master/{PLACE}/urn:epc:id:sgln:9521321.00001.0"),
            "location/9521321000018/0".into()
        ]
    );
}
