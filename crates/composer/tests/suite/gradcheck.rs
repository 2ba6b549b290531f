//! `composer gradcheck`: a row per parameter, a result, and an exit code that can be trusted.

use crate::common;

use common::{assert_refused, complaint, composer};
use serde_json::Value;
use tempfile::tempdir;

fn gradcheck(args: &[&str]) -> std::process::Output {
    composer(tempdir().unwrap().path(), &[&["gradcheck"], args].concat())
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("the output is JSON and nothing else")
}

#[test]
fn all_cells_pass_with_a_row_for_every_parameter_and_a_result() {
    let output = gradcheck(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "rnn weight_ih_l0",
        "rnn-relu bias_hh_l1",
        "lstm c_0",
        "gru weight_hh_l1",
        "gru input",
        "peephole-lstm weight_co_l1",
        "minimal-gated-unit bias_hh_l0",
    ] {
        assert!(table.lines().any(|line| line.starts_with(part)), "{part} is missing in\n{table}");
    }
    assert!(table.contains("gradients are right"), "{table}");
}

#[test]
fn every_implementation_can_be_checked_and_is_named() {
    let table = String::from_utf8_lossy(&gradcheck(&[]).stdout).into_owned();
    assert!(table.starts_with("fused implementation\n"), "{table}");
    for name in ["textbook", "reference"] {
        let args = ["--implementation", name, "--hidden", "3", "--steps", "3", "--batch", "2"];
        let output = gradcheck(&args);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", complaint(&output));
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(table.starts_with(&format!("{name} implementation\n")), "{table}");
        assert!(table.contains("gradients are right"), "{table}");
        let output = gradcheck(&[&args[..], &["--cell", "gru", "--falsify", "z", "--json"]].concat());
        assert_refused(&output, 1, &["gate z", "weight_hh_l0"]);
        let json = json(&output);
        assert_eq!(json["implementation"], name);
        let wrong = json["rows"].as_array().unwrap().iter().find(|row| row["passed"] == false).unwrap();
        assert!(wrong["equation"].as_str().unwrap().contains("textbook/gru.rs"), "{wrong}");
    }
    let refused = gradcheck(&["--implementation", "textbook", "--layer-norm"]);
    assert_refused(&refused, 2, &["textbook", "layer normalisation"]);
    let unknown = gradcheck(&["--implementation", "tape"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        complaint(&unknown).contains("it must be textbook, fused or reference"),
        "{}",
        complaint(&unknown)
    );
}

#[test]
fn every_option_reaches_the_stack() {
    let args =
        "--cell gru --layers 1 --hidden 3 --steps 4 --batch 2 --bidirectional --layer-norm --seed 9 --json";
    let output = gradcheck(&args.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let json = json(&output);
    assert_eq!(json["passed"], true);
    let names: Vec<&str> =
        json["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2 * 6 + 2, "both directions, with gains, the input and h_0: {names:?}");
    assert!(names.contains(&"gru norm_hh_l0_reverse"), "{names:?}");
    for row in json["rows"].as_array().unwrap() {
        assert!(row["max_rel"].as_f64().unwrap() <= json["tolerance"].as_f64().unwrap(), "{row}");
    }
}

#[test]
fn a_gate_that_is_one_percent_wrong_is_caught_and_named() {
    for (cell, gate, others) in
        [("lstm", "f", ["i", "g", "o"].as_slice()), ("gru", "n", &["r", "z"]), ("rnn", "h", &[])]
    {
        let output = gradcheck(&["--cell", cell, "--layers", "1", "--falsify", gate, "--json"]);
        assert_refused(&output, 1, &[&format!("gate {gate}"), "weight_hh_l0"]);
        for other in others {
            assert!(!complaint(&output).contains(&format!("gate {other}")), "{}", complaint(&output));
        }
        assert_eq!(json(&output)["passed"], false);
    }
}

#[test]
fn results_do_not_depend_on_the_seed() {
    for seed in ["2", "3", "4", "5", "6", "7", "8", "9"] {
        // Many units of the kinked cell, so that some lie near their kink.
        let output = gradcheck(&["--cell", "rnn-relu", "--hidden", "16", "--steps", "10", "--seed", seed]);
        assert_eq!(output.status.code(), Some(0), "seed {seed}: {}", complaint(&output));
    }
}

#[test]
fn sizes_and_cells_that_make_no_sense_are_named() {
    let long = gradcheck(&["--cell", "lstm", "--steps", "10000", "--batch", "10000"]);
    assert_refused(&long, 2, &["hours", "--batch"]);
    for (args, words) in [
        (["--cell", "transformer"], ["transformer", "lstm"]),
        (["--hidden", "0"], ["--hidden", "0"]),
        (["--steps", "0"], ["--steps", "0"]),
        (["--batch", "0"], ["--batch", "0"]),
        (["--layers", "0"], ["--layers", "0"]),
        (["--hidden", "5000"], ["parameters", "smaller"]),
        (["--falsify", "q"], ["--falsify", "q"]),
    ] {
        assert_refused(&gradcheck(&args), 2, &words);
    }
}
