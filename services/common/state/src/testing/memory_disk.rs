//! A folder in memory that writes down every operation, so that tests and fuzzing can look at what a
//! crash after any of them leaves behind.

use crate::disk::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One operation that changed the folder. Files are numbered in the order they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A file was made under a name.
    Create(String, usize),
    /// Bytes were written at an offset.
    Write(usize, u64, Vec<u8>),
    /// A file was cut to a length.
    Cut(usize, u64),
    /// A file's content was synced.
    Sync(usize),
    /// A name was changed.
    Rename(String, String),
    /// A name was removed.
    Remove(String),
    /// Names were synced.
    SyncFolder,
}

#[derive(Debug, Default, Clone)]
struct State {
    names: BTreeMap<String, usize>,
    files: Vec<Vec<u8>>,
    journal: Vec<Operation>,
}

/// See the module.
#[derive(Debug, Default, Clone)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

impl MemoryDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A folder with the given files.
    #[must_use]
    pub fn with(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let disk = Self::default();
        {
            let mut state = disk.state();
            for (name, bytes) in files {
                let number = state.files.len();
                state.files.push(bytes);
                state.names.insert(name, number);
            }
        }
        disk
    }

    /// All files: name and content.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.state();
        let file = |(name, number): (&String, &usize)| (name.clone(), state.files[*number].clone());
        state.names.iter().map(file).collect()
    }

    /// Every operation so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Operation> {
        self.state().journal.clone()
    }

    /// The folder after the process was killed behind `operations`, and, if a write came next, behind
    /// `bytes` of it.
    #[must_use]
    pub fn killed(operations: &[Operation], next: Option<&Operation>, bytes: usize) -> Self {
        let mut state = State::default();
        for operation in operations {
            state.run(operation);
        }
        if let Some(Operation::Write(file, offset, whole)) = next {
            let part = whole[..bytes.min(whole.len())].to_vec();
            state.run(&Operation::Write(*file, *offset, part));
        }
        state.journal.clear();
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The folder after the power went behind `operations`: of what was not synced, `choose(n)` (a
    /// number below n) says what is there; names are there up to some point.
    #[must_use]
    pub fn powerless(operations: &[Operation], choose: &mut dyn FnMut(usize) -> usize) -> Self {
        let mut durable = State::default();
        let mut contents: BTreeMap<usize, Vec<Operation>> = BTreeMap::new();
        let mut names: Vec<Operation> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Write(file, ..) | Operation::Cut(file, _) => {
                    contents.entry(*file).or_default().push(operation.clone());
                }
                Operation::Sync(file) => {
                    for operation in contents.remove(file).unwrap_or_default() {
                        durable.run(&operation);
                    }
                }
                Operation::SyncFolder => {
                    for operation in names.drain(..) {
                        durable.run(&operation);
                    }
                }
                Operation::Create(_, file) => {
                    durable.reserve(*file);
                    names.push(operation.clone());
                }
                Operation::Rename(..) | Operation::Remove(_) => names.push(operation.clone()),
            }
        }
        let kept = choose(names.len() + 1);
        for operation in names.into_iter().take(kept) {
            durable.run(&operation);
        }
        for operation in contents.into_values().flatten() {
            match (choose(3), operation) {
                (0, _) => {}
                (1, Operation::Write(file, offset, bytes)) => {
                    let part = bytes[..choose(bytes.len() + 1)].to_vec();
                    durable.run(&Operation::Write(file, offset, part));
                }
                (_, operation) => durable.run(&operation),
            }
        }
        durable.journal.clear();
        Self {
            state: Arc::new(Mutex::new(durable)),
        }
    }
}

impl State {
    fn reserve(&mut self, file: usize) {
        if self.files.len() <= file {
            self.files.resize(file + 1, Vec::new());
        }
    }

    fn run(&mut self, operation: &Operation) {
        self.journal.push(operation.clone());
        match operation {
            Operation::Create(name, file) => {
                self.reserve(*file);
                self.names.insert(name.clone(), *file);
            }
            Operation::Write(file, offset, bytes) => {
                let content = &mut self.files[*file];
                let end = *offset as usize + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset as usize..end].copy_from_slice(bytes);
            }
            Operation::Cut(file, length) => self.files[*file].resize(*length as usize, 0),
            Operation::Rename(from, to) => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Operation::Remove(name) => {
                self.names.remove(name);
            }
            Operation::Sync(_) | Operation::SyncFolder => {}
        }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, name.to_owned());
        self.names.get(name).copied().ok_or_else(missing)
    }
}

impl Disk for MemoryDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let number = state.files.len();
        state.run(&Operation::Create(name.to_owned(), number));
        drop(state);
        Ok(Arc::new(MemoryFile {
            disk: self.clone(),
            number,
        }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let number = self.state().find(name)?;
        Ok(Arc::new(MemoryFile {
            disk: self.clone(),
            number,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.find(from)?;
        state.run(&Operation::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.find(name)?;
        state.run(&Operation::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.state().run(&Operation::SyncFolder);
        Ok(())
    }
}

/// An open file of a [`MemoryDisk`].
#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    number: usize,
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.number].len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.disk.state();
        let content = &state.files[self.number];
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = content
            .get(from..)
            .and_then(|rest| rest.get(..into.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let write = Operation::Write(self.number, offset, bytes.to_vec());
        self.disk.state().run(&write);
        Ok(())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.disk.state().run(&Operation::Cut(self.number, length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.state().run(&Operation::Sync(self.number));
        Ok(())
    }
}
