//! A training loop of your own: batch, forward, loss, backward, clip, update.
//!
//! An LSTM learns to repeat what it read three steps before. Prints the mean squared error, which begins near 0.28, that of always
//! answering 0.

use composer::prelude::*;

const DELAY: usize = 3;

/// Random inputs `[T, B, 1]` and what to answer: the input of `DELAY` steps before, and at first 0.
fn draw(rng: &mut ChaCha8Rng) -> (Array3<f32>, Array3<f32>) {
    let inputs = Array3::from_shape_simple_fn((20, 16, 1), || rng.random_range(-1.0..1.0));
    let mut targets = Array3::zeros(inputs.dim());
    targets.slice_mut(s![DELAY.., .., ..]).assign(&inputs.slice(s![..20 - DELAY, .., ..]));
    (inputs, targets)
}

/// Trains; returns the mean squared error on new inputs.
pub fn run() -> Result<f32> {
    let stack = RecurrentConfig { cell: Cell::Lstm, hidden: 24, ..Default::default() };
    let mut model = SequenceModel::mapping(1, 1, stack, 1)?;
    let mut adam = Optimizer::new(OptimizerConfig::default(), model.params().len());
    let (mut rng, mut ws) = (ChaCha8Rng::seed_from_u64(1), Workspace::default());
    for update in 0..=300 {
        let (inputs, targets) = draw(&mut rng);
        let batch = SequenceBatch::from_arrays(model.encoding(), inputs.view(), targets.view(), None)?;
        let mut state = model.zero_state(16);
        model.forward(&batch, &mut state, Mode::Train { rng: &mut rng }, &mut ws)?;
        if update % 100 == 0 {
            println!("update {update:3}: {:.4}", (&ws.logits() - &targets).pow2().mean().unwrap_or(0.0));
        }
        model.loss(&batch, &mut ws)?; // turns the logits into their gradient
        model.params_mut().zero_grad();
        model.backward(&batch, &mut ws)?;
        clip_grad_norm(model.params_mut(), 1.0);
        adam.update(model.params_mut(), 0.01);
    }
    let (inputs, targets) = draw(&mut rng); // that training has not seen
    Ok((model.predict(inputs.view())? - targets).pow2().mean().unwrap_or(f32::NAN))
}

fn main() -> Result<()> {
    println!("new inputs: {:.4}", run()?);
    Ok(())
}
