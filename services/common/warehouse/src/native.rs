//! Rows into ClickHouse's Native format: one block, column after column, made row by row.
//!
//! ```text
//! block  = columns (varint), rows (varint), column*
//! column = name, type (each: varint length and bytes), values
//! ```
//! A block says what its columns are called and of which types they are: the server compares them with
//! the table and converts where it must (`String` into `LowCardinality(String)`), so nothing has to be
//! checked row by row here. Reading columns costs it less than reading rows, and one block's bytes are
//! good for every table that has its columns.

pub mod columns;

pub use columns::{
    Arrays, Bools, Column, Maps, Nullables, Numbers, Pairs, Pieces, Put, Texts, Times, Triples,
    Value,
};

use bytes::Bytes;

/// A row of a table: knows the columns its values go to. Made by [`table_row!`](crate::table_row).
pub trait TableRow {
    /// One column a field.
    type Columns: Columns;

    /// Appends the row.
    fn put(&self, columns: &mut Self::Columns);
}

/// All columns of a table's rows.
pub trait Columns: Default {
    /// Their names, in order.
    const NAMES: &'static [&'static str];

    /// Appends each column: name, type, values.
    fn write(self, out: &mut Pieces);
}

/// Columns of the rows `R`, being filled.
pub type BlockOf<R> = Block<<R as TableRow>::Columns>;

/// Rows of one table, being filled.
#[derive(Debug, Default)]
pub struct Block<C> {
    rows: usize,
    columns: C,
}

/// One block as it is sent. A copy shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Rows.
    pub rows: usize,
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The block in Native format, in pieces: large columns are not copied together.
    pub pieces: Vec<Bytes>,
}

impl<C: Columns> Block<C> {
    /// Appends a row.
    #[inline]
    pub fn push<R: TableRow<Columns = C>>(&mut self, row: &R) {
        row.put(&mut self.columns);
        self.rows += 1;
    }

    /// Rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The block, to be sent.
    #[must_use]
    pub fn encode(self) -> Encoded {
        let mut out = Pieces::begin(C::NAMES.len(), self.rows);
        self.columns.write(&mut out);
        Encoded {
            rows: self.rows,
            columns: C::NAMES,
            pieces: out.end(),
        }
    }
}

/// A block of all `rows`.
pub fn block<'r, R: TableRow + 'r>(rows: impl IntoIterator<Item = &'r R>) -> BlockOf<R> {
    let mut block = Block {
        rows: 0,
        columns: R::Columns::default(),
    };
    rows.into_iter().for_each(|row| block.push(row));
    block
}

/// Defines a struct whose fields are a table's columns, named as they are and in their order. A field's
/// type says what its column is; what is more than one thing in Rust says it: `time: Micros as Times`.
/// A struct that is generic over its texts has the same columns whatever they are.
#[macro_export]
macro_rules! table_row {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty $(as $column:ty)?,)+
    }) => {
        $(#[$meta])*
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)+ }

        const _: () = {
            $crate::table_row!(@columns $($field: [$type] [$($column)?],)+);

            impl $crate::native::TableRow for $name {
                type Columns = All;

                #[inline]
                fn put(&self, columns: &mut All) {
                    $($crate::native::Put::put(&mut columns.$field, &self.$field);)+
                }
            }
        };
    };
    ($(#[$meta:meta])* pub struct $name:ident<$text:ident = String> {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty $(as $column:ty)?,)+
    }) => {
        $(#[$meta])*
        pub struct $name<$text = String> { $($(#[$field_meta])* pub $field: $type,)+ }

        const _: () = {
            type $text = String;
            $crate::table_row!(@columns $($field: [$type] [$($column)?],)+);

            impl<Lent: AsRef<[u8]>> $crate::native::TableRow for $name<Lent> {
                type Columns = All;

                #[inline]
                fn put(&self, columns: &mut All) {
                    $($crate::native::Put::put(&mut columns.$field, &self.$field);)+
                }
            }
        };
    };
    (@columns $($field:ident: [$type:ty] [$($column:ty)?],)+) => {
        /// One column a field.
        #[derive(Debug, Default)]
        pub struct All { $($field: $crate::table_row!(@column [$type] [$($column)?]),)+ }

        impl $crate::native::Columns for All {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            fn write(self, out: &mut $crate::native::Pieces) {
                $($crate::native::columns::named(stringify!($field), self.$field, out);)+
            }
        }
    };
    (@column [$type:ty] []) => { <$type as $crate::native::Value>::Column };
    (@column [$type:ty] [$column:ty]) => { $column };
}
