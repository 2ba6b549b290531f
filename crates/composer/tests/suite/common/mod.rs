//! Runs the program as a user does.

#![allow(dead_code, reason = "every test file uses its own part")]

pub mod songs;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program with arguments, in a folder, with two threads unless the arguments say otherwise.
pub fn composer(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

/// Options of a training that takes a second or two.
pub const SMALL: [&str; 14] = [
    "--epochs",
    "2",
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
];

/// The arguments of a small training on the built-in corpus into `run`.
pub fn small_training<'a>(extra: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["train", "--output-dir", "run"];
    args.extend(SMALL);
    args.extend(extra);
    args
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
