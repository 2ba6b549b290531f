//! [`Score`]: exact notes on a tick grid, the form that every file is read into and every decoder writes.

use crate::chord_kind::ChordKind;
use crate::track_name::TrackName;

/// A point or a length in time, in ticks (see [`Score::ticks_per_quarter`]).
pub type Ticks = u64;

/// Channel that General MIDI reserves for drums (zero-based: MIDI's "channel 10").
pub const DRUM_CHANNEL: u8 = 9;

/// Tempo before the first tempo change: 120 quarters per minute.
pub const DEFAULT_MICROS_PER_QUARTER: u32 = 500_000;

/// One note with its exact position and everything needed to play it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Note {
    /// Start, in ticks from the beginning of the piece.
    pub onset: Ticks,
    /// Length in ticks.
    pub duration: Ticks,
    /// MIDI pitch, 0–127; 60 is middle C.
    pub pitch: u8,
    /// MIDI velocity, 1–127.
    pub velocity: u8,
    /// MIDI channel, 0–15.
    pub channel: u8,
    /// General MIDI program, 0–127.
    pub program: u8,
}

impl Note {
    /// First tick after the note.
    pub fn end(&self) -> Ticks {
        self.onset.saturating_add(self.duration)
    }

    /// Whether the note sounds a drum rather than a pitch.
    pub fn is_drum(&self) -> bool {
        self.channel == DRUM_CHANNEL
    }
}

/// A change of tempo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tempo {
    /// Where the tempo begins to hold.
    pub tick: Ticks,
    /// Microseconds per quarter note, as MIDI stores it (500,000 is 120 quarters per minute).
    pub micros_per_quarter: u32,
}

/// A change of metre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSignature {
    /// Where the metre begins to hold.
    pub tick: Ticks,
    /// Beats in a bar.
    pub numerator: u8,
    /// The note value of a beat: 4 is a quarter. A power of two.
    pub denominator: u8,
}

/// A change of key, as the file states it (nothing checks it against the notes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySignature {
    /// Where the key begins to hold.
    pub tick: Ticks,
    /// Sharps if positive, flats if negative: −7 to 7.
    pub sharps: i8,
    /// Whether the key is minor.
    pub minor: bool,
}

/// A chord symbol at a place of the music, such as `F#m7/C#`, as the file states it (nothing checks it against the notes). It is written, not
/// played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChordSymbol {
    /// Where the chord begins to hold; it holds until the next symbol.
    pub tick: Ticks,
    /// Pitch class of the root: 0 is C, 11 is B. `None` is "no chord", `N.C.`
    pub root: Option<u8>,
    /// What stands on the root.
    pub kind: ChordKind,
    /// Pitch class of the bass where it is not the root: 1 for the `C#` of `F#m7/C#`.
    pub bass: Option<u8>,
}

/// A movement of the sustain pedal (MIDI controller 64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pedal {
    /// When it moves.
    pub tick: Ticks,
    /// MIDI channel whose notes it sustains, 0–15.
    pub channel: u8,
    /// Position, 0–127; kept exactly, so that half-pedalling survives.
    pub value: u8,
}

impl Pedal {
    /// Whether the pedal sustains: MIDI draws the line at 64.
    pub fn is_down(&self) -> bool {
        self.value >= 64
    }
}

/// One track: a name and its notes, sorted by onset, then pitch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Name from the file, if it had one.
    pub name: Option<TrackName>,
    /// Notes in the order of `(onset, pitch)`.
    pub notes: Vec<Note>,
}

/// A piece of music: tracks of exact notes, a tempo map and metres.
///
/// Before the first entry of [`Score::tempos`] the tempo is 120 quarters per minute; before the first of
/// [`Score::time_signatures`] the metre is 4/4, as the MIDI standard says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// Resolution: ticks in a quarter note, at least 1.
    pub ticks_per_quarter: u16,
    /// The parts.
    pub tracks: Vec<Track>,
    /// Tempo changes, sorted by tick.
    pub tempos: Vec<Tempo>,
    /// Metre changes, sorted by tick.
    pub time_signatures: Vec<TimeSignature>,
    /// Key changes, sorted by tick.
    pub key_signatures: Vec<KeySignature>,
    /// Movements of the sustain pedal, sorted by tick, then channel.
    pub pedals: Vec<Pedal>,
    /// Chord symbols, sorted by tick. MusicXML and ABC have them; MIDI has none.
    pub chord_symbols: Vec<ChordSymbol>,
}

impl Score {
    /// An empty score at a resolution.
    pub fn new(ticks_per_quarter: u16) -> Self {
        Self {
            ticks_per_quarter: ticks_per_quarter.max(1),
            tracks: Vec::new(),
            tempos: Vec::new(),
            time_signatures: Vec::new(),
            key_signatures: Vec::new(),
            pedals: Vec::new(),
            chord_symbols: Vec::new(),
        }
    }

    /// All notes of all tracks, track by track.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.tracks.iter().flat_map(|track| &track.notes)
    }

    /// First tick after the last note; 0 for an empty score.
    pub fn end(&self) -> Ticks {
        self.notes().map(Note::end).max().unwrap_or(0)
    }
}
