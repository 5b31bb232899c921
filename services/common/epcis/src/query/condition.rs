//! Conditions on an event as plain data.

use chrono::{DateTime, Utc};
use serialtrail_gs1::Epc;

use super::pattern::EpcPattern;
use crate::context::Context;
use crate::model::{Action, EventType};

/// How an amount or a time is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `EQ_`
    Equal,
    /// `GT_`
    Greater,
    /// `GE_`
    GreaterOrEqual,
    /// `LT_`
    Less,
    /// `LE_`
    LessOrEqual,
}

impl Comparison {
    /// Whether `found` stands in this relation to `wanted`.
    pub fn holds<T: PartialOrd>(self, found: &T, wanted: &T) -> bool {
        match self {
            Self::Equal => found == wanted,
            Self::Greater => found > wanted,
            Self::GreaterOrEqual => found >= wanted,
            Self::Less => found < wanted,
            Self::LessOrEqual => found <= wanted,
        }
    }
}

/// A time of the event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    /// `eventTime`
    EventTime,
    /// `recordTime`
    RecordTime,
    /// `errorDeclaration.declarationTime`
    DeclarationTime,
}

/// A field that holds a word of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordField {
    /// `bizStep`
    BizStep,
    /// `disposition`
    Disposition,
    /// `persistentDisposition.set`
    PersistentSet,
    /// `persistentDisposition.unset`
    PersistentUnset,
    /// `errorDeclaration.reason`
    ErrorReason,
}

/// A field that holds a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceField {
    /// `readPoint`
    ReadPoint,
    /// `bizLocation`
    BizLocation,
}

/// A list of identifiers with types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedField {
    /// `bizTransactionList`
    BizTransaction,
    /// `sourceList`
    Source,
    /// `destinationList`
    Destination,
}

/// Where identifiers of a `MATCH_` parameter are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpcField {
    /// `MATCH_epc`: epcList and childEPCs.
    Epc,
    /// `MATCH_parentID`
    Parent,
    /// `MATCH_inputEPC`
    Input,
    /// `MATCH_outputEPC`
    Output,
    /// `MATCH_anyEPC`: all of them.
    Any,
    /// `MATCH_epcClass`: quantityList and childQuantityList.
    Class,
    /// `MATCH_inputEPCClass`
    InputClass,
    /// `MATCH_outputEPCClass`
    OutputClass,
    /// `MATCH_anyEPCClass`: all quantity lists.
    AnyClass,
}

impl EpcField {
    /// Whether classes are looked for rather than instances.
    pub fn is_class(self) -> bool {
        matches!(
            self,
            Self::Class | Self::InputClass | Self::OutputClass | Self::AnyClass
        )
    }
}

/// A field whose values are elements of a vocabulary, for `HASATTR_` and `EQATTR_`.
#[derive(Clone, Debug, PartialEq)]
pub enum VocabularyField {
    /// A field of the standard, by its name: `bizLocation`, `readPoint`, `epcClass`, ….
    Standard(&'static str),
    /// An extension field of the event.
    Extension(FieldName),
}

/// Which part of an event an extension field is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The event itself.
    Event,
    /// `ilmd`
    Ilmd,
    /// `errorDeclaration`
    ErrorDeclaration,
    /// `readPoint`
    ReadPoint,
    /// `bizLocation`
    BizLocation,
    /// An element of `sensorElementList`.
    SensorElement,
    /// `sensorMetadata` of an element.
    SensorMetadata,
    /// A `sensorReport` of an element.
    SensorReport,
}

/// An extension's name as a query gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName {
    /// As given: `example:myField`, or `http://ns.example.com/epcis/#myField`.
    pub given: String,
    /// Namespace and local name, where the query says what its prefix means.
    pub(super) expanded: Option<(String, String)>,
}

impl FieldName {
    pub(super) fn new(given: &str, context: &Context) -> Self {
        Self {
            given: given.to_owned(),
            expanded: context
                .expand(given)
                .map(|(namespace, local)| (bare(&namespace).to_owned(), local.to_owned())),
        }
    }

    /// The name without its prefix or namespace.
    pub fn local(&self) -> &str {
        match &self.expanded {
            Some((_, local)) => local,
            None => self.given.rsplit(':').next().unwrap_or(&self.given),
        }
    }

    /// Whether a name of an event is this one. Namespaces decide; where one of the two prefixes means
    /// nothing that is known, the names as they were written do.
    pub(super) fn is(&self, name: &str, context: &Context) -> bool {
        match (&self.expanded, context.expand(name)) {
            (Some((namespace, local)), Some((found, name))) => {
                local == name && namespace == bare(&found)
            }
            _ => self.given == name,
        }
    }
}

/// A namespace without the separator that some spellings of it end in.
fn bare(namespace: &str) -> &str {
    namespace.trim_end_matches(['#', '/', ':'])
}

/// A value of a field as a query gives it: as text, and as the number or time it also is.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// As given.
    pub text: String,
    /// The number it is.
    pub number: Option<f64>,
    /// The time it is.
    pub time: Option<DateTime<Utc>>,
}

/// A measured number of a sensor report, and how it follows its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorNumber {
    /// `value`
    Value,
    /// `minValue`
    MinValue,
    /// `maxValue`
    MaxValue,
    /// `meanValue`
    MeanValue,
    /// `sDev`: a difference, which an offset between units does not change.
    StandardDeviation,
    /// `percRank`: has no unit.
    PercentileRank,
    /// `percValue`
    PercentileValue,
}

impl SensorNumber {
    /// Name of the attribute.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::MinValue => "minValue",
            Self::MaxValue => "maxValue",
            Self::MeanValue => "meanValue",
            Self::StandardDeviation => "sDev",
            Self::PercentileRank => "percRank",
            Self::PercentileValue => "percValue",
        }
    }
}

/// One condition. A list of wanted values is met by any of them.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "the fields say themselves what the variant's text says"
)]
pub enum Condition {
    /// `eventType`; empty where only types are asked for that this build's standard does not have.
    EventType(Vec<EventType>),
    /// `GE_`, `LT_` of a time of the event.
    Time {
        field: TimeField,
        comparison: Comparison,
        time: DateTime<Utc>,
    },
    /// `EQ_action`
    Action(Vec<Action>),
    /// `EQ_` of a vocabulary word; bare words, or URIs of one's own.
    Word {
        field: WordField,
        words: Vec<String>,
    },
    /// `EQ_`, `WD_` of a place.
    Place {
        field: PlaceField,
        places: Vec<Epc>,
        descendants: bool,
    },
    /// `EQ_bizTransaction_type`, `EQ_source_type`, `EQ_destination_type`.
    Typed {
        field: TypedField,
        kind: String,
        ids: Vec<Epc>,
    },
    /// `EQ_transformationID`
    TransformationId(Vec<String>),
    /// `MATCH_…`
    Match {
        field: EpcField,
        patterns: Vec<EpcPattern>,
    },
    /// `EQ_quantity`, …, of any quantity element, in a unit or in whatever unit it has.
    Quantity {
        comparison: Comparison,
        uom: Option<String>,
        amounts: Vec<f64>,
    },
    /// `EQ_eventID`
    EventId(Vec<String>),
    /// `EXISTS_errorDeclaration`
    HasErrorDeclaration,
    /// `EQ_correctiveEventID`
    CorrectiveEventId(Vec<String>),
    /// `EXISTS_` of a field of the standard, by its name.
    Exists(&'static str),
    /// `EXISTS_…` of an extension field; `inner`: nested at any depth within an extension.
    FieldExists {
        scope: Scope,
        inner: bool,
        name: FieldName,
    },
    /// `EQ_`, `GT_`, …, of an extension field.
    Field {
        scope: Scope,
        inner: bool,
        name: FieldName,
        comparison: Comparison,
        operands: Vec<Operand>,
    },
    /// `HASATTR_fieldname`
    HasAttribute {
        field: VocabularyField,
        attributes: Vec<String>,
    },
    /// `EQATTR_fieldname_attrname`
    AttributeEquals {
        field: VocabularyField,
        attribute: String,
        values: Vec<String>,
    },
    /// `GE_time`, `LT_startTime`, …, of a sensor element.
    SensorTime {
        attribute: &'static str,
        comparison: Comparison,
        time: DateTime<Utc>,
    },
    /// `EQ_type`, `EQ_deviceID`, …, of a sensor element.
    SensorText {
        attribute: &'static str,
        values: Vec<String>,
    },
    /// `EQ_booleanValue`
    SensorBoolean(bool),
    /// `GE_value_uom`, …, of a sensor report.
    SensorNumber {
        number: SensorNumber,
        comparison: Comparison,
        uom: Option<String>,
        amounts: Vec<f64>,
    },
}
