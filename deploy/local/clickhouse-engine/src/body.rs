//! A request's body as plain bytes, read where the engine runs.
//!
//! The body arrives asynchronously; the engine's calls block. A short channel
//! between them keeps memory constant whatever the body's size, and slows the client
//! down to the engine's pace. A body that ends early is an error, never a shorter
//! insert: only a complete body reaches its end here.

use std::io::{self, BufRead, BufReader, Read};

use axum::body::Body;
use bytes::{Buf, Bytes};
use futures::StreamExt;
use tokio::sync::mpsc;

use crate::failure::{BAD_ARGUMENTS, Failure};
use crate::frames::FrameReader;

/// Chunks in flight between the connection and the engine.
const CHANNEL: usize = 4;

/// The blocking end of a body.
pub struct BodyReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

/// Starts to move `body` towards the returned reader. Ends with the body, or when
/// the reader is dropped. Must be called within the runtime.
pub fn pump(body: Body) -> BodyReader {
    let (sender, chunks) = mpsc::channel(CHANNEL);
    tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|e| io::Error::new(io::ErrorKind::ConnectionAborted, e));
            let failed = chunk.is_err();
            if sender.send(chunk).await.is_err() || failed {
                return;
            }
        }
        // An empty chunk says that the body is complete; without it the server is
        // stopping and the reader must not take the silence for the end.
        let _ = sender.send(Ok(Bytes::new())).await;
    });
    BodyReader {
        chunks,
        current: Bytes::new(),
    }
}

impl BodyReader {
    /// A body already in memory.
    pub fn whole(bytes: Bytes) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        // The channel has room for one message, so this cannot fail.
        let _ = sender.try_send(Ok(Bytes::new()));
        Self {
            chunks,
            current: bytes,
        }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) if chunk.is_empty() => {
                    self.chunks.close();
                    self.chunks = ended();
                    return Ok(0);
                }
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(e)) => return Err(e),
                None => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "the server is stopping",
                    ));
                }
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// A channel that says "complete" again, for a reader asked past the end.
fn ended() -> mpsc::Receiver<io::Result<Bytes>> {
    BodyReader::whole(Bytes::new()).chunks
}

/// Undoes `Content-Encoding`, then native frames if `framed` (`decompress=1`).
///
/// # Errors
/// An encoding this server does not know.
pub fn decode<'r>(
    body: impl Read + 'r,
    encoding: Option<&str>,
    framed: bool,
) -> Result<Box<dyn Read + 'r>, Failure> {
    let encoding = encoding.unwrap_or("").trim().to_ascii_lowercase();
    let plain: Box<dyn Read + 'r> = match encoding.as_str() {
        "" | "identity" => Box::new(body),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(body)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(body)),
        "zstd" => Box::new(
            zstd::stream::read::Decoder::new(body)
                .map_err(|e| Failure::new(BAD_ARGUMENTS, format!("zstd: {e}")))?,
        ),
        "lz4" => Box::new(Lz4Frames::new(body)),
        other => {
            return Err(Failure::new(
                BAD_ARGUMENTS,
                format!("Content-Encoding {other:?} is not known; use gzip, deflate, zstd or lz4"),
            ));
        }
    };
    Ok(if framed {
        Box::new(FrameReader::new(plain))
    } else {
        plain
    })
}

/// A body of concatenated LZ4 frames.
///
/// The decoder answers 0 at each frame's end, and also when its input stops between
/// two blocks. Taking the first for the body's end loses every later frame; taking
/// the second for a frame's end loses the rest of the insert. So each frame gets a
/// decoder of its own, over an input whose end is an error inside a frame.
struct Lz4Frames<R: Read> {
    state: Lz4State<R>,
}

enum Lz4State<R: Read> {
    Between(BufReader<R>),
    Inside(Box<lz4_flex::frame::FrameDecoder<NoEnd<R>>>),
    Over,
}

impl<R: Read> Lz4Frames<R> {
    fn new(source: R) -> Self {
        Self {
            state: Lz4State::Between(BufReader::with_capacity(64 << 10, source)),
        }
    }
}

impl<R: Read> Read for Lz4Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, Lz4State::Over) {
                Lz4State::Over => return Ok(0),
                Lz4State::Between(mut source) => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let decoder = lz4_flex::frame::FrameDecoder::new(NoEnd(source));
                    self.state = Lz4State::Inside(Box::new(decoder));
                }
                Lz4State::Inside(mut decoder) => {
                    let count = decoder.read(buffer)?;
                    if count > 0 {
                        self.state = Lz4State::Inside(decoder);
                        return Ok(count);
                    }
                    self.state = Lz4State::Between(decoder.into_inner().0);
                }
            }
        }
    }
}

/// A source whose end is an error (and not `UnexpectedEof`, which the decoder
/// takes for a frame's end).
struct NoEnd<R>(BufReader<R>);

impl<R: Read> Read for NoEnd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the body ends inside an LZ4 frame",
            )),
            count => Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn lz4(plain: &[u8]) -> Vec<u8> {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(plain: &[u8]) -> Vec<u8> {
        zstd::encode_all(plain, 1).unwrap()
    }

    fn plain(encoding: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        decode(body, Some(encoding), false)
            .unwrap()
            .read_to_end(&mut out)
            .map(|_| out)
    }

    type Encode = fn(&[u8]) -> Vec<u8>;

    #[test]
    fn concatenated_members_are_all_read() {
        let cases: [(&str, Encode); 3] = [("gzip", gzip), ("zstd", zstd), ("lz4", lz4)];
        for (encoding, encode) in cases {
            let body = [encode(b"one,"), encode(b"two,"), encode(b"three")].concat();
            assert_eq!(
                plain(encoding, &body).unwrap(),
                b"one,two,three",
                "{encoding}"
            );
        }
        assert_eq!(plain("deflate", &zlib(b"one")).unwrap(), b"one");
        assert_eq!(plain("identity", b"one").unwrap(), b"one");
    }

    #[test]
    fn a_body_cut_anywhere_inside_a_member_is_refused() {
        // More than one block, so that a cut between two blocks is among the cases.
        let text: Vec<u8> = (0..120_000u32)
            .flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes())
            .collect();
        let cases: [(&str, Encode); 4] = [
            ("gzip", gzip),
            ("deflate", zlib),
            ("zstd", zstd),
            ("lz4", lz4),
        ];
        for (encoding, encode) in cases {
            let body = encode(&text);
            assert_eq!(plain(encoding, &body).unwrap(), text, "{encoding}");
            let step = body.len() / 97;
            let mut cuts: Vec<usize> = (1..97).map(|n| n * step).collect();
            cuts.extend([1, 4, 6, body.len() - 1]);
            if encoding == "lz4" {
                // Exactly between the first two blocks (header, then size and data).
                let header = 7;
                let size =
                    u32::from_le_bytes(body[header..header + 4].try_into().unwrap()) & 0x7fff_ffff;
                cuts.push(header + 4 + size as usize);
            }
            for cut in cuts {
                assert!(
                    plain(encoding, &body[..cut]).is_err(),
                    "{encoding} cut at {cut} of {}",
                    body.len()
                );
            }
        }
    }

    #[test]
    fn an_unknown_encoding_is_named() {
        let refused = decode(&b""[..], Some("br"), false).err().unwrap();
        assert!(refused.message.contains("\"br\""), "{refused}");
    }
}
