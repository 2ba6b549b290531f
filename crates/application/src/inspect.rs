//! What is in a MIDI file: contents, roles of its parts, and what each representation makes of it.

use crate::error::{Result, wrong_input, wrong_option};
use composer_music::input::shown;
use composer_music::midi::MidiFile;
use composer_music::notation;
use composer_music::picture;
use composer_music::roles::{Role, Roles, missing_tracks, roles};
use std::collections::BTreeMap;
use std::path::Path;

/// A MIDI file and the roles of its parts.
pub struct Inspected {
    /// The score, and what the reader found.
    pub file: MidiFile,
    /// The parts with their roles.
    pub roles: Roles,
}

impl Inspected {
    /// A piano roll of the file at `path` as SVG, with its name above.
    pub fn to_svg(&self, path: &Path) -> String {
        let title = shown(path.file_name().unwrap_or_default().as_ref());
        picture::svg(&self.file.score, &self.roles, &title)
    }
}

/// The role of a track by hand, as text: 2=bass.
///
/// # Errors
/// It is none, in a sentence.
pub fn role_by_hand(text: &str) -> std::result::Result<(usize, Role), String> {
    let (track, role) = text.split_once('=').ok_or("it must look like 2=bass")?;
    let track = track.parse().map_err(|_| format!("{track} is no track number"))?;
    Ok((track, role.parse()?))
}

/// Reads a MIDI file and finds the role of each part; `by_hand` gives roles to tracks, counted from 0.
///
/// # Errors
/// The file cannot be read, or a track that gets a role is not there.
pub fn inspect(path: &Path, by_hand: &BTreeMap<usize, Role>) -> Result<Inspected> {
    inspect_with(path, by_hand, &notation::Options::default())
}

/// The same with a choice of how notation becomes notes.
///
/// # Errors
/// As [`inspect`]'s.
pub fn inspect_with(
    path: &Path,
    by_hand: &BTreeMap<usize, Role>,
    options: &notation::Options,
) -> Result<Inspected> {
    let file = read_music(path, options)?;
    if let Some(missing) = missing_tracks(&file.score, by_hand) {
        return Err(wrong_option("role", format!("names a track that is not there: {missing}")).into());
    }
    let roles = roles(&file.score, by_hand);
    Ok(Inspected { file, roles })
}

/// Reads a file of music: MIDI, MusicXML with its repeats, or ABC.
///
/// # Errors
/// It cannot be read; the text names it.
pub fn read_midi(path: &Path) -> Result<MidiFile> {
    read_music(path, &notation::Options::default())
}

/// Reads MIDI, MusicXML or ABC; `book.abc#12` is a tune of a tune book.
///
/// # Errors
/// It cannot be read; the text names it.
pub fn read_music(path: &Path, options: &notation::Options) -> Result<MidiFile> {
    Ok(notation::read(path, options).map_err(|error| wrong_input(format!("{}: {error}", shown(path))))?)
}
