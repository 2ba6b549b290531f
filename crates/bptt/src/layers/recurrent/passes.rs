//! How the layers of a stack follow each other, forward and back.

use composer_tensor::{Buffer, Scalar};

use super::{Recurrent, RecurrentWorkspace};
use crate::fused::{
    Activations, Backward, Forward, PackedLayer, ZoneKind, draw_keep_mask, draw_zone_mask, fit,
};
use crate::layers::{InputSlices, Mask, Mode, State};
use crate::{Error, Parameters};

impl Recurrent {
    pub(super) fn run_layers<S: Scalar>(
        &self,
        input: InputSlices<'_, S>,
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
                let mut saved = std::mem::take(&mut ws.saved[index]);
                self.pass(layer, direction, steps, batch, ws)
                    .run(self.layer_input_of(layer, input, ws), &mut saved);
                self.final_state(index, steps, batch, &saved, state);
                ws.saved[index] = saved;
            }
            self.collect_output(layer, steps, batch, mode, ws);
        }
    }

    pub(super) fn run_layers_back<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        input: InputSlices<'_, S>,
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
                    saved: &ws.saved[index],
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

    pub(super) fn pack_forward<S: Scalar>(
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

    pub(super) fn size<S: Scalar>(
        &self,
        steps: usize,
        batch: usize,
        mask: Option<&Mask>,
        ws: &mut RecurrentWorkspace<S>,
    ) {
        ws.saved.resize_with(self.ids.len(), Activations::default);
        ws.outputs.resize_with(self.config.layers, Buffer::default);
        ws.masks.resize_with(self.config.layers, Buffer::default);
        ws.valid.clear();
        ws.valid.extend_from_slice(mask.map_or(&[], Mask::valid));
        (ws.batch, ws.hidden) = (batch, self.config.hidden);
        for saved in &mut ws.saved {
            saved.size(&self.config, steps, batch);
        }
    }

    /// Puts the initial state before the activations of a layer, and draws its masks.
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
        let saved = &mut ws.saved[index];
        let reverse = index % config.directions() == 1;
        let start = if reverse { steps * size } else { 0 };
        saved.h[start..][..size].copy_from_slice(&state.h[index * size..][..size]);
        if config.cell.has_c() {
            saved.c[start..][..size].copy_from_slice(&state.c[index * size..][..size]);
        }
        let zone_c = if config.cell.has_c() { config.zoneout_cell } else { 0.0 };
        let Mode::Train { rng } = mode else {
            saved.recurrent_mask.clear();
            let expectation = |p: f64| if p > 0.0 { ZoneKind::Share(p) } else { ZoneKind::Off };
            ws.zones = (expectation(config.zoneout), expectation(zone_c));
            return;
        };
        fit(&mut saved.recurrent_mask, if config.recurrent_dropout > 0.0 { size } else { 0 });
        fit(&mut saved.h_masked, if config.recurrent_dropout > 0.0 { steps * size } else { 0 });
        draw_keep_mask(&mut saved.recurrent_mask, config.recurrent_dropout, rng);
        let mut draw = |zone: &mut Buffer<S>, p: f64| {
            if p == 0.0 {
                return ZoneKind::Off;
            }
            fit(zone, steps * size);
            draw_zone_mask(zone, p, rng);
            ZoneKind::Drawn
        };
        ws.zones = (draw(&mut saved.zone_h, config.zoneout), draw(&mut saved.zone_c, zone_c));
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
        input: InputSlices<'a, S>,
        ws: &'a RecurrentWorkspace<S>,
    ) -> InputSlices<'a, S> {
        match layer.checked_sub(1) {
            Some(lower) => InputSlices::Dense(ws.layer_output(lower)),
            None => input,
        }
    }

    fn final_state<S: Scalar>(
        &self,
        index: usize,
        steps: usize,
        batch: usize,
        saved: &Activations<S>,
        state: &mut State<S>,
    ) {
        let size = batch * self.config.hidden;
        let reverse = index % self.config.directions() == 1;
        let end = if reverse { 0 } else { steps * size };
        state.h[index * size..][..size].copy_from_slice(&saved.h[end..][..size]);
        if self.config.cell.has_c() {
            state.c[index * size..][..size].copy_from_slice(&saved.c[end..][..size]);
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
                output.copy_from_slice(&ws.saved[layer * directions + direction].h[row * hidden..][..hidden]);
            }
        }
        multiply_by_mask(output, mask);
    }

    pub(super) fn start_d_state<S: Scalar>(
        &self,
        batch: usize,
        d_state_n: Option<&State<S>>,
        d_state: &mut State<S>,
    ) {
        d_state.fit(&self.config, batch);
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
