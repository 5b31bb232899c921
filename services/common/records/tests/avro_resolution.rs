//! The rules of schema resolution, one by one (Avro 1.12, Schema Resolution).
#![allow(clippy::unwrap_used)]

mod datum;

use std::borrow::Cow;

use datum::Datum;
use datum::by_schema::{record, resolved, schema, text};
use serde::Deserialize;
use serialtrail_records::avro::Plan;

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
