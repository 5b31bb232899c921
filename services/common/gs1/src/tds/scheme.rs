//! The binary coding schemes: headers, names, lengths (TDS 2.x table 14-1).

use std::fmt;

use crate::urn::EpcScheme;

/// A binary coding scheme, named by the first eight bits of the EPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(
    missing_docs,
    reason = "each name is that of the standard's table 14-1"
)]
pub enum TagScheme {
    Gdti96,
    Gsrn96,
    Gsrnp96,
    Usdod96,
    Sgtin96,
    Sscc96,
    Sgln96,
    Grai96,
    Giai96,
    Gid96,
    Sgtin198,
    Grai170,
    Giai202,
    Sgln195,
    Gdti113,
    AdiVar,
    Cpi96,
    CpiVar,
    Gdti174,
    Sgcn96,
    Itip110,
    Itip212,
    CpiPlusPlus,
    GsrnPlusPlus,
    GsrnpPlusPlus,
    SglnPlusPlus,
    GdtiPlusPlus,
    GraiPlusPlus,
    SgcnPlusPlus,
    ItipPlusPlus,
    GiaiPlusPlus,
    SsccPlusPlus,
    CpiPlus,
    GraiPlus,
    SglnPlus,
    ItipPlus,
    GsrnPlus,
    GsrnpPlus,
    GdtiPlus,
    SgtinPlus,
    SgcnPlus,
    SsccPlus,
    GiaiPlus,
    DsgtinPlus,
    DsgtinPlusPlus,
    SgtinPlusPlus,
}

/// Scheme, header, name, EPC scheme.
type Row = (TagScheme, u8, &'static str, EpcScheme);

/// In the order of the enumeration.
#[rustfmt::skip]
const TABLE: [Row; 46] = [
    (TagScheme::Gdti96,         0x2c, "GDTI-96",   EpcScheme::Gdti),
    (TagScheme::Gsrn96,         0x2d, "GSRN-96",   EpcScheme::Gsrn),
    (TagScheme::Gsrnp96,        0x2e, "GSRNP-96",  EpcScheme::Gsrnp),
    (TagScheme::Usdod96,        0x2f, "USDOD-96",  EpcScheme::Usdod),
    (TagScheme::Sgtin96,        0x30, "SGTIN-96",  EpcScheme::Sgtin),
    (TagScheme::Sscc96,         0x31, "SSCC-96",   EpcScheme::Sscc),
    (TagScheme::Sgln96,         0x32, "SGLN-96",   EpcScheme::Sgln),
    (TagScheme::Grai96,         0x33, "GRAI-96",   EpcScheme::Grai),
    (TagScheme::Giai96,         0x34, "GIAI-96",   EpcScheme::Giai),
    (TagScheme::Gid96,          0x35, "GID-96",    EpcScheme::Gid),
    (TagScheme::Sgtin198,       0x36, "SGTIN-198", EpcScheme::Sgtin),
    (TagScheme::Grai170,        0x37, "GRAI-170",  EpcScheme::Grai),
    (TagScheme::Giai202,        0x38, "GIAI-202",  EpcScheme::Giai),
    (TagScheme::Sgln195,        0x39, "SGLN-195",  EpcScheme::Sgln),
    (TagScheme::Gdti113,        0x3a, "GDTI-113",  EpcScheme::Gdti),
    (TagScheme::AdiVar,         0x3b, "ADI-VAR",   EpcScheme::Adi),
    (TagScheme::Cpi96,          0x3c, "CPI-96",    EpcScheme::Cpi),
    (TagScheme::CpiVar,         0x3d, "CPI-VAR",   EpcScheme::Cpi),
    (TagScheme::Gdti174,        0x3e, "GDTI-174",  EpcScheme::Gdti),
    (TagScheme::Sgcn96,         0x3f, "SGCN-96",   EpcScheme::Sgcn),
    (TagScheme::Itip110,        0x40, "ITIP-110",  EpcScheme::Itip),
    (TagScheme::Itip212,        0x41, "ITIP-212",  EpcScheme::Itip),
    (TagScheme::CpiPlusPlus,    0xe6, "CPI++",     EpcScheme::Cpi),
    (TagScheme::GsrnPlusPlus,   0xe7, "GSRN++",    EpcScheme::Gsrn),
    (TagScheme::GsrnpPlusPlus,  0xe8, "GSRNP++",   EpcScheme::Gsrnp),
    (TagScheme::SglnPlusPlus,   0xe9, "SGLN++",    EpcScheme::Sgln),
    (TagScheme::GdtiPlusPlus,   0xea, "GDTI++",    EpcScheme::Gdti),
    (TagScheme::GraiPlusPlus,   0xeb, "GRAI++",    EpcScheme::Grai),
    (TagScheme::SgcnPlusPlus,   0xec, "SGCN++",    EpcScheme::Sgcn),
    (TagScheme::ItipPlusPlus,   0xed, "ITIP++",    EpcScheme::Itip),
    (TagScheme::GiaiPlusPlus,   0xee, "GIAI++",    EpcScheme::Giai),
    (TagScheme::SsccPlusPlus,   0xef, "SSCC++",    EpcScheme::Sscc),
    (TagScheme::CpiPlus,        0xf0, "CPI+",      EpcScheme::Cpi),
    (TagScheme::GraiPlus,       0xf1, "GRAI+",     EpcScheme::Grai),
    (TagScheme::SglnPlus,       0xf2, "SGLN+",     EpcScheme::Sgln),
    (TagScheme::ItipPlus,       0xf3, "ITIP+",     EpcScheme::Itip),
    (TagScheme::GsrnPlus,       0xf4, "GSRN+",     EpcScheme::Gsrn),
    (TagScheme::GsrnpPlus,      0xf5, "GSRNP+",    EpcScheme::Gsrnp),
    (TagScheme::GdtiPlus,       0xf6, "GDTI+",     EpcScheme::Gdti),
    (TagScheme::SgtinPlus,      0xf7, "SGTIN+",    EpcScheme::Sgtin),
    (TagScheme::SgcnPlus,       0xf8, "SGCN+",     EpcScheme::Sgcn),
    (TagScheme::SsccPlus,       0xf9, "SSCC+",     EpcScheme::Sscc),
    (TagScheme::GiaiPlus,       0xfa, "GIAI+",     EpcScheme::Giai),
    (TagScheme::DsgtinPlus,     0xfb, "DSGTIN+",   EpcScheme::Sgtin),
    (TagScheme::DsgtinPlusPlus, 0xfc, "DSGTIN++",  EpcScheme::Sgtin),
    (TagScheme::SgtinPlusPlus,  0xfd, "SGTIN++",   EpcScheme::Sgtin),
];

/// The scheme of each header.
static BY_HEADER: [Option<TagScheme>; 256] = {
    let mut schemes = [None; 256];
    let mut at = 0;
    while at < TABLE.len() {
        schemes[TABLE[at].1 as usize] = Some(TABLE[at].0);
        at += 1;
    }
    schemes
};

impl TagScheme {
    /// All coding schemes, in the order of their headers.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        // The table is in the order of the enumeration (tested below).
        &TABLE[self as usize]
    }

    /// The scheme of a header.
    pub fn of_header(header: u8) -> Option<Self> {
        BY_HEADER[usize::from(header)]
    }

    /// The scheme of a name in tag URIs, such as `sgtin-96`; the schemes of TDS
    /// 2.x have none.
    pub fn of_uri_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|row| row.2.eq_ignore_ascii_case(name) && name == row.2.to_ascii_lowercase())
            .map(|row| row.0)
            .filter(|scheme| !scheme.is_plus())
    }

    /// The name in the standard's tables, such as `SGTIN-96` or `SGTIN++`.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// The name in tag URIs.
    pub(crate) fn uri_name(self) -> String {
        self.name().to_ascii_lowercase()
    }

    /// The first eight bits.
    pub fn header(self) -> u8 {
        self.row().1
    }

    /// What it encodes.
    pub fn epc_scheme(self) -> EpcScheme {
        self.row().3
    }

    /// Whether it is one of TDS 2.x, `…+` or `…++`: without company prefix split,
    /// and open for further data.
    pub fn is_plus(self) -> bool {
        self.header() >= 0xe6
    }

    /// Whether it holds a hostname (`…++`).
    pub fn has_hostname(self) -> bool {
        self.name().ends_with("++")
    }

    /// Whether it holds a date before the key (DSGTIN).
    pub fn has_date(self) -> bool {
        matches!(self, Self::DsgtinPlus | Self::DsgtinPlusPlus)
    }

    /// Bits of the filter value: three, but none in GID-96, four in USDoD-96 and
    /// six in ADI-var.
    pub(crate) fn filter_bits(self) -> usize {
        match self {
            Self::Gid96 => 0,
            Self::Usdod96 => 4,
            Self::AdiVar => 6,
            _ => 3,
        }
    }

    /// Whether all its components but CAGE codes are numbers.
    pub(crate) fn is_numeric(self) -> bool {
        self.name().ends_with("-96") || self == Self::Itip110
    }
}

impl fmt::Display for TagScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_found_by_header_and_name() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.2);
            assert_eq!(TagScheme::of_header(row.1), Some(row.0));
            let named = TagScheme::of_uri_name(&row.2.to_ascii_lowercase());
            assert_eq!(named, (!row.0.is_plus()).then_some(row.0));
        }
        assert_eq!(TagScheme::of_header(0xe2), None);
        assert_eq!(TagScheme::of_uri_name("SGTIN-96"), None);
    }
}
