//! Cells side by side: each cell, on frames and on events, taught by teacher forcing, by scheduled sampling and by its controls,
//! under one budget of parameters, updates and music.
//!
//! What is measured: the likelihood of held-out music, and what exposure bias is about, which the likelihood does not show: bar by
//! bar, how far what a network composes is from real music, and how likely a reference finds it; and what a bar of wrong notes
//! costs it in the true bars that follow. [`MEASURES`] lists the figures, [`over_seeds`] and [`change`] give them with intervals.

mod arm;
mod free_running;
mod measures;
mod music;
mod recovery;
mod trial;

use std::sync::Mutex;

use composer_bptt::Cell;
use composer_music::Score;
use composer_music::representation::frames::Frame;
use serde::Serialize;

use crate::Error;
use crate::parallel::share_out;

pub use arm::Arm;
pub use free_running::Bar;
pub use measures::{MEASURES, Measure, change, of_kind, over_cells, over_seeds};
pub use music::{BAR, Form, STEPS_PER_QUARTER};
pub use trial::{Outcome, Trial};

use free_running::Yardstick;
use recovery::Wounds;
use trial::{Pieces, held_out, learn, model_within, run};

/// What is compared, and under which budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The cells.
    pub cells: Vec<Cell>,
    /// How the music is written.
    pub forms: Vec<Form>,
    /// What the networks read while they learn.
    pub arms: Vec<Arm>,
    /// Probability of the truth at the end of linear scheduled sampling and of noise.
    pub floor: f64,
    /// Trainings of each kind; they have the seeds 1, 2, … after `seed`.
    pub seeds: usize,
    /// Updates of each training.
    pub updates: u64,
    /// Parameters of each model, at most.
    pub parameters: usize,
    /// Stretches of music side by side in an update.
    pub batch: usize,
    /// Bars of a stretch, which a gradient goes back at most.
    pub bars: usize,
    /// Pieces that each network composes, and stretches of real music beside them.
    pub compositions: usize,
    /// The rate of Adam.
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

/// A composition is so many times as long as what a network learns from.
pub const LONGER: usize = 4;

/// The reference is trained for so many times the updates of the others.
const REFERENCE_UPDATES: u64 = 3;

impl Config {
    /// Bars of a composition.
    pub fn composed_bars(&self) -> usize {
        LONGER * self.bars
    }

    /// Every training, those of one seed together.
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

    /// All updates of the study, the reference's too.
    pub fn all_updates(&self) -> u64 {
        self.updates * (REFERENCE_UPDATES + self.trials().len() as u64)
    }

    /// The training of the reference: an LSTM on frames, taught by teacher forcing, with a seed that no other has.
    fn reference(&self) -> Trial {
        let seed = self.seed + self.seeds as u64;
        Trial { form: Form::Frames, cell: Cell::Lstm, arm: Arm::TeacherForcing, seed }
    }

    /// Whether a study of this music can be made with these settings.
    ///
    /// # Errors
    /// The first setting that is out of its range; or the music is too short.
    pub fn check(&self, train: &[Score], held_out: &[Score]) -> Result<(), Error> {
        self.check_frames(&music::frames(train), &music::frames(held_out))
    }

    fn check_frames(&self, train: &[Vec<Frame>], held_out: &[Vec<Frame>]) -> Result<(), Error> {
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
        let reference = self.reference();
        let kinds = self.forms.iter().flat_map(|&form| self.cells.iter().map(move |&cell| (form, cell)));
        for (form, cell) in kinds.chain([(reference.form, reference.cell)]) {
            model_within(self.parameters, form, cell)?;
        }
        let window = self.composed_bars() * BAR;
        for (set, pieces, window) in [("training", train, BAR), ("held-out", held_out, window)] {
            if music::stretches(pieces, window, 1).is_empty() {
                let longest = pieces.iter().map(Vec::len).max().unwrap_or(0);
                return Err(Error::TooShort { set, longest, window });
            }
        }
        Ok(())
    }
}

/// What happens in a study; told from several threads, one at a time.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// An update of some training.
    Updated,
    /// A training and its measures.
    Finished(&'a Outcome),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Study {
    /// Every training, in the order of [`Config::trials`].
    pub outcomes: Vec<Outcome>,
    /// Every bar of as many stretches of held-out music as networks compose, or fewer: what no composition can be expected to beat.
    pub real: Vec<Bar>,
    /// Stretches of held-out music in `real`.
    pub real_stretches: usize,
    /// Stretches with a bar of wrong notes.
    pub wounds: usize,
    /// −ln P of the held-out music under the reference, in nats per quarter.
    pub reference_nll: f64,
    /// Parameters of the reference.
    pub reference_parameters: usize,
    /// Symbols of a stretch in each form.
    pub windows: Vec<(Form, usize)>,
}

/// Makes the study: `train` to learn from, `held` to measure by, `threads` trainings at a time. Everything but the seconds is the
/// same for any number of threads.
///
/// # Errors
/// A setting is out of its range, the music is too short, or a training diverges.
pub fn study(
    train: &[Score],
    held: &[Score],
    config: &Config,
    threads: usize,
    tell: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Study, Error> {
    let (train, held) = (music::frames(train), music::frames(held));
    config.check_frames(&train, &held)?;
    let tell = Mutex::new(tell);
    let say = |event: Event<'_>| {
        if let Ok(mut tell) = tell.lock() {
            tell(event);
        }
    };
    let pieces = Form::ALL.map(|form| Pieces::new(form, &train, &held, config.bars));
    let of = |form: Form| &pieces[usize::from(form == Form::Events)];
    let frames = of(Form::Frames);
    let updates = config.updates * REFERENCE_UPDATES;
    let (reference, _) = learn(config.reference(), frames, config, updates, &mut || say(Event::Updated))?;
    let (_, reference_nll) = held_out(&reference, frames)?;
    let reference_parameters = reference.params().len();
    let yardstick = Yardstick::new(&train, reference);
    let bars = config.composed_bars();
    let real = music::stretches(&held, bars * BAR, config.compositions);
    let real: Vec<Vec<Frame>> = real.into_iter().map(<[Frame]>::to_vec).collect();
    let wounded = music::stretches(&held, 2 * config.bars * BAR, config.compositions);
    let wounds = Wounds::new(&wounded, config.bars, config.bars, config.seed);
    let outcomes = share_out(&config.trials(), threads, |&trial| {
        let outcome = run(trial, of(trial.form), &yardstick, &wounds, config, &mut || say(Event::Updated))?;
        say(Event::Finished(&outcome));
        Ok(outcome)
    })?;
    Ok(Study {
        outcomes,
        real: yardstick.measure(&real, bars)?,
        real_stretches: real.len(),
        wounds: wounded.len(),
        reference_nll,
        reference_parameters,
        windows: config.forms.iter().map(|&form| (form, of(form).window)).collect(),
    })
}
