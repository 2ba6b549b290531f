//! `composer runs`: the trainings in a folder, the newest first; or all settings of one of them.

use crate::config::{self, CONFIG_FILE, Config};
use crate::failure::wrong_input;
use crate::progress::{CHECKPOINT_FILE, METRICS_FILE, MODEL_FILE};
use clap::Args;
use composer_training::checkpoint;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// `composer runs`.
#[derive(Clone, Debug, Args)]
pub struct RunsArgs {
    /// Folder with run folders in it; or a model file, to see all settings of its training
    #[arg(default_value = "runs")]
    pub folder: PathBuf,
}

/// A line of the table.
struct Row {
    name: String,
    network: String,
    symbols: String,
    music: String,
    epochs: String,
    best: Option<f64>,
    state: &'static str,
    bytes: u64,
    age: Duration,
}

/// Runs the command.
pub fn run(args: &RunsArgs) -> anyhow::Result<()> {
    if args.folder.is_file() {
        print!("{}", config::read(&args.folder)?);
        return Ok(());
    }
    let entries = fs::read_dir(&args.folder)
        .map_err(|error| wrong_input(format!("cannot read the folder {}: {error}", args.folder.display())))?;
    let mut rows: Vec<Row> = entries.filter_map(|entry| row(&entry.ok()?.path())).collect();
    rows.sort_by_key(|row| row.age);
    if rows.is_empty() {
        println!("No runs in {}; composer train begins one.", args.folder.display());
        return Ok(());
    }
    println!(
        "{:<20} {:<14} {:<8} {:>9} {:>9}  {:<10} {:>9} {:>6}  music",
        "run", "network", "symbols", "epochs", "held-out", "state", "size", "age"
    );
    for row in rows {
        let best = row.best.map_or_else(|| "–".to_owned(), |best| format!("{best:.3}"));
        println!(
            "{:<20} {:<14} {:<8} {:>9} {best:>9}  {:<10} {:>6.1} MB {:>6}  {}",
            row.name,
            row.network,
            row.symbols,
            row.epochs,
            row.state,
            row.bytes as f64 / 1e6,
            age(row.age),
            row.music
        );
    }
    Ok(())
}

/// What a run folder says; `None` if it is none.
fn row(path: &Path) -> Option<Row> {
    let config: Config = toml::from_str(&fs::read_to_string(path.join(CONFIG_FILE)).ok()?).ok()?;
    let metrics = fs::read_to_string(path.join(METRICS_FILE)).unwrap_or_default();
    let epochs: Vec<serde_json::Value> =
        metrics.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let best = epochs.iter().filter_map(|epoch| epoch.get("valid_nll")?.as_f64()).reduce(f64::min);
    let state = match checkpoint::load(&path.join(CHECKPOINT_FILE)) {
        Ok(saved) if saved.is_final() => "finished",
        Ok(_) => "stopped",
        Err(composer_training::Error::Io { .. }) if path.join(MODEL_FILE).exists() => "no way on",
        Err(composer_training::Error::Io { .. }) => "begun",
        Err(_) => "damaged",
    };
    let files = fs::read_dir(path).ok()?.filter_map(|entry| entry.ok()?.metadata().ok());
    let (mut bytes, mut newest) = (0, SystemTime::UNIX_EPOCH);
    for file in files.filter(fs::Metadata::is_file) {
        bytes += file.len();
        newest = newest.max(file.modified().unwrap_or(SystemTime::UNIX_EPOCH));
    }
    let model = &config.model;
    Some(Row {
        name: path.file_name()?.to_string_lossy().into_owned(),
        network: format!("{} {}×{}", model.cell, model.layers, model.hidden),
        symbols: config.music.representation.clone(),
        music: Some(config.music.folder).filter(|name| !name.is_empty()).unwrap_or_else(|| "shipped".into()),
        epochs: format!("{}/{}", epochs.len(), config.training.epochs),
        best,
        state,
        bytes,
        age: SystemTime::now().duration_since(newest).unwrap_or_default(),
    })
}

/// Seconds, minutes, hours or days.
fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=59 => format!("{seconds} s"),
        seconds @ 60..=3599 => format!("{} min", seconds / 60),
        seconds @ 3600..=86_399 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}
