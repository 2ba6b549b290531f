//! Links of the chapters: to other chapters, and to files of the project.

use crate::common::{chapters, project, prose};
use composer_course::include::join;

#[test]
fn every_link_leads_somewhere() {
    let (mut broken, mut seen) = (Vec::new(), 0);
    for (chapter, text) in chapters() {
        for target in prose(text).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            seen += 1;
            let path = join(&format!("docs/{chapter}"), target.split('#').next().unwrap_or(target));
            if !project().join(&path).exists() {
                broken.push(format!("{chapter}: {target}"));
            }
        }
    }
    assert!(seen > 60, "only {seen} links");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Paths in code spans of lessons and guides, such as `examples/exercises/lesson_1.rs`.
#[test]
fn every_file_that_the_text_names_exists() {
    let (mut missing, mut seen) = (Vec::new(), 0);
    for (chapter, text) in chapters().into_iter().filter(|(file, _)| file.contains('/')) {
        for span in prose(text).split('`').skip(1).step_by(2) {
            let starts = ["crates/", "examples/", "docs/", "scripts/", "datasets/"];
            let is_path = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if is_path && starts.iter().any(|start| span.starts_with(start)) {
                seen += 1;
                if !project().join(span).exists() {
                    missing.push(format!("{chapter}: {span}"));
                }
            }
        }
    }
    assert!(seen > 15, "only {seen} paths");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
