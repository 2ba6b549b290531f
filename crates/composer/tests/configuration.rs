//! One configuration: file, options and settings; what it does not know; fine-tuning; the list of runs.

mod common;

use common::{assert_refused, complaint, composer, small_training};
use std::fs;
use tempfile::tempdir;

#[test]
fn a_dry_run_shows_every_setting_and_writes_nothing() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("my.toml"), "[model]\ncell = \"gru\"\nhidden = 20\n[training]\nepochs = 7\n")
        .unwrap();
    let args = [
        "train",
        "--dry-run",
        "--config",
        "my.toml",
        "--hidden",
        "24",
        "--set",
        "training.optimizer.kind=adamw",
    ];
    let output = composer(here.path(), &args);
    assert!(output.status.success(), "{}", complaint(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for words in [
        "cell = \"gru\"",
        "hidden = 24",
        "epochs = 7",
        "kind = \"adamw\"",
        "parameters",
        "MB",
        " s of training",
    ] {
        assert!(text.contains(words), "{words} in: {text}");
    }
    let files: Vec<_> = fs::read_dir(here.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "only the configuration itself is there");
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_name_wherever_they_stand() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("typo.toml"), "[training]\nlerning_rate = 0.1\n").unwrap();
    fs::write(here.path().join("text.toml"), "learning rate: fast").unwrap();
    let refused = |args: &[&str], words: &[&str]| {
        assert_refused(&composer(here.path(), &[&["train", "--output-dir", "run"], args].concat()), 2, words);
        assert!(!here.path().join("run").exists());
    };
    refused(&["--config", "typo.toml"], &["typo.toml", "training.lerning_rate", "training.learning_rate"]);
    refused(&["--config", "text.toml"], &["text.toml", "not TOML"]);
    refused(&["--config", "missing.toml"], &["missing.toml"]);
    refused(&["--set", "model.hiden=12"], &["model.hiden", "model.hidden"]);
    refused(&["--set", "training.epochs=many"], &["epochs"]);
    refused(
        &["--set", "training.sampling.curve=exponential", "--set", "training.sampling.k=3"],
        &["sampling.k"],
    );
    refused(&["--representation", "pictures"], &["pictures"]);
}

#[test]
fn a_model_can_be_trained_further_if_it_fits() {
    let here = tempdir().unwrap();
    assert!(composer(here.path(), &small_training(&[])).status.success());
    let mut args = small_training(&["--init-from", "run/model.safetensors"]);
    args[2] = "second";
    let output = composer(here.path(), &args);
    assert!(output.status.success(), "{}", complaint(&output));
    let first_loss = |run: &str| {
        let metrics = fs::read_to_string(here.path().join(run).join("metrics.jsonl")).unwrap();
        let epoch: serde_json::Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
        epoch["train_nll"].as_f64().unwrap()
    };
    assert!(first_loss("second") < 0.9 * first_loss("run"), "it begins where the other one ended");
    let mut args = small_training(&["--init-from", "run/model.safetensors", "--layers", "2"]);
    args[2] = "third";
    assert_refused(&composer(here.path(), &args), 2, &["model.layers", "--set model.layers=1"]);

    let output = composer(here.path(), &["runs", "."]);
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["run", "second", "lstm 1×16", "2/2", "finished", "shipped"] {
        assert!(text.contains(words), "{words} in: {text}");
    }
}
