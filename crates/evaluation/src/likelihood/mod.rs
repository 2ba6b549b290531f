//! Negative log-likelihood of frame sequences: which bits count, how it is averaged, and two baselines.
//!
//! # Definition
//!
//! A frame is a set of sounding pitches and, where the representation has an onset plane, the subset of them that
//! is struck. With `s[p]` for "pitch `p` sounds" and `o[p]` for "pitch `p` is struck", a frame has the likelihood
//!
//! ```text
//! P(frame | past) = Π_p P(s[p] | past) · Π_{p in the mask} P(o[p] | s[p], past)
//! ```
//!
//! The onset bit of a pitch is in the loss mask only where it carries information: where the pitch sounds now *and* sounded
//! in the frame before. A pitch that newly sounds is struck by necessity; at the first frame of a piece every
//! sounding pitch is.
//!
//! The sounding part alone is what the literature on piano-roll frames calls the negative log-likelihood
//! (Boulanger-Lewandowski, Bengio and Vincent 2012): nats per frame, the total over all pitches ÷ the total number of
//! frames of all pieces, the first frame of a piece included. It is never a mean over pieces. Some authors score
//! frames 2…T only, so both forms are kept. The total of both parts is the exact likelihood of the two planes.

pub mod accuracy;
mod bernoulli;
pub mod marginal;
pub mod markov;
pub mod rolls;
pub mod summary;

use composer_music::representation::frames::{Frame, FrameRepresentation};
use serde::Serialize;

/// Which bits of a frame a likelihood is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FrameSpace {
    /// Lowest MIDI pitch of the frames.
    pub pitch_low: u8,
    /// Highest MIDI pitch of the frames, included; at most 127.
    pub pitch_high: u8,
    /// Whether struck notes are distinguished from held ones. Without it, onset bits are ignored.
    pub onset_plane: bool,
}

impl FrameSpace {
    /// The 88 keys of a piano (MIDI 21–108) with an onset plane.
    pub const PIANO: Self = Self { pitch_low: 21, pitch_high: 108, onset_plane: true };

    /// Number of pitches.
    pub fn num_pitches(&self) -> usize {
        self.pitches().count()
    }

    /// The pitches, from low to high. Pitches outside are not part of the likelihood.
    pub(crate) fn pitches(&self) -> impl Iterator<Item = u8> + use<> {
        self.pitch_low..=self.pitch_high.min(127)
    }

    /// The pitches as a bit set.
    pub(crate) fn mask(&self) -> u128 {
        self.pitches().fold(0, |set, pitch| set | 1 << pitch)
    }

    /// The loss mask of the onset bits: the pitches whose onset bit carries information, as a bit set (see the [module](self)).
    pub fn onset_mask(&self, previous: Option<&Frame>, now: &Frame) -> u128 {
        match previous {
            Some(previous) if self.onset_plane => previous.sounding & now.sounding,
            _ => 0,
        }
    }
}

impl From<&FrameRepresentation> for FrameSpace {
    fn from(frames: &FrameRepresentation) -> Self {
        Self { pitch_low: frames.pitch_low, pitch_high: frames.pitch_high, onset_plane: frames.onset_plane }
    }
}

/// Totals of a negative log-likelihood over pieces, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Nll {
    /// Nats of the sounding plane, all frames.
    pub sounding: f64,
    /// Nats of the onset bits, all frames; 0 without an onset plane.
    pub onset: f64,
    /// Frames scored.
    pub frames: usize,
    /// Of [`Self::sounding`], the part of the first frames of pieces (whose onset bits are never in the mask).
    pub first_sounding: f64,
    /// First frames among [`Self::frames`]: the number of pieces that are not empty.
    pub first_frames: usize,
}

impl Nll {
    /// Adds one frame: `sounding` and `onset` in nats, `first` for the first frame of a piece.
    pub fn add_frame(&mut self, first: bool, sounding: f64, onset: f64) {
        self.sounding += sounding;
        self.onset += onset;
        self.frames += 1;
        if first {
            self.first_sounding += sounding;
            self.first_frames += 1;
        }
    }

    /// Adds the totals of other pieces.
    pub fn merge(&mut self, other: &Nll) {
        self.sounding += other.sounding;
        self.onset += other.onset;
        self.frames += other.frames;
        self.first_sounding += other.first_sounding;
        self.first_frames += other.first_frames;
    }

    /// Nats of both planes.
    pub fn total(&self) -> f64 {
        self.sounding + self.onset
    }

    /// Nats per frame of both planes; NaN if no frame was scored.
    pub fn per_frame(&self) -> f64 {
        self.total() / self.frames as f64
    }

    /// Nats per frame of the sounding plane: the figure that is comparable with published ones.
    pub fn sounding_per_frame(&self) -> f64 {
        self.sounding / self.frames as f64
    }

    /// Nats per frame of the onset bits.
    pub fn onset_per_frame(&self) -> f64 {
        self.onset / self.frames as f64
    }

    /// Nats per frame of both planes over the frames 2…T of every piece; NaN if there are none.
    pub fn per_frame_without_first(&self) -> f64 {
        (self.total() - self.first_sounding) / (self.frames - self.first_frames) as f64
    }

    /// Nats per frame of the sounding plane over the frames 2…T of every piece; NaN if there are none.
    pub fn sounding_per_frame_without_first(&self) -> f64 {
        (self.sounding - self.first_sounding) / (self.frames - self.first_frames) as f64
    }

    /// `exp` of the nats per frame: the number of equally likely frames that would be as surprising.
    pub fn perplexity(&self) -> f64 {
        self.per_frame().exp()
    }
}

/// Walks over every frame of every piece with the frame before it (`None` at the first frame of a piece).
fn transitions(pieces: &[Vec<Frame>]) -> impl Iterator<Item = (Option<&Frame>, &Frame)> {
    pieces.iter().flat_map(|piece| {
        piece.iter().enumerate().map(|(t, now)| (t.checked_sub(1).map(|before| &piece[before]), now))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_weighted_by_frames() {
        let mut nll = Nll::default();
        nll.add_frame(true, 3.0, 0.0);
        let mut other = Nll::default();
        other.add_frame(true, 1.0, 0.0);
        other.add_frame(false, 1.0, 0.5);
        other.add_frame(false, 1.0, 0.5);
        nll.merge(&other);
        assert_eq!(nll.per_frame(), 7.0 / 4.0);
        assert_eq!(nll.sounding_per_frame(), 6.0 / 4.0);
        assert_eq!(nll.onset_per_frame(), 1.0 / 4.0);
        assert_eq!(nll.per_frame_without_first(), 3.0 / 2.0);
        assert_eq!(nll.sounding_per_frame_without_first(), 1.0);
        assert!(Nll::default().per_frame().is_nan());
    }

    #[test]
    fn onset_bits_are_masked_where_they_carry_no_information() {
        let before = Frame { sounding: 0b0011 << 60, onsets: 0b0011 << 60 };
        let now = Frame { sounding: 0b0110 << 60, onsets: 0b0100 << 60 };
        assert_eq!(FrameSpace::PIANO.onset_mask(Some(&before), &now), 0b0010 << 60);
        assert_eq!(FrameSpace::PIANO.onset_mask(None, &now), 0);
        let plain = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };
        assert_eq!(plain.onset_mask(Some(&before), &now), 0);
    }
}
