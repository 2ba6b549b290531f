//! Attention over past bars: a plain-loop twin, single steps and cuts against one run, what a step may see, and the model file.

use crate::single_notes::{frames, note_by_note};
use crate::whole_gradients::verify_from;
use composer_bptt::{Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::file::{self, from_bytes, to_bytes};
use composer_models::{
    Encoding, LanguageModel, MAX_PAST_BARS, ModelConfig, Network, Sequence, SequenceBatch, SequenceModel,
    StepInput, Stepper, Workspace, scoring,
};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_testkit::{Checks, f64s, uniform};
use ndarray::Array2;
use std::path::Path;

const LOW: u8 = 60;
const PITCHES: u32 = 6;
/// Parameters of the attention.
const OWN: [&str; 3] = ["bars.query.weight", "bars.key.weight", "bars.output.weight"];

fn encoding() -> Encoding {
    let (pitch_low, pitch_high) = (LOW, LOW + PITCHES as u8 - 1);
    let representation = FrameRepresentation { pitch_low, pitch_high, ..FrameRepresentation::default() };
    let (metre, bar_line, look_back) = (4, 3, 0);
    Encoding::Frames {
        representation,
        metre,
        bar_line,
        look_back,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    }
}

fn config(network: Network, hidden: usize) -> ModelConfig {
    let stack = |hidden| RecurrentConfig { hidden, ..RecurrentConfig::default() };
    let config = ModelConfig { bar_attention: 2, ..ModelConfig::new(encoding(), stack(hidden)) };
    config.with_network(network, stack(3), 0.0)
}

/// All weights random and large, so that bars matter.
fn model(network: Network) -> SequenceModel {
    let mut model = SequenceModel::zeros(config(network, 4)).unwrap();
    let random = uniform(5, model.params().len(), 0.9);
    model.params_mut().values_mut().iter_mut().zip(random).for_each(|(to, value)| *to = value as f32);
    model
}

const NETWORKS: [Network; 4] = [Network::NoteWise, Network::Independent, Network::Coupled, Network::Biaxial];

/// An upbeat of one step, then bars of two steps, then of six; more than are kept.
fn bars() -> BarMap {
    let changes = [(0, "1/16"), (1, "1/8"), (141, "3/8")];
    BarMap::from_changes(4, changes.map(|(step, metre)| (step, metre.parse().unwrap())))
}

const STEPS: usize = 170;

fn piece(steps: usize) -> Sequence {
    Sequence::frames_in(frames(LOW, PITCHES, steps), bars())
}

fn batch(slices: &[Option<(&Sequence, usize)>], steps: usize) -> SequenceBatch {
    let slice = |&(sequence, start)| Slice { sequence, start, transpose: 0 };
    let slices: Vec<_> = slices.iter().map(|row| row.as_ref().map(slice)).collect();
    let mut batch = SequenceBatch::new(&encoding());
    batch.fill(&encoding(), &slices, steps);
    batch
}

#[test]
fn the_whole_network_has_the_gradient_of_its_loss_with_bars_of_this_and_of_earlier_chunks() {
    let piece = piece(30);
    for network in NETWORKS {
        let model = model(network).cast::<f64>();
        let mut state = model.zero_state(3);
        for carried in [false, true] {
            // With carried bars, the next chunk of the first row; the second row begins another piece.
            let start = if carried { 8 } else { 0 };
            let batch = batch(&[Some((&piece, start)), Some((&piece, 5)), None], 8).cast();
            verify_from(&format!("{network} {carried}"), &model, &batch, &state);
            let (mut once, mut ws) = (model.clone(), Workspace::default());
            once.params_mut().zero_grad();
            once.forward(&batch, &mut state, Mode::Eval, &mut ws).unwrap();
            once.loss(&batch, &mut ws).unwrap();
            once.backward(&batch, &mut ws).unwrap();
            for name in OWN {
                assert!(once.gradient(name).unwrap().iter().all(|&d| d != 0.0), "{network} {name}");
            }
            assert_eq!(state.bars.rows().len(), 3 * model.config().rows());
            model.reset_rows(&mut state, &[1, 2]);
        }
    }
}

/// `y` of one row, as the definition says it: a bar at a time, all in plain loops.
fn plain(model: &SequenceModel, hidden: &[Vec<f64>], ends: &[usize]) -> Vec<Vec<f64>> {
    let matrix = |name: &str| -> Vec<Vec<f64>> {
        let weight = model.weight(name).unwrap();
        weight.rows().into_iter().map(|row| row.iter().map(|&w| f64::from(w)).collect()).collect()
    };
    let times = |matrix: &[Vec<f64>], x: &[f64]| -> Vec<f64> {
        matrix.iter().map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
    };
    let [query, key, output] = OWN.map(matrix);
    let scale = (query.len() as f64).sqrt();
    (hidden.iter().enumerate())
        .map(|(t, h)| {
            let all: Vec<&Vec<f64>> = ends.iter().filter(|&&end| end < t).map(|&end| &hidden[end]).collect();
            let seen = &all[all.len().saturating_sub(MAX_PAST_BARS)..];
            let q = times(&query, h);
            let score =
                |m: &[f64]| -> f64 { times(&key, m).iter().zip(&q).map(|(k, q)| k * q / scale).sum() };
            let exp: Vec<f64> = seen.iter().map(|m| score(m).exp()).collect();
            let sum: f64 = exp.iter().sum();
            let mut context = vec![0.0; h.len()];
            for (m, exp) in seen.iter().zip(&exp) {
                context.iter_mut().zip(m.iter()).for_each(|(c, m)| *c += exp / sum * m);
            }
            times(&output, &context).iter().zip(h).map(|(y, h)| y + h).collect()
        })
        .collect()
}

#[test]
fn what_the_head_reads_is_what_the_definition_says() {
    let (model, piece) = (model(Network::Independent), piece(STEPS));
    let map = bars();
    let ends: Vec<usize> =
        (0..STEPS).filter(|&step| map.bar_at(step as u64).end == step as u64 + 1).collect();
    assert!(ends.len() > MAX_PAST_BARS && ends[..4] == [0, 2, 4, 6]);
    let batch = batch(&[None, Some((&piece, 0))], STEPS);
    let mut ws = Workspace::default();
    model.forward(&batch, &mut model.zero_state(2), Mode::Eval, &mut ws).unwrap();
    let hidden: Vec<Vec<f64>> = (0..STEPS)
        .map(|t| ws.hidden().slice(ndarray::s![t, 1, ..]).iter().map(|&h| h.into()).collect())
        .collect();
    let (weight, bias) = (model.weight("output.weight").unwrap(), model.weight("output.bias").unwrap());
    let mut checks = Checks::new();
    for (t, y) in plain(&model, &hidden, &ends).iter().enumerate() {
        let expected: Vec<f64> = (weight.outer_iter().zip(&bias))
            .map(|(row, &b)| f64::from(b) + row.iter().zip(y).map(|(&w, y)| f64::from(w) * y).sum::<f64>())
            .collect();
        let found = f64s(&ws.logits().slice(ndarray::s![t, 1, ..]).to_vec());
        checks.close(&format!("step {t}"), &found, &expected, 1e-5);
    }
    checks.finish();
}

#[test]
fn single_steps_cost_what_they_cost_in_a_batch() {
    let piece = piece(STEPS);
    for network in [Network::NoteWise, Network::Biaxial] {
        let model = model(network);
        let expected = note_by_note(&model, &piece);
        let short = Sequence::frames_in(frames(LOW, PITCHES, 9), bars());
        let scored = scoring::score(&model, &[short, piece.clone()], &mut Workspace::default()).unwrap();
        for (found, expected) in scored[1].total().iter().zip(&expected) {
            approx::assert_abs_diff_eq!(*found, *expected, epsilon = 1e-4);
        }
    }
    let model = model(Network::Independent);
    let (batch, mut ws) = (batch(&[Some((&piece, 0))], STEPS), Workspace::default());
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    // The second of two sequences after they changed places: states are copied with their bars.
    let (mut stepper, mut state) = (Stepper::new(&model), model.zero_state(2));
    let mut logits = Array2::zeros((2, encoding().outputs()));
    for t in 0..STEPS {
        let features = &batch.indices[batch.offsets[t]..batch.offsets[t + 1]];
        let offsets = if t < 80 { [0, features.len(), features.len()] } else { [0, 0, features.len()] };
        if t == 80 {
            state = stepper.gather(&state, &[1, 0]);
        }
        stepper
            .step(StepInput::MultiHot { indices: features, offsets: &offsets }, &mut state, logits.view_mut())
            .unwrap();
        let row = usize::from(t >= 80);
        for (found, expected) in logits.row(row).iter().zip(ws.logits().slice(ndarray::s![t, 0, ..])) {
            approx::assert_abs_diff_eq!(*found, *expected, epsilon = 1e-4);
        }
    }
}

#[test]
fn a_run_that_is_cut_is_the_whole_run_and_a_new_piece_forgets_the_bars() {
    let piece = piece(STEPS);
    for network in NETWORKS {
        let model = model(network);
        let (mut ws, mut state) = (Workspace::default(), model.zero_state(1));
        let one = batch(&[Some((&piece, 0))], STEPS);
        model.forward(&one, &mut state, Mode::Eval, &mut ws).unwrap();
        let whole = model.loss(&one, &mut ws).unwrap();
        let (mut cut, mut nats) = (model.zero_state(1), 0.0);
        for start in (0..STEPS).step_by(17) {
            let part = batch(&[Some((&piece, start))], 17.min(STEPS - start));
            model.forward(&part, &mut cut, Mode::Eval, &mut ws).unwrap();
            nats += model.loss(&part, &mut ws).unwrap();
        }
        approx::assert_relative_eq!(nats, whole, max_relative = 1e-5);
        for (found, expected) in cut.bars.rows().iter().zip(state.bars.rows()) {
            assert_eq!(expected.len(), MAX_PAST_BARS * model.config().recurrent.hidden);
            approx::assert_abs_diff_eq!(found[..], expected[..], epsilon = 1e-5);
        }
        model.reset_rows(&mut cut, &[0]);
        assert_eq!(cut, model.zero_state(1));
    }
}

/// Nats and gradients of a batch.
fn learn(model: &SequenceModel, batch: &SequenceBatch) -> (f64, Vec<f64>) {
    let (mut model, mut ws) = (model.clone(), Workspace::default());
    model.params_mut().zero_grad();
    model.forward(batch, &mut model.zero_state(batch.batch), Mode::Eval, &mut ws).unwrap();
    let nats = model.loss(batch, &mut ws).unwrap();
    model.backward(batch, &mut ws).unwrap();
    (nats, f64s(model.params().grads()))
}

#[test]
fn padding_and_the_order_of_rows_change_nothing() {
    let (piece, other) = (piece(40), piece(23));
    let mut checks = Checks::new();
    for network in NETWORKS {
        let model = model(network);
        let (nats, gradient) = learn(&model, &batch(&[Some((&piece, 0)), Some((&other, 3))], 40));
        let rows = [None, Some((&other, 3)), Some((&piece, 0))];
        let (again, permuted) = learn(&model, &batch(&rows, 55));
        approx::assert_relative_eq!(again, nats, max_relative = 1e-5);
        checks.close(&network.to_string(), &permuted, &gradient, 1e-4);
    }
    checks.finish();
}

#[test]
fn a_step_sees_bars_that_ended_before_its_own_and_no_others() {
    let Sequence::Frames(same) = piece(40) else { unreachable!() };
    let score = |model: &SequenceModel, frames: Vec<Frame>| {
        let piece = [Sequence::frames_in(frames, bars())];
        scoring::score(model, &piece, &mut Workspace::default()).unwrap()[0].total()
    };
    for network in NETWORKS {
        let model = model(network);
        // Bars begin at every odd step. What changes in steps 21 and 22 is read from step 22 on.
        let mut changed = same.to_vec();
        changed[21..23].fill(Frame { sounding: 1 << LOW, onsets: 1 << LOW });
        let (before, after) = (score(&model, same.to_vec()), score(&model, changed));
        assert_eq!(before.slice(ndarray::s![..21]), after.slice(ndarray::s![..21]));
        assert_ne!(before[39], after[39]);
        // Without the attention, the upbeat costs the same, and what follows it does not.
        let mut without = model.clone();
        without.weight_mut("bars.output.weight").unwrap().fill(0.0);
        let alone = score(&without, same.to_vec());
        assert_eq!(before[0], alone[0]);
        assert!((1..40).all(|step| before[step] != alone[step]), "{network}");
    }
}

#[test]
fn it_begins_as_the_network_without_and_goes_through_a_file() {
    for network in NETWORKS {
        let with = SequenceModel::new(config(network, 4), &Init::PYTORCH, 3).unwrap();
        let plain = ModelConfig { bar_attention: 0, ..config(network, 4) };
        let without = SequenceModel::new(plain, &Init::PYTORCH, 3).unwrap();
        let score = |model| scoring::score(model, &[piece(40)], &mut Workspace::default()).unwrap();
        assert_eq!(score(&with), score(&without));
        assert_eq!(without.zero_state(2).bars.rows().len(), 0);
        assert!(!serde_json::to_string(without.config()).unwrap().contains("bar_attention"));

        let (path, weights) = (Path::new("in memory"), file::Notes::default());
        let model = model(network);
        let bytes = to_bytes(&model, &weights).unwrap();
        let (loaded, _) = from_bytes(&bytes, path).unwrap();
        assert_eq!(loaded.config().bar_attention, 2);
        assert_eq!(score(&loaded), score(&model));
    }
}

#[test]
fn what_cannot_be_is_refused_in_one_sentence() {
    let refused = |config: ModelConfig| SequenceModel::zeros(config).err().expect("refused").to_string();
    let stack = RecurrentConfig { hidden: 4, ..RecurrentConfig::default() };
    let with = |encoding| ModelConfig { bar_attention: 2, ..ModelConfig::new(encoding, stack.clone()) };
    assert!(refused(with(Encoding::tokens(5))).contains("only a network of frames attends to past bars"));
    let blind = Encoding::frames(FrameRepresentation::default());
    assert!(refused(with(blind)).contains("set music.bar_line to 2 or more"));
    let mut both = config(Network::Independent, 4);
    both.recurrent.bidirectional = true;
    assert!(refused(both).contains("goes forward in time only"));
    let large = ModelConfig { bar_attention: 1 << 30, ..config(Network::Independent, 4) };
    assert!(refused(large).contains("bar_attention is 1073741824"));
    let mut model = model(Network::NoteWise);
    let (batch, mut state) = (batch(&[Some((&piece(9), 0))], 9), model.zero_state(1));
    let error =
        model.learn_with_checkpointing(&batch, &mut state, 0.0, Mode::Eval, &mut Workspace::default());
    assert!(error.unwrap_err().to_string().contains("training.recompute"));
    // A state of a model without it.
    let plain = SequenceModel::zeros(ModelConfig { bar_attention: 0, ..model.config().clone() }).unwrap();
    let error = model.forward(&batch, &mut plain.zero_state(1), Mode::Eval, &mut Workspace::default());
    assert!(error.unwrap_err().to_string().starts_with("the past bars"));
}
