//! What a run folder keeps of a training: checkpoints, `metrics.jsonl`, curves for TensorBoard.

use super::tensorboard::EventFile;
use crate::progress::Progress;
use crate::run_folder::{MetricsFile, OutputFolder};
use crate::settings::Run;
use anyhow::Context;
use composer_training::{
    Advice, Checkpoint, Control, EpochReport, Error, Observer, Snapshot, TrainingConfig, UpdateReport,
    checkpoint,
};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Name of the best model in a run folder.
pub const MODEL_FILE: &str = "model.safetensors";
/// Name of the model after the last update.
pub const LAST_MODEL_FILE: &str = "last.safetensors";
/// Name of the checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint.bin";
/// Name of the file with a line for every epoch.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// What else is done after an epoch: keeping the best model, say.
pub type AfterEpoch<'a, M> = dyn FnMut(&EpochReport, &M) -> std::io::Result<()> + 'a;

/// Records a training in a run folder, keeps a checkpoint there, and reports to a [`Progress`].
pub struct RunRecorder<'a, M> {
    progress: &'a mut dyn Progress,
    epochs: u64,
    started: Instant,
    run: &'a Run,
    folder: &'a OutputFolder,
    after_epoch: &'a mut AfterEpoch<'a, M>,
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

impl<'a, M> RunRecorder<'a, M> {
    /// Records a training from its beginning, or from a checkpoint on.
    pub fn new(
        training: &TrainingConfig,
        run: &'a Run,
        folder: &'a OutputFolder,
        saved: Option<&Checkpoint>,
        after_epoch: &'a mut AfterEpoch<'a, M>,
        progress: &'a mut dyn Progress,
    ) -> anyhow::Result<Self> {
        let kept: Kept = match saved {
            Some(saved) => {
                serde_json::from_str(saved.notes()).context("the checkpoint's notes are damaged")?
            }
            None => Kept::default(),
        };
        let updates = saved.map_or(0, Checkpoint::updates);
        let cannot = || format!("cannot write to the folder {}", folder.folder().display());
        let events = match run.tensorboard {
            true => Some(EventFile::create(folder.folder(), updates + 1).with_context(cannot)?),
            false => None,
        };
        let started = Instant::now();
        Ok(Self {
            run,
            folder,
            after_epoch,
            seconds_before: kept.seconds,
            epoch_started: started,
            saved: started,
            metrics: MetricsFile::create(&folder.path(METRICS_FILE), &kept.metrics)?,
            events,
            progress,
            epochs: training.epochs,
            started,
        })
    }

    /// Seconds of training in all.
    pub fn finish(&mut self) -> f64 {
        self.progress.finished();
        self.seconds()
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// Whether enough time or updates have gone by since the last checkpoint.
    fn checkpoint_is_due(&self, update: u64, seconds: f64) -> bool {
        let every = self.run.checkpoint_updates;
        (every > 0 && update.is_multiple_of(every)) || self.saved.elapsed().as_secs_f64() >= seconds
    }
}

/// Beginning of the names of samples during training; the number of the epoch follows.
pub const SAMPLE_PREFIX: &str = "sample-epoch-";

impl<M> Observer<M> for RunRecorder<'_, M> {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.progress.update(report);
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
            () if self.progress.stop_requested() => Control::Stop,
            () if self.checkpoint_is_due(report.update, self.run.checkpoint_seconds) => Control::Save,
            () => Control::Continue,
        }
    }

    fn epoch(&mut self, report: &EpochReport, model: &M) -> std::io::Result<()> {
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
        (self.after_epoch)(report, model)?;
        // Last: who is told finds the model and the sample of the epoch in the folder.
        self.progress.epoch(report, self.epochs);
        Ok(())
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        // At the end of an epoch, half the time will do.
        let due = self.checkpoint_is_due(snapshot.updates(), self.run.checkpoint_seconds / 2.0);
        if !(due || snapshot.is_final() || self.progress.stop_requested()) {
            return Ok(());
        }
        let kept = Kept { metrics: self.metrics.text().to_owned(), seconds: self.seconds() };
        let kept = serde_json::to_string(&kept).map_err(|error| Error::Checkpoint(error.to_string()))?;
        checkpoint::save(&self.folder.path(CHECKPOINT_FILE), &snapshot.to_bytes(&kept)?)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn advice(&mut self, advice: Advice) {
        self.progress.warning(&format!("Note: {advice}."));
    }
}
