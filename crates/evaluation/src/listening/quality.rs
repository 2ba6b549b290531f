//! How far answers can be relied on: catch trials, repeated trials, known pieces, the side that was chosen, and confidence.

use super::judgements::{Answer, Judgement, TrialAnswer};
use crate::significance::Interval;
use crate::significance::hypothesis::{binomial_test, exact_interval};
use serde::Serialize;
use std::collections::BTreeMap;

/// Share of failed catch trials from which a listener is left out.
pub const MAX_FAILED: f64 = 0.5;
/// Ratings this close to each other agree.
const RATING_TOLERANCE: f64 = 1.0;
/// Grades this close to each other agree.
const GRADE_TOLERANCE: f64 = 10.0;

/// What a study says of its own answers.
#[derive(Clone, Debug, Serialize)]
pub struct Quality {
    /// Every listener, by name.
    pub listeners: Vec<ListenerQuality>,
    /// Trials in which the piece was known.
    pub known: u64,
    /// Repeated trials that agree with the first time, with the exact interval of their share; `None` without any.
    pub repeats: Option<Share>,
    /// Of two that were not judged equal, how often the one that was presented first was chosen; the test is against ½.
    pub first_chosen: Option<Share>,
    /// Human or machine: correct answers by confidence, from 1 (a guess) to 5.
    pub confidence: Vec<Confidence>,
}

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListenerQuality {
    /// The anonymous name.
    pub listener: String,
    /// Answers, all of them.
    pub answers: u64,
    /// Catch trials.
    pub catches: u64,
    /// Those that were failed.
    pub failed: u64,
    /// Repeated trials.
    pub repeats: u64,
    /// Those that agree with the first time.
    pub agreed: u64,
    /// Whether at least half of the catch trials were failed: the rule by which a listener is left out.
    pub is_inattentive: bool,
}

/// A number of cases among others.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Share {
    /// The cases.
    pub count: u64,
    /// All.
    pub of: u64,
    /// Their share with its exact interval.
    pub share: Interval,
    /// Two-sided exact binomial test against ½.
    pub p_value: f64,
}

/// Answers with one confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Confidence {
    /// 1–5.
    pub confidence: u8,
    /// Answers.
    pub answers: u64,
    /// Correct ones.
    pub correct: u64,
}

impl Share {
    fn new(count: u64, of: u64) -> Option<Self> {
        let share =
            Self { count, of, share: exact_interval(count, of), p_value: binomial_test(count, of, 0.5) };
        (of > 0).then_some(share)
    }
}

/// Sums up what the trials of a study say of themselves; `None` where they are plain judgements.
pub fn quality(trials: &[TrialAnswer]) -> Option<Quality> {
    if trials.iter().all(|trial| trial.trial.is_none()) {
        return None;
    }
    let mut listeners: BTreeMap<&str, ListenerQuality> = BTreeMap::new();
    let first: BTreeMap<(&str, u64), &TrialAnswer> =
        trials.iter().filter_map(|trial| Some(((trial.listener(), trial.trial?), trial))).collect();
    for trial in trials {
        let name = trial.listener();
        let listener = listeners.entry(name).or_insert_with(|| ListenerQuality {
            listener: name.into(),
            answers: 0,
            catches: 0,
            failed: 0,
            repeats: 0,
            agreed: 0,
            is_inattentive: false,
        });
        listener.answers += 1;
        if let Some(passed) = trial.passed {
            listener.catches += 1;
            listener.failed += u64::from(!passed);
        }
        if let Some(before) = trial.repeat_of.and_then(|number| first.get(&(name, number))) {
            listener.repeats += 1;
            listener.agreed += u64::from(agree(&before.judgements, &trial.judgements));
        }
    }
    for listener in listeners.values_mut() {
        listener.is_inattentive =
            listener.failed > 0 && listener.failed as f64 >= MAX_FAILED * listener.catches as f64;
    }
    let sum = |count: fn(&ListenerQuality) -> u64| listeners.values().map(count).sum();
    let chosen: Vec<bool> =
        trials.iter().filter(|trial| trial.is_main()).filter_map(|trial| trial.chose_first).collect();
    Some(Quality {
        known: trials.iter().filter(|trial| trial.known).count() as u64,
        repeats: Share::new(sum(|listener| listener.agreed), sum(|listener| listener.repeats)),
        first_chosen: Share::new(chosen.iter().filter(|&&first| first).count() as u64, chosen.len() as u64),
        confidence: confidence(trials),
        listeners: listeners.into_values().collect(),
    })
}

/// Whether two answers to one question agree, in whatever order the music was presented.
fn agree(before: &[Judgement], after: &[Judgement]) -> bool {
    before.len() == after.len()
        && before.iter().all(|before| after.iter().any(|after| same(&before.answer, &after.answer)))
}

fn same(before: &Answer, after: &Answer) -> bool {
    match (before, after) {
        (Answer::Pair { first, score, .. }, Answer::Pair { first: other, score: again, .. }) => {
            if first == other { score == again } else { *score == 1.0 - again }
        }
        (Answer::Origin { said_human, .. }, Answer::Origin { said_human: again, .. }) => said_human == again,
        (Answer::Abx { correct, .. }, Answer::Abx { correct: again, .. }) => correct == again,
        (Answer::Rating { scale, value, .. }, Answer::Rating { scale: other, value: again, .. }) => {
            scale == other && (value - again).abs() <= RATING_TOLERANCE
        }
        (Answer::Mushra { system, value, .. }, Answer::Mushra { system: other, value: again, .. }) => {
            system == other && (value - again).abs() <= GRADE_TOLERANCE
        }
        _ => false,
    }
}

fn confidence(trials: &[TrialAnswer]) -> Vec<Confidence> {
    let mut table: BTreeMap<u8, Confidence> = BTreeMap::new();
    for trial in trials.iter().filter(|trial| trial.is_main()) {
        let Some(confidence) = trial.confidence else { continue };
        for judgement in &trial.judgements {
            let Answer::Origin { human, said_human } = judgement.answer else { continue };
            let row = table.entry(confidence).or_insert(Confidence { confidence, answers: 0, correct: 0 });
            row.answers += 1;
            row.correct += u64::from(human == said_human);
        }
    }
    table.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(listener: &str, number: u64, score: f64, flipped: bool) -> TrialAnswer {
        let (first, second) = if flipped { ("b", "a") } else { ("a", "b") };
        let answer = Answer::Pair { first: first.into(), second: second.into(), score };
        TrialAnswer {
            judgements: vec![Judgement { listener: listener.into(), piece: "p".into(), answer }],
            trial: Some(number),
            passed: None,
            repeat_of: None,
            known: false,
            confidence: None,
            chose_first: (score != 0.5).then_some(score == 1.0),
        }
    }

    #[test]
    fn listeners_are_judged_by_catch_trials_and_by_themselves() {
        let catch = |listener, number, passed| TrialAnswer {
            passed: Some(passed),
            ..trial(listener, number, 1.0, false)
        };
        let again = |listener, score| TrialAnswer { repeat_of: Some(1), ..trial(listener, 9, score, true) };
        let trials = [
            trial("1", 1, 1.0, false),
            catch("1", 2, true),
            catch("1", 3, true),
            catch("1", 4, false),
            again("1", 0.0),
            trial("2", 1, 0.0, false),
            catch("2", 2, false),
            catch("2", 3, true),
            again("2", 0.0),
            trial("3", 1, 0.5, false),
            again("3", 0.5),
        ];
        let quality = quality(&trials).unwrap();
        let inattentive: Vec<bool> =
            quality.listeners.iter().map(|listener| listener.is_inattentive).collect();
        assert_eq!(inattentive, [false, true, false]);
        let agreed: Vec<u64> = quality.listeners.iter().map(|listener| listener.agreed).collect();
        assert_eq!((agreed, quality.repeats.unwrap().of), (vec![1, 0, 1], 3));
        let first = quality.first_chosen.unwrap();
        assert_eq!((first.count, first.of), (1, 2));
        let plain = TrialAnswer { trial: None, ..trial("1", 1, 1.0, false) };
        assert!(super::quality(&[plain]).is_none());
    }
}
