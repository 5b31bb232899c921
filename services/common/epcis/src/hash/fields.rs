//! Which fields stand in which order, and how each is written (CBV 2.0 §8.9.1).

use crate::vocabulary::Vocabulary;

/// How a value is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As whatever it looks like: a number, an identifier, a word, a text.
    Any,
    /// A time.
    Time,
    /// A word of the vocabulary.
    Word(Vocabulary),
}

/// How a field of the ordered part is written.
pub(super) enum Shape {
    /// `name=value`, each value of a list so, sorted
    Value(Form),
    /// `nameepc=…epc=…`, sorted
    Epcs,
    /// `name`, then an object
    Object(&'static [Field]),
    /// `name`, then `itemname` and an object for each item, sorted
    Objects(&'static str, &'static [Field]),
    /// `nameobject…nameobject…`, sorted, without an enclosing name
    Repeated(&'static [Field]),
}

pub(super) type Field = (&'static str, Shape);

const ANY: Shape = Shape::Value(Form::Any);
const TIME: Shape = Shape::Value(Form::Time);

const fn word(vocabulary: Vocabulary) -> Shape {
    Shape::Value(Form::Word(vocabulary))
}

const QUANTITIES: Shape = Shape::Objects(
    "quantityElement",
    &[("epcClass", ANY), ("quantity", ANY), ("uom", ANY)],
);
const PLACE: Shape = Shape::Object(&[("id", ANY)]);
const PERSISTENT: &[Field] = &[
    ("set", word(Vocabulary::Disposition)),
    ("unset", word(Vocabulary::Disposition)),
];
const METADATA: &[Field] = &[
    ("time", TIME),
    ("startTime", TIME),
    ("endTime", TIME),
    ("deviceID", ANY),
    ("deviceMetadata", ANY),
    ("rawData", ANY),
    ("dataProcessingMethod", ANY),
    ("bizRules", ANY),
];
const REPORT: &[Field] = &[
    ("type", word(Vocabulary::MeasurementType)),
    ("exception", word(Vocabulary::SensorAlert)),
    ("deviceID", ANY),
    ("deviceMetadata", ANY),
    ("rawData", ANY),
    ("dataProcessingMethod", ANY),
    ("bizRules", ANY),
    ("time", TIME),
    ("microorganism", ANY),
    ("chemicalSubstance", ANY),
    ("value", ANY),
    ("component", word(Vocabulary::Component)),
    ("stringValue", ANY),
    ("booleanValue", ANY),
    ("hexBinaryValue", ANY),
    ("uriValue", ANY),
    ("minValue", ANY),
    ("maxValue", ANY),
    ("meanValue", ANY),
    ("sDev", ANY),
    ("percRank", ANY),
    ("percValue", ANY),
    ("uom", ANY),
    ("coordinateReferenceSystem", ANY),
];
const SENSOR_ELEMENT: &[Field] = &[
    ("sensorMetadata", Shape::Object(METADATA)),
    ("sensorReport", Shape::Repeated(REPORT)),
];

/// The ordered fields of an event.
pub(super) const EVENT: &[Field] = &[
    ("eventTime", TIME),
    ("eventTimeZoneOffset", ANY),
    ("certificationInfo", ANY),
    ("epcList", Shape::Epcs),
    ("parentID", ANY),
    ("inputEPCList", Shape::Epcs),
    ("childEPCs", Shape::Epcs),
    ("quantityList", QUANTITIES),
    ("childQuantityList", QUANTITIES),
    ("inputQuantityList", QUANTITIES),
    ("outputEPCList", Shape::Epcs),
    ("outputQuantityList", QUANTITIES),
    ("action", ANY),
    ("transformationID", ANY),
    ("bizStep", word(Vocabulary::BizStep)),
    ("disposition", word(Vocabulary::Disposition)),
    ("persistentDisposition", Shape::Object(PERSISTENT)),
    ("readPoint", PLACE),
    ("bizLocation", PLACE),
    (
        "sensorElementList",
        Shape::Objects("sensorElement", SENSOR_ELEMENT),
    ),
];

/// The most fields one of the tables has.
pub(super) const MOST: usize = 24;
const _: () = assert!(EVENT.len() <= MOST && REPORT.len() <= MOST && METADATA.len() <= MOST);

/// What never takes part.
pub(super) const IGNORED: &[&str] = &[
    "@context",
    "type",
    "eventID",
    "recordTime",
    "errorDeclaration",
    "rdfs:comment",
];

/// The lists whose items have a type: name of the list, of what an item holds, and its types.
pub(super) const TYPED_LISTS: &[(&str, &str, Vocabulary)] = &[
    (
        "bizTransactionList",
        "bizTransaction",
        Vocabulary::BizTransactionType,
    ),
    ("sourceList", "source", Vocabulary::SourceDestinationType),
    (
        "destinationList",
        "destination",
        Vocabulary::SourceDestinationType,
    ),
];
