//! What a command must not do to files and folders that are there, and what it says before it does too much: outputs over inputs, used
//! folders, memory, how to begin, and words that are true.

#![cfg(unix)]

use crate::common;

use common::songs::{QUARTER, folder_of_songs, note, score, song, write};
use common::{assert_refused, complaint, composer, copy_of_trained, printed, small_training};
use composer_music::midi;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::tempdir;

#[test]
fn no_command_replaces_what_it_reads() {
    let here = folder_of_songs();
    let at = |name: &str| here.path().join(name);
    fs::copy(at("songs/1.mid"), at("tune.mid")).unwrap();
    symlink("tune.mid", at("link.svg")).unwrap();
    fs::hard_link(at("tune.mid"), at("hard.svg")).unwrap();
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../application/models/compose/model.safetensors"),
        at("model.safetensors"),
    )
    .unwrap();
    fs::create_dir(at("run")).unwrap();
    fs::write(at("run/config.toml"), "epochs = 1\n").unwrap();
    fs::copy(at("songs/1.mid"), at("cached.mid")).unwrap();
    fs::create_dir(at("made")).unwrap();
    fs::copy(at("songs/2.mid"), at("made/corpus.cache")).unwrap();
    let before = |name: &str| fs::read(at(name)).unwrap();
    let kept = ["tune.mid", "songs/3.mid", "model.safetensors", "run/config.toml", "made/corpus.cache"];
    let whole: Vec<Vec<u8>> = kept.iter().map(|name| before(name)).collect();
    for (args, file) in [
        (&["inspect", "tune.mid", "--svg", "tune.mid"][..], "tune.mid"),
        (&["inspect", "tune.mid", "--svg", "songs/../tune.mid"], "tune.mid"),
        (&["inspect", "tune.mid", "--svg", "link.svg"], "link.svg"),
        (&["score", "tune.mid", "--svg", "hard.svg"], "hard.svg"),
        (
            &["score", "tune.mid", "--model", "model.safetensors", "--svg", "model.safetensors"],
            "model.safetensors",
        ),
        (&["evaluate", "songs", "--page", "songs/3.mid"], "songs/3.mid"),
        (&["evaluate", "tune.mid", "--reference", "songs", "--output", "songs/3.mid"], "songs/3.mid"),
        (&["accompany", "tune.mid", "--melody-track", "0", "-o", "./tune.mid"], "tune.mid"),
        (&["accompany", "tune.mid", "--melody-track", "0", "-o", "new.html", "--page"], "new.html"),
        (&["ingest", "made/corpus.cache", "--output-dir", "made"], "corpus.cache"),
        (&["train", "songs", "--output-dir", "songs", "--epochs", "1"], "songs"),
        (&["train", "--config", "run/config.toml", "--output-dir", "run"], "config.toml"),
        (&["train", "songs", "--task", "accompany", "--output", "songs/3.mid"], "songs/3.mid"),
    ] {
        assert_refused(&composer(here.path(), args), 2, &[file]);
    }
    for (name, whole) in kept.iter().zip(whole) {
        assert!(before(name) == whole, "{name} is as it was");
    }
}

/// What is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn two_sets_of_compositions_are_not_mixed_in_one_folder() {
    let here = tempdir().unwrap();
    let compose = |seed: &str, pieces: &str, folder: &[&str]| {
        let args = ["compose", "--length", "1bars", "--seed", seed, "--num-outputs", pieces];
        composer(here.path(), &[&args[..], folder].concat())
    };
    assert!(compose("1", "2", &["--output-dir", "out"]).status.success());
    let first = fs::read(here.path().join("out/composition-1.mid")).unwrap();
    assert_refused(&compose("2", "1", &["--output-dir", "out"]), 2, &["out", "compositions", "--output-dir"]);
    assert!(fs::read(here.path().join("out/composition-1.mid")).unwrap() == first);
    assert_eq!(names(&here.path().join("out")).len(), 6, "MIDI, its JSON and WAV of each");
    // Without a folder, there is always one of its own.
    for (seed, folder) in [("3", "compositions"), ("4", "compositions-2"), ("5", "compositions-3")] {
        let output = compose(seed, "1", &[]);
        assert!(printed(&output).contains(&format!("{folder}/composition-1.mid")), "{}", printed(&output));
        assert_eq!(
            names(&here.path().join(folder)),
            ["composition-1.mid", "composition-1.mid.json", "composition-1.wav"]
        );
    }
}

#[test]
fn two_processes_do_not_mix_their_compositions() {
    let here = tempdir().unwrap();
    let start = |pieces: &str, folder: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_composer"))
            .args(["compose", "--length", "1bars", "--num-outputs", pieces])
            .args(folder)
            .current_dir(here.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    // Into one folder by name: the first to be there has it.
    let children = ["2", "3", "4"].map(|pieces| (pieces, start(pieces, &["--output-dir", "out"])));
    let outputs = children.map(|(pieces, child)| (pieces, child.wait_with_output().unwrap()));
    let successful: Vec<&str> =
        outputs.iter().filter(|(_, output)| output.status.success()).map(|(pieces, _)| *pieces).collect();
    assert_eq!(successful.len(), 1, "{outputs:?}");
    let pieces: usize = successful[0].parse().unwrap();
    assert_eq!(names(&here.path().join("out")).len(), 3 * pieces);
    // Without a name: each has one of its own.
    let children = ["2", "3", "4"].map(|pieces| start(pieces, &[]));
    let mut sizes = Vec::new();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    for folder in ["compositions", "compositions-2", "compositions-3"] {
        sizes.push(names(&here.path().join(folder)).len());
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [6, 9, 12]);
}

#[test]
fn a_folder_with_a_finished_training_is_not_trained_into() {
    let here = copy_of_trained();
    let before = names(&here.path().join("run"));
    assert_refused(
        &composer(here.path(), &small_training(&[])),
        2,
        &["run", "finished training", "--output-dir"],
    );
    fs::remove_file(here.path().join("run/checkpoint.bin")).unwrap();
    fs::remove_file(here.path().join("run/model.safetensors")).unwrap();
    assert_refused(&composer(here.path(), &small_training(&[])), 2, &["run", "compositions"]);
    assert!(before.len() >= names(&here.path().join("run")).len());
}

#[test]
fn without_a_command_it_says_how_to_begin_and_writes_nothing() {
    let here = tempdir().unwrap();
    let output = composer(here.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let text = printed(&output);
    assert!(text.contains("composer train") && text.lines().count() < 15, "{text}");
    assert!(names(here.path()).is_empty());
    // A workspace of somebody else is no clone.
    fs::write(here.path().join("Cargo.toml"), "[workspace]\nmembers = [\"crates/*\"]\n").unwrap();
    assert!(printed(&composer(here.path(), &[])).contains("composer train"));
}

#[test]
fn what_a_training_needs_is_computed_before_memory_is_taken() {
    let here = folder_of_songs();
    let games = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/freedoom");
    let drums = format!("{} --task drum --hidden 30000", games.display());
    let limited = |options: &str| {
        let folder = if options.contains("--task") { "" } else { "songs" };
        let command = format!("ulimit -v 3000000; \"$0\" train --dry-run {folder} {options}");
        let start = Instant::now();
        let output = Command::new("bash")
            .args(["-c", &command, env!("CARGO_BIN_EXE_composer")])
            .current_dir(here.path())
            .output()
            .unwrap();
        (output, start.elapsed())
    };
    for options in [
        "--hidden 25000",
        "--hidden 3000 --layers 40",
        "--hidden 20000 --representation remi",
        "--batch-size 100000000",
        &drums,
    ] {
        let (output, time) = limited(options);
        assert!(output.status.success(), "{options}: {}", complaint(&output));
        let text = printed(&output);
        assert!(text.contains("GB of memory"), "{options}: {text}");
        assert!(time < Duration::from_secs(120), "{options}: {time:?}");
    }
    for options in ["--hidden 999999999999", "--layers 999999999"] {
        assert_refused(&limited(options).0, 2, &["must be at most"]);
    }
    if Path::new("/proc/meminfo").exists() {
        let args = ["train", "songs", "--hidden", "2000000", "--output-dir", "run"];
        assert_refused(&composer(here.path(), &args), 2, &["memory", "this machine has", "--hidden"]);
        assert!(!here.path().join("run").exists());
    }
}

#[test]
fn options_of_other_commands_are_not_recommended() {
    let here = folder_of_songs();
    let silent = score(vec![Vec::new()]);
    fs::create_dir(here.path().join("odd")).unwrap();
    fs::write(here.path().join("odd/silent.mid"), midi::write(&silent).unwrap()).unwrap();
    let mut long = song(5);
    long.tracks[0].notes[0].onset = 4_000_000 * QUARTER;
    fs::write(here.path().join("odd/long.mid"), midi::write(&long).unwrap()).unwrap();
    fs::write(here.path().join("odd/text.mid"), "la la la").unwrap();
    fs::write(here.path().join("odd/empty.mid"), "").unwrap();
    for args in [
        &["train", "odd"][..],
        &["diagnose", "odd/text.mid", "odd/empty.mid", "odd/long.mid"],
        &["evaluate", "songs", "--reference", "odd"],
    ] {
        let output = composer(here.path(), args);
        assert_refused(&output, 2, &["text.mid", "empty"].map(|_| "usable"));
        let complaint = complaint(&output);
        assert!(!complaint.contains("--m") && !complaint.contains("--keep"), "{complaint}");
        assert!(complaint.matches(" × ").count() >= 3, "each reason is told: {complaint}");
    }
    let output = composer(here.path(), &["ingest", "songs", "--min-notes", "100000"]);
    assert_refused(&output, 2, &["too few notes", "--min-notes"]);
}

#[test]
fn a_part_that_cannot_be_read_is_told_by_its_true_length_or_range() {
    let here = tempdir().unwrap();
    let high = (0..8).map(|beat| note(beat * QUARTER, QUARTER, 110 + beat as u8)).collect();
    write(here.path(), "high.mid", &score(vec![high]));
    let far = vec![note(0, QUARTER, 60), note(700_000 * QUARTER, QUARTER, 62)];
    write(here.path(), "far.mid", &score(vec![far]));
    assert_refused(&composer(here.path(), &["accompany", "high.mid"]), 2, &["range", "A0", "C8"]);
    assert_refused(&composer(here.path(), &["accompany", "far.mid"]), 2, &["700001 quarter notes"]);
}

#[test]
fn lengths_are_rounded_to_minutes_and_hours() {
    let here = tempdir().unwrap();
    // At 120 quarters per minute, a quarter is half a second.
    for (ticks, shown) in
        [(57_562, "1:00.0 minutes"), (115_190, "2:00.0 minutes"), (3_455_980, "1:00:00.0 hours")]
    {
        write(here.path(), "piece.mid", &score(vec![vec![note(0, ticks, 60)]]));
        let text = printed(&composer(here.path(), &["inspect", "piece.mid"]));
        assert!(text.contains(shown), "{ticks}: {text}");
    }
}

#[test]
fn a_seed_on_the_command_line_is_over_that_of_a_configuration() {
    let here = folder_of_songs();
    fs::write(here.path().join("some.toml"), "[training]\nseed = 3\n").unwrap();
    let args = ["train", "songs", "--config", "some.toml", "--seed", "7", "--hidden", "4", "--dry-run"];
    let output = composer(here.path(), &args);
    assert!(printed(&output).contains("\nseed = 7\n"), "{}", printed(&output));
}

#[test]
fn a_training_in_the_folder_of_its_music_does_not_learn_from_its_own_compositions() {
    let here = folder_of_songs();
    let sizes = ["--epochs", "1", "--hidden", "8", "--num-outputs", "1", "--length", "1bars"];
    let train = || composer(here.path(), &[&["train", "."][..], &sizes].concat());
    let pieces = |said: &str| said.lines().find(|line| line.starts_with("Music: ")).map(str::to_owned);
    let first = complaint(&train());
    assert!(!first.contains("skipped"), "{first}");
    assert!(here.path().join("runs/001/composition-1.mid").exists(), "{first}");
    let second = complaint(&train());
    assert!(second.contains("runs/001/: skipped: a folder that composer wrote"), "{second}");
    assert_eq!(pieces(&first), pieces(&second));
    assert!(pieces(&first).is_some(), "{first}");
    // Asked for by name they are judged.
    let judged = printed(&composer(here.path(), &["diagnose", "runs", "--reference", "songs"]));
    assert!(judged.contains("001/composition-1.mid") && judged.contains("002/composition-1.mid"), "{judged}");
}
