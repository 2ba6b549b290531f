//! How the cost of a training step grows with the length, with the batch, and falls with the threads.

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Options, Shape, Training, check_rounds, repetitions, timed};
use crate::Error;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Time steps, `T`.
    Steps,
    /// Rows, `B`.
    Batch,
}

/// One size on its axis, and the best time of a training step there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// `T` or `B`.
    pub size: usize,
    /// Seconds.
    pub seconds: f64,
}

/// Times at growing sizes on one number of threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What grows.
    pub axis: Axis,
    /// Threads.
    pub threads: usize,
    /// From the smallest size to the largest.
    pub points: Vec<Point>,
}

impl Curve {
    /// Slope of the line that fits the logarithms of sizes and seconds best (least squares): 1 is linear.
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

/// What to measure.
#[derive(Clone, Debug)]
pub struct Scaling {
    /// Cell and sizes; while one axis grows, the other has the size that it has here.
    pub shape: Shape,
    /// Lengths, growing.
    pub steps: Vec<usize>,
    /// Batches, growing.
    pub batches: Vec<usize>,
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// Times that each point is timed; the best counts.
    pub rounds: usize,
}

impl Scaling {
    /// Refuses sizes that are out of range or do not grow.
    ///
    /// # Errors
    /// [`Error::Setting`] by name, [`Error::TooLarge`].
    pub fn check(&self) -> Result<(), Error> {
        check_rounds(self.rounds)?;
        for (name, sizes, most) in [
            ("steps", &self.steps, usize::MAX),
            ("batch", &self.batches, usize::MAX),
            ("compare_threads", &self.threads, 64),
        ] {
            if sizes.is_empty() || sizes.iter().any(|&size| size == 0 || size > most) {
                let must = if most == 64 { "numbers from 1 to 64" } else { "numbers from 1 on" };
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

    /// What is timed along an axis.
    fn shapes(&self, axis: Axis) -> impl Iterator<Item = Shape> + '_ {
        let sizes = if axis == Axis::Steps { &self.steps } else { &self.batches };
        sizes.iter().map(move |&size| match axis {
            Axis::Steps => Shape { steps: size, ..self.shape },
            Axis::Batch => Shape { batch: size, ..self.shape },
        })
    }
}

/// A point that is being measured.
struct Probe {
    curve: usize,
    size: usize,
    pool: usize,
    model: Training,
    repetitions: usize,
    best: f64,
}

/// Times every point in turn, `rounds` times: one curve for each axis and number of threads, in their order.
///
/// # Errors
/// A size is out of range, or sizes do not grow.
pub fn scaling(options: &Scaling) -> Result<Vec<Curve>, Error> {
    options.check()?;
    let pools = options
        .threads
        .iter()
        .map(|&threads| ThreadPoolBuilder::new().num_threads(threads).build())
        .collect::<Result<Vec<ThreadPool>, _>>()?;
    let mut curves = Vec::new();
    let mut probes = Vec::new();
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
                probes.push(Probe { curve, size, pool, model, repetitions: repetitions(first), best });
            }
            curves.push(Curve { axis, threads, points: Vec::new() });
        }
    }
    for _ in 0..options.rounds {
        for probe in &mut probes {
            let Probe { model, repetitions, .. } = probe;
            let seconds = pools[probe.pool].install(|| timed(*repetitions, || model.step().map(drop)))?;
            probe.best = probe.best.min(seconds);
        }
    }
    for probe in probes {
        curves[probe.curve].points.push(Point { size: probe.size, seconds: probe.best });
    }
    Ok(curves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::Cell;

    #[test]
    fn slopes_are_powers() {
        let curve = |power: f64| Curve {
            axis: Axis::Steps,
            threads: 1,
            points: [3, 10, 40]
                .map(|size| Point { size, seconds: 1e-3 * (size as f64).powf(power) })
                .to_vec(),
        };
        for power in [0.5, 1.0, 2.0] {
            assert!((curve(power).slope() - power).abs() < 1e-12);
        }
    }

    #[test]
    fn there_is_a_point_for_every_size_and_a_curve_for_every_number_of_threads() {
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
