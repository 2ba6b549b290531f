//! A training that was interrupted, killed, damaged or run twice: nothing is lost but time, and nothing is silently wrong.

use crate::common;

use common::{assert_refused, complaint, composer, copy_run, piano_files};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

/// Times that a training is killed. The full size: `COMPOSER_KILLS=100 cargo test --release --test resume`.
fn kills() -> u64 {
    std::env::var("COMPOSER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// A folder with the four shortest piano pieces in `corpus`.
fn here() -> TempDir {
    let here = tempdir().unwrap();
    fs::create_dir(here.path().join("corpus")).unwrap();
    let mut files = piano_files();
    files.sort_by_key(|file| fs::metadata(file).unwrap().len());
    for file in &files[..4] {
        fs::copy(file, here.path().join("corpus").join(file.file_name().unwrap())).unwrap();
    }
    here
}

/// A training of a few seconds that saves at every third update.
const TRAIN: [&str; 20] = [
    "train",
    "corpus",
    "--epochs",
    "5",
    "--hidden",
    "24",
    "--layers",
    "2",
    "--batch-size",
    "4",
    "--num-outputs",
    "1",
    "--length",
    "2bars",
    "--set=run.checkpoint_updates=3",
    "--set=run.samples=false",
    "--set=training.sampling.curve=inverse-sigmoid",
    "--set=training.sampling.k=40",
    "--set=training.ema_decay=0.9",
    "--output-dir",
];

fn train(folder: &Path, run: &str) -> std::process::Output {
    composer(folder, &[&TRAIN[..], &[run]].concat())
}

/// The folder of that training, `whole`, from its beginning to its end, and the time that it took. Trained once, for all tests that compare
/// with it.
fn whole() -> &'static (TempDir, Duration) {
    static WHOLE: OnceLock<(TempDir, Duration)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let (here, began) = (here(), Instant::now());
        let output = train(here.path(), "whole");
        assert!(output.status.success(), "{}", complaint(&output));
        (here, began.elapsed())
    })
}

fn whole_results() -> (Vec<u8>, Vec<u8>, Vec<serde_json::Value>) {
    results(&whole().0.path().join("whole"))
}

fn resume(folder: &Path, run: &str) -> std::process::Output {
    composer(folder, &["train", "--resume", run, "--num-outputs", "1", "--length", "2bars"])
}

fn start(folder: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// The model, the music, and the curves without their times.
fn results(run: &Path) -> (Vec<u8>, Vec<u8>, Vec<serde_json::Value>) {
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let epochs = metrics.lines().map(|line| {
        let mut epoch: serde_json::Value = serde_json::from_str(line).unwrap();
        for clock in ["seconds", "frames_per_second"] {
            assert!(epoch.as_object_mut().unwrap().remove(clock).is_some());
        }
        epoch
    });
    let read = |file| fs::read(run.join(file)).unwrap();
    (read("model.safetensors"), read("composition-1.mid"), epochs.collect())
}

#[test]
fn killed_at_random_moments_it_ends_as_if_nothing_had_happened() {
    let here = here();
    let (whole_time, whole) = (whole().1, whole_results());
    assert_eq!(whole.2.len(), 5);

    // Moments all over the time that a run takes, in an order that looks random, always the same.
    let mut chance = 12345u64;
    let mut moment = || {
        chance = chance.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        whole_time.mul_f64((chance >> 33) as f64 / f64::from(1u32 << 31))
    };
    let mut finished = 0;
    for kill in 0..kills() {
        let run = here.path().join("killed");
        let args = [&TRAIN[..], &["killed"]].concat();
        let mut child = if run.join("config.toml").exists() {
            start(here.path(), &["train", "--resume", "killed", "--num-outputs", "1", "--length", "2bars"])
        } else {
            start(here.path(), &args)
        };
        std::thread::sleep(moment().mul_f64(if kill % 2 == 0 { 0.5 } else { 1.0 }));
        child.kill().unwrap();
        child.wait().unwrap();
        if run.join("report.html").exists() || kill + 1 == kills() {
            // Whatever was left, the next one takes it to the end.
            let output = if run.join("config.toml").exists() {
                resume(here.path(), "killed")
            } else {
                train(here.path(), "killed")
            };
            assert!(output.status.success(), "after kill {kill}: {}", complaint(&output));
            let results = results(&run);
            assert!(results.2 == whole.2, "after kill {kill}: other curves");
            assert!(results.0 == whole.0, "after kill {kill}: another model");
            assert!(results.1 == whole.1, "after kill {kill}: other music");
            finished += 1;
            fs::remove_dir_all(&run).unwrap();
        }
    }
    assert!(finished > 0);
    println!("{} kills, {finished} trainings brought to their end", kills());
}

#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let here = here();
    let mut child = start(here.path(), &[&TRAIN[..], &["run"]].concat());
    let checkpoint = here.path().join("run/checkpoint.bin");
    wait_for(|| checkpoint.exists());
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    let Ok(true) = interrupted.map(|status| status.success()) else {
        println!("skipped: this system has no kill command");
        child.wait().unwrap();
        return;
    };
    let output = child.wait_with_output().unwrap();
    let complaint = complaint(&output);
    assert_eq!(output.status.code(), Some(130), "{complaint}");
    assert!(complaint.contains("--resume run"), "{complaint}");
    // A new training in the folder would destroy this one.
    assert_refused(&train(here.path(), "run"), 2, &["--resume run"]);
    assert!(resume(here.path(), "run").status.success());
    assert!(results(&here.path().join("run")) == whole_results());
}

fn wait_for(mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(120), "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn damage_is_reported_and_the_checkpoint_before_takes_over() {
    let here = here();
    let mut child = start(here.path(), &[&TRAIN[..], &["run"]].concat());
    let run = here.path().join("run");
    let (now, before) = (run.join("checkpoint.bin"), run.join("checkpoint.previous"));
    wait_for(|| now.exists() && before.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let bytes = fs::read(if now.exists() { &now } else { &before }).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 4;
    for damaged in [&bytes[..bytes.len() / 3], &flipped[..], b"not a checkpoint"] {
        fs::write(&now, damaged).unwrap();
        let output = resume(here.path(), "run");
        assert_refused(&output, 1, &["checkpoint.bin", "delete it", "checkpoint.previous"]);
        assert!(fs::read(&now).unwrap() == damaged, "nothing is written over it");
    }
    fs::remove_file(&now).unwrap();
    let output = resume(here.path(), "run");
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(results(&run) == whole_results());
}

#[test]
fn a_second_training_in_the_same_folder_is_refused_and_a_lost_folder_is_reported() {
    let here = here();
    let child = start(
        here.path(),
        &[&TRAIN[..], &["run", "--set=training.epochs=500", "--set=training.patience=0"]].concat(),
    );
    let checkpoint = here.path().join("run/checkpoint.bin");
    wait_for(|| checkpoint.exists());
    assert_refused(&train(here.path(), "run"), 2, &["another training", "run"]);
    assert_refused(&resume(here.path(), "run"), 2, &["another training", "run"]);
    fs::rename(here.path().join("run"), here.path().join("elsewhere")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_refused(&output, 1, &["run"]);
    let saved = here.path().join("elsewhere/checkpoint.bin");
    assert!(saved.exists() || saved.with_extension("previous").exists());
}

#[test]
fn a_run_that_is_none_and_settings_that_may_not_change_are_refused() {
    let here = here();
    assert_refused(
        &composer(here.path(), &["train", "--resume", "nowhere"]),
        2,
        &["no run to resume", "nowhere"],
    );
    copy_run(&whole().0.path().join("whole"), &here.path().join("run"));
    let with = |extra: &[&str]| {
        composer(
            here.path(),
            &[&["train", "--resume", "run", "--num-outputs", "1", "--length", "2bars"], extra].concat(),
        )
    };
    assert_refused(&with(&["--hidden", "8"]), 2, &["own configuration", "--init-from"]);
    assert_refused(&with(&["--learning-rate", "1"]), 2, &["own configuration"]);
    // Two epochs more: the schedule has ended, but the training goes on.
    let output = with(&["--epochs", "7"]);
    assert!(output.status.success(), "{}", complaint(&output));
    assert_eq!(results(&here.path().join("run")).2.len(), 7);
    fs::remove_dir_all(here.path().join("corpus")).unwrap();
    assert_refused(&with(&["--epochs", "9"]), 2, &["corpus"]);
}
