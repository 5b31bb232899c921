//! Columns by type, and which values go into them.

use bytes::Bytes;
use std::marker::PhantomData;

/// A column being filled.
pub trait Column: Default {
    /// Its type as ClickHouse writes it.
    fn type_name() -> String;

    /// Appends the values in Native format.
    fn write(self, out: &mut Pieces);
}

/// A column that takes values of a Rust type.
pub trait Put<V: ?Sized>: Column {
    /// Appends one value.
    fn put(&mut self, value: &V);
}

/// A Rust type with one kind of column.
pub trait Value {
    /// The column.
    type Column: Column + Put<Self>;
}

/// Bytes of a column that are handed over as they stand, not copied.
const LARGE: usize = 16 << 10;

/// What a block is written to: one piece after the other.
#[derive(Debug, Default)]
pub struct Pieces {
    done: Vec<Bytes>,
    open: Vec<u8>,
}

impl Pieces {
    /// A block begins: so many columns and rows.
    pub(super) fn begin(columns: usize, rows: usize) -> Self {
        let mut pieces = Self::default();
        length(columns, &mut pieces.open);
        length(rows, &mut pieces.open);
        pieces
    }

    fn add(&mut self, bytes: Vec<u8>) {
        if bytes.len() < LARGE {
            self.open.extend_from_slice(&bytes);
            return;
        }
        self.close();
        self.done.push(bytes.into());
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open).into());
        }
    }

    /// All pieces.
    pub(super) fn end(mut self) -> Vec<Bytes> {
        self.close();
        self.done
    }
}

/// A length or count: LEB128.
#[inline]
fn length(value: usize, out: &mut Vec<u8>) {
    let mut left = value;
    while left >= 0x80 {
        // The lower seven bits, and that more follow.
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

#[inline]
fn text(value: &[u8], out: &mut Vec<u8>) {
    out.reserve(value.len() + 10);
    length(value.len(), out);
    out.extend_from_slice(value);
}

/// Appends a column with its name and type.
pub fn named<C: Column>(name: &str, column: C, out: &mut Pieces) {
    text(name.as_bytes(), &mut out.open);
    text(C::type_name().as_bytes(), &mut out.open);
    column.write(out);
}

/// `String`: texts, or bytes.
#[derive(Debug, Default)]
pub struct Texts(Vec<u8>);

impl Column for Texts {
    fn type_name() -> String {
        "String".to_owned()
    }

    fn write(self, out: &mut Pieces) {
        out.add(self.0);
    }
}

impl<V: AsRef<[u8]>> Put<V> for Texts {
    #[inline]
    fn put(&mut self, value: &V) {
        text(value.as_ref(), &mut self.0);
    }
}

impl Value for String {
    type Column = Texts;
}

impl Value for &'static str {
    type Column = Texts;
}

/// Numbers of one width, little-endian.
#[derive(Debug)]
pub struct Numbers<N>(Vec<u8>, PhantomData<N>);

impl<N> Default for Numbers<N> {
    fn default() -> Self {
        Self(Vec::new(), PhantomData)
    }
}

macro_rules! numbers {
    ($($type:ty = $name:literal;)+) => {$(
        impl Column for Numbers<$type> {
            fn type_name() -> String {
                $name.to_owned()
            }

            fn write(self, out: &mut Pieces) {
                out.add(self.0);
            }
        }

        impl Put<$type> for Numbers<$type> {
            #[inline]
            fn put(&mut self, value: &$type) {
                self.0.extend_from_slice(&value.to_le_bytes());
            }
        }

        impl Value for $type {
            type Column = Numbers<$type>;
        }
    )+};
}

numbers! {
    i32 = "Int32";
    i64 = "Int64";
    u32 = "UInt32";
    u64 = "UInt64";
    f64 = "Float64";
}

/// `Bool`: a byte each.
#[derive(Debug, Default)]
pub struct Bools(Vec<u8>);

impl Column for Bools {
    fn type_name() -> String {
        "Bool".to_owned()
    }

    fn write(self, out: &mut Pieces) {
        out.add(self.0);
    }
}

impl Put<bool> for Bools {
    #[inline]
    fn put(&mut self, value: &bool) {
        self.0.push(u8::from(*value));
    }
}

impl Value for bool {
    type Column = Bools;
}

/// `DateTime64(6, 'UTC')`: microseconds.
#[derive(Debug, Default)]
pub struct Times(Vec<u8>);

impl Column for Times {
    fn type_name() -> String {
        "DateTime64(6, 'UTC')".to_owned()
    }

    fn write(self, out: &mut Pieces) {
        out.add(self.0);
    }
}

impl Put<i64> for Times {
    #[inline]
    fn put(&mut self, value: &i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
}

/// `Nullable`: which are null, then all values, those that are null as the type's own default.
#[derive(Debug, Default)]
pub struct Nullables<C> {
    nulls: Vec<u8>,
    values: C,
}

impl<C: Column> Column for Nullables<C> {
    fn type_name() -> String {
        format!("Nullable({})", C::type_name())
    }

    fn write(self, out: &mut Pieces) {
        out.add(self.nulls);
        self.values.write(out);
    }
}

impl<V: Default, C: Put<V>> Put<Option<V>> for Nullables<C> {
    #[inline]
    fn put(&mut self, value: &Option<V>) {
        self.nulls.push(u8::from(value.is_none()));
        match value {
            Some(value) => self.values.put(value),
            None => self.values.put(&V::default()),
        }
    }
}

impl<V: Value + Default> Value for Option<V> {
    type Column = Nullables<V::Column>;
}

/// `Array`: where each row's values end (8 bytes a row), then all values.
#[derive(Debug, Default)]
pub struct Arrays<C> {
    count: u64,
    ends: Vec<u8>,
    values: C,
}

impl<C: Column> Column for Arrays<C> {
    fn type_name() -> String {
        format!("Array({})", C::type_name())
    }

    fn write(self, out: &mut Pieces) {
        out.add(self.ends);
        self.values.write(out);
    }
}

impl<V, C: Put<V>> Put<Vec<V>> for Arrays<C> {
    #[inline]
    fn put(&mut self, value: &Vec<V>) {
        for one in value {
            self.values.put(one);
        }
        self.count += value.len() as u64;
        self.ends.extend_from_slice(&self.count.to_le_bytes());
    }
}

impl<V: Value> Value for Vec<V> {
    type Column = Arrays<V::Column>;
}

/// `Map(String, String)`: as an array of pairs.
#[derive(Debug, Default)]
pub struct Maps(Arrays<Pairs<Texts, Texts>>);

impl Column for Maps {
    fn type_name() -> String {
        "Map(String, String)".to_owned()
    }

    fn write(self, out: &mut Pieces) {
        self.0.write(out);
    }
}

impl<S> Put<Vec<(S, S)>> for Maps
where
    Texts: Put<S>,
{
    fn put(&mut self, value: &Vec<(S, S)>) {
        self.0.put(value);
    }
}

macro_rules! tuples {
    ($($(#[$doc:meta])* $name:ident { $($value:ident $column:ident $at:tt),+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name<$($column),+>($($column),+);

        impl<$($column: Column),+> Column for $name<$($column),+> {
            fn type_name() -> String {
                let parts = [$($column::type_name()),+];
                format!("Tuple({})", parts.join(", "))
            }

            fn write(self, out: &mut Pieces) {
                $(self.$at.write(out);)+
            }
        }

        impl<$($value, $column: Put<$value>),+> Put<($($value),+)> for $name<$($column),+> {
            #[inline]
            fn put(&mut self, value: &($($value),+)) {
                $(self.$at.put(&value.$at);)+
            }
        }

        impl<$($value: Value),+> Value for ($($value),+) {
            type Column = $name<$($value::Column),+>;
        }
    )+};
}

tuples! {
    /// `Tuple` of two.
    Pairs { A CA 0, B CB 1 }
    /// `Tuple` of three.
    Triples { A CA 0, B CB 1, C CC 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<C: Put<V>, V>(values: &[V]) -> (String, Vec<u8>) {
        let mut column = C::default();
        values.iter().for_each(|value| column.put(value));
        let mut out = Pieces::default();
        column.write(&mut out);
        (C::type_name(), out.end().concat())
    }

    #[test]
    fn a_length_takes_seven_bits_a_byte() {
        let bytes = |value| {
            let mut out = Vec::new();
            length(value, &mut out);
            out
        };
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(127), [127]);
        assert_eq!(bytes(128), [0x80, 1]);
        assert_eq!(bytes(300), [0xac, 2]);
    }

    #[test]
    fn absent_numbers_are_marked_and_hold_their_place() {
        let (name, bytes) = written::<Nullables<Numbers<i32>>, _>(&[Some(7), None]);
        assert_eq!(name, "Nullable(Int32)");
        assert_eq!(bytes, [0, 1, 7, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn lists_of_pairs_are_ends_then_all_firsts_then_all_seconds() {
        let rows = [vec![("a", "x"), ("b", "y")], vec![], vec![("c", "z")]];
        let (name, bytes) = written::<Arrays<Pairs<Texts, Texts>>, _>(&rows);
        assert_eq!(name, "Array(Tuple(String, String))");
        let ends: Vec<u8> = [2u64, 2, 3].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(bytes[..24], ends);
        assert_eq!(&bytes[24..], b"\x01a\x01b\x01c\x01x\x01y\x01z");
    }

    #[test]
    fn a_map_is_written_as_a_list_of_pairs_under_its_own_name() {
        let (name, bytes) = written::<Maps, _>(&[vec![("k".to_owned(), "v".to_owned())]]);
        assert_eq!(name, "Map(String, String)");
        assert_eq!(bytes, b"\x01\0\0\0\0\0\0\0\x01k\x01v");
    }
}
