//! [`PieceConditions`]: the conditions of whole training pieces, from which those of a composition are drawn.

use super::{Condition, ConditionTrack, ConditionValues, Conditions};
use crate::form::Form;
use composer_music::Metre;
use composer_music::key::Key;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Most pieces that a model file keeps.
const MOST: usize = 512;

/// What a training piece was as a whole, of the conditions that its model has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PieceConditions {
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metre: Option<Metre>,
    #[serde(skip_serializing_if = "Option::is_none")]
    density: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    polyphony: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    register: Option<f64>,
    /// Pitch class of the tonic, and whether the key is minor.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<(u8, bool)>,
    /// Of its first bars.
    #[serde(skip_serializing_if = "is_none")]
    form: Form,
}

/// Most bars of a form that a model file keeps.
const MOST_BARS: usize = 64;

fn is_none(form: &Form) -> bool {
    form.bars() == 0
}

impl PieceConditions {
    /// Of a piece: means of the attributes, style and key, the metre of most steps, and the form. `None` for an empty piece.
    pub(super) fn of(
        track: &ConditionTrack,
        length: usize,
        form: Option<&Form>,
        which: &[Condition],
    ) -> Option<Self> {
        let has = |condition| which.contains(&condition);
        let mean = |attribute| {
            let known = track.stretches(length).filter_map(|(steps, values)| {
                Some((steps.len() as f64, values.attribute(attribute)?)).filter(|_| has(attribute))
            });
            let (steps, sum) = known.fold((0.0, 0.0), |(n, sum), (steps, v)| (n + steps, sum + steps * v));
            // Three digits are finer than any level.
            (steps > 0.0).then(|| (sum / steps * 1000.0).round() / 1000.0)
        };
        let (_, longest) = track.stretches(length).max_by_key(|(steps, _)| steps.len())?;
        Some(Self {
            style: longest.style.clone().filter(|_| has(Condition::Style)),
            metre: longest.metre.filter(|_| has(Condition::Metre)),
            density: mean(Condition::Density),
            polyphony: mean(Condition::Polyphony),
            register: mean(Condition::Register),
            key: longest.key.filter(|_| has(Condition::Key)).map(|key| (key.tonic, key.minor)),
            form: form.filter(|_| has(Condition::Form)).map(|form| form.first(MOST_BARS)).unwrap_or_default(),
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
    fn values(&self) -> ConditionValues {
        ConditionValues {
            style: self.style.clone(),
            metre: self.metre,
            density: self.density,
            polyphony: self.polyphony,
            register: self.register,
            key: self.key.map(|(tonic, minor)| Key { tonic, minor }),
            bars_left: None,
            form: false,
        }
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

impl Conditions {
    /// Completes what is asked for: with the other conditions of a training piece that is drawn among those that have what is asked for,
    /// each condition by its value or level, or among those that share most of it where none has all; of them, among those with `bars` bars or
    /// more, if there are any. So conditions come together as they do in the training music. The form is that of the same piece, if the model
    /// is told of it.
    pub fn draw(&self, asked: &ConditionValues, bars: usize, rng: &mut impl Rng) -> (ConditionValues, Form) {
        let whole = || Condition::ALL.into_iter().filter(|&c| c != Condition::BarsLeft && asked.gives(c));
        let shared = |piece: &PieceConditions| {
            let values = piece.values();
            whole().filter(|&c| self.place(c, asked, 0) == self.place(c, &values, 0)).count()
        };
        let counts: Vec<usize> = self.pieces.iter().map(shared).collect();
        let most = counts.iter().copied().max().unwrap_or_default();
        let mut fitting: Vec<usize> = (0..counts.len()).filter(|&piece| counts[piece] == most).collect();
        let long = |&piece: &usize| self.pieces[piece].form.bars() >= bars.min(MOST_BARS);
        if fitting.iter().any(long) {
            fitting.retain(long);
        }
        if fitting.is_empty() {
            return (asked.clone(), Form::default());
        }
        let piece = &self.pieces[fitting[rng.random_range(0..fitting.len())]];
        let drawn = piece.values();
        let values = ConditionValues {
            style: asked.style.clone().or(drawn.style),
            metre: asked.metre.or(drawn.metre),
            density: asked.density.or(drawn.density),
            polyphony: asked.polyphony.or(drawn.polyphony),
            register: asked.register.or(drawn.register),
            key: asked.key.or(drawn.key),
            bars_left: asked.bars_left,
            form: asked.form,
        };
        (values, piece.form.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn piece(style: &str, density: f64, tonic: u8) -> ConditionTrack {
        let values = ConditionValues {
            style: Some(style.to_owned()),
            density: Some(density),
            key: Some(Key { tonic, minor: false }),
            ..ConditionValues::default()
        };
        ConditionTrack::from(values)
    }

    #[test]
    fn what_is_not_asked_for_is_that_of_a_piece_which_has_what_is() {
        let pieces = [piece("rag", 8.0, 0), piece("rag", 7.0, 5), piece("hymn", 2.0, 7)];
        let which = [Condition::Style, Condition::Density, Condition::Key];
        let known = Conditions::learn(&which, pieces.iter().map(|track| (track, 100, None)));
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let asked = |style: &str| ConditionValues::asked(Some(style.to_owned()), [None; 3]);
        let hymn = known.draw(&asked("hymn"), 8, &mut rng).0;
        assert_eq!((hymn.density, hymn.key), (Some(2.0), Some(Key { tonic: 7, minor: false })));
        let keys: Vec<u8> = (0..40)
            .filter_map(|_| known.draw(&asked("rag"), 8, &mut rng).0.key)
            .map(|key| key.tonic)
            .collect();
        assert!(keys.contains(&0) && keys.contains(&5) && !keys.contains(&7), "{keys:?}");
        let dense = known.draw(&ConditionValues { density: Some(9.0), ..asked("hymn") }, 8, &mut rng).0;
        assert_eq!((dense.density, dense.style.as_deref()), (Some(9.0), Some("hymn")));
        assert_eq!(Conditions::default().draw(&asked("x"), 8, &mut rng).0, asked("x"));
    }

    #[test]
    fn a_model_file_keeps_pieces_from_all_over_the_training_music() {
        let pieces: Vec<PieceConditions> = (0..2000)
            .map(|place| PieceConditions { density: Some(f64::from(place)), ..PieceConditions::default() })
            .collect();
        let kept = PieceConditions::some_of(pieces);
        assert_eq!((kept.len(), kept[511].density), (MOST, Some(1996.0)));
    }
}
