//! Music as musicians keep it: MusicXML and ABC beside MIDI.

mod abc;
mod format;
mod musicxml;
mod sheet;
mod writing;

pub use format::{Format, UnknownFormat};
pub use writing::{WriteError, quantised, write};
