//! [`LanguageModel`]: what decoding asks of a model, one step at a time.

use crate::note_wise::NextNote;
use crate::{Encoding, Error};
use composer_bptt::Coupled;
use composer_bptt::arrays::check_shape;
use composer_music::representation::frames::Frame;
use ndarray::{ArrayView2, ArrayViewMut2};

/// What `B` sequences read in one step.
#[derive(Clone, Copy, Debug)]
pub enum StepInput<'a> {
    /// Symbols as [`Encoding::push_features`] writes them: row `b` is one at the features `indices[offsets[b]..offsets[b + 1]]`.
    MultiHot {
        /// The features that are one, row after row.
        indices: &'a [u32],
        /// `B + 1` positions in `indices`, ascending from 0.
        offsets: &'a [usize],
    },
    /// Real values `[B, F]` as [`Encoding::write_values`] writes them, in any memory layout.
    Dense(ArrayView2<'a, f32>),
}

impl StepInput<'_> {
    /// `B`.
    pub fn rows(&self) -> usize {
        match self {
            StepInput::MultiHot { offsets, .. } => offsets.len().saturating_sub(1),
            StepInput::Dense(values) => values.nrows(),
        }
    }

    /// Checks the shapes of a step for an encoding.
    ///
    /// # Errors
    /// Logits are not `[B, V]`, a dense input not `[B, F]`, or the input is not of the encoding's kind.
    pub fn check(&self, encoding: &Encoding, logits: &ArrayViewMut2<'_, f32>) -> Result<(), Error> {
        let rows = self.rows();
        check_shape("the logits", logits.shape(), &[("B", rows), ("V", encoding.outputs())])?;
        match (self, encoding) {
            (StepInput::Dense(values), Encoding::Values { .. }) => {
                let expected = [("B", rows), ("F", encoding.inputs())];
                Ok(check_shape("the input of a step", values.shape(), &expected)?)
            }
            (StepInput::MultiHot { .. }, Encoding::Frames { .. } | Encoding::Tokens { .. }) => Ok(()),
            (StepInput::Dense(_), _) => {
                Err(Error::WrongSequence { expected: encoding.kind(), given: "real values" })
            }
            (StepInput::MultiHot { .. }, _) => {
                Err(Error::WrongSequence { expected: "real values", given: "symbols" })
            }
        }
    }
}

/// What decoding asks of a model: a state, and the logits of the next symbol.
///
/// Any model that implements this can be composed with.
pub trait LanguageModel {
    /// What the model remembers of `B` sequences.
    type State: Clone;

    /// What the symbols mean.
    fn encoding(&self) -> &Encoding;

    /// The state before the first step of `batch` sequences.
    fn zero_state(&self, batch: usize) -> Self::State;

    /// The state whose sequence `i` is sequence `rows[i]` of `state`, for beam search.
    fn gather(&self, state: &Self::State, rows: &[usize]) -> Self::State;

    /// Reads one row per sequence and overwrites the logits `[B, V]` of the symbol that follows; for real values, these are
    /// the means of the values that follow.
    fn step(
        &mut self,
        input: StepInput<'_>,
        state: &mut Self::State,
        logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error>;

    /// A composition `row` has written a frame, of whose pitches `begun` begin: for a model that is told conditions, and steers towards them.
    fn written(&mut self, _row: usize, _frame: Frame, _begun: u128) {}

    /// How the bits of a frame see each other, where the logits of a step are only those before any bit is decided; `None`:
    /// they do not.
    fn coupling(&self) -> Option<Coupled<'_, f32>> {
        None
    }

    /// For a model that writes frames note by note, whose logits of a step mean nothing: what comes next after the last step.
    fn next_note(&mut self) -> Option<&mut dyn NextNote> {
        None
    }
}
