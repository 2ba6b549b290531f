//! Prints what the readers of notation make of files, one JSON object a line, for comparison with other readers: the notes with onset
//! and duration in quarters as fractions, bars, tempos, keys, chord symbols and the report; or `{"file", "error"}`.
//!
//!     dump_notation [--written] [--graces] FILE_OR_FOLDER…
//!
//! `--written` keeps the written order, `--graces` lets grace notes sound.

use std::io::Write;
use std::time::Instant;

use composer_music::midi::MidiFile;
use composer_music::{BarMap, Score, Track, corpus, notation};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, paths): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|other| other == flag);
    let options = notation::Options { repeats: !has("--written"), grace_notes: has("--graces") };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for file in corpus::midi_files(&paths)? {
        let began = Instant::now();
        let read = notation::read_all(&file.read()?, &file.name, &options);
        let seconds = began.elapsed().as_secs_f64();
        match read {
            Ok(tunes) => {
                for (number, tune) in tunes {
                    let mut line = match tune {
                        Ok(MidiFile { score, report, .. }) => {
                            described(&score, &serde_json::to_value(report)?)
                        }
                        Err(error) => serde_json::json!({ "error": error.to_string() }),
                    };
                    line["file"] = file.path.to_string_lossy().into();
                    line["tune"] = number.into();
                    line["seconds"] = seconds.into();
                    writeln!(out, "{line}")?;
                }
            }
            Err(error) => {
                writeln!(out, "{}", serde_json::json!({ "file": file.path, "error": error.to_string() }))?;
            }
        }
    }
    Ok(())
}

fn described(score: &Score, report: &serde_json::Value) -> serde_json::Value {
    let notes: Vec<_> = score
        .tracks
        .iter()
        .enumerate()
        .flat_map(|(track, Track { notes, .. })| notes.iter().map(move |note| (track, note)))
        .map(|(track, note)| {
            (note.onset, note.duration, note.pitch, note.velocity, note.program, note.channel, track)
        })
        .collect();
    let bars: Vec<u64> = BarMap::new(score).bars(score.end()).map(|bar| bar.start).collect();
    let names: Vec<String> = score
        .tracks
        .iter()
        .map(|track| track.name.as_ref().map_or(String::new(), ToString::to_string))
        .collect();
    serde_json::json!({
        "ticks_per_quarter": score.ticks_per_quarter,
        "notes": notes,
        "bars": bars,
        "tracks": names,
        "metres": score.time_signatures.iter().map(|m| (m.tick, m.numerator, m.denominator)).collect::<Vec<_>>(),
        "keys": score.key_signatures.iter().map(|k| (k.tick, k.sharps, k.minor)).collect::<Vec<_>>(),
        "tempos": score.tempos.iter().map(|t| (t.tick, 60e6 / f64::from(t.micros_per_quarter))).collect::<Vec<_>>(),
        "chords": score.chord_symbols.len(),
        "report": report,
    })
}
