//! The tasks: inputs, targets, and the error of guessing.

use std::fmt;
use std::str::FromStr;

use composer_bptt::arrays::view;
use ndarray::{ArrayView1, ArrayView3};
use rand::{Rng, RngExt};
use serde::Serialize;

use crate::Error;

/// A task whose target depends on inputs about `length` steps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The adding problem (Hochreiter and Schmidhuber 1997, experiment 4; as in Bai et al. 2018): two features, a random
    /// number between 0 and 1 and a marker. Two numbers are marked, one in each half. The target at the last step is their sum.
    Adding,
    /// Copy memory (Arjovsky et al. 2016): ten symbols out of eight, `length` blanks, a delimiter. The targets
    /// from the delimiter on are the ten symbols in their order.
    Copy,
    /// Temporal order (Hochreiter and Schmidhuber 1997, experiment 6a): X or Y appears once between 1/10 and 2/10 of the sequence and
    /// once between 5/10 and 6/10, among four distractor symbols. The target at the last step is the class XX, XY, YX or YY.
    Order,
    /// Sequential recall: a stream of symbols out of eight. The target of each of the last 20 steps is the symbol `length` steps
    /// before it.
    Recall,
}

/// Symbols of [`Task::Copy`] and [`Task::Recall`].
const SYMBOLS: usize = 8;
/// Symbols to copy.
const COPIED: usize = 10;
/// Target steps at the end of a sequence of [`Task::Recall`].
const RECALLED: usize = 20;
/// Symbols of [`Task::Order`]: X, Y, four distractors, start and end.
const ORDER_SYMBOLS: usize = 8;

impl Task {
    /// All tasks.
    pub const ALL: [Task; 4] = [Task::Adding, Task::Copy, Task::Order, Task::Recall];

    /// Its name in tables and charts.
    pub fn title(self) -> &'static str {
        match self {
            Task::Adding => "Adding problem",
            Task::Copy => "Copy memory",
            Task::Order => "Temporal order",
            Task::Recall => "Sequential recall",
        }
    }

    /// The inputs and targets in one sentence.
    pub fn definition(self) -> &'static str {
        match self {
            Task::Adding => {
                "Random numbers between 0 and 1, of which two are marked, one in each half; the target at the end is their sum."
            }
            Task::Copy => {
                "Ten symbols out of eight, then T blanks and a delimiter; the targets after it are the ten symbols in order."
            }
            Task::Order => {
                "X or Y appears once early and once in the middle of T symbols, among distractors; the target at the end is \
                 which came first and which second."
            }
            Task::Recall => {
                "A stream of symbols out of eight; the target of each of the last 20 steps is the symbol T steps before it."
            }
        }
    }

    /// `F`: features of the input.
    pub fn features(self) -> usize {
        match self {
            Task::Adding => 2,
            Task::Copy => SYMBOLS + 2,
            Task::Order => ORDER_SYMBOLS,
            Task::Recall => SYMBOLS,
        }
    }

    /// `O`: outputs per target step: one number, or a logit per class.
    pub fn outputs(self) -> usize {
        match self {
            Task::Adding => 1,
            Task::Order => 4,
            Task::Copy | Task::Recall => SYMBOLS,
        }
    }

    /// `T`: steps of a sequence at this length.
    pub fn steps(self, length: usize) -> usize {
        match self {
            Task::Adding | Task::Order => length,
            Task::Copy => length + 2 * COPIED,
            Task::Recall => length + RECALLED,
        }
    }

    /// How many steps at the end of a sequence have a target.
    pub fn target_steps(self) -> usize {
        match self {
            Task::Adding | Task::Order => 1,
            Task::Copy => COPIED,
            Task::Recall => RECALLED,
        }
    }

    /// The shortest length at which the task is defined.
    pub fn least_length(self) -> usize {
        match self {
            Task::Adding => 2,
            Task::Order => 20,
            Task::Copy | Task::Recall => 1,
        }
    }

    /// Lengths at which cells differ within minutes of training.
    pub fn default_lengths(self) -> &'static [usize] {
        match self {
            Task::Adding => &[25, 200, 400],
            Task::Order => &[50, 200, 400],
            Task::Copy => &[5, 10, 20],
            Task::Recall => &[4, 8, 16],
        }
    }

    /// The name of the error measure.
    pub fn measure(self) -> &'static str {
        match self {
            Task::Adding => "mean squared error",
            _ => "share of wrong predictions",
        }
    }

    /// The error of the best constant prediction: the variance of the sum of two uniform numbers (2 · 1/12), or the share of the
    /// other classes.
    pub fn chance(self) -> f64 {
        match self {
            Task::Adding => 1.0 / 6.0,
            _ => 1.0 - 1.0 / self.outputs() as f64,
        }
    }

    /// A task is solved below this error.
    pub fn solved_below(self) -> f64 {
        0.01
    }

    /// The error of one prediction: the squared error, or 1 if the largest of the [`Task::outputs`] logits is not the target's.
    pub(super) fn error(self, output: ArrayView1<'_, f32>, target: f32) -> f64 {
        match self {
            Task::Adding => f64::from(output[0] - target).powi(2),
            _ => {
                let best = output.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                f64::from(u8::from(best.is_none_or(|(class, _)| class as f32 != target)))
            }
        }
    }

    /// Fills one row with a random sequence and its targets.
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
                row.target(0, sum);
            }
            Task::Copy => {
                let (blank, delimiter) = (SYMBOLS, SYMBOLS + 1);
                for index in 0..COPIED {
                    let symbol = rng.random_range(0..SYMBOLS);
                    row.set(index, symbol, 1.0);
                    row.target(index, symbol as f32);
                }
                for t in COPIED..self.steps(length) {
                    row.set(t, if t == COPIED + length { delimiter } else { blank }, 1.0);
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
                row.target(0, class as f32);
            }
            Task::Recall => {
                for t in 0..self.steps(length) {
                    let symbol = rng.random_range(0..SYMBOLS);
                    row.set(t, symbol, 1.0);
                    if t < RECALLED {
                        row.target(t, symbol as f32);
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
    pub values: Vec<f32>,
    /// `[target steps, B]`: numbers, or classes as numbers.
    pub targets: Vec<f32>,
}

/// One row that is being filled.
pub(super) struct Row<'a> {
    examples: &'a mut Examples,
    row: usize,
    features: usize,
}

impl Row<'_> {
    fn set(&mut self, t: usize, feature: usize, value: f32) {
        self.examples.values[(t * self.examples.batch + self.row) * self.features + feature] = value;
    }

    fn target(&mut self, step: usize, value: f32) {
        self.examples.targets[step * self.examples.batch + self.row] = value;
    }
}

impl Examples {
    /// The input of a network, `[T, B, F]`.
    pub fn input(&self) -> ArrayView3<'_, f32> {
        let features = self.values.len() / (self.steps * self.batch).max(1);
        view((self.steps, self.batch, features), &self.values)
    }

    /// Samples `batch` sequences.
    pub fn draw<R: Rng>(task: Task, length: usize, batch: usize, rng: &mut R) -> Self {
        let (steps, features) = (task.steps(length), task.features());
        let mut examples = Examples {
            steps,
            batch,
            values: vec![0.0; steps * batch * features],
            targets: vec![0.0; task.target_steps() * batch],
        };
        for row in 0..batch {
            task.write(length, rng, &mut Row { examples: &mut examples, row, features });
        }
        examples
    }
}
