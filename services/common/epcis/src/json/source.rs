//! Where the bytes of a text come from: memory, or a reader that is read as they are needed.

use std::io::BufRead;

/// Bytes that come in pieces.
pub(crate) trait Source {
    /// The text is at hand as a whole, so that what was passed can be returned to.
    const IN_MEMORY: bool;
    /// The bytes at hand.
    fn window(&self) -> &[u8];
    /// Lets go of the first `from` bytes of the window and adds more at its end; false where the
    /// text has ended.
    fn grow(&mut self, from: usize) -> std::io::Result<bool>;
}

/// A text that is in memory.
pub(crate) struct Whole<'a>(pub(crate) &'a [u8]);

impl Source for Whole<'_> {
    const IN_MEMORY: bool = true;

    fn window(&self) -> &[u8] {
        self.0
    }

    fn grow(&mut self, from: usize) -> std::io::Result<bool> {
        self.0 = &self.0[from..];
        Ok(false)
    }
}

/// A text that is read as it is needed.
pub(crate) struct Stream<R> {
    reader: R,
    window: Vec<u8>,
}

impl<R: BufRead> Stream<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            window: Vec::new(),
        }
    }
}

impl<R: BufRead> Source for Stream<R> {
    const IN_MEMORY: bool = false;

    fn window(&self) -> &[u8] {
        &self.window
    }

    fn grow(&mut self, from: usize) -> std::io::Result<bool> {
        self.window.drain(..from);
        let more = loop {
            match self.reader.fill_buf() {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                more => break more?,
            }
        };
        let length = more.len();
        self.window.extend_from_slice(more);
        self.reader.consume(length);
        Ok(length > 0)
    }
}
