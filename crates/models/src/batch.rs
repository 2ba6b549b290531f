//! [`SequenceBatch`]: `T` steps of `B` sequences, time-major, as features and targets.

use crate::encoding::{Encoding, Sequence, Symbol, pitches_in_range};
use composer_bptt::Input;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use std::ops::Range;

/// Steps `start .. start + T` of one sequence, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// The whole sequence; the step before `start` is the first input.
    pub sequence: &'a Sequence,
    /// First step to predict.
    pub start: usize,
    /// Semitones to transpose by; ignored for tokens.
    pub transpose: i8,
}

/// What every step should predict.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Sigmoid outputs. Both are `[T·B, V]`: the bits, and 1 where a bit is charged, 0 where it is not.
    Bits {
        /// 1 where the bit is on.
        on: Vec<f32>,
        /// 1 where the bit counts. Padding counts nothing; an onset counts only where it carries information
        /// (see [`Targets`]).
        weight: Vec<f32>,
    },
    /// Softmax outputs `[T·B]`; [`composer_bptt::loss::IGNORE`] where a step is padding.
    Tokens(Vec<u32>),
}

/// The targets of some rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TargetRows<'a> {
    /// As [`Targets::Bits`].
    Bits { on: &'a [f32], weight: &'a [f32] },
    /// As [`Targets::Tokens`].
    Tokens(&'a [u32]),
}

impl Targets {
    /// Some rows, of `outputs` bits each.
    pub(crate) fn rows(&self, rows: Range<usize>, outputs: usize) -> TargetRows<'_> {
        match self {
            Targets::Bits { on, weight } => {
                let bits = rows.start * outputs..rows.end * outputs;
                TargetRows::Bits { on: &on[bits.clone()], weight: &weight[bits] }
            }
            Targets::Tokens(tokens) => TargetRows::Tokens(&tokens[rows]),
        }
    }
}

/// `T` steps of `B` sequences, time-major: row `t·B + b`.
///
/// A frame is charged as the product over pitches of P(sounds) · P(struck | sounds). The second factor is charged only
/// where it carries information: where the pitch sounds now *and* sounded in the step before. A pitch that begins to
/// sound is struck by necessity.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceBatch {
    /// `T`.
    pub steps: usize,
    /// `B`.
    pub batch: usize,
    /// Features that are on, row after row.
    pub indices: Vec<u32>,
    /// Row `r` has `indices[offsets[r]..offsets[r + 1]]`.
    pub offsets: Vec<usize>,
    /// What to predict.
    pub targets: Targets,
    /// Steps that are not padding: what every mean divides by.
    pub charged: usize,
}

impl SequenceBatch {
    /// An empty batch for an encoding, to be filled again and again.
    pub fn new(encoding: &Encoding) -> Self {
        let targets = match encoding {
            Encoding::Frames { .. } => Targets::Bits { on: Vec::new(), weight: Vec::new() },
            Encoding::Tokens { .. } => Targets::Tokens(Vec::new()),
        };
        Self { steps: 0, batch: 0, indices: Vec::new(), offsets: Vec::new(), targets, charged: 0 }
    }

    /// Fills the batch with `steps` steps of one slice per row; rows that end early or are `None` are padded.
    ///
    /// Sequences must have passed [`Encoding::check`].
    pub fn fill(&mut self, encoding: &Encoding, slices: &[Option<Slice<'_>>], steps: usize) {
        self.steps = steps;
        self.batch = slices.len();
        self.charged = 0;
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        let (rows, outputs) = (steps * slices.len(), encoding.outputs());
        match &mut self.targets {
            Targets::Bits { on, weight } => {
                for plane in [on, weight] {
                    plane.clear();
                    plane.resize(rows * outputs, 0.0);
                }
            }
            Targets::Tokens(tokens) => {
                tokens.clear();
                tokens.resize(rows, composer_bptt::loss::IGNORE);
            }
        }
        for t in 0..steps {
            for (b, slice) in slices.iter().enumerate() {
                if let Some(slice) = slice.filter(|slice| slice.start + t < slice.sequence.len()) {
                    self.push_step(encoding, slice, slice.start + t, t * slices.len() + b);
                }
                self.offsets.push(self.indices.len());
            }
        }
    }

    /// The features as the recurrent stack reads them.
    pub fn input<S>(&self) -> Input<'_, S> {
        Input::MultiHot { indices: &self.indices, offsets: &self.offsets }
    }

    fn push_step(&mut self, encoding: &Encoding, slice: Slice<'_>, step: usize, row: usize) {
        let at = |step: usize| transposed(slice.sequence.symbol(step), slice.transpose);
        let previous = step.checked_sub(1).map(at);
        encoding.push_features(step, previous, &mut self.indices);
        self.charged += 1;
        match (&mut self.targets, encoding, at(step)) {
            (Targets::Bits { on, weight }, Encoding::Frames { representation, .. }, Symbol::Frame(frame)) => {
                let outputs = encoding.outputs();
                let range = row * outputs..(row + 1) * outputs;
                let previous = match previous {
                    Some(Symbol::Frame(previous)) => previous,
                    _ => Frame::default(),
                };
                frame_targets(representation, previous, frame, &mut on[range.clone()], &mut weight[range]);
            }
            (Targets::Tokens(tokens), _, Symbol::Token(token)) => tokens[row] = token,
            _ => debug_assert!(false, "checked by Encoding::check"),
        }
    }
}

pub(crate) fn transposed(symbol: Symbol, semitones: i8) -> Symbol {
    match symbol {
        Symbol::Frame(frame) => Symbol::Frame(frame.transpose(semitones)),
        token => token,
    }
}

/// Bits and weights of one frame after `previous`, both `[V]` and zero before.
pub fn frame_targets(
    representation: &FrameRepresentation,
    previous: Frame,
    frame: Frame,
    on: &mut [f32],
    weight: &mut [f32],
) {
    let pitches = representation.num_pitches();
    weight[..pitches].fill(1.0);
    for pitch in pitches_in_range(representation, frame.sounding) {
        on[pitch] = 1.0;
    }
    if representation.onset_plane {
        for pitch in pitches_in_range(representation, frame.sounding & previous.sounding) {
            weight[pitches + pitch] = 1.0;
        }
        for pitch in pitches_in_range(representation, frame.onsets) {
            on[pitches + pitch] = 1.0;
        }
    }
}
