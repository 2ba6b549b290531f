//! One training from its arguments to its model: configuration, music, run folder, checkpoints.

use super::options::TrainOptions;
use super::recorder::{AfterEpoch, CHECKPOINT_FILE, LAST_MODEL_FILE, MODEL_FILE, RunRecorder, SAMPLE_PREFIX};
use super::{material::Material, sample, tensorboard::EVENTS_PREFIX};
use crate::compose::COMPOSITION_PREFIX;
use crate::error::{Stopped, wrong_input};
use crate::memory;
use crate::outputs;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::{CONFIG_FILE, Layers, Run, Settings};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::file::{self, Notes};
use composer_models::{Conditions, Encoding, ModelConfig, SequenceModel};
use composer_music::atomic_file::{TEMPORARY, write_atomically};
use composer_music::augment::Augmentation;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_report::text::thousands;
use composer_training::plan::memory_estimate;
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

/// Settings and music of a training, before its network is made.
pub struct Prepared {
    /// What it depends on.
    pub config: Settings,
    /// The training, validation and test pieces.
    pub material: Material,
    /// The network.
    pub model: ModelConfig,
    /// Its parameters.
    pub parameters: usize,
}

impl Prepared {
    /// Reads the configuration and the music; allocates nothing of the size of the network and writes nothing.
    pub fn read(options: &TrainOptions) -> anyhow::Result<Self> {
        let config = options.settings.clone();
        if let Some(run) = &options.resume {
            Layers::default().resumed(run)?.check_resumed_as(&config)?;
        }
        let representation = AnyRepresentation::by_name(&config.music.representation).map_err(wrong_input)?;
        config.check_augmentation(&representation)?;
        // Refuses sizes and probabilities out of range before the music is read, which takes longer.
        SequenceModel::shapes(config.model(Encoding::Tokens {
            vocabulary: 1,
            fingerprint: String::new(),
            longest_match: false,
            voices: None,
        }))?;
        let folder = Some(config.music.folder.as_str()).filter(|folder| !folder.is_empty()).map(Path::new);
        let mut material =
            Material::load_with(folder, FrameRepresentation::default(), &config.music.criteria())?;
        if !matches!(representation, AnyRepresentation::Frames(_)) {
            material.tokenise(representation)?;
        }
        let conditions = material.learn_conditions(&config)?;
        let model =
            config.model(material.encoding(&config.music, conditions.form)).with_conditions(conditions);
        let parameters = SequenceModel::shapes(model.clone())?.len();
        Ok(Self { config, material, model, parameters })
    }

    /// Bytes of the network during training.
    pub fn memory_bytes(&self) -> usize {
        let training = &self.config.training;
        memory_estimate(&self.model, self.parameters, training, self.material.longest_chunk(training))
    }
}

impl Session {
    /// Reads the configuration and the music and makes the network; writes nothing.
    pub fn prepare(options: &TrainOptions) -> anyhow::Result<Self> {
        let prepared = Prepared::read(options)?;
        memory::check(prepared.memory_bytes())?;
        let Prepared { config, material, model, .. } = prepared;
        let given = weights_to_begin_with(&config, &model)?;
        let mut model = SequenceModel::new(model, &Init::default(), config.training.seed)?;
        match given {
            None => model.init_output_bias(&material.train.sequences),
            Some(given) => model.params_mut().values_mut().copy_from_slice(given.params().values()),
        }
        Ok(Self { config, material, model })
    }

    /// The network in a few words.
    pub fn description(&self) -> String {
        let model = &self.config.model;
        let stack = |cell: Cell, hidden: usize, layers: usize| {
            format!("{} {}", cell.to_string().to_uppercase(), vec![hidden.to_string(); layers].join(" + "))
        };
        let over_time = stack(model.cell, model.hidden, model.layers);
        let over = match self.model.config() {
            config if config.note_wise.is_some() => "the notes of a frame",
            config if config.biaxial.is_some() => "the pitches",
            _ => return over_time,
        };
        format!(
            "{over_time} over time, {} over {over}",
            stack(model.note_cell, model.note_hidden, model.note_layers)
        )
    }

    /// Opens the run folder for this training alone. A new training does not overwrite one that can go on.
    pub fn open(&self, options: &TrainOptions) -> anyhow::Result<OutputFolder> {
        if let (None, Some(folder)) = (&options.resume, &options.output_dir) {
            let named = [&self.config.music.folder, &self.config.model.init_from]
                .map(|path| Path::new(path.as_str()));
            let read = named.into_iter().filter(|path| !path.as_os_str().is_empty());
            let inputs: Vec<&Path> = read.chain(options.compositions.soundfont.as_deref()).collect();
            outputs::check_folder(&inputs, folder)?;
        }
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
        let augment = |piece: usize, rng: &mut _| sets.variant(piece, training, rng);
        let set = match sets.tokens {
            Some(_) if training.augmentation() != Augmentation::default() => {
                TrainingSet::augmented(&sets.train.sequences, &augment)
            }
            None if training.excerpts > 0.0 => TrainingSet::augmented(&sets.train.sequences, &augment),
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
        Ok(checkpoint) if checkpoint.is_final() => return Err(used(run, "a finished training")),
        _ => {
            return Err(wrong_input(format!(
                "{at} holds a training that was stopped: resume it with --resume {at}, delete it, or choose another folder"
            )));
        }
    }
    if folder.path(MODEL_FILE).exists() {
        return Err(used(run, "a model"));
    }
    if folder.holds(COMPOSITION_PREFIX)? {
        return Err(used(run, "compositions"));
    }
    folder.remove_all(SAMPLE_PREFIX)?;
    folder.remove_all(EVENTS_PREFIX)
}

/// Results of two trainings in one folder could not be told apart.
fn used(run: &Path, what: &str) -> anyhow::Error {
    let at = run.display();
    wrong_input(format!("{at} already holds {what}: choose another folder with --output-dir, or delete {at}"))
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

/// The names of conditions, as a setting has them.
fn names_of(conditions: &Conditions) -> String {
    let names: Vec<String> = conditions.known().map(|condition| format!("\"{condition}\"")).collect();
    format!("[{}]", names.join(","))
}

/// The model that a training starts from, which must have the same shape; `None` if it starts from random weights.
pub fn weights_to_begin_with(config: &Settings, ours: &ModelConfig) -> anyhow::Result<Option<SequenceModel>> {
    let path = match config.model.init_from.as_str() {
        "" => return Ok(None),
        path => Path::new(path),
    };
    let (given, notes) = file::load(path)?;
    let theirs = given.config();
    if ours.encoding.first_plane().is_some() != theirs.encoding.first_plane().is_some() {
        let name = notes.representation.map_or("frames", |tokens| tokens.name());
        return Err(wrong_input(format!(
            "{} reads music as {name}, and this training does not: use --representation {name}, or start from random \
             weights",
            path.display()
        )));
    }
    let shape = |config: &ModelConfig| {
        let recurrent = &config.recurrent;
        // Of the stack that writes notes, where the given model has one.
        let notes = config.notes().filter(|_| theirs.notes().is_some());
        let of_notes = |value: fn(&RecurrentConfig) -> String| notes.map(value).unwrap_or_default();
        [
            ("model.network", config.network().to_string()),
            ("model.note_cell", of_notes(|notes| notes.cell.to_string())),
            ("model.note_hidden", of_notes(|notes| notes.hidden.to_string())),
            ("model.note_layers", of_notes(|notes| notes.layers.to_string())),
            ("model.cell", recurrent.cell.to_string()),
            ("model.hidden", recurrent.hidden.to_string()),
            ("model.layers", recurrent.layers.to_string()),
            ("model.bias", recurrent.bias.to_string()),
            ("model.layer_norm", recurrent.layer_norm.to_string()),
            ("model.embedding", config.token_network.embedding.to_string()),
            ("model.tie_weights", config.token_network.tied.to_string()),
            ("model.softmaxes", config.token_network.softmaxes.to_string()),
            ("music.metre", config.encoding.metre().to_string()),
            ("music.bar_line", config.encoding.bar_line().to_string()),
            ("music.voice_inputs", config.encoding.voices().is_some().to_string()),
            ("music.longest_match", config.encoding.longest_match().to_string()),
            ("model.conditions", names_of(&config.conditions)),
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
    Ok(Some(given))
}
