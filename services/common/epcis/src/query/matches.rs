//! What each condition means for one event.

use serde_json::Value;
use serialtrail_gs1::parse_identifier;

use super::condition::{
    Condition, EpcField, PlaceField, TimeField, TypedField, VocabularyField, WordField,
};
use super::pattern::EpcPattern;
use super::{MasterData, Scope, SimpleEventQuery, field, sensor, units};
use crate::model::{Event, Identifier, Place, Quantity};
use crate::tree::Tree;
use crate::vocabulary::{Vocabulary, web_address};

impl SimpleEventQuery {
    /// Whether an event is one of those asked for. `event` is what was read from `tree`, with the
    /// repository's own record time in it.
    pub fn matches(&self, tree: &Tree, event: &Event, master: &dyn MasterData) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(tree, event, master))
    }
}

impl Condition {
    /// Whether an event meets this condition.
    pub fn holds(&self, tree: &Tree, event: &Event, master: &dyn MasterData) -> bool {
        match self {
            Self::EventType(types) => types.contains(&event.event_type),
            Self::Time {
                field,
                comparison,
                time,
            } => {
                let found = match field {
                    TimeField::EventTime => Some(event.event_time),
                    TimeField::RecordTime => event.record_time,
                    TimeField::DeclarationTime => event
                        .error_declaration
                        .as_ref()
                        .map(|declared| declared.declaration_time),
                };
                found.is_some_and(|found| comparison.holds(&found, time))
            }
            Self::Action(actions) => event.action.is_some_and(|a| actions.contains(&a)),
            Self::Word { field, words } => {
                words_of(event, *field).any(|found| words.iter().any(|wanted| wanted == found))
            }
            Self::Place {
                field,
                places,
                descendants,
            } => place_of(event, *field).is_some_and(|found| {
                places.iter().any(|wanted| {
                    found.key == *wanted || *descendants && master.is_descendant(&found.key, wanted)
                })
            }),
            Self::Typed { field, kind, ids } => {
                let list = match field {
                    TypedField::BizTransaction => &event.biz_transactions,
                    TypedField::Source => &event.sources,
                    TypedField::Destination => &event.destinations,
                };
                list.iter()
                    .any(|found| found.kind.as_deref() == Some(kind) && ids.contains(&found.id.key))
            }
            Self::TransformationId(wanted) => event
                .transformation_id
                .as_ref()
                .is_some_and(|id| wanted.iter().any(|wanted| is_named(id, wanted))),
            Self::Match { field, patterns } => matched(event, *field, patterns),
            Self::Quantity {
                comparison,
                uom,
                amounts,
            } => quantities(event).any(|found| {
                let Some(amount) = found.quantity else {
                    return false;
                };
                amounts.iter().any(|wanted| match (uom, &found.uom) {
                    (None, _) => comparison.holds(&amount, wanted),
                    (Some(uom), Some(found)) => {
                        units::compare(*comparison, (amount, found), (*wanted, uom), false)
                    }
                    (Some(_), None) => false,
                })
            }),
            Self::EventId(ids) => ids.iter().any(|id| id == event.id()),
            Self::HasErrorDeclaration => event.error_declaration.is_some(),
            Self::CorrectiveEventId(ids) => event
                .error_declaration
                .iter()
                .flat_map(|declared| &declared.corrective_event_ids)
                .any(|found| ids.contains(found)),
            Self::Exists(name) => tree.event.get(*name).is_some_and(field::is_there),
            Self::FieldExists { scope, inner, name } => {
                field::any(tree, *scope, *inner, name, &mut field::is_there)
            }
            Self::Field {
                scope,
                inner,
                name,
                comparison,
                operands,
            } => field::any(tree, *scope, *inner, name, &mut |value| {
                field::compares(value, *comparison, operands)
            }),
            Self::HasAttribute { field, attributes } => {
                elements(tree, event, field).iter().any(|element| {
                    attributes
                        .iter()
                        .any(|name| !master.attribute(element, name).is_empty())
                })
            }
            Self::AttributeEquals {
                field,
                attribute,
                values,
            } => elements(tree, event, field).iter().any(|element| {
                let found = master.attribute(element, attribute);
                found.iter().any(|found| values.contains(found))
            }),
            Self::SensorTime {
                attribute,
                comparison,
                time,
            } => sensor::time(tree, attribute, *comparison, time),
            Self::SensorText { attribute, values } => sensor::text(tree, attribute, values),
            Self::SensorBoolean(wanted) => sensor::boolean(tree, *wanted),
            Self::SensorNumber {
                number,
                comparison,
                uom,
                amounts,
            } => sensor::number(tree, *number, *comparison, uom.as_deref(), amounts),
        }
    }
}

fn words_of(event: &Event, field: WordField) -> impl Iterator<Item = &String> {
    let persistent = &event.persistent_disposition;
    let (one, list): (Option<&String>, &[String]) = match field {
        WordField::BizStep => (event.biz_step.as_ref(), &[]),
        WordField::Disposition => (event.disposition.as_ref(), &[]),
        WordField::PersistentSet => (None, &persistent.set),
        WordField::PersistentUnset => (None, &persistent.unset),
        WordField::ErrorReason => {
            let declared = event.error_declaration.as_ref();
            (declared.and_then(|declared| declared.reason.as_ref()), &[])
        }
    };
    one.into_iter().chain(list)
}

fn place_of(event: &Event, field: PlaceField) -> Option<&Place> {
    match field {
        PlaceField::ReadPoint => event.read_point.as_ref(),
        PlaceField::BizLocation => event.biz_location.as_ref(),
    }
}

fn is_named(id: &Identifier, wanted: &str) -> bool {
    id.given == wanted || parse_identifier(wanted).is_ok_and(|wanted| wanted == id.key)
}

fn quantities(event: &Event) -> impl Iterator<Item = &Quantity> {
    event
        .quantity_list
        .iter()
        .chain(&event.child_quantity_list)
        .chain(&event.input_quantity_list)
        .chain(&event.output_quantity_list)
}

fn matched(event: &Event, field: EpcField, patterns: &[EpcPattern]) -> bool {
    let one = |id: &Identifier| {
        let key = id.key.key();
        patterns.iter().any(|pattern| pattern.matches(&key))
    };
    let any = |ids: &[Identifier]| ids.iter().any(one);
    let classes = |list: &[Quantity]| list.iter().any(|q| one(&q.epc_class));
    let units = || any(&event.epc_list) || any(&event.child_epcs);
    let parent = || event.parent_id.as_ref().is_some_and(one);
    let counted = || classes(&event.quantity_list) || classes(&event.child_quantity_list);
    match field {
        EpcField::Epc => units(),
        EpcField::Parent => parent(),
        EpcField::Input => any(&event.input_epc_list),
        EpcField::Output => any(&event.output_epc_list),
        EpcField::Any => {
            units() || parent() || any(&event.input_epc_list) || any(&event.output_epc_list)
        }
        EpcField::Class => counted(),
        EpcField::InputClass => classes(&event.input_quantity_list),
        EpcField::OutputClass => classes(&event.output_quantity_list),
        EpcField::AnyClass => {
            counted() || classes(&event.input_quantity_list) || classes(&event.output_quantity_list)
        }
    }
}

/// The vocabulary elements a field of the event names.
fn elements(tree: &Tree, event: &Event, field: &VocabularyField) -> Vec<String> {
    let ids = |list: &[crate::model::TypedId]| list.iter().map(|t| t.id.given.clone()).collect();
    let place = |place: &Option<Place>| place.iter().map(|p| p.given.clone()).collect();
    let words = |word: &Option<String>, vocabulary| {
        let address = |word: &String| web_address(vocabulary, word);
        word.iter().map(address).collect()
    };
    match field {
        VocabularyField::Standard("readPoint") => place(&event.read_point),
        VocabularyField::Standard("bizLocation") => place(&event.biz_location),
        VocabularyField::Standard("bizStep") => words(&event.biz_step, Vocabulary::BizStep),
        VocabularyField::Standard("disposition") => {
            words(&event.disposition, Vocabulary::Disposition)
        }
        VocabularyField::Standard("epcClass") => quantities(event)
            .map(|quantity| quantity.epc_class.given.clone())
            .collect(),
        VocabularyField::Standard("source") => ids(&event.sources),
        VocabularyField::Standard("destination") => ids(&event.destinations),
        VocabularyField::Standard(_) => ids(&event.biz_transactions),
        VocabularyField::Extension(name) => {
            let mut found = Vec::new();
            field::any(tree, Scope::Event, false, name, &mut |value| {
                found.extend(texts(value).map(str::to_owned));
                false
            });
            found
        }
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Value::Array(items) => (None, items.as_slice()),
        one => (Some(one), [].as_slice()),
    };
    one.into_iter()
        .chain(many)
        .filter_map(|value| value.as_str().or_else(|| value.get("@id")?.as_str()))
}
