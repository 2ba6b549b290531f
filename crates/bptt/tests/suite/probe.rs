//! What the probe says is true: norms against the reference's gradients, growth against a Jacobian from differences.

use crate::common;

use common::Setup;
use composer_bptt::arrays::view;
use composer_bptt::probe::{Flow, Span, gate_activity, growth, unit_activity};
use composer_bptt::{Cell, Error, Input, Mode, RecurrentConfig, RecurrentWorkspace, State, StepWorkspace};
use composer_tensor::simd;
use composer_testkit::compare;

fn setup(cell: Cell, layers: usize) -> Setup {
    let config = RecurrentConfig { cell, input: 3, hidden: 5, layers, ..RecurrentConfig::default() };
    Setup::new(config, 6, 2, 131)
}

/// Forward and backward with a probe.
fn probed(setup: &Setup) -> RecurrentWorkspace<f64> {
    let mut ws = RecurrentWorkspace::new();
    ws.attach_probe();
    setup.fused_in::<f64>(&mut ws);
    ws
}

#[test]
fn recorded_norms_are_gradients_of_carried_states() {
    for cell in Cell::ALL {
        let whole = setup(cell, 1);
        let ws = probed(&whole);
        let trace = &ws.probe().expect("attached").layers[0];
        // ∂loss/∂h_t is the gradient of the initial state of a run that begins after step t, plus that of output t.
        for t in 0..5 {
            let mut head = whole.clone();
            head.steps = t + 1;
            head.input.truncate((t + 1) * 2 * 3);
            head.d_output.truncate((t + 1) * 2 * 5);
            let mut tail = whole.clone();
            tail.steps = 5 - t;
            tail.input.drain(..(t + 1) * 2 * 3);
            tail.d_output.drain(..(t + 1) * 2 * 5);
            tail.state = head.reference().state_n;
            let d_state = tail.reference().d_state;
            for row in 0..2 {
                let at = row * 5..(row + 1) * 5;
                let d_y = &whole.d_output[(t * 2 + row) * 5..][..5];
                let d_h: Vec<f64> = d_state.h[at.clone()].iter().zip(d_y).map(|(a, b)| a + b).collect();
                let norm = d_h.iter().map(|d| d * d).sum::<f64>().sqrt();
                compare(&[trace.d_h[t * 2 + row]], &[norm], 1e-10)
                    .unwrap_or_else(|error| panic!("{cell} {t}: {error}"));
            }
        }
        assert_eq!(trace.d_c.is_empty(), !cell.has_c());
    }
}

#[test]
fn recorded_cell_norms_include_what_comes_through_h() {
    // One unit, one step: ∂loss/∂c_0 = ∂loss/∂c_1 f, so the norm of the first is |d_c_0| / f.
    let config = RecurrentConfig { cell: Cell::Lstm, input: 2, hidden: 1, ..RecurrentConfig::default() };
    let setup = Setup::new(config, 1, 1, 137);
    let ws = probed(&setup);
    let f = gate_activity(&setup.stack, &ws, 0).expect("a forward pass")[1].mean[0];
    let expected = setup.reference().d_state.c[0].abs() / f;
    compare(&ws.probe().expect("attached").layers[0].d_c, &[expected], 1e-10).expect("the norm");
}

#[test]
fn gate_norms_sum_up_to_the_gradient_of_the_biases_for_one_step_and_row() {
    for cell in Cell::ALL {
        let config = RecurrentConfig { cell, input: 3, hidden: 5, ..RecurrentConfig::default() };
        let setup = Setup::new(config, 1, 1, 139);
        let ws = probed(&setup);
        let run = setup.reference();
        let id = setup.params.id("bias_ih_l0").expect("it has biases");
        let d_bias = &run.grads[setup.params.entry(id).range.clone()];
        let norms: Vec<f64> =
            d_bias.chunks_exact(5).map(|gate| gate.iter().map(|d| d * d).sum::<f64>().sqrt()).collect();
        let trace = &ws.probe().expect("attached").layers[0];
        compare(&trace.d_gates, &norms, 1e-10).unwrap_or_else(|error| panic!("{cell}: {error}"));
    }
}

#[test]
fn a_probe_changes_no_gradient() {
    // Bits are compared: no other test may change the path beneath this one.
    let _held = simd::use_path(simd::path()).expect("it is the one in use");
    for cell in Cell::ALL {
        let setup = setup(cell, 2);
        let mut ws = RecurrentWorkspace::new();
        ws.attach_probe();
        assert_eq!(setup.fused_in::<f64>(&mut ws).grads, setup.fused::<f64>().grads);
        assert_eq!(ws.detach_probe().expect("attached").layers.len(), 2);
        assert!(ws.probe().is_none());
    }
}

/// The Jacobian of the top state over some steps, by differences; columns are changes of the first state.
fn jacobian(setup: &Setup, from: usize, to: usize, whole: bool) -> Vec<Vec<f64>> {
    let mut ws = StepWorkspace::new();
    let mut run = |state: &mut State<f64>, steps: std::ops::RangeInclusive<usize>| {
        for t in steps {
            let x = view((1, 2, 3), &setup.input[t * 2 * 3..][..2 * 3]);
            setup.stack.step(&setup.params, Input::Dense(x), state, &mut ws).expect("fits");
        }
    };
    let mut start = setup.state.clone();
    run(&mut start, 0..=from);
    let whole = whole && setup.config.cell.has_c();
    let step = 1e-6;
    let mut columns = Vec::new();
    for part in 0..if whole { 2 } else { 1 } {
        for unit in 0..5 {
            let mut ends = [step, -step].map(|step| {
                let mut state = start.clone();
                // Row 1 of the batch.
                if part == 0 {
                    state.h[5 + unit] += step
                } else {
                    state.c[5 + unit] += step
                }
                run(&mut state, from + 1..=to);
                let mut end = state.h[5..].to_vec();
                if whole {
                    end.extend(&state.c[5..]);
                }
                end
            });
            let below = ends[1].clone();
            ends[0].iter_mut().zip(&below).for_each(|(a, b)| *a = (*a - b) / (2.0 * step));
            columns.push(ends[0].clone());
        }
    }
    columns
}

/// The largest singular value, by power iteration on the explicit matrix.
fn largest_singular_value(columns: &[Vec<f64>]) -> f64 {
    let mut v = vec![1.0; columns.len()];
    let mut value = 0.0;
    for _ in 0..2000 {
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut u = vec![0.0; columns[0].len()];
        for (column, x) in columns.iter().zip(&v) {
            u.iter_mut().zip(column).for_each(|(u, a)| *u += a * x / norm);
        }
        value = u.iter().map(|x| x * x).sum::<f64>().sqrt();
        v = columns.iter().map(|column| column.iter().zip(&u).map(|(a, u)| a * u).sum()).collect();
    }
    value
}

#[test]
fn growth_is_the_largest_singular_value_of_the_jacobian() {
    for cell in Cell::ALL {
        let setup = setup(cell, 1);
        let ws = probed(&setup);
        for (from, to) in [(0, 1), (2, 3), (1, 5)] {
            for (flow, whole) in [(Flow::Hidden, false), (Flow::Whole, true)] {
                let span = Span { layer: 0, row: 1, from, to };
                let found = growth(&setup.stack, &setup.params, &ws, span, flow).expect("a forward pass");
                let expected = largest_singular_value(&jacobian(&setup, from, to, whole));
                compare(&[found], &[expected], 1e-5)
                    .unwrap_or_else(|error| panic!("{cell} {from}..{to} {flow:?}: {error}"));
            }
        }
    }
}

#[test]
fn gates_are_counted() {
    let setup = setup(Cell::Gru, 2);
    let ws = probed(&setup);
    let gates = gate_activity(&setup.stack, &ws, 1).expect("a forward pass");
    assert_eq!(gates.iter().map(|gate| gate.gate).collect::<Vec<_>>(), ["r", "z", "n"]);
    for gate in &gates {
        assert_eq!(gate.histogram.iter().sum::<u64>(), 6 * 2 * 5);
        assert_eq!((gate.below.len(), gate.above.len(), gate.mean.len()), (6, 6, 6));
        assert!(!gate.is_sigmoid || gate.histogram[..10].iter().all(|&count| count == 0), "{}", gate.gate);
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    let setup = setup(Cell::Lstm, 1);
    let empty = RecurrentWorkspace::<f64>::new();
    assert_eq!(gate_activity(&setup.stack, &empty, 0), Err(Error::NoTape));
    let ws = probed(&setup);
    let wrong = Span { layer: 0, row: 0, from: 3, to: 6 };
    assert!(growth(&setup.stack, &setup.params, &ws, wrong, Flow::Hidden).is_err());
    let mut state = setup.state.clone();
    let mut ws = RecurrentWorkspace::new();
    let input = Input::Dense(setup.input());
    setup.stack.forward(&setup.params, input, &mut state, None, Mode::Eval, &mut ws).expect("fits");
    assert!(ws.probe().is_none());
}

#[test]
fn units_have_the_gates_and_states_that_the_pass_ended_with() {
    for cell in Cell::ALL {
        let setup = setup(cell, 2);
        let ws = probed(&setup);
        let stack = setup.stack.clone();
        for layer in 0..2 {
            let units = unit_activity(&stack, &ws, layer).unwrap();
            let means = gate_activity(&stack, &ws, layer).unwrap();
            for (values, activity) in units.gates.iter().zip(&means) {
                for (step, mean) in values.chunks_exact(2 * 5).zip(&activity.mean) {
                    compare(&[step.iter().sum::<f64>() / 10.0], &[*mean], 1e-12).unwrap();
                }
            }
            assert_eq!((units.h.len(), units.c.is_empty()), (6 * 2 * 5, !cell.has_c()));
        }
        let top = unit_activity(&stack, &ws, 1).unwrap();
        assert!(top.h.iter().eq(ws.output().iter()), "{cell}: the output is the state of the top layer");
        assert!(unit_activity(&stack, &ws, 2).is_err());
    }
}
