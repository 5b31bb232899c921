//! Every way a text can be read. Plain functions on text; what exists is asked elsewhere.

use serialtrail_gs1::{
    Epc, IdError, IdReason, UnitKind, parse_gln, parse_gtin, parse_identifier, parse_key,
    parse_scan,
};

/// Longer texts are nothing anybody scans (bytes).
const LONGEST: usize = 1024;

/// What may be typed, for those whose text was not understood.
const HINT: &str = "type or scan a pack's code (element string or GS1 Digital Link), an EPC URN, a key \
    such as 01/<gtin>/21/<serial>, a GTIN, a GTIN and its serial or lot with a blank between, an SSCC, \
    a GLN or an alert's id";

/// What a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something with an identity of its own.
    Unit,
    /// A lot of a product.
    Lot,
    /// A product.
    Product,
    /// A place, or the party that is addressed by its GLN.
    Place,
    /// An alert.
    Alert,
}

impl Kind {
    /// As in an answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Lot => "lot",
            Self::Product => "product",
            Self::Place => "place",
            Self::Alert => "alert",
        }
    }
}

/// One way to read the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What it would be.
    pub kind: Kind,
    /// Key: of the unit, `01/<gtin>/10/<lot>`, `01/<gtin>`, `414/<gln>`, or the alert's id.
    pub key: String,
    /// Another reading of the same words excludes this one.
    pub ambiguous: bool,
}

/// All readings, the likeliest first, and what to say where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings {
    /// The readings.
    pub candidates: Vec<Candidate>,
    /// Why nothing was understood, and what may be typed.
    pub hint: Option<String>,
}

/// Reads a text in every way it can be.
#[must_use]
pub fn readings(text: &str) -> Readings {
    let text = text.trim();
    if text.len() > LONGEST {
        return refused(format!("{} bytes, at most {LONGEST}; {HINT}", text.len()));
    }
    let mut candidates = Vec::new();
    let mut why: Option<IdError> = None;
    if is_alert_id(text) {
        add(&mut candidates, Kind::Alert, text.to_ascii_lowercase());
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        number(text, &mut candidates, &mut why);
    } else if let Some((gtin, rest)) = gtin_and_more(text) {
        match parse_gtin(gtin) {
            Ok(gtin) => {
                for (kind, ai) in [(Kind::Unit, "21"), (Kind::Lot, "10")] {
                    let key = parse_key(&format!("01/{gtin}/{ai}/{rest}"));
                    match key {
                        Ok(key) => add(&mut candidates, kind, key.to_string()),
                        Err(error) => why = Some(error),
                    }
                }
                let both = candidates.len() > 1;
                candidates.iter_mut().for_each(|c| c.ambiguous = both);
            }
            Err(error) => why = Some(error),
        }
    }
    // A pack's code can have the form of an alert's id: 32 digits, or letters up to F.
    let is_alert = candidates.iter().any(|c| c.kind == Kind::Alert);
    if candidates.is_empty() || is_alert {
        match parse_scan(text) {
            Ok(scan) => {
                let lot = scan.lot.as_deref();
                add_key(&mut candidates, &scan.key);
                if let (UnitKind::Sgtin | UnitKind::Upui, Some(gtin), Some(lot)) =
                    (scan.key.kind(), scan.key.gtin(), lot)
                {
                    add(&mut candidates, Kind::Lot, format!("01/{gtin}/10/{lot}"));
                }
            }
            // Of a bare number more is known than that it is no element string.
            Err(error) => why = why.or(Some(error)),
        }
        let both = is_alert && candidates.len() > 1;
        candidates.iter_mut().for_each(|c| c.ambiguous = both);
    }
    if !candidates.is_empty() {
        return Readings {
            candidates,
            hint: None,
        };
    }
    match why {
        Some(error) if error.reason == IdReason::Malformed => refused(HINT.to_owned()),
        Some(error) => refused(format!("{error}; {HINT}")),
        None => refused(HINT.to_owned()),
    }
}

fn refused(hint: String) -> Readings {
    Readings {
        candidates: Vec::new(),
        hint: Some(hint),
    }
}

fn add(candidates: &mut Vec<Candidate>, kind: Kind, key: String) {
    if candidates.iter().all(|c| (c.kind, &c.key) != (kind, &key)) {
        candidates.push(Candidate {
            kind,
            key,
            ambiguous: false,
        });
    }
}

fn add_key(candidates: &mut Vec<Candidate>, key: &Epc) {
    let (kind, text) = match (key.kind(), key.gln()) {
        (UnitKind::Lgtin, _) => (Kind::Lot, key.to_string()),
        (UnitKind::Gtin, _) => (Kind::Product, key.to_string()),
        (UnitKind::Sgln | UnitKind::Pgln, Some(gln)) => (Kind::Place, format!("414/{gln}")),
        _ => (Kind::Unit, key.to_string()),
    };
    add(candidates, kind, text);
}

/// 32 hexadecimal digits, one of them a letter or not.
fn is_alert_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Bare digits: a GTIN, a GLN, an SSCC, or an element string without brackets.
fn number(text: &str, candidates: &mut Vec<Candidate>, why: &mut Option<IdError>) {
    if matches!(text.len(), 8 | 12 | 13 | 14) {
        match parse_gtin(text) {
            Ok(gtin) => add(candidates, Kind::Product, format!("01/{gtin}")),
            Err(error) => *why = Some(error),
        }
    }
    if let Ok(gln) = parse_gln(text) {
        add(candidates, Kind::Place, format!("414/{gln}"));
        candidates.iter_mut().for_each(|c| c.ambiguous = true);
    }
    if text.len() == 18 {
        match parse_identifier(&format!("00/{text}")) {
            Ok(key) => add_key(candidates, &key),
            Err(error) => *why = Some(error),
        }
    }
}

/// A GTIN and what stands after it: blanks, a comma or a semicolon between.
fn gtin_and_more(text: &str) -> Option<(&str, &str)> {
    let between = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let (gtin, rest) = text.split_once(between)?;
    let rest = rest.trim_matches(between);
    let digits = gtin.bytes().all(|b| b.is_ascii_digit());
    (digits && matches!(gtin.len(), 8 | 12 | 13 | 14) && !rest.is_empty()).then_some((gtin, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(&'static str, String)> {
        let candidates = readings(text).candidates.into_iter();
        candidates.map(|c| (c.kind.as_str(), c.key)).collect()
    }

    #[test]
    fn every_spelling_is_read_as_what_it_names() {
        let unit = ("unit", "01/09521234543213/21/A1".to_owned());
        let product = ("product", "01/09521234543213".to_owned());
        let lot = ("lot", "01/09521234543213/10/A1".to_owned());
        let sscc = ("unit", "00/095212345678900016".to_owned());
        let place = ("place", "414/9521234000013".to_owned());
        for (text, expected) in [
            ("(01)09521234543213(21)A1", vec![unit.clone()]),
            ("010952123454321321A1", vec![unit.clone()]),
            ("]d2010952123454321321A1", vec![unit.clone()]),
            (
                "010952123454321321A1\u{1d}10L7",
                vec![unit.clone(), ("lot", "01/09521234543213/10/L7".into())],
            ),
            (
                "https://id.gs1.org/01/09521234543213/21/A1",
                vec![unit.clone()],
            ),
            ("urn:epc:id:sgtin:9521234.054321.A1", vec![unit.clone()]),
            ("01/09521234543213/21/A1", vec![unit.clone()]),
            ("  09521234543213 A1 ", vec![unit.clone(), lot.clone()]),
            ("9521234543213;A1", vec![unit.clone(), lot.clone()]),
            ("9521234543213,\tA1", vec![unit, lot.clone()]),
            ("(01)09521234543213(10)A1", vec![lot]),
            ("09521234543213", vec![product.clone()]),
            ("(01)09521234543213", vec![product.clone()]),
            (
                "9521234543213",
                vec![product, ("place", "414/9521234543213".into())],
            ),
            ("095212345678900016", vec![sscc.clone()]),
            ("00095212345678900016", vec![sscc.clone()]),
            ("(00)095212345678900016", vec![sscc]),
            ("414/9521234000013", vec![place.clone()]),
            ("urn:epc:id:sgln:9521234.00001.0", vec![place]),
            (
                "0123456789ABCDEF0123456789abcdef",
                vec![("alert", "0123456789abcdef0123456789abcdef".into())],
            ),
            (
                "01095212345432132112345678901234",
                vec![
                    ("alert", "01095212345432132112345678901234".into()),
                    ("unit", "01/09521234543213/21/12345678901234".into()),
                ],
            ),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_told_with_the_right_one() {
        for text in [
            "09521234543210",
            "9521234543210",
            "09521234543210 A1",
            "(01)09521234543210(21)A1",
            "095212345678900011",
        ] {
            let found = readings(text);
            assert_eq!(found.candidates, [], "{text}");
            let hint = found.hint.unwrap();
            assert!(hint.contains("check digit should be"), "{text}: {hint}");
        }
    }

    #[test]
    fn what_is_nothing_says_what_may_be_typed() {
        for text in ["hello", "12", "(99", "äöü", &"9".repeat(2000)] {
            let found = readings(text);
            assert!(found.candidates.is_empty(), "{text}");
            assert!(found.hint.unwrap().contains("GTIN"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_gets_a_hint(text in ".{0,60}") {
            let found = readings(&text);
            prop_assert_eq!(found.candidates.is_empty(), found.hint.is_some());
        }
    }
}
