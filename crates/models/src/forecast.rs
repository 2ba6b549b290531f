//! [`forecast`]: real values step by step, each prediction fed back.

use crate::language_model::{LanguageModel, StepInput};
use crate::{Encoding, Error};
use composer_bptt::arrays::check_shape;
use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

/// Predicts `steps` rows `[steps, V]` after those of `known` `[T, V + G]`, a sequence as [`crate::Sequence::Values`] has it, which may be
/// empty. Each prediction is the model's mean, and with feedback is read in the step after it. `given` `[steps, G]` are the
/// given values of the predicted steps; `None` where the encoding has none.
///
/// # Errors
/// The model is of symbols, or a shape does not fit.
pub fn forecast<M: LanguageModel>(
    model: &mut M,
    known: ArrayView2<'_, f32>,
    steps: usize,
    given: Option<ArrayView2<'_, f32>>,
) -> Result<Array2<f32>, Error> {
    let encoding = model.encoding().clone();
    let Encoding::Values { features, given: count, .. } = encoding else {
        return Err(Error::WrongSequence { expected: encoding.kind(), given: "real values" });
    };
    let length = known.nrows();
    check_shape("the known values", known.shape(), &[("T", length), ("V + G", features + count)])?;
    let none = Array2::zeros((steps, 0));
    let later = given.unwrap_or_else(|| none.view());
    check_shape("the given values", later.shape(), &[("steps", steps), ("G", count)])?;
    let Ok(given) = concatenate(Axis(0), &[known.slice(s![.., features..]), later]) else {
        return Err(Error::Unsupported("the arrays are too large"));
    };
    let mut values = Array2::zeros((length + steps, features));
    values.slice_mut(s![..length, ..]).assign(&known.slice(s![.., ..features]));
    let mut state = model.zero_state(1);
    let mut input = vec![0.0; encoding.inputs()];
    let mut mean = Array2::zeros((1, features));
    for step in 0..length + steps {
        let previous = step.checked_sub(1).map(|before| values.row(before));
        encoding.write_values(previous, given.row(step), &mut input)?;
        let row = composer_bptt::arrays::view((1, input.len()), &input);
        model.step(StepInput::Dense(row), &mut state, mean.view_mut())?;
        if step >= length {
            values.row_mut(step).assign(&mean.row(0));
        }
    }
    Ok(values.slice_move(s![length.., ..]))
}
