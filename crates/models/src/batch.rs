//! [`SequenceBatch`]: `T` steps of `B` sequences, time-major, as features and targets.

use crate::conditions::{Condition, Conditions, Dropped};
use crate::encoding::{Encoding, Sequence, Symbol};
pub use crate::frame_bits::frame_targets;
use crate::keep::Keep;
use crate::note_lengths::NoteEnd;
use crate::targets::{FrameRows, TargetRows, Targets};
use crate::token_input::FeatureBag;
use crate::{Error, ModelConfig};
use composer_bptt::arrays::{check_shape, view, view_mut};
use composer_bptt::{Input, Mode};
use composer_music::representation::frames::Frame;
use composer_tensor::Scalar;
use ndarray::{Array3, ArrayView2, ArrayView3, ArrayViewMut2, Zip, s};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Steps `start .. start + T` of one sequence, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// The whole sequence; the step before `start` is the first input.
    pub sequence: &'a Sequence,
    /// First step to predict.
    pub start: usize,
    /// Semitones to transpose by; ignored for all but frames.
    pub transpose: i8,
}

/// `T` steps of `B` sequences, time-major: row `t·B + b`.
///
/// The loss of a frame is that of the product over pitches of P(sounds) · P(struck | sounds). The second factor is a term of the
/// loss only where it carries information: where the pitch sounds now *and* sounded in the step before. A pitch that begins to
/// sound is struck by necessity.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceBatch<S = f32> {
    /// `T`.
    pub steps: usize,
    /// `B`.
    pub batch: usize,
    /// Features that are on, row after row; empty for real values.
    pub indices: Vec<u32>,
    /// Row `r` has `indices[offsets[r]..offsets[r + 1]]`.
    pub offsets: Vec<usize>,
    /// The inputs `[T·B, F]` of real values; empty for symbols.
    dense: Vec<S>,
    /// `F`.
    features: usize,
    /// What to predict.
    pub targets: Targets<S>,
    /// The sounding plane of the true frame before each row, bit 0 for the lowest pitch of the range; empty for all but frames.
    before: Vec<u128>,
    /// What is decided of the notes that begin, row after row, and where those of each row begin; empty where lengths are not decided.
    ends: Vec<NoteEnd>,
    end_offsets: Vec<usize>,
    /// Steps that are not padding: what every mean divides by.
    pub target_steps: usize,
    /// What the model is told.
    conditions: Conditions,
    /// The tokens that each row reads `[B, V]`; empty: all.
    keep: Keep,
}

impl SequenceBatch<f32> {
    /// An empty batch for an encoding, to be filled again and again.
    pub fn new(encoding: &Encoding) -> Self {
        Self {
            steps: 0,
            batch: 0,
            indices: Vec::new(),
            offsets: Vec::new(),
            dense: Vec::new(),
            features: encoding.inputs(),
            targets: Targets::of(encoding),
            before: Vec::new(),
            ends: Vec::new(),
            end_offsets: Vec::new(),
            target_steps: 0,
            conditions: Conditions::default(),
            keep: Keep::default(),
        }
    }

    /// An empty batch for a model, which is told the conditions of the sequences.
    pub fn of_model(config: &ModelConfig) -> Self {
        let conditions = config.conditions.clone();
        let features = config.encoding.inputs() + conditions.features();
        Self { conditions, features, ..Self::new(&config.encoding) }
    }

    /// Fills the batch with `steps` steps of one slice per row; rows that end early or are `None` are padded.
    ///
    /// Sequences must have passed [`Encoding::check`].
    pub fn fill(&mut self, encoding: &Encoding, slices: &[Option<Slice<'_>>], steps: usize) {
        self.fill_without(encoding, slices, &[], steps);
    }

    /// [`SequenceBatch::fill`] where some conditions of each row are dropped; rows beyond `dropped` keep theirs.
    pub fn fill_without(
        &mut self,
        encoding: &Encoding,
        slices: &[Option<Slice<'_>>],
        dropped: &[Dropped],
        steps: usize,
    ) {
        self.steps = steps;
        self.batch = slices.len();
        self.target_steps = 0;
        self.keep.clear();
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        self.dense.clear();
        let rows = steps * slices.len();
        if let Targets::Values { .. } = self.targets {
            self.dense.resize(rows * self.features, 0.0);
        }
        self.targets.clear(rows, encoding.outputs());
        self.before.clear();
        if let Targets::Bits { .. } = self.targets {
            self.before.resize(rows, 0);
        }
        self.ends.clear();
        self.end_offsets.clear();
        let lengths = encoding.note_lengths() > 0;
        self.end_offsets.extend(lengths.then_some(0));
        for t in 0..steps {
            for (b, slice) in slices.iter().enumerate() {
                if let Some(slice) = slice.filter(|slice| slice.start + t < slice.sequence.len()) {
                    self.target_steps += 1;
                    let dropped = dropped.get(b).copied().unwrap_or(Dropped::NONE);
                    self.push_step(encoding, slice, slice.start + t, t * slices.len() + b);
                    self.push_conditions(encoding, slice, slice.start + t, dropped);
                }
                self.offsets.push(self.indices.len());
                self.end_offsets.extend(lengths.then_some(self.ends.len()));
            }
        }
    }

    /// Until the batch is filled again, each row reads each of the `vocabulary` tokens as zeros with a probability, at all of its steps, and
    /// all others as the stronger for it (Gal and Ghahramani 2016); the model must have an embedding. About `B·V/4` numbers of 64 bits are
    /// drawn.
    pub fn drop_tokens(&mut self, vocabulary: usize, probability: f64, rng: &mut ChaCha8Rng) {
        self.keep.draw(self.batch * vocabulary, probability, &mut Mode::Train { rng });
    }

    fn push_conditions(&mut self, encoding: &Encoding, slice: Slice<'_>, step: usize, dropped: Dropped) {
        if self.conditions.is_empty() {
            return;
        }
        let Some(track) = slice.sequence.conditions() else { return };
        let values = track.at(step);
        let told = values.is_some_and(|values| values.form);
        if let (Sequence::Frames(frames), true) = (slice.sequence, told)
            && let (Some(form), Some(bars)) = (frames.form(), frames.bars())
        {
            let frame = |step: usize| frames[step].transpose(slice.transpose);
            if !dropped.contains(Condition::Form) {
                encoding.push_returns(step, bars, form, frame, &mut self.indices);
            }
            if !dropped.contains(Condition::Rhythm) {
                encoding.push_rhythm(step, bars, form, &mut self.indices);
            }
        }
        if let Some(values) = values {
            let (first, up) = (encoding.inputs(), slice.transpose);
            self.conditions.push_features(values, dropped, up, first, &mut self.indices);
        }
    }

    fn push_step(&mut self, encoding: &Encoding, slice: Slice<'_>, step: usize, row: usize) {
        let outputs = encoding.outputs();
        let range = row * outputs..(row + 1) * outputs;
        if let (Targets::Values { values, weight }, Sequence::Values(sequence)) =
            (&mut self.targets, slice.sequence)
        {
            let (previous, now) =
                (step.checked_sub(1).map(|before| sequence.row(before)), sequence.row(step));
            let previous = previous.as_ref().map(|previous| previous.slice(s![..outputs]));
            let input = &mut self.dense[row * self.features..][..self.features];
            let written = encoding.write_values(previous, now.slice(s![outputs..]), input);
            debug_assert!(written.is_ok(), "checked by Encoding::check");
            values[range.clone()].iter_mut().zip(&now).for_each(|(to, &value)| *to = value);
            weight[range].fill(1.0);
            return;
        }
        let at = |step: usize| slice.sequence.symbol(step).map(|symbol| transposed(symbol, slice.transpose));
        let previous = step.checked_sub(1).and_then(at);
        encoding.push_features(step, slice.sequence.bars(), previous, &mut self.indices);
        encoding.push_past_of(slice.sequence, step, slice.transpose, &mut self.indices);
        if let Sequence::Frames(frames) = slice.sequence {
            encoding.push_held_of(frames, step, slice.transpose, &mut self.indices);
            encoding.push_ends(frames, step, slice.transpose, &mut self.ends);
        }
        match (&mut self.targets, encoding, at(step)) {
            (
                Targets::Bits { on, weight },
                Encoding::Frames { representation, .. },
                Some(Symbol::Frame(frame)),
            ) => {
                let previous = match previous {
                    Some(Symbol::Frame(previous)) => previous,
                    _ => Frame::default(),
                };
                frame_targets(representation, previous, frame, &mut on[range.clone()], &mut weight[range]);
                self.before[row] = representation.offsets(previous.sounding);
            }
            (Targets::Tokens(tokens), _, Some(Symbol::Token(token))) => tokens[row] = token,
            _ => debug_assert!(false, "checked by Encoding::check"),
        }
    }
}

impl<S: Scalar> SequenceBatch<S> {
    /// A batch of real values from arrays: `inputs` `[T, B, F]` as the network reads them, whatever
    /// [`Encoding::write_values`] would write, `targets` `[T, B, V]`, and `mask` `[T, B]`, `true` where a step is a term of the
    /// loss (`None`: all are). Views of any layout are read in their logical order, and copied.
    ///
    /// # Errors
    /// The encoding is of symbols, or a shape does not fit.
    pub fn from_arrays(
        encoding: &Encoding,
        inputs: ArrayView3<'_, S>,
        targets: ArrayView3<'_, S>,
        mask: Option<ArrayView2<'_, bool>>,
    ) -> Result<Self, Error> {
        let Encoding::Values { .. } = encoding else {
            return Err(Error::WrongSequence { expected: encoding.kind(), given: "real values" });
        };
        let (steps, batch, _) = inputs.dim();
        let (features, outputs) = (encoding.inputs(), encoding.outputs());
        check_shape("the inputs", inputs.shape(), &[("T", steps), ("B", batch), ("F", features)])?;
        check_shape("the targets", targets.shape(), &[("T", steps), ("B", batch), ("V", outputs)])?;
        if let Some(mask) = &mask {
            check_shape("the mask", mask.shape(), &[("T", steps), ("B", batch)])?;
        }
        let mut weight = Array3::from_elem((steps, batch, outputs), S::one());
        if let Some(mask) = &mask {
            Zip::from(weight.rows_mut()).and(mask).for_each(|mut row, &counts| {
                if !counts {
                    row.fill(S::zero());
                }
            });
        }
        let target_steps = mask.map_or(steps * batch, |mask| mask.iter().filter(|&&counts| counts).count());
        let weight = weight.iter().copied().collect();
        Ok(Self {
            steps,
            batch,
            indices: Vec::new(),
            offsets: vec![0; steps * batch + 1],
            dense: inputs.iter().copied().collect(),
            features,
            targets: Targets::Values { values: targets.iter().copied().collect(), weight },
            before: Vec::new(),
            ends: Vec::new(),
            end_offsets: Vec::new(),
            target_steps,
            conditions: Conditions::default(),
            keep: Keep::default(),
        })
    }

    /// The targets of some rows, of `outputs` each.
    pub(crate) fn target_rows(&self, rows: Range<usize>, outputs: usize) -> TargetRows<'_, S> {
        let range = rows.start * outputs..rows.end * outputs;
        match &self.targets {
            Targets::Bits { on, weight } => TargetRows::Bits {
                on: &on[range.clone()],
                weight: &weight[range],
                frames: FrameRows {
                    before: &self.before[rows.clone()],
                    indices: &self.indices,
                    offsets: &self.offsets[rows.start..=rows.end],
                    ends: &self.ends,
                    end_offsets: self.end_offsets.get(rows.start..=rows.end).unwrap_or(&[]),
                },
            },
            Targets::Tokens(tokens) => TargetRows::Tokens(&tokens[rows]),
            Targets::Values { values, weight } => {
                TargetRows::Values { values: &values[range.clone()], weight: &weight[range] }
            }
        }
    }

    /// The features for an embedding.
    pub(crate) fn bag(&self) -> FeatureBag<'_> {
        FeatureBag { indices: &self.indices, offsets: &self.offsets, keep: &self.keep, batch: self.batch }
    }

    /// The features as the recurrent stack reads them.
    pub fn input(&self) -> Input<'_, S> {
        match self.targets {
            Targets::Values { .. } => {
                Input::Dense(view((self.steps, self.batch, self.features), &self.dense))
            }
            _ => Input::MultiHot { indices: &self.indices, offsets: &self.offsets },
        }
    }

    /// The features as an array `[T, B, F]`; those of symbols are ones and zeros.
    pub fn inputs(&self) -> Array3<S> {
        let shape = (self.steps, self.batch, self.features);
        if let Targets::Values { .. } = self.targets {
            return view(shape, &self.dense).to_owned();
        }
        let mut inputs = Array3::zeros(shape);
        for (mut row, bounds) in inputs.rows_mut().into_iter().zip(self.offsets.windows(2)) {
            for &index in &self.indices[bounds[0]..bounds[1]] {
                row[index as usize] = S::one();
            }
        }
        inputs
    }

    /// The inputs of one step of real values, `[B, F]`, to change.
    ///
    /// # Panics
    /// If the step is not below `T`, or the batch is of symbols.
    pub fn step_inputs_mut(&mut self, step: usize) -> ArrayViewMut2<'_, S> {
        let size = self.batch * self.features;
        view_mut((self.batch, self.features), &mut self.dense[step * size..][..size])
    }

    /// The same batch in another precision.
    pub fn cast<D: Scalar>(&self) -> SequenceBatch<D> {
        let cast = |values: &[S]| values.iter().map(|value| D::of(value.f64())).collect();
        SequenceBatch {
            steps: self.steps,
            batch: self.batch,
            indices: self.indices.clone(),
            offsets: self.offsets.clone(),
            dense: cast(&self.dense),
            features: self.features,
            targets: match &self.targets {
                Targets::Bits { on, weight } => Targets::Bits { on: cast(on), weight: cast(weight) },
                Targets::Tokens(tokens) => Targets::Tokens(tokens.clone()),
                Targets::Values { values, weight } => {
                    Targets::Values { values: cast(values), weight: cast(weight) }
                }
            },
            before: self.before.clone(),
            ends: self.ends.clone(),
            end_offsets: self.end_offsets.clone(),
            target_steps: self.target_steps,
            conditions: self.conditions.clone(),
            keep: self.keep.clone(),
        }
    }
}

pub(crate) fn transposed(symbol: Symbol, semitones: i8) -> Symbol {
    match symbol {
        Symbol::Frame(frame) => Symbol::Frame(frame.transpose(semitones)),
        token => token,
    }
}
