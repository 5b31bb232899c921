//! What the values of `MATCH_` parameters match (EPCIS 2.0 §8.2.7.1.1).
//!
//! A value is any identifier in any spelling, or an EPC pattern `urn:epc:idpat:…` with `*`. Everything
//! is compared by key, so that a URN finds what was captured as a Digital Link and the other way
//! round. A class that has instances (a GTIN, a GRAI without serial) is, among instances, a pattern
//! for them: `https://id.gs1.org/01/…` means what `urn:epc:idpat:sgtin:….*` means.

use serialtrail_gs1::{Epc, IdError, UnitKind, parse_identifier};

/// One value of a `MATCH_` parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpcPattern {
    /// As given.
    pub given: String,
    /// A key matches if it is one of these.
    pub keys: Vec<String>,
    /// Or if one of these covers it.
    pub globs: Vec<Glob>,
}

/// A pattern over the text of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    One,
    Any,
}

impl EpcPattern {
    /// Reads a value.
    ///
    /// # Errors
    /// It is no identifier and no pattern.
    pub fn parse(given: &str) -> Result<Self, IdError> {
        let key = parse_identifier(given)?;
        let text = key.to_string();
        let mut pattern = Self {
            given: given.to_owned(),
            keys: vec![text.clone()],
            globs: Vec::new(),
        };
        match given.get(..14).map(str::to_ascii_lowercase).as_deref() {
            Some("urn:epc:idpat:") if given.contains('*') => {
                let (scheme, components) = given[14..].split_once(':').unwrap_or_default();
                pattern.globs = match open(scheme, components) {
                    Some(glob) => vec![glob],
                    None => instances(&key, &text, scheme),
                };
            }
            _ if key.is_class() => pattern.globs = instances(&key, &text, ""),
            _ => {}
        }
        Ok(pattern)
    }

    /// Whether a key matches.
    pub fn matches(&self, key: &str) -> bool {
        self.keys.iter().any(|wanted| wanted == key)
            || self.globs.iter().any(|glob| glob.matches(key))
    }
}

/// The instances of a class; `scheme` narrows them, empty for all.
fn instances(key: &Epc, text: &str, scheme: &str) -> Vec<Glob> {
    let under = |middle: &str| Glob(vec![Piece::Text(format!("{text}{middle}")), Piece::Any]);
    match (key.kind(), scheme) {
        (UnitKind::Gtin, "sgtin") => vec![under("/21/")],
        (UnitKind::Gtin, "upui") => vec![under("/235/")],
        (UnitKind::Gtin, "lgtin") => vec![under("/10/")],
        (UnitKind::Gtin, _) => vec![under("/21/"), under("/235/")],
        (UnitKind::Sgln, "sgln") => vec![under("/254/")],
        (UnitKind::Itip, _) => vec![under("/21/")],
        (UnitKind::Cpi, _) => vec![under("/8011/")],
        (UnitKind::Grai | UnitKind::Gdti | UnitKind::Sgcn, _) => vec![under("")],
        _ => Vec::new(),
    }
}

/// A pattern that is open before its last component, as `urn:epc:idpat:sgtin:9521234.*.*`, or whose
/// scheme has no class of its own.
fn open(scheme: &str, components: &str) -> Option<Glob> {
    let fixed: Vec<&str> = components.split('.').take_while(|c| *c != "*").collect();
    let prefix = fixed.first().copied().unwrap_or_default();
    let glob = |start: &str, leading: bool, end: &str| {
        let text = |text: &str| Piece::Text(text.to_owned());
        let mut pieces = match leading {
            true => vec![text(start), Piece::One, text(prefix)],
            false => vec![text(&format!("{start}{prefix}"))],
        };
        pieces.push(Piece::Any);
        if !end.is_empty() {
            pieces.extend([Piece::Text(end.to_owned()), Piece::Any]);
        }
        Some(Glob(pieces))
    };
    // With more than the company prefix fixed, all but these have a class key.
    if fixed.len() > 1 && !matches!(scheme, "gid" | "adi" | "usdod") {
        return None;
    }
    match scheme {
        "sgtin" => glob("01/", true, "/21/"),
        "upui" => glob("01/", true, "/235/"),
        "lgtin" => glob("01/", true, "/10/"),
        "itip" => glob("8006/", true, "/21/"),
        "sscc" => glob("00/", true, ""),
        "sgln" => glob("414/", false, ""),
        "pgln" => glob("417/", false, ""),
        "grai" => glob("8003/0", false, ""),
        "giai" => glob("8004/", false, ""),
        "gdti" => glob("253/", false, ""),
        "sgcn" => glob("255/", false, ""),
        "gsrn" => glob("8018/", false, ""),
        "gsrnp" => glob("8017/", false, ""),
        "ginc" => glob("401/", false, ""),
        "gsin" => glob("402/", false, ""),
        "cpi" => glob("8010/", false, "/8011/"),
        _ => {
            let mut start = format!("urn:epc:id:{scheme}:");
            for component in fixed {
                start.push_str(component);
                start.push('.');
            }
            Some(Glob(vec![Piece::Text(start), Piece::Any]))
        }
    }
}

impl Glob {
    /// Whether the whole text is covered.
    pub fn matches(&self, text: &str) -> bool {
        covers(&self.0, text)
    }

    /// What every text that is covered begins with: a text, or two with any one character between.
    pub fn start(&self) -> (&str, Option<&str>) {
        match self.0.as_slice() {
            [Piece::Text(first), Piece::One, Piece::Text(second), ..] => (first, Some(second)),
            [Piece::Text(first), ..] => (first, None),
            _ => ("", None),
        }
    }
}

/// At most two `Any` stand in a pattern, so the recursion is at most quadratic in the text.
fn covers(pieces: &[Piece], text: &str) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(start), rest)) => text
            .strip_prefix(start.as_str())
            .is_some_and(|text| covers(rest, text)),
        Some((Piece::One, rest)) => {
            let mut chars = text.chars();
            chars.next().is_some() && covers(rest, chars.as_str())
        }
        Some((Piece::Any, [])) => true,
        Some((Piece::Any, rest)) => {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && covers(rest, &text[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_the_units_it_names_in_every_spelling() {
        let sgtin = "01/09521234543213/21/A";
        for (pattern, key, expected) in [
            ("urn:epc:id:sgtin:9521234.054321.A", sgtin, true),
            ("https://id.gs1.org/01/09521234543213/21/A", sgtin, true),
            ("https://example.com/01/09521234543213/21/B", sgtin, false),
            ("urn:epc:idpat:sgtin:9521234.054321.*", sgtin, true),
            (
                "urn:epc:idpat:sgtin:9521234.054321.*",
                "01/09521234543213/10/A",
                false,
            ),
            ("urn:epc:idpat:sgtin:9521234.*.*", sgtin, true),
            (
                "urn:epc:idpat:sgtin:9521234.*.*",
                "01/19521234543210/21/A",
                true,
            ),
            ("urn:epc:idpat:sgtin:9521235.*.*", sgtin, false),
            ("urn:epc:idpat:sgtin:*.*.*", sgtin, true),
            ("urn:epc:idpat:sgtin:*.*.*", "00/095212345678900016", false),
            ("https://id.gs1.org/01/09521234543213", sgtin, true),
            (
                "https://id.gs1.org/01/09521234543213",
                "01/09521234543213",
                true,
            ),
            (
                "https://id.gs1.org/01/09521234543213",
                "01/09521234543213/10/L",
                false,
            ),
            (
                "urn:epc:class:lgtin:9521234.054321.L",
                "01/09521234543213/10/L",
                true,
            ),
            (
                "urn:epc:idpat:lgtin:9521234.054321.*",
                "01/09521234543213/10/L",
                true,
            ),
            (
                "urn:epc:idpat:sscc:9521234.*",
                "00/095212345678900016",
                true,
            ),
            (
                "urn:epc:idpat:sscc:9521235.*",
                "00/095212345678900016",
                false,
            ),
            (
                "urn:epc:idpat:sgln:9521234.00001.*",
                "414/9521234000013/254/7",
                true,
            ),
            (
                "urn:epc:id:sgln:9521234.00001.0",
                "414/9521234000013/254/7",
                false,
            ),
            ("urn:epc:idpat:gid:1.2.*", "urn:epc:id:gid:1.2.3", true),
            ("urn:epc:idpat:gid:1.2.*", "urn:epc:id:gid:1.22.3", false),
        ] {
            let read = EpcPattern::parse(pattern).unwrap();
            assert_eq!(read.matches(key), expected, "{pattern} {key} {read:?}");
        }
        assert!(EpcPattern::parse("nonsense").is_err());
        assert!(EpcPattern::parse("urn:epc:idpat:nothing:*").is_err());
    }

    #[test]
    fn what_a_pattern_covers_begins_with_its_start() {
        for (pattern, start) in [
            ("urn:epc:idpat:sgtin:9521234.*.*", ("01/", Some("9521234"))),
            (
                "urn:epc:idpat:sgtin:9521234.054321.*",
                ("01/09521234543213/21/", None),
            ),
            ("urn:epc:idpat:sgln:*.*.*", ("414/", None)),
            ("urn:epc:idpat:sgln:9521234.*.*", ("414/9521234", None)),
            ("urn:epc:idpat:gid:1.2.*", ("urn:epc:id:gid:1.2.", None)),
        ] {
            let read = EpcPattern::parse(pattern).unwrap();
            assert_eq!(read.globs[0].start(), start, "{pattern}");
        }
    }
}
