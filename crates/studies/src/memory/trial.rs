//! One trial: one cell learns one task at one length, until the task is solved or the budget is spent.

use std::time::Instant;

use composer_bptt::arrays::view;
use composer_bptt::loss;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::recipe::{Recipe, Trial};
use super::tasks::{Examples, Task};
use crate::network::{Network, NetworkConfig};
use crate::optimiser::ClippedAdam;
use crate::{Error, Initialisation};

/// Sequences of the final test, as a multiple of those of the other tests.
pub const UNSEEN: usize = 10;

/// Rows of a test batch, small enough for the processor's cache.
const TEST_BATCH: usize = 50;

/// One test during training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Training sequences so far.
    pub sequences: usize,
    /// The error on the test sequences, see [`Task::measure`].
    pub error: f64,
}

/// The result of a trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The trial.
    pub trial: Trial,
    /// `H`: hidden units.
    pub hidden: usize,
    /// Parameters of the network.
    pub parameters: usize,
    /// The tests.
    pub curve: Vec<Point>,
    /// Whether both the last test and [`Outcome::final_error`] are below [`Task::solved_below`].
    pub solved: bool,
    /// The error at the end on new sequences, [`UNSEEN`] times as many as in the other tests.
    pub final_error: f64,
    /// Seconds of training, without tests.
    pub seconds: f64,
    /// Updates.
    pub updates: usize,
}

impl Outcome {
    /// Training sequences.
    pub fn sequences(&self) -> usize {
        self.curve.last().map_or(0, |point| point.sequences)
    }
}

/// Test sequences in batches of at most [`TEST_BATCH`].
fn draw_tests(trial: Trial, recipe: &Recipe, sequences: usize, purpose: u64) -> Vec<Examples> {
    let mut rng = stream(recipe, purpose);
    let batches = (0..sequences).step_by(TEST_BATCH).map(|done| TEST_BATCH.min(sequences - done));
    batches.map(|batch| Examples::draw(trial.task, trial.length, batch, &mut rng)).collect()
}

/// The random stream of a purpose.
fn stream(recipe: &Recipe, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    rng.set_stream(purpose);
    rng
}

/// Runs a trial on the threads of the caller. `on_test` gets each test, and ends the trial if it returns false.
///
/// # Errors
/// A setting is out of its range.
pub fn run_trial(
    trial: Trial,
    recipe: &Recipe,
    mut on_test: impl FnMut(Point) -> bool,
) -> Result<Outcome, Error> {
    let stack = recipe.network(trial)?;
    let Trial { task, length, cell } = trial;
    let hidden = stack.hidden;
    let config = NetworkConfig { stack, outputs: task.outputs(), target_steps: task.target_steps() };
    let initialisation = match recipe.chrono {
        true => Initialisation::Chrono(length),
        false => Initialisation::ForgetBias(recipe.forget_bias),
    };
    let mut network = Network::new(config, initialisation, &mut stream(recipe, 1))?;
    let parameters = network.params.len();
    let mut sequences = stream(recipe, 2);
    let test = draw_tests(trial, recipe, recipe.test_sequences, 3);
    let mut optimiser = ClippedAdam::new(parameters, recipe.rate(cell), recipe.clip_grad_norm);
    let (mut curve, mut seconds, mut updates) = (Vec::new(), 0.0, 0);
    let total = recipe.updates(trial);
    let every = total.div_ceil(recipe.tests);
    let unseen = draw_tests(trial, recipe, UNSEEN * recipe.test_sequences, 4);
    let mut solved = None;
    while updates < total && solved.is_none() {
        let started = Instant::now();
        for _ in 0..every.min(total - updates) {
            let examples = Examples::draw(task, length, recipe.batch, &mut sequences);
            backpropagate(&mut network, task, &examples)?;
            optimiser.step(&mut network.params);
            updates += 1;
        }
        seconds += started.elapsed().as_secs_f64();
        let point = Point { sequences: updates * recipe.batch, error: error(&mut network, task, &test)? };
        curve.push(point);
        if point.error < task.solved_below() {
            solved = Some(error(&mut network, task, &unseen)?).filter(|error| *error < task.solved_below());
        }
        if !on_test(point) {
            break;
        }
    }
    let final_error = solved.map_or_else(|| error(&mut network, task, &unseen), Ok)?;
    let solved = solved.is_some();
    Ok(Outcome { trial, hidden, parameters, curve, solved, final_error, seconds, updates })
}

/// Forward, loss and backward; leaves the gradients in the network.
fn backpropagate(network: &mut Network, task: Task, examples: &Examples) -> Result<(), Error> {
    let mut outputs = network.forward(examples.input())?;
    let scale = 1.0 / examples.targets.len() as f64;
    match task {
        Task::Adding => {
            for (output, target) in outputs.iter_mut().zip(&examples.targets) {
                *output = 2.0 * scale as f32 * (*output - target);
            }
        }
        _ => {
            let classes: Vec<u32> = examples.targets.iter().map(|&class| class as u32).collect();
            let shape = (outputs.dim().0, outputs.dim().1);
            loss::softmax_cross_entropy(outputs, view(shape, &classes), 0.0, scale)?;
        }
    }
    network.backward(examples.input())
}

/// The mean error on tests, see [`Task::measure`].
fn error(network: &mut Network, task: Task, tests: &[Examples]) -> Result<f64, Error> {
    let (mut sum, mut count) = (0.0, 0);
    for test in tests {
        let outputs = network.forward(test.input())?;
        let rows = outputs.rows().into_iter().zip(&test.targets);
        sum += rows.map(|(output, &target)| task.error(output, target)).sum::<f64>();
        count += test.targets.len();
    }
    Ok(sum / count as f64)
}
