//! Sequence representations: a score as the symbols that a network reads and writes.

pub mod frames;
pub mod grid;
