//! Bad input gets one clear sentence, exit code 2 for wrong input and 1 for failures, and leaves nothing half-written.

use crate::common;

use common::{assert_refused, complaint, composer, piano_files, small_training};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

#[test]
fn folders_without_music_are_refused_before_anything_is_written() {
    let here = tempdir().unwrap();
    fs::create_dir(here.path().join("empty")).unwrap();
    fs::create_dir(here.path().join("texts")).unwrap();
    fs::write(here.path().join("texts/readme.txt"), "no music").unwrap();
    for (folder, words) in [
        ("nowhere", ["nowhere", "no file or folder"]),
        ("empty", ["empty", "empty"]),
        ("texts", ["texts", "none of them music"]),
    ] {
        let output = composer(here.path(), &["train", folder, "--output-dir", "run"]);
        assert_refused(&output, 2, &words);
        assert!(!here.path().join("run").exists(), "{folder} must not leave a run folder");
    }
}

#[test]
fn one_bad_file_among_good_ones_is_listed_and_never_ends_a_run() {
    let here = tempdir().unwrap();
    let corpus = here.path().join("corpus");
    fs::create_dir(&corpus).unwrap();
    for file in &piano_files()[..4] {
        fs::copy(file, corpus.join(file.file_name().unwrap())).unwrap();
    }
    fs::write(corpus.join("a-text.mid"), "This is a text file with the wrong name.").unwrap();
    fs::write(corpus.join("b-nothing.mid"), "").unwrap();
    let whole = fs::read(&piano_files()[0]).unwrap();
    fs::write(corpus.join("c-header-only.mid"), &whole[..12]).unwrap();
    let output = composer(here.path(), &{
        let mut args = small_training(&[]);
        args.insert(1, "corpus");
        args
    });
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let report = fs::read_to_string(here.path().join("run/report.html")).unwrap();
    for file in ["a-text.mid", "b-nothing.mid", "c-header-only.mid"] {
        assert!(complaint(&output).contains(file), "{file} is named in: {}", complaint(&output));
        assert!(report.contains(file), "{file} is named in the report");
    }
}

#[test]
fn a_text_file_alone_is_refused_with_its_reason() {
    let here = tempdir().unwrap();
    fs::create_dir(here.path().join("corpus")).unwrap();
    fs::write(here.path().join("corpus/poem.mid"), "Shall I compare thee to a summer's day?").unwrap();
    assert_refused(&composer(here.path(), &["train", "corpus", "--output-dir", "run"]), 2, &["corpus"]);
    assert!(!here.path().join("run").exists());
}

#[test]
fn folders_that_cannot_be_written_are_a_failure() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("file"), "in the way").unwrap();
    let mut args = small_training(&[]);
    args[2] = "file/run";
    assert_refused(&composer(here.path(), &args), 1, &["file/run"]);
    if Path::new("/proc/version").exists() {
        args[2] = "/proc/run";
        assert_refused(&composer(here.path(), &args), 1, &["/proc/run"]);
    }
}

#[test]
fn a_model_file_that_is_none_is_refused() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("poem.safetensors"), "Rough winds do shake the darling buds of May").unwrap();
    fs::write(here.path().join("empty.safetensors"), "").unwrap();
    for file in ["poem.safetensors", "empty.safetensors", "missing.safetensors", "."] {
        let output = composer(here.path(), &["compose", "--model", file, "--output-dir", "out"]);
        assert_refused(&output, 2, &[file]);
        assert!(!here.path().join("out").exists());
    }
}

#[test]
fn options_out_of_range_are_named() {
    let here = tempdir().unwrap();
    for (option, value, word) in [
        ("--epochs", "0", "epochs"),
        ("--hidden", "0", "hidden"),
        ("--layers", "0", "layers"),
        ("--dropout", "1.5", "dropout"),
        ("--temperature", "-1", "temperature"),
        ("--temperature", "NaN", "temperature"),
        ("--qpm", "0", "qpm"),
        ("--num-outputs", "0", "num-outputs"),
        ("--learning-rate", "inf", "learning_rate"),
        ("--threads", "0", "threads"),
        ("--soundfont", "missing.sf2", "missing.sf2"),
    ] {
        let option_value = format!("{option}={value}");
        let output = composer(here.path(), &["train", "--output-dir", "run", &option_value]);
        assert_refused(&output, 2, &[word]);
        assert!(!here.path().join("run").exists(), "{option} {value} must not leave a run folder");
    }
}

#[test]
fn a_full_disk_is_a_failure_that_leaves_no_half_written_file() {
    let here = tempdir().unwrap();
    let disk = here.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let disk_name = disk.to_str().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=100k", "tmpfs", disk_name]).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: this user may not mount a small disk");
        return;
    }
    let mut args = small_training(&[]);
    args[2] = "disk/run";
    let output = composer(here.path(), &args);
    let left: Vec<String> = fs::read_dir(disk.join("run"))
        .map(|entries| {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    let unmounted = Command::new("umount").arg(&disk).status().unwrap();
    assert_refused(&output, 1, &["disk/run"]);
    assert!(!left.iter().any(|name| name.starts_with(".composer-")), "temporary files are left: {left:?}");
    assert!(unmounted.success());
}
