//! [`Figures`]: the likelihood of a set of pieces in every usual unit, with intervals over pieces.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::accuracy::FrameCounts;
use crate::significance::Interval;
use crate::significance::bootstrap::bootstrap;

const RESAMPLES: usize = 1_000;

/// What one piece cost a model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PieceCost {
    /// −ln P of the whole piece, in nats.
    pub nats: f64,
    /// Of these, the nats of the sounding plane; equal to [`Self::nats`] for tokens.
    pub sounding: f64,
    /// Symbols that the model predicted: frames, or tokens.
    pub symbols: usize,
    /// Frames of the grid that the piece fills, in whatever symbols it was predicted.
    pub frames: usize,
    /// Notes of the piece in the model's representation.
    pub notes: usize,
    /// Pitches that the model expected at each frame, beside those that sound; `None` where a model does not predict frames.
    pub expected: Option<FrameCounts>,
}

/// The likelihood of a set of pieces. All are ratios of sums over the pieces, never means of the pieces' own ratios;
/// intervals are 95 %, by bootstrap over pieces.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Pieces.
    pub pieces: usize,
    /// Frames of the grid.
    pub frames: usize,
    /// Nats per frame of the grid: comparable between representations of the same music.
    pub nats_per_frame: Interval,
    /// Nats per frame of the sounding plane alone, as in the piano-roll literature; NaN for tokens.
    pub nats_per_frame_sounding: Interval,
    /// Nats per symbol that the model predicts: per token, or again per frame.
    pub nats_per_token: Interval,
    /// Nats per note.
    pub nats_per_note: Interval,
    /// `exp` of the nats per symbol: the number of equally likely symbols that would be as surprising.
    pub perplexity: Interval,
    /// Frame accuracy (Bay, Ehmann and Downie 2009) of the pitches that the model expects, one frame ahead; `None` for
    /// models of tokens.
    pub frame_accuracy: Option<Interval>,
}

impl Figures {
    /// Sums pieces up. Deterministic for a seed; NaN without pieces.
    pub fn new(pieces: &[PieceCost], seed: u64) -> Self {
        let interval = |part: &dyn Fn(&PieceCost) -> f64, whole: &dyn Fn(&PieceCost) -> f64| {
            let ratio = |pieces: &[PieceCost]| {
                crate::statistics::ratio(pieces.iter().map(part).sum(), pieces.iter().map(whole).sum())
            };
            bootstrap(pieces, ratio, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(seed))
        };
        let frames = |piece: &PieceCost| piece.frames as f64;
        let nats = |piece: &PieceCost| piece.nats;
        let nats_per_token = interval(&nats, &|piece| piece.symbols as f64);
        let of_frames = !pieces.is_empty() && pieces.iter().all(|piece| piece.expected.is_some());
        let counts = |piece: &PieceCost| piece.expected.unwrap_or_default();
        let sounding = |piece: &PieceCost| if of_frames { piece.sounding } else { f64::NAN };
        Self {
            pieces: pieces.len(),
            frames: pieces.iter().map(|piece| piece.frames).sum(),
            nats_per_frame: interval(&nats, &frames),
            nats_per_frame_sounding: interval(&sounding, &frames),
            nats_per_token,
            nats_per_note: interval(&nats, &|piece| piece.notes as f64),
            perplexity: Interval {
                estimate: nats_per_token.estimate.exp(),
                low: nats_per_token.low.exp(),
                high: nats_per_token.high.exp(),
            },
            frame_accuracy: of_frames.then(|| {
                interval(&|piece| counts(piece).true_positives as f64, &|piece| {
                    let FrameCounts { true_positives, false_positives, false_negatives } = counts(piece);
                    (true_positives + false_positives + false_negatives) as f64
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_a_ratio_of_sums() {
        let piece = |nats: f64, symbols: usize, frames: usize, notes: usize| PieceCost {
            nats,
            sounding: nats,
            symbols,
            frames,
            notes,
            expected: None,
        };
        let figures = Figures::new(&[piece(30.0, 10, 20, 5), piece(10.0, 10, 60, 5)], 1);
        assert_eq!((figures.nats_per_frame.estimate, figures.nats_per_token.estimate), (0.5, 2.0));
        assert_eq!((figures.nats_per_note.estimate, figures.perplexity.estimate), (4.0, 2f64.exp()));
        assert!(figures.nats_per_frame.low >= 10.0 / 60.0 && figures.nats_per_frame.high <= 1.5);
        assert!(figures.frame_accuracy.is_none() && figures.nats_per_frame_sounding.estimate.is_nan());
        assert!(Figures::new(&[], 1).nats_per_frame.estimate.is_nan());
    }

    #[test]
    fn accuracy_is_pooled_over_frames() {
        let counts = |true_positives, false_positives, false_negatives| {
            let expected = Some(FrameCounts { true_positives, false_positives, false_negatives });
            PieceCost { nats: 1.0, sounding: 0.5, symbols: 1, frames: 1, notes: 1, expected }
        };
        let figures = Figures::new(&[counts(3, 1, 0), counts(1, 0, 5)], 1);
        assert_eq!(figures.frame_accuracy.unwrap().estimate, 0.4);
        assert_eq!(figures.nats_per_frame_sounding.estimate, 0.5);
    }
}
