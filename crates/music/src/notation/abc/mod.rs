//! ABC: tunes and tune books.

mod book;
mod read;
mod signs;
mod write;

pub(super) use book::{Book, is_abc};
pub(super) use write::write;
