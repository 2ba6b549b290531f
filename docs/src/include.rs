//! `{{#include PATH:ANCHOR}}`, as mdBook has it: a file, or what stands between `ANCHOR: name` and `ANCHOR_END: name` in it.

use crate::Error;

const OPEN: &str = "{{#include ";
const CLOSE: &str = "}}";

/// Every path and anchor that a chapter includes, the path from the folder of the project.
pub fn includes(text: &str, chapter: &str) -> Vec<(String, Option<String>)> {
    let parts = text.split(OPEN).skip(1).filter_map(|rest| rest.split_once(CLOSE));
    parts.map(|(what, _)| target(what, chapter)).collect()
}

/// The text with its includes replaced by what `excerpt` gives for a path and an anchor.
///
/// # Errors
/// It gives nothing for one of them.
pub fn resolve(
    text: &str,
    chapter: &str,
    excerpt: &dyn Fn(&str, Option<&str>) -> Option<String>,
) -> Result<String, Error> {
    let mut parts = text.split(OPEN);
    let mut resolved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (what, rest) = part.split_once(CLOSE).unwrap_or((part, ""));
        let (path, anchor) = target(what, chapter);
        let found = excerpt(&path, anchor.as_deref())
            .ok_or_else(|| Error::NoExcerpt { chapter: chapter.to_owned(), what: what.to_owned() })?;
        resolved.push_str(found.trim_end());
        resolved.push_str(rest);
    }
    Ok(resolved)
}

/// `../../crates/a.rs:name` in `course/lesson_1.md` is `crates/a.rs` and `name`.
fn target(what: &str, chapter: &str) -> (String, Option<String>) {
    let (path, anchor) = match what.trim().split_once(':') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (what.trim(), None),
    };
    (join(&format!("docs/{chapter}"), path), anchor)
}

/// A relative path in a file, from the folder of the project.
pub fn join(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What stands between the marks of an anchor, without the marks of others, and without the indentation that all lines share.
pub fn anchored(source: &str, name: &str) -> Option<String> {
    let mark = |line: &str, word: &str| line.split_once(word).is_some_and(|(_, rest)| rest.trim() == name);
    let from = source.lines().position(|line| mark(line, "ANCHOR: "))?;
    let length = source.lines().skip(from + 1).position(|line| mark(line, "ANCHOR_END: "))?;
    let kept = source.lines().skip(from + 1).take(length);
    let kept: Vec<&str> =
        kept.filter(|line| !line.contains("ANCHOR: ") && !line.contains("ANCHOR_END: ")).collect();
    let indentation = kept.iter().filter(|line| !line.trim().is_empty());
    let indentation = indentation.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<&str> = kept.iter().map(|line| line.get(indentation..).unwrap_or("")).collect();
    Some(lines.join("\n") + "\n")
}

/// What the chapters include by anchor, read from the sources in the folder of the project: the contents of `excerpts.txt`.
///
/// # Errors
/// A source cannot be read, or has no such anchor.
pub fn collect(root: &std::path::Path) -> Result<String, Error> {
    let mut excerpts = std::collections::BTreeMap::new();
    for chapter in crate::chapters() {
        let text = crate::chapter(&chapter).unwrap_or_default();
        for (path, anchor) in includes(text, &chapter) {
            let Some(anchor) = anchor else { continue };
            let what = format!("{path}:{anchor}");
            let source = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
            let found = anchored(&source, &anchor);
            let missing = || Error::NoExcerpt { chapter: chapter.clone(), what: what.clone() };
            excerpts.insert(what.clone(), found.ok_or_else(missing)?);
        }
    }
    Ok(excerpts.iter().map(|(what, text)| format!("=== {what}\n{text}")).collect())
}
