//! Training of a model for a new part, and how much it uses its source.

use super::contour::BASS;
use super::folds::Folds;
use super::gaps::marked;
use super::grid::{drums, pitched};
use super::measure::{PartFigure, figures, held_out};
use crate::error::{Result, wrong_input, wrong_option};
use crate::memory;
use crate::outputs;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::{Run, training_with};
use crate::train::progress_observer::ProgressObserver;
use crate::train::recorder::MODEL_FILE;
use crate::train::session::{InFolder, take_folder};
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::output_bias::output_bias;
use composer_models::seq2seq::{self, AttentionConfig, Pair, PartNotes, Task};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence};
use composer_music::input::is_standard;
use composer_report::text::thousands;
use composer_training::plan::pair_memory_estimate;
use composer_training::sampling::Curve;
use composer_training::{
    EpochReport, OptimizerConfig, Outcome, Sampling, TrainingConfig, TrainingSet, train,
};
use std::path::{Path, PathBuf};
use toml::Value;

/// How a new part is conditioned on the given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditioning {
    /// At each step on what sounds at the same time, by an encoder that runs in both directions.
    Aligned,
    /// On all steps at once, by attention.
    Attention,
    /// By the state that the encoder ends with.
    Bridge,
}

/// What to train. Where an option is `None`, the default of the task holds: docs/parts.md.
#[derive(Clone, Debug)]
pub struct TrainPartOptions {
    /// The task.
    pub task: Task,
    /// Folders of MIDI files; to reharmonise, each with the name of its style: rag=FOLDER.
    pub folders: Vec<String>,
    /// Where to write the model.
    pub output: PathBuf,
    /// A folder for checkpoints, metrics and curves; `None`: none are kept.
    pub output_dir: Option<PathBuf>,
    /// A folder of a run that was stopped, to resume it with the same other options.
    pub resume: Option<PathBuf>,
    /// Epochs at most.
    pub epochs: Option<u64>,
    /// Epochs of unconditional training before that.
    pub unconditional_epochs: Option<u64>,
    /// Hidden units of the decoder.
    pub hidden: usize,
    /// Hidden units of the encoder in each direction.
    pub encoder: Option<usize>,
    /// Dropout of the decoder's output.
    pub dropout: f64,
    /// Input dropout of the source.
    pub source_dropout: Option<f64>,
    /// Input dropout of the history.
    pub history_dropout: Option<f64>,
    /// Weight decay.
    pub weight_decay: Option<f64>,
    /// How the new part is conditioned on the source.
    pub conditioning: Option<Vec<Conditioning>>,
    /// The attention score.
    pub score: AttentionScore,
    /// Share of inputs at the end of training that the model sampled itself; 0 is teacher forcing.
    pub scheduled_sampling: f64,
    /// Cell of encoder and decoder.
    pub cell: Cell,
    /// Single settings of the training over those of the task, by name: `ema_decay`, `training.schedule.kind`.
    pub settings: Vec<(String, Value)>,
    /// Trainings, each with another sixth of the pieces held out, that are compared with unconditional models.
    pub compare: Option<u8>,
    /// Seed of weights, order and dropout.
    pub seed: u64,
}

impl Default for TrainPartOptions {
    fn default() -> Self {
        Self {
            task: Task::Accompany,
            folders: Vec::new(),
            output: "part.safetensors".into(),
            output_dir: None,
            resume: None,
            epochs: None,
            unconditional_epochs: None,
            hidden: 96,
            encoder: None,
            dropout: 0.3,
            source_dropout: None,
            history_dropout: None,
            weight_decay: None,
            conditioning: None,
            score: AttentionScore::General,
            scheduled_sampling: 0.0,
            cell: Cell::Gru,
            settings: Vec::new(),
            compare: None,
            seed: 1,
        }
    }
}

/// A trained model for a new part, in its file, and how well it does.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedPart {
    /// The model file.
    pub output: PathBuf,
    /// Held-out pieces.
    pub pieces: usize,
    /// Their figures.
    pub figures: Vec<PartFigure>,
}

/// The place in the bar, modulo so many steps, is an input of both sides: a bar of 4/4.
const METRE: usize = 16;

/// So is the number of steps to the bar line, up to this: a bar of 12/8.
const BAR_LINE: usize = 24;

/// The options, and for the rest what suits each task best.
pub(super) struct Recipe {
    /// Epochs of unconditional training first; 0: none.
    pub(super) unconditional_epochs: u64,
    encoder: usize,
    conditioning: Vec<Conditioning>,
    pub(super) training: TrainingConfig,
}

/// The name of a task on the command line.
pub fn task_name(task: Task) -> &'static str {
    match task {
        Task::Accompany => "accompany",
        Task::Drum => "drum",
        Task::Reharmonise => "reharmonise",
        Task::Infill => "infill",
    }
}

impl TrainPartOptions {
    pub(super) fn recipe(&self) -> anyhow::Result<Recipe> {
        let drum = self.task == Task::Drum;
        let ways = if drum || self.task == Task::Infill {
            vec![Conditioning::Aligned]
        } else {
            vec![Conditioning::Aligned, Conditioning::Attention]
        };
        let conditioning = self.conditioning.clone().unwrap_or(ways);
        let only_aligned = conditioning == [Conditioning::Aligned];
        let unconditional_epochs =
            self.unconditional_epochs.unwrap_or(if drum && only_aligned { 25 } else { 0 });
        if unconditional_epochs > 0 && !only_aligned {
            return Err(wrong_option(
                "unconditional_epochs",
                "needs aligned conditioning alone: no other kind can be added to a trained model without a change",
            ));
        }
        let defaults = TrainingConfig::for_pairs();
        let weight_decay = self.weight_decay.unwrap_or(if drum { 0.3 } else { 0.02 });
        let curve = if self.scheduled_sampling > 0.0 { Curve::LinearToEnd } else { Curve::TeacherForcing };
        let training = TrainingConfig {
            epochs: self.epochs.unwrap_or(if drum { 10 } else { 14 }),
            transpose: if drum { 0 } else { 5 }, // transposed drums are other drums
            source_dropout: self.source_dropout.unwrap_or(if drum { 0.0 } else { 0.1 }),
            history_dropout: self.history_dropout.unwrap_or(if drum { 0.2 } else { 0.1 }),
            optimizer: OptimizerConfig { weight_decay, ..defaults.optimizer },
            sampling: Sampling { curve, floor: 1.0 - self.scheduled_sampling, ..Sampling::default() },
            seed: self.seed,
            ..defaults
        };
        let training = training_with(&training, &self.settings)?;
        let encoder = self.encoder.unwrap_or(if drum { 64 } else { 32 });
        Ok(Recipe { unconditional_epochs, encoder, conditioning, training })
    }
}

/// Trains a model for a new part, and measures on held-out pieces whether it uses its source.
///
/// # Errors
/// A folder or an option cannot be used, too few pieces have both parts, or the training fails or was stopped.
pub fn train_part(options: &TrainPartOptions, progress: &mut dyn Progress) -> Result<TrainedPart> {
    Ok(train_folds(options, progress)?)
}

fn train_folds(options: &TrainPartOptions, progress: &mut dyn Progress) -> anyhow::Result<TrainedPart> {
    let task = options.task;
    let recipe = options.recipe()?;
    check_output(options)?;
    let folds = Folds::read(task, &options.folders)?;
    let config = configuration(task, folds.styles.len(), options, &recipe);
    let parameters = Seq2Seq::<f32>::shapes(config.clone())?.len();
    memory::check(pair_memory_estimate(&config, parameters, &recipe.training))?;
    let without =
        Seq2SeqConfig { bridge: false, aligned: false, attention: None, ..config.clone() }.completed();
    let notes = PartNotes {
        task,
        styles: folds.styles.clone(),
        program: 0,
        corpus: folds.corpus.clone(),
        seed: options.seed,
        valid_nll: None,
    };
    let mut measured = Vec::new();
    for fold in 0..options.compare.unwrap_or(1).into() {
        let training = FoldTraining {
            train: folds.train(fold),
            valid: folds.valid(fold),
            options,
            recipe: &recipe,
            notes: &notes,
            fold,
        };
        progress.note(&format!(
            "Pieces with both parts: {} for training, {} for validation, {} for test.",
            training.train.len(),
            training.valid.len(),
            folds.test(fold).len()
        ));
        let (model, valid_nll, unconditional) = training.models(&config, &without, progress)?;
        if fold == 0 {
            let notes = PartNotes { valid_nll: Some(valid_nll), ..notes.clone() };
            seq2seq::save(&model, &notes, &options.output)?;
        }
        let unconditional = unconditional.as_ref().filter(|_| options.compare.is_some());
        measured.extend(held_out(&model, unconditional, folds.test(fold))?);
    }
    let figures = figures(&measured, options.seed);
    Ok(TrainedPart { output: options.output.clone(), pieces: measured.len(), figures })
}

/// Refuses a model file that would replace music that is read, or that is no file.
fn check_output(options: &TrainPartOptions) -> anyhow::Result<()> {
    if is_standard(&options.output) {
        return Err(wrong_input(
            "a model is written to a file, not to the standard output: name it with --output",
        ));
    }
    let folder =
        |text: &String| PathBuf::from(text.split_once('=').map_or(text.as_str(), |(_, folder)| folder));
    let folders: Vec<PathBuf> = options.folders.iter().map(folder).collect();
    let inputs: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    outputs::check(&inputs, &[&options.output])?;
    Ok(())
}

pub(super) fn configuration(
    task: Task,
    styles: usize,
    options: &TrainPartOptions,
    recipe: &Recipe,
) -> Seq2SeqConfig {
    let frames = |representation| Encoding::Frames {
        representation,
        metre: METRE,
        bar_line: BAR_LINE,
        look_back: 0,
        longest_match: false,
    };
    let stack = |hidden| RecurrentConfig { cell: options.cell, hidden, ..RecurrentConfig::default() };
    let score = options.score;
    let drum = task == Task::Drum;
    let reads = |way| recipe.conditioning.contains(&way);
    Seq2SeqConfig {
        source: frames(match task {
            Task::Drum => BASS.layout(),
            Task::Infill => marked(),
            Task::Accompany | Task::Reharmonise => pitched(),
        }),
        target: frames(if drum { drums() } else { pitched() }),
        styles,
        encoder: RecurrentConfig { bidirectional: true, ..stack(recipe.encoder) },
        decoder: stack(options.hidden),
        bridge: reads(Conditioning::Bridge),
        aligned: reads(Conditioning::Aligned),
        attention: reads(Conditioning::Attention)
            .then_some(AttentionConfig { score, hidden: options.hidden / 2 }),
        output_dropout: options.dropout,
    }
    .completed()
}

/// The training of one fold.
struct FoldTraining<'a> {
    train: Vec<Pair>,
    valid: &'a [Pair],
    options: &'a TrainPartOptions,
    recipe: &'a Recipe,
    notes: &'a PartNotes,
    fold: usize,
}

impl FoldTraining<'_> {
    /// A model with its validation loss; and an unconditional one, if there must be one to begin with or to compare with.
    fn models(
        &self,
        config: &Seq2SeqConfig,
        without: &Seq2SeqConfig,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<(Seq2Seq, f64, Option<Seq2Seq>)> {
        let training = &self.recipe.training;
        if self.recipe.unconditional_epochs == 0 {
            let (model, valid_nll) = self.fit(self.fresh(config)?, training, "conditional", progress)?;
            let mut to_compare = None;
            if self.options.compare.is_some() {
                to_compare = Some(self.fit(self.fresh(without)?, training, "unconditional", progress)?.0);
            }
            return Ok((model, valid_nll, to_compare));
        }
        let first = TrainingConfig { epochs: self.recipe.unconditional_epochs, ..training.clone() };
        let (unconditional, _) = self.fit(self.fresh(without)?, &first, "unconditional", progress)?;
        let seed = self.options.seed;
        let model = Seq2Seq::from_unconditional(&unconditional, config.clone(), &Init::RECOMMENDED, seed)?;
        let second = TrainingConfig { source_only: true, ..training.clone() };
        let (model, valid_nll) = self.fit(model, &second, "conditional", progress)?;
        Ok((model, valid_nll, Some(unconditional)))
    }

    /// A model that predicts how often each pitch sounds, and nothing else.
    fn fresh(&self, config: &Seq2SeqConfig) -> anyhow::Result<Seq2Seq> {
        let mut model = Seq2Seq::new(config.clone(), &Init::RECOMMENDED, self.options.seed)?;
        let targets: Vec<Sequence> = self.train.iter().map(|pair| pair.target.clone()).collect();
        let bias = output_bias(&model.config().target, &targets);
        model.output_bias_mut().copy_from_slice(&bias);
        Ok(model)
    }

    /// Trains a model, or resumes its training, and returns it with its validation loss.
    fn fit(
        &self,
        mut model: Seq2Seq,
        training: &TrainingConfig,
        stage: &str,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<(Seq2Seq, f64)> {
        let outcome = match self.options.resume.as_deref().or(self.options.output_dir.as_deref()) {
            Some(run) => self.fit_in(run, &mut model, training, stage, progress)?,
            None => {
                let parameters = thousands(model.params().len() as u64);
                progress.note(&format!("Training: {stage} model, {parameters} parameters."));
                let mut observer = ProgressObserver { progress: &mut *progress, epochs: training.epochs };
                let outcome = train(&mut model, &self.train, self.valid, training, &mut observer);
                progress.finished();
                outcome?
            }
        };
        Ok((model, outcome.best.valid_nll))
    }

    /// In a folder of its own for each fold and stage.
    fn fit_in(
        &self,
        run: &Path,
        model: &mut Seq2Seq,
        training: &TrainingConfig,
        stage: &str,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<Outcome> {
        let path = run.join(format!("fold-{}", self.fold + 1)).join(stage);
        let resume = self.options.resume.is_some();
        let mut folder = OutputFolder::create(&path)?;
        take_folder(&mut folder, resume, run)?;
        let mut after_epoch = |report: &EpochReport, model: &Seq2Seq| match report.best {
            true => {
                let notes = PartNotes { valid_nll: Some(report.valid_nll), ..self.notes.clone() };
                seq2seq::save(model, &notes, &folder.path(MODEL_FILE)).map_err(std::io::Error::other)
            }
            false => Ok(()),
        };
        let (task, at) = (task_name(self.options.task), run.display());
        let resume_with = format!("composer train --task {task} … --resume {at}");
        let in_folder = InFolder { folder: &folder, run: &Run::default(), resume, resume_with: &resume_with };
        let set = TrainingSet::from(&self.train);
        let described = format!("{stage} model");
        Ok(in_folder.train(model, &described, set, self.valid, training, &mut after_epoch, progress)?.outcome)
    }
}
