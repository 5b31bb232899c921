//! A parameter each: what it finds of one event, and what it does not.

use serde_json::{Value, json};
use serialtrail_gs1::Epc;

use super::{MasterData, SimpleEventQuery};
use crate::context::Context;
use crate::document::Limits;
use crate::model::Event;
use crate::tree::{Tree, read_tree};

/// The site has a dock; the read point's country is known.
struct Places;

impl MasterData for Places {
    fn is_descendant(&self, place: &Epc, ancestor: &Epc) -> bool {
        place.to_string() == "414/9521234000013" && ancestor.to_string() == "414/9521234000037"
    }

    fn attribute(&self, element: &str, attribute: &str) -> Vec<String> {
        let known = [
            ("urn:epc:id:sgln:9521234.00001.0", "countryCode"),
            ("https://ref.gs1.org/cbv/BizStep-commissioning", "line"),
        ]
        .iter()
        .any(|(id, name)| element == *id && attribute.ends_with(name));
        known.then(|| "DE".to_owned()).into_iter().collect()
    }
}

fn read(event: Value) -> (Tree, Event) {
    let context = Context::standard()
        .extended(
            &json!({"example": "http://ns.example.com/epcis/", "other": "http://o.example.com/"}),
        )
        .unwrap();
    let tree = Tree { event, context };
    let mut event = read_tree(&tree, 0, &Limits::default()).unwrap();
    event.record_time = Some("2026-03-02T00:00:00Z".parse().unwrap());
    (tree, event)
}

fn object() -> Value {
    json!({
        "type": "ObjectEvent",
        "eventID": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "eventTime": "2026-03-01T10:00:00.000+01:00",
        "eventTimeZoneOffset": "+01:00",
        "action": "ADD",
        "bizStep": "commissioning",
        "disposition": "https://example.com/disp/own",
        "persistentDisposition": {"set": ["available"], "unset": ["completeness_inferred"]},
        "readPoint": {"id": "urn:epc:id:sgln:9521234.00001.0", "example:gate": "7"},
        "bizLocation": {"id": "https://id.gs1.org/414/9521234000020"},
        "epcList": ["urn:epc:id:sgtin:9521234.054321.A"],
        "quantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.054321.L", "quantity": 12.5, "uom": "KGM"}],
        "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521234000013:1"}],
        "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521234.00000"}],
        "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:9521234.00002.0"}],
        "ilmd": {"cbvmda:lotNumber": "L", "example:box": {"example:depth": 3}},
        "errorDeclaration": {
            "declarationTime": "2026-03-03T00:00:00Z",
            "reason": "did_not_occur",
            "correctiveEventIDs": ["urn:uuid:00000000-0000-4000-8000-000000000002"],
            "example:who": "me"
        },
        "sensorElementList": [{
            "sensorMetadata": {
                "time": "2026-03-01T09:00:00Z", "startTime": "2026-03-01T08:00:00Z",
                "endTime": "2026-03-01T09:00:00Z", "deviceID": "urn:epc:id:giai:9521234.D1",
                "dataProcessingMethod": "https://example.com/253/1", "bizRules": "https://example.com/253/2",
                "example:floor": 2
            },
            "sensorReport": [
                {"type": "Temperature", "value": 20.0, "uom": "CEL", "minValue": 18.0, "maxValue": 22.0,
                 "meanValue": 20.5, "sDev": 0.5, "percRank": 50, "percValue": 21.0,
                 "component": "x", "example:probe": "A"},
                {"type": "AbsoluteHumidity", "microorganism": "https://example.com/taxon/1",
                 "chemicalSubstance": "https://example.com/substance/1", "stringValue": "wet",
                 "booleanValue": true, "hexBinaryValue": "0F", "uriValue": "https://example.com/v"}
            ],
            "example:case": "outer"
        }],
        "example:text": "shelf",
        "example:number": 4.5,
        "example:day": "2026-03-01T00:00:00Z",
        "example:tree": {"example:leaf": [{"example:colour": "red"}]},
        "example:place": "urn:epc:id:sgln:9521234.00001.0"
    })
}

fn finds(event: &(Tree, Event), name: &str, value: &str) -> bool {
    let pairs = [(name.to_owned(), value.to_owned())];
    let context = Context::standard()
        .extended(&json!({"ex": "http://ns.example.com/epcis/"}))
        .unwrap();
    let query = SimpleEventQuery::from_pairs(&pairs, &context)
        .unwrap_or_else(|error| panic!("{name}={value}: {error}"));
    query.matches(&event.0, &event.1, &Places)
}

#[test]
fn each_parameter_finds_what_it_says_of_an_object_event() {
    let event = read(object());
    // Name, a value that finds the event, one that does not.
    for (name, yes, no) in [
        (
            "eventType",
            "ObjectEvent|AggregationEvent",
            "TransformationEvent",
        ),
        (
            "GE_eventTime",
            "2026-03-01T09:00:00Z",
            "2026-03-01T09:00:00.000001Z",
        ),
        (
            "LT_eventTime",
            "2026-03-01T09:00:00.000001Z",
            "2026-03-01T09:00:00Z",
        ),
        (
            "GE_recordTime",
            "2026-03-02T01:00:00+01:00",
            "2026-03-02T00:00:01Z",
        ),
        (
            "LT_recordTime",
            "2026-03-02T00:00:01Z",
            "2026-03-02T00:00:00Z",
        ),
        ("EQ_action", "ADD|DELETE", "OBSERVE"),
        (
            "EQ_bizStep",
            "urn:epcglobal:cbv:bizstep:commissioning",
            "shipping",
        ),
        ("EQ_disposition", "https://example.com/disp/own", "active"),
        (
            "EQ_persistentDisposition_set",
            "available",
            "completeness_inferred",
        ),
        (
            "EQ_persistentDisposition_unset",
            "completeness_inferred",
            "available",
        ),
        (
            "EQ_readPoint",
            "https://id.gs1.org/414/9521234000013",
            "urn:epc:id:sgln:9521234.00003.0",
        ),
        (
            "WD_readPoint",
            "urn:epc:id:sgln:9521234.00003.0",
            "urn:epc:id:sgln:9521234.00002.0",
        ),
        (
            "EQ_bizLocation",
            "urn:epc:id:sgln:9521234.00002.0",
            "urn:epc:id:sgln:9521234.00001.0",
        ),
        (
            "WD_bizLocation",
            "urn:epc:id:sgln:9521234.00002.0",
            "urn:epc:id:sgln:9521234.00003.0",
        ),
        (
            "EQ_bizTransaction_po",
            "urn:epcglobal:cbv:bt:9521234000013:1",
            "urn:epcglobal:cbv:bt:9521234000013:2",
        ),
        (
            "EQ_bizTransaction_urn:epcglobal:cbv:btt:po",
            "urn:epcglobal:cbv:bt:9521234000013:1",
            "urn:x:y",
        ),
        (
            "EQ_source_owning_party",
            "https://id.gs1.org/417/9521234000006",
            "urn:epc:id:pgln:9521234.00001",
        ),
        (
            "EQ_destination_location",
            "urn:epc:id:sgln:9521234.00002.0",
            "urn:epc:id:sgln:9521234.00001.0",
        ),
        (
            "MATCH_epc",
            "https://id.gs1.org/01/09521234543213/21/A",
            "urn:epc:id:sgtin:9521234.054321.B",
        ),
        (
            "MATCH_anyEPC",
            "urn:epc:idpat:sgtin:9521234.*.*",
            "urn:epc:idpat:sgtin:9521235.*.*",
        ),
        (
            "MATCH_epcClass",
            "https://id.gs1.org/01/09521234543213/10/L",
            "urn:epc:class:lgtin:9521234.054321.M",
        ),
        (
            "MATCH_anyEPCClass",
            "urn:epc:idpat:lgtin:9521234.054321.*",
            "urn:epc:idpat:sgtin:9521234.054321.*",
        ),
        ("EQ_quantity", "1|12.5", "12"),
        ("GT_quantity", "12", "12.5"),
        ("GE_quantity_GRM", "12500", "12500.1"),
        ("LT_quantity_KGM", "12.6", "12.5"),
        ("LE_quantity", "12.5", "12.4"),
        (
            "EQ_eventID",
            "urn:uuid:00000000-0000-4000-8000-000000000001",
            "urn:uuid:00000000-0000-4000-8000-000000000003",
        ),
        (
            "GE_errorDeclarationTime",
            "2026-03-03T00:00:00Z",
            "2026-03-03T00:00:01Z",
        ),
        (
            "LT_errorDeclaration_Time",
            "2026-03-03T00:00:01Z",
            "2026-03-03T00:00:00Z",
        ),
        ("EQ_errorReason", "did_not_occur", "incorrect_data"),
        (
            "EQ_correctiveEventID",
            "urn:uuid:00000000-0000-4000-8000-000000000002",
            "urn:uuid:00000000-0000-4000-8000-000000000001",
        ),
        ("EQ_ex:text", "floor|shelf", "Shelf"),
        ("EQ_example:text", "shelf", "floor"),
        ("EQ_http://ns.example.com/epcis/#text", "shelf", "floor"),
        ("EQ_ex:number", "4.50", "4"),
        ("GT_ex:number", "4", "4.5"),
        ("GE_ex:number", "4.5", "4.6"),
        ("LT_ex:number", "5", "4.5"),
        ("LE_ex:number", "4.5", "4.4"),
        (
            "EQ_ex:day",
            "2026-03-01T01:00:00+01:00",
            "2026-03-01T01:00:00Z",
        ),
        ("LT_ex:day", "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("EQ_INNER_ex:colour", "red", "blue"),
        ("EQ_ILMD_cbvmda:lotNumber", "L", "M"),
        ("GE_INNER_ILMD_ex:depth", "3", "4"),
        ("EQ_ERROR_DECLARATION_ex:who", "me", "you"),
        ("EQ_readPoint_ex:gate", "7", "8"),
        ("EQ_SENSORELEMENT_ex:case", "outer", "inner"),
        ("GE_SENSORMETADATA_ex:floor", "2", "3"),
        ("EQ_SENSORREPORT_ex:probe", "A", "B"),
        (
            "EQATTR_readPoint_urn:epcglobal:cbv:mda#countryCode",
            "DE|FR",
            "FR",
        ),
        ("EQATTR_ex:place_countryCode", "DE", "FR"),
        ("HASATTR_readPoint", "cbvmda:countryCode", "cbvmda:city"),
        ("HASATTR_bizStep", "ex:line", "ex:crew"),
        ("EQATTR_bizStep_ex:line", "DE", "FR"),
        ("GE_time", "2026-03-01T09:00:00Z", "2026-03-01T09:00:01Z"),
        (
            "LT_startTime",
            "2026-03-01T08:00:01Z",
            "2026-03-01T08:00:00Z",
        ),
        ("GE_endTime", "2026-03-01T09:00:00Z", "2026-03-01T09:00:01Z"),
        ("EQ_type", "gs1:Temperature", "Speed"),
        (
            "EQ_deviceID",
            "https://id.gs1.org/8004/9521234D1",
            "urn:epc:id:giai:9521234.D2",
        ),
        (
            "EQ_dataProcessingMethod",
            "https://example.com/253/1",
            "https://example.com/253/2",
        ),
        (
            "EQ_bizRules",
            "https://example.com/253/2",
            "https://example.com/253/1",
        ),
        (
            "EQ_microorganism",
            "https://example.com/taxon/1",
            "https://example.com/taxon/2",
        ),
        (
            "EQ_chemicalSubstance",
            "https://example.com/substance/1",
            "https://example.com/substance/2",
        ),
        ("EQ_component", "x", "y"),
        ("EQ_stringValue", "wet", "Wet"),
        ("EQ_booleanValue", "true", "false"),
        ("EQ_hexBinaryValue", "0f", "0E"),
        (
            "EQ_uriValue",
            "https://example.com/v",
            "https://example.com/w",
        ),
        ("EQ_value_CEL", "20", "21"),
        ("GE_value_KEL", "293.15", "293.16"),
        ("LT_value_FAH", "68.1", "68"),
        ("GE_minValue_CEL", "18", "18.1"),
        ("LE_maxValue_CEL", "22", "21.9"),
        ("GT_meanValue_CEL", "20.4", "20.5"),
        ("LT_sDev_KEL", "0.6", "0.5"),
        ("GE_percRank", "50", "51"),
        ("GE_percValue_CEL", "21", "22"),
    ] {
        assert!(finds(&event, name, yes), "{name}={yes}");
        assert!(!finds(&event, name, no), "{name}={no}");
    }
    // A temperature is never a mass, whatever the number.
    assert!(!finds(&event, "GE_value_KGM", "-1000"));
    assert!(!finds(&event, "LT_value_KGM", "1000"));
}

#[test]
fn what_exists_is_found_and_what_does_not_is_not() {
    let full = read(object());
    let mut bare = object();
    let fields = bare.as_object_mut().unwrap();
    fields.retain(|name, _| {
        [
            "type",
            "eventTime",
            "eventTimeZoneOffset",
            "action",
            "epcList",
            "eventID",
        ]
        .contains(&name.as_str())
    });
    let bare = read(bare);
    for name in [
        "EXISTS_errorDeclaration",
        "EXISTS_sensorElementList",
        "EXISTS_sensorElement",
        "EXISTS_ilmd",
        "EXISTS_bizStep",
        "EXISTS_ex:tree",
        "EXISTS_INNER_ex:colour",
        "EXISTS_ILMD_ex:box",
        "EXISTS_INNER_ILMD_ex:depth",
        "EXISTS_ERROR_DECLARATION_ex:who",
        "EXISTS_SENSORELEMENT_ex:case",
        "EXISTS_SENSORMETADATA_ex:floor",
        "EXISTS_SENSORREPORT_ex:probe",
        "EXISTS_readPoint_ex:gate",
    ] {
        assert!(finds(&full, name, "true"), "{name}");
        assert!(!finds(&bare, name, "true"), "{name}");
    }
    assert!(finds(&bare, "EXISTS_errorDeclaration", "false"));
    // Of all others the value is ignored (EPCIS 2.0 §8.2.7.1): it is their presence that asks.
    for name in ["EXISTS_ilmd", "EXISTS_ex:tree", "EXISTS_ILMD_ex:box"] {
        assert!(finds(&full, name, "false"), "{name}");
        assert!(!finds(&bare, name, "false"), "{name}");
    }
    for (name, value) in [
        ("EXISTS_ex:colour", "true"),
        ("EXISTS_INNER_ex:tree", "true"),
        ("EXISTS_INNER_ex:depth", "true"),
        ("EQ_other:text", "shelf"),
    ] {
        assert!(
            !finds(&full, name, value),
            "{name}: not at this place, or of another namespace"
        );
    }
}

#[test]
fn parents_inputs_outputs_and_their_classes_are_apart() {
    let packing = read(json!({
        "type": "AggregationEvent", "eventTime": "2026-03-01T09:00:00Z", "eventTimeZoneOffset": "+00:00",
        "action": "ADD", "parentID": "urn:epc:id:sscc:9521234.0567890001",
        "childEPCs": ["urn:epc:id:sgtin:9521234.054321.A"],
        "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.054321.L", "quantity": 2}]
    }));
    let making = read(json!({
        "type": "TransformationEvent", "eventTime": "2026-03-01T09:00:00Z", "eventTimeZoneOffset": "+00:00",
        "transformationID": "urn:epc:id:gdti:9521234.00001.T",
        "inputEPCList": ["urn:epc:id:sgtin:9521234.054321.A"],
        "outputEPCList": ["urn:epc:id:sgtin:9521234.054321.B"],
        "inputQuantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.054321.L", "quantity": 2}],
        "outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.054321.M", "quantity": 1}]
    }));
    let (a, b) = (
        "urn:epc:id:sgtin:9521234.054321.A",
        "urn:epc:id:sgtin:9521234.054321.B",
    );
    let (l, m) = (
        "urn:epc:class:lgtin:9521234.054321.L",
        "urn:epc:class:lgtin:9521234.054321.M",
    );
    for (name, value, in_packing, in_making) in [
        ("MATCH_epc", a, true, false),
        ("MATCH_anyEPC", a, true, true),
        ("MATCH_anyEPC", b, false, true),
        ("MATCH_inputEPC", a, false, true),
        ("MATCH_inputEPC", b, false, false),
        ("MATCH_outputEPC", b, false, true),
        ("MATCH_parentID", a, false, false),
        ("MATCH_epcClass", l, true, false),
        ("MATCH_anyEPCClass", l, true, true),
        ("MATCH_inputEPCClass", l, false, true),
        ("MATCH_outputEPCClass", l, false, false),
        ("MATCH_outputEPCClass", m, false, true),
        (
            "EQ_transformationID",
            "urn:epc:id:gdti:9521234.00001.T",
            false,
            true,
        ),
        ("EQ_action", "ADD", true, false),
    ] {
        assert_eq!(finds(&packing, name, value), in_packing, "{name} {value}");
        assert_eq!(finds(&making, name, value), in_making, "{name} {value}");
    }
    assert!(finds(
        &packing,
        "MATCH_parentID",
        "urn:epc:id:sscc:9521234.0567890001"
    ));
    assert!(!finds(
        &making,
        "MATCH_parentID",
        "urn:epc:id:sscc:9521234.0567890001"
    ));
}

#[test]
fn all_parameters_must_hold_and_json_means_what_the_query_string_means() {
    let (tree, event) = read(object());
    let matches = |query: Value| {
        let query = SimpleEventQuery::from_json(query.as_object().unwrap()).unwrap();
        query.matches(&tree, &event, &Places)
    };
    assert!(matches(json!({})));
    assert!(matches(
        json!({"eventType": ["ObjectEvent"], "EQ_bizStep": ["commissioning", "shipping"]})
    ));
    assert!(!matches(
        json!({"eventType": ["ObjectEvent"], "EQ_bizStep": ["shipping"]})
    ));
    assert!(matches(json!({
        "@context": {"e": "http://ns.example.com/epcis/"},
        "EQ_e:text": ["shelf"], "GE_e:number": 4, "GE_value_KEL": 290, "EXISTS_errorDeclaration": null
    })));
}
