//! What must be known of output formats: how their chunks join, and their media type.

/// How the chunks of a streamed result make one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// Chunks follow each other as they are.
    Append,
    /// Each chunk repeats this header; it is kept once.
    Header(Header),
    /// Each chunk is a document of its own: the result is made as a whole.
    Document,
}

/// The headers that chunks repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// So many lines; line ends inside double quotes do not count.
    Lines(usize),
    /// A column count, then so many texts a column, each with its length (LEB128).
    Binary(usize),
}

/// How chunks of `format` join. Unknown formats are made as a whole.
pub fn joining(format: &str) -> Joining {
    let name = format.to_ascii_lowercase();
    let bare = name
        .strip_suffix("withnamesandtypes")
        .map(|bare| (bare, 2))
        .or_else(|| name.strip_suffix("withnames").map(|bare| (bare, 1)));
    let appended = |bare: &str| {
        matches!(
            bare,
            "tabseparated"
                | "tsv"
                | "tabseparatedraw"
                | "tsvraw"
                | "raw"
                | "csv"
                | "rowbinary"
                | "jsoneachrow"
                | "jsonlines"
                | "ndjson"
                | "jsoncompacteachrow"
                | "jsonstringseachrow"
                | "jsoncompactstringseachrow"
        )
    };
    match bare {
        Some(("rowbinary", texts)) => Joining::Header(Header::Binary(texts)),
        Some((bare, lines)) if appended(bare) => Joining::Header(Header::Lines(lines)),
        None if appended(&name) || name == "native" || name == "rowbinarywithdefaults" => {
            Joining::Append
        }
        _ => Joining::Document,
    }
}

/// The header at the beginning of a chunk; empty if the chunk is too short for one.
pub fn header_of(kind: Header, chunk: &[u8]) -> &[u8] {
    let length = match kind {
        Header::Lines(count) => lines_length(chunk, count),
        Header::Binary(texts) => binary_length(chunk, texts),
    };
    &chunk[..length.unwrap_or(0)]
}

fn lines_length(chunk: &[u8], count: usize) -> Option<usize> {
    let mut quoted = false;
    let mut left = count;
    for (at, byte) in chunk.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                left -= 1;
                if left == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn binary_length(chunk: &[u8], texts: usize) -> Option<usize> {
    let mut at = 0;
    let columns = leb128(chunk, &mut at)?;
    for _ in 0..columns.checked_mul(texts)? {
        let length = leb128(chunk, &mut at)?;
        at = at.checked_add(length).filter(|end| *end <= chunk.len())?;
    }
    Some(at)
}

fn leb128(chunk: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0usize;
    for shift in (0..63).step_by(7) {
        let byte = *chunk.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The media type ClickHouse gives for `format`.
pub fn media_type(format: &str) -> &'static str {
    let name = format.to_ascii_lowercase();
    let begins = |prefix: &str| name.starts_with(prefix);
    if begins("tabseparated") || begins("tsv") {
        "text/tab-separated-values; charset=UTF-8"
    } else if begins("csv") {
        if name.contains("withnames") {
            "text/csv; charset=UTF-8; header=present"
        } else {
            "text/csv; charset=UTF-8; header=absent"
        }
    } else if name.contains("eachrow") && begins("json") || name == "ndjson" || name == "jsonlines"
    {
        "application/x-ndjson; charset=UTF-8"
    } else if begins("json") {
        "application/json; charset=UTF-8"
    } else if begins("pretty")
        || matches!(
            name.as_str(),
            "vertical" | "values" | "markdown" | "sqlinsert"
        )
    {
        "text/plain; charset=UTF-8"
    } else if name == "xml" {
        "application/xml; charset=UTF-8"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_join_as_their_format_needs() {
        let cases = [
            ("TabSeparated", Joining::Append),
            ("Native", Joining::Append),
            ("RowBinary", Joining::Append),
            (
                "RowBinaryWithNamesAndTypes",
                Joining::Header(Header::Binary(2)),
            ),
            ("RowBinaryWithNames", Joining::Header(Header::Binary(1))),
            ("CSVWithNames", Joining::Header(Header::Lines(1))),
            (
                "jsoncompacteachrowwithnamesandtypes",
                Joining::Header(Header::Lines(2)),
            ),
            ("JSON", Joining::Document),
            ("ArrowStream", Joining::Document),
            ("PrettyCompact", Joining::Document),
            ("Values", Joining::Document),
        ];
        for (format, expected) in cases {
            assert_eq!(joining(format), expected, "{format}");
        }
    }

    #[test]
    fn the_header_is_measured_to_the_byte() {
        let cases: [(Header, &[u8], &[u8]); 6] = [
            (Header::Lines(1), b"a\tb\n1\t2\n", b"a\tb\n"),
            (Header::Lines(1), b"\"a\nb\"\n1\n", b"\"a\nb\"\n"),
            (Header::Lines(2), b"a\nInt8\n1\n", b"a\nInt8\n"),
            (
                Header::Binary(2),
                b"\x01\x01a\x04Int8\x07",
                b"\x01\x01a\x04Int8",
            ),
            (Header::Binary(2), b"\x01\x01a\x04In", b""),
            (Header::Lines(1), b"no line end", b""),
        ];
        for (kind, chunk, expected) in cases {
            assert_eq!(header_of(kind, chunk), expected);
        }
    }
}
