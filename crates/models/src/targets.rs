//! [`Targets`]: what the steps of a batch should predict.

use crate::encoding::Encoding;
use crate::note_lengths::NoteEnd;
use composer_tensor::Scalar;

/// What every step should predict.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<S = f32> {
    /// Sigmoid outputs. Both are `[T·B, V]`: the bits, and their loss mask.
    Bits {
        /// 1 where the bit is on.
        on: Vec<S>,
        /// 1 where the bit is a term of the loss, 0 where it is not. Padding is none; an onset is one only where it carries
        /// information (see [`crate::SequenceBatch`]).
        weight: Vec<S>,
    },
    /// Softmax outputs `[T·B]`; [`composer_bptt::loss::IGNORE`] where a step is padding.
    Tokens(Vec<u32>),
    /// Linear outputs. Both are `[T·B, V]`: the values, and their loss mask.
    Values {
        /// What should be predicted.
        values: Vec<S>,
        /// 1 where the value is a term of the loss, 0 where the step is padding.
        weight: Vec<S>,
    },
}

/// What a note-wise model must know of the rows of a batch besides their targets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameRows<'a> {
    /// The sounding plane of the frame before each row, [`composer_music::representation::frames::FrameRepresentation::offsets`]: what may be held.
    pub before: &'a [u128],
    /// What the network read, as multi-hot features: what it takes for the frame before.
    pub indices: &'a [u32],
    pub offsets: &'a [usize],
    /// What is decided of the notes that begin, from the lowest up, and where those of each row begin; empty where lengths are not decided.
    pub ends: &'a [NoteEnd],
    pub end_offsets: &'a [usize],
}

impl<'a> FrameRows<'a> {
    /// What is decided of the notes that begin in a row.
    pub fn ends(&self, row: usize) -> &'a [NoteEnd] {
        match self.end_offsets.get(row..row + 2) {
            Some(range) => &self.ends[range[0]..range[1]],
            None => &[],
        }
    }
}

/// What a model that writes frames note by note, or pitch by pitch, is to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameTargets<'a, S> {
    /// Bits and loss mask `[rows, V]`, as [`Targets::Bits`].
    pub on: &'a [S],
    pub weight: &'a [S],
    /// What the frames come after.
    pub frames: FrameRows<'a>,
}

/// The targets of some rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TargetRows<'a, S> {
    /// As [`Targets::Bits`], and what the frames come after.
    Bits { on: &'a [S], weight: &'a [S], frames: FrameRows<'a> },
    /// As [`Targets::Tokens`].
    Tokens(&'a [u32]),
    /// As [`Targets::Values`].
    Values { values: &'a [S], weight: &'a [S] },
}

impl<'a, S> TargetRows<'a, S> {
    /// Those of frames.
    pub fn of_frames(self) -> Result<FrameTargets<'a, S>, composer_bptt::Error> {
        match self {
            TargetRows::Bits { on, weight, frames } => Ok(FrameTargets { on, weight, frames }),
            TargetRows::Tokens(_) | TargetRows::Values { .. } => {
                Err(composer_bptt::Error::Unsupported("only a model of frames writes note by note"))
            }
        }
    }
}

impl<S: Scalar> Targets<S> {
    /// None yet.
    pub(crate) fn of(encoding: &Encoding) -> Self {
        match encoding {
            Encoding::Frames { .. } => Targets::Bits { on: Vec::new(), weight: Vec::new() },
            Encoding::Tokens { .. } => Targets::Tokens(Vec::new()),
            Encoding::Values { .. } => Targets::Values { values: Vec::new(), weight: Vec::new() },
        }
    }

    /// Padding for some rows of `outputs` targets.
    pub(crate) fn clear(&mut self, rows: usize, outputs: usize) {
        match self {
            Targets::Bits { on: targets, weight } | Targets::Values { values: targets, weight } => {
                for plane in [targets, weight] {
                    plane.clear();
                    plane.resize(rows * outputs, S::zero());
                }
            }
            Targets::Tokens(tokens) => {
                tokens.clear();
                tokens.resize(rows, composer_bptt::loss::IGNORE);
            }
        }
    }
}
