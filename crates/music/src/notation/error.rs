//! Why music in a file cannot be read.

use super::Format;
use crate::midi;

/// Why a file is not read, in one sentence that says where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// MIDI, and what is wrong with it.
    #[error(transparent)]
    Midi(#[from] midi::Error),
    /// MusicXML or ABC, and what is wrong with it.
    #[error("the {} cannot be read{place}: {reason}", long_name(*format))]
    Notation {
        /// The format that it is, or claims to be.
        format: Format,
        /// Line, part and measure, as far as they are known; empty or with a space before it.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A tune that is not in the file.
    #[error("there is no tune X:{number} in the file; there {}", numbers(present))]
    NoTune {
        /// The number that was asked for.
        number: u64,
        /// The numbers of its tunes.
        present: Vec<u64>,
    },
    /// A file of several pieces, where one is wanted.
    #[error("the file has {tunes} tunes; name one by its X: number, as in FILE.abc#{first}")]
    SeveralTunes {
        /// How many there are.
        tunes: usize,
        /// The number of the first.
        first: u64,
    },
}

impl Error {
    /// Damage at a place of a notation.
    pub(super) fn at(format: Format, place: String, reason: impl Into<String>) -> Self {
        Self::Notation { format, place, reason: reason.into() }
    }

    /// Damage of the file as a whole.
    pub(super) fn whole(format: Format, reason: impl Into<String>) -> Self {
        Self::at(format, String::new(), reason)
    }
}

fn long_name(format: Format) -> &'static str {
    match format {
        Format::Midi => "MIDI file",
        Format::MusicXml => "MusicXML",
        Format::CompressedMusicXml => "compressed MusicXML",
        Format::Abc => "ABC",
    }
}

/// Numbers of tunes in words: a few of them, and how many there are.
fn numbers(present: &[u64]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = present.iter().take(SHOWN).map(u64::to_string).collect();
    match present.len() {
        0 => "is none".to_owned(),
        1 => format!("is X:{}", shown[0]),
        more if more > SHOWN => format!("are {more}: {} …", shown.join(", ")),
        _ => format!("are {}", shown.join(", ")),
    }
}
