//! `composer benchmark`: what `speed`, `scaling` and `leakage` print is what they measured, and what they cannot use is refused.

use crate::common;
use approx::abs_diff_eq;

use common::{assert_refused, complaint, composer};
use serde_json::Value;
use tempfile::tempdir;

fn benchmark(args: &str) -> std::process::Output {
    let args: Vec<&str> = ["benchmark"].into_iter().chain(args.split(' ')).collect();
    composer(tempdir().unwrap().path(), &args)
}

fn json(output: &std::process::Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", complaint(output));
    serde_json::from_slice(&output.stdout).expect("the output is JSON and nothing else")
}

const SMALL: &str = "speed --cell gru,lstm --hidden 16,40 --layers 2 --batch-size 6 --steps 30 --rounds 1";

#[test]
fn speed_prints_a_row_for_every_shape() {
    let output = benchmark(SMALL);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for shape in ["gru 88/16/2/6/30", "gru 88/40/2/6/30", "lstm 88/16/2/6/30", "lstm 88/40/2/6/30"] {
        assert!(table.lines().any(|line| line.starts_with(shape)), "{shape} is missing in\n{table}");
    }
    assert!(table.contains("GFLOP/s") && table.contains("1 rounds") && !table.contains("NaN"), "{table}");
}

#[test]
fn speed_as_json_has_figures_that_fit_each_other() {
    let args = "speed --cell gru,lstm --hidden 40 --layers 2 --batch-size 6 --steps 30 --rounds 2";
    let json = json(&benchmark(&format!("{args} --dense --threads 2 --json")));
    assert_eq!((&json["threads"], &json["rounds"]), (&2.into(), &2.into()));
    assert_eq!(json["input"], "dense");
    let shapes = json["shapes"].as_array().expect("shapes");
    assert_eq!(shapes.len(), 2);
    for shape in shapes {
        let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("a number in {shape}"));
        let (best, median) = (number(&shape["training_ms"]["best"]), number(&shape["training_ms"]["median"]));
        assert!(0.0 < best && best <= median, "{shape}");
        let rate = number(&shape["flop"]) / best / 1e6;
        assert!(abs_diff_eq!(number(&shape["gflops"]) / rate, 1.0, epsilon = 1e-9), "{shape}");
        let share = rate / number(&shape["large_product_gflops"]);
        assert!(
            abs_diff_eq!(number(&shape["share_of_large_product"]) / share, 1.0, epsilon = 1e-9),
            "{shape}"
        );
        assert!(number(&shape["generated_step_us"]["best"]) > 0.0);
        assert_eq!(shape["allocated_bytes_per_step"], 0, "after the first step, nothing: {shape}");
        assert!(number(&shape["peak_bytes"]) > number(&shape["activation_bytes"]), "{shape}");
        let phases = shape["phases_ms"].as_object().expect("phases");
        assert!(phases.len() == 4 && phases.values().all(|phase| number(phase) > 0.0), "{shape}");
    }
}

#[test]
fn speed_of_networks_that_write_notes_is_measured() {
    let args = "--hidden 12 --note-hidden 8 --batch-size 2 --steps 8 --rounds 1";
    let output = benchmark(&format!("speed --network note-wise {args}"));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        table.contains("note-wise 12/8/2/8") && table.contains("real time"),
        "{table}{}",
        complaint(&output)
    );
    let json = json(&benchmark(&format!("speed --network biaxial {args} --json")));
    let cost = &json["shapes"][0];
    assert_eq!((&cost["network"], &cost["note_hidden"]), (&"biaxial".into(), &8.into()));
    assert_eq!(cost["allocated_bytes_per_step"], 0, "after the first step, nothing: {cost}");
    assert!(cost["times_real_time"].as_f64().is_some_and(|times| times > 1.0), "{cost}");
}

#[test]
fn scaling_prints_slopes_and_draws_them() {
    let here = tempdir().unwrap();
    let args = "benchmark scaling --cell rnn --hidden 8 --steps 4,8,16 --batch-size 2,4 --rounds 1 \
                --compare-threads 1,2 --output scaling.svg --json";
    let output = composer(here.path(), &args.split_whitespace().collect::<Vec<_>>());
    let json = json(&output);
    let curves = json["curves"].as_array().expect("curves");
    assert_eq!(curves.len(), 4, "two axes, on one thread and on two");
    for curve in curves {
        let sizes = curve["sizes"].as_array().expect("sizes").len();
        assert_eq!(sizes, if curve["axis"] == "steps" { 3 } else { 2 });
        assert_eq!(curve["training_ms"].as_array().expect("times").len(), sizes);
        assert!(curve["slope"].as_f64().is_some_and(f64::is_finite), "{curve}");
    }
    let svg = std::fs::read_to_string(here.path().join("scaling.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("slope") && svg.contains("tanh RNN"));

    let output = benchmark("scaling --hidden 8 --steps 4,8 --batch-size 2,4 --rounds 1");
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["batch size", "1 thread ", "2 threads", "1 : 2", "slope"] {
        assert!(table.contains(words), "{words} is missing in\n{table}");
    }
}

#[test]
fn sizes_that_cannot_be_measured_are_refused_by_name() {
    for (args, words) in [
        ("speed --hidden 0", ["--hidden is 0", "between 1"]),
        ("speed --hidden 64,18446744073709551615", ["--hidden is 18446744073709551615", "between 1"]),
        ("speed --layers 0", ["--layers is 0", "between 1"]),
        ("speed --batch-size 0", ["--batch-size is 0", "between 1"]),
        ("speed --steps 10000000", ["/10000000", "smaller"]),
        ("speed --features 0", ["--features is 0", "between 1"]),
        ("speed --network note-wise --note-hidden 0", ["--note-hidden is 0", "between 1"]),
        ("speed --network coupled", ["--network is coupled", "note-wise or biaxial"]),
        ("speed --network biaxial --hidden 9999", ["--hidden is 9999", "between 1"]),
        ("speed --rounds 0", ["--rounds is 0", "between 1"]),
        ("scaling --rounds 0", ["--rounds is 0", "between 1"]),
        ("scaling --steps 8,4", ["--steps is [8, 4]", "growing"]),
        ("scaling --batch-size 8", ["--batch-size is [8]", "two sizes"]),
        ("scaling --compare-threads 0", ["--compare-threads is [0]", "1 to 64"]),
        ("scaling --output nowhere/scaling.svg", ["nowhere/scaling.svg", "cannot write"]),
    ] {
        assert_refused(&benchmark(args), 2, &words);
    }
    let output = benchmark("speed --cell elman");
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("there is no cell \"elman\""), "{}", complaint(&output));
}

/// A set of which one test piece is the first training piece, five semitones higher and half as fast, and the other is new.
fn set_with_a_copy() -> Value {
    let piece = |seed: u64, up: u64, times: usize| -> Vec<Vec<u64>> {
        let chord = |i: u64| {
            let mixed = (seed * 1009 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            vec![40 + up + mixed % 11, 52 + up + (mixed >> 20) % 11, 64 + up + (mixed >> 40) % 11]
        };
        (0..40).flat_map(|i| vec![chord(i); times]).collect()
    };
    let train = [piece(1, 0, 1), piece(2, 0, 1), piece(3, 0, 1)];
    serde_json::json!({ "train": train, "valid": [piece(4, 0, 1)], "test": [piece(5, 0, 1), piece(1, 5, 2)] })
}

#[test]
fn leakage_finds_the_copy_and_scores_the_network_of_frames() {
    let here = tempdir().unwrap();
    std::fs::write(here.path().join("set.json"), set_with_a_copy().to_string()).unwrap();
    let run = |args: &str| composer(here.path(), &args.split(' ').collect::<Vec<_>>());
    let trained = json(&run("benchmark frames set.json --hidden 8 --epochs 1 --output network.model --json"));
    let found = json(&run("benchmark leakage set.json --min-frames 12 --model network.model --json"));
    let totals = &found["totals"];
    assert_eq!((&totals["pieces"], &totals["frames"]), (&2.into(), &120.into()));
    assert_eq!((&totals["duplicates"], &totals["frames_any_tempo"]), (&1.into(), &80.into()));
    assert_eq!((&found["options"]["min_frames"], &totals["clean_frames"]), (&12.into(), &40.into()));
    let copy = &found["pieces"][1];
    assert_eq!(
        (&copy["duplicate_of"], &copy["share"], &copy["clean"]),
        (&0.into(), &1.0.into(), &false.into())
    );
    let passage = &copy["any_tempo"]["longest"];
    assert_eq!((&passage["transposition"], &passage["stretch"]), (&5.into(), &2.0.into()));
    let predictors = found["predictors"].as_array().unwrap();
    assert_eq!(predictors.len(), 7);
    let network = trained["predictors"][2]["nats_per_frame"].as_f64().unwrap();
    assert!(abs_diff_eq!(predictors[6]["all"].as_f64().unwrap(), network, epsilon = 1e-6), "{found}");

    let table = run("benchmark leakage set.json");
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    for words in
        ["set.json: 2 test pieces, 120 frames", "duplicate of 0", "per-pitch marginal", "PPM, order", "tempo"]
    {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    println!("{text}");
}

#[test]
fn leakage_refuses_what_it_cannot_use() {
    let here = tempdir().unwrap();
    std::fs::write(here.path().join("set.json"), set_with_a_copy().to_string()).unwrap();
    for (args, words) in [
        ("leakage absent.json", ["absent.json", "cannot read"]),
        ("leakage set.json --min-frames 1", ["--min-frames is 1", "at least 2"]),
        ("leakage set.json --model set.json", ["set.json", "is not a composer model"]),
        ("frames set.json --output nowhere/a.model", ["nowhere/a.model", "cannot write"]),
        ("frames set.json --output set.json", ["set.json", "replace"]),
    ] {
        let args: Vec<&str> = ["benchmark"].into_iter().chain(args.split(' ')).collect();
        assert_refused(&composer(here.path(), &args), 2, &words);
    }
    let model = composer_models::file::to_bytes(
        &composer::TrainedModel::built_in().unwrap().model,
        &composer_models::file::Notes::default(),
    );
    std::fs::write(here.path().join("struck.model"), model.unwrap()).unwrap();
    let output = composer(here.path(), &["benchmark", "leakage", "set.json", "--model", "struck.model"]);
    assert_refused(&output, 2, &["struck.model cannot be scored", "onset plane"]);
}
