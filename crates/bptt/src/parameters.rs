//! All parameters of a model in one flat buffer, their gradients in a second one.
//!
//! Layers hold [`ParamId`]s, no values: so a model is its parameters, an optimiser is a loop over two slices, and the model
//! file is the list of [`Entry`]s beside the values.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use composer_tensor::Scalar;
use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};

use crate::arrays::{view, view_mut};

/// Which parameter: given out by [`Parameters::add`], valid for those parameters alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamId(usize);

/// A parameter's name, shape and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// PyTorch's name, for example `lstm.weight_ih_l0`.
    pub name: String,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Where its values lie in [`Parameters::values`], and its gradients in [`Parameters::grads`].
    pub range: Range<usize>,
}

/// Named parameters and their gradients.
#[derive(Clone, Debug, Default)]
pub struct Parameters<S> {
    entries: Vec<Entry>,
    values: Vec<S>,
    grads: Vec<S>,
    version: u64,
    shapes_only: bool,
}

/// Versions are unique in the process, so that two sets of parameters never share one by chance.
fn next_version() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl<S: Scalar> Parameters<S> {
    /// No parameters yet.
    pub fn new() -> Self {
        Parameters {
            entries: Vec::new(),
            values: Vec::new(),
            grads: Vec::new(),
            version: next_version(),
            shapes_only: false,
        }
    }

    /// Parameters that have names, shapes and places and no values: a model is built from them to know its size before anything is
    /// allocated. Sizes beyond `usize` stay at its end; [`Self::value`] and [`Self::grad`] panic, [`Self::value_mut`] is empty.
    pub fn shapes_only() -> Self {
        Parameters { shapes_only: true, ..Parameters::new() }
    }

    /// Adds a parameter of zeros at the end; the layer initialises it later.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize]) -> ParamId {
        let start = self.entries.last().map_or(0, |entry| entry.range.end);
        let end = start.saturating_add(shape.iter().fold(1, |size, &side| side.saturating_mul(size)));
        self.entries.push(Entry { name: name.into(), shape: shape.to_vec(), range: start..end });
        if !self.shapes_only {
            self.values.resize(end, S::zero());
            self.grads.resize(end, S::zero());
        }
        self.version = next_version();
        ParamId(self.entries.len() - 1)
    }

    /// Names, shapes and places, in the order in which they were added.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A parameter's name, shape and place.
    pub fn entry(&self, id: ParamId) -> &Entry {
        &self.entries[id.0]
    }

    /// The parameter of that name.
    pub fn id(&self, name: &str) -> Option<ParamId> {
        self.entries.iter().position(|entry| entry.name == name).map(ParamId)
    }

    /// All parameters, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> + use<S> {
        (0..self.entries.len()).map(ParamId)
    }

    /// How many numbers all parameters have together.
    pub fn len(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.range.end)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One parameter's values.
    pub fn value(&self, id: ParamId) -> &[S] {
        &self.values[self.entries[id.0].range.clone()]
    }

    /// One parameter's values, to change; a new [`version`](Self::version).
    pub fn value_mut(&mut self, id: ParamId) -> &mut [S] {
        self.version = next_version();
        if self.shapes_only {
            return &mut [];
        }
        &mut self.values[self.entries[id.0].range.clone()]
    }

    /// One parameter's values in its shape.
    pub fn value_array(&self, id: ParamId) -> ArrayViewD<'_, S> {
        view(IxDyn(&self.entries[id.0].shape), self.value(id))
    }

    /// One parameter's values in its shape, to change; a new [`version`](Self::version).
    pub fn value_array_mut(&mut self, id: ParamId) -> ArrayViewMutD<'_, S> {
        let shape = IxDyn(&self.entries[id.0].shape);
        view_mut(shape, self.value_mut(id))
    }

    /// One parameter's gradient in its shape.
    pub fn grad_array(&self, id: ParamId) -> ArrayViewD<'_, S> {
        view(IxDyn(&self.entries[id.0].shape), self.grad(id))
    }

    /// One parameter's gradient.
    pub fn grad(&self, id: ParamId) -> &[S] {
        &self.grads[self.entries[id.0].range.clone()]
    }

    /// One parameter's gradient, to accumulate into.
    pub fn grad_mut(&mut self, id: ParamId) -> &mut [S] {
        &mut self.grads[self.entries[id.0].range.clone()]
    }

    /// The gradients of two different parameters, to accumulate into at once.
    pub(crate) fn grad_pair_mut(&mut self, first: ParamId, second: ParamId) -> (&mut [S], &mut [S]) {
        let (a, b) = (self.entries[first.0].range.clone(), self.entries[second.0].range.clone());
        if a.start < b.start {
            let (head, tail) = self.grads.split_at_mut(b.start);
            (&mut head[a], &mut tail[..b.len()])
        } else {
            let (head, tail) = self.grads.split_at_mut(a.start);
            (&mut tail[..a.len()], &mut head[b])
        }
    }

    /// All values, flat.
    pub fn values(&self) -> &[S] {
        &self.values
    }

    /// All values, flat, to change; a new [`version`](Self::version).
    pub fn values_mut(&mut self) -> &mut [S] {
        self.version = next_version();
        &mut self.values
    }

    /// All gradients, flat.
    pub fn grads(&self) -> &[S] {
        &self.grads
    }

    /// All gradients, flat, to change.
    pub fn grads_mut(&mut self) -> &mut [S] {
        &mut self.grads
    }

    /// Values to change and gradients to read, for the optimiser; a new [`version`](Self::version).
    pub fn split(&mut self) -> (&mut [S], &[S]) {
        self.version = next_version();
        (&mut self.values, &self.grads)
    }

    /// Forgets all gradients.
    pub fn zero_grad(&mut self) {
        self.grads.fill(S::zero());
    }

    /// A number that changes whenever values may have changed; equal numbers mean equal values. Packed copies of weights
    /// compare it to know whether they are still true.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The same parameters in another precision, gradients zero.
    pub fn cast<D: Scalar>(&self) -> Parameters<D> {
        Parameters {
            entries: self.entries.clone(),
            values: self.values.iter().map(|value| D::of(value.f64())).collect(),
            grads: vec![D::zero(); self.grads.len()],
            version: next_version(),
            shapes_only: self.shapes_only,
        }
    }
}
