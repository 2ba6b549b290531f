//! An answer as a page sends it, checked against its trial, and as a line of the file of answers.

use super::design::{Kind, Study};
use super::plan::{Role, Trial};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a page sends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// A pair or ABX: `"a"`, `"b"` or `"tie"`; an origin: `"human"` or `"machine"`; a rating: `{"scale": 1…5}`; MUSHRA: `[0…100]`, in the
    /// order of presentation.
    pub answer: Value,
    /// How sure the listener is, 1–5, where that is asked.
    #[serde(default)]
    pub confidence: Option<u8>,
    /// Whether the listener knows the piece.
    pub known: bool,
    /// Seconds heard of each sound.
    pub listened: Vec<f64>,
}

/// A line of the file of answers: the fields that `composer listening` reads, and what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerLine {
    /// `pair`, `origin`, `rating`, `abx` or `mushra`.
    pub kind: String,
    /// The anonymous name of the listener.
    pub listener: String,
    /// The item.
    pub piece: String,
    /// Who made it; of a pair, the first; of MUSHRA, the reference.
    pub system: String,
    /// Of a pair, who made the second.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub system_b: String,
    /// The answer; of MUSHRA by the names of the systems.
    pub answer: Value,
    /// The number of the trial for this listener, from 1.
    pub trial: usize,
    /// The right answer, where it is known before; `low` for a rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch: Option<String>,
    /// The number of the trial that this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_of: Option<usize>,
    /// ABX: which of the two X was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Whether the listener knows the piece.
    #[serde(default)]
    pub known: bool,
    /// How sure the listener is, 1–5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// Seconds heard of each sound.
    #[serde(default)]
    pub listened: Vec<f64>,
    /// When it came, in seconds since 1970.
    #[serde(default)]
    pub time: u64,
}

/// The line of an answer.
///
/// # Errors
/// The answer does not fit the trial; one sentence.
pub fn answer_line(
    study: &Study,
    trial: &Trial,
    listener: &str,
    given: &Given,
    time: u64,
) -> Result<AnswerLine, String> {
    check_listened(study, trial, given)?;
    let answer = checked(study, trial, given)?;
    if given.confidence.is_some_and(|confidence| !(1..=5).contains(&confidence)) {
        return Err("the confidence must be 1 to 5".into());
    }
    if study.kind == Kind::HumanOrMachine && given.confidence.is_none() {
        return Err("say how sure you are".into());
    }
    let item = trial.item(study);
    let first = trial.system(study, 0).to_owned();
    let (kind, system, system_b) = match study.kind {
        Kind::Pairs => ("pair", first, trial.system(study, 1).to_owned()),
        Kind::Abx => ("abx", first, trial.system(study, 1).to_owned()),
        Kind::HumanOrMachine => ("origin", origin(study.is_human(&item.clips[0])), String::new()),
        Kind::Rating => ("rating", first, String::new()),
        Kind::Mushra => {
            let reference = study.clip(&item.clips[0]).map_or("", |clip| &clip.system);
            ("mushra", reference.to_owned(), String::new())
        }
    };
    Ok(AnswerLine {
        kind: kind.into(),
        listener: listener.into(),
        piece: item.piece.clone(),
        system,
        system_b,
        answer,
        trial: trial.number,
        catch: (trial.role == Role::Catch).then(|| expected(study, trial)),
        repeat_of: match trial.role {
            Role::Repeat(first) => Some(first),
            _ => None,
        },
        x: trial.x.filter(|_| study.kind == Kind::Abx).map(letter),
        known: given.known,
        confidence: given.confidence,
        listened: given.listened.iter().map(|seconds| (100.0 * seconds).round() / 100.0).collect(),
        time,
    })
}

fn origin(human: bool) -> String {
    if human { "human".into() } else { "machine".into() }
}

fn letter(slot: usize) -> String {
    if slot == 0 { "a".into() } else { "b".into() }
}

/// The right answer of a catch trial: of two the first of the item, which is not spoiled.
fn expected(study: &Study, trial: &Trial) -> String {
    match study.kind {
        Kind::Pairs => letter(trial.order.iter().position(|&place| place == 0).unwrap_or(0)),
        Kind::Abx => letter(trial.x.unwrap_or(0)),
        Kind::HumanOrMachine => origin(study.is_human(&trial.item(study).clips[0])),
        Kind::Rating | Kind::Mushra => "low".into(),
    }
}

/// Every sound must have been heard for the study's time, or to its end.
fn check_listened(study: &Study, trial: &Trial, given: &Given) -> Result<(), String> {
    let sounds = trial.sounds(study);
    let heard = given.listened.len() == sounds.len()
        && sounds.iter().zip(&given.listened).all(|(id, &seconds)| {
            let length = study.clip(id).map_or(0.0, |clip| clip.seconds);
            seconds.is_finite() && (0.0..1e6).contains(&seconds) && seconds >= needed(study, length)
        });
    heard.then_some(()).ok_or_else(|| {
        format!("listen to at least {} seconds of each sound, or to all of it", study.minimum_seconds)
    })
}

/// Seconds of a sound that must be heard; players report an end a little early.
fn needed(study: &Study, length: f64) -> f64 {
    study.minimum_seconds.min(length - 0.3).max(0.0)
}

/// Seconds that all sounds of a trial take at least.
pub fn shortest_time(study: &Study, trial: &Trial) -> f64 {
    let length = |id: &str| study.clip(id).map_or(0.0, |clip| clip.seconds);
    trial.sounds(study).iter().map(|id| needed(study, length(id))).sum()
}

fn checked(study: &Study, trial: &Trial, given: &Given) -> Result<Value, String> {
    let word = given.answer.as_str().unwrap_or_default();
    match study.kind {
        Kind::Pairs if matches!(word, "a" | "b") || (word == "tie" && study.allow_equal) => Ok(json!(word)),
        Kind::Pairs if study.allow_equal => Err("the answer must be a, b or tie".into()),
        Kind::Abx if matches!(word, "a" | "b") => Ok(json!(word)),
        Kind::Pairs | Kind::Abx => Err("the answer must be a or b".into()),
        Kind::HumanOrMachine if matches!(word, "human" | "machine") => Ok(json!(word)),
        Kind::HumanOrMachine => Err("the answer must be human or machine".into()),
        Kind::Rating => rating(study, &given.answer),
        Kind::Mushra => mushra(study, trial, &given.answer),
    }
}

fn rating(study: &Study, answer: &Value) -> Result<Value, String> {
    let wrong = || format!("the answer must rate {} from 1 to 5", study.scales.join(", "));
    let ratings =
        answer.as_object().filter(|ratings| ratings.len() == study.scales.len()).ok_or_else(wrong)?;
    let fits =
        |scale: &String| ratings.get(scale).and_then(Value::as_u64).is_some_and(|r| (1..=5).contains(&r));
    if study.scales.iter().all(fits) { Ok(answer.clone()) } else { Err(wrong()) }
}

fn mushra(study: &Study, trial: &Trial, answer: &Value) -> Result<Value, String> {
    let wrong = || format!("the answer must be {} numbers from 0 to 100", trial.order.len());
    let values = answer.as_array().filter(|values| values.len() == trial.order.len()).ok_or_else(wrong)?;
    let mut named = serde_json::Map::new();
    for (slot, value) in values.iter().enumerate() {
        let value = value.as_f64().filter(|value| (0.0..=100.0).contains(value)).ok_or_else(wrong)?;
        named.insert(trial.system(study, slot).to_owned(), json!(value));
    }
    Ok(Value::Object(named))
}
