//! Standard MIDI files in and out: [`read`] turns bytes into a [`Score`] and a report of what else was in them;
//! [`write()`] turns a score into bytes, the same bytes every time. A score does not hold everything: [`RawFile`] adds tracks to the
//! bytes of a file and takes notes out of them, and leaves every other byte as it is.

mod chunks;
mod error;
mod events;
mod kinds;
mod known;
mod other_events;
mod pending;
mod raw;
mod read;
mod report;
mod write;

use std::path::Path;

pub use error::Error;
pub use other_events::OtherEvent;
pub use raw::{ChannelUse, NoteEvent, RawFile, append_tracks};
pub use read::{MidiFile, read};
pub use report::{Damage, ReadReport};
pub use write::{MAX_TICK, write};

use crate::input;
use crate::score::Score;

/// Reads a MIDI file from disk, a pipe, or, as `-`, the standard input; see [`read`].
pub fn read_file(path: impl AsRef<Path>) -> Result<MidiFile, Error> {
    let path = path.as_ref();
    let bytes = input::read_named(path, input::MAX_MIDI)
        .map_err(|source| Error::Io { path: input::shown(path), source })?;
    read(&bytes)
}

/// The score as MIDI can hold it: what [`read`] gives for the bytes of [`write()`].
///
/// Tracks without name and notes are gone, everything is sorted, later changes at the same tick have replaced earlier
/// ones, and of two notes of one pitch on one channel the one that began first ends first, because a MIDI note-off
/// does not say which note it ends.
pub fn normalised(score: &Score) -> Score {
    let mut normal = score.clone();
    for track in &mut normal.tracks {
        if track.name.as_deref() == Some("") {
            track.name = None;
        }
        pending::first_on_first_off(&mut track.notes);
    }
    normal.tracks.retain(|track| track.name.is_some() || !track.notes.is_empty());
    read::sort_map(&mut normal.tempos, |tempo| tempo.tick);
    read::sort_map(&mut normal.time_signatures, |metre| metre.tick);
    read::sort_map(&mut normal.key_signatures, |key| key.tick);
    normal.pedals.sort_by_key(|pedal| (pedal.tick, pedal.channel));
    normal
}
