//! [`Conditions`]: from values to features.

use super::{Condition, ConditionValues, Dropped, PieceConditions, Steering, harmony};
use crate::Error;
use composer_music::Metre;
use serde::{Deserialize, Serialize};

/// The conditions of a model, and the values that it tells apart. `None`: it does not have the condition.
///
/// The features are, in this order: one for each style, one for each metre, one for each level of density, polyphony and register, one for
/// each major key from C up and then each minor key, one for each count of bars left, one for each pitch class that sounds and one for each
/// that is a main one ([`Harmony`](super::Harmony)). Of each condition but harmony one is on, and none where it is not given. Level `k` is from boundary `k − 1` to below boundary `k`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Names of styles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<Vec<String>>,
    /// Metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metre: Option<Vec<Metre>>,
    /// Boundaries between levels, in notes per quarter, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Vec<f64>>,
    /// Boundaries between levels, in pitches, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polyphony: Option<Vec<f64>>,
    /// Boundaries between levels, in semitones, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<Vec<f64>>,
    /// Whether it is told the key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub key: bool,
    /// Whether it is told how many bars are left.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bars_left: bool,
    /// Whether it is told the form, by features of its encoding.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
    /// Whether it is told the harmony.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub harmony: bool,
    /// Whether it is told the rhythm, by features of its encoding.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rhythm: bool,
    /// The conditions of training pieces, from which those of a composition are drawn; not features.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<PieceConditions>,
}

/// Most values of a condition.
const MOST: usize = 1000;

/// Boundaries between counts of bars left: one, two, three, four, five to eight, more.
const BARS_LEFT: [u64; 5] = [2, 3, 4, 5, 9];

impl Conditions {
    /// Whether the model is told of nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The conditions that the model has, in the order of their features.
    pub fn known(&self) -> impl Iterator<Item = Condition> + '_ {
        Condition::ALL.into_iter().filter(|&condition| self.has(condition))
    }

    /// Whether the model has a condition.
    pub fn has(&self, condition: Condition) -> bool {
        match condition {
            Condition::Form => self.form,
            Condition::Rhythm => self.rhythm,
            _ => self.values(condition) > 0,
        }
    }

    /// How many features there are.
    pub fn features(&self) -> usize {
        Condition::ALL.iter().map(|&condition| self.values(condition)).sum()
    }

    /// Boundaries between the levels of an attribute.
    pub fn boundaries(&self, condition: Condition) -> Option<&[f64]> {
        match condition {
            Condition::Density => self.density.as_deref(),
            Condition::Polyphony => self.polyphony.as_deref(),
            Condition::Register => self.register.as_deref(),
            _ => None,
        }
    }

    /// Values of a condition that are told apart; 0: the model does not have it.
    fn values(&self, condition: Condition) -> usize {
        match condition {
            Condition::Style => self.style.as_ref().map_or(0, Vec::len),
            Condition::Metre => self.metre.as_ref().map_or(0, Vec::len),
            Condition::Key => usize::from(self.key) * 24,
            Condition::BarsLeft => usize::from(self.bars_left) * (BARS_LEFT.len() + 1),
            Condition::Form | Condition::Rhythm => 0,
            Condition::Harmony => usize::from(self.harmony) * harmony::FEATURES,
            attribute => self.boundaries(attribute).map_or(0, |boundaries| boundaries.len() + 1),
        }
    }

    /// Which of its values a condition other than harmony has; `None`: it is not given, or the model does not know the category.
    pub(super) fn place(
        &self,
        condition: Condition,
        values: &ConditionValues,
        semitones: i8,
    ) -> Option<usize> {
        self.place_by(condition, values, semitones, |attribute| values.attribute(attribute))
    }

    /// The same with attributes from elsewhere.
    fn place_by(
        &self,
        condition: Condition,
        values: &ConditionValues,
        semitones: i8,
        attribute_of: impl Fn(Condition) -> Option<f64>,
    ) -> Option<usize> {
        match condition {
            Condition::Style => {
                let name = values.style.as_ref()?;
                self.style.as_ref()?.iter().position(|style| style == name)
            }
            Condition::Metre => {
                let metre = values.metre?;
                self.metre.as_ref()?.iter().position(|&known| known == metre)
            }
            Condition::Key => {
                let key = values.key.filter(|_| self.key)?;
                let tonic = (i16::from(key.tonic) + i16::from(semitones)).rem_euclid(12) as usize;
                Some(tonic + if key.minor { 12 } else { 0 })
            }
            Condition::BarsLeft => {
                let left = values.bars_left.filter(|_| self.bars_left)?;
                Some(BARS_LEFT.partition_point(|&boundary| boundary <= left))
            }
            Condition::Form | Condition::Harmony | Condition::Rhythm => None,
            attribute => {
                let up = if attribute == Condition::Register { f64::from(semitones) } else { 0.0 };
                let value = attribute_of(attribute)? + up;
                Some(self.boundaries(attribute)?.partition_point(|&boundary| boundary <= value))
            }
        }
    }

    /// Appends the features that are on, counted from `first`, for music that is transposed by `semitones`.
    pub fn push_features(
        &self,
        values: &ConditionValues,
        dropped: Dropped,
        semitones: i8,
        first: usize,
        features: &mut Vec<u32>,
    ) {
        self.push_by(values, (dropped, semitones), first, |attribute| values.attribute(attribute), features);
    }

    /// The same for a composition that is steered towards the attributes.
    pub(crate) fn push_steered(
        &self,
        values: &ConditionValues,
        (steering, steps_per_quarter): (&Steering, u32),
        first: usize,
        features: &mut Vec<u32>,
    ) {
        let told = |attribute| steering.towards(attribute, values, steps_per_quarter);
        self.push_by(values, (Dropped::NONE, 0), first, told, features);
    }

    fn push_by(
        &self,
        values: &ConditionValues,
        (dropped, semitones): (Dropped, i8),
        mut first: usize,
        attribute_of: impl Fn(Condition) -> Option<f64>,
        features: &mut Vec<u32>,
    ) {
        for condition in Condition::ALL {
            if !dropped.contains(condition) {
                let place = self.place_by(condition, values, semitones, &attribute_of);
                features.extend(place.map(|place| (first + place) as u32));
                if let (Condition::Harmony, true, Some(harmony)) = (condition, self.harmony, values.harmony) {
                    let on = harmony.transpose(semitones).features();
                    features.extend(on.map(|feature| (first + feature) as u32));
                }
            }
            first += self.values(condition);
        }
    }

    /// Refuses values that are asked for and that the model does not know. Metre, key and bars left follow from the music: a model that does
    /// not know them is not told.
    ///
    /// # Errors
    /// The model lacks a condition or a style, or an attribute is no number that music has.
    pub fn check_asked(&self, asked: &ConditionValues) -> Result<(), Error> {
        let told_if_known = [Condition::Metre, Condition::Key, Condition::BarsLeft];
        let given = |condition: &Condition| !told_if_known.contains(condition) && asked.gives(*condition);
        Condition::ALL.into_iter().filter(given).try_for_each(|condition| self.check_has(condition))?;
        if let (Some(style), Some(known)) = (&asked.style, &self.style)
            && !known.contains(style)
        {
            return Err(Error::NoSuchStyle { style: style.clone(), known: known.join(", ") });
        }
        for (condition, range) in [
            (Condition::Density, 0.0..=128.0),
            (Condition::Polyphony, 1.0..=128.0),
            (Condition::Register, 0.0..=127.0),
        ] {
            if let Some(value) = asked.attribute(condition).filter(|value| !range.contains(value)) {
                let (low, high) = (range.start(), range.end());
                return Err(Error::OutOfRange(format!(
                    "{condition} is {value}, and must be from {low} to {high}"
                )));
            }
        }
        Ok(())
    }

    /// Refuses a condition that the model does not have.
    ///
    /// # Errors
    /// It does not.
    pub fn check_has(&self, condition: Condition) -> Result<(), Error> {
        if self.has(condition) {
            return Ok(());
        }
        let known: Vec<&str> = self.known().map(Condition::name).collect();
        Err(Error::NoCondition { condition: condition.name(), known: list_or_none(&known) })
    }

    /// Refuses what no training has learnt.
    pub(crate) fn check(&self) -> Result<(), String> {
        for condition in Condition::ALL {
            if self.values(condition) > MOST {
                return Err(format!("the condition {condition} has more than {MOST} values"));
            }
            let boundaries = self.boundaries(condition).unwrap_or_default();
            let ascend = boundaries.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascend || !boundaries.iter().all(|boundary| boundary.is_finite()) {
                return Err(format!("the levels of {condition} do not ascend"));
            }
        }
        self.pieces.iter().try_for_each(PieceConditions::check)?;
        let named = |name: &String| !name.is_empty();
        match self.style.iter().flatten().all(named) {
            true => Ok(()),
            false => Err("a style has no name".to_owned()),
        }
    }
}

fn list_or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
