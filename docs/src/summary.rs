//! The table of contents, in the form of mdBook's `SUMMARY.md`.

use crate::Error;

/// Chapters under one heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The heading; empty for what stands before the first one.
    pub title: String,
    /// Its chapters.
    pub entries: Vec<Entry>,
}

/// A chapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub title: String,
    /// The Markdown file, from the folder of the book.
    pub file: String,
    /// How far it is indented below the chapter before: 0 or 1.
    pub depth: usize,
}

impl Entry {
    /// The page of the chapter: `course/README.md` is `course/index.html`.
    pub fn page(&self) -> String {
        page_of(&self.file)
    }
}

/// The page of a Markdown file.
pub(crate) fn page_of(file: &str) -> String {
    let stem = file.strip_suffix(".md").unwrap_or(file);
    match stem.strip_suffix("README") {
        Some(folder) => format!("{folder}index.html"),
        None => format!("{stem}.html"),
    }
}

/// Reads a table of contents.
///
/// # Errors
/// A line is neither blank, a heading, nor a link to a chapter.
pub fn parse(text: &str) -> Result<Vec<Part>, Error> {
    let mut parts = vec![Part::default()];
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed == "# Summary" || trimmed == "---" {
            continue;
        }
        if let Some(title) = trimmed.strip_prefix("# ") {
            parts.push(Part { title: title.to_owned(), entries: Vec::new() });
            continue;
        }
        let link = trimmed.trim_start_matches("- ").strip_prefix('[').and_then(|rest| rest.split_once("]("));
        let entry = link.and_then(|(title, rest)| {
            let depth = usize::from(line.starts_with("  "));
            Some(Entry { title: title.to_owned(), file: rest.strip_suffix(')')?.to_owned(), depth })
        });
        let wrong = || Error::Summary { line: number + 1, text: line.to_owned() };
        parts.last_mut().ok_or_else(wrong)?.entries.push(entry.ok_or_else(wrong)?);
    }
    parts.retain(|part| !part.entries.is_empty());
    Ok(parts)
}
