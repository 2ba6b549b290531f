//! Judgements as CSV, for other programs.

use super::judgements::{Answer, TrialAnswer};

/// Judgements as CSV, one a line, with the fields that [`read_trials_csv`](super::read_trials_csv) reads. A catch trial is written with
/// the answer that was expected, as far as the judgement tells it.
pub fn trials_csv(trials: &[TrialAnswer]) -> String {
    let mut text = String::from(
        "kind,listener,trial,piece,system,system_b,scale,answer,x,catch,repeat_of,known,confidence\n",
    );
    for trial in trials {
        for judgement in &trial.judgements {
            let said = Said::of(&judgement.answer, trial);
            let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
            let fields = [
                said.kind.to_owned(),
                judgement.listener.clone(),
                number(trial.trial),
                judgement.piece.clone(),
                said.system,
                said.system_b,
                said.scale,
                said.answer,
                said.x,
                said.catch,
                number(trial.repeat_of),
                trial.known.to_string(),
                number(trial.confidence.map(u64::from)),
            ];
            text.push_str(&fields.map(|field| quoted(&field)).join(","));
            text.push('\n');
        }
    }
    text
}

/// A field; in quotes where it has to be.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// What the fields of a judgement hold.
#[derive(Default)]
struct Said {
    kind: &'static str,
    system: String,
    system_b: String,
    scale: String,
    answer: String,
    x: String,
    catch: String,
}

impl Said {
    fn of(answer: &Answer, trial: &TrialAnswer) -> Self {
        let origin = |human: bool| if human { "human" } else { "machine" }.to_owned();
        let letter = |first: bool| if first { "a" } else { "b" }.to_owned();
        match answer {
            Answer::Pair { first, second, score } => {
                let answer = if *score == 0.5 { "tie".into() } else { letter(*score > 0.5) };
                // Who failed and did not choose the first should have.
                let catch = trial.passed.map(|passed| letter((*score > 0.5) == passed));
                Self {
                    kind: "pair",
                    system: first.clone(),
                    system_b: second.clone(),
                    answer,
                    catch: catch.unwrap_or_default(),
                    ..Self::default()
                }
            }
            Answer::Origin { human, said_human } => Self {
                kind: "origin",
                system: origin(*human),
                answer: origin(*said_human),
                catch: trial.passed.map(|_| origin(*human)).unwrap_or_default(),
                ..Self::default()
            },
            Answer::Rating { system, scale, value } => Self {
                kind: "rating",
                system: system.clone(),
                scale: scale.clone(),
                answer: value.to_string(),
                catch: trial.passed.map(|_| "low".into()).unwrap_or_default(),
                ..Self::default()
            },
            Answer::Abx { first, second, correct } => {
                let chose_first = trial.chose_first.unwrap_or(true);
                let x = letter(chose_first == *correct);
                Self {
                    kind: "abx",
                    system: first.clone(),
                    system_b: second.clone(),
                    answer: letter(chose_first),
                    catch: trial.passed.map(|_| x.clone()).unwrap_or_default(),
                    x,
                    ..Self::default()
                }
            }
            Answer::Mushra { system, is_reference, value } => Self {
                kind: "mushra",
                system: system.clone(),
                system_b: if *is_reference { system.clone() } else { String::new() },
                answer: value.to_string(),
                ..Self::default()
            },
        }
    }
}
