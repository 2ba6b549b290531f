//! One training from its arguments to its model: configuration, music, run folder, checkpoints.

use super::fine_tuning::{check_same_kind, check_same_shape, given_model, valid_nll};
use super::in_folder::{Finished, InFolder, assist};
use super::options::TrainOptions;
use super::progress_observer::ProgressObserver;
use super::recorder::{CHECKPOINT_FILE, LAST_MODEL_FILE, MODEL_FILE, SAMPLE_PREFIX};
use super::{material::Material, sample, tensorboard::EVENTS_PREFIX};
use crate::compose::COMPOSITION_PREFIX;
use crate::error::{Stopped, wrong_input};
use crate::memory;
use crate::model::TrainedModel;
use crate::models::describe;
use crate::outputs;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::{CONFIG_FILE, Layers, Settings};
use composer_bptt::Init;
use composer_models::file::{self, Notes};
use composer_models::{Encoding, ModelConfig, SequenceModel};
use composer_music::atomic_file::{TEMPORARY, write_atomically};
use composer_music::augment::Augmentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_training::distributed::Communicator;
use composer_training::plan::memory_estimate;
use composer_training::{
    Augment, EpochReport, Error as TrainingError, TrainingConfig, TrainingSet, checkpoint, train,
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
    /// Whether its first weights are those of another model.
    is_given: bool,
}

/// What a training from another model is compared with.
pub struct Compared {
    /// NLL of the validation pieces before the first update, in nats per step.
    pub before: f64,
    /// The same training from random weights, if it was asked for: its best model, and the NLL of that.
    pub from_nothing: Option<(SequenceModel, f64)>,
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
    /// The model that it starts from, of the same shape.
    pub given: Option<TrainedModel>,
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
        config.check_parts(&representation)?;
        config.check_note_lengths(&representation)?;
        // Refuses sizes and probabilities out of range before the music is read, which takes longer. Tokens stand for any music; attention to
        // past bars, which they do not have, is checked with the music.
        let any_music = config.model(Encoding::tokens(1));
        SequenceModel::shapes(ModelConfig { bar_attention: 0, ..any_music })?;
        let folder = Some(config.music.folder.as_str()).filter(|folder| !folder.is_empty()).map(Path::new);
        let given = given_model(&config)?;
        if let Some(given) = &given {
            check_same_kind(&config.model.init_from, given, &representation)?;
        }
        let grid = match given.as_ref().map(|given| given.model.encoding()) {
            Some(Encoding::Frames { representation, .. }) => *representation,
            _ => config.music.frames(),
        };
        let mut material = Material::load_with(folder, grid, &config.music.criteria())?;
        if !matches!(representation, AnyRepresentation::Frames(_)) {
            let learnt = given.as_ref().and_then(|given| given.notes.representation.clone());
            match learnt.filter(|learnt| learnt.name() == representation.name()) {
                Some(learnt) => material.read_as(learnt)?,
                None => material.tokenise(representation)?,
            }
        }
        let conditions = material.learn_conditions(&config, given.as_ref())?;
        let told = [conditions.form, conditions.rhythm];
        let model = config.model(material.encoding(&config.music, told)).with_conditions(conditions);
        material.fit(&model.encoding);
        let parameters = SequenceModel::shapes(model.clone())?.len();
        if let Some(given) = &given {
            check_same_shape(&config.model.init_from, given, &model)?;
        }
        Ok(Self { config, material, model, parameters, given })
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
        let Prepared { config, material, model, given, .. } = prepared;
        let mut model = random(model, &config, &material)?;
        if let Some(given) = &given {
            model.params_mut().values_mut().copy_from_slice(given.model.params().values());
        }
        Ok(Self { config, material, model, is_given: given.is_some() })
    }

    /// The validation loss of a given model, and the same training from random weights: before [`Self::train`]. `None` if this
    /// training begins with random weights itself.
    pub fn compared(
        &mut self,
        options: &TrainOptions,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<Option<Compared>> {
        if !self.is_given {
            return Ok(None);
        }
        let training = self.config.training.clone();
        let before = valid_nll(&mut self.model, &self.material.valid.sequences, &training)?;
        if !options.compare_from_nothing {
            return Ok(Some(Compared { before, from_nothing: None }));
        }
        let mut model = random(self.model.config().clone(), &self.config, &self.material)?;
        progress.note("Training the same network from random weights, to compare.");
        let mut observer = ProgressObserver { progress: &mut *progress, epochs: training.epochs };
        let augment = |piece: usize, rng: &mut _| self.material.variant(piece, &training, rng);
        let set = training_set(&self.material, &training, &augment);
        let outcome = train(&mut model, set, &self.material.valid.sequences, &training, &mut observer);
        progress.finished();
        let outcome = outcome?;
        if outcome.interrupted() {
            return Err(Stopped("stopped before the training itself; nothing was saved".to_owned()).into());
        }
        Ok(Some(Compared { before, from_nothing: Some((model, outcome.best.valid_nll)) }))
    }

    /// The network in a few words.
    pub fn description(&self) -> String {
        describe(self.model.config())
    }

    /// Opens the run folder for this training alone. A new training does not overwrite one that can go on.
    pub fn open(&self, options: &TrainOptions) -> anyhow::Result<OutputFolder> {
        if let (None, Some(folder)) = (&options.resume, &options.output_dir) {
            let named = [&self.config.music.folder, &self.config.model.init_from]
                .map(|path| Path::new(path.as_str()));
            let read = named.into_iter().filter(|path| !path.as_os_str().is_empty());
            outputs::check_folder(read.chain(options.compositions.soundfont.as_deref()), folder)?;
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
        ranks: &dyn Communicator,
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
        let set = training_set(sets, training, &augment);
        let mut after_epoch = |report: &EpochReport, model: &SequenceModel| {
            let notes = Notes { valid_nll: Some(report.valid_nll), ..notes.clone() };
            if report.best {
                file::save(model, &notes, &folder.path(MODEL_FILE)).map_err(std::io::Error::other)?;
            }
            if run.samples { write_sample(folder, report.epoch, model, &notes) } else { Ok(()) }
        };
        let resume_with = format!("composer train --resume {}", folder.folder().display());
        let resume = options.resume.is_some();
        let in_folder = InFolder { folder, run, resume, resume_with: &resume_with, ranks };
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

    /// Trains as one of several processes, of which another records.
    pub fn assist(&mut self, ranks: &dyn Communicator) -> anyhow::Result<()> {
        let (sets, training) = (&self.material, &self.config.training);
        let augment = |piece: usize, rng: &mut _| sets.variant(piece, training, rng);
        let set = training_set(sets, training, &augment);
        assist(&mut self.model, set, &sets.valid.sequences, training, ranks).map(|_| ())
    }
}

/// A network with random weights that predicts how often each symbol occurs.
fn random(model: ModelConfig, config: &Settings, material: &Material) -> anyhow::Result<SequenceModel> {
    let mut model = SequenceModel::new(model, &Init::default(), config.training.seed)?;
    model.init_output_bias(&material.train.sequences);
    Ok(model)
}

/// The training pieces, as variants of them where the settings ask for such.
fn training_set<'a>(
    sets: &'a Material,
    training: &TrainingConfig,
    augment: &'a Augment<'a>,
) -> TrainingSet<'a> {
    let varied = match sets.tokens {
        Some(_) => training.augmentation() != Augmentation::default(),
        None => training.excerpts > 0.0,
    };
    match varied {
        true => TrainingSet::augmented(&sets.train.sequences, augment),
        false => TrainingSet::from(&sets.train.sequences),
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
