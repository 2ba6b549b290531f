//! Built-in models by name, their cards, and model files with other numbers.

use crate::common;

use common::songs::folder_of_songs;
use common::{assert_refused, complaint, composer, copy_of_trained, printed, small_training};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

fn json(folder: &Path, args: &[&str]) -> Value {
    let output = composer(folder, args);
    assert!(output.status.success(), "{}", complaint(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_built_in_models_say_what_they_trained_on() {
    for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../application/models")).unwrap() {
        let file = folder.unwrap().path().join("model.safetensors");
        let trained_on = match composer_models::seq2seq::load(&file) {
            Ok((_, notes)) => notes.corpus,
            Err(_) => composer_models::file::load(&file).expect("a model").1.corpus,
        };
        let ship = [
            "datasets/mutopia-pd",
            "datasets/freedoom",
            // Models that were trained before the corpus had its present name.
            "the music that ships: ten piano pieces and sixty-six of game music",
            "the built-in corpus: 10 piano pieces and 66 pieces of game music",
            // Folders of mutopia-keyboard, which is in the public domain; scripts/train_built_in_models.sh makes them.
            "keyboard",
            "hymns",
            // The built-in corpus in folders that are named by its styles; songs of openscore-lieder, CC0; four styles to be told apart.
            "own",
            "lieder",
            "songs",
            "lied",
            "hymn",
            "rag",
            "game",
            // The Groove MIDI Dataset, CC BY 4.0; scripts/split_groove.py divides it.
            "groove",
        ];
        assert!(trained_on.split(", ").all(|name| ship.contains(&name)), "{}: {trained_on}", file.display());
    }
}

#[test]
fn models_are_listed_and_a_card_is_printed() {
    let here = tempdir().unwrap();
    let list = printed(&composer(here.path(), &["models"]));
    for name in
        ["compose", "piano", "song", "tune", "drums", "hymn", "accompany", "drum", "reharmonise", "humanise"]
    {
        assert!(list.lines().any(|line| line.starts_with(name)), "{list}");
    }
    let all = json(here.path(), &["models", "--json"]);
    let drum = all.as_array().unwrap().iter().find(|model| model["name"] == "drum").unwrap();
    assert_eq!((&drum["task"], &drum["file"]["weights"]), (&"drum".into(), &"f16".into()));
    let mut alone = json(here.path(), &["models", "drum", "--json"]);
    let version = alone.as_object_mut().unwrap().remove("composer");
    assert_eq!((version, &alone), (Some(env!("CARGO_PKG_VERSION").into()), drum));
    let card = printed(&composer(here.path(), &["models", "drum"]));
    for words in ["Drums for a bass line", "composer drum --model drum", "BSD-3-Clause", "GRU 96", "weakness"]
    {
        assert!(card.contains(words), "{words} in {card}");
    }
    assert_refused(
        &composer(here.path(), &["models", "organ"]),
        2,
        &["organ", "compose, piano, song, tune, drums, hymn, accompany, drum"],
    );
}

#[test]
fn a_name_stands_for_a_model_wherever_a_file_does() {
    let here = folder_of_songs();
    let compose = |folder: &str, model: &[&str]| {
        let args = ["compose", "--num-outputs", "1", "--length", "2bars", "--output-dir", folder];
        let output = composer(here.path(), &[&args[..], model].concat());
        assert!(output.status.success(), "{}", complaint(&output));
        fs::read(here.path().join(folder).join("composition-1.mid")).unwrap()
    };
    assert_eq!(compose("usual", &[]), compose("named", &["--model", "compose"]), "bit for bit");
    let score = |model: &[&str]| json(here.path(), &[&["score", "songs/1.mid", "--json"], model].concat());
    assert_eq!(score(&[]), score(&["--model", "compose"]));
    let drum = ["drum", "songs/1.mid", "-o", "out.mid"];
    let output = composer(here.path(), &[&drum[..], &["--model", "compose"]].concat());
    assert_refused(
        &output,
        2,
        &["the built-in model compose is for composer compose", "composer drum: drum"],
    );
    let output = composer(here.path(), &["compose", "--model", "drum"]);
    assert_refused(&output, 2, &["the built-in model drum is for composer drum", ": compose"]);
    let output = composer(here.path(), &["compose", "--model", "organ"]);
    assert_refused(
        &output,
        2,
        &["neither a file nor a built-in model organ", "compose, piano, song, tune, drums, hymn"],
    );

    // A file of that name comes first, a folder does not.
    fs::create_dir(here.path().join("compose")).unwrap();
    assert_eq!(compose("beside-a-folder", &["--model", "compose"]), compose("usual-2", &[]));
    fs::write(here.path().join("drum"), "a poem").unwrap();
    let output = composer(here.path(), &["drum", "songs/1.mid", "--model", "drum", "-o", "out.mid"]);
    assert_refused(&output, 2, &["drum is not a composer model"]);
}

#[test]
fn weights_are_packed_as_other_numbers() {
    let here = folder_of_songs();
    let trained = copy_of_trained();
    let packed =
        json(trained.path(), &["models", "pack", "run/model.safetensors", "half.safetensors", "--json"]);
    let number = |name: &str| packed[name].as_u64().unwrap();
    let (parameters, saved) = (number("parameters"), number("bytes_before") - number("bytes"));
    assert!(
        saved.abs_diff(2 * parameters) < 64 && number("bytes") > 2 * parameters,
        "two bytes of each weight: {packed}"
    );
    assert!(packed["changed"].as_u64().unwrap() > 0 && packed["largest_change"].as_f64().unwrap() < 1e-2);
    // Packed as f32, rounded weights stay as they are; as f16 once more, so do the bytes.
    for (args, changed) in [
        (&["drum", "half.safetensors"][..], 0),
        (&["half.safetensors", "wide.safetensors", "--weights", "f32"], 0),
        (&["wide.safetensors", "again.safetensors"], 0),
    ] {
        let packed = json(here.path(), &[&["models", "pack", "--json"], args].concat());
        assert_eq!(packed["changed"], changed);
    }
    let read = |name: &str| fs::read(here.path().join(name)).unwrap();
    assert!(read("half.safetensors") == read("again.safetensors"));
    let page = composer(
        here.path(),
        &["drum", "songs/1.mid", "--bass-track", "0", "--model", "half.safetensors", "-o", "new.mid"],
    );
    assert!(page.status.success(), "{}", complaint(&page));
    let refused = |args: &[&str], words: &[&str]| assert_refused(&composer(here.path(), args), 2, words);
    refused(&["models", "pack", "half.safetensors", "half.safetensors"], &["would replace half.safetensors"]);
    refused(&["models", "pack", "songs/1.mid", "new.safetensors"], &["songs/1.mid is not a composer model"]);
    let output = composer(here.path(), &["models", "pack", "drum", "x.safetensors", "--weights", "f8"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("f32, f16, bf16"));
}

#[test]
fn training_starts_from_a_built_in_model_and_keeps_its_network() {
    let here = tempdir().unwrap();
    let plan = json(here.path(), &["train", "--init-from", "compose", "--dry-run", "--json"]);
    let built_in = json(here.path(), &["models", "compose", "--json"]);
    assert_eq!(plan["parameters"], built_in["file"]["parameters"]);
    // A preset is about training then; what is asked for by name is not the model any more.
    let plan = json(
        here.path(),
        &["train", "--init-from", "compose", "--preset", "overnight", "--dry-run", "--json"],
    );
    assert_eq!(plan["parameters"], built_in["file"]["parameters"]);
    assert_eq!(plan["settings"]["training"]["patience"], 20);
    let output = composer(here.path(), &["train", "--init-from", "compose", "--hidden", "8"]);
    assert_refused(&output, 2, &["compose has model.hidden", "the configuration has 8"]);
    assert_refused(&composer(here.path(), &["train", "--init-from", "drum"]), 2, &["for composer drum"]);
    let output = composer(here.path(), &["train", "--compare-from-nothing"]);
    assert_refused(&output, 2, &["--compare-from-nothing is for a training that starts from a model"]);
}

#[test]
fn fine_tuning_says_what_it_gained() {
    let here = copy_of_trained();
    let mut args =
        small_training(&["--init-from", "run/model.safetensors", "--compare-from-nothing", "--json"]);
    args[2] = "second";
    // The network is kept, without being asked for.
    args.retain(|arg| !["--hidden", "16", "--set=model.note_hidden=16"].contains(arg));
    let said = json(here.path(), &args);
    let gained = |key: &str| said["fine_tuning"][key].as_f64().unwrap();
    assert!(gained("best") < gained("before") && gained("best") < gained("from_nothing"), "{said}");
    let first: Value = {
        let metrics = fs::read_to_string(here.path().join("run/metrics.jsonl")).unwrap();
        serde_json::from_str(metrics.lines().last().unwrap()).unwrap()
    };
    let ended = first["valid_nll"].as_f64().unwrap();
    assert!((gained("before") - ended).abs() < 1e-6 * ended, "it begins where the other ended");
    let rows: Vec<&str> =
        said["likelihood"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(rows, ["marginal", "Markov chain", "this network, told", "from nothing", "this network"]);
    let report = fs::read_to_string(here.path().join("second/report.html")).unwrap();
    assert!(report.contains("starting from the model gained"));
}
