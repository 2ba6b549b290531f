//! `diagnose` on the compositions of a model trained for seconds: repetition at temperature 0, harmonic drift at 3.

use crate::common;

use common::{complaint, composer, set, small_training};
use serde_json::Value;
use std::path::Path;
use tempfile::tempdir;

/// The first finding of every piece that the model composes; empty for none.
fn findings(here: &Path, temperature: &str) -> Vec<String> {
    let options = [
        "--num-outputs",
        "4",
        "--length",
        "8bars",
        "--temperature",
        temperature,
        "--output-dir",
        temperature,
    ];
    let output = composer(here, &[&["compose", "--model", "run/model.safetensors"][..], &options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let output = composer(here, &["diagnose", temperature, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let first = |row: &Value| row["diagnosis"]["findings"][0]["mode"].as_str().unwrap_or_default().to_owned();
    rows.as_array().expect("pieces").iter().map(first).collect()
}

#[test]
fn an_undertrained_model_repeats_at_temperature_0_and_drifts_at_3() {
    let here = tempdir().expect("a folder");
    let mut args = small_training(&[
        "--set",
        "training.seed=2",
        "--set",
        "model.network=coupled",
        "--set",
        "music.look_back=0",
        "--conditions",
        "none",
    ]);
    // With less it does not repeat yet.
    args.retain(|arg| !arg.contains("training.updates"));
    set(&mut args, "--epochs", "2");
    set(&mut args, "--num-outputs", "1");
    set(&mut args, "--length", "1bars");
    let output = composer(here.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(findings(here.path(), "0"), ["repetition"; 4]);
    assert_eq!(findings(here.path(), "3"), ["harmonic_drift"; 4]);
}
