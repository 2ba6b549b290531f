//! Judgements and the files that they come in: JSON lines or CSV, one judgement each, with the same field names.

use serde::Deserialize;

/// What a listener said of one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Anonymous name of the listener.
    pub listener: String,
    /// Name of the piece (of a pair: of what both have in common, for example the primer).
    pub piece: String,
    /// What was asked and answered.
    pub answer: Answer,
}

/// What was asked and answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Which of two is better.
    Pair {
        /// System that made the first.
        first: String,
        /// System that made the second.
        second: String,
        /// 1 for the first, 0 for the second, ½ for "equal".
        score: f64,
    },
    /// Whether a human or a machine wrote it.
    Origin {
        /// The truth.
        human: bool,
        /// What the listener said.
        said_human: bool,
    },
    /// A rating on a scale.
    Rating {
        /// The system that made the piece.
        system: String,
        /// The scale, for example "harmony".
        scale: String,
        /// 1–5.
        value: f64,
    },
    /// Which of two a third one is.
    Abx {
        /// System that made A.
        first: String,
        /// System that made B.
        second: String,
        /// Whether the answer was right.
        correct: bool,
    },
    /// One version of a piece among several (ITU-R BS.1534).
    Mushra {
        /// The system that made it.
        system: String,
        /// Whether it was the hidden reference.
        is_reference: bool,
        /// 0–100.
        value: f64,
    },
}

/// What a listener said in one trial of a study, and how it is to be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialAnswer {
    /// The judgements: one, or one for each scale or version.
    pub judgements: Vec<Judgement>,
    /// The number of the trial for this listener.
    pub trial: Option<u64>,
    /// Where the answer is known (a catch trial): whether it was given.
    pub passed: Option<bool>,
    /// The number of the trial that this one repeats.
    pub repeat_of: Option<u64>,
    /// Whether the listener knew the piece.
    pub known: bool,
    /// How sure the listener was, 1–5.
    pub confidence: Option<u8>,
    /// Whether the first of two was chosen; `None`: they were equal, or there was one.
    pub chose_first: Option<bool>,
}

impl TrialAnswer {
    /// Whether it counts: no catch trial, no repetition.
    pub fn is_main(&self) -> bool {
        self.passed.is_none() && self.repeat_of.is_none()
    }

    /// The listener.
    pub fn listener(&self) -> &str {
        self.judgements.first().map_or("", |judgement| &judgement.listener)
    }
}

/// Why a file of judgements cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line that is not understood.
    #[error("judgement {line}: {reason}")]
    Line {
        /// The judgement, counted from 1 (a CSV header is not counted).
        line: usize,
        /// What is wrong and what is expected.
        reason: String,
    },
}

/// A line as it stands in the file.
#[derive(Deserialize)]
struct Row {
    kind: String,
    listener: String,
    piece: String,
    #[serde(default)]
    system: String,
    #[serde(default)]
    system_b: String,
    #[serde(default)]
    scale: String,
    answer: serde_json::Value,
    #[serde(default)]
    trial: Option<u64>,
    #[serde(default)]
    catch: Option<String>,
    #[serde(default)]
    repeat_of: Option<u64>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    known: Option<bool>,
    #[serde(default)]
    confidence: Option<u8>,
}

/// Lines that a study writes beside the answers.
const EVENTS: [&str; 3] = ["study", "participant", "questionnaire"];

/// The mean rating up to which a spoiled piece counts as noticed.
const LOW_RATING: f64 = 2.5;

/// Reads JSON lines: `{"kind", "listener", "piece", "system", "system_b", "scale", "answer"}`; of a study, those that count.
///
/// `kind` is `pair` (`answer`: `a`, `b` or `tie`, of `system` and `system_b`), `origin` (`system`: `human` or `machine`;
/// `answer` likewise), `rating` (`answer`: 1–5 on `scale`), `abx` (`answer` and `x`: `a` or `b`) or `mushra`. Empty lines are skipped.
///
/// # Errors
/// The first line that is not understood, with its number.
pub fn read_jsonl(text: &str) -> Result<Vec<Judgement>, Error> {
    Ok(counted(read_trials_jsonl(text)?))
}

/// Reads CSV with a header of the field names of [`read_jsonl`], in any order; fields that do not apply are empty.
///
/// # Errors
/// The first line that is not understood, with its number.
pub fn read_csv(text: &str) -> Result<Vec<Judgement>, Error> {
    Ok(counted(read_trials_csv(text)?))
}

/// The judgements of trials that count.
fn counted(trials: Vec<TrialAnswer>) -> Vec<Judgement> {
    trials.into_iter().filter(TrialAnswer::is_main).flat_map(|trial| trial.judgements).collect()
}

/// Reads JSON lines with what a study adds to each: `trial`, `catch` (the right answer, where it is known), `repeat_of`, `known`,
/// `confidence`. A rating may hold all scales (`{"scale": 1…5}`), `mushra` all versions (`{"system": 0…100}`, `system` being the
/// reference). Lines about participants are skipped.
///
/// # Errors
/// The first line that is not understood, with its number.
pub fn read_trials_jsonl(text: &str) -> Result<Vec<TrialAnswer>, Error> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).enumerate();
    let read = |(i, line): (usize, &str)| {
        let value = serde_json::from_str::<serde_json::Value>(line).map_err(|error| error.to_string());
        let trial = value.and_then(|value| {
            let kind = value.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
            if EVENTS.contains(&kind) {
                return Ok(None);
            }
            serde_json::from_value(value).map_err(|error| error.to_string()).and_then(trial).map(Some)
        });
        trial.map_err(|reason| Error::Line { line: i + 1, reason }).transpose()
    };
    lines.filter_map(read).collect()
}

/// The same from CSV, as [`super::trials_csv`] writes it.
///
/// # Errors
/// The first line that is not understood, with its number.
pub fn read_trials_csv(text: &str) -> Result<Vec<TrialAnswer>, Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize::<Row>().enumerate();
    rows.map(|(i, row)| {
        let row = row.map_err(|error| error.to_string());
        row.and_then(trial).map_err(|reason| Error::Line { line: i + 1, reason })
    })
    .collect()
}

fn trial(row: Row) -> Result<TrialAnswer, String> {
    let said = match &row.answer {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let answers = answers(&row, &said)?;
    let passed =
        row.catch.as_deref().filter(|expected| !expected.is_empty()).map(|expected| match expected {
            "low" => {
                let values = answers.iter().map(|answer| match answer {
                    Answer::Rating { value, .. } | Answer::Mushra { value, .. } => *value,
                    _ => f64::NAN,
                });
                values.sum::<f64>() / answers.len() as f64 <= LOW_RATING
            }
            expected => said == expected,
        });
    let chose_first = match (row.kind.as_str(), said.as_str()) {
        ("pair" | "abx", "a") => Some(true),
        ("pair" | "abx", "b") => Some(false),
        _ => None,
    };
    let judgement = |answer| Judgement { listener: row.listener.clone(), piece: row.piece.clone(), answer };
    Ok(TrialAnswer {
        judgements: answers.into_iter().map(judgement).collect(),
        trial: row.trial,
        passed,
        repeat_of: row.repeat_of,
        known: row.known.unwrap_or(false),
        confidence: row.confidence,
        chose_first,
    })
}

/// What one line says: usually one thing.
fn answers(row: &Row, said: &str) -> Result<Vec<Answer>, String> {
    let two = |row: &Row| match row.system.is_empty() || row.system_b.is_empty() {
        true => {
            Err(format!("{} needs system and system_b", if row.kind == "abx" { "ABX" } else { "a pair" }))
        }
        false => Ok((row.system.clone(), row.system_b.clone())),
    };
    match row.kind.as_str() {
        "pair" => {
            let score = match said {
                "a" => 1.0,
                "b" => 0.0,
                "tie" => 0.5,
                other => return Err(format!("the answer to a pair is {other:?}, and must be a, b or tie")),
            };
            let (first, second) = two(row)?;
            Ok(vec![Answer::Pair { first, second, score }])
        }
        "origin" => Ok(vec![Answer::Origin { human: is_human(&row.system)?, said_human: is_human(said)? }]),
        "rating" => match &row.answer {
            serde_json::Value::Object(scales) => {
                scales.iter().map(|(scale, value)| rating(&row.system, scale, &value.to_string())).collect()
            }
            _ => Ok(vec![rating(&row.system, &row.scale, said)?]),
        },
        "abx" => {
            let x = row.x.as_deref().unwrap_or_default();
            if !matches!(said, "a" | "b") || !matches!(x, "a" | "b") {
                return Err(format!("the answer of ABX is {said:?} and x is {x:?}: both must be a or b"));
            }
            let (first, second) = two(row)?;
            Ok(vec![Answer::Abx { first, second, correct: said == x }])
        }
        "mushra" => match &row.answer {
            serde_json::Value::Object(versions) => versions
                .iter()
                .map(|(system, value)| grade(system, *system == row.system, &value.to_string()))
                .collect(),
            _ => Ok(vec![grade(&row.system, row.system == row.system_b, said)?]),
        },
        other => Err(format!("the kind is {other:?}, and must be pair, origin, rating, abx or mushra")),
    }
}

fn rating(system: &str, scale: &str, said: &str) -> Result<Answer, String> {
    match said.parse::<f64>() {
        Ok(value) if (1.0..=5.0).contains(&value) => {
            Ok(Answer::Rating { system: system.into(), scale: scale.into(), value })
        }
        _ => Err(format!("the rating is {said:?}, and must be a number from 1 to 5")),
    }
}

fn grade(system: &str, is_reference: bool, said: &str) -> Result<Answer, String> {
    match said.parse::<f64>() {
        Ok(value) if (0.0..=100.0).contains(&value) => {
            Ok(Answer::Mushra { system: system.into(), is_reference, value })
        }
        _ => Err(format!("the grade is {said:?}, and must be a number from 0 to 100")),
    }
}

fn is_human(word: &str) -> Result<bool, String> {
    match word {
        "human" => Ok(true),
        "machine" => Ok(false),
        other => Err(format!("the origin is {other:?}, and must be human or machine")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSONL: &str = r#"
{"kind":"pair","listener":"l1","piece":"p1","system":"lstm","system_b":"rnn","answer":"a"}
{"kind":"origin","listener":"l1","piece":"p2","system":"machine","answer":"human"}

{"kind":"rating","listener":"l2","piece":"p3","system":"gru","scale":"harmony","answer":4}
"#;
    const CSV: &str = "kind,listener,piece,system,system_b,scale,answer\n\
                       pair,l1,p1,lstm,rnn,,a\norigin,l1,p2,machine,,,human\nrating,l2,p3,gru,,harmony,4\n";

    #[test]
    fn both_forms_say_the_same() {
        let judgements = read_jsonl(JSONL).unwrap();
        assert_eq!(judgements, read_csv(CSV).unwrap());
        assert_eq!(judgements[1].answer, Answer::Origin { human: false, said_human: true });
    }

    #[test]
    fn wrong_lines_are_named() {
        for (wrong, words) in [
            (CSV.replace(",a\n", ",x\n"), "judgement 1: the answer to a pair is \"x\""),
            (CSV.replace(",4\n", ",9\n"), "judgement 3: the rating is \"9\""),
            (CSV.replace("origin,", "guess,"), "judgement 2: the kind is \"guess\""),
        ] {
            assert!(read_csv(&wrong).unwrap_err().to_string().starts_with(words));
        }
        assert!(read_jsonl("not json").unwrap_err().to_string().starts_with("judgement 1: "));
    }

    /// As `composer listen serve` writes them.
    const STUDY: &str = r#"
{"kind":"study","fingerprint":"f","title":"t","participants":2,"trials":3}
{"kind":"participant","listener":"p001","secret":"s","time":1}
{"kind":"questionnaire","listener":"p001","answers":{"training":"none"}}
{"kind":"pair","listener":"p001","piece":"1","system":"bach","system_b":"rnn","answer":"b","trial":1,"known":true,"listened":[5,5]}
{"kind":"pair","listener":"p001","piece":"1","system":"bach","system_b":"anchor","answer":"b","trial":2,"catch":"a"}
{"kind":"pair","listener":"p001","piece":"1","system":"rnn","system_b":"bach","answer":"a","trial":3,"repeat_of":1}
{"kind":"rating","listener":"p001","piece":"1","system":"rnn","answer":{"harmony":2,"rhythm":3},"trial":4,"catch":"low"}
{"kind":"abx","listener":"p001","piece":"1","system":"bach","system_b":"rnn","answer":"b","x":"b","trial":5}
{"kind":"mushra","listener":"p001","piece":"1","system":"bach","answer":{"bach":100,"rnn":40.5},"trial":6}
"#;

    #[test]
    fn the_lines_of_a_study_say_what_counts() {
        let trials = read_trials_jsonl(STUDY).unwrap();
        let passed: Vec<Option<bool>> = trials.iter().map(|trial| trial.passed).collect();
        assert_eq!(passed, [None, Some(false), None, Some(true), None, None]);
        assert!(trials[0].known && trials[0].is_main() && trials[0].chose_first == Some(false));
        assert!(!trials[2].is_main() && trials[2].repeat_of == Some(1) && trials[2].listener() == "p001");
        assert_eq!(trials[3].judgements.len(), 2);
        let abx = Answer::Abx { first: "bach".into(), second: "rnn".into(), correct: true };
        assert_eq!(trials[4].judgements[0].answer, abx);
        let hidden = Answer::Mushra { system: "bach".into(), is_reference: true, value: 100.0 };
        assert_eq!(trials[5].judgements[0].answer, hidden);
        // What is read as plain judgements has neither catch trials nor repetitions.
        assert_eq!(read_jsonl(STUDY).unwrap().len(), 4);
        let wrong = read_jsonl(&STUDY.replace("\"x\":\"b\"", "\"x\":\"c\"")).unwrap_err();
        assert!(wrong.to_string().starts_with("judgement 8: "), "{wrong}");
        assert!(read_jsonl(&STUDY.replace("40.5", "140")).is_err());
    }

    #[test]
    fn csv_keeps_everything_that_the_analysis_uses() {
        let text = super::super::trials_csv(&read_trials_jsonl(STUDY).unwrap());
        let again = read_trials_csv(&text).unwrap();
        let judgements = |trials: &[TrialAnswer]| -> Vec<Judgement> {
            trials.iter().flat_map(|trial| trial.judgements.clone()).collect()
        };
        assert_eq!(judgements(&again), judgements(&read_trials_jsonl(STUDY).unwrap()));
        assert!(again[0].known && again[1].passed == Some(false) && again[2].repeat_of == Some(1));
        assert_eq!(counted(again), read_jsonl(STUDY).unwrap());
    }
}
