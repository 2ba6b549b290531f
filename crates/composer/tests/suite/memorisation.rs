//! `evaluate` detects the copies of an overfitted model, and none of a model that generalises.

use crate::common;

use common::songs::{song, write};
use common::{complaint, composer};
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;

/// Pieces of a set that share more with the training pieces than those share with each other, and all of the set.
fn copied(here: &Path, model: &str, temperature: &str) -> (usize, usize) {
    let compose = [
        "compose",
        "--model",
        model,
        "--num-outputs",
        "4",
        "--length",
        "16bars",
        "--temperature",
        temperature,
        "--output-dir",
        "out",
    ];
    // A folder of its own for each model: a used one is refused.
    let _ = std::fs::remove_dir_all(here.join("out"));
    let output = composer(here, &compose);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let output = composer(here, &["evaluate", "out", "--reference", "music", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let record: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let pieces = record["sets"][0]["assessment"]["pieces"].as_array().expect("pieces");
    let copies = pieces.iter().filter(|piece| piece["originality"]["copied"] == true);
    for piece in pieces {
        println!("{}", piece["originality"]["overlap"]["longest"]);
    }
    (copies.count(), pieces.len())
}

#[test]
fn copies_of_an_overfitted_model_are_detected() {
    let here = tempdir().expect("a folder");
    (1..=6).for_each(|seed| write(&here.path().join("music"), &format!("song-{seed:02}.mid"), &song(seed)));
    let train = |run: &str, extra: &[&str]| {
        let common = ["train", "music", "--output-dir", run, "--num-outputs", "1", "--length", "1bars"];
        let common = [&common[..], &["--conditions", "none"]].concat();
        let output = composer(here.path(), &[&common[..], extra].concat());
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    };
    let common = ["--batch-size", "8", "--learning-rate", "0.01", "--set", "run.samples=false"];
    let overfitting = "--epochs 100 --hidden 64 --dropout 0 --set model.note_hidden=64 --set training.transpose=0 \
         --set training.patience=0 --set training.copies=1";
    train("overfitted", &overfitting.split_whitespace().chain(common).collect::<Vec<_>>());
    let regularised = "--epochs 24 --hidden 48 --dropout 0.2 --set model.note_hidden=48";
    train("regularised", &regularised.split_whitespace().chain(common).collect::<Vec<_>>());
    let (overfitted, of) = copied(here.path(), "overfitted/last.safetensors", "0.3");
    assert_eq!(overfitted, of, "copies found");
    let (regularised, of) = copied(here.path(), "regularised/model.safetensors", "1");
    assert_eq!(regularised, 0, "of {of}");
}
