//! [`Format`]: the formats of music, by the ending of a file and by name.

use crate::text::printable_path;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A format of music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Standard MIDI file.
    Midi,
    /// MusicXML as text.
    MusicXml,
    /// MusicXML in a zip archive.
    CompressedMusicXml,
    /// ABC.
    Abc,
}

/// Format, name, endings without their dot; the first is the one that is written.
type Row = (Format, &'static str, &'static [&'static str]);

const ROWS: [Row; 4] = [
    (Format::Midi, "midi", &["mid", "midi", "kar", "rmi", "smf"]),
    (Format::MusicXml, "musicxml", &["musicxml", "xml"]),
    (Format::CompressedMusicXml, "mxl", &["mxl"]),
    (Format::Abc, "abc", &["abc"]),
];

/// What names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownFormat {
    /// The ending of a file.
    #[error("{0} has no ending of a format of music: .mid, .musicxml, .mxl and .abc are known")]
    Ending(String),
    /// A name.
    #[error("{0} is no format of music; there are midi, musicxml, mxl and abc")]
    Name(String),
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::Midi, Format::MusicXml, Format::CompressedMusicXml, Format::Abc];

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The ending of files that are written, without the dot.
    pub fn extension(self) -> &'static str {
        self.row().2[0]
    }

    /// All endings of its files, without the dot, in small letters.
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().2
    }

    /// The format of a file by its ending, in small letters or capitals.
    ///
    /// ```
    /// use composer_music::notation::Format;
    ///
    /// assert_eq!(Format::from_path("song.MXL"), Ok(Format::CompressedMusicXml));
    /// assert!(Format::from_path("song.pdf").unwrap_err().to_string().contains(".musicxml"));
    /// ```
    ///
    /// # Errors
    /// The ending is not known, or there is none.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, UnknownFormat> {
        let path = path.as_ref();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let known = |row: &&Row| ending.as_deref().is_some_and(|ending| row.2.contains(&ending));
        match ROWS.iter().find(known) {
            Some(row) => Ok(row.0),
            None => Err(UnknownFormat::Ending(printable_path(path))),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    /// A name, or an ending without its dot.
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let wanted = text.to_lowercase();
        let known = |row: &&Row| row.1 == wanted || row.2.contains(&wanted.as_str());
        let row = ROWS.iter().find(known);
        row.map(|row| row.0).ok_or_else(|| UnknownFormat::Name(crate::text::printable(text).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_endings_are_known() {
        for (index, format) in Format::ALL.into_iter().enumerate() {
            assert_eq!(ROWS[index].0, format);
            assert_eq!(format.to_string().parse(), Ok(format));
            for ending in format.extensions() {
                assert_eq!(Format::from_path(format!("a.b.{ending}")), Ok(format));
                assert_eq!(ending.to_uppercase().parse(), Ok(format));
            }
        }
        for wrong in ["song", "song.", ".abc", "song.wav"] {
            assert!(Format::from_path(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            "pdf".parse::<Format>().unwrap_err().to_string(),
            "pdf is no format of music; there are midi, musicxml, mxl and abc"
        );
    }
}
