//! Pieces that were made, as text and as JSON: where they are, and how likely the model finds them.

use crate::compose::SavedPiece;
use crate::humanise::Humanised;
use crate::rewrite::Rewritten;
use composer_evaluation::judgement::Likeness;
use composer_music::input::shown;
use composer_music::text::printable;
use serde_json::{Value, json};
use std::path::Path;

fn paths(folder: &Path, saved: &SavedPiece) -> Vec<String> {
    saved.files.iter().map(|file| shown(&folder.join(file))).collect()
}

/// A composition, in a line.
pub fn composed(folder: &Path, saved: &SavedPiece, seed: u64, likeness: Option<Likeness>) -> String {
    let like = likeness.map_or(String::new(), |likeness| format!("; like the reference: {likeness}"));
    format!(
        "{}  (seed {seed}, {:.2} nats per step under the model{like})\n",
        paths(folder, saved).join("  "),
        saved.piece.nll_per_step()
    )
}

/// A composition as a record.
pub fn composed_record(folder: &Path, saved: &SavedPiece, seed: u64, likeness: Option<Likeness>) -> Value {
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

/// A tune that was written anew in part, in a line.
pub fn rewritten(path: &Path, result: &Rewritten, seed: u64) -> String {
    let after = if result.nll_after.is_finite() {
        format!(", {:.2} after it", result.nll_after)
    } else {
        String::new()
    };
    let effective = result.effective.map_or_else(String::new, |(effective, candidates)| {
        format!("; effective sample size {effective:.1} of {candidates}")
    });
    format!(
        "{}  (seed {seed}, result {}: {:.2} nats per step under the model{after}{effective}; {:.0} % of the notes are others)\n",
        printable(&shown(path)),
        result.output + 1,
        result.piece.nll_per_step(),
        100.0 * result.distance
    )
}

/// A tune that was written anew in part, as a record.
pub fn rewritten_record(path: &Path, result: &Rewritten, seed: u64) -> Value {
    json!({
        "file": path,
        "seed": seed,
        "output": result.output + 1,
        "nats_per_step": result.piece.nll_per_step(),
        "nats_per_step_after": result.nll_after,
        "effective_sample_size": result.effective.map(|(effective, _)| effective),
        "distance": result.distance,
    })
}

/// A performance, in a line.
pub fn humanised(path: &Path, result: &Humanised, seed: u64) -> String {
    format!(
        "{}  (seed {seed}, result {}: {} notes performed, {:.2} nats per note under the model)\n",
        printable(&shown(path)),
        result.output + 1,
        result.piece.nll.len(),
        nats_per_note(result)
    )
}

/// A performance as a record.
pub fn humanised_record(path: &Path, result: &Humanised, seed: u64) -> Value {
    json!({
        "file": path,
        "seed": seed,
        "output": result.output + 1,
        "performed_notes": result.piece.nll.len(),
        "nats_per_note": nats_per_note(result),
        "remarks": result.piece.notes,
    })
}

fn nats_per_note(result: &Humanised) -> f64 {
    result.piece.nll.iter().sum::<f64>() / result.piece.nll.len() as f64
}
