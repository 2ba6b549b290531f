//! Gradient flow: how far back the loss reaches through the gates of each cell, before and after training on music.
//!
//! The models have equal numbers of parameters, the same seed and the same training windows. Each is observed before and after
//! training: the loss is that of the last step of a window alone, and the gradient is measured at every state before it.
//!
//! | file | contents |
//! |---|---|
//! | `config` | what is studied, and how |
//! | `windows` | the windows that are observed, and those for training |
//! | `observe` | gradients and gates of a model on a batch of windows |
//! | `assessment` | vanishing, preserved or exploding gradients; the horizon of the inputs |
//! | `learn` | a short training run that records its gradients |
//! | `study` | everything for every cell |

mod assessment;
mod config;
mod learn;
mod observe;
mod quartiles;
mod study;
mod windows;

pub use assessment::{ASSESSMENT_BARS, Assessment, Decay, HORIZON_SHARE, decay, horizon};
pub use config::Config;
pub use learn::Learning;
pub use observe::{LayerFlow, Observation, observe};
pub use quartiles::Quartiles;
pub use study::{CellStudy, Study, study};
