//! [`ConditionValues`]: what a model is told at a step.

use super::{Condition, Harmony};
use composer_music::Metre;
use composer_music::key::Key;

/// The values of conditions at a step; `None`: not given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConditionValues {
    /// The name of a style.
    pub style: Option<String>,
    /// The metre.
    pub metre: Option<Metre>,
    /// Notes that begin, per quarter.
    pub density: Option<f64>,
    /// Mean number of pitches that sound, where any does.
    pub polyphony: Option<f64>,
    /// Mean MIDI pitch of the notes that begin.
    pub register: Option<f64>,
    /// The key of the whole piece.
    pub key: Option<Key>,
    /// Bars until the piece ends, with this one.
    pub bars_left: Option<u64>,
    /// Whether the form of the sequence is told.
    pub form: bool,
    /// The pitch classes of this half of the bar.
    pub harmony: Option<Harmony>,
}

impl ConditionValues {
    /// What may be asked for; the rest follows from the bars of the music and from its key.
    pub fn asked(style: Option<String>, [density, polyphony, register]: [Option<f64>; 3]) -> Self {
        Self { style, density, polyphony, register, ..Self::default() }
    }

    /// Whether a condition is given.
    pub fn gives(&self, condition: Condition) -> bool {
        match condition {
            Condition::Style => self.style.is_some(),
            Condition::Metre => self.metre.is_some(),
            Condition::Key => self.key.is_some(),
            Condition::BarsLeft => self.bars_left.is_some(),
            Condition::Form => self.form,
            // It comes with the form.
            Condition::Rhythm => false,
            Condition::Harmony => self.harmony.is_some(),
            _ => self.attribute(condition).is_some(),
        }
    }

    /// The value of an attribute; `None` also for what is none.
    pub fn attribute(&self, condition: Condition) -> Option<f64> {
        match condition {
            Condition::Density => self.density,
            Condition::Polyphony => self.polyphony,
            Condition::Register => self.register,
            _ => None,
        }
    }
}
