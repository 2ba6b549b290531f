//! A short training run that records its gradients.

use std::time::Instant;

use composer_bptt::Mode;
use composer_bptt::probe::norm;
use composer_models::streams::{Purpose, stream};
use composer_models::{Sequence, SequenceModel, Workspace};
use serde::Serialize;

use super::config::Config;
use super::quartiles::Quartiles;
use super::windows;
use crate::Error;
use crate::optimiser::ClippedAdam;

/// The record of a training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Learning {
    /// Loss of the training windows at each update, in nats per step.
    pub train_nll: Vec<f64>,
    /// The number of updates and the loss on held-out windows, in nats per step.
    pub valid_nll: Vec<(usize, f64)>,
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// Norm of each parameter's gradient before clipping, at each update.
    pub gradients: Vec<Vec<f64>>,
    /// Seconds of each update.
    pub seconds: Vec<f64>,
}

impl Learning {
    /// Median milliseconds per update, which other processes on the machine hardly change.
    pub fn ms_per_update(&self) -> f64 {
        1e3 * Quartiles::of(self.seconds.clone()).median
    }

    /// Updates until the held-out loss was first at most `nll`.
    pub fn updates_to(&self, nll: f64) -> Option<usize> {
        self.valid_nll.iter().find(|(_, valid)| *valid <= nll).map(|(updates, _)| *updates)
    }

    /// The lowest held-out loss.
    pub fn best(&self) -> f64 {
        self.valid_nll.iter().map(|(_, nll)| *nll).fold(f64::INFINITY, f64::min)
    }
}

/// Validations per training run.
const VALIDATIONS: usize = 20;

/// Trains on random windows of `train`, which are the same for every cell. `on_update` gets each update and its loss.
pub(super) fn learn(
    model: &mut SequenceModel,
    train: &[Sequence],
    valid: &[Sequence],
    config: &Config,
    mut on_update: impl FnMut(usize, f64),
) -> Result<Learning, Error> {
    let encoding = model.encoding().clone();
    let held_out = windows::spread(&encoding, valid, config.window, 4 * config.batch);
    let (mut ws, mut valid_ws) = (Workspace::default(), Workspace::default());
    let mut optimiser = ClippedAdam::new(model.params().len(), config.learning_rate, config.clip_grad_norm);
    let mut rng = stream(config.seed, Purpose::Shuffling, 0);
    let mut learning = Learning {
        parameters: model.params().entries().iter().map(|entry| entry.name.clone()).collect(),
        ..Learning::default()
    };
    let every = config.updates.div_ceil(VALIDATIONS);
    for update in 1..=config.updates {
        let batch = windows::random(&encoding, train, config.window, config.batch, &mut rng);
        let started = Instant::now();
        model.params_mut().zero_grad();
        let mut state = model.zero_state(batch.batch);
        model.forward(&batch, &mut state, Mode::Eval, &mut ws)?;
        let nll = model.loss(&batch, &mut ws)? / batch.target_steps.max(1) as f64;
        model.backward(&batch, &mut ws)?;
        let norms = model.params().ids().map(|id| norm(model.params().grad(id))).collect();
        optimiser.step(model.params_mut());
        learning.seconds.push(started.elapsed().as_secs_f64());
        learning.train_nll.push(nll);
        learning.gradients.push(norms);
        if update % every == 0 || update == config.updates {
            let mut state = model.zero_state(held_out.batch);
            model.forward(&held_out, &mut state, Mode::Eval, &mut valid_ws)?;
            let valid = model.loss(&held_out, &mut valid_ws)? / held_out.target_steps.max(1) as f64;
            learning.valid_nll.push((update, valid));
        }
        on_update(update, nll);
    }
    Ok(learning)
}
