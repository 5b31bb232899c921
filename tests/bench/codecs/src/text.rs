//! Figures as a person reads them.

use crate::figures::Spread;
use std::fmt::Write;

/// Median and range, with as many decimals as the median needs.
#[must_use]
pub fn spread(spread: &Spread) -> String {
    let decimals = match spread.median.abs() {
        m if m >= 100.0 => 0,
        m if m >= 1.0 => 1,
        _ => 2,
    };
    let (median, low, high) = (spread.median, spread.low, spread.high);
    if spread.runs.len() < 2 {
        return format!("{median:.decimals$}");
    }
    format!("{median:.decimals$} ({low:.decimals$} to {high:.decimals$})")
}

/// Rows under a heading, columns as wide as they need.
///
/// # Errors
/// `out` cannot be written, which a String always can.
pub fn table(out: &mut String, rows: &[Vec<String>]) -> std::fmt::Result {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if column == 0 {
                write!(line, "{cell:<width$}")?;
            } else {
                write!(line, "  {cell:>width$}")?;
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A row of words.
#[must_use]
pub fn heading(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repetition_has_no_range() {
        assert_eq!(spread(&Spread::of(vec![0.123])), "0.12");
        assert_eq!(spread(&Spread::of(vec![1.0, 3.0, 2.0])), "2.0 (1.0 to 3.0)");
        assert_eq!(spread(&Spread::of(vec![1234.6])), "1235");
    }

    #[test]
    fn columns_stand_under_each_other() {
        let mut out = String::new();
        let rows = [heading(&["a", "b"]), heading(&["long", "12"])];
        table(&mut out, &rows).unwrap();
        assert_eq!(out, "a      b\nlong  12\n");
    }
}
