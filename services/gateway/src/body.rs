//! Bodies of requests: unpacked and read within the limit of one and the room of all.

use axum::body::Body;
use flate2::write::MultiGzDecoder;
use futures::StreamExt;
use std::io::{self, Write};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::media::Coding;
use crate::problem::{Kind, Problem};
use crate::spool::{Received, Rooms, Spool};

/// Window a zstd frame may ask for, as a power of two: 8 MiB, what RFC 8878 §3.1.1.1.2 recommends.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Reads a body, unpacked, up to `limit` bytes, taking room for each KiB before it is kept; the room is
/// held as long as what is returned. A body that gets no room or is over the limit is read on, so that
/// the sender hears why. A bomb is over the limit like any other: nothing beyond it is kept.
///
/// # Errors
/// 400: the sender broke off, or the bytes are not what their coding says; 413: over the limit; 503: no
/// room.
pub async fn read(
    body: Body,
    coding: Coding,
    limit: usize,
    rooms: &Rooms,
) -> Result<Received, Problem> {
    let mut chunks = body.into_data_stream();
    let mut unpacked = Unpacker::new(coding, rooms.spool(limit))?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(
                Kind::Validation,
                format!("the body could not be read: {error}"),
            )
        })?;
        if let Err(error) = unpacked.take(&chunk) {
            let refused = unpacked.why(coding, &error);
            drop(unpacked);
            discard(Body::from_stream(chunks), limit).await;
            return Err(refused);
        }
    }
    unpacked.finish(coding)
}

/// Reads a refused body and forgets it, up to four times the limit (packed): an answer sent before the
/// sender is done may never be read by it.
pub async fn discard(body: Body, limit: usize) {
    let mut left = limit.saturating_mul(4);
    let mut chunks = body.into_data_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Unpacks what comes in piece by piece.
enum Unpacker {
    Identity(Spool),
    Gzip(Box<MultiGzDecoder<Spool>>),
    Zstd(Box<Zstd>),
}

struct Zstd {
    decoder: Decoder<'static>,
    spool: Spool,
    out: Vec<u8>,
    /// Whether a frame has begun and not ended.
    open: bool,
}

impl Unpacker {
    fn new(coding: Coding, spool: Spool) -> Result<Self, Problem> {
        let broken = |error: io::Error| {
            tracing::error!(%error, "no zstd decoder");
            Problem::new(Kind::Internal, "zstd cannot be unpacked here")
        };
        Ok(match coding {
            Coding::Identity => Self::Identity(spool),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(spool))),
            Coding::Zstd => {
                let mut decoder = Decoder::new().map_err(broken)?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
                    .map_err(broken)?;
                Self::Zstd(Box::new(Zstd {
                    decoder,
                    spool,
                    out: vec![0; 128 * 1024],
                    open: false,
                }))
            }
        })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Identity(spool) => spool.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Zstd(zstd) => zstd.take(bytes),
        }
    }

    /// What the sender is told when [`Unpacker::take`] failed.
    fn why(&mut self, coding: Coding, error: &io::Error) -> Problem {
        let spool = match self {
            Self::Identity(spool) => spool,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(zstd) => &mut zstd.spool,
        };
        spool.refused().unwrap_or_else(|| not_packed(coding, error))
    }

    fn finish(mut self, coding: Coding) -> Result<Received, Problem> {
        if let Self::Gzip(decoder) = &mut self
            && let Err(error) = decoder.try_finish()
        {
            return Err(self.why(coding, &error));
        }
        match self {
            Self::Identity(spool) => Ok(spool.received()),
            Self::Gzip(decoder) => decoder
                .finish()
                .map(Spool::received)
                .map_err(|error| not_packed(coding, &error)),
            Self::Zstd(zstd) if zstd.open => {
                Err(not_packed(coding, &io::ErrorKind::UnexpectedEof.into()))
            }
            Self::Zstd(zstd) => Ok(zstd.spool.received()),
        }
    }
}

fn not_packed(coding: Coding, error: &io::Error) -> Problem {
    let name = match coding {
        Coding::Identity => "identity",
        Coding::Gzip => "gzip",
        Coding::Zstd => "zstd",
    };
    Problem::new(
        Kind::Validation,
        format!("the body is not {name} as Content-Encoding says, or is cut off: {error}"),
    )
}

impl Zstd {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut input = InBuffer::around(bytes);
        while !bytes.is_empty() {
            let mut output = OutBuffer::around(self.out.as_mut_slice());
            let left = self.decoder.run(&mut input, &mut output)?;
            let written = output.pos();
            self.open = left != 0;
            self.spool.write_all(&self.out[..written])?;
            let more_to_come = self.open && written == self.out.len();
            if input.pos() == bytes.len() && !more_to_come {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const LIMIT: usize = 1 << 20;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    async fn received(coding: Coding, bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let rooms = Rooms::new(folder.path().to_owned(), LIMIT);
        // In pieces as a network brings them.
        let pieces: Vec<Result<Vec<u8>, io::Error>> =
            bytes.chunks(1000).map(|piece| Ok(piece.to_vec())).collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        let received = read(body, coding, LIMIT, &rooms).await?;
        let mut bytes = Vec::new();
        received.open().unwrap().read_to_end(&mut bytes).unwrap();
        Ok(bytes)
    }

    #[tokio::test]
    async fn a_packed_body_is_what_was_packed() {
        let text: Vec<u8> = (0..300_000u32).map(|n| (n % 997 % 251) as u8).collect();
        let twice = |pack: fn(&[u8]) -> Vec<u8>| [pack(&text[..100]), pack(&text[100..])].concat();
        for (coding, packed) in [
            (Coding::Identity, text.clone()),
            (Coding::Gzip, gzip(&text)),
            (Coding::Gzip, twice(gzip)),
            (Coding::Zstd, zstd(&text)),
            (Coding::Zstd, twice(zstd)),
        ] {
            assert!(
                received(coding, packed).await.unwrap() == text,
                "{coding:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_bomb_is_over_the_limit_and_what_is_not_packed_is_told_so() {
        let bomb = vec![0; 16 << 20];
        let text = vec![b'x'; 5000];
        let wide = {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(27).unwrap();
            encoder.write_all(&bomb).unwrap();
            encoder.finish().unwrap()
        };
        let cut = |bytes: &[u8]| bytes[..bytes.len() - 5].to_vec();
        for (what, coding, bytes, kind) in [
            ("gzip bomb", Coding::Gzip, gzip(&bomb), Kind::TooLarge),
            ("zstd bomb", Coding::Zstd, zstd(&bomb), Kind::TooLarge),
            (
                "zstd of a wide window",
                Coding::Zstd,
                wide,
                Kind::Validation,
            ),
            ("no gzip", Coding::Gzip, text.clone(), Kind::Validation),
            ("no zstd", Coding::Zstd, text.clone(), Kind::Validation),
            (
                "gzip cut off",
                Coding::Gzip,
                cut(&gzip(&text)),
                Kind::Validation,
            ),
            (
                "zstd cut off",
                Coding::Zstd,
                cut(&zstd(&text)),
                Kind::Validation,
            ),
        ] {
            let refused = received(coding, bytes).await.unwrap_err();
            assert_eq!(refused.kind, kind, "{what}: {}", refused.detail);
        }
    }
}
