//! Publishes how often real music is accused, and how it scores: `scripts/judge_calibration.sh`.
//!
//! For every style real pieces are the reference and other real pieces are judged; then further folders, such as compositions of
//! the built-in model, against the built-in corpus. Prints Markdown. Arguments: folders of MIDI files.

use std::path::{Path, PathBuf};

use composer_evaluation::failure::{DetectorsByLength, Diagnosis, FailureMode, Fault};
use composer_evaluation::grid::Grid;
use composer_music::{Score, corpus, midi};

#[path = "../tests/suite/corpora.rs"]
mod corpora;

const SEED: u64 = 1;

type Sets = Vec<(Vec<Score>, Vec<Score>)>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "| style | real pieces as reference | judged | accused, % | by a detector | by a figure | median score | below 5 | above 95 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let only = std::env::var("ONLY").unwrap_or_default();
    let wanted = |name: &str| only.is_empty() || name.contains(&only);
    if let Some(corpus) = wanted("chorales").then(corpora::chorales).flatten() {
        let (train, rest) = (scores(&corpus.train), scores(&corpus.test));
        // The validation pieces are the first half.
        let (valid, test) = rest.split_at(76.min(rest.len()));
        report("chorales, by the test chorales", &[(test.to_vec(), valid.to_vec())])?;
        report("chorales, by the training chorales", &[(train, rest.clone())])?;
    }
    if let Some(corpus) = wanted("folk tunes").then(corpora::nottingham).flatten() {
        report("folk tunes", &[(scores(&corpus.train), scores(&corpus.test))])?;
    }
    for (name, folder) in [("piano pieces", "mutopia-keyboard"), ("game music", "freedoom")] {
        if let Some(pieces) = wanted(name).then(|| folder_of(&corpora::datasets().join(folder))).flatten() {
            report(name, &folds(&pieces))?;
        }
    }
    let built_in: Vec<Score> = corpus::shipped().pieces.into_iter().map(|piece| piece.score).collect();
    if wanted("built-in corpus") {
        report("built-in corpus", &folds(&built_in))?;
    }
    for folder in std::env::args_os().skip(1).map(PathBuf::from) {
        let Some(pieces) = folder_of(&folder) else { continue };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let judged = judge(&built_in, &pieces)?;
        row(&name, built_in.len(), &judged);
        let scores: Vec<String> = judged.iter().map(|piece| format!("{:.0}", score(piece))).collect();
        println!("\n{name}: scores {}\n", scores.join(", "));
        for piece in &judged {
            println!(
                "- {}",
                piece.main_finding().map_or("none of the tested faults found", |finding| &finding.sentence)
            );
        }
    }
    Ok(())
}

fn scores(grids: &[Grid]) -> Vec<Score> {
    grids.iter().map(Grid::to_score).collect()
}

/// The pieces of a folder with at least four bars; `None`, with a printed reason, without them.
fn folder_of(folder: &Path) -> Option<Vec<Score>> {
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {} is not here", folder.display());
        return None;
    };
    let mut files: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    files.sort();
    let read = files.iter().filter_map(|file| Some(midi::read_file(file).ok()?.score));
    Some(read.filter(|score| Grid::new(score).num_bars() >= 4).collect())
}

/// Five folds: a fifth is judged by the others.
fn folds(pieces: &[Score]) -> Sets {
    let part = |fold: usize, held_out: bool| -> Vec<Score> {
        let chosen = pieces.iter().enumerate().filter(|(i, _)| (i % 5 == fold) == held_out);
        chosen.map(|(_, score)| score.clone()).collect()
    };
    (0..5).map(|fold| (part(fold, false), part(fold, true))).collect()
}

fn judge(reference: &[Score], pieces: &[Score]) -> Result<Vec<Diagnosis>, Box<dyn std::error::Error>> {
    let grids: Vec<Grid> = reference.iter().map(Grid::new).collect();
    let detectors = DetectorsByLength::calibrate(&grids, &pieces.iter().collect::<Vec<_>>(), SEED)?;
    Ok(pieces.iter().map(|piece| detectors.of(piece).diagnose(piece)).collect())
}

fn report(name: &str, sets: &[(Vec<Score>, Vec<Score>)]) -> Result<(), Box<dyn std::error::Error>> {
    let mut judged = Vec::new();
    for (reference, held_out) in sets {
        judged.extend(judge(reference, held_out)?);
    }
    row(name, sets[0].0.len(), &judged);
    Ok(())
}

fn row(name: &str, reference: usize, judged: &[Diagnosis]) {
    let share = |accused: &dyn Fn(&Diagnosis) -> bool| {
        100.0 * judged.iter().filter(|piece| accused(piece)).count() as f64 / judged.len().max(1) as f64
    };
    let detector = |piece: &Diagnosis| FailureMode::ALL.iter().any(|&mode| piece.has(mode));
    let figure =
        |piece: &Diagnosis| piece.findings.iter().any(|finding| !matches!(finding.mode, Fault::Mode(_)));
    let mut scores: Vec<f64> = judged.iter().map(score).collect();
    scores.sort_by(f64::total_cmp);
    println!(
        "| {name} | {reference} | {} | {:.1} | {:.1} | {:.1} | {:.0} | {:.1} | {:.1} |",
        judged.len(),
        share(&|piece| !piece.findings.is_empty()),
        share(&detector),
        share(&figure),
        scores.get(scores.len() / 2).copied().unwrap_or(f64::NAN),
        share(&|piece| score(piece) < 5.0),
        share(&|piece| score(piece) > 95.0),
    );
    if std::env::var_os("VERBOSE").is_some() {
        for (i, piece) in judged.iter().enumerate() {
            for finding in &piece.findings {
                eprintln!("    {i}: {}: {}", finding.mode.name(), finding.sentence);
            }
        }
    }
}

fn score(piece: &Diagnosis) -> f64 {
    piece.likeness.map_or(f64::NAN, |likeness| likeness.score)
}
