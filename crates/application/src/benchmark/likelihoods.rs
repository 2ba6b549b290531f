//! [`FrameLikelihoods`]: what the benchmark of likelihoods found, as a table and as JSON.

use composer_evaluation::likelihood::Nll;
use composer_evaluation::significance::Interval;
use composer_report::text::thousands;
use serde_json::{Value, json};
use std::fmt;
use std::path::PathBuf;

/// Likelihoods of a published set; its [`fmt::Display`] is a table.
#[derive(Clone, Debug)]
pub struct FrameLikelihoods {
    /// The set.
    pub file: PathBuf,
    /// Test pieces.
    pub pieces: usize,
    /// Their frames.
    pub frames: usize,
    /// Each predictor and its likelihood of the test pieces.
    pub predictors: Vec<(String, Nll)>,
    /// Of several seeds, the mean in nats per frame with its 95 % confidence interval.
    pub mean: Option<Interval>,
}

impl FrameLikelihoods {
    /// All of it, in nats per frame.
    pub fn to_json(&self) -> Value {
        let predictors = self.predictors.iter().map(|(name, nll)| {
            json!({
                "name": name,
                "nats_per_frame": nll.per_frame(),
                "nats_per_frame_without_first": nll.per_frame_without_first(),
            })
        });
        json!({
            "file": self.file,
            "test_pieces": self.pieces,
            "test_frames": self.frames,
            "predictors": predictors.collect::<Vec<_>>(),
            "mean": self.mean,
        })
    }
}

impl fmt::Display for FrameLikelihoods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, frames) = (self.file.display(), thousands(self.frames as u64));
        writeln!(f, "{file}: {} test pieces, {frames} frames", self.pieces)?;
        writeln!(f, "{:<48}{:>12}{:>20}", "nats per frame, test set", "all frames", "without the first")?;
        for (name, nll) in &self.predictors {
            writeln!(f, "{name:<48}{:>12.3}{:>20.3}", nll.per_frame(), nll.per_frame_without_first())?;
        }
        if let Some(mean) = self.mean {
            let half = mean.high - mean.estimate;
            writeln!(f, "mean of the seeds, 95 % interval: {:.3} ± {half:.3}", mean.estimate)?;
        }
        Ok(())
    }
}
