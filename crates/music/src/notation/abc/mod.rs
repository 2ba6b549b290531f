//! ABC.

mod signs;
mod write;

pub(super) use write::write;
