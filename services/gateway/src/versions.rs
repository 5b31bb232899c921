//! Versions of EPCIS and CBV, and what this server announces of itself (EPCIS 2.0 REST binding, the
//! `GS1-` headers of the official OpenAPI).
//!
//! A version the sender claims or asks for and this server does not have is 406
//! `NotAcceptableException`: it is the one status the standard has for a conflict between the headers
//! of a request and what can be answered.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::negotiate::text;
use crate::problem::{Kind, Problem};

/// The version documents are answered in, and the highest taken.
pub const EPCIS: &str = "2.0.0";
/// The lowest version of EPCIS whose documents are captured (XML).
pub const EPCIS_MIN: &str = "1.1.0";
/// The version of the vocabulary.
pub const CBV: &str = "2.0.0";
/// The lowest version of the vocabulary.
pub const CBV_MIN: &str = "1.1.0";
/// This product and its version.
pub const VENDOR: &str = concat!("serialtrail-", env!("CARGO_PKG_VERSION"));
/// Namespaces of extensions known by heart; any other is kept and given back as it came.
pub const EXTENSIONS: &str = "cbvmda=urn:epcglobal:cbv:mda";
/// What is captured keeps its spelling.
pub const FORMAT: &str = "Never_Translates";

/// A version as numbers, so that 2.0 and 2.0.0 are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u32; 3]);

impl Version {
    /// `\d+(\.\d+)*`; what follows the third number is passed over.
    fn read(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        for (at, part) in text.trim().split('.').enumerate() {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            if let Some(number) = numbers.get_mut(at) {
                *number = part.parse().unwrap_or(u32::MAX);
            }
        }
        Some(Self(numbers))
    }

    fn line(self) -> [u32; 2] {
        [self.0[0], self.0[1]]
    }
}

/// One of the two standards, with its headers and the versions supported.
struct Standard {
    name: &'static str,
    version: &'static str,
    lowest: &'static str,
    highest: &'static str,
    supported: &'static [[u32; 2]],
}

const STANDARDS: [Standard; 2] = [
    Standard {
        name: "EPCIS",
        version: "gs1-epcis-version",
        lowest: "gs1-epcis-min",
        highest: "gs1-epcis-max",
        supported: &[[1, 1], [1, 2], [2, 0]],
    },
    Standard {
        name: "CBV",
        version: "gs1-cbv-version",
        lowest: "gs1-cbv-min",
        highest: "gs1-cbv-max",
        supported: &[[1, 1], [1, 2], [2, 0]],
    },
];

/// Checks the version headers of a request; `Ok` where it has none.
///
/// # Errors
/// 406: what it speaks or asks for is not supported, or is no version.
pub fn check(headers: &HeaderMap) -> Result<(), Problem> {
    for standard in &STANDARDS {
        let asked = |name: &str| asked(headers, name);
        let fits = |line: &[u32; 2]| -> Result<bool, Problem> {
            Ok(
                asked(standard.version)?.is_none_or(|version| version.line() == *line)
                    && asked(standard.lowest)?.is_none_or(|least| least.line() <= *line)
                    && asked(standard.highest)?.is_none_or(|most| most.line() >= *line),
            )
        };
        let mut any = false;
        for line in standard.supported {
            any |= fits(line)?;
        }
        if !any {
            return Err(Problem::new(
                Kind::NotAcceptable,
                format!(
                    "no version of {} fits the headers GS1-{}-Version, -Min and -Max; {} is \
                     supported",
                    standard.name,
                    standard.name,
                    spoken(standard.supported)
                ),
            ));
        }
    }
    for name in ["gs1-epc-format", "gs1-cbv-xml-format"] {
        word(headers, name)?;
    }
    Ok(())
}

fn spoken(lines: &[[u32; 2]]) -> String {
    let lines: Vec<_> = lines.iter().map(|[a, b]| format!("{a}.{b}")).collect();
    lines.join(", ")
}

fn asked(headers: &HeaderMap, name: &str) -> Result<Option<Version>, Problem> {
    let Some(given) = text(headers, name)? else {
        return Ok(None);
    };
    Version::read(given).map(Some).ok_or_else(|| {
        Problem::new(
            Kind::NotAcceptable,
            format!("header {name}: {given:?} is no version; expected numbers and dots, as 2.0.0"),
        )
    })
}

/// A preference of spelling must be one of the standard's words. What is captured keeps its own
/// spelling whatever the word.
fn word(headers: &HeaderMap, name: &str) -> Result<(), Problem> {
    let Some(given) = text(headers, name)? else {
        return Ok(());
    };
    let translated = if name == "gs1-epc-format" {
        ["Always_GS1_Digital_Link", "Always_EPC_URN"]
    } else {
        ["Always_Web_URI", "Always_URN"]
    };
    let mut known = ["No_Preference", "Never_Translates"]
        .into_iter()
        .chain(translated);
    if known.any(|word| word == given.trim()) {
        return Ok(());
    }
    Err(Problem::new(
        Kind::NotAcceptable,
        format!("header {name}: {given:?} is not one of the standard's words"),
    ))
}

/// Whether a document is of the version its sender's `GS1-EPCIS-Version` says.
///
/// # Errors
/// It is of another: what the sender is told.
pub fn document_fits(claimed: Option<&str>, schema_version: Option<&str>) -> Result<(), String> {
    let (Some(claimed), Some(document)) = (claimed, schema_version) else {
        return Ok(());
    };
    match (Version::read(claimed), Version::read(document)) {
        (Some(said), Some(is)) if said.line() != is.line() => Err(format!(
            "GS1-EPCIS-Version says {claimed}, but the document's schemaVersion is {document}"
        )),
        _ => Ok(()),
    }
}

/// The headers of every answer of the binding.
pub fn of_answer(headers: &mut HeaderMap) {
    set(
        headers,
        &[
            ("gs1-epcis-version", EPCIS),
            ("gs1-cbv-version", CBV),
            ("gs1-extensions", EXTENSIONS),
        ],
    );
}

/// The headers of an answer to `OPTIONS` (204DefaultDiscoveryResponse).
pub fn of_discovery(headers: &mut HeaderMap, allow: &'static str) {
    of_answer(headers);
    set(
        headers,
        &[
            ("allow", allow),
            ("gs1-epcis-min", EPCIS_MIN),
            ("gs1-epcis-max", EPCIS),
            ("gs1-cbv-min", CBV_MIN),
            ("gs1-cbv-max", CBV),
            ("gs1-epc-format", FORMAT),
            ("gs1-cbv-xml-format", FORMAT),
            ("gs1-vendor-version", VENDOR),
        ],
    );
}

fn set(headers: &mut HeaderMap, pairs: &[(&'static str, &'static str)]) {
    for (name, value) in pairs {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_request_is_held_against_the_versions_there_are() {
        for (pairs, fits) in [
            (&[][..], true),
            (&[("gs1-epcis-version", "2.0.0")], true),
            (&[("gs1-epcis-version", "2.0")], true),
            (&[("gs1-epcis-version", "2")], true),
            (&[("gs1-epcis-version", "1.2")], true),
            (&[("gs1-epcis-version", "2.0.7")], true),
            (&[("gs1-epcis-version", "1.0")], false),
            (&[("gs1-epcis-version", "2.1")], false),
            (&[("gs1-epcis-version", "3.0.0")], false),
            (&[("gs1-epcis-version", "99999999999999999999.0")], false),
            (&[("gs1-epcis-version", "two")], false),
            (&[("gs1-epcis-version", "2..0")], false),
            (&[("gs1-epcis-version", "")], false),
            (&[("gs1-epcis-min", "1.0"), ("gs1-epcis-max", "2.0")], true),
            (&[("gs1-epcis-min", "2.0.0")], true),
            (&[("gs1-epcis-min", "2.1")], false),
            (&[("gs1-epcis-max", "1.0")], false),
            (&[("gs1-epcis-max", "1.1")], true),
            (&[("gs1-epcis-min", "1.3"), ("gs1-epcis-max", "1.9")], false),
            (&[("gs1-epcis-min", "2.0"), ("gs1-epcis-max", "1.2")], false),
            (
                &[("gs1-epcis-version", "1.2"), ("gs1-epcis-min", "2.0")],
                false,
            ),
            (&[("gs1-cbv-version", "2.0.0")], true),
            (&[("gs1-cbv-version", "1.2.2")], true),
            (&[("gs1-cbv-version", "0.9")], false),
            (&[("gs1-cbv-max", "1.0.0")], false),
            (&[("gs1-epc-format", "Always_EPC_URN")], true),
            (&[("gs1-epc-format", "Always_URN")], false),
            (&[("gs1-cbv-xml-format", "Always_Web_URI")], true),
            (&[("gs1-cbv-xml-format", "web")], false),
        ] {
            match check(&headers(pairs)) {
                Ok(()) => assert!(fits, "{pairs:?}"),
                Err(problem) => {
                    assert!(!fits, "{pairs:?}: {}", problem.detail);
                    assert_eq!(problem.kind, Kind::NotAcceptable, "{pairs:?}");
                }
            }
        }
    }

    #[test]
    fn a_document_is_of_the_version_its_header_says() {
        for (header, document, fits) in [
            ("2.0.0", Some("2.0"), true),
            ("1.2", Some("1.2"), true),
            ("2.0", Some("1.2"), false),
            ("1.2", Some("2.0"), false),
            ("2.0", None, true),
        ] {
            let read = document_fits(Some(header), document);
            assert_eq!(read.is_ok(), fits, "{header} {document:?}");
        }
        assert!(document_fits(None, Some("2.0")).is_ok());
    }

    #[test]
    fn discovery_announces_every_header_of_the_standard() {
        let mut headers = HeaderMap::new();
        of_discovery(&mut headers, "OPTIONS, GET");
        for name in [
            "allow",
            "gs1-epcis-version",
            "gs1-epcis-min",
            "gs1-epcis-max",
            "gs1-cbv-version",
            "gs1-cbv-min",
            "gs1-cbv-max",
            "gs1-epc-format",
            "gs1-cbv-xml-format",
            "gs1-extensions",
            "gs1-vendor-version",
        ] {
            assert!(headers.contains_key(name), "{name}");
        }
        assert!(
            headers["gs1-vendor-version"]
                .to_str()
                .unwrap()
                .starts_with("serialtrail-")
        );
    }
}
