//! Where the parts of a JSON text are: objects, lists and the extents of their values, without
//! reading the values. What is found is read by serde_json, piece by piece.
//!
//! Memory is bounded by the longest extent asked for, whatever the length of the text: a value above
//! its limit is passed over and only its beginning is kept.

use std::collections::HashSet;
use std::ops::Range;

use super::source::Source;
use crate::reason::{DocumentError, Reason};
use crate::strict::DUPLICATE;

/// Objects and lists within a value, at most.
pub(crate) const MAX_DEPTH: u32 = 100;
/// Fields of one object around the events, at most.
const MAX_FIELDS: usize = 10_000;
/// Bytes of a field's name, at most.
const MAX_NAME_BYTES: usize = 64 * 1024;
/// What is kept of a value above its limit, bytes.
pub(crate) const PREFIX_BYTES: usize = 64 * 1024;

pub(crate) type Scanned<T> = Result<T, DocumentError>;

/// A value that was passed.
pub(crate) struct Extent {
    range: Range<usize>,
    /// Line it starts at, from 1.
    pub(crate) line: u64,
    /// Set where it is above its limit: its length in bytes, and how it begins.
    pub(crate) too_long: Option<(u64, Vec<u8>)>,
}

/// Where a value is that was passed without being kept.
pub(crate) struct Span {
    /// Offset of its first byte in the text.
    pub(crate) start: u64,
    /// Offset behind its last.
    pub(crate) end: u64,
    /// Line it starts at, from 1.
    pub(crate) line: u64,
}

/// A position in a text.
pub(crate) struct Scanner<S> {
    source: S,
    /// Position in the window.
    pos: usize,
    /// Start of what has to stay in the window.
    kept: Option<usize>,
    /// Bytes of the text before the window.
    dropped: u64,
    /// Line of the position, from 1.
    line: u64,
    /// Offset in the text at which the line starts.
    line_start: u64,
}

/// What a byte outside of a string means.
const OTHER: u8 = 0;
const QUOTE: u8 = 1;
const OPEN: u8 = 2;
const CLOSE: u8 = 3;
const NEWLINE: u8 = 4;
const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    classes[b'"' as usize] = QUOTE;
    classes[b'{' as usize] = OPEN;
    classes[b'[' as usize] = OPEN;
    classes[b'}' as usize] = CLOSE;
    classes[b']' as usize] = CLOSE;
    classes[b'\n' as usize] = NEWLINE;
    classes
};

impl<S: Source> Scanner<S> {
    /// At the start of a text; a byte order mark is passed.
    pub(crate) fn new(source: S) -> Scanned<Self> {
        let mut scanner = Self {
            source,
            pos: 0,
            kept: None,
            dropped: 0,
            line: 1,
            line_start: 0,
        };
        const MARK: &[u8] = b"\xef\xbb\xbf";
        scanner.kept = Some(0);
        while scanner.source.window().len() < MARK.len() && scanner.more()? {}
        scanner.kept = None;
        if scanner.source.window().starts_with(MARK) {
            scanner.pos = MARK.len();
        }
        Ok(scanner)
    }

    /// Adds to the window, of which everything from `kept` (or the position) on stays.
    fn more(&mut self) -> Scanned<bool> {
        let from = self.kept.unwrap_or(self.pos).min(self.pos);
        let grown = self.source.grow(from).map_err(|e| {
            DocumentError::new(Reason::Unreadable, "", format!("the body ends early: {e}"))
        })?;
        self.pos -= from;
        self.kept = self.kept.map(|kept| kept - from);
        self.dropped += from as u64;
        Ok(grown)
    }

    /// The next byte that is not blank, which is not passed; None at the end of the text.
    pub(crate) fn peek(&mut self) -> Scanned<Option<u8>> {
        loop {
            let window = self.source.window();
            while let Some(&byte) = window.get(self.pos) {
                match byte {
                    b' ' | b'\t' | b'\r' => {}
                    b'\n' => {
                        self.line += 1;
                        self.line_start = self.dropped + self.pos as u64 + 1;
                    }
                    other => return Ok(Some(other)),
                }
                self.pos += 1;
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Passes blanks to the end of the text.
    pub(crate) fn end(&mut self) -> Scanned<()> {
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.malformed("more follows the end of the document")),
        }
    }

    fn expect(&mut self, wanted: u8) -> Scanned<()> {
        match self.peek()? {
            Some(found) if found == wanted => {
                self.pos += 1;
                Ok(())
            }
            Some(_) => Err(self.malformed(&format!("{:?} is expected", char::from(wanted)))),
            None => Err(self.cut_off()),
        }
    }

    /// Passes an object: `on_field` is given each name, at the start of its value, and passes that.
    pub(crate) fn object(
        &mut self,
        mut on_field: impl FnMut(&mut Self, String) -> Scanned<()>,
    ) -> Scanned<()> {
        self.expect(b'{')?;
        if self.peek()? == Some(b'}') {
            self.pos += 1;
            return Ok(());
        }
        let mut names = HashSet::new();
        loop {
            if self.peek()? != Some(b'"') {
                return Err(self.malformed("the name of a field is expected"));
            }
            let name = self.value(MAX_NAME_BYTES)?;
            if name.too_long.is_some() {
                return Err(self.malformed("a field's name of more than 64 KiB"));
            }
            let name: String = serde_json::from_slice(self.bytes(&name))
                .map_err(|e| self.malformed(&format!("the name of a field: {e}")))?;
            if !names.insert(name.clone()) {
                let message = format!("{DUPLICATE} {name:?}");
                return Err(
                    DocumentError::new(Reason::DuplicateField, &name, message).at_line(self.line)
                );
            }
            if names.len() > MAX_FIELDS {
                return Err(self.malformed(&format!("more than {MAX_FIELDS} fields in one object")));
            }
            self.expect(b':')?;
            self.peek()?;
            on_field(self, name)?;
            match self.peek()? {
                Some(b',') => self.pos += 1,
                Some(b'}') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(_) => return Err(self.malformed("',' or '}' is expected")),
                None => return Err(self.cut_off()),
            }
        }
    }

    /// Passes a list: `on_item` is called at the start of each item and passes it.
    pub(crate) fn list(
        &mut self,
        mut on_item: impl FnMut(&mut Self) -> Scanned<()>,
    ) -> Scanned<()> {
        self.expect(b'[')?;
        if self.peek()? == Some(b']') {
            self.pos += 1;
            return Ok(());
        }
        loop {
            self.peek()?;
            on_item(self)?;
            match self.peek()? {
                Some(b',') => self.pos += 1,
                Some(b']') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(_) => return Err(self.malformed("',' or ']' is expected")),
                None => return Err(self.cut_off()),
            }
        }
    }

    /// Passes a value, of which at most `limit` bytes are kept. It may still be no JSON: only its
    /// strings, brackets and end were looked at.
    pub(crate) fn value(&mut self, limit: usize) -> Scanned<Extent> {
        self.pass(Some(limit))
    }

    /// Passes a value without keeping any of it.
    pub(crate) fn skip(&mut self) -> Scanned<Span> {
        self.spanning(|scanner| scanner.pass(None).map(drop))
    }

    /// Where what `pass` passes is, from the next byte that is not blank.
    pub(crate) fn spanning(
        &mut self,
        pass: impl FnOnce(&mut Self) -> Scanned<()>,
    ) -> Scanned<Span> {
        self.peek()?;
        let (start, line) = (self.offset(), self.line);
        pass(self)?;
        Ok(Span {
            start,
            end: self.offset(),
            line,
        })
    }

    /// The position in the text.
    fn offset(&self) -> u64 {
        self.dropped + self.pos as u64
    }

    fn pass(&mut self, limit: Option<usize>) -> Scanned<Extent> {
        let first = self.peek()?.ok_or_else(|| self.cut_off())?;
        let line = self.line;
        let start = self.offset();
        let mut passing = Passing {
            limit,
            start,
            prefix: None,
        };
        self.kept = limit.map(|_| self.pos);
        match first {
            b'"' => {
                self.pos += 1;
                self.string(&mut passing)?;
            }
            b'{' | b'[' => self.nested(&mut passing)?,
            _ => self.literal(&mut passing)?,
        }
        let length = self.offset() - start;
        let range = match &passing.prefix {
            None => self.kept.unwrap_or(self.pos)..self.pos,
            Some(_) => self.pos..self.pos,
        };
        let over = passing.over(length);
        let prefix = passing
            .prefix
            .or_else(|| over.then(|| self.prefix(range.start)));
        self.kept = None;
        Ok(Extent {
            range,
            line,
            too_long: prefix.map(|prefix| (length, prefix)),
        })
    }

    /// The text of a value that was just passed.
    pub(crate) fn bytes<'a>(&'a self, extent: &'a Extent) -> &'a [u8] {
        match &extent.too_long {
            None => &self.source.window()[extent.range.clone()],
            Some((_, prefix)) => prefix,
        }
    }

    fn prefix(&self, from: usize) -> Vec<u8> {
        let beginning = &self.source.window()[from..self.pos];
        beginning[..beginning.len().min(PREFIX_BYTES)].to_vec()
    }

    /// More of the text within a value: what is above its limit is let go.
    fn more_of(&mut self, passing: &mut Passing) -> Scanned<()> {
        let length = self.offset() - passing.start;
        if passing.over(length) && passing.prefix.is_none() {
            passing.prefix = Some(self.prefix(self.kept.unwrap_or(self.pos)));
            self.kept = None;
        }
        if self.more()? {
            Ok(())
        } else {
            Err(self.cut_off())
        }
    }

    /// From within a string to behind its end.
    fn string(&mut self, passing: &mut Passing) -> Scanned<()> {
        loop {
            let rest = &self.source.window()[self.pos..];
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(at) if rest[at] == b'"' => {
                    self.pos += at + 1;
                    return Ok(());
                }
                // The byte behind a backslash never ends the string.
                Some(at) if at + 1 < rest.len() => self.pos += at + 2,
                Some(at) => {
                    self.pos += at;
                    self.more_of(passing)?;
                }
                None => {
                    self.pos += rest.len();
                    self.more_of(passing)?;
                }
            }
        }
    }

    /// An object or list with everything in it. Brackets have to match.
    fn nested(&mut self, passing: &mut Passing) -> Scanned<()> {
        // One bit for each open bracket, the innermost lowest: 1 is an object.
        let mut open: u128 = 0;
        let mut depth = 0;
        loop {
            let window = self.source.window();
            let Some(past) = window[self.pos..]
                .iter()
                .position(|byte| CLASSES[usize::from(*byte)] != OTHER)
            else {
                self.pos = window.len();
                self.more_of(passing)?;
                continue;
            };
            let byte = window[self.pos + past];
            self.pos += past + 1;
            match CLASSES[usize::from(byte)] {
                QUOTE => self.string(passing)?,
                NEWLINE => {
                    self.line += 1;
                    self.line_start = self.offset();
                }
                OPEN => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(self.too_deep());
                    }
                    open = open << 1 | u128::from(byte == b'{');
                }
                _ => {
                    if (open & 1 == 1) != (byte == b'}') {
                        self.pos -= 1;
                        return Err(self.malformed("a bracket of the other kind is expected"));
                    }
                    open >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// A number, true, false or null, or something that is none.
    fn literal(&mut self, passing: &mut Passing) -> Scanned<()> {
        let before = self.offset();
        loop {
            match self.source.window().get(self.pos).copied() {
                Some(
                    b',' | b']' | b'}' | b':' | b'"' | b'[' | b'{' | b' ' | b'\t' | b'\r' | b'\n',
                ) => break,
                Some(_) => self.pos += 1,
                None => self.more_of(passing)?,
            }
        }
        if self.offset() == before {
            return Err(self.malformed("a value is expected"));
        }
        Ok(())
    }

    /// Something that is no JSON, at the position.
    pub(crate) fn malformed(&self, what: &str) -> DocumentError {
        let column = self.offset() + 1 - self.line_start;
        DocumentError::new(
            Reason::MalformedJson,
            "",
            format!(
                "the body is not JSON: {what} at line {} column {column}",
                self.line
            ),
        )
        .at_line(self.line)
    }

    fn cut_off(&self) -> DocumentError {
        self.malformed("it ends before the document does")
    }

    fn too_deep(&self) -> DocumentError {
        DocumentError::new(
            Reason::TooDeep,
            "",
            format!(
                "objects and lists within each other, more than {MAX_DEPTH} deep, at line {}",
                self.line
            ),
        )
        .at_line(self.line)
    }
}

/// A value on its way past.
struct Passing {
    /// Bytes to keep at most; None where nothing is kept.
    limit: Option<usize>,
    /// Offset in the text.
    start: u64,
    /// How it begins, once it is above the limit.
    prefix: Option<Vec<u8>>,
}

impl Passing {
    fn over(&self, length: u64) -> bool {
        self.limit.is_some_and(|limit| length > limit as u64)
    }
}
