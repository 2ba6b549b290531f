//! Frames pitch by pitch with the same weights for all: a plain-loop twin, the chain rule, transposition, and single notes against batches.

use crate::single_notes::{frames, note_by_note};
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::file::{self, Notes};
use composer_models::{
    BiaxialConfig, Encoding, ModelConfig, Network, Sequence, SequenceBatch, SequenceModel, Workspace, scoring,
};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_testkit::{Checks, f64s};
use ndarray::{Array2, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::Path;

const LOW: u8 = 48;

fn encoding(pitches: u8, onset_plane: bool) -> Encoding {
    let representation = FrameRepresentation {
        pitch_low: LOW,
        pitch_high: LOW + pitches - 1,
        onset_plane,
        ..FrameRepresentation::default()
    };
    Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 3,
        look_back: 0,
        longest_match: onset_plane,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    }
}

fn config(encoding: &Encoding, cell: Cell, layers: usize, absolute: bool) -> ModelConfig {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 5, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell, hidden: 4, layers, ..RecurrentConfig::default() };
    let mut config = ModelConfig::new(encoding.clone(), recurrent).with_network(Network::Biaxial, notes, 0.0);
    config.biaxial = config.biaxial.map(|biaxial| BiaxialConfig { absolute, below: 3, ..biaxial });
    config.fitted()
}

/// A model whose second recurrence has another cell than its first.
fn model(encoding: &Encoding, cell: Cell, layers: usize, absolute: bool) -> SequenceModel {
    let config = config(encoding, cell, layers, absolute);
    let mut model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap();
    // Large weights, so that the pitches matter to each other.
    model.params_mut().values_mut().iter_mut().for_each(|value| *value *= 2.0);
    model
}

fn batch(encoding: &Encoding, sequence: &Sequence) -> SequenceBatch {
    let mut batch = SequenceBatch::new(encoding);
    let slice = Slice { sequence, start: 0, transpose: 0 };
    batch.fill(encoding, &[Some(slice)], sequence.len());
    batch
}

#[test]
fn single_notes_cost_what_they_cost_in_a_batch() {
    for (onset_plane, cell, layers) in
        [(true, Cell::Gru, 1), (true, Cell::Lstm, 2), (false, Cell::RnnTanh, 1)]
    {
        let encoding = encoding(16, onset_plane);
        let model = model(&encoding, cell, layers, true);
        let sequence = Sequence::frames(frames(LOW, 16, 40));
        let short = Sequence::frames(frames(LOW, 16, 9));
        let scored = scoring::score(&model, &[sequence.clone(), short], &mut Workspace::default()).unwrap();
        let expected = note_by_note(&model, &sequence);
        for (t, (found, expected)) in scored[0].total().iter().zip(&expected).enumerate() {
            approx::assert_abs_diff_eq!(*found, *expected, epsilon = 1e-4);
            assert!(expected.is_finite(), "step {t}");
        }
        assert_eq!(scored[0].onset.iter().any(|&nll| nll > 0.0), onset_plane);
        assert_eq!(scored[1].len(), 9);
        // The loss is the same sum.
        let batch = batch(&encoding, &sequence);
        let mut ws = Workspace::default();
        model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
        let nats = model.loss(&batch, &mut ws).unwrap();
        approx::assert_relative_eq!(nats, expected.iter().sum::<f64>(), max_relative = 1e-5);
    }
}

#[test]
fn the_probabilities_of_all_frames_sum_to_one() {
    let model = model(&encoding(4, true), Cell::Gru, 1, true);
    let before = Frame { sounding: 0b0110 << LOW, onsets: 0b0110 << LOW };
    let mut total = 0.0;
    let mut count = 0;
    for sounding in 0..16u128 {
        for onsets in (0..16u128).filter(|onsets| onsets & !sounding == 0) {
            // What did not sound before is struck by necessity.
            if sounding & !0b0110 & !onsets != 0 {
                continue;
            }
            let frame = Frame { sounding: sounding << LOW, onsets: onsets << LOW };
            let piece = [Sequence::frames(vec![before, frame])];
            let scored = scoring::score(&model, &piece, &mut Workspace::default()).unwrap();
            total += (-scored[0].total()[1]).exp();
            count += 1;
        }
    }
    assert_eq!(count, 36, "3·3·2·2");
    approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-5);
}

/// The matrix with the rows of a PyTorch parameter times a vector, plus a bias.
fn affine(model: &SequenceModel<f64>, [weight, bias]: [&str; 2], x: &[f64]) -> Vec<f64> {
    let (weight, bias) = (model.weight(weight).unwrap(), model.weight(bias).unwrap());
    let (weight, bias): (Vec<f64>, Vec<f64>) =
        (weight.iter().copied().collect(), bias.iter().copied().collect());
    let rows = weight.chunks_exact(x.len());
    rows.zip(bias).map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()).collect()
}

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// The LSTM of PyTorch's documentation, unit by unit.
fn lstm(model: &SequenceModel<f64>, stack: &str, x: &[f64], h: &mut [f64], c: &mut [f64]) {
    let name = |what: &str| format!("{stack}.{what}_l0");
    let from_x = affine(model, [&name("weight_ih"), &name("bias_ih")], x);
    let from_h = affine(model, [&name("weight_hh"), &name("bias_hh")], h);
    let (hidden, sum) = (h.len(), |row: usize| from_x[row] + from_h[row]);
    for unit in 0..hidden {
        let (i, f) = (sigmoid(sum(unit)), sigmoid(sum(hidden + unit)));
        let (g, o) = (sum(2 * hidden + unit).tanh(), sigmoid(sum(3 * hidden + unit)));
        c[unit] = f * c[unit] + i * g;
        h[unit] = o * c[unit].tanh();
    }
}

/// The step after the longest earlier passage that equals the last of these frames, and its length; of equals the latest.
fn longest_match(past: &[Frame]) -> Option<(usize, usize)> {
    let equal = |step: usize| (1..=step).take_while(|&i| past[step - i] == past[past.len() - i]).count();
    (1..past.len()).map(|step| (step, equal(step))).max_by_key(|found| found.1).filter(|found| found.1 > 0)
}

/// What pitch `k` of 16 reads, as numbers: after the steps `past`, in bars of four steps that are counted from the beginning.
fn reads(past: &[Frame], k: usize) -> Vec<f64> {
    let mut x = vec![0.0; 50 + 36 + 1 + 4 + 3 + 1 + 6 + 16 + 50];
    let (t, before) = (past.len(), past.last());
    let planes = before.map_or([0; 2], |frame| [frame.sounding >> LOW, frame.onsets >> LOW]);
    let mut classes = [0; 12];
    for other in 0..16usize {
        for (plane, bits) in planes.iter().enumerate() {
            if bits >> other & 1 == 1 && other.abs_diff(k) <= 12 {
                x[25 * plane + other + 12 - k] = 1.0;
            }
        }
        if planes[0] >> other & 1 == 1 {
            classes[(other + 24 - k) % 12] += 1;
        }
    }
    for (class, &count) in classes.iter().enumerate().filter(|(_, count)| **count > 0) {
        x[50 + 3 * class + count.min(3) - 1] = 1.0;
    }
    x[86] = if before.is_none() { 1.0 } else { 0.0 };
    x[87 + t % 4] = 1.0;
    // Bars are of 16 steps where they are not known; the bar line is seen from three steps before.
    x[91 + (16 - t % 16).min(3) - 1] = 1.0;
    x[94] = if t.is_multiple_of(4) { 1.0 } else { 0.0 };
    x[101 + k] = 1.0;
    if let Some((step, length)) = longest_match(past) {
        // 1, 2, 4 … 32 steps and more.
        x[95 + (0..5).filter(|&power| length >= 2 << power).count()] = 1.0;
        for (plane, bits) in [past[step].sounding >> LOW, past[step].onsets >> LOW].into_iter().enumerate() {
            for other in (0..16usize).filter(|&other| bits >> other & 1 == 1 && other.abs_diff(k) <= 12) {
                x[117 + 25 * plane + other + 12 - k] = 1.0;
            }
        }
    }
    x
}

#[test]
fn a_batch_costs_what_plain_loops_say() {
    let encoding = encoding(16, true);
    let model = model(&encoding, Cell::Lstm, 1, true).cast::<f64>();
    let mut all = frames(LOW, 16, 30);
    // It has to return to have matches of some length.
    all.extend_from_within(3..25);
    let mut over_time = vec![(vec![0.0; 5], vec![0.0; 5]); 16];
    let mut expected = 0.0;
    for (t, frame) in all.iter().enumerate() {
        let before = t.checked_sub(1).map(|before| all[before]);
        let (mut h, mut c) = (vec![0.0; 4], vec![0.0; 4]);
        let on = |plane: u128, k: usize| plane >> (usize::from(LOW) + k) & 1 == 1;
        for (k, (h_time, c_time)) in over_time.iter_mut().enumerate() {
            lstm(&model, "recurrent", &reads(&all[..t], k), h_time, c_time);
            let mut read = h_time.clone();
            for below in (1..=3).map(|distance| k.checked_sub(distance)) {
                for plane in [frame.sounding, frame.onsets] {
                    read.push(if below.is_some_and(|below| on(plane, below)) { 1.0 } else { 0.0 });
                }
            }
            lstm(&model, "notes", &read, &mut h, &mut c);
            let y = affine(&model, ["notes.output.weight", "notes.output.bias"], &h);
            let cost = |logit: f64, on: bool| -(sigmoid(if on { logit } else { -logit })).ln();
            expected += cost(y[0], on(frame.sounding, k));
            if before.is_some_and(|before| on(before.sounding & frame.sounding, k)) {
                expected += cost(y[1], on(frame.onsets, k));
            }
        }
    }
    let sequence = Sequence::frames(all);
    let batch = batch(&encoding, &sequence).cast::<f64>();
    let mut ws = Workspace::default();
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    approx::assert_relative_eq!(model.loss(&batch, &mut ws).unwrap(), expected, max_relative = 1e-9);
}

/// Outputs over time `[T, P, H]` and logits `[T, V]` of a sequence.
fn outputs(model: &SequenceModel, sequence: &Sequence) -> (ndarray::Array3<f32>, Array2<f32>) {
    let batch = batch(model.encoding(), sequence);
    let mut ws = Workspace::default();
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    (ws.hidden().to_owned(), ws.logits().slice(s![.., 0, ..]).to_owned())
}

#[test]
fn transposed_music_has_transposed_probabilities() {
    const PITCHES: usize = 80;
    for onset_plane in [true, false] {
        let encoding = encoding(PITCHES as u8, onset_plane);
        let model = SequenceModel::new(config(&encoding, Cell::Gru, 1, false), &Init::PYTORCH, 3).unwrap();
        let music = frames(LOW + 56, 10, 24);
        let (here, logits) = outputs(&model, &Sequence::frames(music.clone()));
        for semitones in [-6i8, -1, 3, 12] {
            let transposed = music.iter().map(|frame| frame.transpose(semitones)).collect();
            let (there, transposed) = outputs(&model, &Sequence::frames(transposed));
            let shift = semitones.unsigned_abs() as usize;
            let parts = |from: usize, to: usize| match semitones > 0 {
                true => (from..to - shift, from + shift..to),
                false => (from + shift..to, from..to - shift),
            };
            // The recurrence over time: exactly, for all pitches.
            let (a, b) = parts(0, PITCHES);
            assert_eq!(here.slice(s![.., a, ..]), there.slice(s![.., b, ..]), "{semitones} semitones");
            // The one over pitch has begun at the lowest pitch, and forgets it.
            for plane in 0..if onset_plane { 2 } else { 1 } {
                let (a, b) = parts(plane * PITCHES + 44, (plane + 1) * PITCHES);
                let (a, b) = (logits.slice(s![.., a]), transposed.slice(s![.., b]));
                let furthest = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(furthest < 1e-5, "{semitones} semitones: {furthest}");
            }
            let (a, b) = (0..PITCHES, 0..PITCHES);
            assert_ne!(logits.slice(s![.., a]), transposed.slice(s![.., b]), "it is not a constant");
        }
    }
}

#[test]
fn music_and_range_transposed_together_cost_the_same() {
    let lower = encoding(20, true);
    let mut higher = lower.clone();
    if let Encoding::Frames { representation, .. } = &mut higher {
        representation.pitch_low += 7;
        representation.pitch_high += 7;
    }
    let here = model(&lower, Cell::Lstm, 1, true);
    let mut there = model(&higher, Cell::Lstm, 1, true);
    there.params_mut().values_mut().copy_from_slice(here.params().values());
    let music = frames(LOW, 16, 20);
    let transposed = music.iter().map(|frame| frame.transpose(7)).collect();
    assert_eq!(outputs(&here, &Sequence::frames(music)), outputs(&there, &Sequence::frames(transposed)));
}

#[test]
fn a_model_comes_back_from_its_file() {
    let model = model(&encoding(16, true), Cell::Gru, 2, false);
    let bytes = file::to_bytes(&model, &Notes::default()).unwrap();
    let (again, _) = file::from_bytes(&bytes, Path::new("some.safetensors")).unwrap();
    assert_eq!(again.config(), model.config());
    assert_eq!(again.params().values(), model.params().values());
    let sequence = Sequence::frames(frames(LOW, 16, 20));
    assert_eq!(outputs(&model, &sequence), outputs(&again, &sequence));
}

#[test]
fn activations_computed_again_give_the_same_gradients() {
    let encoding = encoding(16, true);
    let sequence = Sequence::frames(frames(LOW, 16, 90));
    let batch = batch(&encoding, &sequence);
    let mut kept = model(&encoding, Cell::Gru, 1, true);
    let mut again = kept.clone();
    let (mut ws, mut state) = (Workspace::default(), kept.zero_state(1));
    kept.forward(&batch, &mut state, Mode::Eval, &mut ws).unwrap();
    let nats = kept.smoothed_loss(&batch, 0.1, &mut ws).unwrap();
    kept.backward(&batch, &mut ws).unwrap();
    let (mut ws, mut end) = (Workspace::default(), again.zero_state(1));
    let found = again.learn_with_checkpointing(&batch, &mut end, 0.1, Mode::Eval, &mut ws).unwrap();
    approx::assert_relative_eq!(found, nats, max_relative = 1e-6);
    assert_eq!(f64s(&end.stack.h), f64s(&state.stack.h));
    let gradients = again.params().grads().iter().zip(kept.params().grads());
    gradients.for_each(|(a, b)| approx::assert_abs_diff_eq!(a, b, epsilon = 1e-4));
}

#[test]
fn dropout_comes_from_the_seed_and_keeps_gradients_of_the_same_size() {
    let encoding = encoding(16, true);
    let sequence = Sequence::frames(frames(LOW, 16, 40));
    let batch = batch(&encoding, &sequence);
    let mut config = config(&encoding, Cell::Lstm, 2, true);
    config.output_dropout = 0.5;
    config.recurrent.recurrent_dropout = 0.2;
    if let Some(biaxial) = &mut config.biaxial {
        biaxial.output_dropout = 0.25;
        biaxial.notes.dropout = 0.1;
        biaxial.notes.zoneout = 0.1;
    }
    let gradients = |seed: u64| {
        let mut model = SequenceModel::new(config.clone(), &Init::PYTORCH, 3).unwrap();
        let (mut ws, mut state) = (Workspace::default(), model.zero_state(1));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        model.forward(&batch, &mut state, Mode::Train { rng: &mut rng }, &mut ws).unwrap();
        let nats = model.loss(&batch, &mut ws).unwrap();
        model.backward(&batch, &mut ws).unwrap();
        (nats, model.params().grads().to_vec())
    };
    assert_eq!(gradients(1), gradients(1));
    assert_ne!(gradients(1), gradients(2));
    assert!(gradients(1).1.iter().all(|g| g.is_finite()));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let frames = config(&encoding(16, true), Cell::Gru, 1, true);
    let tokens = ModelConfig { encoding: Encoding::tokens(5), ..frames.clone() };
    let narrow = {
        let mut config = frames.clone();
        config.biaxial.as_mut().unwrap().notes.input -= 1;
        config
    };
    let far = {
        let mut config = frames.clone();
        config.biaxial.as_mut().unwrap().below = 0;
        config.fitted()
    };
    let coupled = ModelConfig { coupled: true, ..frames.clone() };
    let both_ways = {
        let mut config = frames;
        config.recurrent.bidirectional = true;
        config.fitted()
    };
    for config in [tokens, narrow, far, coupled, both_ways] {
        assert!(SequenceModel::zeros(config).is_err());
    }
}

#[test]
fn learning_in_one_is_the_three_passes() {
    let encoding = encoding(7, true);
    let mut config = ModelConfig { output_dropout: 0.4, ..config(&encoding, Cell::Lstm, 1, true) };
    config.biaxial.as_mut().unwrap().output_dropout = 0.3;
    let model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap().cast::<f64>();
    // More frames than a block has, and padding between them.
    let (long, short) = (Sequence::frames(frames(LOW, 7, 150)), Sequence::frames(frames(LOW, 7, 60)));
    let slices = [&long, &short, &long].map(|sequence| Some(Slice { sequence, start: 0, transpose: 0 }));
    let mut batch = SequenceBatch::new(&encoding);
    batch.fill(&encoding, &slices, 150);
    let batch = batch.cast::<f64>();
    let found = |in_one: bool| {
        let mut model = model.clone();
        let (mut ws, mut state) = (Workspace::default(), model.zero_state(3));
        let mode = Mode::Train { rng: &mut ChaCha8Rng::seed_from_u64(7) };
        let nats = if in_one {
            model.learn(&batch, &mut state, 0.1, mode, &mut ws).unwrap()
        } else {
            model.forward(&batch, &mut state, mode, &mut ws).unwrap();
            let nats = model.smoothed_loss(&batch, 0.1, &mut ws).unwrap();
            model.backward(&batch, &mut ws).unwrap();
            nats
        };
        (nats, model.params().grads().to_vec())
    };
    let (one, three) = (found(true), found(false));
    approx::assert_relative_eq!(one.0, three.0, max_relative = 1e-12);
    let mut checks = Checks::new();
    checks.close("gradients", &one.1, &three.1, 1e-10);
    checks.finish();
}
