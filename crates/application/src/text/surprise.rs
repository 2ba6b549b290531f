//! The likelihood of a piece as text and as JSON; its picture is [`ScoredPiece::to_svg`].

use crate::surprise::ScoredPiece;
use composer_music::input::shown;
use composer_music::representation::pitch_name;
use composer_music::text::counted;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// What a piece has that was not scored; `None`: nothing.
pub fn left_out(scored: &ScoredPiece) -> Option<String> {
    let are = match scored.left_out {
        0 => return None,
        1 => "is a drum",
        _ => "are drums",
    };
    let notes = counted(scored.left_out, "note");
    Some(format!("{notes} {are} or outside the model's range, and not scored."))
}

/// The likelihood of the piece in a file, and its `top` most surprising notes.
pub fn text(path: &Path, scored: &ScoredPiece, top: usize) -> String {
    let (steps, notes, nats) = (scored.surprise.steps.len(), scored.surprise.notes.len(), scored.nats());
    let mut text = format!("{}: {}, {}\n", shown(path), counted(steps, "step"), counted(notes, "note"));
    let _ = writeln!(text, "  NLL {nats:.1} nats, {:.3} per step", nats / steps as f64);
    let _ = writeln!(text, "  most surprising notes (highest NLL):");
    for (note, bar, beat) in scored.most_surprising(top) {
        let name = pitch_name(note.pitch);
        let _ = writeln!(text, "    bar {bar:>3}, beat {beat:<4} {name:<4} {:6.2} nats", note.nll);
    }
    text
}

/// The same as a record.
pub fn record(file: &Path, scored: &ScoredPiece, top: usize) -> Value {
    let (steps, nats) = (scored.surprise.steps.len(), scored.nats());
    let most = scored.most_surprising(top).into_iter().map(|(note, bar, beat)| {
        json!({ "bar": bar, "beat": beat, "pitch": note.pitch, "name": pitch_name(note.pitch), "nats": note.nll })
    });
    json!({
        "file": file,
        "steps": steps,
        "notes": scored.surprise.notes.len(),
        "left_out": scored.left_out,
        "nats": nats,
        "nats_per_step": nats / steps as f64,
        "most_surprising": most.collect::<Vec<_>>(),
    })
}
