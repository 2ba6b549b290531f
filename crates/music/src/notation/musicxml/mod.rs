//! MusicXML, as text and in a zip archive.

mod mxl;
mod read;
mod xml;

pub(super) use mxl::unpack;
pub(super) use read::read;
