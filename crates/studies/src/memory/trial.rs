//! One trial: one cell learns one task at one length, until it has solved it or the budget is spent.

use std::time::Instant;

use composer_bptt::{Cell, RecurrentConfig, loss};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::tasks::{Examples, Task};
use crate::Error;
use crate::descent::Descent;
use crate::network::{Network, Start};
use crate::size::{network_parameters, widest_within};

/// The recipe and the budget that all cells share.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Parameters of a network at most.
    pub parameters: usize,
    /// Time steps of a trial at most: sequences, never two the same, times their length. So every trial may take about as
    /// long, and a short task sees more sequences than a long one.
    pub steps: usize,
    /// `B`
    pub batch: usize,
    /// The rate of Adam, for gated cells.
    pub learning_rate: f64,
    /// The rate of Adam for the RNN, which a larger one throws off.
    pub learning_rate_rnn: f64,
    /// Gradients longer than this are shortened to it.
    pub clip_grad_norm: f64,
    /// Whether gates begin with memories of 1 to `T` steps; see [`Start::Chrono`].
    pub chrono: bool,
    /// Otherwise, the bias of an LSTM's forget gate.
    pub forget_bias: f64,
    /// Tests of a trial at most, evenly spread over its budget.
    pub tests: usize,
    /// Sequences of a test, always the same.
    pub test_sequences: usize,
    /// Of weights and sequences.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            parameters: 8_000,
            steps: 20_000_000,
            batch: 50,
            learning_rate: 1e-2,
            learning_rate_rnn: 1e-3,
            clip_grad_norm: 1.0,
            chrono: true,
            forget_bias: 1.0,
            tests: 100,
            test_sequences: 500,
            seed: 1,
        }
    }
}

/// No sequence is longer.
const MAX_LENGTH: usize = 100_000;

/// One update keeps all that it needs of so many steps at most: with the usual networks, about 4 GB.
const MAX_STEPS_OF_UPDATE: usize = 4_000_000;

/// The error at the end is that of so many times the sequences of a test.
pub const UNSEEN: usize = 10;

/// Sequences side by side in a test.
const TEST_BATCH: usize = 50;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The task.
    pub task: Task,
    /// How far back the answer lies.
    pub length: usize,
    /// The cell.
    pub cell: Cell,
}

/// The test after some sequences.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Sequences learnt from.
    pub sequences: usize,
    /// The error on the test sequences, see [`Task::measure`].
    pub error: f64,
}

/// How a trial went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What was tried.
    pub trial: Trial,
    /// `H`
    pub hidden: usize,
    /// Parameters of the network.
    pub parameters: usize,
    /// The tests.
    pub curve: Vec<Point>,
    /// Whether both the last test and [`Outcome::final_error`] were below [`Task::solved_below`].
    pub solved: bool,
    /// The error at the end, on [`UNSEEN`] times the sequences of a test, all of them others.
    pub final_error: f64,
    /// Seconds of learning, without tests.
    pub seconds: f64,
    /// Updates of the weights.
    pub updates: usize,
}

impl Outcome {
    /// Sequences learnt from.
    pub fn sequences(&self) -> usize {
        self.curve.last().map_or(0, |point| point.sequences)
    }
}

/// Sequences for a test, in batches that a processor's cache can hold.
fn draw_tests(trial: Trial, recipe: &Recipe, sequences: usize, purpose: u64) -> Vec<Examples> {
    let mut rng = stream(recipe, purpose);
    let batches = (0..sequences).step_by(TEST_BATCH).map(|done| TEST_BATCH.min(sequences - done));
    batches.map(|batch| Examples::draw(trial.task, trial.length, batch, &mut rng)).collect()
}

/// Streams of random numbers.
fn stream(recipe: &Recipe, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    rng.set_stream(purpose);
    rng
}

/// Makes a trial on the threads of the caller. `tested` is told each test, and ends the trial if it returns false.
///
/// # Errors
/// A setting is out of its range.
pub fn run_trial(
    trial: Trial,
    recipe: &Recipe,
    mut tested: impl FnMut(Point) -> bool,
) -> Result<Outcome, Error> {
    let config = recipe.network(trial)?;
    let Trial { task, length, cell } = trial;
    let (hidden, parameters) = (config.hidden, network_parameters(&config, task.outputs()));
    let start = if recipe.chrono { Start::Chrono(length) } else { Start::ForgetBias(recipe.forget_bias) };
    let mut network = Network::new(config, task.outputs(), &start, &mut stream(recipe, 1))?;
    let mut sequences = stream(recipe, 2);
    let test = draw_tests(trial, recipe, recipe.test_sequences, 3);
    let mut descent = Descent::new(network.params.len(), recipe.rate(cell), recipe.clip_grad_norm);
    let (mut curve, mut seconds, mut updates) = (Vec::new(), 0.0, 0);
    let total = recipe.updates(trial);
    let every = total.div_ceil(recipe.tests);
    let unseen = draw_tests(trial, recipe, UNSEEN * recipe.test_sequences, 4);
    let mut solved = None;
    while updates < total && solved.is_none() {
        let started = Instant::now();
        for _ in 0..every.min(total - updates) {
            let examples = Examples::draw(task, length, recipe.batch, &mut sequences);
            learn(&mut network, task, &examples)?;
            descent.step(&mut network.params);
            updates += 1;
        }
        seconds += started.elapsed().as_secs_f64();
        let point = Point { sequences: updates * recipe.batch, error: error(&mut network, task, &test)? };
        curve.push(point);
        if point.error < task.solved_below() {
            solved = Some(error(&mut network, task, &unseen)?).filter(|error| *error < task.solved_below());
        }
        if !tested(point) {
            break;
        }
    }
    let final_error = solved.map_or_else(|| error(&mut network, task, &unseen), Ok)?;
    let solved = solved.is_some();
    Ok(Outcome { trial, hidden, parameters, curve, solved, final_error, seconds, updates })
}

/// A setting that is out of its range.
fn setting<T>(name: &'static str, value: impl ToString, must: &'static str) -> Result<T, Error> {
    Err(Error::Setting { name, value: value.to_string(), must })
}

impl Recipe {
    /// Updates of a trial at most.
    pub fn updates(&self, trial: Trial) -> usize {
        self.steps.div_ceil(trial.task.steps(trial.length) * self.batch)
    }

    /// The learning rate of a cell.
    pub fn rate(&self, cell: Cell) -> f64 {
        if cell.spec().is_gated() { self.learning_rate } else { self.learning_rate_rnn }
    }

    /// The recurrent layer that makes a trial.
    ///
    /// # Errors
    /// A setting is out of its range, the task does not fit into the length, or one update does not fit into memory.
    pub fn network(&self, trial: Trial) -> Result<RecurrentConfig, Error> {
        self.check()?;
        trial.check()?;
        let Trial { task, length, cell } = trial;
        if self.batch.saturating_mul(task.steps(length)) > MAX_STEPS_OF_UPDATE {
            return setting(
                "batch",
                self.batch,
                "smaller: with its length, one update would read more than 4000000 steps",
            );
        }
        widest_within(self.parameters, cell, task.features(), 1, task.outputs())
    }

    /// Whether all sizes and rates are positive.
    ///
    /// # Errors
    /// The first one that is not.
    fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("parameters", self.parameters),
            ("steps", self.steps),
            ("batch", self.batch),
            ("tests", self.tests),
            ("test_sequences", self.test_sequences),
        ] {
            if value == 0 {
                return setting(name, value, "at least 1");
            }
        }
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("learning_rate_rnn", self.learning_rate_rnn),
            ("clip_grad_norm", self.clip_grad_norm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return setting(name, value, "above 0");
            }
        }
        if !self.forget_bias.is_finite() {
            return setting("forget_bias", self.forget_bias, "a number");
        }
        Ok(())
    }
}

impl Trial {
    /// Whether the task fits into the length.
    ///
    /// # Errors
    /// It does not, or nobody would live to see the end.
    fn check(&self) -> Result<(), Error> {
        if self.length < self.task.least_length() {
            return setting("length", self.length, "longer: the task does not fit into it");
        }
        if self.length > MAX_LENGTH {
            return setting("length", self.length, "at most 100000");
        }
        Ok(())
    }
}

/// Forward, loss, backward; leaves the gradients in the network.
fn learn(network: &mut Network, task: Task, examples: &Examples) -> Result<(), Error> {
    let (batch, questions) = (examples.batch, task.questions());
    let answers = network.forward(&examples.input, examples.steps, batch, questions)?;
    let scale = 1.0 / examples.answers.len() as f64;
    match task {
        Task::Adding => {
            for (answer, target) in answers.iter_mut().zip(&examples.answers) {
                *answer = 2.0 * scale as f32 * (*answer - target);
            }
        }
        _ => {
            let classes: Vec<u32> = examples.answers.iter().map(|&class| class as u32).collect();
            loss::softmax_cross_entropy(answers, task.outputs(), &classes, 0.0, scale)?;
        }
    }
    network.backward(&examples.input, batch, questions)
}

/// The mean error on tests, see [`Task::measure`].
fn error(network: &mut Network, task: Task, tests: &[Examples]) -> Result<f64, Error> {
    let (mut sum, mut count) = (0.0, 0);
    for test in tests {
        let answers = network.forward(&test.input, test.steps, test.batch, task.questions())?;
        let rows = answers.chunks_exact(task.outputs()).zip(&test.answers);
        sum += rows.map(|(answer, &target)| task.error(answer, target)).sum::<f64>();
        count += test.answers.len();
    }
    Ok(sum / count as f64)
}
