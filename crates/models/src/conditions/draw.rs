//! What is drawn: the conditions of a composition, of those of training pieces, and which ones a training does not tell.

use super::piece::MOST_BARS;
use super::{Condition, ConditionValues, Conditions, Dropped, HarmonyPlan, PieceConditions};
use crate::form::Form;
use composer_music::Metre;
use rand::{Rng, RngExt};
use std::ops::Range;

/// What a composition is told beside what was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// The conditions of the whole composition.
    pub values: ConditionValues,
    /// Its form, if the model is told of it.
    pub form: Form,
    /// The harmony of its bars, if the model is told of it; none where the key that is asked for has another mode than all training pieces.
    pub harmony: HarmonyPlan,
}

/// Places of excerpts that are drawn to find a rhythm that suits a density.
const PLACES: usize = 16;

/// Factors between densities, as logarithms: up to the first a rhythm is taken at once, beyond the second never.
const NEAR: f64 = 0.22;
const FAR: f64 = std::f64::consts::LN_2;

impl PieceConditions {
    /// How far the density of a part of it with this form is from one that is asked for, as the logarithm of their ratio: that of the whole, with as
    /// many more notes as there are more onsets.
    fn far_from(&self, asked: f64, form: &Form) -> f64 {
        let density = || Some(self.density? * form.onsets_per_quarter()? / self.form.onsets_per_quarter()?);
        density().map_or(f64::INFINITY, |density| (density / asked).ln().abs())
    }
}

impl Conditions {
    /// The training pieces that share most of what is asked for; a harmony can be transposed into any key of its mode.
    fn fitting(&self, asked: &ConditionValues) -> Vec<usize> {
        let whole = || Condition::ALL.into_iter().filter(|&c| c != Condition::BarsLeft && asked.gives(c));
        let shared = |piece: &PieceConditions| {
            let values = piece.values();
            let same = |c: Condition| self.place(c, asked, 0) == self.place(c, &values, 0);
            let transposed = |c| c == Condition::Key && piece.semitones_to(asked).is_some();
            whole().filter(|&c| same(c) || transposed(c)).count()
        };
        let counts: Vec<usize> = self.pieces.iter().map(shared).collect();
        let most = counts.iter().copied().max().unwrap_or_default();
        (0..counts.len()).filter(|&piece| counts[piece] == most).collect()
    }

    /// One of some excerpts, each as likely as it holds compositions of so many bars: long pieces have their share, as in a reference of excerpts.
    /// `None` of none.
    fn drawn_piece(&self, some: &[usize], bars: usize, rng: &mut impl Rng) -> Option<&PieceConditions> {
        let holds = some.iter().map(|&piece| self.pieces[piece].holds(bars));
        let mut place = rng.random_range(0..holds.clone().sum::<usize>().max(1));
        let (&piece, _) = some.iter().zip(holds).find(|&(_, holds)| {
            let found = place < holds;
            place -= if found { 0 } else { holds };
            found
        })?;
        Some(&self.pieces[piece])
    }

    /// The metre of a training piece that is drawn among those that have what is asked for; `None` if the model is not told of metres, or keeps no
    /// pieces.
    pub fn draw_metre(&self, asked: &ConditionValues, rng: &mut impl Rng) -> Option<Metre> {
        let known = self.metre.as_ref()?;
        self.drawn_piece(&self.fitting(asked), 0, rng)?.metre.filter(|metre| known.contains(metre))
    }

    /// Completes what is asked for: with the other conditions of an excerpt of a training piece that is drawn among those that have what is asked
    /// for, each condition by its value or level, or among those that share most of it where none has all; of them, among those with three quarters
    /// of `bars` bars or more, if there are any. So conditions come together as they do in the training music. Form and harmony are those of `bars` bars of the same
    /// excerpt, the last of them those of its piece, if the model is told of them, the harmony transposed to the key that is asked for.
    pub fn draw(&self, asked: &ConditionValues, bars: usize, rng: &mut impl Rng) -> Drawn {
        let mut fitting = self.fitting(asked);
        let long = |&piece: &usize| 4 * self.pieces[piece].bars() >= 3 * bars.min(MOST_BARS);
        if fitting.iter().any(long) {
            fitting.retain(long);
        }
        let Some((piece, places, form)) = self.drawn_place(&fitting, asked.density, bars, rng) else {
            return Drawn { values: asked.clone(), ..Drawn::default() };
        };
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
            harmony: None,
        };
        let harmony = match asked.key {
            None => piece.harmony.clone(),
            Some(_) => piece.semitones_to(asked).map(|up| piece.harmony.transpose(up)).unwrap_or_default(),
        };
        Drawn { values, form, harmony: harmony.excerpt(places.start, places.len()) }
    }

    /// Some bars of an excerpt, all places where they may begin equally likely, and their form. Music of another density has another rhythm: where a
    /// density is asked for, of up to [`PLACES`] that are drawn the first whose own is near, or else the nearest; without its rhythm if that is far. `None` of no excerpts.
    fn drawn_place(
        &self,
        fitting: &[usize],
        density: Option<f64>,
        bars: usize,
        rng: &mut impl Rng,
    ) -> Option<(&PieceConditions, Range<usize>, Form)> {
        let mut nearest = None;
        for _ in 0..PLACES {
            let piece = self.drawn_piece(fitting, bars, rng)?;
            let start = rng.random_range(0..=piece.bars().saturating_sub(bars));
            let places = if bars == 0 { 0..piece.bars() } else { start..start + bars };
            let form = piece.form.excerpt(places.start, places.len());
            let far = density.map_or(0.0, |asked| piece.far_from(asked, &form));
            if nearest.as_ref().is_none_or(|&(_, _, _, least)| far < least) {
                nearest = Some((piece, places, form, far));
            }
            if far <= NEAR {
                break;
            }
        }
        let (piece, places, form, far) = nearest?;
        Some((piece, places, if far <= FAR { form } else { form.without_rhythm() }))
    }
}

impl Dropped {
    /// Draws what is dropped of the conditions of a model while it is trained: with half of `probability` all, with the other half some,
    /// each number of them as likely, and else none. A single condition is dropped with `probability`.
    pub fn draw(conditions: &Conditions, probability: f64, rng: &mut impl Rng) -> Self {
        let mut known: Vec<Condition> = conditions.known().collect();
        let chance: f64 = rng.random();
        if chance >= probability {
            return Self::NONE;
        }
        if chance < 0.5 * probability || known.len() < 2 {
            return Self::ALL;
        }
        let count = rng.random_range(1..known.len());
        (0..count)
            .fold(Self::NONE, |dropped, _| dropped.and(known.swap_remove(rng.random_range(0..known.len()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::{ConditionTrack, Harmony};
    use composer_music::BarMap;
    use composer_music::key::Key;
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
        let hymn = known.draw(&asked("hymn"), 8, &mut rng).values;
        assert_eq!((hymn.density, hymn.key), (Some(2.0), Some(Key { tonic: 7, minor: false })));
        let keys: Vec<u8> = (0..40)
            .filter_map(|_| known.draw(&asked("rag"), 8, &mut rng).values.key)
            .map(|key| key.tonic)
            .collect();
        assert!(keys.contains(&0) && keys.contains(&5) && !keys.contains(&7), "{keys:?}");
        let dense = known.draw(&ConditionValues { density: Some(9.0), ..asked("hymn") }, 8, &mut rng).values;
        assert_eq!((dense.density, dense.style.as_deref()), (Some(9.0), Some("hymn")));
        assert_eq!(Conditions::default().draw(&asked("x"), 8, &mut rng).values, asked("x"));
    }

    #[test]
    fn harmony_follows_the_key_that_is_asked_for() {
        let bars = BarMap::uniform(4, "2/4".parse().unwrap());
        let chords = [0b1001_0001, 0b1000_1000_0100].map(|chord| [Some(Harmony::of_chord(chord)); 2]);
        let plan: HarmonyPlan = chords.into_iter().collect();
        let values =
            ConditionValues { key: Some(Key { tonic: 0, minor: false }), ..ConditionValues::default() };
        let track = ConditionTrack::in_bars(&values, &bars, Some(16)).with_harmony(&plan, &bars);
        let which = [Condition::Key, Condition::BarsLeft, Condition::Harmony];
        let known = Conditions::learn(&which, [(&track, 16, None)]);
        let drawn = |tonic, minor| {
            let asked = ConditionValues { key: Some(Key { tonic, minor }), ..ConditionValues::default() };
            known.draw(&asked, 2, &mut ChaCha8Rng::seed_from_u64(3)).harmony
        };
        assert_eq!((drawn(0, false), drawn(7, false)), (plan.clone(), plan.transpose(7)));
        assert_eq!(drawn(0, true).bars(), 0, "no piece in minor was learnt from");
        assert_eq!(
            known.draw(&ConditionValues::default(), 2, &mut ChaCha8Rng::seed_from_u64(3)).harmony,
            plan
        );
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<Conditions>(&text).unwrap(), known);
    }
}
