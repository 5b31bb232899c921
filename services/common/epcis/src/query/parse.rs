//! Parameters to conditions.

use serde_json::{Map, Value};
use serialtrail_gs1::{Epc, parse_identifier};

use super::condition::{
    Comparison, Condition, EpcField, FieldName, PlaceField, SensorNumber, TimeField, TypedField,
    WordField,
};
use super::given::{Given, Raw};
use super::names::{
    attribute, comparison, epc_field, scoped, sensor_text, standard_field, vocabulary_field,
};
use super::pattern::EpcPattern;
use super::{Count, OrderBy, QueryError, SimpleEventQuery};
use crate::context::Context;
use crate::model::{Action, EventType};
use crate::vocabulary::{Vocabulary, normalise};

/// Most parameters one query may have.
const MOST_PARAMETERS: usize = 200;

impl SimpleEventQuery {
    /// Reads the parameters of a query string, decoded. Lists are divided by `|`; `context` says what
    /// the prefixes of extension fields mean.
    ///
    /// # Errors
    /// A parameter is unknown, there twice, malformed, or excludes another.
    pub fn from_pairs(pairs: &[(String, String)], context: &Context) -> Result<Self, QueryError> {
        let given = pairs.iter().map(|(name, value)| Given {
            name,
            value: Raw::Text(value),
        });
        Self::read(given.collect(), context)
    }

    /// Reads the `query` object of a named query; its `@context` says what the prefixes of extension
    /// fields mean.
    ///
    /// # Errors
    /// As [`from_pairs`](Self::from_pairs), and the `@context` is none.
    pub fn from_json(query: &Map<String, Value>) -> Result<Self, QueryError> {
        let mut context = Context::standard();
        if let Some(own) = query.get("@context") {
            context = context.extended(own).map_err(|message| QueryError {
                parameter: "@context".to_owned(),
                message,
            })?;
        }
        let given = query
            .iter()
            .filter(|(name, _)| *name != "@context")
            .map(|(name, value)| Given {
                name,
                value: Raw::Json(value),
            });
        Self::read(given.collect(), &context)
    }

    fn read(given: Vec<Given<'_>>, context: &Context) -> Result<Self, QueryError> {
        let mut query = Self::default();
        if let Some(one_more) = given.get(MOST_PARAMETERS) {
            return Err(one_more.error(format!("at most {MOST_PARAMETERS} parameters are taken")));
        }
        for (at, parameter) in given.iter().enumerate() {
            if given[..at]
                .iter()
                .any(|earlier| earlier.name == parameter.name)
            {
                return Err(parameter.error("is given twice; list its values divided by |"));
            }
            query.add(parameter, context)?;
        }
        let limits = given.iter().find(|g| g.name == "eventCountLimit");
        if let Some(limit) = limits {
            if given.iter().any(|g| g.name == "maxEventCount") {
                return Err(limit.error("excludes maxEventCount: give one of the two"));
            }
            if query.order_by.is_none() {
                return Err(limit.error("is only taken with orderBy: the first of which order?"));
            }
        }
        Ok(query)
    }

    fn add(&mut self, given: &Given<'_>, context: &Context) -> Result<(), QueryError> {
        match given.name {
            "orderBy" => {
                self.order_by = Some(match given.one()?.as_str() {
                    "eventTime" => OrderBy::EventTime,
                    "recordTime" => OrderBy::RecordTime,
                    name if name.contains(':') => OrderBy::Field(FieldName::new(name, context)),
                    other => {
                        return Err(given.error(format!(
                            "{other:?} is neither eventTime nor recordTime nor an extension field"
                        )));
                    }
                });
            }
            "orderDirection" => {
                self.ascending = match given.one()?.as_str() {
                    "ASC" => true,
                    "DESC" => false,
                    other => {
                        return Err(given.error(format!("{other:?} is neither ASC nor DESC")));
                    }
                }
            }
            "eventCountLimit" => self.count = Some(Count::First(given.count()?)),
            "maxEventCount" => self.count = Some(Count::AtMost(given.count()?)),
            "perPage" => {
                let per_page = given.count()?;
                self.per_page = Some(u32::try_from(per_page).unwrap_or(u32::MAX));
            }
            _ => self.conditions.extend(condition(given, context)?),
        }
        Ok(())
    }
}

/// The condition a parameter stands for; None where it asks for nothing (`EXISTS_errorDeclaration=false`).
fn condition(given: &Given<'_>, context: &Context) -> Result<Option<Condition>, QueryError> {
    if let Some(found) = plain(given)? {
        return Ok(found);
    }
    let name = given.name;
    let unknown = || given.error("there is no such parameter (EPCIS 2.0 §8.2.7.1)");
    if let Some(rest) = name.strip_prefix("EXISTS_") {
        if let Some(field) = standard_field(rest) {
            return Ok(Some(Condition::Exists(field)));
        }
        let (scope, inner, name) = scoped(rest, context).ok_or_else(unknown)?;
        return Ok(Some(Condition::FieldExists { scope, inner, name }));
    }
    if let Some(rest) = name.strip_prefix("HASATTR_") {
        let field = vocabulary_field(rest, context).ok_or_else(unknown)?;
        let attributes = given.texts()?;
        return Ok(Some(Condition::HasAttribute { field, attributes }));
    }
    if let Some(rest) = name
        .strip_prefix("EQATTR_")
        .or_else(|| name.strip_prefix("EQ_ATTR_"))
    {
        let (field, attribute) = attribute(rest, context).ok_or_else(unknown)?;
        let values = given.texts()?;
        return Ok(Some(Condition::AttributeEquals {
            field,
            attribute,
            values,
        }));
    }
    let (comparison, rest) = comparison(name).ok_or_else(unknown)?;
    if let Some(found) = measured(given, comparison, rest)? {
        return Ok(Some(found));
    }
    if comparison == Comparison::Equal
        && let Some(found) = typed(given, rest)?
    {
        return Ok(Some(found));
    }
    let (scope, inner, field) = scoped(rest, context).ok_or_else(unknown)?;
    let operands = given.operands()?;
    let comparable = |o: &super::Operand| o.number.is_some() || o.time.is_some();
    if comparison != Comparison::Equal && !matches!(operands.as_slice(), [one] if comparable(one)) {
        return Err(given.error("one number, or one time with its zone, is expected"));
    }
    Ok(Some(Condition::Field {
        scope,
        inner,
        name: field,
        comparison,
        operands,
    }))
}

/// Parameters whose names are fixed. The inner None: the parameter asks for nothing.
fn plain(given: &Given<'_>) -> Result<Option<Option<Condition>>, QueryError> {
    let found = match given.name {
        "eventType" => event_types(given)?,
        "EQ_action" => actions(given)?,
        "EQ_bizStep" => words(given, WordField::BizStep)?,
        "EQ_disposition" => words(given, WordField::Disposition)?,
        "EQ_persistentDisposition_set" => words(given, WordField::PersistentSet)?,
        "EQ_persistentDisposition_unset" => words(given, WordField::PersistentUnset)?,
        "EQ_errorReason" => words(given, WordField::ErrorReason)?,
        "EQ_readPoint" => places(given, PlaceField::ReadPoint, false)?,
        "WD_readPoint" => places(given, PlaceField::ReadPoint, true)?,
        "EQ_bizLocation" => places(given, PlaceField::BizLocation, false)?,
        "WD_bizLocation" => places(given, PlaceField::BizLocation, true)?,
        "EQ_transformationID" => Condition::TransformationId(given.texts()?),
        "EQ_eventID" => Condition::EventId(given.texts()?),
        "EQ_correctiveEventID" => Condition::CorrectiveEventId(given.texts()?),
        "EXISTS_errorDeclaration" => {
            // In JSON the value is ignored when it is null (EPCIS 2.0 §8.2.7.1).
            let asked = matches!(given.value, Raw::Json(Value::Null)) || given.boolean()?;
            return Ok(Some(asked.then_some(Condition::HasErrorDeclaration)));
        }
        "EQ_booleanValue" => Condition::SensorBoolean(given.boolean()?),
        "EQ_type" => sensor_words(given, "type", Vocabulary::MeasurementType)?,
        "EQ_exception" => sensor_words(given, "exception", Vocabulary::SensorAlert)?,
        "EQ_component" => sensor_words(given, "component", Vocabulary::Component)?,
        name => {
            if let Some(field) = name.strip_prefix("MATCH_").and_then(epc_field) {
                matched(given, field)?
            } else if let Some(attribute) = name.strip_prefix("EQ_").and_then(sensor_text) {
                Condition::SensorText {
                    attribute,
                    values: given.texts()?,
                }
            } else if let Some(found) = time(given)? {
                found
            } else {
                return Ok(None);
            }
        }
    };
    Ok(Some(Some(found)))
}

fn event_types(given: &Given<'_>) -> Result<Condition, QueryError> {
    let mut types = Vec::new();
    for text in given.texts()? {
        match EventType::ALL.iter().find(|t| t.as_str() == text) {
            Some(found) => types.push(*found),
            // The name of an extension's event type, of which there are none here.
            None if text.contains(':') => {}
            None => return Err(given.error(format!("{text:?} is no event type"))),
        }
    }
    Ok(Condition::EventType(types))
}

fn actions(given: &Given<'_>) -> Result<Condition, QueryError> {
    let read = |text: String| match text.as_str() {
        "ADD" => Ok(Action::Add),
        "OBSERVE" => Ok(Action::Observe),
        "DELETE" => Ok(Action::Delete),
        other => Err(given.error(format!("{other:?} is none of ADD, OBSERVE, DELETE"))),
    };
    let actions = given
        .texts()?
        .into_iter()
        .map(read)
        .collect::<Result<_, _>>()?;
    Ok(Condition::Action(actions))
}

fn normal(given: &Given<'_>, vocabulary: Vocabulary) -> Result<Vec<String>, QueryError> {
    let read = |text: String| {
        normalise(vocabulary, &text).map(str::to_owned).ok_or_else(|| {
            given.error(format!(
                "{text:?} is not in the Core Business Vocabulary; a value of one's own must be a URI"
            ))
        })
    };
    given.texts()?.into_iter().map(read).collect()
}

fn words(given: &Given<'_>, field: WordField) -> Result<Condition, QueryError> {
    let vocabulary = match field {
        WordField::BizStep => Vocabulary::BizStep,
        WordField::ErrorReason => Vocabulary::ErrorReason,
        _ => Vocabulary::Disposition,
    };
    let words = normal(given, vocabulary)?;
    Ok(Condition::Word { field, words })
}

fn sensor_words(
    given: &Given<'_>,
    attribute: &'static str,
    vocabulary: Vocabulary,
) -> Result<Condition, QueryError> {
    let values = normal(given, vocabulary)?;
    Ok(Condition::SensorText { attribute, values })
}

fn keys(given: &Given<'_>) -> Result<Vec<Epc>, QueryError> {
    let read = |text: String| {
        parse_identifier(&text).map_err(|error| given.error(format!("{text:?}: {error}")))
    };
    given.texts()?.into_iter().map(read).collect()
}

fn places(
    given: &Given<'_>,
    field: PlaceField,
    descendants: bool,
) -> Result<Condition, QueryError> {
    let places = keys(given)?;
    Ok(Condition::Place {
        field,
        places,
        descendants,
    })
}

fn matched(given: &Given<'_>, field: EpcField) -> Result<Condition, QueryError> {
    let read = |text: String| {
        EpcPattern::parse(&text).map_err(|error| given.error(format!("{text:?}: {error}")))
    };
    let patterns = given
        .texts()?
        .into_iter()
        .map(read)
        .collect::<Result<_, _>>()?;
    Ok(Condition::Match { field, patterns })
}

/// `GE_`, `LT_` (and the other two) of a time.
fn time(given: &Given<'_>) -> Result<Option<Condition>, QueryError> {
    let Some((comparison, rest)) = comparison(given.name) else {
        return Ok(None);
    };
    if comparison == Comparison::Equal {
        return Ok(None);
    }
    let sensor = |attribute| {
        let time = given.time()?;
        Ok(Some(Condition::SensorTime {
            attribute,
            comparison,
            time,
        }))
    };
    let field = match rest {
        "eventTime" => TimeField::EventTime,
        "recordTime" => TimeField::RecordTime,
        // The text of the standard and its query schema spell it differently.
        "errorDeclarationTime" | "errorDeclaration_Time" => TimeField::DeclarationTime,
        "time" => return sensor("time"),
        "startTime" => return sensor("startTime"),
        "endTime" => return sensor("endTime"),
        _ => return Ok(None),
    };
    let time = given.time()?;
    Ok(Some(Condition::Time {
        field,
        comparison,
        time,
    }))
}

/// Amounts: `quantity`, `value_uom`, ….
fn measured(
    given: &Given<'_>,
    comparison: Comparison,
    rest: &str,
) -> Result<Option<Condition>, QueryError> {
    let (attribute, uom) = match rest.split_once('_') {
        Some((attribute, uom)) => (attribute, Some(uom)),
        None => (rest, None),
    };
    let number = match attribute {
        "quantity" => None,
        "value" => Some(SensorNumber::Value),
        "minValue" => Some(SensorNumber::MinValue),
        "maxValue" => Some(SensorNumber::MaxValue),
        "meanValue" => Some(SensorNumber::MeanValue),
        "sDev" => Some(SensorNumber::StandardDeviation),
        "percRank" => Some(SensorNumber::PercentileRank),
        "percValue" => Some(SensorNumber::PercentileValue),
        _ => return Ok(None),
    };
    let uom = uom.map(|uom| given.uom(uom)).transpose()?;
    let amounts = given.numbers()?;
    if comparison != Comparison::Equal && amounts.len() > 1 {
        return Err(given.error("one number is expected"));
    }
    Ok(Some(match number {
        None => Condition::Quantity {
            comparison,
            uom,
            amounts,
        },
        Some(number) => Condition::SensorNumber {
            number,
            comparison,
            uom,
            amounts,
        },
    }))
}

/// `EQ_bizTransaction_type`, `EQ_source_type`, `EQ_destination_type`.
fn typed(given: &Given<'_>, rest: &str) -> Result<Option<Condition>, QueryError> {
    let Some((field, kind)) = rest.split_once('_') else {
        return Ok(None);
    };
    let (field, vocabulary) = match field {
        "bizTransaction" => (TypedField::BizTransaction, Vocabulary::BizTransactionType),
        "source" => (TypedField::Source, Vocabulary::SourceDestinationType),
        "destination" => (TypedField::Destination, Vocabulary::SourceDestinationType),
        _ => return Ok(None),
    };
    let kind = normalise(vocabulary, kind)
        .ok_or_else(|| given.error(format!("{kind:?} is not a type of this list")))?
        .to_owned();
    let ids = keys(given)?;
    Ok(Some(Condition::Typed { field, kind, ids }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_parameter_is_refused_by_name() {
        let refused = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            SimpleEventQuery::from_pairs(&pairs, &Context::standard())
                .map_err(|error| error.parameter)
        };
        for (name, value) in [
            ("EQ_bizstep", "shipping"),
            ("EQ_bizStep", "teleporting"),
            ("EQ_bizStep", ""),
            ("EQ_bizStep", "shipping|"),
            ("eventType", "QuantityEvent"),
            ("GE_eventTime", "yesterday"),
            ("GE_eventTime", "2026-03-01T00:00:00"),
            ("EQ_eventTime", "2026-03-01T00:00:00Z"),
            ("EQ_action", "add"),
            ("MATCH_epc", "nonsense"),
            ("MATCH_epc", "urn:epc:id:sgtin:9521234.054321"),
            ("MATCH_EPC", "urn:epc:id:sgtin:9521234.054321.A"),
            ("EQ_readPoint", "here"),
            ("GE_quantity", "many"),
            ("GE_quantity", "1|2"),
            ("GE_quantity_kg", "1"),
            ("GT_example:x", "red"),
            ("EQ_booleanValue", "maybe"),
            ("EXISTS_nothing", "true"),
            ("EQ_bizTransaction_xx", "urn:x:y"),
            ("HASATTR_epcList", "x"),
            ("EQATTR_readPoint", "x"),
            ("orderBy", "quantity"),
            ("orderDirection", "UP"),
            ("maxEventCount", "0"),
            ("eventCountLimit", "-1"),
            ("perPage", "0"),
            ("limit", "5"),
        ] {
            assert_eq!(
                refused(&[(name, value)]),
                Err(name.to_owned()),
                "{name}={value}"
            );
        }
        let both = [
            ("orderBy", "eventTime"),
            ("eventCountLimit", "5"),
            ("maxEventCount", "5"),
        ];
        assert!(refused(&both).is_err());
        assert!(
            refused(&[("eventCountLimit", "5")]).is_err(),
            "first of which order?"
        );
        assert!(refused(&both[..2]).is_ok());
        assert!(refused(&[("EQ_action", "ADD"), ("EQ_action", "DELETE")]).is_err());
        let many: Vec<_> = (0..201)
            .map(|n| (format!("EQ_a:b{n}"), "1".to_owned()))
            .collect();
        assert!(SimpleEventQuery::from_pairs(&many, &Context::standard()).is_err());
    }
}
