//! North American coupons: the coupon code (8110) and the positive offer file
//! (8112). Both are digits; a field of variable length follows a digit that
//! says how long it is (GS1 US, North American Coupon Application Guideline).

use super::time::yymmdd;
use super::{LintError, digits};
use crate::error::IdReason;

const CLAUSE: &str = "North American Coupon Application Guideline";

/// Codes of the faults one purchase of a coupon can have.
struct Purchase {
    missing_length: &'static str,
    invalid_length: &'static str,
    truncated: &'static str,
    missing_code: &'static str,
    invalid_code: &'static str,
    truncated_family: &'static str,
    /// Missing length, invalid length, truncated: of the company prefix that
    /// follows a second and third purchase.
    prefix: Option<[&'static str; 3]>,
}

const FIRST: Purchase = Purchase {
    missing_length: "coupon_missing_1st_purchase_requirement_vli",
    invalid_length: "coupon_invalid_1st_purchase_requirement_length",
    truncated: "coupon_truncated_1st_purchase_requirement",
    missing_code: "coupon_missing_1st_purchase_requirement_code",
    invalid_code: "coupon_invalid_1st_purchase_requirement_code",
    truncated_family: "coupon_truncated_1st_purchase_family_code",
    prefix: None,
};

const SECOND: Purchase = Purchase {
    missing_length: "coupon_missing_2nd_purchase_requirement_vli",
    invalid_length: "coupon_invalid_2nd_purchase_requirement_length",
    truncated: "coupon_truncated_2nd_purchase_requirement",
    missing_code: "coupon_missing_2nd_purchase_requirement_code",
    invalid_code: "coupon_invalid_2nd_purchase_requirement_code",
    truncated_family: "coupon_truncated_2nd_purchase_family_code",
    prefix: Some([
        "coupon_missing_2nd_purchase_gcp_vli",
        "coupon_invalid_2nd_purchase_gcp_length",
        "coupon_truncated_2nd_purchase_gcp",
    ]),
};

const THIRD: Purchase = Purchase {
    missing_length: "coupon_missing_3rd_purchase_requirement_vli",
    invalid_length: "coupon_invalid_3rd_purchase_requirement_length",
    truncated: "coupon_truncated_3rd_purchase_requirement",
    missing_code: "coupon_missing_3rd_purchase_requirement_code",
    invalid_code: "coupon_invalid_3rd_purchase_requirement_code",
    truncated_family: "coupon_truncated_3rd_purchase_family_code",
    prefix: Some([
        "coupon_missing_3rd_purchase_gcp_vli",
        "coupon_invalid_3rd_purchase_gcp_length",
        "coupon_truncated_3rd_purchase_gcp",
    ]),
};

/// A North American coupon code (8110).
pub fn couponcode(part: &str) -> Result<(), LintError> {
    let mut rest = Rest::new(part)?;
    rest.counted(
        "0123456",
        6,
        "coupon_missing_gcp_vli",
        "coupon_invalid_gcp_length",
        "coupon_truncated_gcp",
    )?;
    rest.take(6, "coupon_truncated_offer_code")?;
    rest.counted(
        "12345",
        0,
        "coupon_missing_save_value_vli",
        "coupon_invalid_save_value_length",
        "coupon_truncated_save_value",
    )?;
    rest.purchase(&FIRST)?;
    if rest.field('1') {
        rest.digit(
            "0123",
            "coupon_missing_additional_purchase_rules_code",
            "coupon_invalid_additional_purchase_rules_code",
        )?;
        rest.purchase(&SECOND)?;
    }
    if rest.field('2') {
        rest.purchase(&THIRD)?;
    }
    rest.dates()?;
    if rest.field('5') {
        rest.serial()?;
    }
    if rest.field('6') {
        rest.counted(
            "1234567",
            6,
            "coupon_missing_retailer_gcp_or_gln_vli",
            "coupon_invalid_retailer_gcp_or_gln_length",
            "coupon_truncated_retailer_gcp_or_gln",
        )?;
    }
    if rest.field('9') {
        rest.miscellaneous()?;
    }
    rest.end()
}

/// A coupon of a positive offer file (8112).
pub fn couponposoffer(part: &str) -> Result<(), LintError> {
    let mut rest = Rest::new(part)?;
    rest.digit(
        "01",
        "coupon_missing_format_code",
        "coupon_invalid_format_code",
    )?;
    rest.counted(
        "0123456",
        6,
        "coupon_missing_funder_vli",
        "coupon_invalid_funder_length",
        "coupon_truncated_funder",
    )?;
    rest.take(6, "coupon_truncated_offer_code")?;
    rest.serial()?;
    rest.end()
}

/// What is still to be read of a coupon. All digits.
struct Rest<'a> {
    whole: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn new(whole: &'a str) -> Result<Self, LintError> {
        digits(whole, CLAUSE)?;
        Ok(Self { whole, at: 0 })
    }

    fn fault(&self, reason: IdReason, code: &'static str) -> LintError {
        LintError::whole(reason, code, CLAUSE, self.whole)
    }

    /// Whether the optional field of this number begins here.
    fn field(&mut self, number: char) -> bool {
        let found = self.whole[self.at..].starts_with(number);
        self.at += usize::from(found);
        found
    }

    /// One digit, one of those allowed.
    fn digit(
        &mut self,
        allowed: &str,
        missing: &'static str,
        invalid: &'static str,
    ) -> Result<usize, LintError> {
        let Some(digit) = self.whole[self.at..].chars().next() else {
            return Err(self.fault(IdReason::BadLength, missing));
        };
        if !allowed.contains(digit) {
            return Err(self.fault(IdReason::BadValue, invalid).within(self.at, 1));
        }
        self.at += 1;
        Ok(digit as usize - '0' as usize)
    }

    /// So many digits.
    fn take(&mut self, count: usize, truncated: &'static str) -> Result<&'a str, LintError> {
        let rest = &self.whole[self.at..];
        match rest.get(..count) {
            Some(found) => {
                self.at += count;
                Ok(found)
            }
            None if rest.is_empty() => Err(self.fault(IdReason::BadLength, truncated)),
            None => {
                let fault = self.fault(IdReason::BadLength, truncated);
                Err(fault.within(self.at, rest.len()))
            }
        }
    }

    /// A field behind the digit that says its length, less `add`.
    fn counted(
        &mut self,
        allowed: &str,
        add: usize,
        missing: &'static str,
        invalid: &'static str,
        truncated: &'static str,
    ) -> Result<(), LintError> {
        let length = self.digit(allowed, missing, invalid)? + add;
        self.take(length, truncated).map(drop)
    }

    /// Requirement, its code, the product family, and the company prefix: 6 to
    /// 12 digits after 0 to 6, none after 9.
    fn purchase(&mut self, codes: &Purchase) -> Result<(), LintError> {
        let (missing, invalid) = (codes.missing_length, codes.invalid_length);
        self.counted("12345", 0, missing, invalid, codes.truncated)?;
        self.digit("012349", codes.missing_code, codes.invalid_code)?;
        self.take(3, codes.truncated_family)?;
        if let Some([missing, invalid, truncated]) = codes.prefix {
            let length = self.digit("01234569", missing, invalid)?;
            if length < 9 {
                self.take(length + 6, truncated)?;
            }
        }
        Ok(())
    }

    /// Expiration and start, the fields 3 and 4; it does not expire before it starts.
    fn dates(&mut self) -> Result<(), LintError> {
        let mut expiration = None;
        if self.field('3') {
            expiration = Some(self.date(
                "coupon_too_short_for_expiration_date",
                "coupon_invalid_expiration_date",
            )?);
        }
        if self.field('4') {
            let start = self.date(
                "coupon_too_short_for_start_date",
                "coupon_invalid_start_date",
            )?;
            if expiration.is_some_and(|expiration| start > expiration) {
                // Both fields, each its number and six digits.
                let fault = self.fault(IdReason::BadDate, "coupon_expiration_before_start");
                return Err(fault.within(self.at - 14, 14));
            }
        }
        Ok(())
    }

    fn date(&mut self, short: &'static str, invalid: &'static str) -> Result<&'a str, LintError> {
        let from = self.at;
        let date = self.take(6, short)?;
        match yymmdd(date) {
            Ok(()) => Ok(date),
            Err(_) => Err(self.fault(IdReason::BadDate, invalid).within(from, 6)),
        }
    }

    fn serial(&mut self) -> Result<(), LintError> {
        let missing = "coupon_missing_serial_number_vli";
        let truncated = "coupon_truncated_serial_number";
        self.counted("0123456789", 6, missing, missing, truncated)
    }

    /// The field 9: what the save value is, what it applies to, two flags.
    fn miscellaneous(&mut self) -> Result<(), LintError> {
        self.digit(
            "01256",
            "coupon_missing_save_value_code",
            "coupon_invalid_save_value_code",
        )?;
        self.digit(
            "012",
            "coupon_missing_save_value_applies_to_item",
            "coupon_invalid_save_value_applies_to_item",
        )?;
        let store = "coupon_missing_store_coupon_flag";
        self.digit("0123456789", store, store)?;
        self.digit(
            "01",
            "coupon_missing_dont_multiply_flag",
            "coupon_invalid_dont_multiply_flag",
        )?;
        Ok(())
    }

    fn end(&self) -> Result<(), LintError> {
        match self.whole.len() - self.at {
            0 => Ok(()),
            rest => Err(self
                .fault(IdReason::BadLength, "coupon_excess_data")
                .within(self.at, rest)),
        }
    }
}
