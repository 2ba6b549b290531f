//! MUSHRA (ITU-R BS.1534-3): grades of versions of a piece from 0 to 100, and who heard the hidden reference.

use super::judgements::{Answer, Judgement};
use super::ratings::{Ratings, ratings};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Grades below this for the hidden reference count against a listener.
pub const REFERENCE_GRADE: f64 = 90.0;
/// Share of trials beyond which such a listener is left out (BS.1534-3, post-screening).
pub const MAX_SHARE: f64 = 0.15;

/// Grades of all systems.
#[derive(Clone, Debug, Serialize)]
pub struct Mushra {
    /// Means with intervals over listeners and pieces, Friedman's test, and every two systems (Wilcoxon, Holm), of the listeners who
    /// stay.
    pub grades: Ratings,
    /// Whose hidden reference it is.
    pub reference: String,
    /// How often each listener graded the hidden reference below 90.
    pub screening: Vec<Screened>,
}

/// How a listener graded the hidden reference.
#[derive(Clone, Debug, Serialize)]
pub struct Screened {
    /// The listener.
    pub listener: String,
    /// Trials.
    pub trials: u64,
    /// Those with a grade below 90.
    pub below: u64,
    /// Whether that is more than 15 %, so that the listener is left out.
    pub left_out: bool,
}

/// The name of the grades among the ratings.
const SCALE: &str = "MUSHRA";

/// Sums MUSHRA up; `None` without any grades.
pub fn mushra(judgements: &[Judgement], seed: u64) -> Option<Mushra> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut reference = None;
    for judgement in judgements {
        let Answer::Mushra { system, is_reference: true, value } = &judgement.answer else { continue };
        reference = Some(system.clone());
        let (trials, below) = counts.entry(&judgement.listener).or_default();
        *trials += 1;
        *below += u64::from(*value < REFERENCE_GRADE);
    }
    let screening: Vec<Screened> = counts
        .into_iter()
        .map(|(listener, (trials, below))| Screened {
            listener: listener.into(),
            trials,
            below,
            left_out: below as f64 > MAX_SHARE * trials as f64,
        })
        .collect();
    let out: BTreeSet<&str> = screening
        .iter()
        .filter(|listener| listener.left_out)
        .map(|listener| listener.listener.as_str())
        .collect();
    let grades: Vec<Judgement> = judgements
        .iter()
        .filter(|judgement| !out.contains(judgement.listener.as_str()))
        .filter_map(|judgement| {
            let Answer::Mushra { system, value, .. } = &judgement.answer else { return None };
            let answer = Answer::Rating { system: system.clone(), scale: SCALE.into(), value: *value };
            Some(Judgement { answer, ..judgement.clone() })
        })
        .collect();
    let empty = Ratings {
        scale: SCALE.into(),
        means: BTreeMap::new(),
        p_any_difference: f64::NAN,
        comparisons: Vec::new(),
    };
    Some(Mushra { grades: ratings(&grades, seed).pop().unwrap_or(empty), reference: reference?, screening })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_hear_the_reference_is_left_out() {
        let grade = |listener: usize, piece: usize, system: &str, value: f64| Judgement {
            listener: listener.to_string(),
            piece: piece.to_string(),
            answer: Answer::Mushra { system: system.into(), is_reference: system == "bach", value },
        };
        let mut judgements = Vec::new();
        for listener in 0..8 {
            for piece in 0..6 {
                // Listener 7 hears nothing; listener 6 errs once in six times, which is more than 15 %; 5 grades 90.
                let reference = match (listener, piece) {
                    (7, _) => 20.0,
                    (6, 0) => 80.0,
                    (5, _) => 90.0,
                    _ => 100.0,
                };
                judgements.push(grade(listener, piece, "bach", reference));
                judgements.push(grade(listener, piece, "lstm", 60.0 + (listener * 3 + piece) as f64 % 7.0));
                judgements.push(grade(listener, piece, "anchor", 10.0));
            }
        }
        let mushra = mushra(&judgements, 1).unwrap();
        let out: Vec<&str> =
            mushra.screening.iter().filter(|who| who.left_out).map(|who| who.listener.as_str()).collect();
        assert_eq!((out, mushra.reference.as_str()), (vec!["6", "7"], "bach"));
        assert_eq!(mushra.grades.means["anchor"].estimate, 10.0);
        assert!((mushra.grades.means["bach"].estimate - 590.0 / 6.0).abs() < 1e-9);
        assert!(mushra.grades.p_any_difference < 0.01 && mushra.grades.comparisons.len() == 3);
        assert!(super::mushra(&[], 1).is_none());
    }
}
