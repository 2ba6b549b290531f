//! What is seen while training: a progress bar on a terminal, plain lines elsewhere, and `metrics.jsonl`.

use crate::run_folder::{MetricsFile, OutputFolder};
use crate::settings::Settings as Config;
use crate::train::along_the_way;
use crate::train::interrupt;
use crate::train::tensorboard::EventFile;
use anyhow::Context;
use composer_models::SequenceModel;
use composer_models::file::{self, Notes};
use composer_music::atomic_file::write_atomically;
use composer_training::{
    Advice, Checkpoint, Control, EpochReport, Error, Observer, Snapshot, UpdateReport, checkpoint,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use std::time::Instant;

/// Name of the best model in a run folder.
pub const MODEL_FILE: &str = "model.safetensors";
/// Name of the model after the last update.
pub const LAST_MODEL_FILE: &str = "last.safetensors";
/// Name of the checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint.bin";
/// Name of the file with a line for every epoch.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// Shows a training: a bar on a terminal, plain lines elsewhere.
pub struct TrainingProgress {
    bar: ProgressBar,
    epochs: u64,
    started: Instant,
    steps: u64,
    last_valid: Option<f64>,
}

impl TrainingProgress {
    /// Shows training of at most `epochs` epochs.
    pub fn new(epochs: u64) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix} {bar:28.cyan/blue} {percent:>3}%  {msg}  {eta_precise} left",
        ) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Self { bar, epochs, started: Instant::now(), steps: 0, last_valid: None }
    }

    /// Ends the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn steps_per_second(&self) -> f64 {
        self.steps as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }
}

impl Observer for TrainingProgress {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.steps += report.steps as u64;
        let valid = self.last_valid.map(|nll| format!(" (held-out {nll:.3})")).unwrap_or_default();
        self.bar.set_length(report.total_updates);
        self.bar.set_prefix(format!("epoch {:>2}/{}", report.epoch, self.epochs));
        self.bar.set_message(format!(
            "{:.3} nats/step{valid}  gradient {:.2}  rate {:.1e}  {} steps/s",
            report.nll,
            report.grad_norm,
            report.learning_rate,
            thousands(self.steps_per_second() as u64)
        ));
        self.bar.set_position(report.update);
        Control::Continue
    }

    fn epoch(&mut self, report: &EpochReport, _model: &SequenceModel) -> std::io::Result<()> {
        self.last_valid = Some(report.valid_nll);
        if !std::io::stderr().is_terminal() {
            eprintln!(
                "epoch {:>2}/{}  train {:.3}  held-out {:.3} nats/step{}  gradient {:.2}  rate {:.1e}  {} steps/s",
                report.epoch,
                self.epochs,
                report.train_nll,
                report.valid_nll,
                if report.best { " (best)" } else { "" },
                report.grad_norm,
                report.learning_rate,
                thousands(self.steps_per_second() as u64)
            );
        }
        Ok(())
    }

    fn advice(&mut self, advice: Advice) {
        let line = format!("Note: {advice}.");
        if std::io::stderr().is_terminal() { self.bar.println(line) } else { eprintln!("{line}") }
    }
}

/// Shows a training, records it in a run folder, and keeps the best model and a checkpoint there.
pub struct RunRecorder<'a> {
    shown: TrainingProgress,
    config: &'a Config,
    folder: &'a OutputFolder,
    notes: Notes,
    /// Seconds of training before this program.
    seconds_before: f64,
    epoch_started: Instant,
    saved: Instant,
    metrics: MetricsFile,
    events: Option<EventFile>,
}

#[derive(Serialize)]
struct EpochRecord<'a> {
    #[serde(flatten)]
    report: &'a EpochReport,
    seconds: f64,
    frames_per_second: f64,
}

/// What a checkpoint keeps for this module.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    metrics: String,
    seconds: f64,
}

impl<'a> RunRecorder<'a> {
    /// Records a training from its beginning, or from a checkpoint on.
    pub fn new(
        config: &'a Config,
        folder: &'a OutputFolder,
        notes: Notes,
        saved: Option<&Checkpoint>,
    ) -> anyhow::Result<Self> {
        let kept: Kept = match saved {
            Some(saved) => {
                serde_json::from_str(saved.notes()).context("the checkpoint's notes are damaged")?
            }
            None => Kept::default(),
        };
        let updates = saved.map_or(0, Checkpoint::updates);
        let cannot = || format!("cannot write to the folder {}", folder.folder().display());
        let events = match config.run.tensorboard {
            true => Some(EventFile::create(folder.folder(), updates + 1).with_context(cannot)?),
            false => None,
        };
        let mut shown = TrainingProgress::new(config.training.epochs);
        shown.last_valid = saved.and_then(|saved| Some(saved.epochs().last()?.valid_nll));
        Ok(Self {
            config,
            folder,
            notes,
            seconds_before: kept.seconds,
            epoch_started: shown.started,
            saved: shown.started,
            metrics: MetricsFile::create(&folder.path(METRICS_FILE), &kept.metrics)?,
            events,
            shown,
        })
    }

    /// Ends the bar; seconds of training in all.
    pub fn finish(&self) -> f64 {
        self.shown.finish();
        self.seconds()
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.shown.started.elapsed().as_secs_f64()
    }

    /// Whether enough time or updates have gone by since the last checkpoint.
    fn checkpoint_is_due(&self, update: u64, seconds: f64) -> bool {
        let every = self.config.run.checkpoint_updates;
        (every > 0 && update.is_multiple_of(every)) || self.saved.elapsed().as_secs_f64() >= seconds
    }

    /// A few bars at epochs 1, 2, 4, 8 …, to hear how the music grew.
    fn sample(&self, epoch: u64, model: &SequenceModel) -> std::io::Result<()> {
        if !self.config.run.samples || !epoch.is_power_of_two() {
            return Ok(());
        }
        match along_the_way::sample(model, &self.notes) {
            Some(midi) => {
                write_atomically(self.folder.path(&format!("{SAMPLE_PREFIX}{epoch:04}.mid")), &midi)
            }
            None => Ok(()),
        }
    }
}

/// Beginning of the names of samples along the way; the number of the epoch follows.
pub const SAMPLE_PREFIX: &str = "sample-epoch-";

impl Observer for RunRecorder<'_> {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.shown.update(report);
        if let Some(events) = &mut self.events {
            let scalars = [
                ("train/nll", report.nll),
                ("train/gradient norm", report.grad_norm),
                ("train/learning rate", report.learning_rate),
                ("train/truth probability", report.truth_probability),
            ];
            // Not being able to draw a curve is no reason to end a training; a full disk ends it at the next checkpoint.
            if events.scalars(report.update, &scalars).is_err() {
                self.events = None;
            }
        }
        match () {
            () if interrupt::requested() => Control::Stop,
            () if self.checkpoint_is_due(report.update, self.config.run.checkpoint_seconds) => Control::Save,
            () => Control::Continue,
        }
    }

    fn epoch(&mut self, report: &EpochReport, model: &SequenceModel) -> std::io::Result<()> {
        self.shown.epoch(report, model)?;
        let seconds = self.epoch_started.elapsed().as_secs_f64();
        self.epoch_started = Instant::now();
        let frames_per_second = report.steps as f64 / seconds.max(1e-9);
        self.metrics.push(&EpochRecord { report, seconds, frames_per_second })?;
        if let Some(events) = &mut self.events {
            let layers =
                report.layer_grad_norms.iter().map(|(name, norm)| (format!("gradient norm/{name}"), *norm));
            let losses = [("epoch/train nll", report.train_nll), ("epoch/held-out nll", report.valid_nll)];
            let scalars: Vec<(String, f64)> =
                losses.map(|(name, nll)| (name.to_owned(), nll)).into_iter().chain(layers).collect();
            events.scalars(report.updates, &scalars)?;
            events.flush()?;
        }
        if report.best {
            self.notes.valid_nll = Some(report.valid_nll);
            file::save(model, &self.notes, &self.folder.path(MODEL_FILE)).map_err(std::io::Error::other)?;
        }
        self.sample(report.epoch, model)
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        // At the end of an epoch, half the time will do.
        let due = self.checkpoint_is_due(snapshot.updates(), self.config.run.checkpoint_seconds / 2.0);
        if !(due || snapshot.is_final() || interrupt::requested()) {
            return Ok(());
        }
        let kept = Kept { metrics: self.metrics.text().to_owned(), seconds: self.seconds() };
        let kept = serde_json::to_string(&kept).map_err(|error| Error::Checkpoint(error.to_string()))?;
        checkpoint::save(&self.folder.path(CHECKPOINT_FILE), &snapshot.to_bytes(&kept)?)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn advice(&mut self, advice: Advice) {
        self.shown.advice(advice);
    }
}

/// 1234567 as "1,234,567".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
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
