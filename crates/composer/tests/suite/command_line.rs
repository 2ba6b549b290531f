//! What holds for every command: JSON, quiet, help with the defaults in force, completions, a manual, a closed pipe.

use crate::common;

use common::songs::{song, write};
use common::{complaint, composer, copy_of_trained, piano_files, trained};
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};
use tempfile::tempdir;

fn json(folder: &std::path::Path, args: &[&str]) -> Value {
    let output = composer(folder, &[args, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", complaint(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{args:?} prints JSON and nothing else ({error}): {}", String::from_utf8_lossy(&output.stdout))
    })
}

#[test]
fn every_table_can_be_had_as_json_with_named_fields() {
    let here = copy_of_trained();
    fs::copy(&piano_files()[0], here.path().join("piece.mid")).unwrap();
    (1..=24).for_each(|seed| write(&here.path().join("real"), &format!("{seed:02}.mid"), &song(seed)));
    let trained: Value = serde_json::from_slice(&fs::read(trained().join("said.json")).unwrap())
        .expect("JSON and nothing else");
    assert_eq!(trained["folder"], "run");
    assert_eq!(trained["likelihood"][2]["name"], "this network, told");
    assert_eq!(trained["likelihood"][3]["name"], "this network");
    assert!(trained["compositions"][1]["nats_per_step"].is_f64(), "{trained}");
    let runs = json(here.path(), &["runs", "."]);
    assert_eq!((&runs[0]["name"], &runs[0]["state"]), (&"run".into(), &"finished".into()));
    let settings = json(here.path(), &["runs", "run/model.safetensors"]);
    assert_eq!(settings["training"]["seed"], 5);
    assert_eq!(settings["composer"], env!("CARGO_PKG_VERSION"), "an object says what made it");
    let composed = json(here.path(), &["compose", "--num-outputs", "1", "--length", "1bars"]);
    assert_eq!(composed[0]["midi"], "compositions/composition-1.mid");
    let scored = json(here.path(), &["score", "compositions/composition-1.mid"]);
    assert!(scored["nats_per_step"].as_f64().unwrap() > 0.0);
    assert_eq!(json(here.path(), &["inspect", "piece.mid"])["parts"][0]["track"], 1);
    assert_eq!(json(here.path(), &["ingest", "real"])["kept"], 24);
    let diagnosed = json(here.path(), &["diagnose", "real/01.mid", "--reference", "real"]);
    assert!(diagnosed[0]["diagnosis"]["scores"]["repetition"].is_number(), "{diagnosed}");
    let evaluated = json(here.path(), &["evaluate", "real/01.mid", "--reference", "real"]);
    assert!(evaluated["sets"][0]["assessment"]["thresholds"]["repetition"].is_number());
    assert!(json(here.path(), &["listening"])["judgements_needed"][0]["judgements"].is_u64());
    let pages: Vec<_> = fs::read_dir(here.path()).unwrap().flatten().map(|file| file.path()).collect();
    let asked =
        |path: &std::path::PathBuf| path.extension().is_none_or(|ending| ending != "html" && ending != "svg");
    assert!(pages.iter().all(asked), "no page is written unasked: {pages:?}");
}

#[test]
fn quiet_says_nothing_but_results() {
    let here = tempdir().unwrap();
    let output = composer(here.path(), &["compose", "--quiet", "--num-outputs", "1", "--length", "1bars"]);
    assert_eq!((output.status.code(), complaint(&output).as_str()), (Some(0), ""));
    assert!(String::from_utf8_lossy(&output.stdout).contains("composition-1.mid"));
    let refused = composer(here.path(), &["score", "none.mid", "--quiet"]);
    assert!(complaint(&refused).contains("none.mid"), "errors are always printed");
}

#[test]
fn help_prints_the_defaults_in_force() {
    let here = tempdir().unwrap();
    let help = composer(here.path(), &["train", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let table = composer(here.path(), &["train", "--dry-run"]);
    let table = String::from_utf8(table.stdout).unwrap();
    for (option, key) in [
        ("--seed", "seed"),
        ("--epochs", "epochs"),
        ("--cell", "cell"),
        ("--hidden", "hidden"),
        ("--layers", "layers"),
        ("--dropout", "dropout"),
        ("--batch-size", "batch_size"),
        ("--tbptt-len", "tbptt_len"),
        ("--learning-rate", "learning_rate"),
        ("--representation", "representation"),
    ] {
        let line = table.lines().find(|line| line.starts_with(&format!("{key} = "))).expect(key);
        let value = line.split_once(" = ").unwrap().1.trim_matches('"');
        let after = help.split_once(&format!(" {option} <")).expect(option).1;
        let shown = after.split_once("[default: ").expect(option).1.split_once(']').unwrap().0;
        assert_eq!(shown, value, "{option}");
    }
    for preset in ["quick", "good", "overnight"] {
        assert!(help.contains(preset), "{preset} in: {help}");
    }
}

/// A program with debug assertions builds all its commands for the manual, and panics where two options have one name.
#[test]
fn the_command_line_is_consistent() {
    let here = tempdir().unwrap();
    let output = composer(here.path(), &["man"]);
    assert_eq!((output.status.code(), complaint(&output).as_str()), (Some(0), ""));
}

#[test]
fn completions_and_a_manual_know_every_command() {
    let here = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = composer(here.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}: {}", complaint(&output));
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(script.contains("reharmonise") && script.contains("preset"), "{shell}");
    }
    let manual = composer(here.path(), &["man"]).stdout;
    let manual = String::from_utf8(manual).unwrap();
    assert!(manual.starts_with(".ie") && manual.contains(".TH composer"), "{manual}");
    assert!(manual.contains("COMPOSER REHARMONISE") && manual.contains("below"), "{manual}");
    let output = composer(here.path(), &["man", "--output-dir", "new/man1"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{}", complaint(&output));
    let page = |name: &str| fs::read_to_string(here.path().join("new/man1").join(name)).unwrap();
    assert!(page("composer.1").contains("composer\\-reharmonise(1)"), "{}", page("composer.1"));
    assert!(page("composer-study-cells.1").contains("resume"), "a page for commands below commands, too");
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let here = tempdir().unwrap();
    fs::copy(&piano_files()[0], here.path().join("piece.mid")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(["inspect", "piece.mid", "--whole"])
        .current_dir(here.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(program.stdout.take());
    let output = program.wait_with_output().unwrap();
    assert_eq!((output.status.code(), complaint(&output).as_str()), (Some(0), ""));
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let mut program = Command::new(env!("CARGO_BIN_EXE_composer"));
        program.args(["inspect", "piece.mid"]).current_dir(here.path()).stdout(full);
        common::assert_refused(&program.output().unwrap(), 1, &["cannot write the output"]);
    }
}
