//! The codec and the schemas agree, and every schema can still read what any released version wrote.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use apache_avro::Schema;
use apache_avro::schema_compatibility::SchemaCompatibility;
use serialtrail_records::codec::{AvroRecord, Codec, DecodeError};
use serialtrail_records::{
    Alert, EnrichedObservation, EpcisEvent, ErrorDeclaration, EventMessage, LotStatus, Mark,
    Quantity, ReadBody, TypedId, UnitEvent, UnitMessage, schemas,
};

fn repo(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../..")
        .join(path)
}

fn event() -> EpcisEvent {
    EpcisEvent {
        event_id: "ni:///sha-256;00?ver=CBV2.0".into(),
        action: Some("ADD".into()),
        event_time: 1_760_000_000_000_001,
        epc_list: vec!["urn:epc:id:sgtin:4012345.011111.9876".into()],
        quantity_list: vec![Quantity {
            epc_class: "urn:epc:class:lgtin:4012345.011111.A".into(),
            quantity: Some(3.5),
            uom: Some("KGM".into()),
            ..Quantity::default()
        }],
        sources: vec![TypedId {
            r#type: Some("owning_party".into()),
            id: "urn:x".into(),
        }],
        error_declaration: Some(ErrorDeclaration {
            declaration_time: 7,
            ..Default::default()
        }),
        original: vec![0, 255, 1],
        ..EpcisEvent::default()
    }
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    let codec = Codec::offline().unwrap();
    let bytes = codec.encode(&event()).unwrap();
    assert_eq!(codec.decode::<EpcisEvent>(&bytes).unwrap(), event());
    let unit = UnitEvent {
        unit: "00/1".into(),
        children: vec!["a".into(), "b".into()],
        body: ReadBody {
            latitude: Some(52.5),
            ..ReadBody::default()
        },
        ..UnitEvent::default()
    };
    let bytes = codec.encode(&unit).unwrap();
    assert_eq!(
        UnitMessage::decode(&codec, &bytes).unwrap(),
        UnitMessage::UnitEvent(unit)
    );
}

#[test]
fn every_record_of_this_build_encodes_with_its_schema() {
    let codec = Codec::offline().unwrap();
    macro_rules! default_encodes {
        ($($t:ident),+) => {$(
            let v = serialtrail_records::$t::default();
            let bytes = codec.encode(&v).unwrap();
            assert_eq!(codec.decode::<serialtrail_records::$t>(&bytes).unwrap(), v);
        )+};
    }
    default_encodes!(
        EpcisEvent,
        Mark,
        UnitEvent,
        InheritedRead,
        MembershipEnd,
        RegistryEntry,
        LotStatus,
        SerialState,
        Product,
        Location,
        Party,
        Lane,
        MasterData,
        EnrichedObservation,
        Membership,
        Alert,
        RejectedEvent,
        CaptureJob,
        PartnerEvent
    );
}

#[test]
fn bytes_that_are_no_record_say_why() {
    let codec = Codec::offline().unwrap();
    let code = |b: &[u8]| EventMessage::decode(&codec, b).unwrap_err().code();
    assert_eq!(code(b""), Some("not_avro_framed"));
    assert_eq!(code(b"{\"json\": 1}"), Some("not_avro_framed"));
    assert_eq!(code(&[0, 0, 1, 0, 0, 9]), Some("unknown_schema_id"));
    let mark = codec.encode(&Mark::default()).unwrap();
    assert_eq!(code(&mark[..5]), Some("bad_avro"));
    let alert = codec.encode(&Alert::default()).unwrap();
    assert_eq!(code(&alert), Some("unexpected_record"));
    assert!(matches!(
        codec.decode::<LotStatus>(&mark),
        Err(DecodeError::UnexpectedRecord { found }) if found == Mark::NAME
    ));
    let e = codec.encode(&EnrichedObservation::default()).unwrap();
    for cut in 0..e.len() {
        // No prefix of a record may panic; a shorter one may by chance be valid only if complete.
        let _ = EventMessage::decode(&codec, &e[..cut]);
    }
}

#[test]
fn every_schema_reads_what_every_released_version_wrote() {
    let released = repo("schemas/avro/released");
    let mut checked = BTreeMap::new();
    for version in std::fs::read_dir(&released).unwrap() {
        let version = version.unwrap().path();
        for (name, text) in schemas::ALL {
            let short = name.rsplit('.').next().unwrap();
            let file = [format!("{short}.avsc"), format!("state/{short}.avsc")]
                .iter()
                .map(|f| version.join(f))
                .find(|f| f.exists());
            let Some(file) = file else { continue };
            let old = Schema::parse_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let new = Schema::parse_str(text).unwrap();
            SchemaCompatibility::can_read(&old, &new)
                .unwrap_or_else(|e| panic!("{name} cannot read {}: {e}", file.display()));
            *checked.entry(*name).or_insert(0) += 1;
        }
    }
    let unreleased: Vec<_> = schemas::ALL
        .iter()
        .map(|(n, _)| *n)
        .filter(|n| !checked.contains_key(n))
        .collect();
    assert!(
        unreleased.is_empty(),
        "not yet under schemas/avro/released: {unreleased:?}"
    );
}

#[test]
fn a_released_schema_is_never_taken_away() {
    for version in std::fs::read_dir(repo("schemas/avro/released")).unwrap() {
        let dir = version.unwrap().path();
        let files = [dir.clone(), dir.join("state")]
            .into_iter()
            .filter_map(|d| std::fs::read_dir(d).ok())
            .flatten();
        for file in files {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "avsc") {
                let name = format!(
                    "io.serialtrail.{}",
                    path.file_stem().unwrap().to_string_lossy()
                );
                assert!(
                    schemas::ALL.iter().any(|(n, _)| *n == name),
                    "{name} was released and is gone"
                );
            }
        }
    }
}

#[test]
fn a_record_nested_in_several_schemas_is_the_same_in_each() {
    fn collect(v: &serde_json::Value, out: &mut BTreeMap<String, Vec<serde_json::Value>>) {
        match v {
            serde_json::Value::Object(o) => {
                if o.get("type").and_then(|t| t.as_str()) == Some("record")
                    && let Some(n) = o.get("name").and_then(|n| n.as_str())
                {
                    let mut flat = v.clone();
                    // A second use inside one schema is a name, so compare with names expanded away.
                    flatten(&mut flat, false);
                    out.entry(n.to_owned()).or_default().push(flat);
                }
                o.values().for_each(|x| collect(x, out));
            }
            serde_json::Value::Array(a) => a.iter().for_each(|x| collect(x, out)),
            _ => {}
        }
    }
    fn flatten(v: &mut serde_json::Value, inner: bool) {
        match v {
            serde_json::Value::Object(o) => {
                if inner && o.get("type").and_then(|t| t.as_str()) == Some("record") {
                    let name = o["name"].as_str().unwrap().to_owned();
                    *v = serde_json::Value::String(format!("io.serialtrail.{name}"));
                    return;
                }
                o.values_mut().for_each(|x| flatten(x, true));
            }
            serde_json::Value::Array(a) => a.iter_mut().for_each(|x| flatten(x, true)),
            _ => {}
        }
    }
    let mut all = BTreeMap::new();
    for (_, text) in schemas::ALL {
        collect(&serde_json::from_str(text).unwrap(), &mut all);
    }
    for (name, copies) in all {
        assert!(
            copies.iter().all(|c| *c == copies[0]),
            "copies of {name} differ"
        );
    }
}
