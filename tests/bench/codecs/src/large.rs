//! A document that is long: read from beginning to end in both passes, in as much memory as one event
//! takes. Its bytes are made while they are read and are nowhere as a whole.

use crate::corpus::Corpus;
use crate::cpu;
use crate::task::Task;
use crate::text::{heading, table};
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serialtrail_epcis::{
    BodyKind, Format, Limits, ReadOptions, parse_body, read_events, read_header,
};
use std::fmt::Write;
use std::io::{BufReader, Cursor, Read};
use std::ops::ControlFlow;

/// One long document read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Large {
    /// [`Task::JsonLd`] or [`Task::Xml`].
    pub task: Task,
    /// Its length.
    pub bytes: u64,
    /// Its events, all valid.
    pub events: u64,
    /// Resident memory of the process at most while it was read, beyond what it had before, bytes;
    /// `None` where the kernel does not tell it.
    pub peak: Option<u64>,
    /// CPU-seconds of both passes, the making of the bytes included.
    pub cpu_s: f64,
}

/// Reads a document of at least `bytes` bytes in each binding.
///
/// # Errors
/// An event is refused, or not all are read.
pub fn measure(corpus: &Corpus, bytes: u64) -> anyhow::Result<Vec<Large>> {
    let bindings = [(Task::JsonLd, Format::JsonLd), (Task::Xml, Format::Xml)];
    let each = bindings.into_iter().map(|(task, format)| {
        eprintln!("a document of {} MB: {}", bytes / 1_000_000, task.title());
        let text = corpus.input(task).valid.first().context("no document")?;
        one(task, format, &Parts::of(text, format)?, bytes)
    });
    each.collect()
}

fn one(task: Task, format: Format, parts: &Parts, bytes: u64) -> anyhow::Result<Large> {
    let times = bytes.div_ceil(parts.events.len() as u64);
    let options = ReadOptions {
        kind: BodyKind::Document,
        limits: Limits {
            max_events: usize::MAX,
            ..Limits::default()
        },
    };
    let before = peak_from_now();
    let begun = cpu::own();
    let header = read_header(BufReader::new(parts.repeated(times)), format, &options)?;
    let (mut valid, mut refused) = (0u64, None);
    let body = BufReader::new(parts.repeated(times));
    read_events(body, format, &header, &options, |event| {
        match event.outcome {
            Ok(_) => valid += 1,
            Err(error) => refused = Some(error),
        }
        match refused {
            None => ControlFlow::Continue(()),
            Some(_) => ControlFlow::Break(()),
        }
    })?;
    if let Some(error) = refused {
        return Err(error.into());
    }
    let cpu_s = cpu::own() - begun;
    let events = parts.count * times;
    ensure!(
        (header.events, valid) == (events, events),
        "{events} events were written, {} counted, {valid} read",
        header.events
    );
    Ok(Large {
        task,
        bytes: parts.length(times),
        events,
        peak: before.and_then(|before| Some(memory("VmHWM:")?.saturating_sub(before))),
        cpu_s,
    })
}

/// A document around and between its events.
struct Parts {
    before: String,
    events: String,
    between: &'static str,
    behind: String,
    count: u64,
}

impl Parts {
    fn of(text: &str, format: Format) -> anyhow::Result<Self> {
        let all = parse_body(text.as_bytes(), BodyKind::Document, &Limits::default())?.events;
        let place = |event: Option<&serialtrail_epcis::CapturedEvent>| {
            let original = &event?.original;
            let at = text.find(original.as_str())?;
            Some((at, at + original.len()))
        };
        let (from, _) = place(all.first()).context("no first event")?;
        let (_, to) = place(all.last()).context("no last event")?;
        Ok(Self {
            before: text[..from].to_owned(),
            events: text[from..to].to_owned(),
            between: match format {
                Format::JsonLd => ",",
                Format::Xml => "",
            },
            behind: text[to..].to_owned(),
            count: all.len() as u64,
        })
    }

    fn length(&self, times: u64) -> u64 {
        let (events, between) = (self.events.len() as u64, self.between.len() as u64);
        (self.before.len() + self.behind.len()) as u64
            + times * events
            + times.saturating_sub(1) * between
    }

    fn repeated(&self, times: u64) -> impl Read + '_ {
        let again = Again {
            text: format!("{}{}", self.between, self.events).into_bytes(),
            left: times.saturating_sub(1),
            at: 0,
        };
        Cursor::new(&self.before)
            .chain(Cursor::new(&self.events))
            .chain(again)
            .chain(Cursor::new(&self.behind))
    }
}

/// A text so many times.
struct Again {
    text: Vec<u8>,
    left: u64,
    at: usize,
}

impl Read for Again {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let rest = &self.text[self.at..];
        let length = into.len().min(rest.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        if self.at == self.text.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(length)
    }
}

/// Lets the kernel measure the most memory anew; what is resident now, bytes.
fn peak_from_now() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    memory("VmRSS:")
}

/// A figure of `/proc/self/status`, bytes.
fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// As a table.
///
/// # Errors
/// `out` cannot be written, which a String always can.
pub fn write(out: &mut String, all: &[Large]) -> std::fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\nOne long document: structure, then each event; memory beyond that before"
    )?;
    let mut rows = vec![heading(&[
        "what", "MB", "events", "peak MB", "CPU s", "MB/s",
    ])];
    for large in all {
        let megabytes = large.bytes as f64 / 1e6;
        let peak = large.peak.map_or_else(
            || "unknown".to_owned(),
            |peak| format!("{:.1}", peak as f64 / 1e6),
        );
        rows.push(vec![
            large.task.title().to_owned(),
            format!("{megabytes:.0}"),
            large.events.to_string(),
            peak,
            format!("{:.1}", large.cpu_s),
            format!("{:.0}", megabytes / large.cpu_s.max(f64::MIN_POSITIVE)),
        ]);
    }
    table(out, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_as_long_as_it_says_and_has_its_events() {
        let corpus = Corpus::new(1, 1, 1).unwrap();
        let text = &corpus.input(Task::JsonLd).valid[0];
        let parts = Parts::of(text, Format::JsonLd).unwrap();
        let mut made = String::new();
        parts.repeated(1).read_to_string(&mut made).unwrap();
        assert_eq!(&made, text);
        let mut made = Vec::new();
        parts.repeated(3).read_to_end(&mut made).unwrap();
        assert_eq!(made.len() as u64, parts.length(3));
        for large in measure(&corpus, 300_000).unwrap() {
            assert!(large.bytes >= 300_000 && large.events >= 100, "{large:?}");
        }
    }
}
