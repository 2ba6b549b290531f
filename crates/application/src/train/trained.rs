//! [`Trained`]: what a training leaves.

use crate::compose::SavedPiece;
use crate::model::TrainedModel;
use composer_evaluation::assessment::Assessment;
use composer_report::{Likelihood, TrainingSummary};
use std::path::PathBuf;

/// A finished training.
pub struct Trained {
    /// The run folder.
    pub folder: PathBuf,
    /// The best model, as it is in the folder.
    pub model: TrainedModel,
    /// Losses, curves and pieces.
    pub summary: TrainingSummary,
    /// Baselines and the model on the test pieces, the model last.
    pub likelihoods: Vec<Likelihood>,
    /// The compositions, as files.
    pub compositions: Vec<SavedPiece>,
    /// The compositions compared with the training pieces; `None` if those are too few to say what is usual.
    pub assessment: Option<Assessment>,
}
