//! A value that is lent beside its bytes is written back as these bytes.
#![allow(clippy::unwrap_used)]

use serde::{Deserialize, Serialize};
use serialtrail_records::avro::{Encoded, Plan, Schema};

const ITEM: &str = r#"{"type":"record","name":"Item","fields":[
    {"name":"id","type":"string"},{"name":"count","type":"long"},{"name":"note","type":["null","string"],"default":null}]}"#;
/// As the build before wrote it: without a note.
const OLD_ITEM: &str = r#"{"type":"record","name":"Item","fields":[
    {"name":"id","type":"string"},{"name":"count","type":"long"}]}"#;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Item<'a> {
    id: &'a str,
    count: i64,
    #[serde(borrow)]
    note: Option<&'a str>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<Encoded<'a, Item<'a>>>,
}

/// A reader that has but one field.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Id<'a> {
    id: &'a str,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Ids<'a> {
    #[serde(borrow)]
    items: Vec<Encoded<'a, Id<'a>>>,
}

fn list(item: &str) -> Schema {
    let items = format!(r#"{{"type":"array","items":{item}}}"#);
    let text = format!(
        r#"{{"type":"record","name":"List","fields":[{{"name":"items","type":{items}}}]}}"#
    );
    Schema::parse(&text).unwrap()
}

fn items(count: i64) -> Vec<Encoded<'static, Item<'static>>> {
    (0..count)
        .map(|count| {
            Encoded::new(Item {
                id: "one",
                count,
                note: Some("kept"),
            })
        })
        .collect()
}

fn written(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    list(ITEM).write(value, &mut out).unwrap();
    out
}

#[test]
fn a_value_read_is_written_as_the_bytes_it_was_read_from() {
    let bytes = written(&List { items: items(3) });
    let plan = Plan::new(&list(ITEM), &list(ITEM));
    let (all, _) = plan.read::<List<'_>>(&bytes).unwrap();
    assert_eq!(
        all.items[2].value(),
        &Item {
            id: "one",
            count: 2,
            note: Some("kept")
        }
    );
    assert_eq!(written(&all), bytes);
    let (some, _) = plan.read::<Ids<'_>>(&bytes).unwrap();
    assert_eq!(written(&some), bytes, "fields nobody asked for stay");
}

#[test]
fn a_value_is_taken_out_and_another_put_in_among_those_that_stay() {
    let bytes = written(&List { items: items(3) });
    let plan = Plan::new(&list(ITEM), &list(ITEM));
    let (mut all, _) = plan.read::<List<'_>>(&bytes).unwrap();
    all.items.remove(1);
    all.items.push(Encoded::new(Item {
        id: "new",
        count: 9,
        note: None,
    }));
    let again = written(&all);
    let (all, _) = plan.read::<List<'_>>(&again).unwrap();
    let counts: Vec<_> = all.items.iter().map(|i| i.value().count).collect();
    assert_eq!(counts, [0, 2, 9]);
}

#[test]
fn several_blocks_of_one_array_become_one() {
    // Two blocks of one item each, the second with its length (Avro 1.12, Binary Encoding, Arrays).
    let bytes = [2, 2, b'a', 2, 0, 1, 8, 2, b'b', 4, 0, 0];
    let plan = Plan::new(&list(ITEM), &list(ITEM));
    let (all, _) = plan.read::<List<'_>>(&bytes).unwrap();
    assert_eq!(written(&all), [4, 2, b'a', 2, 0, 2, b'b', 4, 0, 0]);
}

#[test]
fn what_another_schema_wrote_is_written_anew() {
    let mut bytes = Vec::new();
    let old = [("one", 4), ("two", 5)];
    #[derive(Serialize)]
    struct OldItem {
        id: &'static str,
        count: i64,
    }
    #[derive(Serialize)]
    struct OldList {
        items: Vec<OldItem>,
    }
    let items = old.map(|(id, count)| OldItem { id, count }).into();
    list(OLD_ITEM)
        .write(&OldList { items }, &mut bytes)
        .unwrap();
    let plan = Plan::new(&list(OLD_ITEM), &list(ITEM));
    let (all, _) = plan.read::<List<'_>>(&bytes).unwrap();
    let again = written(&all);
    let plan = Plan::new(&list(ITEM), &list(ITEM));
    let (all, rest) = plan.read::<List<'_>>(&again).unwrap();
    assert_eq!(
        all.items[1].value(),
        &Item {
            id: "two",
            count: 5,
            note: None
        }
    );
    assert!(rest.is_empty());
}

#[test]
fn bytes_this_codec_would_not_write_are_written_anew() {
    let plan = Plan::new(&list(ITEM), &list(ITEM));
    let canonical = [2, 2, b'a', 2, 0, 0];
    for (what, bytes) in [
        ("as written", &canonical[..]),
        ("a count in two bytes", &[2, 2, b'a', 0x82, 0, 0, 0]),
        ("a length in two bytes", &[2, 0x82, 0, b'a', 2, 0, 0]),
        ("a branch in two bytes", &[2, 2, b'a', 2, 0x80, 0, 0]),
    ] {
        let (all, _) = plan.read::<List<'_>>(bytes).unwrap();
        assert_eq!(written(&all), canonical, "{what}");
    }
}
