//! ABC.

mod write;

pub(super) use write::write;
