//! `composer course`: the pages are there, and the first one is named.

use crate::common;

use common::{assert_refused, complaint, composer};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

#[test]
fn the_course_is_written_into_a_folder() {
    let here = tempdir().unwrap();
    let output = composer(here.path(), &["course"]);
    assert_eq!((output.status.code(), complaint(&output).as_str()), (Some(0), ""));
    let page = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(page, "composer-course/index.html");
    let first = fs::read_to_string(here.path().join(page)).unwrap();
    for title in ["2. A recurrent network by hand", "For musicians", "What it cannot do"] {
        assert!(first.contains(title), "{title}");
    }
    let lesson = fs::read_to_string(here.path().join("composer-course/course/lesson_5.html")).unwrap();
    assert!(lesson.contains("let d_c_prev = d_c * f;"), "code of the crates is in the text");
    // Again, into the same folder and as JSON.
    let output = composer(here.path(), &["course", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["page"], "composer-course/index.html");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("file"), "a file").unwrap();
    let output = composer(here.path(), &["course", "--output-dir", "file"]);
    assert_refused(&output, 1, &["file", "cannot be written"]);
}

/// Every command in a block of the course and the guides has options that there are: with `--help` behind them, the command line is read and nothing is run.
#[test]
fn every_command_of_the_course_and_the_guides_is_one() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let here = tempdir().unwrap();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for folder in ["course", "guides"] {
        for entry in fs::read_dir(docs.join(folder)).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for line in
                text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).flat_map(str::lines)
            {
                let Some(command) = line.strip_prefix("composer ") else { continue };
                let command = command.split(" #").next().unwrap_or(command).trim();
                // Quotes around an argument with spaces.
                let quoted = command.split('"').enumerate();
                let words = quoted.flat_map(|(place, part)| {
                    if place % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
                });
                let output = composer(here.path(), &words.chain(["--help"]).collect::<Vec<_>>());
                seen += 1;
                if output.status.code() != Some(0) {
                    wrong.push(format!("composer {command}: {}", complaint(&output)));
                }
            }
        }
    }
    assert!(seen > 15, "only {seen} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
