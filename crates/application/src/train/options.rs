//! What to train, and where to write it.

use crate::compose::ComposeOptions;
use crate::settings::Settings;
use std::path::PathBuf;

/// What to train, and where to write it.
#[derive(Clone, Debug, Default)]
pub struct TrainOptions {
    /// Everything that the training depends on: music, network, training, what is written.
    pub settings: Settings,
    /// The run folder; `None`: a new one in `runs`.
    pub output_dir: Option<PathBuf>,
    /// A run to resume, with its own settings but for their end.
    pub resume: Option<PathBuf>,
    /// Whether a training that starts from a model is compared with the same from random weights, which takes as long again.
    pub compare_from_nothing: bool,
    /// What to compose when the training is done.
    pub compositions: ComposeOptions,
    /// The command that does the same again, for the report.
    pub command: String,
}
