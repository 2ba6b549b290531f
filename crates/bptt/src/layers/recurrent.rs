//! A stack of recurrent layers: fused, batched, through time.

use composer_tensor::{Buffer, Scalar};
use rand::Rng;

use super::{Cell, Input, Mask, Mode, RecurrentConfig, State};
use crate::error::check_len;
use crate::fused::{
    Backward, BackwardScratch, Forward, PackedLayer, Tape, ZoneKind, draw_keep_mask, draw_zone_mask, fit,
};
use crate::init::{self, Init, Scheme};
use crate::probe::Probe;
use crate::{Error, ParamId, Parameters};

/// The parameters of one layer in one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerIds {
    pub weight_ih: ParamId,
    pub weight_hh: ParamId,
    pub bias_ih: Option<ParamId>,
    pub bias_hh: Option<ParamId>,
    /// Gains `[G·H]` of the normalised products.
    pub norm_ih: Option<ParamId>,
    pub norm_hh: Option<ParamId>,
}

impl LayerIds {
    pub(crate) fn all(&self) -> impl Iterator<Item = ParamId> {
        let optional = [self.bias_ih, self.bias_hh, self.norm_ih, self.norm_hh];
        [self.weight_ih, self.weight_hh].into_iter().chain(optional.into_iter().flatten())
    }
}

/// A stack of recurrent layers. It knows its shape and where its parameters are; their values are in [`Parameters`].
///
/// ```
/// use composer_bptt::{Cell, Init, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
///
/// let config = RecurrentConfig { cell: Cell::Gru, input: 3, hidden: 4, ..Default::default() };
/// let mut params = Parameters::<f32>::new();
/// let stack = Recurrent::new(config.clone(), "gru", &mut params)?;
/// stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
///
/// // Two steps of one row, forward and back.
/// let x = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
/// let mut state = State::zeros(&config, 1);
/// let mut ws = RecurrentWorkspace::new();
/// stack.forward(&params, Input::Dense(&x), 2, 1, &mut state, None, Mode::Eval, &mut ws)?;
/// assert_eq!(ws.output().len(), 2 * 4);
/// stack.backward(&mut params, Input::Dense(&x), &[1.0; 8], None, &mut ws)?;
/// assert!(params.grads().iter().any(|&g| g != 0.0));
/// # Ok::<(), composer_bptt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent {
    config: RecurrentConfig,
    /// Layer `l` in direction `d` at `l·D + d`.
    ids: Vec<LayerIds>,
}

/// The memory of a stack's forward and backward passes: reused, it is allocated once.
#[derive(Clone, Debug, Default)]
pub struct RecurrentWorkspace<S> {
    packed: Vec<PackedLayer<S>>,
    tapes: Vec<Tape<S>>,
    /// The output of each layer `[T, B, H·D]`, where it is not simply the states of the tape.
    outputs: Vec<Buffer<S>>,
    /// The dropout mask on the output of each layer but the last, `[T, B, H·D]` or `[B, H·D]`; empty without.
    masks: Vec<Buffer<S>>,
    valid: Vec<bool>,
    /// Zoneout of `h` and `c` in the last forward pass.
    zones: (ZoneKind, ZoneKind),
    /// Steps and batch of the last forward pass; 0 before.
    steps: usize,
    batch: usize,
    hidden: usize,
    scratch: BackwardScratch<S>,
    /// Gradients on their way from layer to layer.
    d_layers: [Buffer<S>; 2],
    want_d_input: bool,
    d_input: Buffer<S>,
    d_state: State<S>,
    probe: Option<Probe>,
}

impl<S: Scalar> RecurrentWorkspace<S> {
    /// Empty; the first pass sizes it.
    pub fn new() -> Self {
        RecurrentWorkspace::default()
    }

    /// The output of the last forward pass, `[T, B, H·D]`.
    pub fn output(&self) -> &[S] {
        match self.outputs.len().checked_sub(1) {
            Some(last) => self.layer_output(last),
            None => &[],
        }
    }

    /// The output of a layer. Where none was collected, there is one direction, and its states are the output.
    fn layer_output(&self, layer: usize) -> &[S] {
        match &*self.outputs[layer] {
            [] => &self.tapes[layer].h[self.batch * self.hidden..],
            collected => collected,
        }
    }

    /// Whether backward passes compute the gradient of the input; off at first.
    pub fn request_d_input(&mut self, wanted: bool) {
        self.want_d_input = wanted;
    }

    /// The gradient of the input from the last backward pass, `[T, B, F]`, if it was requested; empty otherwise.
    pub fn d_input(&self) -> &[S] {
        &self.d_input
    }

    /// From now on, backward passes record norms of gradients; see [`crate::probe`].
    pub fn attach_probe(&mut self) {
        self.probe = Some(Probe::default());
    }

    /// Stops recording; gives back what was recorded last.
    pub fn detach_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }

    /// What the last backward pass recorded, if a probe is attached.
    pub fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// Steps and batch of the last forward pass.
    pub(crate) fn tape_size(&self) -> Option<(usize, usize)> {
        (self.steps > 0).then_some((self.steps, self.batch))
    }

    /// What a layer in one direction keeps of the last forward pass.
    pub(crate) fn tape(&self, index: usize) -> Option<&Tape<S>> {
        self.tapes.get(index)
    }

    /// The gradient of the initial state from the last backward pass.
    pub fn d_state(&self) -> &State<S> {
        &self.d_state
    }
}

impl Recurrent {
    /// Adds the parameters of a stack, zeros, named as PyTorch does: `prefix.weight_ih_l0`, …, `_reverse` for the second
    /// direction. `norm_ih_l0`, `norm_hh_l0` are the gains of layer normalisation. With an empty prefix there is no dot.
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
                ids.push(LayerIds { weight_ih, weight_hh, bias_ih, bias_hh, norm_ih, norm_hh });
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

    /// `weight_hh` of a layer (and direction, at `layer·D + direction`).
    pub(crate) fn weight_hh(&self, index: usize) -> ParamId {
        self.ids[index].weight_hh
    }

    /// First values for all weights and biases; gains become one.
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
            if let (Cell::Lstm, Some(forget), Some(bias_ih), Some(bias_hh)) =
                (self.config.cell, init.forget_bias, ids.bias_ih, ids.bias_hh)
            {
                params.value_mut(bias_ih)[hidden..2 * hidden].fill(S::of(forget));
                params.value_mut(bias_hh)[hidden..2 * hidden].fill(S::zero());
            }
            for id in [ids.norm_ih, ids.norm_hh].into_iter().flatten() {
                params.value_mut(id).fill(S::one());
            }
        }
    }

    /// Runs `steps` steps of `batch` rows. The outputs `[T, B, H·D]` are then in [`RecurrentWorkspace::output`], and what the
    /// backward pass needs is in `ws`. `state` is the initial state before and the final state after. Masks, if `mode` draws
    /// any, come layer by layer: dropout, recurrent dropout, zoneout.
    ///
    /// # Errors
    /// A size does not fit the configuration, an index is out of range, or a weight is not finite.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        input: Input<'_, S>,
        steps: usize,
        batch: usize,
        state: &mut State<S>,
        mask: Option<&Mask>,
        mut mode: Mode<'_>,
        ws: &mut RecurrentWorkspace<S>,
    ) -> Result<(), Error> {
        self.check(input, steps, batch, state, mask)?;
        ws.steps = 0; // no tape, should this fail
        self.pack_forward(params, matches!(input, Input::MultiHot { .. }), ws)?;
        self.size(steps, batch, mask, ws);
        self.run_layers(input, steps, batch, state, &mut mode, ws);
        (ws.steps, ws.batch) = (steps, batch);
        Ok(())
    }

    fn run_layers<S: Scalar>(
        &self,
        input: Input<'_, S>,
        steps: usize,
        batch: usize,
        state: &mut State<S>,
        mode: &mut Mode<'_>,
        ws: &mut RecurrentWorkspace<S>,
    ) {
        let directions = self.config.directions();
        for layer in 0..self.config.layers {
            for direction in 0..directions {
                let index = layer * directions + direction;
                self.prepare(index, steps, batch, state, mode, ws);
                let mut tape = std::mem::take(&mut ws.tapes[index]);
                self.pass(layer, direction, steps, batch, ws)
                    .run(self.layer_input_of(layer, input, ws), &mut tape);
                self.final_state(index, steps, batch, &tape, state);
                ws.tapes[index] = tape;
            }
            self.collect_output(layer, steps, batch, mode, ws);
        }
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
        d_output: &[S],
        d_state_n: Option<&State<S>>,
        ws: &mut RecurrentWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch) = (ws.steps, ws.batch);
        if steps == 0 || ws.tapes.len() != self.ids.len() || ws.hidden != self.config.hidden {
            return Err(Error::NoTape);
        }
        input.check(steps * batch, self.config.input)?;
        let width = self.config.output();
        check_len(
            "the gradient of the output",
            d_output.len(),
            &[("steps", steps), ("batch", batch), ("outputs", width)],
        )?;
        if let Some(d_state_n) = d_state_n {
            d_state_n.check(&self.config, batch)?;
        }
        let directions = self.config.directions();
        for (index, ids) in self.ids.iter().enumerate() {
            let sizes = (self.config.layer_input(index / directions), self.config.hidden);
            let wanted = index >= directions || ws.want_d_input;
            ws.packed[index].for_backward(ids, params, self.config.cell, sizes, wanted);
        }
        self.start_d_state(batch, d_state_n, &mut ws.d_state);
        self.run_layers_back(params, input, d_output, ws);
        Ok(())
    }

    fn run_layers_back<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        input: Input<'_, S>,
        d_output: &[S],
        ws: &mut RecurrentWorkspace<S>,
    ) {
        let (steps, batch, width) = (ws.steps, ws.batch, self.config.output());
        let directions = self.config.directions();
        let size = batch * self.config.hidden;
        let mut d_state = std::mem::take(&mut ws.d_state);
        let mut d_input = std::mem::take(&mut ws.d_input);
        let [mut above, mut below] = std::mem::take(&mut ws.d_layers);
        let mut scratch = std::mem::take(&mut ws.scratch);
        let mut probe = ws.probe.take();
        if let Some(probe) = &mut probe {
            probe.layers.resize_with(self.ids.len(), Default::default);
            probe.layers.iter_mut().for_each(|trace| trace.size(self.config.cell, steps, batch));
        }
        for layer in (0..self.config.layers).rev() {
            let wanted = layer > 0 || ws.want_d_input;
            let target = if layer == 0 { &mut d_input } else { &mut below };
            fit(target, if wanted { steps * batch * self.config.layer_input(layer) } else { 0 });
            for direction in 0..directions {
                let index = layer * directions + direction;
                let backward = Backward {
                    forward: self.pass(layer, direction, steps, batch, ws),
                    ids: &self.ids[index],
                    tape: &ws.tapes[index],
                    input: self.layer_input_of(layer, input, ws),
                    d_output: if layer + 1 == self.config.layers { d_output } else { &above },
                    d_output_width: width,
                    d_output_from: direction * self.config.hidden,
                    recording: probe.is_some(),
                };
                exchange(&mut scratch.d_h, &mut d_state.h, index, size);
                exchange(&mut scratch.d_c, &mut d_state.c, index, size);
                let trace = probe.as_mut().map(|probe| &mut probe.layers[index]);
                let d_input = wanted.then_some(&mut **target);
                backward.run(params, &mut scratch, d_input, direction > 0, trace);
                exchange(&mut scratch.d_h, &mut d_state.h, index, size);
                exchange(&mut scratch.d_c, &mut d_state.c, index, size);
            }
            if let Some(mask) = layer.checked_sub(1).map(|lower| &ws.masks[lower]) {
                multiply_by_mask(target, mask);
            }
            std::mem::swap(&mut above, &mut below);
        }
        (ws.d_input, ws.d_layers, ws.scratch, ws.d_state) = (d_input, [above, below], scratch, d_state);
        ws.probe = probe;
    }

    /// One step of a batch, for generation: nothing is dropped and nothing is kept for a backward pass. `x` has a row for
    /// each row of `state`, which is moved on by one step. Returns `h` of the top layer, `[B, H]`.
    ///
    /// # Errors
    /// As for [`Recurrent::forward`]; a bidirectional stack cannot be stepped.
    pub fn step<'w, S: Scalar>(
        &self,
        params: &Parameters<S>,
        x: Input<'_, S>,
        state: &mut State<S>,
        ws: &'w mut StepWorkspace<S>,
    ) -> Result<&'w [S], Error> {
        if self.config.bidirectional {
            return Err(Error::Unsupported(
                "a bidirectional stack needs the whole sequence; it cannot go step by step",
            ));
        }
        let batch = state.batch();
        self.forward(params, x, 1, batch, state, None, Mode::Eval, &mut ws.inner)?;
        Ok(ws.inner.output())
    }

    pub(super) fn check<S: Scalar>(
        &self,
        input: Input<'_, S>,
        steps: usize,
        batch: usize,
        state: &State<S>,
        mask: Option<&Mask>,
    ) -> Result<(), Error> {
        for (name, size) in [("steps", steps), ("batch", batch)] {
            if size == 0 {
                return Err(Error::Config { name, value: "0".into(), expected: "it must be at least 1" });
            }
        }
        input.check(steps * batch, self.config.input)?;
        state.check(&self.config, batch)?;
        match mask {
            Some(mask) => check_len("the mask", mask.valid().len(), &[("steps", steps), ("batch", batch)]),
            None => Ok(()),
        }
    }

    fn pack_forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        multi_hot: bool,
        ws: &mut RecurrentWorkspace<S>,
    ) -> Result<(), Error> {
        ws.packed.resize_with(self.ids.len(), PackedLayer::default);
        for (index, (ids, packed)) in self.ids.iter().zip(&mut ws.packed).enumerate() {
            let layer = index / self.config.directions();
            let sizes = (self.config.layer_input(layer), self.config.hidden);
            packed.for_forward(ids, params, self.config.cell, sizes, multi_hot && layer == 0)?;
        }
        Ok(())
    }

    fn size<S: Scalar>(
        &self,
        steps: usize,
        batch: usize,
        mask: Option<&Mask>,
        ws: &mut RecurrentWorkspace<S>,
    ) {
        ws.tapes.resize_with(self.ids.len(), Tape::default);
        ws.outputs.resize_with(self.config.layers, Buffer::default);
        ws.masks.resize_with(self.config.layers, Buffer::default);
        ws.valid.clear();
        ws.valid.extend_from_slice(mask.map_or(&[], Mask::valid));
        (ws.batch, ws.hidden) = (batch, self.config.hidden);
        for tape in &mut ws.tapes {
            tape.size(&self.config, steps, batch);
        }
    }

    /// Puts the initial state on the tape of a layer, and draws its masks.
    fn prepare<S: Scalar>(
        &self,
        index: usize,
        steps: usize,
        batch: usize,
        state: &State<S>,
        mode: &mut Mode<'_>,
        ws: &mut RecurrentWorkspace<S>,
    ) {
        let config = &self.config;
        let size = batch * config.hidden;
        let tape = &mut ws.tapes[index];
        let reverse = index % config.directions() == 1;
        let start = if reverse { steps * size } else { 0 };
        tape.h[start..][..size].copy_from_slice(&state.h[index * size..][..size]);
        if config.cell.has_c() {
            tape.c[start..][..size].copy_from_slice(&state.c[index * size..][..size]);
        }
        let zone_c = if config.cell.has_c() { config.zoneout_cell } else { 0.0 };
        let Mode::Train { rng } = mode else {
            tape.recurrent_mask.clear();
            let expectation = |p: f64| if p > 0.0 { ZoneKind::Share(p) } else { ZoneKind::Off };
            ws.zones = (expectation(config.zoneout), expectation(zone_c));
            return;
        };
        fit(&mut tape.recurrent_mask, if config.recurrent_dropout > 0.0 { size } else { 0 });
        fit(&mut tape.h_masked, if config.recurrent_dropout > 0.0 { steps * size } else { 0 });
        draw_keep_mask(&mut tape.recurrent_mask, config.recurrent_dropout, rng);
        let mut draw = |zone: &mut Buffer<S>, p: f64| {
            if p == 0.0 {
                return ZoneKind::Off;
            }
            fit(zone, steps * size);
            draw_zone_mask(zone, p, rng);
            ZoneKind::Drawn
        };
        ws.zones = (draw(&mut tape.zone_h, config.zoneout), draw(&mut tape.zone_c, zone_c));
    }

    /// One layer in one direction, as the fused passes want it.
    fn pass<'a, S: Scalar>(
        &self,
        layer: usize,
        direction: usize,
        steps: usize,
        batch: usize,
        ws: &'a RecurrentWorkspace<S>,
    ) -> Forward<'a, S> {
        let weights = &ws.packed[layer * self.config.directions() + direction];
        Forward {
            cell: self.config.cell,
            features: self.config.layer_input(layer),
            hidden: self.config.hidden,
            steps,
            batch,
            reverse: direction == 1,
            weights,
            gains: self.config.layer_norm.then_some((&weights.gain_ih, &weights.gain_hh)),
            valid: (!ws.valid.is_empty()).then_some(&ws.valid),
            zone_h: ws.zones.0,
            zone_c: ws.zones.1,
        }
    }

    fn layer_input_of<'a, S: Scalar>(
        &self,
        layer: usize,
        input: Input<'a, S>,
        ws: &'a RecurrentWorkspace<S>,
    ) -> Input<'a, S> {
        match layer.checked_sub(1) {
            Some(lower) => Input::Dense(ws.layer_output(lower)),
            None => input,
        }
    }

    fn final_state<S: Scalar>(
        &self,
        index: usize,
        steps: usize,
        batch: usize,
        tape: &Tape<S>,
        state: &mut State<S>,
    ) {
        let size = batch * self.config.hidden;
        let reverse = index % self.config.directions() == 1;
        let end = if reverse { 0 } else { steps * size };
        state.h[index * size..][..size].copy_from_slice(&tape.h[end..][..size]);
        if self.config.cell.has_c() {
            state.c[index * size..][..size].copy_from_slice(&tape.c[end..][..size]);
        }
    }

    /// Lays both directions side by side, silences padding, drops units; nothing to do if none of that is wanted.
    fn collect_output<S: Scalar>(
        &self,
        layer: usize,
        steps: usize,
        batch: usize,
        mode: &mut Mode<'_>,
        ws: &mut RecurrentWorkspace<S>,
    ) {
        let (hidden, width, directions) =
            (self.config.hidden, self.config.output(), self.config.directions());
        let mask = &mut ws.masks[layer];
        let inner = layer + 1 < self.config.layers;
        match mode {
            Mode::Train { rng } if inner && self.config.dropout > 0.0 => {
                let rows = if self.config.variational_dropout { batch } else { steps * batch };
                fit(mask, rows * width);
                draw_keep_mask(mask, self.config.dropout, rng);
            }
            _ => mask.clear(),
        }
        let output = &mut ws.outputs[layer];
        if directions == 1 && ws.valid.is_empty() && mask.is_empty() {
            output.clear();
            return;
        }
        fit(output, steps * batch * width);
        for (row, output) in output.chunks_exact_mut(width).enumerate() {
            for (direction, output) in output.chunks_exact_mut(hidden).enumerate() {
                if ws.valid.get(row) == Some(&false) {
                    output.fill(S::zero());
                    continue;
                }
                // The states of the second direction end with the initial one, those of the first begin with it.
                let row = if direction == 0 { row + batch } else { row };
                output.copy_from_slice(&ws.tapes[layer * directions + direction].h[row * hidden..][..hidden]);
            }
        }
        multiply_by_mask(output, mask);
    }

    fn start_d_state<S: Scalar>(&self, batch: usize, d_state_n: Option<&State<S>>, d_state: &mut State<S>) {
        if d_state.check(&self.config, batch).is_err() || d_state.batch() != batch {
            *d_state = State::zeros(&self.config, batch);
        }
        match d_state_n {
            Some(given) => {
                d_state.h.copy_from_slice(&given.h);
                d_state.c.copy_from_slice(&given.c);
            }
            None => d_state.reset(),
        }
    }
}

/// Multiplies by a mask that repeats (one for all steps, or one for each); by nothing if it is empty.
fn multiply_by_mask<S: Scalar>(values: &mut [S], mask: &[S]) {
    if !mask.is_empty() {
        for values in values.chunks_exact_mut(mask.len()) {
            values.iter_mut().zip(mask).for_each(|(value, &mask)| *value *= mask);
        }
    }
}

/// Swaps the working gradient of a state with its place in the gradients of all layers; no matter which is which.
fn exchange<S: Scalar>(working: &mut Buffer<S>, all: &mut [S], index: usize, size: usize) {
    if !all.is_empty() {
        fit(working, size);
        working.swap_with_slice(&mut all[index * size..][..size]);
    }
}

/// The memory of [`Recurrent::step`].
#[derive(Clone, Debug, Default)]
pub struct StepWorkspace<S> {
    inner: RecurrentWorkspace<S>,
}

impl<S: Scalar> StepWorkspace<S> {
    /// Empty; the first step sizes it.
    pub fn new() -> Self {
        StepWorkspace::default()
    }
}
