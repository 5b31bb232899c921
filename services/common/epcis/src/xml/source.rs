//! The bytes of a body on their way to the XML parser: which line they are on, the text of the
//! event they belong to, and how long one token may be.

use std::io::{self, BufRead, Read};

/// Handed on at once, at most (bytes), so that a long text is noticed before it is read whole.
const CHUNK: usize = 64 * 1024;

/// A body that remembers what was read of it since it was last told to forget.
pub(super) struct Source<R> {
    inner: R,
    /// Line of the next byte, from 1.
    line: u64,
    kept: Vec<u8>,
    /// Most bytes kept; what is beyond is counted in `token` only.
    keep_at_most: usize,
    /// Bytes since the last token began.
    token: usize,
    token_at_most: usize,
}

/// One token (a tag, a text, a comment) is longer than an event may be.
#[derive(Debug, thiserror::Error)]
#[error("a tag, text or comment of more than {0} bytes")]
pub(super) struct TokenTooLong(usize);

impl<R: BufRead> Source<R> {
    pub(super) fn new(inner: R, token_at_most: usize) -> Self {
        Self {
            inner,
            line: 1,
            kept: Vec::new(),
            keep_at_most: token_at_most.saturating_add(1),
            token: 0,
            token_at_most,
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// A token begins. Unless `keep`, what was read before is forgotten.
    pub(super) fn begin_token(&mut self, keep: bool) {
        self.token = 0;
        if !keep {
            self.kept.clear();
        }
    }

    /// What was read since it was last forgotten, at most one byte more than a token may have.
    pub(super) fn kept(&self) -> &[u8] {
        &self.kept
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buf.len());
        buf[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.token > self.token_at_most {
            return Err(io::Error::other(TokenTooLong(self.token_at_most)));
        }
        let available = self.inner.fill_buf()?;
        Ok(&available[..available.len().min(CHUNK)])
    }

    fn consume(&mut self, n: usize) {
        // What was filled is there without reading again; a reader that fails now is asked again
        // by the next `fill_buf`.
        if let Ok(available) = self.inner.fill_buf() {
            let consumed = &available[..n.min(available.len())];
            self.line += consumed.iter().filter(|b| **b == b'\n').count() as u64;
            let room = self.keep_at_most.saturating_sub(self.kept.len());
            self.kept
                .extend_from_slice(&consumed[..consumed.len().min(room)]);
        }
        self.token = self.token.saturating_add(n);
        self.inner.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_the_text_is_kept_until_it_is_forgotten() {
        let mut source = Source::new(&b"a\nbc\nd"[..], 100);
        source.consume(2);
        assert_eq!((source.line(), source.kept()), (2, &b"a\n"[..]));
        source.begin_token(true);
        source.consume(2);
        assert_eq!(source.kept(), b"a\nbc");
        source.begin_token(false);
        source.consume(2);
        assert_eq!((source.line(), source.kept()), (3, &b"\nd"[..]));
    }

    #[test]
    fn a_token_without_end_is_not_read_to_its_end() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let mut source = Source::new(endless, 100_000);
        let mut read = 0;
        let e = loop {
            match source.fill_buf().map(<[u8]>::len) {
                Ok(n) => source.consume(n),
                Err(e) => break e,
            }
            read += 1;
        };
        assert!(e.to_string().contains("100000"), "{e}");
        assert!(read < 100 && source.kept().len() <= 100_001);
    }
}
