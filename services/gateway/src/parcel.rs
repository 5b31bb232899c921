//! The records of one transaction: few in memory, many in a file without a name.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::transaction::{Counts, Outgoing};

/// Bytes of records kept in memory.
const MEMORY: usize = 32 << 20;

/// Records in the order they were put. Reading gives the same records each time.
#[derive(Debug, Default)]
pub struct Parcel {
    memory: Vec<Outgoing>,
    file: Option<File>,
    count: usize,
    bytes: usize,
}

/// Takes records; [`Packer::finish`] makes a parcel of them.
#[derive(Debug)]
pub struct Packer<'f> {
    folder: &'f Path,
    in_memory: usize,
    memory: Vec<Outgoing>,
    file: Option<BufWriter<File>>,
    count: usize,
    bytes: usize,
}

impl<'f> Packer<'f> {
    /// An empty one, whose file goes to `folder` where one is needed.
    #[must_use]
    pub fn new(folder: &'f Path) -> Self {
        Self {
            folder,
            in_memory: MEMORY,
            memory: Vec::new(),
            file: None,
            count: 0,
            bytes: 0,
        }
    }

    /// Puts a record behind the others.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&mut self, record: Outgoing) -> io::Result<()> {
        self.count += 1;
        self.bytes += record.value.len();
        if self.file.is_none() && self.bytes > self.in_memory {
            let mut file = BufWriter::new(tempfile::tempfile_in(self.folder)?);
            for record in self.memory.drain(..) {
                write(&mut file, &record)?;
            }
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => write(file, &record),
            None => {
                self.memory.push(record);
                Ok(())
            }
        }
    }

    /// Records so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes of the values so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was put, to be read.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> io::Result<Parcel> {
        let file = match self.file {
            Some(file) => Some(file.into_inner().map_err(io::IntoInnerError::into_error)?),
            None => None,
        };
        Ok(Parcel {
            memory: self.memory,
            file,
            count: self.count,
            bytes: self.bytes,
        })
    }
}

impl From<Vec<Outgoing>> for Parcel {
    fn from(records: Vec<Outgoing>) -> Self {
        Self {
            count: records.len(),
            bytes: records.iter().map(|record| record.value.len()).sum(),
            memory: records,
            file: None,
        }
    }
}

impl Parcel {
    /// Records.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes of the values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The records from the first, in memory or as they are read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn records(&self) -> io::Result<Records<'_>> {
        let file = match &self.file {
            Some(file) => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(0))?;
                Some(BufReader::with_capacity(1 << 20, file))
            }
            None => None,
        };
        Ok(Records {
            memory: self.memory.iter(),
            file,
            left: self.count - self.memory.len(),
        })
    }
}

/// The records of a parcel.
#[derive(Debug)]
pub struct Records<'p> {
    memory: std::slice::Iter<'p, Outgoing>,
    file: Option<BufReader<&'p File>>,
    left: usize,
}

impl<'p> Iterator for Records<'p> {
    type Item = io::Result<Cow<'p, Outgoing>>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.memory.next() {
            return Some(Ok(Cow::Borrowed(record)));
        }
        self.left = self.left.checked_sub(1)?;
        self.file.as_mut().map(|file| read(file).map(Cow::Owned))
    }
}

/// No key.
const NONE: u32 = u32::MAX;

fn write(file: &mut impl Write, record: &Outgoing) -> io::Result<()> {
    let topic = Counts::TOPICS
        .iter()
        .position(|topic| *topic == record.topic)
        .and_then(|at| u8::try_from(at).ok())
        .ok_or_else(|| io::Error::other(format!("no topic of the gateway: {}", record.topic)))?;
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
    let key = record.key.as_deref();
    file.write_all(&[topic])?;
    file.write_all(&record.partition.to_le_bytes())?;
    file.write_all(&key.map_or(Ok(NONE), length)?.to_le_bytes())?;
    file.write_all(&length(&record.value)?.to_le_bytes())?;
    file.write_all(key.unwrap_or_default())?;
    file.write_all(&record.value)
}

fn read(file: &mut impl Read) -> io::Result<Outgoing> {
    let mut topic = [0];
    file.read_exact(&mut topic)?;
    let mut number = || {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).map(|()| bytes)
    };
    let partition = i32::from_le_bytes(number()?);
    let key = u32::from_le_bytes(number()?);
    let value = u32::from_le_bytes(number()?);
    let mut bytes = |length: u32| {
        let mut bytes = vec![0; length as usize];
        file.read_exact(&mut bytes).map(|()| bytes)
    };
    let key = (key != NONE).then(|| bytes(key)).transpose()?;
    let topic = Counts::TOPICS.get(usize::from(topic[0])).copied();
    Ok(Outgoing {
        topic: topic.ok_or(io::ErrorKind::InvalidData)?,
        partition,
        key,
        value: bytes(value)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_put_in_memory_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let records: Vec<Outgoing> = (0..200)
            .map(|n: i32| Outgoing {
                topic: Counts::TOPICS[n as usize % Counts::TOPICS.len()],
                partition: n,
                key: (n % 3 != 0).then(|| n.to_string().into_bytes()),
                value: vec![b'v'; n as usize * 7],
            })
            .collect();
        for in_memory in [0, 5_000, 1 << 20] {
            let mut packer = Packer {
                in_memory,
                ..Packer::new(folder.path())
            };
            for record in &records {
                packer.put(record.clone()).unwrap();
            }
            let parcel = packer.finish().unwrap();
            assert_eq!(parcel.count(), 200);
            assert_eq!(parcel.file.is_none(), in_memory == 1 << 20);
            for _ in 0..2 {
                let read: Vec<Outgoing> = parcel
                    .records()
                    .unwrap()
                    .map(|record| record.unwrap().into_owned())
                    .collect();
                assert_eq!(read, records);
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
