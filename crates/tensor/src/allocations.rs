//! Counting what a program allocates: how much memory a pass takes, and whether it allocates at all.
//!
//! A program counts if its allocator is [`CountingAllocator`]; until somebody asks, that costs a look at one flag.
//!
//! ```
//! use composer_tensor::allocations::{CountingAllocator, count};
//!
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = CountingAllocator;
//!
//! let (values, allocated) = count(|| vec![0.0f32; 100]);
//! let allocated = allocated.expect("the allocator counts");
//! assert_eq!(values.len(), 100);
//! assert_eq!((allocated.count, allocated.bytes, allocated.peak, allocated.kept), (1, 400, 400, 400));
//! ```

#![allow(unsafe_code)] // the allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The system's allocator, which counts while [`count`] runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountingAllocator;

/// What all threads allocated while something ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// How often.
    pub count: u64,
    /// Bytes, whether or not they were given back.
    pub bytes: u64,
    /// Bytes at most at one time, above those before.
    pub peak: u64,
    /// Bytes at the end above those before; negative if more was given back than taken.
    pub kept: i64,
}

static COUNTING: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
/// One count at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `run` and counts what all threads allocate meanwhile; `None` if the program's allocator is another one.
///
/// Counts wait for each other, so `run` must not count itself.
pub fn count<T>(run: impl FnOnce() -> T) -> (T, Option<Allocated>) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _counting = Counting::start();
    drop(std::hint::black_box(Box::new(0u8)));
    let counts = COUNT.load(Ordering::Relaxed) > 0;
    reset();
    let result = run();
    let allocated = Allocated {
        count: COUNT.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
        peak: PEAK.load(Ordering::Relaxed).max(0) as u64,
        kept: LIVE.load(Ordering::Relaxed),
    };
    (result, counts.then_some(allocated))
}

/// Counts as long as it lives, so also not after a panic.
struct Counting;

impl Counting {
    fn start() -> Self {
        reset();
        COUNTING.store(true, Ordering::SeqCst);
        Counting
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        COUNTING.store(false, Ordering::SeqCst);
    }
}

fn reset() {
    for counter in [&COUNT, &BYTES] {
        counter.store(0, Ordering::Relaxed);
    }
    for counter in [&LIVE, &PEAK] {
        counter.store(0, Ordering::Relaxed);
    }
}

#[inline]
fn taken(bytes: usize) {
    if COUNTING.load(Ordering::Relaxed) {
        COUNT.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
        let live = LIVE.fetch_add(bytes as i64, Ordering::Relaxed) + bytes as i64;
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

#[inline]
fn given_back(bytes: usize) {
    if COUNTING.load(Ordering::Relaxed) {
        LIVE.fetch_sub(bytes as i64, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came; counting touches atomics only and allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        given_back(layout.size());
        taken(size);
        // SAFETY: the caller's.
        unsafe { System.realloc(block, layout, size) }
    }
}
