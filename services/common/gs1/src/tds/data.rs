//! How the values of Application Identifiers stand in the binary of TDS 2.x:
//! table F and the encoding methods it names (TDS 2.x §14.5, §15.3).

use super::alphanumeric::{self, broken};
use super::bits::{BitReader, Bits};
use crate::error::IdError;

/// An encoding method of one component of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A number of so many digits in so many bits (§14.5.2).
    Number { digits: usize, bits: usize },
    /// Four bits a digit (§14.5.4).
    Digits(usize),
    /// Digits of four bits up to a terminator, or a delimiter and the rest as
    /// characters (§14.5.5).
    Delimited,
    /// Characters: bits of the length, longest (§14.5.6).
    Text { length: usize, max: usize },
    /// A flag (§14.5.7).
    Flag,
    /// YYMMDD (§14.5.8).
    Date,
    /// YYMMDDhhmm (§14.5.9).
    DateTime,
    /// YYMMDD, or two of them (§14.5.10).
    DateRange,
    /// YYMMDD, with hours, minutes, seconds (§14.5.11).
    DateParts,
    /// Two capital letters (§14.5.12).
    Country,
    /// Digits: bits of the length, most (§14.5.13).
    Numeric { length: usize, max: usize },
    /// A minus sign or nothing (§14.5.14).
    Minus,
    /// `n/m` (§14.5.15).
    Sequence,
}

/// The longest value of a Delimited method (characters).
const DELIMITED_MAX: usize = 30;

const fn text(length: usize, max: usize) -> Method {
    Method::Text { length, max }
}

const fn number(digits: usize, bits: usize) -> Method {
    Method::Number { digits, bits }
}

const fn numeric(length: usize, max: usize) -> Method {
    Method::Numeric { length, max }
}

/// The methods of an AI's one or two components (table F); empty for an AI that
/// is not in the table.
#[rustfmt::skip]
pub(crate) fn methods(ai: &str) -> &'static [Method] {
    use Method::{Country, Date, DateParts, DateRange, DateTime, Delimited, Digits, Flag, Minus, Sequence};
    match ai {
        "00" | "8006" | "8017" | "8018" | "8026" => &const { [Digits(18)] },
        "01" | "02" => &const { [Digits(14)] },
        "10" | "21" | "22" | "243" | "254" | "420" | "4318" | "7020" | "7021" | "7022" | "710" | "711" | "712"
        | "713" | "714" | "715" | "716" | "7240" | "8002" | "8012" => &const { [text(5, 20)] },
        "11" | "12" | "13" | "15" | "16" | "17" | "4326" | "7006" => &[Date],
        "20" => &const { [number(2, 7)] },
        "235" => &const { [text(5, 28)] },
        "240" | "241" | "250" | "251" | "400" | "401" | "403" | "4308" | "4319" | "7002" | "90"
            => &const { [text(5, 30)] },
        "242" => &const { [numeric(3, 6)] },
        "253" => &const { [Digits(13), text(5, 17)] },
        "255" => &const { [Digits(13), numeric(4, 12)] },
        "30" | "37" => &const { [numeric(4, 8)] },
        "402" => &const { [number(17, 57)] },
        "410" | "411" | "412" | "413" | "414" | "415" | "416" | "417" => &const { [Digits(13)] },
        "421" => &const { [number(3, 10), text(4, 9)] },
        "422" | "424" | "426" => &const { [number(3, 10)] },
        "423" | "425" => &const { [numeric(4, 15)] },
        "427" | "7008" => &const { [text(2, 3)] },
        "4300" | "4301" | "4310" | "4311" | "4320" => &const { [text(6, 35)] },
        "4302" | "4303" | "4304" | "4305" | "4306" | "4312" | "4313" | "4314" | "4315" | "4316" | "7257" | "8110"
        | "8112" | "8200" => &const { [text(7, 70)] },
        "4307" | "4317" => &[Country],
        "4309" => &const { [number(20, 67)] },
        "4321" | "4322" | "4323" => &[Flag],
        "4324" | "4325" | "7003" => &[DateTime],
        "4330" | "4331" | "4332" | "4333" => &const { [number(6, 20), Minus] },
        "7001" => &const { [number(13, 44)] },
        "7004" => &const { [numeric(3, 4)] },
        "7005" => &const { [text(4, 12)] },
        "7007" => &[DateRange],
        "7009" | "7255" => &const { [text(4, 10)] },
        "7010" => &const { [text(2, 2)] },
        "7011" | "8008" => &[DateParts],
        "7023" | "8004" | "8010" => &[Delimited],
        "7040" | "7041" => &const { [text(3, 4)] },
        "7241" => &const { [Digits(2)] },
        "7242" | "8013" | "8020" => &const { [text(5, 25)] },
        "7250" => &const { [number(8, 27)] },
        "7251" => &const { [number(12, 40)] },
        "7252" => &const { [number(1, 4)] },
        "7253" | "7259" => &const { [text(6, 40)] },
        "7254" => &const { [text(6, 30)] },
        "7256" | "8030" => &const { [text(7, 90)] },
        "7258" => &[Sequence],
        "8001" => &const { [number(14, 47)] },
        "8003" => &const { [Digits(14), text(5, 16)] },
        "8005" => &const { [number(6, 20)] },
        "8007" => &const { [text(5, 24)] },
        "8009" => &const { [text(6, 50)] },
        "8011" => &const { [numeric(4, 12)] },
        "8019" => &const { [numeric(4, 10)] },
        "8111" => &const { [number(4, 14)] },
        _ if ai.len() == 2 && ai.starts_with('9') => &const { [text(7, 90)] },
        _ if ai.len() == 4 => {
            let (series, last) = ai.split_at_checked(3).unwrap_or_default();
            match series {
                "310" | "311" | "312" | "313" | "314" | "315" | "316" | "320" | "321" | "322" | "323" | "324"
                | "325" | "326" | "327" | "328" | "329" | "330" | "331" | "332" | "333" | "334" | "335" | "336"
                | "337" | "340" | "341" | "342" | "343" | "344" | "345" | "346" | "347" | "348" | "349" | "350"
                | "351" | "352" | "353" | "354" | "355" | "356" | "357" | "360" | "361" | "362" | "363" | "364"
                | "365" | "366" | "367" | "368" | "369" if last <= "5" => &const { [number(6, 20)] },
                "390" | "392" => &const { [numeric(4, 15)] },
                "391" | "393" => &const { [number(3, 10), numeric(4, 15)] },
                "394" if last <= "3" => &const { [number(4, 14)] },
                "395" if last <= "3" => &const { [number(6, 20)] },
                "703" => &const { [number(3, 10), text(5, 27)] },
                "723" => &const { [text(5, 30)] },
                _ => &[],
            }
        }
        _ => &[],
    }
}

/// How many digits the AI has that starts with two given ones (table K); None if
/// none does.
pub(crate) fn ai_length(first: u8, second: u8) -> Option<usize> {
    match (first, second) {
        (0, 0..=2) | (1, 0..=3 | 5..=7) | (2, 0..=2) | (3, 0 | 7) | (9, 0..=9) => Some(2),
        (2, 3..=5) | (4, 0..=2) | (7, 1) => Some(3),
        (3, 1..=6 | 9) | (4, 3) | (7, 0 | 2) | (8, 0..=2) => Some(4),
        _ => None,
    }
}

/// Writes the value of an AI that is known to fit its format; false if its method
/// cannot hold it.
pub(crate) fn write(methods: &[Method], value: &str, bits: &mut Bits) -> bool {
    match methods {
        [method] => write_one(*method, value, bits),
        [first, second] => {
            let fixed = match first {
                Method::Number { digits, .. } | Method::Digits(digits) => *digits,
                _ => return false,
            };
            value.split_at_checked(fixed).is_some_and(|(head, tail)| {
                write_one(*first, head, bits) && write_one(*second, tail, bits)
            })
        }
        _ => false,
    }
}

fn write_one(method: Method, value: &str, bits: &mut Bits) -> bool {
    match method {
        Method::Number {
            digits,
            bits: width,
        } => value.len() == digits && bits.push_decimal(value, width),
        Method::Digits(digits) => {
            value.len() == digits && value.bytes().all(|b| write_digit(b, bits))
        }
        Method::Delimited => {
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            let (head, tail) = value.split_at_checked(digits).unwrap_or_default();
            head.bytes().for_each(|b| {
                write_digit(b, bits);
            });
            if tail.is_empty() {
                bits.push(0xf, 4);
                return value.len() <= DELIMITED_MAX;
            }
            bits.push(0xe, 4);
            value.len() <= DELIMITED_MAX && alphanumeric::write(tail, 5, DELIMITED_MAX, bits)
        }
        Method::Text { length, max } => alphanumeric::write(value, length, max, bits),
        Method::Numeric { length, max } => alphanumeric::write_numeric(value, length, max, bits),
        Method::Flag => value.len() == 1 && bits.push_decimal(value, 1),
        Method::Date => write_pairs(value, 3, bits),
        Method::DateTime => write_pairs(value, 5, bits),
        Method::DateRange => {
            let range = value.len() == 12;
            bits.push(u64::from(range), 1);
            let (first, second) = value.split_at_checked(6).unwrap_or_default();
            write_one(Method::Date, first, bits)
                && (second.is_empty() || (range && write_one(Method::Date, second, bits)))
        }
        Method::DateParts => {
            let parts = value.len() / 2;
            let Some(indicator) = PRECISION.iter().position(|p| *p == parts) else {
                return false;
            };
            bits.push(indicator as u64, 2);
            write_pairs(value, parts, bits)
        }
        Method::Country => {
            value.len() == 2
                && value.bytes().all(|b| {
                    b.is_ascii_uppercase() && {
                        bits.push(u64::from(b - b'A'), 6);
                        true
                    }
                })
        }
        Method::Minus => match value {
            "" | "-" => {
                bits.push(value.len() as u64, 1);
                true
            }
            _ => false,
        },
        Method::Sequence => match value.as_bytes() {
            [n, b'/', m] => [*n, *m]
                .into_iter()
                .all(|b| b != b'0' && write_digit(b, bits)),
            _ => false,
        },
    }
}

/// Bits of year, month, day, hour, minute, second.
const DATE_TIME: [usize; 6] = [7, 4, 5, 5, 6, 6];

/// Writes year, month, day and further parts of two digits each.
fn write_pairs(value: &str, parts: usize, bits: &mut Bits) -> bool {
    value.len() == 2 * parts
        && DATE_TIME.iter().take(parts).enumerate().all(|(at, width)| {
            value
                .get(2 * at..2 * at + 2)
                .is_some_and(|pair| bits.push_decimal(pair, *width))
        })
}

/// How many of them a date and time of variable precision has, by its indicator.
const PRECISION: [usize; 4] = [4, 5, 6, 3];

fn write_digit(b: u8, bits: &mut Bits) -> bool {
    if b.is_ascii_digit() {
        bits.push(u64::from(b - b'0'), 4);
    }
    b.is_ascii_digit()
}

/// Reads a value; its AI's own rules are not yet checked.
pub(crate) fn read(methods: &[Method], reader: &mut BitReader<'_>) -> Result<String, IdError> {
    let mut value = String::new();
    for method in methods {
        read_one(*method, reader, &mut value)?;
    }
    Ok(value)
}

fn read_one(method: Method, reader: &mut BitReader<'_>, value: &mut String) -> Result<(), IdError> {
    match method {
        Method::Number { digits, bits } => {
            let number = reader.read_decimal(bits)?;
            if number.len() > digits {
                return Err(broken(format!("{number} has more than {digits} digits")));
            }
            value.push_str(&format!("{number:0>digits$}"));
        }
        Method::Digits(digits) => {
            for _ in 0..digits {
                match reader.read(4)? {
                    digit @ 0..=9 => value.push_str(&digit.to_string()),
                    other => return Err(broken(format!("{other:04b} is no digit"))),
                }
            }
        }
        Method::Delimited => {
            let mut length = 0;
            loop {
                match reader.read(4)? {
                    digit @ 0..=9 => value.push_str(&digit.to_string()),
                    0xe => {
                        let tail = alphanumeric::read(5, DELIMITED_MAX - length, reader)?;
                        if tail.is_empty() || tail.starts_with(|c: char| c.is_ascii_digit()) {
                            return Err(broken("digits after the delimiter".to_owned()));
                        }
                        value.push_str(&tail);
                        return Ok(());
                    }
                    0xf => return Ok(()),
                    other => return Err(broken(format!("{other:04b} is no digit"))),
                }
                length += 1;
                if length > DELIMITED_MAX {
                    return Err(broken(format!("more than {DELIMITED_MAX} digits")));
                }
            }
        }
        Method::Text { length, max } => value.push_str(&alphanumeric::read(length, max, reader)?),
        Method::Numeric { length, max } => {
            value.push_str(&alphanumeric::read_numeric(length, max, reader)?);
        }
        Method::Flag => value.push_str(&reader.read(1)?.to_string()),
        Method::Date => read_pairs(3, reader, value)?,
        Method::DateTime => read_pairs(5, reader, value)?,
        Method::DateRange => {
            for _ in 0..=reader.read(1)? {
                read_pairs(3, reader, value)?;
            }
        }
        Method::DateParts => {
            let parts = PRECISION
                .get(reader.read(2)? as usize)
                .copied()
                .unwrap_or(3);
            read_pairs(parts, reader, value)?;
        }
        Method::Country => {
            for _ in 0..2 {
                match reader.read(6)? as u8 {
                    letter @ 0..=25 => value.push(char::from(b'A' + letter)),
                    other => return Err(broken(format!("{other:06b} is no letter"))),
                }
            }
        }
        Method::Minus => {
            if reader.read(1)? == 1 {
                value.push('-');
            }
        }
        Method::Sequence => {
            let (n, m) = (reader.read(4)?, reader.read(4)?);
            if !(1..=9).contains(&n) || !(1..=9).contains(&m) {
                return Err(broken(format!("{n}/{m} is no sequence")));
            }
            value.push_str(&format!("{n}/{m}"));
        }
    }
    Ok(())
}

/// Year, month, day and further parts of two digits each.
fn read_pairs(parts: usize, reader: &mut BitReader<'_>, value: &mut String) -> Result<(), IdError> {
    for width in DATE_TIME.iter().take(parts) {
        let part = reader.read(*width)?;
        if part > 99 {
            return Err(broken(format!("{part} in a date")));
        }
        value.push_str(&format!("{part:02}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most characters a component holds.
    fn longest(method: &Method) -> usize {
        match method {
            Method::Number { digits, .. } | Method::Digits(digits) => *digits,
            Method::Text { max, .. } | Method::Numeric { max, .. } => *max,
            Method::Delimited => DELIMITED_MAX,
            Method::Flag | Method::Minus => 1,
            Method::Country => 2,
            Method::Sequence => 3,
            Method::Date => 6,
            Method::DateTime => 10,
            Method::DateRange | Method::DateParts => 12,
        }
    }

    #[test]
    fn the_table_has_every_ai_but_those_the_standard_leaves_out() {
        for ai in crate::ai::all() {
            let methods = methods(ai.code);
            let left_out = match ai.code {
                // Restricted to master UDI (TDS 2.3 §15.3, note below table F).
                "03" | "8014" => true,
                // Younger than TDS 2.3, or missing in its table.
                "717" | "8040" | "8041" | "8042" | "8043" => true,
                _ if ai.code.starts_with("395") => ai.code > "3953",
                _ => false,
            };
            assert_eq!(methods.is_empty(), left_out, "({})", ai.code);
            if left_out {
                continue;
            }
            let mut digits = ai.code.bytes().map(|b| b - b'0');
            let (first, second) = (digits.next().unwrap(), digits.next().unwrap());
            assert_eq!(
                ai_length(first, second),
                Some(ai.code.len()),
                "({})",
                ai.code
            );
            let (table, dictionary): (usize, _) =
                (methods.iter().map(longest).sum(), ai.max_length());
            let expected = match ai.code {
                // Table F allows fewer characters than the General Specifications.
                "8007" => 24,
                "7254" => 30,
                // 7011 may leave out what its method could hold.
                "7011" => 12,
                _ => dictionary,
            };
            assert_eq!(table, expected, "({}) {dictionary}", ai.code);
        }
    }
}
