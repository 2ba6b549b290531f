//! Music in 3/4, 6/8 and 5/4, with upbeats and changes: what is learnt, written and said is in the bars of the music.

use crate::common;
use common::songs::{QUARTER, note, score, write};
use common::{complaint, composer};
use composer_models::file;
use composer_music::{BarMap, Metre, Note, Score, TimeSignature, midi};
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;

fn metre(text: &str) -> Metre {
    text.parse().expect("a metre")
}

fn in_metres(mut score: Score, changes: &[(u64, &str)]) -> Score {
    let signature = |&(tick, text): &(u64, &str)| {
        let Metre { numerator, denominator } = metre(text);
        TimeSignature { tick, numerator, denominator }
    };
    score.time_signatures = changes.iter().map(signature).collect();
    score
}

/// A waltz of 24 bars: three notes on the first beat, one on each of the others, most of the time. Every third piece has an upbeat.
fn waltz(seed: u64) -> Score {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut roll = move |sides: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % sides
    };
    let upbeat = if seed.is_multiple_of(3) { QUARTER } else { 0 };
    let mut notes = Vec::new();
    if upbeat > 0 {
        notes.push(note(0, QUARTER, 67));
    }
    for bar in 0..24 {
        let start = upbeat + 3 * QUARTER * bar;
        let root = [48, 53, 55, 48][roll(4) as usize];
        notes.push(note(start, QUARTER, root));
        notes.push(note(start, 3 * QUARTER, root + 7));
        notes.push(note(start, QUARTER, 72 + [0, 2, 4, 7][roll(4) as usize]));
        for beat in 1..3 {
            if roll(5) > 0 {
                notes.push(note(start + beat * QUARTER, QUARTER, root + 16));
            }
        }
    }
    let changes: &[(u64, &str)] = if upbeat > 0 { &[(0, "1/4"), (QUARTER, "3/4")] } else { &[(0, "3/4")] };
    in_metres(score(vec![notes]), changes)
}

fn trained(folder: &Path, extra: &[&str]) {
    let args = [
        "train",
        "songs",
        "--output-dir",
        "run",
        "--hidden",
        "32",
        "--batch-size",
        "8",
        "--num-outputs",
        "4",
    ];
    let output = composer(
        folder,
        &[&args[..], &["--seed", "3", "--set=run.samples=false", "--set=model.note_hidden=32"], extra]
            .concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
}

fn compositions(folder: &Path) -> Vec<Score> {
    let file = |number| folder.join(format!("run/composition-{number}.mid"));
    (1..=4).map(|number| midi::read_file(file(number)).expect("reads").score).collect()
}

#[test]
fn a_model_of_waltzes_writes_waltzes_and_says_so() {
    let here = tempdir().expect("a folder");
    (1..=24)
        .for_each(|seed| write(&here.path().join("songs"), &format!("waltz-{seed:02}.mid"), &waltz(seed)));
    let settings = ["training.learning_rate=0.02", "model.dropout=0", "model.output_dropout=0"];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    trained(here.path(), &[&["--epochs", "48", "--length", "8bars"], &settings[..]].concat());
    let (_, notes) = file::load(&here.path().join("run/model.safetensors")).expect("a model");
    assert_eq!(notes.metres, [(metre("3/4"), 1.0)], "an upbeat is no metre of its own");
    let mut onsets = [0; 3];
    for piece in compositions(here.path()) {
        let bars = BarMap::new(&piece);
        assert_eq!(bars.changes().collect::<Vec<_>>(), [(0, metre("3/4"))]);
        assert_eq!(bars.count(piece.end()), 8, "--length 8bars is of this metre");
        for note in piece.notes() {
            onsets[bars.bar_and_beat(note.onset).beat as usize - 1] += 1;
        }
    }
    assert!(2 * onsets[0] > 3 * onsets[1].max(onsets[2]), "{onsets:?}");
}

#[test]
fn tokens_that_tell_no_bars_get_the_metre_of_the_music_that_they_learnt_from() {
    let here = tempdir().expect("a folder");
    for seed in 1..=12u64 {
        let jig = (0..24u64).flat_map(|beat| {
            let start = beat * 3 * QUARTER / 2;
            (0..3).map(move |third| {
                note(start + third * QUARTER / 2, QUARTER / 2, 60 + ((beat * seed + third * 2) % 12) as u8)
            })
        });
        let jig = in_metres(score(vec![jig.collect()]), &[(0, "6/8")]);
        write(&here.path().join("songs"), &format!("jig-{seed:02}.mid"), &jig);
    }
    for representation in ["metrical-events", "voices"] {
        trained(here.path(), &["--epochs", "1", "--length", "2bars", "--representation", representation]);
        for piece in compositions(here.path()) {
            assert_eq!(BarMap::new(&piece).metre_at(0), metre("6/8"), "{representation}");
        }
        std::fs::remove_dir_all(here.path().join("run")).expect("removed");
    }
}

/// What a command says as JSON of a piece in a file.
fn said(folder: &Path, name: &str, args: &[&str]) -> Value {
    let output = composer(folder, &[&args[..1], &[name, "--json"], &args[1..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn score_names_bars_and_beats_through_an_upbeat_and_a_change() {
    let here = tempdir().expect("a folder");
    // An upbeat of an eighth, two bars of 6/8, two of 5/4.
    let eighth = QUARTER / 2;
    let notes = [0, 1, 4, 12, 13, 16, 22, 23].map(|at| note(at * eighth, eighth, 60 + at as u8));
    let piece = in_metres(score(vec![notes.to_vec()]), &[(0, "1/8"), (eighth, "6/8"), (13 * eighth, "5/4")]);
    write(here.path(), "jig.mid", &piece);
    let record = said(here.path(), "jig.mid", &["score", "--top", "20"]);
    let mut places: Vec<(u64, u64, f64)> = (record["most_surprising"].as_array().expect("notes").iter())
        .map(|note| {
            let number = |name: &str| note[name].as_f64().expect("a number");
            (number("pitch") as u64 - 60, number("bar") as u64, number("beat"))
        })
        .collect();
    places.sort_by_key(|place| place.0);
    let expected = [
        (0, 1, 1.0),
        (1, 2, 1.0),
        (4, 2, 4.0),
        (12, 3, 6.0),
        (13, 4, 1.0),
        (16, 4, 2.5),
        (22, 4, 5.5),
        (23, 5, 1.0),
    ];
    assert_eq!(places, expected);
}

#[test]
fn diagnose_names_the_bars_of_the_piece_whatever_it_is_compared_in() {
    let here = tempdir().expect("a folder");
    // Four bars that wander, then the same bar of 5/4 twenty times.
    let wandering = (0..20u64).map(|i| note(i * QUARTER, QUARTER, 55 + ((i * i * 7 + i) % 19) as u8));
    let looped = (20..120u64).map(|i| note(i * QUARTER, QUARTER, 60 + [0, 4, 7, 12, 9][i as usize % 5]));
    let notes: Vec<Note> = wandering.chain(looped).collect();
    write(here.path(), "loop.mid", &in_metres(score(vec![notes]), &[(0, "5/4")]));
    for extent in [&["diagnose"][..], &["diagnose", "--whole"]] {
        let record = said(here.path(), "loop.mid", extent);
        let diagnosis = &record[0]["diagnosis"];
        assert_eq!(diagnosis["bars"], 24, "{extent:?}");
        let findings = diagnosis["findings"].as_array().expect("findings");
        let found = findings
            .iter()
            .find(|finding| finding["sentence"].as_str().is_some_and(|s| s.contains("again and again")));
        let sentence = found.expect("the loop")["sentence"].as_str().expect("words");
        assert!(sentence.contains("in bars 5–24"), "{extent:?}: {sentence}");
    }
}

#[test]
fn drums_stress_the_beats_of_the_bar_that_they_are_in() {
    let here = tempdir().expect("a folder");
    let bass =
        (0..48u64).map(|i| Note { program: 33, ..note(i * QUARTER * 3 / 2, QUARTER, 36 + (i % 5) as u8) });
    write(here.path(), "bass.mid", &in_metres(score(vec![bass.collect()]), &[(0, "12/8")]));
    let output = composer(here.path(), &["drum", "bass.mid", "--bass-track", "0", "--output", "out.mid"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let after = midi::read_file(here.path().join("out.mid")).expect("reads").score;
    let mut drums = after.notes().filter(|note| note.is_drum()).peekable();
    assert!(drums.peek().is_some());
    for hit in drums {
        assert_eq!(hit.velocity == 100, hit.onset.is_multiple_of(QUARTER * 3 / 2), "{hit:?}");
    }
}
