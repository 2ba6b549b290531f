//! [`TrainingConfig`]: every choice of a training, with its range.

use crate::{Error, OptimizerConfig, Sampling, Schedule};
use composer_music::augment::{Augmentation, Transposition};
use serde::{Deserialize, Serialize};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Times that training goes through the corpus at most.
    pub epochs: u64,
    /// `B`: pieces side by side.
    pub batch_size: usize,
    /// `T`: steps that a gradient goes back at most; the state is carried on. 0: through whole pieces.
    pub tbptt_len: usize,
    /// Whether activations are computed again on the way back, those of about √T steps at a time: less memory for long `T`, about
    /// a third more time, the same gradients.
    pub recompute: bool,
    /// Variants of each piece in an epoch.
    pub copies: usize,
    /// Semitones that a piece is transposed by at most, up and down, where its range allows; 6 reaches every key.
    pub transpose: i8,
    /// Pieces are played slower or faster by up to this factor; 1: as they are. For symbols that tell the tempo.
    pub stretch: f64,
    /// Pieces are played louder or softer by up to so much velocity; 0: as they are. For symbols that tell velocities.
    pub velocity: u8,
    /// Learning rate at its highest.
    pub learning_rate: f64,
    /// Gradients longer than this are shortened to it.
    pub clip_grad_norm: f64,
    /// Share of the target that is spread over all symbols.
    pub label_smoothing: f64,
    /// Decay of the moving average of the weights that is validated and kept; 0: no average.
    pub ema_decay: f64,
    /// Epochs without a better validation before training stops; 0: never.
    pub patience: u64,
    /// Of initial weights, the order of pieces, dropout and sampling.
    pub seed: u64,
    /// What happens to the learning rate over the run.
    pub schedule: Schedule,
    /// How gradients become steps.
    pub optimizer: OptimizerConfig,
    /// Scheduled sampling: when the network reads its own symbols instead of the true ones.
    pub sampling: Sampling,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 32,
            tbptt_len: 64,
            recompute: false,
            copies: 2,
            transpose: 5,
            stretch: 1.0,
            velocity: 0,
            learning_rate: 3e-3,
            clip_grad_norm: 1.0,
            label_smoothing: 0.0,
            ema_decay: 0.0,
            patience: 8,
            seed: 1,
            schedule: Schedule::default(),
            optimizer: OptimizerConfig::default(),
            sampling: Sampling::default(),
        }
    }
}

impl TrainingConfig {
    /// What is done to a piece of tokens whenever it is learnt from.
    pub fn augmentation(&self) -> Augmentation {
        let transposition = match self.transpose {
            0 => Transposition::None,
            semitones => Transposition::Within { semitones: semitones.unsigned_abs() },
        };
        let TrainingConfig { stretch, velocity, .. } = *self;
        Augmentation { transposition, stretch, velocity, ..Augmentation::default() }
    }

    /// Refuses settings out of range, by name.
    pub fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("training.epochs", self.epochs as usize),
            ("training.batch_size", self.batch_size),
            ("training.copies", self.copies),
        ] {
            if value == 0 {
                return Err(Error::setting(name, 0, "at least 1"));
            }
        }
        for (name, value) in
            [("training.learning_rate", self.learning_rate), ("training.clip_grad_norm", self.clip_grad_norm)]
        {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::setting(name, value, "above 0"));
            }
        }
        for (name, value) in
            [("training.label_smoothing", self.label_smoothing), ("training.ema_decay", self.ema_decay)]
        {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::setting(name, value, "at least 0 and below 1"));
            }
        }
        if !(0..=11).contains(&self.transpose) {
            return Err(Error::setting("training.transpose", self.transpose, "from 0 to 11 semitones"));
        }
        if !(1.0..=2.0).contains(&self.stretch) {
            return Err(Error::setting("training.stretch", self.stretch, "from 1 (as it is) to 2"));
        }
        if self.velocity > 63 {
            return Err(Error::setting("training.velocity", self.velocity, "from 0 (as it is) to 63"));
        }
        self.schedule.check()?;
        check_optimizer(&self.optimizer)?;
        self.sampling.check()
    }

    /// Whether a training under `self` may go on under `other`: everything but the end is the same.
    pub fn continues_as(&self, other: &TrainingConfig) -> bool {
        TrainingConfig { epochs: other.epochs, patience: other.patience, ..self.clone() } == *other
    }
}

/// The optimiser's own check, under the names of this configuration.
fn check_optimizer(config: &OptimizerConfig) -> Result<(), Error> {
    config.check().map_err(|error| match error {
        composer_bptt::Error::Config { name, value, expected } => Error::Setting {
            name: format!("training.{name}"),
            value,
            must: expected.trim_start_matches("must be "),
        },
        other => Error::Model(other.into()),
    })
}
