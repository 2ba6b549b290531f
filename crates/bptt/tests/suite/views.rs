//! Views in any memory layout give what their copies in standard layout give; shapes that do not fit are refused with both.

use crate::common::hold_path;
use approx::assert_abs_diff_eq;
use composer_bptt::loss::{IGNORE, Nll, sigmoid_cross_entropy, softmax_cross_entropy, squared_error};
use composer_bptt::{
    Attention, AttentionScore, AttentionWorkspace, Cell, Coupling, Embedding, Error, Init, Input, Linear,
    LinearWorkspace, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
    StepWorkspace,
};
use composer_testkit::uniform;
use ndarray::{Array, Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut3, Axis, Ix2, Slice, array, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const STEPS: usize = 5;
const BATCH: usize = 3;

fn random(seed: u64, shape: (usize, usize, usize)) -> Array3<f64> {
    Array::from_shape_vec(shape, uniform(seed, shape.0 * shape.1 * shape.2, 1.0))
        .expect("as many as the shape has")
}

/// How an array lies in memory; each view of it has the same elements in the same logical order.
#[derive(Clone, Copy, Debug)]
enum Layout {
    /// Batch-major, as PyTorch's `batch_first` has it.
    BatchMajor,
    /// All axes in the opposite order.
    Transposed,
    /// Time and features run backwards in memory.
    Reversed,
    /// Every second step, and some rows and features of something larger.
    Sliced,
}

impl Layout {
    const ALL: [Layout; 4] = [Layout::BatchMajor, Layout::Transposed, Layout::Reversed, Layout::Sliced];

    /// The memory that [`Layout::view`] reads as `x`; what lies around it is not a number.
    fn lay_out(self, x: &Array3<f64>) -> Array3<f64> {
        let (t, b, f) = x.dim();
        match self {
            Layout::BatchMajor => x.view().permuted_axes([1, 0, 2]).as_standard_layout().into_owned(),
            Layout::Transposed => x.t().as_standard_layout().into_owned(),
            Layout::Reversed => x.slice(s![..;-1, .., ..;-1]).as_standard_layout().into_owned(),
            Layout::Sliced => {
                let mut larger = Array3::from_elem((2 * t, b + 2, f + 3), f64::NAN);
                larger.slice_mut(s![..;2, 1..b + 1, 2..f + 2]).assign(x);
                larger
            }
        }
    }

    fn view(self, memory: &Array3<f64>) -> ArrayView3<'_, f64> {
        let (_, b, f) = memory.dim();
        let view = match self {
            Layout::BatchMajor => memory.view().permuted_axes([1, 0, 2]),
            Layout::Transposed => memory.t(),
            Layout::Reversed => memory.slice(s![..;-1, .., ..;-1]),
            Layout::Sliced => memory.slice(s![..;2, 1..b - 1, 2..f - 1]),
        };
        assert!(!view.is_standard_layout(), "{self:?}");
        view
    }

    fn view_mut(self, memory: &mut Array3<f64>) -> ArrayViewMut3<'_, f64> {
        let (_, b, f) = memory.dim();
        match self {
            Layout::BatchMajor => memory.view_mut().permuted_axes([1, 0, 2]),
            Layout::Transposed => memory.view_mut().reversed_axes(),
            Layout::Reversed => memory.slice_mut(s![..;-1, .., ..;-1]),
            Layout::Sliced => memory.slice_mut(s![..;2, 1..b - 1, 2..f - 1]),
        }
    }
}

fn stack(config: &RecurrentConfig) -> (Recurrent, Parameters<f64>) {
    let mut params = Parameters::new();
    let stack = Recurrent::new(config.clone(), "", &mut params).expect("sizes");
    stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
    (stack, params)
}

/// Output, gradients of input and parameters, final state and the gradient of the first one.
type Passes = (Array3<f64>, Array3<f64>, Vec<f64>, State<f64>, State<f64>);

fn run(config: &RecurrentConfig, x: ArrayView3<'_, f64>, d_output: ArrayView3<'_, f64>) -> Passes {
    let (stack, mut params) = stack(config);
    let (mut ws, mut state) = (RecurrentWorkspace::new(), State::zeros(config, BATCH));
    ws.request_d_input(true);
    stack.forward(&params, Input::Dense(x), &mut state, None, Mode::Eval, &mut ws).expect("it fits");
    stack.backward(&mut params, Input::Dense(x), d_output, None, &mut ws).expect("it fits");
    (ws.output().to_owned(), ws.d_input().to_owned(), params.grads().to_vec(), state, ws.d_state().clone())
}

#[test]
fn a_stack_reads_every_layout() {
    let _held = hold_path();
    for (cell, bidirectional) in [(Cell::Lstm, false), (Cell::Gru, true)] {
        let config =
            RecurrentConfig { cell, input: 4, hidden: 6, layers: 2, bidirectional, ..Default::default() };
        let x = random(1, (STEPS, BATCH, 4));
        let d_output = random(2, (STEPS, BATCH, config.output()));
        let expected = run(&config, x.view(), d_output.view());
        assert_eq!(expected.0.dim(), (STEPS, BATCH, config.output()));
        assert_eq!(expected.1.dim(), (STEPS, BATCH, 4));
        for layout in Layout::ALL {
            let (x, d_output) = (layout.lay_out(&x), layout.lay_out(&d_output));
            assert_eq!(run(&config, layout.view(&x), layout.view(&d_output)), expected, "{cell} {layout:?}");
        }
        // One step for all of time, and one gradient for all outputs.
        let (first, d) = (x.slice(s![..1, .., ..]), Array3::from_elem((1, 1, 1), 0.5));
        let (same_x, same_d) = (
            first.broadcast(x.raw_dim()).expect("a step repeats"),
            d.broadcast(d_output.raw_dim()).expect("a number repeats"),
        );
        let copies = (same_x.to_owned(), same_d.to_owned());
        assert_eq!(run(&config, same_x, same_d), run(&config, copies.0.view(), copies.1.view()), "{cell}");
    }
}

#[test]
fn states_and_steps_are_arrays() {
    let _held = hold_path();
    let config = RecurrentConfig { cell: Cell::Lstm, input: 4, hidden: 6, layers: 2, ..Default::default() };
    let (stack, params) = stack(&config);
    let (h, c) = (random(3, (2, BATCH, 6)), random(4, (2, BATCH, 6)));
    let (h_t, c_t) = (Layout::Transposed.lay_out(&h), Layout::Sliced.lay_out(&c));
    let views = (Layout::Transposed.view(&h_t), Layout::Sliced.view(&c_t));
    let mut state = State::from_arrays(&config, views.0, Some(views.1)).expect("it fits");
    assert_eq!((state.h_array(), state.c_array()), (h.view(), c.view()));
    assert_eq!(Ok(state.clone()), State::from_values(&config, BATCH, state.h.clone(), state.c.clone()));

    let (x, mut ws) = (random(5, (1, BATCH, 4)), StepWorkspace::new());
    let x_t = Layout::Transposed.lay_out(&x);
    let input = Input::Dense(Layout::Transposed.view(&x_t));
    let top = stack.step(&params, input, &mut state, &mut ws).expect("it fits").to_owned();
    assert_eq!(top, state.h_array().index_axis(Axis(0), 1));
    state.h_array_mut().slice_mut(s![.., 1, ..]).fill(0.0);
    assert!(state.h.chunks_exact(6).skip(1).step_by(3).flatten().all(|&h| h == 0.0));

    let gru = RecurrentConfig { cell: Cell::Gru, ..config.clone() };
    assert_eq!(State::<f64>::zeros(&gru, BATCH).c_array().dim(), (0, BATCH, 6));
    let complaint = |state: Result<State<f64>, Error>| state.expect_err("it does not fit").to_string();
    let narrow = h.slice(s![.., .., ..5]);
    assert_eq!(
        complaint(State::from_arrays(&config, narrow, Some(c.view()))),
        "the state h: expected [L·D=2, B=3, H=6], got [2, 3, 5]"
    );
    assert_eq!(
        complaint(State::from_arrays(&gru, h.view(), Some(c.view()))),
        "the state c: expected [L·D=0, B=3, H=6], got [2, 3, 6]"
    );
    assert!(State::from_arrays(&config, h.view(), None).is_err(), "an LSTM has a c");
}

#[test]
fn linear_layers_read_and_write_every_layout() {
    let _held = hold_path();
    let mut params = Parameters::<f64>::new();
    let linear = Linear::new(4, 2, true, "linear", &mut params).expect("sizes");
    linear.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
    let (x, d_y) = (random(1, (STEPS, BATCH, 4)), random(2, (STEPS, BATCH, 2)));
    let mut pass = |x: ArrayView3<'_, f64>, mut y: ArrayViewMut3<'_, f64>, d_y: ArrayView3<'_, f64>| {
        let mut ws = LinearWorkspace::new();
        let mut d_x = Array3::zeros((2 * STEPS, BATCH, 4));
        linear.forward(&params, x, y.view_mut(), &mut ws).expect("it fits");
        params.zero_grad();
        let every_second = d_x.slice_axis_mut(Axis(0), Slice::from(..).step_by(-2));
        linear.backward(&mut params, x, d_y, Some(every_second), &mut ws).expect("it fits");
        (d_x, params.grads().to_vec())
    };
    let mut y = Array3::zeros(d_y.raw_dim());
    let expected = pass(x.view(), y.view_mut(), d_y.view());
    let weight = params_of(&linear, &expected.1);
    assert_abs_diff_eq!(
        weight[[1, 2]],
        (&x.slice(s![.., .., 2]) * &d_y.slice(s![.., .., 1])).sum(),
        epsilon = 1e-12
    );
    assert!(expected.0.slice(s![..;2, .., ..]).iter().all(|&untouched| untouched == 0.0));
    for layout in Layout::ALL {
        let (x, d_y) = (layout.lay_out(&x), layout.lay_out(&d_y));
        let mut memory = layout.lay_out(&Array3::zeros(y.raw_dim()));
        let found = pass(layout.view(&x), layout.view_mut(&mut memory), layout.view(&d_y));
        assert_eq!((layout.view(&memory), &found), (y.view(), &expected), "{layout:?}");
    }
}

/// The gradient of a weight that is the first parameter.
fn params_of(linear: &Linear, grads: &[f64]) -> Array2<f64> {
    let size = linear.outputs() * linear.features();
    Array2::from_shape_vec((linear.outputs(), linear.features()), grads[..size].to_vec()).expect("its shape")
}

#[test]
fn embeddings_read_and_write_every_layout() {
    let _held = hold_path();
    let mut params = Parameters::<f64>::new();
    let embedding = Embedding::new(7, 4, "", &mut params).expect("sizes");
    embedding.init(&mut params, &mut ChaCha8Rng::seed_from_u64(1));
    let tokens = Array2::from_shape_fn((STEPS, BATCH), |(t, b)| (3 * t + 2 * b) as u32 % 7);
    let columns = tokens.t().as_standard_layout().into_owned();
    let d_y = random(2, (STEPS, BATCH, 4));
    let mut y = Array3::zeros(d_y.raw_dim());
    embedding.forward(&params, tokens.view(), y.view_mut()).expect("it fits");
    let table = params.value_array(embedding.weight()).into_dimensionality::<Ix2>().expect("[V, F]");
    assert_eq!(y.slice(s![4, 2, ..]), table.row(2), "token {}", tokens[[4, 2]]);
    embedding.backward(&mut params, tokens.view(), d_y.view()).expect("it fits");
    let expected = params.grads().to_vec();
    for layout in Layout::ALL {
        let mut memory = layout.lay_out(&Array3::zeros(y.raw_dim()));
        embedding.forward(&params, columns.t(), layout.view_mut(&mut memory)).expect("it fits");
        assert_eq!(layout.view(&memory), y, "{layout:?}");
        params.zero_grad();
        let d_y = layout.lay_out(&d_y);
        embedding.backward(&mut params, columns.t(), layout.view(&d_y)).expect("it fits");
        assert_eq!(params.grads(), expected, "{layout:?}");
    }
}

#[test]
fn attention_reads_every_layout() {
    let _held = hold_path();
    let mut params = Parameters::<f64>::new();
    let layer = Attention::new(AttentionScore::Additive, 4, 6, 3, "", &mut params).expect("sizes");
    layer.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
    let queries = random(1, (STEPS, BATCH, 4));
    let (keys, d_context) = (random(2, (7, BATCH, 6)), random(3, (STEPS, BATCH, 6)));
    let valid = Array2::from_shape_fn((BATCH, 7), |(b, s)| s + b < 7);
    let mask = Mask::from_array(valid.t());
    assert_eq!(mask.array(), valid.t());
    let mut pass = |q: ArrayView3<'_, f64>, k: ArrayView3<'_, f64>, d: ArrayView3<'_, f64>| {
        let mut ws = AttentionWorkspace::new();
        layer.forward(&params, q, k, Some(&mask), &mut ws).expect("it fits");
        params.zero_grad();
        layer.backward(&mut params, q, k, d, Some(&mask), &mut ws).expect("it fits");
        let arrays = [ws.context(), ws.d_queries(), ws.d_keys()].map(|array| array.to_owned());
        (arrays, ws.weights(1).to_owned(), params.grads().to_vec())
    };
    let expected = pass(queries.view(), keys.view(), d_context.view());
    assert_eq!(expected.1.dim(), (STEPS, 7));
    expected.1.rows().into_iter().for_each(|a| assert_abs_diff_eq!(a.sum(), 1.0, epsilon = 1e-12));
    for layout in Layout::ALL {
        let memory = [&queries, &keys, &d_context].map(|array| layout.lay_out(array));
        let [q, k, d] = memory.each_ref().map(|memory| layout.view(memory));
        assert_eq!(pass(q, k, d), expected, "{layout:?}");
    }
}

/// All losses and the coupling, each on a copy of `memory`, in which `view` finds the logits: the sums, and what each left there.
fn losses(
    memory: &Array3<f64>,
    view: &dyn Fn(&mut Array3<f64>) -> ArrayViewMut3<'_, f64>,
    (on, weights): (ArrayView3<'_, f64>, ArrayView3<'_, f64>),
    classes: ArrayView2<'_, u32>,
) -> (Vec<Nll>, Vec<Array3<f64>>) {
    let mut params = Parameters::<f64>::new();
    let coupling = Coupling::new(4, 2, "", &mut params).expect("sizes");
    params.values_mut().copy_from_slice(&uniform(4, 16, 1.0));
    let mut copies: [Array3<f64>; 5] = std::array::from_fn(|_| memory.clone());
    let [a, b, c, d, e] = copies.each_mut().map(view);
    let sums = vec![
        sigmoid_cross_entropy(a, on, Some(weights), 0.5).expect("it fits"),
        squared_error(b, on, Some(weights), 0.5).expect("it fits"),
        squared_error(c, on, None, 0.5).expect("it fits"),
        softmax_cross_entropy(d, classes, 0.1, 0.5).expect("it fits"),
    ];
    coupling.forward(&params, on, weights, e).expect("it fits");
    (sums, copies.each_mut().map(|copy| view(copy).to_owned()).to_vec())
}

#[test]
fn losses_and_couplings_read_and_write_every_layout() {
    let _held = hold_path();
    let (logits, weights) = (random(1, (STEPS, BATCH, 4)), random(2, (STEPS, BATCH, 4)).mapv(f64::abs));
    let bits = random(3, (STEPS, BATCH, 4)).mapv(|x| f64::from(u8::from(x > 0.0)));
    let classes = array![[0, 1, 2], [3, 0, IGNORE], [1, 1, 1], [0, 2, 3], [3, 3, 0]];
    let columns = classes.t().as_standard_layout().into_owned();
    let expected =
        losses(&logits, &|memory| memory.view_mut(), (bits.view(), weights.view()), classes.view());
    assert_eq!(expected.0[3].count, 14.0);
    for layout in Layout::ALL {
        let (on, weights) = (layout.lay_out(&bits), layout.lay_out(&weights));
        let (on, weights) = (layout.view(&on), layout.view(&weights));
        let memory = layout.lay_out(&logits);
        let found = losses(&memory, &|memory| layout.view_mut(memory), (on, weights), columns.t());
        assert_eq!(found, expected, "{layout:?}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_with_both() {
    let complaint = |outcome: Result<(), Error>| outcome.expect_err("it does not fit").to_string();
    let config = RecurrentConfig { cell: Cell::Gru, input: 88, hidden: 6, ..Default::default() };
    let (stack, mut params) = stack(&config);
    let (mut ws, x) = (RecurrentWorkspace::new(), Array3::zeros((17, 3, 90)));
    let mut forward = |params: &Parameters<f64>, x: ArrayView3<'_, f64>, batch: usize| {
        let mut state = State::zeros(&config, batch);
        stack.forward(params, Input::Dense(x), &mut state, None, Mode::Eval, &mut ws)
    };
    let found = complaint(forward(&params, x.view(), 3));
    assert_eq!(found, "the input: expected [T=17, B=3, F=88], got [17, 3, 90]");
    let good = x.slice(s![.., .., 1..89]);
    let found = complaint(forward(&params, good, 2));
    assert_eq!(found, "the input: expected [T=17, B=2, F=88], got [17, 3, 88]");
    forward(&params, good, 3).expect("it fits");
    let d_output = Array3::zeros((17, 6, 3));
    let mut backward = |x, d| complaint(stack.backward(&mut params, Input::Dense(x), d, None, &mut ws));
    let found = backward(good, d_output.view());
    assert_eq!(found, "the gradient of the output: expected [T=17, B=3, H·D=6], got [17, 6, 3]");
    let found = backward(good.slice(s![1.., .., ..]), d_output.view());
    assert_eq!(found, "the input: expected [T=17, B=3, F=88], got [16, 3, 88]");
    let mut sws = StepWorkspace::new();
    let step = stack.step(&params, Input::Dense(good), &mut State::zeros(&config, 3), &mut sws);
    let found = complaint(step.map(|_| ()));
    assert_eq!(found, "the input: expected [T=1, B=3, F=88], got [17, 3, 88]");

    let linear = Linear::new(4, 2, true, "linear", &mut params).expect("sizes");
    let (mut lws, x, mut y) = (LinearWorkspace::new(), Array2::zeros((7, 4)), Array2::zeros((4, 7)));
    let found = complaint(linear.forward(&params, x.view(), y.view_mut(), &mut lws));
    assert_eq!(found, "the output of a linear layer: expected [rows=7, O=2], got [4, 7]");
    let found = complaint(linear.forward(&params, y.view(), x.clone().view_mut(), &mut lws));
    assert_eq!(found, "the input of a linear layer: expected [rows=4, F=4], got [4, 7]");
    let mut logits = Array3::<f64>::zeros((5, 3, 4));
    let targets = Array3::zeros((5, 4, 3));
    let loss = sigmoid_cross_entropy(logits.view_mut(), targets.view(), None, 1.0);
    assert_eq!(complaint(loss.map(|_| ())), "the targets: expected [T=5, B=3, V=4], got [5, 4, 3]");
    let loss = softmax_cross_entropy(logits.view_mut(), Array2::zeros((5, 2)).view(), 0.0, 1.0);
    assert_eq!(complaint(loss.map(|_| ())), "the logits: expected [T=5, B=2, K=4], got [5, 3, 4]");
    let layer = Attention::new(AttentionScore::General, 4, 6, 0, "attention", &mut params).expect("sizes");
    let (queries, keys) = (Array3::zeros((5, 3, 4)), Array3::zeros((7, 2, 6)));
    let mut aws = AttentionWorkspace::new();
    let found = complaint(layer.forward(&params, queries.view(), keys.view(), None, &mut aws));
    assert_eq!(found, "the keys: expected [S=7, B=3, K=6], got [7, 2, 6]");
}
