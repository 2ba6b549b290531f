//! `composer course`: the pages are there, and the first one is named.

use crate::common;

use common::{assert_refused, complaint, composer};
use serde_json::Value;
use std::fs;
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
