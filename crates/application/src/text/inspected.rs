//! What is in a file of music, as text and as JSON.

use crate::inspect::Inspected;
use composer_music::input::shown;
use composer_music::{inspect as words, picture, roles};
use serde_json::{Value, json};
use std::path::Path;

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Width of the piano roll in characters.
    pub columns: usize,
    /// Whether it shows the whole piece, or its beginning in sixteenths.
    pub whole: bool,
    /// Symbols of each representation.
    pub symbols: usize,
}

/// The name of the file, its contents, roles, a piano roll, and what each representation makes of it.
pub fn text(path: &Path, inspected: &Inspected, extent: Extent) -> String {
    let Inspected { file, roles } = inspected;
    format!(
        "{}\n{}\nRoles\n{}\nPiano roll\n{}\nRepresentations\n{}",
        shown(path),
        words::contents(file),
        words::roles(roles),
        picture::terminal(&file.score, extent.columns, extent.whole),
        words::representations(&file.score, extent.symbols)
    )
}

/// The same as a record.
pub fn record(path: &Path, inspected: &Inspected) -> Value {
    let Inspected { file, roles } = inspected;
    let score = &file.score;
    let part = |part: &roles::Part| {
        json!({
            "track": part.track,
            "channel": part.channel,
            "name": part.name,
            "notes": part.notes,
            "role": part.role.to_string(),
            "reason": part.reason,
        })
    };
    json!({
        "file": path,
        "ticks_per_quarter": score.ticks_per_quarter,
        "notes": score.notes().count(),
        "drum_notes": score.notes().filter(|note| note.is_drum()).count(),
        "quarters": score.end() as f64 / f64::from(score.ticks_per_quarter),
        "seconds": score.seconds(),
        "tempos": score.tempos.iter().map(|tempo| json!({
            "tick": tempo.tick,
            "qpm": 60e6 / f64::from(tempo.micros_per_quarter),
        })).collect::<Vec<_>>(),
        "time_signatures": score.time_signatures.iter().map(|metre| json!({
            "tick": metre.tick,
            "numerator": metre.numerator,
            "denominator": metre.denominator,
        })).collect::<Vec<_>>(),
        "key_signatures": score.key_signatures.iter().map(|key| json!({
            "tick": key.tick,
            "sharps": key.sharps,
            "minor": key.minor,
        })).collect::<Vec<_>>(),
        "parts": roles.parts.iter().map(part).collect::<Vec<_>>(),
        "reader": file.report,
    })
}
