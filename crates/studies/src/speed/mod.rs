//! What a training step and a generated step cost on this machine, in time and memory, and how the cost grows.
//!
//! Times of a machine that does other things as well are noise on top of a floor. So everything that is compared is timed in turn,
//! round after round, and the best of each counts; the median stands beside it and says how noisy it was.
//!
//! | file | what it holds |
//! |---|---|
//! | `shape` | cell and sizes, the operations of a step, the activations that it must keep |
//! | `model` | a whole training step, and a generated one |
//! | `peak` | a large product: what the machine can do |
//! | `scaling` | the cost at growing lengths, batches and numbers of threads |

mod model;
mod peak;
mod scaling;
mod shape;

use std::time::Instant;

use composer_tensor::allocations::{Allocated, count};

pub use model::{Generation, Options, Phases, Roll, Training};
pub use peak::Peak;
pub use scaling::{Axis, Curve, Point, Scaling, scaling};
pub use shape::Shape;

use crate::Error;

/// Seconds of work that one sample of a time has at least, so that the clock does not matter.
const SAMPLE_SECONDS: f64 = 0.02;

/// What one shape costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The shape.
    pub shape: Shape,
    /// Seconds per training step.
    pub training: Time,
    /// The best time of each part of a training step.
    pub phases: Phases,
    /// Seconds per generated step at batch 1, with the drawing of its notes.
    pub generation: Time,
    /// Bytes of weights that a generated step reads.
    pub weight_bytes: usize,
    /// Operations per second of the large product, at its best, timed in turn with the steps.
    pub peak: f64,
    /// What two training steps allocate from nothing; `None` if the program does not count.
    pub memory: Option<Allocated>,
    /// What a third one allocates.
    pub later: Option<Allocated>,
}

/// Some samples of one time, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// The shortest: what it takes when nothing else runs.
    pub best: f64,
    /// The one in the middle.
    pub median: f64,
}

impl Time {
    /// Of at least one sample.
    fn of(mut samples: Vec<f64>) -> Time {
        samples.sort_by(f64::total_cmp);
        Time { best: samples[0], median: samples[samples.len() / 2] }
    }
}

impl Cost {
    /// Floating-point operations per second of a training step, at its best.
    pub fn rate(&self) -> f64 {
        self.shape.flops() / self.training.best
    }

    /// That as a share of what the large product reached.
    pub fn share_of_peak(&self) -> f64 {
        self.rate() / self.peak
    }

    /// Bytes of weights per second that a generated step reads, at its best.
    pub fn weights_per_second(&self) -> f64 {
        self.weight_bytes as f64 / self.generation.best
    }
}

/// Measures one shape in `rounds` rounds.
///
/// # Errors
/// A size is out of range, see [`Shape::check`], or there are no rounds.
pub fn measure(shape: Shape, options: Options, rounds: usize, peak: &mut Peak) -> Result<Cost, Error> {
    check_rounds(rounds)?;
    shape.check()?;
    let (model, memory) = count(|| -> Result<_, Error> {
        let mut model = Training::new(shape, options)?;
        model.step()?;
        model.step()?;
        Ok(model)
    });
    let mut model = model?;
    let (third, later) = count(|| model.step());
    let mut generation = Generation::new(shape)?;
    generation.step()?;
    let each = repetitions(third?.1.total());
    let frames = repetitions(timed(1, || generation.step().map(drop))?);
    let (mut training, mut generated, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    let mut phases: Vec<Phases> = Vec::new();
    for _ in 0..rounds {
        rates.push(peak.run());
        training.push(timed(each, || model.step().map(|(_, parts)| phases.push(parts)))?);
        generated.push(timed(frames, || generation.step().map(drop))?);
    }
    let least = |part: fn(&Phases) -> f64| phases.iter().map(part).fold(f64::INFINITY, f64::min);
    Ok(Cost {
        shape,
        training: Time::of(training),
        phases: Phases {
            forward: least(|phases| phases.forward),
            output: least(|phases| phases.output),
            backward: least(|phases| phases.backward),
            optimiser: least(|phases| phases.optimiser),
        },
        generation: Time::of(generated),
        weight_bytes: generation.weight_bytes(),
        peak: rates.into_iter().fold(0.0, f64::max),
        memory,
        later,
    })
}

/// Refuses no rounds, and more than anyone waits for.
///
/// # Errors
/// [`Error::Setting`].
pub fn check_rounds(rounds: usize) -> Result<(), Error> {
    match rounds {
        1..=1000 => Ok(()),
        _ => Err(Error::Setting { name: "rounds", value: rounds.to_string(), must: "between 1 and 1000" }),
    }
}

/// How often something that takes so many seconds is done for one sample.
fn repetitions(seconds: f64) -> usize {
    (SAMPLE_SECONDS / seconds.max(1e-7)).ceil() as usize
}

/// Mean seconds of one of `times` runs.
fn timed(times: usize, mut run: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let start = Instant::now();
    for _ in 0..times {
        run()?;
    }
    Ok(start.elapsed().as_secs_f64() / times as f64)
}
