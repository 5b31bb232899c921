//! EPC URNs: pure identity `urn:epc:id:…`, class `urn:epc:class:lgtin:…` and
//! pattern `urn:epc:idpat:…` (GS1 EPC Tag Data Standard 2.x §6, §8).

use percent_encoding::percent_decode_str;

use crate::ai;
use crate::check::{check_digit, is_set_82};
use crate::epc::Epc;
use crate::error::{IdError, IdReason};

/// Whether the text is an EPC URN; `urn` and `epc` are case-insensitive (RFC 8141 §3.1).
pub(crate) fn is_epc(text: &str) -> bool {
    text.get(..8)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("urn:epc:"))
}

/// Reads an EPC URN (which [`is_epc`] has recognised).
pub(crate) fn parse(text: &str) -> Result<Epc, IdError> {
    let body = text.get(8..).unwrap_or_default();
    let mut pieces = body.splitn(3, ':');
    let (form, scheme, components) = (
        pieces.next().unwrap_or_default(),
        pieces.next().unwrap_or_default(),
        pieces.next().unwrap_or_default(),
    );
    let urn = Urn {
        text,
        scheme,
        components,
    };
    match (form, scheme) {
        ("id", _) => urn.identity(),
        ("class", "lgtin") => urn.identity(),
        ("idpat", _) => urn.pattern(),
        _ => Err(urn.unknown()),
    }
}

struct Urn<'a> {
    text: &'a str,
    scheme: &'a str,
    components: &'a str,
}

/// How the digits of company prefix and reference make the number of a key.
#[derive(Clone, Copy)]
enum Number {
    /// The reference's first digit goes before the company prefix (GTIN, SSCC).
    Leading,
    /// Company prefix, then reference.
    Plain,
}

/// A scheme whose key is digits with a check digit.
struct Numeric {
    ai: &'static str,
    /// Digits of company prefix and reference together.
    digits: usize,
    number: Number,
    /// Further components after the reference.
    further: usize,
    qualifier: Option<&'static str>,
}

fn numeric(scheme: &str) -> Option<Numeric> {
    let row = |ai, digits, number, further, qualifier| Numeric {
        ai,
        digits,
        number,
        further,
        qualifier,
    };
    Some(match scheme {
        "sgtin" => row("01", 13, Number::Leading, 1, Some("21")),
        "lgtin" => row("01", 13, Number::Leading, 1, Some("10")),
        "upui" => row("01", 13, Number::Leading, 1, Some("235")),
        "itip" => row("8006", 13, Number::Leading, 3, Some("21")),
        "sscc" => row("00", 17, Number::Leading, 0, None),
        "sgln" => row("414", 12, Number::Plain, 1, Some("254")),
        "pgln" => row("417", 12, Number::Plain, 0, None),
        "grai" => row("8003", 12, Number::Plain, 1, None),
        "gdti" => row("253", 12, Number::Plain, 1, None),
        "sgcn" => row("255", 12, Number::Plain, 1, None),
        "gsrn" => row("8018", 17, Number::Plain, 0, None),
        "gsrnp" => row("8017", 17, Number::Plain, 0, None),
        "gsin" => row("402", 16, Number::Plain, 0, None),
        _ => return None,
    })
}

impl<'a> Urn<'a> {
    fn identity(&self) -> Result<Epc, IdError> {
        if let Some(scheme) = numeric(self.scheme) {
            return self.numeric(&scheme, false);
        }
        match self.scheme {
            "giai" | "ginc" => {
                let (prefix, reference) = self.split_once()?;
                self.company_prefix(prefix)?;
                let value = format!("{prefix}{}", self.decode(reference)?);
                let ai = if self.scheme == "giai" { "8004" } else { "401" };
                ai::check_value(ai, &value).map_err(|e| self.place(e))?;
                Ok(Epc::compose(ai, &value, |_| None))
            }
            "cpi" => self.component_part(false),
            // Identifiers without a GS1 key stay themselves (TDS 2.x §6.3.15 and after).
            "gid" => self.other(3, true),
            "usdod" => self.other(2, false),
            "adi" => self.other(3, false),
            "bic" | "imovn" => self.other(1, false),
            _ => Err(self.unknown()),
        }
    }

    /// A pattern with `*` as the last component is a class; with no `*` it is
    /// the identity; a coarser one (`prefix.*.*`) stays itself (TDS 2.x §8).
    fn pattern(&self) -> Result<Epc, IdError> {
        if !self.components.contains('*') {
            return self.identity();
        }
        let stars = self.components.split('.').filter(|c| *c == "*").count();
        let scheme = numeric(self.scheme);
        if stars == 1 && self.components.ends_with(".*") {
            match scheme {
                Some(scheme) if scheme.further >= 1 => return self.numeric(&scheme, true),
                None if self.scheme == "cpi" => return self.component_part(true),
                _ => {}
            }
        }
        let known = scheme.is_some()
            || matches!(
                self.scheme,
                "giai" | "ginc" | "cpi" | "gid" | "usdod" | "adi" | "bic" | "imovn"
            );
        if !known {
            return Err(self.unknown());
        }
        // Once a component is open, all after it are.
        let mut open = false;
        for component in self.components.split('.') {
            if component.is_empty() || (open && component != "*") {
                return Err(self.malformed("a pattern may be open only at its end"));
            }
            open |= component == "*";
        }
        crate::parse::private_uri(self.text)
    }

    fn numeric(&self, scheme: &Numeric, class: bool) -> Result<Epc, IdError> {
        let components: Vec<&str> = self.components.splitn(2 + scheme.further, '.').collect();
        let [prefix, reference, further @ ..] = components.as_slice() else {
            return Err(
                self.malformed("company prefix and reference are expected, with a dot between")
            );
        };
        if further.len() != scheme.further {
            return Err(self.malformed(&format!("{} components are expected", 2 + scheme.further)));
        }
        self.company_prefix(prefix)?;
        self.digits("reference", reference)?;
        if prefix.len() + reference.len() != scheme.digits {
            return Err(self.error(
                IdReason::BadLength,
                &format!(
                    "company prefix and reference have {} digits together, expected {}",
                    prefix.len() + reference.len(),
                    scheme.digits
                ),
            ));
        }
        let mut number = String::with_capacity(20);
        match scheme.number {
            Number::Leading => {
                // The prefix has at most 12 digits, so the reference has at least one.
                let (first, rest) = reference.split_at_checked(1).unwrap_or_default();
                number.extend([first, prefix, rest]);
            }
            Number::Plain => number.extend([*prefix, *reference]),
        }
        if let Some(digit) = check_digit(&number) {
            number.push(digit);
        }
        if scheme.ai == "8003" {
            number.insert(0, '0');
        }
        let mut serial = None;
        match further {
            [] => {}
            [piece, total, last] => {
                for part in [piece, total] {
                    self.digits("piece or total", part)?;
                }
                number.extend([*piece, *total]);
                serial = Some(*last);
            }
            [.., last] => serial = Some(*last),
        }
        let serial = match serial {
            Some(_) if class => None,
            Some(serial) => Some(self.decode(serial)?),
            None => None,
        };
        match (scheme.qualifier, &serial) {
            (Some(ai), Some(serial)) => ai::check_value(ai, serial).map_err(|e| self.place(e))?,
            (None, Some(serial)) if serial.is_empty() => {
                return Err(self.error(IdReason::BadLength, "the serial is empty"));
            }
            (None, Some(serial)) => number.push_str(serial),
            (_, None) => {}
        }
        ai::check_value(scheme.ai, &number).map_err(|e| self.place(e))?;
        Ok(Epc::compose(scheme.ai, &number, |ai| {
            (Some(ai) == scheme.qualifier)
                .then_some(serial.as_deref())
                .flatten()
        }))
    }

    fn component_part(&self, class: bool) -> Result<Epc, IdError> {
        let mut components = self.components.splitn(3, '.');
        let (Some(prefix), Some(part), Some(serial)) =
            (components.next(), components.next(), components.next())
        else {
            return Err(self.malformed("three components are expected"));
        };
        self.company_prefix(prefix)?;
        let value = format!("{prefix}{}", self.decode(part)?);
        ai::check_value("8010", &value).map_err(|e| self.place(e))?;
        if !class {
            ai::check_value("8011", serial).map_err(|e| self.place(e))?;
        }
        Ok(Epc::compose("8010", &value, |ai| {
            (ai == "8011" && !class).then_some(serial)
        }))
    }

    fn other(&self, components: usize, digits: bool) -> Result<Epc, IdError> {
        let found: Vec<&str> = self.components.splitn(components, '.').collect();
        if found.len() != components || found.iter().any(|c| c.is_empty()) {
            return Err(self.malformed(&format!("{components} components are expected")));
        }
        if digits {
            for component in found {
                self.digits("component", component)?;
            }
        }
        crate::parse::private_uri(&format!("urn:epc:{}", &self.text[8..]))
    }

    fn split_once(&self) -> Result<(&'a str, &'a str), IdError> {
        self.components.split_once('.').ok_or_else(|| {
            self.malformed("company prefix and reference are expected, with a dot between")
        })
    }

    /// A GS1 company prefix has 6 to 12 digits (TDS 2.x §6.3).
    fn company_prefix(&self, prefix: &str) -> Result<(), IdError> {
        self.digits("company prefix", prefix)?;
        if (6..=12).contains(&prefix.len()) {
            return Ok(());
        }
        Err(self.error(
            IdReason::BadLength,
            &format!(
                "the company prefix has {} digits, expected 6 to 12",
                prefix.len()
            ),
        ))
    }

    fn digits(&self, what: &str, component: &str) -> Result<(), IdError> {
        if component.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(());
        }
        Err(self.error(
            IdReason::BadCharacter,
            &format!("{what} {} must be digits", IdError::quote(component)),
        ))
    }

    /// A component as characters: seven of set 82 appear only escaped (TDS 2.x
    /// §6.2, table A-1), everything else as itself or escaped.
    fn decode(&self, component: &str) -> Result<String, IdError> {
        let bytes = component.as_bytes();
        for (at, b) in bytes.iter().enumerate() {
            let ok = match b {
                b'%' => bytes
                    .get(at + 1..at + 3)
                    .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
                b'"' | b'&' | b'/' | b'<' | b'>' | b'?' => false,
                b => is_set_82(*b),
            };
            if !ok {
                return Err(self.error(
                    IdReason::BadCharacter,
                    &format!(
                        "character {} of {} is not allowed there, or must be percent-encoded",
                        at + 1,
                        IdError::quote(component)
                    ),
                ));
            }
        }
        percent_decode_str(component)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| self.error(IdReason::BadCharacter, "the escapes are not UTF-8"))
    }

    fn error(&self, reason: IdReason, what: &str) -> IdError {
        IdError::new(reason, format!("{}: {what}", IdError::quote(self.text)))
    }

    fn malformed(&self, what: &str) -> IdError {
        self.error(IdReason::Malformed, what)
    }

    fn unknown(&self) -> IdError {
        self.error(
            IdReason::UnknownScheme,
            "no EPC identity scheme has this name",
        )
    }

    /// A finding about a value, with the URN it stands in.
    fn place(&self, e: IdError) -> IdError {
        IdError::new(
            e.reason,
            format!("{}: {}", IdError::quote(self.text), e.message),
        )
    }
}
