//! [`PieceConditions`]: the conditions of excerpts of training pieces, from which those of a composition are drawn.

use super::{Condition, ConditionTrack, ConditionValues, Conditions, HarmonyPlan};
use crate::form::Form;
use composer_music::Metre;
use composer_music::key::Key;
use rand::{Rng, RngExt};
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
    /// Of its bars, the last of which are those of the piece.
    #[serde(skip_serializing_if = "is_none")]
    form: Form,
    /// Of the same bars.
    #[serde(skip_serializing_if = "is_unknown")]
    harmony: HarmonyPlan,
}

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

/// By how much of the density that is asked for that of an excerpt may differ if its rhythm is to be taken.
const ANOTHER_DENSITY: f64 = 0.25;

/// Most bars of an excerpt: those of a part of a piece and its ending.
const MOST_BARS: usize = 64;

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
        let harmony = if has(Condition::Harmony) {
            HarmonyPlan::of_track(track, length)
        } else {
            HarmonyPlan::default()
        };
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
            harmony: None,
        }
    }

    /// Bars whose form or harmony is kept.
    fn bars(&self) -> usize {
        self.form.bars().max(self.harmony.bars())
    }

    /// How many compositions of so many bars it holds, at least 1; of unknown length: as many as it has bars.
    fn holds(&self, bars: usize) -> usize {
        (self.bars() / bars.max(1)).max(1)
    }

    /// Semitones from the key of the piece up to one of the same mode that is asked for; `None` where the modes differ, or the piece has no harmony
    /// that could be transposed.
    fn semitones_to(&self, asked: &ConditionValues) -> Option<i8> {
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
        let Some(piece) = self.drawn_piece(&fitting, bars, rng) else {
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
        // All places where it may begin are equally likely.
        let start = rng.random_range(0..=piece.bars().saturating_sub(bars));
        let (start, bars) = if bars == 0 { (0, piece.bars()) } else { (start, bars) };
        let form = piece.form.excerpt(start, bars);
        // Music of another density has another rhythm.
        let dense = |(asked, of_piece): (f64, f64)| (asked - of_piece).abs() <= ANOTHER_DENSITY * asked;
        let rhythm = asked.density.is_none() || asked.density.zip(piece.density).is_some_and(dense);
        let form = if rhythm { form } else { form.without_rhythm() };
        Drawn { values, form, harmony: harmony.excerpt(start, bars) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::Harmony;
    use composer_music::BarMap;
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

    #[test]
    fn a_model_file_keeps_pieces_from_all_over_the_training_music() {
        let pieces: Vec<PieceConditions> = (0..2000)
            .map(|place| PieceConditions { density: Some(f64::from(place)), ..PieceConditions::default() })
            .collect();
        let kept = PieceConditions::some_of(pieces);
        assert_eq!((kept.len(), kept[159].density), (MOST, Some(1987.0)));
    }
}
