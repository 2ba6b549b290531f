//! Training of a model for a new part, and how much it uses its source.

use super::fine_tuning::{GivenPart, copy_of, fine_tuned};
use super::folds::Folds;
use super::measure::{PartFigure, figures, held_out};
use super::options::{Recipe, TrainPartOptions, configuration};
use crate::cluster::micro_shards;
use crate::error::{Result, wrong_input};
use crate::memory;
use crate::models::task_name;
use crate::outputs;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::Run;
use crate::train::fine_tuning::valid_nll;
use crate::train::in_folder::{InFolder, assist};
use crate::train::progress_observer::ProgressObserver;
use crate::train::recorder::MODEL_FILE;
use crate::train::session::take_folder;
use composer_bptt::Init;
use composer_models::seq2seq::{self, Pair, PartNotes, Task};
use composer_models::{Seq2Seq, Seq2SeqConfig, Sequence};
use composer_music::input::is_standard;
use composer_report::FineTuning;
use composer_report::text::thousands;
use composer_training::distributed::{Alone, Communicator};
use composer_training::plan::pair_memory_estimate;
use composer_training::{EpochReport, Outcome, Trainer, TrainingConfig, TrainingSet};
use std::path::{Path, PathBuf};

/// A trained model for a new part, in its file, and how well it does.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedPart {
    /// The model file.
    pub output: PathBuf,
    /// Held-out pieces.
    pub pieces: usize,
    /// Their figures.
    pub figures: Vec<PartFigure>,
    /// What starting from a model gained, if there was one.
    pub fine_tuning: Option<FineTuning>,
}

/// Trains a model for a new part, and measures on held-out pieces whether it uses its source.
///
/// # Errors
/// A folder or an option cannot be used, too few pieces have both parts, or the training fails or was stopped.
pub fn train_part(options: &TrainPartOptions, progress: &mut dyn Progress) -> Result<TrainedPart> {
    train_part_on(options, &Alone, progress)
}

/// [`train_part`] on several processes that do the same: the first of them writes and measures, and the others return no figures.
///
/// # Errors
/// As for [`train_part`], and when there are more processes than micro-shards, or they differ. All processes must then end.
pub fn train_part_on(
    options: &TrainPartOptions,
    ranks: &dyn Communicator,
    progress: &mut dyn Progress,
) -> Result<TrainedPart> {
    Ok(train_folds(options, ranks, progress)?)
}

fn train_folds(
    options: &TrainPartOptions,
    ranks: &dyn Communicator,
    progress: &mut dyn Progress,
) -> anyhow::Result<TrainedPart> {
    let task = options.task;
    let given = GivenPart::of(options)?;
    let mut recipe = options.recipe(given.as_ref().map(GivenPart::config))?;
    recipe.training.micro_shards = micro_shards(recipe.training.micro_shards, ranks, false)?;
    recipe.training.check_ranks(ranks.size())?;
    check_output(options)?;
    let folds = Folds::read(task, &options.folders, given.as_ref())?;
    let config = match &given {
        Some(given) => given.with(options, &recipe)?,
        None => configuration(task, folds.styles.len(), folds.kind, options, &recipe),
    };
    let parameters = Seq2Seq::<f32>::shapes(config.clone())?.len();
    memory::check(pair_memory_estimate(&config, parameters, &recipe.training))?;
    let without =
        Seq2SeqConfig { bridge: false, aligned: false, attention: None, ..config.clone() }.completed();
    let notes = PartNotes {
        task,
        styles: folds.styles.clone(),
        program: given.as_ref().map_or(0, GivenPart::program),
        corpus: folds.corpus.clone(),
        seed: options.seed,
        valid_nll: None,
    };
    let (mut measured, mut gained) = (Vec::new(), None);
    for fold in 0..options.compare.unwrap_or(1).into() {
        let training = FoldTraining {
            train: folds.train(fold),
            valid: folds.valid(fold),
            options,
            recipe: &recipe,
            notes: &notes,
            given: given.as_ref(),
            fold,
            ranks,
        };
        let pieces = match task {
            Task::Humanise => "Performances, which have two steps for each note",
            _ => "Pieces with both parts",
        };
        progress.note(&format!(
            "{pieces}: {} for training, {} for validation, {} for test.",
            training.train.len(),
            training.valid.len(),
            folds.test(fold).len()
        ));
        let (model, valid_nll, unconditional, fine_tuning) = training.models(&config, &without, progress)?;
        if ranks.rank() > 0 {
            continue;
        }
        if fold == 0 {
            gained = fine_tuning;
            let notes = PartNotes { valid_nll: Some(valid_nll), ..notes.clone() };
            seq2seq::save(&model, &notes, &options.output)?;
        }
        let unconditional = unconditional.as_ref().filter(|_| options.compare.is_some());
        measured.extend(held_out(&model, unconditional, folds.test(fold))?);
    }
    let figures = if measured.is_empty() { Vec::new() } else { figures(&measured, options.seed) };
    Ok(TrainedPart { output: options.output.clone(), pieces: measured.len(), figures, fine_tuning: gained })
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
    outputs::check(&folders, [&options.output])?;
    Ok(())
}

/// The training of one fold.
struct FoldTraining<'a> {
    train: Vec<Pair>,
    valid: &'a [Pair],
    options: &'a TrainPartOptions,
    recipe: &'a Recipe,
    notes: &'a PartNotes,
    given: Option<&'a GivenPart>,
    fold: usize,
    ranks: &'a dyn Communicator,
}

impl FoldTraining<'_> {
    /// A model with its validation loss; an unconditional one, if there must be one to begin with or to compare with; and what starting
    /// from a model gained, where there is one.
    fn models(
        &self,
        config: &Seq2SeqConfig,
        without: &Seq2SeqConfig,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<(Seq2Seq, f64, Option<Seq2Seq>, Option<FineTuning>)> {
        let Some(given) = self.given else {
            let (model, valid_nll, unconditional) = self.random(config, without, progress)?;
            return Ok((model, valid_nll, unconditional, None));
        };
        let training = &self.recipe.training;
        let mut model = copy_of(given.model(), config)?;
        let before = valid_nll(&mut model, self.valid, training)?;
        let nothing = match self.options.compare_from_nothing {
            true => Some(self.random(config, without, progress)?.1),
            false => None,
        };
        let (model, best) = self.fit(model, training, "fine-tuned", progress)?;
        let mut to_compare = None;
        if self.options.compare.is_some() {
            // A folder of its own: training from nothing may have an unconditional stage too.
            to_compare = Some(self.fit(self.fresh(without)?, training, "compared", progress)?.0);
        }
        Ok((model, best, to_compare, Some(fine_tuned(self.options, before, best, nothing))))
    }

    /// The same from random weights.
    fn random(
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
        model.init_output_bias(&targets);
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
            Some(_) if self.ranks.rank() > 0 => {
                let set = TrainingSet::from(&self.train);
                assist(&mut model, set, self.valid, training, self.ranks)?
            }
            Some(run) => self.fit_in(run, &mut model, training, stage, progress)?,
            None => {
                let parameters = thousands(model.params().len() as u64);
                progress.note(&format!("Training: {stage} model, {parameters} parameters."));
                let mut observer = ProgressObserver { progress: &mut *progress, epochs: training.epochs };
                let outcome = Trainer::new(&mut model, &self.train, self.valid, training)
                    .and_then(|trainer| trainer.on(self.ranks))
                    .and_then(|trainer| trainer.run(&mut observer));
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
        let (run, ranks) = (&Run::default(), self.ranks);
        let in_folder = InFolder { folder: &folder, run, resume, resume_with: &resume_with, ranks };
        let set = TrainingSet::from(&self.train);
        let described = format!("{stage} model");
        Ok(in_folder.train(model, &described, set, self.valid, training, &mut after_epoch, progress)?.outcome)
    }
}
