//! One event: its fields and the rules between them (EPCIS 2.0 §7.4).

use serde_json::Value;

use crate::context::Context;
use crate::document::Limits;
use crate::extension;
use crate::fields::Object;
use crate::hash;
use crate::lists;
use crate::model::{Action, ErrorDeclaration, Event, EventType};
use crate::reason::{At, Fault, Parsed, Reason};
use crate::sensor;
use crate::time;
use crate::vocabulary::{self, Vocabulary};

/// The fields of every event.
fn is_of_every_event(name: &str) -> bool {
    matches!(
        name,
        "@context"
            | "type"
            | "eventTime"
            | "recordTime"
            | "eventTimeZoneOffset"
            | "eventID"
            | "certificationInfo"
            | "errorDeclaration"
            | "bizStep"
            | "disposition"
            | "readPoint"
            | "bizLocation"
            | "bizTransactionList"
            | "sourceList"
            | "destinationList"
            | "sensorElementList"
    )
}

impl EventType {
    /// Whether this type has a field beside those of every event. The JSON schema has
    /// persistentDisposition on object and transformation events only, while the
    /// text of the standard (§7.4) has it on all, so all may have it.
    fn has(self, name: &str) -> bool {
        match self {
            Self::ObjectEvent => matches!(
                name,
                "action" | "epcList" | "quantityList" | "ilmd" | "persistentDisposition"
            ),
            Self::AggregationEvent | Self::AssociationEvent => matches!(
                name,
                "action" | "parentID" | "childEPCs" | "childQuantityList" | "persistentDisposition"
            ),
            Self::TransactionEvent => matches!(
                name,
                "action" | "parentID" | "epcList" | "quantityList" | "persistentDisposition"
            ),
            Self::TransformationEvent => matches!(
                name,
                "inputEPCList"
                    | "outputEPCList"
                    | "inputQuantityList"
                    | "outputQuantityList"
                    | "transformationID"
                    | "ilmd"
                    | "persistentDisposition"
            ),
        }
    }
}

/// Reads an event; `context` is what is in force for it, its own `@context` included.
pub(crate) fn read(value: &Value, context: &Context, limits: &Limits) -> Parsed<Event> {
    let at = At::Root;
    let event = Object::new(&at, value).map_err(|fault| Fault {
        message: "an event must be a JSON object".to_owned(),
        ..fault
    })?;
    read_event(&event, value, context, limits)
}

fn read_event(
    event: &Object<'_>,
    value: &Value,
    context: &Context,
    limits: &Limits,
) -> Parsed<Event> {
    let at = event.at;
    let event_type = event_type(event)?;
    let known = |name: &str| is_of_every_event(name) || event_type.has(name);
    event.only(known, Some(context))?;

    let event_time = event
        .time("eventTime")?
        .ok_or_else(|| event.missing("eventTime"))?;
    let offset = event.required_text("eventTimeZoneOffset")?;
    let action = match event_type {
        EventType::TransformationEvent => None,
        _ => Some(action(event)?),
    };
    let may_have_ilmd = match event_type {
        EventType::ObjectEvent => action == Some(Action::Add),
        EventType::TransformationEvent => true,
        _ => false,
    };
    extension::ilmd_allowed(event, may_have_ilmd)?;
    let (lot, expiry) = extension::lot_and_expiry(event)?;
    let word = |name: &str, vocabulary| {
        event
            .text(name)?
            .map(|text| vocabulary::word(&at.field(name), vocabulary, text))
            .transpose()
    };
    let biz_step = word("bizStep", Vocabulary::BizStep)?;
    within_limit(event, limits)?;
    let read = Event {
        event_id: event.uri("eventID")?.map(str::to_owned),
        content_hash: String::new(),
        event_type,
        event_time,
        event_time_zone_offset_minutes: time::offset(&at.field("eventTimeZoneOffset"), offset)?,
        record_time: event.time("recordTime")?,
        action,
        verification_scan: (biz_step.as_deref() == Some("inspecting")
            && event_type == EventType::ObjectEvent
            && action == Some(Action::Observe))
        .then(|| extension::verification_scan(event))
        .flatten(),
        biz_step,
        disposition: word("disposition", Vocabulary::Disposition)?,
        persistent_disposition: lists::persistent_disposition(event)?,
        read_point: lists::place(event, "readPoint")?,
        biz_location: lists::place(event, "bizLocation")?,
        epc_list: if event_type == EventType::ObjectEvent {
            lists::distinct_epcs(event, "epcList")?
        } else {
            lists::epcs(event, "epcList")?
        },
        parent_id: lists::parent_id(event)?,
        child_epcs: lists::epcs(event, "childEPCs")?,
        quantity_list: lists::quantities(event, "quantityList")?,
        child_quantity_list: lists::quantities(event, "childQuantityList")?,
        input_epc_list: lists::distinct_epcs(event, "inputEPCList")?,
        output_epc_list: lists::distinct_epcs(event, "outputEPCList")?,
        input_quantity_list: lists::quantities(event, "inputQuantityList")?,
        output_quantity_list: lists::quantities(event, "outputQuantityList")?,
        transformation_id: event
            .text("transformationID")?
            .map(|text| lists::identifier(&at.field("transformationID"), text))
            .transpose()?,
        biz_transactions: lists::typed_ids(event, "bizTransactionList", "bizTransaction")?,
        sources: lists::typed_ids(event, "sourceList", "source")?,
        destinations: lists::typed_ids(event, "destinationList", "destination")?,
        sensor_elements: sensor::elements(event, context)?,
        ilmd: lists::ilmd(event, context)?,
        extensions: extension::of_event(event),
        certification_info: lists::certification_info(event)?,
        error_declaration: error_declaration(event, context)?,
        lot,
        expiry,
    };
    names_something(event, &read)?;
    Ok(Event {
        content_hash: hash::event_hash_of(value, context, &read),
        ..read
    })
}

/// The lists that hold EPCs.
const EPC_LISTS: [&str; 4] = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"];

fn within_limit(event: &Object<'_>, limits: &Limits) -> Parsed<()> {
    let mut epcs = 0;
    for name in EPC_LISTS {
        epcs += event.list(name)?.len();
        if epcs > limits.max_epcs_per_event {
            return Err(Fault::new(
                &event.at.field(name),
                Reason::TooManyEpcs,
                format_args!(
                    "{epcs} EPCs, at most {} are taken in one event",
                    limits.max_epcs_per_event
                ),
            ));
        }
    }
    Ok(())
}

fn event_type(event: &Object<'_>) -> Parsed<EventType> {
    match event.required_text("type")? {
        "ObjectEvent" => Ok(EventType::ObjectEvent),
        "AggregationEvent" => Ok(EventType::AggregationEvent),
        "TransactionEvent" => Ok(EventType::TransactionEvent),
        "TransformationEvent" => Ok(EventType::TransformationEvent),
        "AssociationEvent" => Ok(EventType::AssociationEvent),
        other => Err(Fault::new(
            &event.at.field("type"),
            Reason::UnsupportedEventType,
            format_args!("{other:?} is not an event type of EPCIS 2.0"),
        )),
    }
}

fn action(event: &Object<'_>) -> Parsed<Action> {
    match event.required_text("action")? {
        "ADD" => Ok(Action::Add),
        "OBSERVE" => Ok(Action::Observe),
        "DELETE" => Ok(Action::Delete),
        other => Err(Fault::new(
            &event.at.field("action"),
            Reason::BadValue,
            format_args!("{other:?} is not an action; ADD, OBSERVE or DELETE is expected"),
        )),
    }
}

/// The rules about what an event must name (EPCIS 2.0 §7.4.2 to §7.4.6).
fn names_something(object: &Object<'_>, event: &Event) -> Parsed<()> {
    let nothing = |fields: &str| {
        Err(Fault::new(
            object.at,
            Reason::NothingObserved,
            format_args!(
                "the {} names nothing: {fields} is required",
                event.event_type.as_str()
            ),
        ))
    };
    match event.event_type {
        EventType::ObjectEvent => {
            let sensed =
                event.read_point.is_some() && !object.list("sensorElementList")?.is_empty();
            if event.epc_list.is_empty() && event.quantity_list.is_empty() && !sensed {
                return nothing("epcList, quantityList or sensorElementList with readPoint");
            }
        }
        EventType::AggregationEvent => {
            if event.parent_id.is_none() && event.action != Some(Action::Observe) {
                return Err(object.missing("parentID"));
            }
            if event.child_epcs.is_empty()
                && event.child_quantity_list.is_empty()
                && event.action != Some(Action::Delete)
            {
                return nothing("childEPCs or childQuantityList");
            }
        }
        EventType::TransactionEvent => {
            if event.biz_transactions.is_empty() {
                return Err(object.missing("bizTransactionList"));
            }
            if event.epc_list.is_empty()
                && event.quantity_list.is_empty()
                && event.parent_id.is_none()
                && event.action != Some(Action::Delete)
            {
                return nothing("epcList, quantityList or parentID");
            }
        }
        EventType::TransformationEvent => {
            let inputs = !event.input_epc_list.is_empty() || !event.input_quantity_list.is_empty();
            let outputs =
                !event.output_epc_list.is_empty() || !event.output_quantity_list.is_empty();
            // Parts of one transformation may tell inputs and outputs in events of their own.
            let complete = if event.transformation_id.is_some() {
                inputs || outputs
            } else {
                inputs && outputs
            };
            if !complete {
                return nothing("an input and an output (with a transformationID, one of them)");
            }
        }
        EventType::AssociationEvent => {
            if event.parent_id.is_none() {
                return Err(object.missing("parentID"));
            }
            if event.child_epcs.is_empty()
                && event.child_quantity_list.is_empty()
                && event.action != Some(Action::Delete)
            {
                return nothing("childEPCs or childQuantityList");
            }
        }
    }
    Ok(())
}

fn error_declaration(event: &Object<'_>, context: &Context) -> Parsed<Option<ErrorDeclaration>> {
    let Some(value) = event.get("errorDeclaration") else {
        return Ok(None);
    };
    let at = event.at.field("errorDeclaration");
    let declaration = Object::new(&at, value)?;
    let known = |name: &str| matches!(name, "declarationTime" | "reason" | "correctiveEventIDs");
    declaration.only(known, Some(context))?;
    let ids_at = at.field("correctiveEventIDs");
    let corrective_event_ids = lists::each(
        &ids_at,
        declaration.list("correctiveEventIDs")?,
        |at, item| {
            let text = crate::fields::item_text(at, item)?;
            crate::fields::uri(at, text)?;
            Ok(text.to_owned())
        },
    )?;
    Ok(Some(ErrorDeclaration {
        declaration_time: declaration
            .time("declarationTime")?
            .ok_or_else(|| declaration.missing("declarationTime"))?,
        reason: declaration
            .text("reason")?
            .map(|text| vocabulary::word(&at.field("reason"), Vocabulary::ErrorReason, text))
            .transpose()?,
        corrective_event_ids,
        extensions: extension::of_declaration(&declaration),
    }))
}
