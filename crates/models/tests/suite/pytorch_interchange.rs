//! A model's stack gives the same outputs in PyTorch, and a state that PyTorch saved gives them here.
//!
//! So do the logits of whole models, by the program that the documentation shows (`crates/bptt/docs/pytorch.md`).
//!
//! Without a Python that has torch and safetensors (`COMPOSER_PYTHON`, or `python3`), the tests skip and say so.

use approx::abs_diff_eq;
use composer_bptt::arrays::view;
use composer_bptt::{
    Cell, Init, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
};
use composer_models::batch::Slice;
use composer_models::file::{self, Notes, load_state};
use composer_models::{
    Encoding, ModelConfig, Sequence, SequenceBatch, SequenceModel, Targets, TokenNetwork, Workspace,
};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_testkit::uniform;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// The cells that PyTorch has.
const CELLS: [Cell; 4] = [Cell::RnnTanh, Cell::RnnRelu, Cell::Lstm, Cell::Gru];

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
    let input = Input::Dense(view((steps, batch, stack.config().input), input));
    stack.forward(params, input, &mut state, None, Mode::Eval, &mut ws).unwrap();
    [ws.output().iter().copied().collect(), state.h, state.c]
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
        let encoding = Encoding::Tokens {
            vocabulary: 4,
            fingerprint: "test".into(),
            longest_match: false,
            voices: None,
        };
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

/// Pitches of `representation`, each sounding with probability `share`; of those, some that sounded before are struck again.
fn random_frames(representation: &FrameRepresentation, steps: usize, share: f64, seed: u64) -> Vec<Frame> {
    let pitches = representation.num_pitches();
    let random = uniform(seed, steps * pitches * 2, 1.0);
    let mut frames = vec![Frame::default(); steps];
    for t in 0..steps {
        let before = if t > 0 { frames[t - 1].sounding } else { 0 };
        for (pitch, random) in random[t * pitches * 2..][..pitches * 2].chunks_exact(2).enumerate() {
            let bit = 1u128 << (usize::from(representation.pitch_low) + pitch);
            // What sounded goes on more often than not.
            let sounds = random[0].abs() < if before & bit > 0 { 0.7 } else { share };
            if sounds {
                frames[t].sounding |= bit;
            }
            if sounds && (before & bit == 0 || random[1] > 0.3) {
                frames[t].onsets |= bit;
            }
        }
    }
    frames
}

/// Writes what a model says of a piece, and the model, for the script.
fn write_logits(model: &SequenceModel, sequence: &Sequence, folder: &Path, name: &str) {
    let (mut batch, mut ws) = (SequenceBatch::new(model.encoding()), Workspace::default());
    batch.fill(model.encoding(), &[Some(Slice { sequence, start: 0, transpose: 0 })], sequence.len());
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    let logits = ws.logits().iter().copied().collect::<Vec<_>>();
    let nats = model.loss(&batch, &mut ws).unwrap();
    let counts = match &batch.targets {
        Targets::Bits { weight, .. } => weight.clone(),
        Targets::Tokens(_) => vec![1.0; logits.len()],
        Targets::Values { .. } => unreachable!("these models read music"),
    };
    let mut case = json!({ "logits": logits, "counts": counts, "nats": nats });
    match sequence {
        Sequence::Tokens(tokens) => case["tokens"] = json!(tokens[..]),
        Sequence::Frames(frames) => {
            let pitches = |frame: &Frame| {
                [frame.pitches().collect::<Vec<u8>>(), frame.struck().collect()].map(|plane| json!(plane))
            };
            case["frames"] = json!(frames.iter().map(pitches).collect::<Vec<_>>());
            if let Some(bars) = frames.bars() {
                let changes =
                    bars.changes().map(|(step, metre)| json!([step, metre.numerator, metre.denominator]));
                case["bars"] = changes.collect();
            }
        }
        Sequence::Values(_) => unreachable!("these models read music"),
    }
    let path = folder.join(name);
    file::save(model, &Notes::default(), &path.with_extension("safetensors")).unwrap();
    std::fs::write(path.with_extension("json"), case.to_string()).unwrap();
}

/// A model with random weights everywhere, also in the coupling, whose initial values are zeros.
fn random_model(config: ModelConfig, seed: u64) -> SequenceModel {
    let mut model = SequenceModel::new(config, &Init::PYTORCH, seed).unwrap();
    let random = uniform(seed, model.params().len(), 0.5);
    model.params_mut().values_mut().iter_mut().zip(random).for_each(|(value, x)| *value = x as f32);
    model
}

#[test]
fn the_program_of_the_documentation_gives_the_same_logits() {
    let here = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    let mut write = |model: &SequenceModel, sequence: &Sequence, name: String| {
        write_logits(model, sequence, here.path(), &name);
        names.push(name);
    };
    for (index, cell) in CELLS.into_iter().enumerate() {
        let seed = 60 + index as u64;
        let recurrent = RecurrentConfig { cell, hidden: 6, layers: 2, ..RecurrentConfig::default() };
        let encoding = Encoding::Tokens {
            vocabulary: 9,
            fingerprint: "test".into(),
            longest_match: false,
            voices: None,
        };
        let tokens = uniform(seed, 12, 4.5).iter().map(|x| (x + 4.5) as u32).collect();
        let model = random_model(ModelConfig::new(encoding, recurrent.clone()), seed);
        let tokens = Sequence::tokens(tokens);
        write(&model, &tokens, format!("tokens-{cell}"));
        let encoding =
            Encoding::Tokens { vocabulary: 9, fingerprint: "test".into(), longest_match: true, voices: None };
        let plain = TokenNetwork::default();
        for (what, network) in [
            ("match", plain.clone()),
            ("embedding", TokenNetwork { embedding: 5, ..plain.clone() }),
            ("tied", TokenNetwork { tied: true, ..plain.clone() }),
            ("mixture", TokenNetwork { softmaxes: 3, ..plain.clone() }),
            ("tied-mixture", TokenNetwork { tied: true, softmaxes: 2, embedding: 4, ..plain }),
        ] {
            let config = ModelConfig::new(encoding.clone(), recurrent.clone()).with_token_network(network);
            write(&random_model(config, seed), &tokens, format!("tokens-{cell}-{what}"));
        }
        for (onset_plane, metre, bar_line, coupled) in [
            (true, 3, 0, true),
            (true, 0, 0, false),
            (false, 4, 9, true),
            (false, 0, 24, false),
            (true, 5, 7, true),
        ] {
            let representation =
                FrameRepresentation { pitch_low: 60, pitch_high: 66, onset_plane, ..Default::default() };
            let frames = random_frames(&representation, 40, 0.3, seed);
            let encoding = Encoding::Frames {
                representation,
                metre,
                bar_line,
                look_back: 0,
                longest_match: false,
                returns: false,
                rhythm: false,
                note_lengths: 0,
                note_velocities: 0,
            };
            let config = ModelConfig { coupled, ..ModelConfig::new(encoding, recurrent.clone()) };
            let name = format!("frames-{cell}-{onset_plane}-{metre}-{bar_line}-{coupled}");
            // An upbeat, a change within a bar, and a metre whose bars are no whole number of steps.
            let changes = [(0, "1/4"), (4, "6/8"), (20, "3/4"), (34, "7/32")];
            let changes = changes.map(|(step, metre)| (step, metre.parse().unwrap()));
            let sequence = match bar_line {
                9 => Sequence::frames(frames),
                _ => Sequence::frames_in(frames, BarMap::from_changes(4, changes)),
            };
            write(&random_model(config, seed), &sequence, name);
        }
    }
    // A trained model that an earlier version wrote: the built-in one, when it was coupled.
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old/coupled.safetensors");
    if built_in.exists() {
        let (model, _) = file::load(&built_in).unwrap();
        let Encoding::Frames { representation, .. } = model.encoding() else { panic!("a model of frames") };
        let frames = random_frames(representation, 40, 0.04, 7);
        assert!(model.config().coupled);
        write(&model, &Sequence::frames(frames), "built-in".into());
    }
    let Some(said) = script("logits", here.path()) else { return };
    for name in names {
        assert!(said.contains(&format!("{name} logits: largest difference")), "{name}: {said}");
    }
    print!("{said}");
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
            for (a, b) in found.iter().zip(&expected) {
                assert!(abs_diff_eq!(a, b, epsilon = 1e-5), "{cell} {name}: {a} instead of {b}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let here = tempfile::tempdir().unwrap();
    let path = here.path().join("model.safetensors");
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    let encoding =
        Encoding::Tokens { vocabulary: 4, fingerprint: "test".into(), longest_match: false, voices: None };
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
