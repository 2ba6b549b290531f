//! MusicXML, as text and in a zip archive.

mod write;

pub(super) use write::{compress, write};
