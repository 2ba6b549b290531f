//! Work that is shared out to threads by rows.
//!
//! The rows of a batch know nothing of each other, so each thread takes some of them through all time steps. In a time-major
//! array `[T, B, W]` those rows are not contiguous; [`TimeRows`] is the view that one thread writes to.
//!
//! [`pool`] has the threads, [`TimeRows`] and the other views what they work on, and this module the ways to share it out.

pub mod pool;
mod rows;

use std::sync::{Mutex, MutexGuard, PoisonError};

use pool::MAX_PARTS;
pub use rows::{FirstRow, ReadRows, SliceRows, SplitRows, TimeRows};

/// Runs `run` on `work` of `rows` rows, in as many parts of at least `least` rows as there are threads. Parts are
/// multiples of `least` rows where possible.
pub fn share_rows<W: SplitRows + Send>(work: W, rows: usize, least: usize, run: &(impl Fn(W) + Sync)) {
    let parts = pool::threads().min(rows.div_ceil(least.max(1)));
    run_pieces(parts, Share { work, rows, least }, &|_, piece| run(piece.work));
}

/// Runs `run` on shares of several works at once, a tuple of [`Share`]s: each thread gets its share of all of them.
pub fn share_all<W: Pieces + Send>(works: W, run: &(impl Fn(W) + Sync)) {
    run_pieces(pool::threads(), works, &|_, pieces| run(pieces));
}

/// Runs `run` on `work` of `rows` rows, in blocks of at most `block` rows, and adds up what it returns. The blocks and the order
/// of the sum depend on `rows` alone, so the sum is the same bits on any number of threads.
pub fn sum_blocks<W: SplitRows + Send>(
    work: W,
    rows: usize,
    block: usize,
    run: &(impl Fn(W) -> f64 + Sync),
) -> f64 {
    let parts = MAX_PARTS.min(rows.div_ceil(block.max(1)));
    let sums = [const { Mutex::new(0.0) }; MAX_PARTS];
    run_pieces(parts, Share { work, rows, least: block }, &|part, mut rest| {
        let mut sum = 0.0;
        while rest.rows > block.max(1) {
            let (head, tail) = rest.cut_at(block);
            sum += run(head.work);
            rest = tail;
        }
        *lock(&sums[part]) = sum + run(rest.work);
    });
    sums.iter().map(|sum| *lock(sum)).sum()
}

/// Work that can be cut into any number of pieces of about one size.
pub trait Pieces: Sized {
    /// The first of `parts` pieces, and the rest.
    fn cut(self, parts: usize) -> (Self, Self);
}

/// Work of a number of rows, and the number that shares of it are multiples of where possible.
#[derive(Debug)]
pub struct Share<W> {
    /// The work.
    pub work: W,
    /// Its rows.
    pub rows: usize,
    /// Shares have multiples of so many.
    pub least: usize,
}

impl<W: SplitRows> Share<W> {
    fn cut_at(self, at: usize) -> (Self, Self) {
        let Share { work, rows, least } = self;
        let (head, tail) = work.split_rows(at);
        (Share { work: head, rows: at, least }, Share { work: tail, rows: rows - at, least })
    }
}

impl<W: SplitRows> Pieces for Share<W> {
    fn cut(self, parts: usize) -> (Self, Self) {
        let at = self.rows.div_ceil(parts).next_multiple_of(self.least.max(1)).min(self.rows);
        self.cut_at(at)
    }
}

impl<A: Pieces, B: Pieces> Pieces for (A, B) {
    fn cut(self, parts: usize) -> (Self, Self) {
        let ((a, a_rest), (b, b_rest)) = (self.0.cut(parts), self.1.cut(parts));
        ((a, b), (a_rest, b_rest))
    }
}

impl<A: Pieces, B: Pieces, C: Pieces> Pieces for (A, B, C) {
    fn cut(self, parts: usize) -> (Self, Self) {
        let (((a, b), c), ((a_rest, b_rest), c_rest)) = ((self.0, self.1), self.2).cut(parts);
        ((a, b, c), (a_rest, b_rest, c_rest))
    }
}

/// Cuts `work` into `parts` pieces and runs each, with its number, on the thread pool.
fn run_pieces<W: Pieces + Send>(parts: usize, work: W, run: &(impl Fn(usize, W) + Sync)) {
    if parts <= 1 {
        return run(0, work);
    }
    let pieces = [const { Mutex::new(None) }; MAX_PARTS];
    let mut rest = work;
    for part in 0..parts - 1 {
        let (piece, tail) = rest.cut(parts - part);
        *lock(&pieces[part]) = Some(piece);
        rest = tail;
    }
    *lock(&pieces[parts - 1]) = Some(rest);
    pool::share(parts, &|part| {
        let piece = lock(&pieces[part]).take();
        if let Some(piece) = piece {
            run(part, piece);
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
