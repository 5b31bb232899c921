//! The synthetic stock: which units there are, of which products and lots. Everything follows from the
//! number of a unit and the seed, in Rust here and in SQL in [`super::fill`] alike.

use serialtrail_gs1::check_digit;

/// Products.
pub(super) const PRODUCTS: u64 = 200;
/// Sites: makers, then wholesalers, then shops.
pub(super) const MAKERS: u64 = 20;
/// Sites that are wholesalers.
pub(super) const WHOLESALERS: u64 = 80;
/// Sites that are shops.
pub(super) const SHOPS: u64 = 300;
/// Countries of the sites, in turn.
pub(super) const COUNTRIES: [&str; 20] = [
    "DE", "FR", "IT", "ES", "PL", "US", "BR", "JP", "IN", "GB", "FI", "GR", "PT", "NL", "BE", "SE",
    "AT", "KE", "ZA", "TR",
];
/// Units of an ordinary lot.
const LOT_UNITS: u64 = 1_000;
/// Most units of the large lot.
const LARGE_LOT: u64 = 1_000_000;
/// Most units of the middle lot.
const MIDDLE_LOT: u64 = 10_000;

/// How many units there are, and how they are divided into lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stock {
    /// Units, numbered from 0.
    pub(super) units: u64,
    /// Units of the large lot: the first.
    pub(super) large: u64,
    /// Units of the middle lot: those after.
    pub(super) middle: u64,
}

/// A lot of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lot {
    pub(super) gtin: String,
    pub(super) lot: String,
    pub(super) units: u64,
}

impl Stock {
    /// A stock of so many units: half of them, a million at most, in one lot; a tenth, 10,000 at most,
    /// in another; the rest in lots of 1,000.
    pub(super) fn of(units: u64) -> Self {
        let whole = |units: u64| units / LOT_UNITS * LOT_UNITS;
        Self {
            units,
            large: whole(units / 2).min(LARGE_LOT),
            middle: whole(units / 10).min(MIDDLE_LOT),
        }
    }

    /// The same where only the first `units` could be filled in.
    pub(super) fn cut(self, units: u64) -> Self {
        Self {
            units,
            large: self.large.min(units),
            middle: self.middle.min(units.saturating_sub(self.large)),
        }
    }

    /// Number of lots.
    pub(super) fn lots(self) -> u64 {
        2 + (self.units - self.large - self.middle).div_ceil(LOT_UNITS)
    }

    /// A lot: 0 is the large one, 1 the middle one.
    pub(super) fn lot(self, number: u64) -> Lot {
        let (product, lot, units) = match number {
            0 => (0, "LARGE".to_owned(), self.large),
            1 => (1, "MIDDLE".to_owned(), self.middle),
            _ => {
                let begins = self.large + self.middle + (number - 2) * LOT_UNITS;
                let units = (self.units - begins).min(LOT_UNITS);
                let product = 2 + (number - 2) % (PRODUCTS - 2);
                (product, format!("L{:06}", number - 2), units)
            }
        };
        Lot {
            gtin: gtin(product),
            lot,
            units,
        }
    }

    /// Key of a unit.
    pub(super) fn unit(self, number: u64) -> String {
        let lot = if number < self.large {
            0
        } else if number < self.large + self.middle {
            1
        } else {
            2 + (number - self.large - self.middle) / LOT_UNITS
        };
        format!("01/{}/21/{}", self.lot(lot).gtin, serial(number))
    }
}

fn serial(unit: u64) -> String {
    format!("{unit:012}")
}

fn with_check_digit(digits: String) -> String {
    let check = check_digit(&digits).unwrap_or('0');
    format!("{digits}{check}")
}

/// GTIN of a product, from 0.
pub(super) fn gtin(product: u64) -> String {
    with_check_digit(format!("09521{product:08}"))
}

/// GLN of a site, from 0.
pub(super) fn gln(site: u64) -> String {
    with_check_digit(format!("9521{site:08}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_gs1::{parse_gln, parse_gtin};

    #[test]
    fn every_unit_is_in_one_lot() {
        for units in [2_000, 10_000, 50_000, 1_000_000] {
            let stock = Stock::of(units);
            let lots = (0..stock.lots()).map(|number| stock.lot(number));
            assert_eq!(lots.map(|lot| lot.units).sum::<u64>(), units, "{units}");
        }
        let stock = Stock::of(1_000_000);
        assert_eq!((stock.large, stock.middle), (500_000, 10_000));
        assert_eq!(Stock::of(10_000_000).large, 1_000_000);
    }

    #[test]
    fn a_stock_cut_short_has_the_lots_that_were_filled() {
        let stock = Stock::of(1_000_000).cut(505_000);
        assert_eq!(
            (stock.large, stock.middle, stock.lots()),
            (500_000, 5_000, 2)
        );
        let stock = Stock::of(1_000_000).cut(510_500);
        assert_eq!((stock.lots(), stock.lot(2).units), (3, 500));
    }

    #[test]
    fn products_and_sites_have_valid_numbers() {
        for product in 0..PRODUCTS {
            assert!(parse_gtin(&gtin(product)).is_ok(), "{}", gtin(product));
        }
        for site in 0..MAKERS + WHOLESALERS + SHOPS {
            assert!(parse_gln(&gln(site)).is_ok(), "{}", gln(site));
        }
    }
}
