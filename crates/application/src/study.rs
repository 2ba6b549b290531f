//! Experiments on recurrent networks, as use cases: the music is read, what cannot be studied is refused, the study runs.

mod journal;
mod written;

use self::journal::Journal;
use crate::error::{Result, wrong_input, wrong_option};
use crate::progress::Progress;
use crate::train::material::Material;
use composer_bptt::Cell;
use composer_models::{Encoding, Sequence};
use composer_music::representation::frames::FrameRepresentation;
use composer_report::charts::cell_name;
use composer_report::study::{cells_text, memory_text};
use composer_report::text::thousands;
use composer_studies::memory::{Recipe, Task, Trial, by_task_and_cell, trials};
use composer_studies::{Error, cells as free_running, gradient_flow as flow, memory as remembering};
use std::path::Path;
use std::time::Instant;

/// A study and how long it took.
pub struct Studied<T> {
    /// What was found.
    pub found: T,
    /// The music, for people; empty without music.
    pub music: String,
    /// Seconds of the whole study.
    pub seconds: f64,
    /// Trainings at a time.
    pub threads: usize,
}

/// What the study of memory compares.
#[derive(Clone, Debug)]
pub struct MemoryOptions {
    /// The tasks; empty: all.
    pub tasks: Vec<Task>,
    /// Lengths in steps; empty: each task's own.
    pub lengths: Vec<usize>,
    /// The cells.
    pub cells: Vec<Cell>,
    /// How each network is trained.
    pub recipe: Recipe,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            tasks: Vec::new(),
            lengths: Vec::new(),
            cells: DEFAULT_CELLS.to_vec(),
            recipe: Recipe::default(),
        }
    }
}

/// The cells of every study, unless others are asked for.
pub const DEFAULT_CELLS: [Cell; 3] = [Cell::RnnTanh, Cell::Lstm, Cell::Gru];

impl MemoryOptions {
    /// Refuses what cannot be studied.
    ///
    /// # Errors
    /// A length, a size or a rate is out of range.
    pub fn check(&self) -> Result<()> {
        Ok(self
            .trials()
            .into_iter()
            .try_for_each(|trial| self.recipe.network(trial).map(|_| ()))
            .map_err(refused)?)
    }

    fn trials(&self) -> Vec<Trial> {
        let tasks = if self.tasks.is_empty() { &Task::ALL[..] } else { &self.tasks };
        trials(tasks, &self.lengths, &self.cells)
    }
}

/// How far back each cell remembers.
///
/// # Errors
/// As [`MemoryOptions::check`].
pub fn memory(
    options: &MemoryOptions,
    progress: &mut dyn Progress,
) -> Result<Studied<Vec<remembering::Outcome>>> {
    options.check()?;
    let recipe = &options.recipe;
    let trials = options.trials();
    let threads = rayon::current_num_threads().min(by_task_and_cell(&trials).len());
    progress.note(&format!(
        "{} trials at most, of at most {} time steps each, {threads} at a time.",
        trials.len(),
        thousands(recipe.steps as u64)
    ));
    let total = (trials.len() * recipe.tests) as u64;
    let started = Instant::now();
    let mut done = 0;
    let found = remembering::study(&trials, recipe, threads, &mut |event| match event {
        remembering::Event::Tested(..) => {
            done += 1;
            progress.advance(done as u64, total, "");
        }
        remembering::Event::Finished(outcome) => {
            done += recipe.tests.saturating_sub(outcome.curve.len());
            if !outcome.solved {
                let longer = |trial: &&Trial| {
                    (trial.task, trial.cell) == (outcome.trial.task, outcome.trial.cell)
                        && trial.length > outcome.trial.length
                };
                done += recipe.tests * trials.iter().filter(longer).count();
            }
            progress.note(&memory_text::line(outcome));
        }
    });
    progress.finished();
    let found = found.map_err(refused)?;
    Ok(Studied { found, music: String::new(), seconds: started.elapsed().as_secs_f64(), threads })
}

/// How far back a gradient reaches through each cell, before and after training on music.
///
/// # Errors
/// The music or the configuration cannot be used: without a window, it is of no bars.
pub fn gradient_flow(
    folder: Option<&Path>,
    config: &flow::Config,
    progress: &mut dyn Progress,
) -> Result<Studied<flow::Study>> {
    if config.window == 0 {
        return Err(wrong_option("bars", "is 0, and must be at least 1").into());
    }
    let representation = FrameRepresentation::default();
    let material = Material::load(folder, representation)?;
    material.announce(progress);
    let encoding = Encoding::frames(representation);
    let held_out: Vec<Sequence> =
        material.valid.sequences.iter().chain(&material.test.sequences).cloned().collect();
    let train = &material.train.sequences;
    config.check(&encoding, train, &held_out).map_err(refused)?;
    let (total, started) = ((config.cells.len() * config.updates) as u64, Instant::now());
    let mut done = 0;
    let found = flow::study(&encoding, train, &held_out, config, &mut |cell, update, nll| {
        done += 1;
        let text = format!("{}, update {update}, {nll:.2} nats per step", cell_name(cell));
        progress.advance(done, total, &text);
    });
    progress.finished();
    let seconds = started.elapsed().as_secs_f64();
    Ok(Studied { found: found.map_err(refused)?, music: material.name, seconds, threads: 1 })
}

/// Name of the file of finished trainings in the folder of a study of cells.
pub const FINISHED_FILE: &str = "cells-trainings.jsonl";

/// Every cell on frames and on events, with teacher forcing, scheduled sampling and its controls. Each training that ends is added to
/// [`FINISHED_FILE`] in `output_dir`; with `resume`, those that are in it already are not trained again.
///
/// # Errors
/// The music or the configuration cannot be used, or the file is of another study.
pub fn cells(
    folder: Option<&Path>,
    config: &free_running::Config,
    output_dir: &Path,
    resume: bool,
    progress: &mut dyn Progress,
) -> Result<Studied<free_running::Study>> {
    let material = Material::load(folder, FrameRepresentation::default())?;
    material.announce(progress);
    let train = &material.train.scores;
    let held_out: Vec<_> = material.valid.scores.iter().chain(&material.test.scores).cloned().collect();
    config.check(train, &held_out).map_err(refused)?;
    let mut journal = Journal::open(&output_dir.join(FINISHED_FILE), resume, check_sum(&material), config)?;
    let before = std::mem::take(&mut journal.done);
    let trials = config.trials().len();
    let threads = rayon::current_num_threads().min(trials);
    progress.note(&format!(
        "{trials} trainings of {} updates and one of the reference, {threads} at a time{}.",
        config.updates,
        if resume { format!("; {} are there already", before.len()) } else { String::new() }
    ));
    let (total, started) = (config.all_updates(), Instant::now());
    let mut done = before.len() as u64 * config.updates;
    let mut written = Ok(());
    let found = free_running::resume(train, &held_out, config, &before, threads, &mut |event| match event {
        free_running::Event::Updated => {
            done += 1;
            progress.advance(done, total, "");
        }
        free_running::Event::Finished(outcome) => {
            if written.is_ok() {
                written = journal.add(outcome);
            }
            progress.note(&cells_text::line(outcome));
        }
    });
    progress.finished();
    let seconds = started.elapsed().as_secs_f64();
    let found = found.map_err(refused)?;
    written.map_err(|error| wrong_input(format!("cannot write {FINISHED_FILE}: {error}")))?;
    Ok(Studied { found, music: material.name, seconds, threads })
}

/// A check sum of all frames of the music, in order.
fn check_sum(material: &Material) -> u32 {
    let subsets = [&material.train, &material.valid, &material.test];
    let pieces = subsets.into_iter().flat_map(|subset| &subset.frames);
    pieces.flatten().fold(0, |sum, frame| {
        let sum = crc32c::crc32c_append(sum, &frame.sounding.to_le_bytes());
        crc32c::crc32c_append(sum, &frame.onsets.to_le_bytes())
    })
}

/// An error of a study, with settings by the names of the options.
pub(crate) fn refused(error: Error) -> anyhow::Error {
    match error {
        Error::Setting { name, value, must } => {
            let option = if name == "batch" { "batch_size" } else { name };
            wrong_option(option, format!("is {value}, and must be {must}"))
        }
        Error::TooFewParameters { .. } => {
            let text = error.to_string();
            wrong_option("parameters", text.trim_start_matches("parameters "))
        }
        Error::TooShort { .. } => wrong_option("bars", format!("is too large: {error}")),
        error => wrong_input(error),
    }
}
