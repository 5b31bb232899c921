//! ClickHouse's own compressed frames (`compress=1`, `decompress=1`).
//!
//! A frame is: CityHash128 v1.0.2 of what follows (16 bytes), the method (1 byte:
//! 0x82 LZ4, 0x90 ZSTD, 0x02 none), the compressed size with these 9 bytes of header
//! (u32 LE), the plain size (u32 LE), the data. A body holds any number of frames.

use std::io::{self, Read};

const CHECKSUM: usize = 16;
const HEADER: usize = 9;
const LZ4: u8 = 0x82;
const ZSTD: u8 = 0x90;
const NONE: u8 = 0x02;
/// The largest frame, compressed or plain: 1 GiB, as in ClickHouse.
const LARGEST: usize = 1 << 30;

/// Reads the plain bytes of a body of frames, one frame in memory at a time.
pub struct FrameReader<R> {
    source: R,
    plain: Vec<u8>,
    at: usize,
}

impl<R: Read> FrameReader<R> {
    /// Reads frames from `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            plain: Vec::new(),
            at: 0,
        }
    }

    /// Takes the next frame; `false` at the end of the body.
    fn next_frame(&mut self) -> io::Result<bool> {
        let mut checksum = [0u8; CHECKSUM];
        let got = read_up_to(&mut self.source, &mut checksum)?;
        if got == 0 {
            return Ok(false);
        }
        if got < CHECKSUM {
            return Err(bad("the body ends inside a frame's checksum".to_owned()));
        }
        let mut frame = vec![0u8; HEADER];
        self.source.read_exact(&mut frame).map_err(cut)?;
        let method = frame[0];
        let size = usize::try_from(le_u32(&frame[1..5])).unwrap_or(usize::MAX);
        let plain_size = usize::try_from(le_u32(&frame[5..9])).unwrap_or(usize::MAX);
        if !(HEADER..=LARGEST).contains(&size) || plain_size > LARGEST {
            return Err(bad(format!(
                "a frame claims {size} compressed and {plain_size} plain bytes; is the body compressed with native frames?"
            )));
        }
        let wanted = size - HEADER;
        // Grows with what arrives: a false size alone reserves nothing.
        let read = (&mut self.source)
            .take(wanted as u64)
            .read_to_end(&mut frame)?;
        if read < wanted {
            return Err(bad(format!(
                "the body ends inside a frame: {read} of {wanted} bytes"
            )));
        }
        if checksum != city_hash(&frame) {
            return Err(bad("a frame's checksum does not match its bytes".to_owned()));
        }
        let data = &frame[HEADER..];
        self.plain = match method {
            LZ4 => lz4_flex::block::decompress(data, plain_size)
                .map_err(|e| bad(format!("LZ4 frame: {e}")))?,
            ZSTD => zstd::bulk::decompress(data, plain_size)
                .map_err(|e| bad(format!("ZSTD frame: {e}")))?,
            NONE => data.to_vec(),
            other => {
                return Err(bad(format!(
                    "a frame uses method 0x{other:02x}; known are 0x82, 0x90 and 0x02"
                )));
            }
        };
        if self.plain.len() != plain_size {
            return Err(bad(format!(
                "a frame holds {} plain bytes and claims {plain_size}",
                self.plain.len()
            )));
        }
        self.at = 0;
        Ok(true)
    }
}

impl<R: Read> Read for FrameReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A frame may be empty without being the last.
        while self.at == self.plain.len() {
            if !self.next_frame()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.plain.len() - self.at);
        buffer[..count].copy_from_slice(&self.plain[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// `plain` as LZ4 frames, for a client that asked with `compress=1`.
pub fn encode(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() / 2 + CHECKSUM + HEADER);
    for part in plain.chunks(1 << 20) {
        let data = lz4_flex::block::compress(part);
        let mut frame = Vec::with_capacity(HEADER + data.len());
        frame.push(LZ4);
        // A part is at most 1 MiB and LZ4 grows it by less than 1 %.
        frame.extend_from_slice(&((HEADER + data.len()) as u32).to_le_bytes());
        frame.extend_from_slice(&(part.len() as u32).to_le_bytes());
        frame.extend_from_slice(&data);
        out.extend_from_slice(&city_hash(&frame));
        out.extend_from_slice(&frame);
    }
    out
}

/// The checksum as it is stored: the hash's two halves, the low one first.
fn city_hash(bytes: &[u8]) -> [u8; CHECKSUM] {
    cityhash_rs::cityhash_102_128(bytes)
        .rotate_right(64)
        .to_le_bytes()
}

fn le_u32(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |n, b| (n << 8) | u32::from(*b))
}

/// Fills `buffer` as far as the source goes.
pub fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

fn bad(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn cut(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return bad("the body ends inside a frame's header".to_owned());
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One frame by any method, written independently of [`encode`]'s choice.
    fn frame(method: u8, plain: &[u8]) -> Vec<u8> {
        let data = match method {
            LZ4 => lz4_flex::block::compress(plain),
            ZSTD => zstd::bulk::compress(plain, 1).unwrap(),
            _ => plain.to_vec(),
        };
        let mut frame = vec![method];
        frame.extend_from_slice(&(9 + data.len() as u32).to_le_bytes());
        frame.extend_from_slice(&(plain.len() as u32).to_le_bytes());
        frame.extend_from_slice(&data);
        [city_hash(&frame).to_vec(), frame].concat()
    }

    fn decode(body: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        FrameReader::new(body)
            .read_to_end(&mut plain)
            .map(|_| plain)
    }

    #[test]
    fn every_frame_of_a_body_is_read_whatever_its_method() {
        let parts: [(u8, &[u8]); 5] = [
            (LZ4, b"one"),
            (ZSTD, b"two"),
            (NONE, b""),
            (NONE, b"three"),
            (LZ4, b"four"),
        ];
        let body: Vec<u8> = parts.iter().flat_map(|(m, p)| frame(*m, p)).collect();
        assert_eq!(decode(&body).unwrap(), b"onetwothreefour");
    }

    #[test]
    fn a_changed_or_shortened_body_is_refused_and_never_read_as_less() {
        let body = [frame(LZ4, b"first frame"), frame(LZ4, b"second frame")].concat();
        let boundary = frame(LZ4, b"first frame").len();
        for cut in 1..body.len() {
            assert_eq!(
                decode(&body[..cut]).is_ok(),
                cut == boundary,
                "cut at {cut}"
            );
        }
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 0x20;
            assert!(decode(&changed).is_err(), "byte {at} changed");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(plain in proptest::collection::vec(any::<u8>(), 0..4000)) {
            prop_assert_eq!(decode(&encode(&plain)).unwrap(), plain);
        }

        #[test]
        fn any_bytes_are_an_error_or_a_body_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
