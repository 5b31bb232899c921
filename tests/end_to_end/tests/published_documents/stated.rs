//! What does not follow from the files: those that must be refused although their publishers take them for
//! valid, and what the official JSON schema refuses although the standard allows it.

/// File, reason, why.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "epcis-event-hash-ralphtro/examples/epclist_normalisation.jsonld",
        "not_an_instance",
        "an LGTIN, which names a class, in epcList: that holds instances only (EPCIS 2.0 §7.3.3.2)",
    ),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/All_eventTypes_in_single_document.xml",
        "bad_check_digit",
        "GRAI 03912345000771 ends in a wrong check digit (General Specifications 7.9)",
    ),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/ObjectEvent_all_possible_fields.xml",
        "ilmd_not_allowed",
        "ILMD on an ObjectEvent whose action is OBSERVE (EPCIS 1.2 §7.4.2)",
    ),
    (
        "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/TransactionEvent_all_possible_fields.xml",
        "bad_time",
        "a declaration time without seconds is no xsd:dateTime (XML Schema Part 2 §3.2.7)",
    ),
    (
        "epcis-event-hash-ralphtro/examples/epcisXmlQueryDocHavingEventWithIgnoreFields.xml",
        "unknown_field",
        "a query document without EPCISBody and QueryResults (EPCIS 2.0 §9.6)",
    ),
];

/// Reason and why, where a file is stated.
pub(crate) fn refused(name: &str) -> Option<(&'static &'static str, &'static str)> {
    let (_, reason, why) = REFUSED.iter().find(|(file, _, _)| *file == name)?;
    Some((reason, why))
}

/// All files stated.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    REFUSED.iter().map(|(name, _, _)| *name)
}

/// What the official schema says of an answer: end of the place, beginning of the message, why the text
/// holds and not the schema.
const APART: &[(&str, &str, &str)] = &[
    (
        "/type",
        "\"EffectiveDoseRate\" is not valid",
        "a measurement type of the GS1 Web Vocabulary, which grows (EPCIS 2.0 §7.3.7); not in the schema's list",
    ),
    (
        "/type",
        "\"Molar_concentration\" is not valid",
        "a bare word of the publisher's as measurement type, kept as given (EPCIS 2.0 §7.3.7)",
    ),
    (
        "",
        "\"persistentDisposition\" is not valid",
        "EPCIS 2.0 §7.4 and the XSD have it on every event, the schema on object and transformation events only",
    ),
    (
        "",
        "\"type\" is a required property",
        "a sensor report may name an exception or own values instead (EPCIS 2.0 §7.3.7.3)",
    ),
];

/// Whether what the schema says is one of its own faults; which.
pub(crate) fn apart(place: &str, message: &str) -> Option<usize> {
    APART
        .iter()
        .position(|(end, start, _)| place.ends_with(end) && message.starts_with(start))
}

/// How many faults of the schema are stated, each to be met.
pub(crate) const FAULTS_OF_THE_SCHEMA: usize = APART.len();
