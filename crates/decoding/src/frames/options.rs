//! [`FrameOptions`]: how frames are chosen.

use crate::Error;
use serde::{Deserialize, Serialize};

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
    /// For models that decide how long each note lasts: the temperature of that, if it is not 1.
    pub length_temperature: Option<f64>,
    /// For models that write note by note: the temperature of whether a note is held, one begins or nothing more sounds.
    pub whether_temperature: f64,
    /// For models that write note by note: a note that begins is drawn from the likeliest that have this share of the probability; 1: from
    /// all.
    pub top_p: f64,
    /// For models that write note by note: at every choice, what is less likely than this share of the likeliest is left out, whether to go
    /// on included; 0: nothing.
    pub min_p: f64,
    /// The same at the steps of which a model is told whether notes begin, if it is more: there, leaving out what is unlikely makes the music no
    /// emptier. It has no effect on a model that is not told.
    pub rhythm_min_p: f64,
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
            length_temperature: None,
            whether_temperature: 1.0,
            top_p: 1.0,
            min_p: 0.0,
            rhythm_min_p: 0.0,
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
            ("length_temperature", self.length_temperature),
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
        for (name, value) in [("min_p", self.min_p), ("rhythm_min_p", self.rhythm_min_p)] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(name, value.to_string(), "between 0 (off) and 1");
            }
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

    /// Refuses what has no effect, or cannot be kept, by a model that decides how long each note lasts, or that does not.
    pub(crate) fn check_lengths(&self, decides: bool) -> Result<(), Error> {
        let refuse = |name, value: String, must| Err(Error::Option { name, value, must });
        if let (false, Some(value)) = (decides, self.length_temperature) {
            let must = "left out: the model does not decide the lengths of notes where they begin";
            return refuse("length_temperature", value.to_string(), must);
        }
        let must = "left out: the model decides how long a note lasts where it begins, so the temperature is \
                    length_temperature, and no choice of whole frames is made";
        match (decides, self.strategy, self.hold_temperature) {
            (true, FrameStrategy::Threshold(value), _) => refuse("threshold", value.to_string(), must),
            (true, FrameStrategy::TopVoices(value), _) => refuse("top_voices", value.to_string(), must),
            (true, FrameStrategy::Sample, Some(value)) => refuse("hold_temperature", value.to_string(), must),
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
            length_temperature: Some(self.length_temperature() * factor),
            whether_temperature: if note_by_note { self.whether_temperature * factor } else { 1.0 },
            ..*self
        }
    }

    /// At a step whose rhythm is told.
    pub(crate) fn in_told_rhythm(&self) -> Self {
        Self { min_p: self.min_p.max(self.rhythm_min_p), ..*self }
    }

    /// Of how long notes last.
    pub(super) fn length_temperature(&self) -> f64 {
        self.length_temperature.unwrap_or(if self.is_zero() { 0.0 } else { 1.0 })
    }

    /// Whether the temperature is 0, with which nothing is held by a choice of its own.
    pub(super) fn is_zero(&self) -> bool {
        self.temperature == 0.0 && self.onset_temperature.unwrap_or(0.0) == 0.0
    }

    /// Whether every choice is the likeliest.
    pub(super) fn is_greedy(&self) -> bool {
        let own = [self.onset_temperature, self.hold_temperature];
        own.iter().all(|own| own.unwrap_or(self.temperature) == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
