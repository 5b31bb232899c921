//! The Application Identifiers: format of each value, which are keys, which
//! qualify a key (GS1 General Specifications 3.2, GS1 Digital Link URI syntax 4).

use crate::ai_name::name;
use crate::check::{is_set_39, is_set_64, is_set_82, verify_check_digit};
use crate::date::Expiry;
use crate::error::IdError;

/// Character set of one part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// Digits.
    N,
    /// GS1 character set 82.
    X,
    /// GS1 character set 39.
    Y,
    /// GS1 character set 64.
    Z,
}

/// One part of an AI's value.
#[derive(Clone, Copy, Debug)]
struct Part {
    set: Set,
    min: usize,
    max: usize,
    /// The length beyond `min` is a multiple of this.
    step: usize,
    /// The part ends in a check digit.
    checked: bool,
}

const fn part(set: Set, min: usize, max: usize) -> Part {
    Part {
        set,
        min,
        max,
        step: 1,
        checked: false,
    }
}

/// `n` digits exactly.
const fn n(len: usize) -> Part {
    part(Set::N, len, len)
}

/// `n` digits exactly, the last a check digit.
const fn nc(len: usize) -> Part {
    Part {
        set: Set::N,
        min: len,
        max: len,
        step: 1,
        checked: true,
    }
}

/// One to `max` digits.
const fn nv(max: usize) -> Part {
    part(Set::N, 1, max)
}

/// One to `max` characters of set 82.
const fn x(max: usize) -> Part {
    part(Set::X, 1, max)
}

/// None to `max` characters.
const fn opt(set: Set, max: usize) -> Part {
    part(set, 0, max)
}

/// None, or `step` digits, or twice as many, up to `max`.
const fn groups(step: usize, max: usize) -> Part {
    Part {
        set: Set::N,
        min: 0,
        max,
        step,
        checked: false,
    }
}

/// The format of an AI's value, None if there is no such AI. Within a format
/// every part but the last is of fixed length.
#[rustfmt::skip]
fn format(ai: &str) -> Option<&'static [Part]> {
    if !matches!(ai.len(), 2..=4) || !ai.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fourth = ai.as_bytes().get(3).map_or(0, |b| b - b'0');
    Some(match ai {
        "00" | "8017" | "8018" => &const { [nc(18)] },
        "01" | "02" | "03" => &const { [nc(14)] },
        "10" | "21" | "22" | "243" | "254" | "420" | "4318" | "7020" | "7021" | "7022"
        | "7240" | "8002" | "8012" => &const { [x(20)] },
        "11" | "12" | "13" | "15" | "16" | "17" | "7006" | "4326" | "8005" => &const { [n(6)] },
        "20" | "7241" => &const { [n(2)] },
        "235" => &const { [x(28)] },
        "240" | "241" | "250" | "251" | "400" | "401" | "403" | "4308" | "4319" | "7002" | "7023"
        | "8004" | "90" => &const { [x(30)] },
        "242" => &const { [nv(6)] },
        "253" => &const { [nc(13), opt(Set::X, 17)] },
        "255" => &const { [nc(13), opt(Set::N, 12)] },
        "30" | "37" => &const { [nv(8)] },
        "402" => &const { [nc(17)] },
        "410" | "411" | "412" | "413" | "414" | "415" | "416" | "417" => &const { [nc(13)] },
        "421" => &const { [n(3), x(9)] },
        "422" | "424" | "426" => &const { [n(3)] },
        "423" | "425" => &const { [n(3), groups(3, 12)] },
        "427" | "7008" => &const { [x(3)] },
        "4300" | "4301" | "4310" | "4311" | "4320" => &const { [x(35)] },
        "4302" | "4303" | "4304" | "4305" | "4306" | "4312" | "4313" | "4314" | "4315" | "4316"
        | "7257" | "8110" | "8112" | "8200" => &const { [x(70)] },
        "4307" | "4317" => &const { [part(Set::X, 2, 2)] },
        "4309" => &const { [n(20)] },
        "4321" | "4322" | "4323" | "7252" => &const { [n(1)] },
        "4324" | "4325" | "7003" => &const { [n(10)] },
        "4330" | "4331" | "4332" | "4333" => &const { [n(6), opt(Set::X, 1)] },
        "7001" => &const { [n(13)] },
        "7004" => &const { [nv(4)] },
        "7005" => &const { [x(12)] },
        "7007" => &const { [n(6), groups(6, 6)] },
        "7009" | "7255" => &const { [x(10)] },
        "7010" => &const { [x(2)] },
        "7011" => &const { [n(6), groups(4, 4)] },
        "7040" => &const { [n(1), part(Set::X, 3, 3)] },
        "7041" => &const { [x(4)] },
        "7242" | "8013" | "8014" | "8020" => &const { [x(25)] },
        "7250" => &const { [n(8)] },
        "7251" => &const { [n(12)] },
        "7253" | "7254" | "7259" => &const { [x(40)] },
        "7256" => &const { [x(90)] },
        "7258" => &const { [part(Set::X, 3, 3)] },
        "8001" => &const { [n(14)] },
        "8003" => &const { [nc(14), opt(Set::X, 16)] },
        "8006" | "8026" => &const { [nc(14), n(4)] },
        "8007" => &const { [x(34)] },
        "8008" => &const { [n(8), groups(2, 4)] },
        "8009" => &const { [x(50)] },
        "8010" => &const { [part(Set::Y, 1, 30)] },
        "8011" => &const { [nv(12)] },
        "8019" => &const { [nv(10)] },
        "8030" => &const { [part(Set::Z, 1, 90)] },
        "8040" | "8041" => &const { [n(15)] },
        "8042" => &const { [n(32)] },
        "8043" => &const { [n(18), opt(Set::N, 2)] },
        "8111" => &const { [n(4)] },
        _ if ai.len() == 2 && ai.starts_with('9') => &const { [x(90)] },
        _ if ai.len() == 3 && ai.starts_with("71") && ai.as_bytes()[2] <= b'7' => &const { [x(20)] },
        _ if ai.len() == 4 => match &ai[..3] {
            "310" | "311" | "312" | "313" | "314" | "315" | "316" | "320" | "321" | "322" | "323"
            | "324" | "325" | "326" | "327" | "328" | "329" | "330" | "331" | "332" | "333" | "334"
            | "335" | "336" | "337" | "340" | "341" | "342" | "343" | "344" | "345" | "346" | "347"
            | "348" | "349" | "350" | "351" | "352" | "353" | "354" | "355" | "356" | "357" | "360"
            | "361" | "362" | "363" | "364" | "365" | "366" | "367" | "368" | "369" | "395"
                if fourth <= 5 => &const { [n(6)] },
            "390" | "392" => &const { [nv(15)] },
            "391" | "393" => &const { [n(3), nv(15)] },
            "394" if fourth <= 3 => &const { [n(4)] },
            "703" => &const { [n(3), x(27)] },
            "723" => &const { [part(Set::X, 2, 2), x(28)] },
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether there is such an AI.
pub(crate) fn is_known(ai: &str) -> bool {
    format(ai).is_some()
}

/// The AI at the start of an unbracketed element string.
pub(crate) fn leading_ai(text: &str) -> Option<&str> {
    (2..=4)
        .filter_map(|len| text.get(..len))
        .find(|ai| is_known(ai))
}

/// The length of an AI's value where the barcode needs no separator after it
/// (predefined length, GS1 General Specifications 7.8.5).
pub(crate) fn predefined_length(ai: &str) -> Option<usize> {
    let predefined = matches!(ai.get(..2)?.parse().ok()?, 0u8..=4 | 11..=20 | 31..=36 | 41);
    let parts = format(ai)?;
    (predefined && parts.len() == 1).then(|| parts[0].max)
}

/// The longest value an AI may have.
pub(crate) fn max_length(ai: &str) -> usize {
    format(ai).map_or(0, |parts| parts.iter().map(|p| p.max).sum())
}

/// Verifies length, characters and check digit of an AI's value.
pub(crate) fn check_value(ai: &str, value: &str) -> Result<(), IdError> {
    let Some(parts) = format(ai) else {
        return Err(IdError::new(
            crate::error::IdReason::UnknownAi,
            format!("({ai}) is not a GS1 Application Identifier"),
        ));
    };
    let name = name(ai);
    let (min, max) = parts
        .iter()
        .fold((0, 0), |(min, max), p| (min + p.min, max + p.max));
    if value.len() < min || value.len() > max {
        let expected = if min == max {
            format!("{max}")
        } else {
            format!("{min} to {max}")
        };
        return Err(IdError::length(format!(
            "{name} ({ai}) {}: {} characters, expected {expected}",
            IdError::quote(value),
            value.len()
        )));
    }
    let mut at = 0;
    for (i, part) in parts.iter().enumerate() {
        let end = if i + 1 == parts.len() {
            value.len()
        } else {
            at + part.max
        };
        let bytes = value.as_bytes().get(at..end).unwrap_or_default();
        if !(bytes.len() - part.min).is_multiple_of(part.step) {
            return Err(IdError::length(format!(
                "{name} ({ai}) {}: its last part comes in groups of {} digits",
                IdError::quote(value),
                part.step
            )));
        }
        let allowed = match part.set {
            Set::N => u8::is_ascii_digit as fn(&u8) -> bool,
            Set::X => |b: &u8| is_set_82(*b),
            Set::Y => |b: &u8| is_set_39(*b),
            Set::Z => |b: &u8| is_set_64(*b),
        };
        if let Some(offset) = bytes.iter().position(|b| !allowed(b)) {
            return Err(IdError::character(format!(
                "{name} ({ai}) {}: character {} is not allowed there",
                IdError::quote(value),
                at + offset + 1
            )));
        }
        if part.checked {
            // All digits, so the slice is on character boundaries.
            verify_check_digit(name, value.get(at..end).unwrap_or_default())?;
        }
        at = end;
    }
    check_further(ai, value)
}

/// The rules of single keys beyond length and characters.
fn check_further(ai: &str, value: &str) -> Result<(), IdError> {
    let ok = match ai {
        // Dates YYMMDD in which day 00 means the month (General Specifications 3.4).
        "11" | "12" | "13" | "15" | "16" | "17" => return Expiry::from_yymmdd(value).map(drop),
        "7003" => return Expiry::from_yymmdd(&value[..6]).map(drop),
        // General Specifications 3.9.3: the asset type is preceded by a zero.
        "8003" => value.starts_with('0'),
        // A key starts with a company prefix, which is digits (at least four).
        "8004" | "8010" | "401" => {
            value.len() >= 4 && value.bytes().take(4).all(|b| b.is_ascii_digit())
        }
        "8011" => value == "0" || !value.starts_with('0'),
        "8006" | "8026" => {
            let (piece, total) = (value.get(14..16), value.get(16..18));
            piece > Some("00") && piece <= total
        }
        _ => true,
    };
    if ok {
        Ok(())
    } else {
        Err(IdError::character(format!(
            "{} ({ai}) {}: {}",
            name(ai),
            IdError::quote(value),
            match ai {
                "8003" => "it must start with 0",
                "8011" => "it must not start with 0",
                "8006" | "8026" => "piece number and total do not fit each other",
                _ => "it must start with the digits of a company prefix",
            }
        )))
    }
}

/// Whether a GS1 Digital Link may start with this AI (GS1 Digital Link URI syntax 4.3).
pub(crate) fn is_primary_key(ai: &str) -> bool {
    matches!(
        ai,
        "00" | "01"
            | "253"
            | "255"
            | "401"
            | "402"
            | "414"
            | "415"
            | "417"
            | "8003"
            | "8004"
            | "8006"
            | "8010"
            | "8013"
            | "8017"
            | "8018"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_held_to_its_format() {
        for (ai, value, expected) in [
            ("00", "106141412345678908", "ok"),
            ("00", "106141412345678900", "bad_check_digit"),
            ("00", "10614141234567890", "bad_length"),
            ("21", "32a/b", "ok"),
            ("21", "", "bad_length"),
            ("21", "123456789012345678901", "bad_length"),
            ("21", "a b", "bad_character"),
            ("21", "ä", "bad_character"),
            ("253", "9526064000028000001", "ok"),
            ("8003", "00614141123452ABC", "ok"),
            ("8003", "10614141123459ABC", "bad_character"),
            ("8004", "4000001111", "ok"),
            ("8004", "ABCD", "bad_character"),
            ("8010", "0614141ab", "bad_character"),
            ("8011", "012", "bad_character"),
            ("8006", "095212345432130102", "ok"),
            ("8006", "095212345432130302", "bad_character"),
            ("89", "1", "unknown_ai"),
            ("1", "1", "unknown_ai"),
        ] {
            let found = check_value(ai, value).map_or_else(|e| e.code(), |()| "ok");
            assert_eq!(found, expected, "({ai}){value}");
        }
    }

    #[test]
    fn only_predefined_ais_need_no_separator() {
        assert_eq!(predefined_length("01"), Some(14));
        assert_eq!(predefined_length("17"), Some(6));
        assert_eq!(predefined_length("3103"), Some(6));
        assert_eq!(predefined_length("414"), Some(13));
        for ai in ["10", "21", "253", "8017", "8111", "422"] {
            assert_eq!(predefined_length(ai), None, "{ai}");
        }
    }
}
