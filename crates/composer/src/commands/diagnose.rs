//! `composer diagnose`: what is wrong with pieces of music, where, why, and what to try.

use super::compose::Written;
use crate::cli::DiagnoseArgs;
use crate::failure::wrong_input;
use crate::material::Material;
use composer_evaluation::assessment::{Assessment, assess, excerpt_length};
use composer_evaluation::failure::{Detectors, Diagnosis, Extent};
use composer_music::Score;
use composer_music::corpus::{self, Criteria, Piece};
use serde::Serialize;
use std::path::Path;

/// Seed of the corruptions that the structure detector learns from.
const SEED: u64 = 1;

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    diagnosis: &'a Diagnosis,
}

/// Runs the command.
pub fn run(args: &DiagnoseArgs) -> anyhow::Result<()> {
    let pieces = judged(&args.files)?;
    let reference = reference(args.reference.as_deref())?;
    let scores: Vec<&Score> = pieces.iter().map(|piece| &piece.score).collect();
    let extent =
        if args.whole { Extent::WholePieces } else { Extent::Excerpts { quarters: excerpt_length(&scores) } };
    let real: Vec<Score> = reference.into_iter().map(|piece| piece.score).collect();
    let detectors = Detectors::calibrate(&real, extent, SEED).map_err(wrong_input)?;
    let diagnoses: Vec<Diagnosis> = scores.iter().map(|score| detectors.diagnose(score)).collect();
    let rows: Vec<Row> = (pieces.iter().zip(&diagnoses))
        .map(|(piece, diagnosis)| Row { name: &piece.name, diagnosis })
        .collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        rows.iter().for_each(|row| print(row.name, row.diagnosis));
    }
    Ok(())
}

/// The pieces to judge; also those that are too short to be learnt from, and copies of each other.
pub fn judged(paths: &[impl AsRef<Path>]) -> anyhow::Result<Vec<Piece>> {
    let criteria = Criteria { min_notes: 0, keep_duplicates: true, ..Criteria::default() };
    Ok(corpus::load_with(paths, &criteria)?.pieces)
}

/// The real music to compare with.
pub fn reference(folder: Option<&Path>) -> anyhow::Result<Vec<Piece>> {
    Ok(match folder {
        Some(folder) => corpus::load(folder)?.pieces,
        None => corpus::shipped().pieces,
    })
}

/// Compositions beside the pieces that were learnt from; `None` if those are too few to say what is usual.
pub fn of_compositions(written: &[Written], material: &Material) -> Option<Assessment> {
    let set: Vec<_> = written.iter().map(|piece| (piece.file_stem.clone(), &piece.score)).collect();
    let real: Vec<_> = material.train.names.iter().cloned().zip(&material.train.scores).collect();
    assess(&set, &real, SEED).ok()
}

/// Warns of what is wrong with compositions, a line each.
pub fn warn(assessment: &Assessment) {
    if assessment.without_failure() == assessment.pieces.len() && assessment.copied() == 0 {
        return;
    }
    println!("\nWhat to listen for (the report says what to try):");
    for piece in &assessment.pieces {
        if let Some(finding) = piece.diagnosis.main_finding() {
            println!("  {}: {}. {}", piece.name, finding.mode.name(), finding.sentence);
        }
        if piece.originality.copied {
            println!("  {}: {}", piece.name, piece.originality.sentence());
        }
    }
}

/// A diagnosis in words.
pub fn print(name: &str, diagnosis: &Diagnosis) {
    match diagnosis.unjudged {
        Some(reason) => println!("{name}: not judged: {reason}."),
        None if diagnosis.findings.is_empty() => println!("{name}: no failure found."),
        None => {}
    }
    for finding in &diagnosis.findings {
        let also = if finding.secondary { " (may follow from the above)" } else { "" };
        println!("{name}: {}{also}", finding.mode.name());
        println!("    {}", finding.sentence);
        println!(
            "    worse than {:.0} % of real music; likely cause: {}",
            100.0 * finding.percentile,
            finding.cause
        );
        println!("    {}", finding.remedy);
    }
}
