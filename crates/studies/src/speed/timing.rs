//! How a time is measured: repetitions of short work, best and median of several samples.

use std::time::Instant;

use crate::Error;

/// A sample lasts at least this many seconds, so that the resolution of the clock does not matter.
const SAMPLE_SECONDS: f64 = 0.02;

/// Best and median of some samples, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// The shortest sample: the time without other load on the machine.
    pub best: f64,
    /// The median.
    pub median: f64,
}

impl Time {
    /// Of at least one sample.
    pub(super) fn of(mut samples: Vec<f64>) -> Time {
        samples.sort_by(f64::total_cmp);
        Time { best: samples[0], median: samples[samples.len() / 2] }
    }
}

/// Checks the number of rounds.
///
/// # Errors
/// [`Error::Setting`] unless it is between 1 and 1000.
pub fn check_rounds(rounds: usize) -> Result<(), Error> {
    match rounds {
        1..=1000 => Ok(()),
        _ => Err(Error::Setting { name: "rounds", value: rounds.to_string(), must: "between 1 and 1000" }),
    }
}

/// How many runs of `seconds` each make one sample.
pub(super) fn repetitions(seconds: f64) -> usize {
    (SAMPLE_SECONDS / seconds.max(1e-7)).ceil() as usize
}

/// Mean seconds per run of `times` runs.
pub(super) fn timed(times: usize, mut run: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let start = Instant::now();
    for _ in 0..times {
        run()?;
    }
    Ok(start.elapsed().as_secs_f64() / times as f64)
}
