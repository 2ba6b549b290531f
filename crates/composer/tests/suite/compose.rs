//! `compose` and `score`: every option does what it says, or is refused in words.

use crate::common;

use common::{assert_refused, complaint, composer, copy_of_trained};
use composer_bptt::{Init, RecurrentConfig};
use composer_models::file::{Notes, save};
use composer_models::{Encoding, ModelConfig, Network, SequenceModel};
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_music::{Note, Score, Tempo, TimeSignature, Track, midi};
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A model that has learnt nothing, which is enough to test what it is not free to do.
fn untrained(path: &Path, encoding: Encoding, notes: &Notes) {
    let recurrent = RecurrentConfig { hidden: 12, ..RecurrentConfig::default() };
    let mut model =
        SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 3).expect("a model");
    if let Encoding::Frames { .. } = model.encoding().clone() {
        // Untrained, every second key would sound.
        let bias = model.params().id("output.bias").expect("a bias");
        model.params_mut().value_mut(bias).fill(-3.0);
    }
    save(&model, notes, path).expect("saves");
}

fn with_models() -> TempDir {
    let here = tempdir().expect("a folder");
    untrained(
        &here.path().join("frames"),
        Encoding::frames(FrameRepresentation::default()),
        &Notes::default(),
    );
    let representation = AnyRepresentation::by_name("remi").expect("a name");
    let encoding = Encoding::Tokens {
        vocabulary: representation.vocabulary().size(),
        fingerprint: representation.fingerprint(),
        longest_match: false,
        voices: None,
    };
    untrained(
        &here.path().join("tokens"),
        encoding,
        &Notes { representation: Some(representation), ..Notes::default() },
    );
    here
}

/// Composes one short piece, in a folder of its own: a used one is refused.
fn compose(here: &Path, model: &str, extra: &[&str]) -> Score {
    let _ = std::fs::remove_dir_all(here.join("out"));
    let mut args = vec!["compose", "--model", model, "--num-outputs", "1", "--output-dir", "out"];
    if !extra.contains(&"--length") {
        args.extend(["--length", "4bars"]);
    }
    args.extend(extra);
    let output = composer(here, &args);
    assert_eq!(output.status.code(), Some(0), "{extra:?}: {}", complaint(&output));
    midi::read_file(here.join("out/composition-1.mid")).expect("reads").score
}

#[test]
fn key_range_chords_and_length_are_kept_by_frames_and_tokens() {
    let here = with_models();
    for model in ["frames", "tokens"] {
        let score = compose(here.path(), model, &["--key", "D minor", "--range", "C3-C6"]);
        assert!(score.notes().count() > 0);
        for note in score.notes() {
            assert!((48..=84).contains(&note.pitch), "{model}: {note:?}");
            assert!(![3, 6].contains(&(note.pitch % 12)), "{model}: {note:?}");
        }
        assert!(score.end() <= 16 * u64::from(score.ticks_per_quarter), "{model}");
        let score = compose(here.path(), model, &["--chords", "C Fm"]);
        let bar = 4 * u64::from(score.ticks_per_quarter);
        for note in score.notes() {
            let chord = if note.onset / bar % 2 == 0 { [0, 4, 7] } else { [5, 8, 0] };
            assert!(chord.contains(&(note.pitch % 12)), "{model}: {note:?}");
        }
    }
    let first = compose(here.path(), "tokens", &["--top-k", "5", "--repetition-penalty", "1.3"]);
    assert_eq!(first, compose(here.path(), "tokens", &["--top-k", "5", "--repetition-penalty", "1.3"]));
    assert_ne!(first, compose(here.path(), "tokens", &["--top-p", "0.5"]));
    compose(here.path(), "tokens", &["--beam-width", "2", "--length", "1bar"]);
    compose(here.path(), "frames", &["--top-voices", "2", "--min-note-steps", "2"]);
}

fn waltz(notes: u64, tempo: u32) -> Score {
    let mut score = Score::new(96);
    score.tempos.push(Tempo { tick: 0, micros_per_quarter: tempo });
    score.time_signatures.push(TimeSignature { tick: 0, numerator: 3, denominator: 4 });
    let note = |i: u64| Note {
        onset: 96 * i,
        duration: 96,
        pitch: 60 + (5 * i % 12) as u8,
        velocity: 50 + i as u8,
        channel: 2,
        program: 40,
    };
    score.tracks.push(Track { name: None, notes: (0..notes).map(note).collect() });
    score
}

#[test]
fn a_primer_begins_the_music_or_is_only_conditioned_on() {
    let here = with_models();
    std::fs::write(here.path().join("waltz.mid"), midi::write(&waltz(6, 700_000)).expect("writes"))
        .expect("writes");
    let score = compose(here.path(), "frames", &["--primer-midi", "waltz.mid"]);
    let quarter = u64::from(score.ticks_per_quarter);
    let begun: Vec<(u64, u8, u8, u8)> = score
        .notes()
        .filter(|note| note.onset < 6 * quarter)
        .map(|note| (note.onset / quarter, note.pitch, note.velocity, note.program))
        .collect();
    let expected: Vec<_> = (0..6).map(|i| (i, 60 + (5 * i % 12) as u8, 50 + i as u8, 40)).collect();
    assert_eq!(begun, expected, "all its notes, the first included, with their velocities and program");
    assert_eq!(score.tempos[0].micros_per_quarter, 700_000);
    assert_eq!((score.time_signatures[0].numerator, score.time_signatures[0].denominator), (3, 4));
    assert!(score.end() > 6 * quarter && score.end() <= 12 * quarter, "four bars of three quarters");
    let conditioned = compose(
        here.path(),
        "frames",
        &["--primer-midi", "waltz.mid", "--condition-on-primer", "--qpm", "100"],
    );
    assert_ne!(
        conditioned.notes().next().map(|note| note.velocity),
        Some(50),
        "the primer itself is not in the music"
    );
    assert_eq!(conditioned.tempos[0].micros_per_quarter, 600_000);
    let typed = compose(here.path(), "frames", &["--primer-notes", "C4:1 E4+G4:2"]);
    let pitches: Vec<u8> = typed.notes().take(3).map(|note| note.pitch).collect();
    assert_eq!(pitches, [60, 64, 67]);
}

#[test]
fn temperature_0_is_greedy_whatever_the_seed_and_says_so() {
    let here = with_models();
    for model in ["frames", "tokens"] {
        let greedy = |seed| compose(here.path(), model, &["--temperature", "0", "--seed", seed]);
        assert_eq!(greedy("1"), greedy("2"), "{model}");
    }
    let args =
        ["compose", "--model", "frames", "--temperature", "0", "--length", "1bars", "--output-dir", "more"];
    let said = composer(here.path(), &args).stdout;
    assert!(String::from_utf8_lossy(&said).starts_with("Temperature 0 is greedy"));
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let here = with_models();
    std::fs::write(here.path().join("long.mid"), midi::write(&waltz(40, 500_000)).expect("writes"))
        .expect("writes");
    let mut high = waltz(3, 500_000);
    high.tracks[0].notes[2].pitch = 120;
    std::fs::write(here.path().join("high.mid"), midi::write(&high).expect("writes")).expect("writes");
    for (model, extra, words) in [
        ("frames", vec!["--primer-midi", "long.mid"], "14 bars"),
        ("frames", vec!["--primer-midi", "high.mid"], "outside the range"),
        ("frames", vec!["--primer-midi", "none.mid"], "none.mid"),
        ("frames", vec!["--primer-notes", "C4:1 X:1"], "X:1"),
        ("frames", vec!["--inject-primer"], "no primer"),
        ("frames", vec!["--top-k", "4"], "--top-k is for models that write tokens"),
        ("tokens", vec!["--threshold", "0.5"], "--threshold is for models that write frames"),
        ("tokens", vec!["--top-p", "0"], "top_p is 0"),
        ("frames", vec!["--chords", "Dm Xx"], "Xx"),
        ("frames", vec!["--temperature", "11"], "temperature is 11"),
    ] {
        let mut args = vec!["compose", "--model", model, "--length", "4bars", "--output-dir", "refused"];
        args.extend(extra);
        assert_refused(&composer(here.path(), &args), 2, &[words]);
        assert!(!here.path().join("refused").exists(), "nothing is left behind");
    }
}

#[test]
fn a_score_is_a_list_and_a_picture_of_surprise() {
    let here = with_models();
    std::fs::write(here.path().join("waltz.mid"), midi::write(&waltz(6, 700_000)).expect("writes"))
        .expect("writes");
    let output = composer(
        here.path(),
        &["score", "waltz.mid", "--model", "frames", "--top", "3", "--svg", "waltz.surprise.svg"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("24 steps, 6 notes") && said.contains("  NLL "), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains("beat")).count(), 3, "{said}");
    let picture = std::fs::read_to_string(here.path().join("waltz.surprise.svg")).expect("a picture");
    assert_eq!(picture.matches("<rect").count(), 6, "a box for every note");
    assert!(picture.ends_with("</svg>") && !picture.contains("NaN"));
}

#[test]
fn without_a_model_the_built_in_one_composes() {
    let here = tempdir().expect("a folder");
    let output = composer(here.path(), &["compose", "--num-outputs", "1", "--length", "2bars"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let score = midi::read_file(here.path().join("compositions/composition-1.mid")).expect("reads").score;
    assert!(score.notes().count() > 0);
    let output = composer(here.path(), &["score", "compositions/composition-1.mid"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
}

#[test]
fn notes_one_by_one_have_choices_of_their_own() {
    let here = copy_of_trained();
    let compose = |extra: &[&str]| {
        let args = ["compose", "--model", "run/model.safetensors", "--num-outputs", "1", "--length", "2bars"];
        let output = composer(here.path(), &[&args[..], &["--output-dir", extra[0]], &extra[1..]].concat());
        assert!(output.status.success(), "{}", complaint(&output));
        std::fs::read(here.path().join(extra[0]).join("composition-1.mid")).expect("music")
    };
    let usual = compose(&["usual", "--temperature", "1"]);
    assert_eq!(usual, compose(&["same", "--top-p", "1", "--whether-temperature", "1"]));
    assert_ne!(usual, compose(&["nucleus", "--top-p", "0.3"]));
    assert_ne!(usual, compose(&["whether", "--temperature", "1", "--whether-temperature", "3"]));
    let args = ["compose", "--model", "run/model.safetensors", "--top-p", "0.5", "--threshold", "0.5"];
    assert_refused(&composer(here.path(), &args), 2, &["--top-p", "deterministic"]);
}

#[test]
fn a_network_that_is_tied_across_pitch_has_them_too() {
    let here = tempdir().expect("a folder");
    let recurrent = RecurrentConfig { hidden: 4, ..RecurrentConfig::default() };
    let encoding = Encoding::frames(FrameRepresentation::default());
    let config = ModelConfig::new(encoding, recurrent.clone()).with_network(Network::Biaxial, recurrent, 0.0);
    let model = SequenceModel::new(config, &Init::default(), 3).expect("a model");
    save(&model, &Notes::default(), &here.path().join("tied")).expect("saves");
    let music = |extra: &[&str]| compose(here.path(), "tied", &[&["--length", "1bars"], extra].concat());
    let usual = music(&["--temperature", "1"]);
    assert_ne!(usual, music(&["--temperature", "1", "--top-p", "0.1"]));
    assert_ne!(usual, music(&["--temperature", "1", "--whether-temperature", "3"]));
}
