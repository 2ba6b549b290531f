//! Attention: every step of a decoder looks back at all steps of a source.

use composer_tensor::Scalar;
use ndarray::{ArrayView2, ArrayView3};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::Range;

use super::{Linear, LinearWorkspace, Mask};
use crate::arrays::{as_slice_or_copy, check_shape, view, view_mut};
use crate::fused::attention::{Attend, backward, forward};
use crate::init::{self, Init};
use crate::{Error, ParamId, Parameters};

/// How well a query `q` (a decoder's step) and a key `k` (a step of the source) fit each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionScore {
    /// `q · k`; query and key have one width (Luong et al. 2015, "dot").
    Dot,
    /// `q · W k` (Luong et al. 2015, "general").
    #[default]
    General,
    /// `v · tanh(W_q q + b + W_k k)` (Bahdanau et al. 2015).
    Additive,
}

impl AttentionScore {
    /// All scores.
    pub const ALL: [AttentionScore; 3] =
        [AttentionScore::Dot, AttentionScore::General, AttentionScore::Additive];
}

/// An attention layer.
///
/// ```text
/// e_ts = score(q_t, k_s)          a_ts = e^e_ts / Σ_s' e^e_ts'          context_t = Σ_s a_ts k_s
/// ```
///
/// Gradients: [`crate::backpropagation::attention`] derives them, [`crate::textbook::attention`] is the same in plain loops.
///
/// The query is the decoder's output at the step itself, so that all steps of a decoder run first and attend together. (With
/// the state before the step as the query, as Bahdanau et al. had it, the recurrence would have to stop at every step.)
#[derive(Clone, Debug)]
pub struct Attention {
    query: usize,
    key: usize,
    /// `W_q` and `b`, for additive scores.
    of_query: Option<Linear>,
    /// `W` or `W_k`.
    of_key: Option<Linear>,
    /// `v`
    weight_v: Option<ParamId>,
}

/// The memory of an attention layer's passes: reused, it is allocated once.
#[derive(Clone, Debug, Default)]
pub struct AttentionWorkspace<S> {
    of_query: LinearWorkspace<S>,
    of_key: LinearWorkspace<S>,
    /// The sides that scores compare: `[T, B, P]` and `[S, B, P]`.
    q: Vec<S>,
    p: Vec<S>,
    /// For each row of the batch its weights `[T, S]` and contexts `[T, K]`.
    rows: Vec<S>,
    context: Vec<S>,
    d_rows: Vec<S>,
    d_q: Vec<S>,
    d_p: Vec<S>,
    d_queries: Vec<S>,
    d_keys: Vec<S>,
    /// Steps, source steps and batch of the last forward pass.
    sizes: (usize, usize, usize),
    query: usize,
    key: usize,
}

impl<S: Scalar> AttentionWorkspace<S> {
    /// Empty; the first pass sizes it.
    pub fn new() -> Self {
        AttentionWorkspace::default()
    }

    /// The contexts of the last forward pass, `[T, B, K]`.
    pub fn context(&self) -> ArrayView3<'_, S> {
        let (steps, _, batch) = self.sizes;
        view((steps, batch, self.key), &self.context)
    }

    /// The weights of one row of the batch in the last forward pass, `[T, S]`: which source steps each step looked at.
    ///
    /// # Panics
    /// If the row is not below the batch.
    pub fn weights(&self, row: usize) -> ArrayView2<'_, S> {
        let (steps, source, _) = self.sizes;
        view((steps, source), &self.rows[row * steps * (source + self.key)..][..steps * source])
    }

    /// The gradient of the queries from the last backward pass, `[T, B, H]`; `T` is 0 without one.
    pub fn d_queries(&self) -> ArrayView3<'_, S> {
        gradient(&self.d_queries, self.sizes.2, self.query)
    }

    /// The gradient of the keys from the last backward pass, `[S, B, K]`; `S` is 0 without one.
    pub fn d_keys(&self) -> ArrayView3<'_, S> {
        gradient(&self.d_keys, self.sizes.2, self.key)
    }
}

/// `[steps, B, width]`, with as many steps as there are; none, if they are those of another batch.
fn gradient<S>(values: &[S], batch: usize, width: usize) -> ArrayView3<'_, S> {
    let row = batch * width;
    let steps = if row > 0 && values.len().is_multiple_of(row) { values.len() / row } else { 0 };
    view((steps, batch, width), &values[..steps * row])
}

impl Attention {
    /// Adds the parameters, zeros: none for dot, `prefix.key.weight [H, K]` for general, and `prefix.query.weight [A, H]`,
    /// `prefix.query.bias [A]`, `prefix.key.weight [A, K]`, `prefix.v [A]` for additive scores.
    ///
    /// # Errors
    /// A size is zero, or the widths of query and key differ for dot scores.
    pub fn new<S: Scalar>(
        score: AttentionScore,
        query: usize,
        key: usize,
        hidden: usize,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let name = |what: &str| if prefix.is_empty() { what.to_owned() } else { format!("{prefix}.{what}") };
        let mut layer = Attention { query, key, of_query: None, of_key: None, weight_v: None };
        match score {
            AttentionScore::Dot if query != key => {
                return Err(Error::Unsupported(
                    "dot attention needs a decoder as wide as the encoder's output",
                ));
            }
            AttentionScore::Dot => {}
            AttentionScore::General => {
                layer.of_key = Some(Linear::new(key, query, false, &name("key"), params)?);
            }
            AttentionScore::Additive => {
                layer.of_query = Some(Linear::new(query, hidden, true, &name("query"), params)?);
                layer.of_key = Some(Linear::new(key, hidden, false, &name("key"), params)?);
                layer.weight_v = Some(params.add(name("v"), &[hidden]));
            }
        }
        Ok(layer)
    }

    /// First values by `init.input`; `v` uniform in `±1/√A`.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        for linear in [self.of_query, self.of_key].iter().flatten() {
            linear.init(params, init, rng);
        }
        if let Some(v) = self.weight_v {
            let bound = 1.0 / (params.value(v).len() as f64).sqrt();
            init::uniform(params.value_mut(v), bound, rng);
        }
    }

    /// Width of the two sides that a score compares.
    fn side(&self) -> usize {
        self.of_key.map_or(self.key, |linear| linear.outputs())
    }

    /// Looks from `queries` `[T, B, H]` at `keys` `[S, B, K]`; leaves contexts and weights in `ws`. Source steps that are padding
    /// in `mask` `[S, B]` get no weight; a row of nothing but padding gets a context of zeros.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        queries: ArrayView3<'_, S>,
        keys: ArrayView3<'_, S>,
        mask: Option<&Mask>,
        ws: &mut AttentionWorkspace<S>,
    ) -> Result<(), Error> {
        self.look(params, queries, keys, (mask, None), ws)
    }

    /// [`Attention::forward`] where each query sees source steps of its own: `windows` `[T·B]`, row `t·B + b`, for example only those that
    /// are before it. A query that sees none gets a context of zeros. The way back is [`Attention::backward`] without a mask.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn forward_in_windows<S: Scalar>(
        &self,
        params: &Parameters<S>,
        queries: ArrayView3<'_, S>,
        keys: ArrayView3<'_, S>,
        windows: &[Range<usize>],
        ws: &mut AttentionWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch, _) = queries.dim();
        check_shape("the windows", &[windows.len()], &[("T·B", steps * batch)])?;
        self.look(params, queries, keys, (None, Some(windows)), ws)
    }

    fn look<S: Scalar>(
        &self,
        params: &Parameters<S>,
        queries: ArrayView3<'_, S>,
        keys: ArrayView3<'_, S>,
        (mask, windows): (Option<&Mask>, Option<&[Range<usize>]>),
        ws: &mut AttentionWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch, _) = queries.dim();
        let (source, ..) = keys.dim();
        self.check((queries, keys), (steps, source, batch), mask)?;
        let (queries, keys) = (as_slice_or_copy(queries), as_slice_or_copy(keys));
        project(self.of_query.as_ref(), params, &queries, &mut ws.q, &mut ws.of_query)?;
        project(self.of_key.as_ref(), params, &keys, &mut ws.p, &mut ws.of_key)?;
        (ws.sizes, ws.query, ws.key) = ((steps, source, batch), self.query, self.key);
        ws.d_queries.clear();
        ws.d_keys.clear();
        let keys = &keys[..];
        let attend = Attend {
            steps,
            source,
            batch,
            side: self.side(),
            key: self.key,
            queries: &ws.q,
            projected: &ws.p,
            keys,
            v: self.weight_v.map(|v| params.value(v)),
            valid: mask.map(Mask::valid),
            windows,
        };
        forward(&attend, &mut ws.rows, &mut ws.context);
        Ok(())
    }

    fn check<S>(
        &self,
        (queries, keys): (ArrayView3<'_, S>, ArrayView3<'_, S>),
        (steps, source, batch): (usize, usize, usize),
        mask: Option<&Mask>,
    ) -> Result<(), Error> {
        let expected = [("T", steps), ("B", batch), ("H", self.query)];
        check_shape("the queries", queries.shape(), &expected)?;
        check_shape("the keys", keys.shape(), &[("S", source), ("B", batch), ("K", self.key)])?;
        match mask {
            Some(mask) => {
                let expected = [("S", source), ("B", batch)];
                check_shape("the mask of the source", mask.array().shape(), &expected)
            }
            None => Ok(()),
        }
    }

    /// Walks back through the last forward pass of `ws`, whose `keys`, `queries` and `mask` it needs again, from `d_context`
    /// `[T, B, K]`. Adds to the gradients of the parameters; leaves those of queries and keys in `ws`.
    ///
    /// # Errors
    /// There was no forward pass, or an array has the wrong shape.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        queries: ArrayView3<'_, S>,
        keys: ArrayView3<'_, S>,
        d_context: ArrayView3<'_, S>,
        mask: Option<&Mask>,
        ws: &mut AttentionWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, source, batch) = ws.sizes;
        if steps == 0 || (ws.query, ws.key) != (self.query, self.key) {
            return Err(Error::NoTape);
        }
        self.check((queries, keys), ws.sizes, mask)?;
        let expected = [("T", steps), ("B", batch), ("K", self.key)];
        check_shape("the gradient of the contexts", d_context.shape(), &expected)?;
        let (queries, keys) = (as_slice_or_copy(queries), as_slice_or_copy(keys));
        let (queries, keys, d_context) = (&queries[..], &keys[..], as_slice_or_copy(d_context));
        let attend = Attend {
            steps,
            source,
            batch,
            side: self.side(),
            key: self.key,
            queries: &ws.q,
            projected: &ws.p,
            keys,
            v: self.weight_v.map(|v| params.value(v)),
            valid: mask.map(Mask::valid),
            windows: None, // what is not seen has no weight
        };
        let d_v = backward(
            &attend,
            &ws.rows,
            &d_context,
            &mut ws.d_rows,
            (&mut ws.d_q, &mut ws.d_p, &mut ws.d_keys),
        );
        if let Some(v) = self.weight_v {
            params.grad_mut(v).iter_mut().zip(&d_v).for_each(|(sum, &d)| *sum += d);
        }
        let side = self.side();
        ws.d_queries.resize(queries.len(), S::zero());
        match &self.of_query {
            Some(linear) => {
                let rows = steps * batch;
                let (x, d_y) = (view((rows, self.query), queries), view((rows, side), &ws.d_q));
                let d_x = view_mut((rows, self.query), &mut ws.d_queries);
                linear.backward(params, x, d_y, Some(d_x), &mut ws.of_query)?;
            }
            None => ws.d_queries.copy_from_slice(&ws.d_q),
        }
        match &self.of_key {
            Some(linear) => {
                let mut through = vec![S::zero(); keys.len()];
                let rows = source * batch;
                let (x, d_y) = (view((rows, self.key), keys), view((rows, side), &ws.d_p));
                let d_x = view_mut((rows, self.key), &mut through);
                linear.backward(params, x, d_y, Some(d_x), &mut ws.of_key)?;
                ws.d_keys.iter_mut().zip(&through).for_each(|(sum, &d)| *sum += d);
            }
            None => ws.d_keys.iter_mut().zip(&ws.d_p).for_each(|(sum, &d)| *sum += d),
        }
        Ok(())
    }
}

/// `x` through a linear layer, or as it is.
fn project<S: Scalar>(
    linear: Option<&Linear>,
    params: &Parameters<S>,
    x: &[S],
    y: &mut Vec<S>,
    ws: &mut LinearWorkspace<S>,
) -> Result<(), Error> {
    match linear {
        Some(linear) => {
            let rows = x.len() / linear.features();
            y.resize(rows * linear.outputs(), S::zero());
            linear.forward(
                params,
                view((rows, linear.features()), x),
                view_mut((rows, linear.outputs()), y),
                ws,
            )
        }
        None => {
            y.clear();
            y.extend_from_slice(x);
            Ok(())
        }
    }
}
