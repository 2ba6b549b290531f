//! Time and memory of a training step and a generated step of one shape.

use composer_tensor::allocations::{Allocated, count};

use super::model::{Generation, Options, Phases, Training};
use super::peak::Peak;
use super::shape::Shape;
use super::timing::{Time, check_rounds, repetitions, timed};
use crate::Error;

/// What one shape costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The shape.
    pub shape: Shape,
    /// Seconds per training step.
    pub training: Time,
    /// The best time of each phase of a training step.
    pub phases: Phases,
    /// Seconds per generated step at batch 1, with the sampling of its notes.
    pub generation: Time,
    /// Bytes of weights that a generated step reads.
    pub weight_bytes: usize,
    /// Operations per second of the large matrix product, measured alternately with the steps: the best.
    pub peak: f64,
    /// Memory that the model and its first two training steps allocate; `None` without a counting allocator.
    pub memory: Option<Allocated>,
    /// Memory that the third training step allocates.
    pub later: Option<Allocated>,
}

impl Cost {
    /// Floating-point operations per second of a training step, at its best time.
    pub fn rate(&self) -> f64 {
        self.shape.flops() / self.training.best
    }

    /// [`Cost::rate`] as a share of the rate of the large matrix product.
    pub fn share_of_peak(&self) -> f64 {
        self.rate() / self.peak
    }

    /// Bytes of weights per second that a generated step reads, at its best time.
    pub fn weights_per_second(&self) -> f64 {
        self.weight_bytes as f64 / self.generation.best
    }
}

/// Measures one shape in `rounds` rounds.
///
/// # Errors
/// A size is out of range, see [`Shape::check`], or `rounds` is.
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
    let train_repetitions = repetitions(third?.1.total());
    let generate_repetitions = repetitions(timed(1, || generation.step().map(drop))?);
    let (mut training, mut generated, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    let mut phases: Vec<Phases> = Vec::new();
    for _ in 0..rounds {
        rates.push(peak.run());
        training.push(timed(train_repetitions, || model.step().map(|(_, parts)| phases.push(parts)))?);
        generated.push(timed(generate_repetitions, || generation.step().map(drop))?);
    }
    let least = |phase: fn(&Phases) -> f64| phases.iter().map(phase).fold(f64::INFINITY, f64::min);
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
