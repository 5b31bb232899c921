//! Numbers in the form of the reference implementation (Python's `str`): whole numbers without
//! fraction, others in their shortest form.

use std::fmt::Write;

/// Whole numbers below it are held exactly (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The number a text says, None if it says none.
pub(super) fn number(text: &str) -> Option<f64> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Writes a number without needless signs, zeros and exponents.
pub(super) fn push_number(out: &mut String, number: f64) {
    // Writing to a String does not fail.
    let _ = if number == 0.0 {
        out.write_char('0')
    } else if number.fract() == 0.0 && number.abs() < EXACT {
        write!(out, "{}", number as i64)
    } else if number.fract() == 0.0 {
        write!(out, "{number:.0}")
    } else if number.abs() < 1e-4 {
        // Rust writes 1e-5, Python 1e-05.
        let short = format!("{number:e}");
        match short.split_once("e-") {
            Some((digits, exponent)) if exponent.len() == 1 => write!(out, "{digits}e-0{exponent}"),
            _ => out.write_str(&short),
        }
    } else {
        write!(out, "{number}")
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        number(text).map(|number| {
            let mut out = String::new();
            push_number(&mut out, number);
            out
        })
    }

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("26", "26"),
            ("26.0", "26"),
            ("-26.00", "-26"),
            ("+026.10", "26.1"),
            ("1e3", "1000"),
            ("-0.0", "0"),
            (".5", "0.5"),
            ("0.00001", "1e-05"),
            ("9007199254740991", "9007199254740991"),
            ("9007199254740993", "9007199254740992"),
            ("1e23", "99999999999999991611392"),
        ] {
            assert_eq!(written(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["inf", "nan", "1e400", "2023-10-09", "P3Y", "", "-", "1 2"] {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
