//! The training runs in a folder.

use crate::diagnose::LIKENESS_FILE;
use crate::error::{Result, wrong_input};
use crate::settings::{CONFIG_FILE, Settings};
use crate::train::{CHECKPOINT_FILE, METRICS_FILE, MODEL_FILE};
use composer_music::input::{MAX_TEXT, read_regular_text};
use composer_training::checkpoint;
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// One training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// Name of its folder.
    pub name: String,
    /// The cell of its network.
    pub cell: String,
    /// Layers.
    pub layers: usize,
    /// Units in each layer.
    pub hidden: usize,
    /// The representation.
    pub representation: String,
    /// The folder of its music, or "built-in".
    pub music: String,
    /// Epochs so far.
    pub epochs: u64,
    /// Epochs at most.
    pub most_epochs: u64,
    /// Loss on the validation pieces after the best epoch, in nats per step.
    pub valid_nll: Option<f64>,
    /// Median of how much its compositions are like its training music, 0–100; held-out real music has 50.
    pub likeness: Option<f64>,
    /// Whether it is finished, or can be resumed.
    pub state: RunState,
    /// Bytes of its files.
    pub bytes: u64,
    /// Seconds since a file was last written.
    pub age_seconds: u64,
}

/// Where a training stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It came to its end.
    Finished,
    /// It was stopped and can be resumed.
    Stopped,
    /// It has a model, but no checkpoint to resume from.
    WithoutCheckpoint,
    /// It has neither yet.
    Started,
    /// Its checkpoint cannot be read.
    Damaged,
}

/// The trainings in a folder, the newest first.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<RunSummary>> {
    let entries = fs::read_dir(folder)
        .map_err(|error| wrong_input(format!("cannot read the folder {}: {error}", folder.display())))?;
    let mut runs: Vec<RunSummary> = entries.filter_map(|entry| summary(&entry.ok()?.path())).collect();
    runs.sort_by(|a, b| a.age_seconds.cmp(&b.age_seconds).then_with(|| a.name.cmp(&b.name)));
    Ok(runs)
}

/// What a run folder says; `None` if it is none.
fn summary(path: &Path) -> Option<RunSummary> {
    let settings: Settings =
        toml::from_str(&read_regular_text(&path.join(CONFIG_FILE), MAX_TEXT).ok()?).ok()?;
    let metrics = read_regular_text(&path.join(METRICS_FILE), MAX_TEXT).unwrap_or_default();
    let epochs: Vec<serde_json::Value> =
        metrics.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let valid_nll = epochs.iter().filter_map(|epoch| epoch.get("valid_nll")?.as_f64()).reduce(f64::min);
    let likeness = fs::read_to_string(path.join(LIKENESS_FILE))
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()?.get("median")?.as_f64());
    let state = match checkpoint::load(&path.join(CHECKPOINT_FILE)) {
        Ok(saved) if saved.is_final() => RunState::Finished,
        Ok(_) => RunState::Stopped,
        Err(composer_training::Error::Io { .. }) if path.join(MODEL_FILE).exists() => {
            RunState::WithoutCheckpoint
        }
        Err(composer_training::Error::Io { .. }) => RunState::Started,
        Err(_) => RunState::Damaged,
    };
    let files = fs::read_dir(path).ok()?.filter_map(|entry| entry.ok()?.metadata().ok());
    let (mut bytes, mut newest) = (0, SystemTime::UNIX_EPOCH);
    for file in files.filter(fs::Metadata::is_file) {
        bytes += file.len();
        newest = newest.max(file.modified().unwrap_or(SystemTime::UNIX_EPOCH));
    }
    let model = &settings.model;
    Some(RunSummary {
        name: path.file_name()?.to_string_lossy().into_owned(),
        cell: model.cell.to_string(),
        layers: model.layers,
        hidden: model.hidden,
        representation: settings.music.representation.clone(),
        music: Some(settings.music.folder)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "built-in".into()),
        epochs: epochs.len() as u64,
        most_epochs: settings.training.epochs,
        valid_nll,
        likeness,
        state,
        bytes,
        age_seconds: SystemTime::now().duration_since(newest).unwrap_or_default().as_secs(),
    })
}
