//! Music as musicians keep it: MusicXML and ABC beside MIDI. [`read`] is one door to every format, [`write()`] another.

mod abc;
mod dynamics;
mod error;
mod format;
mod found;
mod instruments;
mod musicxml;
mod play;
mod reading;
pub mod repeats;
mod report;
mod sheet;
mod ticks;
mod writing;
mod written;

pub use error::Error;
pub use format::{Format, UnknownFormat};
pub use reading::{Options, Tune, bytes_of, file_of, format_of, read, read_all, read_bytes};
pub use report::NotationReport;
pub use writing::{WriteError, quantised, write};
