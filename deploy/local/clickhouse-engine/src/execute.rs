//! Runs one request on the engine; blocking, on a thread of its own.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::admission::admit;
use crate::body::{self, BodyReader};
use crate::failure::{ABORTED, BAD_ARGUMENTS, CANNOT_DECOMPRESS, Failure};
use crate::ffi::{Connection, Counters, Engine};
use crate::formats::{Joining, header_of, joining};
use crate::frames::read_up_to;
use crate::reply::{Gone, Reply};
use crate::request::Request;
use crate::statement::{
    InsertShape, insert_shape, output_format, quote, set_statement, starts_like_select,
};

/// How much of a body is looked at for the statement that begins it (ClickHouse's
/// default `max_query_size`).
const STATEMENT_WINDOW: usize = 256 << 10;
/// The largest statement without data that is accepted, in bytes.
const LARGEST_STATEMENT: usize = 64 << 20;
/// Bytes handed to the engine at a time.
const APPEND: usize = 512 << 10;
/// How long the rest of a refused body is read, so that its sender gets the answer
/// instead of a broken pipe.
const DRAIN: Duration = Duration::from_secs(5);
/// The format of an output for which neither statement nor client names one.
const DEFAULT_FORMAT: &str = "TabSeparated";

/// A statement ready to run.
enum Work {
    /// An insert with the beginning of its data; the body goes on with them.
    Insert {
        sql: Vec<u8>,
        format: String,
        first: Vec<u8>,
    },
    /// Anything else.
    Statement(Vec<u8>),
}

/// Runs `request` and answers through `reply`, whatever happens.
pub fn execute(engine: &Arc<Engine>, request: &Request, mut body: BodyReader, reply: &mut Reply) {
    if let Err(failure) = run(engine, request, &mut body, reply) {
        drain(&mut body);
        reply.fail(failure);
    }
}

fn run(
    engine: &Arc<Engine>,
    request: &Request,
    body: &mut BodyReader,
    reply: &mut Reply,
) -> Result<(), Failure> {
    let mut connection = engine.connect()?;
    prepare(&mut connection, request)?;
    let mut data = body::decode(body, request.encoding.as_deref(), request.decompress)?;
    match take_statement(&request.query, &mut data)? {
        Work::Insert { sql, format, first } => {
            let whole = [&sql, b" FORMAT ".as_slice(), format.as_bytes()].concat();
            admit(&mut connection, &whole, request.read_only)?;
            let mut stream = connection.insert(&sql, &format, &request.params)?;
            let mut buffer = first;
            while !buffer.is_empty() {
                stream.append(&buffer)?;
                buffer.resize(APPEND, 0);
                let count = read_up_to(&mut data, &mut buffer).map_err(broken_body)?;
                buffer.truncate(count);
            }
            let counters = stream.done()?;
            reply.whole(None, counters, b"");
        }
        Work::Statement(sql) => {
            let reads = admit(&mut connection, &sql, request.read_only)?;
            let named = output_format(&sql);
            let format = named
                .as_deref()
                .or(request.default_format.as_deref())
                .unwrap_or(DEFAULT_FORMAT);
            let streams = reads && starts_like_select(&sql);
            match joining(format) {
                joining if streams && joining != Joining::Document => {
                    stream(&mut connection, &sql, format, joining, request, reply)?;
                }
                _ => {
                    let output = connection.query(&sql, format, &request.params)?;
                    let shown = reads.then_some(format);
                    reply.whole(shown, output.counters(), output.bytes());
                }
            }
        }
    }
    Ok(())
}

/// The connection's database, settings and roles.
fn prepare(connection: &mut Connection, request: &Request) -> Result<(), Failure> {
    let mut run = |sql: String| connection.query(sql.as_bytes(), "Null", &[]).map(drop);
    if let Some(database) = request.database.as_deref().filter(|d| !d.is_empty()) {
        run(format!("USE {}", quote(database, '`')))?;
    }
    let mut settings = request.settings.clone();
    if !settings.iter().any(|(name, _)| name == "log_comment") {
        settings.insert(0, ("log_comment".to_owned(), request.query_id.clone()));
    }
    let set = set_statement(&settings)
        .map_err(|name| Failure::new(BAD_ARGUMENTS, format!("{name:?} is not a setting's name")))?;
    if let Some(set) = set {
        run(set)?;
    }
    if !request.roles.is_empty() {
        let roles: Vec<String> = request.roles.iter().map(|r| quote(r, '`')).collect();
        run(format!("SET ROLE {}", roles.join(", ")))?;
    }
    Ok(())
}

/// Joins the URL's text with the body's and finds where an insert's data begin.
fn take_statement(url: &[u8], data: &mut impl Read) -> Result<Work, Failure> {
    if let Some(mut work) = as_insert(url) {
        if let Work::Insert { first, .. } = &mut work {
            // The body goes on after a newline where the URL already holds data.
            if !first.is_empty() {
                first.push(b'\n');
            }
            let at = first.len();
            first.resize(at + APPEND, 0);
            let count = read_up_to(data, &mut first[at..]).map_err(broken_body)?;
            first.truncate(at + count);
        }
        return Ok(work);
    }
    let mut text = vec![0; STATEMENT_WINDOW];
    let count = read_up_to(data, &mut text).map_err(broken_body)?;
    text.truncate(count);
    if !url.is_empty() {
        let joint: &[u8] = if text.is_empty() { b"" } else { b"\n" };
        text = [url, joint, &text].concat();
    }
    if let Some(work) = as_insert(&text) {
        return Ok(work);
    }
    data.take(LARGEST_STATEMENT as u64)
        .read_to_end(&mut text)
        .map_err(broken_body)?;
    if text.len() >= LARGEST_STATEMENT {
        return Err(Failure::new(
            BAD_ARGUMENTS,
            format!("the statement is longer than {LARGEST_STATEMENT} bytes"),
        ));
    }
    Ok(Work::Statement(text))
}

fn as_insert(text: &[u8]) -> Option<Work> {
    match insert_shape(text) {
        InsertShape::Data(head) => Some(Work::Insert {
            sql: text[..head.sql_end].to_vec(),
            format: head.format,
            first: text[head.data_start..].to_vec(),
        }),
        _ => None,
    }
}

/// Sends a `SELECT`'s output as it comes, but the first chunk only with the second: a
/// result of one chunk, and a failure in the second, then get complete headers.
fn stream(
    connection: &mut Connection,
    sql: &[u8],
    format: &str,
    joining: Joining,
    request: &Request,
    reply: &mut Reply,
) -> Result<(), Failure> {
    let mut stream = connection.stream(sql, format, &request.params)?;
    let mut counters = Counters::default();
    let mut header: Option<Vec<u8>> = None;
    let mut held: Vec<u8> = Vec::new();
    let mut started = false;
    while let Some(chunk) = stream.fetch()? {
        let read = chunk.counters();
        counters.read_rows += read.read_rows;
        counters.read_bytes += read.read_bytes;
        let mut bytes = chunk.bytes();
        match (joining, &header) {
            (Joining::Header(kind), None) => header = Some(header_of(kind, bytes).to_vec()),
            (_, Some(header)) => bytes = bytes.strip_prefix(header.as_slice()).unwrap_or(bytes),
            _ => {}
        }
        if !started && (request.wait_end || held.is_empty()) {
            held.extend_from_slice(bytes);
            continue;
        }
        let sent = if started {
            reply.chunk(bytes)
        } else {
            started = true;
            reply
                .start(format, counters)
                .and_then(|()| reply.chunk(&held))
                .and_then(|()| reply.chunk(bytes))
        };
        if let Err(Gone) = sent {
            return Err(Failure::new(ABORTED, "the client has gone"));
        }
    }
    if started {
        reply.end();
    } else {
        reply.whole(Some(format), counters, &held);
    }
    Ok(())
}

fn broken_body(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionAborted => Failure::new(
            ABORTED,
            format!("the request's body did not arrive whole: {error}"),
        ),
        _ => Failure::new(
            CANNOT_DECOMPRESS,
            format!("cannot read the request's body: {error}"),
        ),
    }
}

/// Reads on for a while after a failure.
fn drain(body: &mut BodyReader) {
    let until = Instant::now() + DRAIN;
    let mut buffer = vec![0; APPEND];
    while Instant::now() < until && body.read(&mut buffer).is_ok_and(|count| count > 0) {}
}
