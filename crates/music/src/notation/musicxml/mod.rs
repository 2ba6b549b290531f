//! MusicXML, as text and in a zip archive.

mod condensed;
mod mxl;
mod read;
mod write;
mod xml;

pub(super) use mxl::unpack;
pub(super) use read::read;
pub(super) use write::{compress, write};
