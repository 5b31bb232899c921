//! From the engine's thread to the HTTP response.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::ffi::Counters;
use crate::frames;

/// Messages in flight; each holds at most one chunk of the engine.
const CHANNEL: usize = 4;

/// What the response's headers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The output's format, for statements that read.
    pub format: Option<String>,
    /// What the statement did so far.
    pub counters: Counters,
    /// Since the statement began.
    pub elapsed: Duration,
}

/// One step of a response, in the order `Whole | Failed | Start (Chunk)* [Broken]`.
#[derive(Debug)]
pub enum Message {
    /// The complete output.
    Whole(Head, Bytes),
    /// The statement failed before any output.
    Failed(Failure),
    /// Output follows in chunks; the end of the messages is its end.
    Start(Head),
    /// A piece of the output.
    Chunk(Bytes),
    /// The statement failed after some output.
    Broken(Failure),
    /// The output is complete. Without it the response is cut off, not ended.
    End,
}

/// The engine's end of a response.
pub struct Reply {
    messages: mpsc::Sender<Message>,
    since: Instant,
    framed: bool,
    started: bool,
}

/// The client is gone: there is nobody to work for.
pub struct Gone;

impl Reply {
    /// A reply and the messages it will send. `framed` answers `compress=1`.
    pub fn new(framed: bool) -> (Self, mpsc::Receiver<Message>) {
        let (messages, receiver) = mpsc::channel(CHANNEL);
        let reply = Self {
            messages,
            since: Instant::now(),
            framed,
            started: false,
        };
        (reply, receiver)
    }

    fn head(&self, format: Option<&str>, counters: Counters) -> Head {
        Head {
            format: format.map(str::to_owned),
            counters,
            elapsed: self.since.elapsed(),
        }
    }

    fn framed(&self, bytes: &[u8]) -> Bytes {
        if self.framed {
            frames::encode(bytes).into()
        } else {
            Bytes::copy_from_slice(bytes)
        }
    }

    /// Answers with a complete output.
    pub fn whole(&mut self, format: Option<&str>, counters: Counters, output: &[u8]) {
        let message = Message::Whole(self.head(format, counters), self.framed(output));
        let _ = self.messages.blocking_send(message); // a client that is gone needs none
    }

    /// Answers with output that follows in chunks.
    pub fn start(&mut self, format: &str, counters: Counters) -> Result<(), Gone> {
        self.started = true;
        let head = self.head(Some(format), counters);
        self.send(Message::Start(head))
    }

    /// The next piece of the output; waits while the client is behind.
    pub fn chunk(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        if bytes.is_empty() {
            return Ok(());
        }
        let framed = self.framed(bytes);
        self.send(Message::Chunk(framed))
    }

    /// The output is complete.
    pub fn end(&mut self) {
        let _ = self.send(Message::End);
    }

    /// Answers with a failure, whether or not output has begun.
    pub fn fail(&mut self, failure: Failure) {
        let message = if self.started {
            Message::Broken(failure)
        } else {
            Message::Failed(failure)
        };
        let _ = self.messages.blocking_send(message); // as above
    }

    fn send(&self, message: Message) -> Result<(), Gone> {
        self.messages.blocking_send(message).map_err(|_| Gone)
    }
}
