//! Training time at growing lengths, batches and numbers of threads.

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::model::{Options, Training};
use super::shape::Shape;
use super::timing::{check_rounds, repetitions, timed};
use crate::Error;

/// The size that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// `T`: time steps.
    Steps,
    /// `B`: rows of the batch.
    Batch,
}

/// The best time of a training step at one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// `T` or `B`.
    pub size: usize,
    /// Seconds.
    pub seconds: f64,
}

/// Times at growing sizes with one number of threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The size that grows.
    pub axis: Axis,
    /// Number of threads.
    pub threads: usize,
    /// In ascending order of size.
    pub points: Vec<Point>,
}

impl Curve {
    /// Slope of the least-squares line through `(ln size, ln seconds)`: 1 means linear.
    pub fn slope(&self) -> f64 {
        let logs: Vec<(f64, f64)> =
            self.points.iter().map(|point| ((point.size as f64).ln(), point.seconds.ln())).collect();
        let count = logs.len() as f64;
        let (x, y) = logs.iter().fold((0.0, 0.0), |sum, log| (sum.0 + log.0 / count, sum.1 + log.1 / count));
        let above: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
        let below: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
        above / below
    }
}

/// What [`scaling`] measures.
#[derive(Clone, Debug)]
pub struct Scaling {
    /// Cell and sizes; while one axis grows, the other stays as it is here.
    pub shape: Shape,
    /// Lengths, in ascending order.
    pub steps: Vec<usize>,
    /// Batch sizes, in ascending order.
    pub batches: Vec<usize>,
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// Rounds in which each point is timed; the best is reported.
    pub rounds: usize,
}

impl Scaling {
    /// While one axis grows, the other stays at the middle one of its sizes.
    pub fn at_middles(mut self) -> Self {
        let middle = |sizes: &[usize]| sizes.get(sizes.len() / 2).copied().unwrap_or(0);
        (self.shape.batch, self.shape.steps) = (middle(&self.batches), middle(&self.steps));
        self
    }

    /// Rejects sizes that are out of range or not in ascending order.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name of the setting, or [`Error::TooLarge`].
    pub fn check(&self) -> Result<(), Error> {
        check_rounds(self.rounds)?;
        for (name, sizes, most) in [
            ("steps", &self.steps, usize::MAX),
            ("batch", &self.batches, usize::MAX),
            ("compare_threads", &self.threads, 64),
        ] {
            if sizes.is_empty() || sizes.iter().any(|&size| size == 0 || size > most) {
                let must = if most == 64 { "numbers from 1 to 64" } else { "numbers of at least 1" };
                return Err(Error::Setting { name, value: format!("{sizes:?}"), must });
            }
        }
        for (name, sizes) in [("steps", &self.steps), ("batch", &self.batches)] {
            if sizes.len() < 2 || sizes.windows(2).any(|pair| pair[0] >= pair[1]) {
                let must = "two sizes or more, growing";
                return Err(Error::Setting { name, value: format!("{sizes:?}"), must });
            }
        }
        self.shapes(Axis::Steps).chain(self.shapes(Axis::Batch)).try_for_each(|shape| shape.check())
    }

    /// The shapes along an axis.
    fn shapes(&self, axis: Axis) -> impl Iterator<Item = Shape> + '_ {
        let sizes = if axis == Axis::Steps { &self.steps } else { &self.batches };
        sizes.iter().map(move |&size| match axis {
            Axis::Steps => Shape { steps: size, ..self.shape },
            Axis::Batch => Shape { batch: size, ..self.shape },
        })
    }
}

/// A point while it is measured.
struct Measurement {
    curve: usize,
    size: usize,
    pool: usize,
    model: Training,
    repetitions: usize,
    best: f64,
}

/// Times all points alternately, in `rounds` rounds. One curve per axis and number of threads, in their order.
///
/// # Errors
/// See [`Scaling::check`]; or a thread pool cannot be created.
pub fn scaling(options: &Scaling) -> Result<Vec<Curve>, Error> {
    options.check()?;
    let pools = options
        .threads
        .iter()
        .map(|&threads| ThreadPoolBuilder::new().num_threads(threads).build())
        .collect::<Result<Vec<ThreadPool>, _>>()?;
    let mut curves = Vec::new();
    let mut measurements = Vec::new();
    for axis in [Axis::Steps, Axis::Batch] {
        for (pool, &threads) in options.threads.iter().enumerate() {
            for shape in options.shapes(axis) {
                let size = if axis == Axis::Steps { shape.steps } else { shape.batch };
                let mut model = Training::new(shape, Options::default())?;
                let first = pools[pool].install(|| -> Result<f64, Error> {
                    model.step()?;
                    Ok(model.step()?.1.total())
                })?;
                let curve = curves.len();
                let best = f64::INFINITY;
                measurements.push(Measurement {
                    curve,
                    size,
                    pool,
                    model,
                    repetitions: repetitions(first),
                    best,
                });
            }
            curves.push(Curve { axis, threads, points: Vec::new() });
        }
    }
    for _ in 0..options.rounds {
        for Measurement { pool, model, repetitions, best, .. } in &mut measurements {
            let seconds = pools[*pool].install(|| timed(*repetitions, || model.step().map(drop)))?;
            *best = best.min(seconds);
        }
    }
    for Measurement { curve, size, best, .. } in measurements {
        curves[curve].points.push(Point { size, seconds: best });
    }
    Ok(curves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use composer_bptt::Cell;

    #[test]
    fn the_slope_of_a_power_law_is_its_exponent() {
        let curve = |power: f64| Curve {
            axis: Axis::Steps,
            threads: 1,
            points: [3, 10, 40]
                .map(|size| Point { size, seconds: 1e-3 * (size as f64).powf(power) })
                .to_vec(),
        };
        for power in [0.5, 1.0, 2.0] {
            assert_abs_diff_eq!(curve(power).slope(), power, epsilon = 1e-12);
        }
    }

    #[test]
    fn every_size_has_a_point_and_every_number_of_threads_a_curve() {
        let options = Scaling {
            shape: Shape { cell: Cell::Gru, features: 5, hidden: 6, layers: 1, batch: 2, steps: 3 },
            steps: vec![2, 4, 8],
            batches: vec![1, 3],
            threads: vec![1, 2],
            rounds: 1,
        };
        let curves = scaling(&options).unwrap();
        let found: Vec<(Axis, usize, usize)> =
            curves.iter().map(|curve| (curve.axis, curve.threads, curve.points.len())).collect();
        let (steps, batch) = (Axis::Steps, Axis::Batch);
        assert_eq!(found, [(steps, 1, 3), (steps, 2, 3), (batch, 1, 2), (batch, 2, 2)]);
        assert!(curves.iter().flat_map(|curve| &curve.points).all(|point| point.seconds > 0.0));

        let complaint = |options: Scaling| scaling(&options).unwrap_err().to_string();
        assert!(complaint(Scaling { rounds: 0, ..options.clone() }).starts_with("rounds is 0"));
        assert!(complaint(Scaling { steps: vec![4, 2], ..options.clone() }).contains("[4, 2]"));
        assert!(
            complaint(Scaling { threads: vec![], ..options.clone() }).starts_with("compare_threads is []")
        );
        assert!(complaint(Scaling { batches: vec![0, 2], ..options }).starts_with("batch is [0, 2]"));
    }
}
