//! The two corpora that the detectors are measured on, as grids; `None` with a printed reason when a set is absent.
#![allow(dead_code, reason = "every user needs another part")]

use std::path::PathBuf;

use composer_evaluation::grid::{Grid, GridNote, STEPS_PER_QUARTER};

/// A corpus, split by piece.
pub struct Corpus {
    pub name: &'static str,
    pub train: Vec<Grid>,
    pub test: Vec<Grid>,
}

/// Where data sets are that do not belong to the project.
pub fn datasets() -> PathBuf {
    std::env::var_os("COMPOSER_DATASETS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
        PathBuf::from,
    )
}

fn skipped(path: &std::path::Path) {
    eprintln!("skipped: {} is not here", path.display());
}

/// 382 chorales in four voices at sixteenths, in their original keys. Repeated notes are joined (the set does not tell
/// them from held ones). The test pieces are those of the validation and the test split.
pub fn chorales() -> Option<Corpus> {
    let json = chorale_frames()?;
    let train = json["train"].iter().map(|piece| chorale(piece)).collect();
    let test = json["valid"].iter().chain(&json["test"]).map(|piece| chorale(piece)).collect();
    Some(Corpus { name: "chorales", train, test })
}

/// The same, each as its voices from high to low, of all splits.
pub fn chorale_voices() -> Option<Vec<Vec<Grid>>> {
    let grid = |notes| Grid::with_bars_of(notes, 4 * STEPS_PER_QUARTER);
    let piece = |frames: &Vec<Vec<f64>>| voices(frames).into_iter().map(grid).collect();
    Some(chorale_frames()?.values().flatten().map(piece).collect())
}

/// Splits of pieces of frames of voices; −1 is a rest.
type Frames = std::collections::HashMap<String, Vec<Vec<Vec<f64>>>>;

fn chorale_frames() -> Option<Frames> {
    let path = datasets().join("jsb16/Jsb16thSeparated.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        skipped(&path);
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn chorale(frames: &[Vec<f64>]) -> Grid {
    Grid::with_bars_of(voices(frames).concat(), 4 * STEPS_PER_QUARTER)
}

fn voices(frames: &[Vec<f64>]) -> Vec<Vec<GridNote>> {
    let sixteenth = STEPS_PER_QUARTER / 4;
    let voice = |voice: usize| {
        let (mut notes, mut last) = (Vec::<GridNote>::new(), -1.0);
        for (t, frame) in frames.iter().enumerate() {
            let pitch = frame[voice];
            if pitch >= 0.0 && pitch == last {
                notes.last_mut().unwrap().duration += sixteenth;
            } else if pitch >= 0.0 {
                notes.push(GridNote { onset: sixteenth * t as u32, pitch: pitch as u8, duration: sixteenth });
            }
            last = pitch;
        }
        notes
    };
    (0..4).map(voice).collect()
}

/// Folk tunes with chords of at least eight bars; of every five files, three train and one tests (one is left out, so
/// that neighbours, often versions of one tune, are split less often).
pub fn nottingham() -> Option<Corpus> {
    let folder = datasets().join("nottingham-midi/MIDI");
    let Ok(files) = std::fs::read_dir(&folder) else {
        skipped(&folder);
        return None;
    };
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let grids = files.iter().filter_map(|file| composer_music::midi::read_file(file).ok());
    let grids: Vec<Grid> =
        grids.map(|file| Grid::new(&file.score)).filter(|grid| grid.num_bars() >= 8).collect();
    let mut corpus = Corpus { name: "folk tunes", train: Vec::new(), test: Vec::new() };
    for (i, grid) in grids.into_iter().enumerate() {
        match i % 5 {
            0..=2 => corpus.train.push(grid),
            4 => corpus.test.push(grid),
            _ => {} // left out
        }
    }
    Some(corpus)
}
