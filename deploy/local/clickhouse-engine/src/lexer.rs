//! Words of a ClickHouse statement: just enough to find its clauses.
//!
//! Strings, quoted names and comments are skipped whole, so a keyword inside one
//! is never taken for a clause. Works on bytes: an insert's data, which may be
//! anything, follows its statement in the same buffer.

/// One token with its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub text: &'a [u8],
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The kinds that matter for finding clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A bare word or a number.
    Word,
    /// `'...'`, `"..."`, `` `...` `` or `$tag$...$tag$`.
    Quoted,
    /// Any other single byte.
    Symbol,
}

impl Token<'_> {
    /// Whether this is the bare word `word`, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether this is the symbol `symbol`.
    pub fn is_symbol(&self, symbol: u8) -> bool {
        self.kind == TokenKind::Symbol && self.text == [symbol]
    }
}

/// The tokens of a text, in order. An unclosed string or comment ends the text.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Reads `text` from its beginning.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    /// Moves past `pattern`, or to the end of the text if it does not occur.
    fn skip_past(&mut self, pattern: &[u8]) {
        let found = self
            .rest()
            .windows(pattern.len())
            .position(|w| w == pattern);
        self.at = found.map_or(self.text.len(), |i| self.at + i + pattern.len());
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            if rest.first().is_some_and(u8::is_ascii_whitespace) {
                self.at += 1;
            } else if rest.starts_with(b"--") || rest.starts_with(b"#!") || rest.starts_with(b"# ")
            {
                self.skip_past(b"\n");
            } else if rest.starts_with(b"/*") {
                self.skip_comment();
            } else {
                return;
            }
        }
    }

    /// `/* ... */`, which ClickHouse lets nest.
    fn skip_comment(&mut self) {
        let mut depth = 0usize;
        loop {
            let rest = self.rest();
            if rest.starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else if rest.is_empty() {
                return;
            } else {
                self.at += 1;
            }
        }
    }

    /// A quoted run: a backslash escapes, a doubled quote stands for itself.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            if byte == b'\\' {
                self.at = (self.at + 1).min(self.text.len());
            } else if byte == quote {
                if self.text.get(self.at) != Some(&quote) {
                    return;
                }
                self.at += 1;
            }
        }
    }

    /// The length of a heredoc's opening `$tag$` here, if there is one.
    fn heredoc(&self) -> Option<usize> {
        let rest = self.rest();
        let length = rest.iter().skip(1).position(|b| *b == b'$')? + 2;
        let tag = &rest[1..length - 1];
        tag.iter().all(|b| is_word(*b)).then_some(length)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let start = self.at;
        let first = *self.text.get(start)?;
        let kind = match first {
            b'\'' | b'"' | b'`' => {
                self.skip_quoted(first);
                TokenKind::Quoted
            }
            b'$' if self.heredoc().is_some() => {
                let length = self.heredoc().unwrap_or(1);
                let tag = &self.text[start..start + length];
                self.at += length;
                self.skip_past(tag);
                TokenKind::Quoted
            }
            _ if is_word(first) => {
                let length = self.rest().iter().take_while(|b| is_word(**b)).count();
                self.at += length;
                TokenKind::Word
            }
            _ => {
                self.at += 1;
                TokenKind::Symbol
            }
        };
        Some(Token {
            kind,
            text: &self.text[start..self.at],
            start,
            end: self.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(sql: &str) -> Vec<String> {
        Tokens::new(sql.as_bytes())
            .map(|t| String::from_utf8_lossy(t.text).into_owned())
            .collect()
    }

    #[test]
    fn strings_names_and_comments_are_one_token_or_none() {
        let cases: [(&str, &[&str]); 8] = [
            ("SELECT 'FORMAT' x", &["SELECT", "'FORMAT'", "x"]),
            (r"'it\'s' 1", &[r"'it\'s'", "1"]),
            ("'it''s' 1", &["'it''s'", "1"]),
            ("a -- FORMAT CSV\nb", &["a", "b"]),
            ("a /* x /* y */ z */ b", &["a", "b"]),
            ("`a b`.c", &["`a b`", ".", "c"]),
            ("$q$ 'x $q$ y", &["$q$ 'x $q$", "y"]),
            ("a 'never closed", &["a", "'never closed"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(words(sql), expected, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_tokens_in_order_within_the_text(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut last = 0;
            for token in Tokens::new(&text) {
                prop_assert!(token.start >= last && token.end > token.start && token.end <= text.len());
                last = token.end;
            }
        }
    }
}
