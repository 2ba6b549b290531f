//! The same seed gives the same bytes: twice, and on one thread and on two.

use crate::common;

use common::{complaint, composer, small_training, trained, trained_again};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

#[test]
fn model_and_music_are_the_same_bytes_on_one_thread_and_on_two() {
    let files = |here: &Path| {
        ["model.safetensors", "composition-1.mid", "composition-2.mid", "composition-1.wav"]
            .map(|file| fs::read(here.join("run").join(file)).unwrap())
    };
    let here = tempdir().unwrap();
    let args = small_training(&["--set=run.samples=true", "--set=run.beside=compose", "--threads", "1"]);
    let output = composer(here.path(), &args);
    assert!(output.status.success(), "{}", complaint(&output));
    let runs = [files(here.path()), files(trained_again()), files(trained())];
    for (number, name) in ["model", "first MIDI", "second MIDI", "first WAV"].iter().enumerate() {
        assert!(runs[1][number] == runs[2][number], "the {name} differs between two equal runs");
        assert!(runs[0][number] == runs[1][number], "the {name} differs between one thread and two");
    }
    assert!(runs[0][1] != runs[0][2], "two compositions of one run must differ");
}

#[test]
fn another_seed_gives_other_music_from_the_same_model() {
    let here = tempdir().unwrap();
    let model = trained().join("run/model.safetensors");
    let compose = |seed: &str, folder: &str| {
        let args = ["compose", "--model", model.to_str().unwrap(), "--length", "1bars", "--seed", seed];
        let output = composer(here.path(), &[&args[..], &["--output-dir", folder]].concat());
        assert!(output.status.success(), "{}", complaint(&output));
        fs::read(here.path().join(folder).join("composition-1.mid")).unwrap()
    };
    let (first, again, other) = (compose("1", "a"), compose("1", "b"), compose("2", "c"));
    assert!(first == again);
    assert!(first != other);
}
