//! A new part, step by step, and its notes at the ticks of the given score.

use super::grid::{STEPS_PER_QUARTER, pitched};
use crate::error::wrong_input;
use composer_decoding::{FrameOptions, Generator, Rules};
use composer_models::seq2seq::{AttentionWeights, Conditioned};
use composer_models::{Encoding, Seq2Seq, Sequence};
use composer_music::representation::contour::SourceRepresentation;
use composer_music::representation::frames::{DecodeOptions, Frame};
use composer_music::representation::grid::Grid;
use composer_music::score::DRUM_CHANNEL;
use composer_music::{BarMap, Note, Score};

/// A new part on the model's grid, with the attention of each step.
pub struct GeneratedPart {
    /// Its frames.
    pub frames: Vec<Frame>,
    /// Attention weights of each step over the source; empty without attention.
    pub attention: Vec<AttentionWeights>,
}

/// The new part for a source, step by step, below the pitches of [`Rules::below`].
pub fn write_part(
    model: &Seq2Seq,
    source: &Score,
    style: Option<u32>,
    options: FrameOptions,
    below: Vec<u8>,
    seed: u64,
) -> anyhow::Result<GeneratedPart> {
    let Encoding::Frames { representation, .. } = model.config().source else {
        return Err(wrong_input("this model reads tokens, and these commands need one that reads frames"));
    };
    let frames = SourceRepresentation::from(representation).encode(source);
    if frames.is_empty() {
        return Err(wrong_input("the part has no notes that the model reads"));
    }
    let length = frames.len();
    let bars = representation.bars(source);
    let conditioned = Conditioned::new(model, Sequence::frames_in(frames, bars.clone()), style)?;
    let rules = Rules { length: Some(length as u64), below, ..Rules::default() };
    let mut generator = Generator::new(conditioned, options, 1, seed)?.with_rules(rules)?.with_bars(bars);
    let mut frames = Vec::with_capacity(length);
    for decided in generator.by_ref() {
        frames.extend(decided?.first().map(|step| step.frame));
    }
    Ok(GeneratedPart { frames, attention: generator.model().attended().to_vec() })
}

/// Frames as pitched notes at the ticks of a score.
pub fn pitched_notes(frames: &[Frame], score: &Score, options: &DecodeOptions) -> Vec<Note> {
    let decoded = pitched().decode(frames, options);
    let (from, to) = (
        Grid::new(decoded.ticks_per_quarter, STEPS_PER_QUARTER),
        Grid::new(score.ticks_per_quarter, STEPS_PER_QUARTER),
    );
    let moved = |note: &Note| {
        let onset = to.tick(from.step(note.onset));
        let duration = to.tick(from.step(note.end())).saturating_sub(onset).max(1);
        Note { onset, duration, ..*note }
    };
    decoded.notes().map(moved).collect()
}

/// Frames as drum hits at the ticks of a score; hits on the beats of its bars are louder.
pub fn drum_notes(frames: &[Frame], score: &Score) -> Vec<Note> {
    let grid = Grid::new(score.ticks_per_quarter, STEPS_PER_QUARTER);
    let bars = BarMap::new(score).on_grid(STEPS_PER_QUARTER);
    let on_beat = |step| {
        let bar = bars.bar_at(step);
        bar.metre.is_beat(step - bar.start, STEPS_PER_QUARTER)
    };
    let hits = (0u64..).zip(frames).flat_map(|(step, frame)| frame.pitches().map(move |pitch| (step, pitch)));
    hits.map(|(step, pitch)| {
        let onset = grid.tick(step);
        let duration = (grid.tick(step + 1) - onset).max(1);
        let velocity = if on_beat(step) { 100 } else { 80 };
        Note { onset, duration, pitch, velocity, channel: DRUM_CHANNEL, program: 0 }
    })
    .collect()
}

/// Mean velocity of a part, a little softer.
pub fn softer(score: &Score) -> u8 {
    let (sum, count) =
        score.notes().fold((0, 0), |(sum, count), note| (sum + usize::from(note.velocity), count + 1));
    (sum / count.max(1)).saturating_sub(10).clamp(1, 127) as u8
}
