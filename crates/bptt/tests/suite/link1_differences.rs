//! Link 1 of the chain of proof: central differences, in double precision, against the textbook's, the reference's and the fused
//! backward passes. A broken gate must be caught, and named with the line that computes it.

use crate::common;

use common::Setup;
use composer_bptt::gradcheck::{CellOptions, CellProblem, Options, Part, check, check_cells};
use composer_bptt::implementation::equation;
use composer_bptt::{Cell, Implementation, Mask, RecurrentConfig, State};

fn small(cell: Cell, layer_norm: bool) -> Setup {
    let config =
        RecurrentConfig { cell, input: 3, hidden: 4, layers: 2, layer_norm, ..RecurrentConfig::default() };
    Setup::new(config, 4, 2, 7)
}

/// The reference as a function of one vector: parameters, input, initial state.
fn reference_report(setup: &Setup) -> composer_bptt::gradcheck::Report {
    let run = setup.reference();
    let gradient = [&run.grads[..], &run.d_input, &run.d_state.h, &run.d_state.c].concat();
    let values = [setup.params.values(), &setup.input, &setup.state.h, &setup.state.c].concat();
    let spec = setup.config.cell.spec();
    let entries = setup.params.entries().iter();
    let part = |entry: &composer_bptt::Entry| Part {
        name: entry.name.clone(),
        range: entry.range.clone(),
        gates: spec.gates_of(&entry.name),
    };
    let mut parts: Vec<Part> = entries.map(part).collect();
    let (from, input, h) = (setup.params.len(), setup.input.len(), setup.state.h.len());
    parts.push(Part::new("input", from..from + input));
    parts.push(Part::new("h_0", from + input..from + input + h));
    if setup.config.cell.has_c() {
        parts.push(Part::new("c_0", from + input + h..values.len()));
    }
    let mut moved = setup.clone();
    let loss = |v: &[f64]| {
        let (params, rest) = v.split_at(from);
        moved.params.values_mut().copy_from_slice(params);
        moved.input.copy_from_slice(&rest[..input]);
        let state = rest[input..].to_vec();
        moved.state =
            State::from_values(&moved.config, 2, state[..h].to_vec(), state[h..].to_vec()).expect("fits");
        let run = moved.reference();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(&run.output, &moved.d_output)
            + dot(&run.state_n.h, &moved.d_state_n.h)
            + dot(&run.state_n.c, &moved.d_state_n.c)
    };
    check(&parts, &values, &gradient, loss, &Options::default())
}

#[test]
fn the_reference_agrees_with_central_differences() {
    for cell in Cell::ALL {
        let report = reference_report(&small(cell, false));
        assert!(report.passed(), "{cell}\n{report}");
    }
}

#[test]
fn the_reference_with_layer_normalisation_agrees_with_central_differences() {
    for cell in Cell::ALL.into_iter().filter(|&cell| cell != Cell::RnnRelu) {
        let report = reference_report(&small(cell, true));
        assert!(report.passed(), "{cell}\n{report}");
    }
}

/// One layer at one step: a mistake in one equation shows in its own gate alone, whose line the report names.
fn one_step(implementation: Implementation) -> CellOptions {
    CellOptions { implementation, layers: 1, steps: 1, ..CellOptions::default() }
}

#[test]
fn each_equation_of_the_textbook_agrees_with_central_differences() {
    let report = check_cells(&one_step(Implementation::Textbook)).expect("the sizes are right");
    assert!(report.passed(), "the textbook, one step\n{report}");
}

#[test]
fn each_equation_of_the_fused_cells_agrees_with_central_differences() {
    let report = check_cells(&one_step(Implementation::Fused)).expect("the sizes are right");
    assert!(report.passed(), "the fused cells, one step\n{report}");
}

#[test]
fn the_textbook_agrees_with_central_differences_through_time_layers_and_directions() {
    for bidirectional in [false, true] {
        let options =
            CellOptions { implementation: Implementation::Textbook, bidirectional, ..CellOptions::default() };
        let report = check_cells(&options).expect("the sizes are right");
        assert!(report.passed(), "the textbook\n{report}");
    }
}

#[test]
fn the_textbook_agrees_with_central_differences_at_padding() {
    for cell in Cell::ALL {
        let config = RecurrentConfig { cell, input: 3, hidden: 3, ..RecurrentConfig::default() };
        let mask = Mask::from_lengths(&[4, 1], 4);
        let mut problem = CellProblem::new(config, 4, 2, Some(mask), 8).expect("the sizes are right");
        problem.implementation = Implementation::Textbook;
        let (values, parts) = (problem.values.clone(), problem.parts());
        let gradient = problem.gradient().expect("the sizes are right");
        let report =
            check(&parts, &values, &gradient, |v| problem.loss(v).expect("fits"), &Options::default());
        assert!(report.passed(), "{cell}\n{report}");
    }
}

#[test]
fn a_broken_gate_points_to_its_line_in_the_textbook() {
    let falsify = Some("f".to_string());
    let options = CellOptions { cells: vec![Cell::Lstm], falsify, ..one_step(Implementation::Textbook) };
    let report = check_cells(&options).expect("the sizes are right").to_string();
    let wrong = report.lines().find(|line| line.starts_with("lstm weight_hh_l0")).expect("a row");
    assert!(wrong.contains(", gate f, row ") && wrong.ends_with("WRONG"), "{report}");
    assert!(report.contains("see crates/bptt/src/textbook/lstm.rs:"), "{report}");
    assert!(report.contains(": let d_gate_f = d_f * f * (1.0 - f);"), "{report}");
}

#[test]
fn every_gradient_has_a_line_in_the_textbook() {
    for cell in Cell::ALL {
        let config = RecurrentConfig { cell, input: 3, hidden: 4, ..RecurrentConfig::default() };
        let problem = CellProblem::new(config, 1, 1, None, 5).expect("the sizes are right");
        for part in problem.parts() {
            let gates: Vec<Option<&str>> = match part.gates {
                [] => vec![None],
                gates => gates.iter().map(|gate| Some(*gate)).collect(),
            };
            for gate in gates {
                let line = equation(cell, &part.name, gate);
                assert!(line.is_some(), "{cell} {} {gate:?}", part.name);
            }
        }
    }
}

#[test]
fn every_fused_cell_agrees_with_central_differences() {
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
fn a_broken_gate_is_caught_and_named() {
    let gates = |cell: Cell| cell.gates().iter().map(move |&gate| (cell, gate));
    for (cell, broken) in Cell::ALL.into_iter().filter(|cell| cell.spec().is_gated()).flat_map(gates) {
        let config = RecurrentConfig { cell, input: 3, hidden: 4, ..RecurrentConfig::default() };
        let mut problem = CellProblem::new(config, 4, 2, None, 5).expect("the sizes are right");
        let (values, parts) = (problem.values.clone(), problem.parts());
        let mut gradient = problem.gradient().expect("the sizes are right");
        // One gate's recurrent weights are 1 % off.
        let part = parts.iter().find(|part| part.name == "weight_hh_l0").expect("every cell has it");
        let gate = part.gates.iter().position(|gate| *gate == broken).expect("the cell has the gate");
        let block = part.range.len() / part.gates.len();
        gradient[part.range.start + gate * block..][..block].iter_mut().for_each(|g| *g *= 1.01);

        let report =
            check(&parts, &values, &gradient, |v| problem.loss(v).expect("fits"), &Options::default());
        let wrong: Vec<_> = report.failures().map(|row| (row.name.as_str(), row.gate)).collect();
        assert_eq!(wrong, [("weight_hh_l0", Some(broken))], "{cell}");
        assert!(report.to_string().contains(&format!("gate {broken}  WRONG")), "{report}");
    }
}

#[test]
fn a_gradient_that_is_not_a_number_fails() {
    let parts = [Part::new("a", 0..2)];
    let report = check(&parts, &[1.0, 2.0], &[f64::NAN, 1.0], |v| v[0] + v[1], &Options::default());
    assert!(!report.passed());
    assert_eq!(report.rows[0].index, 0);
}

#[test]
fn a_tolerance_of_nothing_fails() {
    let check = Options { tolerance: 0.0, ..Options::default() };
    let report = check_cells(&CellOptions { check, ..CellOptions::default() }).expect("the sizes are right");
    assert!(!report.passed());
}

#[test]
fn nothing_checked_is_no_success() {
    assert!(!check(&[], &[], &[], |_| 0.0, &Options::default()).passed());
}
