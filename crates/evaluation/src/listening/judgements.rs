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
}

/// Reads JSON lines: `{"kind", "listener", "piece", "system", "system_b", "scale", "answer"}`.
///
/// `kind` is `pair` (`answer`: `a`, `b` or `tie`, of `system` and `system_b`), `origin` (`system`: `human` or `machine`;
/// `answer` likewise) or `rating` (`answer`: 1–5 on `scale`). Empty lines are skipped.
///
/// # Errors
/// The first line that is not understood, with its number.
pub fn read_jsonl(text: &str) -> Result<Vec<Judgement>, Error> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).enumerate();
    lines
        .map(|(i, line)| {
            let row = serde_json::from_str(line).map_err(|error| error.to_string());
            row.and_then(judgement).map_err(|reason| Error::Line { line: i + 1, reason })
        })
        .collect()
}

/// Reads CSV with a header of the field names of [`read_jsonl`], in any order; fields that do not apply are empty.
///
/// # Errors
/// The first line that is not understood, with its number.
pub fn read_csv(text: &str) -> Result<Vec<Judgement>, Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize::<Row>().enumerate();
    rows.map(|(i, row)| {
        let row = row.map_err(|error| error.to_string());
        row.and_then(judgement).map_err(|reason| Error::Line { line: i + 1, reason })
    })
    .collect()
}

fn judgement(row: Row) -> Result<Judgement, String> {
    let said = match &row.answer {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let answer = match row.kind.as_str() {
        "pair" => {
            let score = match said.as_str() {
                "a" => 1.0,
                "b" => 0.0,
                "tie" => 0.5,
                other => return Err(format!("the answer to a pair is {other:?}, and must be a, b or tie")),
            };
            if row.system.is_empty() || row.system_b.is_empty() {
                return Err("a pair needs system and system_b".into());
            }
            Answer::Pair { first: row.system, second: row.system_b, score }
        }
        "origin" => Answer::Origin { human: is_human(&row.system)?, said_human: is_human(&said)? },
        "rating" => match said.parse::<f64>() {
            Ok(value) if (1.0..=5.0).contains(&value) => {
                Answer::Rating { system: row.system, scale: row.scale, value }
            }
            _ => return Err(format!("the rating is {said:?}, and must be a number from 1 to 5")),
        },
        other => return Err(format!("the kind is {other:?}, and must be pair, origin or rating")),
    };
    Ok(Judgement { listener: row.listener, piece: row.piece, answer })
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
}
