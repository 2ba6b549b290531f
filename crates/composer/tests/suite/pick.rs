//! `compose --pick`: the compositions that are most like the reference, the best first.

use crate::common;

use common::songs::{song, write};
use common::{assert_refused, complaint, composer};
use composer_music::midi;
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;

fn scores(here: &Path, args: &[&str]) -> Vec<f64> {
    let output = composer(here, &[&["compose", "--length", "4bars", "--json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let score = |row: &Value| row["likeness"]["score"].as_f64().expect("a score");
    rows.as_array().expect("pieces").iter().map(score).collect()
}

#[test]
fn the_best_are_kept_best_first_and_said_so() {
    let here = tempdir().expect("a folder");
    let mut all = scores(here.path(), &["--num-outputs", "4", "--output-dir", "all"]);
    let best = scores(here.path(), &["--pick", "2", "--from", "4", "--output-dir", "best"]);
    let read = |name: &str| midi::read_file(here.path().join(name)).expect("reads").score;
    let place = all.iter().position(|&score| score == best[0]).expect("the same pieces are composed");
    assert_eq!(read("best/composition-1.mid"), read(&format!("all/composition-{}.mid", place + 1)));
    all.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(best, all[..2]);
    assert!(!here.path().join("best/composition-3.mid").exists());
    let args = ["compose", "--length", "4bars", "--pick", "1", "--from", "3", "--output-dir", "said"];
    let output = composer(here.path(), &args);
    let told = complaint(&output);
    assert!(told.contains("Kept the 1 of 3 pieces") && told.contains("the built-in corpus"), "{told}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("like the reference: ") && text.contains("reference pieces"), "{text}");
}

#[test]
fn other_references_are_used_and_impossible_choices_refused() {
    let here = tempdir().expect("a folder");
    (1..=24).for_each(|seed| write(&here.path().join("real"), &format!("song-{seed:02}.mid"), &song(seed)));
    let best = scores(here.path(), &["--pick", "1", "--from", "3", "--reference", "real"]);
    assert_eq!(best.len(), 1);
    let few = here.path().join("few");
    (1..=2).for_each(|seed| write(&few, &format!("song-{seed:02}.mid"), &song(seed)));
    for (args, words) in [
        (&["--pick", "3", "--from", "2"][..], &["--pick", "--from"][..]),
        (&["--pick", "0"], &["--pick"]),
        (&["--pick", "1", "--reference", "absent"], &["absent"]),
        (&["--from", "4"], &["--pick"]),
    ] {
        let options = ["compose", "--length", "1bar", "--output-dir", "none"];
        assert_refused(&composer(here.path(), &[&options[..], args].concat()), 2, words);
        assert!(!here.path().join("none").exists(), "{args:?}: nothing is written");
    }
}
