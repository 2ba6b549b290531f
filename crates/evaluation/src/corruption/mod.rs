//! Corrupted music: each corruption imitates one way in which composed music fails, at a chosen severity.
//!
//! Real music against its corruptions is how the detectors are calibrated and measured. Every corruption leaves the
//! rest of the piece as it was, as far as it can: notes in tune, on time, and in the style of the corpus.

mod edit;
mod harmony;
mod repetition;
mod stitching;
mod texture;
mod timing;

use rand::Rng;

pub use stitching::Pool;

use crate::grid::Grid;

/// A way to spoil a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Corruption {
    /// No structure: at each beat where every voice begins anew, jump with this probability to another piece, at a
    /// beat with the same chord (relative to the key) and the same place in the bar.
    JumpWalk(f64),
    /// No structure: every so many bars come from another piece of the same mode, transposed to the same key.
    Patchwork(usize),
    /// No structure (a weak imitation): the bars in random order.
    BarShuffle,
    /// Collapse: the first so many bars, over and over.
    Loop(usize),
    /// Collapse: after this share of the piece, the last bar before it, over and over.
    LoopingTail(f64),
    /// Collapse: after this share of the piece, the chord that sounds is held to the end, struck every quarter.
    StuckChord(f64),
    /// Drift: a semitone higher every so many bars.
    SemitoneSteps(usize),
    /// Drift: every two bars up or down by one or two semitones, with this probability.
    RandomWalk(f64),
    /// Drift: wrong notes (a semitone off), none at the beginning and this share at the end.
    WrongNotes(f64),
    /// Timing: this share of the notes begins a sixteenth early or late.
    Jitter(f64),
    /// Timing: this share of the notes is cut short at a random sixteenth.
    CutDurations(f64),
    /// Texture: this share of the notes is left out.
    ThinOut(f64),
    /// Texture: in this share of the pairs of bars, the first chord is held unbroken through both.
    Sustain(f64),
    /// Texture: so many notes, as a share of those there are, are added at random pitches of the piece's range.
    Clutter(f64),
    /// Texture: all notes are moved by octaves into a range of so many semitones around the median pitch.
    FlattenRange(u8),
}

impl Corruption {
    /// A short name, the same for every severity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::JumpWalk(_) => "jump-walk",
            Self::Patchwork(_) => "patchwork",
            Self::BarShuffle => "bar shuffle",
            Self::Loop(_) => "loop",
            Self::LoopingTail(_) => "looping tail",
            Self::StuckChord(_) => "stuck chord",
            Self::SemitoneSteps(_) => "semitone steps",
            Self::RandomWalk(_) => "random walk",
            Self::WrongNotes(_) => "growing wrong notes",
            Self::Jitter(_) => "jitter",
            Self::CutDurations(_) => "cut durations",
            Self::ThinOut(_) => "thin out",
            Self::Sustain(_) => "sustain",
            Self::Clutter(_) => "clutter",
            Self::FlattenRange(_) => "flatten range",
        }
    }

    /// Spoils a piece. `pool` provides the other pieces; the same `rng` gives the same result. A piece with too little
    /// music (or a pool without another piece that fits) comes back unchanged.
    pub fn apply(&self, piece: &Grid, pool: &Pool, rng: &mut impl Rng) -> Grid {
        match *self {
            Self::JumpWalk(probability) => stitching::jump_walk(piece, pool, probability, rng),
            Self::Patchwork(bars) => stitching::patchwork(piece, pool, bars.max(1), rng),
            Self::BarShuffle => stitching::bar_shuffle(piece, rng),
            Self::Loop(bars) => repetition::repeat_beginning(piece, bars.max(1)),
            Self::LoopingTail(share) => repetition::looping_tail(piece, share),
            Self::StuckChord(share) => repetition::stuck_chord(piece, share),
            Self::SemitoneSteps(bars) => harmony::semitone_steps(piece, bars.max(1)),
            Self::RandomWalk(probability) => harmony::random_walk(piece, probability, rng),
            Self::WrongNotes(share) => harmony::wrong_notes(piece, share, rng),
            Self::Jitter(share) => timing::jitter(piece, share, rng),
            Self::CutDurations(share) => timing::cut_durations(piece, share, rng),
            Self::ThinOut(share) => texture::thin_out(piece, share, rng),
            Self::Sustain(share) => texture::sustain(piece, share, rng),
            Self::Clutter(share) => texture::clutter(piece, share, rng),
            Self::FlattenRange(semitones) => texture::flatten_range(piece, semitones),
        }
    }
}
