//! The gradient of the loss through the whole model, from the output's loss to the first weight, against differences in `f64`.

use crate::conditions;
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::{
    BiaxialConfig, ConditionTrack, Encoding, ModelConfig, NoteWiseConfig, Sequence, SequenceBatch,
    SequenceModel, SequenceState, TokenNetwork, Workspace,
};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_testkit::{f32s, uniform};
use ndarray::{Array2, Array3};

fn values(steps: usize, columns: usize, seed: u64) -> Array2<f32> {
    Array2::from_shape_vec((steps, columns), f32s(&uniform(seed, steps * columns, 1.5))).unwrap()
}

fn cases() -> Vec<(&'static str, Encoding, Sequence)> {
    let representation =
        FrameRepresentation { pitch_low: 60, pitch_high: 65, ..FrameRepresentation::default() };
    let frame = |step: usize| {
        let sounding = (1u128 << (60 + step * 7 % 5)) | (1u128 << (60 + step / 3 % 6));
        Frame { sounding, onsets: if step.is_multiple_of(2) { sounding } else { 0 } }
    };
    let tokens =
        Encoding::Tokens { vocabulary: 4, fingerprint: "test".into(), longest_match: false, voices: None };
    vec![
        ("real values", Encoding::values(2), Sequence::Values(values(6, 2, 1))),
        (
            "real values, some given",
            Encoding::Values { features: 2, given: 1, feedback: true },
            Sequence::Values(values(6, 3, 2)),
        ),
        ("a mapping", Encoding::mapping(3, 2), Sequence::Values(values(6, 5, 3))),
        (
            "frames",
            Encoding::Frames {
                representation,
                metre: 4,
                bar_line: 3,
                look_back: 0,
                longest_match: false,
                returns: false,
                rhythm: false,
                note_lengths: 0,
                note_velocities: 0,
            },
            Sequence::frames((0..6).map(frame).collect()),
        ),
        ("tokens", tokens, Sequence::tokens(vec![0, 3, 1, 2, 2, 0])),
    ]
}

/// As [`verify_some`], where most of the parameters matter.
fn verify(name: &str, model: &SequenceModel<f64>, batch: &SequenceBatch<f64>) {
    let matter = verify_some(name, model, batch);
    assert!(matter > model.params().len() / 2, "{name}: mostly zeros");
}

/// Differences of the mean loss of a batch against the gradients of a backward pass; how many of these are not 0.
pub fn verify_some(name: &str, model: &SequenceModel<f64>, batch: &SequenceBatch<f64>) -> usize {
    verify_from(name, model, batch, &model.zero_state(batch.batch))
}

/// As [`verify_some`], with a state before the batch that is given, and is no function of the parameters.
pub fn verify_from(
    name: &str,
    model: &SequenceModel<f64>,
    batch: &SequenceBatch<f64>,
    before: &SequenceState<f64>,
) -> usize {
    let mut model = model.clone();
    let mut ws = Workspace::default();
    let mean = |model: &SequenceModel<f64>, ws: &mut Workspace<f64>| {
        model.forward(batch, &mut before.clone(), Mode::Eval, ws).unwrap();
        model.loss(batch, ws).unwrap() / batch.target_steps as f64
    };
    mean(&model, &mut ws);
    model.params_mut().zero_grad();
    model.backward(batch, &mut ws).unwrap();
    let (values, gradient) = (model.params().values().to_vec(), model.params().grads().to_vec());
    let parts: Vec<Part> = (model.params().entries().iter())
        .map(|entry| Part::new(entry.name.clone(), entry.range.clone()))
        .collect();
    let mut moved = model.clone();
    let loss = |values: &[f64]| -> f64 {
        moved.params_mut().values_mut().copy_from_slice(values);
        mean(&moved, &mut ws)
    };
    let options = Options { floor: 1e-4, ..Options::default() };
    let report = check(&parts, &values, &gradient, loss, &options);
    assert!(report.passed(), "{name}: {:?}", report.failures().collect::<Vec<_>>());
    gradient.iter().filter(|&&g| g != 0.0).count()
}

fn model(encoding: &Encoding, cell: Cell) -> SequenceModel {
    let recurrent = RecurrentConfig { cell, hidden: 3, layers: 2, ..RecurrentConfig::default() };
    let coupled = encoding.first_plane().is_some();
    let config = ModelConfig { coupled, ..ModelConfig::new(encoding.clone(), recurrent) };
    SequenceModel::new(config, &Init::PYTORCH, 3).unwrap()
}

#[test]
fn every_kind_of_sequence_has_the_gradient_of_its_loss() {
    for (name, encoding, sequence) in cases() {
        let mut batch = SequenceBatch::new(&encoding);
        let slice = |start| Some(Slice { sequence: &sequence, start, transpose: 0 });
        batch.fill(&encoding, &[slice(0), slice(3), None], 6);
        assert_eq!(batch.target_steps, 9, "six steps, three, none");
        for cell in [Cell::Lstm, Cell::Gru] {
            verify(&format!("{name}, {cell}"), &model(&encoding, cell).cast(), &batch.cast());
        }
    }
}

/// The same with notes written one by one, by a cell of another kind than that of the time steps.
fn note_wise(encoding: &Encoding, cell: Cell, layers: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 3, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell, hidden: 3, layers, ..RecurrentConfig::default() };
    let config = ModelConfig::new(encoding.clone(), recurrent);
    let config = ModelConfig { note_wise: Some(NoteWiseConfig::new(encoding, notes)), ..config };
    let config = config.with_relative_logits(true);
    SequenceModel::new(config, &Init::PYTORCH, 3).unwrap()
}

#[test]
fn an_embedding_of_the_features_of_frames_has_the_gradient_of_the_loss() {
    let (_, encoding, sequence) = cases().remove(3);
    let mut batch = SequenceBatch::new(&encoding);
    batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 5);
    let embedded = |config: &ModelConfig| {
        let network = TokenNetwork { embedding: 2, ..TokenNetwork::default() };
        SequenceModel::new(config.clone().with_token_network(network), &Init::PYTORCH, 3).unwrap()
    };
    for config in [model(&encoding, Cell::Lstm).config(), note_wise(&encoding, Cell::Gru, 1).config()] {
        let model = embedded(config);
        assert_eq!(model.config().recurrent.input, 2);
        verify_some(&format!("{}, embedded", config.network()), &model.cast(), &batch.cast());
    }
}

#[test]
fn notes_one_by_one_have_the_gradient_of_their_loss() {
    for onset_plane in [true, false] {
        let (_, _, sequence) = cases().remove(3);
        let representation =
            FrameRepresentation { pitch_low: 60, pitch_high: 65, onset_plane, ..Default::default() };
        // A quarter has one step, so that the piece has a second bar.
        let representation = FrameRepresentation { steps_per_quarter: 1, ..representation };
        let encoding = Encoding::Frames {
            representation,
            metre: 4,
            bar_line: 3,
            look_back: 1,
            longest_match: true,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        };
        let mut batch = SequenceBatch::new(&encoding);
        let slice = |start| Some(Slice { sequence: &sequence, start, transpose: 0 });
        batch.fill(&encoding, &[slice(0), slice(3), None], 6);
        for (cell, layers) in [(Cell::Lstm, 1), (Cell::Gru, 2), (Cell::RnnTanh, 1), (Cell::PeepholeLstm, 1)] {
            let model = note_wise(&encoding, cell, layers);
            verify_some(&format!("{cell}, onset plane: {onset_plane}"), &model.cast(), &batch.cast());
        }
    }
}

/// Tied across pitch, with another cell over pitch than over time.
fn biaxial(encoding: &Encoding, cell: Cell, layers: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 3, ..RecurrentConfig::default() };
    let notes = RecurrentConfig { cell, hidden: 3, layers, ..RecurrentConfig::default() };
    let biaxial = BiaxialConfig { below: 2, ..BiaxialConfig::new(encoding, 3, notes) };
    let config = ModelConfig { biaxial: Some(biaxial), ..ModelConfig::new(encoding.clone(), recurrent) };
    SequenceModel::new(config.fitted(), &Init::PYTORCH, 3).unwrap()
}

#[test]
fn pitches_one_by_one_have_the_gradient_of_their_loss() {
    for onset_plane in [true, false] {
        let (_, _, sequence) = cases().remove(3);
        let representation =
            FrameRepresentation { pitch_low: 60, pitch_high: 65, onset_plane, ..Default::default() };
        let encoding = Encoding::Frames {
            representation,
            metre: 4,
            bar_line: 3,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        };
        let mut batch = SequenceBatch::new(&encoding);
        let slice = |start| Some(Slice { sequence: &sequence, start, transpose: 0 });
        batch.fill(&encoding, &[slice(0), slice(3), None], 6);
        for (cell, layers) in [(Cell::Lstm, 1), (Cell::Gru, 2), (Cell::RnnTanh, 1), (Cell::PeepholeLstm, 1)] {
            let model = biaxial(&encoding, cell, layers);
            let moved = verify_some(
                &format!("tied, {cell}, onset plane: {onset_plane}"),
                &model.cast(),
                &batch.cast(),
            );
            assert!(moved > model.params().len() / 3, "{cell}: mostly zeros");
        }
    }
}

#[test]
fn conditions_have_the_gradient_of_the_loss_in_all_recurrences() {
    let (_, _, frames) = cases().remove(3);
    let Sequence::Frames(piece) = &frames else { unreachable!() };
    // In bars of a quarter, so that there are bars to return to.
    let frames = Sequence::frames_in(piece.to_vec(), BarMap::uniform(2, "1/4".parse().unwrap()));
    let representation =
        FrameRepresentation { pitch_low: 60, pitch_high: 65, ..FrameRepresentation::default() };
    let encoding = Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 3,
        look_back: 1,
        longest_match: true,
        returns: true,
        rhythm: true,
        note_lengths: 0,
        note_velocities: 0,
    };
    let (_, tokens, symbols) = cases().remove(4);
    let told = |sequence: Sequence| {
        let mut track = conditions::some_track();
        if let Sequence::Tokens(_) = sequence {
            track = ConditionTrack::from(track.at(0).unwrap().clone());
        }
        sequence.with_conditions(track)
    };
    for (name, config, sequence) in [
        ("coupled", model(&encoding, Cell::Lstm).config().clone(), told(frames.clone())),
        ("tokens", model(&tokens, Cell::Gru).config().clone(), told(symbols)),
        ("note-wise", note_wise(&encoding, Cell::Gru, 2).config().clone(), told(frames.clone())),
        ("biaxial", biaxial(&encoding, Cell::Lstm, 1).config().clone(), told(frames)),
    ] {
        let config = config.with_conditions(conditions::all());
        let mut batch = SequenceBatch::of_model(&config);
        let slice = |start| Some(Slice { sequence: &sequence, start, transpose: 0 });
        batch.fill(&config.encoding, &[slice(0), slice(3), None], 6);
        let model = SequenceModel::new(config, &Init::PYTORCH, 3).unwrap().cast();
        verify_some(name, &model, &batch.cast());
        let moved = conditions::condition_gradients(&model, &batch.cast());
        assert!(moved.iter().all(|&moves| moves), "{name}: a recurrence reads no conditions: {moved:?}");
    }
}

#[test]
fn arrays_of_any_batch_have_it_too() {
    let encoding = Encoding::mapping(3, 2);
    let array =
        |seed, columns| Array3::from_shape_vec((5, 2, columns), uniform(seed, 10 * columns, 1.0)).unwrap();
    let mask = Array2::from_shape_fn((5, 2), |(t, b)| b == 0 || t > 2);
    let (inputs, targets) = (array(1, 3), array(2, 2));
    let batch =
        SequenceBatch::from_arrays(&encoding, inputs.view(), targets.view(), Some(mask.view())).unwrap();
    assert_eq!(batch.target_steps, 7);
    verify("arrays", &model(&encoding, Cell::Gru).cast(), &batch);
}
