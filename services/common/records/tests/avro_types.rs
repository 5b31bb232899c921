//! Avro's types and the rules of schema resolution, one by one (Avro 1.12).
#![allow(clippy::unwrap_used)]

mod datum;

use std::borrow::Cow;
use std::collections::BTreeMap;

use datum::Datum;
use serde::{Deserialize, Serialize};
use serialtrail_records::avro::{Plan, Schema};

fn schema(text: &str) -> Schema {
    Schema::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn written<T: Serialize + ?Sized>(text: &str, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    schema(text).write(value, &mut out).unwrap();
    out
}

fn resolved(writer: &str, reader: &str, bytes: &[u8]) -> Result<Datum, String> {
    let plan = Plan::new(&schema(writer), &schema(reader));
    let read = plan.read::<Datum>(bytes).map_err(|e| e.to_string())?;
    assert!(read.1.is_empty(), "{:?} is left", read.1);
    Ok(read.0)
}

fn read(text: &str, bytes: &[u8]) -> Result<Datum, String> {
    resolved(text, text, bytes)
}

fn record(fields: &[(&str, Datum)]) -> Datum {
    let fields = fields.iter();
    Datum::Entries(
        fields
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    )
}

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

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
fn values_are_promoted_as_the_specification_lists() {
    // Schema Resolution: int to long, float, double; long to float, double; float to double; string
    // and bytes to each other.
    let integer = Datum::Integer(-3);
    let (float, double) = (
        Datum::Float((-3f32).to_bits()),
        Datum::Double((-3f64).to_bits()),
    );
    let three = -3f32;
    for (writer, reader, bytes, value) in [
        ("int", "long", &[5][..], integer),
        ("int", "float", &[5], float.clone()),
        ("int", "double", &[5], double.clone()),
        ("long", "float", &[5], float),
        ("long", "double", &[5], double.clone()),
        ("float", "double", &three.to_le_bytes(), double),
        ("string", "bytes", &[2, b'x'], Datum::Bytes(vec![b'x'])),
        ("bytes", "string", &[2, b'x'], text("x")),
    ] {
        let (writer, reader) = (format!("{writer:?}"), format!("{reader:?}"));
        assert_eq!(
            resolved(&writer, &reader, bytes),
            Ok(value),
            "{writer} {reader}"
        );
    }
    for (writer, reader, bytes) in [
        ("long", "int", &[0][..]),
        ("double", "float", &[0; 8]),
        ("int", "string", &[0]),
        ("boolean", "int", &[0]),
    ] {
        let (writer, reader) = (format!("{writer:?}"), format!("{reader:?}"));
        let error = resolved(&writer, &reader, bytes).unwrap_err();
        assert!(error.contains("is written"), "{error}");
    }
}

#[test]
fn fields_are_matched_by_name_whatever_their_order() {
    let writer = r#"{"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "int"}, {"name": "gone", "type": "string"}, {"name": "b", "type": "string"}]}"#;
    let reader = r#"{"type": "record", "name": "R", "fields": [
        {"name": "b", "type": "string"}, {"name": "new", "type": "int", "default": 9}, {"name": "a", "type": "long"}]}"#;
    let bytes = [2, 4, b'x', b'y', 2, b'z'];
    let expected = [
        ("a", Datum::Integer(1)),
        ("b", text("z")),
        ("new", Datum::Integer(9)),
    ];
    assert_eq!(resolved(writer, reader, &bytes), Ok(record(&expected)));

    // The same into structs: of the writer's order, of another, with few fields, with more.
    let plan = Plan::new(&schema(writer), &schema(reader));
    #[derive(Debug, PartialEq, Deserialize)]
    struct InOrder<'a> {
        a: i64,
        #[serde(borrow)]
        b: Cow<'a, str>,
        new: i32,
    }
    let (value, _) = plan.read::<InOrder<'_>>(&bytes).unwrap();
    assert_eq!((value.a, &*value.b, value.new), (1, "z", 9));
    assert!(matches!(value.b, Cow::Borrowed(_)));
    #[derive(Debug, Deserialize)]
    struct Another {
        new: i32,
        b: String,
        a: i64,
    }
    let (value, _) = plan.read::<Another>(&bytes).unwrap();
    assert_eq!((value.a, &*value.b, value.new), (1, "z", 9));
    #[derive(Debug, Deserialize)]
    struct Few<'a> {
        b: &'a str,
    }
    assert_eq!(plan.read::<Few<'_>>(&bytes).unwrap().0.b, "z");
    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct More {
        b: String,
        unheard_of: Option<u8>,
    }
    let (value, _) = plan.read::<More>(&bytes).unwrap();
    assert_eq!((&*value.b, value.unheard_of), ("z", None));
    #[derive(Debug, Deserialize)]
    struct Strict {
        #[allow(dead_code)]
        unheard_of: u8,
    }
    let error = plan.read::<Strict>(&bytes).unwrap_err().to_string();
    assert!(error.contains("unheard_of"), "{error}");
}

#[test]
fn a_field_the_writer_had_not_takes_the_readers_default_of_any_type() {
    let writer = r#"{"type": "record", "name": "R", "fields": []}"#;
    let none = Datum::Null;
    for (ty, default, value) in [
        (r#""null""#, "null", none.clone()),
        (r#""boolean""#, "true", Datum::Boolean(true)),
        (r#""int""#, "-5", Datum::Integer(-5)),
        (r#""long""#, "5000000000", Datum::Integer(5_000_000_000)),
        (r#""float""#, "1.5", Datum::Float(1.5f32.to_bits())),
        (r#""double""#, "2", Datum::Double(2f64.to_bits())),
        (
            r#""bytes""#,
            r#""\u00ff\u0000""#,
            Datum::Bytes(vec![255, 0]),
        ),
        (r#""string""#, r#""é""#, text("é")),
        (
            r#"{"type": "fixed", "name": "F", "size": 1}"#,
            r#""\u0001""#,
            Datum::Bytes(vec![1]),
        ),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#,
            r#""B""#,
            text("B"),
        ),
        (
            r#"{"type": "array", "items": "int"}"#,
            "[1]",
            Datum::Array(vec![Datum::Integer(1)]),
        ),
        (
            r#"{"type": "map", "values": "int"}"#,
            r#"{"k": 1}"#,
            record(&[("k", Datum::Integer(1))]),
        ),
        (r#"["null", "int"]"#, "null", none),
        (r#"["int", "null"]"#, "3", Datum::Integer(3)),
        // Since 1.12 it fits any branch.
        (r#"["null", "int"]"#, "3", Datum::Integer(3)),
        (
            r#"{"type": "record", "name": "N", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 2}]}"#,
            r#"{"x": 1}"#,
            record(&[("x", Datum::Integer(1)), ("y", Datum::Integer(2))]),
        ),
    ] {
        let reader = format!(
            r#"{{"type": "record", "name": "R", "fields": [{{"name": "f", "type": {ty}, "default": {default}}}]}}"#
        );
        let read = resolved(writer, &reader, &[]);
        assert_eq!(read, Ok(record(&[("f", value)])), "{ty} {default}");
    }
    let without = r#"{"type": "record", "name": "R", "fields": [{"name": "f", "type": "int"}]}"#;
    let error = resolved(writer, without, &[]).unwrap_err();
    assert!(
        error.contains("field f is not written and has no default"),
        "{error}"
    );
}

#[test]
fn names_match_without_namespace_or_by_an_alias_of_the_reader() {
    let writer = r#"{"type": "record", "name": "Old", "namespace": "a", "fields": [
        {"name": "was", "type": {"type": "record", "name": "b.Inner", "fields": [{"name": "x", "type": "int"}]}},
        {"name": "again", "type": "b.Inner"}]}"#;
    let reader = r#"{"type": "record", "name": "c.New", "aliases": ["a.Old"], "fields": [
        {"name": "again", "type": {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": "long"}]}},
        {"name": "is", "aliases": ["was"], "type": "Inner"}]}"#;
    let one = record(&[("x", Datum::Integer(1))]);
    let two = record(&[("x", Datum::Integer(2))]);
    let expected = record(&[("is", one), ("again", two)]);
    assert_eq!(resolved(writer, reader, &[2, 4]), Ok(expected));
    let stranger = r#"{"type": "record", "name": "Other", "fields": []}"#;
    assert!(
        resolved(writer, stranger, &[2, 4])
            .unwrap_err()
            .contains("a.Old is written")
    );
    let fixed =
        |name: &str, size: u8| format!(r#"{{"type": "fixed", "name": "{name}", "size": {size}}}"#);
    assert!(resolved(&fixed("F", 1), &fixed("n.F", 1), &[1]).is_ok());
    assert!(resolved(&fixed("F", 1), &fixed("F", 2), &[1]).is_err());
    assert!(resolved(&fixed("F", 1), &fixed("G", 1), &[1]).is_err());
}

#[test]
fn a_symbol_the_reader_has_not_becomes_its_default() {
    let writer = r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#;
    let with = r#"{"type": "enum", "name": "E", "symbols": ["Z", "A"], "default": "Z"}"#;
    let without = r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#;
    assert_eq!(resolved(writer, with, &[0]), Ok(text("A")));
    assert_eq!(resolved(writer, with, &[2]), Ok(text("Z")));
    assert_eq!(resolved(writer, without, &[0]), Ok(text("A")));
    assert!(
        resolved(writer, without, &[2])
            .unwrap_err()
            .contains("symbol 1")
    );
}

#[test]
fn unions_are_resolved_branch_by_branch() {
    let all = r#"["null", "int", "string"]"#;
    // The writer's union, the reader's type: only the branch that comes has to fit.
    assert_eq!(resolved(all, r#""long""#, &[2, 4]), Ok(Datum::Integer(2)));
    assert!(
        resolved(all, r#""long""#, &[0])
            .unwrap_err()
            .contains("null is written")
    );
    assert!(
        resolved(all, r#""long""#, &[4, 0])
            .unwrap_err()
            .contains("string is written")
    );
    // The reader's union, the writer's type.
    assert_eq!(
        resolved(r#""int""#, r#"["null", "long"]"#, &[4]),
        Ok(Datum::Integer(2))
    );
    assert_eq!(
        resolved(r#""null""#, r#"["null", "long"]"#, &[]),
        Ok(Datum::Null)
    );
    assert!(resolved(r#""string""#, r#"["null", "long"]"#, &[0]).is_err());
    // Both: of the reader's branches the one of the same type, before one that is promoted to.
    let exact = resolved(r#"["null", "int"]"#, r#"["float", "int", "null"]"#, &[2, 4]);
    assert_eq!(exact, Ok(Datum::Integer(2)));
    let promoted = resolved(
        r#"["null", "int"]"#,
        r#"["string", "double", "null"]"#,
        &[2, 4],
    );
    assert_eq!(promoted, Ok(Datum::Double(2f64.to_bits())));
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
