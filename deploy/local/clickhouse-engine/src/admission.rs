//! Which statements are let through to the engine.
//!
//! The engine runs several statements in one text and lets any connection change
//! its role; over HTTP ClickHouse does neither. The engine's own parser decides what
//! a text is, so that no spelling slips by.

use crate::failure::{Failure, NOT_IMPLEMENTED, READONLY, SYNTAX_ERROR};
use crate::ffi::{Class, Connection};
use crate::statement::{escape_parameter, starts_with_words};

/// Control statements that are of use and harm nobody.
const ALLOWED_CONTROL: [&[&str]; 10] = [
    &["INSERT", "INTO", "FUNCTION", "null"],
    &["KILL", "QUERY"],
    &["KILL", "MUTATION"],
    &["SYSTEM", "RELOAD"],
    &["SYSTEM", "FLUSH"],
    &["SYSTEM", "SYNC"],
    &["SYSTEM", "START"],
    &["SYSTEM", "STOP"],
    &["SYSTEM", "REFRESH"],
    &["SYSTEM", "WAIT"],
];

/// Lets `sql` through or says why not; `true` if it only reads.
///
/// # Errors
/// Several statements in one text; a control statement; a change by GET; a text
/// that does not parse, with the parser's own message.
pub fn admit(connection: &mut Connection, sql: &[u8], read_only: bool) -> Result<bool, Failure> {
    let analysis = connection.classify(sql);
    if analysis.statement_count > 1 {
        return Err(Failure::new(
            SYNTAX_ERROR,
            "Syntax error (Multi-statements are not allowed): send one statement a request",
        ));
    }
    match analysis.class {
        Class::Read => Ok(true),
        Class::Unknown => Err(why_unknown(connection, sql)),
        Class::Control if !ALLOWED_CONTROL.iter().any(|w| starts_with_words(sql, w)) => {
            Err(Failure::new(
                NOT_IMPLEMENTED,
                "the local server does not run statements that change the session or the server \
                 (SET, USE, temporary tables, SYSTEM, ATTACH, BACKUP, INTO OUTFILE, ...); send settings, database \
                 and role with the request",
            ))
        }
        Class::Mutate | Class::Global | Class::Control if read_only => Err(Failure::new(
            READONLY,
            "Cannot execute query in readonly mode. For queries over HTTP, method GET implies \
             readonly. You should use method POST for modifying queries. (READONLY)",
        )),
        Class::Mutate | Class::Global | Class::Control => Ok(false),
    }
}

/// The parser's message for a text it did not take. The text is only parsed, as a
/// parameter: running it could run a first statement before a broken second.
fn why_unknown(connection: &mut Connection, sql: &[u8]) -> Failure {
    let text = [("q".to_owned(), escape_parameter(sql))];
    match connection.query(b"SELECT formatQuery({q:String})", "Null", &text) {
        Err(failure) => {
            // Cut what speaks of the wrapper.
            let own = failure
                .message
                .split(": In scope SELECT formatQuery(")
                .next();
            Failure {
                code: failure.code,
                message: format!("{} (SYNTAX_ERROR)", own.unwrap_or_default()),
            }
        }
        Ok(_) => Failure::new(
            NOT_IMPLEMENTED,
            "the local server cannot tell what this statement does and does not run it",
        ),
    }
}
