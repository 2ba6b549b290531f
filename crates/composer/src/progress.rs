//! What is seen while training: a progress bar on a terminal, plain lines elsewhere, and `metrics.jsonl`.

use crate::run::{MetricsFile, OutputFolder};
use composer_models::SequenceModel;
use composer_models::file::{self, Notes};
use composer_training::{Control, EpochReport, Observer, UpdateReport};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;
use std::time::Instant;

/// Shows the training, records it, and keeps the best model on disk.
pub struct TrainingProgress<'a> {
    bar: ProgressBar,
    epochs: u64,
    started: Instant,
    epoch_started: Instant,
    steps: u64,
    metrics: Option<MetricsFile>,
    best: Option<(&'a OutputFolder, Notes)>,
    last_valid: Option<f64>,
}

#[derive(Serialize)]
struct EpochRecord<'a> {
    #[serde(flatten)]
    report: &'a EpochReport,
    seconds: f64,
    frames_per_second: f64,
}

/// Name of the model in a run folder.
pub const MODEL_FILE: &str = "model.safetensors";

impl<'a> TrainingProgress<'a> {
    /// Shows training of at most `epochs` epochs.
    pub fn new(epochs: u64) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix} {bar:28.cyan/blue} {percent:>3}%  {msg}  {eta_precise} left",
        ) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        let now = Instant::now();
        Self {
            bar,
            epochs,
            started: now,
            epoch_started: now,
            steps: 0,
            metrics: None,
            best: None,
            last_valid: None,
        }
    }

    /// Also writes the metrics and, whenever validation is best, the model.
    pub fn recording(mut self, metrics: MetricsFile, folder: &'a OutputFolder, notes: Notes) -> Self {
        self.metrics = Some(metrics);
        self.best = Some((folder, notes));
        self
    }

    /// Ends the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for TrainingProgress<'_> {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.steps += report.steps as u64;
        let rate = self.steps as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        let valid = self.last_valid.map(|nll| format!(" (held-out {nll:.3})")).unwrap_or_default();
        self.bar.set_length(report.total_updates);
        self.bar.set_prefix(format!("epoch {:>2}/{}", report.epoch, self.epochs));
        self.bar.set_message(format!(
            "{:.3} nats/frame{valid}  {} frames/s",
            report.nll,
            thousands(rate as u64)
        ));
        self.bar.set_position(report.update);
        Control::Continue
    }

    fn epoch(&mut self, report: &EpochReport, model: &SequenceModel) -> std::io::Result<()> {
        let seconds = self.epoch_started.elapsed().as_secs_f64();
        self.epoch_started = Instant::now();
        self.last_valid = Some(report.valid_nll);
        let frames_per_second = report.steps as f64 / seconds.max(1e-9);
        if !std::io::stderr().is_terminal() {
            eprintln!(
                "epoch {:>2}/{}  train {:.3}  held-out {:.3} nats/frame{}  {} frames/s",
                report.epoch,
                self.epochs,
                report.train_nll,
                report.valid_nll,
                if report.best { " (best)" } else { "" },
                thousands(frames_per_second as u64)
            );
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.push(&EpochRecord { report, seconds, frames_per_second })?;
        }
        if let (true, Some((folder, notes))) = (report.best, &mut self.best) {
            notes.valid_nll = Some(report.valid_nll);
            file::save(model, notes, &folder.path(MODEL_FILE)).map_err(std::io::Error::other)?;
        }
        Ok(())
    }
}

/// 1234567 as "1,234,567".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn digits_are_grouped_in_threes() {
        assert_eq!([0, 999, 1000, 1234567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
