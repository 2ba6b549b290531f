//! What is compared, and with which budget.

use composer_bptt::{Cell, RecurrentConfig};
use composer_models::{ModelConfig, SequenceModel};
use composer_music::Score;
use composer_music::representation::frames::Frame;
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::music::{self, BAR, Form};
use crate::Error;
use crate::size::{network_parameters, widest_within};

/// The settings of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// The cells.
    pub cells: Vec<Cell>,
    /// The representations of the music.
    pub forms: Vec<Form>,
    /// The training methods.
    pub arms: Vec<Arm>,
    /// Probability of the true symbol at the end of linear scheduled sampling and of noise; the other schedules replace as many symbols.
    pub floor: f64,
    /// Runs of each kind; their seeds are `seed`, `seed + 1`, ….
    pub seeds: usize,
    /// Updates of each run.
    pub updates: u64,
    /// Parameters of each model, at most.
    pub parameters: usize,
    /// Excerpts per update.
    pub batch: usize,
    /// Bars per excerpt, over which gradients are propagated.
    pub bars: usize,
    /// Pieces that each model composes, and excerpts of real music that are measured for comparison.
    pub compositions: usize,
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// The first seed.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            cells: vec![Cell::RnnTanh, Cell::Lstm, Cell::Gru],
            forms: Form::ALL.to_vec(),
            arms: Arm::USUAL.to_vec(),
            floor: 0.0,
            seeds: 3,
            updates: 400,
            parameters: 100_000,
            batch: 8,
            bars: 4,
            compositions: 32,
            learning_rate: 3e-3,
            seed: 1,
        }
    }
}

impl Config {
    /// With the training method that all others are compared with, teacher forcing, before them where it is not among them.
    pub fn with_teacher_forcing(mut self) -> Self {
        if !self.arms.contains(&Arm::TeacherForcing) {
            self.arms.insert(0, Arm::TeacherForcing);
        }
        self
    }
}

/// One training run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The representation of the music.
    pub form: Form,
    /// The cell.
    pub cell: Cell,
    /// The training method.
    pub arm: Arm,
    /// Seed of weights, shuffling, scheduled sampling and compositions.
    pub seed: u64,
}

/// Length of a composition as a multiple of the training excerpts.
pub const COMPOSITION_FACTOR: usize = 4;

/// Updates of the reference model as a multiple of those of the other models.
pub(super) const REFERENCE_UPDATES: u64 = 3;

impl Config {
    /// Bars of a composition.
    pub fn composed_bars(&self) -> usize {
        COMPOSITION_FACTOR * self.bars
    }

    /// All runs, grouped by seed.
    pub fn trials(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        for seed in (self.seed..).take(self.seeds) {
            for &form in &self.forms {
                for &cell in &self.cells {
                    trials.extend(self.arms.iter().map(|&arm| Trial { form, cell, arm, seed }));
                }
            }
        }
        trials
    }

    /// All updates of the study, including those of the reference model.
    pub fn all_updates(&self) -> u64 {
        self.updates * (REFERENCE_UPDATES + self.trials().len() as u64)
    }

    /// The run of the reference model: an LSTM on frames, teacher forcing, and a seed that no other run has.
    pub(super) fn reference(&self) -> Trial {
        let seed = self.seed + self.seeds as u64;
        Trial { form: Form::Frames, cell: Cell::Lstm, arm: Arm::TeacherForcing, seed }
    }

    /// Checks the settings and the length of the music.
    ///
    /// # Errors
    /// The first setting that is out of its range; or the music is too short.
    pub fn check(&self, train: &[Score], held_out: &[Score]) -> Result<(), Error> {
        self.check_frames(&music::frames(train), &music::frames(held_out))
    }

    /// As [`Config::check`], for music as frames.
    pub(super) fn check_frames(&self, train: &[Vec<Frame>], held_out: &[Vec<Frame>]) -> Result<(), Error> {
        self.check_settings()?;
        let reference = self.reference();
        let kinds = self.forms.iter().flat_map(|&form| self.cells.iter().map(move |&cell| (form, cell)));
        for (form, cell) in kinds.chain([(reference.form, reference.cell)]) {
            model_within(self.parameters, form, cell)?;
        }
        let window = self.composed_bars() * BAR;
        for (set, pieces, window) in [("training", train, BAR), ("held-out", held_out, window)] {
            if music::excerpts(pieces, window, 1).is_empty() {
                let longest = pieces.iter().map(Vec::len).max().unwrap_or(0);
                return Err(Error::TooShort { set, longest, window });
            }
        }
        Ok(())
    }

    /// Checks every setting on its own.
    fn check_settings(&self) -> Result<(), Error> {
        let setting = |name, value: String, must| Err(Error::Setting { name, value, must });
        for (name, value, most, must) in [
            ("cells", self.cells.len(), 100, "at least one"),
            ("representations", self.forms.len(), 100, "at least one"),
            ("arms", self.arms.len(), 100, "at least one"),
            ("seeds", self.seeds, 1000, "between 1 and 1000"),
            ("updates", self.updates as usize, 1_000_000, "between 1 and 1000000"),
            ("batch", self.batch, 1024, "between 1 and 1024"),
            ("bars", self.bars, 64, "between 1 and 64"),
            ("compositions", self.compositions, 1000, "between 1 and 1000"),
        ] {
            if !(1..=most).contains(&value) {
                return setting(name, value.to_string(), must);
            }
        }
        if self.seed > u64::MAX / 2 {
            return setting("seed", self.seed.to_string(), "smaller");
        }
        if !(0.0..=1.0).contains(&self.floor) {
            return setting("floor", self.floor.to_string(), "from 0 to 1");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return setting("learning_rate", self.learning_rate.to_string(), "above 0");
        }
        Ok(())
    }
}

/// The widest model of a cell that has at most `budget` parameters.
pub(super) fn model_within(budget: usize, form: Form, cell: Cell) -> Result<ModelConfig, Error> {
    let encoding = form.encoding();
    let (inputs, outputs) = (encoding.inputs(), encoding.outputs());
    let config = |recurrent: RecurrentConfig| ModelConfig {
        coupled: form == Form::Frames,
        ..ModelConfig::new(encoding.clone(), recurrent)
    };
    let smallest = RecurrentConfig { cell, input: inputs, hidden: 1, ..RecurrentConfig::default() };
    let least = network_parameters(&smallest, outputs);
    // The parameters that couple the bits of a frame are part of the budget.
    let coupling = SequenceModel::zeros(config(smallest))?.params().len() - least;
    if budget < least + coupling {
        return Err(Error::TooFewParameters { budget, cell, least: least + coupling });
    }
    Ok(config(widest_within(budget - coupling, cell, inputs, 1, outputs)?))
}
