//! Primers, bars, tempos and endings of compositions, with models of every representation.

use crate::option_table::{base, model};

use composer::compose::{ComposeOptions, Length, Piece, Primer, compose};
use composer::{ErrorKind, TrainedModel};
use composer_music::representation::AnyRepresentation;
use composer_music::{KeySignature, Note, Score, Tempo, Ticks, TimeSignature, Track, midi};
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// Representations of pitched music on a metrical grid, and the one in real time.
const PITCHED: [&str; 8] =
    ["frames", "events", "metrical-events", "remi", "multitrack-remi", "voices", "chords", "bars"];

const TICKS: u16 = 240;

/// Quarters in C and D, so many, with time signatures at quarters.
fn quarters(count: u64, metres: &[(f64, u8, u8)]) -> Score {
    let mut score = Score::new(TICKS);
    let ticks = Ticks::from(TICKS);
    let note = |i: u64| Note {
        onset: i * ticks,
        duration: ticks,
        pitch: 72 + 2 * (i % 2) as u8,
        velocity: 71,
        channel: 1,
        program: 73,
    };
    score.tracks.push(Track { name: Some("Flute".into()), notes: (0..count).map(note).collect() });
    score.time_signatures = metres
        .iter()
        .map(|&(quarter, numerator, denominator)| {
            let tick = (quarter * f64::from(TICKS)) as Ticks;
            TimeSignature { tick, numerator, denominator }
        })
        .collect();
    score
}

fn write(folder: &Path, name: &str, score: &Score) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, midi::write(score).expect("writes")).expect("writes");
    path
}

fn from_midi(path: PathBuf, bars: usize, name: &str) -> ComposeOptions {
    let primer = Primer::Midi { path, inject: true };
    ComposeOptions { primer, length: Length::Bars(bars), num_outputs: 1, ..base(name) }
}

fn one(model: &TrainedModel, options: &ComposeOptions, what: &str) -> Piece {
    let mut pieces = compose(model, options).unwrap_or_else(|error| panic!("{what}: {error}"));
    pieces.remove(0)
}

fn refused(model: &TrainedModel, options: &ComposeOptions, words: &[&str]) {
    let Err(error) = compose(model, options) else { panic!("{words:?}: accepted") };
    assert_eq!(error.kind(), ErrorKind::WrongInput, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} in {error}");
    }
}

fn in_quarters(score: &Score, tick: Ticks) -> f64 {
    tick as f64 / f64::from(score.ticks_per_quarter)
}

/// Time signatures at quarters.
fn metres(score: &Score) -> Vec<(f64, u8, u8)> {
    let metres = score.time_signatures.iter();
    metres.map(|metre| (in_quarters(score, metre.tick), metre.numerator, metre.denominator)).collect()
}

#[test]
fn bars_are_those_of_the_primer_through_upbeats_and_changes() {
    let here = tempdir().expect("a folder");
    // Quarters of the primer, its metres, the length asked for, and where the piece ends in quarters.
    type Case = (&'static str, u64, &'static [(f64, u8, u8)], usize, f64);
    let cases: [Case; 6] = [
        ("an upbeat with a metre of its own", 7, &[(0.0, 1, 4), (1.0, 3, 4)], 4, 13.0),
        ("an upbeat as a bar cut off", 4, &[(0.0, 3, 4), (1.0, 3, 4)], 3, 10.0),
        ("a metre that is stated late", 6, &[(4.0, 3, 4)], 4, 13.0),
        ("changes within", 7, &[(0.0, 2, 4), (4.0, 3, 4)], 5, 13.0),
        ("an end within a bar", 4, &[(0.0, 3, 4)], 4, 12.0),
        ("none stated", 5, &[], 3, 12.0),
    ];
    for name in PITCHED {
        let model = model(name);
        for (what, count, stated, bars, end) in cases {
            let primer = quarters(count, stated);
            let path = write(here.path(), "primer.mid", &primer);
            let piece = one(&model, &from_midi(path, bars, name), &format!("{name}, {what}")).score;
            assert_eq!(in_quarters(&piece, piece.end()), end, "{name}, {what}");
            let expected = if stated.is_empty() { &[(0.0, 4, 4)][..] } else { stated };
            assert_eq!(metres(&piece), expected, "{name}, {what}");
            let old = piece.notes().filter(|note| in_quarters(&piece, note.onset) < count as f64);
            let old: Vec<_> = old
                .map(|note| {
                    (
                        in_quarters(&piece, note.onset),
                        in_quarters(&piece, note.end()),
                        note.pitch,
                        note.velocity,
                        note.program,
                    )
                })
                .collect();
            let expected: Vec<_> =
                (0..count).map(|i| (i as f64, (i + 1) as f64, 72 + 2 * (i % 2) as u8, 71, 73)).collect();
            assert_eq!(old, expected, "{name}, {what}: the primer, its last note as long as it was");
        }
    }
}

#[test]
fn another_metre_begins_at_the_next_bar_line() {
    let here = tempdir().expect("a folder");
    for name in ["frames", "remi", "voices"] {
        let model = model(name);
        let primer = write(here.path(), "primer.mid", &quarters(5, &[(0.0, 4, 4)]));
        let options = ComposeOptions { metre: "6/8".parse().ok(), ..from_midi(primer, 4, name) };
        let piece = one(&model, &options, name).score;
        assert_eq!(metres(&piece), [(0.0, 4, 4), (8.0, 6, 8)], "{name}");
        assert_eq!(in_quarters(&piece, piece.end()), 14.0, "{name}");
        let text = Primer::Notes { text: "C4:1 D4:1".into(), inject: true };
        let piece = one(&model, &ComposeOptions { primer: text, ..options }, name).score;
        assert_eq!((metres(&piece), in_quarters(&piece, piece.end())), (vec![(0.0, 6, 8)], 12.0), "{name}");
    }
}

#[test]
fn metres_that_do_not_fit_the_grid_or_the_vocabulary_are_refused() {
    for (name, metre, words) in [
        ("frames", "3/32", "3/32 is no whole number of the model's steps, 4 to a quarter"),
        ("voices", "1/64", "no whole number"),
        ("chords", "3/8", "no whole number"),
        ("remi", "9/4", "no token for bars of 9/4"),
        ("bars", "17/16", "no token for bars of 17/16"),
    ] {
        let options = ComposeOptions { metre: metre.parse().ok(), ..base(name) };
        refused(&model(name), &options, &[words, "--metre"]);
    }
}

#[test]
fn without_tempo_the_training_music_has_it_also_for_tokens() {
    for name in AnyRepresentation::NAMES {
        let mut model = model(name);
        model.notes.quarters_per_minute = Some(84.0);
        let piece = one(&model, &base(name), name).score;
        if !["remi", "multitrack-remi", "bars"].contains(&name) {
            assert_eq!(piece.tempos, [Tempo { tick: 0, micros_per_quarter: 714_286 }], "{name}");
        }
        assert_eq!(in_quarters(&piece, piece.end()), 8.0, "{name}");
        assert_eq!(metres(&piece), [(0.0, 4, 4)], "{name}");
    }
}

#[test]
fn tempos_that_no_token_says_are_written_as_they_are() {
    let here = tempdir().expect("a folder");
    let mut primer = quarters(6, &[(0.0, 4, 4)]);
    let odd = [(0, 431_235), (480, 5_000_000), (720, 101_010)];
    primer.tempos = odd.map(|(tick, micros_per_quarter)| Tempo { tick, micros_per_quarter }).into();
    primer.key_signatures = vec![
        KeySignature { tick: 0, sharps: 2, minor: false },
        KeySignature { tick: 720, sharps: 0, minor: true },
    ];
    let path = write(here.path(), "primer.mid", &primer);
    for name in PITCHED {
        let model = model(name);
        let options = from_midi(path.clone(), 3, name);
        let piece = one(&model, &options, name).score;
        let scale = Ticks::from(piece.ticks_per_quarter / TICKS);
        let written: Vec<_> =
            piece.tempos.iter().map(|tempo| (tempo.tick / scale, tempo.micros_per_quarter)).collect();
        assert!(written.starts_with(&odd), "{name}: {written:?}");
        let keys: Vec<_> = piece.key_signatures.iter().map(|key| (key.tick / scale, key.sharps)).collect();
        assert_eq!(keys, [(0, 2), (720, 0)], "{name}");
        let options = ComposeOptions { qpm: Some(61.7), key: "Gb".parse().ok(), ..options };
        let piece = one(&model, &options, name).score;
        assert_eq!(piece.tempos, [Tempo { tick: 0, micros_per_quarter: 972_447 }], "{name}");
        let keys: Vec<_> =
            piece.key_signatures.iter().map(|key| (in_quarters(&piece, key.tick), key.sharps)).collect();
        assert_eq!(keys, [(0.0, 2), (3.0, 0), (6.0, -6)], "{name}");
    }
}

fn empty_drums_and_long(here: &TempDir) -> [PathBuf; 3] {
    let mut drums = quarters(4, &[]);
    drums.tracks[0].notes.iter_mut().for_each(|note| (note.channel, note.pitch) = (9, 42));
    [
        write(here.path(), "empty.mid", &Score::new(96)),
        write(here.path(), "drums.mid", &drums),
        write(here.path(), "long.mid", &quarters(31, &[])),
    ]
}

#[test]
fn primers_that_leave_nothing_to_read_or_to_write_are_refused() {
    let here = tempdir().expect("a folder");
    let [empty, drums, long] = empty_drums_and_long(&here);
    for name in AnyRepresentation::NAMES {
        let model = model(name);
        let what = if name == "drum-events" { "no drums" } else { "no " };
        refused(&model, &from_midi(empty.clone(), 4, name), &[what, "to go on from"]);
        let rest = Primer::Notes { text: "R:2".into(), inject: true };
        refused(&model, &ComposeOptions { primer: rest, ..base(name) }, &["to go on from"]);
        if PITCHED.contains(&name) {
            refused(&model, &from_midi(long.clone(), 7, name), &["8 bars long", "piece of 7"]);
            if name != "multitrack-remi" {
                refused(&model, &from_midi(drums.clone(), 4, name), &["no pitched notes"]);
            }
        }
    }
    for name in ["frames", "voices"] {
        let low = Primer::Notes { text: "C4:1 C0:1".into(), inject: false };
        refused(&model(name), &ComposeOptions { primer: low, ..base(name) }, &["C0", "outside the range"]);
    }
}

#[test]
fn what_the_model_does_not_read_is_said() {
    let here = tempdir().expect("a folder");
    let mut swing = quarters(4, &[]);
    let triplet = Ticks::from(TICKS) / 3;
    swing.tracks[0].notes[2].onset += triplet;
    swing.tracks[0].notes[2].duration -= triplet;
    let mut drum = swing.tracks[0].notes[0];
    drum.channel = 9;
    swing.tracks.push(Track { name: None, notes: vec![drum] });
    let path = write(here.path(), "swing.mid", &swing);
    for (name, told) in [
        (
            "frames",
            &["1 of the primer's 5 notes moved", "does not read 1 of the primer's 5 notes (drums)"][..],
        ),
        ("voices", &["1 of the primer's 5 notes moved", "(drums)"]),
        ("metrical-events", &["(drums)"]),
        ("multitrack-remi", &[]),
        ("drum-events", &["4 of the primer's 5 notes (not drums)"]),
        ("chords", &["as chord symbols"]),
    ] {
        let piece = one(&model(name), &from_midi(path.clone(), 3, name), name);
        let said = piece.notes.join(" ");
        assert!(told.iter().all(|words| said.contains(words)), "{name}: {said}");
        assert_eq!(piece.notes.len(), told.len(), "{name}: {said}");
        let pitches = piece.score.notes().filter(|note| in_quarters(&piece.score, note.onset) < 4.0);
        assert_eq!(pitches.count(), 5, "{name}: all of it is in the music");
    }
}

#[test]
fn keys_chords_and_ranges_that_contradict_each_other_are_refused() {
    let options = |name| ComposeOptions { key: "D minor".parse().ok(), ..base(name) };
    for name in ["frames", "metrical-events", "remi", "voices"] {
        let model = model(name);
        let narrow = ComposeOptions { range: (64, 69), ..options(name) };
        refused(&model, &narrow, &["no D between E4 and A4", "--range"]);
        compose(&model, &ComposeOptions { ending: false, ..narrow }).expect("only an ending needs the tonic");
        let dominant = ComposeOptions { chords: Some("Dm Am7".into()), ..options(name) };
        refused(&model, &dominant, &["the last chord, Am7, has no D"]);
        let ending = ComposeOptions { length: Length::Bars(3), ..dominant };
        let score = one(&model, &ending, name).score;
        let last = score.notes().filter(|note| note.end() == score.end()).map(|note| note.pitch % 12);
        assert!(last.collect::<Vec<_>>().contains(&2), "{name}");
        let foreign = ComposeOptions { chords: Some("F# Dm".into()), key: "C".parse().ok(), ..base(name) };
        refused(&model, &foreign, &["the chord F# has no note of C major"]);
        let chord = ComposeOptions { chords: Some("Bb".into()), range: (60, 61), ..base(name) };
        refused(&model, &chord, &["no note of the chord Bb"]);
    }
    let frames = model("frames");
    refused(&frames, &ComposeOptions { range: (0, 20), ..base("frames") }, &["range C-1 to G#0", "A0 to C8"]);
    let chords = ComposeOptions { range: (60, 72), ..base("chords") };
    refused(&model("chords"), &chords, &["chords of three and four notes", "--range"]);
}
