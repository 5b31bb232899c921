//! How often this program asks for memory, counted by thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator with a count beside it; `main.rs` makes it this program's.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static TIMES: Cell<u64> = const { Cell::new(0) };
}

#[allow(unsafe_code)]
// SAFETY: every call is passed on to the system's allocator unchanged; the counter is not allocated.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TIMES.set(TIMES.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        TIMES.set(TIMES.get() + 1);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TIMES.set(TIMES.get() + 1);
        unsafe { System.realloc(at, layout, size) }
    }
}

/// Allocations and reallocations of this thread so far; 0 where [`Counting`] is not the allocator.
#[must_use]
pub fn of_this_thread() -> u64 {
    TIMES.get()
}
