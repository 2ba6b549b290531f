//! The likelihood of a piece under a model, note by note: where is it surprised?

use crate::{Error, FrameOptions, Generator};
use composer_models::LanguageModel;
use composer_models::encoding::Encoding;
use composer_models::scoring::bernoulli_nll;
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation, pitches};
use ndarray::ArrayView1;

/// The surprise of a note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteSurprise {
    /// Where it begins, in steps.
    pub step: usize,
    /// How many steps it lasts.
    pub steps: usize,
    /// Its pitch.
    pub pitch: u8,
    /// −ln P that it begins there, given everything before, in nats.
    pub nll: f64,
}

/// The surprise of a piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surprise {
    /// −ln P of every step, in nats.
    pub steps: Vec<f64>,
    /// Every note, sorted by step, then pitch.
    pub notes: Vec<NoteSurprise>,
}

/// Reads a piece step by step; `bars` are its own, on the grid of its frames. A note costs −ln P(it sounds) where it did not sound before, and −ln P(it sounds) − ln P(it is
/// struck) where it did. (The sum over notes is less than that over steps: silence and what goes on cost something, too.)
///
/// # Errors
/// The model fails or writes tokens.
pub fn surprise<M: LanguageModel>(model: M, piece: &[Frame], bars: BarMap) -> Result<Surprise, Error> {
    let Encoding::Frames { representation, .. } = model.encoding().clone() else {
        return Err(Error::WrongKind { found: model.encoding().kind(), needed: "frames" });
    };
    if model.encoding().note_lengths() > 0 {
        return Err(Error::NoteLengths);
    }
    let mut reader = Generator::new(model, FrameOptions::default(), 1, 0)?.with_bars(bars);
    let mut surprise = Surprise::default();
    let mut before = Frame::default();
    for (step, &frame) in piece.iter().enumerate() {
        surprise.steps.extend(reader.read(&[frame], true)?);
        for pitch in pitches(frame.onsets & representation.range_mask()) {
            let nll = begins(&representation, reader.logits().row(0), before, pitch);
            surprise.notes.push(NoteSurprise { step, steps: lasts(&piece[step..], pitch), pitch, nll });
        }
        before = frame;
    }
    Ok(surprise)
}

/// −ln P that a pitch begins.
fn begins(
    representation: &FrameRepresentation,
    logits: ArrayView1<'_, f32>,
    before: Frame,
    pitch: u8,
) -> f64 {
    let offset = usize::from(pitch - representation.pitch_low);
    let sounds = bernoulli_nll(logits[offset], true);
    let again = representation.onset_plane && before.sounding >> pitch & 1 == 1;
    sounds + if again { bernoulli_nll(logits[representation.num_pitches() + offset], true) } else { 0.0 }
}

/// Steps that the note which begins in the first frame lasts.
fn lasts(frames: &[Frame], pitch: u8) -> usize {
    let goes_on = |frame: &&Frame| frame.sounding >> pitch & 1 == 1 && frame.onsets >> pitch & 1 == 0;
    1 + frames[1..].iter().take_while(goes_on).count()
}
