//! The tasks: what stands in a sequence, what is asked, and what pure guessing achieves.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt};
use serde::Serialize;

use crate::Error;

/// A task whose answer lies `length` steps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The adding problem (Hochreiter and Schmidhuber 1997, experiment 4; as in Bai et al. 2018): two features, a random
    /// number in 0 to 1 and a mark. Two numbers are marked, one in each half. Asked at the end: their sum.
    Adding,
    /// Copy memory (Arjovsky et al. 2016): ten symbols out of eight, `length` blanks, a signal. Asked from the signal on: the
    /// ten symbols in their order.
    Copy,
    /// Temporal order (Hochreiter and Schmidhuber 1997, experiment 6a): X or Y stands once between a tenth and a fifth of the
    /// way and once between a half and six tenths, among four symbols of noise. Asked at the end: XX, XY, YX or YY.
    Order,
    /// Sequential recall: a stream of symbols out of eight. Asked at each step: which symbol it was `length` steps ago.
    Recall,
}

/// Symbols of [`Task::Copy`] and [`Task::Recall`].
const SYMBOLS: usize = 8;
/// Symbols to copy.
const COPIED: usize = 10;
/// Questions at the end of a sequence of [`Task::Recall`].
const RECALLED: usize = 20;
/// Symbols of [`Task::Order`]: X, Y, four of noise, the start and the end.
const ORDER_SYMBOLS: usize = 8;

impl Task {
    /// All tasks.
    pub const ALL: [Task; 4] = [Task::Adding, Task::Copy, Task::Order, Task::Recall];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Task::Adding => "Adding problem",
            Task::Copy => "Copy memory",
            Task::Order => "Temporal order",
            Task::Recall => "Sequential recall",
        }
    }

    /// What stands in a sequence and what is asked, in one sentence.
    pub fn definition(self) -> &'static str {
        match self {
            Task::Adding => {
                "Random numbers in 0 to 1, of which two are marked, one in each half; at the end it must say their sum."
            }
            Task::Copy => {
                "Ten symbols out of eight, then T blanks; after a signal it must repeat them in order."
            }
            Task::Order => {
                "X or Y appears once early and once in the middle of T symbols of noise; at the end it must say which \
                 came first and which second."
            }
            Task::Recall => {
                "A stream of symbols out of eight; at each step it must say which one it saw T steps ago."
            }
        }
    }

    /// `F`, features of the input.
    pub fn features(self) -> usize {
        match self {
            Task::Adding => 2,
            Task::Copy => SYMBOLS + 2,
            Task::Order => ORDER_SYMBOLS,
            Task::Recall => SYMBOLS,
        }
    }

    /// How many numbers an answer has: one, or a logit for each class.
    pub fn outputs(self) -> usize {
        match self {
            Task::Adding => 1,
            Task::Order => 4,
            Task::Copy | Task::Recall => SYMBOLS,
        }
    }

    /// `T`: the steps of a sequence of this length.
    pub fn steps(self, length: usize) -> usize {
        match self {
            Task::Adding | Task::Order => length,
            Task::Copy => length + 2 * COPIED,
            Task::Recall => length + RECALLED,
        }
    }

    /// How many of the last steps ask a question.
    pub fn questions(self) -> usize {
        match self {
            Task::Adding | Task::Order => 1,
            Task::Copy => COPIED,
            Task::Recall => RECALLED,
        }
    }

    /// The least length that has room for what the task needs.
    pub fn least_length(self) -> usize {
        match self {
            Task::Adding => 2,
            Task::Order => 20,
            Task::Copy | Task::Recall => 1,
        }
    }

    /// Lengths that tell cells apart in minutes.
    pub fn usual_lengths(self) -> &'static [usize] {
        match self {
            Task::Adding => &[25, 200, 400],
            Task::Order => &[50, 200, 400],
            Task::Copy => &[5, 10, 20],
            Task::Recall => &[4, 8, 16],
        }
    }

    /// What the error counts.
    pub fn measure(self) -> &'static str {
        match self {
            Task::Adding => "mean squared error",
            _ => "share of wrong answers",
        }
    }

    /// The error of the best answer that does not look at the sequence: the variance of the sum of two uniform numbers
    /// (2 · 1/12), or one class for all.
    pub fn chance(self) -> f64 {
        match self {
            Task::Adding => 1.0 / 6.0,
            _ => 1.0 - 1.0 / self.outputs() as f64,
        }
    }

    /// Solved is an error below this.
    pub fn solved_below(self) -> f64 {
        0.01
    }

    /// The error of one answer, [`Task::outputs`] numbers, of which the largest is the class that is meant.
    pub(super) fn error(self, answer: &[f32], target: f32) -> f64 {
        match self {
            Task::Adding => f64::from(answer[0] - target).powi(2),
            _ => {
                let best = answer.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                f64::from(u8::from(best.is_none_or(|(class, _)| class as f32 != target)))
            }
        }
    }

    /// Writes one sequence.
    pub(super) fn write<R: Rng>(self, length: usize, rng: &mut R, row: &mut Row<'_>) {
        match self {
            Task::Adding => {
                let first = rng.random_range(0..length / 2);
                let second = rng.random_range(length / 2..length);
                let mut sum = 0.0;
                for t in 0..length {
                    let number = rng.random::<f32>();
                    row.set(t, 0, number);
                    if t == first || t == second {
                        row.set(t, 1, 1.0);
                        sum += number;
                    }
                }
                row.answer(0, sum);
            }
            Task::Copy => {
                let (blank, signal) = (SYMBOLS, SYMBOLS + 1);
                for index in 0..COPIED {
                    let symbol = rng.random_range(0..SYMBOLS);
                    row.set(index, symbol, 1.0);
                    row.answer(index, symbol as f32);
                }
                for t in COPIED..self.steps(length) {
                    row.set(t, if t == COPIED + length { signal } else { blank }, 1.0);
                }
            }
            Task::Order => {
                let (start, end) = (6, 7);
                let first = rng.random_range(length / 10..length / 5);
                let second = rng.random_range(length / 2..length * 6 / 10);
                let mut class = 0;
                for t in 0..length {
                    let symbol = match t {
                        0 => start,
                        t if t == length - 1 => end,
                        t if t == first || t == second => {
                            let symbol = rng.random_range(0..2);
                            class = 2 * class + symbol;
                            symbol
                        }
                        _ => rng.random_range(2..6),
                    };
                    row.set(t, symbol, 1.0);
                }
                row.answer(0, class as f32);
            }
            Task::Recall => {
                for t in 0..self.steps(length) {
                    let symbol = rng.random_range(0..SYMBOLS);
                    row.set(t, symbol, 1.0);
                    if t < RECALLED {
                        row.answer(t, symbol as f32);
                    }
                }
            }
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Adding => "adding",
            Task::Copy => "copy",
            Task::Order => "order",
            Task::Recall => "recall",
        })
    }
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(name: &str) -> Result<Task, Error> {
        Task::ALL.into_iter().find(|task| task.to_string() == name).ok_or_else(|| Error::UnknownName {
            kind: "task",
            name: name.to_string(),
            known: "adding, copy, order or recall",
        })
    }
}

/// `B` sequences of one task and length, time-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// `T`
    pub steps: usize,
    /// `B`
    pub batch: usize,
    /// `[T, B, F]`
    pub input: Vec<f32>,
    /// `[questions, B]`: numbers, or classes as numbers.
    pub answers: Vec<f32>,
}

/// One sequence to be written.
pub(super) struct Row<'a> {
    examples: &'a mut Examples,
    row: usize,
    features: usize,
}

impl Row<'_> {
    fn set(&mut self, t: usize, feature: usize, value: f32) {
        self.examples.input[(t * self.examples.batch + self.row) * self.features + feature] = value;
    }

    fn answer(&mut self, question: usize, value: f32) {
        self.examples.answers[question * self.examples.batch + self.row] = value;
    }
}

impl Examples {
    /// Draws `batch` sequences.
    pub fn draw<R: Rng>(task: Task, length: usize, batch: usize, rng: &mut R) -> Self {
        let (steps, features) = (task.steps(length), task.features());
        let mut examples = Examples {
            steps,
            batch,
            input: vec![0.0; steps * batch * features],
            answers: vec![0.0; task.questions() * batch],
        };
        for row in 0..batch {
            task.write(length, rng, &mut Row { examples: &mut examples, row, features });
        }
        examples
    }
}
