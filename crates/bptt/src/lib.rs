//! Recurrent cells and layers with hand-written backpropagation through time, a readable reference and gradient checks.
//!
//! * [`layers`]: recurrent stacks, linear layers, embeddings, over arrays; parameters live in [`Parameters`].
//! * [`backpropagation`]: every gradient derived, from the loss to each weight, with a worked example of each.
//! * [`textbook`]: the same in plain loops, one line per equation. Read this first.
//! * [`reference`](mod@reference): cells on a small tape, which derives gradients mechanically and proves the others.
//! * [`fused`]: the fast implementation, which runs.
//! * [`Cell`]: what each cell is, in one table; [`Implementation`]: the three behind one interface.
//! * [`exercises`]: change a line, run a test, read what it tells you.
//! * [`loss`], [`init`]: what training needs around them.
//! * [`optim`]: optimisers, gradient clipping, the moving average of the weights.
//! * [`gradcheck`], [`probe`]: is a gradient right, and how does it flow?
//!
//! # Arrays
//!
//! Arrays are ndarray's: views of any memory layout in, views of a workspace's own memory out. Those in standard layout are not
//! copied, all others once. Shapes are checked once, and an error has both: `the input: expected [T=17, B=3, F=88], got
//! [17, 3, 90]`. `T` are steps, `B` the rows of a batch, `F` features, `H` hidden units, `L` layers and `D` directions.
//!
//! ```
//! use composer_bptt::{
//!     Cell, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State, loss,
//! };
//! use ndarray::Array3;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! // A GRU and a linear layer read a time series [T, B, F] and say what comes next.
//! let config = RecurrentConfig { cell: Cell::Gru, input: 2, hidden: 16, ..Default::default() };
//! let (mut params, mut rng) = (Parameters::<f32>::new(), ChaCha8Rng::seed_from_u64(1));
//! let stack = Recurrent::new(config.clone(), "gru", &mut params)?;
//! let linear = Linear::new(16, 2, true, "linear", &mut params)?;
//! stack.init(&mut params, &Init::PYTORCH, &mut rng);
//! linear.init(&mut params, &Init::PYTORCH, &mut rng);
//!
//! let x = Array3::from_shape_fn((3, 20, 2), |(b, t, f)| (0.3 * t as f32 + b as f32 + f as f32).sin());
//! let x = x.view().permuted_axes([1, 0, 2]); // it was [B, T, F]
//! let (past, next) = (x.slice(ndarray::s![..-1, .., ..]), x.slice(ndarray::s![1.., .., ..]));
//!
//! let (mut ws, mut linear_ws) = (RecurrentWorkspace::new(), LinearWorkspace::new());
//! let (mut y, mut d_hidden) = (Array3::zeros((19, 3, 2)), Array3::zeros((19, 3, 16)));
//! let mut state = State::zeros(&config, 3);
//! stack.forward(&params, Input::Dense(past), &mut state, None, Mode::Eval, &mut ws)?;
//! linear.forward(&params, ws.output(), y.view_mut(), &mut linear_ws)?;
//! let error = loss::squared_error(y.view_mut(), next, None, 1.0)?; // and now `y` is its gradient
//! linear.backward(&mut params, ws.output(), y.view(), Some(d_hidden.view_mut()), &mut linear_ws)?;
//! stack.backward(&mut params, Input::Dense(past), d_hidden.view(), None, &mut ws)?;
//!
//! let weight = params.id("gru.weight_hh_l0").expect("a GRU has one");
//! assert_eq!(params.grad_array(weight).shape(), [3 * 16, 16]);
//! # assert!(error.sum > 0.0);
//! # Ok::<(), composer_bptt::Error>(())
//! ```
//!
//! # To PyTorch and back
//!
//! Parameters have PyTorch's names, shapes and gate order. [`pytorch`] has a program that computes the logits of a model file in
//! PyTorch, tested on real ones, and the order of features.

pub mod arrays;
#[allow(rustdoc::invalid_html_tags)] // of the loader of equations
pub mod backpropagation;
pub mod cell;
pub mod divergence;
pub mod error;
#[doc = include_str!("../docs/exercises.md")]
pub mod exercises {}
pub mod fused;
pub mod gradcheck;
pub mod implementation;
pub mod init;
pub mod layers;
pub mod loss;
pub mod optim;
pub mod parameters;
pub mod probe;
pub mod problem;
#[doc = include_str!("../docs/pytorch.md")]
pub mod pytorch {}
pub mod reference;
#[allow(rustdoc::invalid_html_tags)] // of the loader of equations
pub mod textbook;

/// The example of README.md, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

pub use cell::{Cell, CellSpec};
pub use error::Error;
pub use implementation::Implementation;
pub use init::Init;
pub use layers::{
    Attention, AttentionScore, AttentionWorkspace, Checkpointed, CheckpointingWorkspace, Coupled, Coupling,
    Embedding, Input, Linear, LinearWorkspace, Mask, Mixture, MixtureWorkspace, Mode, Recurrent,
    RecurrentConfig, RecurrentWorkspace, State, StepWorkspace,
};
pub use parameters::{Entry, ParamId, Parameters};
