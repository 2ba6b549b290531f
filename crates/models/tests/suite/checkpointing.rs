//! Activations computed again give the loss, the state and the gradients of activations kept, and name what broke.

use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceBatch, SequenceModel, Workspace};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_testkit::{Checks, f64s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Long enough for three segments: at this batch, a segment has 682 steps.
const STEPS: usize = 1500;
/// Sums over some thousand rows in `f32`, cut at other places.
const TOLERANCE: f64 = 1e-4;

fn frames() -> (Encoding, Sequence) {
    let representation =
        FrameRepresentation { pitch_low: 60, pitch_high: 71, ..FrameRepresentation::default() };
    let frame = |step: usize| {
        let sounding = (1u128 << (60 + step * 7 % 11)) | (1u128 << (60 + step / 3 % 12));
        Frame { sounding, onsets: if step.is_multiple_of(2) { sounding } else { 0 } }
    };
    (Encoding::frames(representation), Sequence::frames((0..STEPS).map(frame).collect()))
}

fn tokens() -> (Encoding, Sequence) {
    let encoding =
        Encoding::Tokens { vocabulary: 7, fingerprint: "toy".into(), longest_match: false, voices: None };
    (encoding, Sequence::tokens((0..STEPS as u32).map(|step| step * step % 7).collect()))
}

fn model(encoding: &Encoding, cell: Cell) -> SequenceModel {
    let recurrent = RecurrentConfig { cell, hidden: 8, layers: 2, ..RecurrentConfig::default() };
    let coupled = matches!(encoding, Encoding::Frames { .. });
    let config = ModelConfig { coupled, ..ModelConfig::new(encoding.clone(), recurrent) };
    SequenceModel::new(config, &Init::PYTORCH, 3).unwrap()
}

/// Three rows: the whole piece, its second half and padding, nothing.
fn batch(encoding: &Encoding, music: &Sequence) -> SequenceBatch {
    let mut batch = SequenceBatch::new(encoding);
    let slice = |start| Some(Slice { sequence: music, start, transpose: 0 });
    batch.fill(encoding, &[slice(0), slice(STEPS / 2), None], STEPS);
    batch
}

#[test]
fn loss_state_and_gradients_are_the_same() {
    let mut checks = Checks::new();
    for (encoding, music) in [frames(), tokens()] {
        for cell in [Cell::Lstm, Cell::Gru] {
            let batch = batch(&encoding, &music);
            let mut kept = model(&encoding, cell);
            let (mut ws, mut state) = (Workspace::default(), kept.zero_state(3));
            kept.forward(&batch, &mut state, Mode::Eval, &mut ws).unwrap();
            let nats = kept.smoothed_loss(&batch, 0.1, &mut ws).unwrap();
            kept.backward(&batch, &mut ws).unwrap();

            let mut again = model(&encoding, cell);
            let (mut ws, mut end) = (Workspace::default(), again.zero_state(3));
            let found = again.learn_with_checkpointing(&batch, &mut end, 0.1, Mode::Eval, &mut ws).unwrap();
            let name = |what: &str| format!("{cell} {} {what}", encoding.outputs());
            checks.close(&name("loss"), &[found], &[nats], 1e-6);
            checks.identical(&name("state"), &f64s(&end.stack.h), &f64s(&state.stack.h));
            checks.close(
                &name("gradients"),
                &f64s(again.params().grads()),
                &f64s(kept.params().grads()),
                TOLERANCE,
            );
        }
    }
    checks.finish();
}

#[test]
fn dropout_is_drawn_once_for_each_segment_and_from_the_seed() {
    let (encoding, music) = frames();
    let batch = batch(&encoding, &music);
    let gradients = |seed: u64, dropout: f64| {
        let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 8, ..RecurrentConfig::default() };
        let config = ModelConfig { output_dropout: dropout, ..ModelConfig::new(encoding.clone(), recurrent) };
        let mut model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap();
        let (mut ws, mut state) = (Workspace::default(), model.zero_state(3));
        let mode = Mode::Train { rng: &mut ChaCha8Rng::seed_from_u64(seed) };
        model.learn_with_checkpointing(&batch, &mut state, 0.0, mode, &mut ws).unwrap();
        model.params().grads().to_vec()
    };
    assert_eq!(gradients(1, 0.5), gradients(1, 0.5));
    assert_ne!(gradients(1, 0.5), gradients(2, 0.5));
    assert_ne!(gradients(1, 0.5), gradients(1, 0.0));
}

#[test]
fn what_broke_is_found_in_the_segment_where_it_did() {
    let (encoding, music) = tokens();
    let mut model = model(&encoding, Cell::RnnRelu);
    // Each unit hands on nearly twice itself: it overflows after some hundred steps, in the first segment or later.
    for (name, value) in [("weight_hh_l0", 0.0), ("weight_ih_l0", 1.0), ("weight_hh_l1", 0.0)] {
        let id = model.params().id(&format!("recurrent.{name}")).unwrap();
        model.params_mut().value_mut(id).fill(value);
    }
    let id = model.params().id("recurrent.weight_hh_l0").unwrap();
    for unit in 0..8 {
        model.params_mut().value_mut(id)[unit * 9] = 1.1;
    }
    let batch = batch(&encoding, &music);
    let (mut ws, mut state) = (Workspace::default(), model.zero_state(3));
    model.forward(&batch, &mut state, Mode::Eval, &mut ws).unwrap();
    let kept = model.first_breakdown(&ws).expect("it overflows");
    assert!((682..1364).contains(&kept.step), "in the second segment: {}", kept.step);

    let (mut ws, mut state) = (Workspace::default(), model.zero_state(3));
    assert!(model.first_breakdown_with_checkpointing(&batch, &mut ws).is_err(), "nothing was learnt yet");
    let nats = model.learn_with_checkpointing(&batch, &mut state, 0.0, Mode::Eval, &mut ws).unwrap();
    assert!(!nats.is_finite(), "{nats}");
    let again =
        model.first_breakdown_with_checkpointing(&batch, &mut ws).unwrap().expect("it overflows again");
    assert_eq!((again.step, again.layer, again.gate), (kept.step, kept.layer, kept.gate));
}
