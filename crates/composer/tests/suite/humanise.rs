//! `humanise` and `train --task humanise`: notes get velocities and timing, none is added or lost, all else stays, and bad input is refused
//! in a sentence.

use crate::common;

use common::{assert_refused, complaint, composer, printed};
use composer_music::{Note, Score, Tempo, Track, midi};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

fn note(onset: u64, pitch: u8, velocity: u8, channel: u8) -> Note {
    Note { onset, duration: 20, pitch, velocity, channel, program: 0 }
}

/// Two bars of drums on the grid, with a melody.
fn tune() -> Score {
    let mut score = Score::new(96);
    score.tempos.push(Tempo { tick: 0, micros_per_quarter: 600_000 });
    let drums = (0..16).flat_map(|eighth: u64| {
        let hit = [Some(36), None, Some(38), None][eighth as usize % 4];
        hit.into_iter().chain([42]).map(move |pitch| note(48 * eighth, pitch, 80, 9))
    });
    score.tracks.push(Track { name: Some("drums".into()), notes: drums.collect() });
    let melody = (0..8).map(|i| note(96 * i, 60 + i as u8, 70 + i as u8, 0));
    score.tracks.push(Track { name: Some("melody".into()), notes: melody.collect() });
    score
}

fn with_tune() -> TempDir {
    let here = tempdir().expect("a folder");
    write(here.path(), "tune.mid", &tune());
    here
}

fn write(here: &Path, name: &str, score: &Score) {
    fs::write(here.join(name), midi::write(score).expect("writes")).expect("writes");
}

fn read(here: &Path, name: &str) -> Score {
    midi::read_file(here.join(name)).expect("reads").score
}

fn run(here: &Path, args: &[&str]) -> Value {
    let output = composer(here, &[args, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Drums by pitch, in their order.
fn drums(score: &Score) -> Vec<Note> {
    let mut notes: Vec<Note> = score.tracks[0].notes.clone();
    notes.sort_by_key(|note| (note.pitch, note.onset));
    notes
}

#[test]
fn drums_are_performed_and_all_else_stays() {
    let here = with_tune();
    let results = run(here.path(), &["humanise", "tune.mid", "--num-outputs", "2", "--seed", "3"]);
    let (before, after) = (tune(), read(here.path(), "tune.humanised-1.mid"));
    let factor = u64::from(after.ticks_per_quarter) / 96;
    assert!(results[0]["remarks"][0].as_str().is_some_and(|remark| remark.contains("5 times as fine")));
    assert_eq!((factor, results[1]["performed_notes"].as_u64()), (5, Some(24)));
    assert!(results[0]["nats_per_note"].as_f64().is_some_and(|nats| nats > 0.0));
    let (old, new) = (drums(&before), drums(&after));
    assert_eq!(old.len(), new.len());
    for (old, new) in old.iter().zip(&new) {
        assert_eq!((old.pitch, old.channel), (new.pitch, new.channel));
        assert!((factor * old.onset).abs_diff(new.onset) <= 84, "half a triplet: {old:?} {new:?}");
    }
    assert!(new.iter().any(|note| note.velocity != new[0].velocity));
    assert!(new.iter().zip(&old).any(|(new, old)| new.onset != factor * old.onset));
    let finer = |note: &Note| Note { onset: factor * note.onset, duration: factor * note.duration, ..*note };
    let melody: Vec<Note> = before.tracks[1].notes.iter().map(finer).collect();
    assert_eq!((&after.tracks[1].notes, &after.tracks[1].name), (&melody, &before.tracks[1].name));
    assert_eq!(after.tempos, before.tempos);
    assert_ne!(drums(&read(here.path(), "tune.humanised-2.mid")), new);

    let likely = |seed: &str| {
        run(here.path(), &["humanise", "tune.mid", "-o", "out.mid", "--temperature", "0", "--seed", seed]);
        read(here.path(), "out.mid")
    };
    assert_eq!(likely("1"), likely("2"), "medians need no random numbers");
    // It has been performed now.
    let again = run(here.path(), &["humanise", "tune.humanised-1.mid", "-o", "twice.mid"]);
    assert!(again[0]["remarks"].to_string().contains("performed already"), "{again}");
}

#[test]
fn a_performance_is_made_again_byte_for_byte() {
    let here = with_tune();
    let output = composer(here.path(), &["humanise", "tune.mid", "--num-outputs", "2"]);
    assert!(printed(&output).contains("24 notes performed"), "{}", printed(&output));
    let made = fs::read(here.path().join("tune.humanised-2.mid")).expect("is there");
    let output = composer(here.path(), &["again", "tune.humanised-2.mid.json", "-o", "again.mid"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert!(fs::read(here.path().join("again.mid")).expect("is there") == made);
}

#[test]
fn bad_input_is_refused_in_a_sentence() {
    let here = with_tune();
    write(here.path(), "empty.mid", &Score::new(96));
    let mut melody = tune();
    melody.tracks.remove(0);
    write(here.path(), "melody.mid", &melody);
    for (args, words) in [
        (&["humanise", "empty.mid"][..], &["the tune is empty"][..]),
        (&["humanise", "melody.mid"], &["none of the 8 notes", "drums", "train --task humanise"]),
        (&["humanise", "tune.mid", "--temperature", "11"], &["temperature is 11"]),
        (&["humanise", "tune.mid", "--num-outputs", "0"], &["--num-outputs"]),
        (&["humanise", "tune.mid", "-o", "out.musicxml"], &["out.musicxml", ".mid"]),
        (&["humanise", "tune.mid", "-o", "tune.mid"], &["tune.mid, which is read"]),
        (&["humanise", "tune.mid", "--num-outputs", "2", "-o", "-"], &["--output"]),
        (&["humanise", "missing.mid"], &["missing.mid"]),
        (&["humanise", "tune.mid", "--model", "drum"], &["drum", "humanise"]),
        (&["drum", "tune.mid", "--model", "humanise"], &["humanise", "drum"]),
        (&["train", "--task", "humanise", "."], &["too few different pieces have been performed"]),
    ] {
        assert_refused(&composer(here.path(), args), 2, words);
    }
    assert_eq!(fs::read_dir(here.path()).expect("a folder").count(), 3, "nothing is written");
}

#[test]
fn a_model_is_trained_on_performances_of_any_instrument() {
    let here = tempdir().expect("a folder");
    for (set, count) in [("train", 5u64), ("validation", 1), ("test", 1)] {
        fs::create_dir_all(here.path().join("songs").join(set)).expect("a folder");
        for piece in 0..count {
            let mut score = Score::new(480);
            let played = |i: u64| {
                let late = (7 * i + 13 * piece + set.len() as u64) % 40;
                note(120 * i + late, 50 + (i % 9) as u8, 40 + (i * 11 % 70) as u8, 0)
            };
            score.tracks.push(Track { name: None, notes: (0..40).map(played).collect() });
            write(&here.path().join("songs").join(set), &format!("{piece}.mid"), &score);
        }
    }
    let args = ["train", "--task", "humanise", "songs", "--epochs", "1", "--hidden", "8", "--encoder", "4"];
    let trained = run(here.path(), &[&args[..], &["--output", "piano.safetensors"]].concat());
    assert_eq!(trained["held_out_pieces"], 1, "the folders say which");
    write(here.path(), "tune.mid", &tune());
    run(here.path(), &["humanise", "tune.mid", "--model", "piano.safetensors", "-o", "out.mid"]);
    let (before, after) = (tune(), read(here.path(), "out.mid"));
    let onsets = |score: &Score, track: usize| -> Vec<u64> {
        let notes = score.tracks[track].notes.iter();
        notes.map(|note| note.onset * 480 / u64::from(score.ticks_per_quarter)).collect()
    };
    assert_eq!(onsets(&after, 0), onsets(&before, 0), "drums stay");
    assert_ne!(onsets(&after, 1), onsets(&before, 1));
}
