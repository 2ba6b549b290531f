//! ABC: tunes and tune books.

mod book;
mod read;

pub(super) use book::{Book, is_abc};
