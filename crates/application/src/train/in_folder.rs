//! [`InFolder`]: a training of any model in a run folder.

use super::recorder::{AfterEpoch, CHECKPOINT_FILE, MODEL_FILE, RunRecorder};
use crate::error::Stopped;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::Run;
use composer_models::SequenceModel;
use composer_report::text::thousands;
use composer_training::distributed::{self, Communicator};
use composer_training::{
    Checkpoint, EpochReport, Error as TrainingError, Outcome, Trainable, Trainer, TrainingConfig,
    TrainingSet, checkpoint,
};

/// A training of any model in a run folder: reported, recorded, and resumed if there is a checkpoint.
pub struct InFolder<'a> {
    /// Where it is recorded.
    pub folder: &'a OutputFolder,
    /// What is written.
    pub run: &'a Run,
    /// Whether to resume the run in the folder. One that was killed before its first checkpoint begins anew.
    pub resume: bool,
    /// The command that resumes it, for messages.
    pub resume_with: &'a str,
    /// The processes that train, of which this is the first.
    pub ranks: &'a dyn Communicator,
}

/// A finished training.
pub struct Finished {
    /// Every epoch.
    pub outcome: Outcome,
    /// Seconds of training, those before an interruption included.
    pub seconds: f64,
}

impl InFolder<'_> {
    /// Trains to the end; `description` says what, for people.
    ///
    /// # Errors
    /// Training fails, or was stopped: the error says how to resume it.
    pub fn train<M: Trainable>(
        &self,
        model: &mut M,
        description: &str,
        set: TrainingSet<'_, M::Example>,
        valid: &[M::Example],
        training: &TrainingConfig,
        after_epoch: &mut AfterEpoch<'_, M>,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<Finished> {
        let saved = self.saved()?;
        if self.ranks.size() > 1 {
            let bytes = saved.as_ref().map(Checkpoint::to_bytes).transpose()?;
            distributed::share(self.ranks, bytes.unwrap_or_default())?;
            progress.note(&format!("{} processes train together.", self.ranks.size()));
        }
        let parameters = thousands(model.params().len() as u64);
        match &saved {
            Some(saved) => progress.note(&format!("Resuming after update {}.", thousands(saved.updates()))),
            None => progress.note(&format!("Training: {description}, {parameters} parameters.")),
        }
        let mut after_epoch = |report: &EpochReport, model: &M| after_epoch(report, model);
        let mut recorder =
            RunRecorder::new(training, self.run, self.folder, saved.as_ref(), &mut after_epoch, progress)?;
        let outcome = Trainer::new(model, set, valid, training)
            .and_then(|trainer| trainer.on(self.ranks))
            .and_then(|trainer| match &saved {
                Some(saved) => trainer.resume(saved),
                None => Ok(trainer),
            })
            .and_then(|trainer| trainer.run(&mut recorder));
        let seconds = recorder.finish();
        let at = self.folder.folder().display();
        let outcome = outcome.map_err(|error| match error {
            TrainingError::Diverged(_) if self.folder.path(MODEL_FILE).exists() => {
                // Only one kind of training can start from a model.
                let next = match M::KIND == SequenceModel::KIND {
                    true => format!("; start a new run from it with --init-from {at}/{MODEL_FILE}"),
                    false => String::new(),
                };
                anyhow::anyhow!("{error}; the best model so far is in {at}{next}")
            }
            other => other.into(),
        })?;
        if outcome.interrupted() {
            return Err(Stopped(format!("stopped and saved; resume with: {}", self.resume_with)).into());
        }
        Ok(Finished { outcome, seconds })
    }

    fn saved(&self) -> anyhow::Result<Option<Checkpoint>> {
        let path = self.folder.path(CHECKPOINT_FILE);
        let any = path.exists() || checkpoint::previous(&path).exists();
        Ok(if self.resume && any { Some(checkpoint::load(&path)?) } else { None })
    }
}

/// Trains as one of several processes, of which the first records, and says whether there is a checkpoint to resume from.
///
/// # Errors
/// Training fails.
pub fn assist<M: Trainable>(
    model: &mut M,
    set: TrainingSet<'_, M::Example>,
    valid: &[M::Example],
    training: &TrainingConfig,
    ranks: &dyn Communicator,
) -> anyhow::Result<Outcome> {
    let saved = distributed::share(ranks, Vec::new())?;
    let mut trainer = Trainer::new(model, set, valid, training)?.on(ranks)?;
    if !saved.is_empty() {
        trainer = trainer.resume(&Checkpoint::from_bytes(&saved)?)?;
    }
    // Its events are those of the first process.
    let outcome = trainer.run(&mut ())?;
    if outcome.interrupted() {
        return Err(Stopped("stopped and saved".to_owned()).into());
    }
    Ok(outcome)
}
