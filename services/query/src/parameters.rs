//! What a request says in its query string, as values. What is unknown, given twice or empty is
//! refused: a filter that was misspelt must not answer with everything.

use crate::cursor::{Cursor, Listing};
use crate::problem::Problem;
use crate::time;
use axum::extract::Query;
use axum::http::Uri;
use serialtrail_gs1::{Epc, parse_gln, parse_gtin, parse_identifier, place_gln};

/// Most rows on a page.
pub const LARGEST_PAGE: u16 = 1000;

/// The parameters of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query string; only `allowed` names may be in it.
    ///
    /// # Errors
    /// 400: a name is not allowed or there twice, a value is empty.
    pub fn read(uri: &Uri, allowed: &[&str]) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| Problem::parameter("?", error.body_text()))?;
        for (at, (name, value)) in pairs.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                return Err(Problem::parameter(
                    name,
                    format!(
                        "there is no parameter {name:?} here; there are: {}",
                        allowed.join(", ")
                    ),
                ));
            }
            if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::parameter(name, format!("{name} is given twice")));
            }
            if value.is_empty() {
                return Err(Problem::parameter(
                    name,
                    format!("{name} is empty: give a value or leave it out"),
                ));
            }
        }
        Ok(Self(pairs))
    }

    /// A value as given.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find_map(|(found, value)| (found == name).then_some(value.as_str()))
    }

    fn read_as<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        read(text)
            .map(Some)
            .ok_or_else(|| Problem::parameter(name, format!("{name}={text}: expected {expected}")))
    }

    /// Rows wanted, 1 to [`LARGEST_PAGE`].
    ///
    /// # Errors
    /// 400: no such number.
    pub fn limit(&self) -> Result<Option<u16>, Problem> {
        self.read_as(
            "limit",
            &format!("a number from 1 to {LARGEST_PAGE}"),
            |text| {
                text.parse()
                    .ok()
                    .filter(|limit| (1..=LARGEST_PAGE).contains(limit))
            },
        )
    }

    /// Where the page before ended.
    ///
    /// # Errors
    /// 400: not a cursor of this listing.
    pub fn cursor(&self, listing: Listing) -> Result<Option<Cursor>, Problem> {
        self.read_as(
            "cursor",
            "the value of `next` of an earlier answer of this resource",
            |text| Cursor::decode(listing, text),
        )
    }

    /// A time, microseconds UTC.
    ///
    /// # Errors
    /// 400: not a time with zone, nor a date.
    pub fn time(&self, name: &str) -> Result<Option<i64>, Problem> {
        let expected = "a time with its zone such as 2026-03-01T09:30:00Z, or a date (midnight UTC), \
                        of the years 1900 to 2299";
        self.read_as(name, expected, time::parse)
    }

    /// A value under one of two names that mean the same, with the name it was given under.
    fn either<'n>(
        &self,
        name: &'n str,
        other: &'n str,
    ) -> Result<Option<(&'n str, &str)>, Problem> {
        match (self.text(name), self.text(other)) {
            (Some(_), Some(_)) => {
                let detail = format!("{name} and {other} are the same: give one");
                Err(Problem::parameter(other, detail))
            }
            (Some(text), None) => Ok(Some((name, text))),
            (None, Some(text)) => Ok(Some((other, text))),
            (None, None) => Ok(None),
        }
    }

    /// A unit in any spelling, under one of two names.
    ///
    /// # Errors
    /// 400: malformed, or both names are used.
    pub fn unit(&self, name: &str, other: &str) -> Result<Option<Epc>, Problem> {
        let Some((name, text)) = self.either(name, other)? else {
            return Ok(None);
        };
        parse_identifier(text)
            .map(Some)
            .map_err(|error| Problem::identifier(name, &error))
    }

    /// A product: GTIN-8, -12, -13 or -14, or any identifier that holds one.
    ///
    /// # Errors
    /// 400: malformed, or both names are used.
    pub fn product(&self, name: &str, other: &str) -> Result<Option<String>, Problem> {
        let Some((name, text)) = self.either(name, other)? else {
            return Ok(None);
        };
        let refused = |error| Problem::identifier(name, &error);
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return parse_gtin(text).map(Some).map_err(refused);
        }
        let key = parse_identifier(text).map_err(refused)?;
        match key.gtin() {
            Some(gtin) => Ok(Some(gtin.into())),
            None => Err(Problem::parameter(name, format!("{key} holds no GTIN"))),
        }
    }

    /// A place, as its GLN: 13 digits, SGLN URN, Digital Link or key.
    ///
    /// # Errors
    /// 400: no place.
    pub fn place(&self, name: &str) -> Result<Option<String>, Problem> {
        self.read_as(
            name,
            "a GLN of 13 digits, an SGLN URN or a 414 Digital Link",
            |text| parse_gln(text).ok().or_else(|| place_gln(text)),
        )
    }

    /// A country, as two capital letters (ISO 3166-1 alpha-2).
    ///
    /// # Errors
    /// 400: not two letters.
    pub fn country(&self, name: &str) -> Result<Option<String>, Problem> {
        self.read_as(name, "two letters (ISO 3166-1 alpha-2)", |text| {
            let letters = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
            letters.then(|| text.to_ascii_uppercase())
        })
    }

    /// One or more of `known`, joined by commas, in any case.
    ///
    /// # Errors
    /// 400: a word is not known.
    pub fn words(&self, name: &str, known: &[&str]) -> Result<Option<Vec<String>>, Problem> {
        self.read_as(
            name,
            &format!("one or more of {}", known.join(", ")),
            |text| {
                let known = |word: &str| {
                    known
                        .iter()
                        .find(|known| known.eq_ignore_ascii_case(word.trim()))
                };
                text.split(',')
                    .map(|word| known(word).map(|known| (*known).to_owned()))
                    .collect()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &[&str] = &[
        "limit", "cursor", "since", "unit", "epc", "gtin", "product", "site", "country", "rule",
    ];

    fn read(query: &str) -> Result<Parameters, Problem> {
        Parameters::read(&format!("/x?{query}").parse().unwrap(), ALLOWED)
    }

    fn ok(query: &str) -> Parameters {
        read(query).unwrap()
    }

    #[test]
    fn what_is_unknown_twice_or_empty_is_refused_by_name() {
        for (query, parameter) in [
            ("rulle=X", "rulle"),
            ("rule=A&rule=B", "rule"),
            ("rule=", "rule"),
        ] {
            let problem = read(query).unwrap_err();
            assert_eq!(problem.parameter.as_deref(), Some(parameter), "{query}");
            assert_eq!(problem.status.as_u16(), 400);
        }
        assert!(read("").is_ok());
    }

    #[test]
    fn a_limit_is_from_one_to_a_thousand() {
        for (text, expected) in [
            ("1", Some(1)),
            ("1000", Some(1000)),
            ("0", None),
            ("1001", None),
            ("1000000000", None),
            ("-1", None),
            ("ten", None),
            ("1.5", None),
        ] {
            let limit = ok(&format!("limit={text}")).limit();
            assert_eq!(limit.clone().ok().flatten(), expected, "{text}");
            assert_eq!(limit.is_err(), expected.is_none());
        }
        assert_eq!(ok("").limit(), Ok(None));
    }

    #[test]
    fn a_unit_is_one_key_in_any_spelling_and_under_either_name() {
        let key = "01/09521234543213/21/A%2FB";
        let spellings = [
            "unit=https%3A%2F%2Fid.gs1.org%2F01%2F09521234543213%2F21%2FA%25252FB",
            "epc=urn%3Aepc%3Aid%3Asgtin%3A9521234.054321.A%25252FB",
            "epc=01%2F09521234543213%2F21%2FA%252FB",
            "unit=(01)09521234543213(21)A%252FB",
        ];
        for spelling in spellings {
            let unit = ok(spelling).unit("unit", "epc").unwrap().unwrap();
            assert_eq!(unit.key(), key, "{spelling}");
        }
        assert!(
            ok("unit=00%2F095212345678901234&epc=x%3Ay")
                .unit("unit", "epc")
                .is_err()
        );
        let refused = ok("unit=4012345999990").unit("unit", "epc").unwrap_err();
        assert_eq!(refused.reason, "malformed");
    }

    #[test]
    fn a_product_is_a_gtin_of_any_length_or_what_holds_one() {
        let gtin = Ok(Some("09521234543213".to_owned()));
        for given in [
            "product=09521234543213",
            "gtin=9521234543213",
            "gtin=(01)09521234543213",
            "product=urn%3Aepc%3Aid%3Asgtin%3A9521234.054321.X",
        ] {
            assert_eq!(ok(given).product("product", "gtin"), gtin, "{given}");
        }
        for refused in [
            "gtin=9521234543210",
            "gtin=12",
            "product=414%2F9521234000013",
        ] {
            assert!(ok(refused).product("product", "gtin").is_err(), "{refused}");
        }
    }

    #[test]
    fn places_countries_and_words_are_held_to_what_exists() {
        assert_eq!(
            ok("site=9521234000013").place("site").unwrap().unwrap(),
            "9521234000013"
        );
        assert_eq!(
            ok("site=414%2F9521234000013")
                .place("site")
                .unwrap()
                .unwrap(),
            "9521234000013"
        );
        assert!(ok("site=Berlin").place("site").is_err());
        assert_eq!(ok("country=de").country("country").unwrap().unwrap(), "DE");
        assert!(ok("country=Germany").country("country").is_err());
        let known = ["A_B", "C"];
        assert_eq!(
            ok("rule=a_b,C").words("rule", &known).unwrap().unwrap(),
            ["A_B", "C"]
        );
        assert!(ok("rule=A_B,D").words("rule", &known).is_err());
    }
}
