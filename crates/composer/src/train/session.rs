//! One training from its arguments to its model: configuration, music, run folder, checkpoints.

use crate::error::Stopped as Interrupted;
use crate::error::wrong_input;
use crate::run_folder::OutputFolder;
use crate::settings::{CONFIG_FILE, Settings as Config};
use crate::train::interrupt;
use crate::train::material::Material;
use crate::train::options::TrainOptions as TrainArgs;
use crate::train::recorder::{
    CHECKPOINT_FILE, LAST_MODEL_FILE, MODEL_FILE, RunRecorder, SAMPLE_PREFIX, thousands,
};
use crate::train::tensorboard::EVENTS_PREFIX;
use composer_bptt::Init;
use composer_models::file::{self, Notes};
use composer_models::{Encoding, SequenceModel};
use composer_music::atomic_file::TEMPORARY;
use composer_music::augment::Augmentation;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_training::{Checkpoint, Error as TrainingError, Music, Outcome, checkpoint, resume, train};
use std::path::Path;

/// A training that is ready to begin or to go on.
pub struct Session {
    /// What it depends on.
    pub config: Config,
    /// What it learns from.
    pub material: Material,
    /// The network, with its first weights.
    pub model: SequenceModel,
}

/// A training that came to its end.
pub struct Finished {
    /// Every epoch.
    pub outcome: Outcome,
    /// Seconds of training, those before an interruption included.
    pub seconds: f64,
}

impl Session {
    /// Reads the configuration and the music and makes the network; writes nothing.
    pub fn prepare(args: &TrainArgs) -> anyhow::Result<Self> {
        let config = match &args.resume {
            Some(run) => Config::resume(&run.join(CONFIG_FILE), args)?,
            None => Config::resolve(args)?,
        };
        let representation = AnyRepresentation::by_name(&config.music.representation).map_err(wrong_input)?;
        config.check_augmentation(&representation)?;
        // Refuses sizes and probabilities out of range before the music is read, which takes longer.
        SequenceModel::zeros(config.model(Encoding::Tokens { vocabulary: 1, fingerprint: String::new() }))?;
        let folder = Some(config.music.folder.as_str()).filter(|folder| !folder.is_empty()).map(Path::new);
        let mut material = Material::load(folder, FrameRepresentation::default())?;
        if !matches!(representation, AnyRepresentation::Frames(_)) {
            material.tokenise(representation)?;
        }
        let encoding = material.encoding(config.music.metre);
        let mut model = SequenceModel::new(config.model(encoding), &Init::default(), config.training.seed)?;
        match config.model.init_from.as_str() {
            "" => model.set_prior(&material.train.sequences),
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

    /// Bytes that the network takes while it learns chunks of `steps` steps: weights, gradients, what the optimiser keeps,
    /// and activations. An estimate: small buffers are left out.
    pub fn memory(&self, steps: usize) -> usize {
        let (model, training) = (self.model.config(), &self.config.training);
        let (recurrent, outputs) = (&model.recurrent, model.encoding.outputs());
        let copies = 3 + training.optimizer.slots() + usize::from(training.ema_decay > 0.0);
        let gates = recurrent.cell.gates().len() * recurrent.hidden;
        // Per layer gates, their gradients and states; at the output, hidden twice, logits, targets and weights.
        let layer = 2 * gates + 3 * recurrent.hidden;
        let row = recurrent.layers * layer + 2 * recurrent.output() + 3 * outputs;
        4 * (copies * self.model.params().len() + steps * training.batch_size * row)
    }

    /// Opens the run folder for this training alone. A new training does not overwrite one that can go on.
    pub fn open(&self, args: &TrainArgs) -> anyhow::Result<OutputFolder> {
        let mut folder = match (&args.resume, &args.output_dir) {
            (Some(path), _) | (None, Some(path)) => OutputFolder::create(path)?,
            (None, None) => OutputFolder::create_numbered(Path::new("runs"))?,
        };
        folder.lock()?;
        // Left by a program that was killed while it wrote.
        folder.remove_all(TEMPORARY)?;
        if args.resume.is_none() {
            let at = folder.folder().display();
            match checkpoint::load(&folder.path(CHECKPOINT_FILE)) {
                Err(TrainingError::Io { .. }) => {}
                Ok(checkpoint) if checkpoint.is_final() => {}
                _ => {
                    return Err(wrong_input(format!(
                        "{at} holds a training that was stopped: go on with --resume {at}, delete it, or choose another \
                         folder"
                    )));
                }
            }
            for old in [CHECKPOINT_FILE.into(), checkpoint::previous(Path::new(CHECKPOINT_FILE))] {
                folder.remove(&old)?;
            }
            folder.remove_all(SAMPLE_PREFIX)?;
            folder.remove_all(EVENTS_PREFIX)?;
        }
        folder.write(CONFIG_FILE, self.config.to_toml()?.as_bytes())?;
        Ok(folder)
    }

    /// Trains; the best model is then in the folder.
    pub fn train(&mut self, args: &TrainArgs, folder: &OutputFolder) -> anyhow::Result<Finished> {
        interrupt::watch()?;
        let saved = self.saved(args, folder)?;
        let parameters = thousands(self.model.params().len() as u64);
        match &saved {
            Some(saved) => eprintln!("Going on after update {}.", thousands(saved.updates())),
            None => eprintln!("Training an {} with {parameters} parameters.", self.description()),
        }
        let notes = Notes {
            seed: self.config.training.seed,
            configuration: self.config.to_toml()?,
            ..self.material.notes()
        };
        let mut progress = RunRecorder::new(&self.config, folder, notes.clone(), saved.as_ref())?;
        let (sets, config) = (&self.material, &self.config.training);
        let valid = &sets.valid.sequences;
        let vary = |piece: usize, rng: &mut _| sets.variant(piece, &config.augmentation(), rng);
        let learn = match sets.tokens {
            Some(_) if config.augmentation() != Augmentation::default() => {
                Music::varied(&sets.train.sequences, &vary)
            }
            _ => Music::from(&sets.train.sequences),
        };
        let outcome = match &saved {
            Some(saved) => resume(&mut self.model, learn, valid, config, saved, &mut progress),
            None => train(&mut self.model, learn, valid, config, &mut progress),
        };
        let seconds = progress.finish();
        let at = folder.folder().display();
        let outcome = outcome.map_err(|error| match error {
            TrainingError::Diverged(_) if folder.path(MODEL_FILE).exists() => anyhow::anyhow!(
                "{error}; what was saved before is intact in {at}, to begin a new run with: --init-from \
                 {at}/{MODEL_FILE}"
            ),
            other => other.into(),
        })?;
        if outcome.stopped {
            return Err(
                Interrupted(format!("stopped and saved; go on with: composer train --resume {at}")).into()
            );
        }
        let best = self.model.params().values().to_vec();
        self.model.params_mut().values_mut().copy_from_slice(&outcome.last_weights);
        file::save(&self.model, &notes, &folder.path(LAST_MODEL_FILE))?;
        self.model.params_mut().values_mut().copy_from_slice(&best);
        Ok(Finished { outcome, seconds })
    }

    /// The checkpoint to go on from. A run that was killed before its first one begins anew.
    fn saved(&self, args: &TrainArgs, folder: &OutputFolder) -> anyhow::Result<Option<Checkpoint>> {
        let path = folder.path(CHECKPOINT_FILE);
        let any = path.exists() || checkpoint::previous(&path).exists();
        Ok(if args.resume.is_some() && any { Some(checkpoint::load(&path)?) } else { None })
    }
}

/// Takes the weights of a model of the same shape.
fn init_from(model: &mut SequenceModel, path: &Path) -> anyhow::Result<()> {
    let (given, notes) = file::load(path)?;
    let (ours, theirs) = (model.config(), given.config());
    if ours.encoding.first_plane().is_some() != theirs.encoding.first_plane().is_some() {
        let name = notes.representation.map_or("frames", |tokens| tokens.name());
        return Err(wrong_input(format!(
            "{} reads music as {name}, and this training does not: use --representation {name}, or begin with random \
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
            "{} has {name} {theirs}, and the configuration says {ours}: fit it to the model with{settings}",
            path.display()
        )));
    }
    if ours.encoding != theirs.encoding {
        return Err(wrong_input(format!(
            "{} reads music in another representation or vocabulary than this training: use the representation that it \
             was trained with, or begin with random weights",
            path.display()
        )));
    }
    model.params_mut().values_mut().copy_from_slice(given.params().values());
    Ok(())
}
