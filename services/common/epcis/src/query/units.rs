//! Amounts in different units of measure (UN/CEFACT Recommendation 20), made comparable.
//!
//! A query for 288 KEL or more finds what was measured as 20 CEL. A code that is not in the table is
//! comparable with itself only.

use super::condition::Comparison;

/// What is measured. Units of one dimension convert into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Acceleration,
    Angle,
    AbsorbedDose,
    Area,
    Capacitance,
    Current,
    Density,
    DoseEquivalent,
    Energy,
    Force,
    Fraction,
    Frequency,
    Illuminance,
    Length,
    Mass,
    MassFlow,
    Memory,
    Power,
    Pressure,
    Radioactivity,
    Resistance,
    Speed,
    Temperature,
    Time,
    Voltage,
    Volume,
    VolumeFlow,
}

use Dimension as D;

/// Code, dimension, and how many of the dimension's base unit one of it is.
#[rustfmt::skip]
const SCALED: &[(&str, Dimension, f64)] = &[
    ("MSK", D::Acceleration, 1.0), ("K40", D::Acceleration, 9.806_65),
    ("C81", D::Angle, 1.0), ("C25", D::Angle, 1e-3), ("DD", D::Angle, std::f64::consts::PI / 180.0),
    ("D61", D::Angle, std::f64::consts::PI / 10_800.0), ("D62", D::Angle, std::f64::consts::PI / 648_000.0),
    ("A95", D::AbsorbedDose, 1.0), ("C13", D::AbsorbedDose, 1e-3),
    ("MTK", D::Area, 1.0), ("DMK", D::Area, 1e-2), ("CMK", D::Area, 1e-4), ("MMK", D::Area, 1e-6),
    ("KMK", D::Area, 1e6), ("HAR", D::Area, 1e4), ("INK", D::Area, 6.4516e-4), ("FTK", D::Area, 0.092_903_04),
    ("YDK", D::Area, 0.836_127_36), ("ACR", D::Area, 4_046.856_422_4),
    ("FAR", D::Capacitance, 1.0), ("4O", D::Capacitance, 1e-6), ("C41", D::Capacitance, 1e-9),
    ("4T", D::Capacitance, 1e-12),
    ("AMP", D::Current, 1.0), ("4K", D::Current, 1e-3), ("B84", D::Current, 1e-6), ("B22", D::Current, 1e3),
    ("KMQ", D::Density, 1.0), ("23", D::Density, 1e3), ("GL", D::Density, 1.0), ("A93", D::Density, 1e-3),
    ("M1", D::Density, 1e-3), ("GP", D::Density, 1e-6), ("GQ", D::Density, 1e-9),
    ("D13", D::DoseEquivalent, 1.0), ("C28", D::DoseEquivalent, 1e-3),
    ("JOU", D::Energy, 1.0), ("KJO", D::Energy, 1e3), ("3B", D::Energy, 1e6), ("WHR", D::Energy, 3.6e3),
    ("KWH", D::Energy, 3.6e6), ("MWH", D::Energy, 3.6e9),
    ("NEW", D::Force, 1.0), ("B47", D::Force, 1e3), ("B73", D::Force, 1e6),
    ("C62", D::Fraction, 1.0), ("P1", D::Fraction, 1e-2), ("59", D::Fraction, 1e-6), ("61", D::Fraction, 1e-9),
    ("HTZ", D::Frequency, 1.0), ("KHZ", D::Frequency, 1e3), ("MHZ", D::Frequency, 1e6), ("A86", D::Frequency, 1e9),
    ("LUX", D::Illuminance, 1.0), ("KLX", D::Illuminance, 1e3),
    ("MTR", D::Length, 1.0), ("DMT", D::Length, 0.1), ("CMT", D::Length, 1e-2), ("MMT", D::Length, 1e-3),
    ("4H", D::Length, 1e-6), ("C45", D::Length, 1e-9), ("KMT", D::Length, 1e3), ("INH", D::Length, 0.0254),
    ("FOT", D::Length, 0.3048), ("YRD", D::Length, 0.9144), ("SMI", D::Length, 1_609.344), ("NMI", D::Length, 1_852.0),
    ("KGM", D::Mass, 1.0), ("GRM", D::Mass, 1e-3), ("MGM", D::Mass, 1e-6), ("MC", D::Mass, 1e-9),
    ("DTN", D::Mass, 1e2), ("TNE", D::Mass, 1e3), ("LBR", D::Mass, 0.453_592_37), ("ONZ", D::Mass, 0.028_349_523_125),
    ("STN", D::Mass, 907.184_74), ("LTN", D::Mass, 1_016.046_908_8),
    ("KGS", D::MassFlow, 1.0),
    ("AD", D::Memory, 1.0), ("2P", D::Memory, 1e3), ("4L", D::Memory, 1e6), ("E34", D::Memory, 1e9),
    ("WTT", D::Power, 1.0), ("KWT", D::Power, 1e3), ("MAW", D::Power, 1e6), ("C31", D::Power, 1e-3),
    ("PAL", D::Pressure, 1.0), ("A97", D::Pressure, 1e2), ("KPA", D::Pressure, 1e3), ("MPA", D::Pressure, 1e6),
    ("BAR", D::Pressure, 1e5), ("MBR", D::Pressure, 1e2), ("ATM", D::Pressure, 101_325.0),
    ("PS", D::Pressure, 6_894.757_293_168), ("HN", D::Pressure, 133.322_387_415),
    ("BQL", D::Radioactivity, 1.0), ("2Q", D::Radioactivity, 1e3), ("4N", D::Radioactivity, 1e6),
    ("CUR", D::Radioactivity, 3.7e10),
    ("OHM", D::Resistance, 1.0), ("B49", D::Resistance, 1e3), ("B75", D::Resistance, 1e6),
    ("MTS", D::Speed, 1.0), ("2M", D::Speed, 1e-2), ("KMH", D::Speed, 1.0 / 3.6), ("HM", D::Speed, 0.447_04),
    ("KNT", D::Speed, 1_852.0 / 3_600.0), ("FS", D::Speed, 0.3048),
    ("SEC", D::Time, 1.0), ("C26", D::Time, 1e-3), ("B98", D::Time, 1e-6), ("C47", D::Time, 1e-9),
    ("MIN", D::Time, 60.0), ("HUR", D::Time, 3_600.0), ("DAY", D::Time, 86_400.0), ("WEE", D::Time, 604_800.0),
    ("VLT", D::Voltage, 1.0), ("KVT", D::Voltage, 1e3), ("2Z", D::Voltage, 1e-3), ("D82", D::Voltage, 1e-6),
    ("MTQ", D::Volume, 1.0), ("LTR", D::Volume, 1e-3), ("DMQ", D::Volume, 1e-3), ("MLT", D::Volume, 1e-6),
    ("CMQ", D::Volume, 1e-6), ("MMQ", D::Volume, 1e-9), ("CLT", D::Volume, 1e-5), ("DLT", D::Volume, 1e-4),
    ("HLT", D::Volume, 0.1), ("INQ", D::Volume, 1.638_706_4e-5), ("FTQ", D::Volume, 0.028_316_846_592),
    ("YDQ", D::Volume, 0.764_554_857_984), ("GLL", D::Volume, 3.785_411_784e-3), ("GLI", D::Volume, 4.546_09e-3),
    ("MQS", D::VolumeFlow, 1.0), ("MQH", D::VolumeFlow, 1.0 / 3_600.0), ("L2", D::VolumeFlow, 1e-3 / 60.0),
];

/// Temperatures: kelvin a degree, and kelvin at zero degrees.
const TEMPERATURES: &[(&str, f64, f64)] = &[
    ("KEL", 1.0, 0.0),
    ("CEL", 1.0, 273.15),
    ("FAH", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
    ("A48", 5.0 / 9.0, 0.0),
];

fn unit(code: &str) -> Option<(Dimension, f64, f64)> {
    let temperature = TEMPERATURES
        .iter()
        .find(|(known, _, _)| *known == code)
        .map(|(_, scale, zero)| (Dimension::Temperature, *scale, *zero));
    temperature.or_else(|| {
        SCALED
            .iter()
            .find(|(known, _, _)| *known == code)
            .map(|(_, dimension, scale)| (*dimension, *scale, 0.0))
    })
}

/// Whether a text has the form of a code: two or three capital letters and digits; the official query
/// schema also lets four through.
pub(super) fn is_code(text: &str) -> bool {
    (2..=4).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether `found` stands in the relation to `wanted`, both brought to the base unit where their units
/// differ; false where the units do not convert into each other. A `difference` of two amounts follows
/// the scales of the units and not their zeros. What only a conversion rounds away is equal.
pub(super) fn compare(
    comparison: Comparison,
    found: (f64, &str),
    wanted: (f64, &str),
    difference: bool,
) -> bool {
    if found.1 == wanted.1 {
        return comparison.holds(&found.0, &wanted.0);
    }
    let Some((a, b)) = in_base(found, difference).zip(in_base(wanted, difference)) else {
        return false;
    };
    if a.0 != b.0 {
        return false;
    }
    let (a, b) = (a.1, b.1);
    if (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) {
        return comparison.holds(&b, &b);
    }
    comparison.holds(&a, &b)
}

fn in_base((amount, code): (f64, &str), difference: bool) -> Option<(Dimension, f64)> {
    let (dimension, scale, zero) = unit(code)?;
    let zero = if difference { 0.0 } else { zero };
    Some((dimension, amount * scale + zero))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_within_a_dimension_only() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less};
        for (found, comparison, wanted, expected) in [
            ((20.0, "CEL"), Equal, (293.15, "KEL"), true),
            ((20.0, "CEL"), GreaterOrEqual, (293.15, "KEL"), true),
            ((20.0, "CEL"), Greater, (293.15, "KEL"), false),
            ((20.0, "CEL"), Less, (294.0, "KEL"), true),
            ((32.0, "FAH"), Equal, (0.0, "CEL"), true),
            ((68.0, "FAH"), Equal, (20.0, "CEL"), true),
            ((1.5, "KGM"), Equal, (1500.0, "GRM"), true),
            ((1.0, "LBR"), Equal, (0.453_592_37, "KGM"), true),
            ((36.0, "KMH"), Equal, (10.0, "MTS"), true),
            ((50.0, "P1"), Equal, (0.5, "C62"), true),
            ((3.0, "XYZ"), Equal, (3.0, "XYZ"), true),
            ((3.0, "XYZ"), Equal, (3.0, "KGM"), false),
            ((3.0, "KGM"), Greater, (1.0, "MTR"), false),
        ] {
            let holds = compare(comparison, found, wanted, false);
            assert_eq!(holds, expected, "{found:?} {comparison:?} {wanted:?}");
        }
    }

    #[test]
    fn a_difference_of_temperatures_has_no_zero() {
        assert!(compare(Comparison::Equal, (2.0, "CEL"), (2.0, "KEL"), true));
        assert!(compare(
            Comparison::Equal,
            (10.0, "CEL"),
            (18.0, "FAH"),
            true
        ));
    }

    #[test]
    fn a_code_stands_once() {
        let codes = SCALED
            .iter()
            .map(|(code, _, _)| code)
            .chain(TEMPERATURES.iter().map(|(code, _, _)| code));
        let mut seen = std::collections::BTreeSet::new();
        for code in codes {
            assert!(is_code(code) && seen.insert(code), "{code}");
        }
    }
}
