//! A model's stack gives the same outputs in PyTorch, and a state that PyTorch saved gives them here.
//!
//! Without a Python that has torch and safetensors (`COMPOSER_PYTHON`, or `python3`), the tests skip and say so.

use composer_bptt::{
    Cell, Init, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
};
use composer_models::file::{self, Notes, load_state};
use composer_models::{Encoding, ModelConfig, SequenceModel};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Runs the script on a folder; `None`, with a printed reason, if there is no PyTorch.
fn script(action: &str, folder: &Path) -> Option<String> {
    let python = std::env::var("COMPOSER_PYTHON").unwrap_or_else(|_| "python3".into());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/check_pytorch_interchange.py");
    let run = Command::new(&python).arg(path).arg(action).arg(folder).env("OMP_NUM_THREADS", "1").output();
    let Ok(output) = run else {
        println!("skipped: {python} cannot be run here");
        return None;
    };
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if said.contains("ModuleNotFoundError") {
        println!("skipped: {python} has no torch and safetensors");
        return None;
    }
    assert!(output.status.success(), "{said}");
    Some(said)
}

/// Output and final state of a stack from a state of zeros.
fn run(
    stack: &Recurrent,
    params: &Parameters<f32>,
    input: &[f32],
    steps: usize,
    batch: usize,
) -> [Vec<f32>; 3] {
    let (mut state, mut ws) = (State::zeros(stack.config(), batch), RecurrentWorkspace::new());
    stack.forward(params, Input::Dense(input), steps, batch, &mut state, None, Mode::Eval, &mut ws).unwrap();
    [ws.output().to_vec(), state.h, state.c]
}

/// The stack of a model, with its values.
fn stack_of(model: &SequenceModel) -> (Recurrent, Parameters<f32>) {
    let mut params = Parameters::new();
    let stack = Recurrent::new(model.config().recurrent.clone(), "recurrent", &mut params).unwrap();
    let length = params.len();
    params.values_mut().copy_from_slice(&model.params().values()[..length]);
    (stack, params)
}

#[test]
fn a_model_file_gives_the_same_outputs_in_pytorch() {
    let here = tempfile::tempdir().unwrap();
    for cell in Cell::ALL.into_iter().filter(|cell| cell.spec().pytorch.is_some()) {
        let recurrent = RecurrentConfig { cell, hidden: 6, layers: 2, ..RecurrentConfig::default() };
        let encoding = Encoding::Tokens { vocabulary: 4, fingerprint: "test".into() };
        let model = SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::PYTORCH, 3).unwrap();
        let (steps, batch, features) = (7, 3, 5);
        let input: Vec<f32> =
            (0..steps * batch * features).map(|i| ((i * 37 % 23) as f32 - 11.0) / 9.0).collect();
        let (stack, params) = stack_of(&model);
        let [output, h_n, c_n] = run(&stack, &params, &input, steps, batch);
        let path = here.path().join(cell.to_string());
        file::save(&model, &Notes::default(), &path.with_extension("safetensors")).unwrap();
        let told = json!({
            "cell": cell.to_string(), "features": features, "hidden": 6, "layers": 2, "steps": steps, "batch": batch,
            "input": input, "output": output, "h_n": h_n, "c_n": c_n,
        });
        std::fs::write(path.with_extension("json"), told.to_string()).unwrap();
    }
    let Some(said) = script("load", here.path()) else { return };
    for cell in Cell::ALL.into_iter().filter(|cell| cell.spec().pytorch.is_some()) {
        assert!(said.contains(&format!("{cell} output: largest difference")), "{said}");
    }
}

#[test]
fn a_state_saved_by_pytorch_gives_the_same_outputs_here() {
    // The golden files come from `python scripts/check_pytorch_interchange.py save`; each names the version and the seed.
    check_states(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pytorch-state"));
    let here = tempfile::tempdir().unwrap();
    if script("save", here.path()).is_some() {
        check_states(here.path());
    }
}

/// Loads the state of each cell and compares what it computes with what PyTorch did.
fn check_states(folder: &Path) {
    for cell in Cell::ALL.into_iter().filter(|cell| cell.spec().pytorch.is_some()) {
        let out = folder.join(cell.to_string());
        let case: Value =
            serde_json::from_slice(&std::fs::read(out.with_extension("json")).unwrap()).unwrap();
        let numbers =
            |name: &str| -> Vec<f32> { serde_json::from_value(case[name].clone()).unwrap_or_default() };
        let config = RecurrentConfig { cell, input: 5, hidden: 4, layers: 2, ..RecurrentConfig::default() };
        let mut params = Parameters::new();
        let stack = Recurrent::new(config, "recurrent", &mut params).unwrap();
        load_state(&mut params, "recurrent.", &out.with_extension("safetensors")).unwrap();
        let found = run(&stack, &params, &numbers("input"), 6, 3);
        for (name, found) in ["output", "h_n", "c_n"].iter().zip(&found) {
            let expected = numbers(name);
            assert_eq!(found.len(), expected.len(), "{cell} {name}");
            let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5, "{cell} {name} differs by {worst}");
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let here = tempfile::tempdir().unwrap();
    let path = here.path().join("model.safetensors");
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    let encoding = Encoding::Tokens { vocabulary: 4, fingerprint: "test".into() };
    let model = SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::PYTORCH, 3).unwrap();
    file::save(&model, &Notes::default(), &path).unwrap();
    let mut params = Parameters::new();
    let config =
        RecurrentConfig { cell: Cell::Lstm, input: 5, hidden: 6, layers: 2, ..RecurrentConfig::default() };
    Recurrent::new(config, "", &mut params).unwrap();
    // A whole model is no state of the stack alone.
    let complaint = load_state(&mut params, "", &path).unwrap_err().to_string();
    for words in
        ["weight_ih_l0 is missing", "weight_hh_l1 is missing", "output.weight is not part of the model"]
    {
        assert!(complaint.contains(words), "{words} is missing in: {complaint}");
    }
    let mut params = Parameters::new();
    let config = RecurrentConfig { cell: Cell::Lstm, input: 5, hidden: 6, ..RecurrentConfig::default() };
    Recurrent::new(config, "recurrent", &mut params).unwrap();
    let complaint = load_state(&mut params, "", &path).unwrap_err().to_string();
    assert!(
        complaint.contains("recurrent.weight_hh_l0 has shape [18, 6] and should have [24, 6]"),
        "{complaint}"
    );
    std::fs::write(&path, "a poem").unwrap();
    assert!(load_state(&mut params, "", &path).unwrap_err().to_string().contains("no safetensors file"));
}
