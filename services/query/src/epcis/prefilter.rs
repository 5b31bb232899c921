//! A query's conditions as far as the columns of `events` can answer them. What passes here is a
//! superset: every condition is asked again of the event itself.

use crate::select::Select;
use serialtrail_epcis::query::{
    Comparison, Condition, EpcField, EpcPattern, FieldName, PlaceField, Scope, SimpleEventQuery,
    TimeField, TypedField, WordField,
};
use serialtrail_gs1::Epc;
use std::collections::{BTreeMap, BTreeSet};

/// Most places a `WD_` condition is widened to here; beyond it only the event itself is asked.
const MOST_PLACES: usize = 10_000;

/// Bytes of a pattern's fixed start that are looked at here.
const LONGEST_START: usize = 48;

/// What master data says about places, for `WD_` conditions.
pub trait Descendants {
    /// Keys of all descendants master data names, the place itself apart.
    fn descendants(&self, place: &Epc) -> Vec<String>;
}

/// The conditions for `WHERE`.
#[must_use]
pub fn prefilter(query: &SimpleEventQuery, places: &dyn Descendants) -> Select {
    query
        .conditions
        .iter()
        .enumerate()
        .fold(Select::new(), |select, (at, condition)| {
            add(select, &format!("p{at}"), condition, places)
        })
}

fn add(select: Select, name: &str, condition: &Condition, places: &dyn Descendants) -> Select {
    let texts =
        |values: Vec<String>, sql: String| select.clone().and(sql).bind(name.to_owned(), values);
    match condition {
        Condition::EventType(types) => texts(
            types.iter().map(|t| t.as_str().to_owned()).collect(),
            format!("event_type IN {{{name}:Array(String)}}"),
        ),
        Condition::Time {
            field,
            comparison,
            time,
        } => {
            let column = match field {
                TimeField::EventTime => "event_time",
                TimeField::RecordTime => "record_time",
                TimeField::DeclarationTime => "declaration_time",
            };
            let operator = operator(*comparison);
            select
                .and(format!(
                    "{column} {operator} fromUnixTimestamp64Micro({{{name}:Int64}}, 'UTC')"
                ))
                .bind(name.to_owned(), time.timestamp_micros())
        }
        Condition::Action(actions) => texts(
            actions.iter().map(|a| a.as_str().to_owned()).collect(),
            format!("action IN {{{name}:Array(String)}}"),
        ),
        Condition::Word { field, words } => {
            let sql = match field {
                WordField::BizStep => format!("biz_step IN {{{name}:Array(String)}}"),
                WordField::Disposition => format!("disposition IN {{{name}:Array(String)}}"),
                WordField::ErrorReason => format!("declaration_reason IN {{{name}:Array(String)}}"),
                WordField::PersistentSet => {
                    format!("arrayExists(x -> x IN {{{name}:Array(String)}}, persistent_set)")
                }
                WordField::PersistentUnset => {
                    format!("arrayExists(x -> x IN {{{name}:Array(String)}}, persistent_unset)")
                }
            };
            texts(words.clone(), sql)
        }
        Condition::Place {
            field,
            places: wanted,
            descendants,
        } => {
            let column = match field {
                PlaceField::ReadPoint => "read_point_key",
                PlaceField::BizLocation => "biz_location_key",
            };
            let mut keys: Vec<String> = wanted.iter().map(Epc::to_string).collect();
            let mut sql = format!("{column} IN {{{name}:Array(String)}}");
            if *descendants {
                keys.extend(wanted.iter().flat_map(|place| places.descendants(place)));
                if keys.len() > MOST_PLACES {
                    return select;
                }
                // The parts of a site: a GLN and an extension (GS1 General Specifications 3.5.11).
                sql = format!(
                    "{sql} OR splitByString('/254/', {column})[1] IN {{{name}:Array(String)}}"
                );
            }
            texts(keys, sql)
        }
        Condition::Typed { field, kind, .. } => {
            let column = match field {
                TypedField::BizTransaction => "biz_transactions",
                TypedField::Source => "sources",
                TypedField::Destination => "destinations",
            };
            select
                .and(format!(
                    "arrayExists(x -> x.1 = {{{name}:String}}, {column})"
                ))
                .bind(name.to_owned(), kind.clone())
        }
        Condition::TransformationId(_) => select.and("transformation_id != ''"),
        Condition::Match { field, patterns } => matching(select, name, *field, patterns),
        Condition::Quantity { .. } => select.and(
            "notEmpty(quantities) OR notEmpty(child_quantities) OR notEmpty(input_quantities) \
             OR notEmpty(output_quantities)",
        ),
        Condition::EventId(ids) => {
            texts(ids.clone(), format!("event_id IN {{{name}:Array(String)}}"))
        }
        Condition::HasErrorDeclaration => select.and("declaration"),
        Condition::CorrectiveEventId(ids) => texts(
            ids.clone(),
            format!("hasAny(corrective_event_ids, {{{name}:Array(String)}})"),
        ),
        Condition::Exists("ilmd") => select.and("ilmd != ''"),
        Condition::Exists("sensorElementList")
        | Condition::SensorTime { .. }
        | Condition::SensorText { .. }
        | Condition::SensorBoolean(_)
        | Condition::SensorNumber { .. } => select.and("sensor_elements != ''"),
        Condition::FieldExists {
            scope, name: field, ..
        }
        | Condition::Field {
            scope, name: field, ..
        } => named(select, name, *scope, field),
        Condition::Exists(_)
        | Condition::HasAttribute { .. }
        | Condition::AttributeEquals { .. } => select,
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
    }
}

fn matching(select: Select, name: &str, field: EpcField, patterns: &[EpcPattern]) -> Select {
    let column = if field.is_class() {
        "class_keys"
    } else {
        "epc_keys"
    };
    let mut keys: Vec<String> = patterns.iter().flat_map(|p| p.keys.clone()).collect();
    keys.sort();
    keys.dedup();
    let mut sql = format!("hasAny({column}, {{{name}:Array(String)}})");
    let mut select = select.bind(name.to_owned(), keys);
    for (at, (start, texts)) in starts(patterns).into_iter().enumerate() {
        let one = format!("{name}g{at}");
        sql.push_str(&format!(
            " OR arrayExists(x -> {start} IN {{{one}:Array(String)}}, {column})"
        ));
        select = select.bind(one, texts.into_iter().collect::<Vec<_>>());
    }
    select.and(sql)
}

/// Which part of a key `x` the patterns fix at its start, and to what. As few as there are places and
/// lengths of such parts, however many patterns there are: the statement does not grow with them.
fn starts(patterns: &[EpcPattern]) -> BTreeMap<String, BTreeSet<String>> {
    let mut starts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for glob in patterns.iter().flat_map(|pattern| &pattern.globs) {
        let (whole, second) = glob.start();
        let mut ends = (0..=whole.len().min(LONGEST_START)).rev();
        let end = ends.find(|end| whole.is_char_boundary(*end));
        let first = &whole[..end.unwrap_or(0)];
        let mut start = format!("substring(x, 1, {})", first.len());
        let mut text = first.to_owned();
        // The one character between is a digit: an indicator or extension digit.
        if let Some(second) = second.filter(|_| first == whole) {
            let (from, length) = (first.len() + 2, second.len());
            start = format!("concat({start}, substring(x, {from}, {length}))");
            text.push_str(second);
        }
        starts.entry(start).or_default().insert(text);
    }
    starts
}

/// An extension's local name stands somewhere in the JSON of its part of the event.
fn named(select: Select, name: &str, scope: Scope, field: &FieldName) -> Select {
    let column = match scope {
        Scope::Event => "extensions",
        Scope::Ilmd => "ilmd",
        Scope::SensorElement | Scope::SensorMetadata | Scope::SensorReport => "sensor_elements",
        Scope::ErrorDeclaration => return select.and("declaration"),
        Scope::ReadPoint => return select.and("read_point != ''"),
        Scope::BizLocation => return select.and("biz_location != ''"),
    };
    // What JSON may write in more than one way is asked of the event only.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !field.local().chars().all(plain) {
        return select.and(format!("{column} != ''"));
    }
    select
        .and(format!("position({column}, {{{name}:String}}) > 0"))
        .bind(name.to_owned(), field.local())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_epcis::Context;

    struct One;
    impl Descendants for One {
        fn descendants(&self, _: &Epc) -> Vec<String> {
            vec!["414/9521234000020".to_owned()]
        }
    }

    #[test]
    fn nothing_of_what_was_asked_stands_in_the_text_of_the_statement() {
        let value = "urn:epc:idpat:sgtin:9521234.*.*";
        for (name, value) in [
            ("MATCH_anyEPC", value),
            ("MATCH_epcClass", value),
            ("EQ_bizStep", "https://example.com/9521234"),
            ("EQ_eventID", "9521234"),
            ("WD_readPoint", "urn:epc:id:sgln:9521234.00001.0"),
            ("EQ_example:f9521234", "9521234"),
            ("EQ_ILMD_example:f9521234'", "9521234"),
            (
                "EQ_bizTransaction_https://example.com/9521234",
                "https://example.com/9521234",
            ),
            ("EQ_correctiveEventID", "urn:uuid:9521234"),
        ] {
            let pairs = [(name.to_owned(), value.to_owned())];
            let query = SimpleEventQuery::from_pairs(&pairs, &Context::standard()).unwrap();
            let condition = prefilter(&query, &One).condition();
            assert!(!condition.contains("9521234"), "{condition}");
        }
    }

    #[test]
    fn the_statement_does_not_grow_with_the_number_of_patterns() {
        let length = |count: u32| {
            let patterns: Vec<String> = (0..count)
                .map(|n| format!("urn:epc:idpat:sgtin:9521234.{:06}.*", 100_000 + n))
                .collect();
            let pairs = [("MATCH_anyEPC".to_owned(), patterns.join("|"))];
            let query = SimpleEventQuery::from_pairs(&pairs, &Context::standard()).unwrap();
            prefilter(&query, &One).condition().len()
        };
        assert_eq!(length(1000), length(1));
    }
}
