//! Runs the program as a user does.

#![allow(dead_code, reason = "every test file uses its own part")]

pub mod songs;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::{TempDir, tempdir};

/// The program with arguments, in a folder, with two threads unless the arguments say otherwise.
pub fn composer(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

/// Options of a training that takes a second or two, without the samples after each epoch and without another model beside it.
pub const SMALL: [&str; 18] = [
    "--epochs",
    "1",
    "--hidden",
    "16",
    "--batch-size",
    "8",
    "--num-outputs",
    "2",
    "--length",
    "4bars",
    "--temperature",
    "1.0",
    "--seed",
    "5",
    "--set=training.updates=40",
    "--set=run.samples=false",
    "--set=model.note_hidden=16",
    "--set=run.beside=none",
];

/// The arguments of a small training on the built-in corpus into `run`.
pub fn small_training<'a>(extra: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["train", "--output-dir", "run"];
    args.extend(SMALL);
    args.extend(extra);
    args
}

/// Gives an option another value.
pub fn set<'a>(args: &mut [&'a str], option: &str, value: &'a str) {
    let place = args.iter().position(|arg| *arg == option).expect("an option of the arguments");
    args[place + 1] = value;
}

/// The folder of a finished small training on two threads, `run`, and what it printed as JSON, `said.json`. Trained once, for all
/// tests that only read it.
pub fn trained() -> &'static Path {
    static HERE: OnceLock<TempDir> = OnceLock::new();
    HERE.get_or_init(|| {
        let here = tempdir().expect("a folder");
        let args = small_training(&[
            "--set=run.samples=true",
            "--set=run.beside=compose",
            "--threads",
            "2",
            "--json",
        ]);
        let output = composer(here.path(), &args);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        std::fs::write(here.path().join("said.json"), &output.stdout).expect("writes");
        here
    })
    .path()
}

/// The folder of the same training once more, `run`, from nothing but its model. Trained once, for all tests that compare with it.
pub fn trained_again() -> &'static Path {
    static HERE: OnceLock<TempDir> = OnceLock::new();
    HERE.get_or_init(|| {
        let here = tempdir().expect("a folder");
        let found = here.path().join("found.safetensors");
        std::fs::copy(trained().join("run/model.safetensors"), found).expect("copies");
        let args = "train --config found.safetensors --output-dir run --num-outputs 2 --length 4bars --temperature 1.0 \
                    --threads 2";
        let output = composer(here.path(), &args.split_whitespace().collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        here
    })
    .path()
}

/// A folder with a copy of the run of [`trained`].
pub fn copy_of_trained() -> TempDir {
    let here = tempdir().expect("a folder");
    copy_run(&trained().join("run"), &here.path().join("run"));
    here
}

/// Copies a finished run to a folder that is not there yet.
pub fn copy_run(run: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(run).expect("a run") {
        let file = entry.expect("a file");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("copies");
    }
}

/// The piano pieces of the built-in corpus, as files.
pub fn piano_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/mutopia-pd");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("datasets are part of the source")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "mid"))
        .collect();
    files.sort();
    files
}

/// What was printed as the result.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What was printed for people when something went wrong.
pub fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts the exit code and that the complaint is one sentence without the traces of a crash.
pub fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let complaint = complaint(output);
    assert_eq!(output.status.code(), Some(code), "{complaint}");
    assert!(!complaint.contains("panicked") && !complaint.contains("RUST_BACKTRACE"), "{complaint}");
    let last = complaint.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with("composer: "), "{complaint}");
    for word in words {
        assert!(last.contains(word), "\"{word}\" is missing in: {last}");
    }
}
