//! Models of real values: what they read, what their loss is, the model file, single steps.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use composer_bptt::loss::UNIT_NORMAL_NLL;
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::Stepper;
use composer_models::batch::Slice;
use composer_models::file::{self, Notes};
use composer_models::output_bias::output_bias;
use composer_models::{
    Encoding, LanguageModel, ModelConfig, Sequence, SequenceBatch, SequenceModel, StepInput, Workspace,
    forecast, scoring,
};
use composer_testkit::{f32s, uniform};
use ndarray::{Array2, Axis, array, s};
use std::path::Path;

fn values(steps: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_vec((steps, columns), f32s(&uniform(7, steps * columns, 1.5))).unwrap()
}

fn model(encoding: Encoding) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 5, layers: 2, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::PYTORCH, 3).unwrap()
}

#[test]
fn a_step_reads_the_values_before_the_start_and_what_it_is_given() {
    let encoding = Encoding::Values { features: 2, given: 1, feedback: true };
    let sequence = Sequence::Values(array![[1., 2., 10.], [3., 4., 20.], [5., 6., 30.]]);
    let mut batch = SequenceBatch::new(&encoding);
    batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 0, transpose: 5 })], 4);
    let inputs = batch.inputs().index_axis_move(Axis(1), 0);
    assert_eq!(inputs, array![[0., 0., 1., 10.], [1., 2., 0., 20.], [3., 4., 0., 30.], [0., 0., 0., 0.]]);
    batch.fill(&encoding, &[Some(Slice { sequence: &sequence, start: 2, transpose: 0 })], 1);
    assert_eq!(batch.inputs().index_axis_move(Axis(1), 0), array![[3., 4., 0., 30.]]);
    let mapping = Encoding::mapping(1, 2);
    let mut batch = SequenceBatch::new(&mapping);
    batch.fill(&mapping, &[Some(Slice { sequence: &sequence, start: 1, transpose: 0 })], 2);
    assert_eq!(batch.inputs().index_axis_move(Axis(1), 0), array![[20.], [30.]]);
}

#[test]
fn nats_are_those_of_a_normal_density_of_unit_variance() {
    let (encoding, sequence) = (Encoding::values(2), values(300, 2));
    let model = model(encoding);
    let mut ws = Workspace::default();
    let sequences =
        [Sequence::Values(sequence.clone()), Sequence::Values(sequence.slice(s![..9, ..]).to_owned())];
    let scores = scoring::score(&model, &sequences, &mut ws).unwrap();
    assert_eq!((scores[0].len(), scores[1].len()), (300, 9));
    // A chunk has 256 steps: across its end, the state is carried.
    let mut batch = SequenceBatch::new(model.encoding());
    batch.fill(model.encoding(), &[Some(Slice { sequence: &sequences[0], start: 0, transpose: 0 })], 300);
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    let distances = (&ws.logits().index_axis(Axis(1), 0) - &sequence).mapv(f64::from);
    let expected = distances.map_axis(Axis(1), |d| 0.5 * d.dot(&d) + 2.0 * UNIT_NORMAL_NLL);
    for (found, expected) in scores[0].total().iter().zip(&expected) {
        assert_relative_eq!(found, expected, max_relative = 1e-5);
    }
    let nats = model.loss(&batch, &mut ws).unwrap();
    assert_relative_eq!(nats, expected.sum(), max_relative = 1e-5);
    assert!(model.smoothed_loss(&batch, 0.1, &mut ws).unwrap_err().to_string().contains("no labels"));
}

#[test]
fn the_output_bias_begins_as_the_mean() {
    let sequences = [Sequence::Values(array![[1.0], [2.0]]), Sequence::Values(array![[6.0]])];
    assert_eq!(output_bias(&Encoding::values(1), &sequences), [3.0]);
    let mut model = model(Encoding::values(1));
    model.init_output_bias(&sequences);
    let first = forecast(&mut Stepper::new(&model), Array2::zeros((0, 1)).view(), 2, None).unwrap();
    assert_eq!(first, array![[3.0], [3.0]]);
}

#[test]
fn a_model_of_real_values_comes_back_from_its_file() {
    for encoding in [Encoding::values(2), Encoding::mapping(1, 2)] {
        let model = model(encoding);
        let bytes = file::to_bytes(&model, &Notes::default()).unwrap();
        let (again, _) = file::from_bytes(&bytes, Path::new("x")).unwrap();
        assert_eq!(again.config(), model.config());
        assert_eq!(again.params().values(), model.params().values());
    }
}

#[test]
fn model_files_of_earlier_versions_still_load() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../application/models");
    let (model, _) = file::load(&folder.join("compose/model.safetensors")).unwrap();
    assert_eq!(model.encoding().kind(), "frames");
    for name in ["accompany", "drum", "reharmonise"] {
        let path = folder.join(name).join("model.safetensors");
        composer_models::seq2seq::load(&path).unwrap();
    }
}

#[test]
fn single_steps_and_forecasts_say_what_the_whole_says() {
    let encoding = Encoding::Values { features: 2, given: 1, feedback: true };
    let (model, sequence) = (model(encoding.clone()), values(12, 3));
    let whole = Sequence::Values(sequence.clone());
    let mut batch = SequenceBatch::new(&encoding);
    batch.fill(&encoding, &[Some(Slice { sequence: &whole, start: 0, transpose: 0 })], 12);
    let mut ws = Workspace::default();
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    let means = ws.logits().index_axis_move(Axis(1), 0).to_owned();
    let inputs = batch.inputs();
    let mut stepper = Stepper::new(&model);
    let mut state = stepper.zero_state(1);
    let mut mean = Array2::zeros((1, 2));
    for t in 0..12 {
        stepper.step(StepInput::Dense(inputs.index_axis(Axis(0), t)), &mut state, mean.view_mut()).unwrap();
        assert_abs_diff_eq!(mean.row(0).to_vec()[..], means.row(t).to_vec()[..], epsilon = 1e-6);
    }
    // The first forecast is the mean of the step after what is known; the second has read it.
    let (known, given) = (sequence.slice(s![..6, ..]), sequence.slice(s![6..8, 2..]));
    let found = forecast(&mut stepper, known, 2, Some(given)).unwrap();
    assert_abs_diff_eq!(found.row(0).to_vec()[..], means.row(6).to_vec()[..], epsilon = 1e-6);
    let mut own = sequence.slice(s![..7, ..]).to_owned();
    own.slice_mut(s![6, ..2]).assign(&found.row(0));
    let again = forecast(&mut stepper, own.view(), 1, Some(sequence.slice(s![7..8, 2..]))).unwrap();
    assert_abs_diff_eq!(found.row(1).to_vec()[..], again.row(0).to_vec()[..], epsilon = 1e-6);
    assert!(forecast(&mut stepper, sequence.view(), 1, None).is_err(), "a step needs what it is given");
}

#[test]
fn what_is_not_possible_is_refused_in_words() {
    let columns = Encoding::values(2).check(&Sequence::Values(Array2::zeros((4, 3)))).unwrap_err();
    assert_eq!(
        columns.to_string(),
        "the sequence has 3 columns, and the model reads 2 predicted and 0 given ones"
    );
    let tokens =
        Encoding::Tokens { vocabulary: 4, fingerprint: "test".into(), longest_match: false, voices: None };
    let kind = tokens.check(&Sequence::Values(Array2::zeros((4, 3)))).unwrap_err();
    assert_eq!(kind.to_string(), "the model reads tokens, and was given real values");
    let recurrent = RecurrentConfig::default();
    let coupled = ModelConfig { coupled: true, ..ModelConfig::new(Encoding::values(2), recurrent) };
    let coupled = SequenceModel::zeros(coupled).err().expect("refused").to_string();
    assert!(coupled.contains("a model of real values"), "{coupled}");
}

#[test]
fn shortcuts_are_what_they_stand_for() {
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 5, layers: 2, ..RecurrentConfig::default() };
    let long = |encoding| {
        SequenceModel::new(ModelConfig::new(encoding, stack.clone()), &Init::RECOMMENDED, 3).unwrap()
    };
    for (short, long) in [
        (SequenceModel::tokens(7, stack.clone(), 3), long(Encoding::tokens(7))),
        (SequenceModel::values(2, stack.clone(), 3), long(Encoding::values(2))),
        (SequenceModel::mapping(3, 2, stack.clone(), 3), long(Encoding::mapping(3, 2))),
    ] {
        let short = short.unwrap();
        assert_eq!(short.config(), long.config());
        assert_eq!(short.params().values(), long.params().values());
    }

    let model = long(Encoding::values(2));
    let known = values(9, 2);
    let expected = forecast(&mut Stepper::new(&model), known.view(), 4, None).unwrap();
    assert_eq!(model.forecast(known.view(), 4).unwrap(), expected);

    // The outputs for inputs are the means of the batch that has them; strided views too.
    let sequence = Sequence::Values(known);
    let mut batch = SequenceBatch::new(model.encoding());
    batch.fill(model.encoding(), &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })], 9);
    let mut ws = Workspace::default();
    model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
    assert_eq!(model.predict(batch.inputs().view()).unwrap(), ws.logits());
    let transposed = batch.inputs().permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
    assert_eq!(model.predict(transposed.view().permuted_axes([1, 0, 2])).unwrap(), ws.logits());
    assert!(model.predict(batch.inputs().slice(s![.., .., ..2])).unwrap_err().to_string().contains("F=3"));
    assert!(long(Encoding::tokens(7)).predict(batch.inputs().view()).is_err(), "of symbols");
}
