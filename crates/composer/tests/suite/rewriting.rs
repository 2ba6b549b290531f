//! `infill` and `vary`: what is not asked for stays event for event, what is asked for is done, and bad input is refused in a sentence.

use crate::common;

use common::{assert_refused, complaint, composer, printed};
use composer_music::notation::{self, Options};
use composer_music::{BarMap, Note, Score, Tempo, TimeSignature, Track, midi};
use serde_json::Value;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// Two tracks of eight bars of 3/4 at 96 ticks, off the grid by some ticks, with drums and a note from bar 4 into bar 5.
fn tune() -> Score {
    let mut score = Score::new(96);
    score.tempos.push(Tempo { tick: 0, micros_per_quarter: 600_000 });
    score.time_signatures.push(TimeSignature { tick: 0, numerator: 3, denominator: 4 });
    let note = |onset, duration, pitch, velocity, channel, program| Note {
        onset,
        duration,
        pitch,
        velocity,
        channel,
        program,
    };
    let melody =
        (0..24u64).map(|i| note(96 * i + i % 3, 90, 72 + (5 * i % 12) as u8, 90 + (i % 7) as u8, 0, 40));
    let chords = (0..8u64).flat_map(|bar| {
        [48, 55, 64].map(|pitch| note(288 * bar, 280, pitch + (bar % 3) as u8, 60 + bar as u8, 1, 0))
    });
    let drums = (0..24u64).map(|i| note(96 * i, 10, 36, 100, 9, 0));
    // From bar 4 into bar 5.
    let across = note(288 * 3 + 192, 192, 40, 50, 1, 0);
    let mut chords: Vec<Note> = chords.chain([across]).collect();
    chords.sort_unstable_by_key(|note| (note.onset, note.pitch));
    score.tracks.push(Track { name: Some("violin".into()), notes: melody.collect() });
    score.tracks.push(Track { name: Some("piano".into()), notes: chords });
    score.tracks.push(Track { name: None, notes: drums.collect() });
    score
}

fn with_tune() -> TempDir {
    let here = tempdir().expect("a folder");
    std::fs::write(here.path().join("tune.mid"), midi::write(&tune()).expect("writes")).expect("writes");
    here
}

fn run(here: &Path, args: &[&str]) -> Value {
    let output = composer(here, &[args, &["--json", "--candidates", "4"]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn read(here: &Path, name: &str) -> Score {
    notation::read(here.join(name), &Options::default()).expect("reads").score
}

/// Notes of all tracks with the number of their track.
fn notes(score: &Score, wanted: impl Fn(usize, &Note) -> bool) -> Vec<(usize, Note)> {
    let all = score.tracks.iter().enumerate();
    let notes = all.flat_map(|(track, all)| all.notes.iter().map(move |note| (track, *note)));
    notes.filter(|(track, note)| wanted(*track, note)).collect()
}

/// Ticks of bars from 1.
fn ticks(first: u64, last: u64) -> std::ops::Range<u64> {
    288 * (first - 1)..288 * last
}

#[test]
fn what_lies_outside_the_bars_stays_event_for_event() {
    let here = with_tune();
    let results = run(here.path(), &["infill", "tune.mid", "--bars", "5-6", "--num-outputs", "2"]);
    assert_eq!(results.as_array().expect("results").len(), 2);
    let gap = ticks(5, 6);
    let outside = |_: usize, note: &Note| !gap.contains(&note.onset) || note.is_drum();
    let before = read(here.path(), "tune.mid");
    let mut different = Vec::new();
    for number in 1..=2 {
        let after = read(here.path(), &format!("tune.infilled-{number}.mid"));
        assert_eq!(notes(&after, outside), notes(&before, outside));
        assert_eq!(
            (&after.tempos, &after.time_signatures, after.ticks_per_quarter),
            (&before.tempos, &before.time_signatures, before.ticks_per_quarter)
        );
        let inside = notes(&after, |_, note| gap.contains(&note.onset) && !note.is_drum());
        assert!(inside.iter().all(|(_, note)| note.end() <= gap.end), "new notes end with the gap");
        assert!(inside.iter().all(|(track, note)| (note.channel, note.program) == [(0, 40), (1, 0)][*track]));
        different.push(inside);
    }
    assert_ne!(different[0], different[1]);
    let record = &results[1];
    assert_eq!((record["seed"].as_u64(), record["output"].as_u64()), (Some(1), Some(2)));
    assert!(record["nats_per_step"].as_f64().is_some_and(|nats| nats > 0.0));
    assert!(record["effective_sample_size"].as_f64().is_some_and(|size| (1.0..4.001).contains(&size)));
    assert!(record["distance"].as_f64().is_some_and(|distance| (0.0..=1.0).contains(&distance)));
}

#[test]
fn a_track_a_range_a_rhythm_or_the_pitches_are_held() {
    let here = with_tune();
    let before = read(here.path(), "tune.mid");
    let gap = ticks(3, 4);
    let infilled = |extra: &[&str]| {
        run(
            here.path(),
            &[&["infill", "tune.mid", "--bars", "3-4", "-o", "out.mid", "--sweeps", "1"][..], extra].concat(),
        );
        read(here.path(), "out.mid")
    };
    let inside =
        |score: &Score, track: usize| notes(score, |of, note| of == track && gap.contains(&note.onset));
    let after = infilled(&["--track", "0"]);
    let others = |track: usize, note: &Note| track != 0 || !gap.contains(&note.onset);
    assert_eq!(notes(&after, others), notes(&before, others));
    assert_ne!(inside(&after, 0), inside(&before, 0));

    let after = infilled(&["--range", "C3-A4", "--key", "C"]);
    let out_of_range = |_: usize, note: &Note| !(48..=69).contains(&note.pitch) || !gap.contains(&note.onset);
    assert_eq!(notes(&after, out_of_range), notes(&before, out_of_range));
    for (_, note) in notes(&after, |_, note| gap.contains(&note.onset) && (48..=69).contains(&note.pitch)) {
        let old = before.notes().any(|old| *old == note);
        assert!(old || [0, 2, 4, 5, 7, 9, 11].contains(&(note.pitch % 12)), "{note:?}");
    }

    let rhythm = |score: &Score, track: usize| -> Vec<(u64, u64)> {
        let mut times: Vec<_> =
            inside(score, track).iter().map(|(_, note)| (note.onset, note.duration)).collect();
        times.sort_unstable();
        times
    };
    let after = infilled(&["--keep", "rhythm"]);
    for track in [0, 1] {
        assert_eq!(rhythm(&after, track), rhythm(&before, track), "track {track}");
        assert_ne!(inside(&after, track), inside(&before, track), "track {track}");
    }
    // Of the line, the next ones begin at each onset.
    let after = infilled(&["--keep", "pitches", "--track", "0"]);
    let mut line = inside(&before, 0).into_iter().map(|(_, note)| note.pitch);
    for chord in inside(&after, 0).chunk_by(|a, b| a.1.onset == b.1.onset) {
        let mut next: Vec<u8> = line.by_ref().take(chord.len()).collect();
        next.sort_unstable();
        assert_eq!(next, chord.iter().map(|(_, note)| note.pitch).collect::<Vec<u8>>());
    }
    assert_eq!(line.next(), None);
    assert_ne!(rhythm(&after, 0), rhythm(&before, 0));
}

#[test]
fn notation_goes_in_and_out_by_ending() {
    let here = tempdir().expect("a folder");
    let abc = "X:1\nT:A tune\nM:4/4\nL:1/4\nK:G\nGABc|dedB|cAFA|GFGz|GABc|dedB|cAFA|G2G2|\n";
    std::fs::write(here.path().join("tune.abc"), abc).expect("writes");
    run(here.path(), &["infill", "tune.abc", "--bars", "3", "--sweeps", "1"]);
    run(here.path(), &["vary", "tune.abc", "--amount", "0.2", "-o", "varied.musicxml"]);
    let before = read(here.path(), "tune.abc");
    let bar = BarMap::new(&before).bar(2);
    let outside = |score: &Score| -> Vec<(u64, u64, u8)> {
        let scale = 3360 / u64::from(score.ticks_per_quarter);
        let all = score.notes().map(|note| (note.onset * scale, note.duration * scale, note.pitch));
        let quarter = u64::from(before.ticks_per_quarter);
        let bar = bar.start / quarter * 3360..bar.end / quarter * 3360;
        all.filter(|(onset, ..)| !bar.contains(onset)).collect()
    };
    assert_eq!(outside(&read(here.path(), "tune.infilled.abc")), outside(&before));
    assert!(read(here.path(), "varied.musicxml").notes().count() > 20);
}

#[test]
fn a_variation_changes_more_the_larger_its_amount_and_nothing_that_is_locked() {
    let here = with_tune();
    let before = read(here.path(), "tune.mid");
    let varied = |extra: &[&str]| {
        let results = run(
            here.path(),
            &[&["vary", "tune.mid", "-o", "out.mid", "--num-outputs", "1"][..], extra].concat(),
        );
        (read(here.path(), "out.mid"), results[0]["distance"].as_f64().expect("a distance"))
    };
    let distances: Vec<f64> = ["0.1", "0.4", "1"].map(|amount| varied(&["--amount", amount]).1).to_vec();
    assert!(distances.is_sorted() && distances[0] < distances[2] && distances[0] > 0.0, "{distances:?}");

    let (after, _) = varied(&["--amount", "1", "--lock", "1-6,track:1"]);
    let locked = |track: usize, note: &Note| track != 0 || ticks(1, 6).contains(&note.onset);
    assert_eq!(notes(&after, locked), notes(&before, locked));
    assert_ne!(after, before);
    let (after, _) = varied(&["--amount", "1", "--only", "melody"]);
    let harmony = |track: usize, _: &Note| track != 0;
    assert_eq!(notes(&after, harmony), notes(&before, harmony));
    let (after, _) = varied(&["--amount", "0.5", "--only", "harmony"]);
    assert_eq!(notes(&after, |track, _| track != 1), notes(&before, |track, _| track != 1));
    let (after, _) = varied(&["--amount", "0.7", "--only", "rhythm"]);
    let pitches = |score: &Score, track: usize| -> Vec<u8> {
        let mut pitches: Vec<u8> = score.tracks[track].notes.iter().map(|note| note.pitch).collect();
        pitches.sort_unstable();
        pitches
    };
    assert_eq!((pitches(&after, 0), pitches(&after, 1)), (pitches(&before, 0), pitches(&before, 1)));
}

#[test]
fn bad_input_is_refused_in_a_sentence() {
    let here = with_tune();
    std::fs::write(here.path().join("empty.mid"), midi::write(&Score::new(96)).expect("writes"))
        .expect("writes");
    for (args, words) in [
        (&["infill", "tune.mid", "--bars", "9-12"][..], &["--bars is 9-12", "bars 1-8"][..]),
        (&["infill", "tune.mid", "--bars", "1-20"], &["20 bars", "has 8"]),
        (&["infill", "tune.mid", "--bars", "1-8"], &["nothing of the tune would stay"]),
        (&["infill", "empty.mid", "--bars", "1"], &["the tune is empty"]),
        (&["infill", "tune.mid", "--bars", "2", "--track", "2"], &["--track is 2", "0, 1"]),
        (&["infill", "tune.mid", "--bars", "2", "--range", "C8-C9", "--key", "D"], &["no pitch is left"]),
        (
            &["infill", "tune.mid", "--bars", "2", "--range", "C7-C8", "--keep", "rhythm"],
            &["nothing to keep"],
        ),
        (&["infill", "tune.mid", "--bars", "2", "--temperature", "0"], &["temperature is 0"]),
        (&["infill", "tune.mid", "--bars", "2", "--num-outputs", "0"], &["--num-outputs"]),
        (&["infill", "tune.mid", "--bars", "2", "-o", "tune.mid"], &["tune.mid, which is read"]),
        (&["infill", "tune.mid", "--bars", "2", "-o", "out.pdf"], &["out.pdf"]),
        (&["infill", "tune.mid", "--bars", "2", "--num-outputs", "2", "-o", "-"], &["--output"]),
        (&["infill", "missing.mid", "--bars", "2"], &["missing.mid"]),
        (&["vary", "tune.mid", "--lock", "track:0,track:1"], &["all tracks with pitched notes are locked"]),
        (&["vary", "tune.mid", "--lock", "1-8"], &["no bar is left to vary"]),
        (&["vary", "tune.mid", "--lock", "1-9"], &["--lock asks for 9 bars", "has 8"]),
        (&["vary", "tune.mid", "--lock", "track:7"], &["--lock names track 7"]),
        (&["vary", "tune.mid", "--amount", "0"], &["--amount is 0"]),
        (&["vary", "tune.mid", "--amount", "1.5"], &["--amount is 1.5"]),
        (&["vary", "empty.mid"], &["the tune is empty"]),
    ] {
        assert_refused(&composer(here.path(), args), 2, words);
    }
    for args in [
        &["infill", "tune.mid", "--bars", "4-2"][..],
        &["infill", "tune.mid", "--bars", "0"],
        &["vary", "tune.mid", "--lock", "x"],
    ] {
        let output = composer(here.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(complaint(&output).contains("such as"), "{}", complaint(&output));
    }
    let files = std::fs::read_dir(here.path()).expect("a folder").count();
    assert_eq!(files, 2, "nothing is written");
}

#[test]
fn results_are_made_again_byte_for_byte_by_the_json_beside_them() {
    let here = with_tune();
    let bytes = |name: &str| std::fs::read(here.path().join(name)).expect("is there");
    for (args, result) in [
        (
            &["compose", "--length", "2bars", "--seed", "7", "--num-outputs", "2", "--output-dir", "out"][..],
            "out/composition-2.mid",
        ),
        (
            &[
                "compose",
                "--model",
                "hymn",
                "--length",
                "2bars",
                "--num-outputs",
                "1",
                "--output-dir",
                "hymns",
            ],
            "hymns/composition-1.mid",
        ),
        (
            &["infill", "tune.mid", "--bars", "3", "--candidates", "4", "--num-outputs", "2"],
            "tune.infilled-2.mid",
        ),
        (&["vary", "tune.mid", "--candidates", "2", "-o", "v.musicxml"], "v.musicxml"),
        (&["accompany", "tune.mid", "--melody-track", "0"], "tune.accompanied.mid"),
        (&["reharmonise", "tune.mid", "--style", "rag", "--melody-track", "0"], "tune.rag.mid"),
        (&["drum", "tune.mid", "--bass-track", "1", "--wav"], "tune.drums.mid"),
    ] {
        let output = composer(here.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
        let recipe = format!("{result}.json");
        let made = bytes(result);
        let output = composer(here.path(), &["again", &recipe, "-o", "again.bin"]);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
        assert_eq!(
            printed(&output).trim(),
            "again.bin".replace(
                "again.bin",
                &here.path().join("again.bin").canonicalize().expect("is there").display().to_string()
            )
        );
        assert!(bytes("again.bin") == made, "{result} is another one");
        std::fs::remove_file(here.path().join(result)).expect("is there");
        // From elsewhere, and to where it was.
        let elsewhere = tempdir().expect("a folder");
        let recipe = here.path().join(&recipe);
        let output = composer(elsewhere.path(), &["again", recipe.to_str().expect("a path")]);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
        assert!(bytes(result) == made, "{result} is another one");
    }
}

#[test]
fn what_cannot_be_made_again_says_why() {
    let here = with_tune();
    let output =
        composer(here.path(), &["infill", "tune.mid", "--bars", "3", "--candidates", "2", "--sweeps", "0"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let recipe = "tune.infilled.mid.json";
    let text = std::fs::read_to_string(here.path().join(recipe)).expect("a recipe");
    assert_refused(&composer(here.path(), &["again", recipe]), 2, &["is there", "--output"]);
    assert_refused(
        &composer(here.path(), &["again", "tune.mid"]),
        2,
        &["tune.mid is no file that composer writes"],
    );
    for (from, to, words) in [
        ("\"infill\"", "\"evaluate\"", "writes music"),
        ("tune.infilled.mid\"", "../tune.infilled.mid\"", "the name of a file"),
    ] {
        std::fs::write(here.path().join("changed.json"), text.replace(from, to)).expect("writes");
        assert_refused(&composer(here.path(), &["again", "changed.json", "-o", "x.mid"]), 2, &[words]);
    }
    let other = Score { ticks_per_quarter: 97, ..tune() };
    std::fs::write(here.path().join("tune.mid"), midi::write(&other).expect("writes")).expect("writes");
    let args = ["again", recipe, "-o", "x.mid"];
    assert_refused(&composer(here.path(), &args), 2, &["tune.mid is not what it was"]);
    std::fs::remove_file(here.path().join("tune.mid")).expect("is there");
    assert_refused(&composer(here.path(), &args), 2, &["tune.mid is missing"]);
    assert!(!here.path().join("x.mid").exists());
}
