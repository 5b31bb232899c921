//! The coding schemes of TDS 2.x, `…+` and `…++`: keys as element strings have
//! them, a hostname, and further AIs behind the EPC (TDS 2.x §14.5, §14.6, §15.3).

use super::alphanumeric::broken;
use super::bits::{BitReader, Bits};
use super::data::{ai_length, methods, read, write};
use super::hostname;
use super::scheme::TagScheme;
use crate::ai;
use crate::element::ElementString;
use crate::epc::{Epc, Parts, UnitKind};
use crate::error::{IdError, IdReason};
use crate::urn::EpcScheme;

/// The AIs of a DSGTIN's date, by their indicator (TDS 2.x §14.5.3).
const DATES: [&str; 7] = ["11", "13", "15", "16", "17", "7006", "7007"];

/// Bits of an SSCC's value behind the EPC, whose header are eight zeros.
const SSCC_BITS: usize = 72;

/// What a tag of TDS 2.x holds. Valid by construction but for what it still
/// needs: a date (DSGTIN) or a hostname (`++`), without which it has no binary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlusTag {
    scheme: TagScheme,
    filter: u8,
    date: Option<(&'static str, String)>,
    key: Vec<(&'static str, String)>,
    hostname: Option<String>,
    data: Vec<(String, String)>,
    /// Boxed because few tags have one, and every tag would be larger by its size.
    remainder: Option<Box<Remainder>>,
}

/// Data behind the EPC that is not read: an AI of which the standard's table F
/// knows nothing, or a reserved header. Nothing after it can be read either.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remainder {
    /// The AI, None for a reserved header.
    pub ai: Option<String>,
    /// All bits from the header on, the header and what follows to the last that is not zero.
    pub bits: Bits,
}

/// The AIs of a scheme's key, in the order of the binary.
fn key_ais(scheme: EpcScheme) -> &'static [&'static str] {
    match scheme {
        EpcScheme::Sgtin => &["01", "21"],
        EpcScheme::Sscc => &["00"],
        EpcScheme::Sgln => &["414", "254"],
        EpcScheme::Grai => &["8003"],
        EpcScheme::Giai => &["8004"],
        EpcScheme::Gsrn => &["8018"],
        EpcScheme::Gsrnp => &["8017"],
        EpcScheme::Gdti => &["253"],
        EpcScheme::Cpi => &["8010", "8011"],
        EpcScheme::Sgcn => &["255"],
        EpcScheme::Itip => &["8006", "21"],
        _ => &[],
    }
}

impl PlusTag {
    /// A tag of a unit.
    ///
    /// # Errors
    /// `unknown_scheme` if the scheme is not of TDS 2.x or not of this unit;
    /// `does_not_fit` for a filter value above 7; `malformed` for a class.
    pub fn new(scheme: TagScheme, filter: u8, epc: &Epc) -> Result<Self, IdError> {
        let (epc_scheme, kind) = (scheme.epc_scheme(), epc.kind());
        let class = epc.is_class()
            && (kind.as_str() == epc_scheme.name()
                || (epc_scheme == EpcScheme::Sgtin
                    && matches!(kind, UnitKind::Gtin | UnitKind::Lgtin)));
        if class {
            return Err(IdError::malformed(format!(
                "{epc}: {scheme} holds units with a serial, not classes"
            )));
        }
        let text = epc.key();
        let fits = scheme.is_plus() && kind.as_str() == epc_scheme.name();
        let Some(parts) = Parts::of(&text).filter(|_| fits) else {
            return Err(IdError::new(
                IdReason::UnknownScheme,
                format!("{scheme} does not hold {epc}"),
            ));
        };
        let qualifier = parts.qualifier.map(|(_, value)| value);
        let values = [Some(parts.value), qualifier].into_iter().flatten();
        let mut key: Vec<(&'static str, String)> = key_ais(epc_scheme)
            .iter()
            .copied()
            .zip(values.map(str::to_owned))
            .collect();
        // A GLN without extension is written with extension 0 (TDS 2.x §6.3.3).
        if parts.ai == "414" && key.len() == 1 {
            key.push(("254", "0".to_owned()));
        }
        Self::checked(scheme, filter, key)
    }

    fn checked(
        scheme: TagScheme,
        filter: u8,
        key: Vec<(&'static str, String)>,
    ) -> Result<Self, IdError> {
        if filter > 7 {
            return Err(IdError::new(
                IdReason::DoesNotFit,
                format!("{scheme}: filter value {filter}, at most 7"),
            ));
        }
        for (ai, value) in &key {
            ai::check_value(ai, value)?;
        }
        Ok(Self {
            scheme,
            filter,
            date: None,
            key,
            hostname: None,
            data: Vec::new(),
            remainder: None,
        })
    }

    /// With the date of a DSGTIN: one of (11), (13), (15), (16), (17), (7006),
    /// (7007), as YYMMDD.
    ///
    /// # Errors
    /// `unknown_ai` for another AI, `bad_date`, or `does_not_fit` if the scheme
    /// has no date.
    pub fn with_date(mut self, ai: &str, date: &str) -> Result<Self, IdError> {
        if !self.scheme.has_date() {
            return Err(does_not_fit(self.scheme, "a date", date));
        }
        let known = DATES
            .into_iter()
            .find(|known| *known == ai)
            .ok_or_else(|| {
                IdError::new(
                    IdReason::UnknownAi,
                    format!("{}: ({ai}) is not one of its dates", self.scheme),
                )
            })?;
        if date.len() != 6 {
            return Err(does_not_fit(self.scheme, "a date other than YYMMDD", date));
        }
        ai::check_value(known, date)?;
        self.date = Some((known, date.to_owned()));
        Ok(self)
    }

    /// With a hostname, for a `++` scheme.
    ///
    /// # Errors
    /// `does_not_fit` if the scheme has none or it is none: 1 to 63 characters.
    pub fn with_hostname(mut self, name: &str) -> Result<Self, IdError> {
        if !self.scheme.has_hostname() || !hostname::is_hostname(name) {
            return Err(does_not_fit(self.scheme, "the hostname", name));
        }
        self.hostname = Some(name.to_owned());
        Ok(self)
    }

    /// With a further AI behind the EPC.
    ///
    /// # Errors
    /// Where the value does not fit its AI; `unknown_ai` for an AI that tags do
    /// not hold (table F); `does_not_fit` for a value its encoding cannot hold, an
    /// AI that is there already, or data after a remainder.
    pub fn with_data(mut self, ai: &str, value: &str) -> Result<Self, IdError> {
        if methods(ai).is_empty() {
            return Err(IdError::new(
                IdReason::UnknownAi,
                format!("({ai}) is not among the AIs that EPC tags hold"),
            ));
        }
        ai::check_value(ai, value)?;
        let zeros = ai == "00" && value.bytes().all(|b| b == b'0');
        if zeros
            || self.remainder.is_some()
            || self.elements().any(|(found, _)| found == ai)
            || !write(methods(ai), value, &mut Bits::default())
        {
            return Err(does_not_fit(self.scheme, &format!("({ai})"), value));
        }
        self.data.push((ai.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// The coding scheme.
    pub fn scheme(&self) -> TagScheme {
        self.scheme
    }

    /// The filter value, 0 to 7.
    pub fn filter(&self) -> u8 {
        self.filter
    }

    /// The hostname of a `++` scheme.
    pub fn hostname(&self) -> Option<&str> {
        self.hostname.as_deref()
    }

    /// The AI and value of a DSGTIN's date.
    pub fn date(&self) -> Option<(&'static str, &str)> {
        self.date.as_ref().map(|(ai, date)| (*ai, date.as_str()))
    }

    /// What could not be read behind the EPC.
    pub fn remainder(&self) -> Option<&Remainder> {
        self.remainder.as_deref()
    }

    /// All AIs and values: the key's, the date, the data behind the EPC.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str)> {
        let no_extension = |(ai, value): &(&str, &str)| (*ai, *value) != ("254", "0");
        self.key
            .iter()
            .map(|(ai, value)| (*ai, value.as_str()))
            .filter(no_extension)
            .chain(self.date.iter().map(|(ai, date)| (*ai, date.as_str())))
            .chain(
                self.data
                    .iter()
                    .map(|(ai, value)| (ai.as_str(), value.as_str())),
            )
    }

    /// The AIs as an element string. Whether they go together (TDS 2.x §15.3) says
    /// [`ElementString::check_associations`]; a tag is read all the same.
    ///
    /// # Errors
    /// `malformed` if an AI is there twice with different values.
    pub fn element_string(&self) -> Result<ElementString, IdError> {
        let mut elements = ElementString::default();
        for (ai, value) in self.elements() {
            elements.push(ai, value)?;
        }
        Ok(elements)
    }

    /// The key of the unit.
    pub fn epc(&self) -> Epc {
        // The key has one or two AIs.
        let (ai, value) = self
            .key
            .first()
            .map_or(("", ""), |(ai, value)| (*ai, value.as_str()));
        Epc::compose(ai, value, |wanted| {
            self.key
                .iter()
                .find_map(|(ai, value)| (*ai == wanted).then_some(value.as_str()))
        })
    }

    /// The bits, not filled up to a word.
    pub(crate) fn encode(&self) -> Result<Bits, IdError> {
        let mut bits = Bits::default();
        bits.push(u64::from(self.scheme.header()), 8);
        let more = !self.data.is_empty() || self.remainder.is_some();
        bits.push(u64::from(more), 1);
        bits.push(u64::from(self.filter), 3);
        if self.scheme.has_date() {
            let (ai, date) = self
                .date()
                .ok_or_else(|| does_not_fit(self.scheme, "a unit without", "date"))?;
            let indicator = DATES.iter().position(|known| *known == ai);
            bits.push(indicator.unwrap_or_default() as u64, 4);
            write(&[super::data::Method::Date], date, &mut bits);
        }
        for (ai, value) in &self.key {
            if !write(methods(ai), value, &mut bits) {
                return Err(does_not_fit(self.scheme, &format!("({ai})"), value));
            }
        }
        if self.scheme.has_hostname() {
            let name = self
                .hostname()
                .ok_or_else(|| does_not_fit(self.scheme, "a unit without", "hostname"))?;
            hostname::write(name, &mut bits);
        }
        for (ai, value) in &self.data {
            for digit in ai.bytes() {
                bits.push(u64::from(digit - b'0'), 4);
            }
            if !write(methods(ai), value, &mut bits) {
                return Err(does_not_fit(self.scheme, &format!("({ai})"), value));
            }
        }
        if let Some(remainder) = &self.remainder {
            bits.extend(&remainder.bits);
        }
        Ok(bits)
    }

    /// Reads all bits behind the header.
    pub(crate) fn decode(scheme: TagScheme, reader: &mut BitReader<'_>) -> Result<Self, IdError> {
        let more = reader.read(1)? == 1;
        // Three bits.
        let filter = reader.read(3)? as u8;
        let date = if scheme.has_date() {
            let indicator = reader.read(4)?;
            let ai = DATES
                .get(indicator as usize)
                .ok_or_else(|| broken(format!("date indicator {indicator} is reserved")))?;
            Some((*ai, read(&[super::data::Method::Date], reader)?))
        } else {
            None
        };
        let mut key = Vec::with_capacity(2);
        for ai in key_ais(scheme.epc_scheme()) {
            key.push((*ai, read(methods(ai), reader)?));
        }
        if let Some((ai, _)) = key.first()
            && is_class(ai, &key)
        {
            return Err(broken(format!("({ai}) without serial")));
        }
        let mut tag = Self::checked(scheme, filter, key)?;
        if let Some((ai, date)) = date {
            tag = tag.with_date(ai, &date)?;
        }
        if scheme.has_hostname() {
            tag.hostname = Some(hostname::read(reader)?);
        }
        if !more {
            return Ok(tag);
        }
        while !reader.rest_is_zero() && reader.remaining() >= 8 {
            tag = tag.read_data(reader)?;
        }
        if tag.data.is_empty() && tag.remainder.is_none() {
            return Err(broken(
                "data is said to follow the EPC, and none does".to_owned(),
            ));
        }
        Ok(tag)
    }

    /// Reads one AI behind the EPC, or all that is left as a remainder.
    fn read_data(mut self, reader: &mut BitReader<'_>) -> Result<Self, IdError> {
        let start = reader.clone();
        let (first, second) = (reader.read(4)? as u8, reader.read(4)? as u8);
        let ai = match ai_length(first, second) {
            Some(length) => {
                let mut ai = format!("{first}{second}");
                for _ in 2..length {
                    ai.push_str(&format!("{:X}", reader.read(4)?));
                }
                Some(ai).filter(|ai| ai.bytes().all(|b| b.is_ascii_digit()))
            }
            None => None,
        };
        let Some(known) = ai.as_deref().filter(|ai| !methods(ai).is_empty()) else {
            let header = start.remaining() - reader.remaining();
            *reader = start;
            let mut bits = reader.rest();
            bits.trim_zeros();
            bits.fill_to(header);
            self.remainder = Some(Box::new(Remainder { ai, bits }));
            return Ok(self);
        };
        // Eight zeros are an SSCC only if one can follow (TDS 2.x §15.3).
        if known == "00" && reader.remaining() < SSCC_BITS {
            return Err(broken("bits follow that are no SSCC".to_owned()));
        }
        let value = read(methods(known), reader)?;
        self.with_data(known, &value)
    }
}

/// Whether a key whose serial is part of it has none.
fn is_class(ai: &str, key: &[(&'static str, String)]) -> bool {
    let least = match ai {
        "8003" => 15,
        "253" | "255" => 14,
        _ => 1,
    };
    key.iter().any(|(_, value)| value.is_empty())
        || key.first().is_none_or(|(_, value)| value.len() < least)
}

fn does_not_fit(scheme: TagScheme, what: &str, value: &str) -> IdError {
    IdError::new(
        IdReason::DoesNotFit,
        format!("{scheme} cannot hold {what} {}", IdError::quote(value)),
    )
}
