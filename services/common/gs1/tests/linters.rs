//! The linters against the published vectors of GS1's syntax dictionary.
#![allow(clippy::unwrap_used)]

mod vectors;

use serde_json::Value;
use serialtrail_gs1::linters::{self, LintError};

fn linter(name: &str) -> fn(&str) -> Result<(), LintError> {
    match name {
        "couponcode" => linters::couponcode,
        "couponposoffer" => linters::couponposoffer,
        "cset39" => linters::cset39,
        "cset64" => linters::cset64,
        "cset82" => linters::cset82,
        "csetnumeric" => linters::csetnumeric,
        "csum" => linters::csum,
        "csumalpha" => linters::csumalpha,
        "gcppos1" => linters::gcppos1,
        "gcppos2" => linters::gcppos2,
        "hasnondigit" => linters::hasnondigit,
        "hh" => linters::hh,
        "hhmi" => linters::hhmi,
        "hyphen" => linters::hyphen,
        "iban" => linters::iban,
        "importeridx" => linters::importeridx,
        "iso3166" => linters::iso3166,
        "iso3166999" => linters::iso3166999,
        "iso3166alpha2" => linters::iso3166alpha2,
        "iso4217" => linters::iso4217,
        "iso5218" => linters::iso5218,
        "latitude" => linters::latitude,
        "longitude" => linters::longitude,
        "mediatype" => linters::mediatype,
        "mi" => linters::mi,
        "nonzero" => linters::nonzero,
        "nozeroprefix" => linters::nozeroprefix,
        "packagetype" => linters::packagetype,
        "pcenc" => linters::pcenc,
        "pieceoftotal" => linters::pieceoftotal,
        "posinseqslash" => linters::posinseqslash,
        "ss" => linters::ss,
        "winding" => linters::winding,
        "yesno" => linters::yesno,
        "yymmd0" => linters::yymmd0,
        "yymmdd" => linters::yymmdd,
        "yyyymmd0" => linters::yyyymmd0,
        "yyyymmdd" => linters::yyyymmdd,
        "zero" => linters::zero,
        _ => panic!("no linter is named {name}"),
    }
}

/// Vectors of the reference build's stand-in for a register of company prefixes
/// that refuses every prefix or is not to be reached. A prefix is checked for
/// its form only (GS1 General Specifications 1.4.4), and these are well formed:
/// linter, input and the code refused with.
const REGISTER_OF_PREFIXES: &[(&str, &str, &str)] = &[
    (
        "couponcode",
        "012345612345611110123",
        "GCP_DATASOURCE_OFFLINE",
    ),
    (
        "couponcode",
        "012345612345611110123101101230123456",
        "GCP_DATASOURCE_OFFLINE",
    ),
    (
        "couponcode",
        "01234561234561111012321101230123456",
        "GCP_DATASOURCE_OFFLINE",
    ),
    (
        "couponcode",
        "012345612345611110123611234567",
        "GCP_DATASOURCE_OFFLINE",
    ),
    ("gcppos1", "1234567", "INVALID_GCP_PREFIX"),
    ("gcppos2", "I1234567", "INVALID_GCP_PREFIX"),
];

/// Our code as the vectors write it; theirs has one word misspelt.
fn as_published(code: &str) -> String {
    code.to_ascii_uppercase()
        .replace("INVALID_EXPIRATION_DATE", "INVALID_EXIPIRATION_DATE")
}

/// The input with the fault between two `*`.
fn highlighted(input: &str, e: &LintError) -> String {
    let (before, rest) = input.split_at(e.at);
    let (fault, after) = rest.split_at(e.len);
    format!("{before}*{fault}*{after}")
}

/// The vector in a line. Three lines lost their start where their text was cut at
/// U+0085; what is whole in them is the vector after it.
fn vector(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| {
        let whole = line.find('{').unwrap_or(0);
        serde_json::from_str(&line[whole..]).unwrap()
    })
}

#[test]
fn every_linter_takes_and_refuses_what_the_vectors_say_at_the_place_they_say() {
    let Some(text) = vectors::text("gs1-syntax-engine-vectors/linters.jsonl") else {
        return;
    };
    let (mut passed, mut all, mut excepted) = (0, 0, Vec::new());
    for line in text.lines() {
        let line = vector(line);
        let text = |key: &str| line[key].as_str().unwrap();
        let (name, input) = (text("linter"), text("input"));
        let found = linter(name)(input);
        all += 1;
        let right = match found {
            Ok(()) => line["ok"] == true,
            Err(e) => {
                // One line says that it is refused, not why.
                line["ok"] == false
                    && line["error"]
                        .as_str()
                        .is_none_or(|code| code == as_published(e.code))
                    && line["highlight"]
                        .as_str()
                        .is_none_or(|h| h == highlighted(input, &e))
            }
        };
        let code = line["error"].as_str().unwrap_or_default();
        let exception = REGISTER_OF_PREFIXES
            .iter()
            .find(|e| **e == (name, input, code));
        match exception {
            None => assert!(right, "{line}: {found:?}"),
            Some(exception) => {
                assert!(!right, "{exception:?} is no exception any more");
                excepted.push(exception);
            }
        }
        passed += usize::from(right);
    }
    assert_eq!(excepted.len(), REGISTER_OF_PREFIXES.len(), "{excepted:?}");
    println!(
        "linters.jsonl: {passed}/{all}, {} excepted by name",
        excepted.len()
    );
}
