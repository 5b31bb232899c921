//! The messages one event gives: one a unit and role, the parent's with its children in parts.

use serialtrail_gs1::{Epc, IdError, parse_identifier};
use serialtrail_records::state_dispatcher::PlannedMessage;
use serialtrail_records::{EpcisEvent, Quantity};
use std::collections::{BTreeMap, HashMap};

/// Children named in one message to their parent.
pub(crate) const CHILDREN_PER_PART: usize = 500;
/// Bytes of children's keys in one message to their parent.
const CHILDREN_BYTES: usize = 64 * 1024;
/// Role of a planned statement about a lot.
pub(crate) const LOT_STATUS: &str = "lot_status";
/// Role of a class that a transformation only uses up; sent as `class`.
pub(crate) const INPUT_CLASS: &str = "input_class";

/// An identifier of an event that is none, and where it stands.
#[derive(Debug)]
pub(crate) struct BadIdentifier {
    /// Field path, for example `epcList[3]`.
    pub(crate) place: String,
    /// What is wrong with it.
    pub(crate) error: IdError,
}

/// One message a unit, each unit once: as parent, else child, else output, input, epc, else class.
/// Lots recalled or withdrawn follow, then, where no unit is named at all, the place.
///
/// # Errors
/// An identifier cannot be read; the event is refused as a whole.
pub(crate) fn plan(event: &EpcisEvent) -> Result<Vec<PlannedMessage>, BadIdentifier> {
    let mut messages = Messages::default();
    let aggregates = event.event_type == "AggregationEvent";
    let parent = match &event.parent_id {
        Some(id) => Some(key(id, || "parentID".to_owned())?),
        None => None,
    };
    let children = keys(&event.child_epcs, "childEPCs")?;
    if let Some(parent) = &parent {
        let named = if aggregates { children.as_slice() } else { &[] };
        let all_children = aggregates
            && event.action.as_deref() == Some("DELETE")
            && named.is_empty()
            && event.child_quantity_list.is_empty();
        messages.parent(&parent.key(), named, all_children);
    }
    for child in &children {
        messages.unit(child, "child", parent.as_ref().map(Epc::key).as_deref());
    }
    for (list, field, role) in [
        (&event.output_epc_list, "outputEPCList", "output"),
        (&event.input_epc_list, "inputEPCList", "input"),
        (&event.epc_list, "epcList", "epc"),
    ] {
        for unit in keys(list, field)? {
            messages.unit(&unit, role, None);
        }
    }
    let quantities = [
        (&event.quantity_list, "quantityList", "class"),
        (&event.child_quantity_list, "childQuantityList", "class"),
        (&event.input_quantity_list, "inputQuantityList", INPUT_CLASS),
        (&event.output_quantity_list, "outputQuantityList", "class"),
    ];
    let mut lots = BTreeMap::new();
    for (list, field, role) in quantities {
        for (at, quantity) in list.iter().enumerate() {
            let key = key(&quantity.epc_class, || format!("{field}[{at}].epcClass"))?;
            messages.class(&key, role, quantity);
            if key.lot().is_some() {
                lots.insert(key.to_string(), ());
            }
        }
    }
    if lot_statement(event).is_some() {
        messages
            .list
            .extend(lots.into_keys().map(|lot| message(lot, LOT_STATUS)));
    }
    if messages.list.is_empty()
        && let Some(place) = event.read_point.as_deref()
    {
        let unit = parse_identifier(place).map_or_else(|_| place.to_owned(), String::from);
        messages.list.push(message(unit, "place"));
    }
    Ok(messages.list)
}

/// What an event states about the lots it names: `recalled` or `withdrawn`, by disposition or as a
/// persistent disposition set.
pub(crate) fn lot_statement(event: &EpcisEvent) -> Option<&'static str> {
    statement(event.disposition.as_deref(), &event.persistent_set)
}

/// The same from the fields of a body; a recall outweighs a withdrawal.
pub(crate) fn statement(disposition: Option<&str>, set: &[String]) -> Option<&'static str> {
    ["recalled", "withdrawn"]
        .into_iter()
        .find(|status| disposition == Some(status) || set.iter().any(|s| s == status))
}

fn key(id: &str, place: impl Fn() -> String) -> Result<Epc, BadIdentifier> {
    parse_identifier(id).map_err(|error| BadIdentifier {
        place: place(),
        error,
    })
}

fn keys(list: &[String], field: &str) -> Result<Vec<Epc>, BadIdentifier> {
    list.iter()
        .enumerate()
        .map(|(at, id)| key(id, || format!("{field}[{at}]")))
        .collect()
}

fn message(unit: String, role: &str) -> PlannedMessage {
    PlannedMessage {
        unit,
        role: role.to_owned(),
        parts: 1,
        ..PlannedMessage::default()
    }
}

#[derive(Default)]
struct Messages {
    list: Vec<PlannedMessage>,
    /// Where the message of each unit stands.
    seen: HashMap<String, usize>,
}

impl Messages {
    fn parent(&mut self, parent: &str, children: &[Epc], all_children: bool) {
        let mut parts = vec![Vec::new()];
        let mut bytes = 0;
        let mut named = std::collections::HashSet::new();
        for child in children.iter().filter(|child| named.insert(*child)) {
            let child = child.to_string();
            let last = parts.len() - 1;
            let full = parts[last].len() == CHILDREN_PER_PART
                || (bytes + child.len() > CHILDREN_BYTES && !parts[last].is_empty());
            if full {
                parts.push(Vec::new());
                bytes = 0;
            }
            bytes += child.len() + 2;
            let last = parts.len() - 1;
            parts[last].push(child);
        }
        let count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
        self.seen.insert(parent.to_owned(), self.list.len());
        for (part, children) in (0..).zip(parts) {
            self.list.push(PlannedMessage {
                children,
                part,
                parts: count,
                all_children,
                ..message(parent.to_owned(), "parent")
            });
        }
    }

    fn unit(&mut self, unit: &Epc, role: &str, parent: Option<&str>) {
        let key = unit.to_string();
        if self.seen.contains_key(&key) {
            return;
        }
        let role = match (unit.is_class(), role) {
            (true, "input") => INPUT_CLASS,
            (true, _) => "class",
            (false, role) => role,
        };
        self.seen.insert(key.clone(), self.list.len());
        self.list.push(PlannedMessage {
            parent: parent.map(str::to_owned),
            ..message(key, role)
        });
    }

    /// Amounts of one class in the same unit of measure are one amount; in different ones there is
    /// no amount to state. One that is made as well is not only used up.
    fn class(&mut self, class: &Epc, role: &str, quantity: &Quantity) {
        let key = class.to_string();
        if let Some(at) = self.seen.get(&key) {
            let had = &mut self.list[*at];
            if had.role == "class" || had.role == INPUT_CLASS {
                if role == "class" {
                    role.clone_into(&mut had.role);
                }
                let same = had.uom == quantity.uom;
                had.quantity = match (had.quantity, quantity.quantity) {
                    (Some(a), Some(b)) if same => Some(a + b),
                    _ => None,
                };
                had.uom = had.uom.take().filter(|_| same);
            }
            return;
        }
        self.seen.insert(key.clone(), self.list.len());
        self.list.push(PlannedMessage {
            quantity: quantity.quantity,
            uom: quantity.uom.clone(),
            ..message(key, role)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = "urn:epc:id:sgtin:4012345.011111.";

    fn packs(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("{PACK}{i}")).collect()
    }

    fn packing(count: usize) -> EpcisEvent {
        EpcisEvent {
            event_type: "AggregationEvent".into(),
            action: Some("ADD".into()),
            parent_id: Some("urn:epc:id:sscc:4012345.0000000001".into()),
            child_epcs: packs(count),
            ..EpcisEvent::default()
        }
    }

    #[test]
    fn a_parent_gets_its_children_in_parts_of_500_and_each_child_only_its_parent() {
        let plan = plan(&packing(1_201)).unwrap();
        let parents: Vec<_> = plan.iter().filter(|m| m.role == "parent").collect();
        assert_eq!(
            parents.iter().map(|m| m.children.len()).collect::<Vec<_>>(),
            [500, 500, 201]
        );
        assert!(
            parents
                .iter()
                .zip(0..)
                .all(|(m, part)| m.part == part && m.parts == 3)
        );
        let children: Vec<_> = plan.iter().filter(|m| m.role == "child").collect();
        assert_eq!(children.len(), 1_201);
        assert!(
            children
                .iter()
                .all(|m| m.parent.is_some() && m.children.is_empty())
        );
    }

    #[test]
    fn one_unit_in_two_spellings_gives_one_message() {
        let event = EpcisEvent {
            event_type: "ObjectEvent".into(),
            epc_list: vec![
                format!("{PACK}7"),
                String::from(parse_identifier(&format!("{PACK}7")).unwrap()),
                format!("{PACK}7"),
            ],
            ..EpcisEvent::default()
        };
        let plan = plan(&event).unwrap();
        assert_eq!(plan.len(), 1);
        assert_eq!(plan[0].role, "epc");
    }

    #[test]
    fn a_delete_without_children_empties_the_parent() {
        let mut event = packing(0);
        event.action = Some("DELETE".into());
        assert!(plan(&event).unwrap()[0].all_children);
        event.child_epcs = packs(1);
        assert!(!plan(&event).unwrap()[0].all_children);
        event.action = Some("ADD".into());
        event.child_epcs.clear();
        assert!(!plan(&event).unwrap()[0].all_children);
    }

    #[test]
    fn the_parent_of_a_transaction_is_touched_but_packs_nothing() {
        let event = EpcisEvent {
            event_type: "TransactionEvent".into(),
            parent_id: Some("urn:epc:id:sscc:4012345.0000000001".into()),
            epc_list: packs(2),
            ..EpcisEvent::default()
        };
        let roles: Vec<_> = plan(&event).unwrap().into_iter().map(|m| m.role).collect();
        assert_eq!(roles, ["parent", "epc", "epc"]);
    }

    #[test]
    fn an_association_touches_parent_and_children_and_empties_nothing() {
        for action in ["ADD", "DELETE"] {
            let mut event = packing(2);
            event.event_type = "AssociationEvent".into();
            event.action = Some(action.into());
            let messages = plan(&event).unwrap();
            let roles: Vec<_> = messages.iter().map(|m| m.role.as_str()).collect();
            assert_eq!(roles, ["parent", "child", "child"]);
            assert!(messages[0].children.is_empty() && !messages[0].all_children);
            event.child_epcs.clear();
            assert!(!plan(&event).unwrap()[0].all_children);
        }
    }

    #[test]
    fn a_transformation_gives_one_message_to_each_input_and_output() {
        let class = |class: &str| Quantity {
            epc_class: class.into(),
            quantity: Some(1.0),
            ..Quantity::default()
        };
        let event = EpcisEvent {
            event_type: "TransformationEvent".into(),
            input_epc_list: packs(2),
            output_epc_list: vec![format!("{PACK}9"), format!("{PACK}1")],
            input_quantity_list: vec![class("urn:epc:class:lgtin:4012345.011111.A")],
            output_quantity_list: vec![class("urn:epc:class:lgtin:4012345.011111.B")],
            ..EpcisEvent::default()
        };
        let messages = plan(&event).unwrap();
        let roles: Vec<_> = messages.iter().map(|m| m.role.as_str()).collect();
        // A unit that is both is an output: it comes out of the transformation.
        assert_eq!(roles, ["output", "output", "input", INPUT_CLASS, "class"]);
    }

    #[test]
    fn a_recalled_lot_becomes_a_statement_beside_its_quantity() {
        let lot = |class: &str, amount| Quantity {
            epc_class: class.into(),
            quantity: Some(amount),
            ..Quantity::default()
        };
        let mut event = EpcisEvent {
            event_type: "ObjectEvent".into(),
            disposition: Some("recalled".into()),
            quantity_list: vec![
                lot("urn:epc:class:lgtin:4012345.011111.A", 3.0),
                lot("urn:epc:class:lgtin:4012345.011111.A", 4.0),
                lot("urn:epc:idpat:sgtin:4012345.011111.*", 1.0),
            ],
            ..EpcisEvent::default()
        };
        let messages = plan(&event).unwrap();
        assert_eq!(messages.iter().filter(|m| m.role == LOT_STATUS).count(), 1);
        assert_eq!(messages[0].quantity, Some(7.0));
        event.disposition = None;
        assert!(plan(&event).unwrap().iter().all(|m| m.role != LOT_STATUS));
        event.persistent_set = vec!["withdrawn".into()];
        assert_eq!(lot_statement(&event), Some("withdrawn"));
    }

    #[test]
    fn an_event_without_units_belongs_to_its_place() {
        let event = EpcisEvent {
            event_type: "ObjectEvent".into(),
            read_point: Some("urn:epc:id:sgln:9521321.00001.0".into()),
            ..EpcisEvent::default()
        };
        let plan = plan(&event).unwrap();
        assert_eq!(
            (plan[0].unit.as_str(), plan[0].role.as_str()),
            ("414/9521321000018", "place")
        );
    }

    #[test]
    fn a_bad_identifier_is_named_by_its_place() {
        let mut event = packing(3);
        event.child_epcs[2] = "nonsense".into();
        assert_eq!(plan(&event).unwrap_err().place, "childEPCs[2]");
    }
}
