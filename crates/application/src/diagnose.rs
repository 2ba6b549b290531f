//! Pieces of music against the reference: what is wrong, in which bars, the likely cause, what to try, and a score.

use crate::compose::SavedPiece;
use crate::error::{Result, wrong_input};
use crate::progress::Progress;
use crate::train::material::{Material, warning};
use composer_evaluation::assessment::{Assessed, Assessment, Assessor};
use composer_evaluation::failure::{Detectors, DetectorsByLength, Diagnosis, Extent};
use composer_evaluation::grid::Grid;
use composer_music::Score;
use composer_music::corpus::{self, Criteria, Piece};
use std::path::{Path, PathBuf};

/// Seed of the corruptions that the structure detector learns from.
const SEED: u64 = 1;

/// Name of the file of a run folder with the scores of its compositions.
pub const LIKENESS_FILE: &str = "likeness.json";

/// What to diagnose, and the reference to compare with.
#[derive(Clone, Debug, Default)]
pub struct DiagnoseOptions {
    /// MIDI files, or folders of them.
    pub files: Vec<PathBuf>,
    /// Folder of real music in the style that the files should have; `None`: the built-in corpus.
    pub reference: Option<PathBuf>,
    /// Whether the files are whole pieces, so that their beginnings and endings are judged too.
    pub whole: bool,
}

/// A piece and what was found.
#[derive(Clone, Debug)]
pub struct Diagnosed {
    /// Its name.
    pub name: String,
    /// What was found.
    pub diagnosis: Diagnosis,
}

/// Compares pieces with real music and finds failures; `progress` is told what is left out.
///
/// # Errors
/// A file cannot be read, or there is too little real music.
pub fn diagnose(options: &DiagnoseOptions, progress: &mut dyn Progress) -> Result<Vec<Diagnosed>> {
    let pieces = judged(&options.files, progress)?;
    let reference = reference(options.reference.as_deref())?;
    let real: Vec<Grid> = reference.iter().map(|piece| Grid::new(&piece.score)).collect();
    let named = |piece: &Piece, diagnosis| Diagnosed { name: piece.name.clone(), diagnosis };
    if options.whole {
        let detectors = Detectors::calibrate_grids(&real, Extent::WholePieces, SEED).map_err(wrong_input)?;
        return Ok(pieces.iter().map(|piece| named(piece, detectors.diagnose(&piece.score))).collect());
    }
    let scores: Vec<&Score> = pieces.iter().map(|piece| &piece.score).collect();
    let detectors = DetectorsByLength::calibrate(&real, &scores, SEED).map_err(wrong_input)?;
    let diagnosis = |piece: &Piece| detectors.of(&piece.score).diagnose(&piece.score);
    Ok(pieces.iter().map(|piece| named(piece, diagnosis(piece))).collect())
}

/// The pieces to judge; also those that are too short to train on, and copies of each other. Tells which files are left out, and why.
pub(crate) fn judged(paths: &[impl AsRef<Path>], progress: &mut dyn Progress) -> anyhow::Result<Vec<Piece>> {
    let criteria =
        Criteria { min_notes: 0, keep_duplicates: true, keep_composed: true, ..Criteria::default() };
    let corpus = corpus::load_with(paths, &criteria)?;
    for (file, reason) in corpus.verdicts.iter().filter_map(warning) {
        progress.warning(&format!("{file}: {reason}"));
    }
    Ok(corpus.pieces)
}

/// The real music to compare with.
pub(crate) fn reference(folder: Option<&Path>) -> anyhow::Result<Vec<Piece>> {
    Ok(match folder {
        Some(folder) => corpus::load(folder)?.pieces,
        None => corpus::shipped().pieces,
    })
}

/// The scores of compositions, as they are kept in a run folder.
pub(crate) fn likeness_of(assessment: &Assessment) -> serde_json::Value {
    let piece =
        |piece: &Assessed| serde_json::json!({ "name": piece.name, "likeness": piece.diagnosis.likeness });
    serde_json::json!({
        "median": assessment.median_likeness(),
        "pieces": assessment.pieces.iter().map(piece).collect::<Vec<_>>(),
    })
}

/// What compositions are compared with, the training pieces; `None` if those are too few to say what is usual.
pub(crate) fn assessor_of(compositions: &[SavedPiece], material: &Material) -> Option<Assessor> {
    let pieces: Vec<&Score> = compositions.iter().map(|saved| &saved.piece.score).collect();
    let real: Vec<_> = material.train.names.iter().cloned().zip(&material.train.scores).collect();
    Assessor::for_pieces(&real, &pieces, SEED).ok()
}

/// Compositions with their names.
pub(crate) fn named(compositions: &[SavedPiece]) -> Vec<(String, &Score)> {
    compositions.iter().map(|saved| (saved.file_stem.clone(), &saved.piece.score)).collect()
}
