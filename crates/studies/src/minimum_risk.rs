//! Minimum risk training: a network learns from its own compositions, by what these cost.
//!
//! Likelihood asks a network to predict real music; nobody asks it there what its own music is like. The risk of a set of compositions does
//! (Shen et al. 2016, *Minimum Risk Training for Neural Machine Translation*):
//!
//! ```text
//! R(θ) = Σ_k Q(y_k) Δ(y_k)        Q(y_k) = P(y_k)^α / Σ_j P(y_j)^α        over the compositions y_1 … y_K
//! ∂R/∂ln P(y_k) = α Q(y_k) (Δ(y_k) − R)
//! ```
//!
//! `Δ` is any cost, for instance how far a piece is from real music; it need not have a gradient. A composition that costs more than the mean becomes
//! less likely, one that costs less becomes likelier. `α` says how much `Q` follows the likelihood: a piece has hundreds of steps, so it is small.

use crate::Error;
use crate::optimiser::ClippedAdam;
use composer_bptt::Mode;
use composer_models::batch::Slice;
use composer_models::{Sequence, SequenceBatch, SequenceModel, Workspace};

/// How a network learns from the costs of its compositions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// `α`.
    pub sharpness: f64,
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// Largest norm of the gradient of the risk.
    pub clip_grad_norm: f64,
}

impl Default for Config {
    /// `α` of the paper, and the gentle steps of fine-tuning.
    fn default() -> Self {
        Self { sharpness: 5e-3, learning_rate: 2e-4, clip_grad_norm: 1.0 }
    }
}

/// A composition, and what it costs.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The composition as the network reads it, with what the network was told.
    pub sequence: Sequence,
    /// `Δ`; a smaller one is better.
    pub cost: f64,
}

/// The risk of a set of compositions.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// `R`.
    pub risk: f64,
    /// `∂R/∂ln P` of each composition.
    pub gradient: Vec<f64>,
}

impl Risk {
    /// From ln P of each composition and its cost.
    ///
    /// ```
    /// use composer_studies::minimum_risk::Risk;
    ///
    /// let risk = Risk::of(&[-100.0, -100.0], &[1.0, 3.0], 0.5);
    /// assert_eq!((risk.risk, risk.gradient), (2.0, vec![-0.25, 0.25]));
    /// ```
    pub fn of(log_probs: &[f64], costs: &[f64], sharpness: f64) -> Self {
        let largest = log_probs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log_probs.iter().map(|p| (sharpness * (p - largest)).exp()).collect();
        let total: f64 = weights.iter().sum();
        let q: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
        let risk = q.iter().zip(costs).map(|(q, cost)| q * cost).sum();
        let gradient = q.iter().zip(costs).map(|(q, cost)| sharpness * q * (cost - risk)).collect();
        Self { risk, gradient }
    }
}

/// Learns from sets of compositions, one after the other.
pub struct MinimumRisk {
    config: Config,
    optimiser: ClippedAdam,
    ws: Workspace,
    /// The gradient of the risk.
    gradient: Vec<f32>,
}

impl MinimumRisk {
    /// For a network.
    pub fn new(model: &SequenceModel, config: Config) -> Self {
        let optimiser = ClippedAdam::new(model.params().len(), config.learning_rate, config.clip_grad_norm);
        Self { config, optimiser, ws: Workspace::default(), gradient: Vec::new() }
    }

    /// Computes the risk of a set of compositions, and leaves its gradient in that of the parameters.
    ///
    /// # Errors
    /// A composition does not fit the model.
    pub fn risk(&mut self, model: &mut SequenceModel, candidates: &[Candidate]) -> Result<Risk, Error> {
        let costs: Vec<f64> = candidates.iter().map(|candidate| candidate.cost).collect();
        let log_probs = candidates
            .iter()
            .map(|candidate| Ok(-self.nll(model, &candidate.sequence, false)?))
            .collect::<Result<Vec<f64>, Error>>()?;
        let risk = Risk::of(&log_probs, &costs, self.config.sharpness);
        self.gradient.clear();
        self.gradient.resize(model.params().len(), 0.0);
        for (candidate, by_log_prob) in candidates.iter().zip(&risk.gradient) {
            model.params_mut().zero_grad();
            self.nll(model, &candidate.sequence, true)?;
            // The gradient of the loss is one of the mean over steps of −ln P.
            let scale = (-by_log_prob * candidate.sequence.len() as f64) as f32;
            self.gradient.iter_mut().zip(model.params().grads()).for_each(|(sum, d)| *sum += scale * d);
        }
        model.params_mut().grads_mut().copy_from_slice(&self.gradient);
        Ok(risk)
    }

    /// One step of learning from a set of compositions; their risk before it.
    ///
    /// # Errors
    /// A composition does not fit the model.
    pub fn update(&mut self, model: &mut SequenceModel, candidates: &[Candidate]) -> Result<Risk, Error> {
        let risk = self.risk(model, candidates)?;
        self.optimiser.step(model.params_mut());
        Ok(risk)
    }

    /// −ln P of a composition, without dropout; adds the gradient of its mean over steps to that of the parameters if it is asked for.
    fn nll(&mut self, model: &mut SequenceModel, sequence: &Sequence, backward: bool) -> Result<f64, Error> {
        let mut batch = SequenceBatch::of_model(model.config());
        let slice = Slice { sequence, start: 0, transpose: 0 };
        batch.fill(model.encoding(), &[Some(slice)], sequence.len());
        let mut state = model.zero_state(1);
        if backward {
            return Ok(model.learn(&batch, &mut state, 0.0, Mode::Eval, &mut self.ws)?);
        }
        model.forward(&batch, &mut state, Mode::Eval, &mut self.ws)?;
        Ok(model.loss(&batch, &mut self.ws)?)
    }
}
