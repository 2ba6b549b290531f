//! One configuration: file, options and settings; what it does not know; fine-tuning; the list of runs.

use crate::common;

use common::{
    assert_refused, complaint, composer, copy_of_trained, piano_files, set, small_training, trained_again,
};
use std::fs;
use std::path::Path;
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
    let here = copy_of_trained();
    let mut args = small_training(&["--init-from", "run/model.safetensors"]);
    args[2] = "second";
    set(&mut args, "--num-outputs", "1");
    set(&mut args, "--length", "1bars");
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
    let mut args =
        small_training(&["--init-from", "run/model.safetensors", "--set", "model.network=biaxial"]);
    args[2] = "third";
    assert_refused(&composer(here.path(), &args), 2, &["model.network note-wise", "model.network=note-wise"]);
    let mut args = small_training(&["--init-from", "run/model.safetensors", "--representation", "events"]);
    args[2] = "fourth";
    let words = ["reads music as frames", "--representation frames"];
    assert_refused(&composer(here.path(), &args), 2, &words);

    // It diverges before an epoch is over: there is advice, and no model to begin with.
    let diverging = ["training.learning_rate=1e30", "training.clip_grad_norm=1e30"];
    let mut args = small_training(&["--cell", "rnn-relu", "--set", diverging[0], "--set", diverging[1]]);
    args[2] = "diverging";
    let output = composer(here.path(), &args);
    assert_refused(&output, 1, &["update", "smaller training.learning_rate"]);
    assert!(!complaint(&output).contains("--init-from"), "{}", complaint(&output));

    let output = composer(here.path(), &["runs", "."]);
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["run", "second", "lstm 1×16", "1/1", "finished", "built-in"] {
        assert!(text.contains(words), "{words} in: {text}");
    }
}

#[test]
fn a_model_file_says_how_it_was_trained() {
    let here = copy_of_trained();
    let configuration = fs::read_to_string(here.path().join("run/config.toml")).unwrap();
    for model in ["run/model.safetensors", "run/last.safetensors"] {
        let output = composer(here.path(), &["runs", model]);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), configuration, "{model}");
    }
    let read = |here: &Path| fs::read(here.join("run/model.safetensors")).unwrap();
    assert!(read(here.path()) == read(trained_again()), "the same settings make the same model");
}

/// A folder with `songs`, the four shortest piano pieces.
fn short_songs() -> tempfile::TempDir {
    let here = tempdir().unwrap();
    fs::create_dir(here.path().join("songs")).unwrap();
    let mut files = piano_files();
    files.sort_by_key(|file| fs::metadata(file).unwrap().len());
    for file in &files[..4] {
        fs::copy(file, here.path().join("songs").join(file.file_name().unwrap())).unwrap();
    }
    here
}

/// A small training on them, with these settings.
fn train_on_songs(
    here: &std::path::Path,
    run: &str,
    representation: &str,
    settings: &[&str],
) -> std::process::Output {
    let args = ["train", "songs", "--output-dir", run, "--representation", representation];
    let size = ["--epochs", "1", "--hidden", "8", "--num-outputs", "1", "--length", "1bars"];
    let settings = settings.iter().flat_map(|&setting| ["--set", setting]);
    composer(here, &args.into_iter().chain(size).chain(settings).collect::<Vec<_>>())
}

#[test]
fn tokens_are_varied_while_they_are_learnt_and_what_would_change_nothing_is_refused() {
    let here = short_songs();
    let train = |run: &str, representation: &str, settings: &[&str]| {
        train_on_songs(here.path(), run, representation, settings)
    };
    let model = |run: &str, settings: &[&str]| {
        let plain = ["training.transpose=0", "training.copies=1"];
        let output = train(run, "events", &[&plain, settings].concat());
        assert!(output.status.success(), "{}", complaint(&output));
        let model = here.path().join(run).join("last.safetensors");
        // The configuration in the file differs; the weights are its end.
        let bytes = fs::read(model).unwrap();
        bytes[bytes.len() - 4000..].to_vec()
    };
    let plain = model("plain", &[]);
    let mut seen = vec![plain];
    for (run, setting) in [
        ("keys", "training.transpose=6"),
        ("tempos", "training.stretch=1.2"),
        ("loudness", "training.velocity=20"),
    ] {
        let varied = model(run, &[setting]);
        assert!(!seen.contains(&varied), "{setting} changes what is learnt");
        assert!(model(&format!("{run}-again"), &[setting]) == varied, "{setting} is seeded");
        seen.push(varied);
    }
    for (representation, setting, words) in [
        ("frames", "training.stretch=1.2", ["frames", "do not encode the tempo"]),
        ("metrical-events", "training.stretch=1.2", ["metrical-events", "do not encode the tempo"]),
        ("voices", "training.velocity=20", ["voices", "do not encode velocity"]),
        ("events", "training.stretch=3", ["training.stretch", "from 1"]),
        ("events", "training.velocity=64", ["training.velocity", "from 0"]),
    ] {
        assert_refused(&train("refused", representation, &[setting]), 2, &words);
        assert!(!here.path().join("refused").exists());
    }
}

#[test]
fn networks_of_tokens_have_vectors_tied_weights_and_mixtures_and_networks_of_frames_do_not() {
    let here = short_songs();
    let train = |run: &str, representation: &str, settings: &[&str]| {
        let plain = ["training.transpose=0", "training.copies=1"];
        train_on_songs(here.path(), run, representation, &[&plain, settings].concat())
    };
    let all = ["longest_match=true", "tie_weights=true", "embedding_dropout=0.1", "softmaxes=2"];
    let output = train("run", "remi", &all);
    assert!(output.status.success(), "{}", complaint(&output));
    let settings = fs::read_to_string(here.path().join("run/config.toml")).unwrap();
    for words in ["tie_weights = true", "embedding_dropout = 0.1", "softmaxes = 2", "longest_match = true"] {
        assert!(settings.contains(words), "{words} in {settings}");
    }
    for args in [
        ["compose", "--model", "run/model.safetensors", "--length", "1bars", "--beam-width", "2"],
        ["train", "--resume", "run", "--epochs", "2", "--length", "1bars"],
    ] {
        let output = composer(here.path(), &[&args[..], &["--num-outputs", "1"]].concat());
        assert!(output.status.success(), "{}", complaint(&output));
    }
    let from = "init_from='run/model.safetensors'";
    let output = train("further", "remi", &[from]);
    assert!(output.status.success(), "{}", complaint(&output));
    let further = fs::read_to_string(here.path().join("further/config.toml")).unwrap();
    for words in ["tie_weights = true", "embedding_dropout = 0.1", "softmaxes = 2", "longest_match = true"] {
        assert!(further.contains(words), "the network of the model is kept: {words} in {further}");
    }
    for (representation, settings, words) in [
        (
            "remi",
            &[from, "tie_weights=false", "softmaxes=1"][..],
            &["model.tie_weights true", "--set model.tie_weights=true --set model.softmaxes=2"][..],
        ),
        ("frames", &all, &["networks of tokens", "frames"]),
        ("remi", &["tie_weights=true", "model.embedding=3"], &["embedding is 3, and must be 8"]),
        ("remi", &["softmaxes=0"], &["softmaxes is 0"]),
        ("remi", &["embedding_dropout=1"], &["embedding_dropout is 1", "below 1"]),
    ] {
        assert_refused(&train("refused", representation, settings), 2, words);
        assert!(!here.path().join("refused").exists());
    }
}

#[test]
fn networks_of_frames_attend_to_past_bars_and_networks_of_tokens_do_not() {
    let here = short_songs();
    let train = |run: &str, representation: &str, settings: &[&str]| {
        let plain = ["training.transpose=0", "training.copies=1"];
        train_on_songs(here.path(), run, representation, &[&plain, settings].concat())
    };
    let output = train("run", "frames", &["bar_attention=4"]);
    assert!(output.status.success(), "{}", complaint(&output));
    for args in [
        ["compose", "--model", "run/model.safetensors", "--length", "2bars"],
        ["train", "--resume", "run", "--epochs", "2"],
    ] {
        let output = composer(here.path(), &[&args[..], &["--num-outputs", "1"]].concat());
        assert!(output.status.success(), "{}", complaint(&output));
    }
    let from = "init_from='run/model.safetensors'";
    let output = train("further", "frames", &[from]);
    assert!(output.status.success(), "{}", complaint(&output));
    let further = fs::read_to_string(here.path().join("further/config.toml")).unwrap();
    assert!(further.contains("bar_attention = 4"), "the network of the model is kept: {further}");
    for (representation, settings, words) in [
        ("frames", &[from, "bar_attention=0"][..], &["--set model.bar_attention=4"]),
        ("frames", &["bar_attention=4", "bar_line=0"], &["set music.bar_line to 2 or more"]),
        ("remi", &["bar_attention=4"], &["only a network of frames attends to past bars"]),
    ] {
        assert_refused(&train("refused", representation, settings), 2, words);
        assert!(!here.path().join("refused").exists());
    }
    let output = train("again", "frames", &["bar_attention=4", "recompute=true"]);
    assert_refused(&output, 2, &["training.recompute is true"]);
}

#[test]
fn note_wise_networks_decide_lengths_and_velocities_and_refuse_what_they_cannot_do() {
    let here = short_songs();
    let train = |run: &str, representation: &str, settings: &[&str]| {
        let plain = ["training.transpose=0", "training.copies=1"];
        train_on_songs(here.path(), run, representation, &[&plain, settings].concat())
    };
    let output = train("run", "frames", &["note_lengths=16", "note_velocities=8"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let model = ["--model", "run/model.safetensors"];
    let compose =
        ["compose", "--num-outputs", "1", "--length", "2bars", "--no-ending", "--output-dir", "out"];
    let output = composer(here.path(), &[&compose[..], &model, &["--length-temperature", "0.5"]].concat());
    assert!(output.status.success(), "{}", complaint(&output));
    let mut composed = fs::read_dir(here.path().join("out")).unwrap().map(|entry| entry.unwrap().path());
    let midi = composed.find(|path| path.extension().is_some_and(|is| is == "mid")).unwrap();
    let score = composer_music::midi::read_file(midi).expect("reads").score;
    let loud: std::collections::BTreeSet<u8> = score.notes().map(|note| note.velocity).collect();
    // The middles of eight bins; 80 is the velocity of notes without one.
    assert!(!loud.is_empty() && loud.iter().all(|velocity| velocity % 16 == 8), "{loud:?}");
    let output = composer(here.path(), &["train", "--resume", "run", "--epochs", "2", "--length", "1bars"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let from = "init_from='run/model.safetensors'";
    let output = train("further", "frames", &[from]);
    assert!(output.status.success(), "{}", complaint(&output));
    let further = fs::read_to_string(here.path().join("further/config.toml")).unwrap();
    assert!(further.contains("note_lengths = 16") && further.contains("note_velocities = 8"), "{further}");
    for (representation, settings, words) in [
        ("frames", &[from, "note_lengths=8"][..], "--set music.note_lengths=16"),
        ("frames", &["note_velocities=8"], "music.note_velocities needs music.note_lengths"),
        ("frames", &["note_lengths=64", "network=coupled"], "for note-wise networks"),
        ("frames", &["note_lengths=64", "sampling.curve=linear"], "scheduled sampling"),
        ("remi", &["note_lengths=64"], "for networks of frames"),
    ] {
        assert_refused(&train("refused", representation, settings), 2, &[words]);
        assert!(!here.path().join("refused").exists());
    }
    let song = fs::read_dir(here.path().join("songs")).unwrap().next().unwrap().unwrap().path();
    let song = song.to_str().unwrap();
    for args in [
        &["compose", "--top-voices", "2"][..],
        &["compose", "--hold-temperature", "1"],
        &["infill", song, "--bars", "2"],
        &["vary", song],
        &["score", song],
    ] {
        assert_refused(&composer(here.path(), &[args, &model].concat()), 2, &["decides how long"]);
    }
}

/// The value of a key in the settings that a dry run prints.
fn setting(here: &std::path::Path, key: &str, args: &[&str]) -> String {
    let output = composer(here, &[&["train", "--dry-run"], args].concat());
    assert!(output.status.success(), "{}", complaint(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = ")));
    line.unwrap_or_else(|| panic!("{key} in {text}")).split_once(" = ").unwrap().1.to_owned()
}

#[test]
fn an_option_lies_over_the_file_and_the_file_over_the_preset() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("my.toml"), "hidden = 20\n[training]\nseed = 1\nepochs = 7\n").unwrap();
    let file = ["--config", "my.toml"];
    assert_eq!(setting(here.path(), "seed", &file), "1");
    assert_eq!(setting(here.path(), "seed", &[&file[..], &["--seed", "5"]].concat()), "5");
    assert_eq!(setting(here.path(), "hidden", &file), "20", "a flat name in a file");
    let both = ["--config", "my.toml", "--preset", "good", "--set", "learning_rate=0.001"];
    assert_eq!(setting(here.path(), "epochs", &both), "7");
    assert_eq!(setting(here.path(), "learning_rate", &both), "0.001");
    let output = composer(here.path(), &["train", "--preset", "slow"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("quick, good, overnight"), "{}", complaint(&output));
    let args = ["train", "--output-dir", "run", "--set", "kind=adamw"];
    assert_refused(&composer(here.path(), &args), 2, &["training.optimizer.kind", "whole name"]);
}

#[test]
fn settings_of_the_last_version_still_load() {
    let here = tempdir().unwrap();
    let old = here.path().join("old.toml");
    for (coupled, network) in [("true", "coupled"), ("false", "independent")] {
        fs::write(&old, format!("[model]\nhidden = 192\ncoupled = {coupled}\n")).unwrap();
        assert_eq!(setting(here.path(), "network", &["--config", "old.toml"]), format!("\"{network}\""));
    }
    // The settings that a model was trained with, in its file.
    let model =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tests/old/coupled.safetensors");
    let args = ["--config", model.to_str().unwrap()];
    assert_eq!(setting(here.path(), "hidden", &args), "192");
    assert_eq!(setting(here.path(), "network", &args), "\"coupled\"");
    let text = composer(here.path(), &["runs", args[1]]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("[training]"), "{}", complaint(&text));
}
