//! One door to every format that is read: by what the bytes are, and by the ending where they do not say.

use std::path::Path;

use super::found::Found;
use super::{Error, Format, abc, musicxml, play};
use crate::input;
use crate::midi::{self, MidiFile};

/// One piece of a file: its `X:` number, where the file is a tune book of ABC, and its music.
pub type Tune = (Option<u64>, Result<MidiFile, Error>);

/// How notation becomes notes. MIDI has none of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether repeats, endings and jumps are played; otherwise measures are in the order of writing.
    pub repeats: bool,
    /// Whether grace notes sound.
    pub grace_notes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { repeats: true, grace_notes: true }
    }
}

/// The format of a file by its bytes, and by the ending of its name where they do not decide.
///
/// ```
/// use composer_music::notation::{Format, format_of};
///
/// assert_eq!(format_of(b"MThd\0\0\0\x06", "song.xml"), Format::Midi);
/// assert_eq!(format_of(b"PK\x03\x04", "song"), Format::CompressedMusicXml);
/// assert_eq!(format_of(b"<?xml version=\"1.0\"?>", "-"), Format::MusicXml);
/// assert_eq!(format_of(b"% tunes\n\nX:1\nT:A tune\n", "-"), Format::Abc);
/// ```
pub fn format_of(bytes: &[u8], name: &str) -> Format {
    if bytes.starts_with(b"MThd") || bytes.starts_with(b"RIFF") {
        return Format::Midi;
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Format::CompressedMusicXml;
    }
    let by_name = Format::from_path(split_number(Path::new(name)).0).ok();
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let utf16 =
        [&b"\xFF\xFE<"[..], b"\xFE\xFF\0<", b"<\0", b"\0<"].iter().any(|start| bytes.starts_with(start));
    let html = text.get(..9).is_some_and(|start| {
        start.eq_ignore_ascii_case(b"<!doctype") || start.eq_ignore_ascii_case(b"<html>")
    });
    match by_name {
        _ if utf16 || text.starts_with(b"<?xml") || text.starts_with(b"<score-") => Format::MusicXml,
        Some(Format::MusicXml | Format::CompressedMusicXml) if text.starts_with(b"<") => Format::MusicXml,
        _ if text.starts_with(b"<!DOCTYPE score-") => Format::MusicXml,
        Some(format) if !html => format,
        _ if abc::is_abc(text) => Format::Abc,
        // MIDI may begin with bytes that are none of it; its reader looks for the header.
        _ => by_name.unwrap_or(Format::Midi),
    }
}

/// Reads the music of one file: MIDI, MusicXML or ABC; see [`read_bytes`]. `book.abc#12` is the tune with `X:12` of a tune book, `-` the
/// standard input.
///
/// # Errors
/// As [`read_bytes`]'s, and when the file cannot be read from disk.
pub fn read(path: impl AsRef<Path>, options: &Options) -> Result<MidiFile, Error> {
    let path = path.as_ref();
    let bytes = bytes_of(path)?;
    read_bytes(&bytes, &path.to_string_lossy(), options)
}

/// The file that a path names: without the number of a tune, unless there is a file of that name.
pub fn file_of(path: &Path) -> &Path {
    if path.exists() { path } else { split_number(path).0 }
}

/// The bytes of the file that a path names, with or without the number of a tune.
///
/// # Errors
/// It cannot be read.
pub fn bytes_of(path: &Path) -> Result<Vec<u8>, Error> {
    input::read_named(file_of(path), input::MAX_MIDI)
        .map_err(|source| Error::Midi(midi::Error::Io { path: input::shown(path), source }))
}

/// Reads the music of bytes. `name` is that of their file: its ending decides where bytes do not, and `#` with a number at its end names
/// a tune of a tune book.
///
/// # Errors
/// They are no music, are damaged beyond use, or are several tunes of which `name` chooses none. The text says where.
pub fn read_bytes(bytes: &[u8], name: &str, options: &Options) -> Result<MidiFile, Error> {
    if format_of(bytes, name) != Format::Abc {
        return read_one(bytes, name, options);
    }
    let book = abc::Book::new(bytes)?;
    let numbers = book.numbers();
    let index = match split_number(Path::new(name)).1 {
        Some(number) => numbers
            .iter()
            .position(|&other| other == number)
            .ok_or_else(|| Error::NoTune { number, present: numbers.clone() })?,
        None if numbers.len() == 1 => 0,
        None => return Err(Error::SeveralTunes { tunes: numbers.len(), first: numbers[0] }),
    };
    played(book.read(index)?, Format::Abc, options)
}

/// Reads every piece of bytes: one, but for tune books of ABC. A tune that cannot be read is an error in its place.
///
/// # Errors
/// They are no music, or nothing of a file that holds one piece is left.
pub fn read_all(bytes: &[u8], name: &str, options: &Options) -> Result<Vec<Tune>, Error> {
    if format_of(bytes, name) != Format::Abc || split_number(Path::new(name)).1.is_some() {
        return Ok(vec![(None, Ok(read_bytes(bytes, name, options)?))]);
    }
    let book = abc::Book::new(bytes)?;
    let numbers = book.numbers();
    let several = numbers.len() > 1;
    let tunes = numbers.into_iter().enumerate().map(|(index, number)| {
        let tune = book.read(index).and_then(|found| played(found, Format::Abc, options));
        (several.then_some(number), tune)
    });
    Ok(tunes.collect())
}

fn read_one(bytes: &[u8], name: &str, options: &Options) -> Result<MidiFile, Error> {
    match format_of(bytes, name) {
        Format::Midi | Format::Abc => Ok(midi::read(bytes)?),
        Format::MusicXml => played(musicxml::read(bytes)?, Format::MusicXml, options),
        Format::CompressedMusicXml => {
            let score = musicxml::unpack(bytes)?;
            played(musicxml::read(&score)?, Format::CompressedMusicXml, options)
        }
    }
}

/// Plays what was read.
fn played(found: Found, format: Format, options: &Options) -> Result<MidiFile, Error> {
    let Found { written, mut notation, mut report } = found;
    let played = play::play(&written, options.repeats, options.grace_notes)
        .map_err(|reason| Error::whole(format, reason))?;
    notation.format = if format == Format::Abc { "ABC" } else { "MusicXML" }.to_owned();
    notation.measures_played = played.measures;
    notation.rounded_times += played.rounded;
    report.tracks = played.score.tracks.len();
    report.declared_tracks = report.tracks;
    report.end = played.end;
    report.notation = Some(notation);
    let track_numbers = (0..report.tracks).collect();
    Ok(MidiFile { score: played.score, report, track_numbers })
}

/// A path without the number of a tune, and the number: `book.abc#12`.
fn split_number(path: &Path) -> (&Path, Option<u64>) {
    let text = path.to_str().and_then(|text| text.rsplit_once('#'));
    match text.and_then(|(file, number)| Some((file, number.parse().ok()?))) {
        Some((file, number)) if file.to_lowercase().ends_with(".abc") || file == input::STANDARD => {
            (Path::new(file), Some(number))
        }
        _ => (path, None),
    }
}
