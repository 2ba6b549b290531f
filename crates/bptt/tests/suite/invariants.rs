//! What must hold whatever the numbers are: scratch, repetition, cuts in time, padding, the order of a batch, threads.

use crate::common;

use common::{CELLS, Setup, back, compare_runs, hold_path, parts};
use composer_bptt::arrays::{as_slice_or_copy, view};
use composer_bptt::reference::Run;
use composer_bptt::{
    Cell, Error, Input, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
    StepWorkspace,
};
use composer_testkit::{Checks, uniform};

fn config(cell: Cell) -> RecurrentConfig {
    RecurrentConfig { cell, input: 5, hidden: 9, layers: 2, ..RecurrentConfig::default() }
}

fn identical(checks: &mut Checks, name: &str, setup: &Setup, found: &Run<f64>, expected: &Run<f64>) {
    for (part, found, expected) in parts(setup, found, expected) {
        checks.identical(&format!("{name}: {part}"), found, expected);
    }
}

#[test]
fn dirty_scratch_changes_nothing() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        for layer_norm in [false, true] {
            let config = RecurrentConfig { bidirectional: true, layer_norm, ..config(cell) };
            let setup = Setup::new(config.clone(), 6, 3, 41).padded();
            let mut ws = RecurrentWorkspace::new();
            // Larger, saturated, without padding, with dropout: all of it leaves something behind.
            let other = RecurrentConfig { zoneout: 0.3, dropout: 0.3, recurrent_dropout: 0.3, ..config };
            let mut large = Setup::new(other, if cell == Cell::RnnRelu { 3 } else { 11 }, 7, 43).saturated();
            large.train = Some(1);
            large.fused_in::<f32>(&mut ws);
            let (clean, dirty) = (setup.fused::<f32>(), setup.fused_in::<f32>(&mut ws));
            identical(&mut checks, &setup.name(), &setup, &dirty, &clean);
        }
    }
    checks.finish();
}

#[test]
fn two_backward_passes_double_the_gradients() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        let setup = Setup::new(config(cell), 5, 3, 47);
        let mut params = setup.params.clone();
        let (mut state, mut ws) = (setup.state.clone(), RecurrentWorkspace::new());
        let input = Input::Dense(setup.input());
        setup.stack.forward(&params, input, &mut state, None, Mode::Eval, &mut ws).expect("fits");
        setup.stack.backward(&mut params, input, setup.d_output(), None, &mut ws).expect("fits");
        let once: Vec<f64> = params.grads().iter().map(|g| 2.0 * g).collect();
        setup.stack.backward(&mut params, input, setup.d_output(), None, &mut ws).expect("fits");
        checks.close(&setup.name(), params.grads(), &once, 1e-14);
    }
    checks.finish();
}

#[test]
fn parts_of_a_backward_pass_add_up_at_their_end() {
    let _held = hold_path();
    let mut checks = Checks::new();
    let (indices, offsets) = ([0, 3, 1, 2, 4, 0, 2], [0, 2, 3, 3, 5, 6, 7]);
    for (cell, bidirectional) in [(Cell::Gru, false), (Cell::Lstm, true)] {
        let setup = Setup::new(RecurrentConfig { bidirectional, ..config(cell) }, 2, 3, 59);
        for input in [Input::Dense(setup.input()), Input::MultiHot { indices: &indices, offsets: &offsets }] {
            let (mut params, mut ws) = (setup.params.clone(), RecurrentWorkspace::new());
            let pass = |params: &mut Parameters<f64>, ws: &mut RecurrentWorkspace<f64>| {
                setup
                    .stack
                    .forward(params, input, &mut setup.state.clone(), None, Mode::Eval, ws)
                    .expect("fits");
                setup.stack.backward(params, input, setup.d_output(), None, ws).expect("fits");
            };
            pass(&mut params, &mut ws);
            let twice: Vec<f64> = params.grads().iter().map(|g| 2.0 * g).collect();
            ws.begin_parts();
            pass(&mut params, &mut ws); // forgotten, as a pass that failed is
            params.zero_grad();
            ws.begin_parts();
            pass(&mut params, &mut ws);
            pass(&mut params, &mut ws);
            setup.stack.end_parts(&mut params, &mut ws);
            checks.close(&setup.name(), params.grads(), &twice, 1e-14);
            pass(&mut params, &mut ws);
            let thrice: Vec<f64> = twice.iter().map(|g| 1.5 * g).collect();
            checks.close(&setup.name(), params.grads(), &thrice, 1e-14);
        }
    }
    checks.finish();
}

#[test]
fn a_cut_in_time_with_carried_state_equals_one_run() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        let (steps, batch, cut) = (8, 3, 5);
        let whole = Setup::new(config(cell), steps, batch, 53);
        let expected = whole.fused::<f64>();
        let at = cut * batch;
        let part = |from: usize, to: usize| {
            let mut part = whole.clone();
            part.steps = (to - from) / batch;
            part.input = whole.input[from * 5..to * 5].to_vec();
            part.d_output = whole.d_output[from * 9..to * 9].to_vec();
            part
        };
        let mut first = part(0, at);
        let mut second = part(at, steps * batch);
        second.state = first.fused::<f64>().state_n;
        let run_2 = second.fused::<f64>();
        first.d_state_n = run_2.d_state.clone(); // the gradient goes on where the second part began
        let run_1 = first.fused::<f64>();
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
        let name = whole.name();
        checks.identical(
            &format!("{name}: output"),
            &[run_1.output, run_2.output].concat(),
            &expected.output,
        );
        checks.identical(&format!("{name}: h_n"), &run_2.state_n.h, &expected.state_n.h);
        checks.close(&format!("{name}: gradients"), &sum(&run_1.grads, &run_2.grads), &expected.grads, 1e-13);
        checks.close(
            &format!("{name}: d_input"),
            &[run_1.d_input, run_2.d_input].concat(),
            &expected.d_input,
            1e-13,
        );
        checks.close(&format!("{name}: d_h_0"), &run_1.d_state.h, &expected.d_state.h, 1e-13);
    }
    checks.finish();
}

#[test]
fn padded_steps_contribute_nothing() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        for bidirectional in [false, true] {
            let setup = Setup::new(RecurrentConfig { bidirectional, ..config(cell) }, 6, 4, 59).padded();
            let clean = setup.fused::<f64>();
            let valid = setup.mask.clone().expect("padded").valid().to_vec();
            let mut garbage = setup.clone();
            for (row, _) in valid.iter().enumerate().filter(|(_, valid)| !**valid) {
                garbage.input[row * 5..][..5].fill(1e3);
                garbage.d_output[row * setup.config.output()..][..setup.config.output()].fill(-1e3);
                assert!(
                    clean.output[row * setup.config.output()..][..setup.config.output()]
                        .iter()
                        .all(|&y| y == 0.0)
                );
                assert!(clean.d_input[row * 5..][..5].iter().all(|&d| d == 0.0));
            }
            identical(&mut checks, &setup.name(), &setup, &garbage.fused::<f64>(), &clean);
        }
    }
    checks.finish();
}

#[test]
fn permuting_the_batch_commutes() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        let setup = Setup::new(config(cell), 5, 4, 61);
        let order = [2, 0, 3, 1];
        let permute = |values: &[f64], width: usize| -> Vec<f64> {
            let steps = values.chunks_exact(4 * width);
            steps.flat_map(|step| order.iter().flat_map(|&b| step[b * width..][..width].to_vec())).collect()
        };
        let mut permuted = setup.clone();
        permuted.input = permute(&setup.input, 5);
        permuted.d_output = permute(&setup.d_output, 9);
        permuted.state = setup.state.gather_rows(&order);
        permuted.d_state_n = setup.d_state_n.gather_rows(&order);
        let (run, expected) = (permuted.fused::<f64>(), setup.fused::<f64>());
        let name = setup.name();
        checks.identical(&format!("{name}: output"), &run.output, &permute(&expected.output, 9));
        checks.identical(&format!("{name}: d_input"), &run.d_input, &permute(&expected.d_input, 5));
        checks.identical(&format!("{name}: d_h_0"), &run.d_state.h, &permute(&expected.d_state.h, 9));
        checks.close(&format!("{name}: gradients"), &run.grads, &expected.grads, 1e-13); // sums in another order
    }
    checks.finish();
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        // The last batch goes through time in several parts on one thread, and in one on four.
        for (layer_norm, steps, batch) in [(false, 12, 37), (true, 12, 37), (false, 3, 300)] {
            let config =
                RecurrentConfig { hidden: 33, dropout: 0.2, zoneout: 0.1, layer_norm, ..config(cell) };
            let mut setup = Setup::new(config, steps, batch, 67);
            setup.train = Some(5);
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| setup.fused::<f32>())
            };
            let one = on(1);
            for threads in [2, 3, 4] {
                identical(
                    &mut checks,
                    &format!("{} on {threads} threads", setup.name()),
                    &setup,
                    &on(threads),
                    &one,
                );
            }
        }
    }
    checks.finish();
}

/// A random multi-hot input `[rows, features]`, dense and listed.
fn multi_hot(rows: usize, features: usize, seed: u64) -> (Vec<f64>, Vec<u32>, Vec<usize>) {
    let dense: Vec<f64> =
        uniform(seed, rows * features, 1.0).iter().map(|&x| if x > 0.5 { 1.0 } else { 0.0 }).collect();
    let (mut indices, mut offsets) = (Vec::new(), vec![0]);
    for row in dense.chunks_exact(features) {
        indices.extend((0..features as u32).filter(|&j| row[j as usize] == 1.0));
        offsets.push(indices.len());
    }
    (dense, indices, offsets)
}

#[test]
fn gathered_inputs_equal_multiplied_ones() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        for (layer_norm, hidden) in [(false, 9), (false, 70), (true, 9)] {
            let mut setup = Setup::new(RecurrentConfig { layer_norm, hidden, ..config(cell) }, 30, 11, 71);
            let (dense, indices, offsets) = multi_hot(30 * 11, 5, 73);
            setup.input = dense;
            let expected = setup.fused::<f64>();
            let (mut params, mut state) = (setup.params.clone(), setup.state.clone());
            let mut ws = RecurrentWorkspace::new();
            ws.request_d_input(true);
            let input = Input::MultiHot { indices: &indices, offsets: &offsets };
            setup.stack.forward(&params, input, &mut state, None, Mode::Eval, &mut ws).expect("fits");
            setup
                .stack
                .backward(&mut params, input, setup.d_output(), Some(&setup.d_state_n), &mut ws)
                .expect("fits");
            let found = Run {
                output: as_slice_or_copy(ws.output()).into_owned(),
                state_n: state,
                grads: params.grads().to_vec(),
                d_input: as_slice_or_copy(ws.d_input()).into_owned(),
                d_state: ws.d_state().clone(),
            };
            compare_runs(&mut checks, &setup.name(), &setup, &found, &expected, 1e-12);
        }
    }
    checks.finish();
}

#[test]
fn steps_equal_a_sequence() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        let setup = Setup::new(RecurrentConfig { zoneout: 0.1, ..config(cell) }, 6, 3, 79);
        let expected = setup.fused::<f64>();
        let (mut state, mut ws) = (setup.state.clone(), StepWorkspace::new());
        let mut output = Vec::new();
        for x in setup.input.chunks_exact(3 * 5) {
            let x = view((1, 3, 5), x);
            let h = setup.stack.step(&setup.params, Input::Dense(x), &mut state, &mut ws).expect("fits");
            output.extend(h);
        }
        checks.identical(&format!("{}: output", setup.name()), &output, &expected.output);
        checks.identical(&format!("{}: h_n", setup.name()), &state.h, &expected.state_n.h);
    }
    checks.finish();
}

#[test]
fn new_weights_are_packed_anew() {
    let _held = hold_path();
    let setup = Setup::new(config(Cell::Gru), 4, 2, 83);
    let mut ws = RecurrentWorkspace::new();
    setup.fused_in::<f64>(&mut ws);
    let mut changed = setup.clone();
    changed.params.values_mut().iter_mut().for_each(|p| *p *= 0.5);
    assert_eq!(changed.fused_in::<f64>(&mut ws).output, changed.fused::<f64>().output);
}

#[test]
fn bad_input_gets_an_error_that_names_it() {
    let _held = hold_path();
    let good = config(Cell::Lstm);
    let mut params = Parameters::<f32>::new();
    for (name, config) in [
        ("hidden", RecurrentConfig { hidden: 0, ..good.clone() }),
        ("input", RecurrentConfig { input: 0, ..good.clone() }),
        ("layers", RecurrentConfig { layers: 0, ..good.clone() }),
        ("dropout", RecurrentConfig { dropout: 1.0, ..good.clone() }),
        ("zoneout", RecurrentConfig { zoneout: f64::NAN, ..good.clone() }),
    ] {
        let error = Recurrent::new(config, "", &mut params).expect_err(name).to_string();
        assert!(error.contains(name), "{error}");
    }
    let error = "tsodyks".parse::<Cell>().expect_err("no such cell").to_string();
    assert!(error.contains("tsodyks") && error.contains("gru"), "{error}");

    let setup = Setup::new(good.clone(), 4, 2, 89);
    let (mut ws, mut params) = (RecurrentWorkspace::new(), setup.params.clone());
    let mut forward = |params: &Parameters<f64>, input: Input<'_, f64>, mask: Option<&Mask>| {
        let mut state = State::zeros(&good, 2);
        setup.stack.forward(params, input, &mut state, mask, Mode::Eval, &mut ws)
    };
    let input = Input::Dense(setup.input());
    let message = |outcome: Result<(), Error>| outcome.expect_err("it is wrong").to_string();
    let none = Input::Dense(view((0, 2, 5), &[]));
    assert!(message(forward(&params, none, None)).contains("steps"));
    let wide = Input::Dense(view((2, 2, 10), &setup.input));
    let complaint = "the input: expected [T=2, B=2, F=5], got [2, 2, 10]";
    assert_eq!(message(forward(&params, wide, None)), complaint);
    let short = Mask::from_lengths(&[1, 1], 3);
    let complaint = "the mask: expected [T=4, B=2], got [3, 2]";
    assert_eq!(message(forward(&params, input, Some(&short))), complaint);
    let odd = Input::MultiHot { indices: &[], offsets: &[0; 4] };
    let complaint = "the offsets of the input has 4 elements, but 3 are needed";
    assert!(message(forward(&params, odd, None)).contains(complaint));
    assert!(Mask::new(vec![true; 7], 4, 2).is_err());
    let outside = Input::MultiHot { indices: &[5], offsets: &[0, 1, 1, 1, 1, 1, 1, 1, 1] };
    assert!(message(forward(&params, outside, None)).contains("input feature 5 at position 0"));

    let id = params.id("weight_hh_l1").expect("two layers");
    params.value_mut(id)[3] = f64::NAN;
    let error = message(forward(&params, input, None));
    assert!(error.contains("weight_hh_l1") && error.contains("NaN") && error.contains("index 3"), "{error}");

    // After a failed forward pass there is nothing to walk back through.
    let outcome = setup.stack.backward(&mut params, input, setup.d_output(), None, &mut ws);
    assert_eq!(outcome, Err(Error::NoTape));
    assert_eq!(
        setup.stack.backward(&mut params, input, view((0, 0, 0), &[]), None, &mut RecurrentWorkspace::new()),
        Err(Error::NoTape)
    );
}

#[test]
fn states_can_be_reset_row_by_row() {
    let _held = hold_path();
    let setup = Setup::new(config(Cell::Lstm), 1, 3, 97);
    let mut state = setup.state.clone();
    state.reset_rows(&[1]);
    for (values, before) in [(&state.h, &setup.state.h), (&state.c, &setup.state.c)] {
        for (row, (now, before)) in values.chunks_exact(9).zip(before.chunks_exact(9)).enumerate() {
            if row % 3 == 1 {
                assert!(now.iter().all(|&x| x == 0.0));
            } else {
                assert_eq!(now, before);
            }
        }
    }
    assert_eq!(back(&state.gather_rows(&[0]).h).len(), 2 * 9);
}
