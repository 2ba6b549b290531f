//! The pages as `composer course` writes them.

use crate::common::{chapters, project, read};
use composer_course::{include, pages, summary};
use std::collections::BTreeSet;

#[test]
fn the_table_of_contents_lists_every_chapter_once() {
    let parts = summary::parse(&read("docs/SUMMARY.md")).expect("a summary");
    let listed: Vec<String> =
        parts.iter().flat_map(|part| &part.entries).map(|entry| entry.file.clone()).collect();
    let once: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "twice: {listed:?}");
    let mut on_disk = BTreeSet::new();
    for folder in ["", "course/", "guides/", "derivations/"] {
        for entry in std::fs::read_dir(project().join("docs").join(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") && name != "SUMMARY.md" {
                on_disk.insert(format!("{folder}{name}"));
            }
        }
    }
    assert_eq!(once.into_iter().cloned().collect::<BTreeSet<_>>(), on_disk);
    assert_eq!(on_disk, chapters().into_iter().map(|(file, _)| file).collect(), "what the program carries");
}

#[test]
fn what_is_included_is_what_stands_in_the_sources() {
    let collected = include::collect(&project()).expect("every anchor exists");
    assert!(
        collected == read("docs/excerpts.txt"),
        "docs/excerpts.txt is not that of the sources: cargo run -p composer-course --example excerpts"
    );
    assert!(!collected.contains("ANCHOR"), "a mark is left");
    // Every anchor is opened once and closed once.
    let mut seen = 0;
    for (chapter, text) in chapters() {
        for (path, anchor) in include::includes(text, &chapter) {
            let source = read(&path);
            let Some(anchor) = anchor else { continue };
            for mark in ["ANCHOR: ", "ANCHOR_END: "] {
                let count = source
                    .lines()
                    .filter(|line| line.trim().ends_with(&format!("// {mark}{anchor}")))
                    .count();
                assert_eq!(count, 1, "{path}: {mark}{anchor}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 16, "only {seen} excerpts");
}

#[test]
fn the_book_is_written_and_asks_for_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = composer_course::write(folder.path()).expect("the book");
    let page = std::fs::read_to_string(&first).expect("the first page");
    assert!(page.contains(r#"href="course/lesson_8.html""#));
    let mut bytes = 0;
    for page in pages().expect("pages") {
        let path = folder.path().join(&page.path);
        let html = std::fs::read_to_string(&path).expect("a page");
        assert_eq!(html, page.html);
        bytes += html.len();
        for left in ["{{#", "src=\"http", "<link rel=\"stylesheet\" href=\"http", "crate::"] {
            assert!(!html.contains(left), "{}: {left}", page.path);
        }
        // Every link within the book, every picture and every script exists.
        for quoted in ["href=\"", "src=\""] {
            for target in html.split(quoted).skip(1).filter_map(|rest| rest.split('"').next()) {
                if target.contains(':') || target.starts_with('#') {
                    continue;
                }
                let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
                let to = path.parent().expect("a folder").join(file);
                assert!(to.exists(), "{} leads to {target}", page.path);
                if !fragment.is_empty() {
                    let there = std::fs::read_to_string(&to).expect("a page");
                    assert!(there.contains(&format!("id=\"{fragment}\"")), "{} leads to {target}", page.path);
                }
            }
        }
    }
    assert!(bytes < 3_000_000, "{bytes} bytes");
    assert!(std::fs::metadata(folder.path().join("maths.js")).expect("KaTeX").len() > 200_000);
}

#[test]
fn what_cannot_be_included_is_named() {
    let nothing = |_: &str, _: Option<&str>| None;
    let wrong =
        include::resolve("a {{#include ../x.rs:y}} b", "course/z.md", &nothing).expect_err("there is none");
    assert_eq!(wrong.to_string(), "course/z.md includes ../x.rs:y, which does not exist");
    let source = "a\n    // ANCHOR: x\n    b\n\n      c\n    // ANCHOR_END: x\nd\n";
    assert_eq!(include::anchored(source, "x").as_deref(), Some("b\n\n  c\n"));
    assert_eq!(include::anchored(source, "y"), None);
    let wrong = summary::parse("# Summary\n\nnonsense\n").expect_err("no link");
    assert!(wrong.to_string().contains("line 3"), "{wrong}");
}
