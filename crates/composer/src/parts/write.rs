//! A new part, step by step, and its notes at the ticks of the given score.

use super::grid::{STEPS_PER_QUARTER, pitched};
use crate::error::wrong_input;
use composer_decoding::{FrameOptions, Generator, Rules};
use composer_models::seq2seq::{AttentionWeights, Conditioned};
use composer_models::{Encoding, Seq2Seq, Sequence};
use composer_music::representation::contour::SourceRepresentation;
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::grid::Grid;
use composer_music::representation::pitch_name;
use composer_music::score::DRUM_CHANNEL;
use composer_music::{Note, Score, Track};

/// Longest source in steps: an hour of sixteenths at 120.
const MAX_STEPS: usize = 30_000;

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
    let read = SourceRepresentation::from(representation);
    // By its true length: what is too long has no frames at all.
    let quarters = source.end().div_ceil(source.ticks_per_quarter.max(1).into());
    let most = MAX_STEPS as u64 / u64::from(representation.steps_per_quarter.max(1));
    if quarters > most {
        return Err(wrong_input(format!(
            "the given part is {quarters} quarter notes long, and {most} is the most that a part is written for: give a shorter \
             excerpt"
        )));
    }
    let frames = read.encode(source);
    if frames.iter().all(Frame::is_silent) {
        let range = match read {
            SourceRepresentation::Pitches(FrameRepresentation { pitch_low, pitch_high, .. }) => {
                [pitch_low, pitch_high]
            }
            SourceRepresentation::Contour(_) => {
                let FrameRepresentation { pitch_low, pitch_high, .. } = FrameRepresentation::default();
                [pitch_low, pitch_high]
            }
        };
        let [low, high] = range.map(pitch_name);
        return Err(wrong_input(format!(
            "no note of the given part is in the range that the model reads, {low} to {high}: transpose it, or choose another track"
        )));
    }
    let length = frames.len();
    let conditioned = Conditioned::new(model, Sequence::Frames(frames), style)?;
    let rules = Rules { length: Some(length as u64), below, ..Rules::default() };
    let mut generator = Generator::new(conditioned, options, 1, seed)?.with_rules(rules)?;
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

/// Frames as drum hits at the ticks of a score; hits on the beat are louder.
pub fn drum_notes(frames: &[Frame], score: &Score) -> Vec<Note> {
    let grid = Grid::new(score.ticks_per_quarter, STEPS_PER_QUARTER);
    let hits = (0u64..).zip(frames).flat_map(|(step, frame)| frame.pitches().map(move |pitch| (step, pitch)));
    hits.map(|(step, pitch)| {
        let onset = grid.tick(step);
        let duration = (grid.tick(step + 1) - onset).max(1);
        let velocity = if step.is_multiple_of(STEPS_PER_QUARTER.into()) { 100 } else { 80 };
        Note { onset, duration, pitch, velocity, channel: DRUM_CHANNEL, program: 0 }
    })
    .collect()
}

/// A melodic channel that a score does not use.
pub fn free_channel(score: &Score) -> u8 {
    let used = |channel: u8| score.notes().any(|note| note.channel == channel);
    (0..16).find(|&channel| channel != DRUM_CHANNEL && !used(channel)).unwrap_or(0)
}

/// Adds a part as a track of its own.
pub fn add_track(score: &mut Score, name: &str, notes: Vec<Note>) {
    score.tracks.push(Track { name: Some(name.to_owned()), notes });
}

/// Mean velocity of a part, a little softer.
pub fn softer(score: &Score) -> u8 {
    let (sum, count) =
        score.notes().fold((0, 0), |(sum, count), note| (sum + usize::from(note.velocity), count + 1));
    (sum / count.max(1)).saturating_sub(10).clamp(1, 127) as u8
}
