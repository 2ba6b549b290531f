//! [`sweep`]: many small trainings, one for each combination of some settings, each in a run folder of its own; and one table.

use crate::compose::ComposeOptions;
use crate::error::{ErrorKind, Result, wrong_input};
use crate::progress::Progress;
use crate::settings::{CONFIG_FILE, Layers, Preset};
use crate::train::{TrainOptions, train};
use composer_music::atomic_file::write_atomically;
use composer_music::input::{MAX_TEXT, read_regular_text};
use composer_training::distributed::{self, Communicator};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use toml::Value;

/// Name of the figures of a finished training in its folder.
pub const RESULT_FILE: &str = "result.json";
/// Most trainings of a sweep.
const MOST_CELLS: usize = 10_000;

/// What a sweep trains: a TOML file.
///
/// ```toml
/// preset = "quick"            # optional
/// [settings]                  # of all trainings
/// "training.epochs" = 4
/// [grid]                      # every combination of these values
/// hidden = [32, 64]
/// "training.seed" = [1, 2, 3]
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grid {
    preset: Option<String>,
    settings: BTreeMap<String, Value>,
    grid: BTreeMap<String, Vec<Value>>,
}

/// One training of a sweep.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What is special about it, which is also the name of its folder: `hidden=32,training.seed=1`.
    pub name: String,
    /// All that is set in it.
    single: Vec<(String, Value)>,
}

/// What became of one training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellResult {
    /// The name of the cell and of its folder.
    pub name: String,
    /// The values of the grid.
    pub values: BTreeMap<String, Value>,
    /// The lowest validation loss, nats per step.
    pub valid_nll: Option<f64>,
    /// The test loss, nats per step.
    pub test_nll: Option<f64>,
    /// Seconds of training.
    pub seconds: f64,
    /// Why it failed; `None`: it did not.
    pub error: Option<String>,
    /// All settings; a folder whose training had others is refused.
    settings: String,
}

impl Grid {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or has no grid.
    pub fn read(path: &Path) -> Result<Self> {
        let at = path.display();
        let text = read_regular_text(path, MAX_TEXT)
            .map_err(|error| wrong_input(format!("cannot read {at}: {error}")))?;
        let grid: Self = toml::from_str(&text)
            .map_err(|error| wrong_input(format!("{at} is no grid: {}", error.message())))?;
        if grid.grid.values().any(Vec::is_empty) || grid.grid.is_empty() {
            let what =
                "needs a section [grid] with a list of values for each setting, such as hidden = [32, 64]";
            return Err(wrong_input(format!("{at} {what}")).into());
        }
        Ok(grid)
    }

    /// Every combination of its values, the last setting changing fastest.
    ///
    /// # Errors
    /// There are too many.
    pub fn cells(&self) -> Result<Vec<Cell>> {
        let count = self.grid.values().fold(1usize, |count, values| count.saturating_mul(values.len()));
        if count > MOST_CELLS {
            return Err(wrong_input(format!(
                "the grid has {count} trainings, and at most {MOST_CELLS} are run"
            ))
            .into());
        }
        let cell = |mut index: usize| {
            let mut values: Vec<(String, Value)> = Vec::new();
            for (key, choices) in self.grid.iter().rev() {
                values.push((key.clone(), choices[index % choices.len()].clone()));
                index /= choices.len();
            }
            values.reverse();
            let words: Vec<String> =
                values.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
            let settings = self.settings.iter().map(|(key, value)| (key.clone(), value.clone()));
            Cell { name: words.join(","), single: settings.chain(values).collect() }
        };
        Ok((0..count).map(cell).collect())
    }

    fn layers(&self, cell: &Cell) -> Result<Layers> {
        let preset = self.preset.as_deref().map(Preset::by_name).transpose()?;
        Ok(Layers { preset, file: None, single: cell.single.clone() })
    }
}

/// A value as it stands in the name of a folder.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_plain = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

/// Fails where a training of a sweep failed.
///
/// # Errors
/// How many did.
pub fn check(results: &[CellResult]) -> Result<()> {
    match results.iter().filter(|result| result.error.is_some()).count() {
        0 => Ok(()),
        failed => {
            Err(anyhow::anyhow!("{failed} of {} trainings failed; the table says why", results.len()).into())
        }
    }
}

/// Trains every cell of a grid in a folder of its own within `folder`, `jobs` at a time; several processes share them out. What is
/// finished is not trained again, and what was stopped goes on. A training that fails does not stop the others: its result says why.
/// Process 0 returns all results in the order of the cells, the others none.
///
/// # Errors
/// The grid cannot be used, the folder cannot be written, or the sweep was stopped.
pub fn sweep(
    grid: &Grid,
    folder: &Path,
    jobs: usize,
    ranks: &dyn Communicator,
    progress: &mut dyn Progress,
) -> Result<Vec<CellResult>> {
    let cells = grid.cells()?;
    // A setting that no training has is wrong in all of them: said once, before the first.
    grid.layers(&cells[0])?.settings()?;
    std::fs::create_dir_all(folder)
        .map_err(|error| wrong_input(format!("cannot write to the folder {}: {error}", folder.display())))?;
    let own: Vec<usize> = (ranks.rank()..cells.len()).step_by(ranks.size()).collect();
    let next = AtomicUsize::new(0);
    let (shared, total) = (Mutex::new(progress), own.len());
    let done = Mutex::new(Vec::new());
    let jobs = jobs.clamp(1, total.max(1));
    let threads = (rayon::current_num_threads() / jobs).max(1);
    let work = || {
        while let Some(&index) = own.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut quiet = Quiet(&shared);
            if quiet.stop_requested() {
                return;
            }
            let result = run_cell(grid, &cells[index], folder, &mut quiet);
            let mut done = lock(&done);
            let said = result.error.as_deref().map_or("done", |error| error);
            lock(&shared).note(&format!("{}: {said}", result.name));
            done.push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                Ok(pool) => pool.install(work),
                Err(_) => work(),
            });
        }
    });
    if lock(&shared).stop_requested() {
        return Err(anyhow::Error::from(crate::error::Stopped(
            "stopped and saved; the same command goes on".to_owned(),
        ))
        .into());
    }
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut all: Vec<(usize, CellResult)> = Vec::new();
    let message = serde_json::to_vec(&done).map_err(anyhow::Error::from)?;
    for message in distributed::gather(ranks, message)? {
        all.extend(serde_json::from_slice::<Vec<_>>(&message).map_err(anyhow::Error::from)?);
    }
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

/// Trains one cell, or reads the result of before.
fn run_cell(grid: &Grid, cell: &Cell, folder: &Path, progress: &mut dyn Progress) -> CellResult {
    let mut result = CellResult {
        name: cell.name.clone(),
        values: cell.single.iter().filter(|(key, _)| grid.grid.contains_key(key)).cloned().collect(),
        valid_nll: None,
        test_nll: None,
        seconds: 0.0,
        error: None,
        settings: String::new(),
    };
    match train_cell(grid, cell, &folder.join(&cell.name), &mut result, progress) {
        Ok(finished) => finished,
        Err(error) => {
            result.error = Some(match error.kind() {
                ErrorKind::Stopped => "stopped, and goes on with the same command".to_owned(),
                _ => error.to_string(),
            });
            result
        }
    }
}

fn train_cell(
    grid: &Grid,
    cell: &Cell,
    run: &Path,
    result: &mut CellResult,
    progress: &mut dyn Progress,
) -> Result<CellResult> {
    let settings = grid.layers(cell)?.settings()?;
    result.settings = settings.to_toml()?;
    let file: PathBuf = run.join(RESULT_FILE);
    if let Ok(text) = read_regular_text(&file, MAX_TEXT) {
        let finished: CellResult = serde_json::from_str(&text)
            .map_err(|error| wrong_input(format!("{} is damaged ({error}): delete it", file.display())))?;
        return match finished.settings == result.settings {
            true => Ok(finished),
            false => Err(wrong_input(format!(
                "{} has a training with other settings: choose another folder, or delete it",
                run.display()
            ))
            .into()),
        };
    }
    // One that was stopped before its first checkpoint begins anew.
    let began = run.join(CONFIG_FILE).exists();
    let options = TrainOptions {
        settings,
        output_dir: (!began).then(|| run.to_owned()),
        resume: began.then(|| run.to_owned()),
        compositions: ComposeOptions { num_outputs: 1, ..ComposeOptions::default() },
        command: format!("composer sweep (cell {})", cell.name),
        ..TrainOptions::default()
    };
    let trained = train(&options, progress)?;
    let finished = CellResult {
        valid_nll: Some(trained.summary.outcome.best.valid_nll),
        test_nll: trained.likelihoods.last().map(|row| row.nll.per_frame()),
        seconds: trained.summary.seconds,
        ..result.clone()
    };
    let text = serde_json::to_string_pretty(&finished).map_err(anyhow::Error::from)?;
    write_atomically(&file, text.as_bytes())?;
    Ok(finished)
}

/// The progress of one of several trainings: only whether to stop is asked.
struct Quiet<'a, 'p>(&'a Mutex<&'p mut dyn Progress>);

impl Progress for Quiet<'_, '_> {
    fn stop_requested(&self) -> bool {
        lock(self.0).stop_requested()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_every_combination_with_a_name_for_each() {
        let text = "[settings]\nepochs = 1\n[grid]\nhidden = [8, 16]\n\"model.cell\" = [\"gru\", \"lstm\"]\n";
        let grid: Grid = toml::from_str(text).expect("a grid");
        let names: Vec<String> = grid.cells().expect("cells").into_iter().map(|cell| cell.name).collect();
        assert_eq!(
            names,
            [
                "hidden=8,model.cell=gru",
                "hidden=8,model.cell=lstm",
                "hidden=16,model.cell=gru",
                "hidden=16,model.cell=lstm",
            ]
        );
        let settings =
            grid.layers(&grid.cells().expect("cells")[2]).expect("layers").settings().expect("set");
        assert_eq!((settings.model.hidden, settings.training.epochs), (16, 1));
    }
}
