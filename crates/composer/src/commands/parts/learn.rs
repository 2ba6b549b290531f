//! `composer learn-part`: trains a model for `accompany`, `drum` or `reharmonise`, and measures whether it uses its source.

use super::folds::Folds;
use super::measure::{Measured, held_out};
use super::{contour, drums, pitched};
use crate::config::Run;
use crate::failure::wrong_input;
use crate::interrupt;
use crate::progress::{MODEL_FILE, TrainingProgress, thousands};
use crate::run::OutputFolder;
use crate::session::{InFolder, take_folder};
use clap::{Args, ValueEnum};
use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_models::output_bias::output_bias;
use composer_models::seq2seq::{self, AttentionConfig, Pair, PartNotes, Task};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence};
use composer_training::sampling::Curve;
use composer_training::{
    EpochReport, OptimizerConfig, Outcome, Sampling, TrainingConfig, TrainingSet, train,
};
use std::path::{Path, PathBuf};

/// `composer learn-part`.
#[derive(Clone, Debug, Args)]
pub struct LearnArgs {
    /// What to learn
    pub task: TaskName,

    /// Folders of MIDI files; for reharmonise each with the name of its style: rag=FOLDER
    #[arg(required = true, value_name = "[STYLE=]FOLDER")]
    pub folders: Vec<String>,

    /// Where to write the model
    #[arg(long, default_value = "part.safetensors", value_name = "FILE")]
    pub output: PathBuf,

    /// Times to go through the music at most; stops earlier when held-out music no longer gains [default: 14, for drums 10]
    #[arg(long)]
    pub epochs: Option<u64>,

    /// Also keep a folder with checkpoints, metrics and TensorBoard curves, to resume the run if it is stopped
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,

    /// Resume the run in a folder, with the same other arguments
    #[arg(long, value_name = "FOLDER", conflicts_with = "output_dir")]
    pub resume: Option<PathBuf>,

    /// Epochs of unconditional training before that: first the decoder alone, then only the weights that read the source, which
    /// a small collection needs; with `--conditioning aligned` [default: 0, for aligned drums 25]
    #[arg(long, alias = "alone", value_name = "EPOCHS")]
    pub unconditional_epochs: Option<u64>,

    /// Units of the decoder
    #[arg(long, default_value_t = 96)]
    pub hidden: usize,

    /// Units of the encoder in each direction [default: 32, for drums 64]
    #[arg(long)]
    pub encoder: Option<usize>,

    /// Dropout of the decoder's output
    #[arg(long, default_value_t = 0.3)]
    pub dropout: f64,

    /// Input dropout of the source: share of its notes that are left out while training [default: 0.1, for drums 0]
    #[arg(long, alias = "hide-source")]
    pub source_dropout: Option<f64>,

    /// Input dropout of the history: share of the new part's own past that is left out while training, so that the model uses
    /// the source [default: 0.1, for drums 0.2]
    #[arg(long, alias = "hide-history")]
    pub history_dropout: Option<f64>,

    /// Weight decay [default: 0.02, for drums 0.3]
    #[arg(long)]
    pub weight_decay: Option<f64>,

    /// How the new part is conditioned on the source; several are combined [default: aligned,attention; for drums aligned]
    #[arg(long, alias = "listen", value_delimiter = ',', value_name = "WAY")]
    pub conditioning: Option<Vec<Way>>,

    /// The attention score
    #[arg(long, default_value = "general")]
    pub score: ScoreName,

    /// Scheduled sampling: share of inputs at the end of training that the model sampled itself; 0 is teacher forcing
    #[arg(long, default_value_t = 0.0)]
    pub scheduled_sampling: f64,

    /// Also compare with unconditional models, in N trainings, each with another sixth of the pieces held out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub compare: Option<u8>,

    /// Seed of weights, order and dropout
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Names of the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TaskName {
    /// A melody gets an accompaniment
    Accompany,
    /// A bass line gets drums
    Drum,
    /// A melody gets an accompaniment in a style
    Reharmonise,
}

/// Ways from the source to the new part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// At each step what sounds at the same time, by an encoder that knows what is around it
    Aligned,
    /// All steps at once, weighted by where the decoder wants to look
    Attention,
    /// As the state that the encoder ends with
    Bridge,
}

/// Names of the attention scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScoreName {
    /// Luong's dot product
    Dot,
    /// Luong's dot product after a learnt map
    General,
    /// Bahdanau's small network
    Additive,
}

/// Steps of the metrical cycle whose place is an input of both sides: a bar of 4/4.
const METRE: usize = 16;

/// What the arguments say, and for the rest what suits each task best: docs/parts.md.
struct Recipe {
    /// Epochs of unconditional training first; 0: none.
    unconditional_epochs: u64,
    encoder: usize,
    conditioning: Vec<Way>,
    training: TrainingConfig,
}

impl LearnArgs {
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let drum = self.task == TaskName::Drum;
        let ways = if drum { vec![Way::Aligned] } else { vec![Way::Aligned, Way::Attention] };
        let conditioning = self.conditioning.clone().unwrap_or(ways);
        let only_aligned = conditioning == [Way::Aligned];
        let unconditional_epochs =
            self.unconditional_epochs.unwrap_or(if drum && only_aligned { 25 } else { 0 });
        if unconditional_epochs > 0 && !only_aligned {
            return Err(wrong_input(
                "--unconditional-epochs needs --conditioning aligned: no other way can be added to a trained model without a \
                 change",
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
        let encoder = self.encoder.unwrap_or(if drum { 64 } else { 32 });
        Ok(Recipe { unconditional_epochs, encoder, conditioning, training })
    }
}

/// Runs the command.
pub fn run(args: &LearnArgs) -> anyhow::Result<()> {
    let task = match args.task {
        TaskName::Accompany => Task::Accompany,
        TaskName::Drum => Task::Drum,
        TaskName::Reharmonise => Task::Reharmonise,
    };
    let recipe = args.recipe()?;
    if args.output_dir.is_some() || args.resume.is_some() {
        interrupt::watch()?;
    }
    let folds = Folds::read(task, &args.folders)?;
    let config = configuration(task, folds.styles.len(), args, &recipe);
    let without =
        Seq2SeqConfig { bridge: false, aligned: false, attention: None, ..config.clone() }.completed();
    let notes = PartNotes {
        task,
        styles: folds.styles.clone(),
        program: 0,
        corpus: folds.corpus.clone(),
        seed: args.seed,
        valid_nll: None,
    };
    let mut measured = Vec::new();
    for fold in 0..args.compare.unwrap_or(1).into() {
        let learning = Learning {
            train: folds.train(fold),
            valid: folds.valid(fold),
            args,
            recipe: &recipe,
            notes: &notes,
            fold,
        };
        eprintln!(
            "{} + {} + {} pieces have both parts: training, validation and test set.",
            learning.train.len(),
            learning.valid.len(),
            folds.test(fold).len()
        );
        let (model, valid_nll, unconditional) = learning.models(&config, &without)?;
        if fold == 0 {
            seq2seq::save(&model, &PartNotes { valid_nll: Some(valid_nll), ..notes.clone() }, &args.output)?;
            println!("{}", args.output.display());
        }
        let unconditional = unconditional.as_ref().filter(|_| args.compare.is_some());
        measured.extend(held_out(&model, unconditional, folds.test(fold))?);
    }
    Measured::print(&measured, args.seed);
    Ok(())
}

fn configuration(task: Task, styles: usize, args: &LearnArgs, recipe: &Recipe) -> Seq2SeqConfig {
    let frames = |representation| Encoding::Frames { representation, metre: METRE };
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let score = match args.score {
        ScoreName::Dot => AttentionScore::Dot,
        ScoreName::General => AttentionScore::General,
        ScoreName::Additive => AttentionScore::Additive,
    };
    let drum = task == Task::Drum;
    let reads = |way| recipe.conditioning.contains(&way);
    Seq2SeqConfig {
        source: frames(if drum { contour::BASS.layout() } else { pitched() }),
        target: frames(if drum { drums() } else { pitched() }),
        styles,
        encoder: RecurrentConfig { bidirectional: true, ..stack(recipe.encoder) },
        decoder: stack(args.hidden),
        bridge: reads(Way::Bridge),
        aligned: reads(Way::Aligned),
        attention: reads(Way::Attention).then_some(AttentionConfig { score, hidden: args.hidden / 2 }),
        output_dropout: args.dropout,
    }
    .completed()
}

/// The training of one fold.
struct Learning<'a> {
    train: Vec<Pair>,
    valid: &'a [Pair],
    args: &'a LearnArgs,
    recipe: &'a Recipe,
    notes: &'a PartNotes,
    fold: usize,
}

impl Learning<'_> {
    /// A model with its validation loss; and an unconditional one, if there must be one to begin with or to compare with.
    fn models(
        &self,
        config: &Seq2SeqConfig,
        without: &Seq2SeqConfig,
    ) -> anyhow::Result<(Seq2Seq, f64, Option<Seq2Seq>)> {
        let training = &self.recipe.training;
        if self.recipe.unconditional_epochs == 0 {
            let (model, valid_nll) = self.fit(self.fresh(config)?, training, "conditional")?;
            let mut to_compare = None;
            if self.args.compare.is_some() {
                to_compare = Some(self.fit(self.fresh(without)?, training, "unconditional")?.0);
            }
            return Ok((model, valid_nll, to_compare));
        }
        let first = TrainingConfig { epochs: self.recipe.unconditional_epochs, ..training.clone() };
        let (unconditional, _) = self.fit(self.fresh(without)?, &first, "unconditional")?;
        let seed = self.args.seed;
        let model = Seq2Seq::from_unconditional(&unconditional, config.clone(), &Init::RECOMMENDED, seed)?;
        let second = TrainingConfig { source_only: true, ..training.clone() };
        let (model, valid_nll) = self.fit(model, &second, "conditional")?;
        Ok((model, valid_nll, Some(unconditional)))
    }

    /// A model that predicts how often each pitch sounds, and nothing else.
    fn fresh(&self, config: &Seq2SeqConfig) -> anyhow::Result<Seq2Seq> {
        let mut model = Seq2Seq::new(config.clone(), &Init::RECOMMENDED, self.args.seed)?;
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
    ) -> anyhow::Result<(Seq2Seq, f64)> {
        let outcome = match self.args.resume.as_deref().or(self.args.output_dir.as_deref()) {
            Some(run) => self.fit_in(run, &mut model, training, stage)?,
            None => {
                eprintln!("Training: {stage} model, {} parameters.", thousands(model.params().len() as u64));
                let mut progress = TrainingProgress::new(training.epochs);
                let outcome = train(&mut model, &self.train, self.valid, training, &mut progress);
                progress.finish();
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
    ) -> anyhow::Result<Outcome> {
        let path = run.join(format!("fold-{}", self.fold + 1)).join(stage);
        let resume = self.args.resume.is_some();
        let mut folder = OutputFolder::create(&path)?;
        take_folder(&mut folder, resume, run)?;
        let mut after_epoch = |report: &EpochReport, model: &Seq2Seq| match report.best {
            true => {
                let notes = PartNotes { valid_nll: Some(report.valid_nll), ..self.notes.clone() };
                seq2seq::save(model, &notes, &folder.path(MODEL_FILE)).map_err(std::io::Error::other)
            }
            false => Ok(()),
        };
        let (task, at) = (self.args.task.to_possible_value(), run.display());
        let task = task.map_or(String::new(), |task| task.get_name().to_owned());
        let resume_with = format!("composer learn-part {task} … --resume {at}");
        let in_folder = InFolder { folder: &folder, run: &Run::default(), resume, resume_with: &resume_with };
        let set = TrainingSet::from(&self.train);
        let described = format!("{stage} model");
        Ok(in_folder.train(model, &described, set, self.valid, training, &mut after_epoch)?.outcome)
    }
}
