//! Pieces that were made, as text and as JSON: where they are, and how likely the model finds them.

use crate::again::Made;
use crate::compose::SavedPiece;
use crate::compose::pick::SavedChoice;
use crate::humanise::Humanised;
use crate::parts::NewPart;
use crate::rewrite::Rewritten;
use composer_evaluation::judgement::Likeness;
use composer_music::input::shown;
use composer_music::text::printable;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn paths(folder: &Path, saved: &SavedPiece) -> Vec<String> {
    saved.files.iter().map(|file| shown(&folder.join(file))).collect()
}

/// Compositions, a line for each.
pub fn compositions(saved: &SavedChoice, seed: u64) -> String {
    let pieces = saved.pieces.iter().zip(&saved.likeness);
    pieces.map(|(piece, likeness)| composed(&saved.folder, piece, seed, *likeness)).collect()
}

/// Compositions as records.
pub fn composition_records(saved: &SavedChoice, seed: u64) -> Vec<Value> {
    let pieces = saved.pieces.iter().zip(&saved.likeness);
    pieces.map(|(piece, likeness)| composed_record(&saved.folder, piece, seed, *likeness)).collect()
}

fn composed(folder: &Path, saved: &SavedPiece, seed: u64, likeness: Option<Likeness>) -> String {
    let like = likeness.map_or(String::new(), |likeness| format!("; like the reference: {likeness}"));
    format!(
        "{}  (seed {seed}, {:.2} nats per step under the model{like})\n",
        paths(folder, saved).join("  "),
        saved.piece.nll_per_step()
    )
}

fn composed_record(folder: &Path, saved: &SavedPiece, seed: u64, likeness: Option<Likeness>) -> Value {
    let files = paths(folder, saved);
    let of = |ending: &str| files.iter().find(|file| file.ends_with(ending));
    json!({
        "midi": of(".mid"),
        "wav": of(".wav"),
        "files": files,
        "seed": seed,
        "nats_per_step": saved.piece.nll_per_step(),
        "likeness": likeness,
    })
}

/// Tunes that were written anew in part, a line for each.
pub fn rewritten(made: &[Made], results: &[Rewritten]) -> String {
    made.iter().zip(results).map(|(made, result)| rewritten_line(made, result)).collect()
}

/// The same as records.
pub fn rewritten_records(made: &[Made], results: &[Rewritten]) -> Vec<Value> {
    made.iter().zip(results).map(|(made, result)| rewritten_value(made, result)).collect()
}

fn rewritten_line(made: &Made, result: &Rewritten) -> String {
    let after = if result.nll_after.is_finite() {
        format!(", {:.2} after it", result.nll_after)
    } else {
        String::new()
    };
    let effective = result.effective.map_or_else(String::new, |(effective, candidates)| {
        format!("; effective sample size {effective:.1} of {candidates}")
    });
    format!(
        "{}  (seed {}, result {}: {:.2} nats per step under the model{after}{effective}; {:.0} % of the notes are others)\n",
        printable(&shown(&made.path)),
        made.seed,
        made.output,
        result.piece.nll_per_step(),
        100.0 * result.distance
    )
}

fn rewritten_value(made: &Made, result: &Rewritten) -> Value {
    json!({
        "file": made.path,
        "seed": made.seed,
        "output": made.output,
        "nats_per_step": result.piece.nll_per_step(),
        "nats_per_step_after": result.nll_after,
        "effective_sample_size": result.effective.map(|(effective, _)| effective),
        "distance": result.distance,
    })
}

/// A file with a new part, and what was written beside it, a line for each.
pub fn part(files: &[PathBuf]) -> String {
    files.iter().map(|file| format!("{}\n", shown(file))).collect()
}

/// The same as a record, with what is to be said of the part.
pub fn part_record(files: &[PathBuf], part: &NewPart) -> Value {
    json!({ "files": files, "replaced_notes": part.replaced, "remarks": part.remarks })
}

/// Performances, a line for each.
pub fn humanised(made: &[Made], results: &[Humanised]) -> String {
    made.iter().zip(results).map(|(made, result)| humanised_line(made, result)).collect()
}

/// The same as records.
pub fn humanised_records(made: &[Made], results: &[Humanised]) -> Vec<Value> {
    made.iter().zip(results).map(|(made, result)| humanised_value(made, result)).collect()
}

fn humanised_line(made: &Made, result: &Humanised) -> String {
    format!(
        "{}  (seed {}, result {}: {} notes performed, {:.2} nats per note under the model)\n",
        printable(&shown(&made.path)),
        made.seed,
        made.output,
        result.piece.nll.len(),
        nats_per_note(result)
    )
}

fn humanised_value(made: &Made, result: &Humanised) -> Value {
    json!({
        "file": made.path,
        "seed": made.seed,
        "output": made.output,
        "performed_notes": result.piece.nll.len(),
        "nats_per_note": nats_per_note(result),
        "remarks": result.piece.notes,
    })
}

fn nats_per_note(result: &Humanised) -> f64 {
    result.piece.nll.iter().sum::<f64>() / result.piece.nll.len() as f64
}
