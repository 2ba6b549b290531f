//! `composer sweep`: every combination is trained, a failed one stops no other, and what is finished is not trained again.

use crate::common::songs::{song, write};
use crate::common::{complaint, composer};
use std::fs;
use tempfile::tempdir;

#[test]
fn a_grid_is_trained_once_and_a_failed_cell_stops_no_other() {
    let here = tempdir().unwrap();
    (1..=6).for_each(|seed| write(&here.path().join("songs"), &format!("{seed}.mid"), &song(seed)));
    let grid = "[settings]\nfolder = \"songs\"\n\"training.updates\" = 2\nepochs = 1\nbatch_size = 4\ntbptt_len = 16\nlayers = 1\n\
                \"run.samples\" = false\n[grid]\nhidden = [8, 0, 12]\n";
    fs::write(here.path().join("grid.toml"), grid).unwrap();
    let run = || composer(here.path(), &["sweep", "grid.toml", "--jobs", "2", "--csv", "--quiet"]);
    let first = run();
    assert_eq!(first.status.code(), Some(1), "{}", complaint(&first));
    let text = String::from_utf8(first.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].starts_with("\"hidden=8\",") && lines[1].ends_with(",\"\""), "{text}");
    assert!(lines[2].contains("hidden"), "the second has no hidden units: {text}");
    assert!(complaint(&run()).contains("1 of 3"));
    let model = here.path().join("sweep/hidden=8/model.safetensors");
    let written = fs::metadata(&model).unwrap().modified().unwrap();
    assert_eq!(String::from_utf8(run().stdout).unwrap(), text, "the figures of before");
    assert_eq!(fs::metadata(&model).unwrap().modified().unwrap(), written);
}

#[test]
fn a_grid_that_cannot_be_used_is_refused_in_a_sentence() {
    let here = tempdir().unwrap();
    for (grid, words) in [
        ("[grid]\n", "[grid]"),
        ("[grid]\nhiden = [8]\n", "hidden"),
        ("hidden = [8]\n", "unknown field"),
        ("preset = \"fast\"\n[grid]\nhidden = [8]\n", "fast"),
    ] {
        fs::write(here.path().join("grid.toml"), grid).unwrap();
        let refused = composer(here.path(), &["sweep", "grid.toml"]);
        assert_eq!(refused.status.code(), Some(2), "{grid}: {}", complaint(&refused));
        assert!(complaint(&refused).contains(words), "{grid}: {}", complaint(&refused));
    }
    assert!(!here.path().join("sweep").exists());
}
