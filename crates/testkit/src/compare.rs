//! A comparison that nothing slips through: not NaN, not an answer of zeros, not a length.

/// Whether `found` is `expected` within `tolerance`.
///
/// The error of an element is relative to the larger of the two numbers, or to the root mean square of `expected` where
/// both are smaller.
///
/// # Errors
/// Says where and how much: lengths that differ, a number that is not finite, an expectation of nothing but zeros (which
/// proves nothing), or the largest error.
pub fn compare(found: &[f64], expected: &[f64], tolerance: f64) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{} elements instead of {}", found.len(), expected.len()));
    }
    for (what, values) in [("found", found), ("expected", expected)] {
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(format!("[{index}] of what is {what} is {}", values[index]));
        }
    }
    if expected.iter().all(|&value| value == 0.0) {
        return Err("nothing but zeros is expected: that proves nothing".into());
    }
    let rms = (expected.iter().map(|value| value * value).sum::<f64>() / expected.len() as f64).sqrt();
    let (mut worst, mut at) = (0.0, 0);
    for (index, (&a, &b)) in found.iter().zip(expected).enumerate() {
        let error = (a - b).abs() / a.abs().max(b.abs()).max(rms);
        if error > worst {
            (worst, at) = (error, index);
        }
    }
    if worst <= tolerance {
        return Ok(());
    }
    Err(format!("[{at}] is {} instead of {}: error {worst:.2e} > {tolerance:.0e}", found[at], expected[at]))
}

/// Collects what is wrong in a table of cases, to report all of it.
#[derive(Debug, Default)]
pub struct Checks {
    done: usize,
    wrong: Vec<String>,
}

impl Checks {
    /// Nothing checked yet.
    pub fn new() -> Self {
        Checks::default()
    }

    /// [`compare`]s, and remembers a failure under `name`.
    pub fn close(&mut self, name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
        let outcome = compare(found, expected, tolerance);
        self.outcome(name, outcome);
    }

    /// Remembers a failure under `name` unless both are the same bits.
    pub fn identical(&mut self, name: &str, found: &[f64], expected: &[f64]) {
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
        let outcome = match found.iter().zip(expected).position(|pair| !same(pair)) {
            Some(index) => Err(format!("[{index}] is {} instead of {}", found[index], expected[index])),
            None if found.len() != expected.len() => {
                Err(format!("{} elements instead of {}", found.len(), expected.len()))
            }
            None => Ok(()),
        };
        self.outcome(name, outcome);
    }

    /// Remembers the error of `outcome`, if it is one, under `name`.
    pub fn outcome(&mut self, name: &str, outcome: Result<(), String>) {
        self.done += 1;
        if let Err(error) = outcome {
            self.wrong.push(format!("{name}: {error}"));
        }
    }

    /// Ends the test.
    ///
    /// # Panics
    /// If something was wrong, or nothing was checked.
    pub fn finish(self) {
        assert!(self.done > 0, "nothing was checked");
        assert!(
            self.wrong.is_empty(),
            "{} of {} checks failed:\n{}",
            self.wrong.len(),
            self.done,
            self.wrong.join("\n")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparer_lets_nothing_slip_through() {
        let good = [0.5, -1.0, 0.25, 2.0];
        assert!(compare(&good, &good, 0.0).is_ok());
        assert!(compare(&good[..3], &good, 1.0).is_err(), "a missing element");
        assert!(compare(&[0.5, f64::NAN, 0.25, 2.0], &good, 1.0).is_err(), "NaN that was found");
        assert!(compare(&good, &[0.5, f64::NAN, 0.25, 2.0], 1.0).is_err(), "NaN that was expected");
        assert!(compare(&[0.0; 4], &good, 1e-3).is_err(), "zeros that were found");
        assert!(compare(&[0.0; 4], &[0.0; 4], 1e-3).is_err(), "zeros that were expected");
        assert!(compare(&[-1.0, 0.5, 0.25, 2.0], &good, 1e-3).is_err(), "swapped");
        assert!(compare(&good.map(|x| 1.01 * x), &good, 1e-3).is_err(), "scaled by 1.01");
    }

    #[test]
    #[should_panic(expected = "2 of 3 checks failed")]
    fn all_failures_are_reported() {
        let mut checks = Checks::new();
        checks.close("right", &[1.0], &[1.0], 1e-6);
        checks.close("wrong", &[1.0], &[2.0], 1e-6);
        checks.identical("almost", &[1.0], &[1.0 + f64::EPSILON]);
        checks.finish();
    }
}
