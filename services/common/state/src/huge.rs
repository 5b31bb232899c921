//! Zeroed memory of fixed length, in huge pages where it is large. Index and cache are read at random
//! places: with pages of 4 KiB every read also waits for the page table, in a virtual machine for two.

use memmap2::{Advice, MmapMut};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Size of a huge page; smaller memory comes from the allocator.
const HUGE: usize = 2 << 20;

/// What may lie in it: plain bytes, of which zeroes are a value.
pub(crate) trait Plain: FromBytes + IntoBytes + Immutable + Clone {}

impl<T: FromBytes + IntoBytes + Immutable + Clone> Plain for T {}

/// See the module. The system gives the memory as it is used.
pub(crate) struct Zeroed<T>(Memory<T>);

enum Memory<T> {
    Allocated(Vec<T>),
    Mapped(MmapMut, PhantomData<T>),
}

impl<T: Plain> Zeroed<T> {
    /// Memory for `length` values, all zeroes.
    pub(crate) fn new(length: usize) -> Self {
        if length * size_of::<T>() >= HUGE
            && let Ok(mapped) = MmapMut::map_anon(length * size_of::<T>())
        {
            // Where the system has no huge pages, small ones do.
            let _ = mapped.advise(Advice::HugePage);
            return Self(Memory::Mapped(mapped, PhantomData));
        }
        Self(Memory::Allocated(vec![T::new_zeroed(); length]))
    }

    /// The same, given by the system at once: what is touched all over from the start is not waited for
    /// in the middle of a window.
    pub(crate) fn at_hand(length: usize) -> Self {
        let memory = Self::new(length);
        if let Memory::Mapped(mapped, _) = &memory.0 {
            // Else it is given as it is used.
            let _ = mapped.advise(Advice::PopulateWrite);
        }
        memory
    }

    /// Bytes it takes once all of it is used.
    pub(crate) fn bytes(&self) -> usize {
        self.len() * size_of::<T>()
    }
}

impl<T: Plain> Default for Zeroed<T> {
    fn default() -> Self {
        Self(Memory::Allocated(Vec::new()))
    }
}

impl<T: Plain> Deref for Zeroed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Memory::Allocated(values) => values,
            // A mapping begins at a page and is whole values long: it always is a slice of them.
            Memory::Mapped(bytes, _) => <[T]>::ref_from_bytes(bytes).unwrap_or_default(),
        }
    }
}

impl<T: Plain> DerefMut for Zeroed<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Memory::Allocated(values) => values,
            Memory::Mapped(bytes, _) => <[T]>::mut_from_bytes(bytes).unwrap_or_default(),
        }
    }
}

impl<T: Plain> fmt::Debug for Zeroed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_memory_is_zeroed_and_holds_what_is_written() {
        for length in [0, 1, 1_000, HUGE / 8 - 1, HUGE / 8, HUGE + 3] {
            let mut values = Zeroed::<u64>::new(length);
            assert_eq!((values.len(), values.bytes()), (length, length * 8));
            assert!(values.iter().all(|value| *value == 0));
            for (n, value) in values.iter_mut().enumerate() {
                *value = n as u64;
            }
            assert!((0..length).all(|n| values[n] == n as u64));
        }
    }
}
