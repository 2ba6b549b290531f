//! The way back through a [`Seq2Seq`]: the mirror of [`Seq2Seq::forward`], last layer first.

use super::bridge::{by_layer, by_row};
use super::model::goal;
use super::{PairBatch, Seq2Seq, Seq2SeqWorkspace};
use crate::Error;
use crate::mode::reborrow;
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut};
use composer_bptt::{Input, Mode, State};
use composer_tensor::Scalar;

impl<S: Scalar> Seq2Seq<S> {
    /// After [`Seq2Seq::loss`]: adds the gradient of the mean loss to the parameters' gradients.
    ///
    /// # Errors
    /// There was no forward pass of this batch.
    pub fn backward(&mut self, batch: &PairBatch, ws: &mut Seq2SeqWorkspace<S>) -> Result<(), Error> {
        ws.d_combined.resize(ws.combined.len(), S::zero());
        let targets = ws.targets.rows(&batch.target, self.config.target.outputs());
        let (shape, goal) = (self.hidden(batch), goal(batch, 0.0));
        let (combined, d) = (view(shape, &ws.combined), view_mut(shape, &mut ws.d_combined));
        self.head.backward(&mut self.params, combined, targets, goal, d, &mut ws.head)?;
        self.below_head(batch, ws)
    }

    /// [`Seq2Seq::forward`], [`Seq2Seq::smoothed_loss`] and, if that is finite, [`Seq2Seq::backward`] in one. A model that writes frames note by
    /// note takes less time so, because its notes go forward once and not twice.
    ///
    /// # Errors
    /// The batch does not fit the model.
    pub fn learn(
        &mut self,
        batch: &PairBatch,
        smoothing: f64,
        mut mode: Mode<'_>,
        ws: &mut Seq2SeqWorkspace<S>,
    ) -> Result<f64, Error> {
        self.run_stacks(batch, reborrow(&mut mode), ws)?;
        ws.d_combined.resize(ws.combined.len(), S::zero());
        let targets = ws.targets.rows(&batch.target, self.config.target.outputs());
        let (shape, goal) = (self.hidden(batch), goal(batch, smoothing));
        let (combined, d) = (view(shape, &ws.combined), view_mut(shape, &mut ws.d_combined));
        let nats = self.head.learn(&mut self.params, combined, targets, goal, mode, d, &mut ws.head)?;
        if nats.is_finite() {
            self.below_head(batch, ws)?;
        }
        Ok(nats)
    }

    /// The backward pass of what is below the head.
    fn below_head(&mut self, batch: &PairBatch, ws: &mut Seq2SeqWorkspace<S>) -> Result<(), Error> {
        let shape @ (steps, rows, _) = self.hidden(batch);
        ws.d_memory.clear();
        ws.d_memory.resize(ws.memory.len(), S::zero());
        self.combine_backward(batch, ws)?;
        ws.decoder.request_d_input(self.config.aligned);
        let input = Input::Dense(view((steps, rows, self.config.decoder.input), &ws.input));
        let d_hidden = view(shape, &ws.d_combined);
        self.decoder.backward(&mut self.params, input, d_hidden, None, &mut ws.decoder)?;
        if self.config.aligned {
            let (width, key) = (self.config.decoder.input, self.config.encoder.output());
            let d_input = as_slice_or_copy(ws.decoder.d_input());
            let of_memory = d_input.chunks_exact(width).map(|row| &row[width - key..]);
            for (d_memory, d) in ws.d_memory.chunks_exact_mut(key).zip(of_memory) {
                d_memory.iter_mut().zip(d).for_each(|(sum, &d)| *sum += d);
            }
        }
        let d_state = self.bridge_backward(batch.target.batch, ws)?;
        let d_memory = view((batch.source_steps, rows, self.config.encoder.output()), &ws.d_memory);
        let (input, d_state) = (batch.source_input(), d_state.as_ref());
        self.encoder.backward(&mut self.params, input, d_memory, d_state, &mut ws.encoder)?;
        Ok(())
    }

    /// Turns `d_combined` into the gradient of the decoder's output; adds to that of the memory.
    fn combine_backward(&mut self, batch: &PairBatch, ws: &mut Seq2SeqWorkspace<S>) -> Result<(), Error> {
        let (Some(attention), Some(combine)) = (&self.attention, &self.combine) else { return Ok(()) };
        for (d, &y) in ws.d_combined.iter_mut().zip(&ws.combined) {
            *d *= S::one() - y * y;
        }
        ws.d_joined.resize(ws.joined.len(), S::zero());
        let hidden = ws.decoder.output();
        let (steps, rows, h) = hidden.dim();
        let k = self.config.encoder.output();
        let joined = view((steps, rows, h + k), &ws.joined);
        let d_joined = Some(view_mut((steps, rows, h + k), &mut ws.d_joined));
        let d_combined = view((steps, rows, h), &ws.d_combined);
        combine.backward(&mut self.params, joined, d_combined, d_joined, &mut ws.linears[1])?;
        let d_context: Vec<S> =
            ws.d_joined.chunks_exact(h + k).flat_map(|row| row[h..].iter().copied()).collect();
        let memory = view((batch.source_steps, rows, k), &ws.memory);
        let (d_context, mask) = (view((steps, rows, k), &d_context), Some(&batch.source_mask));
        attention.backward(&mut self.params, hidden, memory, d_context, mask, &mut ws.attention)?;
        let d_queries = as_slice_or_copy(ws.attention.d_queries());
        let d_queries = d_queries.chunks_exact(h);
        for ((d, joined), d_query) in
            ws.d_combined.chunks_exact_mut(h).zip(ws.d_joined.chunks_exact(h + k)).zip(d_queries)
        {
            for unit in 0..h {
                d[unit] = joined[unit] + d_query[unit];
            }
        }
        ws.d_memory.iter_mut().zip(&ws.attention.d_keys()).for_each(|(sum, &d)| *sum += d);
        Ok(())
    }

    /// The gradient of the encoder's final state, if there is a bridge.
    fn bridge_backward(
        &mut self,
        rows: usize,
        ws: &mut Seq2SeqWorkspace<S>,
    ) -> Result<Option<State<S>>, Error> {
        let Some(bridge) = &self.bridge else { return Ok(None) };
        let mut d_bridged = Vec::new();
        by_row(ws.decoder.d_state(), &self.config.decoder, &mut d_bridged);
        for (d, &y) in d_bridged.iter_mut().zip(&ws.bridged) {
            *d *= S::one() - y * y;
        }
        let mut d_encoded = vec![S::zero(); ws.encoded.len()];
        let (encoded, bridged) = ((rows, bridge.features()), (rows, bridge.outputs()));
        let (x, d_y) = (view(encoded, &ws.encoded), view(bridged, &d_bridged));
        let d_x = Some(view_mut(encoded, &mut d_encoded));
        bridge.backward(&mut self.params, x, d_y, d_x, &mut ws.linears[0])?;
        Ok(Some(by_layer(&d_encoded, &self.config.encoder, rows)?))
    }
}
