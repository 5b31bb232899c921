//! Avro's types, one by one (Avro 1.12, Binary Encoding).
#![allow(clippy::unwrap_used)]

mod datum;

use std::collections::BTreeMap;

use datum::Datum;
use datum::by_schema::{read, record, resolved, schema, text, written};
use serde::{Deserialize, Serialize};
use serialtrail_records::avro::{Plan, Schema};

#[test]
fn integers_are_zig_zag_and_variable_length() {
    // Binary Encoding, Primitive Types: the specification's own examples.
    let table: [(i64, &[u8]); 8] = [
        (0, &[0]),
        (-1, &[1]),
        (1, &[2]),
        (-2, &[3]),
        (-64, &[0x7f]),
        (64, &[0x80, 1]),
        (
            i64::MAX,
            &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ),
        (
            i64::MIN,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ),
    ];
    for (value, bytes) in table {
        assert_eq!(written(r#""long""#, &value), bytes, "{value}");
        assert_eq!(read(r#""long""#, bytes), Ok(Datum::Integer(value)));
    }
    for value in [i32::MIN, -1, 0, 1, i32::MAX] {
        let bytes = written(r#""int""#, &value);
        assert_eq!(read(r#""int""#, &bytes), Ok(Datum::Integer(value.into())));
    }
    // A length longer than need be is still the number.
    assert_eq!(read(r#""long""#, &[0x80, 0x80, 0]), Ok(Datum::Integer(0)));
}

#[test]
fn numbers_that_are_too_large_are_refused() {
    let beyond_int = written(r#""long""#, &(i64::from(i32::MAX) + 1));
    let error = read(r#""int""#, &beyond_int).unwrap_err();
    assert!(error.contains("2147483648 is no int"), "{error}");
    for bytes in [vec![0xff; 11], [vec![0xff; 9], vec![2]].concat()] {
        let error = read(r#""long""#, &bytes).unwrap_err();
        assert!(error.contains("more than 64 bits"), "{error}");
    }
    let mut out = vec![7];
    let wrong = schema(r#""int""#).write(&(1i64 << 40), &mut out);
    assert_eq!((wrong.is_err(), out), (true, vec![7]));
}

#[test]
fn the_other_primitive_types_are_as_the_specification_says() {
    assert!(written(r#""null""#, &()).is_empty());
    assert_eq!(written(r#""boolean""#, &true), [1]);
    assert_eq!(written(r#""float""#, &1.5f32), 1.5f32.to_le_bytes());
    assert_eq!(written(r#""double""#, &-2.25f64), (-2.25f64).to_le_bytes());
    assert_eq!(written(r#""string""#, "foo"), [6, 0x66, 0x6f, 0x6f]);
    assert_eq!(
        written(r#""bytes""#, serde_bytes::Bytes::new(&[0, 255])),
        [4, 0, 255]
    );
    assert_eq!(read(r#""null""#, &[]), Ok(Datum::Null));
    assert_eq!(read(r#""boolean""#, &[0]), Ok(Datum::Boolean(false)));
    assert!(
        read(r#""boolean""#, &[2])
            .unwrap_err()
            .contains("no boolean")
    );
    assert_eq!(
        read(r#""float""#, &1.5f32.to_le_bytes()),
        Ok(Datum::Float(1.5f32.to_bits()))
    );
    assert!(
        read(r#""string""#, &[2, 0xff])
            .unwrap_err()
            .contains("UTF-8")
    );
    assert_eq!(read(r#""bytes""#, &[2, 0xff]), Ok(Datum::Bytes(vec![0xff])));
}

#[test]
fn arrays_and_maps_come_in_blocks_also_in_such_as_say_their_length() {
    let array = r#"{"type": "array", "items": "long"}"#;
    // Binary Encoding, Arrays: the specification's own example.
    assert_eq!(written(array, &[3, 27]), [4, 6, 0x36, 0]);
    let both = Datum::Array(vec![Datum::Integer(3), Datum::Integer(27)]);
    for bytes in [
        &[4, 6, 0x36, 0][..],
        &[2, 6, 2, 0x36, 0],
        &[3, 4, 6, 0x36, 0],
        &[1, 2, 6, 2, 0x36, 0],
    ] {
        assert_eq!(read(array, bytes), Ok(both.clone()), "{bytes:?}");
    }
    assert_eq!(read(array, &[0]), Ok(Datum::Array(Vec::new())));
    let map = r#"{"type": "map", "values": "int"}"#;
    let one: BTreeMap<&str, i32> = [("a", 1)].into();
    assert_eq!(written(map, &one), [2, 2, b'a', 2, 0]);
    assert_eq!(
        read(map, &[1, 6, 2, b'a', 2, 0]),
        Ok(record(&[("a", Datum::Integer(1))]))
    );
    // What says its length is passed over by its length alone, whatever stands in it.
    let writer = format!(
        r#"{{"type": "record", "name": "R", "fields": [{{"name": "a", "type": {array}}}, {{"name": "b", "type": "int"}}]}}"#
    );
    let reader = r#"{"type": "record", "name": "R", "fields": [{"name": "b", "type": "int"}]}"#;
    let skipped = resolved(&writer, reader, &[3, 4, 0xff, 0xff, 0, 14]);
    assert_eq!(skipped, Ok(record(&[("b", Datum::Integer(7))])));
}

#[test]
fn enums_and_fixed_are_what_their_schema_lists() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Suit {
        Spades,
        Hearts,
    }
    let suit = r#"{"type": "enum", "name": "Suit", "symbols": ["Hearts", "Spades"]}"#;
    assert_eq!(written(suit, &Suit::Spades), [2]);
    let plan = Plan::new(&schema(suit), &schema(suit));
    assert_eq!(plan.read::<Suit>(&[0]).unwrap().0, Suit::Hearts);
    assert!(read(suit, &[4]).unwrap_err().contains("2 is none of 2"));
    let fixed = r#"{"type": "fixed", "name": "Two", "size": 2}"#;
    assert_eq!(written(fixed, serde_bytes::Bytes::new(&[1, 2])), [1, 2]);
    assert_eq!(read(fixed, &[1, 2]), Ok(Datum::Bytes(vec![1, 2])));
    let longer = schema(fixed).write(serde_bytes::Bytes::new(&[1, 2, 3]), &mut Vec::new());
    assert!(longer.is_err());
}

#[test]
fn a_union_is_an_option_or_an_enum_with_a_variant_for_each_type() {
    for (optional, none, some) in [
        (r#"["null", "string"]"#, &[0][..], &[2, 2, b'a'][..]),
        (r#"["string", "null"]"#, &[2], &[0, 2, b'a']),
    ] {
        assert_eq!(written(optional, &None::<String>), none);
        assert_eq!(written(optional, &Some("a")), some);
        assert_eq!(written(optional, "a"), some);
        let plan = Plan::new(&schema(optional), &schema(optional));
        assert_eq!(plan.read::<Option<String>>(none).unwrap().0, None);
        assert_eq!(plan.read::<Option<&str>>(some).unwrap().0, Some("a"));
        assert_eq!(plan.read::<&str>(some).unwrap().0, "a");
        assert!(plan.read::<Option<&str>>(&[4]).is_err());
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Any {
        Null,
        Long(i64),
        String(String),
    }
    let union = r#"["null", "long", "string"]"#;
    let plan = Plan::new(&schema(union), &schema(union));
    for (value, bytes) in [
        (Any::Null, &[0][..]),
        (Any::Long(5), &[2, 10]),
        (Any::String("b".into()), &[4, 2, b'b']),
    ] {
        assert_eq!(written(union, &value), bytes);
        assert_eq!(plan.read::<Any>(bytes).unwrap().0, value);
    }
    assert_eq!(
        plan.read::<Option<Datum>>(&[2, 10]).unwrap().0,
        Some(Datum::Integer(5))
    );
}

#[test]
fn a_record_may_stand_in_itself() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Node {
        value: i64,
        next: Option<Box<Node>>,
    }
    let list = r#"{"type": "record", "name": "Node", "fields": [
        {"name": "value", "type": "long"}, {"name": "next", "type": ["null", "Node"]}]}"#;
    let mut node = Node {
        value: 0,
        next: None,
    };
    for value in 1..60 {
        let next = Some(Box::new(node));
        node = Node { value, next };
    }
    let bytes = written(list, &node);
    let plan = Plan::new(&schema(list), &schema(list));
    assert_eq!(plan.read::<Node>(&bytes).unwrap().0, node);
}

#[test]
fn errors_name_the_field() {
    let text = r#"{"type": "record", "name": "R", "fields": [
        {"name": "list", "type": {"type": "array", "items": {"type": "record", "name": "I", "fields": [
            {"name": "at", "type": "int"}, {"name": "tags", "type": {"type": "map", "values": "string"}}]}}}]}"#;
    let error = read(text, &[4, 2, 0, 4, 2, 2, b'k', 2, 0xff, 0, 0]).unwrap_err();
    assert!(
        error.starts_with("list[1].tags{}: text is not UTF-8"),
        "{error}"
    );
    assert!(error.ends_with("at byte 9 of 11"), "{error}");

    #[derive(Serialize)]
    struct Wrong {
        list: Vec<Inner>,
    }
    #[derive(Serialize)]
    struct Inner {
        at: &'static str,
    }
    let mut out = Vec::new();
    let wrong = Wrong {
        list: vec![Inner { at: "x" }],
    };
    let error = schema(text).write(&wrong, &mut out).unwrap_err();
    assert_eq!(error.to_string(), "list.at: text, where the schema has int");
    assert!(out.is_empty());
}

#[test]
fn a_struct_that_is_not_its_schema_is_not_written() {
    #[derive(Serialize)]
    struct R {
        a: i32,
        b: i32,
    }
    let fields = |names: &[&str]| {
        let fields: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{"name": "{name}", "type": "int"}}"#))
            .collect();
        format!(
            r#"{{"type": "record", "name": "R", "fields": [{}]}}"#,
            fields.join(",")
        )
    };
    for (names, why) in [
        (&["b", "a"][..], "field a, where the schema has b"),
        (&["a"], "field b is not in the schema"),
        (&["a", "b", "c"], "field c is not given"),
    ] {
        let error = schema(&fields(names)).write(&R { a: 1, b: 2 }, &mut Vec::new());
        assert_eq!(error.unwrap_err().to_string(), why);
    }
    assert_eq!(written(&fields(&["a", "b"]), &R { a: 1, b: 2 }), [2, 4]);
}

#[test]
fn what_is_no_schema_says_why() {
    for (text, why) in [
        ("{", "EOF"),
        ("5", "no schema"),
        (r#""unheard""#, "not defined"),
        (r#"["null", ["int"]]"#, "union"),
        (r#"["int", "int"]"#, "twice"),
        ("[]", "nothing"),
        (r#"{"type": "record", "name": "R"}"#, "fields is missing"),
        (
            r#"{"type": "record", "name": "1", "fields": []}"#,
            "no name",
        ),
        (
            r#"{"type": "record", "name": "int", "fields": []}"#,
            "primitive",
        ),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "A"]}"#,
            "twice",
        ),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}"#,
            "no symbol",
        ),
        (r#"{"type": "fixed", "name": "F", "size": -1}"#, "no length"),
        (
            r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int", "default": "x"}]}"#,
            "R: a: default",
        ),
        (
            r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#,
            "field a twice",
        ),
        (
            r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "R", "default": {}}]}"#,
            "default",
        ),
        (
            r#"[{"type": "fixed", "name": "F", "size": 1}, {"type": "array", "items": {"type": "fixed", "name": "F", "size": 1}}]"#,
            "defined twice",
        ),
    ] {
        let error = Schema::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    let deep = (0..65).fold(r#""int""#.to_owned(), |inner, _| {
        format!(r#"{{"type": "array", "items": {inner}}}"#)
    });
    assert!(
        Schema::parse(&deep)
            .unwrap_err()
            .to_string()
            .contains("deeper")
    );
}

#[test]
fn logical_types_are_read_as_their_base_types() {
    let time = r#"{"type": "long", "logicalType": "timestamp-micros"}"#;
    assert_eq!(read(time, &[2]), Ok(Datum::Integer(1)));
    let decimal = r#"{"type": "bytes", "logicalType": "decimal", "precision": 4}"#;
    assert_eq!(read(decimal, &[2, 9]), Ok(Datum::Bytes(vec![9])));
    assert_eq!(
        read(r#"{"type": "string", "logicalType": "unheard-of"}"#, &[0]),
        Ok(text(""))
    );
}
