//! The coding schemes of TDS 1.x: fixed layouts and partition tables
//! (TDS 2.x §14.3, §14.4, §14.6).

use super::bits::{BitReader, Bits};
use super::scheme::TagScheme;
use crate::epc::KeyText;
use crate::error::{IdError, IdReason};
use crate::urn::{Components, PureIdentity, is_cage};

/// Bits of a company prefix of 12, 11, … 6 digits, by partition value.
const PREFIX_BITS: [usize; 7] = [40, 37, 34, 30, 27, 24, 20];

/// The other half of a partition table: bits by partition value, and digits or
/// characters at partition value 0; each next value has one more.
struct Partition {
    bits: [usize; 7],
    digits: usize,
}

const GTIN: Partition = Partition {
    bits: [4, 7, 10, 14, 17, 20, 24],
    digits: 1,
};
const SSCC: Partition = Partition {
    bits: [18, 21, 24, 28, 31, 34, 38],
    digits: 5,
};
const GLN: Partition = Partition {
    bits: [1, 4, 7, 11, 14, 17, 21],
    digits: 0,
};
const GRAI: Partition = Partition {
    bits: [4, 7, 10, 14, 17, 20, 24],
    digits: 0,
};
const GIAI_96: Partition = Partition {
    bits: [42, 45, 48, 52, 55, 58, 62],
    digits: 13,
};
const GIAI_202: Partition = Partition {
    bits: [148, 151, 154, 158, 161, 164, 168],
    digits: 18,
};
const CPI_96: Partition = Partition {
    bits: [11, 14, 17, 21, 24, 27, 31],
    digits: 3,
};
const CPI_VAR: Partition = Partition {
    bits: [114, 120, 126, 132, 138, 144, 150],
    digits: 18,
};

/// A field after header and filter. Those of partition tables hold two
/// components of the URI, company prefix and reference; the others one.
enum Field {
    /// Reference of as many digits as the table says.
    Partition(&'static Partition),
    /// Reference a number of at most as many digits.
    Unpadded(&'static Partition),
    /// Reference in 7-bit characters, filled with zeros.
    Seven(&'static Partition),
    /// Reference in 6-bit characters, ended by a zero.
    Six(&'static Partition),
    /// A number.
    Integer(usize),
    /// A number of exactly so many digits: bits, digits.
    Fixed(usize, usize),
    /// 7-bit characters, filled with zeros.
    Text(usize),
    /// Digits with a 1 before them, so that leading zeros stay.
    Digits(usize),
    /// Six 6-bit characters, the first a space for a CAGE code.
    Cage,
    /// Six 8-bit characters, the first a space for a CAGE code.
    CageAscii,
    /// 6-bit characters, ended by a zero: at most so many.
    SixBit(usize),
    /// Reserved, holds no component.
    Zeros(usize),
}

/// The fields of a scheme; None for those of TDS 2.x.
fn layout(scheme: TagScheme) -> &'static [Field] {
    use Field::*;
    match scheme {
        TagScheme::Sgtin96 => &[Partition(&GTIN), Integer(38)],
        TagScheme::Sgtin198 => &[Partition(&GTIN), Text(140)],
        TagScheme::Sscc96 | TagScheme::Gsrn96 | TagScheme::Gsrnp96 => {
            &[Partition(&SSCC), Zeros(24)]
        }
        TagScheme::Sgln96 | TagScheme::Gdti96 => &[Partition(&GLN), Integer(41)],
        TagScheme::Sgln195 => &[Partition(&GLN), Text(140)],
        TagScheme::Grai96 => &[Partition(&GRAI), Integer(38)],
        TagScheme::Grai170 => &[Partition(&GRAI), Text(112)],
        TagScheme::Giai96 => &[Unpadded(&GIAI_96)],
        TagScheme::Giai202 => &[Seven(&GIAI_202)],
        TagScheme::Gdti113 => &[Partition(&GLN), Digits(58)],
        TagScheme::Gdti174 => &[Partition(&GLN), Text(119)],
        TagScheme::Cpi96 => &[Unpadded(&CPI_96), Integer(31)],
        TagScheme::CpiVar => &[Six(&CPI_VAR), Integer(40)],
        TagScheme::Sgcn96 => &[Partition(&GLN), Digits(41)],
        TagScheme::Itip110 => &[Partition(&GTIN), Fixed(7, 2), Fixed(7, 2), Integer(38)],
        TagScheme::Itip212 => &[Partition(&GTIN), Fixed(7, 2), Fixed(7, 2), Text(140)],
        TagScheme::Gid96 => &[Integer(28), Integer(24), Integer(36)],
        TagScheme::Usdod96 => &[CageAscii, Integer(36)],
        TagScheme::AdiVar => &[Cage, SixBit(32), SixBit(30)],
        _ => &[],
    }
}

/// The bits of an identity in a coding scheme of TDS 1.x, not filled up.
///
/// # Errors
/// `does_not_fit` with the component that the scheme cannot hold.
pub(crate) fn encode(
    scheme: TagScheme,
    filter: u8,
    identity: &PureIdentity,
) -> Result<Bits, IdError> {
    let mut bits = Bits::default();
    bits.push(u64::from(scheme.header()), 8);
    if u64::from(filter) >> scheme.filter_bits() != 0 {
        return Err(does_not_fit(
            scheme,
            "the filter value",
            &filter.to_string(),
        ));
    }
    bits.push(u64::from(filter), scheme.filter_bits());
    let mut components = identity.components();
    for field in layout(scheme) {
        if let Field::Zeros(width) = field {
            bits.push(0, *width);
            continue;
        }
        // The identity has the components of its scheme, and the layout takes
        // each once (tested for every scheme).
        let mut next = || components.next().unwrap_or_else(|| "".into());
        let first = next();
        let second = match field {
            Field::Partition(_) | Field::Unpadded(_) | Field::Seven(_) | Field::Six(_) => next(),
            _ => "".into(),
        };
        if !write(&mut bits, field, &first, &second) {
            let value = if second.is_empty() { first } else { second };
            return Err(does_not_fit(scheme, "the value", &value));
        }
    }
    Ok(bits)
}

fn write(bits: &mut Bits, field: &Field, first: &str, second: &str) -> bool {
    match field {
        Field::Partition(table)
        | Field::Unpadded(table)
        | Field::Seven(table)
        | Field::Six(table) => {
            let Some(partition) = 12usize.checked_sub(first.len()).filter(|p| *p < 7) else {
                return false;
            };
            bits.push(partition as u64, 3);
            let (width, most) = (table.bits[partition], table.digits + partition);
            bits.push_decimal(first, PREFIX_BITS[partition])
                && match field {
                    Field::Partition(_) => {
                        second.len() == most
                            && bits.push_decimal(if most == 0 { "0" } else { second }, width)
                    }
                    Field::Unpadded(_) => {
                        is_number(second)
                            && second.len() <= most
                            && bits.push_decimal(second, width)
                    }
                    Field::Seven(_) => second.len() <= most && write_text(bits, second, 7, width),
                    _ => {
                        second.len() <= most
                            && write_text(bits, second, 6, 6 * second.len())
                            && write_text(bits, "", 6, 6)
                    }
                }
        }
        Field::Integer(width) => is_number(first) && bits.push_decimal(first, *width),
        Field::Fixed(width, digits) => first.len() == *digits && bits.push_decimal(first, *width),
        Field::Text(width) => write_text(bits, first, 7, *width),
        Field::Digits(width) => {
            // 2 × 10^D < 2^b: 17 digits in 58 bits, 12 in 41.
            let most = if *width == 58 { 17 } else { 12 };
            first.len() <= most && bits.push_decimal(&format!("1{first}"), *width)
        }
        Field::Cage => {
            bits.push(0b10_0000, if first.len() == 5 { 6 } else { 0 });
            write_text(bits, first, 6, 6 * first.len())
        }
        Field::CageAscii => {
            bits.push(u64::from(b' '), if first.len() == 5 { 8 } else { 0 });
            write_text(bits, first, 8, 8 * first.len())
        }
        Field::SixBit(most) => {
            first.len() <= *most
                && write_text(bits, first, 6, 6 * first.len())
                && write_text(bits, "", 6, 6)
        }
        Field::Zeros(width) => {
            bits.push(0, *width);
            true
        }
    }
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit()) && (value.len() == 1 || !value.starts_with('0'))
}

/// Characters by their lowest bits, filled with zeros to `total`.
fn write_text(bits: &mut Bits, text: &str, width: usize, total: usize) -> bool {
    let Some(fill) = total.checked_sub(text.len() * width) else {
        return false;
    };
    for b in text.bytes() {
        bits.push(u64::from(b), width);
    }
    bits.push_zeros(fill);
    true
}

/// Filter value and identity of bits whose header is read; the reader is left
/// behind the last field.
pub(crate) fn decode(
    scheme: TagScheme,
    reader: &mut BitReader<'_>,
) -> Result<(u8, PureIdentity), IdError> {
    // At most six bits.
    let filter = reader.read(scheme.filter_bits())? as u8;
    let mut components = Components::default();
    for field in layout(scheme) {
        read(scheme, field, reader, &mut components)?;
    }
    let identity = PureIdentity::checked(scheme.epc_scheme(), components)
        .map_err(|e| IdError::new(e.reason, format!("{scheme}: {}", e.message)))?;
    Ok((filter, identity))
}

fn read(
    scheme: TagScheme,
    field: &Field,
    reader: &mut BitReader<'_>,
    components: &mut Components,
) -> Result<(), IdError> {
    let bad = |what: &str| broken(scheme, what);
    match field {
        Field::Partition(table)
        | Field::Unpadded(table)
        | Field::Seven(table)
        | Field::Six(table) => {
            let partition = reader.read(3)? as usize;
            if partition > 6 {
                return Err(bad(&format!("partition value {partition} is not defined")));
            }
            let digits = 12 - partition;
            let prefix = reader.read(PREFIX_BITS[partition])?;
            if decimal_digits(prefix) > digits {
                return Err(bad(&format!(
                    "company prefix {prefix} has more than {digits} digits"
                )));
            }
            components.push_number(prefix, digits);
            let (width, most) = (table.bits[partition], table.digits + partition);
            let too_long = |reference: &str| {
                bad(&format!(
                    "reference {} is longer than {most}",
                    IdError::quote(reference)
                ))
            };
            let text = match field {
                Field::Seven(_) => read_text(scheme, reader, 7, width)?,
                Field::Six(_) => read_six(scheme, reader, most)?,
                _ => {
                    let reference = reader.read(width)?;
                    // A reference of no digits is written as 0.
                    if decimal_digits(reference) > most && (reference, most) != (0, 0) {
                        return Err(too_long(&reference.to_string()));
                    }
                    match (field, most) {
                        (_, 0) => components.push(""),
                        (Field::Partition(_), _) => components.push_number(reference, most),
                        _ => components.push_number(reference, 1),
                    }
                    return Ok(());
                }
            };
            if text.len() > most {
                return Err(too_long(&text));
            }
            components.push(&text);
        }
        Field::Integer(width) => components.push_number(reader.read(*width)?, 1),
        Field::Fixed(width, digits) => {
            let number = reader.read(*width)?;
            if decimal_digits(number) > *digits {
                return Err(bad(&format!("{number} has more than {digits} digits")));
            }
            components.push_number(number, *digits);
        }
        Field::Text(width) => components.push(&read_text(scheme, reader, 7, *width)?),
        Field::Digits(width) => {
            let number = KeyText::of_number(reader.read(*width)?, 1);
            match number.strip_prefix('1') {
                Some(digits) if !digits.is_empty() => components.push(digits),
                _ => return Err(bad("a digit string does not start with its 1")),
            }
        }
        Field::Cage => {
            let mut cage = String::with_capacity(6);
            for at in 0..6 {
                match reader.read(6)? as u8 {
                    0b10_0000 if at == 0 => {}
                    six => {
                        cage.push(six_bit(six).filter(|c| is_cage(*c as u8)).ok_or_else(|| {
                            bad(&format!(
                                "{six:06b} is no character of a CAGE code or DoDAAC"
                            ))
                        })?)
                    }
                }
            }
            components.push(&cage);
        }
        Field::CageAscii => {
            let mut cage = String::with_capacity(6);
            for at in 0..6 {
                match reader.read(8)? as u8 {
                    b' ' if at == 0 => {}
                    b if is_cage(b) => cage.push(char::from(b)),
                    b => {
                        return Err(bad(&format!(
                            "{b:08b} is no character of a CAGE code or DoDAAC"
                        )));
                    }
                }
            }
            components.push(&cage);
        }
        Field::SixBit(most) => components.push(&read_six(scheme, reader, *most)?),
        Field::Zeros(width) => {
            if reader.read(*width)? != 0 {
                return Err(bad("the reserved bits at the end are not zero"));
            }
        }
    }
    Ok(())
}

/// How many digits a number has; 0 has one.
fn decimal_digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// 7-bit characters up to the first zero; after it all must be zero.
fn read_text(
    scheme: TagScheme,
    reader: &mut BitReader<'_>,
    width: usize,
    total: usize,
) -> Result<String, IdError> {
    let mut text = String::with_capacity(total / width);
    let mut ended = false;
    for _ in 0..total / width {
        match reader.read(width)? as u8 {
            0 => ended = true,
            _ if ended => return Err(broken(scheme, "characters follow the end of a text")),
            b => text.push(char::from(b)),
        }
    }
    if reader.read(total % width)? != 0 {
        return Err(broken(scheme, "the bits that fill a text are not zero"));
    }
    Ok(text)
}

/// 6-bit characters up to a zero.
fn read_six(scheme: TagScheme, reader: &mut BitReader<'_>, most: usize) -> Result<String, IdError> {
    let mut text = String::new();
    loop {
        let six = reader.read(6)? as u8;
        if six == 0 {
            return Ok(text);
        }
        if text.len() == most {
            return Err(broken(scheme, "a text has no end"));
        }
        text.push(
            six_bit(six)
                .ok_or_else(|| broken(scheme, &format!("{six:06b} is no 6-bit character")))?,
        );
    }
}

/// The character of six bits (TDS 2.x annex G).
fn six_bit(six: u8) -> Option<char> {
    match six {
        1..=26 => Some(char::from(six + 0x40)),
        0x23 | 0x2d | 0x2f | 0x30..=0x39 => Some(char::from(six)),
        _ => None,
    }
}

fn broken(scheme: TagScheme, what: &str) -> IdError {
    IdError::new(IdReason::BadEncoding, format!("{scheme}: {what}"))
}

fn does_not_fit(scheme: TagScheme, what: &str, value: &str) -> IdError {
    IdError::new(
        IdReason::DoesNotFit,
        format!("{scheme} cannot hold {what} {}", IdError::quote(value)),
    )
}
