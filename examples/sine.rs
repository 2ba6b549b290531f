//! A two-layer GRU learns a sine wave, and continues it on its own predictions.
//!
//! Real numbers in and out: an array `[T, V]` of `V` numbers per step. Prints forecast and truth side by side.

use composer::prelude::*;

fn wave(step: usize) -> f32 {
    (0.3 * step as f32).sin()
}

/// Forecast and truth, step by step.
pub fn run() -> Result<Vec<(f32, f32)>> {
    let known = Array2::from_shape_fn((300, 1), |(step, _)| wave(step));

    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 24, layers: 2, ..Default::default() };
    let mut model = SequenceModel::values(1, stack, 1)?;
    let examples = [Sequence::Values(known.clone())];
    let config = TrainingConfig { epochs: 100, tbptt_len: 50, learning_rate: 0.01, ..Default::default() };
    train_model(&mut model, &examples, &examples, &config, &mut ())?;

    let forecast = model.forecast(known.view(), 40)?;
    Ok(forecast.iter().enumerate().map(|(step, &value)| (value, wave(300 + step))).collect())
}

fn main() -> Result<()> {
    println!("forecast   truth");
    run()?.iter().for_each(|(forecast, truth)| println!("{forecast:8.3} {truth:7.3}"));
    Ok(())
}
