//! A GS1 key as an inline value: digits as a number, the rest as characters.
//!
//! A key text has one packed form at most, so that equal keys are equal bytes.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::kind::UnitKind;
use super::text::{Buffer, KeyText, Parts};

/// Room for the longest run of characters: GIAI, GINC and CPI have 30, a TPX 28.
pub(super) const CHARS: usize = 30;

/// What a key text is made of besides its digits and characters, in the order
/// of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Form {
    Sscc,
    Gtin,
    Lgtin,
    Sgtin,
    Upui,
    Gdti,
    Sgcn,
    Ginc,
    Gsin,
    Sgln,
    SglnExtended,
    InvoicingParty,
    PaymentSlip,
    Pgln,
    Grai,
    Giai,
    ItipClass,
    ItipLot,
    Itip,
    CpiClass,
    Cpi,
    ModelNumber,
    Gsrnp,
    Gsrn,
}

impl Form {
    pub(super) fn of(ai: &str, qualifier: Option<&str>) -> Option<Self> {
        Some(match (ai, qualifier) {
            ("00", None) => Self::Sscc,
            ("01", None) => Self::Gtin,
            ("01", Some("10")) => Self::Lgtin,
            ("01", Some("21")) => Self::Sgtin,
            ("01", Some("235")) => Self::Upui,
            ("253", None) => Self::Gdti,
            ("255", None) => Self::Sgcn,
            ("401", None) => Self::Ginc,
            ("402", None) => Self::Gsin,
            ("414", None) => Self::Sgln,
            ("414", Some("254")) => Self::SglnExtended,
            ("415", None) => Self::InvoicingParty,
            ("415", Some("8020")) => Self::PaymentSlip,
            ("417", None) => Self::Pgln,
            ("8003", None) => Self::Grai,
            ("8004", None) => Self::Giai,
            ("8006", None) => Self::ItipClass,
            ("8006", Some("10")) => Self::ItipLot,
            ("8006", Some("21")) => Self::Itip,
            ("8010", None) => Self::CpiClass,
            ("8010", Some("8011")) => Self::Cpi,
            ("8013", None) => Self::ModelNumber,
            ("8017", None) => Self::Gsrnp,
            ("8018", None) => Self::Gsrn,
            _ => return None,
        })
    }

    /// The AI with its slash, and how many digits its value begins with.
    fn start(self) -> (&'static str, usize) {
        match self {
            Self::Sscc => ("00/", 18),
            Self::Gtin | Self::Lgtin | Self::Sgtin | Self::Upui => ("01/", 14),
            Self::Gdti => ("253/", 13),
            Self::Sgcn => ("255/", 13),
            Self::Ginc => ("401/", 0),
            Self::Gsin => ("402/", 17),
            Self::Sgln | Self::SglnExtended => ("414/", 13),
            Self::InvoicingParty | Self::PaymentSlip => ("415/", 13),
            Self::Pgln => ("417/", 13),
            Self::Grai => ("8003/", 14),
            Self::Giai => ("8004/", 0),
            Self::ItipClass | Self::ItipLot | Self::Itip => ("8006/", 18),
            Self::CpiClass | Self::Cpi => ("8010/", 0),
            Self::ModelNumber => ("8013/", 0),
            Self::Gsrnp => ("8017/", 18),
            Self::Gsrn => ("8018/", 18),
        }
    }

    /// How many digits its value begins with.
    pub(super) fn digits(self) -> usize {
        self.start().1
    }

    /// What stands between value and qualifier.
    fn middle(self) -> &'static str {
        match self {
            Self::Lgtin | Self::ItipLot => "/10/",
            Self::Sgtin | Self::Itip => "/21/",
            Self::Upui => "/235/",
            Self::SglnExtended => "/254/",
            Self::PaymentSlip => "/8020/",
            Self::Cpi => "/8011/",
            _ => "",
        }
    }

    fn kind(self) -> UnitKind {
        match self {
            Self::Sscc => UnitKind::Sscc,
            Self::Gtin => UnitKind::Gtin,
            Self::Lgtin => UnitKind::Lgtin,
            Self::Sgtin => UnitKind::Sgtin,
            Self::Upui => UnitKind::Upui,
            Self::Gdti => UnitKind::Gdti,
            Self::Sgcn => UnitKind::Sgcn,
            Self::Ginc => UnitKind::Ginc,
            Self::Gsin => UnitKind::Gsin,
            Self::Sgln | Self::SglnExtended => UnitKind::Sgln,
            Self::Pgln => UnitKind::Pgln,
            Self::Grai => UnitKind::Grai,
            Self::Giai => UnitKind::Giai,
            Self::ItipClass | Self::ItipLot | Self::Itip => UnitKind::Itip,
            Self::CpiClass | Self::Cpi => UnitKind::Cpi,
            Self::Gsrnp => UnitKind::Gsrnp,
            Self::Gsrn => UnitKind::Gsrn,
            Self::InvoicingParty | Self::PaymentSlip | Self::ModelNumber => UnitKind::Other,
        }
    }
}

/// The digits and characters of a GS1 key. Unused characters are zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed {
    /// The digits at the start of the value; of a CPI its serial.
    pub(super) number: u64,
    pub(super) chars: [u8; CHARS],
    pub(super) length: u8,
    pub(super) form: Form,
}

impl Packed {
    /// None where the parts are not of a GS1 key's shape. Check digits are not looked at.
    pub(super) fn new(parts: &Parts<'_>) -> Option<Self> {
        let form = Form::of(parts.ai, parts.qualifier.map(|(ai, _)| ai))?;
        let (_, digits) = form.start();
        let (digits, rest) = parts.value.split_at_checked(digits)?;
        let (digits, text) = match parts.qualifier {
            None => (digits, rest),
            // Without leading zeros the number is the text.
            Some((_, serial)) if form == Form::Cpi => (serial, parts.value),
            Some((_, value)) => {
                (rest.is_empty() && !value.is_empty()).then_some((digits, value))?
            }
        };
        if digits.len() > 19 || text.len() > CHARS || !text.is_ascii() {
            return None;
        }
        let number = digits.bytes().try_fold(0, |number, b| {
            b.is_ascii_digit()
                .then(|| number * 10 + u64::from(b - b'0'))
        })?;
        let mut chars = [0; CHARS];
        chars[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self {
            number,
            chars,
            length: text.len() as u8,
            form,
        })
    }

    pub(super) fn text(&self) -> Buffer {
        let mut text = Buffer::new();
        let (ai, digits) = self.form.start();
        text.push(ai);
        if self.form == Form::Cpi {
            text.push(self.chars());
            text.push(self.form.middle());
            text.push_number(self.number, 1);
        } else {
            text.push_number(self.number, digits);
            text.push(self.form.middle());
            text.push(self.chars());
        }
        text
    }

    /// Appends the key as the path of a Digital Link, with characters of the set percent-encoded
    /// (digits are never among them).
    pub(super) fn push_encoded(&self, text: &mut String, encoded: &'static AsciiSet) {
        let (ai, width) = self.form.start();
        let characters = utf8_percent_encode(self.chars(), encoded);
        let mut number = Buffer::new();
        text.push_str(ai);
        if self.form == Form::Cpi {
            number.push_number(self.number, 1);
            text.extend(characters);
            text.push_str(self.form.middle());
            text.push_str(number.as_str());
        } else {
            number.push_number(self.number, width);
            text.push_str(number.as_str());
            text.push_str(self.form.middle());
            text.extend(characters);
        }
    }

    pub(super) fn kind(&self) -> UnitKind {
        self.form.kind()
    }

    /// Whether the key stands for a class of things.
    pub(super) fn is_class(&self) -> bool {
        match self.form {
            Form::Gtin
            | Form::Lgtin
            | Form::ItipClass
            | Form::ItipLot
            | Form::CpiClass
            | Form::ModelNumber => true,
            Form::Grai | Form::Gdti | Form::Sgcn => self.length == 0,
            _ => false,
        }
    }

    pub(super) fn gtin(&self) -> Option<KeyText<'static>> {
        let gtin = match self.form {
            Form::Gtin | Form::Lgtin | Form::Sgtin | Form::Upui => self.number,
            Form::ItipClass | Form::ItipLot | Form::Itip => self.number / 10_000,
            _ => return None,
        };
        Some(KeyText::of_number(gtin, 14))
    }

    pub(super) fn serial(&self) -> Option<KeyText<'_>> {
        match self.form {
            Form::Cpi => Some(KeyText::of_number(self.number, 1)),
            Form::Sgtin | Form::Upui | Form::Itip | Form::Grai | Form::Gdti | Form::Sgcn => {
                (self.length > 0).then(|| self.chars().into())
            }
            _ => None,
        }
    }

    pub(super) fn lot(&self) -> Option<KeyText<'_>> {
        matches!(self.form, Form::Lgtin | Form::ItipLot).then(|| self.chars().into())
    }

    pub(super) fn gln(&self) -> Option<KeyText<'static>> {
        matches!(self.form, Form::Sgln | Form::SglnExtended | Form::Pgln)
            .then(|| KeyText::of_number(self.number, 13))
    }

    fn bytes(&self) -> &[u8] {
        &self.chars[..usize::from(self.length)]
    }

    fn chars(&self) -> &str {
        // Only ASCII is packed.
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl Hash for Packed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number);
        state.write_u16(u16::from_le_bytes([self.form as u8, self.length]));
        state.write(self.bytes());
    }
}

/// The order of the key texts, without making them: AI, digits, qualifier,
/// characters. A CPI has its characters before the slash of its qualifier, which
/// may be among them: there the texts are compared.
impl Ord for Packed {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((ai, _), (other_ai, _)) = (self.form.start(), other.form.start());
        if ai != other_ai {
            return self.form.cmp(&other.form);
        }
        if self.form == Form::Cpi || other.form == Form::Cpi {
            return KeyText::from(self.text()).cmp(&KeyText::from(other.text()));
        }
        self.number
            .cmp(&other.number)
            .then(self.form.cmp(&other.form))
            .then_with(|| self.bytes().cmp(other.bytes()))
    }
}

impl PartialOrd for Packed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
