//! One multi-hot frame from its logits.

use crate::Error;
use crate::constrained::{self, Bounds, Table};
use composer_models::encoding::pitches_in_range;
use composer_models::scoring::bernoulli_nll;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How frames are chosen.
///
/// Each limit conditions the model's distribution: what remains possible keeps its proportions, and nothing is chosen
/// first and mended afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameOptions {
    /// Logits are divided by this: below 1 more predictable, above 1 more adventurous; 0 is greedy, the most likely frame.
    pub temperature: f64,
    /// Pitches that may sound together.
    pub max_polyphony: usize,
    /// Steps that all may be silent in a row; then at least one pitch must sound.
    pub max_silence: usize,
    /// Steps that a note may last; then it is struck again or ends.
    pub max_note_steps: usize,
}

impl Default for FrameOptions {
    fn default() -> Self {
        Self { temperature: 1.0, max_polyphony: 10, max_silence: 4, max_note_steps: 32 }
    }
}

impl FrameOptions {
    /// Refuses what makes no sense, by name.
    pub fn check(&self) -> Result<(), Error> {
        if !(0.0..=10.0).contains(&self.temperature) {
            return Err(Error::Option {
                name: "temperature",
                value: self.temperature.to_string(),
                must: "between 0 (always the most likely) and 10",
            });
        }
        for (name, value) in [("max_polyphony", self.max_polyphony), ("max_note_steps", self.max_note_steps)]
        {
            if value == 0 {
                return Err(Error::Option { name, value: "0".into(), must: "at least 1" });
            }
        }
        Ok(())
    }
}

/// What one voice of the decoder remembers of the music that it has written.
#[derive(Clone, Debug)]
pub struct FrameContext {
    previous: Frame,
    /// For how many steps each pitch has been held.
    ages: [u32; 128],
    silence: usize,
}

impl Default for FrameContext {
    fn default() -> Self {
        Self { previous: Frame::default(), ages: [0; 128], silence: 0 }
    }
}

impl FrameContext {
    /// The last frame; empty at the beginning.
    pub fn previous(&self) -> Frame {
        self.previous
    }

    /// Takes a frame as written.
    pub fn push(&mut self, frame: Frame) {
        for (pitch, age) in self.ages.iter_mut().enumerate() {
            let bit = 1 << pitch;
            *age = match (frame.sounding & bit != 0, frame.onsets & bit != 0) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => *age + 1,
            };
        }
        self.silence = if frame.sounding == 0 { self.silence + 1 } else { 0 };
        self.previous = frame;
    }
}

/// Scratch of [`choose`].
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    probabilities: Vec<f64>,
    table: Table,
}

/// Chooses the frame after `context` from its logits `[V]`; pitch by pitch first what sounds, then what is struck.
pub fn choose<R: Rng>(
    representation: &FrameRepresentation,
    logits: &[f32],
    context: &FrameContext,
    options: &FrameOptions,
    scratch: &mut Scratch,
    rng: &mut R,
) -> Frame {
    let pitches = representation.num_pitches();
    scratch.probabilities.clear();
    scratch
        .probabilities
        .extend(logits[..pitches].iter().map(|&logit| probability(logit, options.temperature)));
    let low = usize::from(context.silence >= options.max_silence);
    let bounds = Bounds { low, high: options.max_polyphony.max(low) };
    let chosen = if options.temperature == 0.0 {
        constrained::most_likely(&scratch.probabilities, bounds)
    } else {
        constrained::sample(&scratch.probabilities, bounds, &mut scratch.table, rng)
    };
    let mut frame = Frame::default();
    for (offset, on) in chosen.unwrap_or_default().into_iter().enumerate() {
        frame.sounding |= u128::from(on) << (usize::from(representation.pitch_low) + offset);
    }
    frame.onsets = frame.sounding & !context.previous.sounding;
    let held_on = frame.sounding & context.previous.sounding;
    for offset in pitches_in_range(representation, held_on) {
        let pitch = usize::from(representation.pitch_low) + offset;
        let struck_again = context.ages[pitch] as usize >= options.max_note_steps
            || (representation.onset_plane && strike(logits[pitches + offset], options.temperature, rng));
        frame.onsets |= u128::from(struck_again) << pitch;
    }
    frame
}

/// −ln P(frame) under the model itself, before temperature and limits, in nats.
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

fn probability(logit: f32, temperature: f64) -> f64 {
    let scaled = if temperature == 0.0 { f64::from(logit) } else { f64::from(logit) / temperature };
    1.0 / (1.0 + (-scaled).exp())
}

fn strike<R: Rng>(logit: f32, temperature: f64, rng: &mut R) -> bool {
    if temperature == 0.0 { logit > 0.0 } else { rng.random::<f64>() < probability(logit, temperature) }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        choose(&representation(), logits, context, options, &mut Scratch::default(), &mut rng)
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
        assert!((nll(&representation(), &logits, before, frame) - expected).abs() < 1e-9);
    }

    #[test]
    fn options_out_of_range_are_named() {
        for (options, name) in [
            (FrameOptions { temperature: f64::NAN, ..Default::default() }, "temperature"),
            (FrameOptions { temperature: -0.1, ..Default::default() }, "temperature"),
            (FrameOptions { max_polyphony: 0, ..Default::default() }, "max_polyphony"),
        ] {
            assert!(options.check().expect_err("refused").to_string().starts_with(name));
        }
    }
}
