//! A stack of recurrent layers: fused, batched, through time.

mod ids;
mod passes;
mod workspace;

pub(crate) use ids::LayerIds;
pub use workspace::{RecurrentWorkspace, StepWorkspace};

use composer_tensor::Scalar;
use ndarray::{ArrayView2, ArrayView3, Axis};
use rand::Rng;

use super::{Input, Mask, Mode, RecurrentConfig, State};
use crate::arrays::{as_slice_or_copy, check_shape};
use crate::cell::MAX_DIAGONALS;
use crate::fused::add_input_rows;
use crate::init::{self, Init, Scheme};
use crate::{Error, ParamId, Parameters};

/// A stack of recurrent layers. It knows its shape and where its parameters are; their values are in [`Parameters`].
///
/// ```
/// use composer_bptt::{Cell, Init, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};
/// use ndarray::{Array3, array};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
///
/// let config = RecurrentConfig { cell: Cell::Gru, input: 3, hidden: 4, ..Default::default() };
/// let mut params = Parameters::<f32>::new();
/// let stack = Recurrent::new(config.clone(), "gru", &mut params)?;
/// stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
///
/// // Two steps of one row, forward and back.
/// let x = array![[[0.1, 0.2, 0.3]], [[0.4, 0.5, 0.6]]]; // [T, B, F]
/// let mut state = State::zeros(&config, 1);
/// let mut ws = RecurrentWorkspace::new();
/// stack.forward(&params, Input::Dense(x.view()), &mut state, None, Mode::Eval, &mut ws)?;
/// assert_eq!(ws.output().dim(), (2, 1, 4)); // [T, B, H]
/// let d_output = Array3::ones((2, 1, 4));
/// stack.backward(&mut params, Input::Dense(x.view()), d_output.view(), None, &mut ws)?;
/// let weight_hh = params.id("gru.weight_hh_l0").expect("a GRU has one");
/// assert!(params.grad_array(weight_hh).iter().any(|&g| g != 0.0)); // [3·H, H]
/// # Ok::<(), composer_bptt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent {
    config: RecurrentConfig,
    /// Layer `l` in direction `d` at `l·D + d`.
    ids: Vec<LayerIds>,
}

impl Recurrent {
    /// Adds the parameters of a stack, zeros, named as PyTorch does: `prefix.weight_ih_l0`, …, `_reverse` for the second
    /// direction. `norm_ih_l0`, `norm_hh_l0` are the gains of layer normalisation; diagonal weights, `weight_ci_l0` say, are the
    /// last of a layer. With an empty prefix there is no dot.
    ///
    /// # Errors
    /// The configuration is out of its ranges.
    pub fn new<S: Scalar>(
        config: RecurrentConfig,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        config.validate()?;
        let dot = if prefix.is_empty() { "" } else { "." };
        let rows = config.gate_rows();
        let mut ids = Vec::new();
        for layer in 0..config.layers {
            for suffix in ["", "_reverse"].into_iter().take(config.directions()) {
                let name = |what: &str| format!("{prefix}{dot}{what}_l{layer}{suffix}");
                let weight_ih = params.add(name("weight_ih"), &[rows, config.layer_input(layer)]);
                let weight_hh = params.add(name("weight_hh"), &[rows, config.hidden]);
                let mut optional = |wanted: bool, what: &str| wanted.then(|| params.add(name(what), &[rows]));
                let (bias_ih, bias_hh) = (optional(config.bias, "bias_ih"), optional(config.bias, "bias_hh"));
                let (norm_ih, norm_hh) =
                    (optional(config.layer_norm, "norm_ih"), optional(config.layer_norm, "norm_hh"));
                let mut diagonals = [None; MAX_DIAGONALS];
                for (id, diagonal) in diagonals.iter_mut().zip(config.cell.spec().diagonals) {
                    *id = Some(params.add(name(diagonal.name), &[config.hidden]));
                }
                ids.push(LayerIds { weight_ih, weight_hh, bias_ih, bias_hh, norm_ih, norm_hh, diagonals });
            }
        }
        for id in ids.iter().flat_map(|ids| [ids.norm_ih, ids.norm_hh]).flatten() {
            params.value_mut(id).fill(S::one());
        }
        Ok(Recurrent { config, ids })
    }

    /// The shape.
    pub fn config(&self) -> &RecurrentConfig {
        &self.config
    }

    /// The stack's parameters.
    pub fn param_ids(&self) -> impl Iterator<Item = ParamId> + '_ {
        self.ids.iter().flat_map(LayerIds::all)
    }

    /// The parameters of a layer (and direction, at `layer·D + direction`).
    pub(crate) fn layer(&self, index: usize) -> &LayerIds {
        &self.ids[index]
    }

    /// First values for all weights and biases; gains become one. Diagonal weights are drawn as PyTorch draws biases: uniform if
    /// the recurrence is, zero otherwise.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        let hidden = self.config.hidden;
        let bound = 1.0 / (hidden as f64).sqrt();
        for (index, ids) in self.ids.iter().enumerate() {
            let features = self.config.layer_input(index / self.config.directions());
            for (id, scheme, columns) in
                [(ids.weight_ih, init.input, features), (ids.weight_hh, init.recurrent, hidden)]
            {
                for gate in params.value_mut(id).chunks_exact_mut(hidden * columns) {
                    init::fill(scheme, gate, hidden, columns, bound, rng);
                }
            }
            for (id, scheme) in [(ids.bias_ih, init.input), (ids.bias_hh, init.recurrent)] {
                let Some(id) = id else { continue };
                match scheme {
                    Scheme::Uniform => init::uniform(params.value_mut(id), bound, rng),
                    _ => params.value_mut(id).fill(S::zero()),
                }
            }
            if let (Some(gate), Some(forget), Some(bias_ih), Some(bias_hh)) =
                (self.config.cell.spec().forget_gate, init.forget_bias, ids.bias_ih, ids.bias_hh)
            {
                params.value_mut(bias_ih)[gate * hidden..][..hidden].fill(S::of(forget));
                params.value_mut(bias_hh)[gate * hidden..][..hidden].fill(S::zero());
            }
            for id in ids.diagonals() {
                init::fill_diagonal(init.recurrent, params.value_mut(id), bound, rng);
            }
            for id in [ids.norm_ih, ids.norm_hh].into_iter().flatten() {
                params.value_mut(id).fill(S::one());
            }
        }
    }

    /// Runs all steps of the input, `B` rows each, as many as `state` has. The outputs `[T, B, H·D]` are then in
    /// [`RecurrentWorkspace::output`], and what the backward pass needs is in `ws`. `state` is the initial state before and the
    /// final state after. Masks, if `mode` draws any, come layer by layer: dropout, recurrent dropout, zoneout.
    ///
    /// # Errors
    /// A shape does not fit the configuration, an index is out of range, or a weight is not finite.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        input: Input<'_, S>,
        state: &mut State<S>,
        mask: Option<&Mask>,
        mut mode: Mode<'_>,
        ws: &mut RecurrentWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch) = self.check(input, state, mask)?;
        ws.steps = 0; // nothing saved, should this fail
        self.pack_forward(params, matches!(input, Input::MultiHot { .. }), ws)?;
        self.size(steps, batch, mask, ws);
        self.run_layers(input.in_order().slices(), steps, batch, state, &mut mode, ws);
        (ws.steps, ws.batch, ws.width) = (steps, batch, self.config.output());
        Ok(())
    }

    /// Walks back through the last forward pass of `ws`, whose `input` it needs again. Adds the gradients of all parameters to
    /// those in `params`; leaves those of the initial state in [`RecurrentWorkspace::d_state`] and, if requested, those of the
    /// input in [`RecurrentWorkspace::d_input`].
    ///
    /// `d_output` `[T, B, H·D]` is the gradient of the output, `d_state_n` that of the final state, zero if `None`.
    ///
    /// # Errors
    /// There was no forward pass, or a size does not fit it.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        input: Input<'_, S>,
        d_output: ArrayView3<'_, S>,
        d_state_n: Option<&State<S>>,
        ws: &mut RecurrentWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch) = (ws.steps, ws.batch);
        if steps == 0 || ws.saved.len() != self.ids.len() || ws.hidden != self.config.hidden {
            return Err(Error::NoTape);
        }
        input.check(steps, batch, self.config.input)?;
        let expected = [("T", steps), ("B", batch), ("H·D", self.config.output())];
        check_shape("the gradient of the output", d_output.shape(), &expected)?;
        if let Some(d_state_n) = d_state_n {
            d_state_n.check(&self.config, batch)?;
        }
        let directions = self.config.directions();
        for (index, ids) in self.ids.iter().enumerate() {
            let sizes = (self.config.layer_input(index / directions), self.config.hidden);
            let wanted = index >= directions || ws.want_d_input;
            ws.packed[index].for_backward(ids, params, self.config.cell, sizes, wanted);
        }
        // Both directions read the same input, and have one place for this.
        ws.scratch.sums_parts &= directions == 1;
        self.start_d_state(batch, d_state_n, &mut ws.d_state);
        self.run_layers_back(params, input.in_order().slices(), &as_slice_or_copy(d_output), ws);
        ws.d_input_shape = (if ws.want_d_input { steps } else { 0 }, batch, self.config.input);
        Ok(())
    }

    /// After backward passes since [`RecurrentWorkspace::begin_parts`]: adds to the gradients in `params` what they left in `ws`.
    pub fn end_parts<S: Scalar>(&self, params: &mut Parameters<S>, ws: &mut RecurrentWorkspace<S>) {
        if ws.scratch.has_parts {
            add_input_rows(&self.ids[0], self.config.input, params, &ws.scratch);
        }
        (ws.scratch.sums_parts, ws.scratch.has_parts) = (false, false);
    }

    /// One step of a batch, for generation: nothing is dropped and nothing is kept for a backward pass. `x` `[1, B, F]` has a
    /// row for each row of `state`, which is moved on by one step. Returns `h` of the top layer, `[B, H]`.
    ///
    /// # Errors
    /// As for [`Recurrent::forward`]; a bidirectional stack cannot be stepped.
    pub fn step<'w, S: Scalar>(
        &self,
        params: &Parameters<S>,
        x: Input<'_, S>,
        state: &mut State<S>,
        ws: &'w mut StepWorkspace<S>,
    ) -> Result<ArrayView2<'w, S>, Error> {
        if self.config.bidirectional {
            return Err(Error::Unsupported(
                "a bidirectional stack needs the whole sequence; it cannot go step by step",
            ));
        }
        x.check(1, state.batch(), self.config.input)?;
        self.forward(params, x, state, None, Mode::Eval, &mut ws.inner)?;
        Ok(ws.inner.output().index_axis_move(Axis(0), 0))
    }

    /// Checks all shapes; returns steps and batch.
    pub(in crate::layers) fn check<S: Scalar>(
        &self,
        input: Input<'_, S>,
        state: &State<S>,
        mask: Option<&Mask>,
    ) -> Result<(usize, usize), Error> {
        let batch = state.batch();
        let steps = input.steps(batch);
        for (name, size) in [("steps", steps), ("batch", batch)] {
            if size == 0 {
                return Err(Error::Config { name, value: "0".into(), expected: "it must be at least 1" });
            }
        }
        input.check(steps, batch, self.config.input)?;
        state.check(&self.config, batch)?;
        if let Some(mask) = mask {
            mask.check("the mask", steps, batch)?;
        }
        Ok((steps, batch))
    }
}
