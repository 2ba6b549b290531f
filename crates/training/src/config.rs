//! [`TrainingConfig`]: every choice of a training, with its range.

use crate::distributed::GradientType;
use crate::error::Error;
use crate::sampling::Sampling;
use crate::schedule::Schedule;
use composer_bptt::optim::{OptimizerConfig, OptimizerKind};
use composer_music::augment::{Augmentation, Transposition};
use serde::{Deserialize, Serialize};

/// How to train.
///
/// A run ends after [`epochs`](Self::epochs), [`updates`](Self::updates) or [`minutes`](Self::minutes), whichever comes first, or
/// when [`patience`](Self::patience) runs out. Schedules go by the progress of the run: the largest of the shares of these limits
/// that are used up. An epoch that a limit ends early is validated and reported like any other.
///
/// With a limit in minutes, and a schedule or curve that depends on the length of the run, no two runs are the same bit for bit:
/// the clock decides the learning rate. All else is a function of the data, the configuration and the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Times that training goes through the corpus at most; 0: no limit, if there is another.
    pub epochs: u64,
    /// Updates at most; 0: no limit.
    pub updates: u64,
    /// Minutes of training at most, those before a run was resumed included; 0: no limit.
    pub minutes: f64,
    /// `B`: pieces side by side, or windows of pairs.
    pub batch_size: usize,
    /// `T`: steps that a gradient goes back at most; 0: through whole pieces. A sequence model carries its state on; of pairs these
    /// are the steps of a window, and pairs that are not aligned must fit one.
    #[serde(alias = "window")]
    pub tbptt_len: usize,
    /// Gradient checkpointing: activations are computed again in the backward pass, those of about √T steps at a time: less memory
    /// for long `T`, about a third more time, the same gradients. For sequence models.
    pub recompute: bool,
    /// Variants of each piece in an epoch.
    pub copies: usize,
    /// Semitones that a piece is transposed by at most, up and down, where its range allows; 6 reaches every key.
    pub transpose: i8,
    /// Pieces are played slower or faster by up to this factor; 1: as they are. For symbols that encode the tempo.
    pub stretch: f64,
    /// Pieces are played louder or softer by up to so much velocity; 0: as they are. For symbols that encode velocities.
    pub velocity: u8,
    /// Share of the visits to a piece that begin at one of its bars, by chance, as if the piece began there. For frames.
    pub excerpts: f64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Gradients longer than this are shortened to it.
    pub clip_grad_norm: f64,
    /// Share of the target that is spread over all symbols.
    pub label_smoothing: f64,
    /// Decay of the moving average of the weights that is validated and kept; 0: no average.
    pub ema_decay: f64,
    /// Epochs without a better validation before training stops; 0: never.
    pub patience: u64,
    /// Whether the initial weights are validated too, and kept if no epoch is better: for a model that was trained before.
    pub validate_first: bool,
    /// Of initial weights, the order of pieces, dropout and sampling.
    pub seed: u64,
    /// Input dropout of the source, for pairs: probability that a feature of one of its symbols is dropped.
    #[serde(alias = "hide_source")]
    pub source_dropout: f64,
    /// Input dropout of the history, for pairs: probability that a feature of a symbol that the decoder is fed is dropped.
    #[serde(alias = "hide_history")]
    pub history_dropout: f64,
    /// Whether only the weights that read an aligned source are trained
    /// ([`reads_source`](composer_models::Seq2Seq::reads_source)); all others stay as they are. For pairs.
    #[serde(alias = "only_listening")]
    pub source_only: bool,
    /// Share of the visits to a piece in which conditions are dropped, for a model that has some: in half of them all, in the other half
    /// some, each number of them as likely.
    #[serde(skip_serializing_if = "is_usual")]
    pub condition_dropout: f64,
    /// Parts that a batch is cut into, whose gradients are summed in a fixed order: results are then the same on any number of processes
    /// up to this one. 0: a batch is computed whole, in one process.
    #[serde(skip_serializing_if = "is_whole")]
    pub micro_shards: usize,
    /// What gradients of micro-shards and their sums are rounded to, which is how processes send them.
    #[serde(skip_serializing_if = "is_single")]
    pub gradient_type: GradientType,
    /// What happens to the learning rate over the run.
    pub schedule: Schedule,
    /// How gradients become steps.
    pub optimizer: OptimizerConfig,
    /// Scheduled sampling: when the network reads its own symbols instead of the true ones.
    pub sampling: Sampling,
}

/// The usual share of visits with dropped conditions.
pub const CONDITION_DROPOUT: f64 = 0.5;

/// Settings of trainings without conditions are written as before there were any.
fn is_usual(condition_dropout: &f64) -> bool {
    *condition_dropout == CONDITION_DROPOUT
}

/// Settings of trainings without micro-shards are written as before there were any.
fn is_whole(micro_shards: &usize) -> bool {
    *micro_shards == 0
}

/// The same.
fn is_single(gradient_type: &GradientType) -> bool {
    *gradient_type == GradientType::F32
}

/// Most micro-shards: more than rows that a batch has anywhere.
const MOST_MICRO_SHARDS: usize = 1 << 16;

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            updates: 0,
            minutes: 0.0,
            batch_size: 32,
            tbptt_len: 64,
            recompute: false,
            copies: 2,
            transpose: 5,
            stretch: 1.0,
            velocity: 0,
            excerpts: 0.0,
            learning_rate: 3e-3,
            clip_grad_norm: 1.0,
            label_smoothing: 0.0,
            ema_decay: 0.0,
            patience: 8,
            validate_first: false,
            seed: 1,
            source_dropout: 0.0,
            history_dropout: 0.0,
            source_only: false,
            condition_dropout: CONDITION_DROPOUT,
            micro_shards: 0,
            gradient_type: GradientType::F32,
            schedule: Schedule::default(),
            optimizer: OptimizerConfig::default(),
            sampling: Sampling::default(),
        }
    }
}

impl TrainingConfig {
    /// The defaults for an encoder–decoder, which learns from a few windows of each pair: AdamW, half a cosine without warm-up, one
    /// variant of each pair in an epoch.
    pub fn for_pairs() -> Self {
        Self {
            batch_size: 16,
            tbptt_len: 128,
            copies: 1,
            patience: 5,
            validate_first: true,
            schedule: Schedule { warmup: 0, floor: 0.02, ..Schedule::default() },
            optimizer: OptimizerConfig { kind: OptimizerKind::AdamW, ..OptimizerConfig::default() },
            ..Self::default()
        }
    }

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
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        if !(self.minutes >= 0.0 && self.minutes.is_finite()) {
            return Err(Error::setting("training.minutes", self.minutes, "at least 0"));
        }
        if self.epochs == 0 && self.updates == 0 && self.minutes == 0.0 {
            return Err(Error::setting(
                "training.epochs",
                0,
                "at least 1, unless updates or minutes are limited",
            ));
        }
        for (name, value) in [("training.batch_size", self.batch_size), ("training.copies", self.copies)] {
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
        for (name, value) in [
            ("training.label_smoothing", self.label_smoothing),
            ("training.ema_decay", self.ema_decay),
            ("training.excerpts", self.excerpts),
            ("training.source_dropout", self.source_dropout),
            ("training.history_dropout", self.history_dropout),
            ("training.condition_dropout", self.condition_dropout),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::setting(name, value, "at least 0 and below 1"));
            }
        }
        if self.micro_shards > MOST_MICRO_SHARDS {
            let must = "from 0 (batches are computed whole) to 65536";
            return Err(Error::setting("training.micro_shards", self.micro_shards, must));
        }
        if self.gradient_type != GradientType::F32 && self.micro_shards == 0 {
            return Err(Error::setting("training.gradient_type", "f16", "f32 without training.micro_shards"));
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

    /// Refuses more processes that train together than there are micro-shards, the fewest pieces of work.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check_ranks(&self, ranks: usize) -> Result<(), Error> {
        if ranks > self.micro_shards.max(1) {
            let must = "at least the number of processes that train together";
            return Err(Error::setting("training.micro_shards", self.micro_shards, must));
        }
        Ok(())
    }

    /// Whether a training under `self` may be resumed under `other`: everything but the end is the same.
    pub fn continues_as(&self, other: &TrainingConfig) -> bool {
        let TrainingConfig { epochs, updates, minutes, patience, .. } = *other;
        TrainingConfig { epochs, updates, minutes, patience, ..self.clone() } == *other
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
