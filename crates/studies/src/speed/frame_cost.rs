//! Time and memory of a training step and of a generated frame of one network that writes frames note by note or pitch by pitch.

use composer_tensor::allocations::{Allocated, count};

use super::frames::{FRAMES_PER_SECOND, FrameShape, FrameTraining, seconds_per_frame};
use super::peak::Peak;
use super::timing::{Time, check_rounds, repetitions, timed};
use crate::Error;

/// What one network costs.
#[derive(Clone, Copy, Debug)]
pub struct FrameCost {
    /// The network and its batch.
    pub shape: FrameShape,
    /// Seconds per training step.
    pub training: Time,
    /// Seconds per generated frame at batch 1, with the choice of its notes, on one thread.
    pub generation: Time,
    /// Notes of a generated frame, the mean.
    pub notes: f64,
    /// Operations per second of the large matrix product, measured alternately with the steps: the best.
    pub peak: f64,
    /// Memory that the model and its first two training steps allocate; `None` without a counting allocator.
    pub memory: Option<Allocated>,
    /// Memory that the third training step allocates.
    pub later: Option<Allocated>,
}

/// Frames of a sample.
const FRAMES: usize = 100;

impl FrameCost {
    /// Floating-point operations per second of a training step, at its best time.
    pub fn rate(&self) -> f64 {
        self.shape.flops() / self.training.best
    }

    /// [`FrameCost::rate`] as a share of the rate of the large matrix product.
    pub fn share_of_peak(&self) -> f64 {
        self.rate() / self.peak
    }

    /// Seconds of music, in sixteenths at 120, that are composed in a second.
    pub fn times_real_time(&self) -> f64 {
        1.0 / (FRAMES_PER_SECOND * self.generation.best)
    }
}

/// Measures one network in `rounds` rounds.
///
/// # Errors
/// A size is out of range, see [`FrameShape::check`], or `rounds` is; or there is no thread to be had.
pub fn measure_frames(shape: FrameShape, rounds: usize, peak: &mut Peak) -> Result<FrameCost, Error> {
    check_rounds(rounds)?;
    let (training, memory) = count(|| -> Result<_, Error> {
        let mut training = FrameTraining::new(shape)?;
        training.step()?;
        training.step()?;
        Ok(training)
    });
    let mut training = training?;
    let (third, later) = count(|| training.step());
    let repetitions = repetitions(third?.1.iter().sum());
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (mut steps, mut frames, mut rates, mut notes) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
    for _ in 0..rounds {
        rates.push(peak.run());
        steps.push(timed(repetitions, || training.step().map(drop))?);
        let (seconds, found) = one_thread.install(|| seconds_per_frame(shape, FRAMES))?;
        frames.push(seconds);
        notes = found;
    }
    let peak = rates.into_iter().fold(0.0, f64::max);
    Ok(FrameCost {
        shape,
        training: Time::of(steps),
        generation: Time::of(frames),
        notes,
        peak,
        memory,
        later,
    })
}
