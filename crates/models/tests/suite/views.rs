//! Arrays in any memory layout are read and written right; shapes that do not fit are refused with both.

use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::Stepper;
use composer_models::{
    Encoding, LanguageModel, ModelConfig, SequenceBatch, SequenceModel, StepInput, Workspace,
};
use composer_testkit::{f32s, uniform};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, s};

const SHAPE: (usize, usize, usize) = (5, 3, 4);

fn model() -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(Encoding::mapping(4, 2), recurrent), &Init::PYTORCH, 3).unwrap()
}

fn inputs() -> Array3<f32> {
    Array3::from_shape_vec(SHAPE, f32s(&uniform(1, 60, 1.0))).unwrap()
}

fn logits(model: &SequenceModel, inputs: ArrayView3<'_, f32>) -> Array3<f32> {
    let (steps, batch, _) = inputs.dim();
    let targets = Array3::zeros((steps, batch, 2));
    let batch = SequenceBatch::from_arrays(model.encoding(), inputs, targets.view(), None).unwrap();
    let (mut ws, mut state) = (Workspace::default(), model.zero_state(batch.batch));
    model.forward(&batch, &mut state, Mode::Eval, &mut ws).unwrap();
    assert_eq!(ws.hidden().dim(), (steps, batch.batch, 6));
    ws.logits().to_owned()
}

#[test]
fn a_batch_is_read_in_its_logical_order() {
    let (model, plain) = (model(), inputs());
    let expected = logits(&model, plain.view());
    assert_eq!(expected.dim(), (5, 3, 2));
    // Batch-major memory, as PyTorch's batch_first has it.
    let batch_major = plain.view().permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
    assert_eq!(logits(&model, batch_major.view().permuted_axes([1, 0, 2])), expected);
    // Features first: no axis is where it should be.
    let features_first = plain.view().reversed_axes().as_standard_layout().into_owned();
    assert_eq!(logits(&model, features_first.view().reversed_axes()), expected);
    // Backwards in memory, and every second step and feature of something larger.
    let backwards = plain.slice(s![..;-1, .., ..;-1]).to_owned();
    assert_eq!(logits(&model, backwards.slice(s![..;-1, .., ..;-1])), expected);
    let mut larger = Array3::from_elem((10, 5, 8), f32::NAN);
    larger.slice_mut(s![..;2, 1..4, ..;2]).assign(&plain);
    assert_eq!(logits(&model, larger.slice(s![..;2, 1..4, ..;2])), expected);
}

#[test]
fn a_step_reads_and_writes_views_in_their_logical_order() {
    let (model, inputs) = (model(), inputs());
    let x = inputs.slice(s![0, .., ..]);
    let mut stepper = Stepper::new(&model);
    let mut step = |x: ArrayView2<'_, f32>, logits: ArrayViewMut2<'_, f32>| {
        stepper.step(StepInput::Dense(x), &mut model.zero_state(3), logits).unwrap();
    };
    let mut expected = Array2::zeros((3, 2));
    step(x, expected.view_mut());
    let mut transposed = Array2::zeros((2, 3));
    let columns = x.t().as_standard_layout().into_owned();
    step(columns.t(), transposed.view_mut().reversed_axes());
    assert_eq!(transposed.t(), expected);
    let mut larger = Array2::from_elem((6, 4), 9.0);
    step(x, larger.slice_mut(s![..;-2, 1..3]));
    assert_eq!(larger.slice(s![..;-2, 1..3]), expected);
    assert!(larger.column(0).iter().chain(larger.row(0)).all(|&untouched| untouched == 9.0));
}

#[test]
fn weights_are_arrays_by_name() {
    let mut model = model();
    assert_eq!(model.weight("recurrent.weight_hh_l0").unwrap().shape(), [18, 6]);
    let before = model.weight("output.weight").unwrap()[[1, 4]];
    model.weight_mut("output.weight").unwrap()[[1, 4]] += 1.0;
    assert_eq!(model.weight("output.weight").unwrap()[[1, 4]], before + 1.0);
    let changed =
        model.params().values().iter().zip(self::model().params().values()).filter(|(a, b)| a != b).count();
    assert_eq!(changed, 1);
    assert_eq!(model.gradient("output.bias").unwrap().shape(), [2]);
    let unknown = model.weight("recurrent.weight_hh_l1").unwrap_err().to_string();
    assert!(
        unknown.contains("no parameter recurrent.weight_hh_l1; it has recurrent.weight_ih_l0,"),
        "{unknown}"
    );
}

#[test]
fn shapes_that_do_not_fit_are_refused_with_both() {
    let model = model();
    let batch =
        |inputs: (usize, usize, usize), targets: (usize, usize, usize), mask: Option<(usize, usize)>| {
            let mask = mask.map(|shape| Array2::from_elem(shape, true));
            let (inputs, targets) = (Array3::<f32>::zeros(inputs), Array3::zeros(targets));
            let mask = mask.as_ref().map(|mask| mask.view());
            SequenceBatch::from_arrays(model.encoding(), inputs.view(), targets.view(), mask)
                .unwrap_err()
                .to_string()
        };
    assert_eq!(batch((17, 3, 5), (17, 3, 2), None), "the inputs: expected [T=17, B=3, F=4], got [17, 3, 5]");
    assert_eq!(batch((17, 3, 4), (16, 3, 2), None), "the targets: expected [T=17, B=3, V=2], got [16, 3, 2]");
    assert_eq!(batch((17, 3, 4), (17, 3, 2), Some((3, 17))), "the mask: expected [T=17, B=3], got [3, 17]");
    let mut stepper = Stepper::new(&model);
    let mut step = |input: StepInput<'_>, shape: (usize, usize)| {
        let mut state = model.zero_state(3);
        stepper.step(input, &mut state, Array2::zeros(shape).view_mut()).unwrap_err().to_string()
    };
    let x = Array2::zeros((3, 4));
    let complaint = step(StepInput::Dense(x.view()), (2, 3));
    assert_eq!(complaint, "the logits: expected [B=3, V=2], got [2, 3]");
    let complaint = step(StepInput::Dense(x.slice(s![.., 1..])), (3, 2));
    assert_eq!(complaint, "the input of a step: expected [B=3, F=4], got [3, 3]");
    let symbols = StepInput::MultiHot { indices: &[0, 1, 2], offsets: &[0, 1, 2, 3] };
    assert_eq!(step(symbols, (3, 2)), "the model reads real values, and was given symbols");
}
