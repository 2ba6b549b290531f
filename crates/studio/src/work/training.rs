//! [`Trainings`]: one training at a time, in a thread of its own, with its losses as events; stopped and resumed by its checkpoint.

use super::events::Hub;
use crate::project::{MUSIC, SOUNDS};
use crate::server::reply::{Refusal, Reply};
use axum::http::StatusCode;
use composer_application::compose::{COMPOSITION_PREFIX, ComposeOptions, Length};
use composer_application::runs::{self, RunSummary};
use composer_application::settings::{Layers, Preset};
use composer_application::train::{METRICS_FILE, SAMPLE_PREFIX, TrainOptions, train};
use composer_application::{ErrorKind, Progress};
use composer_music::input::{MAX_MIDI, MAX_TEXT, read_regular, read_regular_text};
use composer_training::{EpochReport, UpdateReport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The folder of the trainings in a project.
pub const RUNS: &str = "runs";

/// Least time between two events of updates.
const UPDATE_TIME: Duration = Duration::from_millis(200);

/// The built-in corpus, among the folders of music.
pub const BUILT_IN: &str = "";

/// A training that is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingWanted {
    /// A folder of music, by its name in [`Trainings::music`]; empty: the built-in corpus.
    pub music: String,
    /// The preset.
    pub preset: String,
    /// Epochs, if not those of the preset.
    pub epochs: Option<u64>,
    /// Units in each layer, if not those of the preset.
    pub hidden: Option<usize>,
    /// The cell, if not the usual one.
    pub cell: Option<String>,
    /// The seed.
    pub seed: u64,
}

/// A folder of music that may be trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MusicFolder {
    /// Its name.
    pub name: String,
    /// Where it is; not told to the page.
    #[serde(skip)]
    pub path: PathBuf,
}

/// Music that a training wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Its file in the folder of the training.
    pub file: String,
    /// The epoch after which it was written; `None`: a composition of the finished training.
    pub epoch: Option<u64>,
}

impl Sample {
    fn of_file(file: String) -> Option<Self> {
        let stem = file.strip_suffix(".mid")?;
        let epoch = match stem.strip_prefix(SAMPLE_PREFIX) {
            Some(number) => Some(number.parse().ok()?),
            None => {
                let number: Result<u64, _> = stem.strip_prefix(COMPOSITION_PREFIX)?.parse();
                number.ok()?;
                None
            }
        };
        Some(Self { file, epoch })
    }
}

/// The training in progress.
struct Running {
    name: String,
    stop: Arc<AtomicBool>,
    /// Set before the page is told of the end, so that what it asks then has the answer of afterwards.
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Running {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Acquire) && !self.thread.is_finished()
    }
}

/// Trainings of a project.
pub struct Trainings {
    folder: PathBuf,
    music: Vec<PathBuf>,
    running: Mutex<Option<Running>>,
}

impl Trainings {
    /// Those in the folder of a project; `music` are folders that the user named beside.
    pub fn new(folder: &Path, music: &[PathBuf]) -> Self {
        Self { folder: folder.to_owned(), music: music.to_vec(), running: Mutex::new(None) }
    }

    /// The folders of music: those that the user named, and those in the folder of the project.
    pub fn music(&self) -> Vec<MusicFolder> {
        let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
        let own = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_music = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.is_dir()
                && !name.starts_with('.')
                && ![MUSIC, RUNS, SOUNDS].contains(&&*name)
                && inside(&self.folder, path)
        };
        for path in own.filter(is_music).chain(self.music.iter().cloned()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.entry(name).or_insert(path);
        }
        found.into_iter().map(|(name, path)| MusicFolder { name, path }).collect()
    }

    /// All trainings, the newest first.
    pub fn list(&self) -> Vec<RunSummary> {
        runs::list(&self.folder.join(RUNS)).unwrap_or_default()
    }

    /// The name of the training in progress.
    pub fn running(&self) -> Option<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().filter(|running| running.goes_on()).map(|running| running.name.clone())
    }

    /// The losses of the epochs of a training, from its own records.
    ///
    /// # Errors
    /// There is no such training.
    pub fn curve(&self, name: &str) -> Reply<Vec<Value>> {
        // One that has just begun may have no folder yet.
        if self.running().as_deref() == Some(name) && !self.folder.join(RUNS).join(name).exists() {
            return Ok(Vec::new());
        }
        let text = read_regular_text(&self.run(name)?.join(METRICS_FILE), MAX_TEXT).unwrap_or_default();
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// The music that a training wrote along the way: of its epochs in their order, then its compositions.
    ///
    /// # Errors
    /// There is no such training.
    pub fn samples(&self, name: &str) -> Reply<Vec<Sample>> {
        let Ok(run) = self.run(name) else {
            // One that has just begun may have no folder yet.
            return self.curve(name).map(|_| Vec::new());
        };
        let entries = std::fs::read_dir(run)?.flatten();
        let mut samples: Vec<Sample> =
            entries.filter_map(|entry| Sample::of_file(entry.file_name().into_string().ok()?)).collect();
        samples.sort_by_key(|sample| (sample.epoch.unwrap_or(u64::MAX), sample.file.clone()));
        Ok(samples)
    }

    /// The MIDI file of a sample.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn sample(&self, name: &str, file: &str) -> Reply<Vec<u8>> {
        let known = self.samples(name)?.into_iter().find(|sample| sample.file == file);
        let sample = known.ok_or_else(|| Refusal::missing(format!("there is no sample {file}")))?;
        Ok(read_regular(&self.run(name)?.join(sample.file), MAX_MIDI)?)
    }

    /// The folder of a training.
    fn run(&self, name: &str) -> Reply<PathBuf> {
        let runs = self.folder.join(RUNS);
        let path = runs.join(name);
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        let there = plain && path.is_dir() && inside(&runs, &path);
        if there { Ok(path) } else { Err(Refusal::missing(format!("there is no training {name}"))) }
    }

    /// Begins a training; its name.
    ///
    /// # Errors
    /// One is in progress, or an option cannot be used.
    pub fn begin(&self, wanted: &TrainingWanted, hub: &Arc<Hub>) -> Reply<String> {
        let music = match wanted.music.as_str() {
            BUILT_IN => String::new(),
            name => {
                let found = self.music().into_iter().find(|folder| folder.name == name);
                let found =
                    found.ok_or_else(|| Refusal::wrong(format!("there is no folder of music {name}")))?;
                found.path.to_string_lossy().into_owned()
            }
        };
        let mut single = vec![
            ("music.folder".to_owned(), music.into()),
            ("training.seed".to_owned(), (wanted.seed as i64).into()),
            ("run.tensorboard".to_owned(), false.into()),
            ("run.checkpoint_seconds".to_owned(), 20.0.into()),
        ];
        single.extend(wanted.epochs.map(|epochs| ("training.epochs".to_owned(), (epochs as i64).into())));
        single.extend(wanted.hidden.map(|hidden| ("model.hidden".to_owned(), (hidden as i64).into())));
        single.extend(wanted.cell.clone().map(|cell| ("model.cell".to_owned(), cell.into())));
        let layers = Layers { preset: Some(Preset::by_name(&wanted.preset)?), single, ..Layers::default() };
        let settings = layers.settings()?;
        let runs = self.folder.join(RUNS);
        std::fs::create_dir_all(&runs)?;
        let name = free_name(&runs)?;
        let options = TrainOptions {
            settings,
            output_dir: Some(runs.join(&name)),
            compositions: compositions(),
            command: "composer studio".into(),
            ..TrainOptions::default()
        };
        self.start(name, options, hub)
    }

    /// Resumes a training.
    ///
    /// # Errors
    /// One is in progress, or it has no checkpoint.
    pub fn resume(&self, name: &str, hub: &Arc<Hub>) -> Reply<String> {
        let run = self.run(name)?;
        let options = TrainOptions {
            settings: Layers::default().resumed(&run)?,
            resume: Some(run),
            compositions: compositions(),
            command: "composer studio".into(),
            ..TrainOptions::default()
        };
        self.start(name.to_owned(), options, hub)
    }

    /// Stops the training in progress, which saves a checkpoint; whether there was one.
    pub fn stop(&self) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = running.as_ref().filter(|running| running.goes_on());
        running.map(|running| running.stop.store(true, Ordering::Release)).is_some()
    }

    /// Stops the training in progress and waits until it is saved.
    pub fn end(&self) {
        self.stop();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            let _ = running.thread.join();
        }
    }

    fn start(&self, name: String, options: TrainOptions, hub: &Arc<Hub>) -> Reply<String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_some_and(Running::goes_on) {
            return Err(Refusal::new(StatusCode::CONFLICT, "a training is in progress: stop it first"));
        }
        let (stop, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&over);
        let mut report = Report {
            hub: Arc::clone(hub),
            name: name.clone(),
            stop: Arc::clone(&stop),
            last: Instant::now(),
        };
        let work = move || {
            report.tell("state", json!({ "state": "running" }));
            let end = match train(&options, &mut report) {
                Ok(trained) => json!({ "state": "finished", "seconds": trained.summary.seconds }),
                Err(error) if error.kind() == ErrorKind::Stopped => json!({ "state": "stopped" }),
                Err(error) => json!({ "state": "failed", "error": error.to_string() }),
            };
            ended.store(true, Ordering::Release);
            report.tell("state", end);
        };
        let thread = std::thread::Builder::new().name("studio-training".into()).spawn(work)?;
        *running = Some(Running { name: name.clone(), stop, over, thread });
        Ok(name)
    }
}

/// A short composition at the end, to listen to.
fn compositions() -> ComposeOptions {
    ComposeOptions { num_outputs: 2, length: Length::Bars(8), ..ComposeOptions::default() }
}

/// The first of `001`, `002` … that is free.
fn free_name(runs: &Path) -> Reply<String> {
    (1..10_000).map(|number| format!("{number:03}")).find(|name| !runs.join(name).exists()).ok_or_else(|| {
        Refusal::wrong("there are ten thousand trainings in this project: begin another project")
    })
}

/// Whether a path is below a folder, wherever links lead.
fn inside(folder: &Path, path: &Path) -> bool {
    let (Ok(folder), Ok(path)) = (folder.canonicalize(), path.canonicalize()) else { return false };
    path.starts_with(folder)
}

/// Tells the page how a training goes.
struct Report {
    hub: Arc<Hub>,
    name: String,
    stop: Arc<AtomicBool>,
    last: Instant,
}

impl Report {
    fn tell(&self, kind: &str, data: Value) {
        self.hub.send("training", &json!({ "name": self.name, "kind": kind, "data": data }));
    }
}

impl Progress for Report {
    fn note(&mut self, text: &str) {
        self.tell("note", json!(text));
    }

    fn warning(&mut self, text: &str) {
        self.tell("note", json!(text));
    }

    fn update(&mut self, report: &UpdateReport) {
        if report.update == 1 || self.last.elapsed() >= UPDATE_TIME {
            self.last = Instant::now();
            self.tell("update", json!(report));
        }
    }

    fn epoch(&mut self, report: &EpochReport, epochs: u64) {
        self.tell("epoch", json!({ "report": report, "epochs": epochs }));
    }

    fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}
