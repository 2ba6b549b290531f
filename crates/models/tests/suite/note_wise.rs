//! Frames note by note: a plain-loop twin, the chain rule, and single notes against whole batches.

use crate::single_notes::{frames, note_by_note};
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::{
    Encoding, ModelConfig, NoteWiseConfig, Sequence, SequenceBatch, SequenceModel, Targets, Workspace,
    scoring,
};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_testkit::Checks;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const LOW: u8 = 60;

fn encoding(pitch_high: u8, onset_plane: bool) -> Encoding {
    let representation =
        FrameRepresentation { pitch_low: LOW, pitch_high, onset_plane, ..FrameRepresentation::default() };
    // Two earlier bars and the longest match are seen where there are onsets.
    let look_back = if onset_plane { 2 } else { 0 };
    Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 0,
        look_back,
        longest_match: onset_plane,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    }
}

/// A model whose notes are written by another cell than its time steps.
fn model(encoding: &Encoding, cell: Cell, layers: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 5, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell, hidden: 4, layers, ..RecurrentConfig::default() };
    let config = ModelConfig::new(encoding.clone(), recurrent);
    let config = ModelConfig { note_wise: Some(NoteWiseConfig::new(encoding, notes)), ..config };
    let config = config.with_relative_logits(true);
    let mut model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap();
    // Large weights, so that the notes matter to each other.
    model.params_mut().values_mut().iter_mut().for_each(|value| *value *= 3.0);
    model
}

#[test]
fn single_notes_cost_what_they_cost_in_a_batch() {
    for (onset_plane, cell, layers) in
        [(true, Cell::Gru, 1), (true, Cell::Lstm, 2), (false, Cell::RnnTanh, 1)]
    {
        let encoding = encoding(75, onset_plane);
        let model = model(&encoding, cell, layers);
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
        let mut batch = SequenceBatch::new(&encoding);
        batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 40);
        let mut ws = Workspace::default();
        model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
        let nats = model.loss(&batch, &mut ws).unwrap();
        approx::assert_relative_eq!(nats, expected.iter().sum::<f64>(), max_relative = 1e-5);
    }
}

#[test]
fn the_probabilities_of_all_frames_sum_to_one() {
    let encoding = encoding(LOW + 3, true);
    let model = model(&encoding, Cell::Gru, 1);
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
            let nll = note_by_note(&model, &Sequence::frames(vec![before, frame]));
            total += (-nll[1]).exp();
            count += 1;
        }
    }
    assert_eq!(count, 36, "four with two choices, two with three each, and so on: 3·3·2·2");
    approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-5);
}

/// The values of a weight of the model.
pub fn weights(model: &SequenceModel<f64>, name: &str) -> Vec<f64> {
    model.weight(name).unwrap().iter().copied().collect()
}

/// `W x`, in plain loops.
pub fn product(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
}

/// `W x + b` of a layer with this name.
pub fn linear(weight: &dyn Fn(&str) -> Vec<f64>, name: &str, x: &[f64]) -> Vec<f64> {
    let products = product(&weight(&format!("{name}.weight")), x);
    products.iter().zip(weight(&format!("{name}.bias"))).map(|(product, bias)| product + bias).collect()
}

/// σ and the GRU of PyTorch's documentation, unit by unit, in plain loops.
pub fn gru(weight: &dyn Fn(&str) -> Vec<f64>, features: &[u32], h: &mut [f64]) {
    let hidden = h.len();
    let (w_ih, w_hh) = (weight("notes.weight_ih_l0"), weight("notes.weight_hh_l0"));
    let (b_ih, b_hh) = (weight("notes.bias_ih_l0"), weight("notes.bias_hh_l0"));
    let inputs = w_ih.len() / (3 * hidden);
    let from_input =
        |row: usize| b_ih[row] + features.iter().map(|&f| w_ih[row * inputs + f as usize]).sum::<f64>();
    let before = h.to_vec();
    let from_state = |row: usize| {
        b_hh[row] + before.iter().enumerate().map(|(j, h)| w_hh[row * hidden + j] * h).sum::<f64>()
    };
    let sigmoid = |a: f64| 1.0 / (1.0 + (-a).exp());
    for unit in 0..hidden {
        let r = sigmoid(from_input(unit) + from_state(unit));
        let z = sigmoid(from_input(hidden + unit) + from_state(hidden + unit));
        let n = (from_input(2 * hidden + unit) + r * from_state(2 * hidden + unit)).tanh();
        h[unit] = (1.0 - z) * n + z * before[unit];
    }
}

/// −ln P of one frame by the equations of the module, in plain loops over `f64`: pitch `k` of 16, no onset plane.
fn naive(model: &SequenceModel<f64>, context: &[f64], before: u128, sounding: u128) -> f64 {
    let weight = |name: &str| weights(model, name);
    let mut h: Vec<f64> = linear(&weight, "notes.bridge", context).iter().map(|a| a.tanh()).collect();
    let from_context = product(&weight("notes.context.weight"), context);
    // The outer notes of the last frame.
    let outer = [127 - before.leading_zeros().min(127) as usize, before.trailing_zeros() as usize];
    let (mut last, mut interval, mut count, mut nll) = (None, None, 0, 0.0);
    for next in (0..16).filter(|k| sounding >> k & 1 == 1).map(Some).chain([None]) {
        // Features: 16 pitches, 25 intervals, 25 around, 8 counts, the start.
        let mut features: Vec<u32> = Vec::new();
        match last {
            None => features.push(16 + 25 + 25 + 8),
            Some(last) => {
                features.push(last);
                features.extend(interval.map(|i: u32| 16 + i - 1));
                let near = (0..16u32).filter(|&k| before >> k & 1 == 1 && k.abs_diff(last) <= 12);
                features.extend(near.map(|k| 16 + 25 + 12 + k - last));
                features.push(16 + 25 + 25 + count.min(8) - 1);
            }
        }
        gru(&weight, &features, &mut h);
        let y = linear(&weight, "notes.output", &h);
        let lowest = last.map_or(0, |last| last as usize + 1);
        let logit = |k: usize| {
            let interval = if last.is_some() && k < 16 { y[17 + k - lowest] } else { 0.0 };
            // Of 16 pitches none is more than 24 semitones from an outer note.
            let from_outer = |place: usize| y[17 + 24 + 49 * place + 24 + k - outer[place]];
            let relative = if before != 0 && k < 16 { from_outer(0) + from_outer(1) } else { 0.0 };
            y[k] + from_context[k] + interval + relative
        };
        let total: f64 = (lowest..=16).map(|k| logit(k).exp()).sum();
        nll += total.ln() - logit(next.map_or(16, |k: u32| k as usize));
        interval = last.zip(next).map(|(last, next)| next - last);
        (last, count) = (next, count + 1);
    }
    nll
}

#[test]
fn a_batch_costs_what_plain_loops_say() {
    let encoding = encoding(75, false);
    let model = model(&encoding, Cell::Gru, 1).cast::<f64>();
    let sequence = Sequence::frames(frames(LOW, 16, 30));
    let Sequence::Frames(all) = &sequence else { unreachable!() };
    let mut batch = SequenceBatch::new(&encoding);
    batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 30);
    let batch = batch.cast::<f64>();
    let mut ws = Workspace::default();
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    let mut expected = 0.0;
    for (t, frame) in all.iter().enumerate() {
        let context: Vec<f64> = ws.hidden().slice(ndarray::s![t, 0, ..]).to_vec();
        let before = t.checked_sub(1).map_or(0, |before| all[before].sounding >> LOW);
        expected += naive(&model, &context, before, frame.sounding >> LOW);
    }
    approx::assert_relative_eq!(model.loss(&batch, &mut ws).unwrap(), expected, max_relative = 1e-9);
}

/// Three pieces side by side, and so many rows that there are several blocks of each number of notes.
fn several_blocks(encoding: &Encoding) -> SequenceBatch<f64> {
    let pieces = [0, 40, 80].map(|from| Sequence::frames(frames(LOW, 16, 200 + from)[from..].to_vec()));
    let mut batch = SequenceBatch::new(encoding);
    let slices = pieces.each_ref().map(|sequence| Some(Slice { sequence, start: 0, transpose: 0 }));
    batch.fill(encoding, &slices, 200);
    batch.cast()
}

#[test]
fn blocks_of_rows_add_up() {
    let encoding = encoding(75, true);
    let mut model = model(&encoding, Cell::Gru, 2).cast::<f64>();
    let batch = several_blocks(&encoding);
    let mut ws = Workspace::default();
    let mut nats = 0.0;
    let mut learn = |model: &mut SequenceModel<f64>, from: usize, to: usize| {
        // Only some steps count, so that rows stand in other blocks beside others.
        let mut part = batch.clone();
        let Targets::Bits { weight, .. } = &mut part.targets else { unreachable!() };
        let outputs = weight.len() / 600;
        weight[..from * 3 * outputs].fill(0.0);
        weight[to * 3 * outputs..].fill(0.0);
        model.params_mut().zero_grad();
        let mut state = model.zero_state(3);
        let nats = model.learn(&part, &mut state, 0.0, Mode::Eval, &mut ws).unwrap();
        (nats, model.params().grads().to_vec())
    };
    let (whole, gradients) = learn(&mut model, 0, 200);
    let mut sums = vec![0.0; gradients.len()];
    for (from, to) in [(0, 11), (11, 90), (90, 91), (91, 200)] {
        let (part, gradients) = learn(&mut model, from, to);
        nats += part;
        sums.iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += gradient);
    }
    approx::assert_relative_eq!(nats, whole, max_relative = 1e-12);
    let mut checks = Checks::new();
    checks.close("gradients", &sums, &gradients, 1e-9);
    checks.finish();
}

#[test]
fn learning_in_one_is_the_three_passes() {
    let encoding = encoding(75, false);
    let config = model(&encoding, Cell::Gru, 1).config().clone();
    let mut config = ModelConfig { output_dropout: 0.4, ..config };
    config.note_wise.as_mut().unwrap().output_dropout = 0.3;
    let model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap().cast::<f64>();
    let batch = several_blocks(&encoding);
    let found = |in_one: bool| {
        let mut model = model.clone();
        let (mut ws, mut state) = (Workspace::default(), model.zero_state(3));
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mode = Mode::Train { rng: &mut rng };
        let nats = if in_one {
            model.learn(&batch, &mut state, 0.0, mode, &mut ws).unwrap()
        } else {
            model.forward(&batch, &mut state, mode, &mut ws).unwrap();
            let nats = model.loss(&batch, &mut ws).unwrap();
            model.backward(&batch, &mut ws).unwrap();
            nats
        };
        (nats, model.params().grads().to_vec(), rng)
    };
    assert!(found(true) == found(false));
}

#[test]
fn the_gate_of_the_note_stack_that_broke_is_found() {
    let encoding = encoding(75, false);
    let mut model = model(&encoding, Cell::RnnRelu, 1);
    // One feature is a number, two are not.
    model.weight_mut("notes.weight_ih_l0").unwrap().fill(f32::MAX);
    model.weight_mut("notes.output.weight").unwrap().fill(0.0);
    let sequence = Sequence::frames(frames(LOW, 16, 9));
    let mut batch = SequenceBatch::new(&encoding);
    batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 9);
    let (mut ws, mut state) = (Workspace::default(), model.zero_state(1));
    model.forward(&batch, &mut state, Mode::Eval, &mut ws).unwrap();
    assert_eq!(model.first_breakdown(&ws), None, "no note is reached yet");
    assert!(!model.loss(&batch, &mut ws).unwrap().is_finite());
    let by_loss = model.first_breakdown(&ws).expect("it overflows");
    assert!(!model.learn(&batch, &mut state, 0.0, Mode::Eval, &mut ws).unwrap().is_finite());
    assert_eq!(model.first_breakdown(&ws), Some(by_loss));
}
