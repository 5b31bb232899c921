use super::*;

fn source() -> Source {
    Source {
        party: "operator".into(),
        version: 7,
        record_time: 9,
        reference_offset: 11,
    }
}

fn row<'t>(cells: &[(&'t str, &'t str)]) -> Row<'t> {
    Row {
        line: 5,
        cells: cells
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into()))
            .collect(),
    }
}

fn read_row(kind: Kind, cells: &[(&str, &str)]) -> Result<Statement, BadRow> {
    read(kind, &row(cells), &source())
}

/// The row with one value replaced must be refused at that column.
fn refused(kind: Kind, good: &[(&str, &str)], column: &str, value: &str, reason: &str) {
    let mut cells = good.to_vec();
    match cells.iter_mut().find(|(name, _)| *name == column) {
        Some(cell) => cell.1 = value,
        None => panic!("{column} is no column of the row"),
    }
    let bad = read_row(kind, &cells).unwrap_err();
    assert_eq!(
        (bad.line, bad.column.as_str()),
        (5, column),
        "{value}: {}",
        bad.message
    );
    assert_eq!(bad.reason, reason, "{value}: {}", bad.message);
}

const PRODUCT: &[(&str, &str)] = &[
    ("gtin", "9521321123458"),
    ("name", "Scenarin"),
    ("brand", "S"),
    ("profile", "pharma"),
    ("markets", "FR; DE;FR"),
    ("issuers", "9521321000001;urn:epc:id:pgln:9521321.00000"),
    ("valid_from", "2026-01-01"),
    ("shelf", "cool"),
    ("empty", " "),
];

#[test]
fn a_product_has_its_markets_and_issuers_and_keeps_further_columns() {
    let Statement::Product(product) = read_row(Kind::Products, PRODUCT).unwrap() else {
        panic!("no product")
    };
    assert_eq!(product.gtin, "09521321123458");
    assert_eq!(product.markets, ["DE", "FR"]);
    assert_eq!(product.issuers, ["9521321000001", "9521321000001"]);
    assert_eq!(product.valid_from, Some(1_767_225_600_000_000));
    assert_eq!(
        product.attributes,
        BTreeMap::from([("shelf".to_owned(), "cool".to_owned())])
    );
    refused(
        Kind::Products,
        PRODUCT,
        "gtin",
        "9521321123459",
        "bad_check_digit",
    );
    refused(Kind::Products, PRODUCT, "gtin", "", "missing_value");
    refused(
        Kind::Products,
        PRODUCT,
        "gtin",
        "urn:epc:id:pgln:9521321.00000",
        "not_a_gtin",
    );
    refused(Kind::Products, PRODUCT, "profile", "toys", "unknown_word");
    refused(
        Kind::Products,
        PRODUCT,
        "markets",
        "DE;UK",
        "unknown_country",
    );
    refused(
        Kind::Products,
        PRODUCT,
        "issuers",
        "952132100000",
        "bad_length",
    );
    refused(
        Kind::Products,
        PRODUCT,
        "valid_from",
        "yesterday",
        "bad_time",
    );
}

const LOT: &[(&str, &str)] = &[
    ("gtin", "https://id.gs1.org/01/09521321123458"),
    ("lot", "L/1"),
    ("expiry", "2028-12-31"),
    ("status", "recalled"),
    ("status_markets", "FR"),
    ("status_since", "2026-03-01T09:30:00+01:00"),
];

#[test]
fn a_lot_is_dated_where_the_file_dates_it() {
    let Statement::Lot(lot) = read_row(Kind::Lots, LOT).unwrap() else {
        panic!("no lot")
    };
    assert_eq!(
        (lot.gtin.as_str(), lot.lot.as_str()),
        ("09521321123458", "L/1")
    );
    assert_eq!(
        (lot.source.as_str(), lot.version, lot.asserted),
        ("load", 7, true)
    );
    assert_eq!(lot.status_since, Some(1_772_353_800_000_000));
    assert_eq!(
        (lot.status_markets.as_slice(), lot.reference_offset),
        (&["FR".to_owned()][..], 11)
    );
    let undated = read_row(Kind::Lots, &LOT[..3]).unwrap();
    let Statement::Lot(undated) = undated else {
        panic!("no lot")
    };
    assert_eq!(
        (undated.status.as_str(), undated.status_since),
        ("active", None)
    );
    refused(
        Kind::Lots,
        LOT,
        "lot",
        "a lot that is far too long",
        "bad_length",
    );
    refused(Kind::Lots, LOT, "lot", "é", "bad_character");
    refused(Kind::Lots, LOT, "expiry", "31.12.2028", "bad_date");
    refused(Kind::Lots, LOT, "expiry", "2028-02-30", "bad_date");
    refused(Kind::Lots, LOT, "status", "stolen", "unknown_word");
}

const PLACE: &[(&str, &str)] = &[
    ("sgln", "urn:epc:id:sgln:9521321.00001.0"),
    ("name", "Depot"),
    ("party", "9521321000001"),
    ("kind", "distribution_centre"),
    ("country", "DE"),
    ("latitude", "52.5"),
    ("longitude", "13.4"),
    ("radius_km", ""),
];

#[test]
fn a_place_is_its_gln_whatever_spelling_it_comes_in() {
    for spelling in [
        "urn:epc:id:sgln:9521321.00001.0",
        "urn:epc:id:sgln:9521321.00001.7",
        "https://id.gs1.org/414/9521321000018",
        "9521321000018",
    ] {
        let mut cells = PLACE.to_vec();
        cells[0].1 = spelling;
        let statement = read_row(Kind::Locations, &cells).unwrap();
        assert_eq!(statement.key(), "location/9521321000018/0");
    }
    refused(Kind::Locations, PLACE, "kind", "warehouse", "unknown_word");
    refused(
        Kind::Locations,
        PLACE,
        "country",
        "Germany",
        "unknown_country",
    );
    refused(Kind::Locations, PLACE, "latitude", "91", "bad_number");
    refused(Kind::Locations, PLACE, "latitude", "NaN", "bad_number");
    refused(Kind::Locations, PLACE, "longitude", "", "missing_value");
    refused(Kind::Locations, PLACE, "radius_km", "-1", "bad_number");
}

#[test]
fn a_party_reports_unless_it_says_no() {
    let reports = |value| {
        let cells = [
            ("gln", "9521321000001"),
            ("name", "A"),
            ("role", "carrier"),
            ("reports", value),
        ];
        match read_row(Kind::Parties, &cells) {
            Ok(Statement::Party(party)) => Ok(party.reports),
            Ok(_) => panic!("no party"),
            Err(bad) => Err(bad.reason),
        }
    };
    assert_eq!(reports(""), Ok(true));
    assert_eq!(reports("no"), Ok(false));
    assert_eq!(reports("maybe"), Err("unknown_word".to_owned()));
}

const SERIAL: &[(&str, &str)] = &[
    ("epc", "urn:epc:id:sgtin:9521321.012345.A%2F1"),
    ("lot", "L1"),
    ("expiry", "2028-12-31"),
    ("status", ""),
    ("markets", ""),
    ("issued_by", "9521321000001"),
];

#[test]
fn a_serial_in_any_spelling_is_one_unit() {
    for epc in [
        "urn:epc:id:sgtin:9521321.012345.A%2F1",
        "https://id.gs1.org/01/09521321123458/21/A%2F1",
        "01/09521321123458/21/A/1",
        "(01)09521321123458(21)A/1",
    ] {
        let mut cells = SERIAL.to_vec();
        cells[0].1 = epc;
        let Statement::Serial(entry) = read_row(Kind::Registry, &cells).unwrap() else {
            panic!("no serial")
        };
        // Indicator 0 and item 12345: the same trade item in all of them.
        assert_eq!(entry.unit, "01/09521321123458/21/A/1");
        assert_eq!((entry.status.as_str(), entry.markets.len()), ("active", 0));
        assert_eq!(entry.issued_by.as_deref(), Some("9521321000001"));
    }
    refused(
        Kind::Registry,
        SERIAL,
        "epc",
        "urn:epc:class:lgtin:9521321.012345.L1",
        "not_an_instance",
    );
    refused(
        Kind::Registry,
        SERIAL,
        "epc",
        "(01)09521321123459(21)1",
        "bad_check_digit",
    );
    refused(Kind::Registry, SERIAL, "status", "sold", "unknown_word");
}

#[test]
fn a_files_name_says_what_it_is() {
    for (name, kind) in [
        ("products.csv", Some(Kind::Products)),
        ("a/b/LOTS.csv", Some(Kind::Lots)),
        ("registry-2.ndjson", Some(Kind::Registry)),
        ("eu_locations.csv", Some(Kind::Locations)),
        ("allotments.csv", None),
        ("data.csv", None),
    ] {
        assert_eq!(Kind::of_file(Path::new(name)), kind, "{name}");
    }
}
