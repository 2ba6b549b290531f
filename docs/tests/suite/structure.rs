//! Every lesson has its parts.

use crate::common::{lessons, prose, read};

#[test]
fn every_lesson_has_all_of_its_parts() {
    for (lesson, text) in lessons() {
        let has = |what: &str| assert!(text.contains(what), "lesson {lesson} has no {what:?}");
        for heading in [
            "## The idea",
            "## The equation",
            "## The code",
            "## Try it",
            "## Questions",
            "## Exercise",
            "## Where to go on",
        ] {
            has(heading);
        }
        has("```math");
        has("{{#include ../../crates/");
        has(&format!("cargo run --release -p composer-examples --example lesson_{lesson}"));
        has(&format!("cargo test -p composer-exercises -- --ignored lesson_{lesson}"));
        has(&format!("(../figures/lesson_{lesson}_"));
        assert!(text.starts_with(&format!("# {lesson}. ")), "lesson {lesson}");
        assert_eq!(text.matches("<details><summary>").count(), 3, "lesson {lesson}: questions");
        assert_eq!(text.matches("</details>").count(), 3, "lesson {lesson}: answers");
        let words =
            prose(text).split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
        assert!((800..=1500).contains(&words), "lesson {lesson} has {words} words");
        // Every picture has words for those who do not see it.
        for picture in text.split("![").skip(1) {
            assert!(
                picture.split(']').next().is_some_and(|words| words.len() > 20),
                "lesson {lesson}: {picture:.40}"
            );
        }
    }
}

#[test]
fn every_program_that_a_lesson_starts_is_there() {
    let examples = read("examples/Cargo.toml");
    for lesson in 1..=8 {
        assert!(examples.contains(&format!("name = \"lesson_{lesson}\"")), "lesson {lesson}");
    }
}
