//! [`PieceConditions`]: what excerpts of training pieces were, as a model file keeps it.

use super::{Condition, ConditionTrack, ConditionValues, HarmonyPlan};
use crate::form::Form;
use composer_music::Metre;
use composer_music::key::Key;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Most excerpts that a model file keeps.
const MOST: usize = 160;

/// What an excerpt of a training piece was, of the conditions that its model has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PieceConditions {
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metre: Option<Metre>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) density: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    polyphony: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    register: Option<f64>,
    /// Pitch class of the tonic, and whether the key is minor.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<(u8, bool)>,
    /// Of its bars, the last of which are those of the piece.
    #[serde(skip_serializing_if = "is_none")]
    pub(super) form: Form,
    /// Of the same bars.
    #[serde(skip_serializing_if = "is_unknown")]
    pub(super) harmony: HarmonyPlan,
}

/// Most bars of an excerpt: those of a part of a piece and its ending.
pub(super) const MOST_BARS: usize = 64;

fn is_none(form: &Form) -> bool {
    form.bars() == 0
}

fn is_unknown(plan: &HarmonyPlan) -> bool {
    plan.bars() == 0
}

impl PieceConditions {
    /// Of the parts of a piece, as many as it takes for none to have more than [`MOST_BARS`] bars, each with the ending of the piece: means of the
    /// attributes of the part, the metre of most of its steps, the key of the piece. None of an empty piece.
    pub(super) fn of_parts(
        track: &ConditionTrack,
        length: usize,
        form: Option<&Form>,
        which: &[Condition],
    ) -> Vec<Self> {
        let (bars, has) = (track.bars(length), |condition| which.contains(&condition));
        let form = form.filter(|_| has(Condition::Form)).cloned().unwrap_or_default();
        let harmony = if has(Condition::Harmony) { track.harmony(length) } else { HarmonyPlan::default() };
        let parts = bars.len().div_ceil(MOST_BARS);
        let part = |number: usize| {
            let (first, end) = (number * bars.len() / parts, (number + 1) * bars.len() / parts);
            Some(Self {
                form: form.excerpt(first, end - first),
                harmony: harmony.excerpt(first, end - first),
                ..Self::of_steps(track, bars[first].start..bars[end - 1].end, which)?
            })
        };
        (0..parts).filter_map(part).collect()
    }

    /// Of some steps of a piece, without form and harmony.
    fn of_steps(track: &ConditionTrack, steps: Range<usize>, which: &[Condition]) -> Option<Self> {
        let has = |condition| which.contains(&condition);
        let part = track.from_step(steps.start);
        let mean = |attribute| {
            let known = part.stretches(steps.len()).filter_map(|(steps, values)| {
                Some((steps.len() as f64, values.attribute(attribute)?)).filter(|_| has(attribute))
            });
            let (steps, sum) = known.fold((0.0, 0.0), |(n, sum), (steps, v)| (n + steps, sum + steps * v));
            // Three digits are finer than any level.
            (steps > 0.0).then(|| (sum / steps * 1000.0).round() / 1000.0)
        };
        let (_, longest) = part.stretches(steps.len()).max_by_key(|(steps, _)| steps.len())?;
        Some(Self {
            style: longest.style.clone().filter(|_| has(Condition::Style)),
            metre: longest.metre.filter(|_| has(Condition::Metre)),
            density: mean(Condition::Density),
            polyphony: mean(Condition::Polyphony),
            register: mean(Condition::Register),
            key: longest.key.filter(|_| has(Condition::Key)).map(|key| (key.tonic, key.minor)),
            ..Self::default()
        })
    }

    /// All of them, or [`MOST`] that are spread over them evenly.
    pub(super) fn some_of(mut pieces: Vec<Self>) -> Vec<Self> {
        if pieces.len() <= MOST {
            return pieces;
        }
        let count = pieces.len();
        (0..MOST).map(|place| std::mem::take(&mut pieces[place * count / MOST])).collect()
    }

    /// As values that a model is told; bars left are none of a whole piece.
    pub(super) fn values(&self) -> ConditionValues {
        ConditionValues {
            style: self.style.clone(),
            metre: self.metre,
            density: self.density,
            polyphony: self.polyphony,
            register: self.register,
            key: self.key.map(|(tonic, minor)| Key { tonic, minor }),
            bars_left: None,
            form: false,
            harmony: None,
        }
    }

    /// Bars whose form or harmony is kept.
    pub(super) fn bars(&self) -> usize {
        self.form.bars().max(self.harmony.bars())
    }

    /// How many compositions of so many bars it holds, at least 1; of unknown length: as many as it has bars.
    pub(super) fn holds(&self, bars: usize) -> usize {
        (self.bars() / bars.max(1)).max(1)
    }

    /// Semitones from the key of the piece up to one of the same mode that is asked for; `None` where the modes differ, or the piece has no harmony
    /// that could be transposed.
    pub(super) fn semitones_to(&self, asked: &ConditionValues) -> Option<i8> {
        let ((tonic, minor), asked) = (self.key?, asked.key?);
        let fits = minor == asked.minor && self.harmony.bars() > 0;
        fits.then(|| (i16::from(asked.tonic) - i16::from(tonic)).rem_euclid(12) as i8)
    }

    /// Refuses what no training has learnt.
    pub(super) fn check(&self) -> Result<(), String> {
        let numbers = [self.density, self.polyphony, self.register];
        let finite = numbers.into_iter().flatten().all(f64::is_finite);
        match finite && self.key.is_none_or(|(tonic, _)| tonic < 12) {
            true => Ok(()),
            false => Err("the conditions of a training piece are no numbers that music has".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_file_keeps_pieces_from_all_over_the_training_music() {
        let pieces: Vec<PieceConditions> = (0..2000)
            .map(|place| PieceConditions { density: Some(f64::from(place)), ..PieceConditions::default() })
            .collect();
        let kept = PieceConditions::some_of(pieces);
        assert_eq!((kept.len(), kept[159].density), (MOST, Some(1987.0)));
    }
}
