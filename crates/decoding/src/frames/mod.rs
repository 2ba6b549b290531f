//! One multi-hot frame from its logits.

mod again;
mod context;
mod held;
mod lengths;
mod note_wise;
mod open;
mod options;
mod search;
mod sounding;
mod temper;
pub(crate) mod weights;

use crate::Error;
use crate::constrained;
use crate::coupled;
use composer_models::encoding::pitches_in_range;
use composer_models::scoring::bernoulli_nll;
use composer_models::{Coupled, LanguageModel};
use composer_music::representation::frames::{Frame, FrameRepresentation};
pub use context::FrameContext;
pub use held::{HeldNotes, NewNote};
pub use lengths::{LengthChoice, WrittenStep};
pub use note_wise::{NoteChoice, NoteScratch};
pub use open::{Ending, Open};
pub use options::{FrameOptions, FrameStrategy};
use rand::{Rng, RngExt};
pub use sounding::Scratch;
use sounding::Sounding;

/// What the choice of one frame depends on.
#[derive(Clone, Copy, Debug)]
pub struct FrameChoice<'a> {
    /// Which pitches there are.
    pub representation: &'a FrameRepresentation,
    /// Logits `[V]`; with a coupling, those before any bit is decided.
    pub logits: &'a [f32],
    /// What each bit adds to the logits of those decided after it; `None`: they are independent.
    pub coupling: Option<Coupled<'a, f32>>,
    /// The frames before.
    pub context: &'a FrameContext,
    /// How to choose.
    pub options: &'a FrameOptions,
    /// What may sound.
    pub open: Open,
}

impl FrameChoice<'_> {
    /// Chooses the frame, pitch by pitch: first what sounds, then what is struck. With a coupling, every pitch is conditioned on
    /// those below.
    pub fn choose<R: Rng>(&self, scratch: &mut Scratch, rng: &mut R) -> Frame {
        let Self { representation, logits, coupling, context, options, open } = *self;
        let pitches = representation.num_pitches();
        let low_pitch = usize::from(representation.pitch_low);
        let ages = &context.ages[low_pitch..low_pitch + pitches];
        let (silence, held) = (context.silence, context.held());
        // What a primer ends with could only be struck again.
        let closed = if options.rearticulate { 0 } else { context.previous.sounding };
        let open = Open { begin: open.begin & !closed, ..open };
        let step = Sounding { logits, coupling, ages, open, low_pitch, options, silence };
        let chosen = step.choose(scratch, rng);
        let mut frame = Frame::default();
        for (offset, on) in chosen.into_iter().enumerate() {
            frame.sounding |= u128::from(on) << (low_pitch + offset);
        }
        frame.onsets = frame.sounding & !held;
        let conditioned = &mut scratch.logits;
        conditioned.clear();
        conditioned.extend_from_slice(logits);
        coupled::condition(representation, coupling, context.previous, frame, conditioned);
        for offset in pitches_in_range(representation, frame.sounding & held) {
            let age = ages[offset] as usize;
            let struck_again = age >= options.max_note_steps
                || (representation.onset_plane && strike(conditioned[pitches + offset], options, rng));
            let bit = 1 << (low_pitch + offset);
            let may = open.begin & bit != 0 && options.rearticulate && age >= options.min_note_steps;
            if struck_again && may {
                frame.onsets |= bit;
                if let Some(coupling) = coupling.filter(|_| representation.onset_plane) {
                    coupling.condition_on(pitches + offset, false, conditioned);
                }
            }
        }
        frame
    }
}

impl NoteChoice<'_> {
    /// Chooses the frame by any model: note by note if it writes so, and otherwise by [`FrameChoice`] from `logits` `[V]`, those before any bit is
    /// decided. Overwrites them by those that each bit had when it was.
    ///
    /// # Errors
    /// As [`NoteChoice::choose`].
    pub fn choose_by<M: LanguageModel, R: Rng>(
        &self,
        model: &mut M,
        logits: &mut [f32],
        (scratch, notes): (&mut Scratch, &mut NoteScratch),
        rng: &mut R,
    ) -> Result<Frame, Error> {
        if let Some(model) = model.next_note() {
            return self.choose(model, logits, notes, rng);
        }
        let Self { representation, context, options, open, .. } = *self;
        let coupling = model.coupling();
        let choice = FrameChoice { representation, logits, coupling, context, options, open };
        let frame = choice.choose(scratch, rng);
        coupled::condition(representation, coupling, context.previous(), frame, logits);
        Ok(frame)
    }

    /// Lets any model write a given frame: overwrites `logits` as [`NoteChoice::choose_by`] does.
    ///
    /// # Errors
    /// As [`NoteChoice::choose`].
    pub fn read_by<M: LanguageModel>(
        &self,
        model: &mut M,
        frame: Frame,
        logits: &mut [f32],
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        if let Some(model) = model.next_note() {
            return self.read(model, frame, logits, scratch);
        }
        coupled::condition(self.representation, model.coupling(), self.context.previous(), frame, logits);
        Ok(())
    }
}

/// −ln P(frame) under the model itself, before temperature and limits, in nats. The logits are those that each bit had when it
/// was decided: [`coupled::condition`].
pub fn nll(representation: &FrameRepresentation, logits: &[f32], previous: Frame, frame: Frame) -> f64 {
    let pitches = representation.num_pitches();
    let bit = |plane: u128, offset: usize| plane >> (usize::from(representation.pitch_low) + offset) & 1 == 1;
    let sounding: f64 =
        (0..pitches).map(|offset| bernoulli_nll(logits[offset], bit(frame.sounding, offset))).sum();
    if !representation.onset_plane {
        return sounding;
    }
    let onsets: f64 = pitches_in_range(representation, frame.sounding & previous.sounding)
        .map(|offset| bernoulli_nll(logits[pitches + offset], bit(frame.onsets, offset)))
        .sum();
    sounding + onsets
}

/// Whether a pitch that goes on sounding is struck again. Temperature does not change this choice (0: the likelier),
/// because it is about rhythm: how often a note is struck should not depend on how adventurous its pitch is.
fn strike<R: Rng>(logit: f32, options: &FrameOptions, rng: &mut R) -> bool {
    let certain = options.strategy != FrameStrategy::Sample || options.is_greedy();
    if certain { logit > 0.0 } else { rng.random::<f64>() < constrained::sigmoid(f64::from(logit)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn representation() -> FrameRepresentation {
        FrameRepresentation::default()
    }

    /// Logits that say "silence" everywhere but for the given (pitch, sounding, struck).
    fn logits(loud: &[(u8, f32, f32)]) -> Vec<f32> {
        let representation = representation();
        let mut logits = vec![-20.0; representation.num_outputs()];
        for &(pitch, sounding, struck) in loud {
            let offset = usize::from(pitch - representation.pitch_low);
            logits[offset] = sounding;
            logits[representation.num_pitches() + offset] = struck;
        }
        logits
    }

    fn choose_once(logits: &[f32], context: &FrameContext, options: &FrameOptions) -> Frame {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut scratch = Scratch::default();
        let (representation, open) = (&representation(), Open::ALL);
        FrameChoice { representation, logits, coupling: None, context, options, open }
            .choose(&mut scratch, &mut rng)
    }

    #[test]
    fn greedy_takes_what_is_likely_and_tells_held_from_struck() {
        let options = FrameOptions { temperature: 0.0, ..FrameOptions::default() };
        let mut context = FrameContext::default();
        context.push(Frame { sounding: 1 << 60 | 1 << 64, onsets: 1 << 60 | 1 << 64 });
        let frame =
            choose_once(&logits(&[(60, 5.0, -5.0), (64, 5.0, 5.0), (67, 5.0, -5.0)]), &context, &options);
        assert_eq!(frame.sounding, 1 << 60 | 1 << 64 | 1 << 67);
        assert_eq!(frame.onsets, 1 << 64 | 1 << 67, "60 is held, 64 struck again, 67 begins");
    }

    #[test]
    fn silence_is_broken_and_long_notes_are_struck_again() {
        let options =
            FrameOptions { temperature: 0.0, max_silence: 2, max_note_steps: 3, ..Default::default() };
        let mut context = FrameContext::default();
        let silent = logits(&[(70, -3.0, 0.0)]);
        for expected in [0, 0, 1u128 << 70] {
            let frame = choose_once(&silent, &context, &options);
            assert_eq!(frame.sounding, expected);
            context.push(frame);
        }
        let held = logits(&[(70, 9.0, -9.0)]);
        let onsets: Vec<bool> = (0..6)
            .map(|_| {
                let frame = choose_once(&held, &context, &options);
                context.push(frame);
                frame.onsets != 0
            })
            .collect();
        assert_eq!(onsets, [false, false, true, false, false, true]);
    }

    #[test]
    fn the_nll_of_a_frame_charges_onsets_only_where_they_carry_information() {
        let logits = logits(&[(60, 0.0, 2.0), (64, 0.0, 2.0)]);
        let before = Frame { sounding: 1 << 60, onsets: 1 << 60 };
        let frame = Frame { sounding: 1 << 60 | 1 << 64, onsets: 1 << 60 | 1 << 64 };
        let background = 86.0 * (-20f64).exp().ln_1p();
        let expected = 2.0 * std::f64::consts::LN_2 + (-2f64).exp().ln_1p() + background;
        assert_abs_diff_eq!(nll(&representation(), &logits, before, frame), expected, epsilon = 1e-9);
    }
}
