//! Comparison of cells: every cell, on frames and on events, trained by teacher forcing, by scheduled sampling and by controls,
//! with equal parameters, updates and music.
//!
//! The measures are the held-out likelihood, and what exposure bias (Ranzato et al. 2016) affects but the likelihood does not show:
//! in each bar of a composition, the divergence from the training music and the likelihood under a reference model; and the loss
//! that a bar of wrong notes adds to the unchanged bars after it. [`MEASURES`] lists the figures; [`over_seeds`] and [`change`]
//! give them with confidence intervals.
//!
//! | file | contents |
//! |---|---|
//! | `config` | what is compared, and with which budget |
//! | `arm` | the training methods |
//! | `music` | the same music as frames and as events |
//! | `run` | one training run and its measures |
//! | `free_running` | compositions, bar by bar, against real music |
//! | `recovery` | the effect of wrong notes |
//! | `measures` | figures over seeds and cells |
//! | `study` | all runs, on several threads |

mod arm;
mod config;
mod free_running;
mod measures;
mod music;
mod recovery;
mod run;
mod study;

pub use arm::Arm;
pub use config::{COMPOSITION_FACTOR, Config, Trial};
pub use free_running::Bar;
pub use measures::{MEASURES, Measure, change, of_kind, over_cells, over_seeds};
pub use music::{BAR, Form, STEPS_PER_QUARTER};
pub use run::Outcome;
pub use study::{Event, Study, resume, study};
