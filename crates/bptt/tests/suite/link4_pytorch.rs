//! Link 4 of the chain of proof: the fused implementation against PyTorch: outputs, final states and all gradients.
//!
//! The golden files come from `python scripts/generate_pytorch_goldens.py`; each names the version of PyTorch and the seed.

use crate::common;

use common::{back, cast};
use composer_bptt::arrays::{as_slice_or_copy, view};
use composer_bptt::{
    Cell, Input, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
};
use composer_tensor::Scalar;
use composer_tensor::simd::{self, Path};
use composer_testkit::{Checks, Golden, GoldenCase};

fn golden(name: &str) -> Golden {
    Golden::read(format!("{}/tests/golden/pytorch-{name}.json", env!("CARGO_MANIFEST_DIR")))
}

fn mask(case: &GoldenCase) -> Option<Mask> {
    let lengths = case.config["lengths"].as_array()?;
    let lengths: Vec<usize> =
        lengths.iter().map(|length| length.as_u64().expect("a length") as usize).collect();
    Some(Mask::from_lengths(&lengths, case.size("steps")))
}

fn check_case<S: Scalar>(checks: &mut Checks, name: &str, cell: Cell, case: &GoldenCase, tolerance: f64) {
    let (steps, batch) = (case.size("steps"), case.size("batch"));
    let config = RecurrentConfig {
        cell,
        input: case.size("input"),
        hidden: case.size("hidden"),
        layers: case.size("layers"),
        bias: case.flag("bias"),
        bidirectional: case.flag("bidirectional"),
        ..RecurrentConfig::default()
    };
    let mut params = Parameters::<S>::new();
    let stack = Recurrent::new(config.clone(), "", &mut params).expect("PyTorch's sizes are right");
    for entry in params.entries().to_vec() {
        assert_eq!(entry.shape, case.tensors[&entry.name].shape, "{name}: the shape of {}", entry.name);
        params.values_mut()[entry.range].copy_from_slice(&cast::<S>(case.values(&entry.name)));
    }
    let c = |name: &str| if cell.has_c() { cast::<S>(case.values(name)) } else { Vec::new() };
    let state_of =
        |h: &str, c: Vec<S>| State::from_values(&config, batch, cast(case.values(h)), c).expect("fits");
    let mut state = state_of("h_0", c("c_0"));
    let x = cast::<S>(case.values("x"));
    let mut ws = RecurrentWorkspace::new();
    ws.request_d_input(true);
    let mask = mask(case);
    let input = Input::Dense(view((steps, batch, config.input), &x));
    stack
        .forward(&params, input, &mut state, mask.as_ref(), Mode::Eval, &mut ws)
        .expect("the sizes are right");
    let d_y = cast::<S>(case.values("d_y"));
    let d_state_n = state_of("d_h_n", c("d_c_n"));
    stack
        .backward(&mut params, input, view((steps, batch, config.output()), &d_y), Some(&d_state_n), &mut ws)
        .expect("the sizes are right");

    let mut close = |what: &str, found: &[S]| {
        checks.close(&format!("{name}: {what}"), &back(found), case.values(what), tolerance);
    };
    close("y", &as_slice_or_copy(ws.output()));
    close("h_n", &state.h);
    close("d_x", &as_slice_or_copy(ws.d_input()));
    close("d_h_0", &ws.d_state().h);
    if cell.has_c() {
        close("c_n", &state.c);
        close("d_c_0", &ws.d_state().c);
    }
    for (id, entry) in params.ids().zip(params.entries()) {
        close(&format!("d_{}", entry.name), params.grad(id));
    }
}

fn check_cells<S: Scalar>(tolerance: f64) {
    let mut checks = Checks::new();
    for cell in Cell::ALL {
        let golden = golden(&format!("{cell}-{}", S::NAME));
        assert!(golden.version.starts_with("torch "), "{}", golden.version);
        assert_eq!(golden.cases.len(), 4);
        for path in Path::all_available() {
            let _held = simd::use_path(path).expect("it is available");
            for case in &golden.cases {
                let name = format!("{cell} {} on {path}, {}", case.name, golden.version);
                check_case::<S>(&mut checks, &name, cell, case, tolerance);
            }
        }
    }
    checks.finish();
}

#[test]
fn double_precision_agrees_with_pytorch() {
    check_cells::<f64>(1e-10);
}

#[test]
fn single_precision_agrees_with_pytorch() {
    check_cells::<f32>(1e-5);
}
