//! Conditions from the training folder to the composition; and attributes as `evaluate` defines them.

use crate::common;

use common::{assert_refused, complaint, composer, piano_files, small_training};
use composer::TrainedModel;
use composer_evaluation::statistics::piece::{STATISTICS, measure as statistics};
use composer_models::Condition;
use composer_models::conditions::measure;
use composer_music::corpus::shipped;
use composer_music::representation::frames::{DecodeOptions, FrameRepresentation};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// A training of a second under conditions, on piano pieces in two folders.
fn train(here: &Path, extra: &[&str]) -> std::process::Output {
    for (place, file) in piano_files().iter().enumerate() {
        let folder = here.join("music").join(if place.is_multiple_of(2) { "even" } else { "odd" });
        fs::create_dir_all(&folder).unwrap();
        fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
    }
    composer(here, &[&small_training(&["music"])[..], extra].concat())
}

#[test]
fn what_a_model_was_trained_with_can_be_asked_for_and_nothing_else() {
    let here = tempdir().unwrap();
    let at = here.path();
    let output = train(at, &["--conditions", "style,metre,density,register"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let model = TrainedModel::load(at.join("run/model.safetensors")).unwrap();
    let conditions = &model.model.config().conditions;
    assert_eq!(conditions.style.as_deref(), Some(&["even".to_owned(), "odd".to_owned()][..]));
    assert!(conditions.boundaries(Condition::Density).is_some_and(|levels| levels.len() == 9));
    assert!(model.notes.configuration.contains("conditions = ["));
    let compose = |options: &[&str]| {
        let base = ["compose", "--model", "run/model.safetensors", "--num-outputs", "1", "--length", "2bars"];
        composer(at, &[&base[..], options].concat())
    };
    let asked = ["--style", "odd", "--density", "6", "--register", "C5-C6", "--output-dir", "asked"];
    let other = ["--style", "even", "--density", "1", "--register", "C2-C3", "--output-dir", "other"];
    let (asked, other) = (compose(&asked), compose(&other));
    assert!(asked.status.success() && other.status.success(), "{}{}", complaint(&asked), complaint(&other));
    let piece = |folder: &str| fs::read(at.join(folder).join("composition-1.mid")).unwrap();
    assert_ne!(piece("asked"), piece("other"));
    let unusual = compose(&["--metre", "7/8", "--output-dir", "unusual"]);
    assert!(complaint(&unusual).contains("has not learnt bars of 7/8"), "{}", complaint(&unusual));
    for (options, words) in [
        (["--style", "jig"], "the model knows no style jig; it knows even, odd"),
        (
            ["--polyphony", "3"],
            "not trained with the condition polyphony (it has style, metre, density, register)",
        ),
        (["--density", "900"], "density is 900, and must be from 0 to 128"),
    ] {
        assert_refused(&compose(&[&options[..], &["--output-dir", "none"]].concat()), 2, &[words]);
        assert!(!at.join("none").exists());
    }
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tests/old/coupled.safetensors");
    let told_nothing = composer(at, &["compose", "--model", old.to_str().unwrap(), "--density", "3"]);
    assert_refused(
        &told_nothing,
        2,
        &["not trained with the condition density (it has none)", "--conditions density"],
    );
}

#[test]
fn models_of_tokens_are_told_conditions_too_and_styles_may_be_a_table() {
    let here = tempdir().unwrap();
    let names = piano_files();
    let of = |place: usize| if place.is_multiple_of(2) { "even" } else { "odd" };
    let name = |place: usize| names[place].file_name().unwrap().to_string_lossy().into_owned();
    let lines =
        (0..names.len()).map(|place| format!("{}/{}\tparity {}\n", of(place), name(place), of(place)));
    fs::write(here.path().join("styles.tsv"), lines.collect::<String>()).unwrap();
    let extra = ["--representation", "remi", "--conditions", "style,polyphony", "--style-from", "styles.tsv"];
    let output = train(here.path(), &extra);
    assert!(output.status.success(), "{}", complaint(&output));
    let asked =
        ["compose", "--model", "run/model.safetensors", "--style", "parity odd", "--polyphony", "2.5"];
    let output = composer(here.path(), &[&asked[..], &["--length", "2bars"]].concat());
    assert!(output.status.success(), "{}", complaint(&output));
}

#[test]
fn conditions_and_styles_that_cannot_be_used_are_refused() {
    let here = tempdir().unwrap();
    let refused = |extra: &[&str], words: &[&str]| {
        assert_refused(&composer(here.path(), &small_training(extra)), 2, words);
        assert!(!here.path().join("run").exists());
    };
    refused(&["--conditions", "tempo"], &["tempo", "style", "density"]);
    refused(&["--conditions", "style"], &["no training piece", "folders", "--style-from"]);
    refused(&["--conditions", "style", "--style-from", "none.tsv"], &["cannot read the styles none.tsv"]);
    refused(&["--conditions", "density", "--set", "condition_dropout=1"], &["condition_dropout", "below 1"]);
    refused(&["--task", "drum", "--conditions", "density"], &["--conditions is only for --task compose"]);
}

#[test]
fn density_and_polyphony_are_those_of_evaluate() {
    let grid = FrameRepresentation::default();
    let index = |name| STATISTICS.iter().position(|statistic| statistic.name == name).unwrap();
    for piece in shipped().pieces.iter().step_by(9) {
        let mut frames = grid.encode(&piece.score);
        while frames.last().is_some_and(|frame| frame.sounding == 0) {
            frames.pop();
        }
        let whole = statistics(&grid.decode(&frames, &DecodeOptions::default()));
        let found = measure(&frames, grid.steps_per_quarter);
        for (name, found) in [("note_density", found.density), ("polyphony", found.polyphony)] {
            let (expected, found) = (whole[index(name)], found.unwrap());
            assert!((found - expected).abs() < 1e-9, "{}: {name} {found}, {expected}", piece.name);
        }
    }
}
