//! Short ways to a [`SequenceModel`] and to what it predicts, for programs that need no more.

use crate::Stepper;
use crate::encoding::Encoding;
use crate::{Error, ModelConfig, SequenceBatch, SequenceModel, Workspace};
use composer_bptt::{Init, Mode, RecurrentConfig};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3};

/// Models with random weights by [`Init::RECOMMENDED`]. Of the stack's configuration, `input` is set to what the model reads.
///
/// ```
/// use composer_bptt::{Cell, RecurrentConfig};
/// use composer_models::SequenceModel;
/// use ndarray::Array3;
///
/// let stack = RecurrentConfig { cell: Cell::Gru, hidden: 16, ..Default::default() };
/// let model = SequenceModel::mapping(4, 2, stack, 1)?; // 4 numbers in, 2 out
/// let outputs = model.predict(Array3::ones((17, 3, 4)).view())?;
/// assert_eq!(outputs.shape(), [17, 3, 2]);
/// # Ok::<(), composer_models::Error>(())
/// ```
impl SequenceModel {
    /// A model of the tokens `0..vocabulary`, each predicted from those before.
    ///
    /// # Errors
    /// A size is zero, or a setting of the stack is out of its range.
    pub fn tokens(vocabulary: usize, stack: RecurrentConfig, seed: u64) -> Result<Self, Error> {
        Self::recommended(Encoding::tokens(vocabulary), stack, seed)
    }

    /// A model of `features` real numbers per step, predicted from those before.
    ///
    /// # Errors
    /// As [`SequenceModel::tokens`].
    pub fn values(features: usize, stack: RecurrentConfig, seed: u64) -> Result<Self, Error> {
        Self::recommended(Encoding::values(features), stack, seed)
    }

    /// A model that reads `inputs` real numbers per step and predicts `outputs` others of the same step.
    ///
    /// # Errors
    /// As [`SequenceModel::tokens`].
    pub fn mapping(inputs: usize, outputs: usize, stack: RecurrentConfig, seed: u64) -> Result<Self, Error> {
        Self::recommended(Encoding::mapping(inputs, outputs), stack, seed)
    }

    fn recommended(encoding: Encoding, stack: RecurrentConfig, seed: u64) -> Result<Self, Error> {
        Self::new(ModelConfig::new(encoding, stack), &Init::RECOMMENDED, seed)
    }

    /// The outputs `[T, B, V]` of a model of real values for inputs `[T, B, F]`, from a state of zeros, without dropout.
    ///
    /// # Errors
    /// The model is of symbols, or a shape does not fit.
    pub fn predict(&self, inputs: ArrayView3<'_, f32>) -> Result<Array3<f32>, Error> {
        let (steps, rows, _) = inputs.dim();
        let targets = Array3::zeros((steps, rows, self.encoding().outputs()));
        let batch = SequenceBatch::from_arrays(self.encoding(), inputs, targets.view(), None)?;
        let mut ws = Workspace::default();
        self.forward(&batch, &mut self.zero_state(rows), Mode::Eval, &mut ws)?;
        Ok(ws.logits().to_owned())
    }

    /// The `steps` rows `[steps, V]` after those of `known` `[T, V]`, each prediction fed back: [`crate::forecast()`] for a model
    /// without given values.
    ///
    /// # Errors
    /// The model is of symbols, has given values, or the shape does not fit.
    pub fn forecast(&self, known: ArrayView2<'_, f32>, steps: usize) -> Result<Array2<f32>, Error> {
        crate::forecast(&mut Stepper::new(self), known, steps, None)
    }
}
