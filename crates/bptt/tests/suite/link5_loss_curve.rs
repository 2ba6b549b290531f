//! Link 5 of the chain of proof: ten steps of gradient descent follow PyTorch's loss curve.

use crate::common;

use common::{back, cast};
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{
    Cell, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace,
    State, loss,
};
use composer_tensor::Scalar;
use composer_testkit::{Checks, Golden, GoldenCase};

const TOLERANCE: f64 = 1e-5;
const RATE: f64 = 2.0;

/// The losses before each of ten steps, in nats per element.
fn curve<S: Scalar>(cell: Cell, case: &GoldenCase, multi_hot: bool) -> Vec<f64> {
    let (steps, batch) = (case.size("steps"), case.size("batch"));
    let (features, hidden) = (case.size("input"), case.size("hidden"));
    let config = RecurrentConfig { cell, input: features, hidden, ..RecurrentConfig::default() };
    let mut params = Parameters::<S>::new();
    let stack = Recurrent::new(config.clone(), "", &mut params).expect("the sizes are right");
    let linear = Linear::new(hidden, features, true, "linear", &mut params).expect("the sizes are right");
    for entry in params.entries().to_vec() {
        params.values_mut()[entry.range].copy_from_slice(&cast::<S>(case.values(&entry.name)));
    }
    let x = cast::<S>(case.values("x"));
    let (inputs, targets) = (&x[..steps * batch * features], &x[batch * features..]);
    let (shape, d_shape) = ((steps, batch, features), (steps, batch, hidden));
    let rows = inputs.chunks_exact(features);
    let active =
        rows.map(|row| (0..features as u32).filter(|&j| row[j as usize] > S::zero()).collect::<Vec<_>>());
    let (mut indices, mut offsets) = (Vec::new(), vec![0]);
    for row in active {
        indices.extend(row);
        offsets.push(indices.len());
    }
    let input = match multi_hot {
        true => Input::MultiHot { indices: &indices, offsets: &offsets },
        false => Input::Dense(view(shape, inputs)),
    };
    let (mut ws, mut linear_ws) = (RecurrentWorkspace::new(), LinearWorkspace::new());
    let mut logits = vec![S::zero(); targets.len()];
    let mut d_hidden = vec![S::zero(); steps * batch * hidden];
    let mut losses = Vec::new();
    for _ in 0..10 {
        let mut state = State::zeros(&config, batch);
        stack.forward(&params, input, &mut state, None, Mode::Eval, &mut ws).expect("fits");
        let mut logits = view_mut(shape, &mut logits);
        linear.forward(&params, ws.output(), logits.view_mut(), &mut linear_ws).expect("fits");
        let (scale, targets) = (1.0 / targets.len() as f64, view(shape, targets));
        let nll = loss::sigmoid_cross_entropy(logits.view_mut(), targets, None, scale).expect("fits");
        losses.push(nll.mean());
        params.zero_grad();
        let mut d_hidden = view_mut(d_shape, &mut d_hidden);
        let d_x = Some(d_hidden.view_mut());
        linear.backward(&mut params, ws.output(), logits.view(), d_x, &mut linear_ws).expect("fits");
        stack.backward(&mut params, input, d_hidden.view(), None, &mut ws).expect("fits");
        let (values, grads) = params.split();
        values.iter_mut().zip(grads).for_each(|(value, &grad)| *value -= S::of(RATE) * grad);
    }
    losses
}

#[test]
fn ten_steps_follow_pytorch() {
    let mut checks = Checks::new();
    for (cell, name) in [
        (Cell::Lstm, "loss-curve"),
        (Cell::PeepholeLstm, "loss-curve-peephole-lstm"),
        (Cell::MinimalGatedUnit, "loss-curve-minimal-gated-unit"),
    ] {
        for precision in ["f32", "f64"] {
            let golden = Golden::read(format!(
                "{}/tests/golden/pytorch-{name}-{precision}.json",
                env!("CARGO_MANIFEST_DIR")
            ));
            let case = &golden.cases[0];
            let expected = case.values("losses");
            assert_eq!(expected.len(), 10);
            assert!(expected[9] < 0.95 * expected[0], "the curve goes down");
            for multi_hot in [false, true] {
                let found = if precision == "f32" {
                    curve::<f32>(cell, case, multi_hot)
                } else {
                    curve::<f64>(cell, case, multi_hot)
                };
                let name = format!("{cell} {precision}, multi-hot {multi_hot}");
                checks.close(&name, &back(&found), expected, TOLERANCE);
            }
        }
    }
    checks.finish();
}
