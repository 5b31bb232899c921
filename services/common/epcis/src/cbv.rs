//! The second layer of validation: what the Core Business Vocabulary calls usual. An event that is
//! unusual is read all the same; its warnings go back to its sender.
//!
//! | code | what is strange |
//! |---|---|
//! | `unusual_disposition` | a disposition at a business step other than those the CBV names for it |
//! | `unusual_action` | commissioning without ADD, decommissioning without DELETE |
//! | `unknown_measurement_type` | a bare word that is no measurement type of the GS1 Web Vocabulary |
//! | `recorded_before_it_happened` | `recordTime` before `eventTime` |
//! | `declared_before_it_happened` | `declarationTime` of an error before `eventTime` |
//! | `time_cut_to_microseconds` | a time finer than the microseconds that are kept |

use serde_json::Value;

use crate::model::{Action, Event, EventType};
use crate::reason::Warning;
use crate::time;
use crate::tree::Tree;
use crate::vocabulary::{Vocabulary, normalise};

/// Dispositions that the CBV ties to business steps (CBV 2.0 §7.2); those it gives only examples
/// for are left out.
const USUAL_STEPS: &[(&str, &[&str])] = &[
    ("active", &["commissioning"]),
    (
        "damaged",
        &[
            "accepting",
            "inspecting",
            "receiving",
            "removing",
            "repairing",
            "replacing",
        ],
    ),
    ("destroyed", &["destroying"]),
    ("encoded", &["encoding"]),
    ("in_transit", &["shipping", "departing"]),
    ("inactive", &["decommissioning"]),
    (
        "no_pedigree_match",
        &["holding", "staging_outbound", "storing"],
    ),
    (
        "non_sellable_other",
        &["holding", "inspecting", "staging_outbound", "storing"],
    ),
    ("recalled", &["holding", "staging_outbound", "storing"]),
    ("reserved", &["reserving"]),
    ("retail_sold", &["retail_selling"]),
    ("returned", &["receiving", "holding", "shipping"]),
    ("sellable_accessible", &["stocking", "receiving"]),
    (
        "sellable_not_accessible",
        &["receiving", "storing", "loading", "holding", "inspecting"],
    ),
];

/// What is strange about an event that was read from this tree.
pub fn warnings(tree: &Tree, event: &Event) -> Vec<Warning> {
    let mut found = Vec::new();
    disposition(event, &mut found);
    action(event, &mut found);
    times(tree, event, &mut found);
    measurements(tree, &mut found);
    found
}

fn disposition(event: &Event, found: &mut Vec<Warning>) {
    let (Some(step), Some(disposition)) = (&event.biz_step, &event.disposition) else {
        return;
    };
    let usual = USUAL_STEPS.iter().find(|(word, _)| word == disposition);
    if let Some((_, steps)) = usual.filter(|(_, steps)| !steps.contains(&step.as_str())) {
        found.push(Warning {
            field: "disposition".to_owned(),
            code: "unusual_disposition",
            message: format!(
                "disposition: {disposition:?} goes with the business step {}, not with {step:?} (CBV 2.0 §7.2)",
                steps.join(", ")
            ),
        });
    }
}

fn action(event: &Event, found: &mut Vec<Warning>) {
    let usual = match event.biz_step.as_deref() {
        Some("commissioning") => Action::Add,
        Some("decommissioning") => Action::Delete,
        _ => return,
    };
    if event.event_type == EventType::ObjectEvent && event.action != Some(usual) {
        found.push(Warning {
            field: "action".to_owned(),
            code: "unusual_action",
            message: format!(
                "action: an ObjectEvent at this business step is {} (EPCIS 2.0 §7.4.2)",
                usual.as_str()
            ),
        });
    }
}

fn times(tree: &Tree, event: &Event, found: &mut Vec<Warning>) {
    let mut warn = |field: &str, code, what: &str| {
        found.push(Warning {
            field: field.to_owned(),
            code,
            message: format!("{field}: {what}"),
        });
    };
    if event.record_time.is_some_and(|at| at < event.event_time) {
        warn(
            "recordTime",
            "recorded_before_it_happened",
            "the event was recorded before it happened",
        );
    }
    let declared = event.error_declaration.as_ref();
    if declared.is_some_and(|declared| declared.declaration_time < event.event_time) {
        warn(
            "errorDeclaration.declarationTime",
            "declared_before_it_happened",
            "an error was declared before the event happened",
        );
    }
    let given = tree.field("eventTime").and_then(Value::as_str);
    if given.is_some_and(time::is_finer_than_microseconds) {
        warn(
            "eventTime",
            "time_cut_to_microseconds",
            "only microseconds of the time are kept; the event hash is made of milliseconds (CBV 2.0 §8.9)",
        );
    }
}

fn measurements(tree: &Tree, found: &mut Vec<Warning>) {
    let elements = tree.field("sensorElementList").and_then(Value::as_array);
    for (i, element) in elements.into_iter().flatten().enumerate() {
        let reports = element.get("sensorReport").and_then(Value::as_array);
        for (j, report) in reports.into_iter().flatten().enumerate() {
            let unknown = report
                .get("type")
                .and_then(Value::as_str)
                .filter(|word| normalise(Vocabulary::MeasurementType, word).is_none());
            if let Some(word) = unknown {
                let field = format!("sensorElementList[{i}].sensorReport[{j}].type");
                found.push(Warning {
                    message: format!(
                        "{field}: {word:?} is not a measurement type of the GS1 Web Vocabulary; one of your own is a URI"
                    ),
                    field,
                    code: "unknown_measurement_type",
                });
            }
        }
    }
}
