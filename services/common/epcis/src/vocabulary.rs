//! The words of the Core Business Vocabulary (CBV 2.0 §7) and their spellings:
//! bare `shipping`, `urn:epcglobal:cbv:bizstep:shipping`,
//! `https://ref.gs1.org/cbv/BizStep-shipping`, `cbv:BizStep-shipping`.

use crate::reason::{At, Fault, Parsed, Reason};

/// A list of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// Business steps (CBV 2.0 §7.1).
    BizStep,
    /// Dispositions (§7.2).
    Disposition,
    /// Business transaction types (§7.3).
    BizTransactionType,
    /// Source and destination types (§7.4).
    SourceDestinationType,
    /// Error reasons (§7.5).
    ErrorReason,
    /// Components of a measurement (§7.6).
    Component,
    /// Sensor measurement types (GS1 Web Vocabulary).
    MeasurementType,
    /// Sensor alert types (GS1 Web Vocabulary).
    SensorAlert,
}

impl Vocabulary {
    /// The web address a word is appended to.
    pub(crate) fn web_prefix(self) -> &'static str {
        match self {
            Self::BizStep => "https://ref.gs1.org/cbv/BizStep-",
            Self::Disposition => "https://ref.gs1.org/cbv/Disp-",
            Self::BizTransactionType => "https://ref.gs1.org/cbv/BTT-",
            Self::SourceDestinationType => "https://ref.gs1.org/cbv/SDT-",
            Self::ErrorReason => "https://ref.gs1.org/cbv/ER-",
            Self::Component => "https://ref.gs1.org/cbv/Comp-",
            Self::MeasurementType | Self::SensorAlert => "https://gs1.org/voc/",
        }
    }

    /// The part of a spelling that stands before the word.
    fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::BizStep => &["urn:epcglobal:cbv:bizstep:", "cbv:BizStep-"],
            Self::Disposition => &["urn:epcglobal:cbv:disp:", "cbv:Disp-"],
            Self::BizTransactionType => &["urn:epcglobal:cbv:btt:", "cbv:BTT-"],
            Self::SourceDestinationType => &["urn:epcglobal:cbv:sdt:", "cbv:SDT-"],
            Self::ErrorReason => &["urn:epcglobal:cbv:er:", "cbv:ER-"],
            Self::Component => &["cbv:Comp-"],
            Self::MeasurementType | Self::SensorAlert => &[
                "gs1:",
                "https://ref.gs1.org/voc/",
                "https://www.gs1.org/voc/",
            ],
        }
    }

    /// The bare words of the list, in alphabetical order.
    #[rustfmt::skip]
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::BizStep => &[
                "accepting", "arriving", "assembling", "collecting", "commissioning", "consigning",
                "creating_class_instance", "cycle_counting", "decommissioning", "departing", "destroying",
                "disassembling", "dispensing", "encoding", "entering_exiting", "holding", "inspecting",
                "installing", "killing", "loading", "other", "packing", "picking", "receiving", "removing",
                "repackaging", "repairing", "replacing", "reserving", "retail_selling", "sampling",
                "sensor_reporting", "shipping", "staging_outbound", "stock_taking", "stocking", "storing",
                "transporting", "unloading", "unpacking", "void_shipping",
            ],
            Self::Disposition => &[
                "active", "available", "completeness_inferred", "completeness_verified", "conformant",
                "container_closed", "container_open", "damaged", "destroyed", "dispensed", "disposed",
                "encoded", "expired", "in_progress", "in_transit", "inactive", "mismatch_class",
                "mismatch_instance", "mismatch_quantity", "needs_replacement", "no_pedigree_match",
                "non_conformant", "non_sellable_other", "partially_dispensed", "recalled", "reserved",
                "retail_sold", "returned", "sellable_accessible", "sellable_not_accessible", "stolen",
                "unavailable", "unknown",
            ],
            Self::BizTransactionType => &[
                "bol", "cert", "desadv", "inv", "pedigree", "po", "poc", "prodorder", "recadv", "rma",
                "testprd", "testres", "upevt",
            ],
            Self::SourceDestinationType => &["location", "owning_party", "possessing_party"],
            Self::ErrorReason => &["did_not_occur", "incorrect_data"],
            Self::Component => &[
                "altitude", "axial_distance", "azimuth", "easting", "elevation_angle", "height", "latitude",
                "longitude", "northing", "polar_angle", "spherical_radius", "x", "y", "z",
            ],
            Self::MeasurementType => &[
                "AbsoluteHumidity", "AbsorbedDose", "AbsorbedDoseRate", "Acceleration", "Altitude",
                "AmountOfSubstance", "AmountOfSubstancePerUnitVolume", "Angle", "AngularAcceleration",
                "AngularMomentum", "AngularVelocity", "Area", "Capacitance", "Conductance", "Conductivity",
                "Count", "Density", "Dimensionless", "DoseEquivalent", "DoseEquivalentRate",
                "DynamicViscosity", "ElectricCharge", "ElectricCurrent", "ElectricCurrentDensity",
                "ElectricFieldStrength", "Energy", "Exposure", "Force", "Frequency", "Illuminance",
                "Inductance", "Irradiance", "KinematicViscosity", "Length", "LinearMomentum", "Luminance",
                "LuminousFlux", "LuminousIntensity", "MagneticFlux", "MagneticFluxDensity",
                "MagneticVectorPotential", "Mass", "MassConcentration", "MassFlowRate", "MassPerAreaTime",
                "MemoryCapacity", "MolalityOfSolute", "MolarEnergy", "MolarMass", "MolarVolume", "Power",
                "Pressure", "RadiantFlux", "RadiantIntensity", "Radioactivity", "RelativeHumidity",
                "Resistance", "Resistivity", "SolidAngle", "SpecificVolume", "Speed", "SurfaceDensity",
                "SurfaceTension", "Temperature", "Time", "Torque", "Voltage", "Volume", "VolumeFlowRate",
                "VolumeFraction", "VolumetricFlux", "Wavenumber",
            ],
            Self::SensorAlert => &["ALARM_CONDITION", "ERROR_CONDITION"],
        }
    }

    /// The bare word behind a spelling of this list; the inner None where the
    /// spelling belongs to the list but the word does not.
    fn word(self, text: &str) -> Option<Option<&'static str>> {
        let rest = if text.as_bytes().contains(&b':') {
            let prefixes = self.prefixes().iter().copied();
            prefixes
                .chain([self.web_prefix()])
                .find_map(|prefix| text.strip_prefix(prefix))?
        } else {
            text
        };
        let words = self.words();
        Some(words.binary_search(&rest).ok().map(|at| words[at]))
    }
}

/// The bare CBV word of any spelling; a URI of one's own stays as it is. None
/// for a word, or a CBV address, that is not in the list.
pub fn normalise(vocabulary: Vocabulary, text: &str) -> Option<&str> {
    match vocabulary.word(text) {
        Some(word) => word,
        None if text.starts_with("urn:epcglobal:cbv:") => None,
        None => Some(text),
    }
}

/// The web address of a word of the list; anything else as it is.
pub fn web_address(vocabulary: Vocabulary, text: &str) -> String {
    match vocabulary.word(text) {
        Some(Some(word)) => format!("{}{word}", vocabulary.web_prefix()),
        _ => text.to_owned(),
    }
}

/// [`normalise`], with a fault that names the place.
pub(crate) fn word(at: &At<'_>, vocabulary: Vocabulary, text: &str) -> Parsed<String> {
    let found = normalise(vocabulary, text).ok_or_else(|| {
        Fault::new(
            at,
            Reason::UnknownVocabulary,
            format_args!("{text:?} is not in the Core Business Vocabulary; a value of one's own must be a URI"),
        )
    })?;
    if found == text && text.contains(':') {
        serialtrail_gs1::parse_identifier(text).map_err(|e| Fault::identifier(at, &e))?;
    }
    Ok(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_spellings_are_one_word() {
        for text in [
            "shipping",
            "urn:epcglobal:cbv:bizstep:shipping",
            "https://ref.gs1.org/cbv/BizStep-shipping",
            "cbv:BizStep-shipping",
        ] {
            assert_eq!(
                normalise(Vocabulary::BizStep, text),
                Some("shipping"),
                "{text}"
            );
            assert_eq!(
                web_address(Vocabulary::BizStep, text),
                "https://ref.gs1.org/cbv/BizStep-shipping"
            );
        }
        assert_eq!(
            normalise(Vocabulary::MeasurementType, "gs1:Angle"),
            Some("Angle")
        );
    }

    #[test]
    fn words_are_found_by_their_order() {
        for vocabulary in [
            Vocabulary::BizStep,
            Vocabulary::Disposition,
            Vocabulary::BizTransactionType,
            Vocabulary::SourceDestinationType,
            Vocabulary::ErrorReason,
            Vocabulary::Component,
            Vocabulary::MeasurementType,
            Vocabulary::SensorAlert,
        ] {
            let words = vocabulary.words();
            assert!(words.is_sorted(), "{words:?}");
            assert!(
                words
                    .iter()
                    .all(|word| normalise(vocabulary, word) == Some(word))
            );
        }
    }

    #[test]
    fn a_word_that_does_not_exist_is_none_and_a_private_uri_stays() {
        for text in [
            "transforming",
            "",
            "urn:epcglobal:cbv:bizstep:transforming",
            "urn:epcglobal:cbv:disp:in_transit",
            "cbv:BizStep-transforming",
            "https://ref.gs1.org/cbv/BizStep-",
        ] {
            assert_eq!(normalise(Vocabulary::BizStep, text), None, "{text}");
        }
        let own = "https://example.com/bizStep/inspecting";
        assert_eq!(normalise(Vocabulary::BizStep, own), Some(own));
        assert_eq!(
            normalise(Vocabulary::SourceDestinationType, "cbv:my_own_party"),
            Some("cbv:my_own_party")
        );
    }
}
