//! Files whose publishers take them for valid and that must be refused: each with its reason and why.

/// File, reason, why.
const REFUSED: &[(&str, &str, &str)] = &[
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
