//! Memory that reading takes, in both bindings: bounded by one event, however long the document.
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::ops::ControlFlow;

use serialtrail_epcis::{
    BodyKind, DocumentError, Format, Limits, ReadOptions, Reason, parse_body, read_events,
    read_header,
};

/// Counts the bytes each thread has in use, and the most there were: tests run side by side.
struct Counting;

thread_local! {
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Adds to what this thread has in use; what another thread frees counts there.
fn count(bytes: isize) {
    let now = IN_USE.get() + bytes;
    IN_USE.set(now);
    MOST.set(MOST.get().max(now));
}

#[allow(unsafe_code)]
// SAFETY: every call is passed on to the system's allocator unchanged; the counters are not allocated.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes this thread has in use at once while `work` runs, beyond those in use before it.
fn most(work: impl FnOnce()) -> usize {
    let before = IN_USE.get();
    MOST.set(before);
    work();
    (MOST.get() - before).unsigned_abs()
}

/// One text again and again, made while it is read.
struct Repeated {
    text: Vec<u8>,
    left: usize,
    at: usize,
}

impl Repeated {
    fn new(text: &str, times: usize) -> Self {
        Self {
            text: text.as_bytes().to_vec(),
            left: times,
            at: 0,
        }
    }
}

impl Read for Repeated {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let length = into.len().min(self.text.len() - self.at);
        into[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        if self.at == self.text.len() {
            self.at = 0;
            self.left -= 1;
        }
        Ok(length)
    }
}

const JSON_HEAD: &str = r#"{"@context":["https://ref.gs1.org/epcis-context.jsonld",{"ex":"http://ns.example.com/"}],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-03-04T12:00:00Z","epcisBody":{"eventList":["#;
const JSON_TAIL: &str = "]}}";
const JSON_EVENT: &str = r#"{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-03-04T11:00:30.5+01:00","eventTimeZoneOffset":"+01:00","epcList":["urn:epc:id:sgtin:4012345.011111.987"],"bizStep":"shipping"}"#;
const XML_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?><epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:ex="http://ns.example.com/" schemaVersion="2.0" creationDate="2026-03-04T12:00:00Z"><EPCISBody><EventList>"#;
const XML_TAIL: &str = "</EventList></EPCISBody></epcis:EPCISDocument>";
const XML_EVENT: &str = "<ObjectEvent><eventTime>2026-03-04T11:00:30.5+01:00</eventTime><eventTimeZoneOffset>+01:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:4012345.011111.987</epc></epcList><action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep></ObjectEvent>";

fn around(format: Format, events: impl Read) -> impl BufRead {
    let (head, tail) = match format {
        Format::JsonLd => (JSON_HEAD, JSON_TAIL),
        Format::Xml => (XML_HEAD, XML_TAIL),
    };
    BufReader::new(Cursor::new(head).chain(events).chain(Cursor::new(tail)))
}

fn options() -> ReadOptions {
    ReadOptions {
        kind: BodyKind::Document,
        limits: Limits::default(),
    }
}

/// Why an event is refused, where it is, and how many bytes of it are kept.
type Outcome = (Option<&'static str>, usize);

/// Both passes; what became of each event.
fn both<B: BufRead>(
    format: Format,
    body: impl Fn() -> B,
    options: &ReadOptions,
) -> Result<Vec<Outcome>, DocumentError> {
    let header = read_header(body(), format, options)?;
    let mut outcomes = Vec::new();
    read_events(body(), format, &header, options, |event| {
        let refused = event.outcome.map_err(|e| e.reason.code()).err();
        outcomes.push((refused, event.original.len()));
        ControlFlow::Continue(())
    })?;
    Ok(outcomes)
}

#[test]
fn memory_does_not_grow_with_the_document() {
    for format in [Format::JsonLd, Format::Xml] {
        let (event, between) = match format {
            Format::JsonLd => (JSON_EVENT, ","),
            Format::Xml => (XML_EVENT, "\n"),
        };
        let peak = |events: usize| {
            let body = || {
                let rest = Repeated::new(&format!("{between}{event}"), events - 1);
                around(format, Cursor::new(event).chain(rest))
            };
            most(|| {
                let header = read_header(body(), format, &options()).unwrap();
                assert_eq!(header.events, events as u64);
                let mut read = 0;
                read_events(body(), format, &header, &options(), |event| {
                    assert!(event.outcome.is_ok());
                    read += 1;
                    ControlFlow::Continue(())
                })
                .unwrap();
                assert_eq!(read, events);
            })
        };
        let (small, large) = (peak(40), peak(4_000));
        println!("{format:?}: {small} bytes for 40 events, {large} for 4,000");
        assert!(large < 256 * 1024, "{format:?}: {large} bytes for 1.2 MB");
        assert!(large < small + 1024, "{format:?}: {small}, then {large}");
    }
}

#[test]
fn a_text_of_a_hundred_megabytes_is_refused_and_not_kept() {
    let long = || Repeated::new(&"x".repeat(1024), 100 * 1024);
    let mut small = options();
    small.limits.max_event_bytes = 1024 * 1024;

    // The event alone is refused; its neighbour is read.
    let json = || {
        let events = Cursor::new("{\"ex:text\":\"").chain(long());
        let events = events.chain(Cursor::new(format!("\"}},{JSON_EVENT}")));
        around(Format::JsonLd, events)
    };
    let peak = most(|| {
        let outcomes = both(Format::JsonLd, json, &small).unwrap();
        assert_eq!(outcomes[0], (Some("event_too_large"), 64 * 1024));
        assert_eq!(outcomes[1].0, None);
    });
    assert!(peak < 4 * 1024 * 1024, "{peak} bytes for a text of 100 MB");

    // A text of XML that long ends the reading of its document.
    let (begin, end) = XML_EVENT.split_once("</ObjectEvent>").unwrap();
    for (open, close) in [("<ex:text>", "</ex:text>"), ("<ex:text a=\"", "\"/>")] {
        let xml = || {
            let events = Cursor::new(format!("{begin}{open}")).chain(long());
            let events = events.chain(Cursor::new(format!(
                "{close}</ObjectEvent>{end}{XML_EVENT}"
            )));
            around(Format::Xml, events)
        };
        let peak = most(|| {
            let e = both(Format::Xml, xml, &small).unwrap_err();
            assert_eq!(e.reason.code(), "event_too_large", "{e}");
        });
        assert!(peak < 6 * 1024 * 1024, "{peak} bytes for a text of 100 MB");
    }
}

/// Not a text but a name, a comment, blanks: whatever it is that does not end.
#[test]
fn what_does_not_end_around_the_events_is_refused_and_not_kept() {
    let mut small = options();
    small.limits.max_header_bytes = 1024 * 1024;
    small.limits.max_event_bytes = 1024 * 1024;
    for (format, begin, repeated) in [
        (Format::JsonLd, "{\"id\":\"", "x"),
        (Format::JsonLd, "{\"", "x"),
        (Format::JsonLd, "{\"ex:a\":[", "1,"),
        (Format::JsonLd, "{\"ex:a\":", "1"),
        (Format::Xml, "<", "x"),
        (Format::Xml, "<!--", "x"),
        (Format::Xml, "<?x ", "x"),
        (Format::Xml, "<a b='", "x"),
        (Format::Xml, "<a>", "x"),
        (Format::Xml, "<a ", "b='c' "),
    ] {
        let body = || {
            let endless = Repeated::new(&repeated.repeat(1024), 20 * 1024);
            BufReader::new(Cursor::new(begin).chain(endless))
        };
        let peak = most(|| {
            let refused = both(format, body, &small);
            assert!(refused.is_err(), "{begin}{repeated}…");
        });
        assert!(
            peak < 4 * 1024 * 1024,
            "{peak} bytes for {begin}{repeated}… of 20 MB"
        );
    }
}

#[test]
fn small_nodes_without_number_are_refused_before_they_fill_the_memory() {
    let document = |format, head: &str, body: &str| match format {
        Format::Xml => format!(
            "<e:EPCISDocument xmlns:e=\"urn:epcglobal:epcis:xsd:2\" schemaVersion=\"2.0\" creationDate=\"2026-03-04T12:00:00Z\">{head}<EPCISBody><EventList>{body}</EventList></EPCISBody></e:EPCISDocument>"
        ),
        Format::JsonLd => JSON_HEAD.replacen('{', &format!("{{{head}"), 1) + body + JSON_TAIL,
    };
    let limits = Limits {
        max_event_nodes: 10_000,
        max_header_nodes: 10_000,
        ..Limits::default()
    };
    let most_of = |body: &str| {
        let mut refused = None;
        let peak = most(|| {
            refused = match parse_body(body.as_bytes(), BodyKind::Document, &limits) {
                Ok(capture) => capture.events[0]
                    .outcome
                    .as_ref()
                    .map_err(|e| e.reason)
                    .err(),
                Err(error) => Some(error.reason),
            }
        });
        println!("{} bytes: {peak} bytes at most", body.len());
        (refused.map(Reason::code), peak)
    };

    for (format, small) in [
        (Format::Xml, "<a/>"),
        (Format::JsonLd, "{},"),
        (Format::JsonLd, "[[]],"),
        (Format::JsonLd, "{\"a\":0},"),
    ] {
        let all = small.repeat(400_000 / small.len());
        let list = all.trim_end_matches(',');
        let (head, event) = match format {
            Format::Xml => (
                format!("<EPCISHeader>{list}</EPCISHeader>"),
                format!("<ObjectEvent>{list}</ObjectEvent>"),
            ),
            Format::JsonLd => (
                format!("\"epcisHeader\":{{\"ex:a\":[{list}]}},"),
                format!("{{\"ex:a\":[{list}]}}"),
            ),
        };
        let (reason, most) = most_of(&document(format, &head, ""));
        assert_eq!(reason, Some("header_too_large"), "{small}");
        assert!(most < 3_000_000, "{small}: {most} bytes for a header");

        let (reason, most) = most_of(&document(format, "", &event));
        assert_eq!(reason, Some("event_too_large"), "{small}");
        assert!(most < 4_000_000, "{small}: {most} bytes for an event");
    }
}
