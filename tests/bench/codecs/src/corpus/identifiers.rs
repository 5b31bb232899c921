//! Units and their spellings.

use super::Input;
use anyhow::Context;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serialtrail_gs1::{EpcTag, PrefixLength, TagScheme, check_digit, parse_identifier};

/// Digits of every company prefix here.
const PREFIX_DIGITS: usize = 7;

fn with_check(body: String) -> String {
    // Invariant: body holds digits only, so a check digit exists.
    let digit = check_digit(&body).unwrap_or('0');
    format!("{body}{digit}")
}

fn prefix(random: &mut ChaCha8Rng) -> String {
    format!("9521{:03}", random.random_range(0..1000))
}

pub(super) fn gtin(random: &mut ChaCha8Rng) -> String {
    let prefix = prefix(random);
    with_check(format!("0{prefix}{:05}", random.random_range(0..100_000)))
}

pub(super) fn sscc(random: &mut ChaCha8Rng) -> String {
    let prefix = prefix(random);
    let reference = random.random_range(0..1_000_000_000);
    with_check(format!("3{prefix}{reference:09}"))
}

pub(super) fn gln(random: &mut ChaCha8Rng) -> String {
    let prefix = prefix(random);
    with_check(format!("{prefix}{:05}", random.random_range(0..100_000)))
}

fn grai(random: &mut ChaCha8Rng) -> String {
    format!("0{}", gln(random))
}

/// Letters and digits, not all digits.
pub(super) fn serial(random: &mut ChaCha8Rng, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut serial = String::from("S");
    while serial.len() < length {
        serial.push(char::from(LETTERS[random.random_range(0..LETTERS.len())]));
    }
    serial
}

/// A number without leading zero.
pub(super) fn number(random: &mut ChaCha8Rng) -> String {
    random.random_range(1..1u64 << 36).to_string()
}

fn date(random: &mut ChaCha8Rng) -> String {
    format!(
        "{}{:02}{:02}",
        random.random_range(27..31),
        random.random_range(1..13),
        random.random_range(1..29)
    )
}

/// An SGTIN, SSCC, SGLN, GRAI or GIAI as an EPC URI or a Digital Link.
pub(super) fn spelled(key: &str, as_links: bool) -> String {
    let digits = |range| key.get(range).unwrap_or_default();
    let rest = |from| key.get(from..).unwrap_or_default();
    if as_links {
        return format!("https://id.gs1.org/{key}");
    }
    match digits(0..3) {
        "01/" => format!(
            "urn:epc:id:sgtin:{}.{}{}.{}",
            digits(4..11),
            digits(3..4),
            digits(11..16),
            rest(21)
        ),
        "00/" => format!(
            "urn:epc:id:sscc:{}.{}{}",
            digits(4..11),
            digits(3..4),
            digits(11..20)
        ),
        "414" => format!("urn:epc:id:sgln:{}.{}.0", digits(4..11), digits(11..16)),
        "417" => format!("urn:epc:id:pgln:{}.{}", digits(4..11), digits(11..16)),
        "800" if key.starts_with("8003") => format!(
            "urn:epc:id:grai:{}.{}.{}",
            digits(6..13),
            digits(13..18),
            rest(19)
        ),
        _ => format!("urn:epc:id:giai:{}.{}", digits(5..12), rest(12)),
    }
}

/// What scanners send: `]d2`, and FNC1 as GS behind elements of variable length. Half are medicines
/// (GTIN, expiry, lot, serial), the rest GTIN with serial, SSCC, SSCC with count and weight, GLN
/// with extension, GRAI, GIAI.
pub(super) fn elements(random: &mut ChaCha8Rng, count: usize) -> Input {
    let one = |random: &mut ChaCha8Rng, index: usize| match index % 10 {
        0..=4 => {
            let (lot, length) = (serial(random, 8), random.random_range(8..20));
            let (gtin, date) = (gtin(random), date(random));
            format!("01{gtin}17{date}10{lot}\x1d21{}", serial(random, length))
        }
        5 => format!("01{}21{}", gtin(random), serial(random, 12)),
        6 => format!("00{}", sscc(random)),
        7 => format!("00{}3102001500400PO{}", sscc(random), number(random)),
        8 => format!("414{}254{}", gln(random), serial(random, 5)),
        _ if index.is_multiple_of(20) => format!("8003{}{}", grai(random), serial(random, 9)),
        _ => format!("8004{}{}", prefix(random), number(random)),
    };
    let valid = (0..count).map(|i| format!("]d2{}", one(random, i)));
    let valid: Vec<String> = valid.collect();
    let refused = (0..count.div_ceil(20)).map(|index| {
        let gtin = gtin(random);
        let last = gtin.bytes().last().map_or(0, |b| b - b'0');
        let wrong = format!("{}{}", &gtin[..13], (last + 3) % 10);
        match index % 4 {
            0 => format!("]d201{wrong}21{}", serial(random, 9)), // wrong check digit
            1 => format!("]d201{gtin}17271345"),                 // 13th month
            2 => format!("]d201{gtin}21{}", serial(random, 24)), // serial of 24 characters
            _ => format!("]d201{gtin}21A\x1d05{}", number(random)), // no such AI
        }
    });
    Input {
        refused: refused.collect(),
        valid,
    }
}

/// Digital Links on two domains, half with qualifiers and attributes, some with escapes.
pub(super) fn links(random: &mut ChaCha8Rng, count: usize) -> Input {
    let one = |random: &mut ChaCha8Rng, index: usize| match index % 10 {
        0..=3 => format!(
            "https://id.gs1.org/01/{}/21/{}",
            gtin(random),
            serial(random, 12)
        ),
        4..=6 => {
            let (gtin, lot) = (gtin(random), serial(random, 8));
            let (serial, date) = (serial(random, 14), date(random));
            format!("https://example.com/01/{gtin}/10/{lot}/21/{serial}?17={date}")
        }
        7 => {
            let (gtin, head, tail) = (gtin(random), serial(random, 5), serial(random, 6));
            format!("https://id.gs1.org/01/{gtin}/21/{head}%2F{tail}")
        }
        8 => format!("https://id.gs1.org/00/{}", sscc(random)),
        _ => format!(
            "https://id.gs1.org/414/{}/254/{}",
            gln(random),
            serial(random, 5)
        ),
    };
    let valid: Vec<String> = (0..count).map(|i| one(random, i)).collect();
    let refused = (0..count.div_ceil(20)).map(|index| {
        let gtin = gtin(random);
        let last = gtin.bytes().last().map_or(0, |b| b - b'0');
        let wrong = format!("{}{}", &gtin[..13], (last + 3) % 10);
        match index % 4 {
            0 => format!("https://id.gs1.org/01/{wrong}/21/{}", serial(random, 9)),
            1 => format!("https://id.gs1.org/01/{gtin}/21/{}", serial(random, 24)),
            2 => format!("https://id.gs1.org/01/{gtin}/21/A/10/B"), // serial before lot
            _ => format!("https://id.gs1.org/01/{gtin}/254/{}", serial(random, 5)),
        }
    });
    Input {
        refused: refused.collect(),
        valid,
    }
}

/// Tags of TDS 1.x as hexadecimal digits: half SGTIN-96, the rest SGTIN-198, SSCC-96, SGLN-96,
/// GRAI-96, GIAI-96.
pub(super) fn tags(random: &mut ChaCha8Rng, count: usize) -> anyhow::Result<Input> {
    let length = PrefixLength::new(PREFIX_DIGITS)?;
    let mut one = |index: usize| {
        let (scheme, key) = match index % 10 {
            0..=4 => (
                TagScheme::Sgtin96,
                format!("01/{}/21/{}", gtin(random), number(random)),
            ),
            5 => (
                TagScheme::Sgtin198,
                format!("01/{}/21/{}", gtin(random), serial(random, 16)),
            ),
            6 | 7 => (TagScheme::Sscc96, format!("00/{}", sscc(random))),
            8 => (
                TagScheme::Sgln96,
                format!("414/{}/254/{}", gln(random), number(random)),
            ),
            _ if index.is_multiple_of(20) => (
                TagScheme::Giai96,
                format!("8004/{}{}", prefix(random), number(random)),
            ),
            _ => (
                TagScheme::Grai96,
                format!("8003/{}{}", grai(random), number(random)),
            ),
        };
        let epc = parse_identifier(&key).with_context(|| key.clone())?;
        let tag = EpcTag::of(scheme, 1, &epc, Some(length)).with_context(|| key.clone())?;
        Ok(tag.to_hex()?)
    };
    let valid = (0..count).map(&mut one);
    let valid: Vec<String> = valid.collect::<anyhow::Result<_>>()?;
    // SGTIN-96: a reserved partition, a header nobody has, and one cut short.
    let refused = (0..count.div_ceil(20)).map(|index| {
        let serial = random.random_range(0..1u64 << 38);
        match index % 3 {
            0 => format!("303C25{serial:018X}"),
            1 => format!("0F3425{serial:018X}"),
            _ => format!("303425{serial:012X}"),
        }
    });
    Ok(Input {
        refused: refused.collect(),
        valid,
    })
}
