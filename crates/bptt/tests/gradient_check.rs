//! Link 1 of the chain of proof: central differences in double precision against the hand-written backward passes.

use composer_bptt::gradcheck::{CellOptions, Options, check_cells};

#[test]
fn every_cell_agrees_with_central_differences() {
    let report = check_cells(&CellOptions::default()).expect("the default sizes are right");
    println!("{report}");
    assert!(report.passed(), "{report}");
}

#[test]
fn both_directions_agree_with_central_differences() {
    let options = CellOptions { bidirectional: true, ..CellOptions::default() };
    let report = check_cells(&options).expect("the sizes are right");
    assert!(report.passed(), "{report}");
}

#[test]
fn layer_normalisation_agrees_with_central_differences() {
    let options = CellOptions { layer_norm: true, hidden: 5, seed: 3, ..CellOptions::default() };
    let report = check_cells(&options).expect("the sizes are right");
    assert!(report.passed(), "{report}");
}

#[test]
fn a_tolerance_of_nothing_fails() {
    let check = Options { tolerance: 0.0, ..Options::default() };
    let report = check_cells(&CellOptions { check, ..CellOptions::default() }).expect("the sizes are right");
    assert!(!report.passed());
}
