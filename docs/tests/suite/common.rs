//! Files of the book and of the project.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the book.
pub fn book() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the project.
pub fn project() -> PathBuf {
    book().join("..")
}

/// The text of a file of the project.
pub fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every chapter with its text, includes as they are.
pub fn chapters() -> Vec<(String, &'static str)> {
    let with_text = composer_course::chapters().into_iter().map(|file| {
        let text = composer_course::chapter(&file).expect("a chapter");
        (file, text)
    });
    with_text.collect()
}

/// The lessons: 1 to 8.
pub fn lessons() -> Vec<(usize, &'static str)> {
    (1..=8)
        .map(|n| (n, composer_course::chapter(&format!("course/lesson_{n}.md")).expect("a lesson")))
        .collect()
}

/// A text without fenced blocks.
pub fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    lines.collect::<Vec<_>>().join("\n")
}
