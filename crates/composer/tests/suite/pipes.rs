//! Standard output and standard error that are closed, full or read in part; `-` as input and output.

#![cfg(unix)]

use crate::common;

use common::songs::{song, write};
use common::{assert_refused, complaint, composer};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::{TempDir, tempdir};

/// A folder with music, a run and judgements.
fn here() -> TempDir {
    let here = tempdir().unwrap();
    for seed in 1..=4 {
        write(&here.path().join("songs"), &format!("{seed}.mid"), &song(seed));
    }
    write(here.path(), "tune.mid", &song(9));
    let judgements = "kind,listener,piece,system,system_b,answer\npair,a,1,x,y,a\npair,b,1,x,y,b\n";
    fs::write(here.path().join("judgements.csv"), judgements).unwrap();
    here
}

/// Commands that print, none of which takes long.
const PRINTING: [&[&str]; 13] = [
    &["--help"],
    &["train", "--help"],
    &["--version"],
    &[],
    &["inspect", "tune.mid"],
    &["inspect", "tune.mid", "--json"],
    &["score", "tune.mid"],
    &["ingest", "songs"],
    &["runs", "songs"],
    &["listening", "judgements.csv"],
    &["completions", "bash"],
    &["man"],
    &["train", "songs", "--hidden", "4", "--batch-size", "2", "--dry-run"],
];

fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

/// The writing end of a pipe that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn nobody_reads_the_output_and_every_command_ends_quietly() {
    let here = here();
    for args in PRINTING {
        let output = program(here.path(), args).stdout(closed_pipe()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
        let complaint = complaint(&output);
        assert!(
            !complaint.contains("panicked") && !complaint.contains("Broken pipe"),
            "{args:?}: {complaint}"
        );
    }
}

#[test]
fn a_full_disk_behind_the_output_is_told_in_a_sentence() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let here = here();
    for args in PRINTING {
        let output = program(here.path(), args).stdout(full()).output().unwrap();
        assert_refused(&output, 1, &["cannot write the output"]);
    }
}

#[test]
fn a_standard_error_that_is_closed_or_full_stops_nothing() {
    let here = here();
    for stderr in [closed_pipe(), full()] {
        let mut inspect = program(here.path(), &["inspect", "tune.mid", "--svg", "tune.svg"]);
        assert!(inspect.stderr(stderr).output().unwrap().status.success());
        fs::remove_file(here.path().join("tune.svg")).unwrap();
    }
    for stderr in [closed_pipe(), full()] {
        let output = program(here.path(), &["inspect", "missing.mid"]).stderr(stderr).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn files_that_were_asked_for_are_written_even_if_nobody_reads_the_output() {
    let here = here();
    let args = ["inspect", "tune.mid", "--svg", "tune.svg"];
    assert!(program(here.path(), &args).stdout(closed_pipe()).output().unwrap().status.success());
    assert!(here.path().join("tune.svg").exists());
}

/// Runs with bytes on the standard input.
fn fed(folder: &Path, args: &[&str], bytes: &[u8]) -> Output {
    let mut child = program(folder, args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait_with_output().unwrap()
}

#[test]
fn a_hyphen_is_the_standard_input_and_the_standard_output() {
    let here = here();
    let tune = fs::read(here.path().join("tune.mid")).unwrap();
    let accompanied = fed(here.path(), &["accompany", "-", "--melody-track", "0", "--output", "-"], &tune);
    assert!(accompanied.status.success(), "{}", complaint(&accompanied));
    assert_eq!(&accompanied.stdout[..4], b"MThd", "the file and nothing else");
    let again =
        composer(here.path(), &["accompany", "tune.mid", "--melody-track", "0", "--output", "file.mid"]);
    assert!(again.status.success(), "{}", complaint(&again));
    assert!(accompanied.stdout == fs::read(here.path().join("file.mid")).unwrap());
    let to_itself = fed(here.path(), &["accompany", "-", "--melody-track", "0"], &tune);
    assert!(to_itself.stdout == accompanied.stdout, "from the standard input to the standard output");

    for args in [
        &["inspect", "-"][..],
        &["score", "-"],
        &["ingest", "-", "--output-dir", "from-pipe"],
        &["compose", "--primer-midi", "-", "--length", "33bars", "--num-outputs", "1"],
    ] {
        let output = fed(here.path(), args, &tune);
        assert!(output.status.success(), "{args:?}: {}", complaint(&output));
    }
    let named = composer(here.path(), &["inspect", "/dev/stdin"]);
    assert!(!named.status.success(), "the standard input of tests is empty");

    let drawn = fed(here.path(), &["inspect", "-", "--svg", "-"], &tune);
    assert!(
        drawn.stdout.starts_with(b"<svg") && drawn.stdout.ends_with(b"</svg>\n"),
        "{}",
        complaint(&drawn)
    );
    assert!(!here.path().join("-").exists(), "no file of that name");
    let judged =
        fed(here.path(), &["listening", "-"], &fs::read(here.path().join("judgements.csv")).unwrap());
    assert!(judged.status.success(), "{}", complaint(&judged));
    assert!(String::from_utf8_lossy(&judged.stdout).contains("2 judgements"));
}

#[test]
fn a_hyphen_where_it_cannot_be_is_refused() {
    let here = here();
    for (args, words) in [
        (&["inspect", "tune.mid", "--svg", "-", "--json"][..], ["--json", "standard output"]),
        (&["accompany", "tune.mid", "--melody-track", "0", "--output", "-", "--wav"], ["--wav", "--output"]),
        (&["compose", "--num-outputs", "1", "--length", "1bars", "--output-dir", "-"], ["folder", "-"]),
        (&["train", "songs", "--task", "accompany", "--output", "-"], ["model", "--output"]),
        (&["inspect", "-"], ["standard input", "not a MIDI file"]),
    ] {
        assert_refused(&composer(here.path(), args), 2, &words);
        assert!(!here.path().join("-").exists());
    }
}
