//! The hostname of the `++` schemes: URN Code 40, or 7-bit characters among
//! which frequent pieces of hostnames have codes of their own (TDS 2.3 §14.5.16).

use super::alphanumeric::{broken, read_urn_code_40, write_urn_code_40};
use super::bits::{BitReader, Bits};
use crate::error::IdError;

/// The longest hostname (characters), and the most 7-bit units.
const MAX: usize = 63;

/// Pieces with a code of one unit (optimisation table A).
const UNITS: [(u64, &str); 13] = [
    (0b001_1110, "qr."),
    (0b001_1111, "www."),
    (0b010_0000, "id."),
    (0b101_1011, ".com"),
    (0b101_1100, ".org"),
    (0b101_1101, ".net"),
    (0b101_1110, ".int"),
    (0b110_0000, ".edu"),
    (0b111_1011, ".gov"),
    (0b111_1100, ".mil"),
    (0b111_1101, ".biz"),
    (0b111_1110, ".eco"),
    (0b111_1111, ".med"),
];

/// Country domains, codes from 0 on (tables B1 and B2; the first 128 are B1).
const COUNTRIES: &str = "\
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs \
    bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg \
    eh er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn \
    hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li \
    lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne \
    nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb \
    sc sd se sg sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv \
    tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";

/// Compound domains, codes from 256 on (table B3; the rows of org.cn and net.cn
/// are printed there with the first seven bits of table B1).
const COMPOUND: &str = "\
    com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il \
    co.jp co.za co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm \
    com.cn org.cn net.cn gov.cn";

/// Less frequent domains, codes from 384 on (table B4).
const OTHER: &str = "tech";

/// Domains with a code of two units, without their dot, and their codes.
fn pairs() -> impl Iterator<Item = (u64, &'static str)> {
    let from = |first: u64, list: &'static str| (first..).zip(list.split(' '));
    from(0, COUNTRIES)
        .chain(from(256, COMPOUND))
        .chain(from(384, OTHER))
}

/// A host, and what may stand with it before a Digital Link's path.
pub(crate) fn is_hostname(hostname: &str) -> bool {
    (1..=MAX).contains(&hostname.len())
        && hostname.starts_with(|c: char| c.is_ascii_alphanumeric())
        && hostname
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'/' | b'_'))
}

/// The codes of a hostname in as few 7-bit units as can be: code and width.
fn codes(hostname: &str) -> Vec<(u64, usize)> {
    // best[at]: units, code and width of the first piece, and where it ends, for
    // the hostname from `at` on.
    let mut best = vec![(0usize, (0u64, 0usize), hostname.len()); hostname.len() + 1];
    for at in (0..hostname.len()).rev() {
        // A hostname is ASCII, so each byte is a character.
        let rest = hostname.get(at..).unwrap_or_default();
        let first = rest.bytes().next().unwrap_or_default();
        let mut choice = (1 + best[at + 1].0, (u64::from(first), 7), at + 1);
        let mut offer = |code: u64, width: usize, length: usize| {
            let units = width / 7 + best[at + length].0;
            if units < choice.0 || (units == choice.0 && at + length > choice.2) {
                choice = (units, (code, width), at + length);
            }
        };
        for (code, piece) in UNITS {
            if rest.starts_with(piece) {
                offer(code, 7, piece.len());
            }
        }
        if let Some(after) = rest.strip_prefix('.') {
            for (code, piece) in pairs() {
                if after.starts_with(piece) {
                    offer(code, 14, 1 + piece.len());
                }
            }
        }
        best[at] = choice;
    }
    let mut codes = Vec::new();
    let mut at = 0;
    while at < hostname.len() {
        let (_, code, next) = best[at];
        codes.push(code);
        at = next;
    }
    codes
}

/// Writes a hostname in whichever way is shorter; false if it is none.
pub(crate) fn write(hostname: &str, bits: &mut Bits) -> bool {
    if !is_hostname(hostname) {
        return false;
    }
    let codes = codes(hostname);
    let units: usize = codes.iter().map(|(_, width)| width / 7).sum();
    let code_40 = hostname
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b':'));
    if code_40 && 16 * hostname.len().div_ceil(3) <= 7 * units {
        bits.push(0, 1);
        bits.push(hostname.len() as u64, 6);
        write_urn_code_40(hostname, bits);
        return true;
    }
    bits.push(1, 1);
    bits.push(units as u64, 6);
    for (code, width) in codes {
        bits.push(code, width);
    }
    true
}

/// Reads a hostname. The length of the 7-bit form counts units; a code of 14
/// bits is two.
pub(crate) fn read(reader: &mut BitReader<'_>) -> Result<String, IdError> {
    let seven_bit = reader.read(1)? == 1;
    let length = reader.read(6)? as usize;
    let hostname = if seven_bit {
        let mut hostname = String::with_capacity(length);
        let mut units = 0;
        while units < length {
            let code = reader.read(7)?;
            units += 1;
            if code < 4 {
                if units == length {
                    return Err(broken("a hostname ends within a code".to_owned()));
                }
                let code = (code << 7) | reader.read(7)?;
                units += 1;
                let (_, piece) = pairs()
                    .find(|(known, _)| *known == code)
                    .ok_or_else(|| broken(format!("hostname code {code:014b} is reserved")))?;
                hostname.push('.');
                hostname.push_str(piece);
            } else if let Some((_, piece)) = UNITS.iter().find(|(known, _)| *known == code) {
                hostname.push_str(piece);
            } else {
                // Below 128.
                hostname.push(char::from(code as u8));
            }
        }
        hostname
    } else {
        read_urn_code_40(length, reader)?
    };
    if is_hostname(&hostname) {
        Ok(hostname)
    } else {
        Err(broken(format!(
            "{} is no hostname",
            IdError::quote(&hostname)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_pieces_are_shorter() {
        for (hostname, units) in [
            ("id.example.com", 9),
            ("example.co.uk", 9),
            ("www.example.de", 10),
            ("example", 7),
            ("a.tech", 3),
        ] {
            let mut bits = Bits::default();
            assert!(write(hostname, &mut bits), "{hostname}");
            assert_eq!(bits.len(), 7 + 7 * units, "{hostname}");
            let mut reader = BitReader::new(&bits);
            assert_eq!(read(&mut reader).as_deref(), Ok(hostname));
        }
    }

    #[test]
    fn capitals_take_urn_code_40() {
        let mut bits = Bits::default();
        assert!(write("EXAMPLE.COM", &mut bits));
        assert_eq!(bits.len(), 7 + 64);
        assert_eq!(
            read(&mut BitReader::new(&bits)).as_deref(),
            Ok("EXAMPLE.COM")
        );
    }

    #[test]
    fn the_tables_are_where_the_standard_has_them() {
        for (code, piece) in [
            (0, "ac"),
            (127, "li"),
            (128, "lk"),
            (244, "zw"),
            (287, "gov.cn"),
        ] {
            assert!(pairs().any(|pair| pair == (code, piece)), "{piece}");
        }
        assert_eq!(pairs().count(), 128 + 117 + 32 + 1);
        assert!(!write("", &mut Bits::default()));
        assert!(!write("a b", &mut Bits::default()));
        assert!(!write(&"a".repeat(64), &mut Bits::default()));
    }
}
