//! What can go wrong, as a value: ClickHouse's exception code and its text.
//!
//! Clients tell errors apart by the number, so everything this server refuses
//! itself carries the code ClickHouse would have used.

/// A refused or failed request, in ClickHouse's own terms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exception code (`60` is an unknown table, `62` a syntax error, ...).
    pub code: u32,
    /// The whole text: `Code: N. DB::Exception: ...`.
    pub message: String,
}

/// `BAD_ARGUMENTS`: a request this server cannot make sense of.
pub const BAD_ARGUMENTS: u32 = 36;
/// `NOT_IMPLEMENTED`: a request ClickHouse would serve and this server does not.
pub const NOT_IMPLEMENTED: u32 = 48;
/// `SYNTAX_ERROR`.
pub const SYNTAX_ERROR: u32 = 62;
/// `READONLY`: a change asked for by GET, which may only read.
pub const READONLY: u32 = 164;
/// `TOO_MANY_SIMULTANEOUS_QUERIES`: every slot stayed busy for too long.
pub const TOO_MANY_SIMULTANEOUS_QUERIES: u32 = 202;
/// `CANNOT_DECOMPRESS`, also for a body that ends too early.
pub const CANNOT_DECOMPRESS: u32 = 271;
/// `ABORTED`: the client went away, or the server stops.
pub const ABORTED: u32 = 236;
/// `UNKNOWN_EXCEPTION`: the engine gave no code.
pub const UNKNOWN_EXCEPTION: u32 = 1002;

impl Failure {
    /// A refusal of this server's own, worded the way the engine words its own.
    pub fn new(code: u32, message: impl std::fmt::Display) -> Self {
        Self {
            code,
            message: format!("Code: {code}. DB::Exception: {message}"),
        }
    }

    /// An error text of the engine. The code is read from its `Code: N.`; a text
    /// without one gets [`UNKNOWN_EXCEPTION`].
    pub fn from_engine(text: &str) -> Self {
        let text = text.trim();
        let Some(at) = text.find("Code: ") else {
            return Self::new(UNKNOWN_EXCEPTION, text);
        };
        let message = text[at..].to_owned();
        let digits: String = message["Code: ".len()..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Self {
            code: digits.parse().unwrap_or(UNKNOWN_EXCEPTION),
            message,
        }
    }

    /// The HTTP status ClickHouse answers for this code: 400 for what the client
    /// wrote wrongly, 404 for what does not exist, 408 and 503 for what may work
    /// later, 500 for the rest.
    pub fn http_status(&self) -> u16 {
        match self.code {
            6 | 25 | 26 | 27 | 33 | 36 | 38 | 41 | 42 | 43 | 44 | 53 | 62 | 69 | 70 | 72 | 117
            | 223 | 376 | 407 | 427 | 441 | 456 | 457 => 400,
            192 | 193 | 194 | 516 => 401,
            164 | 497 => 403,
            16 | 46 | 47 | 50 | 56 | 60 | 73 | 78 | 81 | 115 | 511 => 404,
            159 => 408,
            48 => 501,
            202 | 439 => 503,
            _ => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_from_the_engines_text() {
        let cases = [
            (
                "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)",
                60,
                404,
            ),
            ("x\nCode: 62. DB::Exception: Syntax error", 62, 400),
            ("Code: 241. DB::Exception: Memory limit", 241, 500),
            ("no code at all", UNKNOWN_EXCEPTION, 500),
            ("Code: many", UNKNOWN_EXCEPTION, 500),
        ];
        for (text, code, status) in cases {
            let failure = Failure::from_engine(text);
            assert_eq!(
                (failure.code, failure.http_status()),
                (code, status),
                "{text}"
            );
            assert!(failure.message.starts_with("Code: "), "{text}");
        }
    }
}
