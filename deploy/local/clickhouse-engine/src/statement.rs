//! What a statement is and where its parts are, found without running it.

use crate::lexer::{Token, TokenKind, Tokens};

/// How far an `INSERT` reaches in a text that may go on with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsertShape {
    /// Not an `INSERT` at all.
    NotInsert,
    /// An `INSERT ... SELECT` (or `WITH`, `FROM INFILE`): all of it is text.
    FromQuery,
    /// An `INSERT` whose text ends before `FORMAT` or `VALUES`.
    Unfinished,
    /// An `INSERT` followed by data.
    Data(InsertHead),
}

/// The parts of `INSERT INTO t (...) FORMAT f <data>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertHead {
    /// The statement is `text[..sql_end]`: it ends before `FORMAT` or `VALUES`.
    pub sql_end: usize,
    /// The format of the data; `Values` for `VALUES`.
    pub format: String,
    /// The data begin here.
    pub data_start: usize,
}

/// Finds the head of an `INSERT`.
pub fn insert_shape(text: &[u8]) -> InsertShape {
    let mut tokens = Tokens::new(text).peekable();
    if !tokens.next().is_some_and(|t| t.is("INSERT")) {
        return InsertShape::NotInsert;
    }
    for word in ["INTO", "TABLE", "FUNCTION"] {
        tokens.next_if(|t| t.is(word));
    }
    // The target: a name, or name.name; a table called `format` is not a clause.
    tokens.next();
    while tokens.next_if(|t| t.is_symbol(b'.')).is_some() {
        tokens.next();
    }
    let mut depth = 0i32;
    while let Some(token) = tokens.next() {
        depth += nesting(&token);
        if depth > 0 {
            continue;
        }
        if token.is("SELECT") || token.is("WITH") || token.is("FROM") || token.is("WATCH") {
            return InsertShape::FromQuery;
        }
        if token.is("VALUES") {
            return InsertShape::Data(InsertHead {
                sql_end: token.start,
                format: "Values".to_owned(),
                data_start: token.end,
            });
        }
        if token.is("FORMAT") {
            let Some(name) = tokens.next().filter(|n| n.kind == TokenKind::Word) else {
                return InsertShape::Unfinished;
            };
            return InsertShape::Data(InsertHead {
                sql_end: token.start,
                format: String::from_utf8_lossy(name.text).into_owned(),
                data_start: data_start(text, name.end),
            });
        }
    }
    InsertShape::Unfinished
}

fn nesting(token: &Token<'_>) -> i32 {
    if token.kind != TokenKind::Symbol {
        return 0;
    }
    match token.text {
        b"(" | b"[" | b"{" => 1,
        b")" | b"]" | b"}" => -1,
        _ => 0,
    }
}

/// Data begin after the format's name, blanks, and at most one line end; further
/// line ends belong to the data.
fn data_start(text: &[u8], after_name: usize) -> usize {
    let mut at = after_name;
    if text.get(at) == Some(&b';') {
        at += 1;
    }
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\x0c')) {
        at += 1;
    }
    if text.get(at) == Some(&b'\r') {
        at += 1;
    }
    if text.get(at) == Some(&b'\n') {
        at += 1;
    }
    at
}

/// Whether the text begins like a statement the engine can stream: it takes only
/// `SELECT` and `WITH` there.
pub fn starts_like_select(text: &[u8]) -> bool {
    Tokens::new(text)
        .next()
        .is_some_and(|t| t.is("SELECT") || t.is("WITH"))
}

/// The text begins with `words`, in any case, comments aside.
pub fn starts_with_words(text: &[u8], words: &[&str]) -> bool {
    let mut tokens = Tokens::new(text);
    words
        .iter()
        .all(|word| tokens.next().is_some_and(|t| t.is(word)))
}

/// The output format named in the text's `FORMAT` clause, which only `SETTINGS`
/// may follow (a column called `format` is not a clause).
pub fn output_format(text: &[u8]) -> Option<String> {
    let mut tokens = Tokens::new(text);
    let mut depth = 0i32;
    while let Some(token) = tokens.next() {
        depth += nesting(&token);
        if depth != 0 || !token.is("FORMAT") {
            continue;
        }
        let mut rest = tokens.clone();
        let Some(name) = rest.next().filter(|n| n.kind == TokenKind::Word) else {
            continue;
        };
        if rest
            .next()
            .is_none_or(|t| t.is("SETTINGS") || t.is_symbol(b';'))
        {
            return Some(String::from_utf8_lossy(name.text).into_owned());
        }
    }
    None
}

/// A `SET` statement for these settings; `None` when there are none.
///
/// # Errors
/// The first name that is not a setting's name: such a name could smuggle SQL.
pub fn set_statement(settings: &[(String, String)]) -> Result<Option<String>, String> {
    let mut parts = Vec::with_capacity(settings.len());
    for (name, value) in settings {
        let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
        if name.is_empty() || !name.bytes().all(valid) {
            return Err(name.clone());
        }
        parts.push(format!("{name} = {}", quote(value, '\'')));
    }
    Ok((!parts.is_empty()).then(|| format!("SET {}", parts.join(", "))))
}

/// `text` as a literal or a name, in the given quotes.
pub fn quote(text: &str, mark: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(mark);
    for c in text.chars() {
        if c == mark || c == '\\' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push(mark);
    quoted
}

/// A parameter value in the escaped text form the engine reads (as in TSV).
pub fn escape_parameter(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'\\' => escaped.extend_from_slice(b"\\\\"),
            b'\n' => escaped.extend_from_slice(b"\\n"),
            b'\t' => escaped.extend_from_slice(b"\\t"),
            b'\r' => escaped.extend_from_slice(b"\\r"),
            0 => escaped.extend_from_slice(b"\\0"),
            other => escaped.push(*other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(sql: &str) -> Option<(&str, String, &str)> {
        match insert_shape(sql.as_bytes()) {
            InsertShape::Data(h) => Some((&sql[..h.sql_end], h.format, &sql[h.data_start..])),
            _ => None,
        }
    }

    #[test]
    fn an_insert_is_cut_before_its_format_and_its_data_are_found() {
        let cases = [
            (
                "INSERT INTO t FORMAT CSV\n1,2\n",
                ("INSERT INTO t ", "CSV", "1,2\n"),
            ),
            (
                "insert into t(a,b) format RowBinary",
                ("insert into t(a,b) ", "RowBinary", ""),
            ),
            (
                "INSERT INTO t (a) VALUES (1)",
                ("INSERT INTO t (a) ", "Values", " (1)"),
            ),
            (
                "INSERT INTO db.`values` FORMAT CSV \r\n\n1",
                ("INSERT INTO db.`values` ", "CSV", "\n1"),
            ),
            (
                "INSERT INTO format FORMAT TSV\n",
                ("INSERT INTO format ", "TSV", ""),
            ),
            (
                "INSERT INTO TABLE t SETTINGS async_insert=0 VALUES",
                ("INSERT INTO TABLE t SETTINGS async_insert=0 ", "Values", ""),
            ),
            (
                "/* FORMAT CSV */ INSERT INTO t FORMAT CSV;\n1",
                ("/* FORMAT CSV */ INSERT INTO t ", "CSV", "1"),
            ),
            (
                "INSERT INTO {t:Identifier} FORMAT CSV\n1",
                ("INSERT INTO {t:Identifier} ", "CSV", "1"),
            ),
            (
                "INSERT INTO FUNCTION null('a String') FORMAT CSV\n1",
                ("INSERT INTO FUNCTION null('a String') ", "CSV", "1"),
            ),
        ];
        for (sql, (head, format, rest)) in cases {
            assert_eq!(data(sql), Some((head, format.to_owned(), rest)), "{sql}");
        }
    }

    #[test]
    fn other_statements_are_told_apart() {
        let cases = [
            ("SELECT 1", InsertShape::NotInsert),
            ("", InsertShape::NotInsert),
            ("INSERT INTO t SELECT 'FORMAT CSV'", InsertShape::FromQuery),
            (
                "INSERT INTO t (a) WITH 1 AS x SELECT x",
                InsertShape::FromQuery,
            ),
            ("INSERT INTO t", InsertShape::Unfinished),
            ("INSERT INTO t (a, b)", InsertShape::Unfinished),
            ("INSERT INTO t FORMAT", InsertShape::Unfinished),
        ];
        for (sql, shape) in cases {
            assert_eq!(insert_shape(sql.as_bytes()), shape, "{sql}");
        }
    }

    #[test]
    fn the_output_format_is_the_closing_clause_outside_brackets_and_strings() {
        let cases = [
            ("SELECT 1 FORMAT JSON", Some("JSON")),
            ("SELECT 1 FORMAT JSON;", Some("JSON")),
            ("SELECT 'x FORMAT CSV'", None),
            ("SELECT (SELECT 1 FORMAT CSV)", None),
            ("SELECT name, format FROM t", None),
            ("SELECT x AS format FORMAT CSV", Some("CSV")),
            (
                "SELECT 1 format Native SETTINGS max_threads=1",
                Some("Native"),
            ),
        ];
        for (sql, format) in cases {
            assert_eq!(output_format(sql.as_bytes()).as_deref(), format, "{sql}");
        }
    }

    #[test]
    fn settings_become_one_statement_that_cannot_be_escaped_from() {
        let set = |pairs: &[(&str, &str)]| {
            let owned: Vec<_> = pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            set_statement(&owned)
        };
        assert_eq!(set(&[]), Ok(None));
        assert_eq!(
            set(&[("max_threads", "1"), ("log_comment", r"a'b\")]),
            Ok(Some(
                r"SET max_threads = '1', log_comment = 'a\'b\\'".to_owned()
            ))
        );
        assert_eq!(set(&[("a = 1, b", "2")]), Err("a = 1, b".to_owned()));
    }
}
