//! How likely a model finds a piece, note by note.

use crate::error::{Result, wrong_input};
use crate::inspect::read_midi;
use crate::model::TrainedModel;
use composer_decoding::surprise::{NoteSurprise, Surprise};
use composer_models::Encoding;
use composer_models::Stepper;
use composer_music::input::shown;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::{BarMap, Score};
use composer_report::surprise::picture;
use std::path::Path;

/// A piece under a model.
#[derive(Debug)]
pub struct ScoredPiece {
    /// −ln P of every step and note.
    pub surprise: Surprise,
    /// Notes that the model has no place for: drums, and pitches outside its range.
    pub left_out: usize,
    bars: BarMap,
}

impl ScoredPiece {
    /// −ln P of the whole piece, in nats.
    pub fn nats(&self) -> f64 {
        self.surprise.steps.iter().sum()
    }

    /// The most surprising notes, with bar and beat (both from 1) in the bars of the piece; an upbeat is bar 1.
    pub fn most_surprising(&self, top: usize) -> Vec<(NoteSurprise, usize, f64)> {
        let mut notes = self.surprise.notes.clone();
        notes.sort_by(|a, b| b.nll.total_cmp(&a.nll));
        notes.truncate(top);
        let placed = |note: NoteSurprise| {
            let place = self.bars.bar_and_beat(note.step as u64);
            (note, place.bar as usize, place.beat)
        };
        notes.into_iter().map(placed).collect()
    }

    /// A piano roll as SVG: surprising notes are red and expected ones blue, with the nats of every step above it.
    pub fn to_svg(&self) -> String {
        picture(&self.surprise, &self.bars)
    }
}

/// [`surprise()`] of a file of music.
///
/// # Errors
/// It cannot be read; else as [`surprise()`]. The text names it.
pub fn surprise_of(model: &TrainedModel, path: &Path) -> Result<ScoredPiece> {
    let piece = read_midi(path)?.score;
    Ok(surprise(model, &piece).map_err(|error| anyhow::Error::from(error).context(shown(path)))?)
}

/// Computes the likelihood of a piece under a model of frames.
///
/// # Errors
/// The model writes tokens, or the piece has no notes in its range.
pub fn surprise(model: &TrainedModel, piece: &Score) -> Result<ScoredPiece> {
    let Encoding::Frames { representation, .. } = *model.model.encoding() else {
        return Err(wrong_input("this model writes tokens, and surprise needs one that writes frames").into());
    };
    let FrameRepresentation { pitch_low, pitch_high, .. } = representation;
    let frames = representation.encode(piece);
    if frames.is_empty() {
        return Err(wrong_input("the piece has no pitched notes in the model's range").into());
    }
    let in_range = pitch_low..=pitch_high;
    let left_out = piece.notes().filter(|note| note.is_drum() || !in_range.contains(&note.pitch)).count();
    let bars = representation.bars(piece);
    let surprise = composer_decoding::surprise::surprise(Stepper::new(&model.model), &frames, bars.clone())?;
    Ok(ScoredPiece { surprise, left_out, bars })
}
