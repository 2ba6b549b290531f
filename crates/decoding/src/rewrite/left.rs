//! One way to fill a gap, from left to right, by any model of frames: what follows counts as far as the model was told of it.

use super::draw::{Choice, Draw, DrawScratch};
use super::limits::{Asks, Block, Voice};
use super::passage::{GridNote, Passage};
use crate::Error;
use composer_models::arrays::view_mut;
use composer_models::encoding::Symbol;
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, LanguageModel, StepInput};
use composer_music::representation::frames::Frame;

/// Draws the new notes of a passage frame by frame, each within what is allowed. The model must not look back at earlier bars.
///
/// # Errors
/// Nothing satisfies the locks, the passage makes no sense, or the model is not of frames or fails.
pub fn write_once<M: LanguageModel>(
    mut model: M,
    passage: &Passage,
    seed: u64,
    output: u64,
) -> Result<Vec<GridNote>, Error> {
    passage.check()?;
    let encoding = model.encoding().clone();
    let Encoding::Frames { representation, .. } = encoding else {
        return Err(Error::WrongKind { found: encoding.kind(), needed: "frames" });
    };
    if encoding.note_lengths() > 0 {
        return Err(Error::NoteLengths);
    }
    let steps = passage.span().unwrap_or(0..0);
    let mut notes = passage.notes.clone();
    notes.sort_unstable();
    let line = notes.iter().map(|note| note.pitch).collect();
    let asks = Asks::of(passage.keep, &notes, line, &steps);
    let (begin, sound, locked) =
        (passage.begin[steps.clone()].to_vec(), passage.sound.clone(), passage.kept.clone());
    let block = Block { steps: steps.clone(), begin, sound, locked, end: passage.end, asks };
    let mut rng = stream(seed, Purpose::Rewriting, output);
    let (mut state, mut scratch) = (model.zero_state(1), DrawScratch::default());
    let (mut voice, mut logits) = (Voice::new(Frame::default()), vec![0.0; encoding.outputs()]);
    let mut indices = Vec::new();
    for step in 0..passage.end {
        indices.clear();
        let previous = (step > 0).then_some(Symbol::Frame(voice.previous));
        encoding.push_features(step, Some(&passage.bars), previous, &mut indices);
        let input = StepInput::MultiHot { indices: &indices, offsets: &[0, indices.len()] };
        model.step(input, &mut state, view_mut((1, logits.len()), &mut logits))?;
        if step < steps.start {
            voice.previous = passage.kept[step];
            continue;
        }
        let limits = voice.limits(&block, step, passage.max_polyphony, representation.onset_plane);
        let draw = Draw {
            representation: &representation,
            row: 0,
            previous: voice.previous,
            limits: &limits,
            temperature: 1.0,
        };
        let written = draw.write(&mut model, &mut logits, Choice::Drawn(&mut rng), &mut scratch)?;
        let Some(written) = written else { return Err(Error::NothingLeft { step }) };
        voice.push(&block, step, written.frame);
    }
    voice.close(passage.end);
    Ok(voice.notes)
}
