//! The files of a run, read by independent programs: the MIDI by mido, the report by Chromium, the WAV by its bytes.
//!
//! A reader that is not installed skips its test with a printed reason.

use crate::common;

use common::{complaint, trained};
use std::process::{Command, Output};
use tempfile::tempdir;

/// Runs another program; `None`, with a printed reason, if it is not there.
fn external(program: &str, args: &[&str]) -> Option<Output> {
    match Command::new(program).args(args).current_dir(trained()).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: {program} cannot be run here ({error})");
            None
        }
    }
}

#[test]
fn the_midi_opens_in_an_independent_reader_and_has_notes() {
    let python = std::env::var("COMPOSER_PYTHON").unwrap_or_else(|_| "python3".into());
    let Some(probe) = external(&python, &["-c", "import mido"]) else { return };
    if !probe.status.success() {
        println!("skipped: {python} has no mido");
        return;
    }
    let script = "
import mido, sys
for path in sys.argv[1:]:
    midi = mido.MidiFile(path)
    on = sum(m.type == 'note_on' and m.velocity > 0 for t in midi.tracks for m in t)
    off = sum(m.type == 'note_off' or (m.type == 'note_on' and m.velocity == 0) for t in midi.tracks for m in t)
    assert on == off, (path, on, off)
    print(path, on, round(midi.length, 2))
";
    let output = external(&python, &["-c", script, "run/composition-1.mid", "run/composition-2.mid"])
        .expect("ran before");
    assert!(output.status.success(), "{}", complaint(&output));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (notes, seconds): (usize, f64) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
        assert!(notes > 0 && seconds > 4.0 && seconds < 30.0, "four bars should have notes and last: {line}");
    }
}

#[test]
fn the_wav_has_sound_and_does_not_clip() {
    let bytes = std::fs::read(trained().join("run/composition-1.wav")).unwrap();
    assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    let data = bytes.windows(4).position(|window| window == b"data").expect("a data chunk") + 8;
    let samples: Vec<f64> = bytes[data..]
        .chunks_exact(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
        .collect();
    let rms = (samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64).sqrt();
    let peak = samples.iter().fold(0.0, |peak: f64, s| peak.max(s.abs()));
    assert!(rms > 0.01 && peak < 1.0, "root mean square {rms}, peak {peak}");
}

#[test]
fn the_report_makes_no_requests_and_no_console_errors() {
    let html = std::fs::read_to_string(trained().join("run/report.html")).unwrap();
    for request in ["src=\"http", "href=\"http", "url(http", "@import", "<script"] {
        assert!(!html.contains(request), "the page must be self-contained, and has {request}");
    }
    for part in ["<svg", "<audio", "Markov chain", "composer train"] {
        assert!(html.contains(part), "the page should have {part}");
    }
    let page = format!("file://{}", trained().join("run/report.html").display());
    let profile = tempdir().unwrap();
    let user_data = format!("--user-data-dir={}", profile.path().display());
    let args = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--dump-dom",
        &user_data,
        &page,
    ];
    let Some(output) = external("chromium", &args) else { return };
    let log = complaint(&output);
    assert!(output.status.success(), "{log}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Training report"), "the page is empty");
    let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
}
