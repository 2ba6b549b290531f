//! [`People`]: everybody who takes part, and how far they are. What happens to it becomes lines of the file of answers.

use super::record::{Event, Record};
use crate::server::reply::{Refusal, Reply};
use axum::http::StatusCode;
use composer_application::listening::{AnswerLine, Given, Study, Trial, answer_line, plan, shortest_time};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock of the page may be this much ahead, in seconds.
const TOLERANCE: f64 = 1.0;
/// Longest answer to a question of the questionnaire, in characters.
const MAX_TEXT: usize = 500;

/// A participant.
pub struct Participant {
    /// The anonymous name.
    pub listener: String,
    /// SHA-256 of what their browser proves itself by.
    secret: String,
    /// Whether they answered the questionnaire.
    pub has_answered_questions: bool,
    /// What they hear.
    plan: Vec<Trial>,
    /// The answers so far, from the first trial on.
    answers: Vec<AnswerLine>,
    /// Since when the page has the next trial.
    shown: Option<Instant>,
}

impl Participant {
    /// The trial that is next; `None`: all are answered.
    pub fn next(&self) -> Option<&Trial> {
        self.plan.get(self.answers.len())
    }

    /// Trials that are answered, and all of them.
    pub fn progress(&self) -> (usize, usize) {
        (self.answers.len(), self.plan.len())
    }
}

/// Everybody who takes part in a study.
pub struct People {
    study: Arc<Study>,
    all: Vec<Participant>,
    by_secret: HashMap<String, usize>,
    /// Lines that are not yet in the file, and what takes them back.
    pending: Vec<Record>,
    undo: Vec<Undo>,
}

/// How to take a line back.
enum Undo {
    Participant,
    Questions(usize),
    Answer(usize),
}

impl People {
    /// Those of the lines of a file.
    ///
    /// # Errors
    /// The lines are of another study, or contradict each other; one sentence.
    pub fn of_records(study: &Arc<Study>, records: Vec<Record>) -> Result<Self, String> {
        let mut people = Self {
            study: Arc::clone(study),
            all: Vec::new(),
            by_secret: HashMap::new(),
            pending: Vec::new(),
            undo: Vec::new(),
        };
        let is_new = records.is_empty();
        for (number, record) in records.into_iter().enumerate() {
            people.replay(record, number == 0).map_err(|error| format!("line {}: {error}", number + 1))?;
        }
        if is_new {
            people.pending.push(Record::Event(Event::Study {
                fingerprint: study.fingerprint(),
                title: study.title.clone(),
                participants: study.participants,
                trials: study.trials + study.catch_trials + study.repeated_trials,
            }));
        }
        Ok(people)
    }

    fn replay(&mut self, record: Record, is_first: bool) -> Result<(), String> {
        match record {
            Record::Event(Event::Study { fingerprint, .. }) if is_first => {
                let same = fingerprint == self.study.fingerprint();
                same.then_some(()).ok_or_else(|| {
                    "the answers are of a study that was not as STUDY.toml is now: take the change back, or \
                     serve a copy of the study in another folder"
                        .into()
                })
            }
            _ if is_first => Err("the first line must name the study".into()),
            Record::Event(Event::Study { .. }) => Err("the study is named twice".into()),
            Record::Event(Event::Participant { listener, secret, .. }) => {
                if self.by_secret.contains_key(&secret) || listener != name(self.all.len()) {
                    return Err(format!("{listener} takes part twice"));
                }
                self.enter(listener, secret);
                Ok(())
            }
            Record::Event(Event::Questionnaire { listener, .. }) => {
                self.of_listener(&listener)?.has_answered_questions = true;
                Ok(())
            }
            Record::Answer(line) => {
                let participant = self.of_listener(&line.listener)?;
                if participant.next().map(|trial| trial.number) != Some(line.trial) {
                    return Err(format!("trial {} of {} is not its next one", line.trial, line.listener));
                }
                participant.answers.push(line);
                Ok(())
            }
        }
    }

    fn of_listener(&mut self, listener: &str) -> Result<&mut Participant, String> {
        let place = listener.strip_prefix('p').and_then(|number| number.parse::<usize>().ok());
        let found = place.and_then(|number| self.all.get_mut(number.checked_sub(1)?));
        found
            .filter(|found| found.listener == listener)
            .ok_or_else(|| format!("{listener} does not take part"))
    }

    fn enter(&mut self, listener: String, secret: String) -> usize {
        let place = self.all.len();
        self.by_secret.insert(secret.clone(), place);
        let plan = plan(&self.study, place);
        let has_answered_questions = self.study.questionnaire.is_empty();
        let answers = Vec::new();
        self.all.push(Participant { listener, secret, has_answered_questions, plan, answers, shown: None });
        place
    }

    /// Whether no more are wanted.
    pub fn is_full(&self) -> bool {
        self.all.len() >= self.study.participants
    }

    /// The participant with a secret, of which this is the hash.
    pub fn find(&self, secret: &str) -> Option<usize> {
        self.by_secret.get(secret).copied()
    }

    /// The participant at a place.
    pub fn at(&self, place: usize) -> &Participant {
        &self.all[place]
    }

    /// The page gets the next trial: time runs from the first time on.
    pub fn show(&mut self, place: usize) {
        self.all[place].shown.get_or_insert_with(Instant::now);
    }

    /// Somebody takes part; who already does, goes on.
    ///
    /// # Errors
    /// No more are wanted.
    pub fn join(&mut self, secret: String) -> Reply<usize> {
        if let Some(place) = self.find(&secret) {
            return Ok(place);
        }
        if self.is_full() {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "this study has all the participants it needs: thank you",
            ));
        }
        let listener = name(self.all.len());
        let record = Event::Participant { listener: listener.clone(), secret: secret.clone(), time: now() };
        self.pending.push(Record::Event(record));
        self.undo.push(Undo::Participant);
        Ok(self.enter(listener, secret))
    }

    /// The questionnaire is answered; a second time changes nothing.
    ///
    /// # Errors
    /// An answer is missing, too long, or none of the choices.
    pub fn answer_questions(&mut self, place: usize, answers: BTreeMap<String, String>) -> Reply<()> {
        if self.all[place].has_answered_questions {
            return Ok(());
        }
        if answers.len() != self.study.questionnaire.len() {
            return Err(Refusal::wrong("answer every question"));
        }
        for question in &self.study.questionnaire {
            let answer = answers.get(&question.name).filter(|answer| answer.chars().count() <= MAX_TEXT);
            let fits = |answer: &&String| question.choices.is_empty() || question.choices.contains(*answer);
            if answer.filter(fits).is_none() {
                return Err(Refusal::wrong(format!("answer the question: {}", question.text)));
            }
        }
        let participant = &mut self.all[place];
        participant.has_answered_questions = true;
        let listener = participant.listener.clone();
        self.pending.push(Record::Event(Event::Questionnaire { listener, answers }));
        self.undo.push(Undo::Questions(place));
        Ok(())
    }

    /// A trial is answered. The same answer again changes nothing, so that a page may repeat what it heard nothing of.
    ///
    /// # Errors
    /// The answer does not fit, came too soon, is of a trial that is not the next one, or differs from the one that is kept.
    pub fn answer(&mut self, place: usize, number: usize, given: &Given) -> Reply<()> {
        let participant = &self.all[place];
        if !participant.has_answered_questions {
            return Err(Refusal::wrong("answer the questions before the first trial"));
        }
        let unknown = || Refusal::missing("there is no such trial yet");
        let trial = number.checked_sub(1).and_then(|at| participant.plan.get(at)).ok_or_else(unknown)?;
        let line =
            answer_line(&self.study, trial, &participant.listener, given, now()).map_err(Refusal::wrong)?;
        if let Some(kept) = participant.answers.get(number - 1) {
            let same =
                (&kept.answer, kept.known, kept.confidence) == (&line.answer, line.known, line.confidence);
            let other = || {
                Refusal::new(StatusCode::CONFLICT, "this trial is answered already: the first answer stays")
            };
            return same.then_some(()).ok_or_else(other);
        }
        if number != participant.answers.len() + 1 {
            return Err(unknown());
        }
        let least = (shortest_time(&self.study, trial) - TOLERANCE).max(0.0);
        if participant.shown.is_some_and(|shown| shown.elapsed() < Duration::from_secs_f64(least)) {
            return Err(Refusal::wrong("that was too soon: listen to each sound first"));
        }
        self.pending.push(Record::Answer(line.clone()));
        self.undo.push(Undo::Answer(place));
        let participant = &mut self.all[place];
        participant.answers.push(line);
        participant.shown = None;
        Ok(())
    }

    /// Lines that wait for the file.
    pub fn pending(&self) -> &[Record] {
        &self.pending
    }

    /// They are in the file.
    pub fn written(&mut self) {
        self.pending.clear();
        self.undo.clear();
    }

    /// They could not be written: everything is as it was before them.
    pub fn take_back(&mut self) {
        self.pending.clear();
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Participant => {
                    if let Some(participant) = self.all.pop() {
                        self.by_secret.remove(&participant.secret);
                    }
                }
                Undo::Questions(place) => self.all[place].has_answered_questions = false,
                Undo::Answer(place) => drop(self.all[place].answers.pop()),
            }
        }
    }
}

/// The anonymous name of the participant at a place.
fn name(place: usize) -> String {
    format!("p{:03}", place + 1)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
