//! One training from its arguments to its model: configuration, music, run folder, checkpoints.

use super::options::TrainOptions;
use super::recorder::{AfterEpoch, CHECKPOINT_FILE, LAST_MODEL_FILE, MODEL_FILE, RunRecorder, SAMPLE_PREFIX};
use super::{material::Material, sample, tensorboard::EVENTS_PREFIX};
use crate::error::{Stopped, wrong_input};
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::{CONFIG_FILE, Layers, Run, Settings};
use composer_bptt::Init;
use composer_models::file::{self, Notes};
use composer_models::{Encoding, SequenceModel};
use composer_music::atomic_file::{TEMPORARY, write_atomically};
use composer_music::augment::Augmentation;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_report::text::thousands;
use composer_training::{
    Checkpoint, EpochReport, Error as TrainingError, Outcome, Trainable, Trainer, TrainingConfig,
    TrainingSet, checkpoint,
};
use std::path::Path;

/// A training that is ready to start or to resume.
pub struct Session {
    /// What it depends on.
    pub config: Settings,
    /// The training, validation and test pieces.
    pub material: Material,
    /// The network, with its first weights.
    pub model: SequenceModel,
}

/// A finished training.
pub struct Finished {
    /// Every epoch.
    pub outcome: Outcome,
    /// Seconds of training, those before an interruption included.
    pub seconds: f64,
}

impl Session {
    /// Reads the configuration and the music and makes the network; writes nothing.
    pub fn prepare(options: &TrainOptions) -> anyhow::Result<Self> {
        let config = options.settings.clone();
        if let Some(run) = &options.resume {
            Layers::default().resumed(run)?.check_resumed_as(&config)?;
        }
        let representation = AnyRepresentation::by_name(&config.music.representation).map_err(wrong_input)?;
        config.check_augmentation(&representation)?;
        // Refuses sizes and probabilities out of range before the music is read, which takes longer.
        SequenceModel::zeros(config.model(Encoding::Tokens { vocabulary: 1, fingerprint: String::new() }))?;
        let folder = Some(config.music.folder.as_str()).filter(|folder| !folder.is_empty()).map(Path::new);
        let mut material = Material::load(folder, FrameRepresentation::default())?;
        if !matches!(representation, AnyRepresentation::Frames(_)) {
            material.tokenise(representation)?;
        }
        let encoding = material.encoding(&config.music);
        let mut model = SequenceModel::new(config.model(encoding), &Init::default(), config.training.seed)?;
        match config.model.init_from.as_str() {
            "" => model.init_output_bias(&material.train.sequences),
            path => init_from(&mut model, Path::new(path))?,
        }
        Ok(Self { config, material, model })
    }

    /// The network in a few words.
    pub fn description(&self) -> String {
        let model = &self.config.model;
        let layers = vec![model.hidden.to_string(); model.layers].join(" + ");
        format!("{} {layers}", model.cell.to_string().to_uppercase())
    }

    /// Opens the run folder for this training alone. A new training does not overwrite one that can go on.
    pub fn open(&self, options: &TrainOptions) -> anyhow::Result<OutputFolder> {
        let mut folder = match (&options.resume, &options.output_dir) {
            (Some(path), _) | (None, Some(path)) => OutputFolder::create(path)?,
            (None, None) => OutputFolder::create_numbered(Path::new("runs"))?,
        };
        let at = folder.folder().to_owned();
        take_folder(&mut folder, options.resume.is_some(), &at)?;
        folder.write(CONFIG_FILE, self.config.to_toml()?.as_bytes())?;
        Ok(folder)
    }

    /// Trains; the best model is then in the folder.
    pub fn train(
        &mut self,
        options: &TrainOptions,
        folder: &OutputFolder,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<Finished> {
        let description = self.description();
        let notes = Notes {
            seed: self.config.training.seed,
            configuration: self.config.to_toml()?,
            ..self.material.notes()
        };
        let (sets, training, run) = (&self.material, &self.config.training, &self.config.run);
        let augment = |piece: usize, rng: &mut _| sets.variant(piece, &training.augmentation(), rng);
        let set = match sets.tokens {
            Some(_) if training.augmentation() != Augmentation::default() => {
                TrainingSet::augmented(&sets.train.sequences, &augment)
            }
            _ => TrainingSet::from(&sets.train.sequences),
        };
        let mut after_epoch = |report: &EpochReport, model: &SequenceModel| {
            let notes = Notes { valid_nll: Some(report.valid_nll), ..notes.clone() };
            if report.best {
                file::save(model, &notes, &folder.path(MODEL_FILE)).map_err(std::io::Error::other)?;
            }
            if run.samples { write_sample(folder, report.epoch, model, &notes) } else { Ok(()) }
        };
        let resume_with = format!("composer train --resume {}", folder.folder().display());
        let in_folder = InFolder { folder, run, resume: options.resume.is_some(), resume_with: &resume_with };
        let valid = &sets.valid.sequences;
        let finished = in_folder.train(
            &mut self.model,
            &description,
            set,
            valid,
            training,
            &mut after_epoch,
            progress,
        )?;
        let best = &finished.outcome.best.weights;
        self.model.params_mut().values_mut().copy_from_slice(&finished.outcome.last.weights);
        file::save(&self.model, &notes, &folder.path(LAST_MODEL_FILE))?;
        self.model.params_mut().values_mut().copy_from_slice(best);
        Ok(finished)
    }
}

/// Takes a run folder for one training alone. A new training does not overwrite one that can be resumed, by the path `run`.
pub fn take_folder(folder: &mut OutputFolder, resume: bool, run: &Path) -> anyhow::Result<()> {
    folder.lock()?;
    // Left by a program that was killed while it wrote.
    folder.remove_all(TEMPORARY)?;
    if resume {
        return Ok(());
    }
    let at = run.display();
    match checkpoint::load(&folder.path(CHECKPOINT_FILE)) {
        Err(TrainingError::Io { .. }) => {}
        Ok(checkpoint) if checkpoint.is_final() => {}
        _ => {
            return Err(wrong_input(format!(
                "{at} holds a training that was stopped: resume it with --resume {at}, delete it, or choose another folder"
            )));
        }
    }
    for old in [CHECKPOINT_FILE.into(), checkpoint::previous(Path::new(CHECKPOINT_FILE))] {
        folder.remove(&old)?;
    }
    folder.remove_all(SAMPLE_PREFIX)?;
    folder.remove_all(EVENTS_PREFIX)
}

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
        let parameters = thousands(model.params().len() as u64);
        match &saved {
            Some(saved) => progress.note(&format!("Resuming after update {}.", thousands(saved.updates()))),
            None => progress.note(&format!("Training: {description}, {parameters} parameters.")),
        }
        let mut after_epoch = |report: &EpochReport, model: &M| after_epoch(report, model);
        let mut recorder =
            RunRecorder::new(training, self.run, self.folder, saved.as_ref(), &mut after_epoch, progress)?;
        let outcome = Trainer::new(model, set, valid, training)
            .and_then(|trainer| match &saved {
                Some(saved) => trainer.resume(saved),
                None => Ok(trainer),
            })
            .and_then(|trainer| trainer.run(&mut recorder));
        let seconds = recorder.finish();
        let at = self.folder.folder().display();
        let outcome = outcome.map_err(|error| match error {
            TrainingError::Diverged(_) if self.folder.path(MODEL_FILE).exists() => anyhow::anyhow!(
                "{error}; the best model so far is in {at}; start a new run from it with --init-from \
                 {at}/{MODEL_FILE}"
            ),
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

/// A few bars at epochs 1, 2, 4, 8 …, to compare the music during training.
fn write_sample(
    folder: &OutputFolder,
    epoch: u64,
    model: &SequenceModel,
    notes: &Notes,
) -> std::io::Result<()> {
    if !epoch.is_power_of_two() {
        return Ok(());
    }
    match sample::sample(model, notes) {
        Some(midi) => write_atomically(folder.path(&format!("{SAMPLE_PREFIX}{epoch:04}.mid")), &midi),
        None => Ok(()),
    }
}

/// Takes the weights of a model of the same shape.
fn init_from(model: &mut SequenceModel, path: &Path) -> anyhow::Result<()> {
    let (given, notes) = file::load(path)?;
    let (ours, theirs) = (model.config(), given.config());
    if ours.encoding.first_plane().is_some() != theirs.encoding.first_plane().is_some() {
        let name = notes.representation.map_or("frames", |tokens| tokens.name());
        return Err(wrong_input(format!(
            "{} reads music as {name}, and this training does not: use --representation {name}, or start from random \
             weights",
            path.display()
        )));
    }
    let shape = |config: &composer_models::ModelConfig| {
        let recurrent = &config.recurrent;
        [
            ("model.cell", recurrent.cell.to_string()),
            ("model.hidden", recurrent.hidden.to_string()),
            ("model.layers", recurrent.layers.to_string()),
            ("model.bias", recurrent.bias.to_string()),
            ("model.layer_norm", recurrent.layer_norm.to_string()),
            ("music.metre", config.encoding.metre().to_string()),
            ("music.bar_line", config.encoding.bar_line().to_string()),
        ]
    };
    let differences: Vec<(&str, String, String)> = shape(ours)
        .into_iter()
        .zip(shape(theirs))
        .filter(|((_, ours), (_, theirs))| ours != theirs)
        .map(|((name, ours), (_, theirs))| (name, ours, theirs))
        .collect();
    if let [(name, ours, theirs), ..] = &differences[..] {
        let settings: String =
            differences.iter().map(|(name, _, theirs)| format!(" --set {name}={theirs}")).collect();
        return Err(wrong_input(format!(
            "{} has {name} {theirs}, and the configuration has {ours}: match the model with{settings}",
            path.display()
        )));
    }
    if ours.encoding != theirs.encoding {
        return Err(wrong_input(format!(
            "{} reads music in another representation or vocabulary than this training: use the representation that it \
             was trained with, or start from random weights",
            path.display()
        )));
    }
    model.params_mut().values_mut().copy_from_slice(given.params().values());
    Ok(())
}
