//! Prints what the reader makes of MIDI files, one JSON object a line, for comparison with other readers:
//! `{"file", "ticks_per_quarter", "damage", "notes": [[onset, duration, pitch, velocity], …]}`, or `{"file", "error"}`.

use std::io::Write;

use composer_music::{corpus, midi};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for file in corpus::midi_files(&paths)? {
        let line = match midi::read_file(&file.path) {
            Ok(midi::MidiFile { score, report, .. }) => {
                let notes: Vec<_> = score
                    .notes()
                    .map(|note| (note.onset, note.duration, note.pitch, note.velocity))
                    .collect();
                serde_json::json!({
                    "file": file.path,
                    "ticks_per_quarter": score.ticks_per_quarter,
                    "damage": report.damage,
                    "notes": notes,
                })
            }
            Err(error) => serde_json::json!({ "file": file.path, "error": error.to_string() }),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}
