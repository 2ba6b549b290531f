//! One multi-hot frame from its logits.

mod note_wise;
mod open;
mod search;
mod sounding;
mod temper;
pub(crate) mod weights;

use crate::Error;
use crate::constrained::{self, Table};
use crate::coupled;
use composer_models::Coupled;
use composer_models::encoding::pitches_in_range;
use composer_models::scoring::bernoulli_nll;
use composer_music::representation::frames::{Frame, FrameRepresentation};
pub use note_wise::{NoteChoice, NoteScratch};
pub use open::{Ending, Open};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use sounding::Sounding;

/// Which frames of a distribution are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameStrategy {
    /// Each pitch by its probability: independent Bernoulli choices, conditioned on the limits.
    #[default]
    Sample,
    /// All pitches whose probability is above this, whatever the temperature; deterministic.
    Threshold(f64),
    /// So many of the most likely pitches in every step, whatever the temperature; deterministic.
    TopVoices(usize),
}

/// How frames are chosen.
///
/// Each limit conditions the model's distribution: what remains possible keeps its proportions, and no choice is repaired
/// afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameOptions {
    /// Temperature of the pitches that begin: 1 samples from the model, lower is safer, higher is riskier, with as many notes, held as
    /// long as at 1 (`temper.rs` has the derivation). 0 is greedy, the most likely frame.
    pub temperature: f64,
    /// The temperature of pitches that begin to sound, if it is another.
    pub onset_temperature: Option<f64>,
    /// The temperature of pitches that are held, if it is not 1.
    pub hold_temperature: Option<f64>,
    /// For models that write note by note: the temperature of whether a note is held, one begins or nothing more sounds.
    pub whether_temperature: f64,
    /// For models that write note by note: a note that begins is drawn from the likeliest that have this share of the probability; 1: from
    /// all.
    pub top_p: f64,
    /// For models that write note by note: at every choice, what is less likely than this share of the likeliest is left out, whether to go
    /// on included; 0: nothing.
    pub min_p: f64,
    /// What all temperatures are multiplied by in bars that return the same in the form that the model is told: small errors in each of many
    /// notes would leave hardly a bar the same.
    pub return_temperature: f64,
    /// Which frames are chosen.
    pub strategy: FrameStrategy,
    /// Pitches that may sound together.
    pub max_polyphony: usize,
    /// Steps that all may be silent in a row; then at least one pitch must sound.
    pub max_silence: usize,
    /// Steps that a note lasts at least.
    pub min_note_steps: usize,
    /// Steps that a note may last; then it is struck again or ends.
    pub max_note_steps: usize,
    /// Whether a note that sounds may be struck again without a rest before.
    pub rearticulate: bool,
}

impl Default for FrameOptions {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            onset_temperature: None,
            hold_temperature: None,
            whether_temperature: 1.0,
            top_p: 1.0,
            min_p: 0.0,
            return_temperature: 0.3,
            strategy: FrameStrategy::Sample,
            max_polyphony: 10,
            max_silence: 4,
            min_note_steps: 1,
            max_note_steps: 32,
            rearticulate: true,
        }
    }
}

impl FrameOptions {
    /// With longest notes and silences of sixteenths as so many steps of another grid.
    #[must_use]
    pub fn on_grid(self, steps_per_quarter: u32) -> Self {
        let steps = |sixteenths: usize| sixteenths.saturating_mul(steps_per_quarter as usize).div_ceil(4);
        Self {
            max_silence: steps(self.max_silence),
            max_note_steps: steps(self.max_note_steps).max(self.min_note_steps),
            ..self
        }
    }

    /// Refuses what makes no sense, by name.
    ///
    /// # Errors
    /// The first option out of its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |name, value: String, must| Err(Error::Option { name, value, must });
        let temperatures = [
            ("temperature", Some(self.temperature)),
            ("onset_temperature", self.onset_temperature),
            ("hold_temperature", self.hold_temperature),
            ("whether_temperature", Some(self.whether_temperature)),
            ("return_temperature", Some(self.return_temperature)),
        ];
        for (name, value) in temperatures {
            if let Some(value) = value.filter(|value| !(0.0..=10.0).contains(value)) {
                return refuse(name, value.to_string(), "between 0 (always the most likely) and 10");
            }
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return refuse("top_p", self.top_p.to_string(), "above 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return refuse("min_p", self.min_p.to_string(), "between 0 (off) and 1");
        }
        for (name, value) in [
            ("max_polyphony", self.max_polyphony),
            ("min_note_steps", self.min_note_steps),
            ("max_note_steps", self.max_note_steps),
        ] {
            if value == 0 {
                return refuse(name, "0".into(), "at least 1");
            }
        }
        if self.min_note_steps > self.max_note_steps {
            return refuse("min_note_steps", self.min_note_steps.to_string(), "at most max_note_steps");
        }
        match self.strategy {
            FrameStrategy::Threshold(p) if !(p > 0.0 && p < 1.0) => {
                refuse("threshold", p.to_string(), "between 0 and 1")
            }
            FrameStrategy::TopVoices(0) => refuse("top_voices", "0".into(), "at least 1"),
            _ => Ok(()),
        }
    }

    /// In a bar that returns the same.
    pub(crate) fn in_same_bar(&self, note_by_note: bool) -> Self {
        let factor = self.return_temperature;
        Self {
            temperature: self.temperature * factor,
            onset_temperature: self.onset_temperature.map(|own| own * factor),
            hold_temperature: Some(self.hold_temperature.unwrap_or(1.0) * factor),
            whether_temperature: if note_by_note { self.whether_temperature * factor } else { 1.0 },
            ..*self
        }
    }

    fn is_greedy(&self) -> bool {
        let own = [self.onset_temperature, self.hold_temperature];
        own.iter().all(|own| own.unwrap_or(self.temperature) == 0.0)
    }
}

/// What one voice of the decoder remembers of the music that it has written.
#[derive(Clone, Debug)]
pub struct FrameContext {
    previous: Frame,
    /// For how many steps each pitch has been held.
    ages: [u32; 128],
    /// The pitches whose age is not 0: those that sound and are not released.
    held: u128,
    silence: usize,
}

impl Default for FrameContext {
    fn default() -> Self {
        Self { previous: Frame::default(), ages: [0; 128], held: 0, silence: 0 }
    }
}

impl FrameContext {
    /// The last frame; empty at the beginning.
    pub fn previous(&self) -> Frame {
        self.previous
    }

    /// Lets everything that sounds end here: what sounds next begins.
    pub fn release(&mut self) {
        self.ages.fill(0);
        self.held = 0;
    }

    /// The pitches that sound and are not released.
    fn held(&self) -> u128 {
        self.held
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
        self.held = frame.sounding;
        self.silence = if frame.sounding == 0 { self.silence + 1 } else { 0 };
        self.previous = frame;
    }
}

/// Scratch of [`FrameChoice::choose`].
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    probabilities: Vec<f64>,
    table: Table,
    /// Logits, conditioned on what is decided.
    logits: Vec<f32>,
}

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

    #[test]
    fn options_out_of_range_are_named() {
        for (options, name) in [
            (FrameOptions { temperature: f64::NAN, ..Default::default() }, "temperature"),
            (FrameOptions { temperature: -0.1, ..Default::default() }, "temperature"),
            (FrameOptions { hold_temperature: Some(11.0), ..Default::default() }, "hold_temperature"),
            (FrameOptions { max_polyphony: 0, ..Default::default() }, "max_polyphony"),
            (FrameOptions { min_note_steps: 9, max_note_steps: 8, ..Default::default() }, "min_note_steps"),
            (FrameOptions { strategy: FrameStrategy::Threshold(1.0), ..Default::default() }, "threshold"),
            (FrameOptions { strategy: FrameStrategy::TopVoices(0), ..Default::default() }, "top_voices"),
        ] {
            assert!(options.check().expect_err("refused").to_string().starts_with(name));
        }
    }
}
